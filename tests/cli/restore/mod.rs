//! `backup restore`: what is sent, that it is sent once, and what is said where its outcome is not clear.

mod refused;
mod safety_backup;
#[cfg(unix)]
mod terminal;
mod wait;

use std::time::Duration;

use jdredis_sandbox::{BackupOutcome, Certificate, Proxy, ProxyMode, Reply, Sandbox};
use serde_json::{Value, json};

use crate::support::{Jdredis, Outcome, for_each, page, sandbox};
use crate::tls::Secure;

const RESTORE: [&str; 6] = [
    "backup",
    "restore",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
];
const CONFIRMED: [&str; 2] = ["--confirm", "redis-1234"];
const NOT_CERTAIN: &str = "it is not certain that nothing was done: look with 'jdredis instance list'";
/// A backup that has succeeded when it is first looked at.
const AT_ONCE: BackupOutcome = BackupOutcome::Success { after_polls: 0 };

/// A restore of the documented backup, which is confirmed.
fn restore(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    Jdredis::at(sandbox)
        .args(RESTORE)
        .args(["--base-id", "1234"])
        .args(CONFIRMED)
        .args(more.iter().copied())
        .run()
}

/// The targets below the region and the bodies of all requests that change something.
fn changes(sandbox: &Sandbox) -> Vec<(String, Value)> {
    let requests = sandbox.requests();
    let changes = requests.iter().filter(|request| request.method != "GET");
    changes
        .map(|request| {
            let (_, target) = request.target.split_once("/cacheInstance/").unwrap();
            (target.to_owned(), serde_json::from_slice(&request.body).unwrap())
        })
        .collect()
}

/// The bodies of all requests to restore.
fn restores(sandbox: &Sandbox) -> Vec<Value> {
    let restores = changes(sandbox)
        .into_iter()
        .filter(|(target, _)| target == "redis-1234/restore");
    restores.map(|(_, body)| body).collect()
}

/// The only document on standard output.
fn document(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("no document: {outcome:#?}"))
}

/// An answer of describeCacheInstance.
fn instance(fields: &Value) -> Reply {
    Reply::json(
        200,
        json!({"requestId": "r", "result": {"cacheInstance": fields}}).to_string(),
    )
}

#[test]
fn the_request_is_the_documented_one_and_its_signature_is_accepted() {
    let sandbox = sandbox();
    let outcome = restore(&sandbox, &["--no-backup"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?} {:#?}", sandbox.refusals());
    let requests = sandbox.requests();
    let request = requests.iter().find(|request| request.method == "POST").unwrap();
    assert_eq!(
        request.target,
        "/v1/regions/cn-north-1/cacheInstance/redis-1234/restore"
    );
    assert_eq!(String::from_utf8_lossy(&request.body), r#"{"baseId":"1234"}"#);
    assert_eq!(changes(&sandbox).len(), 1);
    assert_eq!(
        outcome.stdout,
        "INSTANCE    RESTORE   BACKUP  SAFETY BACKUP\nredis-1234  accepted  1234    -\n"
    );
    outcome.says(&["the service has accepted the request; the restore goes on at the service"]);
}

#[test]
fn an_answer_with_nothing_but_its_request_id_is_the_documented_one() {
    let sandbox = sandbox();
    sandbox.script_for("/restore", vec![Reply::json(200, r#"{"requestId":"r"}"#)]);
    let outcome = restore(&sandbox, &["--no-backup", "-o", "json"]);
    assert_eq!(document(&outcome)["state"], "accepted", "{outcome:#?}");
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
}

/// The base ID of the only backup whose name begins with `safety_`.
fn safety_backup(sandbox: &Sandbox) -> String {
    let list = Jdredis::at(sandbox)
        .args(["backup", "list", "--region", "cn-north-1", "--instance", "redis-1234"])
        .args(["-o", "json"])
        .run();
    let list: Value = serde_json::from_str(list.data()).unwrap();
    let is_safety = |backup: &&Value| {
        let name = backup["backupFileName"].as_str().unwrap_or_default();
        name.starts_with("safety_")
    };
    let entries = list["result"]["backups"].as_array().unwrap();
    let found: Vec<&Value> = entries.iter().filter(is_safety).collect();
    let [backup] = found[..] else { panic!("{found:#?}") };
    backup["baseId"].as_str().unwrap().to_owned()
}

#[test]
fn a_dry_run_reads_and_sends_nothing_that_changes_anything() {
    let sandbox = sandbox();
    for confirm in [&[][..], &CONFIRMED] {
        let run = Jdredis::at(&sandbox).args(RESTORE).args(["--latest", "--dry-run"]);
        let outcome = run.args(confirm.iter().copied()).run();
        let table = outcome.data_saying(&["nothing was sent that changes anything"]);
        for words in [
            "redis-1234 (documented) in cn-north-1",
            "redis-1234.redis.cn-north-1.example:6379",
            "1.0 GiB, 1 shard",
            "newest (newest), 293 KiB",
            "2021-07-17T18:00:00Z, ",
            " ago\n",
            "a backup of what is there now is made",
        ] {
            assert!(table.contains(words), "{words}: {table}");
        }
        assert!(!outcome.stderr.contains("safety backup"), "{outcome:#?}");
    }
    let bare = json!({"cacheInstanceId": "redis-1234", "cacheInstanceStatus": "running", "shardNumber": 0});
    sandbox.script_for("cacheInstance/redis-1234", vec![instance(&bare)]);
    let bare = restore(&sandbox, &["--dry-run"]);
    assert!(
        bare.data_saying(&[]).contains("memory    not told by the service\n"),
        "{bare:#?}"
    );
    let dry = restore(&sandbox, &["--dry-run", "--no-backup"]);
    assert!(
        dry.stdout.contains("NO backup is made of what is there now"),
        "{dry:#?}"
    );
    let json = restore(&sandbox, &["--dry-run", "-q", "-o", "json"]);
    let document: Value = serde_json::from_str(json.data()).unwrap();
    assert_eq!(
        (&document["state"], &document["dryRun"], &document["safetyBackup"]),
        (&json!("planned"), &json!(true), &Value::Null)
    );
    assert_eq!(document["backup"]["backupFileName"], "backup1");
    assert_eq!(restore(&sandbox, &["--dry-run", "-q", "-o", "plain"]).data(), "");
    assert!(changes(&sandbox).is_empty());
}

#[test]
fn a_request_that_may_have_been_carried_out_is_sent_once_and_what_was_seen_is_said() {
    let replies = [
        ("500", Reply::error(500, "INTERNAL", "x")),
        (
            "500 with another code",
            Reply::json(500, r#"{"error":{"code":400,"status":"X","message":"x"}}"#),
        ),
        // Sent once, and seen twice: something on the way repeats requests.
        (
            "seen before",
            Reply::error(403, "HTTP_FORBIDDEN", "please use different noncestr [gw]"),
        ),
        ("503", Reply::error(503, "UNAVAILABLE", "x").header("Retry-After", "0")),
        (
            "no code",
            Reply::json(200, r#"{"requestId":"r","error":{"message":"x"}}"#),
        ),
        ("a gateway's page", Reply::new(502).body("<html>")),
        ("a page", Reply::json(200, "<html>")),
        ("a redirect", Reply::new(307).header("Location", "/v1/x")),
        ("closed", Reply::close()),
        ("reset", Reply::reset()),
        ("stalled", Reply::stall()),
    ];
    let restoring = json!({"cacheInstanceId": "redis-1234", "cacheInstanceStatus": "restoring"});
    let run = |sandbox: &Sandbox, name: &str, format: &str| {
        let timeout = if name == "stalled" { "3" } else { "30" };
        restore(sandbox, &["--no-backup", "--timeout", timeout, "-o", format])
    };
    let cases = replies
        .into_iter()
        .flat_map(|(name, reply)| [false, true].map(|begins| (name, reply.clone(), begins)));
    for_each(cases, |(name, reply, begins)| {
        let sandbox = sandbox();
        sandbox.script_for("/restore", vec![reply]);
        if begins {
            let pass = || Reply::then_ok(Duration::ZERO);
            // The instance and the backup are looked at first. Later it may not be restoring at once.
            let mut looks = vec![pass(), pass(), instance(&restoring)];
            if name == "closed" {
                looks.insert(2, pass());
            }
            sandbox.script_for("cacheInstance/redis-1234", looks);
            let outcome = run(&sandbox, name, "table");
            let said = [
                "warning: the request got no clear answer",
                "but the instance is restoring now",
            ];
            let table = outcome.data_saying(&said);
            assert!(table.contains("redis-1234  restoring  1234"), "{table}");
            assert_eq!(restores(&sandbox).len(), 1, "{name}");
            return;
        }
        let outcome = run(&sandbox, name, "json");
        assert_eq!(outcome.code, Some(6), "{name}: {outcome:#?}");
        outcome.says(&[
            "whether instance redis-1234 in cn-north-1 is being restored is not clear",
            "'running'",
        ]);
        outcome.says(&[NOT_CERTAIN]);
        assert!(
            !outcome.stderr.to_lowercase().contains("failed"),
            "{name}: {outcome:#?}"
        );
        // Another region or endpoint is no way out of it.
        assert!(!outcome.stderr.contains(" is from "), "{name}: {outcome:#?}");
        assert_eq!(document(&outcome)["state"], "unclear", "{outcome:#?}");
        assert_eq!(restores(&sandbox).len(), 1, "{name}");
    });
}

#[test]
fn an_unclear_answer_with_a_status_that_cannot_be_read_is_unclear() {
    let sandbox = sandbox();
    let pass = || Reply::then_ok(Duration::ZERO);
    sandbox.script_for("/restore", vec![Reply::close()]);
    let denied = Reply::error(403, "HTTP_FORBIDDEN", "no [IAM] [gw]");
    sandbox.script_for("cacheInstance/redis-1234", vec![pass(), pass(), denied]);
    let outcome = restore(&sandbox, &["--no-backup"]);
    outcome.fails_saying(
        6,
        &[
            "is not clear: the instance's status cannot be read either: 403 HTTP_FORBIDDEN",
            NOT_CERTAIN,
        ],
    );
    assert_eq!(restores(&sandbox).len(), 1);
}

#[test]
fn a_refused_request_is_not_sent_again_and_is_certain() {
    for (code, status, exit) in [
        (400, "INVALID_ARGUMENT", 6),
        (400, "FAILED_PRECONDITION", 6),
        (401, "ACCESS_ERROR", 4),
        (403, "HTTP_FORBIDDEN", 4),
        (404, "NOT_FOUND", 3),
        (409, "ABORTED", 6),
        (429, "RATE_LIMIT", 6),
    ] {
        let sandbox = sandbox();
        sandbox.script_for("/restore", vec![Reply::error(code, status, "no")]);
        let outcome = restore(&sandbox, &["--no-backup", "--wait"]);
        let said = "error: instance redis-1234 in cn-north-1 was left as it is: the restore was not begun: ";
        outcome.fails_saying(exit, &[said, status]);
        assert!(!outcome.stderr.contains("not certain"), "{outcome:#?}");
        assert_eq!(restores(&sandbox).len(), 1, "{status}");
    }
    let sandbox = sandbox();
    sandbox.next_backup(AT_ONCE);
    sandbox.script_for("/restore", vec![Reply::error(409, "ABORTED", "no")]);
    let outcome = restore(&sandbox, &["-o", "json"]);
    let id = safety_backup(&sandbox);
    outcome.says(&[&format!("backup {id} has what was there before")]);
    assert_eq!(
        (outcome.code, &document(&outcome)["state"]),
        (Some(6), &json!("not-restored"))
    );
}

#[test]
fn a_request_that_never_arrived_is_not_sent_again_either() {
    let secure = Secure::new(Certificate::Good);
    let proxy = Proxy::start(ProxyMode::Tunnel).unwrap();
    proxy.script([ProxyMode::Tunnel, ProxyMode::Status(503)]);
    // After the look at the backup, the request needs a new connection, which the proxy refuses once.
    let entry = json!({"baseId": "1234", "backupStatus": 2, "backupShardNum": 1}).to_string();
    let listed = page("r", "backups", [&*entry], Some("1")).header("Connection", "close");
    secure.sandbox.script_for("baseId=1234", vec![listed]);
    let run = secure.trusting().env("https_proxy", &proxy.url());
    let run = run.args(RESTORE).args(["--base-id", "1234", "--no-backup"]);
    let outcome = run.args(CONFIRMED).run();
    outcome.fails_saying(
        5,
        &["was left as it is: the restore was not begun: ", "could not reach"],
    );
    assert!(!outcome.stderr.contains("not certain"), "{outcome:#?}");
    assert_eq!(proxy.connects().len(), 2, "{outcome:#?}");
    assert!(restores(&secure.sandbox).is_empty());
}

#[cfg(unix)]
#[test]
fn a_signal_before_an_answer_says_what_may_have_been_done() {
    for_each([("INT", 130), ("TERM", 143), ("HUP", 129)], |(signal, code)| {
        for (stalled, more, requests, said) in [
            (
                "redis-1234/backup",
                &[][..],
                3,
                "interrupted while a backup of instance redis-1234 in cn-north-1 was asked for, before the answer: \
                 nothing was restored",
            ),
            (
                "redis-1234/restore",
                &["--no-backup"],
                3,
                "interrupted while the restore of instance redis-1234 in cn-north-1 was asked for, before the answer",
            ),
        ] {
            let sandbox = sandbox();
            let pass = Reply::then_ok(Duration::ZERO);
            let replies = match stalled {
                "redis-1234/backup" => vec![pass, Reply::stall()],
                _ => vec![Reply::stall()],
            };
            sandbox.script_for(stalled, replies);
            let running = Jdredis::at(&sandbox)
                .args(RESTORE)
                .args(["--base-id", "1234"])
                .args(CONFIRMED)
                .args(more.iter().copied())
                .start();
            assert!(sandbox.wait_for_requests(requests, Duration::from_secs(20)));
            running.signal(signal);
            let outcome = running.finish();
            outcome.fails_saying(code, &[said, "it is not certain that nothing was done"]);
            assert_eq!(changes(&sandbox).len(), 1, "{outcome:#?}");
        }
    });
}
