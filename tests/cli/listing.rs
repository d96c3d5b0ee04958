//! `instance list` and `backup list`: what the service is asked, which pages are read, and each form
//! of what is printed.

use std::time::Duration;

use jdredis_sandbox::Reply;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::{Jdredis, backups, for_each, page, queries, sandbox, without_ages};

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

/// What is left of a page's query when nothing is asked of the service but the page.
fn of_page(number: usize) -> String {
    format!("pageNumber={number}&pageSize=100")
}

/// The column at which the last occurrence of a text begins on a terminal, where a Chinese character
/// takes two columns.
fn column(line: &str, text: &str) -> usize {
    let before = &line[..line.rfind(text).unwrap()];
    before.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[test]
fn instances_as_a_table() {
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
fn backups_as_a_table_newest_first() {
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

#[test]
fn json_is_the_services_with_all_pages_in_one() {
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
                "baseId": "c"
            },
            {
                "zz": [
                    1.10,
                    null
                ],
                "baseId": "b",
                "backupStartTime": "2026-01-02T08:00:00+08:00"
            },
            {
                "baseId": "a",
                "backupStartTime": "2026-01-01T00:00:00Z",
                "backupSize": null
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
            &["--status", "unheard-of"],
            format!("filters.1.{status}.1.values.1=unheard-of&"),
            &[],
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
fn what_the_service_matches_too_loosely_is_left_out() {
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
fn backups_are_filtered_by_time_at_the_service_and_by_the_rest_here() {
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
fn what_the_service_cannot_have_listed_in_time_is_left_out() {
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
        outcome.fails_saying(exit, &["error: no backups of instance redis-odd in cn-north-1: "]);
        assert_eq!(sandbox.requests().len(), requests, "{outcome:#?}");
    }
}

#[test]
fn all_pages_come_over_one_connection() {
    let sandbox = sandbox();
    let instances = Jdredis::at(&sandbox).args(CROWDED).args(["-o", "plain"]).run();
    let ids: Vec<_> = instances.data().lines().collect();
    assert_eq!((ids.len(), ids[0], ids[230]), (231, "redis-odd", "redis-n0223"));
    assert_eq!(queries(&sandbox), [1, 2, 3].map(of_page));
    assert_eq!(sandbox.connections(), 1);
    assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());

    let sandbox = crate::support::sandbox();
    let backups = Jdredis::at(&sandbox).args(ODD).args(["-o", "plain"]).run();
    assert_eq!(backups.data().lines().collect::<Vec<_>>(), odd(237, 1));
    assert_eq!(queries(&sandbox), [1, 2, 3].map(of_page));
    assert_eq!(sandbox.connections(), 1);
}

#[test]
fn a_limit_ends_the_reading_where_pages_come_newest_first() {
    let ordered: &[&[(&str, u32, u8)]] = &[&[("a", 9, 2), ("b", 8, 1)], &[("c", 7, 2), ("d", 6, 1)], &[("e", 5, 2)]];
    let unordered: &[&[(&str, u32, u8)]] = &[
        &[("a", 8, 2), ("b", 9, 1)],
        &[("c", 7, 2), ("d", 10, 1)],
        &[("e", 5, 2)],
    ];
    for (pages, args, requests, ids) in [
        (ordered, &["--limit", "2"][..], 1, "a\nb\n"),
        (ordered, &["--limit", "3"], 2, "a\nb\nc\n"),
        (ordered, &["--limit", "2", "--status", "failed"], 2, "b\nd\n"),
        (ordered, &["--limit", "9"], 3, "a\nb\nc\nd\ne\n"),
        (ordered, &[], 3, "a\nb\nc\nd\ne\n"),
        // Equal times are in order.
        (
            &[&[("a", 9, 2), ("b", 9, 2)], &[("c", 8, 2)]],
            &["--limit", "2"],
            1,
            "a\nb\n",
        ),
        (unordered, &["--limit", "2"], 3, "d\nb\n"),
        // What is in order within each page need not be in order.
        (
            &[
                &[("a", 7, 2), ("b", 6, 1)],
                &[("c", 9, 2), ("d", 8, 1)],
                &[("e", 10, 2)],
            ],
            &["--limit", "3"],
            3,
            "e\nc\nd\n",
        ),
        // A time that is not known may be any.
        (
            &[&[("a", 9, 2), ("b", 0, 2)], &[("c", 10, 2)]],
            &["--limit", "1"],
            2,
            "c\n",
        ),
    ] {
        let sandbox = sandbox();
        let total = pages.iter().map(|page| page.len()).sum();
        let reply = |page: &&[(&str, u32, u8)]| {
            let started = |day| match day {
                0 => String::new(),
                day => format!("2026-01-{day:02}T00:00:00Z"),
            };
            let starts: Vec<_> = page.iter().map(|(_, day, _)| started(*day)).collect();
            let entries: Vec<_> = page
                .iter()
                .zip(&starts)
                .map(|((id, _, status), start)| (*id, start.as_str(), *status))
                .collect();
            backups(&entries, Some(total))
        };
        sandbox.script(pages.iter().map(reply).collect());
        sandbox.always(Reply::error(501, "NOT_IMPLEMENTED", "a page too many"));
        let outcome = Jdredis::at(&sandbox)
            .args(BACKUPS)
            .args(args.iter().copied())
            .args(["-o", "plain"])
            .run();
        assert_eq!(outcome.data(), ids, "{args:?}");
        assert_eq!(sandbox.requests().len(), requests, "{args:?}");
    }
}

#[test]
fn a_count_at_odds_with_the_pages_neither_hides_entries_nor_goes_on_for_ever() {
    let full: Vec<_> = (0..100).map(|n| format!("a{n}")).collect();
    let full: Vec<&str> = full.iter().map(String::as_str).collect();
    let a_and_b = || vec!["a", "b"];
    let too_few = |total: usize, listed: usize| {
        format!(
            "warning: the service counts {total} backups, but lists {listed}; the rest may have changed meanwhile\n"
        )
    };
    let silent = String::new;
    for (name, pages, listed, warning) in [
        (
            "too large, then an empty page",
            vec![(a_and_b(), "5"), (vec![], "5")],
            2,
            too_few(5, 2),
        ),
        (
            "too large, and the last page over and over",
            vec![(a_and_b(), "5"), (a_and_b(), "5")],
            2,
            too_few(5, 2),
        ),
        ("of an empty listing", vec![(vec![], "5")], 0, too_few(5, 0)),
        ("too small", vec![(a_and_b(), "1")], 2, silent()),
        ("zero", vec![(a_and_b(), "0")], 2, silent()),
        ("missing", vec![(a_and_b(), "")], 2, silent()),
        ("null", vec![(a_and_b(), "null")], 2, silent()),
        (
            "missing, with a page that is full",
            vec![(full.clone(), ""), (vec!["b"], "")],
            101,
            silent(),
        ),
        (
            "missing, with pages that are full",
            vec![(full.clone(), "null"), (vec![], "null")],
            100,
            silent(),
        ),
        (
            "missing, and the page over and over",
            vec![(full.clone(), ""), (full.clone(), "")],
            100,
            silent(),
        ),
        (
            "missing at first",
            vec![(full.clone(), ""), (vec!["b"], "102"), (vec!["c"], "102")],
            102,
            silent(),
        ),
        (
            "an entry moves to the next page",
            vec![(a_and_b(), "3"), (vec!["b", "c"], "3")],
            3,
            silent(),
        ),
        (
            "entries go meanwhile",
            vec![(a_and_b(), "4"), (vec!["c"], "3")],
            3,
            silent(),
        ),
        (
            "entries come meanwhile",
            vec![(a_and_b(), "3"), (vec!["c"], "4"), (vec!["d"], "4")],
            4,
            silent(),
        ),
        (
            "beyond any number of entries",
            vec![(a_and_b(), "18446744073709551615"), (vec![], "0")],
            2,
            silent(),
        ),
    ] {
        let sandbox = sandbox();
        let count = pages.len();
        sandbox.script(
            pages
                .into_iter()
                .map(|(ids, total)| {
                    let entries: Vec<_> = ids.iter().map(|id| format!(r#"{{"baseId":"{id}"}}"#)).collect();
                    let total = Some(total).filter(|total| !total.is_empty());
                    page("r", "backups", entries.iter().map(String::as_str), total)
                })
                .collect(),
        );
        sandbox.always(Reply::error(501, "NOT_IMPLEMENTED", "a page too many"));
        let outcome = Jdredis::at(&sandbox).args(BACKUPS).args(["-o", "plain"]).run();
        assert_eq!(outcome.code, Some(0), "{name}: {outcome:#?}");
        assert_eq!(outcome.stdout.lines().count(), listed, "{name}: {outcome:#?}");
        assert_eq!(outcome.stderr, warning, "{name}");
        assert_eq!(
            queries(&sandbox),
            (1..=count).map(of_page).collect::<Vec<_>>(),
            "{name}"
        );
    }
}

#[test]
fn a_listing_that_grows_for_ever_ends_with_the_time() {
    let sandbox = sandbox();
    for number in 1..=100 {
        let entry = format!(r#"{{"cacheInstanceId":"i{number}"}}"#);
        let reply = page(
            "r",
            "cacheInstances",
            [entry.as_str()],
            Some(&(number + 100).to_string()),
        );
        sandbox.script_for(
            &format!("pageNumber={number}&"),
            vec![reply.delay(Duration::from_millis(50))],
        );
    }
    let outcome = Jdredis::at(&sandbox).args(INSTANCES).args(["--timeout", "0.6"]).run();
    outcome.fails_saying(
        5,
        &[
            "error: no instances of cn-north-1: ",
            "did not answer in time",
            "--timeout allows for more time",
        ],
    );
    assert!(outcome.took < Duration::from_secs(2), "{outcome:#?}");
    assert!(
        (2..20).contains(&sandbox.requests().len()),
        "{}",
        sandbox.requests().len()
    );
}

#[test]
fn a_failure_in_the_middle_prints_nothing() {
    let busy = || Reply::error(503, "UNAVAILABLE", "busy");
    for_each(
        [
            (vec![Reply::error(404, "NOT_FOUND", "gone")], 3, 1),
            (vec![Reply::error(403, "HTTP_FORBIDDEN", "[IAM]")], 4, 1),
            (vec![Reply::json(200, r#"{"requestId":"r","result":{}}"#)], 6, 1),
            (vec![Reply::json(200, "<html>")], 6, 1),
            (vec![busy(), busy()], 6, 2),
            (vec![Reply::close(), Reply::reset()], 5, 2),
        ],
        |(replies, exit, sent)| {
            for format in ["table", "json", "plain"] {
                let sandbox = sandbox();
                sandbox.script_for("pageNumber=3", replies.clone());
                let outcome = Jdredis::at(&sandbox)
                    .args(ODD)
                    .args(["--max-attempts", "2", "-o", format])
                    .run();
                outcome.fails_saying(exit, &["no backups of instance redis-odd in cn-north-1: "]);
                assert_eq!(sandbox.requests().len(), 2 + sent, "{outcome:#?}");
            }
        },
    );
    for reply in [busy(), Reply::reset(), Reply::new(502)] {
        let sandbox = sandbox();
        sandbox.script_for("pageNumber=3", vec![reply]);
        let outcome = Jdredis::at(&sandbox).args(ODD).args(["-o", "plain"]).run();
        assert_eq!(outcome.data().lines().collect::<Vec<_>>(), odd(237, 1));
        assert_eq!(queries(&sandbox), [1, 2, 3, 3].map(of_page));
        assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
    }
}

#[test]
fn whatever_may_be_missing_is_a_dash_in_tables_and_absent_in_json() {
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
                entries.join(","),
                entries.len()
            )
        );
    }
}

#[test]
fn what_is_not_documented_is_shown_as_it_came() {
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
fn times_at_the_calendars_end_are_no_panic() {
    let sandbox = sandbox();
    let edges = ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+23:59"];
    sandbox.always(backups(&[("end", edges[0], 2), ("begin", edges[1], 2)], Some(2)));
    let table = Jdredis::at(&sandbox).args(BACKUPS).run();
    let data = table.data_saying(&["the start of backup end (\"9999-12-31T23:59:59-23:59\") cannot be read"]);
    assert_eq!(data.lines().count(), 3);
    for edge in edges {
        for option in ["--since", "--until"] {
            let outcome = Jdredis::at(&sandbox).args(BACKUPS).args([option, edge]).run();
            assert!(matches!(outcome.code, Some(0 | 2)), "{outcome:#?}");
        }
    }
}

#[test]
fn entries_that_are_none_are_an_error_that_quotes_nothing() {
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

#[test]
fn nothing_found_is_no_error() {
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
            "error: no backups of instance redis-9 in cn-north-1: ",
            "404 NOT_FOUND",
            "'jdredis instance list'",
        ],
    );
}

#[test]
fn values_that_are_none_are_usage_errors() {
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
