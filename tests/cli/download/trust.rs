//! Hostile or broken answers, and other processes in the folder: no wrong byte gets a good name, and no run
//! hangs.

use std::fs;
use std::time::Duration;

use jdredis_sandbox::{Alteration, Delivery, Format, Reply, StorageError};
use serde_json::{Value, json};

use super::{CLUSTER, NAME, Place, SINGLE, SIZE, cut_after, each, etag, object, part};
use crate::support::sandbox_builder;

const CUT: u64 = 100_000;

/// Neither the good name nor anything that a later run would take for it.
fn has_no_good_name(place: &Place) {
    assert!(!place.names().contains(&NAME.to_owned()), "{:?}", place.names());
}

#[test]
fn an_answer_without_a_length_that_is_cut_is_not_whole_in_the_first_run_nor_in_the_second() {
    let place = Place::new();
    place.alter(SINGLE, 0, Alteration::Format(Format::RdbWithoutChecksum));
    let bytes = object(&place);
    let cut = Reply::new(200)
        .header("ETag", "\"e\"")
        .body(&bytes[..200_000])
        .until_close();
    place.sandbox.always_deliver(Delivery::reply(cut));
    for _ in 0..2 {
        let requests = place.fetched().len();
        let outcome = place.run(place.download(SINGLE).args(["-o", "json"]));
        outcome.data_with(7);
        assert!(place.fetched().len() > requests, "the second run asks, too");
        has_no_good_name(&place);
    }
    // Whole, but without a length and a checksum: that cannot be known.
    let whole = Reply::new(200).header("ETag", "\"e\"").body(&bytes[..]).until_close();
    place.sandbox.always_deliver(Delivery::reply(whole));
    for _ in 0..2 {
        let outcome = place.run(place.download(SINGLE));
        outcome.data_with(7);
        outcome.says(&["whether it is whole is unknown", "came without a length"]);
        has_no_good_name(&place);
    }
}

#[test]
fn an_error_body_without_a_length_in_answer_to_a_resume_is_not_appended() {
    let place = cut_after(CUT);
    let body = "<Error><Code>InvalidRange</Code><Message>no such range</Message></Error>";
    let reply = Reply::new(200).header("ETag", etag(&place)).body(body).until_close();
    place.sandbox.always_deliver(Delivery::reply(reply));
    for _ in 0..2 {
        let outcome = place.run(place.download(SINGLE));
        outcome.data_with(7);
        // The part is as it was.
        assert_eq!(place.read(&part()), object(&place)[..100_000]);
    }
    place.sandbox.deliver_normally();
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [CUT]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_200_with_a_content_range_is_the_part_that_it_says_it_is() {
    let rest = |place: &Place, tag: &str, range: &str| {
        let bytes = object(place)[100_000..].to_vec();
        let reply = Reply::new(200)
            .header("ETag", tag)
            .header("Content-Range", range)
            .body(bytes);
        place.sandbox.deliver("", vec![Delivery::reply(reply)]);
    };
    let honest = format!("bytes {CUT}-{}/{SIZE}", SIZE - 1);
    let place = cut_after(CUT);
    rest(&place, &etag(&place), &honest);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [CUT]);
    place.has_all_of(SINGLE);

    // Of another object, or of another range, it is nothing.
    for (tag, range) in [("\"other\"", honest.as_str()), ("", "bytes 0-199999/200000")] {
        let place = cut_after(CUT);
        let tag = if tag.is_empty() { etag(&place) } else { tag.to_owned() };
        rest(&place, &tag, range);
        place.fetch(SINGLE, &[]);
        place.has_all_of(SINGLE);
        assert_eq!(place.fetched()[2].header("range"), None);
    }
}

#[test]
fn a_206_that_ends_early_is_progress() {
    let place = cut_after(CUT);
    let bytes = object(&place);
    let reply = Reply::new(206)
        .header("ETag", etag(&place))
        .header("Content-Range", format!("bytes {CUT}-199999/{SIZE}"))
        .body(&bytes[100_000..200_000]);
    place.sandbox.deliver("", vec![Delivery::reply(reply)]);
    place.fetch(SINGLE, &["--max-attempts", "1"]);
    assert_eq!(place.fetched()[2].header("range"), Some("bytes=200000-"));
    place.has_all_of(SINGLE);
}

#[test]
fn a_206_that_begins_early_has_its_overlap_skipped_and_one_may_answer_a_plain_request() {
    let place = cut_after(CUT);
    let reply = Reply::new(206)
        .header("ETag", etag(&place))
        .header("Content-Range", format!("bytes 50000-{}/{SIZE}", SIZE - 1))
        .body(&object(&place)[50_000..]);
    place.sandbox.deliver("", vec![Delivery::reply(reply)]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [CUT]);
    assert_eq!(place.fetched().len(), 2);
    place.has_all_of(SINGLE);

    let place = Place::new();
    let reply = Reply::new(206)
        .header("ETag", "\"e\"")
        .header("Content-Range", format!("bytes 0-{}/{SIZE}", SIZE - 1))
        .body(object(&place));
    place.sandbox.always_deliver(Delivery::reply(reply));
    place.fetch(SINGLE, &[]);
    place.has_all_of(SINGLE);
}

#[test]
fn answers_that_are_none_are_asked_for_differently_after_the_second() {
    let multipart = Reply::new(206)
        .header("Content-Type", "multipart/byteranges; boundary=b")
        .body("--b\r\n\r\nx\r\n--b--");
    for odd in [
        Delivery::reply(Reply::new(304)),
        Delivery::reply(multipart),
        Delivery::error(StorageError::AccessDenied),
    ] {
        let place = cut_after(CUT);
        place.sandbox.deliver("", vec![odd.clone(), odd.clone()]);
        let outcome = place.fetch(SINGLE, &["--max-attempts", "1"]);
        place.has_all_of(SINGLE);
        let ranges: Vec<bool> = place
            .fetched()
            .iter()
            .map(|request| request.header("range").is_some())
            .collect();
        assert_eq!(ranges, [false, true, true, false], "{odd:?} {outcome:#?}");
    }
}

#[test]
fn a_400_or_416_inside_the_known_length_is_never_the_end() {
    for refusal in [
        Delivery::error(StorageError::InvalidRange),
        Delivery::reply(Reply::new(400).body("<Error><Code>InvalidArgument</Code></Error>")),
        Delivery::reply(Reply::new(400)),
    ] {
        let place = cut_after(CUT);
        place.sandbox.deliver("", vec![refusal]);
        place.fetch(SINGLE, &["--max-attempts", "1"]);
        place.has_all_of(SINGLE);
        assert_eq!(place.fetched()[2].header("range"), None);
    }
}

#[test]
fn a_206_without_an_etag_is_of_no_known_object() {
    let place = cut_after(CUT);
    let reply = Reply::new(206)
        .header("Content-Range", format!("bytes {CUT}-{}/{SIZE}", SIZE - 1))
        .body(vec![7; usize::try_from(SIZE - CUT).unwrap()]);
    place.sandbox.deliver("", vec![Delivery::reply(reply)]);
    place.fetch(SINGLE, &[]);
    place.has_all_of(SINGLE);
}

#[test]
fn one_version_with_two_lengths_is_never_accepted() {
    let place = cut_after(CUT);
    let shorter = &object(&place)[..200_000];
    let reply = Reply::new(200).header("ETag", etag(&place)).body(shorter);
    place.sandbox.always_deliver(Delivery::reply(reply));
    let outcome = place.run(place.download(SINGLE));
    outcome.data_with(7);
    has_no_good_name(&place);
}

#[test]
fn a_storage_that_refuses_its_own_etag_is_gone_on_with_over_one_connection() {
    let place = cut_after(CUT);
    place
        .sandbox
        .deliver("", vec![Delivery::error(StorageError::PreconditionFailed)]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    place.has_all_of(SINGLE);
    let fetched = place.fetched();
    assert_eq!(fetched.len(), 3, "{outcome:#?}");
    assert_eq!(
        (fetched[2].header("range"), fetched[2].header("if-match")),
        (None, None)
    );
}

#[test]
fn a_storage_that_cannot_decide_on_an_object_is_taken_at_its_word_over_one_connection() {
    // Two replicas with two ETags each: every range is of another object than the last answer.
    let place = Place::of(sandbox_builder().object_size(8 << 20));
    let swap = || {
        Delivery::normal()
            .altering(Alteration::Replace(8 << 20))
            .throttle(16 << 20)
    };
    place.sandbox.deliver("", (0..6).map(|_| swap()).collect());
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_busy_storage_costs_a_file_nothing_while_others_come_on() {
    let place = Place::of(sandbox_builder().object_size(1 << 20));
    place.sandbox.always_deliver(Delivery::normal().throttle(300_000));
    place.sandbox.deliver(
        "backup4-2?",
        (0..4).map(|_| Delivery::error(StorageError::SlowDown)).collect(),
    );
    let outcome = place.fetch(
        CLUSTER,
        &["--max-attempts", "1", "--timeout", "3", "--parallel", "4", "-o", "json"],
    );
    assert_eq!(each(&outcome, "state"), ["ok"; 4]);
    place.has_all_of(CLUSTER);
}

#[test]
fn an_error_that_drips_is_not_waited_for() {
    for status in [404, 403, 503] {
        let place = Place::new();
        let body = format!(
            "<Error><Code>Slow</Code><Message>{}</Message></Error>",
            "x".repeat(4000)
        );
        let reply = Reply::new(status).body(body).trickle(Duration::from_millis(50));
        place.sandbox.always_deliver(Delivery::reply(reply));
        let run = place.download(SINGLE).args(["--timeout", "1", "--max-attempts", "1"]);
        let outcome = place.run(run);
        outcome.data_with(7);
        assert!(outcome.took < Duration::from_secs(20), "{outcome:#?}");
    }
}

#[test]
fn a_complete_part_that_is_damaged_is_fetched_again_in_the_same_run() {
    let place = cut_after(CUT);
    let mut bytes = object(&place);
    bytes[50_000] ^= 1;
    place.write(&part(), bytes);
    let record = format!(".jdredis/{NAME}.json");
    let mut kept: Value = serde_json::from_slice(&place.read(&record)).unwrap();
    kept["durable"] = json!(SIZE);
    place.write(&record, kept.to_string());
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_very_long_etag_wedges_nothing() {
    let place = Place::new();
    let tag = format!("\"{}\"", "x".repeat(17_000));
    let reply = Reply::new(200).header("ETag", tag.as_str()).body(object(&place));
    place
        .sandbox
        .deliver("", vec![Delivery::reply(reply.clone()), Delivery::reply(reply)]);
    place.fetch(SINGLE, &[]);
    fs::remove_file(place.path(NAME)).unwrap();
    place.fetch(SINGLE, &[]);
    place.has_all_of(SINGLE);

    // Nor does one in a record.
    let place = cut_after(CUT);
    let record = format!(".jdredis/{NAME}.json");
    let mut kept: Value = serde_json::from_slice(&place.read(&record)).unwrap();
    kept["etag"] = json!(tag);
    place.write(&record, kept.to_string());
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [0]);
    place.has_all_of(SINGLE);
}

#[test]
#[cfg(unix)]
fn nothing_private_is_written_through_a_link_and_nothing_but_files_is_opened() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    for private in ["holder", "lock", &format!("{NAME}.tmp"), &format!("{NAME}.json")] {
        let place = Place::new();
        let victim = place.home.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        fs::create_dir_all(place.path(".jdredis")).unwrap();
        symlink(&victim, place.path(&format!(".jdredis/{private}"))).unwrap();
        let run = place.download(SINGLE).args(["-o", "json"]);
        let outcome = place.run(run);
        assert_eq!(fs::read(&victim).unwrap(), b"precious", "{private} {outcome:#?}");
        // A lock that is none is refused; everything else is replaced.
        assert_eq!(
            outcome.code,
            Some(if private == "lock" { 1 } else { 0 }),
            "{private} {outcome:#?}"
        );
    }
    for name in [
        part(),
        format!(".jdredis/{NAME}.json"),
        ".jdredis/lock".to_owned(),
        NAME.to_owned(),
    ] {
        let place = Place::new();
        fs::create_dir_all(place.path(".jdredis")).unwrap();
        let made = Command::new("mkfifo").arg(place.path(&name)).status();
        assert!(made.unwrap().success());
        let outcome = place.run(place.download(SINGLE).args(["--timeout", "2"]));
        assert!(outcome.took < Duration::from_secs(60), "{name} {outcome:#?}");
        if name.ends_with(".json") {
            assert_eq!(outcome.code, Some(0), "{name} {outcome:#?}");
        } else {
            assert!(matches!(outcome.code, Some(1 | 7)), "{name} {outcome:#?}");
        }
    }
    let place = Place::new();
    place.fetch(SINGLE, &[]);
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(".jdredis"), 0o700);
    for name in ["lock", "holder", &format!("{NAME}.json")] {
        assert_eq!(mode(&format!(".jdredis/{name}")), 0o600, "{name}");
    }
    let mut left: Vec<_> = fs::read_dir(place.path(".jdredis"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, [format!("{NAME}.json").as_str(), "holder", "lock"]);
}

#[test]
#[cfg(unix)]
fn a_record_that_another_user_made_is_not_believed() {
    use std::os::unix::fs::chown;

    let place = cut_after(CUT);
    let record = place.path(&format!(".jdredis/{NAME}.json"));
    if chown(&record, Some(12_345), None).is_err() {
        crate::support::say_not_run("a record of another user", "only root gives files away");
        return;
    }
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [0]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_first_request_that_fails_leaves_no_part() {
    for delivery in [
        Delivery::error(StorageError::NoSuchKey),
        Delivery::error(StorageError::InternalError),
        Delivery::reply(Reply::close()),
    ] {
        let place = Place::new();
        place.sandbox.always_deliver(delivery);
        let outcome = place.run(place.download(SINGLE).args(["--max-attempts", "1"]));
        outcome.data_with(7);
        assert!(place.names().is_empty(), "{:?}", place.names());
    }
}
