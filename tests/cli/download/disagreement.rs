//! Storages that disagree with themselves: their ranges are of another object than a plain request gets, or
//! come from connections that fall silent.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jdredis_sandbox::{Delivery, Reply};
use serde_json::json;

use super::{NAME, Place, SINGLE, each};
use crate::support::{Outcome, sandbox_builder};

/// Of several pieces.
const LENGTH: usize = 8 << 20;
const TAG: &str = "ETag: \"first\"\r\n";

/// What the storage answers to a request for a range, or to a plain one where it is `None`.
type Answer = dyn Fn(Option<&str>) -> String + Send + Sync;

/// A storage that gives each answer the head that a test makes, and slow bytes of one object.
struct Storage {
    address: SocketAddr,
    ranges: Arc<Mutex<Vec<Option<String>>>>,
}

impl Storage {
    fn start(object: Vec<u8>, answer: Box<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (seen, shared) = (Arc::clone(&ranges), Arc::new((object, answer)));
        // It ends with the process of the tests.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, shared) = (Arc::clone(&seen), Arc::clone(&shared));
                thread::spawn(move || serve(stream, &seen, &shared.0, &shared.1));
            }
        });
        Self { address, ranges }
    }

    fn requests(&self) -> usize {
        self.ranges.lock().unwrap().len()
    }
}

/// Answers one request. The client may have gone by then, which ends the thread.
fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Option<String>>>, object: &[u8], answer: &Answer) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines().map_while(Result::ok);
    let mut range = None;
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let line = line.to_ascii_lowercase();
        range = range.or_else(|| line.strip_prefix("range: bytes=").map(str::to_owned));
    }
    seen.lock().unwrap().push(range.clone());
    let head = answer(range.as_deref());
    stream.write_all(head.as_bytes()).ok()?;
    let (start, end) = range.as_deref().map_or((0, LENGTH), bounds);
    if head.contains("Content-Length: 0\r\n") {
        return Some(());
    }
    for chunk in object[start..end].chunks(64 * 1024) {
        stream.write_all(chunk).ok()?;
        thread::sleep(Duration::from_millis(20));
    }
    Some(())
}

/// Start and end of `FIRST-LAST` or `FIRST-`.
fn bounds(range: &str) -> (usize, usize) {
    let (first, last) = range.split_once('-').unwrap();
    (
        first.parse().unwrap(),
        last.parse().map_or(LENGTH, |last: usize| last + 1),
    )
}

fn whole() -> String {
    format!("HTTP/1.1 200 OK\r\n{TAG}Accept-Ranges: bytes\r\nContent-Length: {LENGTH}\r\nConnection: close\r\n\r\n")
}

/// The head of a 206, with an object of `total` bytes.
fn part(range: &str, tag: &str, total: usize) -> String {
    let (start, end) = bounds(range);
    format!(
        "HTTP/1.1 206 Partial Content\r\n{tag}Content-Range: bytes {start}-{}/{total}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        end - 1,
        end - start
    )
}

/// Runs a download of an object from a storage that answers so.
fn run(args: &[&str], answer: impl Fn(Option<&str>) -> String + Send + Sync + 'static) -> (Place, Storage, Outcome) {
    let place = Place::of(sandbox_builder().object_size(LENGTH as u64));
    let object = place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0);
    let storage = Storage::start(object, Box::new(answer));
    let link = format!("http://{}/bucket/redis-1234/{NAME}", storage.address);
    let links = json!({"result": {"downloadUrls": [{"name": "node 0", "link": link}]}}).to_string();
    place.sandbox.always(Reply::json(200, links));
    let outcome = place.run(place.download(SINGLE).args(["-o", "json"]).args(args.iter().copied()));
    (place, storage, outcome)
}

#[track_caller]
fn has_it(place: &Place, outcome: &Outcome) {
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(each(outcome, "state"), ["ok"]);
    assert!(place.read(NAME) == place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0));
}

#[test]
fn ranges_of_another_version_than_the_whole_are_not_asked_for_again_and_again() {
    let second = "ETag: \"second\"\r\n";
    let weak = "ETag: W/\"first\"\r\n";
    for (tag, length) in [("", LENGTH), (second, LENGTH), (second, LENGTH + 1), (weak, LENGTH)] {
        let (place, storage, outcome) = run(&[], move |range| {
            range.map_or_else(whole, |range| part(range, tag, length))
        });
        has_it(&place, &outcome);
        assert!(storage.requests() <= 12, "{tag:?}: {}", storage.requests());
    }
}

#[test]
fn a_piece_of_the_same_version_with_another_length_is_never_accepted() {
    let (place, storage, outcome) = run(&[], |range| {
        range.map_or_else(whole, |range| part(range, TAG, LENGTH + 1))
    });
    outcome.data_with(7);
    assert!(!place.names().contains(&NAME.to_owned()), "{:?}", place.names());
    assert!(storage.requests() <= 12, "{}", storage.requests());
}

#[test]
fn a_part_that_names_no_version_to_go_on_with_is_not_asked_for_for_ever() {
    for tag in ["", "ETag: W/\"weak\"\r\n"] {
        let (_, storage, outcome) = run(&["--max-attempts", "2"], move |_| part("0-999999", tag, LENGTH));
        outcome.data_with(7);
        assert_eq!(storage.requests(), 2, "{tag:?}");
    }
}

#[test]
fn a_storage_that_refuses_ranges_alone_costs_the_service_two_calls() {
    let refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (place, _, outcome) = run(&[], move |range| range.map_or_else(whole, |_| refused.to_owned()));
    has_it(&place, &outcome);
    assert!(place.asked_for_links() <= 2, "{outcome:#?}");
}

#[test]
fn the_silence_of_one_connection_is_no_failure_while_others_bring_bytes() {
    let place = Place::of(sandbox_builder().object_size(24 << 20));
    let slow = || Delivery::normal().throttle(600 << 10);
    place.sandbox.always_deliver(slow());
    place
        .sandbox
        .deliver("", vec![slow(), Delivery::normal().stall_after(0)]);
    let args = ["-o", "json", "--max-attempts", "1", "--timeout", "2"];
    let outcome = place.fetch(SINGLE, &args);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_storage_that_stops_serving_ranges_in_the_middle_is_gone_on_with() {
    let served = AtomicUsize::new(0);
    let (place, _, outcome) = run(&["--parallel", "2"], move |range| match range {
        Some(range) if served.fetch_add(1, Ordering::Relaxed) < 1 => part(range, TAG, LENGTH),
        _ => whole(),
    });
    has_it(&place, &outcome);
}
