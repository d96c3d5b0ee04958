//! What a policy does not count, and what is remembered of what was removed.

use time::macros::datetime;

use super::*;
use crate::archive::layout::{Layout, MEMORY};
use crate::archive::read::tests::kept;

const NOW: OffsetDateTime = datetime!(2026-03-10 12:00 UTC);

fn archived(backups: Vec<Kept>) -> Archived {
    let mut archived = Archived::empty("cn-north-1".parse().unwrap(), "redis-1".parse().unwrap());
    archived.backups = backups;
    archived
}

#[test]
fn what_is_not_counted_says_why() {
    let backup = |start, condition| Kept {
        start,
        condition,
        ..kept(Path::new("a-1"), None)
    };
    let no_rdb = || Condition::NotRdb("x is gzip".to_owned());
    let archived = archived(vec![
        backup(Some(NOW), Condition::Damaged("x is missing".to_owned())),
        backup(Some(NOW), no_rdb()),
        backup(None, no_rdb()),
        backup(None, Condition::Good),
        backup(Some(NOW + Duration::days(2)), no_rdb()),
    ]);
    let reasons = |accepts_unverified| {
        let terms = Terms {
            now: NOW,
            max_age: None,
            accepts_unverified,
        };
        let zone = crate::values::zone::tests::fixed(time::UtcOffset::UTC);
        let decisions = decide(&archived, &Policy::default(), &zone, terms);
        let reasons = decisions.iter().map(|decision| decision.reasons.join(", "));
        reasons.collect::<Vec<_>>()
    };
    let no_rdb = "no RDB file and not counted: x is gzip";
    let unknown = "its start is unknown, so it is not counted";
    let future = "it begins in the future, so it is not counted";
    let damaged = "damaged and not counted: x is missing";
    assert_eq!(reasons(false), [damaged, no_rdb, no_rdb, unknown, no_rdb]);
    assert_eq!(reasons(true), [damaged, "newest good", unknown, unknown, future]);
}

#[test]
fn a_pruned_backup_is_remembered_while_it_is_young_or_offered_and_not_there() {
    let pruned = |base_id: &str, days: Option<i64>| Pruned {
        base_id: base_id.to_owned(),
        start: days.map(|days| NOW - Duration::days(days)),
        at: NOW,
        bytes: None,
        keys: None,
    };
    let mut memory = Memory::new("cn-north-1", "redis-1");
    memory.pruned = vec![
        pruned("there", Some(1)),
        pruned("there-offered", Some(40)),
        pruned("young", Some(1)),
        pruned("unknown", None),
        pruned("old", Some(31)),
        pruned("old-offered", Some(31)),
    ];
    let there = ["there", "there-offered"].map(|id| Kept {
        base_id: id.parse().unwrap(),
        ..kept(Path::new(id), None)
    });
    memory.forget_pruned(&archived(there.into()), |id| id.ends_with("-offered"), NOW);
    let left: Vec<&str> = memory.pruned.iter().map(|pruned| pruned.base_id.as_str()).collect();
    assert_eq!(left, ["young", "unknown", "old-offered"]);
}

#[test]
fn a_backup_that_could_not_be_removed_is_not_remembered_as_pruned() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "a test").unwrap();
    let folder = dir.path().join("cn-north-1/redis-1");
    let backup = |id: &str| Kept {
        base_id: id.parse().unwrap(),
        ..kept(&folder.join(id), None)
    };
    // The second has no folder that could be moved.
    fs::create_dir_all(folder.join("a")).unwrap();
    let mut archived = archived(vec![backup("a"), backup("b"), backup("c")]);
    let failed = store.prune(&mut archived, &[folder.join("a"), folder.join("b")], NOW);
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].path, folder.join("b"));
    let left: Vec<&str> = archived.backups.iter().map(|kept| kept.base_id.as_str()).collect();
    assert_eq!(left, ["b", "c"]);
    let text = fs::read(folder.join(MEMORY)).unwrap();
    let memory = Memory::parse(&text, "cn-north-1", "redis-1").unwrap();
    let pruned: Vec<&str> = memory.pruned.iter().map(|pruned| pruned.base_id.as_str()).collect();
    assert_eq!(pruned, ["a"]);
    assert_eq!(archived.memory, Some(memory));
}

#[test]
fn what_a_killed_prune_left_hidden_is_deleted_by_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let root = Layout::new(dir.path()).pruned_root();
    let hidden = root.join("cn-north-1/redis-1/20210714T073657Z-1234");
    fs::create_dir_all(&hidden).unwrap();
    fs::write(hidden.join("dump-0"), "abc").unwrap();
    Store::open(dir.path(), "a test").unwrap();
    assert!(!root.exists());
}

/// A path below a file is one that the system cannot look at, which is another thing than a missing one.
#[cfg(unix)]
#[test]
fn a_mark_that_cannot_be_looked_at_is_not_taken_for_missing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(marked(&file).is_err());
    assert_eq!(marked(dir.path()).unwrap(), None);
    fs::write(dir.path().join(KEEP), "audit\n").unwrap();
    assert_eq!(marked(dir.path()).unwrap().as_deref(), Some("keep: audit"));
}
