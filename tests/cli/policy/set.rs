//! `backup policy set`: the request that changes a policy, and the check that the change took effect.

use std::time::Duration;

use jdredis_sandbox::{Reply, Sandbox};
use serde_json::{Value, json};

use super::normal;
use crate::support::{Jdredis, Outcome, for_each, sandbox};

const SET: [&str; 7] = [
    "backup",
    "policy",
    "set",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
];

const NOT_CERTAIN: &str = "look with 'jdredis backup policy show', and only then try again";

fn set(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    Jdredis::at(sandbox).args(SET).args(more.iter().copied()).run()
}

/// An answer of describeBackupPolicy.
fn policy(days: &str, window: &str, next: &str) -> Reply {
    let result = json!({"backupPeriod": days, "backupTime": window, "nextBackupTime": next});
    Reply::json(200, json!({"requestId": "r", "result": result}).to_string())
}

/// The bodies of all changes that were sent.
fn changes(sandbox: &Sandbox) -> Vec<Value> {
    let requests = sandbox.requests();
    let changes = requests.iter().filter(|request| request.method == "PATCH");
    changes
        .map(|request| serde_json::from_slice(&request.body).unwrap())
        .collect()
}

#[test]
fn days_and_time_are_set_by_one_signed_patch_between_two_looks() {
    let sandbox = sandbox();
    let flags = ["--days", "friday,Monday", "--time", "01:00-02:00 +0800"];
    let outcome = set(&sandbox, &flags);
    let data =
        outcome.data_saying(&["note: the service writes Mon,Fri 01:00-02:00 +0800 as Thu,Sun 17:00-18:00 +0000"]);
    let lines: Vec<&str> = data.lines().collect();
    assert_eq!(lines[0], "POLICY  AUTO  DAYS     WINDOW             NEXT");
    assert!(
        lines[1].starts_with("before  on    Wed,Sun  17:00-18:00 +0000  20"),
        "{data}"
    );
    assert!(
        lines[2].starts_with("after   on    Thu,Sun  17:00-18:00 +0000  20"),
        "{data}"
    );
    let body = json!({"backupPeriod": "Monday,Friday", "backupTime": "01:00-02:00 +0800"});
    assert_eq!(changes(&sandbox), [body]);
    assert_eq!(sandbox.requests().len(), 3);
    assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
    // The same moments in other words: nothing to do.
    let again = set(
        &sandbox,
        &["--days", "Thursday,Sunday", "--time", "17:00-18:00 Z", "-o", "json"],
    );
    let document: Value = serde_json::from_str(again.data_saying(&["as asked for already"])).unwrap();
    assert_eq!(
        (&document["changed"], &document["change"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(changes(&sandbox).len(), 1);
}

#[test]
fn off_keeps_days_and_window_and_both_together_turn_it_on_again() {
    let sandbox = sandbox();
    let off = set(&sandbox, &["--off", "-o", "plain"]);
    assert_eq!(off.data(), "off\n");
    let body = json!({"backupPeriod": "Wednesday,Sunday", "backupTime": "17:00-18:00 +0000", "autoBackup": false});
    assert_eq!(changes(&sandbox), [body]);
    let again = set(&sandbox, &["--off", "-o", "plain"]);
    assert_eq!(again.data_saying(&["as asked for already"]), "off\n");
    assert_eq!(changes(&sandbox).len(), 1);
    let alone = set(&sandbox, &["--days", "daily", "-o", "plain"]);
    assert_eq!(alone.data_saying(&["automatic backup stays off"]), "off\n");
    assert_eq!(changes(&sandbox)[1]["autoBackup"], false);
    let on = set(
        &sandbox,
        &["--days", "daily", "--time", "01:00-02:00 +0800", "-o", "json"],
    );
    assert_eq!(on.code, Some(0), "{on:#?}");
    let document: Value = serde_json::from_str(&on.stdout).unwrap();
    assert_eq!(document["before"]["state"], "off");
    assert_eq!(document["after"]["state"], "on");
    assert_eq!(document["change"]["autoBackup"], true);
    assert_eq!(document["changed"], true);
}

#[test]
fn a_dry_run_reads_and_sends_nothing() {
    let sandbox = sandbox();
    let outcome = set(&sandbox, &["--days", "Friday", "--dry-run"]);
    assert!(
        outcome.data().contains("would be  on    Fri      17:00-18:00 +0000  -"),
        "{outcome:#?}"
    );
    let json = set(&sandbox, &["--off", "--dry-run", "-o", "json"]);
    let document: Value = serde_json::from_str(json.data()).unwrap();
    assert_eq!(
        (&document["dryRun"], &document["changed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(document["change"]["autoBackup"], false);
    assert_eq!(document["after"], document["before"]);
    assert!(changes(&sandbox).is_empty());
    assert_eq!(sandbox.requests().len(), 2);
}

#[test]
fn an_impossible_change_is_a_usage_error_before_any_request() {
    let sandbox = sandbox();
    for (flags, said) in [
        (&[][..], "nothing to change was given"),
        (&["--dry-run"], "nothing to change was given"),
        (&["--off", "--days", "daily"], "cannot be used with"),
        (&["--time", "01:00-02:00"], "needs its offset from UTC"),
        (&["--time", "-"], "a time is like 01:00-02:00 +0800"),
        (&["--days", "Montag"], "days are daily, or English names"),
        (&["--days", ""], "days are daily, or English names"),
    ] {
        set(&sandbox, flags).fails_saying(2, &[said]);
    }
    assert!(sandbox.requests().is_empty());
    let bare = |flags: &[&str]| {
        let set = [
            "backup",
            "policy",
            "set",
            "--region",
            "cn-north-1",
            "--instance",
            "redis-bare",
        ];
        Jdredis::at(&sandbox).args(set).args(flags.iter().copied()).run()
    };
    bare(&["--days", "daily"]).fails_saying(2, &["was left as it is: it has no window", "hint: give --time as well"]);
    bare(&["--time", "01:00-02:00 +0800"]).fails_saying(2, &["it has no days", "hint: give --days as well"]);
    sandbox.always(Reply::json(200, r#"{"requestId":"r","result":{"autoBackup":true}}"#));
    bare(&["--off"]).fails_saying(
        6,
        &["requires its days and its window", "hint: turn it off in the console"],
    );
    assert!(changes(&sandbox).is_empty());
}

#[test]
fn a_side_effect_of_a_change_is_reported() {
    let sandbox = sandbox();
    let time = set(&sandbox, &["--time", "03:00-04:30 +0800", "--dry-run"]);
    time.data_saying(&[
        "90 minutes wide",
        "kept as Wed,Sun, and now count in +0800; there the former backups are on Mon,Thu",
    ]);
    let same_day = set(&sandbox, &["--time", "19:00-20:00 +0000", "--dry-run"]);
    same_day.data();
}

#[test]
fn a_change_whose_answer_does_not_come_is_never_sent_twice() {
    for_each(
        [
            ("500", Reply::error(500, "INTERNAL", "x"), 6),
            (
                "503",
                Reply::error(503, "UNAVAILABLE", "x").header("Retry-After", "0"),
                6,
            ),
            ("a gateway's page", Reply::new(502).body("<html>"), 6),
            ("closed", Reply::close(), 5),
            ("reset", Reply::reset(), 5),
            ("stalled", Reply::stall(), 5),
            ("half a body", Reply::json(200, "{").content_length(1000), 5),
            ("a page", Reply::json(200, "<html>"), 6),
        ],
        |(name, reply, exit)| {
            let flags = ["--days", "daily", "--timeout", "2"];
            // The change was not made, as far as can be seen.
            let sandbox = sandbox();
            sandbox.script(vec![normal(), reply.clone()]);
            let outcome = set(&sandbox, &flags);
            outcome.fails_saying(
                exit,
                &["the change to the policy of instance redis-1234 in cn-north-1 was not answered"],
            );
            outcome.says(&[NOT_CERTAIN, "now: on, Wed,Sun 17:00-18:00 +0000"]);
            assert_eq!(changes(&sandbox).len(), 1, "{name}");
            // It was made all the same.
            let sandbox = self::sandbox();
            let daily = "Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday";
            sandbox.script(vec![normal(), reply.clone(), policy(daily, "17:00-18:00 +0000", "")]);
            let outcome = set(&sandbox, &flags);
            assert!(
                outcome
                    .data_saying(&["was not answered", "but the policy is as asked for"])
                    .contains("after")
            );
            assert_eq!(changes(&sandbox).len(), 1, "{name}");
            // Nothing can be seen.
            let sandbox = self::sandbox();
            sandbox.script(vec![
                normal(),
                reply,
                Reply::error(403, "HTTP_FORBIDDEN", "no [IAM] [gw]"),
            ]);
            let outcome = set(&sandbox, &flags);
            outcome.fails_saying(
                exit,
                &["was not answered, and the policy cannot be read again", NOT_CERTAIN],
            );
            assert_eq!(changes(&sandbox).len(), 1, "{name}");
        },
    );
}

#[test]
fn a_change_that_is_refused_is_certain() {
    for (code, status, exit) in [
        (400, "INVALID_ARGUMENT", 6),
        (403, "HTTP_FORBIDDEN", 4),
        (404, "NOT_FOUND", 3),
        (409, "ABORTED", 6),
        (429, "RATE_LIMIT", 6),
    ] {
        let sandbox = sandbox();
        sandbox.script(vec![normal(), Reply::error(code, status, "no [IAM]")]);
        let outcome = set(&sandbox, &["--days", "daily"]);
        outcome.fails_saying(
            exit,
            &[
                "the policy of instance redis-1234 in cn-north-1 was left as it is",
                status,
            ],
        );
        assert!(!outcome.stderr.contains("certain"), "{outcome:#?}");
        assert_eq!(sandbox.requests().len(), 2, "{status}");
    }
}

#[test]
fn a_change_is_looked_at_again_until_it_took() {
    let before = || policy("Monday", "01:00-02:00 +0800", "");
    let done = || Reply::json(200, r#"{"requestId":"r"}"#);
    let after = || policy("Friday", "01:00-02:00 +0800", "");
    for_each(
        [
            (
                "at the third look",
                vec![before(), done(), before(), before(), after()],
                Some(0),
                "",
            ),
            (
                "never",
                vec![before(), done(), before(), before(), before(), before()],
                Some(6),
                "accepted the change and shows another policy",
            ),
            (
                "not to be read",
                vec![before(), done(), Reply::error(403, "HTTP_FORBIDDEN", "no [IAM]")],
                Some(4),
                "was changed, but cannot be read again",
            ),
            (
                "another day is announced",
                vec![
                    before(),
                    done(),
                    policy(
                        "Friday",
                        "01:00-02:00 +0800",
                        "2021-07-17T17:00:00Z~2021-07-17T18:00:00Z",
                    ),
                ],
                Some(6),
                "announces the next backup for 2021-07-17T17:00:00Z, which is not within the window",
            ),
            (
                "the day counts elsewhere, as the next backup shows",
                vec![
                    before(),
                    done(),
                    policy(
                        "Friday",
                        "17:00-18:00 +0000",
                        "2021-07-15T17:00:00Z~2021-07-15T18:00:00Z",
                    ),
                ],
                Some(0),
                "counts the weekdays as before",
            ),
            (
                "the day may count elsewhere",
                vec![before(), done(), policy("Friday", "17:00-18:00 +0000", "")],
                Some(6),
                "not documented in which offset its weekdays count",
            ),
        ],
        |(name, replies, code, said)| {
            let sandbox = sandbox();
            sandbox.script(replies);
            let outcome = set(&sandbox, &["--days", "Friday"]);
            assert_eq!(outcome.code, code, "{name}: {outcome:#?}");
            outcome.says(&[said]);
            if code == Some(6) {
                outcome.failure(6);
                outcome.says(&[
                    "asked for: on, Fri 01:00-02:00 +0800",
                    "before: on, Mon 01:00-02:00 +0800",
                    "now: on, ",
                ]);
            }
            assert_eq!(changes(&sandbox).len(), 1, "{name}");
        },
    );
}

#[cfg(unix)]
#[test]
fn a_signal_during_a_change_says_that_the_policy_may_be_changed() {
    // Before the answer to the change, and before the policy is seen again.
    for requests in [2, 3] {
        let sandbox = sandbox();
        let mut replies: Vec<Reply> = (1..requests).map(|_| normal()).collect();
        replies.push(Reply::stall());
        sandbox.script(replies);
        let running = Jdredis::at(&sandbox)
            .args(SET)
            .args(["--days", "Monday", "--time", "01:00-02:00 +0800"])
            .start();
        assert!(sandbox.wait_for_requests(requests, Duration::from_secs(60)));
        running.signal("INT");
        let outcome = running.finish();
        outcome.fails_saying(
            130,
            &[
                "interrupted while the policy of instance redis-1234 in cn-north-1 was being changed",
                NOT_CERTAIN,
            ],
        );
        assert_eq!(changes(&sandbox).len(), 1, "{outcome:#?}");
    }
}
