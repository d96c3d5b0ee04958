//! The end of `archive sync` after failures and odd answers: each failure stays with its instance.

use std::fs;

use jdredis_sandbox::{Alteration, Delivery, FleetInstance, Format, Reply};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::each;
use super::fleet::{Fleet, NORTH, SOUTH, names};
use super::runs::runs;
use crate::support::{Jdredis, sandbox_builder};

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
fn a_backup_that_is_said_to_have_no_shards_is_named_for_that() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    let start = OffsetDateTime::now_utc() - Duration::hours(2);
    let list = json!({"requestId": "r", "result": {"totalCount": 1, "backups": [{
        "baseId": "redis-a-2",
        "backupStartTime": start.format(&time::format_description::well_known::Rfc3339).unwrap(),
        "backupStatus": 2,
        "backupShardNum": 0,
    }]}});
    fleet
        .sandbox
        .script_for("/redis-a/backup?", vec![Reply::json(200, list.to_string())]);
    let document = fleet.synced(7, &[]);
    let reason = document["instances"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("1 links for a backup of 0 shards"), "{document}");
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
    // Nor does an answer that is another than that there is no such instance.
    fleet.sandbox.always_for(
        "/cacheInstance/redis-b",
        Reply::error(403, "HTTP_FORBIDDEN", "not authorized"),
    );
    let document = fleet.synced(7, &[]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "incomplete"]);
    let document = fleet.synced(4, &["--instance", "redis-b"]);
    assert_eq!(each(&document, "instances", "state"), ["incomplete"]);
    fleet.sandbox.unscript();
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
fn a_gone_instance_that_never_had_a_backup_is_known_as_gone() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.add(NORTH, "redis-b", &[]);
    fleet.synced(0, &["--max-age", "none"]);
    fleet.sandbox.release_instance(NORTH, "redis-b");
    let document = fleet.synced(0, &[]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "gone"]);
    let status: Value = serde_json::from_str(fleet.status(&["-o", "json"]).data_with(0)).unwrap();
    assert_eq!(each(&status, "instances", "state"), ["fresh", "gone"]);
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
    assert_eq!(runs(&fleet)[0]["failures"][0]["region"], SOUTH);
    let outcome = fleet.sync_of(&both, &["--max-attempts", "1", "--max-age", "1h"]).run();
    outcome.data_before_failure(
        7,
        &[
            "cn-north-1/redis-a: stale",
            "hint: fix the cause named below the message",
        ],
    );

    fleet.sync(&["--instance", "redis-none"]).run().failure(3);
    let found = runs(&fleet);
    assert_eq!(found[2]["failures"][0]["instance"], "redis-none", "{:?}", found[2]);
}

/// Only a signal gives the calls of a sync a time to end in.
#[test]
fn a_service_that_is_slow_for_every_answer_is_waited_for() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet
        .sandbox
        .always(Reply::then_ok(std::time::Duration::from_millis(2500)));
    fleet.sync(&[]).run().data_with(0);
}

#[test]
fn a_single_reason_that_stops_every_instance_gives_the_run_its_exit_code() {
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

#[test]
fn a_difference_that_all_instances_share_is_told_once_and_their_rows_stay_with_quiet() {
    let fleet = Fleet::new();
    for id in ["redis-a", "redis-b", "redis-c"] {
        fleet.add(NORTH, id, &[2]);
        let start = (OffsetDateTime::now_utc() - Duration::hours(2)).to_offset(time::macros::offset!(+8));
        let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
        let start = start.format(format).unwrap();
        let odd = format!(
            r#"{{"requestId":"r","result":{{"backups":[{{"baseId":"{id}-2","backupStartTime":"{start}","backupStatus":2}}],"totalCount":1}}}}"#
        );
        fleet
            .sandbox
            .always_for(&format!("/{id}/backup?"), Reply::json(200, odd));
    }
    let outcome = fleet.sync(&["-q"]).run();
    let rows = outcome.data_saying(&["names no offset from UTC", "; likewise of 2 more instances"]);
    assert_eq!(rows.lines().count(), 4, "{rows}");
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:#?}");
    assert_eq!(fleet.sync(&["-qq", "-o", "plain"]).run().data(), "");
}
