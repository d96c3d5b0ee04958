//! `archive status` of archives made by hand.

use std::fs;
use std::time::Instant;

use serde_json::{Value, json};
use time::Duration;

use super::{Made, each};
use crate::support::Jdredis;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_row_an_instance_and_a_total() {
    let made = Made::new();
    made.backup("cn-north-1", "redis-1", "a", Duration::hours(30), b"abc");
    made.backup("cn-north-1", "redis-1", "b", Duration::hours(5), b"abcd");
    made.backup("cn-south-1", "redis-2", "c", Duration::hours(50), b"abcde");
    let table = made.status(&[]).run();
    let rows: Vec<Vec<&str>> = table
        .data()
        .lines()
        .map(|row| row.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect())
        .collect();
    assert_eq!(
        rows[0],
        [
            "REGION", "INSTANCE", "NAME", "NEWEST", "AGE", "BACKUPS", "SIZE", "KEYS", "VERIFIED", "LOADED", "STATE"
        ]
    );
    assert_eq!(rows[1][..3], ["cn-north-1", "redis-1", "orders"]);
    assert_eq!(rows[1][4..], ["5h", "2", "7 B", "5", "-", "-", "fresh"]);
    assert_eq!(rows[2][4..], ["2d", "1", "5 B", "5", "-", "-", "fresh"]);
    assert_eq!(rows[3], ["total", "2", "-", "-", "-", "3", "12 B", "10", "-", "-", "-"]);

    let document = parsed(made.status(&["-o", "json"]).run().data());
    assert_eq!(document["maxAge"], "8d");
    assert_eq!(each(&document, "instances", "instance"), ["redis-1", "redis-2"]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "fresh"]);
    assert_eq!(each(&document, "instances", "reason"), [Value::Null, Value::Null]);
    let age = document["instances"][0]["age"].as_u64().unwrap();
    assert!((18_000..18_060).contains(&age), "{age}");
    assert_eq!(
        document["total"],
        json!({"instances": 2, "backups": 3, "bytes": 12, "keys": 10})
    );
    let nights = document["instances"][0]["nights"].as_array().unwrap();
    assert_eq!(nights[11..], ["none", "good", "good"]);
}

#[test]
fn plain_is_the_path_of_each_newest_good_folder() {
    let made = Made::new();
    let older = made.backup("cn-north-1", "redis-1", "a", Duration::hours(30), b"abc");
    let newer = made.backup("cn-north-1", "redis-1", "b", Duration::hours(5), b"abcd");
    made.memory("cn-north-1", "redis-2", &json!({}));
    assert_eq!(
        made.status(&["-o", "plain", "--max-age", "none"]).run().data(),
        format!("{}\n", newer.display())
    );
    fs::remove_file(newer.join("dump-0")).unwrap();
    let outcome = made.status(&["-o", "plain", "-q", "--max-age", "none"]).run();
    assert_eq!(outcome.data_with(7), format!("{}\n", older.display()));
    outcome.says(&["cn-north-1/redis-1: damaged, ", "dump-0 is missing"]);
}

#[test]
fn a_stale_backup_ends_with_8_and_damage_with_7() {
    let made = Made::new();
    made.backup("cn-north-1", "redis-1", "a", Duration::days(9), b"abc");
    let outcome = made.status(&["-o", "json"]).run();
    assert_eq!(outcome.code, Some(8));
    let error: Value = parsed(outcome.stderr.lines().last().unwrap());
    assert_eq!(error["error"]["kind"], "stale");
    assert_eq!(each(&parsed(&outcome.stdout), "instances", "state"), ["stale"]);
    assert_eq!(made.status(&["--max-age", "10d"]).run().code, Some(0));
    assert_eq!(made.status(&["--max-age", "none"]).run().code, Some(0));

    let damaged = made.backup("cn-north-1", "redis-2", "b", Duration::hours(1), b"abc");
    fs::write(damaged.join("dump-0"), "abcd").unwrap();
    let outcome = made.status(&[]).run();
    outcome.data_before_failure(
        7,
        &[
            "1 of 2 instances lack",
            "1 of 2 instances have no good backup of at most 8d",
        ],
    );
    outcome.says(&[
        "dump-0 has 4 bytes and should have 3",
        "redis-1: stale, its newest backup is 9 d 0 h old",
    ]);
}

#[test]
fn an_instance_without_a_backup_and_a_gone_one_are_shown() {
    let made = Made::new();
    made.backup("cn-north-1", "redis-gone", "a", Duration::days(90), b"abc");
    made.memory(
        "cn-north-1",
        "redis-gone",
        &json!({"state": "gone", "goneSince": "2026-01-01T00:00:00Z"}),
    );
    made.memory(
        "cn-north-1",
        "redis-new",
        &json!({"name": "new", "createdAt": "2999-01-01T00:00:00Z"}),
    );
    let outcome = made.status(&["-o", "json"]).run();
    let states = |text: &str| each(&parsed(text), "instances", "state");
    assert_eq!(
        states(outcome.data_with(8)),
        ["gone", "none"],
        "a creation in the future is no known age"
    );
    made.memory("cn-north-1", "redis-new", &json!({"createdAt": "2001-01-01T00:00:00Z"}));
    let outcome = made.status(&["-o", "json"]).run();
    assert_eq!(states(outcome.data_with(8)), ["gone", "none"]);
    assert_eq!(made.status(&["--max-age", "none"]).run().code, Some(0));
}

#[test]
fn ages_without_a_unit_or_with_another_one_are_usage_errors() {
    let made = Made::new();
    for age in ["8", "30s", "5m", "0d", "", "-1d", "1y"] {
        let outcome = made.status(&[&format!("--max-age={age}")]).run();
        outcome.fails_saying(2, &["36h, 8d or 2w"]);
    }
}

#[test]
fn quiet_says_nothing_where_all_is_well_and_only_what_is_wrong_elsewhere() {
    let made = Made::new();
    made.backup("cn-north-1", "redis-1", "a", Duration::hours(9), b"abc");
    assert_eq!(made.status(&["-q"]).run().data(), "");
    assert!(made.status(&["-q", "-o", "json"]).run().data().contains("redis-1"));
    made.backup("cn-north-1", "redis-2", "a", Duration::days(9), b"abc");
    let outcome = made.status(&["-q"]).run();
    let rows: Vec<&str> = outcome.data_with(8).lines().collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].starts_with("REGION") && rows[1].contains("redis-2"));
}

#[test]
fn a_folder_without_an_archive_is_no_success() {
    let made = Made::new();
    made.status(&[]).run().data_with(3);
    made.status(&[]).run().says(&["whether the disk is mounted"]);
    let missing = made.dir().join("missing");
    let outcome = Jdredis::bare()
        .args(["archive", "status", missing.to_str().unwrap()])
        .run();
    outcome.fails_saying(1, &["No such file or directory"]);
}

#[test]
fn nothing_is_written_and_no_lock_is_taken() {
    let made = Made::new();
    made.backup("cn-north-1", "redis-1", "a", Duration::hours(9), b"abc");
    made.status(&[]).run().data();
    let names: Vec<_> = fs::read_dir(made.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["cn-north-1"]);
}

#[test]
fn names_that_act_on_a_terminal_are_shown_escaped() {
    let made = Made::new();
    let folder = made.backup("cn-north-1", "redis-1", "a", Duration::hours(9), b"abc");
    let text = fs::read_to_string(folder.join("backup.json")).unwrap();
    fs::write(folder.join("backup.json"), text.replace("orders", "\\u001b[2Jorders")).unwrap();
    let outcome = made.status(&[]).run();
    assert!(!outcome.data().contains('\u{1b}') && outcome.stdout.contains("\\u{1b}[2Jorders"));
}

#[test]
#[ignore = "makes 40,000 files and folders"]
fn ten_thousand_backups_are_told_in_a_second() {
    let made = Made::new();
    for instance in 0..100 {
        for night in 0..100 {
            let age = Duration::hours(24 * night + 1);
            made.backup(
                "cn-north-1",
                &format!("redis-{instance}"),
                &format!("b{night}"),
                age,
                b"abc",
            );
        }
    }
    // The first run may find cold caches; the machine may be busy.
    let best = (0..3).map(|_| {
        let start = Instant::now();
        let outcome = made.status(&["-o", "plain"]).run();
        assert_eq!(outcome.data().lines().count(), 100);
        start.elapsed()
    });
    let best = best.min().unwrap();
    assert!(
        best < std::time::Duration::from_secs(if cfg!(debug_assertions) { 15 } else { 1 }),
        "{best:?}"
    );
}
