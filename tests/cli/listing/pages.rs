//! The pages of a listing: which ones are asked for, and how a listing ends.

use std::time::Duration;

use jdredis_sandbox::Reply;

use super::{BACKUPS, CROWDED, INSTANCES, ODD, odd, of_page};
use crate::support::{Jdredis, backups, for_each, page, queries, sandbox};

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
        // Pages that are each in order need not be in order together.
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
fn a_count_that_contradicts_the_pages_neither_hides_entries_nor_repeats_requests() {
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
            vec![reply.delay(Duration::from_millis(200))],
        );
    }
    let outcome = Jdredis::at(&sandbox).args(INSTANCES).args(["--timeout", "2"]).run();
    outcome.fails_saying(
        5,
        &[
            "error: cannot list the instances of cn-north-1: ",
            "did not answer in time",
            "--timeout allows for more time",
        ],
    );
    assert!(outcome.took < Duration::from_secs(30), "{outcome:#?}");
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
                outcome.fails_saying(exit, &["cannot list the backups of instance redis-odd in cn-north-1: "]);
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
