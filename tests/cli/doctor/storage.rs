//! What `doctor` says of links and of the storage behind them.

use std::net::TcpListener;

use jdredis_sandbox::{Alteration, Delivery, Format, Proxy, ProxyMode, Reply, Sandbox, StorageError};
use serde_json::json;

use super::{BACKUP, Cloud, findings, pair, seen, states};
use crate::support::{Jdredis, for_each, sandbox};

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
            "https is refused by an answer that breaks off",
            deliver(vec![Delivery::reply(Reply::new(403).content_length(64).body("<Er"))]),
            "https",
            "the link is answered with 403",
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
        (
            "a range is ignored",
            deliver([normal(2), vec![Delivery::normal().ignoring_range()]].concat()),
            "ranges",
            "the last bytes are answered with 200",
        ),
        (
            "another range",
            deliver([normal(2), vec![first_bytes("")]].concat()),
            "ranges",
            "the last bytes are answered with 206",
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
    let outcome = cloud.doctor(&["-o", "json"]);
    assert_eq!(outcome.code, Some(6), "{outcome:#?}");
    let found = [pair("http", "differs"), pair("https", "differs")].concat();
    assert_eq!(findings(&outcome), found, "{}", outcome.stdout);
    assert!(outcome.stdout.contains("neither way works"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("use https"), "{}", outcome.stdout);
}
