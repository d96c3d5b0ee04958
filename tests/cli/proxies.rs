//! Proxies: the choice of one for a request, every way in which one refuses, and the message about it.

use std::time::Duration;

use jdredis_sandbox::{Certificate, Proxy, ProxyMode};

use crate::network::closed_port;
use crate::support::{Jdredis, TOKEN, for_each, sandbox};
use crate::tls::Secure;

fn start(mode: ProxyMode) -> Proxy {
    Proxy::start(mode).unwrap()
}

#[test]
fn proxies_are_taken_from_the_environment_in_either_case() {
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        let sandbox = sandbox();
        let proxy = start(ProxyMode::Tunnel);
        let url = proxy.url().replace("http://", "http://me:pass%40word@");
        Jdredis::at(&sandbox).env(name, &url).url().data();
        let [connect] = &proxy.connects()[..] else {
            panic!("{name}: {:?}", proxy.connects())
        };
        // As curl does it, since proxies let CONNECT through to port 443 alone.
        assert_eq!(connect.method, "GET");
        assert!(
            connect.target.starts_with(&format!("{}/v1/", sandbox.endpoint())),
            "{connect:?}"
        );
        assert_eq!(connect.authorization.as_deref(), Some("Basic bWU6cGFzc0B3b3Jk"));
        assert_eq!(sandbox.requests().len(), 1);
        assert_eq!(sandbox.requests()[0].header("proxy-authorization"), None);
    }
}

#[test]
fn a_request_that_changes_something_goes_through_whole() {
    let sandbox = sandbox();
    let proxy = start(ProxyMode::Tunnel);
    let run = Jdredis::at(&sandbox).env("http_proxy", &proxy.url());
    run.args(["backup", "create", "--region", "cn-north-1", "--instance", "redis-1234"])
        .run()
        .data();
    assert_eq!(proxy.connects()[0].method, "POST");
    assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
}

#[test]
fn the_no_proxy_list_and_the_other_schemes_proxy_are_respected() {
    let sandbox = sandbox();
    let proxy = start(ProxyMode::Tunnel);
    for (name, list) in [
        ("no_proxy", "example.com,127.0.0.1"),
        ("NO_PROXY", "example.com\t127.0.0.1"),
        ("NO_PROXY", "example.com\n127.0.0.1\n"),
        ("no_proxy", "*"),
    ] {
        let run = Jdredis::at(&sandbox).env("http_proxy", &proxy.url()).env(name, list);
        run.url().data();
    }
    let port = sandbox.address().port();
    for (host, list) in [
        ("localhost.", "localhost"),
        ("localhost", "localhost."),
        ("LOCALHOST", "localhost"),
    ] {
        let run = Jdredis::at(&sandbox)
            .env("http_proxy", &proxy.url())
            .env("no_proxy", list)
            .args(["--max-attempts", "1", "--endpoint", &format!("http://{host}:{port}")]);
        let outcome = run.url();
        // The system may not resolve the name with its dot; this test does not depend on it.
        assert!(outcome.code == Some(0) || host.ends_with('.'), "{outcome:#?}");
        assert_eq!(proxy.connections(), 0, "{host} {list}");
    }
    Jdredis::at(&sandbox).env("https_proxy", &proxy.url()).url().data();
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn a_malformed_proxy_is_a_wrong_setting_and_never_a_direct_connection() {
    let sandbox = sandbox();
    for value in [
        "http://",
        "nonsense://x",
        "http://h:port",
        "http://h:0",
        "h:+3128",
        "socks5://127.0.0.1:1080",
        "http://me:canary-security-token@:1",
        "http://me:1#canary-security-token@127.0.0.1:1",
        "http://me:1/canary-security-token@127.0.0.1:1",
        "http://DOMAIN\\me:canary-security-token@127.0.0.1:1",
        "me:1?canary-security-token@127.0.0.1:1",
    ] {
        for name in ["http_proxy", "ALL_PROXY"] {
            let outcome = Jdredis::at(&sandbox).env(name, value).url();
            outcome.fails_saying(
                2,
                &[name, "hint: write it as http://HOST:PORT", "%23, %2F, %3F and %5C"],
            );
        }
    }
    assert!(sandbox.requests().is_empty());
}

/// Both ways through a proxy: CONNECT for https, and absolute form for plain http.
fn through_both(proxy: &Proxy, user: &str, check: impl Fn(&str, crate::support::Outcome)) {
    let url = proxy.url().replace("http://", &format!("http://{user}"));
    let plain = sandbox();
    let twice = ["--max-attempts", "2"];
    check(
        "http_proxy",
        Jdredis::at(&plain).env("http_proxy", &url).args(twice).url(),
    );
    let secure = Secure::new(Certificate::Good);
    check(
        "https_proxy",
        secure.trusting().env("https_proxy", &url).args(twice).url(),
    );
    assert!(plain.requests().is_empty() && secure.sandbox.requests().is_empty());
}

#[test]
fn a_proxy_that_wants_a_password_is_told_from_one_that_does_not_accept_it() {
    for (user, text) in [
        ("", "wants a name and password (VARIABLE)"),
        (
            "me:canary-security-token@",
            "does not accept the name and password in VARIABLE",
        ),
    ] {
        let proxy = start(ProxyMode::AuthenticationRequired);
        through_both(&proxy, user, |variable, outcome| {
            outcome.fails_saying(
                5,
                &[
                    &format!("the proxy {} ", proxy.address()),
                    &text.replace("VARIABLE", variable),
                    "http://NAME:PASSWORD@HOST:PORT",
                ],
            );
            assert_eq!(outcome.stderr.matches("407").count(), 1, "said once: {outcome:#?}");
            assert!(!outcome.stderr.contains(TOKEN), "{outcome:#?}");
        });
        assert_eq!(proxy.connections(), 2, "407 stays: it is not sent again");
    }
}

#[test]
fn a_proxys_rules_are_met_once_and_its_troubles_as_often_as_allowed() {
    for_each(
        [
            (ProxyMode::Status(403), 1, "does not let requests to"),
            (ProxyMode::Status(502), 2, "could not reach http"),
            (ProxyMode::Status(503), 2, "could not reach http"),
            (ProxyMode::Status(504), 2, "could not reach http"),
        ],
        |(mode, attempts, text)| {
            let proxy = start(mode);
            through_both(&proxy, "", |variable, outcome| {
                let name = format!("the proxy {} ", proxy.address());
                outcome.fails_saying(5, &[&name, text, &format!("({variable})")]);
            });
            assert_eq!(proxy.connections(), 2 * attempts, "{mode:?}");
        },
    );
    let proxy = start(ProxyMode::Close);
    let secure = Secure::new(Certificate::Good);
    let run = secure.trusting().env("https_proxy", &proxy.url());
    let outcome = run.args(["--max-attempts", "2"]).url();
    outcome.fails_saying(
        5,
        &["broke the connection off (https_proxy) (after 2 attempts", "CONNECT"],
    );
    assert_eq!(proxy.connections(), 2);
}

#[test]
fn a_proxy_that_recovers_is_no_failure() {
    for first in [
        ProxyMode::Status(502),
        ProxyMode::Status(503),
        ProxyMode::Status(504),
        ProxyMode::Close,
    ] {
        let proxy = start(ProxyMode::Tunnel);
        proxy.script([first]);
        let secure = Secure::new(Certificate::Good);
        secure.trusting().env("https_proxy", &proxy.url()).url().data();
        assert_eq!(proxy.connections(), 2, "{first:?}");
    }
}

#[test]
fn waiting_for_a_backup_ends_at_once_where_the_proxy_refuses() {
    let secure = Secure::new(Certificate::Good);
    let proxy = start(ProxyMode::Tunnel);
    proxy.script([ProxyMode::Tunnel, ProxyMode::AuthenticationRequired]);
    // The first look comes on a new connection.
    secure.sandbox.script(vec![
        jdredis_sandbox::Reply::json(200, r#"{"requestId":"r","result":{"baseId":"b"}}"#).header("Connection", "close"),
    ]);
    let run = secure.trusting().env("https_proxy", &proxy.url());
    let outcome = run
        .args([
            "backup",
            "create",
            "--region",
            "cn-north-1",
            "--instance",
            "redis-1234",
            "--wait",
        ])
        .run();
    assert_eq!(outcome.code, Some(5), "{outcome:#?}");
    outcome.says(&["wants a name and password (https_proxy)"]);
    assert_eq!(proxy.connections(), 2, "{outcome:#?}");
}

#[test]
fn a_proxy_that_is_down_is_named_with_its_variable() {
    for (name, endpoint) in [
        ("http_proxy", "http://127.0.0.1:1"),
        ("ALL_PROXY", "https://127.0.0.1:1"),
    ] {
        let sandbox = sandbox();
        let address = closed_port();
        let run = Jdredis::at(&sandbox)
            .env(name, &address)
            .args(["--endpoint", endpoint, "--max-attempts", "1"]);
        let outcome = run.url();
        outcome.fails_saying(
            5,
            &[&format!("the proxy {address} cannot be reached ({name})"), "refused"],
        );
        assert!(
            !outcome.stderr.contains(&format!("{endpoint} cannot be reached")),
            "{outcome:#?}"
        );
    }
    let sandbox = sandbox();
    let run = Jdredis::at(&sandbox).env("http_proxy", "http://jdredis.invalid:1");
    run.args(["--max-attempts", "1"]).url().fails_saying(
        5,
        &["the name of the proxy jdredis.invalid:1 cannot be resolved (http_proxy)"],
    );
}

#[test]
fn https_for_a_proxy_that_speaks_http_gets_the_advice_to_write_http() {
    for mode in [ProxyMode::Tunnel, ProxyMode::Close, ProxyMode::Garbage] {
        let proxy = start(mode);
        let url = proxy.url().replace("http://", "https://");
        for (name, secure) in [("http_proxy", false), ("https_proxy", true)] {
            let sandbox = Secure::new(Certificate::Good);
            let endpoint = if secure {
                sandbox.sandbox.endpoint()
            } else {
                "http://127.0.0.1:1"
            };
            let run = sandbox
                .trusting()
                .env(name, &url)
                .args(["--endpoint", endpoint, "--max-attempts", "1"]);
            run.url().fails_saying(
                5,
                &[
                    &format!("no encrypted connection to the proxy {} ({name})", proxy.address()),
                    &format!("write http:// in {name}"),
                ],
            );
        }
    }
}

#[test]
fn https_for_a_proxy_that_waits_for_the_end_of_a_request_gets_the_advice_to_write_http() {
    // Connections are made, and nothing is ever read from them.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let sandbox = sandbox();
    let run = Jdredis::at(&sandbox).env("http_proxy", &format!("https://{address}"));
    let outcome = run.args(["--timeout", "1", "--max-attempts", "1"]).url();
    outcome.fails_saying(
        5,
        &[
            &format!("the proxy {address} did not answer in time (http_proxy)"),
            "write http:// in http_proxy unless the proxy itself speaks TLS",
        ],
    );
}

#[test]
fn interim_answers_before_the_one_to_connect_are_passed_over() {
    let secure = Secure::new(Certificate::Good);
    let proxy = start(ProxyMode::Interim);
    secure.trusting().env("https_proxy", &proxy.url()).url().data();
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn a_proxy_may_be_reached_over_tls() {
    // The sandbox with its certificate stands for the proxy; it answers CONNECT without making a tunnel.
    let proxy = Secure::new(Certificate::Good);
    let secure = Secure::new(Certificate::Good);
    let run = Jdredis::at(&secure.sandbox)
        .env("SSL_CERT_FILE", &proxy.path("ca.pem"))
        .env("https_proxy", proxy.sandbox.endpoint());
    let address = proxy.sandbox.address();
    run.url().fails_saying(
        5,
        &[
            &format!("the proxy {address} does not let requests to"),
            "(https_proxy)",
        ],
    );
    let untrusting = secure.trusting().env("https_proxy", proxy.sandbox.endpoint());
    untrusting.url().fails_saying(
        5,
        &[&format!(
            "no trusted encrypted connection to the proxy {address} (https_proxy)"
        )],
    );
}

#[test]
fn verbosity_names_the_proxy_of_each_request() {
    let sandbox = sandbox();
    let proxy = start(ProxyMode::Tunnel);
    let address = proxy.address();
    let outcome = Jdredis::at(&sandbox).env("http_proxy", &proxy.url()).args(["-v"]).url();
    outcome.data_saying(&[&format!(" through the proxy {address} (http_proxy) -> 200 in ")]);
    let direct = Jdredis::at(&sandbox).args(["-v"]).url();
    assert!(
        !direct.data_saying(&["-> 200 in "]).is_empty() && !direct.stderr.contains("proxy"),
        "{direct:#?}"
    );
}

#[test]
fn an_answer_to_connect_that_drips_is_waited_for_no_longer_than_the_time_limit() {
    let secure = Secure::new(Certificate::Good);
    let proxy = start(ProxyMode::Drip);
    let run = secure.trusting().env("https_proxy", &proxy.url());
    let outcome = run.args(["--timeout", "2", "--max-attempts", "1"]).url();
    outcome.fails_saying(
        5,
        &[&format!(
            "the proxy {} did not answer in time (https_proxy)",
            proxy.address()
        )],
    );
    assert!(outcome.took >= Duration::from_millis(1900), "{outcome:#?}");
    assert!(outcome.took < Duration::from_secs(30), "{outcome:#?}");
}
