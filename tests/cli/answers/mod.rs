//! Answers that are a little unlike the documentation: each difference costs its own field or entry, and
//! nothing is wrong in silence.

mod lists;

use jdredis_sandbox::Reply;
use serde_json::{Value, json};

use crate::support::{Jdredis, TOKEN, URL, sandbox, sandbox_builder};

const LATEST: [&str; 7] = [
    "backup",
    "url",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
    "--latest",
];
const BACKUPS: [&str; 6] = ["backup", "list", "--region", "cn-north-1", "--instance", "redis-1234"];
const INSTANCES: [&str; 4] = ["instance", "list", "--region", "cn-north-1"];
const CREATE: [&str; 6] = ["backup", "create", "--region", "cn-north-1", "--instance", "redis-1234"];

const POLICY: [&str; 7] = [
    "backup",
    "policy",
    "show",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
];
const POLICY_OFF: [&str; 8] = [
    "backup",
    "policy",
    "set",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
    "--off",
];

/// A whole answer with links, one for each address.
fn links(addresses: &[&str]) -> Reply {
    let links: Vec<Value> = (0..)
        .zip(addresses)
        .map(|(n, link)| json!({"name": format!("node {n}"), "link": link}))
        .collect();
    Reply::json(
        200,
        json!({"requestId": "r", "result": {"downloadUrls": links}}).to_string(),
    )
}

#[test]
fn a_nodes_name_of_another_type_is_read_or_costs_its_cell() {
    let body = json!({"requestId": "r", "result": {"downloadUrls": [
        {"name": 7, "link": "https://h/x-0"},
        {"name": {"no": 0}, "link": "https://h/x-1"},
        {"name": [], "link": "https://h/x-2"},
        {"name": null, "link": "https://h/x-3"},
    ]}});
    let sandbox = sandbox();
    sandbox.always(Reply::json(200, body.to_string()));
    let outcome = Jdredis::at(&sandbox).url();
    let table = outcome
        .data_saying(&["warning: name of downloadUrls[1] cannot be read; tables show '-' in its place; and 1 more"]);
    assert_eq!(outcome.stderr.matches("cannot be read").count(), 1, "{outcome:#?}");
    for row in ["7     x-0", "-     x-1", "-     x-2", "-     x-3"] {
        assert!(table.contains(row), "{outcome:#?}");
    }
    let json = Jdredis::at(&sandbox).args(["-o", "json"]).url();
    let data: Value = serde_json::from_str(json.data_saying(&["cannot be read"])).unwrap();
    assert_eq!(data["result"]["downloadUrls"][1]["name"], json!({"no": 0}));
}

#[test]
fn two_nodes_with_one_object_are_a_missing_file() {
    let shared = [
        "http://h/i/a-0?sig=1",
        "http://h/i/a-1?sig=2",
        "http://H:80/i/a-0?sig=3",
    ];
    let warning = "warning: \"node 0\" (link 1) and \"node 2\" (link 3) have links to the same object (a-0), so the \
                   file of one of them is missing\n";
    for format in ["plain", "json", "table"] {
        let sandbox = sandbox();
        sandbox.always(links(&shared));
        let url = Jdredis::at(&sandbox).args(["-o", format]).url();
        assert_eq!(url.code, Some(0), "{url:#?}");
        assert_eq!(url.stderr, warning);
        let different = &shared[..2];
        sandbox.always(links(different));
        Jdredis::at(&sandbox).args(["-o", format]).url().data();
    }
}

#[test]
fn a_download_of_two_nodes_with_one_object_is_not_complete() {
    const BASE_ID: &str = "a607efba-ff06-4d78-ba3c-b3119fce27fd";
    let sandbox = sandbox();
    let link = |node| sandbox.link("redis-cluster1", BASE_ID, node);
    sandbox.script_for("describeDownloadUrl", vec![links(&[&link(0), &link(1), &link(0)]); 2]);
    let folder = tempfile::tempdir().unwrap();
    for quiet in [&[][..], &["-q"]] {
        let outcome = Jdredis::at(&sandbox)
            .args([
                "backup",
                "download",
                "--region",
                "cn-north-1",
                "--instance",
                "redis-cluster1",
                "--http",
            ])
            .args([
                "--base-id",
                BASE_ID,
                "--dir",
                folder.path().to_str().unwrap(),
                "-o",
                "plain",
            ])
            .args(quiet.iter().copied())
            .run();
        // The files that the links lead to are here all the same.
        assert_eq!(outcome.code, Some(7), "{outcome:#?}");
        outcome.says(&[
            "the backup is not complete",
            "\"node 0\" (link 1) and \"node 2\" (link 3) have links to the same object",
            BASE_ID,
        ]);
    }
    assert_eq!(
        std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|entry| { !entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.') })
            .count(),
        3
    );
}

#[test]
fn a_failed_precondition_points_to_the_instances_status() {
    for code in [400, 409, 412] {
        let sandbox = sandbox();
        sandbox.always(Reply::error(code, "FAILED_PRECONDITION", "not now"));
        for args in [&URL[..], &CREATE] {
            let outcome = Jdredis::at(&sandbox).args(args.iter().copied()).run();
            let cause = format!("{code} FAILED_PRECONDITION: not now");
            outcome.fails_saying(6, &[&cause, "present state", "'jdredis instance list'"]);
            assert!(!outcome.stderr.contains("--region"), "{outcome:#?}");
        }
    }
}

#[test]
fn an_empty_error_beside_a_whole_result_is_none() {
    for error in [
        "{}",
        "null",
        "\"\"",
        "\" \"",
        "false",
        "0",
        r#"{"code":0,"status":"","message":"","details":null}"#,
        r#"{"code":"200"}"#,
    ] {
        let sandbox = sandbox();
        let body =
            format!(r#"{{"requestId":"r","error":{error},"result":{{"downloadUrls":[{{"link":"https://h/x"}}]}}}}"#);
        sandbox.always(Reply::json(200, body));
        let outcome = Jdredis::at(&sandbox).args(["-o", "plain"]).url();
        assert_eq!(outcome.data(), "https://h/x\n");
    }
    // Without a result, or with an error's status, the cause says more than a number.
    for (status, body, code, cause) in [
        (
            200,
            r#"{"error":{}}"#,
            6,
            "HTTP 200 with an error that has neither code nor status nor message",
        ),
        (
            200,
            r#"{"error":{},"result":null}"#,
            6,
            "HTTP 200 with an error that has neither",
        ),
        (
            404,
            r#"{"error":{},"result":{"downloadUrls":[]}}"#,
            3,
            "404, without a reason",
        ),
        (
            400,
            r#"{"code":400,"message":"in another place"}"#,
            6,
            "400: in another place",
        ),
    ] {
        let sandbox = sandbox();
        sandbox.always(Reply::json(status, body));
        Jdredis::at(&sandbox).url().fails_saying(code, &[cause]);
    }
}

#[test]
fn an_error_in_the_place_of_the_result_has_its_message_shown() {
    let result = |result: &str| Reply::json(200, format!(r#"{{"requestId":"the-id","result":{result}}}"#));
    for (reply, code, texts) in [
        (
            result(r#"{"code":404,"message":"no such instance"}"#),
            3,
            &["404: no such instance", "request ID: the-id"][..],
        ),
        (
            result(r#"{"code":"400","status":"FAILED_PRECONDITION","message":"being changed"}"#),
            6,
            &["400 FAILED_PRECONDITION: being changed"],
        ),
        (
            result(r#"{"code":10086,"message":"see https://h/x?sig=secret for more"}"#),
            6,
            &["see https://h/x?[query] for more"],
        ),
    ] {
        for args in [&URL[..], &BACKUPS, &INSTANCES, &CREATE] {
            let sandbox = sandbox();
            sandbox.always(reply.clone());
            let outcome = Jdredis::at(&sandbox).args(args.iter().copied()).run();
            outcome.fails_saying(code, texts);
            assert!(!outcome.stderr.contains("secret"), "{outcome:#?}");
        }
    }
    for result in [
        r#"{"code":404,"message":"no such instance","backups":null,"totalCount":0,"success":false}"#,
        r#"{"code":404,"message":"no such instance","backups":[],"downloadUrls":[]}"#,
    ] {
        for args in [&URL[..], &BACKUPS, &INSTANCES, &CREATE, &POLICY, &POLICY_OFF] {
            let sandbox = sandbox();
            sandbox.always(Reply::json(
                200,
                format!(r#"{{"requestId":"the-id","result":{result}}}"#),
            ));
            let outcome = Jdredis::at(&sandbox).args(args.iter().copied()).run();
            outcome.fails_saying(3, &["404: no such instance", "the region cn-north-1 is from --region"]);
        }
    }
    let sandbox = sandbox();
    sandbox.always(Reply::json(200, r#"{"result":{"code":10086,"message":"who knows"}}"#));
    let create = Jdredis::at(&sandbox).args(CREATE).run();
    create.fails_saying(6, &["who knows", "it is not certain that nothing was done"]);
    // Data that have such fields beside them are data.
    sandbox.always(result(
        r#"{"code":0,"message":"success","downloadUrls":[{"link":"https://h/x"}]}"#,
    ));
    assert_eq!(
        Jdredis::at(&sandbox).args(["-o", "plain"]).url().data(),
        "https://h/x\n"
    );
}

#[test]
fn a_403_mentions_the_token_in_use_unless_it_is_about_permission() {
    let hint = "temporary keys are in use";
    for (message, has_token, mentions) in [
        ("forbidden [gw]", true, true),
        ("token expired", true, true),
        ("the security token is invalid [IAM] [gw]", true, true),
        ("forbidden [gw]", false, false),
        (
            "You are not authorized to perform (x) on resource (*) [IAM] [gw]",
            true,
            false,
        ),
    ] {
        let sandbox = sandbox_builder().start().unwrap();
        sandbox.always(Reply::error(403, "HTTP_FORBIDDEN", message));
        let mut run = Jdredis::at(&sandbox);
        if has_token {
            run = run.env("JDCLOUD_SECURITY_TOKEN", TOKEN);
        }
        let outcome = run.url();
        outcome.fails_saying(4, &[message]);
        assert_eq!(outcome.stderr.contains(hint), mentions, "{outcome:#?}");
    }
}

#[test]
fn a_part_that_is_no_json_fails_only_where_it_would_be_printed() {
    let body = r#"{"more":"\ud800","result":{"downloadUrls":[{"link":"https://h/x"}],"baseId":"new"}}"#;
    let sandbox = sandbox();
    sandbox.always(Reply::json(200, body));
    assert_eq!(
        Jdredis::at(&sandbox).args(["-o", "plain"]).url().data(),
        "https://h/x\n"
    );
    let json = Jdredis::at(&sandbox).args(["-o", "json"]).url();
    assert_eq!(json.error_object(6)["kind"], "service");
    // The backup was started all the same, and the error names it.
    let create = Jdredis::at(&sandbox).args(CREATE).args(["-o", "json"]).run();
    let error = create.error_object(6);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("cannot print the ID of backup new, which was started"),
        "{message}"
    );
}
