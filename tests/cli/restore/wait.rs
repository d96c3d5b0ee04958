//! `backup restore --wait`: what counts as the end, and how the wait ends otherwise.

use std::time::Duration;

use jdredis_sandbox::{Reply, RestoreOutcome, Sandbox};
use serde_json::json;

use super::{AT_ONCE, NOT_CERTAIN, document, instance, restore, restores};
use crate::support::{Jdredis, Outcome, for_each, sandbox};

/// A restore without a safety backup that is waited for.
fn wait(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    restore(sandbox, &[&["--no-backup", "--wait"], more].concat())
}

fn success(before: usize, polls: usize) -> RestoreOutcome {
    RestoreOutcome::Success { before, polls }
}

/// How often the tasks were asked for.
fn asked_for_tasks(sandbox: &Sandbox) -> usize {
    let requests = sandbox.requests();
    requests
        .iter()
        .filter(|request| request.target.starts_with("/v1/tasks"))
        .count()
}

#[test]
fn an_instance_that_was_restoring_and_runs_again_is_restored() {
    for_each(
        [
            ("table", success(0, 1)),
            ("json", success(1, 1)),
            ("plain", success(0, 2)),
        ],
        |(format, fate)| {
            let sandbox = sandbox();
            sandbox.next_restore(fate);
            let outcome = wait(&sandbox, &["-o", format]);
            let said = "instance redis-1234 in cn-north-1 was seen restoring and is running again after ";
            let printed = outcome.data_saying(&[said, "whether its data are the backup's is not checked"]);
            match format {
                "table" => assert!(printed.contains("redis-1234  restored  1234"), "{printed}"),
                "json" => {
                    let document = document(&outcome);
                    assert_eq!(
                        (
                            &document["state"],
                            &document["status"],
                            &document["region"],
                            &document["instance"]
                        ),
                        (
                            &json!("restored"),
                            &json!("running"),
                            &json!("cn-north-1"),
                            &json!("redis-1234")
                        )
                    );
                }
                _ => assert_eq!(printed, ""),
            }
            assert_eq!(restores(&sandbox).len(), 1);
            assert!(asked_for_tasks(&sandbox) >= 1);
            assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
        },
    );
}

#[test]
fn the_safety_backup_is_how_to_go_back() {
    let sandbox = sandbox();
    sandbox.next_backup(AT_ONCE);
    sandbox.next_restore(RestoreOutcome::Unseen);
    let outcome = restore(&sandbox, &["-o", "json"]);
    let safety = document(&outcome)["safetyBackup"].as_str().unwrap().to_owned();
    outcome.data_saying(&[&format!("note: to go back, restore backup {safety}\n")]);
    let run = Jdredis::at(&sandbox).args(super::RESTORE).args(super::CONFIRMED);
    let run = run.args(["--base-id", &safety]);
    let outcome = run.args(["--no-backup", "-q"]).run();
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(restores(&sandbox).last(), Some(&json!({"baseId": safety})));
}

#[test]
fn an_instance_that_was_never_restoring_is_unclear() {
    for_each(["table", "json"], |format| {
        let sandbox = sandbox();
        sandbox.next_restore(RestoreOutcome::Unseen);
        let outcome = wait(&sandbox, &["--wait-timeout", "2s", "-o", format]);
        assert_eq!(outcome.code, Some(6), "{outcome:#?}");
        outcome.says(&[
            "error: whether instance redis-1234 in cn-north-1 was restored is not clear: its status was never seen to be \
             restoring"
                .trim_start_matches(if format == "json" { "error: " } else { "" }),
            "may still begin",
        ]);
        assert!(!outcome.stderr.contains("failed"), "{outcome:#?}");
        if format == "json" {
            assert_eq!(document(&outcome)["state"], "unclear");
        }
        assert_eq!(restores(&sandbox).len(), 1);
    });
}

#[test]
fn an_unclear_answer_is_followed_and_never_sent_again() {
    for_each(
        [
            (success(1, 1), 0, "restored", "was seen restoring and is running again"),
            // The warning has the reason in brackets, and the error has it as its cause.
            (
                RestoreOutcome::Unseen,
                6,
                "unclear",
                "the request got no clear answer: ",
            ),
        ],
        |(fate, code, state, said)| {
            let limit = if code == 0 { "1h" } else { "1s" };
            let sandbox = sandbox();
            sandbox.next_restore(fate);
            // The service carries the request out, and its answer is lost.
            sandbox.script_for("/restore", vec![Reply::then_ok(Duration::from_secs(20))]);
            let outcome = wait(&sandbox, &["--timeout", "4", "--wait-timeout", limit, "-o", "json"]);
            assert_eq!(outcome.code, Some(code), "{outcome:#?}");
            outcome.says(&["warning: the request got no clear answer", "it is not sent again", said]);
            assert_eq!(document(&outcome)["state"], state, "{outcome:#?}");
            assert_eq!(restores(&sandbox).len(), 1);
        },
    );
}

#[test]
fn a_task_that_failed_or_is_undone_ends_the_wait() {
    for_each(
        ["fail", "rollback", "rollback_fail", "rollback_finish", "manual_stop"],
        |status| {
            let sandbox = sandbox();
            sandbox.next_restore(RestoreOutcome::Task(status));
            let outcome = wait(&sandbox, &["-o", "json"]);
            assert_eq!(outcome.code, Some(6), "{status}: {outcome:#?}");
            outcome.says(&[
                "has failed, as far as can be seen: the task task-1234",
                &format!("has the status {status}"),
            ]);
            assert_eq!(document(&outcome)["state"], "failed");
        },
    );
}

#[test]
fn a_task_of_before_the_request_or_of_another_instance_or_that_has_ended_well_says_nothing() {
    let sandbox = sandbox();
    sandbox.next_restore(success(0, 1));
    let tasks = json!({"isSupport": true, "total": 2, "tasks": [
        {"taskId": "a", "instanceId": "redis-1234", "taskStatus": "fail", "startTime": "2021-07-17T18:00:00Z"},
        {"taskId": "b", "instanceId": "redis-9", "taskStatus": "fail"},
        {"taskId": "c", "instanceId": "redis-1234"},
        "d",
        // No moment comes after this one.
        {"taskId": "e", "instanceId": "redis-1234", "taskStatus": "success", "startTime": "9999-12-31T23:59:59Z"},
    ]});
    let reply = Reply::json(200, json!({"requestId": "r", "result": tasks}).to_string());
    sandbox.script_for("/v1/tasks", vec![reply; 9]);
    assert_eq!(wait(&sandbox, &["-q"]).code, Some(0));
}

#[test]
fn without_the_tasks_the_status_decides() {
    for_each(
        [
            Some((403, "HTTP_FORBIDDEN")),
            Some((404, "NOT_FOUND")),
            Some((501, "NOT_IMPLEMENTED")),
            Some((401, "ACCESS_ERROR")),
            None,
        ],
        |refusal| {
            let sandbox = sandbox();
            sandbox.next_restore(success(0, 2));
            let reply = match refusal {
                Some((code, status)) => Reply::error(code, status, "no"),
                None => Reply::json(200, "<html>"),
            };
            sandbox.script_for("/v1/tasks", vec![reply; 9]);
            let outcome = wait(&sandbox, &[]);
            assert_eq!(outcome.code, Some(0), "{outcome:#?}");
            assert!(!outcome.stderr.contains("task"), "{outcome:#?}");
            assert_eq!(
                asked_for_tasks(&sandbox),
                1,
                "one that is refused is not asked for again"
            );
        },
    );
}

#[test]
fn an_instance_that_goes_out_of_order_has_not_been_restored() {
    for_each(["error", "deleting"], |status| {
        let sandbox = sandbox();
        sandbox.next_restore(RestoreOutcome::Status { polls: 1, status });
        // The task would say the same.
        sandbox.script_for("/v1/tasks", vec![Reply::error(403, "HTTP_FORBIDDEN", "no")]);
        let outcome = wait(&sandbox, &["-o", "json"]);
        assert_eq!(outcome.code, Some(6), "{outcome:#?}");
        outcome.says(&[&format!("the instance's status is {status} after ")]);
        assert_eq!(document(&outcome)["state"], "failed");
    });
}

#[test]
fn a_wait_that_runs_out_says_that_the_restore_goes_on() {
    let sandbox = sandbox();
    sandbox.next_restore(RestoreOutcome::Never);
    let outcome = wait(&sandbox, &["--wait-timeout", "1s", "-o", "json"]);
    assert_eq!(outcome.code, Some(5), "{outcome:#?}");
    outcome.says(&[
        "was still restoring when the wait ended, after ",
        "the restore goes on at the service",
    ]);
    assert_eq!(document(&outcome)["state"], "restoring");
}

#[test]
fn trouble_that_passes_is_waited_out_and_trouble_that_stays_ends_the_wait() {
    let pass = || Reply::then_ok(Duration::ZERO);
    for_each(
        [
            (
                Reply::error(503, "UNAVAILABLE", "a\u{1b}[2J"),
                0,
                "503 UNAVAILABLE: a\\u{1b}[2J",
            ),
            (Reply::close(), 0, "warning: the instance's status is unknown for now: "),
            (
                Reply::error(403, "HTTP_FORBIDDEN", "no [IAM] [gw]"),
                4,
                "the instance cannot be looked at any more",
            ),
            (
                instance(&json!({"cacheInstanceId": "redis-1234", "cacheInstanceStatus": "paused"})),
                0,
                "the instance's status is 'paused', which is not documented; it is waited for",
            ),
            (
                instance(&json!({"cacheInstanceId": "redis-1234", "cacheInstanceStatus": "changing"})),
                0,
                "was seen restoring and is running again",
            ),
        ],
        |(reply, code, said)| {
            let sandbox = sandbox();
            sandbox.next_restore(success(0, 1));
            // The instance, the backup, and the request come before.
            let replies = vec![pass(), pass(), pass(), reply.clone(), reply];
            sandbox.script_for("cacheInstance/redis-1234", replies);
            let outcome = wait(&sandbox, &["--max-attempts", "1"]);
            assert_eq!(outcome.code, Some(code), "{outcome:#?}");
            outcome.says(&[said]);
            assert!(code == 0 || outcome.stderr.contains(NOT_CERTAIN), "{outcome:#?}");
            // Once, however often it is seen.
            let odd = outcome.stderr.matches("which is not documented").count();
            assert_eq!(odd, usize::from(said.contains("not documented")), "{outcome:#?}");
            assert!(!outcome.stderr.contains('\u{1b}'), "{outcome:#?}");
        },
    );
}

#[cfg(unix)]
#[test]
fn a_signal_says_that_the_restore_goes_on() {
    for_each(
        [("INT", 130, false), ("TERM", 143, true), ("HUP", 129, false)],
        |(signal, code, stalls)| {
            let sandbox = sandbox();
            sandbox.next_restore(RestoreOutcome::Never);
            if stalls {
                sandbox.script_for("/v1/tasks", vec![Reply::stall()]);
            }
            let running = Jdredis::at(&sandbox)
                .args(super::RESTORE)
                .args(["--base-id", "1234", "--no-backup", "--wait", "-o", "json"])
                .args(super::CONFIRMED)
                .start();
            // The instance, the backup, the request, the instance, and the tasks.
            assert!(sandbox.wait_for_requests(5, Duration::from_secs(20)));
            running.signal(signal);
            let outcome = running.finish();
            assert_eq!(outcome.code, Some(code), "{outcome:#?}");
            outcome.says(&[
                "interrupted while waiting for the restore of instance redis-1234",
                "the restore goes on at the service",
            ]);
            assert_eq!(document(&outcome)["instance"], "redis-1234");
            assert_eq!(restores(&sandbox).len(), 1);
        },
    );
}
