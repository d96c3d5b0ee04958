//! An archive on its disk: modes, copies, a full disk, a read-only mount.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::each;
use super::fleet::{Fleet, NORTH, backups_in, files_below};
use crate::support::{Jdredis, sandbox_builder};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn modes_follow_those_of_the_folder() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.synced(0, &[]);
    assert_eq!(mode(&fleet.dir()), 0o700, "a folder that sync makes");
    let folder = fleet.backups().remove("redis-a-2").unwrap();
    assert_eq!(mode(&folder), 0o700);
    files_below(&folder)
        .iter()
        .for_each(|file| assert_eq!(mode(file), 0o600, "{}", file.display()));

    for (dir, folder_mode, file_mode) in [(0o750, 0o750, 0o640), (0o2770, 0o2770, 0o660)] {
        let fleet = Fleet::new();
        fleet.add(NORTH, "redis-a", &[2]);
        fs::create_dir(fleet.dir()).unwrap();
        fs::set_permissions(fleet.dir(), fs::Permissions::from_mode(dir)).unwrap();
        fleet.synced(0, &[]);
        assert_eq!(mode(&fleet.dir()), dir);
        let folder = fleet.backups().remove("redis-a-2").unwrap();
        for path in [
            &folder,
            folder.parent().unwrap(),
            folder.parent().unwrap().parent().unwrap(),
        ] {
            assert_eq!(mode(path), folder_mode, "{}", path.display());
        }
        files_below(&folder)
            .iter()
            .for_each(|file| assert_eq!(mode(file), file_mode, "{}", file.display()));
        assert_eq!(mode(&fleet.dir().join(NORTH).join("redis-a/instance.json")), file_mode);
    }
}

#[test]
fn an_archive_that_is_copied_elsewhere_stays_valid() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2, 26]);
    fleet.synced(0, &[]);
    let copy = tempfile::tempdir().unwrap();
    let target = copy.path().join("copy");
    // Without the program's own hidden folder, as a copy by a glob has it.
    fs::create_dir(&target).unwrap();
    let cp = Command::new("cp")
        .arg("-r")
        .arg(fleet.dir().join(NORTH))
        .arg(&target)
        .status();
    assert!(cp.unwrap().success());
    let status = Jdredis::bare()
        .args(["archive", "status", target.to_str().unwrap(), "-o", "json"])
        .run();
    let document: Value = serde_json::from_str(status.data()).unwrap();
    assert_eq!(each(&document, "instances", "state"), ["fresh"]);
    // It is gone on with there.
    fleet.add_backup(NORTH, "redis-a", 1);
    let sync = Jdredis::at(&fleet.sandbox).args([
        "archive",
        "sync",
        target.to_str().unwrap(),
        "--region",
        NORTH,
        "--http",
        "-q",
    ]);
    assert_eq!(sync.run().data(), "");
    assert_eq!(backups_in(&target).len(), 3);
}

#[test]
fn reading_works_where_nothing_can_be_written() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.synced(0, &[]);
    let folders = ["", NORTH, "cn-north-1/redis-a"].map(|folder| fleet.dir().join(folder));
    let set = |mode| {
        folders
            .iter()
            .for_each(|folder| fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap())
    };
    set(0o500);
    let status = fleet.status(&[]);
    let dir = fleet.dir();
    let read = |args: &[&str]| {
        let command = Jdredis::bare().args(["archive", args[0], dir.to_str().unwrap()]);
        command.args(args[1..].iter().copied()).run()
    };
    let others = [read(&["verify"]), read(&["prune", "--keep-last", "1", "--dry-run"])];
    set(0o700);
    status.data();
    // This user may be one whom no mode stops.
    for outcome in others {
        outcome.data_with(0);
    }
}

/// A file system in memory, which is unmounted at the end.
pub(super) struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    pub(super) fn mount(path: &'a Path, options: &str) -> Option<Self> {
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(path)
            .output();
        mount.is_ok_and(|output| output.status.success()).then_some(Self(path))
    }

    pub(super) fn grow(&self, options: &str) {
        let mount = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(self.0)
            .status();
        assert!(mount.unwrap().success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing_and_the_next_run_goes_on() {
    let fleet = Fleet::of(sandbox_builder().object_size(150_000));
    fs::create_dir(fleet.dir()).unwrap();
    let dir = fleet.dir();
    let Some(disk) = SmallDisk::mount(&dir, "size=400k,mode=0700") else {
        return crate::support::say_not_run("a_full_disk", "this user may not mount a file system");
    };
    for number in 0..4 {
        fleet.add(NORTH, &format!("redis-{number}"), &[2]);
    }
    // The plan sees that only some fit.
    let document = fleet.synced(7, &[]);
    let whole = fleet.base_ids().len();
    assert!((1..4).contains(&whole), "{document}");
    fleet.check();
    // If the service tells no size, the full disk ends the run.
    for number in 0..4 {
        let part = format!("/redis-{number}/backup?");
        let start = (time::OffsetDateTime::now_utc() - time::Duration::hours(2)).truncate_to_second();
        let start = start.format(&time::format_description::well_known::Rfc3339).unwrap();
        let unsized_one = format!(
            r#"{{"requestId":"r","result":{{"backups":[{{"baseId":"redis-{number}-2","backupStartTime":"{start}","backupStatus":2}}],"totalCount":1}}}}"#
        );
        fleet
            .sandbox
            .always_for(&part, jdredis_sandbox::Reply::json(200, unsized_one));
    }
    let document = fleet.synced(7, &["--max-attempts", "1"]);
    assert!(each(&document, "instances", "state").contains(&"incomplete".into()));
    fleet.check();
    disk.grow("size=4m");
    fleet.synced(0, &[]);
    fleet.check();
    assert_eq!(fleet.base_ids().len(), 4);
}

#[test]
fn status_works_on_a_read_only_mount() {
    let fleet = Fleet::new();
    fs::create_dir(fleet.dir()).unwrap();
    let dir = fleet.dir();
    let Some(disk) = SmallDisk::mount(&dir, "size=4m,mode=0700") else {
        return crate::support::say_not_run(
            "status_works_on_a_read_only_mount",
            "this user may not mount a file system",
        );
    };
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.synced(0, &[]);
    disk.grow("ro");
    fleet.status(&[]).data();
    fleet.sync(&[]).run().fails_saying(1, &["Read-only file system"]);
}
