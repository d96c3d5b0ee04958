//! When a new link is asked for, and what is done with it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{MIB, Scene};
use crate::process::world::Clock;
use crate::transfer::Links;
use crate::transfer::request::NoAnswer;
use crate::transfer::state::{Kind, Task};
use crate::values::link::Link;

const TAG: &str = "\"one\"";

fn link(name: &str) -> Link {
    Link::parse(&format!(
        "http://127.0.0.1:9/{name}?X-Amz-Date=19700101T000000Z&X-Amz-Expires=600"
    ))
    .unwrap()
}

/// A service that gives these links, the last one first, and then none.
struct Service(Mutex<Vec<Link>>);

impl Links for Service {
    fn fresh(&self, _: usize, _: &Link) -> Result<Link, String> {
        self.0
            .lock()
            .unwrap()
            .pop()
            .ok_or_else(|| "the service is gone".to_owned())
    }
}

/// A file whose link is `old`, and the service that has `new` and three links like it before it has none.
struct Refused {
    scene: Scene,
    service: Arc<Service>,
}

impl Refused {
    fn new(max_attempts: u32) -> Self {
        let links = ["new-4", "new-3", "new-2", "new"].map(link).to_vec();
        let service = Arc::new(Service(Mutex::new(links)));
        let scene = Scene::with(8, |options| {
            options.links = Arc::clone(&service) as _;
            options.max_attempts = max_attempts;
        });
        scene.pool.lock().files[0].link = link("old");
        Self { scene, service }
    }

    /// Has the storage refuse the next request, and returns it.
    fn refuse(&self) -> Task {
        let task = self.scene.next().expect("there is a request to make");
        self.refuse_that(&task);
        task
    }

    fn refuse_that(&self, task: &Task) {
        let error = NoAnswer::Refused("HTTP 403".to_owned()).into();
        let now = self.scene.clock.monotonic();
        self.scene.pool.recover(task, task.generation, &task.link, error, now);
        self.scene.pool.free();
    }

    fn asked(&self) -> usize {
        4 - self.service.0.lock().unwrap().len()
    }

    fn failed(&self) -> Option<String> {
        self.scene.pool.lock().files[0].failed.as_ref().map(ToString::to_string)
    }

    fn later(&self) {
        self.scene.clock.sleep(Duration::from_secs(60));
    }
}

#[test]
fn a_refused_link_is_replaced_once_for_all_connections_and_used_at_once() {
    let refused = Refused::new(3);
    refused.scene.resume(0, TAG, 64 * MIB, 0);
    {
        let slot = &mut refused.scene.pool.lock().files[0];
        (slot.first, slot.has_ranges, slot.has_served_pieces) = (None, true, true);
    }
    let (one, two) = (refused.scene.next().unwrap(), refused.scene.next().unwrap());
    refused.refuse_that(&one);
    refused.refuse_that(&two);
    assert_eq!(refused.asked(), 1);
    assert_eq!(refused.scene.notes(), ["HTTP 403; asking for a new link"]);
    let next = refused.scene.next().unwrap();
    assert!(next.link == link("new"));
    assert_eq!(refused.failed(), None);
}

#[test]
fn a_link_that_comes_back_is_not_used_at_once() {
    let refused = Refused::new(3);
    refused.service.0.lock().unwrap().push(link("old"));
    refused.scene.begin(0);
    refused.refuse();
    assert!(refused.scene.next().is_none());
    refused.scene.clock.sleep(Duration::from_secs(1));
    assert!(refused.scene.next().is_some());
}

#[test]
fn a_storage_that_refuses_every_link_is_given_up() {
    for has_served_pieces in [false, true] {
        let refused = Refused::new(2);
        refused.scene.begin(0);
        refused.scene.pool.lock().files[0].has_served_pieces = has_served_pieces;
        for _ in 0..3 {
            assert_eq!(refused.failed(), None);
            refused.refuse();
            refused.later();
        }
        assert_eq!(refused.failed().as_deref(), Some("HTTP 403, 2 times in a row"));
        assert_eq!(refused.asked(), 2);
    }
}

#[test]
fn a_storage_that_refuses_a_range_twice_is_asked_for_the_whole() {
    let refused = Refused::new(2);
    refused.scene.resume(0, TAG, MIB, 1000);
    assert_eq!(refused.refuse().range(), Some(1000..MIB));
    assert_eq!(refused.refuse().range(), Some(1000..MIB));
    assert_eq!(refused.scene.next().unwrap().range(), None);
    assert_eq!((refused.asked(), refused.failed()), (1, None));
}

#[test]
fn pieces_that_are_refused_cost_few_links_and_then_one_connection_goes_on() {
    for (has_served, links) in [(false, 1), (true, 4)] {
        let refused = Refused::new(2);
        refused.scene.resume(0, TAG, 64 * MIB, MIB);
        {
            let slot = &mut refused.scene.pool.lock().files[0];
            (slot.first, slot.has_ranges, slot.has_served_pieces) = (None, true, has_served);
        }
        let mut waited = Vec::new();
        while refused.scene.pool.lock().files[0].has_ranges {
            refused.refuse();
            let now = refused.scene.clock.monotonic();
            waited.push(refused.scene.pool.lock().files[0].paused_until.saturating_sub(now));
            refused.later();
        }
        assert_eq!((refused.asked(), refused.failed()), (links, None));
        assert_eq!(waited[0], Duration::ZERO);
        assert!(waited[..links].is_sorted() && (links == 1 || waited[1] > Duration::ZERO));
        let next = refused.scene.next().unwrap();
        assert!(matches!(next.kind, Kind::First(_, 0)), "without a range");
    }
}

#[test]
fn a_service_that_has_no_link_is_asked_again_and_then_given_up() {
    let refused = Refused::new(2);
    refused.service.0.lock().unwrap().clear();
    refused.scene.begin(0);
    refused.refuse();
    assert_eq!(refused.failed(), None);
    assert_eq!(refused.scene.notes()[1], "there is no new link: the service is gone");
    assert!(refused.scene.next().is_none(), "not at once");
    refused.later();
    refused.refuse();
    assert!(refused.failed().is_some());
}

#[test]
fn a_link_that_is_about_to_expire_is_replaced_before_it_is_used() {
    for (lifetime, used) in [("30", "new"), ("90", "old")] {
        let refused = Refused::new(2);
        refused.scene.begin(0);
        let text = link("old").expose().replace("600", lifetime);
        let mut task = refused.scene.next().unwrap();
        task.link = Link::parse(&text).unwrap();
        let found = refused.scene.pool.fresh_enough(&task);
        assert!(found.expose().contains(&format!("/{used}?")));
    }
}
