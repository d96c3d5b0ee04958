//! Lists whose count, times, types or entries are a little unlike the documentation.

use serde_json::Value;

use super::{BACKUPS, INSTANCES, LATEST, links};
use crate::support::{Jdredis, backups, page, queries, sandbox, without_ages};

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
                "error: cannot find the latest backup of instance redis-1234 in cn-north-1: the newest backup is not known",
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
    let written: String = backup.split_whitespace().collect();
    let added = r#","status":"success","type":"manual","startedAt":"2026-01-01T00:00:00Z"}"#;
    let expected = written.trim_end_matches('}').to_owned() + added;
    assert!(compact.contains(&expected), "{compact}");
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
