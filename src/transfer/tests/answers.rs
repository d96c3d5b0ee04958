//! The first answer of a file: what it takes the place of, and what it does not.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use super::{MIB, Scene, Shared, answer, object, whole};
use crate::process::world::Clock;
use crate::transfer::slot::First;

const OLD: &str = "\"old\"";
const NEW: &str = "\"new\"";

/// Whether requests for pieces of a file are made.
fn has_pieces(scene: &Scene, file: usize) -> bool {
    scene.pool.lock().files[file].has_ranges
}

/// Answers the first request of a file that is there in part with a whole object of this version.
fn change(scene: &Scene, file: usize, etag: &str) {
    let task = scene.next().unwrap();
    assert_eq!(task.file, file);
    scene.answer_first(&task, whole(etag, 3000)).unwrap();
}

#[test]
fn an_object_that_changes_again_and_again_is_fetched_over_one_connection() {
    let scene = Scene::new(1);
    scene.resume(0, OLD, 2000, 1000);
    change(&scene, 0, NEW);
    assert!(has_pieces(&scene, 0), "it may have changed by chance");
    scene.resume(0, NEW, 2000, 1000);
    change(&scene, 0, "\"newest\"");
    assert!(!has_pieces(&scene, 0));
}

#[test]
fn a_storage_whose_objects_all_change_is_not_believed_for_each_of_them() {
    let scene = Scene::new(20);
    for file in 0..20 {
        scene.resume(file, OLD, 2000, 1000);
        change(&scene, file, NEW);
    }
    assert!(has_pieces(&scene, 0) && !has_pieces(&scene, 19));
}

#[test]
fn a_file_begins_anew_where_a_version_or_bytes_of_it_were_known() {
    for (etag, frontier, restarts) in [(Some(OLD), MIB, 1), (Some(OLD), 0, 1), (None, MIB, 1), (None, 0, 0)] {
        let scene = Scene::new(1);
        scene.resume(0, OLD, 2 * MIB, frontier);
        scene.pool.lock().files[0].object.etag = etag.map(str::to_owned);
        change(&scene, 0, NEW);
        let found = scene.pool.lock().files[0].restarts;
        assert_eq!(found, restarts, "{etag:?}, {frontier} bytes");
    }
}

#[test]
fn only_another_version_makes_bytes_progress_that_take_the_place_of_others() {
    let length = ("content-length", "3000");
    for (fields, has_failed) in [(&[length, ("etag", NEW)][..], false), (&[length][..], true)] {
        let scene = Scene::new(1);
        scene.resume(0, OLD, 2 * MIB, MIB);
        {
            let slot = &mut scene.pool.lock().files[0];
            slot.attempts.has(MIB);
            slot.attempts.count(Duration::ZERO, Duration::ZERO);
        }
        scene.clock.sleep(Duration::from_secs(60));
        let task = scene.next().unwrap();
        let answer = answer(200, fields, Cursor::new(object(3000)));
        scene.answer_first(&task, answer).unwrap();
        assert_eq!(scene.pool.lock().files[0].attempts.has_failed(), has_failed);
    }
}

#[test]
fn the_whole_in_answer_to_a_request_for_the_whole_shows_nothing_about_ranges() {
    let scene = Scene::new(1);
    scene.resume(0, OLD, 2 * MIB, MIB);
    scene.pool.lock().files[0].first = Some(First::Plain);
    let task = scene.next().unwrap();
    scene.answer_first(&task, whole(OLD, 2 * MIB)).unwrap();
    assert!(scene.notes().is_empty() && !scene.pool.lock().files[0].refuses_ranges);
}

#[test]
fn a_part_that_another_answer_has_taken_away_is_not_gone_on_with() {
    let scene = Scene::new(1);
    scene.resume(0, OLD, 2000, 1000);
    scene.pool.lock().files[0].part = None;
    let task = scene.next().unwrap();
    scene.answer_first(&task, whole(OLD, 2000)).unwrap();
    let state = scene.pool.lock();
    let slot = &state.files[0];
    assert!(slot.part.is_some() && slot.pieces.is_complete());
}

#[test]
fn no_file_of_another_kind_takes_the_place_of_a_part() {
    let scene = Scene::new(1);
    let part = scene.resume(0, OLD, 2 * MIB, MIB);
    let task = scene.next().unwrap();
    let zip = [b"PK\x03\x04".as_slice(), &[7; 2000]].concat();
    let other = answer(200, &[("etag", NEW), ("content-length", "2004")], Cursor::new(zip));
    let error = scene.answer_first(&task, other).unwrap_err();
    assert!(error.starts_with("final: not an RDB file"), "{error}");
    assert_eq!(scene.pool.lock().files[0].pieces.frontier(), MIB);
    let mut kept = vec![0; usize::try_from(MIB).unwrap()];
    part.read_at(&mut kept, 0).unwrap();
    assert!(kept == object(MIB));
    assert!(part.is_at(&scene.folder.part("file-0"), MIB).unwrap());
}

#[test]
fn a_part_in_answer_to_a_plain_request_counts_as_a_failure() {
    let scene = Scene::new(1);
    scene.begin(0);
    for _ in 0..3 {
        scene.clock.sleep(Duration::from_secs(60));
        let task = scene.next().unwrap();
        let fields = [
            ("etag", NEW),
            ("content-range", "bytes 5-9/10"),
            ("content-length", "5"),
        ];
        let error = scene
            .answer_first(&task, answer(206, &fields, Cursor::new("REDIS")))
            .unwrap_err();
        assert!(error.starts_with("odd: "), "{error}");
    }
    assert!(
        scene.pool.lock().files[0].failed.is_some(),
        "it would come again for ever"
    );
}

#[test]
fn a_part_that_has_all_bytes_needs_no_version() {
    let scene = Scene::new(1);
    scene.begin(0);
    let task = scene.next().unwrap();
    let fields = [("content-range", "bytes 0-99/100"), ("content-length", "100")];
    scene
        .answer_first(&task, answer(206, &fields, Cursor::new(object(100))))
        .unwrap();
    assert!(scene.pool.lock().files[0].pieces.is_complete());
}

#[test]
fn a_note_says_why_bytes_that_are_there_are_fetched_again() {
    let chunked = [("etag", OLD)].as_slice();
    let length = ("content-length", "2097152");
    for (frontier, fields, why) in [
        (MIB, chunked, Some("the storage does not go on in the middle")),
        (MIB, &[("etag", NEW), length], Some("the object is not the one it was")),
        (MIB, &[length], Some("the storage names no version to go on with")),
        (0, &[("etag", NEW), length], None),
    ] {
        let scene = Scene::new(1);
        scene.resume(0, OLD, 2 * MIB, frontier);
        let task = scene.next().unwrap();
        scene
            .answer_first(&task, answer(200, fields, Cursor::new(object(2 * MIB))))
            .unwrap();
        let expected: Vec<String> = why.iter().map(|why| format!("{why}; starting again")).collect();
        assert_eq!(scene.notes(), expected);
    }
}

#[test]
fn the_first_answer_brings_what_no_other_connection_asks_for_and_leaves_the_others_theirs() {
    let scene = Scene::new(1);
    scene.begin(0);
    let task = scene.next().unwrap();
    let pool = Arc::clone(&scene.pool);
    let shared = Shared {
        bytes: Cursor::new(object(12 * MIB)),
        after: 3 * MIB,
        then: Some(Box::new(move || {
            let taken = pool.lock().files[0].pieces.take(2 * MIB, 12 * MIB);
            let (_, range) = taken.expect("there is a piece for it");
            assert_eq!((range.start % MIB, range.end - range.start), (0, 2 * MIB));
        })),
    };
    let length = (12 * MIB).to_string();
    let fields = [
        ("etag", NEW),
        ("accept-ranges", "bytes"),
        ("content-length", length.as_str()),
    ];
    scene.answer_first(&task, answer(200, &fields, shared)).unwrap();
    let state = scene.pool.lock();
    let pieces = &state.files[0].pieces;
    assert_eq!(pieces.frontier(), pieces.present());
    assert!(
        (4 * MIB..12 * MIB).contains(&pieces.frontier()),
        "{}",
        pieces.frontier()
    );
}

#[test]
fn the_first_answer_brings_all_where_nobody_else_asks() {
    let scene = Scene::new(1);
    scene.begin(0);
    let task = scene.next().unwrap();
    scene.answer_first(&task, whole(NEW, 12 * MIB)).unwrap();
    assert!(scene.pool.lock().files[0].pieces.is_complete());
}

#[test]
fn what_an_answer_leaves_out_is_asked_for_in_pieces() {
    let scene = Scene::new(1);
    scene.begin(0);
    let task = scene.next().unwrap();
    let fields = [
        ("etag", NEW),
        ("content-range", "bytes 0-49/100"),
        ("content-length", "50"),
    ];
    let half = answer(206, &fields, Cursor::new(object(50)));
    scene.answer_first(&task, half).unwrap();
    assert_eq!(scene.next().unwrap().range(), Some(50..100));
}

#[test]
fn an_object_whose_length_is_not_told_ends_with_its_answer() {
    let scene = Scene::new(1);
    scene.begin(0);
    let task = scene.next().unwrap();
    let whole = answer(200, &[("etag", NEW)], Cursor::new(object(1000)));
    scene.answer_first(&task, whole).unwrap();
    let state = scene.pool.lock();
    assert_eq!(state.files[0].pieces.length(), Some(1000));
    assert!(state.files[0].pieces.is_complete());
}
