//! `archive verify`: what it names, what it remembers, and what it takes first.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use time::Duration;

use super::{Made, each};
use crate::support::{Jdredis, say_not_run};

/// A whole file with a checksum.
const RDB: &[u8] = include_bytes!("../data/types.rdb");

fn verify(dir: &Path, args: &[&str]) -> Jdredis<'static> {
    Jdredis::bare()
        .args(["archive", "verify", dir.to_str().unwrap()])
        .args(args.iter().copied())
}

#[track_caller]
fn verified(dir: &Path, code: i32, args: &[&str]) -> Value {
    let outcome = verify(dir, args).args(["-o", "json"]).run();
    serde_json::from_str(outcome.data_with(code)).unwrap_or_else(|_| panic!("{outcome:#?}"))
}

#[test]
fn a_whole_archive_is_ok_and_status_shows_that_it_was_verified() {
    let made = Made::new();
    made.backup("cn-north-1", "redis-1", "a", Duration::hours(5), RDB);
    made.backup("cn-south-1", "redis-2", "b", Duration::hours(7), RDB);
    let marked = made.backup("cn-south-1", "redis-2", "c", Duration::hours(30), RDB);
    fs::write(marked.join("keep"), "for the audit").unwrap();
    let document = verified(made.dir(), 0, &[]);
    assert_eq!(each(&document, "backups", "state"), ["ok", "ok", "ok"]);
    assert_eq!(
        each(&document, "backups", "checkedBefore"),
        [Value::Null, Value::Null, Value::Null]
    );
    assert_eq!(verify(made.dir(), &["-q"]).run().data(), "");
    let outcome = verify(made.dir(), &["--accept-unverified"]).run();
    assert!(!outcome.stderr.contains("warning"), "{outcome:#?}");
    let rows: Vec<Vec<&str>> = outcome
        .data_with(0)
        .lines()
        .map(|row| row.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[0],
        ["REGION", "INSTANCE", "BASE", "ID", "START", "SIZE", "STATE", "REASON"]
    );
    assert_eq!(rows.len(), 4);
    assert_eq!(
        (&rows[1][..3], &rows[1][rows[1].len() - 2..]),
        (&["cn-north-1", "redis-1", "a"][..], &["ok", "-"][..])
    );
    let status: Value = serde_json::from_str(made.status(&["-o", "json"]).run().data()).unwrap();
    assert_eq!(each(&status, "instances", "verified"), [1, 2]);
    assert!(made.status(&[]).run().data().contains(" 2/2, "));
    // The loss of the dates costs nothing else.
    fs::write(made.dir().join("cn-south-1/redis-2/checks.json"), "{").unwrap();
    let status: Value = serde_json::from_str(made.status(&["-o", "json"]).run().data()).unwrap();
    assert_eq!(each(&status, "instances", "verified"), [1, 0]);
    verified(made.dir(), 0, &["--instance", "redis-2"]);
    verify(made.dir(), &["--instance", "redis-9"])
        .run()
        .fails_saying(3, &["has no instance redis-9"]);
}

#[test]
fn what_is_missing_extra_changed_or_truncated_is_named() {
    let made = Made::new();
    let backup = |base_id: &str| made.backup("cn-north-1", "redis-1", base_id, Duration::hours(5), RDB);
    let mut changed = RDB.to_vec();
    changed[20] ^= 1;
    fs::write(backup("changed").join("dump-0"), &changed).unwrap();
    fs::write(backup("truncated").join("dump-0"), &RDB[..RDB.len() - 1]).unwrap();
    fs::remove_file(backup("missing").join("dump-0")).unwrap();
    fs::remove_file(backup("unsummed").join("SHA256SUMS")).unwrap();
    fs::write(backup("missummed").join("SHA256SUMS"), "x").unwrap();
    fs::write(backup("extra").join("dump-1"), "x").unwrap();
    fs::write(backup("unread").join("backup.json"), "{").unwrap();
    backup("whole");
    let outcome = verify(made.dir(), &["-q"]).run();
    let table = outcome.data_with(7);
    assert!(!table.contains(" whole "), "{table}");
    outcome.says(&[
        "7 of 8 backups are not as they should be",
        "-changed: dump-0 has changed: its SHA-256 is ",
        "-truncated: dump-0 is truncated: it has ",
        "-missing: dump-0 is missing",
        "-unsummed: SHA256SUMS is missing",
        "-missummed: SHA256SUMS is not what backup.json says",
        "-extra: dump-1 is extra",
        "-unread: its backup.json cannot be read",
        "hint: move a damaged backup's folder out of the archive",
    ]);
    let plain = verify(made.dir(), &["-o", "plain"]).run();
    let lines = plain.data_with(7);
    assert_eq!(
        lines.lines().filter(|line| line.starts_with("damaged /")).count(),
        6,
        "{lines}"
    );
    assert_eq!(
        lines.lines().filter(|line| line.starts_with("extra /")).count(),
        1,
        "{lines}"
    );
}

#[test]
fn damage_that_a_verification_found_counts_until_the_backup_is_whole_again() {
    let made = Made::new();
    made.backup("cn-north-1", "redis-1", "a", Duration::hours(30), RDB);
    let folder = made.backup("cn-north-1", "redis-1", "b", Duration::hours(5), RDB);
    let mut changed = RDB.to_vec();
    changed[20] ^= 1;
    fs::write(folder.join("dump-0"), &changed).unwrap();
    assert_eq!(made.status(&[]).run().code, Some(0), "its length is right");
    verified(made.dir(), 7, &[]);
    made.status(&[])
        .run()
        .data_before_failure(7, &["dump-0 has changed", "as its verification on "]);
    // It is not counted as kept.
    let dir = made.dir().to_str().unwrap();
    let prune = Jdredis::bare()
        .args(["archive", "prune", dir, "--keep-last", "1", "-o", "json"])
        .run();
    let document: Value = serde_json::from_str(prune.data_with(0)).unwrap();
    assert_eq!(each(&document, "backups", "action"), ["keep", "keep"]);
    assert_eq!(each(&document, "backups", "reasons")[1], json!(["last"]));
    fs::write(folder.join("dump-0"), RDB).unwrap();
    verified(made.dir(), 0, &[]);
    assert_eq!(made.status(&[]).run().code, Some(0));
}

#[test]
fn a_slice_takes_those_checked_longest_ago_and_at_least_one() {
    let made = Made::new();
    for number in 0..5 {
        made.backup(
            "cn-north-1",
            "redis-1",
            &format!("b{number}"),
            Duration::hours(number),
            RDB,
        );
    }
    let two = (2 * RDB.len() + 1).to_string();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let document = verified(made.dir(), 0, &["--at-most", &two]);
        assert_eq!(each(&document, "backups", "checkedBefore"), [Value::Null, Value::Null]);
        seen.extend(each(&document, "backups", "baseId"));
    }
    let some = verify(made.dir(), &["--at-most", "1", "--instance", "redis-2"]);
    made.backup("cn-north-1", "redis-2", "c0", Duration::hours(1), RDB);
    let outcome = some.run();
    assert!(
        !outcome.stderr.contains("checked later"),
        "all were checked: {outcome:#?}"
    );
    fs::remove_dir_all(made.dir().join("cn-north-1/redis-2")).unwrap();
    let outcome = verify(made.dir(), &["--at-most", "1", "-o", "json"]).run();
    let last: Value = serde_json::from_str(outcome.data_saying(&["note: 1 of 5 backups were checked, "])).unwrap();
    assert_eq!(last["backups"].as_array().unwrap().len(), 1);
    seen.extend(each(&last, "backups", "baseId"));
    seen.sort_by_key(ToString::to_string);
    assert_eq!(seen, ["b0", "b1", "b2", "b3", "b4"]);
    for size in ["0", "-1", "x", "5X", ""] {
        assert_eq!(
            verify(made.dir(), &[&format!("--at-most={size}")]).run().code,
            Some(2),
            "{size}"
        );
    }
}

#[test]
fn files_that_are_no_rdb_files_are_accepted_only_where_that_is_said() {
    let made = Made::new();
    made.backup(
        "cn-north-1",
        "redis-1",
        "a",
        Duration::hours(5),
        b"\x1f\x8b no RDB file",
    );
    let document = verified(made.dir(), 7, &[]);
    assert_eq!(each(&document, "backups", "state"), ["not-rdb"]);
    let outcome = verify(made.dir(), &[]).run();
    outcome.data_before_failure(7, &["hint: look at the file: ", "--accept-unverified takes them"]);
    let outcome = verify(made.dir(), &["--accept-unverified"]).run();
    outcome.data_saying(&["warning: ", "is no RDB file"]);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_read_only_mount_all_that_reads_works_and_verify_says_that_no_dates_are_kept() {
    let made = Made::new();
    made.backup("cn-north-1", "redis-1", "a", Duration::hours(5), RDB);
    let namespace = ["-m", "-rm"].into_iter().find(|flags| {
        let mounts = Command::new("unshare")
            .args([flags, "sh", "-c", "mount --bind /tmp /tmp"])
            .output();
        mounts.is_ok_and(|output| output.status.success())
    });
    let Some(flags) = namespace else {
        return say_not_run("the read-only mount", "this user may not mount");
    };
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
    let dir = made.dir().to_str().unwrap();
    let read_only = |args: &[&str]| {
        let command = Jdredis::bare().args(args.iter().copied());
        command.through(&["unshare", flags, "sh", "-c", script, dir]).run()
    };
    let outcome = read_only(&["archive", "verify", dir]);
    outcome.data_saying(&["warning: the dates of these checks are not kept: "]);
    assert_eq!(read_only(&["archive", "status", dir]).data_with(0).lines().count(), 3);
    assert_eq!(
        read_only(&["archive", "prune", dir, "--keep-last", "1", "--dry-run"]).code,
        Some(0)
    );
    assert_eq!(read_only(&["archive", "prune", dir, "--keep-last", "1"]).code, Some(1));
    assert!(!made.dir().join("cn-north-1/redis-1/checks.json").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_verification_and_what_was_checked_by_then_has_its_date() {
    let made = Made::new();
    made.backup("cn-north-1", "redis-1", "a", Duration::hours(5), RDB);
    // So large that it is not read to its end in time, and without a block on the disk.
    let folder = made.backup("cn-north-1", "redis-1", "b", Duration::hours(30), RDB);
    let bytes = 64_u64 << 30;
    let file = fs::File::options().write(true).open(folder.join("dump-0")).unwrap();
    file.set_len(bytes).unwrap();
    let manifest = fs::read_to_string(folder.join("backup.json")).unwrap();
    let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
    manifest["files"][0]["bytes"] = bytes.into();
    fs::write(folder.join("backup.json"), manifest.to_string()).unwrap();

    let run = verify(made.dir(), &["-o", "json"]).start();
    let has_open = |name: &Path| {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", run.id()))
            .into_iter()
            .flatten()
            .flatten();
        descriptors
            .into_iter()
            .any(|entry| fs::read_link(entry.path()).is_ok_and(|path| path == *name))
    };
    let start = std::time::Instant::now();
    while !has_open(&folder.join("dump-0").canonicalize().unwrap()) {
        assert!(
            start.elapsed() < std::time::Duration::from_secs(20),
            "it does not begin"
        );
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    run.signal("TERM");
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(143), "{outcome:#?}");
    outcome.says(&["interrupted: ", " of 2 backups were checked", "run this again"]);
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let checked = each(&document, "backups", "baseId");
    assert!(!checked.contains(&"b".into()), "{document}");
    // What was checked has its date, and what was not is next.
    let status: Value = serde_json::from_str(&made.status(&["-o", "json"]).run().stdout).unwrap();
    assert_eq!(each(&status, "instances", "verified"), [checked.len()]);
}

#[test]
fn backup_verify_of_a_folder_names_archive_verify() {
    let made = Made::new();
    let dir = made.dir().to_str().unwrap();
    let outcome = Jdredis::bare().args(["backup", "verify", dir]).run();
    outcome.fails_saying(2, &["is a folder", "jdredis archive verify DIR"]);
}
