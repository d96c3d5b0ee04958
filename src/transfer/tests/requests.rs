//! The requests that are made, and the errors of those that bring no answer.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use super::{MIB, Scene};
use crate::http::Stage;
use crate::transfer::fetch;
use crate::values::link::Link;

const TAG: &str = "\"one\"";

/// A file of so many bytes, all of which one connection brings, at 1 MiB a second after a wait of a second. So
/// many connections may be open.
fn one_flight(length: u64, connections: usize) -> Scene {
    let scene = Scene::with(connections, |options| options.parallel = connections);
    scene.resume(0, TAG, length, 0);
    let mut state = scene.pool.lock();
    state.pace.waited(Duration::from_secs(1));
    state.pace.brought(MIB, Duration::from_secs(1));
    let slot = &mut state.files[0];
    (slot.first, slot.has_ranges) = (None, true);
    let (id, range) = slot.pieces.take(length, length).unwrap();
    assert_eq!(range, 0..length);
    slot.add_flight(id, Duration::ZERO);
    state.active = 1;
    drop(state);
    scene
}

#[test]
fn an_idle_connection_helps_where_that_saves_more_than_the_wait_for_its_first_byte() {
    let range = |scene: &Scene| scene.next().and_then(|task| task.range());
    assert_eq!(range(&one_flight(64 * MIB, 8)), Some(32 * MIB..64 * MIB));
    assert_eq!(range(&one_flight(4 * MIB, 8)), None);
}

#[test]
fn help_comes_to_an_end() {
    let scene = one_flight(64 * MIB, 4);
    scene.pool.lock().pace.waited(Duration::ZERO);
    let helps = std::iter::from_fn(|| {
        let task = scene.next()?;
        scene.pool.free();
        Some(task)
    });
    let helps = helps.take(20).count();
    assert!((1..=4).contains(&helps), "{helps}");
}

#[test]
fn a_piece_that_cannot_be_asked_for_says_why() {
    let scene = one_flight(64 * MIB, 8);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    scene.pool.lock().files[0].link = Link::parse(&format!("http://{closed}/file?signature")).unwrap();
    let task = scene.next().unwrap();
    fetch::run(&scene.pool, &task);
    let notes = scene.notes().concat();
    assert!(
        notes.contains("refused") && !notes.contains("the connection ended after"),
        "{notes}"
    );
}

#[test]
fn a_body_that_is_no_http_in_the_middle_is_a_connection_that_broke() {
    let scene = Scene::new(1);
    let link = scene.pool.lock().files[0].link.clone();
    let storage = &scene.pool.options.storage;
    let failure = storage.of_reading(io::Error::other(ureq::Error::BodyExceedsLimit(1)), &link);
    assert_eq!(failure.stage, Stage::Broken);
    let failure = storage.of_reading(io::ErrorKind::TimedOut.into(), &link);
    assert_eq!(failure.stage, Stage::Timeout);
}
