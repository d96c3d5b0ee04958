//! What a verification makes of backups that change under it, and which of them it takes.

use time::macros::datetime;

use super::*;
use crate::archive::checks::Check;
use crate::archive::manifest::tests::manifest;
use crate::archive::read::Archive;

fn archive(dir: &Path) -> Archive {
    let folder = dir.join("cn-north-1/redis-1234/20210714T073657Z-1234");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(MANIFEST), serde_json::to_vec(&manifest()).unwrap()).unwrap();
    fs::write(folder.join(SUMS), manifest().sums()).unwrap();
    fs::write(folder.join(&manifest().files[0].name), "abc").unwrap();
    read::read(dir).unwrap()
}

fn found(archive: &Archive) -> Vec<Verified> {
    let of = &archive.instances[0];
    let backups: Vec<_> = of.each().collect();
    let mut found = Vec::new();
    run(&backups, &AtomicBool::new(false), |event| {
        if let Event::Done(_, verified) = event {
            found.push(verified);
        }
    });
    found
}

#[test]
fn a_backup_that_was_pruned_meanwhile_is_away_and_not_missing() {
    let dir = tempfile::tempdir().unwrap();
    let archive = archive(dir.path());
    assert!(matches!(
        found(&archive)[..],
        [Verified::Checked(CheckState::NotRdb, _)]
    ));
    let folder = &archive.instances[0].backups[0].path;
    fs::remove_file(folder.join(&manifest().files[0].name)).unwrap();
    assert!(matches!(
        found(&archive)[..],
        [Verified::Checked(CheckState::Damaged, _)]
    ));
    fs::remove_dir_all(folder).unwrap();
    assert_eq!(found(&archive), [Verified::Away]);
}

#[test]
fn a_stopped_run_has_no_results_of_what_it_did_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let archive = archive(dir.path());
    let of = &archive.instances[0];
    let backups: Vec<_> = of.each().collect();
    run(&backups, &AtomicBool::new(true), |event| {
        assert!(!matches!(event, Event::Done(..)), "it was not read");
    });
}

#[test]
fn a_slice_has_the_backups_checked_longest_ago() {
    let dir = tempfile::tempdir().unwrap();
    let mut all: Vec<Archive> = (0..3).map(|_| archive(dir.path())).collect();
    for (archive, day) in all.iter_mut().zip([5, 3, 0]) {
        let backup = &mut archive.instances[0].backups[0];
        let at = datetime!(2026-01-01 00:00 UTC) + time::Duration::days(day);
        backup.check = (day > 0).then(|| Check::new(backup, at, CheckState::Ok, None).unwrap());
    }
    let backups = || -> Vec<ArchivedBackup<'_>> {
        let backups = all.iter().flat_map(|archive| archive.instances[0].each());
        backups.collect()
    };
    let taken_at = |now, at_most| {
        let taken = slice(backups(), at_most, now);
        let days = taken
            .iter()
            .map(|backup| backup.kept.check.as_ref().map_or(0, |check| check.at.day() - 1));
        days.collect::<Vec<_>>()
    };
    let taken = |at_most| taken_at(datetime!(2026-01-08 00:00 UTC), at_most);
    assert_eq!(taken(None), [0, 3, 5]);
    assert_eq!(taken(Some(8)), [0, 3]);
    assert_eq!(taken(Some(6)), [0, 3]);
    assert_eq!(taken(Some(1)), [0], "one at least");
    let before = datetime!(2026-01-04 12:00 UTC);
    assert_eq!(taken_at(before, None), [5, 0, 3], "a date of the future counts as none");
}

#[test]
fn without_a_limit_all_are_taken_whatever_their_manifests_say() {
    let dir = tempfile::tempdir().unwrap();
    let mut archive = archive(dir.path());
    archive.instances[0].backups[0].bytes = u64::MAX;
    let of = &archive.instances[0];
    let backup = of.each().next().unwrap();
    let now = datetime!(2026-01-08 00:00 UTC);
    assert_eq!(slice(vec![backup; 3], None, now).len(), 3);
}

/// The result for a file of the bytes `abc`, which lies in `folder` now, and the positions that were told.
fn read_now(folder: &Path, file: FileEntry) -> (FileResult, Vec<u64>) {
    let job = Job {
        at: (0, 0),
        folder,
        file,
    };
    let positions = std::cell::RefCell::new(Vec::new());
    let note = |bytes| positions.borrow_mut().push(bytes);
    let result = read(&job, &AtomicBool::new(false), &mut Vec::new(), note).unwrap();
    (result, positions.into_inner())
}

#[track_caller]
fn is_damaged(folder: &Path, reason: &str) {
    let FileResult::Flawed(CheckState::Damaged, found) = read_now(folder, manifest().files.remove(0)).0 else {
        panic!("it is not damaged")
    };
    assert!(found.contains(reason), "{found}");
}

#[test]
fn the_reason_says_what_a_file_is_instead() {
    let dir = tempfile::tempdir().unwrap();
    let name = &manifest().files[0].name;
    let path = dir.path().join(name);
    fs::write(&path, "abcd").unwrap();
    is_damaged(dir.path(), "has changed: it has 4 bytes and should have 3");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    is_damaged(dir.path(), "is no file, but a folder");
    fs::remove_dir(&path).unwrap();
    assert!(matches!(
        read_now(dir.path(), manifest().files.remove(0)).0,
        FileResult::Missing(_)
    ));
    // A path below a file is one that the system cannot look at, which is another thing than a missing one.
    fs::write(dir.path().join("file"), "").unwrap();
    #[cfg(unix)]
    is_damaged(&dir.path().join("file"), "cannot be read");
}

#[cfg(unix)]
#[test]
fn a_link_is_no_file_even_to_the_right_bytes() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("one"), "abc").unwrap();
    // The length of the link is the file's.
    std::os::unix::fs::symlink("one", dir.path().join(&manifest().files[0].name)).unwrap();
    is_damaged(dir.path(), "is no file, but a folder, a link or special");
}

#[test]
fn the_position_in_a_large_file_is_told_now_and_then() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = manifest().files.remove(0);
    file.bytes = 2 * STEP + 1;
    let sparse = File::create(dir.path().join(&file.name)).unwrap();
    sparse.set_len(file.bytes).unwrap();
    assert_eq!(read_now(dir.path(), file).1, [0, STEP, 2 * STEP]);
}

#[test]
fn sums_that_cannot_be_read_are_not_called_missing() {
    let dir = tempfile::tempdir().unwrap();
    let archive = archive(dir.path());
    let sums = archive.instances[0].backups[0].path.join(SUMS);
    fs::remove_file(&sums).unwrap();
    fs::create_dir(&sums).unwrap();
    let [Verified::Checked(CheckState::Damaged, reasons)] = &found(&archive)[..] else {
        panic!("it is not damaged")
    };
    assert_eq!(reasons[0], "SHA256SUMS: it is no regular file");
}
