//! `doctor`: a sound service is reported as sound on one screen, and each difference as exactly that.

mod service;
mod storage;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use jdredis_sandbox::{Authority, Builder, Certificate, Delivery, Proxy, ProxyMode, Reply, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{ACCESS_KEY, Jdredis, Outcome, SECRET_KEY, TOKEN, sandbox, sandbox_builder};

/// The checks that are skipped where all is well: nothing can tell, or there is nothing to tell.
const ALWAYS_SKIPPED: [&str; 4] = ["expiredLink", "token", "vpcEndpoint", "writes"];
const BACKUP: (&str, &str) = ("redis-1234", "newest");

/// A sandbox whose storage speaks https and http on one port, and the authority that vouches for it.
struct Cloud {
    sandbox: Sandbox,
    folder: TempDir,
}

impl Cloud {
    fn sound() -> Self {
        Self::with(|builder| builder.also_http())
    }

    fn with(change: impl FnOnce(Builder) -> Builder) -> Self {
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        authority.write_pem(folder.path().join("ca.pem")).unwrap();
        let builder = sandbox_builder()
            .tls(authority.issue(Certificate::Good))
            .links_say_http(true);
        Self {
            sandbox: change(builder).start().unwrap(),
            folder,
        }
    }

    fn run(&self) -> Jdredis<'_> {
        let ca = self.folder.path().join("ca.pem");
        Jdredis::at(&self.sandbox)
            .env("SSL_CERT_FILE", ca.to_str().unwrap())
            .args(["doctor", "--region", "cn-east-2"])
    }

    /// A run about the documented instance, whose policy has days.
    fn doctor(&self, more: &[&str]) -> Outcome {
        self.run()
            .args(["--instance", BACKUP.0])
            .args(more.iter().copied())
            .run()
    }
}

/// The state of each check of a report in JSON.
fn states(outcome: &Outcome) -> BTreeMap<String, String> {
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:#?}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let checks = document["checks"].as_array().unwrap();
    checks
        .iter()
        .map(|check| (text(&check["id"]), text(&check["state"])))
        .collect()
}

/// The checks that are not as they should be, each with its state.
fn findings(outcome: &Outcome) -> Vec<(String, String)> {
    let states = states(outcome).into_iter();
    states
        .filter(|(_, state)| ["differs", "failed"].contains(&state.as_str()))
        .collect()
}

/// The text that a report in JSON has of a check.
fn seen(outcome: &Outcome, id: &str) -> String {
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let checks = document["checks"].as_array().unwrap().clone();
    let check = checks.into_iter().find(|check| check["id"] == id).unwrap();
    check["seen"].as_str().unwrap().to_owned()
}

fn pair(id: &str, state: &str) -> Vec<(String, String)> {
    vec![(id.to_owned(), state.to_owned())]
}

#[test]
fn a_sound_service_is_reported_on_one_screen_with_exit_code_0() {
    let cloud = Cloud::sound();
    let table = cloud.doctor(&[]);
    let lines: Vec<&str> = table.data().lines().collect();
    assert!(lines.len() <= 40, "{}:\n{}", lines.len(), table.stdout);
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{}", table.stdout);
    let json = cloud.doctor(&["-o", "json"]);
    json.data();
    let skipped: Vec<String> = states(&json)
        .into_iter()
        .filter(|(_, state)| state != "ok")
        .map(|(id, _)| id)
        .collect();
    assert_eq!(skipped, ALWAYS_SKIPPED, "{}", json.stdout);
    for (id, said) in [
        ("connection", "ms, TCP "),
        ("permissions", "6 of 6 reads granted"),
        ("pages", "10 of 100, as asked"),
        ("backup", "newest, the newest that succeeded"),
        ("rdb", "with end and checksum"),
        ("writes", "not without doing it"),
    ] {
        let seen = seen(&json, id);
        assert!(
            seen.ends_with(said) || id == "connection" && seen.contains(said),
            "{seen}"
        );
    }
    let plain = cloud.doctor(&["-o", "plain"]);
    assert_eq!(plain.data().lines().count(), states(&json).len());
    assert!(plain.data().starts_with("ok settings\nok keys\n"), "{}", plain.stdout);
}

#[test]
fn only_reads_are_made_at_most_sixteen_calls_and_a_few_kilobytes() {
    let cloud = Cloud::sound();
    let outcome = cloud.run().args(["-o", "json"]).run();
    let document: Value = serde_json::from_str(outcome.data()).unwrap();
    let requests = cloud.sandbox.requests();
    assert!(requests.iter().all(|request| request.method == "GET"));
    let (storage, service): (Vec<_>, Vec<_>) = requests.iter().partition(|request| request.is_for_storage());
    assert!(service.len() <= 16, "{}", service.len());
    assert_eq!(document["calls"], service.len());
    assert_eq!(document["summary"]["failed"], 0);
    assert!(storage.len() < 16 && !storage.is_empty());
    assert!(storage.iter().all(|request| request.header("range").is_some()));
    assert!(cloud.sandbox.refusals().is_empty(), "{:#?}", cloud.sandbox.refusals());
    assert!(seen(&outcome, "instance").contains("redis-odd, the first running one that has a backup"));
}

#[test]
fn nothing_secret_is_in_a_report_in_any_format() {
    let cloud = Cloud::with(|builder| builder.also_http().keys(ACCESS_KEY, SECRET_KEY, Some(TOKEN)));
    for format in ["table", "json", "plain"] {
        let run = cloud
            .run()
            .env("JDCLOUD_SECURITY_TOKEN", TOKEN)
            .args(["-o", format, "-vv"]);
        let outcome = run.run();
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        for secret in ["X-Amz", "Signature=", ACCESS_KEY] {
            assert!(!outcome.stdout.contains(secret), "{secret}: {}", outcome.stdout);
        }
    }
}

#[test]
fn the_first_failure_decides_the_exit_code_and_the_rest_is_skipped() {
    let sandbox = sandbox();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let untrusted = Cloud::sound();
    let doctor = ["doctor", "--region", "cn-east-2", "-o", "json"];
    let cases = [
        (Jdredis::bare(), "keys", 4, "no keys to sign with were found"),
        (
            Jdredis::at(&sandbox).env("JDCLOUD_SECRET_KEY", "another"),
            "signature",
            4,
            "the service refuses the keys",
        ),
        (
            Jdredis::at(&sandbox).args(["--endpoint", &format!("http://{nobody}")]),
            "connection",
            5,
            "cannot be reached",
        ),
        (
            Jdredis::at(&sandbox).args(["--endpoint", "https://no-such-host.invalid"]),
            "connection",
            5,
            "cannot be resolved",
        ),
        (Jdredis::at(&untrusted.sandbox), "connection", 5, "trusts"),
        (
            Jdredis::at(&sandbox).env("http_proxy", &format!("http://{nobody}")),
            "connection",
            5,
            "the proxy",
        ),
        (
            Jdredis::at(&sandbox).env("http_proxy", "socks5://127.0.0.1:1"),
            "proxy",
            2,
            "http_proxy",
        ),
        (
            Jdredis::at(&sandbox).env("SSL_CERT_FILE", "/nowhere"),
            "certificates",
            5,
            "SSL_CERT_FILE=/nowhere: No such file or directory",
        ),
    ];
    for (run, id, code, said) in cases {
        let outcome = run.args(doctor).run();
        assert_eq!(outcome.code, Some(code), "{id}: {outcome:#?}");
        let first = findings(&outcome).into_iter().find(|(found, _)| found == id);
        assert_eq!(
            first.map(|(_, state)| state).as_deref(),
            Some("failed"),
            "{}",
            outcome.stdout
        );
        assert!(seen(&outcome, id).contains(said), "{id}: {}", seen(&outcome, id));
        let states = states(&outcome);
        assert!(id == "certificates" || states["rdb"] == "skipped", "{}", outcome.stdout);
    }
}

#[test]
fn the_surroundings_say_where_settings_come_from_and_what_looks_wrong() {
    let cloud = Cloud::sound();
    let profile = format!(
        "[default]\naccess_key = {ACCESS_KEY}\nsecret_key = {}\nregion_id = cn-east-2\n",
        SECRET_KEY.replace('%', "%%")
    );
    let ca = cloud.folder.path().join("ca.pem");
    let outcome = Jdredis::at(&cloud.sandbox)
        .without_env("JDCLOUD_ACCESS_KEY")
        .without_env("JDCLOUD_SECRET_KEY")
        .file(".jdc/config", profile)
        .env("SSL_CERT_FILE", ca.to_str().unwrap())
        .env("JDC_ACCESS_KEY", "x")
        .args(["doctor", "-o", "json"])
        .run();
    outcome.data();
    let settings = seen(&outcome, "settings");
    assert!(
        settings.contains("cn-east-2 (region_id in profile [default]"),
        "{settings}"
    );
    assert!(settings.contains("(JDREDIS_ENDPOINT)"), "{settings}");
    assert_eq!(
        seen(&outcome, "certificates"),
        format!("SSL_CERT_FILE={}", ca.display())
    );
    let keys = seen(&outcome, "keys");
    assert!(
        keys.starts_with("CANA…, 15 characters (access_key in profile"),
        "{keys}"
    );
    assert!(keys.contains("has quotes") && keys.contains("has a '#'"), "{keys}");
    assert!(keys.contains("and yet they are accepted"), "{keys}");
    assert!(keys.contains("JDC_ACCESS_KEY set too, and not read"), "{keys}");
    // The same facts beside a signature that is refused are a difference.
    let outcome = cloud
        .run()
        .env("JDCLOUD_SECRET_KEY", "in \"quotes\"")
        .args(["-o", "json"])
        .run();
    let found: Vec<String> = findings(&outcome).into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, ["keys", "signature"]);
    assert!(
        seen(&outcome, "keys").contains("has quotes, has an inner space"),
        "{}",
        seen(&outcome, "keys")
    );
    assert_eq!(outcome.code, Some(4));
}

#[test]
fn the_endpoint_of_another_product_in_a_profile_is_named_and_left_out() {
    let cloud = Cloud::sound();
    let proxy = Proxy::start(ProxyMode::TunnelTo(cloud.sandbox.address())).unwrap();
    let outcome = cloud
        .run()
        .without_env("JDREDIS_ENDPOINT")
        .file(".jdc/config", "[default]\nendpoint = rds.jdcloud-api.com\n")
        .env("https_proxy", &proxy.url())
        .env("no_proxy", "127.0.0.1")
        .args(["--instance", BACKUP.0, "-o", "json"])
        .run();
    assert_eq!(findings(&outcome), [], "{}", outcome.stdout);
    let settings = seen(&outcome, "settings");
    assert!(
        settings.contains("https://redis.jdcloud-api.com (the default)"),
        "{settings}"
    );
    assert!(
        settings.contains("is rds.jdcloud-api.com, which is another product's and is left out"),
        "{settings}"
    );
    let connection = seen(&outcome, "connection");
    assert!(
        connection.contains("CONNECT ") && connection.contains("TLS "),
        "{connection}"
    );
    assert_eq!(seen(&outcome, "proxy"), format!("{} (https_proxy)", proxy.address()));
}

#[test]
fn each_check_has_the_time_of_timeout() {
    let cloud = Cloud::sound();
    cloud.sandbox.script_for("backupPolicy", vec![Reply::stall()]);
    cloud.sandbox.deliver("", vec![Delivery::reply(Reply::stall())]);
    let outcome = cloud.doctor(&["-o", "json", "--timeout", "3"]);
    assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
    let found: Vec<String> = findings(&outcome).into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, ["https", "policy"], "{}", outcome.stdout);
    assert!(!seen(&outcome, "https").contains("port"), "{}", outcome.stdout);
    let permissions = seen(&outcome, "permissions");
    let said = "5 of 6 reads granted; not known: describeBackupPolicy (";
    assert!(
        permissions.starts_with(said) && !permissions.contains("not tried"),
        "{permissions}"
    );
    assert_eq!(outcome.code, Some(5));
    assert_eq!(states(&outcome)["rdb"], "ok");
}
