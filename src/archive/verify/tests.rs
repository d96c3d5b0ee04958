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
