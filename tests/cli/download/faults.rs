//! Answers of the storage that are not the file.

use std::time::Duration;

use jdredis_sandbox::{Delivery, Reply, StorageError};

use super::{CLUSTER, Place, SINGLE, each};
use crate::support::{Outcome, sandbox, sandbox_builder};

/// A run against a storage that never answers otherwise; it must leave nothing that looks whole.
fn run_against(delivery: Delivery, args: &[&str]) -> (Place, Outcome) {
    let place = Place::new();
    place.sandbox.always_deliver(delivery);
    let outcome = place.run(place.download(SINGLE).args(args.iter().copied()));
    outcome.data_with(7);
    assert!(
        !place.names().contains(&SINGLE.files[0].1.to_owned()),
        "{:?}",
        place.names()
    );
    (place, outcome)
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = sandbox();
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/elsewhere", elsewhere.endpoint());
        let (place, outcome) = run_against(Delivery::reply(Reply::new(status).header("Location", location)), &[]);
        outcome.says(&["node 0: incomplete, the storage redirects elsewhere, which is not followed"]);
        assert_eq!(place.fetched().len(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn a_page_is_not_saved_as_the_file() {
    let page = Reply::new(200)
        .header("Content-Type", "Text/HTML; charset=utf-8")
        .body("<html>Log in</html>");
    let (place, outcome) = run_against(Delivery::reply(page), &[]);
    outcome.says(&["a web page came instead of the file", "proxy or login page"]);
    assert_eq!(place.fetched().len(), 1);
    let part = place.path(&format!("{}.part", SINGLE.files[0].1));
    assert_eq!(part.metadata().map_or(0, |part| part.len()), 0);
}

#[test]
fn only_200_and_206_are_data() {
    let object = sandbox().object(SINGLE.instance, SINGLE.base_id, 0);
    for status in [201, 203, 204, 226, 404, 410, 418] {
        let (place, outcome) = run_against(Delivery::reply(Reply::new(status).body(object.clone())), &[]);
        outcome.says(&[&format!("HTTP {status}")]);
        assert_eq!(place.fetched().len(), 1, "{status}");
    }
}

#[test]
fn the_storages_words_are_quoted_and_cannot_act_on_the_terminal() {
    let xml = "<?xml version=\"1.0\"?>\n<Error><Code>Odd\x1b[2JCode</Code><Message>\u{9b}31m\u{202e}no\nway</Message></Error>";
    let (_, outcome) = run_against(Delivery::reply(Reply::new(404).body(xml)), &[]);
    outcome.says(&["HTTP 404 Odd\\u{1b}[2JCode: \\u{9b}31m\\u{202e}no\\u{a}way"]);

    let long = format!(
        "<Error><Code>Long</Code><Message>{}</Message></Error>",
        "x".repeat(10_000)
    );
    let (_, outcome) = run_against(Delivery::reply(Reply::new(404).body(long)), &[]);
    assert!(outcome.stderr.len() < 1000, "{}", outcome.stderr.len());

    for body in [
        "",
        "<Error>",
        "<Error><Message>alone</Message></Error>",
        "\u{0}",
        "<Code></Code>",
    ] {
        let (_, outcome) = run_against(Delivery::reply(Reply::new(410).body(body)), &[]);
        outcome.says(&["node 0: incomplete, HTTP 410"]);
    }
}

#[test]
fn an_error_that_quotes_the_link_does_not_give_it_away() {
    let place = Place::new();
    let link = place.sandbox.link(SINGLE.instance, SINGLE.base_id, 0);
    for status in [403, 404, 503] {
        let xml = format!("<Error><Code>AccessDenied</Code><Message>{link} has expired</Message></Error>");
        let args = ["-o", "json", "--timeout", "2"];
        let (_, outcome) = run_against(Delivery::reply(Reply::new(status).body(xml)), &args);
        outcome.says(&["has expired"]);
    }
}

#[test]
fn a_temporary_fault_is_waited_for() {
    for delivery in [
        Delivery::error(StorageError::SlowDown),
        Delivery::error(StorageError::InternalError),
        Delivery::reply(Reply::new(503)),
        Delivery::reply(Reply::new(429)),
        Delivery::reply(Reply::close()),
        Delivery::reply(Reply::reset()),
    ] {
        let place = Place::new();
        place.sandbox.deliver("", vec![delivery.clone()]);
        let outcome = place.fetch(SINGLE, &["-o", "json"]);
        outcome.says(&["note: node 0: ", "going on in "]);
        assert!(outcome.took >= Duration::from_millis(250), "{delivery:?} {outcome:#?}");
        assert_eq!((place.fetched().len(), place.asked_for_links()), (2, 1), "{delivery:?}");
        place.has_all_of(SINGLE);
    }
}

#[test]
fn a_temporary_fault_that_stays_is_given_up() {
    for (delivery, text) in [
        (Delivery::error(StorageError::InternalError), "HTTP 500 InternalError: "),
        (Delivery::reply(Reply::close()), "3 times in a row"),
        (Delivery::normal().cut_after(0), "3 times in a row"),
    ] {
        let (place, outcome) = run_against(delivery, &[]);
        outcome.says(&["error: the file is not whole", text]);
        assert_eq!(place.fetched().len(), 3, "{text}");
    }
    let (place, _) = run_against(Delivery::error(StorageError::InternalError), &["--max-attempts", "1"]);
    assert_eq!(place.fetched().len(), 1);
}

#[test]
fn a_busy_storage_costs_no_attempt_until_the_time_out_has_passed_without_progress() {
    for delivery in [
        Delivery::error(StorageError::SlowDown),
        Delivery::reply(Reply::new(503)),
        Delivery::reply(Reply::new(429)),
        Delivery::reply(Reply::new(400).body("<Error><Code>RequestTimeout</Code></Error>")),
        Delivery::reply(Reply::new(400).body("<Error><Code>slowdown</Code></Error>")),
    ] {
        let args = ["--max-attempts", "1", "--timeout", "2"];
        let (place, outcome) = run_against(delivery, &args);
        outcome.says(&["error: the file is not whole", "node 0: incomplete, HTTP "]);
        assert!(place.fetched().len() >= 3, "{outcome:#?}");
        assert!(outcome.took >= Duration::from_secs(2), "{outcome:#?}");
    }
}

#[test]
fn a_permanent_fault_is_not_waited_for() {
    for error in [StorageError::NoSuchKey, StorageError::PreconditionFailed] {
        let (place, _) = run_against(Delivery::error(error), &[]);
        assert_eq!((place.fetched().len(), place.asked_for_links()), (1, 1), "{error:?}");
    }
}

#[test]
fn the_time_out_bounds_silence() {
    let place = Place::new();
    place.sandbox.deliver(
        "",
        vec![Delivery::normal().stall_after(100_000), Delivery::reply(Reply::stall())],
    );
    let outcome = place.fetch(SINGLE, &["--timeout", "2", "-o", "json"]);
    outcome.says(&["no answer in time"]);
    assert!(outcome.took >= Duration::from_secs(2), "{outcome:#?}");
    assert!(outcome.took < Duration::from_secs(20), "{outcome:#?}");
    let fetched = place.fetched();
    assert_eq!(fetched[1].header("range"), Some("bytes=100000-"));
    place.has_all_of(SINGLE);
}

#[test]
fn the_time_out_does_not_bound_a_slow_transfer() {
    let place = Place::of(sandbox_builder().object_size(100_000));
    place.sandbox.always_deliver(Delivery::normal().throttle(20_000));
    let outcome = place.fetch(SINGLE, &["--timeout", "2"]);
    assert!(outcome.took > Duration::from_secs(2), "{outcome:#?}");
    assert_eq!(place.fetched().len(), 1);
    place.has_all_of(SINGLE);
}

#[test]
fn trouble_with_one_file_leaves_the_others_alone() {
    let place = Place::new();
    place.sandbox.deliver(
        "backup4-2?",
        (0..3).map(|_| Delivery::error(StorageError::InternalError)).collect(),
    );
    let outcome = place.run(place.download(CLUSTER).args(["-o", "json"]));
    outcome.data_with(7);
    assert_eq!(each(&outcome, "state"), ["ok", "ok", "incomplete", "ok"]);
    assert_eq!(place.fetched().len(), 6);
}

#[test]
fn a_body_without_a_length_is_whole_if_the_file_says_so() {
    let object = sandbox().object(SINGLE.instance, SINGLE.base_id, 0);
    for reply in [
        Reply::new(200).body(object.clone()).chunked(10_000),
        Reply::new(200).body(object.clone()).until_close(),
    ] {
        let place = Place::new();
        place.sandbox.always_deliver(Delivery::reply(reply));
        let outcome = place.fetch(SINGLE, &["-o", "json"]);
        assert_eq!(each(&outcome, "state"), ["ok"]);
        place.has_all_of(SINGLE);
    }
    let broken = Reply::new(200).body(&object[..1000]).broken_chunked();
    let (_, outcome) = run_against(Delivery::reply(broken), &[]);
    outcome.says(&["3 times in a row"]);
    let cut = Reply::new(200).body(&object[..1000]).until_close();
    let (_, outcome) = run_against(Delivery::reply(cut), &[]);
    outcome.says(&["corrupt, ends inside a string that begins at byte "]);
}

#[test]
fn an_answer_without_a_length_or_an_end_is_not_taken_for_whole() {
    let place = Place::new();
    // No checksum, and a type that is not known: the last bytes may be an end, or a value.
    let half = b"REDIS0009\xfe\0\xdc\x03key\xff\0\0\0\0\0\0\0\0".to_vec();
    place
        .sandbox
        .always_deliver(Delivery::reply(Reply::new(200).body(half).until_close()));
    let outcome = place.run(place.download(SINGLE));
    outcome.data_with(7);
    outcome.says(&["whether it is whole is unknown", "came without a length"]);
    assert!(
        !place.names().contains(&SINGLE.files[0].1.to_owned()),
        "{:?}",
        place.names()
    );
}
