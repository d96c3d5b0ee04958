//! What `archive sync` fetches, in what order, and how it ends.

use std::fs;

use jdredis_sandbox::{Alteration, Delivery, FleetBackup, FleetInstance, Format, Reply};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::each;
use super::fleet::{Fleet, NORTH, SOUTH, names};
use crate::support::{Jdredis, sandbox_builder};

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
    assert_eq!(document["total"], json!({"instances": 3, "new": 4, "bytes": 120_000}));
    assert_eq!(
        fleet.base_ids(),
        ["redis-a-2", "redis-a-26", "redis-b-3", "redis-cluster-4"]
    );
    fleet.check();
    assert_eq!(names(&fleet.dir()), [".jdredis", NORTH, SOUTH]);

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
    fleet.sandbox.remove_backup(NORTH, "redis-a", "redis-a-56");
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
    // It judges no age.
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
fn only_the_newest_are_taken_where_that_is_asked_for() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[50, 2, 26]);
    fleet.synced(0, &["--newest", "2"]);
    assert_eq!(fleet.base_ids(), ["redis-a-2", "redis-a-26"]);
    fleet.synced(0, &["--newest", "1"]);
    assert_eq!(fleet.base_ids().len(), 2, "what is there stays");
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
    fleet.synced(0, &["--max-age", "2w"]);
}

/// Each way to fail of one instance or its files, and what its row says then.
#[test]
fn one_instance_fails_in_each_way_and_the_others_end_whole() {
    type Fail = fn(&Fleet, &str);
    let ways: &[(&str, Fail, &str)] = &[
        (
            "missing",
            |fleet, id| {
                fleet
                    .sandbox
                    .always_for(&format!("/{id}/backup?"), Reply::error(404, "NOT_FOUND", "gone"))
            },
            "404 NOT_FOUND",
        ),
        (
            "denied",
            |fleet, id| {
                fleet.sandbox.always_for(
                    &format!("/{id}/backup?"),
                    Reply::error(403, "HTTP_FORBIDDEN", "not authorized [IAM]"),
                )
            },
            "403",
        ),
        (
            "broken",
            |fleet, id| {
                fleet
                    .sandbox
                    .always_for(&format!("/{id}/backup?"), Reply::error(500, "INTERNAL", "oops"))
            },
            "500",
        ),
        (
            "html",
            |fleet, id| {
                fleet
                    .sandbox
                    .always_for(&format!("/{id}/backup?"), Reply::new(200).body("<html>"))
            },
            "document",
        ),
        (
            "closed",
            |fleet, id| fleet.sandbox.always_for(&format!("/{id}/backup?"), Reply::close()),
            "broke off",
        ),
        (
            "nolinks",
            |fleet, id| {
                fleet.sandbox.always_for(
                    &format!("/{id}/backup%3A"),
                    Reply::json(200, r#"{"requestId":"r","result":{"downloadUrls":[]}}"#),
                )
            },
            "lists none",
        ),
        (
            "linkless",
            |fleet, id| {
                fleet
                    .sandbox
                    .always_for(&format!("/{id}/backup%3A"), Reply::error(404, "NOT_FOUND", "no files"))
            },
            "404",
        ),
        (
            "corrupt",
            |fleet, id| {
                fleet
                    .sandbox
                    .alter(id, &format!("{id}-2"), 0, &Alteration::FlipBit(9_000))
            },
            "corrupt",
        ),
        (
            "cut",
            |fleet, id| {
                fleet
                    .sandbox
                    .alter(id, &format!("{id}-2"), 0, &Alteration::Truncate(9_000))
            },
            "corrupt",
        ),
        (
            "deleted",
            |fleet, id| fleet.sandbox.alter(id, &format!("{id}-2"), 0, &Alteration::Delete),
            "404",
        ),
        (
            "xml",
            |fleet, id| {
                fleet.sandbox.alter(
                    id,
                    &format!("{id}-2"),
                    0,
                    &Alteration::ReplaceBy(b"<Error><Code>x</Code></Error>".to_vec()),
                )
            },
            "XML",
        ),
        (
            "noise",
            |fleet, id| {
                fleet
                    .sandbox
                    .alter(id, &format!("{id}-2"), 0, &Alteration::Format(Format::Noise))
            },
            "no RDB file",
        ),
        (
            "refused",
            |fleet, id| {
                fleet.sandbox.always_deliver_for(
                    &format!("/{id}/"),
                    Delivery::error(jdredis_sandbox::StorageError::AccessDenied),
                )
            },
            "403",
        ),
    ];
    let fleet = Fleet::new();
    for (way, fail, _) in ways {
        let id = format!("redis-{way}");
        fleet.add(NORTH, &id, &[2]);
        fail(&fleet, &id);
    }
    for id in ["redis-good1", "redis-good2"] {
        fleet.add(NORTH, id, &[2, 26]);
    }
    let document = fleet.synced(7, &["--max-attempts", "1", "--timeout", "5"]);
    let rows = document["instances"].as_array().unwrap();
    for (way, _, reason) in ways {
        let row = rows
            .iter()
            .find(|row| row["instance"] == format!("redis-{way}"))
            .unwrap();
        let expected = if *way == "noise" { "not-rdb" } else { "incomplete" };
        assert_eq!(row["state"], expected, "{row}");
        assert!(row["reason"].as_str().unwrap().contains(reason), "{way}: {row}");
    }
    for id in ["redis-good1", "redis-good2"] {
        let row = rows.iter().find(|row| row["instance"] == id).unwrap();
        assert_eq!((&row["state"], &row["new"]), (&json!("fresh"), &json!(2)));
    }
    fleet.check();
    // Nothing of an error page is kept under any name.
    let whole: Vec<String> = fleet.base_ids();
    assert_eq!(
        whole,
        [
            "redis-good1-2",
            "redis-good1-26",
            "redis-good2-2",
            "redis-good2-26",
            "redis-noise-2"
        ]
    );
    // The archive says the same without the service.
    let status: Value = serde_json::from_str(fleet.status(&["-o", "json"]).data_with(7)).unwrap();
    assert_eq!(status["instances"].as_array().unwrap().len(), rows.len());
    let states = each(&status, "instances", "state");
    assert_eq!(
        states.iter().filter(|state| *state == "incomplete").count(),
        ways.len() - 1
    );
}

#[test]
fn a_file_that_is_no_rdb_file_is_kept_and_named_and_may_be_accepted() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet
        .sandbox
        .alter("redis-a", "redis-a-2", 0, &Alteration::Format(Format::Noise));
    let document = fleet.synced(7, &[]);
    assert_eq!(each(&document, "instances", "state"), ["not-rdb"]);
    fleet.check();
    let manifest = fs::read(fleet.backups()["redis-a-2"].join("backup.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(each(&manifest, "files", "state"), ["not-rdb"]);
    assert_eq!(fleet.status(&[]).code, Some(7));
    let accepted = fleet.sync(&["--accept-unverified", "-q"]).run();
    accepted.data_saying(&["warning: cn-north-1/redis-a: ", "no RDB file"]);
    assert!(
        accepted.stdout.contains("redis-a"),
        "its row stays with -q: {accepted:#?}"
    );
    assert_eq!(fleet.status(&["--accept-unverified"]).code, Some(0));
    assert_eq!(fleet.fetches(""), 1);
}

#[test]
fn a_file_without_a_checksum_needs_no_flag() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.sandbox.alter(
        "redis-a",
        "redis-a-2",
        0,
        &Alteration::Format(Format::RdbWithoutChecksum),
    );
    let document = fleet.synced(0, &[]);
    assert_eq!(each(&document, "instances", "state"), ["fresh"]);
}

#[test]
fn a_missing_shard_is_never_whole() {
    let fleet = Fleet::new();
    fleet.sandbox.put_instance(
        NORTH,
        FleetInstance {
            shards: 2,
            ..FleetInstance::new("redis-a")
        },
    );
    fleet.add_backup(NORTH, "redis-a", 2);
    let link = fleet.sandbox.link("redis-a", "redis-a-2", 0);
    let one = format!(r#"{{"requestId":"r","result":{{"downloadUrls":[{{"name":"node 0","link":"{link}"}}]}}}}"#);
    let twice = format!(
        r#"{{"requestId":"r","result":{{"downloadUrls":[{{"name":"node 0","link":"{link}"}},{{"name":"node 1","link":"{link}"}}]}}}}"#
    );
    for (answer, reason) in [(one, "1 links for a backup of 2 shards"), (twice, "same object")] {
        fleet.sandbox.script_for("backup%3A", vec![Reply::json(200, answer)]);
        let document = fleet.synced(7, &[]);
        assert!(
            document["instances"][0]["reason"].as_str().unwrap().contains(reason),
            "{document}"
        );
        assert_eq!(fleet.base_ids(), [] as [&str; 0]);
    }
    fleet.synced(0, &[]);
    fleet.check();
}

#[test]
fn a_gone_instance_keeps_its_backups_and_is_not_stale() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.add(NORTH, "redis-b", &[24 * 20]);
    fleet.synced(8, &[]);
    fleet.sandbox.release_instance(NORTH, "redis-b");
    // Neither a run with another choice nor an empty list judges.
    fleet.synced(0, &["--instance", "redis-a"]);
    assert_eq!(fleet.status(&[]).code, Some(8));
    fleet.sandbox.script_for(
        "/cacheInstance?",
        vec![Reply::json(
            200,
            r#"{"requestId":"r","result":{"cacheInstances":[],"totalCount":0}}"#,
        )],
    );
    fleet.synced(8, &[]);
    let document = fleet.synced(0, &[]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "gone"]);
    let memory = fs::read(fleet.dir().join(NORTH).join("redis-b/instance.json")).unwrap();
    let memory: Value = serde_json::from_slice(&memory).unwrap();
    assert_eq!(memory["state"], "gone");
    assert!(memory["restorableUntil"].is_string(), "{memory}");
    assert_eq!(fleet.status(&[]).code, Some(0));
    // It comes back.
    fleet.add(NORTH, "redis-b", &[1]);
    let document = fleet.synced(0, &[]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "fresh"]);
}

#[test]
fn a_listed_instance_that_answers_404_is_a_failure() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.add(NORTH, "redis-b", &[2]);
    fleet.synced(0, &[]);
    fleet
        .sandbox
        .always_for("/redis-b", Reply::error(404, "NOT_FOUND", "no such instance"));
    let document = fleet.synced(7, &[]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "incomplete"]);
    fleet.sandbox.unscript();
    fleet.synced(0, &[]);
    assert_eq!(
        fleet.status(&[]).code,
        Some(0),
        "the failure is forgotten once it is asked again"
    );
}

#[test]
fn a_region_that_fails_does_not_stop_the_others() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.add(SOUTH, "redis-b", &[2]);
    fleet.sandbox.always_for(
        &format!("/{SOUTH}/cacheInstance?"),
        Reply::error(500, "INTERNAL", "oops"),
    );
    let both = ["--region", NORTH, "--region", SOUTH];
    let outcome = fleet.sync_of(&both, &["--max-attempts", "1"]).run();
    outcome.data_before_failure(7, &["cn-south-1: its instances could not be listed"]);
    assert_eq!(fleet.base_ids(), ["redis-a-2"]);
}

#[test]
fn where_nothing_can_be_done_for_one_reason_its_code_is_the_runs() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    for (reply, code) in [
        (Reply::error(401, "ACCESS_ERROR", "sign result is not same [gw]"), 4),
        (Reply::error(500, "INTERNAL", "oops"), 6),
        (Reply::close(), 5),
    ] {
        fleet.sandbox.always(reply);
        fleet
            .sync(&["--max-attempts", "1"])
            .run()
            .says(&["nothing could be done: "]);
        assert_eq!(fleet.sync(&["--max-attempts", "1"]).run().code, Some(code));
        fleet.sandbox.unscript();
    }
    let outcome = Jdredis::bare()
        .args(["archive", "sync", fleet.dir().to_str().unwrap(), "--region", NORTH])
        .run();
    outcome.failure(4);
}

#[test]
fn what_does_not_fit_is_named_and_the_rest_is_fetched() {
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
    assert_eq!(
        order,
        ["redis-a-2", "redis-b-30", "redis-a-26", "redis-a-50", "redis-b-54"]
    );
}

#[test]
fn internal_links_are_for_one_region() {
    let fleet = Fleet::new();
    for regions in [&["--region", NORTH, "--region", SOUTH][..], &["--region", "all"]] {
        fleet
            .sync_of(regions, &["--internal"])
            .run()
            .fails_saying(2, &["--internal is for one region"]);
    }
}

#[test]
fn an_odd_entry_costs_that_entry() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    let odd = r#"{"requestId":"r","result":{"cacheInstances":[{"cacheInstanceName":"no id"},{"cacheInstanceId":"../../etc"},{"cacheInstanceId":"redis-a"}],"totalCount":3}}"#;
    fleet.sandbox.always_for("/cacheInstance?", Reply::json(200, odd));
    let outcome = fleet.sync(&[]).run();
    outcome.data_before_failure(7, &["cannot be read"]);
    assert_eq!(fleet.base_ids(), ["redis-a-2"]);
    assert_eq!(names(fleet.dir().parent().unwrap()), ["archive"]);
}

#[test]
fn odd_types_times_and_totals_are_read_as_in_the_lists() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    let start = (OffsetDateTime::now_utc() - Duration::hours(2)).to_offset(time::macros::offset!(+8));
    let start = start
        .format(time::macros::format_description!(
            "[year]-[month]-[day] [hour]:[minute]:[second]"
        ))
        .unwrap();
    let odd = format!(
        r#"{{"requestId":"r","result":{{"backups":[{{"baseId":"redis-a-2","backupStartTime":"{start}","backupStatus":"2","backupSize":"20000.0","backupShardNum":"1"}}],"totalCount":"0"}}}}"#
    );
    fleet.sandbox.always_for("/redis-a/backup?", Reply::json(200, odd));
    let document = fleet.synced(0, &[]);
    assert_eq!(each(&document, "instances", "state"), ["fresh"]);
    let unread = r#"{"requestId":"r","result":{"backups":[{"baseId":"redis-a-2","backupStartTime":"soon","backupStatus":2}],"totalCount":1}}"#;
    let other = Fleet::new();
    other.add(NORTH, "redis-a", &[2]);
    other.sandbox.always_for("/redis-a/backup?", Reply::json(200, unread));
    let document = other.synced(8, &[]);
    assert_eq!(each(&document, "instances", "age"), [Value::Null]);
    assert!(other.backups()["redis-a-2"].ends_with("unknown-redis-a-2"));
}

#[test]
fn too_many_calls_slow_the_run_and_fail_nothing() {
    let fleet = Fleet::of(
        sandbox_builder()
            .object_size(2_000)
            .calls_limit(12, std::time::Duration::from_secs(1)),
    );
    for number in 0..10 {
        fleet.add(NORTH, &format!("redis-{number}"), &[2]);
    }
    let document = fleet.synced(0, &["--max-attempts", "1"]);
    assert_eq!(document["total"]["new"], 10);
}
