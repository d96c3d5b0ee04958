//! What reading makes of whole, damaged and foreign folders.

use super::super::manifest::tests::manifest;
use super::*;
use crate::archive::layout::MANIFEST;
use crate::archive::manifest::Manifest;
use crate::file::FileState;

/// Puts the backup of [`manifest`] into an archive; its folder.
fn put(dir: &Path, manifest: &Manifest) -> PathBuf {
    let folder = dir.join("cn-north-1/redis-1234/20210714T073657Z-1234");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(MANIFEST), serde_json::to_vec(manifest).unwrap()).unwrap();
    fs::write(folder.join(&manifest.files[0].name), "abc").unwrap();
    folder
}

/// A good backup in a folder.
pub(in crate::archive) fn kept(path: &Path, fetched_at: Option<OffsetDateTime>) -> Kept {
    Kept {
        path: path.to_owned(),
        base_id: "1".parse().unwrap(),
        start: None,
        condition: Condition::Good,
        bytes: 1,
        keys: None,
        instance_name: None,
        fetched_at,
        check: None,
    }
}

fn condition(dir: &Path) -> Condition {
    let archive = read(dir).unwrap();
    assert_eq!(archive.instances.len(), 1, "{archive:?}");
    archive.instances[0].backups[0].condition.clone()
}

#[test]
fn a_whole_backup_is_good_and_known_by_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), &manifest());
    let archive = read(dir.path()).unwrap();
    let archived = &archive.instances[0];
    assert_eq!(archived.name(), Some("订单"));
    let kept = &archived.backups[0];
    assert_eq!((kept.bytes, kept.keys, &kept.condition), (3, Some(7), &Condition::Good));
    assert_eq!(kept.start, manifest().start);
}

#[test]
fn a_folder_that_was_tampered_with_is_damaged() {
    let damaged = |change: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        change(&put(dir.path(), &manifest()));
        let Condition::Damaged(reason) = condition(dir.path()) else {
            panic!("not damaged")
        };
        reason
    };
    let file = manifest().files[0].name.clone();
    assert_eq!(
        damaged(&|folder| fs::remove_file(folder.join(&file)).unwrap()),
        format!("{file} is missing")
    );
    assert_eq!(
        damaged(&|folder| fs::write(folder.join(&file), "ab").unwrap()),
        format!("{file} has 2 bytes and should have 3")
    );
    assert!(damaged(&|folder| fs::remove_file(folder.join(MANIFEST)).unwrap()).contains("cannot be read"));
    assert!(damaged(&|folder| fs::write(folder.join(MANIFEST), "{").unwrap()).contains("as JSON"));
    for change in [
        |manifest: &mut Manifest| manifest.instance = "redis-2".to_owned(),
        |manifest: &mut Manifest| manifest.base_id = "2".to_owned(),
        |manifest: &mut Manifest| manifest.start = None,
    ] {
        let mut other = manifest();
        change(&mut other);
        let text = serde_json::to_vec(&other).unwrap();
        assert!(damaged(&|folder| fs::write(folder.join(MANIFEST), &text).unwrap()).contains("another backup"));
    }
    let mut corrupt = manifest();
    corrupt.files[0].state = FileState::Corrupt;
    let text = serde_json::to_vec(&corrupt).unwrap();
    assert!(damaged(&|folder| fs::write(folder.join(MANIFEST), &text).unwrap()).contains("recorded as corrupt"));
}

#[test]
fn a_file_that_is_no_rdb_file_is_named_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let mut foreign = manifest();
    foreign.files[0].state = FileState::NotRdb;
    foreign.files[0].reason = Some("it is gzip".to_owned());
    put(dir.path(), &foreign);
    let reason = format!("{} is no RDB file: it is gzip", foreign.files[0].name);
    assert_eq!(condition(dir.path()), Condition::NotRdb(reason));
}

/// The system refuses a name of that length before it looks for it.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_looked_at_is_not_called_missing() {
    let dir = tempfile::tempdir().unwrap();
    let mut long = manifest();
    let folder = put(dir.path(), &long);
    long.files[0].name = "x".repeat(300);
    fs::write(folder.join(MANIFEST), serde_json::to_vec(&long).unwrap()).unwrap();
    let archive = read(dir.path()).unwrap();
    assert_eq!(archive.unreadable.len(), 1);
    assert!(!archive.unreadable[0].reason.contains("is missing"), "{archive:?}");
}

#[test]
fn a_memory_that_cannot_be_read_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let memory = dir.path().join("cn-north-1/redis-1").join(MEMORY);
    fs::create_dir_all(&memory).unwrap();
    let archive = read(dir.path()).unwrap();
    assert_eq!(archive.unreadable.len(), 1);
    assert_eq!(archive.unreadable[0].path, memory);
}

#[test]
fn an_instance_is_known_by_what_its_backups_left() {
    for name in [checks::CHECKS, drills::DRILLS] {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("cn-north-1/redis-1");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), "{}").unwrap();
        assert_eq!(read(dir.path()).unwrap().instances.len(), 1, "{name}");
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = put(dir.path(), &manifest());
    for name in ["a", "b", "c"] {
        fs::write(folder.with_file_name(name), "x").unwrap();
    }
    assert_eq!(read(dir.path()).unwrap().instances.len(), 1);
}

#[test]
fn what_is_damaged_because_it_is_gone_is_away() {
    let dir = tempfile::tempdir().unwrap();
    let damaged = |name: &str| Kept {
        condition: Condition::Damaged(String::new()),
        ..kept(&dir.path().join(name), None)
    };
    fs::create_dir(dir.path().join("there")).unwrap();
    assert!(damaged("gone").is_away() && !damaged("there").is_away());
}

#[cfg(unix)]
#[test]
fn an_instance_that_is_read_anew_is_in_its_own_folder() {
    let read_anew = |dir: &Path| {
        let archive = read_instance(dir, "cn-north-1".parse().unwrap(), "redis-1234".parse().unwrap());
        let reasons: Vec<String> = archive.unreadable.into_iter().map(|part| part.reason).collect();
        (archive.instances.len(), reasons)
    };
    let dir = tempfile::tempdir().unwrap();
    let region = dir.path().join("cn-north-1");
    assert_eq!(read_anew(dir.path()), (0, Vec::new()));
    put(dir.path(), &manifest());
    assert_eq!(read_anew(dir.path()), (1, Vec::new()));
    fs::rename(region.join("redis-1234"), region.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", region.join("redis-1234")).unwrap();
    assert_eq!(read_anew(dir.path()), (0, vec!["it is no folder".to_owned()]));
    fs::remove_dir_all(&region).unwrap();
    fs::write(&region, "").unwrap();
    let (count, reasons) = read_anew(dir.path());
    assert_eq!((count, reasons.len()), (0, 1));
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = put(elsewhere.path(), &manifest());
    fs::create_dir_all(dir.path().join("cn-north-1/redis-1234")).unwrap();
    symlink(&folder, dir.path().join("cn-north-1/redis-1234/20210714T073657Z-1234")).unwrap();
    assert!(matches!(condition(dir.path()), Condition::Damaged(_)));
    symlink(elsewhere.path().join("cn-north-1"), dir.path().join("cn-south-1")).unwrap();
    let archive = read(dir.path()).unwrap();
    assert_eq!(archive.unreadable.len(), 1, "{archive:?}");
    symlink(
        elsewhere.path().join("cn-north-1/redis-1234"),
        dir.path().join("cn-north-1/redis-2"),
    )
    .unwrap();
    let archive = read(dir.path()).unwrap();
    assert_eq!((archive.unreadable.len(), archive.foreign.len()), (2, 0), "{archive:?}");

    // A file that is a link, even to the same bytes.
    let dir = tempfile::tempdir().unwrap();
    let own = put(dir.path(), &manifest());
    let file = own.join(&manifest().files[0].name);
    fs::rename(&file, own.join("one")).unwrap();
    // The length of the link is the file's.
    symlink("one", &file).unwrap();
    assert!(matches!(condition(dir.path()), Condition::Damaged(_)));
}

#[test]
fn foreign_folders_are_named_and_hidden_names_and_files_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    for folder in [
        ".jdredis/work/x",
        "cn-north-1/redis-1/notes of mine",
        "Photos",
        "cn-north-1/a b",
        "cn-north-1/.x",
    ] {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    for file in [
        "runs.jsonl",
        "cn-south-1",
        "cn-north-1/redis-9",
        "cn-north-1/readme",
        "cn-north-1/redis-1/instance.json",
        "cn-north-1/redis-1/20210714T073657Z-1",
    ] {
        fs::write(dir.path().join(file), "x").unwrap();
    }
    let archive = read(dir.path()).unwrap();
    let foreign: Vec<_> = archive
        .foreign
        .iter()
        .map(|path| path.strip_prefix(dir.path()).unwrap())
        .collect();
    assert_eq!(
        foreign,
        ["Photos", "cn-north-1/a b", "cn-north-1/redis-1/notes of mine"].map(Path::new)
    );
    assert_eq!(archive.instances.len(), 1);
    assert!(archive.instances[0].backups.is_empty());
    assert!(archive.unreadable.is_empty(), "{archive:?}");
}
