//! Scripted replies over real sockets: their order, their framing, and every way they can fail.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use jdredis_sandbox::{Reply, Sandbox};

use crate::requests::{TARGET, ask, connect, get, signed, wire};
use crate::serving::assert_failure;

/// Sends a good request and reads until the connection ends or breaks.
fn exchange(sandbox: &Sandbox) -> (TcpStream, Vec<u8>, Result<(), ErrorKind>) {
    let mut stream = connect(sandbox);
    stream
        .write_all(&wire(&signed(sandbox, TARGET)))
        .expect("the sandbox reads");
    let mut received = Vec::new();
    let outcome = stream
        .read_to_end(&mut received)
        .map(|_| ())
        .map_err(|error| error.kind());
    (stream, received, outcome)
}

/// The bytes after the head.
fn body(received: &[u8]) -> &[u8] {
    let end = received
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("there is a head");
    &received[end + 4..]
}

#[test]
fn scripted_replies_come_first_and_in_order() {
    let sandbox = Sandbox::start();
    sandbox.always(Reply::error(500, "INTERNAL", "always"));
    sandbox.script(vec![
        Reply::new(429)
            .header("Retry-After", "1")
            .header("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        Reply::json(200, "{}"),
        Reply::then_ok(Duration::from_millis(30)),
    ]);
    let ask_once = || ask(&sandbox, &signed(&sandbox, TARGET));
    let first = ask_once();
    assert_eq!((first.status, first.header("retry-after")), (429, Some("1")));
    assert_eq!(first.header("date"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_eq!(first.headers.matches("Date: ").count(), 1, "{first:?}");
    assert_eq!(ask_once().body, "{}");
    let before = Instant::now();
    assert_eq!(ask_once().status, 200);
    assert!(before.elapsed() >= Duration::from_millis(30));
    for _ in 0..2 {
        assert_failure(&ask_once(), 500, "INTERNAL");
    }
    sandbox.unscript();
    assert_eq!(ask_once().status, 200);
}

#[test]
fn scripted_replies_check_the_signature_only_if_set() {
    let sandbox = Sandbox::start();
    sandbox.script(vec![
        Reply::json(200, "{}"),
        Reply::json(200, "{}").verified(),
        Reply::json(200, "{}").verified(),
    ]);
    let bad = |sandbox: &Sandbox| {
        let mut request = signed(sandbox, TARGET);
        request.target.push('5');
        request
    };
    assert_eq!(ask(&sandbox, &bad(&sandbox)).status, 200);
    assert_eq!(ask(&sandbox, &bad(&sandbox)).status, 401);
    let good = signed(&sandbox, TARGET);
    assert_eq!(ask(&sandbox, &good).status, 200);
    // A scripted reply uses the nonce up too.
    assert_eq!(ask(&sandbox, &good).status, 403);
}

#[test]
fn the_service_answers_an_unsigned_request_if_set() {
    let sandbox = Sandbox::start();
    let mut unsigned = signed(&sandbox, TARGET);
    unsigned.headers.retain(|(name, _)| name == "host");
    sandbox.script(vec![Reply::then_ok(Duration::ZERO).unverified()]);
    let answer = ask(&sandbox, &unsigned);
    assert_eq!((answer.status, sandbox.refusals().len()), (200, 0), "{answer:?}");
    assert_eq!(ask(&sandbox, &unsigned).status, 401);
}

#[test]
fn replies_can_end_the_connection() {
    let sandbox = Sandbox::start();
    let cases = [
        (Reply::close(), Ok(())),
        (Reply::reset(), Err(ErrorKind::ConnectionReset)),
        (Reply::raw("\0\x01 no HTTP"), Ok(())),
    ];
    for (reply, expected) in cases {
        let text = format!("{reply:?}");
        let raw: &[u8] = if text.contains("Raw") { b"\0\x01 no HTTP" } else { b"" };
        sandbox.script(vec![reply]);
        let (_, received, outcome) = exchange(&sandbox);
        assert_eq!((received.as_slice(), outcome), (raw, expected), "{text}");
    }
}

#[test]
fn bodies_are_framed_as_set() {
    let sandbox = Sandbox::start();
    let reply = || Reply::json(200, "0123456789");
    let cases: [(Reply, &str, &[u8]); 5] = [
        (reply().content_length(99), "Content-Length: 99", b"0123456789"),
        (reply().until_close(), "Content-Type", b"0123456789"),
        (
            reply().broken_chunked(),
            "Transfer-Encoding: chunked",
            b"a\r\n0123456789\r\nthis is no chunk\r\n",
        ),
        (
            reply().chunked(4).header("Connection", "close"),
            "Transfer-Encoding: chunked",
            b"4\r\n0123\r\n4\r\n4567\r\n2\r\n89\r\n0\r\n\r\n",
        ),
        (
            reply().header("Connection", "close"),
            "Content-Length: 10",
            b"0123456789",
        ),
    ];
    for (reply, header, expected) in cases {
        sandbox.script(vec![reply]);
        let (_, received, outcome) = exchange(&sandbox);
        assert_eq!(outcome, Ok(()));
        let text = String::from_utf8_lossy(&received);
        assert!(text.contains(header), "{header}: {text}");
        assert_eq!(body(&received), expected, "{text}");
        if header == "Content-Type" {
            assert!(
                !text.contains("Content-Length") && !text.contains("Transfer-Encoding"),
                "{text}"
            );
        }
    }
}

#[test]
fn stalled_replies_last_until_the_sandbox_ends() {
    let cases: [(Reply, &[u8]); 3] = [
        (Reply::stall(), b""),
        (Reply::json(200, "0123456789").stall_after_headers(), b""),
        (Reply::json(200, "0123456789").stall_after(4), b"0123"),
    ];
    for (reply, expected) in cases {
        let sandbox = Sandbox::start();
        sandbox.script(vec![reply.clone()]);
        let mut stream = connect(&sandbox);
        stream
            .write_all(&wire(&signed(&sandbox, TARGET)))
            .expect("the sandbox reads");
        assert!(sandbox.wait_for_requests(1, Duration::from_secs(10)));
        stream
            .set_read_timeout(Some(Duration::from_millis(100)))
            .expect("the timeout is not zero");
        let mut received = Vec::new();
        let stalled = stream
            .read_to_end(&mut received)
            .expect_err("nothing ends the connection");
        assert_eq!(stalled.kind(), ErrorKind::WouldBlock, "{reply:?}");
        if reply != Reply::stall() {
            assert_eq!(body(&received), expected, "{reply:?}");
        }
        drop(sandbox);
        assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)), "{reply:?}");
    }
}

#[test]
fn trickled_bodies_take_the_time_that_is_set() {
    let sandbox = Sandbox::start();
    sandbox.script(vec![Reply::json(200, "0123456789").trickle(Duration::from_millis(5))]);
    let before = Instant::now();
    assert_eq!(ask(&sandbox, &signed(&sandbox, TARGET)).body, "0123456789");
    assert!(before.elapsed() >= Duration::from_millis(45));
}

#[test]
fn dropping_the_sandbox_does_not_wait_for_delays() {
    let sandbox = Sandbox::start();
    sandbox.always(Reply::then_ok(Duration::from_secs(3600)));
    let mut stream = connect(&sandbox);
    stream
        .write_all(&wire(&signed(&sandbox, TARGET)))
        .expect("the sandbox reads");
    assert!(sandbox.wait_for_requests(1, Duration::from_secs(10)));
    assert!(!sandbox.wait_for_requests(2, Duration::from_millis(10)));
    let before = Instant::now();
    drop(sandbox);
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[test]
fn replies_are_scripted_for_some_targets() {
    let sandbox = Sandbox::start();
    let page = |number: u32| {
        get(
            &sandbox,
            &format!("/cacheInstance/redis-odd/backup?pageNumber={number}"),
        )
    };
    sandbox.script_for("pageNumber=3", vec![Reply::new(503), Reply::new(502)]);
    sandbox.script_for("pageNumber=", vec![Reply::new(429)]);
    let statuses = [3, 1, 1, 3, 3].map(|number| page(number).status);
    assert_eq!(statuses, [503, 429, 200, 502, 200]);
    sandbox.script_for("pageNumber=3", vec![Reply::new(503)]);
    sandbox.unscript();
    assert_eq!(page(3).status, 200);
}
