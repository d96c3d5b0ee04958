//! Links that expire, links that are refused, and the connections to them.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use jdredis_sandbox::{Authority, Builder, Certificate, Delivery, Proxy, ProxyMode, Reply, StorageError};
use serde_json::json;

use super::{Backup, CLUSTER, NAMELESS, Place, SINGLE, SIZE, each, ranges};
use crate::support::{Jdredis, sandbox_builder};

#[test]
fn when_links_expire_on_the_way_new_ones_are_asked_for_once_for_all_and_it_goes_on() {
    for status in [400, 403] {
        let place = Place::of(sandbox_builder().expired_link_status(status));
        // All four are cut in the middle, and come back with links that have expired meanwhile.
        let expired = Delivery::error(StorageError::Expired).delay(Duration::from_millis(400));
        for (_, name) in CLUSTER.files {
            let deliveries = vec![Delivery::normal().cut_after(100_000), expired.clone()];
            place.sandbox.deliver(name, deliveries);
        }
        let running = place.download(CLUSTER).args(["-o", "json"]).start();
        assert!(place.sandbox.wait_for_requests(10, Duration::from_secs(60)));
        place.sandbox.expire_links();
        let outcome = running.finish();
        place.check(&outcome);
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        outcome.says(&["Request has expired; asking for a new link"]);
        place.has_all_of(CLUSTER);
        assert_eq!(place.asked_for_links(), 2);
        // Cut, refused, and gone on from there.
        let fetched = place.fetched();
        assert_eq!(fetched.len(), 12, "{outcome:#?}");
        assert!(
            ranges(&fetched[8..])
                .iter()
                .all(|(range, _)| *range == Some("bytes=100000-"))
        );
    }
}

#[test]
fn links_that_are_queued_are_replaced_with_the_others() {
    let place = Place::new();
    place.sandbox.deliver("", vec![Delivery::normal().expiring_links()]);
    place.fetch(CLUSTER, &["--parallel", "1"]);
    place.has_all_of(CLUSTER);
    assert_eq!(place.asked_for_links(), 2);
    // Those that still wait cannot know before they have tried.
    assert!(place.fetched().len() <= 8, "{}", place.fetched().len());
}

/// An answer with links that work now, in this order.
fn links_in_order(place: &Place, backup: Backup, order: &[usize]) -> Reply {
    let urls: Vec<_> = order
        .iter()
        .map(|&i| {
            let link = place.sandbox.link(backup.instance, backup.base_id, i);
            match backup.base_id {
                "nameless" => json!({"link": link}),
                _ => json!({"name": format!("node {i}"), "link": link}),
            }
        })
        .collect();
    Reply::json(200, json!({"result": {"downloadUrls": urls}}).to_string())
}

#[test]
fn new_links_lead_to_the_same_files_whatever_their_order() {
    for (backup, order, changed) in [
        (CLUSTER, &[0, 1, 2, 3][..], &[3, 1, 0, 2][..]),
        (NAMELESS, &[0, 1], &[1, 0]),
    ] {
        let place = Place::new();
        let expired = links_in_order(&place, backup, order);
        place.sandbox.expire_links();
        let fresh = links_in_order(&place, backup, changed);
        place.sandbox.script_for("describeDownloadUrl", vec![expired, fresh]);
        let outcome = place.fetch(backup, &["-o", "json"]);
        let nodes: Vec<&str> = backup.files.iter().map(|(node, _)| *node).collect();
        assert_eq!(each(&outcome, "node"), nodes);
        place.has_all_of(backup);
        assert_eq!(place.asked_for_links(), 2);
    }
}

#[test]
fn a_file_that_the_service_moved_is_found_by_its_node() {
    let place = Place::new();
    let link = place.sandbox.link(CLUSTER.instance, CLUSTER.base_id, 0);
    let moved = link.replace("backup4-0?", "moved?");
    let answer = |link: &str| {
        Reply::json(
            200,
            json!({"result": {"downloadUrls": [
                {"name": "node 0", "link": link},
            ]}})
            .to_string(),
        )
    };
    place
        .sandbox
        .deliver("moved?", vec![Delivery::error(StorageError::AccessDenied)]);
    place
        .sandbox
        .script_for("describeDownloadUrl", vec![answer(&moved), answer(&link)]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert!(
        place.read("20210717153657-moved") == place.sandbox.object(CLUSTER.instance, CLUSTER.base_id, 0),
        "{outcome:#?}"
    );
}

#[test]
fn a_link_that_is_about_to_expire_is_replaced_before_it_is_used() {
    let place = Place::new();
    // The first answer's links are from an hour ago, all but a few seconds.
    let old = place.sandbox.link(SINGLE.instance, SINGLE.base_id, 0);
    let (start, rest) = old.split_once("X-Amz-Date=").unwrap();
    let old = format!("{start}X-Amz-Date=20210714T075241Z{}", &rest[16..]);
    let answer = json!({"result": {"downloadUrls": [{"name": "node 0", "link": old}]}}).to_string();
    place
        .sandbox
        .script_for("describeDownloadUrl", vec![Reply::json(200, answer)]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(outcome.data_with(0), outcome.data());
    // The storage never saw the old one, which it would have refused.
    assert_eq!((place.fetched().len(), place.asked_for_links()), (1, 2));
    place.has_all_of(SINGLE);
}

#[test]
fn links_of_a_short_life_are_used_all_the_same() {
    // Each lives shorter than a link must to be used without asking for another.
    let place = Place::of(sandbox_builder().link_lifetime(20));
    let outcome = place.fetch(CLUSTER, &["-o", "json"]);
    assert_eq!(each(&outcome, "state"), ["ok"; 4]);
    place.has_all_of(CLUSTER);
    assert!(place.asked_for_links() <= 5, "{}", place.asked_for_links());
}

#[test]
fn a_clock_that_is_ahead_does_not_stop_a_download() {
    // By this machine's clock all links have expired long ago, and by the service's they have not.
    let builder = sandbox_builder()
        .clock_offset(-7200)
        .clock_window(Duration::from_secs(9000));
    let place = Place::of(builder);
    place.fetch(CLUSTER, &[]);
    place.has_all_of(CLUSTER);
    assert!(place.asked_for_links() <= 5, "{}", place.asked_for_links());
}

#[test]
fn a_link_that_may_still_work_is_used_when_there_is_no_new_one() {
    let place = Place::of(sandbox_builder().link_lifetime(20));
    place.sandbox.script_for(
        "describeDownloadUrl",
        vec![Reply::then_ok(Duration::ZERO), Reply::error(404, "NOT_FOUND", "gone")],
    );
    place.fetch(SINGLE, &[]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_link_that_is_refused_for_ever_is_given_up() {
    for error in [
        StorageError::AccessDenied,
        StorageError::Expired,
        StorageError::RequestTimeTooSkewed,
    ] {
        let place = Place::new();
        place.sandbox.always_deliver(Delivery::error(error));
        let outcome = place.run(place.download(CLUSTER).args(["-o", "json"]));
        outcome.data_with(7);
        assert_eq!(each(&outcome, "state"), ["incomplete"; 4]);
        for reason in each(&outcome, "reason") {
            let reason = reason.as_str().unwrap();
            assert!(reason.starts_with("HTTP 40"), "{reason}");
        }
        assert!(place.fetched().len() <= 16, "{error:?}: {}", place.fetched().len());
        assert!(place.asked_for_links() <= 13, "{error:?}: {}", place.asked_for_links());
    }
}

#[test]
fn a_service_that_gives_no_new_links_is_quoted() {
    let place = Place::new();
    place.sandbox.script_for(
        "describeDownloadUrl",
        std::iter::once(Reply::then_ok(Duration::ZERO))
            .chain((0..9).map(|_| Reply::error(404, "NOT_FOUND", "the backup is gone")))
            .collect(),
    );
    place.sandbox.deliver("", vec![Delivery::normal().expiring_links()]);
    let outcome = place.run(place.download(SINGLE));
    outcome.data_with(7);
    outcome.says(&["node 0: incomplete, ", "there is no new link: ", "the backup is gone"]);
    assert!(place.fetched().len() <= 3, "{}", place.fetched().len());
}

struct Secure {
    place: Place,
    folder: tempfile::TempDir,
}

impl Secure {
    fn new(change: impl FnOnce(Builder) -> Builder) -> Self {
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        authority.write_pem(folder.path().join("ca.pem")).unwrap();
        let builder = sandbox_builder().tls(authority.issue(Certificate::Good));
        Self {
            place: Place::of(change(builder)),
            folder,
        }
    }

    fn download(&self) -> Jdredis<'_> {
        let path = self.folder.path().join("ca.pem");
        self.place
            .download_encrypted(CLUSTER)
            .env("SSL_CERT_FILE", path.to_str().unwrap())
    }
}

#[test]
fn links_that_say_http_are_fetched_over_https() {
    for say_http in [true, false] {
        let secure = Secure::new(|builder| builder.links_say_http(say_http));
        let outcome = secure.place.run(secure.download().args(["-o", "json"]));
        assert_eq!(each(&outcome, "state"), ["ok"; 4], "{outcome:#?}");
        secure.place.has_all_of(CLUSTER);
        assert_eq!(secure.place.fetched().len(), 4);
    }
}

#[test]
fn new_links_are_fetched_over_https_too() {
    let secure = Secure::new(|builder| builder.links_say_http(true));
    secure
        .place
        .sandbox
        .deliver("", vec![Delivery::normal().expiring_links()]);
    let outcome = secure.place.run(secure.download());
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    secure.place.has_all_of(CLUSTER);
}

#[test]
fn http_is_used_as_written_only_when_asked_for() {
    let secure = Secure::new(|builder| builder.links_say_http(true));
    // The sandbox serves nothing but TLS, so this shows that none was tried.
    let outcome = secure
        .place
        .run(secure.download().args(["--http", "--max-attempts", "1"]));
    outcome.data_with(7);
    assert!(secure.place.fetched().is_empty());

    let plain = Place::new();
    // The sandbox counts a handshake among what it refuses, so this is no run to check like others.
    let outcome = plain.download_encrypted(CLUSTER).args(["-o", "json"]).run();
    outcome.data_with(7);
    assert!(plain.fetched().is_empty());
    for reason in each(&outcome, "reason") {
        let reason = reason.as_str().unwrap();
        assert!(
            reason.starts_with("no trusted encrypted connection to the storage: "),
            "{reason}"
        );
        assert!(reason.contains("--http"), "{reason}");
    }
}

#[test]
fn a_storage_that_hangs_up_on_tls_has_the_flag_named_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(drop));
    let place = Place::new();
    let link = format!("http://{address}/jmiss-redis-backup-hb/x");
    let answer = json!({"result": {"downloadUrls": [{"name": "node 0", "link": link}]}}).to_string();
    place
        .sandbox
        .script_for("describeDownloadUrl", vec![Reply::json(200, answer)]);
    let outcome = place.run(place.download_encrypted(SINGLE));
    outcome.data_with(7);
    outcome.says(&["--http"]);
}

#[test]
fn a_certificate_of_nobody_known_is_refused_before_the_link_is_sent() {
    let secure = Secure::new(|builder| builder);
    let other = Secure::new(|builder| builder);
    let place = Place::new();
    let link = secure.place.sandbox.link(SINGLE.instance, SINGLE.base_id, 0);
    let answer = json!({"result": {"downloadUrls": [{"name": "node 0", "link": link}]}}).to_string();
    place
        .sandbox
        .script_for("describeDownloadUrl", vec![Reply::json(200, answer)]);
    let ca = other.folder.path().join("ca.pem");
    let run = place
        .download_encrypted(SINGLE)
        .env("SSL_CERT_FILE", ca.to_str().unwrap());
    let outcome = place.run(run);
    outcome.data_with(7);
    outcome.says(&["from no authority that this machine trusts", "--http"]);
    assert!(secure.place.sandbox.requests().is_empty());
}

#[test]
fn the_storage_is_reached_through_the_proxy_of_its_scheme() {
    let secure = Secure::new(|builder| builder.links_say_http(true));
    let proxy = Proxy::start(ProxyMode::Tunnel).unwrap();
    let outcome = secure.place.run(secure.download().env("HTTPS_PROXY", &proxy.url()));
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    // One for the service, the others for the storage.
    assert!((2..=5).contains(&proxy.connects().len()), "{:?}", proxy.connects());
    assert_eq!(secure.place.sandbox.connections(), proxy.connects().len());
}

#[test]
fn a_cut_transfer_goes_on_under_a_new_link_in_a_later_run() {
    let place = Place::new();
    place.sandbox.deliver("", vec![Delivery::normal().cut_after(100_000)]);
    place
        .run(place.download(SINGLE).args(["--max-attempts", "1"]))
        .data_with(7);
    place.sandbox.expire_links();
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [100_000]);
    assert_eq!(each(&outcome, "bytes"), [SIZE]);
    place.has_all_of(SINGLE);
}

/// A scripted answer with one node whose link is this.
fn only_link(link: &str) -> Reply {
    let answer = json!({"result": {"downloadUrls": [{"name": "node 0", "link": link}]}});
    Reply::json(200, answer.to_string())
}

#[test]
fn a_link_to_a_malformed_host_is_an_answer_that_is_not_as_documented() {
    for host in ["h:x", "h:99999", "a_b:80:80", "ä.example"] {
        let place = Place::new();
        let link = format!("http://{host}/bucket/key?X-Amz-Date=x");
        place.sandbox.script_for("describeDownloadUrl", vec![only_link(&link)]);
        let outcome = place.run(place.download(SINGLE));
        outcome.fails_saying(6, &["downloadUrls[0]"]);
        assert!(!outcome.stderr.contains("--endpoint is"), "{outcome:#?}");
        assert!(!place.dir().exists(), "{host}");
    }
}

#[test]
fn the_proxy_is_chosen_for_the_host_of_each_link() {
    let secure = Secure::new(|builder| builder);
    let (place, proxy) = (&secure.place, Proxy::start(ProxyMode::Tunnel).unwrap());
    let link = |i| place.sandbox.link(CLUSTER.instance, CLUSTER.base_id, i);
    // The same server by two names; `no_proxy` excepts one of them. The host is signed, so the storage
    // would refuse the name that it does not know.
    let object = place.sandbox.object(CLUSTER.instance, CLUSTER.base_id, 0);
    place
        .sandbox
        .always_deliver(Delivery::reply(Reply::new(200).body(object)));
    let port = place.sandbox.address().port();
    let by_name = |i| link(i).replace(&format!("127.0.0.1:{port}"), &format!("localhost:{port}"));
    for (except, tunnelled) in [("127.0.0.1", "localhost"), ("localhost", "127.0.0.1")] {
        let answer = json!({"result": {"downloadUrls": [
            {"name": "node 0", "link": link(0)},
            {"name": "node 1", "link": by_name(1)},
        ]}});
        place
            .sandbox
            .script_for("describeDownloadUrl", vec![Reply::json(200, answer.to_string())]);
        let before = proxy.connects().len();
        let run = secure
            .download()
            .env("HTTPS_PROXY", &proxy.url())
            .env("NO_PROXY", except);
        let outcome = place.run(run);
        // Only two of its four files were asked for.
        assert_eq!(outcome.code, Some(7), "{outcome:#?}");
        let storage = format!("{tunnelled}:{port}");
        let connects: Vec<_> = proxy.connects()[before..]
            .iter()
            .map(|connect| connect.target.clone())
            .collect();
        // The service, which is at 127.0.0.1 too, may be among them.
        assert!(connects.contains(&storage), "{except}: {connects:?}");
        assert!(
            connects.iter().all(|target| *target == storage),
            "{except}: {connects:?}"
        );
        std::fs::remove_dir_all(place.dir()).unwrap();
    }
}

#[test]
fn fewer_links_than_the_backup_has_shards_is_never_called_whole() {
    let place = Place::new();
    place
        .sandbox
        .script_for("describeDownloadUrl", vec![links_in_order(&place, CLUSTER, &[0, 1, 3])]);
    let outcome = place.run(place.download(CLUSTER).args(["-o", "json"]));
    outcome.data_with(7);
    outcome.says(&["it has 4 shards, and the service gives links to 3"]);
    assert_eq!(each(&outcome, "state"), ["ok"; 3]);
    let manifest: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(manifest["expectedShards"], 4);

    // Keys that may not look at the backup have it fetched all the same.
    let place = Place::new();
    let refusal = Reply::error(403, "HTTP_FORBIDDEN", "not authorized [IAM] [gw]");
    place.sandbox.script_for("/backup/", vec![refusal]);
    let outcome = place.fetch(CLUSTER, &["-o", "json"]);
    let manifest: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert!(manifest["expectedShards"].is_null(), "{outcome:#?}");
    assert_eq!(
        manifest.as_object().unwrap().keys().nth(3).map(String::as_str),
        Some("expectedShards")
    );
}
