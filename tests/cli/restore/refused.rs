//! What is refused before anything is sent that changes something.

use jdredis_sandbox::Reply;
use serde_json::{Value, json};

use super::{CONFIRMED, RESTORE, changes, instance, restore};
use crate::support::{Jdredis, backups, page, sandbox};

#[test]
fn a_missing_or_another_confirmation_is_a_usage_error_before_anything_is_sent() {
    let sandbox = sandbox();
    for (confirm, said) in [
        (&[][..], "nobody can be asked here"),
        (&["--confirm", ""], "--confirm is ''"),
        (&["--confirm", "redis-123"], "--confirm is 'redis-123'"),
        (&["--confirm", "REDIS-1234"], "--confirm is 'REDIS-1234'"),
        (&["--confirm", "redis-1234 "], "the instance is redis-1234"),
        (&["--confirm", "yes", "--dry-run"], "nothing was sent"),
    ] {
        for format in ["table", "json"] {
            let run = Jdredis::at(&sandbox).args(RESTORE).args(["--latest", "-o", format]);
            // An answer that nobody typed is none.
            let outcome = run.args(confirm.iter().copied()).run_with_stdin("redis-1234\n");
            outcome.fails_saying(2, &[said]);
        }
    }
    for which in [&[][..], &["--latest", "--base-id", "1234"]] {
        let run = Jdredis::at(&sandbox).args(RESTORE).args(CONFIRMED);
        run.args(which.iter().copied())
            .run()
            .fails_saying(2, &["--base-id", "--latest"]);
    }
    assert!(sandbox.requests().is_empty());
}

#[test]
fn an_instance_that_does_not_run_is_refused() {
    for (fields, said) in [
        (
            json!({"cacheInstanceStatus": "changing"}),
            "its status is changing (its class",
        ),
        (json!({"cacheInstanceStatus": "restoring"}), "its status is restoring"),
        (
            json!({"cacheInstanceStatus": "paused\u{1b}[2J"}),
            "its status is paused\\u{1b}[2J",
        ),
        (json!({}), "does not tell its status"),
        (
            json!({"cacheInstanceId": "redis-9", "cacheInstanceStatus": "running"}),
            "answered about instance redis-9",
        ),
    ] {
        let sandbox = sandbox();
        let mut all = json!({"cacheInstanceId": "redis-1234"});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        sandbox.script_for("/redis-1234", vec![instance(&all), instance(&all)]);
        for dry in [&[][..], &["--dry-run"]] {
            let outcome = restore(&sandbox, dry);
            let was_left = "error: instance redis-1234 in cn-north-1 was left as it is: ";
            outcome.fails_saying(6, &[was_left, said, "hint: "]);
        }
        assert!(changes(&sandbox).is_empty());
    }
    let sandbox = sandbox();
    let other = [
        "backup",
        "restore",
        "--region",
        "cn-north-1",
        "--instance",
        "redis-many",
        "--latest",
    ];
    let outcome = Jdredis::at(&sandbox)
        .args(other)
        .args(["--confirm", "redis-many"])
        .run();
    outcome.fails_saying(6, &["its status is changing"]);
    let none = [
        "backup",
        "restore",
        "--region",
        "cn-north-1",
        "--instance",
        "redis-0",
        "--latest",
    ];
    let outcome = Jdredis::at(&sandbox).args(none).args(["--confirm", "redis-0"]).run();
    outcome.fails_saying(3, &["cannot look at instance redis-0 in cn-north-1", "404 NOT_FOUND"]);
    assert!(changes(&sandbox).is_empty());
}

#[test]
fn a_backup_that_is_not_whole_or_not_of_this_instance_is_refused() {
    let refused = |base_id: &str, listed: Option<Reply>, code: i32, said: &str| {
        let sandbox = sandbox();
        if let Some(listed) = listed {
            sandbox.script_for(&format!("baseId={base_id}"), vec![listed]);
        }
        let run = Jdredis::at(&sandbox).args(RESTORE).args(["--base-id", base_id]);
        let outcome = run.args(CONFIRMED).run();
        outcome.fails_saying(code, &["instance redis-1234 in cn-north-1 was left as it is: ", said]);
        assert!(changes(&sandbox).is_empty(), "{base_id}");
    };
    let entry = |fields: Value| Some(page("r", "backups", [&*fields.to_string()], Some("1")));
    refused("failed", None, 6, "backup failed has failed");
    refused("running", None, 6, "backup running is still being made");
    refused("bare", None, 6, "backup bare has no status that can be read");
    // A backup of another instance is not among those of this one.
    refused("a607efba-ff06-4d78-ba3c-b3119fce27fd", None, 3, "it has no backup a607");
    let other = json!({"baseId": "b", "backupStatus": 2, "cacheInstanceId": "redis-9", "backupShardNum": 1});
    refused("b", entry(other), 6, "backup b is one of instance redis-9");
    let shards = json!({"baseId": "b", "backupStatus": 2, "backupShardNum": "4"});
    refused(
        "b",
        entry(shards),
        6,
        "backup b has 4 shards, and the instance has 1 shard",
    );
    let undocumented = json!({"baseId": "b", "backupStatus": 5});
    refused(
        "b",
        entry(undocumented),
        6,
        "backup b has status 5, which is not documented",
    );
}

#[test]
fn shards_are_compared_only_where_both_are_told() {
    let info = |shards: &str| Reply::json(200, format!(r#"{{"result":{{"backupShardNum":{shards}}}}}"#));
    for (reply, code) in [
        (info("4"), 6),
        (info("1"), 0),
        (info("null"), 0),
        (Reply::error(403, "HTTP_FORBIDDEN", "no [IAM] [gw]"), 0),
        (Reply::error(501, "NOT_IMPLEMENTED", "no"), 0),
    ] {
        let sandbox = sandbox();
        // The list does not tell the shards of this one.
        sandbox.script_for("/backup/unsized", vec![reply]);
        let run = Jdredis::at(&sandbox).args(RESTORE).args(["--base-id", "unsized"]);
        let outcome = run.args(CONFIRMED).args(["--no-backup", "--max-attempts", "1"]).run();
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
    }
    let sandbox = sandbox();
    let untold = json!({"cacheInstanceId": "redis-1234", "cacheInstanceStatus": "running", "shardNumber": 0});
    sandbox.script_for("/redis-1234", vec![instance(&untold)]);
    let outcome = restore(&sandbox, &["--dry-run"]);
    assert!(outcome.data_with(0).contains("not told by the service"), "{outcome:#?}");
}

#[test]
fn a_newest_backup_that_is_too_old_is_not_restored() {
    let sandbox = sandbox();
    let run = Jdredis::at(&sandbox)
        .args(RESTORE)
        .args(["--latest", "--max-age", "1d"]);
    run.args(CONFIRMED).run().fails_saying(8, &["--max-age allows 1d"]);
    sandbox.script_for(
        "pageNumber=1",
        vec![backups(&[("a", "2021-07-17T18:00:00Z", 1)], Some(1))],
    );
    let run = Jdredis::at(&sandbox).args(RESTORE).args(["--latest"]);
    run.args(CONFIRMED).run().fails_saying(3, &["1 failed"]);
    assert!(changes(&sandbox).is_empty());
}
