//! `backup create`: what is sent, and that it is sent once.

mod wait;

#[cfg(unix)]
use std::time::Duration;

use jdredis_sandbox::{BackupOutcome, Proxy, ProxyMode, Reply, Sandbox};
use serde_json::Value;

use crate::support::{Jdredis, for_each, sandbox};

const CREATE: [&str; 6] = ["backup", "create", "--region", "cn-north-1", "--instance", "redis-1234"];
const NOT_CERTAIN: &str = "it is not certain that nothing was done: look with 'jdredis backup list'";

const AT_ONCE: BackupOutcome = BackupOutcome::Success { after_polls: 0 };
const FAILED: BackupOutcome = BackupOutcome::Failure { after_polls: 0 };

/// The base ID that the sandbox gave the one backup made in it; what it lists knows no other UUID.
fn made(sandbox: &Sandbox) -> String {
    let list = Jdredis::at(sandbox)
        .args(["backup", "list", "--region", "cn-north-1", "--instance", "redis-1234"])
        .args(["--since", "1d", "-o", "plain"])
        .run();
    let id = list.data().trim_end();
    assert_eq!((id.len(), id.lines().count()), (36, 1), "{list:#?}");
    id.to_owned()
}

/// The file name that each request to make a backup asked for.
fn names(sandbox: &Sandbox) -> Vec<String> {
    sandbox
        .requests()
        .iter()
        .filter(|request| request.method == "POST")
        .map(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            body["fileName"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn the_request_is_the_documented_one_and_its_signature_is_accepted() {
    let sandbox = sandbox();
    let outcome = Jdredis::at(&sandbox).args(CREATE).args(["--name", "Nightly_1"]).run();
    assert_eq!(outcome.code, Some(0), "{outcome:#?} {:#?}", sandbox.refusals());
    let [request] = &sandbox.requests()[..] else {
        panic!("one request: {:#?}", sandbox.requests())
    };
    assert_eq!(request.method, "POST");
    assert_eq!(request.target, "/v1/regions/cn-north-1/cacheInstance/redis-1234/backup");
    assert_eq!(
        String::from_utf8_lossy(&request.body),
        r#"{"fileName":"Nightly_1","backupType":1}"#
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("content-length"), Some("39"));
    assert_eq!(request.header("transfer-encoding"), None);
}

#[test]
fn each_format_has_the_base_id() {
    for format in ["table", "plain", "json"] {
        let sandbox = sandbox();
        let outcome = Jdredis::at(&sandbox)
            .args(CREATE)
            .args(["--name", "n", "-o", format])
            .run();
        let printed = outcome.data();
        let id = made(&sandbox);
        match format {
            "table" => assert_eq!(
                printed,
                format!("BASE ID                               NAME\n{id}  n\n")
            ),
            "plain" => assert_eq!(printed, format!("{id}\n")),
            _ => {
                let answer: Value = serde_json::from_str(printed).unwrap();
                assert_eq!(answer["result"]["baseId"], id);
                assert!(answer["requestId"].is_string(), "{answer}");
            }
        }
    }
    let sandbox = sandbox();
    let body = r#"{"z":1.50,"requestId":"r","result":{"baseId":"b","more":null}}"#;
    sandbox.always(Reply::json(200, body));
    let json = Jdredis::at(&sandbox).args(CREATE).args(["-o", "json"]).run();
    let compact: String = json.data().split_whitespace().collect();
    assert_eq!(compact, body);
}

#[test]
fn a_name_of_its_own_is_valid_and_another_one_each_time() {
    let sandbox = sandbox();
    for _ in 0..2 {
        Jdredis::at(&sandbox).args(CREATE).run().data();
    }
    let names = names(&sandbox);
    for name in &names {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        assert!((1..=32).contains(&name.len()) && name.bytes().all(is_allowed), "{name}");
        assert!(name.starts_with("jdredis_20"), "{name}");
    }
    assert_eq!(names.len(), 2);
    assert_ne!(names[0], names[1]);
}

#[test]
fn a_name_is_checked_before_anything_is_sent() {
    let sandbox = sandbox();
    for name in ["", "a b", "a-b", "a.b", "名", "a\n", &"x".repeat(33)] {
        let outcome = Jdredis::at(&sandbox).args(CREATE).args(["--name", name]).run();
        outcome.fails_saying(2, &["--name", "letters, digits and '_'"]);
    }
    assert!(sandbox.requests().is_empty());
    for name in ["a", "0", "_a", "__", &"x".repeat(32)] {
        Jdredis::at(&sandbox).args(CREATE).args(["--name", name]).run().data();
    }
}

#[test]
fn a_name_that_is_taken_is_a_conflict() {
    let sandbox = sandbox();
    let outcome = Jdredis::at(&sandbox).args(CREATE).args(["--name", "backup1"]).run();
    outcome.fails_saying(
        6,
        &[
            "error: cannot start a backup of instance redis-1234 in cn-north-1: ",
            "409 ALREADY_EXISTS",
            "--name",
        ],
    );
    assert!(!outcome.stderr.contains("not certain"), "{outcome:#?}");
    assert_eq!(sandbox.requests().len(), 1);
}

#[test]
fn a_request_that_may_have_been_carried_out_is_not_sent_again_and_the_error_says_so() {
    let body = r#"{"requestId":"r","result":{"baseId":"b"}}"#;
    for_each(
        [
            ("500", Reply::error(500, "INTERNAL", "x"), 6),
            ("502", Reply::error(502, "SOURCE_UNAVAILABLE", "x"), 6),
            (
                "503",
                Reply::error(503, "UNAVAILABLE", "x").header("Retry-After", "0"),
                6,
            ),
            ("504", Reply::error(504, "HTTP_SERVER_TIMING_OUT", "x"), 6),
            ("a gateway's page", Reply::new(502).body("<html>"), 6),
            ("closed", Reply::close(), 5),
            ("reset", Reply::reset(), 5),
            ("stalled", Reply::stall(), 5),
            ("stalled in the body", Reply::json(200, body).stall_after(10), 5),
            ("garbage", Reply::raw("not HTTP at all\r\n\r\n"), 5),
            ("half a body", Reply::json(200, body).content_length(1000), 5),
            ("half a chunk", Reply::json(200, body).broken_chunked(), 5),
            ("no JSON", Reply::json(200, &body[..20]), 6),
            ("a page", Reply::json(200, "<html>"), 6),
            ("a redirect", Reply::new(307).header("Location", "/v1/x"), 6),
            (
                "an error without a code",
                Reply::json(200, r#"{"error":"in words"}"#),
                6,
            ),
            ("an empty error", Reply::json(200, r#"{"requestId":"r","error":{}}"#), 6),
            ("no base ID", Reply::json(200, r#"{"requestId":"r","result":{}}"#), 6),
            (
                "a base ID that is none",
                Reply::json(200, r#"{"requestId":"r","result":{"baseId":"a/b"}}"#),
                6,
            ),
        ],
        |(name, reply, exit)| {
            let timeout = if name.starts_with("stalled") { "3" } else { "30" };
            for format in ["plain", "json"] {
                let sandbox = sandbox();
                sandbox.script(vec![reply.clone()]);
                let outcome = Jdredis::at(&sandbox)
                    .args(CREATE)
                    .args(["--wait", "--timeout", timeout, "-o", format])
                    .run();
                outcome.fails_saying(exit, &[NOT_CERTAIN]);
                assert_eq!(sandbox.requests().len(), 1, "{name}: {outcome:#?}");
                if format == "json" {
                    let hint = outcome.error_object(exit)["hint"].take();
                    assert!(hint.as_str().unwrap().starts_with(NOT_CERTAIN), "{name}: {hint}");
                }
            }
        },
    );
}

#[test]
fn a_refused_request_is_not_sent_again_and_is_certain() {
    for (code, status, message, exit) in [
        (400, "INVALID_ARGUMENT", "bad", 6),
        (401, "ACCESS_ERROR", "sign result is not same [gw]", 4),
        (403, "HTTP_FORBIDDEN", "please use different noncestr [gw]", 4),
        (404, "NOT_FOUND", "no", 3),
        (409, "ABORTED", "no", 6),
        (429, "RATE_LIMIT", "slow down", 6),
        (429, "QUOTA_EXCEEDED", "no", 6),
    ] {
        let sandbox = sandbox();
        sandbox.script(vec![Reply::error(code, status, message)]);
        let outcome = Jdredis::at(&sandbox).args(CREATE).run();
        outcome.fails_saying(
            exit,
            &["cannot start a backup of instance redis-1234 in cn-north-1: ", status],
        );
        assert!(!outcome.stderr.contains("not certain"), "{outcome:#?}");
        assert_eq!(sandbox.requests().len(), 1, "{status}");
    }
}

#[test]
fn a_request_that_never_arrived_is_sent_again() {
    let nobody = Proxy::start(ProxyMode::Refuse).unwrap();
    let sandbox = sandbox();
    for run in [
        Jdredis::at(&sandbox).args(["--endpoint", &nobody.url()]),
        Jdredis::at(&sandbox).env("http_proxy", &nobody.url()),
    ] {
        let outcome = run.args(CREATE).run();
        outcome.fails_saying(5, &["(after 3 attempts", "refused", "hint: check "]);
        assert!(!outcome.stderr.contains("not certain"), "{outcome:#?}");
    }
    for (mode, text) in [
        (ProxyMode::AuthenticationRequired, "407"),
        (ProxyMode::Status(403), "403"),
    ] {
        let proxy = Proxy::start(mode).unwrap();
        let outcome = Jdredis::at(&sandbox).env("http_proxy", &proxy.url()).args(CREATE).run();
        outcome.fails_saying(5, &[text]);
        assert!(!outcome.stderr.contains("not certain"), "{outcome:#?}");
    }
    assert!(sandbox.requests().is_empty());
}

#[cfg(unix)]
#[test]
fn a_signal_before_the_answer_says_that_a_backup_may_have_been_started() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let sandbox = sandbox();
        sandbox.script(vec![Reply::stall()]);
        let running = Jdredis::at(&sandbox).args(CREATE).args(["--name", "nightly_7"]).start();
        assert!(sandbox.wait_for_requests(1, Duration::from_secs(60)));
        running.signal(signal);
        let outcome = running.finish();
        outcome.fails_saying(
            code,
            &[
                "interrupted while a backup of instance redis-1234 in cn-north-1 was asked for",
                NOT_CERTAIN,
                "nightly_7",
            ],
        );
        assert_eq!(sandbox.requests().len(), 1, "{outcome:#?}");
    }
}
