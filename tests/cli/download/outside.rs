//! The way to the storage: proxies, certificates and dead addresses are met as on the way to the service.
//!
//! In these tests the service answers at once, over plain HTTP; only the storage is out of reach.

use std::time::Duration;

use jdredis_sandbox::{Authority, Certificate, Proxy, ProxyMode, Reply, Sandbox, Silent};
use serde_json::json;

use super::{CLUSTER, Place, SINGLE};
use crate::network::closed_port;
use crate::support::{Jdredis, Outcome, sandbox_builder};

/// A service whose link leads to this origin.
fn leading_to(origin: &str) -> Place {
    let place = Place::new();
    let link = format!("{origin}/jmiss-redis-backup-hb/redis-1234/20210714153657-backup1-0");
    let answer = json!({"result": {"downloadUrls": [{"name": "node 0", "link": link}]}}).to_string();
    place.sandbox.always(Reply::json(200, answer));
    place
}

/// A storage that speaks HTTPS, and a folder with the certificate of its authority.
fn encrypted(certificate: Certificate) -> (Sandbox, tempfile::TempDir) {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    authority.write_pem(folder.path().join("ca.pem")).unwrap();
    (
        sandbox_builder().tls(authority.issue(certificate)).start().unwrap(),
        folder,
    )
}

fn fails(place: &Place, run: Jdredis<'_>, texts: &[&str]) -> Outcome {
    let outcome = place.run(run);
    outcome.data_with(7);
    outcome.says(texts);
    outcome
}

#[test]
fn a_file_comes_through_a_proxy_in_absolute_form() {
    let place = Place::new();
    let proxy = Proxy::start(ProxyMode::Tunnel).unwrap();
    let run = place
        .download(SINGLE)
        .env("http_proxy", &proxy.url().replace("://", "://me:pw@"));
    let outcome = place.run(run.args(["-v"]));
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let via = format!(" through the proxy {} (http_proxy) -> ", proxy.address());
    let requests = outcome
        .stderr
        .lines()
        .filter(|line| line.contains("GET ") && line.contains(" -> "));
    assert!(requests.clone().count() >= 2, "{outcome:#?}");
    assert!(requests.clone().all(|line| line.contains(&via)), "{outcome:#?}");
    place.has_all_of(SINGLE);
    let connects = proxy.connects();
    assert!(
        connects.iter().all(|connect| connect.method != "CONNECT"),
        "{connects:?}"
    );
    assert!(
        connects.iter().all(|connect| connect.authorization.is_some()),
        "{connects:?}"
    );
    let fetched = place.fetched();
    assert!(
        fetched
            .iter()
            .all(|request| request.header("proxy-authorization").is_none())
    );
}

#[test]
fn a_proxy_that_refuses_or_is_down_is_named_for_the_storage_too() {
    let place = leading_to("https://127.0.0.1:1");
    let run = || place.download_encrypted(SINGLE).args(["--max-attempts", "2"]);
    for (mode, attempts, text) in [
        (
            ProxyMode::AuthenticationRequired,
            1,
            "wants a name and password (https_proxy)",
        ),
        (
            ProxyMode::Status(403),
            1,
            "does not let requests to https://127.0.0.1:1 through (https_proxy)",
        ),
        (
            ProxyMode::Status(503),
            2,
            "could not reach https://127.0.0.1:1 (https_proxy)",
        ),
        (ProxyMode::Close, 2, "broke the connection off (https_proxy)"),
    ] {
        let proxy = Proxy::start(mode).unwrap();
        let run = run().env("https_proxy", &proxy.url());
        fails(&place, run, &[&format!("the proxy {} {text}", proxy.address())]);
        assert_eq!(proxy.connections(), attempts, "{mode:?}");
    }
    let address = closed_port();
    let down = run().env("https_proxy", &address);
    fails(
        &place,
        down,
        &[&format!("the proxy {address} cannot be reached (https_proxy)")],
    );
    let proxy = Proxy::start(ProxyMode::Tunnel).unwrap();
    let over_tls = proxy.url().replace("http://", "https://");
    let run = run().env("https_proxy", &over_tls);
    fails(
        &place,
        run,
        &["no encrypted connection to the proxy", "write http:// in https_proxy"],
    );
}

#[test]
fn a_malformed_proxy_for_the_storage_is_a_wrong_setting() {
    let place = leading_to("https://127.0.0.1:1");
    let run = place
        .download_encrypted(SINGLE)
        .env("https_proxy", "http://me:1#pw@h:1");
    let outcome = place.run(run);
    outcome.fails_saying(2, &["https_proxy", "%23, %2F, %3F and %5C"]);
    assert!(place.names().is_empty());
}

#[test]
fn a_bad_certificate_of_the_storage_is_described_in_words() {
    for (certificate, texts) in [
        (
            Certificate::Expired,
            &["the certificate expired at 20", "clock first ('date -u')"][..],
        ),
        (
            Certificate::NotYetValid,
            &["the certificate is valid from 20", "clock first ('date -u')"],
        ),
        (Certificate::WrongHost, &["the certificate is for wrong-host.invalid;"]),
    ] {
        let (storage, folder) = encrypted(certificate);
        let place = leading_to(storage.endpoint());
        let ca = folder.path().join("ca.pem");
        let run = place
            .download_encrypted(SINGLE)
            .env("SSL_CERT_FILE", ca.to_str().unwrap());
        fails(&place, run, texts);
        assert!(storage.requests().is_empty());
    }
    let (storage, _folder) = encrypted(Certificate::Good);
    let place = leading_to(storage.endpoint());
    let run = place.download_encrypted(SINGLE).env("SSL_CERT_FILE", "/nowhere/ca.pem");
    fails(
        &place,
        run,
        &[
            "no certificate authorities",
            "SSL_CERT_FILE=/nowhere/ca.pem: No such file or directory",
        ],
    );
}

#[test]
fn a_storage_that_does_not_answer_is_given_up_in_time_and_named() {
    let silent = Silent::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let place = leading_to(&format!("http://{}", silent.address()));
    let run = place.download(SINGLE).args(["--timeout", "1", "--max-attempts", "2"]);
    let outcome = fails(
        &place,
        run,
        &[&format!("http://{} did not answer in time", silent.address())],
    );
    assert!(outcome.took >= Duration::from_millis(1950), "{outcome:#?}");
    assert!(outcome.took < Duration::from_secs(30), "{outcome:#?}");
    let closed = leading_to("https://127.0.0.1:1");
    let run = closed.download_encrypted(SINGLE).args(["--max-attempts", "1"]);
    fails(
        &closed,
        run,
        &["https://127.0.0.1:1 cannot be reached: ", "refused", "--http"],
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_few_threads_are_enough_and_none_say_where_to_look() {
    use crate::connecting::with_threads;
    use crate::support::say_not_run;

    let run = |place: &Place, threads| {
        std::fs::create_dir(place.dir()).unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(place.dir(), open).unwrap();
        with_threads(threads, place.download(SINGLE))
    };
    let place = Place::new();
    let Some(few) = run(&place, 3) else {
        return say_not_run("downloads without threads", "it takes root, setpriv and prlimit");
    };
    assert_eq!(few.code, Some(0), "{few:#?}");
    place.has_all_of(SINGLE);
    // The connections take all threads, and none is left to look the storage's name up with.
    let place = Place::of(sandbox_builder().link_host("localhost"));
    let named = run(&place, 3).unwrap();
    assert_eq!(named.code, Some(0), "{named:#?}");
    place.has_all_of(SINGLE);
    let place = Place::new();
    let none = run(&place, 1).unwrap();
    none.fails_saying(
        1,
        &["no more threads: nothing can be fetched", "ulimit -u", "TasksMax="],
    );
    assert!(!none.stderr.contains("defect"), "{none:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn under_a_limit_of_memory_it_is_done_with_fewer_threads_or_ended_in_words() {
    // In KiB. glibc reserves 64 MiB for each thread that allocates, so the higher ones are met, too.
    for limit in [30_000, 48_000, 90_000, 160_000, 300_000, 500_000] {
        let place = Place::new();
        let limited = format!("ulimit -v {limit}; exec \"$0\" \"$@\"");
        let run = place.download(CLUSTER).args(["--parallel", "64"]);
        let outcome = place.run(run.through(&["sh", "-c", &limited]));
        match outcome.code {
            Some(0) => place.has_all_of(CLUSTER),
            _ => {
                outcome.fails_saying(1, &["no more threads: nothing can be fetched", "'ulimit -v'"]);
                assert!(limit < 90_000, "{limit}: {outcome:#?}");
            }
        }
    }
}
