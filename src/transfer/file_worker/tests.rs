use std::io::Write;

use super::*;
use crate::transfer::record::Finished;
use crate::transfer::tests::Scene;

const HOLE: usize = 600 * 1024;

/// An RDB file with a string of zeros, which a file system need not store.
fn rdb() -> Vec<u8> {
    let length = u32::try_from(HOLE).unwrap().to_be_bytes();
    let head = [b"REDIS0011\x00\x01k\x80".as_slice(), &length].concat();
    [head, vec![0; HOLE], vec![255, 0, 0, 0, 0, 0, 0, 0, 0]].concat()
}

fn worker(scene: &Scene) -> FileWorker<'_> {
    FileWorker {
        pool: &scene.pool,
        file: 0,
        folder: &scene.folder,
        paths: scene.folder.paths("file-0"),
    }
}

/// A part with these bytes, of which the zeros are a hole, and what a check finds in `found`.
fn checked(worker: &FileWorker<'_>, bytes: &[u8], found: &[u8]) -> Checked {
    let part = Part::create(&worker.paths.part).unwrap();
    part.write_at(&bytes[..100], 0).unwrap();
    part.write_at(&bytes[bytes.len() - 100..], bytes.len() as u64 - 100)
        .unwrap();
    let mut reader = Reader::new();
    reader.update(found);
    Checked {
        part: Arc::new(part),
        bytes: bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(found)),
        findings: reader.finish(),
        is_length_told: true,
        has_etag: true,
    }
}

/// Saves a record with progress of a file, and returns it.
fn saved(scene: &Scene, worker: &FileWorker<'_>, change: impl FnOnce(&mut Record)) -> Record {
    let record = scene.pool.record(0);
    let mut record = locked(&record);
    (record.etag, record.length, record.durable) = (Some("\"one\"".to_owned()), Some(100), 60);
    change(&mut record);
    record.save(&worker.paths.record).unwrap();
    record.clone()
}

#[test]
fn a_part_that_lost_bytes_is_gone_on_from_with_a_record_that_says_so() {
    let scene = Scene::new(1);
    let mut worker = worker(&scene);
    let record = saved(&scene, &worker, |_| {});
    fs::write(&worker.paths.part, [7; 40]).unwrap();
    worker.prepare().unwrap();
    let on_disk = scene.folder.record(&worker.paths, &record.identity, &record.node);
    assert_eq!(on_disk.unwrap().durable, 40);
    let state = scene.pool.lock();
    let slot = &state.files[0];
    assert_eq!((slot.resumed_from, slot.has_old_bytes), (40, true));
    assert_eq!((&slot.object.etag, slot.object.length), (&record.etag, Some(100)));
}

#[test]
fn a_file_of_which_no_byte_is_there_has_no_old_bytes_and_no_known_object() {
    let scene = Scene::new(1);
    let mut worker = worker(&scene);
    saved(&scene, &worker, |record| record.durable = 0);
    worker.prepare().unwrap();
    assert!(scene.notes().is_empty());
    let state = scene.pool.lock();
    let slot = &state.files[0];
    assert_eq!((slot.resumed_from, slot.has_old_bytes), (0, false));
    assert_eq!((&slot.object.etag, slot.object.length), (&None, None));
}

#[test]
fn a_part_with_holes_gets_its_name_if_its_bytes_are_those_that_were_checked() {
    let scene = Scene::new(1);
    let worker = worker(&scene);
    let rdb = rdb();
    let outcome = worker.keep(checked(&worker, &rdb, &rdb)).unwrap();
    assert!(outcome.state.is_good(), "{outcome:?}");
    assert!(fs::read(&worker.paths.whole).unwrap() == rdb);
}

#[test]
fn a_part_with_holes_where_bytes_were_checked_gets_no_good_name() {
    let scene = Scene::new(1);
    let worker = worker(&scene);
    let rdb = rdb();
    let mut other = rdb.clone();
    other[HOLE / 2] = 1;
    let checked = checked(&worker, &rdb, &other);
    if !checked.part.is_suspect(checked.bytes).unwrap() {
        let _ = writeln!(io::stderr(), "skipped: this file system stores zeros");
        return;
    }
    let outcome = worker.keep(checked).unwrap();
    assert_eq!(outcome.state, FileState::Corrupt);
    assert!(matches!(outcome.reason, Some(Reason::Exchanged)), "{outcome:?}");
    assert!(!worker.paths.whole.exists() && worker.paths.corrupt.exists());
}

#[test]
fn a_part_that_somebody_made_shorter_or_took_away_gets_no_good_name() {
    type Meddle = fn(&Path);
    let shorter: Meddle = |part| {
        File::options()
            .write(true)
            .open(part)
            .unwrap()
            .set_len(300_000)
            .unwrap()
    };
    let gone: Meddle = |part| fs::remove_file(part).unwrap();
    for meddle in [shorter, gone] {
        let scene = Scene::new(1);
        let worker = worker(&scene);
        let checked = checked(&worker, &rdb(), &rdb());
        meddle(&worker.paths.part);
        let outcome = worker.keep(checked).unwrap();
        assert!(matches!(outcome.reason, Some(Reason::Exchanged)), "{outcome:?}");
        assert!(!worker.paths.whole.exists());
    }
}

#[test]
fn a_part_that_cannot_be_set_aside_is_an_error_of_the_disk() {
    let scene = Scene::new(1);
    let worker = worker(&scene);
    let checked = checked(&worker, &rdb(), &rdb());
    fs::remove_file(&worker.paths.part).unwrap();
    fs::write(&worker.paths.part, "somebody's").unwrap();
    fs::create_dir(&worker.paths.corrupt).unwrap();
    let reason = worker.keep(checked).unwrap_err();
    assert!(matches!(reason, Reason::Disk { doing: "written", .. }), "{reason}");
}

#[test]
fn a_name_that_cannot_be_given_is_not_called_taken() {
    let scene = Scene::new(1);
    let worker = worker(&scene);
    let checked = checked(&worker, &rdb(), &rdb());
    fs::create_dir(&worker.paths.whole).unwrap();
    scene.pool.lock().files[0].job.force = true;
    let reason = worker.keep(checked).unwrap_err();
    assert!(matches!(reason, Reason::Disk { doing: "written", .. }), "{reason}");
}

#[test]
fn a_finished_file_that_cannot_be_read_is_not_fetched_in_its_place() {
    let scene = Scene::new(1);
    let mut worker = worker(&scene);
    let sha256 = "5e".repeat(32);
    saved(&scene, &worker, |record| {
        record.finished = Some(Finished { bytes: 100, sha256 })
    });
    assert!(worker.recognise().unwrap().is_none(), "it is gone");
    fs::create_dir(&worker.paths.whole).unwrap();
    let reason = worker.recognise().unwrap_err();
    assert!(matches!(reason, Reason::Disk { doing: "read", .. }), "{reason}");
}

#[test]
fn only_a_part_that_cannot_be_gone_on_from_is_said_to_be_one() {
    let note = "the part that is there cannot be gone on from; starting again";
    for (is_there, is_known, notes) in [(true, true, vec![]), (true, false, vec![note]), (false, true, vec![])] {
        let scene = Scene::new(1);
        let mut worker = worker(&scene);
        if is_known {
            saved(&scene, &worker, |_| {});
        }
        if is_there {
            let part = Part::create(&worker.paths.part).unwrap();
            part.write_at(&[7; 80], 0).unwrap();
        }
        worker.prepare().unwrap();
        assert_eq!(scene.notes(), notes);
        let kept = if is_there && is_known { 60 } else { 0 };
        assert_eq!(scene.pool.lock().files[0].pieces.frontier(), kept);
    }
}

#[test]
fn the_next_run_does_not_go_on_from_a_part_that_is_forgotten() {
    let scene = Scene::new(1);
    let worker = worker(&scene);
    let record = saved(&scene, &worker, |_| {});
    let loaded = || scene.folder.record(&worker.paths, &record.identity, &record.node);
    assert_eq!(loaded().map(|record| record.resumable(80).bytes()), Some(60));
    worker.forget().unwrap();
    assert_eq!(loaded().map(|record| record.resumable(80).bytes()), Some(0));
}

#[test]
fn a_file_that_was_not_begun_counts_what_earlier_runs_left_of_it() {
    let scene = Scene::new(1);
    let worker = worker(&scene);
    saved(&scene, &worker, |_| {});
    let part = Part::create(&worker.paths.part).unwrap();
    part.write_at(&[7; 80], 0).unwrap();
    let outcome = worker.incomplete(Reason::Interrupted);
    assert_eq!((outcome.bytes, outcome.state), (60, FileState::Incomplete));
}
