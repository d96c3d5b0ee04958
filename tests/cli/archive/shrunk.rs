//! A backup that shrank: the warning, and what a policy keeps and a sync fetches because of it.

use std::time::Duration;

use jdredis_sandbox::{Alteration, Reply};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::each;
use super::fleet::{Fleet, NORTH};

#[test]
fn a_backup_that_shrank_is_warned_of_and_nothing_is_pruned_after_it() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[26, 50, 74]);
    fleet.add(NORTH, "redis-b", &[26, 50, 74]);
    fleet.synced(0, &[]);
    for instance in ["redis-a", "redis-b"] {
        fleet.add_backup(NORTH, instance, 2);
    }
    fleet
        .sandbox
        .alter("redis-b", "redis-b-2", 0, &Alteration::Replace(2_000));
    let outcome = fleet.sync(&["--keep-last", "1", "-q"]).run();
    let rows: Vec<&str> = outcome.data_with(0).lines().collect();
    assert!(
        rows.len() == 2 && rows[1].contains("redis-b") && rows[1].contains("shrunk"),
        "{rows:?}"
    );
    outcome.says(&[
        "warning: cn-north-1/redis-b: its newest backup has only ",
        "the median of the 3 before it",
    ]);
    assert_eq!(
        fleet.base_ids(),
        ["redis-a-2", "redis-b-2", "redis-b-26", "redis-b-50", "redis-b-74"]
    );
    let status = fleet.status(&["-o", "json"]);
    let document: Value = serde_json::from_str(status.data_saying(&["redis-b: its newest backup"])).unwrap();
    assert_eq!(each(&document, "instances", "state"), ["fresh", "shrunk"]);
    assert!(
        each(&document, "instances", "reason")[1]
            .as_str()
            .unwrap()
            .contains("less than half")
    );
    // It is compared with those that are pruned already, too.
    fleet.add_backup(NORTH, "redis-a", 1);
    fleet
        .sandbox
        .alter("redis-a", "redis-a-1", 0, &Alteration::Replace(2_000));
    fleet
        .sync(&["--keep-last", "1"])
        .run()
        .says(&["redis-a: its newest", "the median of the 4 before it"]);
    assert!(fleet.base_ids().contains(&"redis-a-2".to_owned()));
    fleet.check();
}

#[test]
fn backups_that_a_policy_leaves_out_are_fetched_where_the_service_shows_that_the_newest_shrank() {
    for (newest_size, fetched) in [(20_000, 1), (1_000, 4)] {
        let fleet = Fleet::new();
        fleet.add(NORTH, "redis-a", &[2, 26, 50, 74]);
        let entry = |hours: i64| {
            let start =
                (OffsetDateTime::now_utc() - Duration::from_secs(3600 * hours.unsigned_abs())).truncate_to_second();
            json!({"baseId": format!("redis-a-{hours}"), "backupStatus": 2, "backupShardNum": 1,
                   "backupStartTime": start.format(&Rfc3339).unwrap(),
                   "backupSize": if hours == 2 { newest_size } else { 20_000 }})
        };
        let backups = [2, 26, 50, 74].map(entry);
        let list = json!({"requestId": "r", "result": {"backups": backups, "totalCount": 4}});
        fleet
            .sandbox
            .always_for("/redis-a/backup?", Reply::json(200, list.to_string()));
        fleet
            .sandbox
            .alter("redis-a", "redis-a-2", 0, &Alteration::Replace(newest_size));
        fleet.synced(0, &["--keep-last", "1"]);
        assert_eq!(fleet.base_ids().len(), fetched, "{newest_size}");
    }
}
