//! The schedules of automatic backups, one backup's details, and the regions.

use jdredis_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::requests::{ask_for, get};
use crate::serving::assert_failure;

fn policy(sandbox: &Sandbox, instance: &str) -> Value {
    let answer = get(sandbox, &format!("/cacheInstance/{instance}/backupPolicy"));
    assert_eq!(answer.status, 200, "{answer:?} {:#?}", sandbox.refusals());
    answer.json()["result"].take()
}

#[test]
fn policies_are_answered_in_every_documented_way() {
    let sandbox = Sandbox::start();
    let documented = policy(&sandbox, "redis-1234");
    assert_eq!(documented["autoBackup"], Value::Null);
    assert_eq!(documented["backupPeriod"], "Wednesday,Sunday");
    assert_eq!(documented["backupTime"], "17:00-18:00 +0000");
    let next = documented["nextBackupTime"].as_str().expect("the policy is on");
    assert!(next.contains("T17:00:00Z~2") && next.ends_with("T18:00:00Z"), "{next}");
    let off = policy(&sandbox, "redis-odd");
    assert_eq!(
        (&off["autoBackup"], &off["nextBackupTime"]),
        (&json!(false), &json!(""))
    );
    let empty = json!({"backupPeriod": "", "backupTime": "", "nextBackupTime": ""});
    assert_eq!(policy(&sandbox, "redis-bare"), empty);
}

#[test]
fn a_policy_is_modified_by_a_signed_patch() {
    let sandbox = Sandbox::start();
    let modify = |body: &str| {
        let path = "/cacheInstance/redis-1234/backupPolicy";
        ask_for(&sandbox, "PATCH", "cn-north-1", path, body)
    };
    let answer = modify(r#"{"backupPeriod":"Monday","backupTime":"22:00-23:30 -0230","autoBackup":true}"#);
    assert_eq!(answer.status, 200, "{answer:?} {:#?}", sandbox.refusals());
    let changed = policy(&sandbox, "redis-1234");
    assert_eq!(changed["autoBackup"], true);
    assert_eq!(changed["backupPeriod"], "Tuesday");
    assert_eq!(changed["backupTime"], "00:30-02:00 +0000");
    for body in [
        "",
        "[]",
        r#"{"backupTime":"01:00-02:00 +0800"}"#,
        r#"{"backupPeriod":"Monday"}"#,
        r#"{"backupPeriod":"Monday","backupTime":"-"}"#,
        r#"{"backupPeriod":"Monday","backupTime":"01:00-02:00 +0800","autoBackup":"yes"}"#,
    ] {
        assert_failure(&modify(body), 400, "INVALID_ARGUMENT");
    }
    assert_eq!(policy(&sandbox, "redis-1234"), changed);
}

#[test]
fn one_backup_has_the_fields_of_a_list_and_its_instances() {
    let sandbox = Sandbox::start();
    let answer = get(&sandbox, "/cacheInstance/redis-1234/backup/1234").json();
    assert_eq!(answer["result"]["baseId"], "1234");
    assert_eq!(answer["result"]["backupSize"], 300_000);
    assert_eq!(answer["result"]["backupShardNum"], 1);
    assert_eq!(answer["result"]["extension"]["redisVersion"], "4.0");
    assert_failure(
        &get(&sandbox, "/cacheInstance/redis-1234/backup/none"),
        404,
        "NOT_FOUND",
    );
}

#[test]
fn the_documented_regions_are_offered() {
    let sandbox = Sandbox::start();
    let answer = get(&sandbox, "/availableRegion").json();
    let regions = answer["result"]["availableRegions"].as_array().expect("a list");
    let ids: Vec<&str> = regions
        .iter()
        .filter_map(|region| region["regionId"].as_str())
        .collect();
    assert_eq!(ids, ["cn-north-1", "cn-south-1", "cn-east-2", "cn-east-1"]);
}
