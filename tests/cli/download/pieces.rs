//! One file over many connections.

use std::collections::HashSet;
use std::time::Duration;

use jdredis_sandbox::{Alteration, Delivery, Reply};

use super::{NAME, Place, SINGLE, each};
use crate::support::sandbox_builder;

/// Of many pieces.
const LARGE: u64 = 24 << 20;
/// What a piece has at least, in bytes.
const PIECE: u64 = 2 << 20;

fn large() -> Place {
    Place::of(sandbox_builder().object_size(LARGE))
}

/// The file must be the object.
#[track_caller]
fn has_it(place: &Place) {
    assert_eq!(place.names(), [NAME]);
    assert!(place.read(NAME) == place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0));
}

#[test]
fn one_large_file_comes_over_many_connections_in_few_requests() {
    let place = large();
    place.sandbox.always_deliver(Delivery::normal().throttle(2 << 20));
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    has_it(&place);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    let fetched = place.fetched();
    let used: HashSet<_> = fetched.iter().map(|request| request.connection).collect();
    assert!((5..=16).contains(&used.len()), "{used:?}");
    assert!(fetched.len() as u64 <= LARGE / PIECE + 1 + 8, "{}", fetched.len());
    assert_eq!(fetched[0].header("range"), None);
    let mut have_ends = Vec::new();
    for request in &fetched[1..] {
        assert!(
            request.header("range").is_some() && request.header("if-match").is_some(),
            "{request:#?}"
        );
        let last = request.header("range").unwrap().rsplit('-').next().unwrap();
        assert!(
            last.parse::<u64>().is_ok_and(|last| last < LARGE) || last.is_empty(),
            "{request:#?}"
        );
        have_ends.push(!last.is_empty());
    }
    assert!(have_ends.contains(&true), "only the last piece goes to the end");
}

#[test]
fn one_connection_fetches_a_large_file_in_one_request() {
    let place = large();
    let outcome = place.fetch(SINGLE, &["-o", "json", "--parallel", "1"]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    has_it(&place);
    assert_eq!(place.fetched().len(), 1);
}

#[test]
fn a_limited_rate_is_held_over_all_connections() {
    let place = Place::of(sandbox_builder().object_size(6 << 20));
    let outcome = place.fetch(SINGLE, &["--limit-rate", "2M"]);
    has_it(&place);
    assert!(outcome.took > Duration::from_millis(2800), "{outcome:#?}");
    assert!(outcome.took < Duration::from_secs(30), "{outcome:#?}");
    for rate in ["0", "fast", "5T"] {
        let outcome = place.download(SINGLE).args(["--limit-rate", rate]).run();
        outcome.fails_saying(2, &["--limit-rate"]);
    }
}

#[test]
fn details_show_each_request_to_the_storage_without_its_query() {
    let place = large();
    let outcome = place.fetch(SINGLE, &["-v", "--parallel", "2"]);
    let object = format!("/jmiss-redis-backup-hb/{}/{NAME}", SINGLE.instance);
    outcome.says(&[&format!(
        "node 0: GET http://127.0.0.1:{}{object}",
        place.sandbox.address().port()
    )]);
    let requests = outcome.stderr.lines().filter(|line| line.contains("node 0: GET "));
    assert_eq!(requests.count(), place.fetched().len(), "{outcome:#?}");
    outcome.says(&["-> HTTP 200", " ms"]);
}

#[test]
fn a_second_run_says_already_here() {
    let place = Place::new();
    place.fetch(SINGLE, &[]);
    let outcome = place.download(SINGLE).run();
    assert_eq!(outcome.stderr, "note: already here: 1 file, 293 KiB\n");
}

/// Kills a download of so many bytes once half of it is on the disk, and lets another run end it. Together they may
/// have fetched at most 1.25 times the file.
#[cfg(target_os = "linux")]
fn a_kill_costs_at_most_a_quarter(size: u64, slow: Delivery) {
    use std::os::unix::fs::MetadataExt;

    let place = Place::of(sandbox_builder().object_size(size));
    place.sandbox.always_deliver(slow);
    let part = place.path(&format!("{NAME}.part"));
    let on_disk = || part.metadata().map_or(0, |part| part.blocks() * 512);
    let mut running = place.download(SINGLE).args(["--parallel", "4"]).start();
    let start = std::time::Instant::now();
    while on_disk() < size / 2 {
        assert!(start.elapsed() < Duration::from_secs(60) && !running.has_ended());
        std::thread::sleep(Duration::from_millis(5));
    }
    running.kill();
    let came = on_disk();
    place.sandbox.deliver_normally();
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    has_it(&place);
    let resumed = each(&outcome, "resumedFrom")[0].as_u64().unwrap();
    let sent = came + size - resumed;
    assert!(sent <= size + size / 4, "{came} came, {resumed} were gone on from");
}

#[test]
#[cfg(target_os = "linux")]
fn after_a_kill_at_most_the_pieces_on_their_way_are_fetched_again() {
    // The window of 8 pieces is a tenth of it, and progress is saved many times in a tenth of the time.
    a_kill_costs_at_most_a_quarter(160 << 20, Delivery::normal().throttle(4 << 20));
}

#[test]
#[cfg(target_os = "linux")]
fn a_kill_costs_less_than_a_quarter_of_a_file_also_where_late_first_bytes_make_its_pieces_large() {
    // Each of 4 connections fetches a quarter of it, and has half of that when the program is killed.
    let late = Delivery::normal().throttle(2 << 20).delay(Duration::from_millis(100));
    a_kill_costs_at_most_a_quarter(40 << 20, late);
}

#[test]
fn links_that_expire_for_all_connections_at_once_are_asked_for_once() {
    let place = large();
    let slow = || Delivery::normal().throttle(1 << 20);
    place.sandbox.always_deliver(slow());
    // The fifth request comes when others have begun, and finds all links expired.
    let deliveries = vec![slow(), slow(), slow(), slow(), slow().expiring_links()];
    place.sandbox.deliver("", deliveries);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    has_it(&place);
    assert_eq!(place.asked_for_links(), 2, "{outcome:#?}");
}

#[test]
fn an_object_that_changes_in_the_middle_is_started_again_in_all_its_pieces() {
    let place = large();
    let slow = || Delivery::normal().throttle(1 << 20);
    place.sandbox.always_deliver(slow());
    let changed = slow().altering(Alteration::Replace(LARGE));
    place.sandbox.deliver("", vec![slow(), slow(), slow(), slow(), changed]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    outcome.says(&["the object is not the one it was; starting again"]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    has_it(&place);
}

#[test]
fn one_silent_connection_holds_up_nothing() {
    let place = large();
    place.sandbox.always_deliver(Delivery::normal().throttle(4 << 20));
    let silent = || Delivery::normal().stall_after(1000);
    let deliveries = vec![Delivery::normal().throttle(4 << 20), silent(), silent()];
    place.sandbox.deliver("", deliveries);
    let outcome = place.fetch(SINGLE, &["-o", "json", "--max-attempts", "1"]);
    has_it(&place);
    assert!(outcome.took < Duration::from_secs(15), "{outcome:#?}");
}

#[test]
fn a_storage_that_allows_two_connections_is_content_and_what_it_said_is_remembered() {
    let place = large();
    place.sandbox.always_deliver(Delivery::normal().throttle(8 << 20));
    let busy = || Delivery::reply(Reply::new(503));
    let fine = || Delivery::normal().throttle(8 << 20);
    place.sandbox.deliver("", vec![fine(), fine(), busy(), busy(), busy()]);
    let outcome = place.fetch(SINGLE, &["-o", "json", "--max-attempts", "1"]);
    has_it(&place);
    assert!(outcome.stderr.matches("HTTP 503").count() <= 3, "{outcome:#?}");
}
