//! Everything between the program and the service: unreachable hosts, broken answers, redirects.

use std::net::TcpListener;

use jdredis_sandbox::Reply;

use crate::support::{Jdredis, sandbox};

/// A loopback address that refuses connections.
pub(crate) fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn a_refused_connection_names_the_endpoint() {
    let sandbox = sandbox();
    let endpoint = format!("http://{}", closed_port());
    let outcome = Jdredis::at(&sandbox).args(["--endpoint", &endpoint]).url();
    outcome.fails_saying(
        5,
        &[
            &format!("{endpoint} cannot be reached (after 3 attempts"),
            "refused",
            "hint: check --endpoint",
        ],
    );
}

#[test]
fn a_name_that_does_not_exist_is_a_dns_error() {
    let sandbox = sandbox();
    let outcome = Jdredis::at(&sandbox)
        .args(["--endpoint", "jdredis.invalid", "--max-attempts", "1"])
        .url();
    outcome.fails_saying(5, &["the name of https://jdredis.invalid cannot be resolved", "DNS"]);
}

#[test]
fn half_an_answer_counts_as_no_answer() {
    let body = r#"{"requestId":"r","result":{"downloadUrls":[{"link":"https://h/x"}]}}"#;
    for (reply, exit) in [
        (Reply::json(200, body).content_length(1000), 5),
        (Reply::json(200, body).broken_chunked(), 5),
        (Reply::json(200, &body[..20]).until_close(), 6),
        (Reply::json(200, body).stall_after(10), 5),
        (Reply::json(200, body).stall_after_headers(), 5),
        (Reply::raw("not HTTP at all\r\n\r\n"), 5),
    ] {
        let sandbox = sandbox();
        sandbox.always(reply);
        let outcome = Jdredis::at(&sandbox).args(["--timeout", "2"]).url();
        outcome.failure(exit);
        assert!(outcome.stderr.contains("hint: "), "{outcome:#?}");
    }
}

#[test]
fn a_whole_answer_is_accepted_in_any_framing() {
    let body = r#"{"requestId":"r","result":{"downloadUrls":[{"link":"https://h/x"}]}}"#;
    for reply in [Reply::json(200, body).chunked(7), Reply::json(200, body).until_close()] {
        let sandbox = sandbox();
        sandbox.always(reply);
        assert_eq!(
            Jdredis::at(&sandbox).args(["-o", "plain"]).url().data(),
            "https://h/x\n"
        );
    }
}

#[test]
fn a_body_beyond_the_limit_is_not_read() {
    let sandbox = sandbox();
    sandbox.always(Reply::json(200, vec![b' '; 4 * 1024 * 1024 + 1]));
    Jdredis::at(&sandbox)
        .url()
        .fails_saying(6, &["HTTP 200 with more than 4 MiB"]);
}

#[test]
fn a_compressed_body_that_was_not_asked_for_is_recognised() {
    let sandbox = sandbox();
    sandbox.always(
        Reply::new(200)
            .header("Content-Encoding", "gzip")
            .body([0x1f, 0x8b, 8, 0]),
    );
    Jdredis::at(&sandbox)
        .url()
        .fails_saying(6, &["a compressed body, which was not asked for"]);
}

#[test]
fn redirects_are_never_followed() {
    let other = sandbox();
    for status in [301, 302, 303, 307, 308] {
        let sandbox = sandbox();
        let elsewhere = [format!("{}/x", other.endpoint()), "/v1/x".to_owned()];
        for location in elsewhere {
            sandbox.always(Reply::new(status).header("Location", location));
            Jdredis::at(&sandbox)
                .url()
                .fails_saying(6, &["a redirect, which a signed request must not follow"]);
        }
        assert_eq!(sandbox.requests().len(), 2);
    }
    assert!(other.requests().is_empty());
}
