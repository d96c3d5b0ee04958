//! The contents of a file decide its state.

use jdredis_sandbox::{Alteration, Delivery, Format, Reply};

use super::{CLUSTER, NAME, Place, SINGLE, SIZE, each};

fn corrupt() -> String {
    format!("{NAME}.corrupt")
}

#[test]
fn a_damaged_file_gets_a_name_that_says_so() {
    let place = Place::new();
    place.alter(SINGLE, 0, Alteration::FlipBit(150_000));
    let outcome = place.run(place.download(SINGLE).args(["-o", "json"]));
    outcome.data_with(7);
    outcome.says(&[
        "the file is not whole",
        "the checksum written is ",
        ".corrupt",
        "fetches what is corrupt anew",
    ]);
    assert_eq!(each(&outcome, "state"), ["corrupt"]);
    assert_eq!(each(&outcome, "bytes"), [SIZE]);
    assert_eq!(each(&outcome, "path"), [place.path(&corrupt()).to_str().unwrap()]);
    let sha256 = place.sandbox.object_sha256(SINGLE.instance, SINGLE.base_id, 0);
    assert_eq!(each(&outcome, "sha256"), [sha256]);
    assert_eq!(place.names(), [corrupt()]);
    // It came whole, so the storage would send the same again.
    assert_eq!(place.fetched().len(), 1);

    // Every run tries anew, and replaces it by what it gets.
    let plain = place.run(place.download(SINGLE).args(["-o", "plain"]));
    assert_eq!(plain.data_with(7), "");
    assert_eq!(place.fetched().len(), 2);
    assert_eq!(place.fetched()[1].header("range"), None);
    place.alter(SINGLE, 0, Alteration::Replace(SIZE));
    place.fetch(SINGLE, &[]);
    assert!(place.read(NAME) == place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0));
}

#[test]
fn a_shortened_file_is_corrupt_whatever_its_length_says() {
    for (length, state) in [
        (0, "corrupt"),
        // So little is not known to be of an RDB file.
        (5, "not-rdb"),
        (9, "corrupt"),
        (17, "corrupt"),
        (SIZE - 9, "corrupt"),
        (SIZE - 1, "corrupt"),
    ] {
        let place = Place::new();
        place.alter(SINGLE, 0, Alteration::Truncate(length));
        let outcome = place.run(place.download(SINGLE).args(["-o", "json"]));
        outcome.data_with(7);
        assert_eq!(each(&outcome, "state"), [state], "{length}");
        assert_eq!(place.names(), [corrupt()]);
    }
}

#[test]
fn a_file_with_more_after_its_end_is_corrupt() {
    let place = Place::new();
    let mut longer = place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0);
    longer.push(0);
    place.alter(SINGLE, 0, Alteration::ReplaceBy(longer));
    let outcome = place.run(place.download(SINGLE));
    outcome.data_with(7);
    // The storage would send the same again.
    outcome.says(&["1 byte follows (zeros)", &format!("head -c {SIZE} "), "> whole.rdb"]);
    assert!(!outcome.stderr.contains("run this again"), "{outcome:#?}");
}

#[test]
fn a_file_without_a_checksum_is_kept_with_a_warning() {
    let place = Place::new();
    place.alter(SINGLE, 0, Alteration::Format(Format::RdbWithoutChecksum));
    let reason = "written without a checksum; structure whole to the last byte, contents unchecked";
    let warning = format!("warning: {} is unverified: {reason}\n", place.path(NAME).display());
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(outcome.stderr, warning);
    assert_eq!(each(&outcome, "state"), ["unverified"]);
    assert_eq!(each(&outcome, "reason"), [reason]);
    place.has_all_of(SINGLE);

    // It is still so when it is recognised, and its path is data.
    let plain = place.fetch(SINGLE, &["-o", "plain"]);
    assert_eq!(plain.stderr, warning);
    assert_eq!(plain.stdout, format!("{}\n", place.path(NAME).display()));
    assert_eq!(place.fetched().len(), 1);
    let quiet = place.fetch(SINGLE, &["-q", "-o", "plain"]);
    assert_eq!(quiet.data_saying(&[&warning]), plain.stdout);
    let silent = place.fetch(SINGLE, &["-qq", "-o", "plain"]);
    assert_eq!(silent.data(), plain.stdout);
}

#[test]
fn a_file_that_is_no_rdb_file_is_set_aside() {
    let place = Place::new();
    place.alter(SINGLE, 0, Alteration::ReplaceBy(b"\x1f\x8b\x08 and more".to_vec()));
    // In the first run and in the second.
    for _ in 0..2 {
        let outcome = place.run(place.download(SINGLE).args(["-q", "-o", "json"]));
        outcome.data_with(7);
        assert_eq!(each(&outcome, "state"), ["not-rdb"]);
        assert_eq!(each(&outcome, "reason"), ["not an RDB file: gzip data"]);
        outcome.says(&["not-rdb, not an RDB file: gzip data", "gunzip -c"]);
        assert_eq!(place.names(), [corrupt()]);
    }
}

#[test]
fn a_page_or_an_error_that_comes_as_the_file_is_quoted_and_not_kept() {
    for (body, kind) in [
        (
            "<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>Gone.</Message></Error>",
            "an XML document",
        ),
        ("<!DOCTYPE html><title>Log in</title>", "an HTML document"),
        ("{\"error\": \"no\"}", "JSON text"),
    ] {
        for reply in [Reply::new(200).body(body), Reply::new(200).body(body).until_close()] {
            let place = Place::new();
            place
                .sandbox
                .always_deliver(Delivery::reply(reply.header("ETag", "\"e\"")));
            for _ in 0..2 {
                let outcome = place.run(place.download(SINGLE).args(["-o", "json"]));
                outcome.data_with(7);
                assert_eq!(each(&outcome, "state"), ["not-rdb"]);
                outcome.says(&[&format!("not an RDB file: {kind}")]);
                assert!(place.names().is_empty(), "{:?}", place.names());
            }
        }
    }
}

#[test]
fn an_encoded_answer_is_refused_in_words_and_never_kept() {
    let object = Place::new().sandbox.object(SINGLE.instance, SINGLE.base_id, 0);
    for encoding in ["gzip", "deflate", "br", "zstd", "GZIP"] {
        let place = Place::new();
        let reply = Reply::new(200)
            .header("ETag", "\"e\"")
            .header("Content-Encoding", encoding);
        place
            .sandbox
            .always_deliver(Delivery::reply(reply.body(object.clone())));
        for _ in 0..2 {
            let outcome = place.run(place.download(SINGLE));
            outcome.data_with(7);
            outcome.says(&[&format!("the bytes came encoded ({encoding})")]);
            assert!(place.names().is_empty(), "{:?}", place.names());
        }
    }
    for encoding in ["identity", "", "aws-chunked"] {
        let place = Place::new();
        let reply = Reply::new(200)
            .header("ETag", "\"e\"")
            .header("Content-Encoding", encoding);
        place
            .sandbox
            .always_deliver(Delivery::reply(reply.body(object.clone())));
        place.fetch(SINGLE, &[]);
        place.has_all_of(SINGLE);
    }
}

#[test]
fn valkeys_files_are_as_good() {
    let place = Place::new();
    place.alter(SINGLE, 0, Alteration::Format(Format::Valkey));
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    outcome.data();
}

#[test]
fn each_file_is_judged_on_its_own() {
    let place = Place::new();
    place.alter(CLUSTER, 1, Alteration::FlipBit(1000));
    place.alter(CLUSTER, 2, Alteration::Format(Format::Noise));
    place.alter(CLUSTER, 3, Alteration::Delete);
    let outcome = place.run(place.download(CLUSTER).args(["-o", "json"]));
    outcome.data_with(7);
    assert_eq!(each(&outcome, "state"), ["ok", "corrupt", "not-rdb", "incomplete"]);
    outcome.says(&["3 of 4 files are not whole"]);
}

#[test]
fn damage_on_the_disk_is_mended_by_fetching_once_more() {
    let place = Place::new();
    place.sandbox.deliver("", vec![Delivery::normal().cut_after(100_000)]);
    place
        .run(place.download(SINGLE).args(["--max-attempts", "1"]))
        .data_with(7);
    let part = format!("{NAME}.part");
    let mut bytes = place.read(&part);
    bytes[50_000] ^= 1;
    place.write(&part, bytes);

    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    outcome.says(&["note: node 0: the file is corrupt; fetching it once more from the start"]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    assert_eq!(each(&outcome, "resumedFrom"), [0]);
    let starts: Vec<_> = place
        .fetched()
        .iter()
        .map(|request| request.header("range").map(str::to_owned))
        .collect();
    assert_eq!(starts, [None, Some("bytes=100000-".to_owned()), None]);
    place.has_all_of(SINGLE);
}

/// Leaves the first bytes of the object in the part, and changes them or the object. The next run cannot go on with them,
/// and gets the object over connections that break again and again, each after some bytes.
fn begun_anew_over_breaking_connections(change: impl Fn(&Place), note: &str) {
    let place = Place::new();
    place.sandbox.deliver("", vec![Delivery::normal().cut_after(250_000)]);
    place
        .run(place.download(SINGLE).args(["--max-attempts", "1"]))
        .data_with(7);
    change(&place);
    let breaking = vec![Delivery::normal().cut_after(40_000); 3];
    let first = vec![Delivery::normal()];
    place.sandbox.deliver("", [first, breaking].concat());
    let outcome = place.fetch(SINGLE, &["-o", "json", "--max-attempts", "2"]);
    outcome.says(&[note]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    assert_eq!(each(&outcome, "resumedFrom"), [0]);
    place.has_all_of(SINGLE);
}

#[test]
fn bytes_that_come_in_place_of_damaged_ones_are_progress() {
    let damage = |place: &Place| {
        let part = format!("{NAME}.part");
        let mut bytes = place.read(&part);
        bytes[50_000] ^= 1;
        place.write(&part, bytes);
    };
    begun_anew_over_breaking_connections(damage, "the file is corrupt");
}

#[test]
fn bytes_of_an_object_that_replaced_another_are_progress() {
    let replace = |place: &Place| place.alter(SINGLE, 0, Alteration::Replace(SIZE));
    begun_anew_over_breaking_connections(replace, "the object is not the one it was");
}

#[test]
fn damage_on_the_disk_to_a_file_without_a_checksum_is_mended_where_the_structure_shows_it() {
    let place = Place::new();
    place.alter(SINGLE, 0, Alteration::Format(Format::RdbWithoutChecksum));
    place.sandbox.deliver("", vec![Delivery::normal().cut_after(200_000)]);
    place
        .run(place.download(SINGLE).args(["--max-attempts", "1"]))
        .data_with(7);
    let part = format!("{NAME}.part");
    let mut bytes = place.read(&part);
    // An entry begins there, and no entry has such a type.
    bytes[60_000..140_000].fill(200);
    place.write(&part, bytes);

    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    outcome.says(&["the file has no checksum and is not understood; fetching it once more from the start"]);
    assert_eq!(each(&outcome, "state"), ["unverified"]);
    place.has_all_of(SINGLE);
}

#[test]
fn an_object_that_is_damaged_itself_is_fetched_once_more_and_not_for_ever() {
    let place = Place::new();
    place.alter(SINGLE, 0, Alteration::FlipBit(200_000));
    place.sandbox.deliver("", vec![Delivery::normal().cut_after(100_000)]);
    place
        .run(place.download(SINGLE).args(["--max-attempts", "1"]))
        .data_with(7);
    let outcome = place.run(place.download(SINGLE).args(["-o", "json"]));
    outcome.data_with(7);
    assert_eq!(each(&outcome, "state"), ["corrupt"]);
    assert_eq!(place.fetched().len(), 3);
    assert_eq!(place.names(), [corrupt()]);
}
