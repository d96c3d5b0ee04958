//! `backup url --latest`: which backup is taken, and what is said where there is none.

use jdredis_sandbox::Reply;
use serde_json::Value;

use crate::support::{Jdredis, URL, backups, page, queries, sandbox};

const LATEST: [&str; 7] = [
    "backup",
    "url",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
    "--latest",
];

fn of_instance(instance: &str) -> Vec<&str> {
    let mut args = LATEST.to_vec();
    args[5] = instance;
    args
}

#[test]
fn the_newest_that_succeeded_is_taken_and_named() {
    let note = "note: the newest backup is newest (newest), started at 2021-07-17T18:00:00Z\n";
    for format in ["table", "plain", "json"] {
        for (quiet, said) in [(&[][..], note), (&["--quiet"], "")] {
            let sandbox = sandbox();
            let outcome = Jdredis::at(&sandbox)
                .args(LATEST)
                .args(["-o", format])
                .args(quiet.iter().copied())
                .run();
            assert_eq!(outcome.code, Some(0), "{outcome:#?}");
            assert_eq!(outcome.stderr, said, "{outcome:#?}");
            assert!(outcome.stdout.contains("-newest-0?X-Amz-"), "{outcome:#?}");
            assert_eq!(queries(&sandbox), ["pageNumber=1&pageSize=100", "baseId=newest"]);
            assert_eq!(sandbox.connections(), 1);
        }
    }
    let verbose = Jdredis::at(&sandbox()).args(LATEST).args(["-v"]).run();
    let of_undated = "backup undated succeeded and has no start; it is taken to be older than the others\n";
    assert_eq!(verbose.stderr.matches("has no start").count(), 1, "{verbose:#?}");
    assert!(verbose.stderr.contains(of_undated), "{verbose:#?}");
}

#[test]
fn json_carries_the_backup_as_the_service_listed_it() {
    let sandbox = sandbox();
    let listed = r#"{"baseId":"newest","n":1.50,"backupStatus":2,"own":null}"#;
    sandbox.script(vec![page("of-the-listing", "backups", [listed], Some("1"))]);
    let json = Jdredis::at(&sandbox).args(LATEST).args(["-q", "-o", "json"]).run();
    let compact: String = json.data().split_whitespace().collect();
    assert!(compact.ends_with(&format!(r#","backup":{listed}}}"#)), "{json:#?}");
    let answer: Value = serde_json::from_str(json.data()).unwrap();
    assert_eq!(answer["result"]["downloadUrls"][0]["name"], "node 0");
    assert_ne!(answer["requestId"], "of-the-listing");

    let named = Jdredis::at(&sandbox).args(["-o", "json"]).url();
    let answer: Value = serde_json::from_str(named.data()).unwrap();
    assert_eq!(answer.get("backup"), None);
}

#[test]
fn newest_is_by_start_whatever_the_offset_order_and_page() {
    let second_page = || backups(&[("x", "2020-01-01T00:00:00Z", 2)], Some(4));
    for (first_page, taken) in [
        (
            // As text the first is the latest, as a moment the earliest.
            &[
                ("a", "2026-01-02T03:00:00+08:00", 2),
                ("b", "2026-01-01T20:00:00Z", 2),
                ("c", "2026-01-01T13:30:00-07:00", 2),
            ][..],
            "c",
        ),
        (
            &[
                ("a", "2026-01-03T00:00:00Z", 0),
                ("b", "2026-01-02T00:00:00Z", 1),
                ("c", "2026-01-01T00:00:00Z", 2),
            ],
            "c",
        ),
        (
            &[
                ("a", "2026-01-03T00:00:00Z", 7),
                ("b", "", 2),
                ("c", "2026-01-01T00:00:00Z", 2),
            ],
            "c",
        ),
        (
            &[
                ("a", "2019-01-01T00:00:00Z", 2),
                ("b", "2019-01-02T00:00:00Z", 2),
                ("c", "", 2),
            ],
            "x",
        ),
    ] {
        let sandbox = sandbox();
        sandbox.script_for("pageNumber=1", vec![backups(first_page, Some(4))]);
        sandbox.script_for("pageNumber=2", vec![second_page()]);
        sandbox.always(Reply::json(
            200,
            r#"{"result":{"downloadUrls":[{"link":"https://h/x"}]}}"#,
        ));
        let outcome = Jdredis::at(&sandbox).args(LATEST).args(["-q", "-o", "plain"]).run();
        assert_eq!(outcome.data(), "https://h/x\n");
        let queries = queries(&sandbox);
        assert_eq!(queries.last(), Some(&format!("baseId={taken}")), "{queries:?}");
    }
}

#[test]
fn pages_after_the_newest_are_read_only_where_they_may_hold_a_newer_one() {
    let sandbox = sandbox();
    let outcome = Jdredis::at(&sandbox).args(of_instance("redis-odd")).args(["-q"]).run();
    assert!(outcome.data().contains("-odd_236-0?"), "{outcome:#?}");
    assert_eq!(
        queries(&sandbox),
        [
            "pageNumber=1&pageSize=100",
            "pageNumber=2&pageSize=100",
            "pageNumber=3&pageSize=100",
            "baseId=odd-00236"
        ]
    );
    assert_eq!(sandbox.connections(), 1);

    let sandbox = crate::support::sandbox();
    sandbox.script(vec![backups(
        &[
            ("failed", "2026-01-02T00:00:00Z", 1),
            ("1234", "2026-01-01T00:00:00Z", 2),
        ],
        Some(300),
    )]);
    Jdredis::at(&sandbox).args(LATEST).args(["-q"]).run().data();
    assert_eq!(queries(&sandbox), ["pageNumber=1&pageSize=100", "baseId=1234"]);
}

#[test]
fn a_backup_with_few_known_fields_is_named_all_the_same() {
    for (entry, note) in [
        (
            r#"{"baseId":"1234","backupStatus":2,"backupFileName":"a\u001b[2J"}"#,
            "note: the newest backup is 1234 (a\\u{1b}[2J), started at an unknown time\n",
        ),
        (
            r#"{"baseId":"1234","backupStatus":2,"backupStartTime":"2026-01-01T00:00:00Z"}"#,
            "note: the newest backup is 1234, started at 2026-01-01T00:00:00Z\n",
        ),
    ] {
        let sandbox = sandbox();
        sandbox.script(vec![page("r", "backups", [entry], Some("1"))]);
        let outcome = Jdredis::at(&sandbox).args(LATEST).run();
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), note));
    }
}

#[test]
fn without_a_success_the_others_are_counted() {
    let at = "2026-01-01T00:00:00Z";
    for (entries, counts, hint) in [
        (
            &[][..],
            "0 running, 0 failed",
            "hint: make one with 'jdredis backup create'",
        ),
        (
            &[("a", at, 1), ("b", "", 1)],
            "0 running, 2 failed",
            "hint: 'jdredis backup list' shows the failed ones",
        ),
        (
            &[("a", at, 0)],
            "1 running, 0 failed",
            "hint: wait until it has finished",
        ),
        (
            &[("a", at, 0), ("b", at, 1), ("c", "", 0), ("d", at, 3)],
            "2 running, 1 failed, 1 with status 3, which is not documented",
            "hint: wait until it has finished",
        ),
        (
            &[("a", at, 5), ("b", at, 5), ("c", at, 7), ("d", at, 1)],
            "0 running, 1 failed, 2 with status 5, which is not documented, 1 with status 7, which is not documented",
            "hint: 'jdredis backup list' shows them; give the one to take with --base-id",
        ),
    ] {
        let sandbox = sandbox();
        sandbox.script(vec![backups(entries, Some(entries.len()))]);
        let outcome = Jdredis::at(&sandbox).args(LATEST).run();
        outcome.fails_saying(
            3,
            &[
                "error: cannot find the latest backup of instance redis-1234 in cn-north-1: ",
                &format!("instance redis-1234 has no backup that succeeded: {counts}\n"),
                "  request ID: r\n",
                hint,
            ],
        );
        assert_eq!(sandbox.requests().len(), 1);
    }
    let sandbox = sandbox();
    let outcome = Jdredis::at(&sandbox)
        .args(of_instance("redis-wide"))
        .args(["-o", "json"])
        .run();
    assert_eq!(outcome.error_object(3)["kind"], "notFound");
}

#[test]
fn exactly_one_of_base_id_and_latest_is_asked_for_before_anything_else() {
    for (args, said) in [
        (&URL[..6], "neither --base-id nor --latest was given"),
        (
            &[&URL[..], &["--latest"]].concat(),
            "both --base-id and --latest were given",
        ),
    ] {
        let sandbox = sandbox();
        for run in [Jdredis::at(&sandbox), Jdredis::bare()] {
            run.args(args.iter().copied()).run().fails_saying(
                2,
                &[
                    &format!("error: {said}\n"),
                    "--base-id ID",
                    "--latest",
                    "'jdredis backup list'",
                ],
            );
        }
        let json = Jdredis::bare()
            .args(args.iter().copied())
            .args(["-o", "json"])
            .run()
            .error_object(2);
        assert_eq!(json["kind"], "usage", "{json}");
        assert!(sandbox.requests().is_empty());
    }
}

#[test]
fn a_failure_on_either_way_prints_nothing() {
    for (part, reply, exit, said) in [
        (
            "pageNumber=2",
            Reply::error(403, "HTTP_FORBIDDEN", "no"),
            4,
            "cannot find the latest backup of instance redis-odd in cn-north-1: ",
        ),
        (
            "describeDownloadUrl",
            Reply::error(404, "NOT_FOUND", "gone"),
            3,
            "cannot get the links of backup odd-00236 of instance redis-odd in cn-north-1: ",
        ),
        (
            "describeDownloadUrl",
            Reply::json(200, r#"{"result":{"downloadUrls":[]}}"#),
            3,
            "cannot get the links of backup odd-00236 of instance redis-odd in cn-north-1: ",
        ),
    ] {
        let sandbox = sandbox();
        sandbox.script_for(part, vec![reply]);
        let outcome = Jdredis::at(&sandbox).args(of_instance("redis-odd")).run();
        outcome.fails_saying(exit, &[said]);
    }
}

#[test]
fn a_newest_backup_that_is_too_old_gives_no_links_and_exit_code_8() {
    let sandbox = sandbox();
    for age in ["36h", "8d", "2w"] {
        let outcome = Jdredis::at(&sandbox).args(LATEST).args(["--max-age", age]).run();
        outcome.fails_saying(
            8,
            &[
                "the newest backup, newest, began ",
                &format!("; --max-age allows {age}"),
            ],
        );
    }
    assert!(
        sandbox
            .requests()
            .iter()
            .all(|request| !request.target.contains("describeDownloadUrl"))
    );
    let json = Jdredis::at(&sandbox)
        .args(LATEST)
        .args(["--max-age", "1d", "-o", "json"])
        .run();
    assert_eq!(json.error_object(8)["kind"], "stale");
    for age in ["5200w", "none"] {
        let outcome = Jdredis::at(&sandbox)
            .args(LATEST)
            .args(["-q", "--max-age", age, "-o", "plain"])
            .run();
        assert_eq!(outcome.data().lines().count(), 1);
    }
}

#[test]
fn an_age_needs_a_unit_and_goes_with_the_latest_only() {
    for args in [&["--max-age", "8"][..], &["--max-age", "30s"], &["--max-age=0h"]] {
        Jdredis::bare()
            .args(LATEST)
            .args(args.iter().copied())
            .run()
            .fails_saying(2, &["36h, 8d or 2w"]);
    }
    Jdredis::bare()
        .args(URL)
        .args(["--max-age", "8d"])
        .run()
        .fails_saying(2, &["--latest"]);
}
