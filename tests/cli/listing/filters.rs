//! The filters of listings: the ones that the service is asked for, and the ones that are applied here.

use jdredis_sandbox::Reply;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{BACKUP_HEADER, BACKUPS, INSTANCES, ODD, odd, of_page};
use crate::support::{Jdredis, backups, page, queries, sandbox};

#[test]
fn instances_are_filtered_by_the_service() {
    let named = "filters.1.name=cacheInstanceName&filters.1.values.1";
    let status = "name=cacheInstanceStatus&filters";
    for (args, query, ids) in [
        (
            &["--name", "缓存"][..],
            format!("{named}=%E7%BC%93%E5%AD%98&"),
            &["redis-wide"][..],
        ),
        (&["--name", "d"], format!("{named}=d&"), &["redis-odd", "redis-1234"]),
        (&["--name", "y b"], format!("{named}=y%20b&"), &["redis-many"]),
        (&["--name", "nosuch"], format!("{named}=nosuch&"), &[]),
        (
            &["--status", "creating"],
            format!("filters.1.{status}.1.values.1=creating&"),
            &["redis-wide"],
        ),
        (
            &["--status", "running", "--name", "t"],
            format!("{named}=t&filters.2.{status}.2.values.1=running&"),
            &["redis-odd", "redis-cluster1", "redis-1234", "redis-twins"],
        ),
    ] {
        let sandbox = sandbox();
        let outcome = Jdredis::at(&sandbox)
            .args(INSTANCES)
            .args(args.iter().copied())
            .args(["-o", "plain"])
            .run();
        assert_eq!(outcome.data_with(0).lines().collect::<Vec<_>>(), ids, "{args:?}");
        assert_eq!(queries(&sandbox), [query + &of_page(1)], "{args:?}");
    }
}

#[test]
fn instances_that_the_service_matched_too_loosely_are_left_out() {
    let all = [
        r#"{"cacheInstanceId":"exact","cacheInstanceName":"my orders","cacheInstanceStatus":"running"}"#,
        r#"{"cacheInstanceId":"case","cacheInstanceName":"ORDERS-ß","cacheInstanceStatus":"running"}"#,
        r#"{"cacheInstanceId":"other","cacheInstanceName":"or-ders","cacheInstanceStatus":"running"}"#,
        r#"{"cacheInstanceId":"nameless","cacheInstanceStatus":"Running"}"#,
    ];
    for (args, ids) in [
        (&["--name", "Orders"][..], "exact\ncase\n"),
        (&["--status", "running"], "exact\ncase\nother\n"),
        (&["--status", "running", "--name", "-"], "case\nother\n"),
    ] {
        let sandbox = sandbox();
        sandbox.script(vec![page("r", "cacheInstances", all, Some("4"))]);
        let outcome = Jdredis::at(&sandbox)
            .args(INSTANCES)
            .args(args.iter().copied())
            .args(["-o", "plain"])
            .run();
        assert_eq!(outcome.data(), ids, "{args:?}");
    }
    let sandbox = sandbox();
    sandbox.script(vec![page("r", "cacheInstances", all, Some("4"))]);
    let json = Jdredis::at(&sandbox)
        .args(INSTANCES)
        .args(["--name", "my", "-o", "json"])
        .run();
    let answer: Value = serde_json::from_str(json.data()).unwrap();
    assert_eq!(answer["result"]["totalCount"], 1);
}

#[test]
fn backups_are_filtered_by_time_at_the_service_and_by_other_fields_here() {
    let successes = ["newest", "second", "empty", "no-internal", "1234", "unsized", "undated"];
    for (args, start, end, ids) in [
        (&["--status", "running"][..], "", "", &["running"][..]),
        (&["--status", "failed"], "", "", &["failed"]),
        (&["--status", "success"], "", "", &successes),
        (&["--type", "auto"], "", "", &["failed", "second", "no-internal"]),
        (
            &["--type", "manual", "--status", "success"],
            "",
            "",
            &["newest", "empty", "1234", "unsized", "undated"],
        ),
        (&["--limit", "3"], "", "", &["running", "failed", "newest"]),
        (&["--limit", "1", "--status", "success"], "", "", &["newest"]),
        (
            &["--since", "2021-07-17T18:00:00Z"],
            "2021-07-17T18%3A00%3A00Z",
            "",
            &["running", "failed", "newest"],
        ),
        (
            &["--since", "2021-07-18T01:00:00+08:00"],
            "2021-07-17T17%3A00%3A00Z",
            "",
            &["running", "failed", "newest", "second"],
        ),
        // The service is asked for whole seconds, and what that lets through is left out here.
        (
            &["--since", "2021-07-17T17:00:00.5Z"],
            "2021-07-17T17%3A00%3A00Z",
            "",
            &["running", "failed", "newest"],
        ),
        (
            &["--until", "2021-07-17T17:59:59.999Z", "--since", "2021-07-16"],
            "2021-07-16T00%3A00%3A00Z",
            "2021-07-17T17%3A59%3A59Z",
            &["second", "empty"],
        ),
        (
            &["--since", "2021-07-17"],
            "2021-07-17T00%3A00%3A00Z",
            "",
            &["running", "failed", "newest", "second"],
        ),
        (
            &["--until", "2021-07-15"],
            "",
            "2021-07-15T23%3A59%3A59Z",
            &["no-internal", "1234", "unsized"],
        ),
        (
            &[
                "--since",
                "2021-07-17T17:00:00Z",
                "--until",
                "2021-07-17T18:00:00Z",
                "--limit",
                "1",
            ],
            "2021-07-17T17%3A00%3A00Z",
            "2021-07-17T18%3A00%3A00Z",
            &["newest"],
        ),
    ] {
        let sandbox = sandbox();
        let outcome = Jdredis::at(&sandbox)
            .args(BACKUPS)
            .args(args.iter().copied())
            .args(["-o", "plain"])
            .run();
        assert_eq!(outcome.data().lines().collect::<Vec<_>>(), ids, "{args:?}");
        let parameter = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!("{name}={value}&"),
        };
        let query = format!(
            "{}{}&{}",
            parameter("endTime", end),
            of_page(1),
            parameter("startTime", start)
        );
        assert_eq!(queries(&sandbox), [query.trim_end_matches('&')], "{args:?}");
    }
}

#[test]
fn an_age_is_counted_from_now() {
    for (since, age) in [
        ("90s", 90),
        ("5m", 300),
        ("36h", 36 * 3600),
        ("7d", 7 * 86_400),
        ("2w", 14 * 86_400),
    ] {
        let sandbox = sandbox();
        let outcome = Jdredis::at(&sandbox).args(BACKUPS).args(["--since", since]).run();
        assert_eq!(outcome.data_with(0), BACKUP_HEADER);
        let [query] = &queries(&sandbox)[..] else {
            panic!("one request: {:#?}", sandbox.requests())
        };
        let (_, start) = query.split_once("startTime=").unwrap();
        assert_eq!(start.len(), "2026-01-01T00%3A00%3A00Z".len(), "{start}");
        assert!(start.ends_with('Z'), "{start}");
        let start = OffsetDateTime::parse(&start.replace("%3A", ":"), &Rfc3339).unwrap();
        let off = (OffsetDateTime::now_utc() - start).whole_seconds() - age;
        assert!((0..60).contains(&off), "{since}: {query}");
    }
}

#[test]
fn backups_outside_the_time_asked_for_are_left_out() {
    let sandbox = sandbox();
    // By which of a backup's times the service goes is not documented.
    sandbox.always(backups(
        &[
            ("late", "2026-02-01T00:00:01Z", 2),
            ("in", "2026-02-01T08:00:00+08:00", 2),
            ("early", "2026-01-31T23:59:59Z", 2),
        ],
        Some(3),
    ));
    let at = "2026-02-01T00:00:00Z";
    let outcome = Jdredis::at(&sandbox)
        .args(BACKUPS)
        .args(["--since", at, "--until", at, "-o", "plain"])
        .run();
    assert_eq!(outcome.data(), "in\n");
}

#[test]
fn a_service_that_refuses_the_times_is_asked_for_everything() {
    let times = ["--since", "2022-01-10T18:00:00Z", "--until", "2022-01-10T20:00:00Z"];
    let refused = || Reply::error(400, "INVALID_ARGUMENT", "startTime\u{1b}[2J");
    for (quiet, warning) in [
        (
            &[][..],
            "warning: the service refuses --since or --until (400 INVALID_ARGUMENT: startTime\\u{1b}[2J); \
             all its backups are read instead\n",
        ),
        (&["-qq"], ""),
    ] {
        let sandbox = sandbox();
        sandbox.script(vec![refused()]);
        let outcome = Jdredis::at(&sandbox)
            .args(ODD)
            .args(times)
            .args(["-o", "plain"])
            .args(quiet.iter().copied())
            .run();
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        assert_eq!(outcome.stderr, warning);
        assert_eq!(outcome.stdout.lines().collect::<Vec<_>>(), odd(236, 234));
        let queries = queries(&sandbox);
        assert!(queries[0].contains("startTime="), "{queries:?}");
        assert_eq!(queries[1..], [1, 2, 3].map(of_page));
        assert_eq!(sandbox.connections(), 1);
    }

    for (replies, args, exit, requests) in [
        // It is not about the times when there are none, or when it is no 400.
        (vec![refused()], &[][..], 6, 1),
        (vec![Reply::error(403, "HTTP_FORBIDDEN", "no")], &times, 4, 1),
        (vec![Reply::error(404, "NOT_FOUND", "no")], &times, 3, 1),
        (vec![refused(), refused()], &times, 6, 2),
    ] {
        let sandbox = sandbox();
        sandbox.script(replies);
        let outcome = Jdredis::at(&sandbox).args(ODD).args(args.iter().copied()).run();
        outcome.fails_saying(
            exit,
            &["error: cannot list the backups of instance redis-odd in cn-north-1: "],
        );
        assert_eq!(sandbox.requests().len(), requests, "{outcome:#?}");
    }
}

#[test]
fn an_unusable_value_is_a_usage_error() {
    let sandbox = sandbox();
    for (args, text) in [
        (&["--since", "yesterday"][..], "--since"),
        (&["--until", "2021-02-30"], "--until"),
        (&["--until", "7"], "an age such as 36h or 7d"),
        (&["--status", "ok"], "[possible values: success, running, failed]"),
        (&["--type", "daily"], "[possible values: auto, manual]"),
        (&["--limit", "0"], "--limit"),
        (&["--limit=-1"], "--limit"),
    ] {
        let outcome = Jdredis::at(&sandbox).args(BACKUPS).args(args.iter().copied()).run();
        outcome.fails_saying(2, &[text]);
    }
    for args in [["--name", ""], ["--status", ""]] {
        Jdredis::at(&sandbox).args(INSTANCES).args(args).run().failure(2);
    }
    Jdredis::at(&sandbox)
        .args(["backup", "list", "--region", "cn-north-1"])
        .run()
        .fails_saying(2, &["--instance <ID>"]);
    assert!(sandbox.requests().is_empty());
}

#[test]
fn a_span_that_ends_before_it_begins_is_a_usage_error() {
    let sandbox = sandbox();
    let run = Jdredis::at(&sandbox)
        .args(BACKUPS)
        .args(["--since", "2021-07-18", "--until", "2021-07-17"]);
    run.run()
        .fails_saying(2, &["--since is after --until", "hint: give the earlier time"]);
    assert!(sandbox.requests().is_empty());
}
