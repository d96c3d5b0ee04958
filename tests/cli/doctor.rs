//! `doctor`: a sound service is reported as sound on one screen, and each difference as exactly that.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use jdredis_sandbox::{
    Alteration, Authority, Builder, Certificate, Delivery, Difference, Format, Proxy, ProxyMode, Reply, Sandbox,
    StorageError,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{ACCESS_KEY, Jdredis, Outcome, SECRET_KEY, TOKEN, for_each, sandbox, sandbox_builder};

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
fn each_way_in_which_the_service_differs_is_reported_as_exactly_that() {
    let cases = [
        (Difference::ColonInPath, "path", "%3A"),
        (
            Difference::FewerRegions,
            "regions",
            "known here and not offered: cn-east-1",
        ),
        (Difference::MoreRegions, "regions", "not known here: cn-west-9"),
        (Difference::NoTotal, "counts", "backups: totalCount 0, entries 10"),
        (Difference::NumbersAsText, "forms", "backups[].backupSize is text"),
        (
            Difference::TimesWithoutOffset,
            "forms",
            "backupStartTime is written 9999-99-99 99:99:99",
        ),
        (
            Difference::ShortPages,
            "pages",
            "5 entries came where 10 were asked for",
        ),
        (Difference::TimesRefused, "timeFilter", "are refused"),
        (
            Difference::TimesIgnored,
            "timeFilter",
            "backups of other times are listed as well",
        ),
        (
            Difference::WholeNames,
            "nameFilter",
            "a part of a name does not find its instance",
        ),
        (Difference::WeekdaysOfChina, "policy", "the days count in +0800"),
        (
            Difference::FewerLinks,
            "links",
            "0 entries, 0 usable links, 0 objects, for 1 shards",
        ),
    ];
    for_each(cases, |(difference, id, said)| {
        let cloud = Cloud::with(|builder| builder.also_http().differing(difference));
        let outcome = cloud.doctor(&["-o", "json"]);
        assert_eq!(outcome.code, Some(6), "{difference:?}: {outcome:#?}");
        assert_eq!(
            findings(&outcome),
            pair(id, "differs"),
            "{difference:?}: {}",
            outcome.stdout
        );
        assert!(
            seen(&outcome, id).contains(said),
            "{difference:?}: {}",
            seen(&outcome, id)
        );
        assert!(
            outcome.stderr.contains("1 thing is not as this program believes"),
            "{outcome:#?}"
        );
    });
}

#[test]
fn times_without_an_offset_that_are_not_chinas_are_a_second_difference() {
    let cloud = Cloud::with(|builder| builder.also_http().differing(Difference::TimesInUtcWithoutOffset));
    let outcome = cloud.doctor(&["-o", "json"]);
    let found: Vec<String> = findings(&outcome).into_iter().map(|(id, _)| id).collect();
    // The filter is asked for a moment that is eight hours off.
    assert_eq!(found, ["forms", "offsets", "timeFilter"], "{}", outcome.stdout);
    assert!(
        seen(&outcome, "offsets").contains("are -8 h from the file's name"),
        "{}",
        seen(&outcome, "offsets")
    );
    let cloud = Cloud::with(|builder| builder.also_http().differing(Difference::TimesWithoutOffset));
    let outcome = cloud.doctor(&["-o", "json"]);
    assert!(
        seen(&outcome, "offsets").contains("+08:00 is meant"),
        "{}",
        seen(&outcome, "offsets")
    );
}

#[test]
fn an_odd_answer_is_a_difference_of_its_own_check() {
    for (target, id) in [
        ("backupPolicy", "policy"),
        ("describeDownloadUrl", "links"),
        ("availableRegion", "regions"),
    ] {
        let cloud = Cloud::sound();
        let odd = Reply::json(200, r#"{"requestId":"r","result":{"code":500,"message":"no"}}"#);
        cloud.sandbox.script_for(target, vec![odd]);
        let outcome = cloud.doctor(&["-o", "json"]);
        let found: Vec<String> = findings(&outcome).into_iter().map(|(id, _)| id).collect();
        assert_eq!(found, [id], "{}", outcome.stdout);
        assert_eq!(outcome.code, Some(6), "{target}");
    }
}

#[test]
fn a_policy_that_contradicts_itself_is_a_difference() {
    const NEXT: &str = "2021-07-18T17:00:00Z~2021-07-18T18:00:00Z";
    for (days, window, next, said) in [
        (
            "",
            "",
            NEXT,
            "automatic backup seems off, and the next one is at 2021-07-18T17:00:00Z",
        ),
        ("Tuesday", "10:00-11:00 +0000", NEXT, "which is within no reading of it"),
        ("Montag", "10:00-11:00 +0000", NEXT, "are not of the documented form"),
        ("Mon,Foo", "10:00-11:00 +0000", "", "are not of the documented form"),
        ("Monday", "10:00-11:00", "", "are not of the documented form"),
    ] {
        let cloud = Cloud::sound();
        let result = json!({"backupPeriod": days, "backupTime": window, "nextBackupTime": next});
        let reply = Reply::json(200, json!({"requestId": "r", "result": result}).to_string());
        cloud.sandbox.script_for("backupPolicy", vec![reply]);
        let outcome = cloud.doctor(&["-o", "json"]);
        assert_eq!(findings(&outcome), pair("policy", "differs"), "{}", outcome.stdout);
        assert!(seen(&outcome, "policy").contains(said), "{}", seen(&outcome, "policy"));
    }
}

#[test]
fn another_instances_policy_is_looked_at_where_the_first_tells_nothing() {
    let cloud = Cloud::sound();
    let outcome = cloud.run().args(["-o", "json"]).run();
    outcome.data();
    // redis-odd is off, redis-cluster1 is daily, and redis-1234 has days.
    assert!(seen(&outcome, "instance").starts_with("redis-odd"));
    assert!(
        seen(&outcome, "policy").starts_with("redis-1234: on, Wed,Sun"),
        "{}",
        seen(&outcome, "policy")
    );
    let asked = cloud.sandbox.requests();
    let asked = asked
        .iter()
        .filter(|request| request.target.contains("backupPolicy"))
        .count();
    assert_eq!(asked, 3);
}

#[test]
fn internal_links_are_tried_only_when_asked_for() {
    let cloud = Cloud::sound();
    let outcome = cloud.doctor(&["--base-id", "no-internal", "--internal", "-o", "json"]);
    outcome.data();
    assert!(seen(&outcome, "internalLink").starts_with("none"));
    assert_eq!(seen(&outcome, "links"), "there is no internal link to try");
    // The sandbox's internal links lead to a host that nobody here knows.
    let outcome = cloud.doctor(&["--internal", "-o", "json", "--timeout", "2"]);
    let found: Vec<String> = findings(&outcome).into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, ["http", "https"], "{}", outcome.stdout);
}

#[test]
fn a_link_is_not_sent_in_the_clear_unless_that_is_allowed() {
    for (flags, is_sent) in [(&[][..], false), (&["--http"], true)] {
        let cloud = Cloud::with(|builder| builder.also_http().link_host("redis.jdcloud-api.com"));
        let proxy = Proxy::start(ProxyMode::TunnelTo(cloud.sandbox.address())).unwrap();
        let outcome = cloud
            .run()
            .env("https_proxy", &proxy.url())
            .env("http_proxy", &proxy.url())
            .env("no_proxy", "127.0.0.1")
            .args(["--instance", BACKUP.0, "-o", "json"])
            .args(flags.iter().copied())
            .run();
        let in_clear: Vec<String> = proxy.connects().into_iter().map(|request| request.target).collect();
        let with_secret = in_clear
            .iter()
            .filter(|target| target.contains("X-Amz-Signature"))
            .count();
        assert_eq!(with_secret > 0, is_sent, "{flags:?}: {in_clear:#?}");
        assert!(
            in_clear.iter().any(|target| target.starts_with("http://")),
            "{in_clear:#?}"
        );
        assert_eq!(states(&outcome)["http"], "ok", "{}", outcome.stdout);
        assert_eq!(states(&outcome)["https"], "ok", "{}", outcome.stdout);
    }
}

#[test]
fn the_form_of_a_token_that_works_is_found_and_used_for_the_rest() {
    for (difference, expected, said) in [
        (None, vec![], "accepted in base64"),
        (
            Some(Difference::RawToken),
            pair("token", "differs"),
            "refused in base64, accepted raw",
        ),
    ] {
        let cloud = Cloud::with(|builder| {
            let builder = builder.also_http().keys(ACCESS_KEY, SECRET_KEY, Some(TOKEN));
            difference.map_or(builder.clone(), |difference| builder.differing(difference))
        });
        let run = cloud.run().env("JDCLOUD_SECURITY_TOKEN", TOKEN);
        let outcome = run.args(["--instance", BACKUP.0, "-o", "json"]).run();
        assert_eq!(findings(&outcome), expected, "{}", outcome.stdout);
        assert_eq!(seen(&outcome, "token"), said);
        assert_eq!(states(&outcome)["rdb"], "ok");
    }
}

#[test]
fn a_clock_that_is_wrong_is_reported() {
    let cloud = Cloud::with(|builder| builder.also_http().clock_offset(-300));
    let outcome = cloud.doctor(&["-o", "json"]);
    assert_eq!(findings(&outcome), pair("clock", "differs"), "{}", outcome.stdout);
    assert!(
        seen(&outcome, "clock").starts_with("this machine's is 5 min"),
        "{}",
        seen(&outcome, "clock")
    );
}

/// A storage that is made to differ.
type Change = Box<dyn Fn(&Sandbox) + Send>;

#[test]
fn each_way_in_which_the_storage_differs_is_reported_as_exactly_that() {
    let deliver =
        |deliveries: Vec<Delivery>| -> Change { Box::new(move |sandbox| sandbox.deliver("", deliveries.clone())) };
    let alter = |alteration: Alteration| -> Change {
        Box::new(move |sandbox| sandbox.alter(BACKUP.0, BACKUP.1, 0, &alteration))
    };
    // The first requests are: over https, over http, for the last bytes, with another ETag.
    let normal = |count| vec![Delivery::normal(); count];
    let first_bytes = |encoding: &str| {
        let reply = Reply::new(206)
            .header("Content-Range", "bytes 0-63/300000")
            .header("ETag", "\"x\"");
        let reply = if encoding.is_empty() {
            reply
        } else {
            reply.header("Content-Encoding", encoding)
        };
        Delivery::reply(reply.body("REDIS0009 and more"))
    };
    let at_once = |refused: usize| [normal(4), vec![Delivery::error(StorageError::SlowDown); refused]].concat();
    let cases: Vec<(&str, Change, &str, &str)> = vec![
        (
            "https is refused by the storage",
            deliver(vec![Delivery::error(StorageError::SignatureDoesNotMatch)]),
            "https",
            "the link is answered with 403 SignatureDoesNotMatch",
        ),
        (
            "http is refused by the storage",
            deliver([normal(1), vec![Delivery::error(StorageError::AccessDenied)]].concat()),
            "http",
            "the link is answered with 403 AccessDenied",
        ),
        (
            "ranges are ignored",
            Box::new(|sandbox| sandbox.always_deliver(Delivery::normal().ignoring_range())),
            "ranges",
            "the first bytes are answered with 200 and Content-Range none",
        ),
        ("a weak ETag", alter(Alteration::WeakETag), "etag", "weak"),
        ("no ETag", alter(Alteration::NoETag), "etag", "none"),
        (
            "If-Match is ignored",
            deliver([normal(3), vec![first_bytes("")]].concat()),
            "ifMatch",
            "another ETag is answered with 206",
        ),
        (
            "connections are refused",
            deliver(at_once(2)),
            "connections",
            "2 of 4 at once were refused: 400 SlowDown",
        ),
        (
            "an encoding",
            deliver(vec![first_bytes("gzip")]),
            "encoding",
            "gzip, though it was not asked for",
        ),
        (
            "no RDB file",
            alter(Alteration::Format(Format::Noise)),
            "rdb",
            "the file begins with ",
        ),
        (
            "another end",
            alter(Alteration::Truncate(299_990)),
            "rdb",
            "no end opcode before the last eight bytes",
        ),
    ];
    for_each(cases, |(name, change, id, said)| {
        let cloud = Cloud::sound();
        change(&cloud.sandbox);
        let outcome = cloud.doctor(&["-o", "json"]);
        assert_eq!(findings(&outcome), pair(id, "differs"), "{name}: {}", outcome.stdout);
        assert!(seen(&outcome, id).contains(said), "{name}: {}", seen(&outcome, id));
        assert_eq!(outcome.code, Some(6), "{name}");
    });
}

#[test]
fn a_file_without_a_checksum_is_a_fact_and_no_difference() {
    let cloud = Cloud::sound();
    let alteration = Alteration::Format(Format::RdbWithoutChecksum);
    cloud.sandbox.alter(BACKUP.0, BACKUP.1, 0, &alteration);
    let outcome = cloud.doctor(&["-o", "json"]);
    outcome.data();
    assert!(seen(&outcome, "rdb").contains("checksum off"));
}

#[test]
fn links_that_live_otherwise_than_an_hour_are_reported() {
    let cloud = Cloud::with(|builder| builder.also_http().link_lifetime(7200));
    let outcome = cloud.doctor(&["-o", "json"]);
    assert_eq!(findings(&outcome), pair("linkForm", "differs"));
    assert_eq!(seen(&outcome, "linkForm"), "http, 120 min, ends in a file name");
}

#[test]
fn a_storage_without_https_or_without_http_is_told_apart() {
    // Plain http alone: the rest is tried over http, since the storage is on this machine.
    let sandbox = sandbox();
    let doctor = ["doctor", "--region", "cn-east-2", "--instance", BACKUP.0, "-o", "json"];
    let outcome = Jdredis::at(&sandbox).args(doctor).run();
    assert_eq!(findings(&outcome), pair("https", "differs"));
    assert_eq!(seen(&outcome, "https"), "what it answers is no TLS");
    assert_eq!(states(&outcome)["rdb"], "ok");
    // TLS alone.
    let cloud = Cloud::with(|builder| builder);
    let outcome = cloud.doctor(&["-o", "json"]);
    assert_eq!(findings(&outcome), pair("http", "differs"));
    assert_eq!(states(&outcome)["rdb"], "ok");
}

#[test]
fn a_port_that_is_refused_is_told_from_one_that_is_silent() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (address, said) in [
        (silent.local_addr().unwrap(), "the port is silent"),
        (refused, "the port is refused"),
    ] {
        let cloud = Cloud::sound();
        let link = format!("http://{address}/b/redis-1234/f-0?X-Amz-Date=20210714T075241Z&X-Amz-Expires=3600");
        let result = json!({"downloadUrls": [{"name": "node 0", "link": link}]});
        let reply = Reply::json(200, json!({"requestId": "r", "result": result}).to_string());
        cloud.sandbox.script_for("describeDownloadUrl", vec![reply]);
        let outcome = cloud.doctor(&["-o", "json", "--timeout", "3"]);
        let found: Vec<String> = findings(&outcome).into_iter().map(|(id, _)| id).collect();
        assert_eq!(found, ["http", "https"], "{}", outcome.stdout);
        assert!(seen(&outcome, "https").starts_with(said), "{}", seen(&outcome, "https"));
        assert_eq!(states(&outcome)["ranges"], "skipped");
        assert!(seen(&outcome, "internalLink").starts_with("none"));
    }
}

#[test]
fn keys_of_least_privilege_do_not_fail() {
    let refused = || Reply::error(403, "HTTP_FORBIDDEN", "not authorized to perform [IAM] [gw]");
    for (target, operation, skipped) in [
        ("availableRegion", "describeAvailableRegion", "regions"),
        ("cacheInstance?", "describeCacheInstances", "nameFilter"),
        ("backup?", "describeBackups", "timeFilter"),
        ("backupPolicy", "describeBackupPolicy", "policy"),
        ("backup/newest", "describeBackupInfo", "permissions"),
    ] {
        let cloud = Cloud::sound();
        cloud.sandbox.script_for(target, vec![refused(); 8]);
        let outcome = cloud.doctor(&["--base-id", BACKUP.1, "-o", "json"]);
        assert_eq!(outcome.code, Some(0), "{operation}: {outcome:#?}");
        let states = states(&outcome);
        assert_eq!(states["permissions"], "skipped", "{operation}");
        assert_eq!(states[skipped], "skipped", "{operation}");
        assert_eq!(states["rdb"], "ok", "{operation}");
        assert!(
            seen(&outcome, "permissions").contains(operation),
            "{}",
            seen(&outcome, "permissions")
        );
    }
    let cloud = Cloud::sound();
    cloud.sandbox.script_for("describeDownloadUrl", vec![refused()]);
    let outcome = cloud.doctor(&["-o", "json"]);
    assert_eq!(outcome.code, Some(4), "{outcome:#?}");
    assert_eq!(findings(&outcome), pair("permissions", "failed"));
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
fn an_instance_or_a_backup_that_is_not_there_is_a_failure() {
    let cloud = Cloud::sound();
    let outcome = cloud.run().args(["--instance", "nope", "-o", "json"]).run();
    assert_eq!(
        (outcome.code, findings(&outcome)),
        (Some(3), pair("instance", "failed"))
    );
    let outcome = cloud.doctor(&["--base-id", "nope", "-o", "json"]);
    assert_eq!((outcome.code, findings(&outcome)), (Some(3), pair("links", "failed")));
    let outcome = cloud.run().args(["--base-id", "1234"]).run();
    outcome.fails_saying(2, &["--instance"]);
}

#[test]
fn a_region_without_a_backup_skips_what_needs_one() {
    let cloud = Cloud::sound();
    let page = r#"{"requestId":"r","result":{"cacheInstances":[],"totalCount":0}}"#;
    cloud.sandbox.script_for("cacheInstance?", vec![Reply::json(200, page)]);
    let outcome = cloud.run().args(["-o", "json"]).run();
    outcome.data();
    assert!(seen(&outcome, "instance").contains("no instance is running"));
    assert_eq!(states(&outcome)["rdb"], "skipped");
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
    assert_eq!(outcome.code, Some(5));
    assert_eq!(states(&outcome)["rdb"], "ok");
}

#[test]
fn data_that_breaks_off_is_a_failure_and_says_nothing_of_the_storage() {
    // The requests are: over https, over http, for the last bytes, with another ETag.
    for (before, id) in [(2, "ranges"), (3, "ifMatch")] {
        let cloud = Cloud::sound();
        let cut = Reply::new(206)
            .header("Content-Range", "bytes 0-63/300000")
            .header("ETag", "\"x\"")
            .content_length(64)
            .body("REDIS0009");
        let deliveries = [vec![Delivery::normal(); before], vec![Delivery::reply(cut)]].concat();
        cloud.sandbox.deliver("", deliveries);
        let outcome = cloud.doctor(&["-o", "json", "--timeout", "2"]);
        assert_eq!(findings(&outcome), pair(id, "failed"), "{}", outcome.stdout);
        assert_eq!(outcome.code, Some(5), "{outcome:#?}");
    }
}

#[test]
fn an_empty_file_is_a_difference() {
    let cloud = Cloud::sound();
    let empty = Reply::new(206)
        .header("Content-Range", "bytes 0-0/0")
        .header("ETag", "\"x\"");
    cloud.sandbox.always_deliver(Delivery::reply(empty));
    let outcome = cloud.doctor(&["-o", "json"]);
    assert_eq!(states(&outcome)["rdb"], "differs", "{}", outcome.stdout);
    assert_eq!(seen(&outcome, "rdb"), "the file is empty");
}

#[test]
fn neither_way_is_advised_where_both_fail() {
    let cloud = Cloud::sound();
    let denied = Delivery::error(StorageError::AccessDenied);
    cloud.sandbox.always_deliver(denied);
    let outcome = cloud.doctor(&[]);
    assert_eq!(outcome.code, Some(6), "{outcome:#?}");
    assert!(outcome.stdout.contains("neither way works"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("use https"), "{}", outcome.stdout);
}

#[test]
fn a_total_with_a_fraction_is_a_form_and_no_wrong_count() {
    let cloud = Cloud::sound();
    let list = json!({"cacheInstances": [{"cacheInstanceId": "redis-1234"}], "totalCount": 1.0});
    let reply = Reply::json(200, json!({"requestId": "r", "result": list}).to_string());
    cloud.sandbox.script_for("cacheInstance?", vec![reply.clone(), reply]);
    let outcome = cloud.doctor(&["-o", "json"]);
    assert_eq!(states(&outcome)["counts"], "ok", "{}", outcome.stdout);
    assert!(seen(&outcome, "forms").contains("totalCount"), "{}", outcome.stdout);
}
