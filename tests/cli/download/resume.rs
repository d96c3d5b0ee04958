//! A download resumes if the object is provably the same, and otherwise starts again.

use jdredis_sandbox::{Alteration, Delivery, Reply, StorageError};
use serde_json::json;

use super::{Backup, CLUSTER, NAME, Place, SINGLE, SIZE, TWINS, cut, cut_after, each, etag, part, ranges};

const CUT: u64 = 100_000;

fn record() -> String {
    format!(".jdredis/{NAME}.json")
}

/// The conditions of the requests since the first, and where they start.
fn later_ranges(place: &Place) -> Vec<(Option<String>, Option<String>)> {
    let requests = place.fetched();
    let ranges = ranges(&requests[1..]).into_iter();
    ranges
        .map(|(range, condition)| (range.map(str::to_owned), condition.map(str::to_owned)))
        .collect()
}

#[test]
fn a_second_run_goes_on_from_the_byte_at_which_the_first_ended() {
    let place = cut_after(CUT);
    let etag = etag(&place);
    assert!(etag.starts_with('"'), "{etag}");
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(outcome.data_with(0), outcome.data());
    assert_eq!(each(&outcome, "resumedFrom"), [CUT]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    // Of all bytes, not only of those of this run.
    let sha256 = place.sandbox.object_sha256(SINGLE.instance, SINGLE.base_id, 0);
    assert_eq!(each(&outcome, "sha256"), [sha256]);
    assert_eq!(later_ranges(&place), [(Some(format!("bytes={CUT}-")), Some(etag))]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_summary_names_each_file_that_is_not_whole_and_what_to_do() {
    let place = Place::new();
    place
        .sandbox
        .deliver("backup4-1?", vec![Delivery::normal().cut_after(CUT)]);
    place
        .sandbox
        .deliver("backup4-3?", vec![Delivery::error(StorageError::NoSuchKey)]);
    let outcome = place.run(place.download(CLUSTER).args(["--max-attempts", "1", "-o", "plain"]));
    let good: String = [0, 2]
        .map(|i: usize| format!("{}\n", place.path(CLUSTER.files[i].1).display()))
        .concat();
    assert_eq!(outcome.data_with(7), good);
    outcome.says(&[
        "error: 2 of 4 files are not whole\n",
        "  node 1: incomplete, ",
        "  node 3: incomplete, HTTP 404 NoSuchKey: The specified key does not exist.",
        "backup4-1.part)",
        "fix the cause above, then run this again with --base-id a607efba-ff06-4d78-ba3c-b3119fce27fd; it resumes\n",
    ]);

    let outcome = place.run(place.download(CLUSTER).args(["-o", "json"]));
    assert_eq!(each(&outcome, "resumedFrom"), [SIZE, CUT, SIZE, 0]);
    place.has_all_of(CLUSTER);
}

#[test]
fn a_cut_connection_is_gone_on_from_at_once() {
    for delivery in [Delivery::normal().cut_after(CUT), Delivery::normal().reset_after(CUT)] {
        let place = Place::new();
        place.sandbox.deliver("", vec![delivery.clone(), delivery]);
        let outcome = place.fetch(SINGLE, &["-o", "json"]);
        outcome.says(&["node 0: ", "going on in "]);
        // None of it was there before this run.
        assert_eq!(each(&outcome, "resumedFrom"), [0]);
        let ranges = later_ranges(&place);
        assert_eq!(ranges.len(), 2, "{outcome:#?}");
        for (range, condition) in ranges {
            assert!(range.unwrap().starts_with("bytes="));
            assert_eq!(condition, Some(etag(&place)));
        }
        place.has_all_of(SINGLE);
    }
}

#[test]
fn attempts_that_bring_something_are_not_counted() {
    let place = Place::new();
    let cuts = (0..5).map(|_| Delivery::normal().cut_after(50_000)).collect();
    place.sandbox.deliver("", cuts);
    place.fetch(SINGLE, &["--max-attempts", "2"]);
    place.has_all_of(SINGLE);
    assert_eq!(place.fetched().len(), 6);
}

#[test]
fn another_object_of_the_same_size_is_never_spliced() {
    // Between two runs …
    let place = cut_after(CUT);
    place.alter(SINGLE, 0, Alteration::Replace(SIZE));
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    outcome.says(&["note: node 0: the object is not the one it was; starting again"]);
    assert_eq!(each(&outcome, "resumedFrom"), [0]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    place.has_all_of(SINGLE);
    // The second one was answered with 412, which alone proves no change.
    assert_eq!(place.fetched().len(), 3);

    // … and within one, also of other sizes.
    for size in [SIZE, SIZE - 1, SIZE + 1] {
        let place = Place::new();
        let replaced = Delivery::normal().altering(Alteration::Replace(size));
        place
            .sandbox
            .deliver("", vec![Delivery::normal().cut_after(CUT), replaced]);
        let outcome = place.fetch(SINGLE, &["-o", "json"]);
        outcome.says(&["the object is not the one it was; starting again"]);
        assert_eq!(each(&outcome, "bytes"), [size]);
        place.has_all_of(SINGLE);
    }
}

#[test]
fn the_durable_bytes_of_an_object_are_forgotten_when_it_is_replaced() {
    let place = cut_after(CUT);
    place.alter(SINGLE, 0, Alteration::Replace(SIZE));
    // This one is answered with 412.
    place.sandbox.deliver("", vec![Delivery::normal()]);
    cut(&place, CUT / 2);
    let kept: serde_json::Value = serde_json::from_slice(&place.read(&record())).unwrap();
    assert_eq!(kept["durable"], CUT / 2);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [CUT / 2]);
    place.has_all_of(SINGLE);
}

#[test]
fn without_a_strong_tag_nothing_is_resumed() {
    for alteration in [Alteration::WeakETag, Alteration::NoETag] {
        let place = Place::new();
        place.alter(SINGLE, 0, alteration);
        cut(&place, CUT);
        place.sandbox.deliver("", vec![Delivery::normal().cut_after(CUT)]);
        let outcome = place.fetch(SINGLE, &["-o", "json"]);
        outcome.says(&[
            "the part that is there cannot be gone on from; starting again",
            "going on in ",
            "starting again",
        ]);
        assert_eq!(each(&outcome, "resumedFrom"), [0]);
        assert_eq!(later_ranges(&place), [(None, None), (None, None)]);
        place.has_all_of(SINGLE);
    }
}

#[test]
fn a_tag_that_turns_weak_is_not_gone_on_with() {
    for alteration in [Alteration::WeakETag, Alteration::NoETag] {
        let place = cut_after(CUT);
        place.alter(SINGLE, 0, alteration);
        let outcome = place.fetch(SINGLE, &["-o", "json"]);
        outcome.says(&["starting again"]);
        assert_eq!(each(&outcome, "resumedFrom"), [0]);
        place.has_all_of(SINGLE);
    }
}

#[test]
fn an_answer_for_another_range_is_not_taken() {
    let answers = [
        Delivery::normal().starting_later(1),
        Delivery::normal().claiming_range(format!("bytes {}-{}/{SIZE}", CUT - 1, SIZE - 1)),
        Delivery::normal().claiming_range(format!("bytes {CUT}-{SIZE}/{}", SIZE + 1)),
        // Such a part can be right, and one that was not asked for.
        Delivery::normal().claiming_range(format!("bytes {CUT}-{}/{}", SIZE - 2, SIZE - 1)),
    ];
    for delivery in answers {
        let place = cut_after(CUT);
        place.sandbox.deliver("", vec![delivery.clone()]);
        let outcome = place.fetch(SINGLE, &["-o", "json"]);
        outcome.says(&["the storage sent another part than was asked for; starting again"]);
        assert_eq!(each(&outcome, "resumedFrom"), [0]);
        assert_eq!(later_ranges(&place)[1], (None, None), "{delivery:?}");
        place.has_all_of(SINGLE);
    }
}

/// An answer to a request from where [`cut_after`] was cut off on, with these bytes and this tag.
fn rest(tag: &str, bytes: &[u8]) -> Delivery {
    let range = format!("bytes {CUT}-{}/{SIZE}", SIZE - 1);
    let reply = Reply::new(206).header("Content-Range", range).body(bytes);
    Delivery::reply(if tag.is_empty() {
        reply
    } else {
        reply.header("ETag", tag)
    })
}

#[test]
fn a_part_of_another_object_is_not_taken_whatever_the_storage_thinks_of_the_condition() {
    let weak = |place: &Place| format!("W/{}", etag(place));
    let other = |_: &Place| "\"other\"".to_owned();
    let none = |_: &Place| String::new();
    for tag in [&weak as &dyn Fn(&Place) -> String, &other, &none] {
        let place = cut_after(CUT);
        let tag = tag(&place);
        let bytes = vec![7; usize::try_from(SIZE - CUT).unwrap()];
        place.sandbox.deliver("", vec![rest(&tag, &bytes)]);
        let outcome = place.fetch(SINGLE, &["-o", "json"]);
        outcome.says(&["the storage sent another part than was asked for; starting again"]);
        assert!(!outcome.stderr.contains("corrupt"), "{outcome:#?}");
        place.has_all_of(SINGLE);
    }
}

#[test]
fn a_part_that_is_not_as_long_as_it_says_is_not_the_end() {
    let object = cut_after(CUT).sandbox.object(SINGLE.instance, SINGLE.base_id, 0);
    let from = usize::try_from(CUT).unwrap();
    let longer = [&object[from..], b"more"].concat();
    let place = cut_after(CUT);
    place
        .sandbox
        .deliver("", vec![rest(&etag(&place), &object[from..200_000])]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    outcome.says(&[&format!("the connection ended after 200000 of {SIZE} bytes")]);
    assert_eq!(later_ranges(&place)[1].0, Some("bytes=200000-".to_owned()));
    place.has_all_of(SINGLE);

    // Bytes after the agreed ones are not written.
    let place = cut_after(CUT);
    place.sandbox.deliver("", vec![rest(&etag(&place), &longer)]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [CUT]);
    assert_eq!(later_ranges(&place).len(), 1);
    place.has_all_of(SINGLE);
}

#[test]
fn nothing_of_a_longer_part_is_left_behind_a_shorter_object() {
    let place = cut_after(CUT);
    place.alter(SINGLE, 0, Alteration::Replace(CUT / 2));
    place.fetch(SINGLE, &[]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_range_that_makes_no_sense_is_not_taken() {
    for claim in [
        "bytes */300000",
        "bytes 100000-299999/*",
        "lines 100000-299999/300000",
        "bytes 100000-199999/300000",
    ] {
        let place = cut_after(CUT);
        place.sandbox.always_deliver(Delivery::normal().claiming_range(claim));
        // After the second such answer, the file is asked for without a range.
        place.fetch(SINGLE, &[]);
        assert!(place.fetched().len() <= 6, "{claim}");
        let last = place.fetched().pop().unwrap();
        assert!(last.header("range").is_none() || claim.contains("199999"), "{claim}");
        place.has_all_of(SINGLE);
    }
}

#[test]
fn a_storage_that_ignores_ranges_has_the_file_fetched_from_its_start() {
    let place = cut_after(CUT);
    place.sandbox.deliver("", vec![Delivery::normal().ignoring_range()]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    outcome.says(&["note: node 0: the storage does not go on in the middle; starting again"]);
    assert_eq!(each(&outcome, "resumedFrom"), [0]);
    assert_eq!(place.fetched().len(), 2);
    place.has_all_of(SINGLE);
}

#[test]
fn a_range_that_is_not_there_means_that_the_file_is_another() {
    let place = cut_after(CUT);
    place
        .sandbox
        .deliver("", vec![Delivery::error(StorageError::InvalidRange)]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    outcome.says(&["the storage has no such range of bytes; starting again"]);
    assert_eq!(each(&outcome, "resumedFrom"), [0]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_storage_that_never_goes_on_is_given_up() {
    // Every answer is cut at the same byte, and none goes on where another was cut: each brings
    // something, and all of them together bring nothing.
    let cut = Delivery::normal().cut_after(CUT);
    for always in [cut.clone().starting_later(1), cut.ignoring_range()] {
        let place = Place::new();
        place.sandbox.always_deliver(always);
        let outcome = place.run(place.download(SINGLE));
        outcome.data_with(7);
        assert!(place.fetched().len() <= 8, "{} requests", place.fetched().len());
    }
}

#[test]
fn a_part_that_is_all_there_needs_no_request() {
    let place = cut_after(CUT);
    let object = place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0);
    place.write(&part(), object);
    let mut kept: serde_json::Value = serde_json::from_slice(&place.read(&record())).unwrap();
    kept["durable"] = json!(SIZE);
    place.write(&record(), kept.to_string());
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [SIZE]);
    assert_eq!(place.fetched().len(), 1);
    place.has_all_of(SINGLE);
}

#[test]
fn a_download_resumes_only_from_bytes_that_are_certain_to_be_on_the_disk() {
    let place = cut_after(CUT);
    // As after a power cut: the file has its length, and its end was never written.
    let mut bytes = place.read(&part());
    bytes[60_000..].fill(0);
    place.write(&part(), bytes);
    let mut kept: serde_json::Value = serde_json::from_slice(&place.read(&record())).unwrap();
    kept["durable"] = json!(60_000);
    place.write(&record(), kept.to_string());
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [60_000]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    place.has_all_of(SINGLE);
}

#[test]
fn finished_files_are_recognised_and_not_fetched_again() {
    let place = Place::new();
    let first = place.fetch(CLUSTER, &["-o", "json"]);
    let again = place.fetch(CLUSTER, &["-o", "json"]);
    assert_eq!(place.fetched().len(), 4);
    assert_eq!(each(&again, "resumedFrom"), [SIZE; 4]);
    for field in ["node", "path", "bytes", "sha256", "state", "reason"] {
        assert_eq!(each(&again, field), each(&first, field));
    }
    assert_eq!(again.stderr, "");

    // One that is gone is fetched again.
    std::fs::remove_file(place.path(CLUSTER.files[1].1)).unwrap();
    let third = place.fetch(CLUSTER, &["-o", "json"]);
    assert_eq!(each(&third, "resumedFrom"), [SIZE, 0, SIZE, SIZE]);
    place.has_all_of(CLUSTER);
}

#[test]
fn a_finished_file_that_was_changed_is_neither_trusted_nor_touched() {
    let place = Place::new();
    place.fetch(SINGLE, &[]);
    let mut changed = place.read(NAME);
    changed[1000] ^= 1;
    place.write(NAME, &changed);
    let outcome = place.run(place.download(SINGLE).args(["-o", "json"]));
    outcome.data_with(7);
    outcome.says(&["was changed after it was downloaded; --force replaces it"]);
    assert_eq!(place.fetched().len(), 1);
    assert!(place.read(NAME) == changed);

    let outcome = place.fetch(SINGLE, &["--force", "-o", "json"]);
    outcome.says(&["was changed; fetching it again"]);
    assert_eq!(each(&outcome, "resumedFrom"), [0]);
    place.has_all_of(SINGLE);

    // One that has become longer is a file like any other.
    let longer = [place.read(NAME).as_slice(), b"x"].concat();
    place.write(NAME, &longer);
    place.run(place.download(SINGLE)).failure(1);
    assert!(place.read(NAME) == longer);
    place.fetch(SINGLE, &["--force"]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_part_of_another_backup_or_node_is_not_gone_on_from() {
    for (field, other) in [
        ("baseId", "1235"),
        ("instance", "redis-1235"),
        ("region", "cn-south-1"),
        ("node", "node 1"),
    ] {
        let place = cut_after(CUT);
        let mut kept: serde_json::Value = serde_json::from_slice(&place.read(&record())).unwrap();
        assert!(kept[field].is_string(), "{kept}");
        kept[field] = json!(other);
        place.write(&record(), kept.to_string());
        let outcome = place.fetch(SINGLE, &["-o", "json"]);
        outcome.says(&["the part that is there cannot be gone on from; starting again"]);
        assert_eq!(each(&outcome, "resumedFrom"), [0], "{field}");
        assert_eq!(later_ranges(&place), [(None, None)]);
        place.has_all_of(SINGLE);
    }
}

#[test]
fn a_record_that_cannot_be_read_is_the_same_as_none() {
    let cut = cut_after(CUT);
    let good = cut.read(&record());
    for garbage in [
        &b""[..],
        b"\0\0\0\0",
        b"{}",
        b"null",
        &good[..good.len() - 1],
        b"\xff\xfe",
    ] {
        let place = Place::new();
        place.write(&part(), cut.read(&part()));
        place.write(&record(), garbage);
        let outcome = place.fetch(SINGLE, &["-o", "json"]);
        assert_eq!(each(&outcome, "resumedFrom"), [0]);
        place.has_all_of(SINGLE);
    }
}

#[test]
fn a_part_without_a_record_and_a_record_without_a_part_are_started_again() {
    let place = Place::new();
    place.write(&part(), [7; 1000]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    outcome.says(&["cannot be gone on from"]);
    assert_eq!(each(&outcome, "resumedFrom"), [0]);
    place.has_all_of(SINGLE);

    let place = cut_after(CUT);
    std::fs::remove_file(place.path(&part())).unwrap();
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [0]);
    place.has_all_of(SINGLE);

    // A part that is longer than the object is none of it.
    let place = cut_after(CUT);
    place.write(&part(), vec![7; 400_000]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [0]);
    place.has_all_of(SINGLE);
}

#[test]
fn twins_that_change_places_are_not_taken_for_each_other() {
    let place = Place::new();
    place.sandbox.always_deliver(Delivery::normal().cut_after(CUT));
    let run = place.download(TWINS).args(["--max-attempts", "1"]);
    place.run(run).data_with(7);
    place.sandbox.deliver_normally();
    let urls: Vec<_> = [2, 3, 0, 1]
        .map(|i| json!({"name": format!("node {i}"), "link": place.sandbox.link(TWINS.instance, TWINS.base_id, i)}))
        .into();
    let answer = json!({"result": {"downloadUrls": urls}}).to_string();
    place.sandbox.always(Reply::json(200, answer));
    let outcome = place.fetch(TWINS, &["-o", "json"]);
    assert_eq!(each(&outcome, "node"), ["node 2", "node 3", "node 0", "node 1"]);
    // Each has the name that it had, and goes on where it was cut.
    place.has_all_of(TWINS);
    assert_eq!(each(&outcome, "resumedFrom"), [CUT; 4]);
}

#[test]
fn a_record_holds_what_is_needed_to_go_on_and_no_more() {
    let place = cut_after(CUT);
    let kept: serde_json::Value = serde_json::from_slice(&place.read(&record())).unwrap();
    let Backup { instance, base_id, .. } = SINGLE;
    assert_eq!(
        kept,
        json!({
            "region": "cn-north-1", "instance": instance, "baseId": base_id, "node": "node 0",
            "etag": kept["etag"], "length": SIZE, "durable": CUT, "finished": null,
        })
    );
}
