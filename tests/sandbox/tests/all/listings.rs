//! The listings of instances and backups.

use std::collections::HashSet;

use jdredis_sandbox::Sandbox;
use serde_json::Value;

use crate::requests::{Answer, ask_for, get};
use crate::serving::assert_failure;

/// The values of one field of a listing's rows; `list` is the listing's name.
pub(crate) fn column(answer: &Answer, list: &str, field: &str) -> Vec<String> {
    let json = answer.json();
    let rows = json["result"][list].as_array().unwrap_or_else(|| panic!("{answer:?}"));
    let text = |row: &Value| {
        row[field]
            .as_str()
            .map_or_else(|| row[field].to_string(), str::to_owned)
    };
    rows.iter().map(text).collect()
}

pub(crate) fn total(answer: &Answer) -> u64 {
    answer.json()["result"]["totalCount"]
        .as_u64()
        .unwrap_or_else(|| panic!("{answer:?}"))
}

pub(crate) fn row(answer: &Answer, list: &str, field: &str, value: &str) -> Value {
    let json = answer.json();
    let rows = json["result"][list].as_array().expect("the list is there");
    let row = rows.iter().find(|row| row[field] == value);
    row.unwrap_or_else(|| panic!("no {value} in {answer:?}")).clone()
}

#[test]
fn pages_are_whole_and_sizes_are_checked() {
    let sandbox = Sandbox::start();
    let backups = "/cacheInstance/redis-odd/backup";
    let cases = [
        ("/cacheInstance", "", Ok(8)),
        (backups, "", Ok(10)),
        (backups, "?pageNumber=24", Ok(7)),
        (backups, "?pageNumber=3&pageSize=100", Ok(37)),
        (backups, "?pageNumber=4&pageSize=100", Ok(0)),
        (backups, "?pageNumber=18446744073709551615&pageSize=100", Ok(0)),
        (backups, "?pageNumber=0", Err(())),
        (backups, "?pageNumber=x", Err(())),
        (backups, "?pageSize=9", Err(())),
        (backups, "?pageSize=101", Err(())),
        ("/cacheInstance", "?pageSize=9", Err(())),
    ];
    for (path, query, expected) in cases {
        let answer = get(&sandbox, &format!("{path}{query}"));
        let (list, id) = if path == backups {
            ("backups", "baseId")
        } else {
            ("cacheInstances", "cacheInstanceId")
        };
        match expected {
            Ok(count) => {
                assert_eq!(column(&answer, list, id).len(), count, "{query}");
                assert_eq!(total(&answer), if path == backups { 237 } else { 8 }, "{query}");
            }
            Err(()) => assert_failure(&answer, 400, "INVALID_ARGUMENT"),
        }
    }
    assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
}

#[test]
fn all_pages_together_have_every_entry_once() {
    let sandbox = Sandbox::start();
    let cases = [
        ("/cacheInstance", "cacheInstances", "cacheInstanceId", 231),
        ("/cacheInstance/redis-odd/backup", "backups", "baseId", 237),
        ("/cacheInstance/redis-many/backup", "backups", "baseId", 10_000),
    ];
    for (path, list, id, expected) in cases {
        let mut seen = HashSet::new();
        for number in 1..=expected / 100 + 1 {
            let path = format!("{path}?pageNumber={number}&pageSize=100");
            let answer = ask_for(&sandbox, "GET", "cn-east-2", &path, "");
            assert_eq!(total(&answer), expected, "{answer:?}");
            seen.extend(column(&answer, list, id));
        }
        assert_eq!(u64::try_from(seen.len()), Ok(expected), "{path}");
    }
}

#[test]
fn instances_have_the_documented_fields() {
    let sandbox = Sandbox::start();
    let listing = get(&sandbox, "/cacheInstance");
    let cases = [("redis-1234", "master-slave", 1), ("redis-cluster1", "cluster", 4)];
    for (id, kind, shards) in cases {
        let instance = row(&listing, "cacheInstances", "cacheInstanceId", id);
        let fields: Vec<_> = instance.as_object().expect("an object").keys().collect();
        assert_eq!(
            fields,
            [
                "cacheInstanceId",
                "cacheInstanceName",
                "cacheInstanceClass",
                "cacheInstanceMemoryMB",
                "cacheInstanceStatus",
                "cacheInstanceType",
                "redisVersion",
                "shardNumber",
                "connectionDomain",
                "port",
                "createTime"
            ]
        );
        assert_eq!(
            (&instance["cacheInstanceType"], &instance["shardNumber"]),
            (&kind.into(), &shards.into())
        );
        let alone = get(&sandbox, &format!("/cacheInstance/{id}"));
        assert_eq!(alone.json()["result"]["cacheInstance"], instance);
    }
    let bare = row(&listing, "cacheInstances", "cacheInstanceId", "redis-bare");
    assert_eq!(bare.as_object().map(|fields| fields.len()), Some(1), "{bare}");
    row(&listing, "cacheInstances", "cacheInstanceName", "缓存-订单");
    assert_failure(&get(&sandbox, "/cacheInstance/redis-9"), 404, "NOT_FOUND");
    assert_failure(&get(&sandbox, "/cacheInstance/redis-n0001"), 404, "NOT_FOUND");
}

#[test]
fn instances_are_filtered() {
    let sandbox = Sandbox::start();
    let filter = |number: u32, name: &str, more: &str| {
        let more: String = more
            .split(' ')
            .map(|part| format!("&filters.{number}.{part}"))
            .collect();
        format!("filters.{number}.name={name}{more}")
    };
    let cases = [
        (filter(1, "cacheInstanceId", "values.1=redis-1234"), Ok(1)),
        (filter(1, "cacheInstanceId", "values.1=redis-12"), Ok(0)),
        (filter(1, "cacheInstanceId", "operator=like values.1=redis-12"), Ok(1)),
        (
            filter(
                1,
                "cacheInstanceId",
                "operator=eq values.1=redis-1234 values.2=redis-n0007",
            ),
            Ok(2),
        ),
        (
            filter(1, "cacheInstanceName", "operator=like values.1=%E8%AE%A2%E5%8D%95"),
            Ok(1),
        ),
        (filter(1, "cacheInstanceStatus", "values.1=restoring"), Ok(28)),
        (filter(1, "redisVersion", "values.1=6.2"), Ok(57)),
        (filter(1, "instanceType", "values.1=master-slave"), Ok(77)),
        (
            filter(1, "instanceType", "values.1=cluster") + "&" + &filter(2, "redisVersion", "values.1=4.0"),
            Ok(20),
        ),
        (filter(1, "chargeMode", "values.1=postpaid"), Err(())),
        (filter(1, "redisVersion", "operator=gt values.1=4.0"), Err(())),
        (filter(1, "redisVersion", "values=4.0"), Err(())),
        (filter(1, "redisVersion", "value.1=4.0"), Err(())),
        ("filters.1.name=redisVersion".to_owned(), Err(())),
        ("filters.name=redisVersion".to_owned(), Err(())),
    ];
    for (query, expected) in cases {
        let answer = ask_for(&sandbox, "GET", "cn-east-2", &format!("/cacheInstance?{query}"), "");
        match expected {
            Ok(count) => assert_eq!(total(&answer), count, "{query}"),
            Err(()) => assert_failure(&answer, 400, "INVALID_ARGUMENT"),
        }
    }
}

#[test]
fn backups_have_the_documented_fields() {
    let sandbox = Sandbox::builder().object_size(1_000).start().expect("a port is free");
    let cases = [
        (
            "redis-1234",
            "1234",
            r#"{"baseId":"1234","backupFileName":"backup1","cacheInstanceId":"redis-1234","backupStartTime":"2021-07-14T15:36:57+08:00","backupEndTime":"2021-07-14T15:38:27+08:00","backupType":1,"backupSize":1000,"backupStatus":2,"backupShardMemoryMB":1024,"backupShardNum":1,"backupDownloadURL":""}"#,
        ),
        (
            "redis-cluster1",
            "a607efba-ff06-4d78-ba3c-b3119fce27fd",
            r#"{"baseId":"a607efba-ff06-4d78-ba3c-b3119fce27fd","backupFileName":"backup4","cacheInstanceId":"redis-cluster1","backupStartTime":"2021-07-17T15:36:57+08:00","backupEndTime":"2021-07-17T15:38:27+08:00","backupType":1,"backupSize":4000,"backupStatus":2,"backupShardMemoryMB":1024,"backupShardNum":4,"backupDownloadURL":""}"#,
        ),
        (
            "redis-1234",
            "running",
            r#"{"baseId":"running","backupFileName":"running","cacheInstanceId":"redis-1234","backupStartTime":"2021-07-20T02:00:00Z","backupType":1,"backupStatus":0,"backupDownloadURL":""}"#,
        ),
        (
            "redis-1234",
            "failed",
            r#"{"baseId":"failed","backupFileName":"failed","cacheInstanceId":"redis-1234","backupStartTime":"2021-07-19T10:00:00+08:00","backupEndTime":"2021-07-19T10:01:30+08:00","backupType":0,"backupStatus":1,"backupDownloadURL":""}"#,
        ),
        ("redis-1234", "bare", r#"{"baseId":"bare"}"#),
    ];
    for (instance, base_id, expected) in cases {
        let answer = get(&sandbox, &format!("/cacheInstance/{instance}/backup?pageSize=100"));
        assert_eq!(row(&answer, "backups", "baseId", base_id).to_string(), expected);
    }
}

#[test]
fn backups_are_filtered() {
    let sandbox = Sandbox::start();
    let cases: [(&str, Result<&[&str], ()>); 9] = [
        ("baseId=1234", Ok(&["1234"])),
        ("baseId=9", Ok(&[])),
        ("startTime=2021-07-19T02:00:00Z", Ok(&["running", "failed"])),
        ("startTime=2021-07-19T02:00:01Z", Ok(&["running"])),
        ("endTime=2021-07-14T07:36:57Z", Ok(&["1234", "unsized"])),
        (
            "startTime=2021-07-17T00:00:00Z&endTime=2021-07-17T18:00:00Z",
            Ok(&["second", "newest"]),
        ),
        ("startTime=2021-07-19T02:00:00Z&baseId=1234", Ok(&[])),
        ("startTime=2021-07-19T02:00:00%2B08:00", Err(())),
        ("endTime=2021-07-19", Err(())),
    ];
    for (query, expected) in cases {
        let answer = get(&sandbox, &format!("/cacheInstance/redis-1234/backup?{query}"));
        match expected {
            Ok(expected) => {
                assert_eq!(column(&answer, "backups", "baseId"), expected, "{query}");
                assert_eq!(total(&answer), expected.len() as u64, "{query}");
            }
            Err(()) => assert_failure(&answer, 400, "INVALID_ARGUMENT"),
        }
    }
    assert_failure(&get(&sandbox, "/cacheInstance/redis-9/backup"), 404, "NOT_FOUND");
    assert_eq!(total(&get(&sandbox, "/cacheInstance/redis-wide/backup")), 0);
}

#[test]
fn backups_are_in_no_order_of_time() {
    let sandbox = Sandbox::start();
    for instance in ["redis-1234", "redis-odd", "redis-many"] {
        let answer = get(
            &sandbox,
            &format!("/cacheInstance/{instance}/backup?startTime=2021-07-12T00:00:00Z"),
        );
        let times: Vec<_> = column(&answer, "backups", "backupStartTime")
            .iter()
            .map(|time| {
                time::OffsetDateTime::parse(time, &time::format_description::well_known::Rfc3339).expect("RFC 3339")
            })
            .collect();
        assert!(
            !times.is_sorted() && !times.is_sorted_by(|before, after| before >= after),
            "{times:?}"
        );
    }
}

#[test]
fn backups_without_files_have_no_links() {
    let sandbox = Sandbox::start();
    let cases = [
        ("redis-1234", "running", Err(())),
        ("redis-1234", "failed", Err(())),
        ("redis-1234", "bare", Ok((1, vec!["bare-0"]))),
        ("redis-odd", "odd-00002", Ok((1, vec!["20220101100000-odd_2-0"]))),
        ("redis-odd", "odd-00237", Err(())),
        ("redis-twins", "twins", Ok((4, vec!["20210717153657-twins"]))),
        (
            "redis-nameless",
            "nameless",
            Ok((2, vec!["20210717153657-nameless-0", "20210717153657-nameless-1"])),
        ),
    ];
    for (instance, base_id, expected) in cases {
        let path = format!("/cacheInstance/{instance}/backup%3AdescribeDownloadUrl?baseId={base_id}");
        let answer = get(&sandbox, &path);
        let Ok((count, files)) = expected else {
            assert_failure(&answer, 404, "NOT_FOUND");
            continue;
        };
        let links = column(&answer, "downloadUrls", "link");
        assert_eq!(links.iter().collect::<HashSet<_>>().len(), count, "{answer:?}");
        let path = |link: &String| link.split('?').next().unwrap_or_default().to_owned();
        let mut names: Vec<_> = links
            .iter()
            .map(path)
            .map(|path| path.rsplit('/').next().unwrap_or_default().to_owned())
            .collect();
        names.dedup();
        assert_eq!(names, files);
        let has_names = !answer.body.contains("nameless");
        assert_eq!(answer.body.contains(r#""name":"node 0""#), has_names, "{answer:?}");
    }
}
