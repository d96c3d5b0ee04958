//! What others do to a part while it is fetched, and what takes its place: no wrong byte gets a good name,
//! and no good file is lost.
#![cfg(unix)]

use std::fs;
use std::time::Duration;

use jdredis_sandbox::{Delivery, Reply};

use super::{NAME, Place, SINGLE, SIZE, cut_after, each, object, part};
use crate::support::{Outcome, Running};

const CUT: u64 = 100_000;

/// Starts a slow download, and waits until some of it is there.
fn half_way<'a>(place: &'a Place, args: &[&str]) -> Running<'a> {
    place.sandbox.always_deliver(Delivery::normal().throttle(300_000));
    let run = place.download(SINGLE).args(["-o", "json"]);
    let running = run.args(args.iter().copied()).start();
    let start = std::time::Instant::now();
    while fs::metadata(place.path(&part())).map_or(0, |part| part.len()) < CUT {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(2));
    }
    running
}

/// Starts a download, does something to the part half-way, and lets it end.
fn meddled_with(args: &[&str], meddle: impl Fn(&Place)) -> (Place, Outcome) {
    let place = Place::new();
    let running = half_way(&place, args);
    meddle(&place);
    let outcome = running.finish();
    (place, outcome)
}

/// The file has no good name, and a run without a meddler fetches it.
#[track_caller]
fn is_refused_and_then_fetched(place: &Place, outcome: &Outcome) {
    outcome.data_with(7);
    assert!(!place.names().contains(&NAME.to_owned()), "{:?}", place.names());
    place.sandbox.deliver_normally();
    place.fetch(SINGLE, &[]);
    assert!(place.read(NAME) == object(place));
}

#[test]
fn a_part_that_is_replaced_while_it_is_fetched_does_not_get_the_good_name() {
    let (place, outcome) = meddled_with(&[], |place| {
        fs::remove_file(place.path(&part())).unwrap();
        fs::write(place.path(&part()), "somebody's").unwrap();
    });
    assert_eq!(place.read(&format!("{NAME}.corrupt")), b"somebody's");
    is_refused_and_then_fetched(&place, &outcome);
}

#[test]
fn a_part_that_is_cut_while_it_is_fetched_does_not_get_the_good_name() {
    // All of it, and so little that no hole is left when the next bytes are written.
    for left in [|_| 0, |length| length - 7] {
        let (place, outcome) = meddled_with(&[], |place| {
            let part = fs::File::options().write(true).open(place.path(&part())).unwrap();
            part.set_len(left(part.metadata().unwrap().len())).unwrap();
        });
        is_refused_and_then_fetched(&place, &outcome);
    }
}

#[test]
fn a_file_that_is_to_be_replaced_outlives_a_part_that_somebody_else_replaced() {
    let place = Place::new();
    place.write(NAME, "precious");
    let running = half_way(&place, &["--force"]);
    fs::remove_file(place.path(&part())).unwrap();
    fs::write(place.path(&part()), "somebody's").unwrap();
    running.finish().data_with(7);
    assert_eq!(place.read(NAME), b"precious");
    assert_eq!(place.read(&format!("{NAME}.corrupt")), b"somebody's");
}

#[test]
fn a_run_that_ends_early_does_not_cut_the_file_that_another_run_has_finished() {
    let place = Place::new();
    let running = half_way(&place, &[]);
    // As another run does that goes on with the same part.
    fs::write(place.path(&part()), object(&place)).unwrap();
    fs::rename(place.path(&part()), place.path(NAME)).unwrap();
    running.signal("INT");
    running.finish().data_with(130);
    assert!(place.read(NAME) == object(&place));
}

#[test]
fn an_answer_without_a_file_takes_the_place_of_no_part() {
    for body in ["", "REDIS0"] {
        let place = cut_after(CUT);
        let empty = Reply::new(200).header("ETag", "\"another\"").body(body).until_close();
        place.sandbox.always_deliver(Delivery::reply(empty));
        let outcome = place.run(place.download(SINGLE).args(["--max-attempts", "1"]));
        outcome.data_with(7);
        assert_eq!(
            place.read(&part()),
            object(&place)[..usize::try_from(CUT).unwrap()],
            "{body:?}"
        );
        place.sandbox.deliver_normally();
        let outcome = place.fetch(SINGLE, &["-o", "json"]);
        assert_eq!(each(&outcome, "resumedFrom"), [CUT]);
    }
}

#[test]
fn a_part_that_is_damaged_is_fetched_again_where_the_storage_serves_no_ranges_too() {
    let place = cut_after(CUT);
    let mut bytes = place.read(&part());
    bytes[50_000] ^= 1;
    place.write(&part(), bytes);
    place.sandbox.always_deliver(Delivery::normal().ignoring_range());
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    assert_eq!(place.fetched().len(), 3, "{SIZE} bytes came a second time");
    place.has_all_of(SINGLE);
}

#[test]
fn first_bytes_that_drip_are_not_waited_for() {
    let place = Place::new();
    let dripping = Reply::new(200).header("ETag", "\"e\"").body(object(&place));
    let dripping = Delivery::reply(dripping.trickle(Duration::from_millis(900)));
    place.sandbox.always_deliver(dripping);
    let run = place.download(SINGLE).args(["--max-attempts", "1", "--timeout", "2"]);
    let outcome = place.run(run);
    outcome.data_with(7);
    assert!(outcome.took < Duration::from_secs(20), "{outcome:#?}");
}
