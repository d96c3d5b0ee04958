//! The entries of a listing: fields that are missing or odd, and how each is shown.

use jdredis_sandbox::Reply;

use super::{BACKUP_HEADER, BACKUPS, INSTANCE_HEADER, INSTANCES};
use crate::support::{Jdredis, backups, for_each, page, sandbox, without_ages};

/// The column at which the last occurrence of a text begins on a terminal, where a Chinese character
/// takes two columns.
fn column(line: &str, text: &str) -> usize {
    let before = &line[..line.rfind(text).unwrap()];
    before.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[test]
fn a_missing_field_is_a_dash_in_tables_and_absent_in_json() {
    let instances = [
        r#"{"cacheInstanceId":"a"}"#,
        r#"{"cacheInstanceId":"b","cacheInstanceName":null,"cacheInstanceType":null,"redisVersion":null,"cacheInstanceMemoryMB":null,"shardNumber":null,"cacheInstanceStatus":null,"connectionDomain":null,"port":null}"#,
        r#"{"cacheInstanceId":"c","cacheInstanceName":"","connectionDomain":"h"}"#,
        r#"{"cacheInstanceId":"d","port":1}"#,
    ];
    let backups = [
        r#"{"baseId":"a"}"#,
        r#"{"baseId":"b","backupFileName":null,"backupStartTime":null,"backupEndTime":null,"backupType":null,"backupSize":null,"backupStatus":null,"backupShardNum":null}"#,
        r#"{"baseId":"c","backupEndTime":"2026-01-01T00:00:00Z","backupStartTime":""}"#,
    ];
    for (args, list, entries, table) in [
        (
            &INSTANCES[..],
            "cacheInstances",
            &instances[..],
            format!(
                "{INSTANCE_HEADER}\
                 a   -     -       -       -       -        -     -\n\
                 b   -     -       -       -       -        -     -\n\
                 c   -     -       -       -       -        -     h\n\
                 d   -     -       -       -       -        -     -\n"
            ),
        ),
        (
            &BACKUPS,
            "backups",
            &backups,
            format!(
                "{BACKUP_HEADER}\
                 a        -        -       -    -     -     -       -     -\n\
                 b        -        -       -    -     -     -       -     -\n\
                 c        -        -       -    -     -     -       -     -\n"
            ),
        ),
    ] {
        let sandbox = sandbox();
        sandbox.always(page("r", list, entries.iter().copied(), None));
        let printed = Jdredis::at(&sandbox).args(args.iter().copied()).run();
        assert_eq!(printed.data(), table);
        let json = Jdredis::at(&sandbox)
            .args(args.iter().copied())
            .args(["-o", "json"])
            .run();
        let compact: String = json.data().split_whitespace().collect();
        assert_eq!(
            compact,
            format!(
                r#"{{"requestId":"r","result":{{"{list}":[{}],"totalCount":{}}}}}"#,
                entries.join(",").replace(
                    r#""backupStartTime":""}"#,
                    r#""backupStartTime":"","endedAt":"2026-01-01T00:00:00Z"}"#
                ),
                entries.len()
            )
        );
    }
}

#[test]
fn an_undocumented_value_is_shown_as_it_came() {
    let sandbox = sandbox();
    sandbox.always(page(
        "r",
        "backups",
        [
            r#"{"baseId":"odd","backupStartTime":"yesterday","backupType":7,"backupStatus":-9}"#,
            r#"{"baseId":"back","backupStartTime":"2026-01-02T00:00:00Z","backupEndTime":"2026-01-01T00:00:00Z"}"#,
            r#"{"baseId":"long","backupStartTime":"2026-01-01T00:00:00+08:00","backupEndTime":"2026-01-02T09:00:00-08:00","backupSize":5368709120}"#,
        ],
        Some("3"),
    ));
    let table = Jdredis::at(&sandbox).args(BACKUPS).run();
    assert_eq!(
        without_ages(table.data_saying(&["warning: the start of backup odd (\"yesterday\") cannot be read"])),
        "BASE ID  STARTED               STATUS  SIZE     TYPE  SHARDS  TOOK     NAME\n\
         back     2026-01-02T00:00:00Z  -       -        -     -       -        -\n\
         long     2025-12-31T16:00:00Z  -       5.0 GiB  -     -       2 d 1 h  -\n\
         odd      yesterday             -9      -        7     -       -        -\n"
    );
    for (option, value) in [("--status", "running"), ("--type", "auto")] {
        let none = Jdredis::at(&sandbox).args(BACKUPS).args([option, value]).run();
        assert_eq!(none.data_with(0), BACKUP_HEADER);
    }
}

#[test]
fn a_time_at_the_end_of_the_calendar_is_no_panic() {
    let sandbox = sandbox();
    let edges = ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+23:59"];
    sandbox.always(backups(&[("end", edges[0], 2), ("begin", edges[1], 2)], Some(2)));
    let table = Jdredis::at(&sandbox).args(BACKUPS).run();
    let data = table.data_saying(&[
        "the start of backup end (\"9999-12-31T23:59:59-23:59\")",
        "cannot be read",
    ]);
    assert_eq!(data.lines().count(), 3);
    for edge in edges {
        for option in ["--since", "--until"] {
            let outcome = Jdredis::at(&sandbox).args(BACKUPS).args([option, edge]).run();
            assert!(matches!(outcome.code, Some(0 | 2)), "{outcome:#?}");
        }
    }
}

#[test]
fn a_listing_without_one_readable_entry_is_an_error_that_quotes_nothing() {
    for_each(
        [
            (
                "cacheInstances",
                "{}",
                "in its cacheInstances, missing field `cacheInstanceId`",
            ),
            (
                "cacheInstances",
                r#"{"cacheInstanceId":"canary/../x"}"#,
                "an instance ID is letters, digits, '-' and '_'",
            ),
            (
                "cacheInstances",
                r#"{"cacheInstanceId":""}"#,
                "an instance ID is letters, digits, '-' and '_'",
            ),
            (
                "cacheInstances",
                r#"{"cacheInstanceId":"canary\nx"}"#,
                "an instance ID is letters, digits, '-' and '_'",
            ),
            ("cacheInstances", r#"{"cacheInstanceId":17}"#, "invalid type"),
            ("cacheInstances", r#""canary""#, "invalid type"),
            ("backups", "{}", "in its backups, missing field `baseId`"),
            (
                "backups",
                r#"{"baseId":"canary x"}"#,
                "a base ID is letters, digits, '-' and '_'",
            ),
            ("backups", r#"{"baseId":null}"#, "invalid type"),
            ("backups", "null", "invalid type"),
        ],
        |(list, entry, text)| {
            let args = if list == "backups" { &BACKUPS[..] } else { &INSTANCES };
            for format in ["table", "json", "plain"] {
                let sandbox = sandbox();
                sandbox.always(page("the-id", list, [entry], Some("1")));
                let outcome = Jdredis::at(&sandbox)
                    .args(args.iter().copied())
                    .args(["-o", format])
                    .run();
                outcome.fails_saying(6, &["the answer is not what the service documents", text, "the-id"]);
                assert!(!outcome.stderr.contains("canary"), "{outcome:#?}");
                assert_eq!(sandbox.requests().len(), 1);
            }
        },
    );
    for (body, text) in [
        (r#"{"result":{}}"#, "its result has no backups"),
        (r#"{"result":{"cacheInstances":[]}}"#, "its result has no backups"),
        (r#"{"result":[]}"#, "in its result, "),
        (r#"{"result":null}"#, "in its result, "),
        ("{}", "in its result, "),
        (r#"{"result":{"backups":{}}}"#, "in its result, "),
    ] {
        let sandbox = sandbox();
        sandbox.always(Reply::json(200, body));
        let outcome = Jdredis::at(&sandbox).args(BACKUPS).run();
        outcome.fails_saying(6, &[text]);
    }
}

#[test]
fn wide_names_keep_the_columns_straight_and_controls_are_escaped() {
    let sandbox = sandbox();
    sandbox.always(page(
        "r",
        "cacheInstances",
        [
            r#"{"cacheInstanceId":"a","cacheInstanceName":"订单缓存","redisVersion":"5.0"}"#,
            r#"{"cacheInstanceId":"b","cacheInstanceName":"\u001b[2Jb\u202e\n","connectionDomain":"h\u009b","port":1}"#,
        ],
        Some("2"),
    ));
    let table = Jdredis::at(&sandbox).args(INSTANCES).run();
    assert_eq!(
        table.data(),
        "ID  NAME                     STATUS  MEMORY  SHARDS  VERSION  TYPE  ADDRESS\n\
         a   订单缓存                 -       -       -       5.0      -     -\n\
         b   \\u{1b}[2Jb\\u{202e}\\u{a}  -       -       -       -        -     h\\u{9b}:1\n"
    );
    let lines: Vec<_> = table.data().lines().collect();
    assert_eq!(column(lines[1], "5.0"), column(lines[0], "VERSION"));
    assert_eq!(column(lines[2], "h\\u"), column(lines[0], "ADDRESS"));
    let json = Jdredis::at(&sandbox).args(INSTANCES).args(["-o", "json"]).run();
    assert!(json.data().contains(r#""\u001b[2Jb\u202e\n""#), "{json:#?}");
    assert!(json.data().contains("订单缓存"), "{json:#?}");

    sandbox.always(page(
        "r",
        "backups",
        [r#"{"baseId":"a","backupFileName":"订\u001b","backupStartTime":"\u001b[2J"}"#],
        Some("1"),
    ));
    let table = Jdredis::at(&sandbox).args(BACKUPS).run();
    assert_eq!(
        without_ages(table.data_saying(&["the start of backup a (\"\\u{1b}[2J\") cannot be read"])),
        "BASE ID  STARTED    STATUS  SIZE  TYPE  SHARDS  TOOK  NAME\n\
         a        \\u{1b}[2J  -       -     -     -       -     订\\u{1b}\n"
    );
}

#[test]
fn tables_have_local_times_with_their_offset_and_json_has_utc() {
    let sandbox = sandbox();
    // In POSIX's notation, which needs no time zone database: eight hours ahead of UTC, and Central Europe.
    for (zone, started) in [
        ("CST-8", "2021-07-14T15:36:57+08:00"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2021-07-14T09:36:57+02:00"),
        ("UTC0", "2021-07-14T07:36:57Z"),
        ("<-0330>3:30", "2021-07-14T04:06:57-03:30"),
    ] {
        let list = |format| {
            Jdredis::at(&sandbox)
                .env("TZ", zone)
                .args(BACKUPS)
                .args(["-o", format])
                .run()
        };
        let table = list("table");
        let row = table.data().lines().find(|line| line.starts_with("1234 ")).unwrap();
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(cells[1..3], [started, "success"], "{zone}");
        let age = cells[3].strip_suffix('d').unwrap();
        assert!(age.parse::<u32>().unwrap() > 1900, "{row}");
        assert!(
            list("json").data().contains("2021-07-14T15:36:57+08:00"),
            "as the service wrote it"
        );
    }
    let url = Jdredis::at(&sandbox).env("TZ", "CST-8").url();
    let table = url.data().to_owned();
    assert!(table.lines().nth(1).unwrap().contains("+08:00  http"), "{table}");
}
