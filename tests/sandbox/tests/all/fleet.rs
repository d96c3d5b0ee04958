//! The fleet: instances that a test makes up, with tags, backups and a recycle bin, and a limit of calls.

use std::time::Duration;

use jdredis_sandbox::{FleetBackup, FleetInstance, Sandbox};
use serde_json::Value;
use time::OffsetDateTime;

use crate::requests::get;

const REGION: &str = "cn-north-1";

fn fleet() -> Sandbox {
    let sandbox = Sandbox::builder().fleet_only().start().expect("it starts");
    for (id, env) in [("redis-a", "prod"), ("redis-b", "test")] {
        sandbox.put_instance(REGION, FleetInstance::new(id).tag("env", env));
        sandbox.add_backup(REGION, id, "b1", OffsetDateTime::UNIX_EPOCH, FleetBackup::Success);
    }
    sandbox
}

/// The answer to a request for a path below the region's.
fn asked(sandbox: &Sandbox, path: &str) -> Value {
    serde_json::from_str(&get(sandbox, path).body).expect("answers are JSON")
}

fn ids(answer: &Value) -> Vec<&str> {
    let list = answer["result"]["cacheInstances"].as_array().expect("a list");
    list.iter()
        .map(|instance| instance["cacheInstanceId"].as_str().expect("an ID"))
        .collect()
}

#[test]
fn a_fleet_is_all_there_is_and_tags_choose_from_it() {
    let sandbox = fleet();
    let all = asked(&sandbox, "/cacheInstance");
    assert_eq!(ids(&all), ["redis-a", "redis-b"]);
    let tagged = asked(
        &sandbox,
        "/cacheInstance?tagFilters.1.key=env&tagFilters.1.values.1=test",
    );
    assert_eq!(ids(&tagged), ["redis-b"]);
    let elsewhere = crate::requests::ask_for(&sandbox, "GET", "cn-south-1", "/cacheInstance", "");
    assert!(elsewhere.body.contains("\"totalCount\":0"), "{}", elsewhere.body);
    let backups = asked(&sandbox, "/cacheInstance/redis-a/backup");
    assert_eq!(
        backups["result"]["backups"][0]["backupStartTime"],
        "1970-01-01T00:00:00Z"
    );
}

#[test]
fn a_released_instance_is_in_the_recycle_bin_alone() {
    let sandbox = fleet();
    sandbox.release_instance(REGION, "redis-a");
    assert_eq!(ids(&asked(&sandbox, "/cacheInstance")), ["redis-b"]);
    let bin = asked(&sandbox, "/recycledCacheInstance");
    assert_eq!(ids(&bin), ["redis-a"]);
    assert!(bin["result"]["cacheInstances"][0]["retainExpireTime"].is_string());
    assert_eq!(asked(&sandbox, "/cacheInstance/redis-a")["error"]["code"], 404);
}

#[test]
fn calls_beyond_the_limit_are_refused() {
    let sandbox = Sandbox::builder()
        .fleet_only()
        .calls_limit(2, Duration::from_secs(3600))
        .start()
        .expect("it starts");
    let codes: Vec<Value> = (0..3)
        .map(|_| asked(&sandbox, "/cacheInstance")["error"]["code"].clone())
        .collect();
    assert_eq!(codes, [Value::Null, Value::Null, 429.into()]);
}
