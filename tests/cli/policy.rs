//! `backup policy`: the list of schedules, the request that changes one, and the check that the change took
//! effect.

use std::time::Duration;

use jdredis_sandbox::{Reply, Sandbox};
use serde_json::{Value, json};

use crate::support::{Jdredis, Outcome, for_each, sandbox};

const SHOW: [&str; 7] = [
    "backup",
    "policy",
    "show",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
];
const SET: [&str; 7] = [
    "backup",
    "policy",
    "set",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
];
const LIST: [&str; 5] = ["backup", "policy", "list", "--region", "cn-north-1"];
const NOT_CERTAIN: &str = "look with 'jdredis backup policy show', and only then try again";

fn show(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    Jdredis::at(sandbox).args(SHOW).args(more.iter().copied()).run()
}

fn set(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    Jdredis::at(sandbox).args(SET).args(more.iter().copied()).run()
}

/// An answer of describeBackupPolicy.
fn policy(days: &str, window: &str, next: &str) -> Reply {
    let result = json!({"backupPeriod": days, "backupTime": window, "nextBackupTime": next});
    Reply::json(200, json!({"requestId": "r", "result": result}).to_string())
}

/// The service's own answer.
fn normal() -> Reply {
    Reply::then_ok(Duration::ZERO)
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
fn a_policy_is_shown_in_each_format() {
    let sandbox = sandbox();
    let table = show(&sandbox, &[]);
    let mut lines = table.data().lines();
    assert_eq!(lines.next(), Some("AUTO  DAYS     WINDOW             NEXT"));
    let row = lines.next().unwrap();
    assert!(row.starts_with("on    Wed,Sun  17:00-18:00 +0000  20"), "{row}");
    assert!(row.ends_with("T17:00Z"), "{row}");
    assert_eq!(show(&sandbox, &["-o", "plain"]).data(), "on\n");
    let document: Value = serde_json::from_str(show(&sandbox, &["-o", "json"]).data()).unwrap();
    assert_eq!(document["result"]["backupPeriod"], "Wednesday,Sunday");
    assert_eq!(document["policy"]["days"], json!(["Wednesday", "Sunday"]));
    assert_eq!(document["policy"]["window"], "17:00-18:00 +0000");
    assert!(
        document["policy"]["next"]["start"]
            .as_str()
            .unwrap()
            .ends_with("T17:00:00Z")
    );
}

#[test]
fn on_and_off_are_told_from_every_answer() {
    for (answer, state, row) in [
        (
            json!({"backupPeriod": "", "backupTime": "", "nextBackupTime": ""}),
            "off",
            "off   -     -       -",
        ),
        (json!({}), "off", "off   -     -       -"),
        (
            json!({"backupPeriod": "Monday", "backupTime": "-"}),
            "off",
            "off   Mon   -       -",
        ),
        (
            json!({"autoBackup": "false", "backupPeriod": "Monday", "backupTime": "01:00-02:00 +0800"}),
            "off",
            "off   Mon   01:00-02:00 +0800  -",
        ),
        (
            json!({"autoBackup": "\u{1b}[2J"}),
            "unknown",
            "unknown  -     -       -",
        ),
        (
            json!({"autoBackup": true, "backupPeriod": 7, "backupTime": "at\u{1b}[2J night", "nextBackupTime": "soon"}),
            "on",
            "on    -     at\\u{1b}[2J night  soon",
        ),
    ] {
        let sandbox = sandbox();
        sandbox.always(Reply::json(
            200,
            json!({"requestId": "r", "result": answer}).to_string(),
        ));
        assert_eq!(
            show(&sandbox, &["-o", "plain"]).data(),
            format!("{state}\n"),
            "{answer}"
        );
        let table = show(&sandbox, &[]);
        assert_eq!(table.data().lines().nth(1), Some(row), "{answer}");
        let document: Value = serde_json::from_str(show(&sandbox, &["-o", "json"]).data()).unwrap();
        assert_eq!(
            (&document["policy"]["state"], &document["result"]),
            (&json!(state), &answer)
        );
    }
}

#[test]
fn a_policy_that_cannot_be_shown_is_an_error_without_data() {
    for (reply, exit, said) in [
        (Reply::error(404, "NOT_FOUND", "no"), 3, "404 NOT_FOUND"),
        (Reply::error(403, "HTTP_FORBIDDEN", "no [IAM] [gw]"), 4, "not permitted"),
        (Reply::close(), 5, "broke off"),
        (
            Reply::json(200, r#"{"result":[]}"#),
            6,
            "not what the service documents",
        ),
    ] {
        let sandbox = sandbox();
        sandbox.always(reply);
        show(&sandbox, &["--max-attempts", "1"])
            .fails_saying(exit, &["no policy of instance redis-1234 in cn-north-1", said]);
    }
}

#[test]
fn the_list_tells_which_instances_have_no_automatic_backup() {
    let sandbox = sandbox();
    let outcome = Jdredis::at(&sandbox).args(LIST).run();
    let lines: Vec<&str> = outcome.data().lines().collect();
    assert!(
        lines[0].starts_with("ID              AUTO  DAYS     WINDOW "),
        "{}",
        lines[0]
    );
    let states = |text: &str| -> Vec<String> {
        let words = text.lines().map(|line| line.split(' ').next().unwrap().to_owned());
        words.collect()
    };
    let off = ["redis-odd", "redis-bare", "redis-many", "redis-nameless"];
    for line in &lines[1..] {
        let (id, rest) = line.split_once(' ').unwrap();
        let expected = if off.contains(&id) { "off " } else { "on " };
        assert!(rest.trim_start().starts_with(expected), "{line}");
    }
    let plain = Jdredis::at(&sandbox).args(LIST).args(["-o", "plain"]).run();
    assert!(
        plain
            .data()
            .starts_with("off cn-north-1 redis-odd\non cn-north-1 redis-cluster1\n")
    );
    assert_eq!(states(plain.data()).iter().filter(|state| *state == "off").count(), 4);
    let json = Jdredis::at(&sandbox).args(LIST).args(["-o", "json"]).run();
    let document: Value = serde_json::from_str(json.data()).unwrap();
    let policies = document["policies"].as_array().unwrap();
    assert_eq!(policies.len(), lines.len() - 1);
    assert_eq!(policies[0]["instance"], "redis-odd");
    assert_eq!(policies[0]["name"], "odd totals");
    assert_eq!(policies[0]["policy"]["state"], "off");
    assert_eq!(policies[0]["error"], Value::Null);
}

#[test]
fn several_regions_are_listed_in_one_table_and_all_are_those_the_service_names() {
    let sandbox = sandbox();
    let list = ["backup", "policy", "list", "-o", "plain", "--region"];
    let two = Jdredis::at(&sandbox)
        .args(list)
        .args(["cn-south-1", "--region", "cn-north-1", "--region", "cn-south-1"])
        .run();
    let regions = |text: &str| {
        let mut regions: Vec<String> = text
            .lines()
            .map(|line| line.split(' ').nth(1).unwrap().to_owned())
            .collect();
        regions.dedup();
        regions
    };
    assert_eq!(regions(two.data()), ["cn-south-1", "cn-north-1"]);
    // No region is set anywhere.
    let all = Jdredis::at(&sandbox).args(list).args(["all"]).run();
    assert_eq!(
        regions(all.data()),
        ["cn-north-1", "cn-south-1", "cn-east-2", "cn-east-1"]
    );
    assert_eq!(all.data().lines().count(), 4 * 8 + 223);
    let table = Jdredis::at(&sandbox)
        .args(["backup", "policy", "list", "--region", "all"])
        .run();
    assert!(table.data().starts_with("REGION      ID"), "{}", table.stdout);
    let none = Jdredis::at(&sandbox).args(["backup", "policy", "list"]).run();
    none.fails_saying(2, &["no region was given"]);
    sandbox.script_for(
        "availableRegion",
        vec![
            Reply::error(403, "HTTP_FORBIDDEN", "no [IAM] [gw]"),
            Reply::json(200, r#"{"requestId":"r","result":{"availableRegions":[]}}"#),
        ],
    );
    let refused = Jdredis::at(&sandbox).args(list).args(["all"]).run();
    refused.fails_saying(4, &["no list of all regions"]);
    let empty = Jdredis::at(&sandbox).args(list).args(["all"]).run();
    empty.fails_saying(6, &["names no region", "hint: name the regions with --region"]);
}

#[test]
fn one_failure_is_a_row_and_an_exit_code_and_the_others_go_on() {
    let sandbox = sandbox();
    sandbox.script_for(
        "redis-wide/backupPolicy",
        vec![Reply::error(400, "FAILED_PRECONDITION", "creating"); 2],
    );
    let outcome = Jdredis::at(&sandbox).args(LIST).args(["-o", "plain"]).run();
    let data = outcome.data_before_failure(
        6,
        &[
            "the list is not complete",
            "no policy of instance redis-wide in cn-north-1",
            "FAILED_PRECONDITION",
        ],
    );
    assert!(
        data.contains("unknown cn-north-1 redis-wide\non cn-north-1 redis-twins\n"),
        "{data}"
    );
    let json = Jdredis::at(&sandbox).args(LIST).args(["-o", "json"]).run();
    let document: Value = serde_json::from_str(json.data_with(6)).unwrap();
    let row = document["policies"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["instance"] == "redis-wide");
    let row = row.unwrap();
    assert_eq!(row["policy"], Value::Null);
    assert!(row["error"].as_str().unwrap().contains("redis-wide"), "{row}");
    // A region that cannot be listed leaves the other one.
    sandbox.script_for(
        "cn-south-1/cacheInstance?",
        vec![Reply::error(400, "INVALID_ARGUMENT", "no")],
    );
    let outcome = Jdredis::at(&sandbox)
        .args(LIST)
        .args(["--region", "cn-south-1", "-o", "plain"])
        .run();
    let data = outcome.data_before_failure(6, &["cannot list the instances of cn-south-1"]);
    assert_eq!(data.lines().count(), 8);
}

#[test]
fn keys_that_are_refused_are_not_tried_on_every_instance() {
    let sandbox = sandbox();
    sandbox.always(Reply::error(403, "HTTP_FORBIDDEN", "not authorized [IAM] [gw]"));
    sandbox.script_for("cacheInstance?", vec![normal(), normal(), normal()]);
    let outcome = Jdredis::at(&sandbox)
        .args(["backup", "policy", "list", "--region", "cn-east-2"])
        .run();
    outcome.fails_saying(4, &["no policy of instance redis-", "not permitted"]);
    // Three pages of 231 instances, and the few that were asked for side by side.
    assert!(sandbox.requests().len() < 3 + 20, "{}", sandbox.requests().len());
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
    bare(&["--days", "daily"]).fails_saying(2, &["it has no window", "hint: give --time as well"]);
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
