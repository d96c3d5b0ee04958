//! `instance list` and `backup list`: what the service is asked, which pages are read, and each form
//! of what is printed.

mod entries;
mod filters;
mod pages;

use jdredis_sandbox::Reply;
use serde_json::{Value, json};

use crate::support::{Jdredis, page, sandbox, without_ages};

const INSTANCES: [&str; 4] = ["instance", "list", "--region", "cn-north-1"];
const CROWDED: [&str; 4] = ["instance", "list", "--region", "cn-east-2"];
const BACKUPS: [&str; 6] = ["backup", "list", "--region", "cn-north-1", "--instance", "redis-1234"];
const ODD: [&str; 6] = ["backup", "list", "--region", "cn-north-1", "--instance", "redis-odd"];
const WIDE: [&str; 6] = ["backup", "list", "--region", "cn-north-1", "--instance", "redis-wide"];

const INSTANCE_HEADER: &str = "ID  NAME  STATUS  MEMORY  SHARDS  VERSION  TYPE  ADDRESS\n";
const BACKUP_HEADER: &str = "BASE ID  STARTED  STATUS  AGE  SIZE  TYPE  SHARDS  TOOK  NAME\n";

/// The base IDs of `redis-odd` from one number down to another.
fn odd(newest: usize, oldest: usize) -> Vec<String> {
    (oldest..=newest).rev().map(|n| format!("odd-{n:05}")).collect()
}

/// The query of a page that asks for nothing but the page.
fn of_page(number: usize) -> String {
    format!("pageNumber={number}&pageSize=100")
}

#[test]
fn instances_are_a_table() {
    let sandbox = sandbox();
    let table = Jdredis::at(&sandbox).args(INSTANCES).run();
    assert_eq!(
        table.data(),
        "ID              NAME          STATUS    MEMORY   SHARDS  VERSION  TYPE            ADDRESS\n\
         redis-odd       odd totals    running   1.0 GiB  1       5.0      master-slave    redis-odd.redis.cn-north-1.example:6379\n\
         redis-cluster1  cluster1      running   4.0 GiB  4       4.0      cluster         redis-cluster1.redis.cn-north-1.example:6379\n\
         redis-bare      -             -         -        -       -        -               -\n\
         redis-many      many backups  changing  1.0 GiB  1       2.8      master-slave    redis-many.redis.cn-north-1.example:6379\n\
         redis-1234      documented    running   1.0 GiB  1       4.0      master-slave    redis-1234.redis.cn-north-1.example:6379\n\
         redis-wide      缓存-订单     creating  4.0 GiB  4       6.2      native-cluster  redis-wide.redis.cn-north-1.example:6379\n\
         redis-twins     twins         running   4.0 GiB  4       5.0      cluster         redis-twins.redis.cn-north-1.example:6379\n\
         redis-nameless  -             error     4.0 GiB  4       5.0      native-cluster  redis-nameless.redis.cn-north-1.example:6379\n"
    );
    let [request] = &sandbox.requests()[..] else {
        panic!("one request: {:#?}", sandbox.requests())
    };
    assert_eq!(request.method, "GET");
    assert_eq!(
        request.target,
        "/v1/regions/cn-north-1/cacheInstance?pageNumber=1&pageSize=100"
    );
}

#[test]
fn backups_are_a_table_newest_first() {
    let sandbox = sandbox();
    let table = Jdredis::at(&sandbox).args(BACKUPS).run();
    assert_eq!(
        without_ages(table.data()),
        "BASE ID      STARTED               STATUS   SIZE     TYPE    SHARDS  TOOK        NAME\n\
         running      2021-07-20T02:00:00Z  running  -        manual  -       -           running\n\
         failed       2021-07-19T02:00:00Z  failed   -        auto    -       1 min 30 s  failed\n\
         newest       2021-07-17T18:00:00Z  success  293 KiB  manual  1       1 min 30 s  newest\n\
         second       2021-07-17T17:00:00Z  success  293 KiB  auto    1       1 min 30 s  second\n\
         empty        2021-07-16T07:36:57Z  success  0 B      manual  1       1 min 30 s  backup3\n\
         no-internal  2021-07-15T07:36:57Z  success  293 KiB  auto    1       1 min 30 s  backup2\n\
         1234         2021-07-14T07:36:57Z  success  293 KiB  manual  1       1 min 30 s  backup1\n\
         unsized      2021-07-12T07:36:57Z  success  -        manual  -       -           unsized\n\
         bare         -                     -        -        -       -       -           -\n\
         undated      -                     success  293 KiB  manual  1       -           undated\n"
    );
    let [request] = &sandbox.requests()[..] else {
        panic!("one request: {:#?}", sandbox.requests())
    };
    assert_eq!(
        request.target,
        "/v1/regions/cn-north-1/cacheInstance/redis-1234/backup?pageNumber=1&pageSize=100"
    );
}

#[test]
fn plain_is_an_id_a_line() {
    let sandbox = sandbox();
    let instances = Jdredis::at(&sandbox).args(INSTANCES).args(["-o", "plain"]).run();
    assert_eq!(
        instances.data(),
        "redis-odd\nredis-cluster1\nredis-bare\nredis-many\nredis-1234\nredis-wide\nredis-twins\nredis-nameless\n"
    );
    let backups = Jdredis::at(&sandbox).args(BACKUPS).args(["-o", "plain"]).run();
    assert_eq!(
        backups.data(),
        "running\nfailed\nnewest\nsecond\nempty\nno-internal\n1234\nunsized\nbare\nundated\n"
    );
}

/// The fields that are added in one spelling, so that programs need to know no number of the service's.
#[test]
fn json_says_status_type_and_times_in_words_where_they_were_read() {
    let sandbox = sandbox();
    let entries = [
        r#"{"baseId":"c","backupStatus":2,"backupType":0,"backupStartTime":"2026-01-02 08:00:00","backupEndTime":"2026-01-02T08:01:00+0800"}"#,
        r#"{"baseId":"b","backupStatus":1,"backupType":1,"backupStartTime":"2026-01-01T00:00:00Z"}"#,
        r#"{"baseId":"a","backupStatus":7,"backupType":null,"status":"the service's own"}"#,
    ];
    sandbox.always(page("r", "backups", entries, Some("3")));
    let json = Jdredis::at(&sandbox).args(BACKUPS).args(["-o", "json", "-qq"]).run();
    let json: Value = serde_json::from_str(json.data()).unwrap();
    let backups = json["result"]["backups"].as_array().unwrap();
    let by_id = |id: &str| backups.iter().find(|backup| backup["baseId"] == id).unwrap();
    for (id, status, kind, started, ended) in [
        (
            "c",
            json!("success"),
            json!("auto"),
            json!("2026-01-02T00:00:00Z"),
            json!("2026-01-02T00:01:00Z"),
        ),
        (
            "b",
            json!("failed"),
            json!("manual"),
            json!("2026-01-01T00:00:00Z"),
            Value::Null,
        ),
        ("a", json!("the service's own"), Value::Null, Value::Null, Value::Null),
    ] {
        let backup = by_id(id);
        let said = [
            &backup["status"],
            &backup["type"],
            &backup["startedAt"],
            &backup["endedAt"],
        ];
        assert_eq!(said, [&status, &kind, &started, &ended], "{backup}");
    }
    assert!(by_id("a").get("type").is_none() && by_id("b").get("endedAt").is_none());

    let entry = r#"{"cacheInstanceId":"redis-1","cacheInstanceStatus":"running","cacheInstanceType":"cluster"}"#;
    sandbox.always(page("r", "cacheInstances", [entry], Some("1")));
    let json = Jdredis::at(&sandbox).args(INSTANCES).args(["-o", "json", "-qq"]).run();
    let json: Value = serde_json::from_str(json.data()).unwrap();
    let instance = &json["result"]["cacheInstances"][0];
    assert_eq!(
        [&instance["status"], &instance["type"]],
        [&json!("running"), &json!("cluster")]
    );
}

#[test]
fn json_is_the_services_answer_with_all_pages_in_one() {
    let sandbox = sandbox();
    sandbox.script(vec![
        page(
            "first",
            "backups",
            [
                r#"{"zz":[1.10,null],"baseId":"b","backupStartTime":"2026-01-02T08:00:00+08:00"}"#,
                r#"{"baseId":"a","backupStartTime":"2026-01-01T00:00:00Z","backupSize":null}"#,
            ],
            Some("4"),
        ),
        page(
            "last",
            "backups",
            [
                r#"{"backupStartTime":"2026-01-03T00:00:00Z","big":12345678901234567890123,"baseId":"c"}"#,
                r#"{"baseId":"d","backupStartTime":null}"#,
            ],
            Some("4"),
        ),
    ]);
    let json = Jdredis::at(&sandbox).args(BACKUPS).args(["-o", "json"]).run();
    assert_eq!(
        json.data(),
        r#"{
    "requestId": "last",
    "result": {
        "backups": [
            {
                "backupStartTime": "2026-01-03T00:00:00Z",
                "big": 12345678901234567890123,
                "baseId": "c",
                "startedAt": "2026-01-03T00:00:00Z"
            },
            {
                "zz": [
                    1.10,
                    null
                ],
                "baseId": "b",
                "backupStartTime": "2026-01-02T08:00:00+08:00",
                "startedAt": "2026-01-02T00:00:00Z"
            },
            {
                "baseId": "a",
                "backupStartTime": "2026-01-01T00:00:00Z",
                "backupSize": null,
                "startedAt": "2026-01-01T00:00:00Z"
            },
            {
                "baseId": "d",
                "backupStartTime": null
            }
        ],
        "totalCount": 4
    }
}
"#
    );

    sandbox.script(vec![
        page(
            "first",
            "cacheInstances",
            [r#"{"cacheInstanceId":"y","tags":{}}"#],
            Some("2"),
        ),
        page(
            "last",
            "cacheInstances",
            [r#"{"cost":6.50,"cacheInstanceId":"x"}"#],
            Some("2"),
        ),
    ]);
    let json = Jdredis::at(&sandbox).args(INSTANCES).args(["-o", "json"]).run();
    let compact: String = json.data().split_whitespace().collect();
    assert_eq!(
        compact,
        r#"{"requestId":"last","result":{"cacheInstances":[{"cacheInstanceId":"y","tags":{}},{"cost":6.50,"cacheInstanceId":"x"}],"totalCount":2}}"#
    );
}

#[test]
fn the_request_id_in_json_may_come_from_the_header() {
    let sandbox = sandbox();
    sandbox.script(vec![
        Reply::json(200, r#"{"result":{"backups":[]}}"#).header("x-jdcloud-request-id", "from-header"),
    ]);
    let json = Jdredis::at(&sandbox).args(BACKUPS).args(["-o", "json"]).run();
    let answer: Value = serde_json::from_str(json.data()).unwrap();
    assert_eq!(answer["requestId"], "from-header");
}

#[test]
fn an_empty_listing_is_no_error() {
    let sandbox = sandbox();
    let nothing = ["--name", "nosuch"];
    for (args, header, list, note) in [
        (
            [&INSTANCES[..], &nothing].concat(),
            INSTANCE_HEADER,
            "cacheInstances",
            "note: cn-north-1 has no instances that match\n",
        ),
        (
            WIDE.to_vec(),
            BACKUP_HEADER,
            "backups",
            "note: instance redis-wide in cn-north-1 has no backups\n",
        ),
    ] {
        let run = |format| {
            Jdredis::at(&sandbox)
                .args(args.iter().copied())
                .args(["-o", format])
                .run()
        };
        for (format, data) in [("table", header), ("plain", "")] {
            let outcome = run(format);
            assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), data), "{outcome:#?}");
            assert_eq!(outcome.stderr, note);
        }
        let quiet = Jdredis::at(&sandbox).args(args.iter().copied()).args(["-q"]).run();
        assert_eq!(quiet.data(), header);
        let json: Value = serde_json::from_str(run("json").data()).unwrap();
        assert!(json["requestId"].is_string(), "{json}");
        assert_eq!(json["result"], json!({list: [], "totalCount": 0}));
    }
    sandbox.always(Reply::json(200, r#"{"requestId":"r","result":{"backups":null}}"#));
    assert_eq!(Jdredis::at(&sandbox).args(BACKUPS).run().data_with(0), BACKUP_HEADER);
}

#[test]
fn an_instance_that_does_not_exist_is_not_found() {
    let sandbox = sandbox();
    let outcome = Jdredis::at(&sandbox)
        .args(["backup", "list", "--region", "cn-north-1", "--instance", "redis-9"])
        .run();
    outcome.fails_saying(
        3,
        &[
            "error: cannot list the backups of instance redis-9 in cn-north-1: ",
            "404 NOT_FOUND",
            "'jdredis instance list'",
        ],
    );
}
