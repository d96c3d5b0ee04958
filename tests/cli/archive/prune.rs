//! `archive prune`, and `archive sync` with a policy: what goes, what stays, and kills in between.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;

use serde_json::{Value, json};
use time::Duration;
use time::macros::datetime;

use super::fleet::{Fleet, NORTH, backups_in, files_below};
use super::{Made, each};
use crate::support::{Jdredis, Random, say};

fn prune(dir: &Path, args: &[&str]) -> Jdredis<'static> {
    Jdredis::bare()
        .args(["archive", "prune", dir.to_str().unwrap()])
        .args(args.iter().copied())
}

#[track_caller]
fn pruned(dir: &Path, code: i32, args: &[&str]) -> Value {
    let outcome = prune(dir, args).args(["-o", "json"]).run();
    serde_json::from_str(outcome.data_with(code)).unwrap_or_else(|_| panic!("{outcome:#?}"))
}

fn base_ids(dir: &Path) -> Vec<String> {
    backups_in(dir).into_keys().collect()
}

/// An archive with a backup a day of one instance, `d0` being the newest.
fn daily(days: i64) -> Made {
    let made = Made::new();
    for day in 0..days {
        let age = Duration::days(day) + Duration::hours(1);
        made.backup("cn-north-1", "redis-1", &format!("d{day}"), age, b"abc");
    }
    made
}

#[test]
fn a_policy_removes_what_no_rule_keeps_and_a_dry_run_only_says_so() {
    let made = daily(10);
    let dry = prune(made.dir(), &["--keep-last", "3", "--keep-within", "49h", "--dry-run"]).run();
    let table = dry.data_saying(&["7 of 10 backups would go, 21 B; days, weeks and months are those of UTC"]);
    let row = |base_id: &str| table.lines().find(|line| line.contains(base_id)).unwrap();
    assert!(
        row(" d0 ").contains("keep") && row(" d0 ").ends_with("within, last"),
        "{table}"
    );
    assert!(
        row(" d9 ").contains("remove") && row(" d9 ").ends_with("no rule keeps it"),
        "{table}"
    );
    assert_eq!(base_ids(made.dir()).len(), 10);
    assert!(!made.dir().join(".jdredis").exists(), "a dry run leaves no trace");

    let plain = prune(made.dir(), &["--keep-last", "3", "-o", "plain", "--dry-run"]).run();
    assert_eq!(plain.data_with(0).lines().count(), 7);
    let document = pruned(made.dir(), 0, &["--keep-last", "3"]);
    assert_eq!(document["total"], json!({"kept": 3, "removed": 7, "removedBytes": 21}));
    assert_eq!(document["policy"], "--keep-last 3");
    assert_eq!(base_ids(made.dir()), ["d0", "d1", "d2"]);
    assert_eq!(
        files_below(&made.dir().join(".jdredis")).len(),
        2,
        "the lock and its holder"
    );
    let again = pruned(made.dir(), 0, &["--keep-last", "3"]);
    assert_eq!(again["total"]["removed"], 0);
    assert_eq!(prune(made.dir(), &["--keep-last", "3", "-q"]).run().data(), "");
}

#[test]
fn a_policy_without_a_rule_and_odd_numbers_are_usage_errors() {
    let made = daily(2);
    prune(made.dir(), &[]).run().fails_saying(2, &["no --keep flag"]);
    for args in [
        ["--keep-last", "0"],
        ["--keep-daily", "-1"],
        ["--keep-within", "30"],
        ["--keep-within", "30m"],
        ["--keep-weekly", "x"],
    ] {
        assert_eq!(prune(made.dir(), &args).run().code, Some(2), "{args:?}");
    }
    assert_eq!(base_ids(made.dir()).len(), 2);
    let nothing = tempfile::tempdir().unwrap();
    assert_eq!(prune(nothing.path(), &["--keep-last", "1"]).run().code, Some(3));
    let absent = nothing.path().join("absent");
    assert_eq!(prune(&absent, &["--keep-last", "1"]).run().code, Some(1));
    assert!(!absent.exists());
}

#[test]
fn the_days_are_those_of_tz_and_the_output_says_which() {
    let made = daily(1);
    for (zone, text) in [
        ("CST-8", "UTC+08:00 (TZ=CST-8)"),
        ("UTC0", "UTC (TZ=UTC0)"),
        ("XYZ3:30", "UTC-03:30"),
    ] {
        let outcome = prune(made.dir(), &["--keep-daily", "1", "-o", "json", "--dry-run"])
            .env("TZ", zone)
            .run();
        let document: Value = serde_json::from_str(outcome.data_with(0)).unwrap();
        let found = document["zone"].as_str().unwrap();
        assert!(found.starts_with(text), "{found}");
    }
}

#[test]
fn days_are_those_of_a_zone_with_summer_time_across_both_changes_of_the_clock() {
    let made = Made::new();
    let starts = [
        datetime!(2021-10-31 23:30 UTC), // Nov 1, 00:30 +01
        datetime!(2021-10-31 22:30 UTC), // Oct 31, 23:30 +01, after the change
        datetime!(2021-10-30 22:30 UTC), // Oct 31, 00:30 +02, before it
        datetime!(2021-10-30 21:30 UTC), // Oct 30, 23:30 +02
        datetime!(2021-03-28 22:30 UTC), // Mar 29, 00:30 +02
        datetime!(2021-03-28 21:30 UTC), // Mar 28, 23:30 +02, after the change
        datetime!(2021-03-27 23:30 UTC), // Mar 28, 00:30 +01, before it
        datetime!(2021-03-27 22:30 UTC), // Mar 27, 23:30 +01
    ];
    for (number, start) in starts.into_iter().enumerate() {
        // Begun within a second of it, whatever the clock says when the folder is named.
        let age = time::OffsetDateTime::now_utc() - start - Duration::milliseconds(500);
        made.backup("cn-north-1", "redis-1", &format!("b{number}"), age, b"abc");
    }
    // By its rule, so that no zone data are needed.
    for (zone, stay) in [
        ("CET-1CEST,M3.5.0,M10.5.0/3", "b0 b1 b3 b4 b5 b7"),
        ("UTC0", "b0 b2 b4 b6"),
    ] {
        let plan = prune(made.dir(), &["--keep-daily", "9", "-o", "json", "--dry-run"]).env("TZ", zone);
        let document: Value = serde_json::from_str(plan.run().data_with(0)).unwrap();
        let backups = document["backups"].as_array().unwrap().iter();
        let kept: Vec<&str> = backups
            .filter(|backup| backup["action"] == "keep")
            .map(|backup| backup["baseId"].as_str().unwrap())
            .collect();
        assert_eq!(kept.join(" "), stay, "{zone}");
    }
}

#[test]
fn a_sync_with_a_policy_leaves_marked_foreign_and_half_deleted_folders_alone() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2, 26, 50, 74, 98]);
    fleet.synced(0, &[]);
    let folder = |base_id: &str| fleet.backups().remove(base_id).unwrap();
    fs::write(folder("redis-a-98").join("keep"), "for the audit").unwrap();
    fs::write(folder("redis-a-74").join("notes of mine"), "x").unwrap();
    let manifest = folder("redis-a-50").join("backup.json");
    let text = fs::read(&manifest).unwrap();
    fs::remove_file(&manifest).unwrap();
    let document = fleet.synced(7, &["--keep-last", "1"]);
    assert_eq!(each(&document, "instances", "pruned"), [0], "it is not whole");
    assert_eq!(fleet.base_ids().len(), 5);
    fs::write(&manifest, text).unwrap();
    let document = fleet.synced(0, &["--keep-last", "1"]);
    assert_eq!(each(&document, "instances", "pruned"), [2]);
    assert_eq!(fleet.base_ids(), ["redis-a-2", "redis-a-74", "redis-a-98"]);
}

#[test]
fn what_is_damaged_is_neither_counted_nor_removed_and_the_newest_good_stays() {
    let made = daily(5);
    let folder = |base_id: &str| backups_in(made.dir()).remove(base_id).unwrap();
    fs::write(folder("d0").join("dump-0"), "short").unwrap();
    fs::remove_file(folder("d2").join("dump-0")).unwrap();
    let document = pruned(made.dir(), 0, &["--keep-last", "1"]);
    assert_eq!(base_ids(made.dir()), ["d0", "d1", "d2"]);
    let reasons = each(&document, "backups", "reasons");
    assert_eq!(reasons[1], json!(["last"]));
    assert!(
        reasons[0][0]
            .as_str()
            .unwrap()
            .starts_with("damaged and not counted: dump-0 has 5 bytes")
    );
}

#[test]
fn what_cannot_be_removed_is_told_and_written_down_and_stays() {
    let made = daily(3);
    fs::create_dir(made.dir().join(".jdredis")).unwrap();
    fs::write(made.dir().join(".jdredis/pruned"), "in the way").unwrap();
    let outcome = prune(made.dir(), &["--keep-last", "2", "-o", "json"]).run();
    let document: Value = serde_json::from_str(outcome.data_before_failure(1, &["could be removed", "-d2: "])).unwrap();
    assert_eq!(document["total"], json!({"kept": 2, "removed": 0, "removedBytes": 0}));
    assert_eq!(base_ids(made.dir()), ["d0", "d1", "d2"]);
    let record = fs::read_to_string(made.dir().join("runs.jsonl")).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    assert_eq!((&record["code"], &record["pruned"]), (&json!(1), &json!(0)));
    let reason = record["failures"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("-d2: "), "{record}");
}

#[test]
fn others_that_go_after_a_newest_that_shrank_are_warned_of() {
    let made = Made::new();
    for (base_id, days, bytes) in [("d0", 0, 1), ("d1", 1, 100), ("d2", 2, 100)] {
        made.backup(
            "cn-north-1",
            "redis-1",
            base_id,
            Duration::days(days),
            &vec![b'x'; bytes],
        );
    }
    let keep = |count| prune(made.dir(), &["--keep-last", count, "--dry-run"]).run();
    keep("2").data_saying(&[
        "redis-1: its newest backup has only 1 B, ",
        "and 1 of the others would go",
    ]);
    let outcome = keep("3");
    outcome.data_saying(&["0 of 3 backups would go"]);
    assert!(!outcome.stderr.contains("its newest backup"), "{outcome:#?}");
}

#[test]
fn marked_foreign_and_half_deleted_folders_are_left_alone() {
    let made = daily(7);
    let folder = |base_id: &str| backups_in(made.dir()).remove(base_id).unwrap();
    fs::write(folder("d6").join("keep"), "before the migration\nmore\n").unwrap();
    fs::write(folder("d5").join("keep"), "").unwrap();
    fs::write(folder("d4").join("notes of mine"), "x").unwrap();
    fs::remove_file(folder("d3").join("backup.json")).unwrap();
    fs::create_dir(made.dir().join("cn-north-1/redis-1/my-folder")).unwrap();
    fs::create_dir(made.dir().join("cn-north-1/redis-1/20200101T000000Z-empty")).unwrap();
    let document = pruned(made.dir(), 0, &["--keep-last", "1"]);
    assert_eq!(
        base_ids(made.dir()).len(),
        7,
        "five, the one without a name and the empty one"
    );
    assert!(made.dir().join("cn-north-1/redis-1/my-folder").exists());
    let of = |base_id: &str| {
        let backups = document["backups"].as_array().unwrap();
        backups.iter().find(|backup| backup["baseId"] == base_id).unwrap()["reasons"][0].clone()
    };
    assert_eq!(of("d6"), "keep: before the migration");
    assert_eq!(of("d5"), "keep");
    assert_eq!(of("d4"), "notes of mine in it is no part of the backup");
    assert_eq!(
        each(&document, "backups", "action")
            .iter()
            .filter(|action| *action == "remove")
            .count(),
        2
    );
}

#[test]
fn a_backup_of_an_unknown_start_or_of_the_future_stays_and_counts_for_nothing() {
    let made = daily(3);
    made.backup("cn-north-1", "redis-1", "future", -Duration::days(400), b"abc");
    let document = pruned(made.dir(), 0, &["--keep-within", "25h"]);
    assert_eq!(base_ids(made.dir()), ["d0", "d1", "future"]);
    assert!(
        each(&document, "backups", "reasons")[0][0]
            .as_str()
            .unwrap()
            .contains("in the future")
    );
}

#[test]
fn a_prune_that_is_killed_at_any_moment_leaves_only_what_is_whole() {
    let mut random = Random::of_seed_or(7);
    say(&format!("SEED={}", random.seed));
    let mut kills = 0;
    for _ in 0..8 {
        let millis = 3 + random.below(40);
        let made = Made::new();
        for instance in 0..20 {
            for day in 0..15 {
                let id = format!("redis-{instance}");
                made.backup(
                    "cn-north-1",
                    &id,
                    &format!("{id}-d{day}"),
                    Duration::days(day),
                    &[7; 3000],
                );
            }
        }
        let mut run = prune(made.dir(), &["--keep-last", "1", "-q"]).start();
        thread::sleep(std::time::Duration::from_millis(millis));
        kills += usize::from(!run.has_ended());
        run.kill();
        let status = Jdredis::bare()
            .args(["archive", "status", made.dir().to_str().unwrap(), "-o", "json"])
            .run();
        let document: Value = serde_json::from_str(status.data()).unwrap();
        let states: BTreeSet<_> = each(&document, "instances", "state")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(states, BTreeSet::from(["\"fresh\"".to_owned()]));
        for folder in backups_in(made.dir()).into_values() {
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 3, "{}", folder.display());
        }
        pruned(made.dir(), 0, &["--keep-last", "1"]);
        assert_eq!(base_ids(made.dir()).len(), 20);
        assert!(!made.dir().join(".jdredis/pruned").exists());
    }
    assert!(kills > 0, "it was too fast to be killed");
}

#[test]
fn what_was_pruned_is_not_fetched_again_and_what_was_removed_by_hand_is() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2, 26, 50, 74]);
    fleet.synced(0, &[]);
    pruned(&fleet.dir(), 0, &["--keep-last", "2"]);
    assert_eq!(fleet.base_ids(), ["redis-a-2", "redis-a-26"]);
    fs::remove_dir_all(fleet.backups().remove("redis-a-26").unwrap()).unwrap();
    let before = fleet.fetches("");
    let document = fleet.synced(0, &[]);
    assert_eq!(each(&document, "instances", "new"), [1]);
    assert_eq!(fleet.base_ids(), ["redis-a-2", "redis-a-26"]);
    assert!(fleet.fetches("") - before <= 2);
    fleet.check();
    let document: Value = serde_json::from_str(fleet.status(&["-o", "json"]).data()).unwrap();
    let nights = document["instances"][0]["nights"].as_array().unwrap();
    assert_eq!(nights[10..], ["pruned", "pruned", "good", "good"]);
}

#[test]
fn a_sync_with_a_policy_does_not_fetch_what_would_go_and_removes_what_goes() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[26, 50, 74, 98]);
    let document = fleet.synced(0, &["--keep-last", "2"]);
    assert_eq!(each(&document, "instances", "new"), [2]);
    assert_eq!(fleet.base_ids(), ["redis-a-26", "redis-a-50"]);
    fleet.add_backup(NORTH, "redis-a", 2);
    let before = fleet.fetches("redis-a-50");
    let outcome = fleet.sync(&["--keep-last", "2", "-o", "json"]).run();
    let document: Value = serde_json::from_str(outcome.data_saying(&["note: 1 backup is removed; days, "])).unwrap();
    assert_eq!(document["total"]["pruned"], 1);
    assert_eq!(fleet.base_ids(), ["redis-a-2", "redis-a-26"]);
    let outcome = fleet.sync(&["--keep-last", "2"]).run();
    assert!(!outcome.stderr.contains("removed"), "{outcome:#?}");
    fleet.synced(0, &[]);
    assert_eq!(
        fleet.fetches("redis-a-50"),
        before,
        "what was pruned is not fetched again"
    );
    assert_eq!(
        fleet.base_ids().len(),
        4,
        "what was only left out is fetched once no policy leaves it out"
    );
    fleet.check();
}

#[test]
fn a_sync_removes_nothing_of_an_instance_that_it_did_not_leave_fresh_and_whole() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[26, 50]);
    fleet.add(NORTH, "redis-b", &[26, 50]);
    fleet.add(NORTH, "redis-old", &[300, 320]);
    fleet.synced(8, &[]);
    fleet
        .sandbox
        .always_for("/redis-a/backup?", jdredis_sandbox::Reply::new(500));
    let document = fleet.synced(7, &["--keep-last", "1", "--max-attempts", "1"]);
    assert_eq!(each(&document, "instances", "pruned"), [0, 1, 0]);
    assert_eq!(fleet.base_ids().len(), 5);
}

#[test]
fn what_a_policy_left_out_takes_the_place_of_what_could_not_be_fetched() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2, 26, 50, 74]);
    for base_id in ["redis-a-2", "redis-a-26"] {
        fleet
            .sandbox
            .alter("redis-a", base_id, 0, &jdredis_sandbox::Alteration::Delete);
    }
    let document = fleet.synced(7, &["--keep-last", "1", "--max-attempts", "1"]);
    assert_eq!(each(&document, "instances", "state"), ["incomplete"]);
    assert_eq!(fleet.base_ids(), ["redis-a-50"]);
    fleet.add_backup(NORTH, "redis-a", 1);
    fleet.sandbox.remove_backup(NORTH, "redis-a", "redis-a-2");
    fleet.sandbox.remove_backup(NORTH, "redis-a", "redis-a-26");
    fleet.synced(0, &["--keep-last", "1"]);
    assert_eq!(fleet.base_ids(), ["redis-a-1"]);
}
