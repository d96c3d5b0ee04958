//! `backup create --wait`: the wait for the end of the backup, and how it ends.

use std::time::{Duration, Instant};

use jdredis_sandbox::{BackupOutcome, Reply, Sandbox};
use serde_json::{Value, json};

use super::{AT_ONCE, CREATE, FAILED, made};
use crate::support::{Jdredis, Outcome, for_each, queries, sandbox};

fn create_and_wait(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    Jdredis::at(sandbox)
        .args(CREATE)
        .args(["--wait", "-o", "plain"])
        .args(args.iter().copied())
        .run()
}

#[test]
fn waiting_ends_with_the_backups_success() {
    for_each(["plain", "table", "json"], |format| {
        let sandbox = sandbox();
        sandbox.next_backup(AT_ONCE);
        let outcome = Jdredis::at(&sandbox).args(CREATE).args(["--wait", "-o", format]).run();
        assert!(outcome.took >= Duration::from_secs(1), "{outcome:#?}");
        let queries = queries(&sandbox);
        let id = made(&sandbox);
        assert_eq!(outcome.data_with(0).matches(&id).count(), 1, "{outcome:#?}");
        let note = match format {
            "json" => format!("note: backup {id} was started\n"),
            _ => String::new(),
        };
        assert_eq!(outcome.stderr, note);
        assert_eq!(
            queries,
            [String::new(), format!("baseId={id}&pageNumber=1&pageSize=100")]
        );
        assert_eq!(sandbox.connections() - 1, 1, "the listing of this test has its own");
    });
}

#[test]
fn the_id_printed_while_waiting_leads_to_the_links() {
    let sandbox = sandbox();
    sandbox.next_backup(BackupOutcome::Success { after_polls: 1 });
    let outcome = create_and_wait(&sandbox, &[]);
    // 1 s and 1.5 s.
    assert!(outcome.took >= Duration::from_millis(2500), "{outcome:#?}");
    assert_eq!(sandbox.requests().len(), 3);
    let id = outcome.data().trim_end();
    let links = Jdredis::at(&sandbox)
        .args(["backup", "url", "--region", "cn-north-1", "--instance", "redis-1234"])
        .args(["--base-id", id, "-o", "plain"])
        .run();
    assert!(links.data().starts_with("http://"), "{links:#?}");
}

#[test]
fn a_backup_that_fails_while_waited_for_is_an_error_after_its_id() {
    let sandbox = sandbox();
    sandbox.next_backup(FAILED);
    let outcome = create_and_wait(&sandbox, &[]);
    let id = made(&sandbox);
    let printed = outcome.data_before_failure(
        6,
        &[&format!("error: backup {id} failed after "), "\n  hint: try again"],
    );
    assert_eq!(printed, format!("{id}\n"));
    assert!(!outcome.stderr.contains("not certain"), "{outcome:#?}");
}

#[test]
fn a_wait_that_runs_out_is_an_error_after_the_id() {
    // Looks are 1 s, 1.5 s and 2.25 s apart, but the last is when the time is up. A busy machine looks less often.
    for_each([("0s", 0..=0), ("1s", 1..=1), ("3s", 2..=3)], |(limit, looks)| {
        let sandbox = sandbox();
        sandbox.next_backup(BackupOutcome::Never);
        let outcome = create_and_wait(&sandbox, &["--wait-timeout", limit]);
        let looked = sandbox.requests().len() - 1;
        assert!(looks.contains(&looked), "{looked}: {outcome:#?}");
        let id = made(&sandbox);
        let printed = outcome.data_before_failure(
            5,
            &[
                &format!("error: backup {id} had not ended after "),
                "hint: it goes on at the service; 'jdredis backup list'",
            ],
        );
        assert_eq!(printed, format!("{id}\n"));
    });
}

#[test]
fn trouble_that_passes_is_waited_out() {
    for_each(
        [
            (
                Reply::error(503, "UNAVAILABLE", "a\u{1b}[2J"),
                "503 UNAVAILABLE: a\\u{1b}[2J",
            ),
            (Reply::reset(), ""),
            (Reply::new(502).body("<html>"), "HTTP 502 with a page"),
            (Reply::error(429, "RATE_LIMIT", "slow down"), "429 RATE_LIMIT"),
        ],
        |(reply, said)| {
            let sandbox = sandbox();
            sandbox.next_backup(AT_ONCE);
            sandbox.script_for("baseId=", vec![reply]);
            let outcome = create_and_wait(&sandbox, &["--max-attempts", "1"]);
            let warning = format!("warning: the backup's status is unknown for now: {said}");
            let printed = outcome.data_saying(&[&warning]);
            assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:#?}");
            assert!(!outcome.stderr.contains('\u{1b}'), "{outcome:#?}");
            assert_eq!(sandbox.requests().len(), 3);
            assert_eq!(printed.trim_end(), made(&sandbox));
        },
    );
}

#[test]
fn a_backup_that_is_not_listed_yet_is_waited_for() {
    let sandbox = sandbox();
    sandbox.next_backup(AT_ONCE);
    let nothing = r#"{"requestId":"r","result":{"backups":null,"totalCount":0}}"#;
    sandbox.script_for("baseId=", vec![Reply::json(200, nothing)]);
    create_and_wait(&sandbox, &[]).data();
    assert_eq!(sandbox.requests().len(), 3);
}

#[test]
fn a_backup_with_an_undocumented_status_is_waited_for_with_one_warning() {
    let sandbox = sandbox();
    let status = |status: &str| {
        Reply::json(
            200,
            format!(r#"{{"result":{{"backups":[{{"baseId":"new",{status}}}]}}}}"#),
        )
    };
    let five = || status(r#""backupStatus":5"#);
    sandbox.script_for("/backup", vec![Reply::json(200, r#"{"result":{"baseId":"new"}}"#)]);
    sandbox.script_for("baseId=new", vec![five(), five(), status(r#""backupStatus":"2""#)]);
    let outcome = create_and_wait(&sandbox, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(
        outcome.stderr,
        "warning: backup new has status 5, which is not documented; it is waited for as if it were running\n"
    );
}

#[test]
fn the_wait_looks_at_no_other_backup() {
    let sandbox = sandbox();
    sandbox.next_backup(AT_ONCE);
    let others = r#"{"result":{"backups":[{"baseId":"other","backupStatus":1}],"totalCount":1}}"#;
    sandbox.script_for("baseId=", vec![Reply::json(200, others)]);
    create_and_wait(&sandbox, &[]).data();
    assert_eq!(sandbox.requests().len(), 3);
}

#[test]
fn trouble_that_stays_ends_the_wait_with_its_own_code_after_the_id() {
    for_each(
        [
            (
                Reply::error(403, "HTTP_FORBIDDEN", "no [IAM] [gw]"),
                4,
                "the keys are not permitted to do this",
            ),
            (Reply::error(404, "NOT_FOUND", "no"), 3, "404 NOT_FOUND"),
            (
                Reply::json(200, r#"{"result":{"backups":[{}]}}"#),
                6,
                "missing field `baseId`",
            ),
        ],
        |(reply, exit, said)| {
            let sandbox = sandbox();
            sandbox.script_for("baseId=", vec![reply]);
            let outcome = create_and_wait(&sandbox, &[]);
            assert_eq!(sandbox.requests().len(), 2);
            let id = made(&sandbox);
            // The error must name the backup, too, since it was started and goes on.
            let printed = outcome.data_before_failure(exit, &["error: ", said, &id]);
            assert_eq!(printed, format!("{id}\n"));
            assert!(!outcome.stderr.contains("not certain"), "{outcome:#?}");
        },
    );
}

#[test]
fn each_look_at_the_backup_has_the_whole_time_limit() {
    let sandbox = sandbox();
    sandbox.next_backup(BackupOutcome::Success { after_polls: 1 });
    let outcome = create_and_wait(&sandbox, &["--timeout", "2"]);
    outcome.data();
    assert!(outcome.took >= Duration::from_millis(2500), "{outcome:#?}");
}

#[test]
fn a_time_for_waiting_without_a_wait_is_a_usage_error() {
    let sandbox = sandbox();
    let outcome = Jdredis::at(&sandbox).args(CREATE).args(["--wait-timeout", "5s"]).run();
    outcome.fails_saying(2, &["--wait"]);
    for value in ["", "s", "-5s", "1.5h", "5y"] {
        let outcome = Jdredis::at(&sandbox)
            .args(CREATE)
            .args(["--wait", &format!("--wait-timeout={value}")])
            .run();
        outcome.fails_saying(2, &["--wait-timeout", "such as 90s, 30m, 2h or 1d"]);
    }
    assert!(sandbox.requests().is_empty());
}

#[cfg(unix)]
#[test]
fn an_interrupted_wait_has_printed_the_id() {
    for (signal, code) in [("HUP", 129), ("INT", 130), ("TERM", 143)] {
        let sandbox = sandbox();
        sandbox.next_backup(BackupOutcome::Never);
        let outcome = Jdredis::at(&sandbox)
            .args(CREATE)
            .args(["--wait", "--wait-timeout", "20s", "-o", "plain"])
            .start()
            .signal_after_first_line(signal);
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
        let id = made(&sandbox);
        outcome.says(&[
            &format!("error: interrupted while waiting for backup {id}, after "),
            "it goes on at the service; 'jdredis backup list' shows when it has ended",
        ]);
        assert_eq!(outcome.stdout, format!("{id}\n"));
        assert!(outcome.took < Duration::from_secs(15), "{outcome:#?}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_is_not_held_up_by_a_service_that_does_not_answer_a_look_at_the_backup() {
    let sandbox = sandbox();
    sandbox.next_backup(BackupOutcome::Never);
    sandbox.script_for("baseId=", vec![Reply::stall()]);
    let running = Jdredis::at(&sandbox).args(CREATE).args(["--wait"]).start();
    assert!(sandbox.wait_for_requests(2, Duration::from_secs(60)));
    let asked = Instant::now();
    running.signal("INT");
    let outcome = running.finish();
    outcome.data_before_failure(130, &["error: interrupted while waiting for backup "]);
    assert!(asked.elapsed() < Duration::from_secs(20), "{outcome:#?}");
}

#[test]
fn json_is_one_document_at_the_end_with_the_final_status() {
    let document = |outcome: &Outcome| -> Value {
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("no document: {outcome:#?}"))
    };
    for_each(
        [
            (AT_ONCE, "1h", 0, "success"),
            (FAILED, "1h", 6, "failed"),
            (BackupOutcome::Never, "1s", 5, "running"),
        ],
        |(ending, limit, code, status)| {
            let sandbox = sandbox();
            sandbox.next_backup(ending);
            let outcome = Jdredis::at(&sandbox)
                .args(CREATE)
                .args(["--wait", "--wait-timeout", limit, "-o", "json"])
                .run();
            assert_eq!(outcome.code, Some(code), "{outcome:#?}");
            let id = made(&sandbox);
            assert!(
                outcome.stderr.starts_with(&format!("note: backup {id} was started\n")),
                "{outcome:#?}"
            );
            let result = &document(&outcome)["result"];
            assert_eq!(
                (&result["baseId"], &result["status"]),
                (&json!(id), &json!(status)),
                "{outcome:#?}"
            );
        },
    );
}

#[cfg(unix)]
#[test]
fn json_has_its_document_after_a_signal_too() {
    for stalls in [false, true] {
        let sandbox = sandbox();
        sandbox.next_backup(BackupOutcome::Never);
        if stalls {
            sandbox.script_for("baseId=", vec![Reply::stall()]);
        }
        let running = Jdredis::at(&sandbox)
            .args(CREATE)
            .args(["--wait", "-o", "json"])
            .start();
        assert!(sandbox.wait_for_requests(2, Duration::from_secs(60)));
        running.signal("TERM");
        let outcome = running.finish();
        assert_eq!(outcome.code, Some(143), "{outcome:#?}");
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(document["result"]["status"], "running", "{outcome:#?}");
        assert!(
            outcome
                .stderr
                .lines()
                .last()
                .unwrap()
                .starts_with(r#"{"error":{"kind":"interrupted""#),
            "{outcome:#?}"
        );
    }
}
