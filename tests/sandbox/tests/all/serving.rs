//! The sandbox's answers over real sockets: the service's, the refusals, and every scripted one.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use jdredis_sandbox::{Reply, Sandbox};

use crate::requests::{Answer, TARGET, ask, connect, read_answer, signed, wire};

fn target(region: &str, instance: &str, query: &str) -> String {
    format!("/v1/regions/{region}/cacheInstance/{instance}/backup%3AdescribeDownloadUrl{query}")
}

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

/// The body after the head, whatever the head says of it.
fn body(received: &[u8]) -> &[u8] {
    let end = received
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("there is a head");
    &received[end + 4..]
}

#[test]
fn answers_in_the_documented_shape() {
    let sandbox = Sandbox::start();
    let answer = ask(&sandbox, &signed(&sandbox, TARGET));
    assert_eq!(answer.status, 200, "{answer:?} {:?}", sandbox.refusals());
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert!(
        answer.header("date").is_some_and(|date| date.ends_with(" GMT")),
        "{answer:?}"
    );
    let json = answer.json();
    assert_eq!(answer.header("x-jdcloud-request-id"), json["requestId"].as_str());
    let urls = json["result"]["downloadUrls"]
        .as_array()
        .expect("downloadUrls is a list");
    let fields: Vec<_> = urls
        .iter()
        .flat_map(|url| url.as_object().expect("an object").keys())
        .collect();
    assert_eq!(fields, ["internalLink", "link", "name"]);
    assert_eq!(urls[0]["name"], "node 0");
    let link = urls[0]["link"].as_str().expect("link is text");
    let path = "/jmiss-redis-backup-hb/redis-1234/20210714153657-backup1-0?X-Amz-Algorithm=";
    assert!(link.starts_with(&format!("{}{path}", sandbox.endpoint())), "{link}");
    assert_eq!(sandbox.requests().len(), 1);
    assert_eq!(sandbox.requests()[0].target, TARGET);
}

#[test]
fn answers_for_every_backup_region_and_mistake() {
    let sandbox = Sandbox::start();
    let cluster = "?baseId=a607efba-ff06-4d78-ba3c-b3119fce27fd";
    let cases = [
        ("cn-north-1", "redis-cluster1", cluster, Ok(4)),
        ("cn-north-1", "redis-1234", "?baseId=no-internal", Ok(1)),
        ("cn-north-1", "redis-1234", "?baseId=empty", Ok(0)),
        ("cn-north-1", "redis-1234", "?baseId=%31234", Ok(1)),
        ("cn-north-1", "redis-1234", "?baseId=9", Err((404, "NOT_FOUND"))),
        ("cn-north-1", "redis-1234", cluster, Err((404, "NOT_FOUND"))),
        ("cn-north-1", "redis-9", "?baseId=1234", Err((404, "NOT_FOUND"))),
        ("cn-north-1", "redis-1234", "", Err((400, "INVALID_ARGUMENT"))),
        ("cn-north-1", "redis-1234", "?baseId=", Err((400, "INVALID_ARGUMENT"))),
    ];
    for (region, instance, query, expected) in cases {
        let answer = ask(&sandbox, &signed(&sandbox, &target(region, instance, query)));
        match expected {
            Ok(count) => {
                let json = answer.json();
                let urls = json["result"]["downloadUrls"]
                    .as_array()
                    .expect("downloadUrls is a list");
                assert_eq!(urls.len(), count, "{answer:?}");
                assert!(
                    urls.iter()
                        .all(|url| url.get("internalLink").is_some() != query.contains("no-internal"))
                );
            }
            Err((status, name)) => assert_failure(&answer, status, name),
        }
    }
    assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
}

pub(crate) fn assert_failure(answer: &Answer, status: u16, name: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let error = &answer.json()["error"];
    assert_eq!(
        (error["code"].as_u64(), error["status"].as_str()),
        (Some(status.into()), Some(name)),
        "{answer:?}"
    );
    assert_eq!(
        answer.header("x-jdcloud-request-id"),
        answer.json()["requestId"].as_str(),
        "{answer:?}"
    );
}

#[test]
fn regions_and_methods_it_does_not_know_fail() {
    let sandbox = Sandbox::start();
    let draft = |region: &'static str, method: &str| {
        let mut draft = crate::requests::Draft::new(
            &target(region, "redis-1234", "?baseId=1234"),
            &sandbox.address().to_string(),
            sandbox.keys(),
            time::OffsetDateTime::now_utc(),
        );
        draft.region = region;
        draft.request.method = method.to_owned();
        draft.sign()
    };
    for region in ["cn-north-1", "cn-south-1", "cn-east-2", "cn-east-1"] {
        assert_eq!(ask(&sandbox, &draft(region, "GET")).status, 200, "{region}");
    }
    assert_failure(&ask(&sandbox, &draft("cn-west-1", "GET")), 400, "INVALID_ARGUMENT");
    assert_failure(&ask(&sandbox, &draft("cn-north-1", "POST")), 404, "NOT_FOUND");
}

#[test]
fn refusals_have_the_documented_bodies_and_are_kept_in_words() {
    let sandbox = Sandbox::start();
    let good = signed(&sandbox, TARGET);
    let mut unsigned = good.clone();
    unsigned.headers.retain(|(name, _)| name != "Authorization");
    // Takes a nonce of its own, so that the good one is still fresh.
    let mut wrong = signed(&sandbox, TARGET);
    wrong.target.push('5');
    unsigned.headers.retain(|(name, _)| name != "x-jdcloud-nonce");
    let missing = ask(&sandbox, &unsigned);
    assert_failure(&missing, 401, "ACCESS_ERROR");
    assert!(
        missing
            .body
            .contains(r#""error":{"status":"ACCESS_ERROR","code":401,"message":"lack of header authorization[gw]"}}"#)
    );
    let differs = ask(&sandbox, &wrong);
    assert_failure(&differs, 401, "ACCESS_ERROR");
    assert!(differs.body.starts_with(
        r#"{"error":{"message":"sign result is not same [gw]","status":"ACCESS_ERROR","code":401},"requestId":""#
    ));
    assert_eq!(ask(&sandbox, &good).status, 200);
    let reused = ask(&sandbox, &good);
    assert_failure(&reused, 403, "HTTP_FORBIDDEN");
    assert!(reused.body.starts_with(
        r#"{"error":{"message":"please use different noncestr [gw]","status":"HTTP_FORBIDDEN","code":403},"#
    ));
    let reasons: Vec<_> = sandbox.refusals().into_iter().map(|refusal| refusal.reason).collect();
    assert_eq!(reasons.len(), 3);
    assert!(reasons[0].contains("no Authorization"));
    assert!(reasons[1].contains("--- canonical request\nGET\n"));
    assert!(reasons[2].contains("an earlier request"));
}

#[test]
fn what_is_no_request_gets_400() {
    let sandbox = Sandbox::start();
    let long = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(64 * 1024));
    let cases = [
        "garbage\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
        long,
    ];
    for bytes in &cases {
        let mut stream = connect(&sandbox);
        stream.write_all(bytes.as_bytes()).expect("the sandbox reads");
        assert_failure(&read_answer(&mut stream), 400, "HTTP_BAD_REQUEST");
    }
    assert_eq!(sandbox.refusals().len(), cases.len());
}

#[test]
fn connections_are_kept_and_counted() {
    let sandbox = Sandbox::start();
    let mut stream = connect(&sandbox);
    for _ in 0..3 {
        stream
            .write_all(&wire(&signed(&sandbox, TARGET)))
            .expect("the sandbox reads");
        assert_eq!(read_answer(&mut stream).status, 200);
    }
    assert_eq!(ask(&sandbox, &signed(&sandbox, TARGET)).status, 200);
    assert_eq!(sandbox.connections(), 2);
    let connections: Vec<_> = sandbox.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 0, 1]);

    let mut last = signed(&sandbox, TARGET);
    last.headers.push(("Connection".to_owned(), b"close".to_vec()));
    stream.write_all(&wire(&last)).expect("the sandbox reads");
    assert_eq!(read_answer(&mut stream).status, 200);
    assert_eq!(stream.read(&mut [0]).expect("the end is orderly"), 0);
}

#[test]
fn bodies_are_received() {
    let sandbox = Sandbox::start();
    let mut request = signed(&sandbox, TARGET);
    request.method = "POST".to_owned();
    request.body = br#"{"fileName":"backup1"}"#.to_vec();
    request.headers.push(("Content-Length".to_owned(), b"22".to_vec()));
    assert_eq!(ask(&sandbox, &request).status, 401);
    assert_eq!(sandbox.requests(), [request]);
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
fn scripted_replies_check_the_signature_only_when_told() {
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
fn the_service_answers_an_unsigned_request_when_told() {
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
fn bodies_are_framed_as_told() {
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
fn trickled_bodies_take_their_time() {
    let sandbox = Sandbox::start();
    sandbox.script(vec![Reply::json(200, "0123456789").trickle(Duration::from_millis(5))]);
    let before = Instant::now();
    assert_eq!(ask(&sandbox, &signed(&sandbox, TARGET)).body, "0123456789");
    assert!(before.elapsed() >= Duration::from_millis(45));
}

#[test]
fn ending_does_not_wait_for_delays() {
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
fn the_clock_is_as_far_off_as_told() {
    let late = Sandbox::builder().clock_offset(3600).start().expect("a port is free");
    let answer = ask(&late, &signed(&late, TARGET));
    assert_eq!(answer.status, 401);
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let date = time::PrimitiveDateTime::parse(answer.header("date").expect("a date is sent"), format);
    let ahead = date.expect("the date is HTTP's").assume_utc() - time::OffsetDateTime::now_utc();
    assert!((3590..=3600).contains(&ahead.whole_seconds()), "{ahead}");

    let lenient = Sandbox::builder()
        .clock_offset(-3600)
        .clock_window(Duration::from_secs(3700))
        .start();
    let lenient = lenient.expect("a port is free");
    assert_eq!(ask(&lenient, &signed(&lenient, TARGET)).status, 200);
}

#[test]
fn keys_and_port_are_as_told() {
    let sandbox = Sandbox::builder()
        .keys("other", "secret", None)
        .start()
        .expect("a port is free");
    assert_eq!(sandbox.endpoint(), format!("http://{}", sandbox.address()));
    assert_eq!(ask(&sandbox, &signed(&sandbox, TARGET)).status, 200);
    let taken = Sandbox::builder().port(sandbox.address().port()).start();
    assert_eq!(taken.expect_err("the port is taken").kind(), ErrorKind::AddrInUse);
}

#[test]
fn many_connections_at_once() {
    let sandbox = Sandbox::start();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(ask(&sandbox, &signed(&sandbox, TARGET)).status, 200));
        }
    });
    assert_eq!((sandbox.connections(), sandbox.requests().len()), (16, 16));
}
