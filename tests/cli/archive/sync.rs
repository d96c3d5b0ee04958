//! `archive sync`: the backups that it fetches, their order, and its end.

use std::fs;

use jdredis_sandbox::{FleetBackup, FleetInstance, Reply};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::each;
use super::fleet::{Fleet, NORTH, SOUTH, names};
use crate::support::Jdredis;

#[test]
fn everything_new_is_fetched_and_a_second_run_only_asks() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2, 26]);
    fleet.add(SOUTH, "redis-b", &[3]);
    fleet.sandbox.put_instance(
        SOUTH,
        FleetInstance {
            shards: 3,
            ..FleetInstance::new("redis-cluster")
        },
    );
    fleet.add_backup(SOUTH, "redis-cluster", 4);
    let both = ["--region", NORTH, "--region", SOUTH];
    let outcome = fleet.sync_of(&both, &["-o", "json"]).run();
    let document: Value = serde_json::from_str(outcome.data_with(0)).unwrap();
    assert_eq!(
        each(&document, "instances", "instance"),
        ["redis-a", "redis-b", "redis-cluster"]
    );
    assert_eq!(each(&document, "instances", "new"), [2, 1, 1]);
    assert_eq!(each(&document, "instances", "bytes"), [40_000, 20_000, 60_000]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "fresh", "fresh"]);
    assert_eq!(
        document["total"],
        json!({"instances": 3, "new": 4, "bytes": 120_000, "pruned": 0})
    );
    assert_eq!(
        fleet.base_ids(),
        ["redis-a-2", "redis-a-26", "redis-b-3", "redis-cluster-4"]
    );
    fleet.check();
    assert_eq!(names(&fleet.dir()), [".jdredis", NORTH, SOUTH, "runs.jsonl"]);

    let manifest = &fleet.backups()["redis-cluster-4"].join("backup.json");
    let manifest: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
    assert_eq!(manifest["formatVersion"], 1);
    assert_eq!(
        (&manifest["region"], &manifest["type"]),
        (&json!(SOUTH), &json!("auto"))
    );
    assert_eq!(
        (&manifest["shards"], &manifest["redisVersion"]),
        (&json!(3), &json!("6.2"))
    );
    assert_eq!(each(&manifest, "files", "node"), ["node 0", "node 1", "node 2"]);
    assert_eq!(each(&manifest, "files", "state"), ["ok", "ok", "ok"]);
    assert!(manifest["files"][0]["keys"].as_u64().unwrap() > 0);

    let before = (fleet.sandbox.calls(), fleet.fetches(""));
    let again = fleet.sync_of(&both, &["-o", "plain"]).run();
    assert_eq!(again.data(), "");
    assert_eq!(fleet.fetches(""), before.1, "nothing is fetched twice");
    assert_eq!(
        fleet.sandbox.calls() - before.0,
        5,
        "a list for each region, and one for each instance"
    );
    assert_eq!(fleet.sync_of(&both, &["-q"]).run().data(), "");
    fleet.add_backup(NORTH, "redis-a", 1);
    let outcome = fleet.sync_of(&both, &[]).run();
    let rows: Vec<&str> = outcome.data_with(0).lines().collect();
    // The size is that of what is new.
    assert!(
        rows[1].contains(" 1    19.5 KiB ") && !rows[2].contains("KiB"),
        "{rows:#?}"
    );
}

#[test]
fn a_missed_night_heals_itself() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[80]);
    fleet.synced(0, &[]);
    for hours in [56, 32, 8] {
        fleet.add_backup(NORTH, "redis-a", hours);
    }
    // The service has dropped what is in the archive already.
    fleet.sandbox.remove_backup(NORTH, "redis-a", "redis-a-80");
    let document = fleet.synced(0, &[]);
    assert_eq!(each(&document, "instances", "new"), [3]);
    assert_eq!(
        fleet.base_ids(),
        ["redis-a-32", "redis-a-56", "redis-a-8", "redis-a-80"]
    );
    let plain = fleet.status(&["-o", "plain"]);
    assert!(plain.data().contains("redis-a-8\n"));
    // What the service drops later stays in the archive, too.
    fleet.sandbox.remove_backup(NORTH, "redis-a", "redis-a-56");
    let document = fleet.synced(0, &[]);
    assert_eq!(each(&document, "instances", "new"), [0]);
    assert_eq!(fleet.base_ids().len(), 4);
}

#[test]
fn a_dry_run_says_what_is_new_and_leaves_no_trace() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2, 300]);
    let document = fleet.synced(0, &["--dry-run"]);
    assert_eq!(each(&document, "instances", "new"), [2]);
    assert_eq!(each(&document, "instances", "bytes"), [40_000]);
    assert!(!fleet.dir().exists());
    assert_eq!(fleet.fetches(""), 0);
    let outcome = fleet.sync(&["--dry-run"]).run();
    outcome.data_saying(&["note: 2 new backups, 39.1 KiB; ", " are free"]);
    let file = fleet.dir().with_extension("txt");
    fs::write(&file, "").unwrap();
    let in_the_way = Jdredis::at(&fleet.sandbox).args(["archive", "sync", file.to_str().unwrap(), "--region", NORTH]);
    in_the_way
        .args(["--dry-run"])
        .run()
        .fails_saying(1, &["give a folder that this user can read"]);
    // It judges no age.
    assert_eq!(document["maxAge"], Value::Null);
    fleet.sandbox.put_instance(NORTH, FleetInstance::new("redis-old"));
    fleet.synced(0, &["--dry-run"]);
}

#[test]
fn instances_are_chosen_by_name_exclusion_pattern_and_tag() {
    let fleet = Fleet::new();
    for (id, name, tag) in [
        ("redis-a", "orders", "prod"),
        ("redis-b", "orders-test", "test"),
        ("redis-c", "carts", "prod"),
    ] {
        let instance = FleetInstance::new(id).tag("env", tag);
        fleet.sandbox.put_instance(
            NORTH,
            FleetInstance {
                name: name.to_owned(),
                ..instance
            },
        );
        fleet.add_backup(NORTH, id, 2);
    }
    let chosen = |args: &[&str]| {
        let document = fleet.synced(0, &[args, &["--dry-run"]].concat());
        let ids = each(&document, "instances", "instance");
        ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(chosen(&[]), ["redis-a", "redis-b", "redis-c"]);
    assert_eq!(chosen(&["--instance", "redis-b"]), ["redis-b"]);
    assert_eq!(
        chosen(&["--instance", "redis-c", "--instance", "redis-a"]),
        ["redis-a", "redis-c"]
    );
    assert_eq!(chosen(&["--exclude", "redis-b"]), ["redis-a", "redis-c"]);
    assert_eq!(chosen(&["--exclude", "orders*"]), ["redis-c"]);
    assert_eq!(chosen(&["--tag", "env=prod"]), ["redis-a", "redis-c"]);
    assert_eq!(
        chosen(&["--tag", "env=prod", "--tag", "env=test", "--exclude", "*-c"]),
        ["redis-a", "redis-b"]
    );
    fleet.sync(&["--tag", "env"]).run().fails_saying(2, &["KEY=VALUE"]);
    fleet
        .sync(&["--instance", "redis-nowhere", "--instance", "redis-a"])
        .run()
        .data_before_failure(3, &["redis-nowhere"]);
}

#[test]
fn the_newest_backups_alone_are_fetched_on_request() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[50, 2, 26]);
    fleet.synced(0, &["--newest", "2"]);
    assert_eq!(fleet.base_ids(), ["redis-a-2", "redis-a-26"]);
    fleet.synced(0, &["--newest", "1"]);
    assert_eq!(fleet.base_ids().len(), 2, "what is there stays");
}

#[test]
fn in_place_of_a_newest_backup_that_is_damaged_in_the_archive_the_one_before_it_is_fetched() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2, 26, 50]);
    let args = ["--newest", "1", "--keep-last", "1"];
    fleet.synced(0, &args);
    let newest = &fleet.backups()["redis-a-2"];
    for name in names(newest).iter().filter(|name| name.starts_with("20")) {
        fs::write(newest.join(name), "short").unwrap();
    }
    let document = fleet.synced(7, &args);
    assert_eq!(each(&document, "instances", "state"), ["damaged"]);
    assert_eq!(fleet.base_ids(), ["redis-a-2", "redis-a-26"]);
}

#[test]
fn running_and_failed_backups_are_not_fetched_and_an_instance_without_any_is_shown() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[30]);
    fleet.add_ended(NORTH, "redis-a", 1, FleetBackup::Running);
    fleet.add_ended(NORTH, "redis-a", 6, FleetBackup::Failure);
    let young = FleetInstance {
        created: OffsetDateTime::now_utc() - Duration::hours(3),
        ..FleetInstance::new("redis-new")
    };
    fleet.sandbox.put_instance(NORTH, young);
    let document = fleet.synced(0, &[]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "none"]);
    fleet.add(NORTH, "redis-bare", &[]);
    let document = fleet.synced(8, &[]);
    assert_eq!(
        each(&document, "instances", "instance"),
        ["redis-a", "redis-bare", "redis-new"]
    );
    let status: Value = serde_json::from_str(fleet.status(&["-o", "json"]).data_with(8)).unwrap();
    assert_eq!(each(&status, "instances", "state"), ["fresh", "none", "none"]);
    let nights = status["instances"][0]["nights"].as_array().unwrap();
    assert_eq!(nights[12..], ["good", "failed"]);
}

#[test]
fn a_stale_backup_ends_with_8_and_json_says_so() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[24 * 9]);
    let outcome = fleet.sync(&["-o", "json"]).run();
    assert_eq!(outcome.code, Some(8));
    let error: Value = serde_json::from_str(outcome.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["kind"], "stale");
    fleet.check();
    assert_eq!(fleet.base_ids(), ["redis-a-216"]);
    fleet.synced(0, &["--max-age", "none"]);
    assert_eq!(fleet.synced(0, &["--max-age", "2w"])["maxAge"], "2w");
    // An ID that no region has outweighs age, and what is not whole outweighs both.
    let with_unknown = ["--instance", "redis-a", "--instance", "redis-nowhere"];
    fleet
        .sync(&with_unknown)
        .run()
        .data_before_failure(3, &["no region that was asked"]);
    fs::remove_file(fleet.backups()["redis-a-216"].join("backup.json")).unwrap();
    fleet
        .sync(&with_unknown)
        .run()
        .data_before_failure(7, &["1 of 1 instances lack"]);
}

#[test]
fn backups_that_do_not_fit_are_named_and_the_rest_is_fetched() {
    // Sizes are what the service says; the files themselves are small.
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.add(NORTH, "redis-b", &[2]);
    let huge = format!(
        r#"{{"requestId":"r","result":{{"backups":[{{"baseId":"redis-b-2","backupStartTime":"2026-01-01T00:00:00Z","backupStatus":2,"backupSize":{}}}],"totalCount":1}}}}"#,
        1_u64 << 60
    );
    fleet.sandbox.always_for("/redis-b/backup?", Reply::json(200, huge));
    let document = fleet.synced(7, &["--max-age", "none"]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "incomplete"]);
    assert!(
        document["instances"][1]["reason"]
            .as_str()
            .unwrap()
            .contains("do not fit"),
        "{document}"
    );
    assert_eq!(fleet.base_ids(), ["redis-a-2"]);
    fleet.synced(7, &["--max-age", "none", "--dry-run"]);
}

#[test]
fn the_newest_of_every_instance_comes_first() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2, 26, 50]);
    fleet.add(NORTH, "redis-b", &[30, 54]);
    fleet.sync(&["--parallel", "1"]).run().data_with(0);
    let requests = fleet.sandbox.requests();
    let order: Vec<String> = requests
        .iter()
        .filter(|request| request.is_for_storage())
        .map(|request| {
            request
                .path()
                .rsplit('/')
                .next()
                .unwrap()
                .split_once('-')
                .unwrap()
                .1
                .trim_end_matches("-0")
                .to_owned()
        })
        .collect();
    // Links are asked for two at a time here, and the one that is answered first goes first.
    let sorted = |part: &[String]| {
        let mut part = part.to_vec();
        part.sort();
        part
    };
    assert_eq!(sorted(&order[..2]), ["redis-a-2", "redis-b-30"]);
    assert_eq!(sorted(&order[2..]), ["redis-a-26", "redis-a-50", "redis-b-54"]);
    assert_ne!(order[4], "redis-a-26");
}

#[test]
fn internal_links_are_for_one_region() {
    let fleet = Fleet::new();
    for regions in [&["--region", NORTH, "--region", SOUTH][..], &["--region", "all"]] {
        fleet
            .sync_of(regions, &["--internal"])
            .run()
            .fails_saying(2, &["--internal is for one region"]);
        assert_eq!(fleet.dir().exists(), regions.contains(&"all"), "it is refused at once");
    }
    fleet.add(NORTH, "redis-a", &[2]);
    let document = fleet.synced(0, &["--internal", "--dry-run"]);
    assert_eq!(each(&document, "instances", "new"), [1]);
}
