//! Restores: what is refused, what is shown of them, and the tasks.

use jdredis_sandbox::{RestoreOutcome, Sandbox};
use serde_json::Value;

use crate::requests::{Answer, ask_for, get, get_without_region};
use crate::serving::assert_failure;

const RESTORE: &str = "/cacheInstance/redis-1234/restore";

fn restore(sandbox: &Sandbox, path: &str, body: &str) -> Answer {
    ask_for(sandbox, "POST", "cn-north-1", path, body)
}

fn begin(sandbox: &Sandbox, outcome: RestoreOutcome) {
    sandbox.next_restore(outcome);
    let answer = restore(sandbox, RESTORE, r#"{"baseId":"1234"}"#);
    assert_eq!(answer.status, 200, "{answer:?} {:#?}", sandbox.refusals());
}

fn status(sandbox: &Sandbox) -> String {
    let answer = get(sandbox, "/cacheInstance/redis-1234").json();
    answer["result"]["cacheInstance"]["cacheInstanceStatus"]
        .as_str()
        .expect("it has a status")
        .to_owned()
}

/// The tasks of an instance.
fn tasks(sandbox: &Sandbox, instance: &str) -> Vec<Value> {
    let path = format!("/v1/tasks?instanceId={instance}&pageNumber=1&pageSize=100");
    let answer = get_without_region(sandbox, &path);
    assert_eq!(answer.status, 200, "{answer:?} {:#?}", sandbox.refusals());
    answer.json()["result"]["tasks"].as_array().expect("a list").clone()
}

#[test]
fn an_instance_is_restoring_for_as_many_looks_as_were_set_and_its_task_says_the_same() {
    let sandbox = Sandbox::start();
    assert!(tasks(&sandbox, "redis-1234").is_empty());
    begin(&sandbox, RestoreOutcome::Success { before: 1, polls: 2 });
    for (shown, task) in [
        ("running", "init"),
        ("restoring", "running"),
        ("restoring", "running"),
        ("running", "success"),
        ("running", "success"),
    ] {
        let [entry] = &tasks(&sandbox, "redis-1234")[..] else {
            panic!("one task")
        };
        assert_eq!((entry["taskStatus"].as_str(), &*status(&sandbox)), (Some(task), shown));
    }
    assert!(tasks(&sandbox, "redis-odd").is_empty());
}

#[test]
fn other_fates_are_shown_as_they_were_set() {
    for (outcome, shown, task) in [
        (
            RestoreOutcome::Status {
                polls: 1,
                status: "error",
            },
            ["restoring", "error", "error"],
            "fail",
        ),
        (RestoreOutcome::Unseen, ["running"; 3], "success"),
        (RestoreOutcome::Never, ["restoring"; 3], "running"),
        (RestoreOutcome::Task("rollback"), ["restoring"; 3], "rollback"),
    ] {
        let sandbox = Sandbox::start();
        begin(&sandbox, outcome);
        assert_eq!([(); 3].map(|()| status(&sandbox)), shown, "{outcome:?}");
        assert_eq!(tasks(&sandbox, "redis-1234")[0]["taskStatus"], task, "{outcome:?}");
    }
}

#[test]
fn a_restore_that_cannot_be_is_refused_and_changes_nothing() {
    let sandbox = Sandbox::start();
    for body in ["", "[]", "{}", r#"{"baseId":7}"#, r#"{"baseId":"1234","force":true}"#] {
        assert_failure(&restore(&sandbox, RESTORE, body), 400, "INVALID_ARGUMENT");
    }
    for base_id in ["none", "a607efba-ff06-4d78-ba3c-b3119fce27fd"] {
        let body = format!(r#"{{"baseId":"{base_id}"}}"#);
        assert_failure(&restore(&sandbox, RESTORE, &body), 404, "NOT_FOUND");
    }
    for base_id in ["failed", "running"] {
        let body = format!(r#"{{"baseId":"{base_id}"}}"#);
        assert_failure(&restore(&sandbox, RESTORE, &body), 400, "FAILED_PRECONDITION");
    }
    // An instance that is being changed, and one whose backup has another number of shards.
    for (instance, base_id) in [("redis-many", "many-00001"), ("redis-nameless", "nameless")] {
        let path = format!("/cacheInstance/{instance}/restore");
        let body = format!(r#"{{"baseId":"{base_id}"}}"#);
        assert_failure(&restore(&sandbox, &path, &body), 400, "FAILED_PRECONDITION");
    }
    assert_failure(
        &restore(&sandbox, "/cacheInstance/none/restore", "{}"),
        404,
        "NOT_FOUND",
    );
    assert_eq!(status(&sandbox), "running");
    begin(&sandbox, RestoreOutcome::Never);
    let again = restore(&sandbox, RESTORE, r#"{"baseId":"1234"}"#);
    assert_failure(&again, 400, "FAILED_PRECONDITION");
}
