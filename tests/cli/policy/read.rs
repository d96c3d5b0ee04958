//! `backup policy show` and `backup policy list`.

use jdredis_sandbox::{Reply, Sandbox};
use serde_json::{Value, json};

use super::normal;
use crate::support::{Jdredis, Outcome, sandbox};

const SHOW: [&str; 7] = [
    "backup",
    "policy",
    "show",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
];

const LIST: [&str; 5] = ["backup", "policy", "list", "--region", "cn-north-1"];

fn show(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    Jdredis::at(sandbox).args(SHOW).args(more.iter().copied()).run()
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
