//! What an archive tells: a backup that shrank, metrics, and the record of its runs.

use jdredis_sandbox::Alteration;
use serde_json::Value;

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
