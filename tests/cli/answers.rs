//! Answers that are a little unlike the documentation: each difference costs its own field or entry, and
//! nothing is wrong in silence.

use jdredis_sandbox::Reply;
use serde_json::{Value, json};

use crate::support::{Jdredis, TOKEN, URL, backups, page, queries, sandbox, sandbox_builder, without_ages};

const LATEST: [&str; 7] = [
    "backup",
    "url",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
    "--latest",
];
const BACKUPS: [&str; 6] = ["backup", "list", "--region", "cn-north-1", "--instance", "redis-1234"];
const INSTANCES: [&str; 4] = ["instance", "list", "--region", "cn-north-1"];
const CREATE: [&str; 6] = ["backup", "create", "--region", "cn-north-1", "--instance", "redis-1234"];

/// A whole answer with links, one for each address.
fn links(addresses: &[&str]) -> Reply {
    let links: Vec<Value> = (0..)
        .zip(addresses)
        .map(|(n, link)| json!({"name": format!("node {n}"), "link": link}))
        .collect();
    Reply::json(
        200,
        json!({"requestId": "r", "result": {"downloadUrls": links}}).to_string(),
    )
}

#[test]
fn a_count_never_ends_a_listing() {
    let all: Vec<String> = (1..=150).map(|n| format!("b{n:03}")).collect();
    let start = |n: usize| format!("2026-01-01T{:02}:{:02}:00Z", n / 60, n % 60);
    let entry = |n: usize| (all[n].clone(), start(n));
    // By the page, as some services count: its own length, or nothing.
    for counts in [
        ["100", "50"],
        ["0", "0"],
        ["\"100\"", "\"50\""],
        ["-1", "-1"],
        ["1", "1"],
    ] {
        let sandbox = sandbox();
        for (number, (range, count)) in (1..).zip([(0..100, counts[0]), (100..150, counts[1])]) {
            let entries: Vec<String> = range
                .map(entry)
                .map(|(id, start)| format!(r#"{{"baseId":"{id}","backupStartTime":"{start}","backupStatus":2}}"#))
                .collect();
            let reply = page("r", "backups", entries.iter().map(String::as_str), Some(count));
            sandbox.script_for(&format!("pageNumber={number}&"), vec![reply.clone(), reply]);
        }
        sandbox.script_for("describeDownloadUrl", vec![links(&["https://h/x"])]);
        let latest = Jdredis::at(&sandbox).args(LATEST).args(["-q", "-o", "plain"]).run();
        assert_eq!(latest.data_with(0), "https://h/x\n");
        assert_eq!(queries(&sandbox).last().map(String::as_str), Some("baseId=b150"));
        let list = Jdredis::at(&sandbox).args(BACKUPS).args(["-q", "-o", "plain"]).run();
        assert_eq!(list.data_with(0).lines().count(), 150, "{counts:?}");
        let warnings = usize::from(counts[0].starts_with('-'));
        assert_eq!(list.stderr.lines().count(), warnings, "{list:#?}");
    }
}

#[test]
fn times_are_read_in_every_form_that_is_met() {
    for (newest, warning) in [
        ("2026-11-24T10:30:00+0800", ""),
        ("2026-11-24T10:30:00+08", ""),
        ("2026-11-24t02:30:00z", ""),
        ("2026-11-24 02:30:00 UTC", ""),
        ("2026-11-24T02:30Z", ""),
        (
            "2026-11-24 10:30:00",
            "warning: backupStartTime of backup new names no offset from UTC; such times are taken as +08:00",
        ),
        (
            "2026-11-24T10:30:00",
            "warning: backupStartTime of backup new names no offset from UTC; such times are taken as +08:00",
        ),
    ] {
        let sandbox = sandbox();
        // As text, or without its offset, the first is the later one of the two.
        let entries = [("old", "2026-11-24T10:00:00+08:00", 2), ("new", newest, 2)];
        sandbox.script_for("pageNumber", vec![backups(&entries, None), backups(&entries, None)]);
        sandbox.script_for("describeDownloadUrl", vec![links(&["https://h/x"])]);
        let latest = Jdredis::at(&sandbox).args(LATEST).args(["-o", "json"]).run();
        let note = "note: the newest backup is new, started at 2026-11-24T02:30:00Z";
        let answer: Value = serde_json::from_str(latest.data_saying(&[note, warning])).unwrap();
        assert_eq!(answer["backup"]["backupStartTime"], newest);
        assert_eq!(
            latest.stderr.lines().count(),
            1 + usize::from(!warning.is_empty()),
            "{latest:#?}"
        );

        let list = Jdredis::at(&sandbox).args(BACKUPS).run();
        let table = list.data_saying(&[warning]);
        assert!(
            table
                .lines()
                .nth(1)
                .unwrap()
                .starts_with("new      2026-11-24T02:30:00Z  success "),
            "{table}"
        );
        assert_eq!(
            list.stderr.lines().count(),
            usize::from(!warning.is_empty()),
            "{list:#?}"
        );
    }
}

#[test]
fn the_latest_is_not_chosen_past_a_start_that_cannot_be_read() {
    for start in [
        r#""yesterday""#,
        "1764000000",
        "[]",
        r#""10000-01-01T00:00:00Z""#,
        r#""9999-12-31T23:59:59-23:59""#,
    ] {
        let entry = |id: &str, start: &str, status: u8| {
            format!(r#"{{"baseId":"{id}","backupStartTime":{start},"backupStatus":{status}}}"#)
        };
        let known = entry("known", r#""2026-01-01T00:00:00Z""#, 2);
        let run = |odd: &str| {
            let sandbox = sandbox();
            sandbox.script_for(
                "pageNumber",
                vec![page("the-id", "backups", [known.as_str(), odd], None)],
            );
            sandbox.script_for("describeDownloadUrl", vec![links(&["https://h/x"])]);
            Jdredis::at(&sandbox).args(LATEST).run()
        };
        run(&entry("odd", start, 2)).fails_saying(
            6,
            &[
                "error: no latest backup of instance redis-1234 in cn-north-1: the newest backup is not known",
                "backup odd",
                "request ID: the-id",
                "--base-id",
            ],
        );
        // A backup that did not succeed is none that could be the latest good one.
        run(&entry("odd", start, 1)).data_saying(&["the newest backup is known"]);
    }
}

#[test]
fn a_backup_that_cannot_be_placed_in_time_is_named() {
    let sandbox = sandbox();
    sandbox.always(page(
        "r",
        "backups",
        [
            r#"{"baseId":"in","backupStartTime":"2026-02-02T00:00:00Z"}"#,
            r#"{"baseId":"odd","backupStartTime":"yesterday"}"#,
            r#"{"baseId":"none"}"#,
            r#"{"baseId":"out","backupStartTime":"2026-01-01T00:00:00Z"}"#,
        ],
        None,
    ));
    for times in [
        &["--since", "2026-02-01"][..],
        &["--since", "2026-02-01", "--until", "2026-03-01"],
    ] {
        let list = Jdredis::at(&sandbox)
            .args(BACKUPS)
            .args(times.iter().copied())
            .args(["-o", "plain"])
            .run();
        let named = "backup odd, none: whether it started in the time asked for is not known";
        assert_eq!(list.data_saying(&[named]), "in\nodd\nnone\n");
    }
    // Sorted as if it were the oldest, it is named, too.
    let list = Jdredis::at(&sandbox)
        .args(BACKUPS)
        .args(["--limit", "1", "-o", "plain"])
        .run();
    assert_eq!(
        list.data_saying(&["the start of backup odd (\"yesterday\") cannot be read"]),
        "in\n"
    );
}

#[test]
fn times_at_the_ends_of_the_calendar_are_errors_in_words() {
    let sandbox = sandbox();
    for time in [
        "9999-12-31T23:59:59-23:59",
        "0000-01-01T00:00:00+23:59",
        "-9999-01-01",
        "+10000-01-01",
        "10000-01-01T00:00:00Z",
        "999999-12-31",
    ] {
        for option in ["--since", "--until"] {
            let outcome = Jdredis::at(&sandbox)
                .args(BACKUPS)
                .args([&format!("{option}={time}")[..]])
                .run();
            outcome.fails_saying(2, &[option]);
        }
    }
    assert!(sandbox.requests().is_empty());
}

#[test]
fn a_field_of_another_type_is_read_where_it_has_one_reading() {
    let instance = r#"{"cacheInstanceId":"a","cacheInstanceName":7,"redisVersion":5.0,"cacheInstanceMemoryMB":"1024",
        "shardNumber":2.0,"cacheInstanceStatus":"running","connectionDomain":"h","port":"6379"}"#;
    let backup = r#"{"baseId":"b","backupFileName":1,"backupStartTime":"2026-01-01T00:00:00Z","backupType":"1",
        "backupSize":300000.0,"backupStatus":"2","backupShardNum":"4"}"#;
    let sandbox = sandbox();
    sandbox.script_for("/backup?", vec![page("r", "backups", [backup], Some("\"1\"")); 3]);
    sandbox.always(page("r", "cacheInstances", [instance], Some("1.0")));
    let table = Jdredis::at(&sandbox).args(INSTANCES).run();
    assert_eq!(
        table.data(),
        "ID  NAME  STATUS   MEMORY   SHARDS  VERSION  TYPE  ADDRESS\n\
         a   7     running  1.0 GiB  2       5.0      -     h:6379\n"
    );
    let table = Jdredis::at(&sandbox).args(BACKUPS).run();
    assert_eq!(
        without_ages(table.data()),
        "BASE ID  STARTED               STATUS   SIZE     TYPE    SHARDS  TOOK  NAME\n\
         b        2026-01-01T00:00:00Z  success  293 KiB  manual  4       -     1\n"
    );
    let json = Jdredis::at(&sandbox).args(BACKUPS).args(["-o", "json"]).run();
    let compact: String = json.data().split_whitespace().collect();
    assert!(
        compact.contains(&backup.split_whitespace().collect::<String>()),
        "{compact}"
    );
    let note = "the newest backup is b (1)";
    sandbox.script_for("describeDownloadUrl", vec![links(&["https://h/x"])]);
    Jdredis::at(&sandbox).args(LATEST).run().data_saying(&[note]);
}

#[test]
fn a_field_without_a_reading_costs_its_cell_and_one_warning() {
    for value in ["[]", "{\"a\":\"canary\"}", "\"canary\"", "-1", "1.5", "true", "1e999"] {
        let sandbox = sandbox();
        let entries = [
            format!(
                r#"{{"baseId":"x","backupStartTime":"2026-01-01T00:00:00Z","backupStatus":2,"backupSize":{value}}}"#
            ),
            format!(
                r#"{{"baseId":"y","backupStartTime":"2025-01-01T00:00:00Z","backupStatus":2,"backupShardNum":{value}}}"#
            ),
        ];
        sandbox.script_for(
            "/backup?",
            vec![page("r", "backups", entries.iter().map(String::as_str), Some("2")); 4],
        );
        let warning =
            "warning: backupSize of backup x cannot be read; tables show '-' in its place; and one more field\n";
        let table = Jdredis::at(&sandbox).args(BACKUPS).run();
        assert_eq!(table.stderr, warning, "{value}");
        assert_eq!(
            without_ages(&table.stdout),
            "BASE ID  STARTED               STATUS   SIZE  TYPE  SHARDS  TOOK  NAME\n\
             x        2026-01-01T00:00:00Z  success  -     -     -       -     -\n\
             y        2025-01-01T00:00:00Z  success  -     -     -       -     -\n"
        );
        let plain = Jdredis::at(&sandbox).args(BACKUPS).args(["-o", "plain"]).run();
        assert_eq!((plain.stdout.as_str(), plain.stderr.as_str()), ("x\ny\n", warning));
        let json = Jdredis::at(&sandbox).args(BACKUPS).args(["-o", "json"]).run();
        assert!(json.stdout.contains("canary") == value.contains("canary"), "{json:#?}");
        let shown: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(
            shown["result"]["backups"][0]["backupSize"],
            serde_json::from_str::<Value>(value).unwrap()
        );
        sandbox.script_for("describeDownloadUrl", vec![links(&["https://h/x"])]);
        Jdredis::at(&sandbox)
            .args(LATEST)
            .run()
            .data_saying(&["the newest backup is x", warning]);
    }
}

#[test]
fn an_entry_without_a_usable_id_costs_that_entry() {
    for (broken, complaint) in [
        ("{}", "missing field `baseId`"),
        (r#"{"baseId":7}"#, "invalid type: baseId is a number, not a text"),
        (r#"{"baseId":null}"#, "invalid type: baseId is null, not a text"),
        (r#"{"baseId":"../canary"}"#, "a base ID is letters, digits, '-' and '_'"),
        (r#"{"baseId":""}"#, "a base ID is letters, digits, '-' and '_'"),
        (r#"{"baseId":"a","baseId":"b"}"#, "duplicate field `baseId`"),
        (r#""canary""#, "an entry is a text, not an object"),
        ("null", "an entry is null, not an object"),
        (r#"{"baseId":"b","more":"\ud800"}"#, "it is no JSON throughout"),
    ] {
        let entries = [
            r#"{"baseId":"x","backupStartTime":"2026-01-01T00:00:00Z","backupStatus":2}"#,
            broken,
            r#"{"baseId":"y","backupStartTime":"2025-01-01T00:00:00Z","backupStatus":2}"#,
            broken,
        ];
        for format in ["table", "json", "plain"] {
            let sandbox = sandbox();
            sandbox.script_for("/backup?", vec![page("r", "backups", entries, Some("4")); 2]);
            let list = Jdredis::at(&sandbox).args(BACKUPS).args(["-o", format]).run();
            let data = list.data_saying(&[
                "warning: entry 2 of the service's backups cannot be read, and is left out: ",
                complaint,
            ]);
            assert!(
                data.contains('x') && data.contains('y') && !data.contains("canary"),
                "{data}"
            );
            assert_eq!(list.stderr.lines().count(), 1, "{list:#?}");
            assert!(
                !list.stderr.contains("canary") && list.stderr.contains("; and one more entry"),
                "{list:#?}"
            );
            sandbox.script_for("describeDownloadUrl", vec![links(&["https://h/x"])]);
            Jdredis::at(&sandbox)
                .args(LATEST)
                .run()
                .data_saying(&["the newest backup is x", complaint]);
        }
    }
}

#[test]
fn two_nodes_with_one_object_are_a_missing_file() {
    let shared = [
        "http://h/i/a-0?sig=1",
        "http://h/i/a-1?sig=2",
        "http://H:80/i/a-0?sig=3",
    ];
    let warning = "warning: \"node 0\" (link 1) and \"node 2\" (link 3) have links to the same object (a-0), so the \
                   file of one of them is missing\n";
    for format in ["plain", "json", "table"] {
        let sandbox = sandbox();
        sandbox.always(links(&shared));
        let url = Jdredis::at(&sandbox).args(["-o", format]).url();
        assert_eq!(url.code, Some(0), "{url:#?}");
        assert_eq!(url.stderr, warning);
        let different = &shared[..2];
        sandbox.always(links(different));
        Jdredis::at(&sandbox).args(["-o", format]).url().data();
    }
}

#[test]
fn a_download_of_two_nodes_with_one_object_is_not_complete() {
    const BASE_ID: &str = "a607efba-ff06-4d78-ba3c-b3119fce27fd";
    let sandbox = sandbox();
    let link = |node| sandbox.link("redis-cluster1", BASE_ID, node);
    sandbox.script_for("describeDownloadUrl", vec![links(&[&link(0), &link(1), &link(0)]); 2]);
    let folder = tempfile::tempdir().unwrap();
    for quiet in [&[][..], &["-q"]] {
        let outcome = Jdredis::at(&sandbox)
            .args([
                "backup",
                "download",
                "--region",
                "cn-north-1",
                "--instance",
                "redis-cluster1",
                "--http",
            ])
            .args([
                "--base-id",
                BASE_ID,
                "--dir",
                folder.path().to_str().unwrap(),
                "-o",
                "plain",
            ])
            .args(quiet.iter().copied())
            .run();
        // What the links lead to is here all the same.
        assert_eq!(outcome.code, Some(7), "{outcome:#?}");
        outcome.says(&[
            "the backup is not complete",
            "\"node 0\" (link 1) and \"node 2\" (link 3) have links to the same object",
            BASE_ID,
        ]);
    }
    assert_eq!(
        std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|entry| { !entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.') })
            .count(),
        3
    );
}

#[test]
fn a_newer_backup_whose_status_is_not_documented_is_named() {
    let sandbox = sandbox();
    sandbox.script_for(
        "pageNumber",
        vec![backups(
            &[("odd", "2026-01-02T00:00:00Z", 5), ("good", "2026-01-01T00:00:00Z", 2)],
            None,
        )],
    );
    sandbox.script_for("describeDownloadUrl", vec![links(&["https://h/x"])]);
    let outcome = Jdredis::at(&sandbox).args(LATEST).run();
    outcome.data_saying(&[
        "note: the newer backup odd is passed over: it has status 5, which is not documented",
        "the newest backup is good",
    ]);
}

#[test]
fn a_failed_precondition_points_to_the_instances_status() {
    let sandbox = sandbox();
    sandbox.always(Reply::error(400, "FAILED_PRECONDITION", "not now"));
    for args in [&URL[..], &CREATE] {
        let outcome = Jdredis::at(&sandbox).args(args.iter().copied()).run();
        outcome.fails_saying(
            6,
            &["400 FAILED_PRECONDITION: not now", "status", "'jdredis instance list'"],
        );
        assert!(!outcome.stderr.contains("--region"), "{outcome:#?}");
    }
}

#[test]
fn an_empty_error_beside_a_whole_result_is_none() {
    for error in ["{}", "null", "\"\"", "false", "0"] {
        let sandbox = sandbox();
        let body =
            format!(r#"{{"requestId":"r","error":{error},"result":{{"downloadUrls":[{{"link":"https://h/x"}}]}}}}"#);
        sandbox.always(Reply::json(200, body));
        let outcome = Jdredis::at(&sandbox).args(["-o", "plain"]).url();
        assert_eq!(outcome.data(), "https://h/x\n");
    }
    // Where there is no result, or the status is an error's, the cause says more than a number.
    for (status, body, code, cause) in [
        (
            200,
            r#"{"error":{}}"#,
            6,
            "HTTP 200 with an error that has neither code nor status nor message",
        ),
        (
            200,
            r#"{"error":{},"result":null}"#,
            6,
            "HTTP 200 with an error that has neither",
        ),
        (
            404,
            r#"{"error":{},"result":{"downloadUrls":[]}}"#,
            3,
            "404, without a reason",
        ),
        (
            400,
            r#"{"code":400,"message":"in another place"}"#,
            6,
            "400: in another place",
        ),
    ] {
        let sandbox = sandbox();
        sandbox.always(Reply::json(status, body));
        Jdredis::at(&sandbox).url().fails_saying(code, &[cause]);
    }
}

#[test]
fn an_error_in_the_place_of_the_result_has_its_message_shown() {
    let result = |result: &str| Reply::json(200, format!(r#"{{"requestId":"the-id","result":{result}}}"#));
    for (reply, code, texts) in [
        (
            result(r#"{"code":404,"message":"no such instance"}"#),
            3,
            &["404: no such instance", "request ID: the-id"][..],
        ),
        (
            result(r#"{"code":"400","status":"FAILED_PRECONDITION","message":"being changed"}"#),
            6,
            &["400 FAILED_PRECONDITION: being changed"],
        ),
        (
            result(r#"{"code":10086,"message":"see https://h/x?sig=secret for more"}"#),
            6,
            &["see https://h/x?[query] for more"],
        ),
    ] {
        for args in [&URL[..], &BACKUPS, &INSTANCES, &CREATE] {
            let sandbox = sandbox();
            sandbox.always(reply.clone());
            let outcome = Jdredis::at(&sandbox).args(args.iter().copied()).run();
            outcome.fails_saying(code, texts);
            assert!(!outcome.stderr.contains("secret"), "{outcome:#?}");
        }
    }
    // Data that have such fields beside them are data.
    let sandbox = sandbox();
    sandbox.always(result(
        r#"{"code":0,"message":"success","downloadUrls":[{"link":"https://h/x"}]}"#,
    ));
    assert_eq!(
        Jdredis::at(&sandbox).args(["-o", "plain"]).url().data(),
        "https://h/x\n"
    );
}

#[test]
fn a_403_mentions_the_token_in_use_unless_it_is_about_permission() {
    let hint = "temporary keys are in use";
    for (message, has_token, mentions) in [
        ("forbidden [gw]", true, true),
        ("token expired", true, true),
        ("forbidden [gw]", false, false),
        (
            "You are not authorized to perform (x) on resource (*) [IAM] [gw]",
            true,
            false,
        ),
    ] {
        let sandbox = sandbox_builder().start().unwrap();
        sandbox.always(Reply::error(403, "HTTP_FORBIDDEN", message));
        let mut run = Jdredis::at(&sandbox);
        if has_token {
            run = run.env("JDCLOUD_SECURITY_TOKEN", TOKEN);
        }
        let outcome = run.url();
        outcome.fails_saying(4, &[message]);
        assert_eq!(outcome.stderr.contains(hint), mentions, "{outcome:#?}");
    }
}

#[test]
fn a_part_that_is_no_json_fails_only_where_it_would_be_printed() {
    let body = r#"{"more":"\ud800","result":{"downloadUrls":[{"link":"https://h/x"}],"baseId":"new"}}"#;
    let sandbox = sandbox();
    sandbox.always(Reply::json(200, body));
    assert_eq!(
        Jdredis::at(&sandbox).args(["-o", "plain"]).url().data(),
        "https://h/x\n"
    );
    let json = Jdredis::at(&sandbox).args(["-o", "json"]).url();
    assert_eq!(json.error_object(6)["kind"], "service");
    // The backup was started all the same, and the error names it.
    let create = Jdredis::at(&sandbox).args(CREATE).args(["-o", "json"]).run();
    let error = create.error_object(6);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("nothing printed of backup new, which was started"),
        "{message}"
    );
}
