//! The safety backup: it comes first, and nothing is restored without it.

use std::time::Duration;

use jdredis_sandbox::{BackupOutcome, Reply, RestoreOutcome};
use serde_json::json;

use super::{AT_ONCE, CONFIRMED, RESTORE, changes, document, instance, restore, restores, safety_backup};
use crate::support::{Jdredis, for_each, sandbox};

#[test]
fn the_safety_backup_is_made_first_and_its_id_is_said() {
    for_each(["table", "plain", "json"], |format| {
        for quiet in [&[][..], &["-q"]] {
            let sandbox = sandbox();
            sandbox.next_backup(AT_ONCE);
            let outcome = restore(&sandbox, &[&["-o", format], quiet].concat());
            assert_eq!(outcome.code, Some(0), "{outcome:#?}");
            let sent = changes(&sandbox);
            let [(first, body), second] = &sent[..] else {
                panic!("{sent:#?}")
            };
            assert_eq!(first, "redis-1234/backup");
            assert!(body["fileName"].as_str().unwrap().starts_with("safety_20"), "{body}");
            assert_eq!(*second, ("redis-1234/restore".to_owned(), json!({"baseId": "1234"})));
            let id = safety_backup(&sandbox);
            match format {
                "plain" => assert_eq!(outcome.stdout, format!("{id}\n")),
                "json" => assert_eq!(document(&outcome)["safetyBackup"], id),
                _ => {
                    let first = outcome.stdout.lines().nth(1).unwrap();
                    assert!(first.starts_with(&format!("{id}  safety_20")), "{outcome:#?}");
                    assert_eq!(outcome.stdout.lines().count(), 4, "{outcome:#?}");
                }
            }
            // Otherwise standard output had it at once.
            if format == "json" || quiet.is_empty() {
                let said = outcome.stderr.lines().find(|line| line.contains(&id)).unwrap();
                let note = format!("note: backup {id} of what is there now was started");
                assert!(said.starts_with(&note), "{outcome:#?}");
            } else {
                assert_eq!(outcome.stderr, "");
            }
        }
    });
}

#[test]
fn the_latest_backup_is_chosen_before_the_safety_backup_is_made() {
    let sandbox = sandbox();
    let latest = || {
        sandbox.next_backup(AT_ONCE);
        // So that the second restore is not refused.
        sandbox.next_restore(RestoreOutcome::Unseen);
        let run = Jdredis::at(&sandbox).args(RESTORE).args(["--latest", "-o", "json"]);
        let outcome = run.args(CONFIRMED).run();
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        outcome
    };
    let first = latest();
    assert_eq!(restores(&sandbox), [json!({"baseId": "newest"})]);
    let safety = document(&first)["safetyBackup"].clone();
    // The next time it is the newest one, which a person may not expect.
    let second = latest();
    assert_eq!(document(&second)["baseId"], safety);
    second.says(&[
        "warning: the newest backup, ",
        "is the safety backup of an earlier restore",
    ]);
}

#[test]
fn without_a_safety_backup_nothing_is_restored() {
    let failed = BackupOutcome::Failure { after_polls: 0 };
    for_each(
        [
            (failed, "1h", " failed after "),
            (BackupOutcome::Never, "0s", " had not ended after "),
        ],
        |(outcome, limit, said)| {
            for format in ["table", "json"] {
                let sandbox = sandbox();
                sandbox.next_backup(outcome);
                let run = restore(&sandbox, &["--wait-timeout", limit, "-o", format]);
                let id = safety_backup(&sandbox);
                let message = format!("nothing was restored, since there is no safety backup: backup {id}{said}");
                assert_eq!(run.code, Some(6), "{run:#?}");
                run.says(&[
                    &message,
                    "--no-backup",
                    &format!("note: backup {id} of what is there now was started"),
                ]);
                assert!(restores(&sandbox).is_empty());
                match format {
                    "json" => {
                        let document = document(&run);
                        assert_eq!(
                            (&document["state"], &document["safetyBackup"]),
                            (&json!("not-restored"), &json!(id))
                        );
                    }
                    _ => assert!(run.stdout.lines().nth(1).unwrap().starts_with(&id), "{run:#?}"),
                }
            }
        },
    );
}

#[test]
fn a_safety_backup_that_cannot_be_started_ends_the_run_with_6_and_nothing_is_restored() {
    for_each(
        [
            (
                Reply::error(403, "HTTP_FORBIDDEN", "no [IAM] [gw]"),
                "403 HTTP_FORBIDDEN",
            ),
            (Reply::error(429, "QUOTA_EXCEEDED", "no"), "429 QUOTA_EXCEEDED"),
            (Reply::error(500, "INTERNAL", "no"), "500 INTERNAL"),
            (Reply::close(), "broke off"),
            (Reply::json(200, r#"{"requestId":"r","result":{}}"#), "baseId"),
            // The backup that is to be restored is none of what is there now.
            (
                Reply::json(200, r#"{"requestId":"r","result":{"baseId":"1234"}}"#),
                "named backup 1234",
            ),
        ],
        |(reply, said)| {
            let sandbox = sandbox();
            // The first request is the look at the backup.
            sandbox.script_for("redis-1234/backup", vec![Reply::then_ok(Duration::ZERO), reply]);
            let outcome = restore(&sandbox, &[]);
            outcome.fails_saying(
                6,
                &["error: nothing was restored, since there is no safety backup: ", said],
            );
            assert_eq!(changes(&sandbox).len(), 1);
            assert!(restores(&sandbox).is_empty());
        },
    );
}

#[test]
fn an_instance_that_stopped_running_meanwhile_is_not_restored_into() {
    let sandbox = sandbox();
    sandbox.next_backup(AT_ONCE);
    let changing = json!({"cacheInstanceId": "redis-1234", "cacheInstanceStatus": "changing"});
    let first = Reply::then_ok(Duration::ZERO);
    let targets = "cacheInstance/redis-1234";
    // The instance, the backup, the safety backup, the look at it, and the instance once more.
    let pass = || first.clone();
    sandbox.script_for(targets, vec![pass(), pass(), pass(), pass(), instance(&changing)]);
    let outcome = restore(&sandbox, &["-o", "json"]);
    let id = safety_backup(&sandbox);
    assert_eq!(outcome.code, Some(6), "{outcome:#?}");
    outcome.says(&[
        "its status is changing",
        &format!("backup {id} has what was there before"),
    ]);
    let document = document(&outcome);
    assert_eq!(
        (&document["state"], &document["status"]),
        (&json!("not-restored"), &json!("changing"))
    );
    assert!(restores(&sandbox).is_empty());
}

#[cfg(unix)]
#[test]
fn a_signal_while_the_safety_backup_is_made_restores_nothing() {
    let sandbox = sandbox();
    sandbox.next_backup(BackupOutcome::Never);
    let running = Jdredis::at(&sandbox)
        .args(RESTORE)
        .args(["--base-id", "1234", "-o", "json"])
        .args(CONFIRMED)
        .start();
    // The instance, the backup, the safety backup, and the first look at it.
    assert!(sandbox.wait_for_requests(4, Duration::from_secs(20)));
    running.signal("INT");
    let outcome = running.finish();
    let id = safety_backup(&sandbox);
    assert_eq!(outcome.code, Some(130), "{outcome:#?}");
    outcome.says(&[
        &format!("interrupted while waiting for backup {id}, after "),
        "nothing was restored",
    ]);
    let document = document(&outcome);
    assert_eq!(
        (&document["state"], &document["safetyBackup"]),
        (&json!("not-restored"), &json!(id))
    );
    assert!(restores(&sandbox).is_empty());
}
