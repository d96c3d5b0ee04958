//! The errors for refusals and for answers that are not as documented: exit code, message, hint, and the
//! JSON form.

use jdredis_sandbox::Reply;
use serde_json::{Value, json};

use crate::support::{Jdredis, sandbox, sandbox_builder};

#[test]
fn each_documented_error_has_its_exit_code_and_advice() {
    for (code, status, message, exit, hint) in [
        (400, "INVALID_ARGUMENT", "bad", 6, "hint: check --region and the IDs"),
        (
            401,
            "UNAUTHENTICATED",
            "no",
            4,
            "hint: check that access key and secret key are a pair",
        ),
        (
            401,
            "ACCESS_ERROR",
            "lack of header authorization[gw]",
            4,
            "hint: check that access key",
        ),
        (
            403,
            "HTTP_FORBIDDEN",
            "You are not authorized to perform (x) on resource (*) [IAM] [gw]",
            4,
            "allows the action named in the cause",
        ),
        (403, "HTTP_FORBIDDEN", "no", 4, "hint: check what the account"),
        (
            404,
            "NOT_FOUND",
            "no such backup",
            3,
            "hint: check the region and the IDs",
        ),
        (409, "ABORTED", "conflict", 6, "hint: wait until that is done"),
        (
            413,
            "HTTP_REQUEST_ENTITY_TOO_LARGE",
            "",
            6,
            "hint: this should not happen",
        ),
        (414, "HTTP_URI_TOO_LONG", "", 6, "hint: this should not happen"),
        (429, "QUOTA_EXCEEDED", "quota", 6, "hint: ask JD Cloud to raise it"),
        (501, "NOT_IMPLEMENTED", "", 6, "hint: try another region"),
    ] {
        let sandbox = sandbox();
        sandbox.always(Reply::error(code, status, message));
        let outcome = Jdredis::at(&sandbox).url();
        outcome.fails_saying(
            exit,
            &[
                "error: cannot get the links of backup 1234 of instance redis-1234 in cn-north-1: ",
                "\n  request ID: ",
                &format!("\n  cause: {code} {status}"),
                message,
                hint,
            ],
        );
        assert_eq!(outcome.stderr.matches("error:").count(), 1, "{outcome:#?}");
        assert_eq!(sandbox.requests().len(), 1, "{code} {status} is not to be tried again");
    }
}

#[test]
fn errors_in_json_are_one_object() {
    let sandbox = sandbox();
    sandbox.always(Reply::json(
        404,
        r#"{"error":{"status":"NOT_FOUND","code":404,"message":"gone","details":[1]},"requestId":"req-1"}"#,
    ));
    let error = Jdredis::at(&sandbox).args(["-o", "json"]).url().error_object(3);
    assert_eq!(
        error,
        json!({
            "kind": "notFound",
            "message": "cannot get the links of backup 1234 of instance redis-1234 in cn-north-1: not found at the service: the region cn-north-1 is from --region; 404 NOT_FOUND: gone",
            "code": 404,
            "status": "NOT_FOUND",
            "requestId": "req-1",
            "hint": "check the region and the IDs: 'jdredis instance list' and 'jdredis backup list' show what there is; JD Cloud keeps a backup for 7 days",
        })
    );
    let keys: Vec<_> = error.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["kind", "message", "code", "status", "requestId", "hint"]);

    let settings = Jdredis::bare().args(["--output=json"]).url().error_object(4);
    assert_eq!(
        (&settings["kind"], &settings["code"]),
        (&json!("credentials"), &Value::Null)
    );
    for args in [
        &["-o", "json", "backup", "nonsense"][..],
        &["backup", "url", "-ojson"],
        &["-o", "json"],
    ] {
        let usage = Jdredis::bare().args(args.iter().copied()).run().error_object(2);
        assert_eq!(usage["kind"], "usage", "{usage}");
        assert!(!usage["message"].as_str().unwrap().is_empty());
    }
    let from_env = Jdredis::bare()
        .env("JDREDIS_OUTPUT", "json")
        .args(["nonsense"])
        .run()
        .error_object(2);
    assert_eq!(from_env["kind"], "usage");
}

#[test]
fn an_error_object_or_an_error_status_alone_is_an_error() {
    for (reply, exit, text) in [
        (
            Reply::json(
                200,
                r#"{"error":{"code":404,"status":"NOT_FOUND"},"result":{"downloadUrls":[]}}"#,
            ),
            3,
            "404 NOT_FOUND",
        ),
        (Reply::json(200, r#"{"error":{"code":"x","message":"odd"}}"#), 6, "odd"),
        (Reply::json(200, r#"{"error":"just text"}"#), 6, "just text"),
        (
            Reply::json(400, r#"{"result":{"downloadUrls":[{"link":"https://h/x"}]}}"#),
            6,
            "400",
        ),
        (Reply::json(404, "{}"), 3, "404"),
    ] {
        let sandbox = sandbox();
        sandbox.always(reply);
        Jdredis::at(&sandbox).url().fails_saying(exit, &[text]);
    }
}

#[test]
fn an_undocumented_answer_is_described_without_quoting_its_values() {
    let link = "https://h/x?X-Amz-Signature=canary";
    for (body, text) in [
        (String::new(), "HTTP 200 with an empty body"),
        (
            "<html>login</html>".to_owned(),
            "HTTP 200 with a page (HTML or XML) instead of JSON",
        ),
        ("{\"requestId\":".to_owned(), "a body that is not JSON"),
        ("[1]".to_owned(), "JSON that is not an object"),
        ("{}".to_owned(), "in its result, "),
        (r#"{"result":null}"#.to_owned(), "in its result, "),
        (r#"{"result":{}}"#.to_owned(), "missing field `downloadUrls`"),
        (format!(r#"{{"result":{{"downloadUrls":"{link}"}}}}"#), "invalid type"),
        (format!(r#"{{"result":{{"downloadUrls":["{link}"]}}}}"#), "invalid type"),
        (
            r#"{"result":{"downloadUrls":[{"name":"node 0"}]}}"#.to_owned(),
            "downloadUrls[0].link is missing",
        ),
        (
            r#"{"result":{"downloadUrls":[{"link":null}]}}"#.to_owned(),
            "downloadUrls[0].link is missing",
        ),
        (
            format!(r#"{{"result":{{"downloadUrls":[{{"link":["{link}"]}}]}}}}"#),
            "downloadUrls[0].link is missing",
        ),
    ] {
        let sandbox = sandbox();
        sandbox.always(Reply::json(200, body.clone()));
        let outcome = Jdredis::at(&sandbox).url();
        outcome.fails_saying(6, &["the answer is not what the service documents", text, "hint: "]);
        assert!(!outcome.stderr.contains("canary"), "{outcome:#?}");
        assert_eq!(sandbox.requests().len(), 1, "{body}");
        let outcome = Jdredis::at(&sandbox).args(["-o", "json"]).url();
        let error: Value = serde_json::from_str(&outcome.stderr).unwrap();
        assert_eq!(error["error"]["code"], 200, "{outcome:#?}");
    }
}

#[test]
fn an_error_without_a_code_is_recognised_by_its_status() {
    for (body, exit, text, requests) in [
        (
            r#"{"error":{"status":"NOT_FOUND","message":"gone"}}"#,
            3,
            "404 NOT_FOUND: gone",
            1,
        ),
        (
            r#"{"error":{"status":"ACCESS_ERROR","code":"401"}}"#,
            4,
            "401 ACCESS_ERROR",
            1,
        ),
        (r#"{"error":{"status":"UNAVAILABLE"}}"#, 6, "503 UNAVAILABLE", 2),
        (r#"{"error":{"status":"QUOTA_EXCEEDED"}}"#, 6, "429 QUOTA_EXCEEDED", 1),
    ] {
        let sandbox = sandbox();
        sandbox.always(Reply::json(200, body));
        let outcome = Jdredis::at(&sandbox).args(["--max-attempts", "2"]).url();
        outcome.fails_saying(exit, &[text]);
        assert_eq!(sandbox.requests().len(), requests, "{body}");
    }
}

#[test]
fn a_login_page_gets_another_hint_than_a_changed_service() {
    for status in [200, 403] {
        let sandbox = sandbox();
        sandbox.always(Reply::new(status).body("<html>login"));
        Jdredis::at(&sandbox)
            .url()
            .fails_saying(6, &["hint: a proxy, a gateway or a login page"]);
    }
    let sandbox = sandbox();
    sandbox.always(Reply::json(200, r#"{"result":7}"#));
    Jdredis::at(&sandbox)
        .url()
        .fails_saying(6, &["hint: the service may have changed"]);
}

#[test]
fn the_request_id_comes_from_the_header_if_the_body_has_none() {
    let sandbox = sandbox();
    sandbox.always(
        Reply::new(404)
            .header("x-jdcloud-request-id", "from-header")
            .body("<html>"),
    );
    Jdredis::at(&sandbox)
        .url()
        .fails_saying(6, &["request ID: from-header"]);
}

#[test]
fn control_characters_in_a_message_are_escaped() {
    let sandbox = sandbox();
    sandbox.always(Reply::error(404, "NOT_FOUND", "a\u{1b}[2J\nerror: b\u{202e}"));
    let outcome = Jdredis::at(&sandbox).url();
    outcome.fails_saying(3, &["404 NOT_FOUND: a\\u{1b}[2J\\u{a}error: b\\u{202e}"]);
}

#[test]
fn a_refused_signature_mentions_a_clock_that_is_off() {
    for (ahead, text) in [
        (3 * 3600 + 60, "this machine's clock is 3 h 1 min behind the service's"),
        (-86_400 * 2, "this machine's clock is 2 d 0 h ahead of the service's"),
    ] {
        let sandbox = sandbox_builder().clock_offset(ahead).start().unwrap();
        let outcome = Jdredis::at(&sandbox).url();
        outcome.fails_saying(4, &["sign result is not same", "NTP"]);
        // The sandbox and the program read their clocks up to a second apart.
        assert!(
            outcome.stderr.contains(text)
                || outcome
                    .stderr
                    .contains(&text.replace("2 d 0 h", "1 d 23 h").replace("3 h 1", "3 h 0")),
            "{outcome:#?}"
        );
    }
    // A missing permission has nothing to do with clocks, and nobody's clock shows the year 1700.
    for (ahead, reply) in [
        (
            9000,
            Reply::error(
                403,
                "HTTP_FORBIDDEN",
                "You are not authorized to perform (x) [IAM] [gw]",
            ),
        ),
        (
            0,
            Reply::error(401, "ACCESS_ERROR", "no").header("Date", "Sun, 06 Nov 1700 08:49:37 GMT"),
        ),
        (30, Reply::error(401, "ACCESS_ERROR", "no")),
    ] {
        let sandbox = sandbox_builder().clock_offset(ahead).start().unwrap();
        sandbox.always(reply);
        assert!(!Jdredis::at(&sandbox).url().failure(4).contains("clock"));
    }
    let forbidden = sandbox_builder().clock_offset(90).start().unwrap();
    forbidden.always(Reply::error(403, "HTTP_FORBIDDEN", "no"));
    let outcome = Jdredis::at(&forbidden).url();
    outcome.fails_saying(4, &["this machine's clock is 1 min ", "else check what the account"]);
    let sandbox = sandbox();
    let wrong = Jdredis::at(&sandbox).env("JDCLOUD_SECRET_KEY", "wrong").url();
    wrong.fails_saying(4, &["sign result is not same", "are a pair"]);
    assert!(!wrong.stderr.contains("clock"));
}

#[test]
fn unknown_keys_and_unknown_backups_have_different_exit_codes() {
    let sandbox = sandbox();
    Jdredis::at(&sandbox)
        .env("JDCLOUD_ACCESS_KEY", "NOBODY")
        .url()
        .failure(4);
    let args = |instance, backup| {
        [
            "backup",
            "url",
            "--region",
            "cn-north-1",
            "--instance",
            instance,
            "--base-id",
            backup,
        ]
    };
    Jdredis::at(&sandbox).args(args("redis-9", "1234")).run().failure(3);
    Jdredis::at(&sandbox).args(args("redis-1234", "9")).run().failure(3);
    assert_eq!(
        Jdredis::at(&sandbox).args(args("redis-1234", "1234")).run().code,
        Some(0)
    );
}

#[test]
fn a_region_that_is_not_known_and_fails_names_the_nearest_one() {
    let sandbox = sandbox();
    sandbox.always(Reply::error(404, "NOT_FOUND", "no such region"));
    let run = |region: &str| {
        Jdredis::at(&sandbox)
            .args(["instance", "list", "--region", region])
            .run()
    };
    run("cn-nroth-1").fails_saying(
        3,
        &["the region cn-nroth-1 is from --region; no region of that name is known, the nearest is cn-north-1"],
    );
    assert!(!run("cn-north-1").failure(3).contains("nearest"));
}
