//! `backup url`: the request to the service, and its answer in each format.

use jdredis_sandbox::{DOCUMENTED_ANSWER, Reply};
use serde_json::Value;

use crate::support::{Jdredis, URL, sandbox};

const DOCUMENTED_LINK: &str = "http://jmiss-redis-backup-hb.s3.cn-north-1.jdcloud-oss.com/redis-1234/20210714153657-backup1-0?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=4034CAC03D9B83501CDACA21E939B07F%2F20210714%2Fcn-north-1%2Fs3%2Faws4_request&X-Amz-Date=20210714T075241Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=33d74059436e9a808d5c97569bcde885ff106f9daca7824b7973eed1f807a5c2";

const CLUSTER: [&str; 8] = [
    "backup",
    "url",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-cluster1",
    "--base-id",
    "a607efba-ff06-4d78-ba3c-b3119fce27fd",
];

/// The output of a run to which the service gives the documented answer. Its links are from 2021, which is a
/// warning on standard error.
fn documented(format: &str) -> String {
    let sandbox = sandbox();
    sandbox.always(Reply::json(200, DOCUMENTED_ANSWER));
    let outcome = Jdredis::at(&sandbox).args(["-q", "-o", format]).url();
    outcome.data_with(0).to_owned()
}

#[test]
fn the_request_is_the_documented_one_and_its_signature_is_accepted() {
    let sandbox = sandbox();
    let outcome = Jdredis::at(&sandbox).url();
    assert_eq!(outcome.code, Some(0), "{outcome:#?} {:#?}", sandbox.refusals());
    let [request] = &sandbox.requests()[..] else {
        panic!("one request: {:#?}", sandbox.requests())
    };
    assert_eq!(request.method, "GET");
    assert_eq!(
        request.target,
        "/v1/regions/cn-north-1/cacheInstance/redis-1234/backup%3AdescribeDownloadUrl?baseId=1234"
    );
    assert_eq!(request.header("host"), sandbox.endpoint().strip_prefix("http://"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("accept-encoding"), None);
    assert_eq!(request.header("x-jdcloud-security-token"), None);
    assert_eq!(
        request.header("user-agent"),
        Some(concat!("jdredis/", env!("CARGO_PKG_VERSION")))
    );
    assert!(request.body.is_empty());
}

#[test]
fn a_security_token_is_sent_and_signed() {
    let sandbox = crate::support::sandbox_builder()
        .keys(
            crate::support::ACCESS_KEY,
            crate::support::SECRET_KEY,
            Some(crate::support::TOKEN),
        )
        .start()
        .unwrap();
    let outcome = Jdredis::at(&sandbox)
        .env("JDCLOUD_SECURITY_TOKEN", crate::support::TOKEN)
        .args(["-vv"])
        .url();
    assert_eq!(outcome.code, Some(0), "{outcome:#?} {:#?}", sandbox.refusals());
    assert!(
        outcome.stderr.contains("x-jdcloud-security-token:[secret]"),
        "{outcome:#?}"
    );
}

#[test]
fn the_documented_answer_as_json_is_the_documentation_but_for_the_expiry() {
    let json = documented("json");
    let expiry = ",\n                \"expiresAt\": \"2021-07-14T08:52:41Z\"";
    assert_eq!(json.replacen(expiry, "", 1), format!("{DOCUMENTED_ANSWER}\n"));
    assert!(json.contains(expiry));
}

#[test]
fn the_documented_answer_as_a_table() {
    let link = DOCUMENTED_LINK;
    assert_eq!(
        documented("table"),
        format!(
            "NAME    FILE NAME                 EXPIRES               LINK\n\
             node 0  20210714153657-backup1-0  2021-07-14T08:52:41Z  {link}\n"
        )
    );
}

#[test]
fn the_documented_answer_as_plain_urls() {
    assert_eq!(documented("plain"), format!("{DOCUMENTED_LINK}\n"));
}

#[test]
fn shards_come_in_the_services_order() {
    let sandbox = sandbox();
    let json = Jdredis::at(&sandbox).args(CLUSTER).args(["-o", "json"]).run();
    let answer: Value = serde_json::from_str(json.data()).unwrap();
    let names: Vec<_> = answer["result"]["downloadUrls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|url| &url["name"])
        .collect();
    assert_eq!(names, ["node 0", "node 1", "node 2", "node 3"]);

    let plain = Jdredis::at(&sandbox).args(CLUSTER).args(["-o", "plain"]).run();
    let files: Vec<_> = plain
        .data()
        .lines()
        .map(|url| url.split('?').next().unwrap().rsplit('-').next())
        .collect();
    assert_eq!(files, [Some("0"), Some("1"), Some("2"), Some("3")]);
}

#[test]
fn internal_links_are_printed_on_request_and_never_replaced_by_public_ones() {
    let sandbox = sandbox();
    let plain = Jdredis::at(&sandbox)
        .args(URL)
        .args(["--internal", "-o", "plain"])
        .run();
    assert!(
        plain.data().starts_with("http://jmiss-redis-backup-hb.s3-internal."),
        "{plain:#?}"
    );

    let missing = Jdredis::at(&sandbox)
        .args(URL[..6].iter().copied())
        .args(["--base-id", "no-internal", "--internal"])
        .run();
    missing.fails_saying(3, &["no internal link for \"node 0\"", "hint: leave --internal out"]);
}

#[test]
fn a_field_that_is_not_asked_for_may_be_anything() {
    let sandbox = sandbox();
    let entry = r#"{"link":"https://h/a","internalLink":"","name":7}"#;
    sandbox.always(Reply::json(
        200,
        format!(r#"{{"result":{{"downloadUrls":[{entry}]}}}}"#),
    ));
    assert_eq!(
        Jdredis::at(&sandbox).args(["-o", "plain"]).url().data(),
        "https://h/a\n"
    );
    let internal = Jdredis::at(&sandbox).args(URL).args(["--internal"]).run();
    internal.fails_saying(3, &["no internal link for entry 0"]);
    sandbox.always(Reply::json(
        200,
        r#"{"result":{"downloadUrls":[{"internalLink":"https://h/i"}]}}"#,
    ));
    let internal = Jdredis::at(&sandbox)
        .args(URL)
        .args(["-o", "plain", "--internal"])
        .run();
    assert_eq!(internal.data(), "https://h/i\n");
}

#[test]
fn a_backup_without_links_is_not_found() {
    let sandbox = sandbox();
    let outcome = Jdredis::at(&sandbox)
        .args(URL[..6].iter().copied())
        .args(["--base-id", "empty"])
        .run();
    outcome.fails_saying(
        3,
        &[
            "cannot get the links of backup empty",
            "request ID: ",
            "hint: the backup may still be running",
        ],
    );

    sandbox.always(Reply::json(200, r#"{"requestId":"r","result":{"downloadUrls":null}}"#));
    Jdredis::at(&sandbox).url().failure(3);
}

#[test]
fn json_keeps_fields_numbers_and_order_that_the_program_does_not_know() {
    let sandbox = sandbox();
    let body = r#"{"z":1,"requestId":"r","result":{"b":1.10,"a":12345678901234567890123,"downloadUrls":[{"zz":[],"link":"https://h/x","name":null}]}}"#;
    sandbox.always(Reply::json(200, body));
    let json = Jdredis::at(&sandbox).args(["-o", "json"]).url();
    let compact: String = json.data().split_whitespace().collect();
    assert_eq!(compact, body);
    let table = Jdredis::at(&sandbox).url();
    assert_eq!(
        table.data(),
        "NAME  FILE NAME  EXPIRES  LINK\n-     x          -        https://h/x\n"
    );
}

#[test]
fn text_of_the_service_never_reaches_the_terminal_raw() {
    let sandbox = sandbox();
    let name = "\\u001b[2Jnode\\u009b0\\u202e\\nX";
    let body =
        format!(r#"{{"requestId":"r","result":{{"downloadUrls":[{{"link":"https://h/a%1B%5Bb","name":"{name}"}}]}}}}"#);
    sandbox.always(Reply::json(200, body));
    let table = Jdredis::at(&sandbox).url();
    let row = table.data().lines().nth(1).unwrap();
    assert_eq!(
        row,
        "\\u{1b}[2Jnode\\u{9b}0\\u{202e}\\u{a}X  a\\u{1b}[b  -        https://h/a%1B%5Bb"
    );
    let json = Jdredis::at(&sandbox).args(["-o", "json"]).url();
    assert!(json.data().contains(name), "{json:#?}");
}

#[test]
fn names_of_any_length_leave_the_link_whole() {
    let sandbox = sandbox();
    let name = "长".repeat(40_000);
    let link = format!("https://h/{}", "x".repeat(70_000));
    sandbox.always(Reply::json(
        200,
        format!(r#"{{"result":{{"downloadUrls":[{{"link":"{link}","name":"{name}"}}]}}}}"#),
    ));
    let table = Jdredis::at(&sandbox).url();
    let row = table.data().lines().nth(1).unwrap();
    assert!(
        row.starts_with(&name) && row.ends_with(&link),
        "{} characters",
        row.len()
    );
    assert_eq!(table.data().lines().count(), 2);
}

#[test]
fn a_text_that_is_no_link_is_refused_without_being_shown() {
    for (link, problem) in [
        (
            "https://h/a\\nb?X-Amz-Signature=1",
            "holds a character that no URL may hold",
        ),
        ("javascript:X-Amz-Signature", "is neither an http nor an https URL"),
    ] {
        let sandbox = sandbox();
        sandbox.always(Reply::json(
            200,
            format!(r#"{{"result":{{"downloadUrls":[{{"link":"{link}"}}]}}}}"#),
        ));
        for format in ["table", "json", "plain"] {
            let outcome = Jdredis::at(&sandbox).args(["-o", format]).url();
            outcome.fails_saying(6, &["downloadUrls[0].link", problem]);
        }
    }
}

#[test]
fn expired_links_are_printed_with_a_warning() {
    let sandbox = sandbox();
    sandbox.always(Reply::json(200, DOCUMENTED_ANSWER));
    let outcome = Jdredis::at(&sandbox).args(["-o", "plain"]).url();
    assert_eq!((outcome.code, outcome.stdout.trim_end()), (Some(0), DOCUMENTED_LINK));
    assert!(
        outcome
            .stderr
            .starts_with("warning: by this machine's clock the links expired at 2021-07-14T08:52:41Z")
    );
}

#[test]
fn links_are_printed_with_https_on_request() {
    let sandbox = sandbox();
    sandbox.always(Reply::json(200, DOCUMENTED_ANSWER));
    let run = |args: &[&str]| {
        Jdredis::at(&sandbox)
            .args(URL)
            .args(args.iter().copied())
            .run()
            .data_with(0)
            .to_owned()
    };
    let links = |args| {
        run(args)
            .lines()
            .map(|link| link.split("://").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(links(&["-o", "plain"]), ["http"]);
    assert_eq!(links(&["-o", "plain", "--https"]), ["https"]);
    assert_eq!(links(&["-o", "plain", "--https", "--internal"]), ["https"]);
    assert_eq!(
        run(&["-o", "plain", "--https"]).replace("https://", "http://"),
        run(&["-o", "plain"])
    );
    let json: serde_json::Value = serde_json::from_str(&run(&["-o", "json", "--https"])).unwrap();
    let url = &json["result"]["downloadUrls"][0];
    assert!(url["link"].as_str().unwrap().starts_with("https://"), "{json}");
    assert!(url["internalLink"].as_str().unwrap().starts_with("http://"), "{json}");
    assert!(run(&["--https"]).contains("https://"));
}
