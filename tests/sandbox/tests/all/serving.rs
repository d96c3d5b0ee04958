//! The service's answers and refusals over real sockets.

use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::Duration;

use jdredis_sandbox::Sandbox;

use crate::requests::{Answer, TARGET, ask, connect, read_answer, signed, wire};

fn target(region: &str, instance: &str, query: &str) -> String {
    format!("/v1/regions/{region}/cacheInstance/{instance}/backup%3AdescribeDownloadUrl{query}")
}

#[test]
fn the_answer_has_the_documented_shape() {
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
fn every_backup_and_mistake_has_its_answer() {
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
fn unknown_regions_and_methods_fail() {
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
fn refusals_have_the_documented_bodies_and_a_reason() {
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
fn bytes_that_are_not_a_request_get_400() {
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
fn connections_are_reused_and_counted() {
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
fn the_clock_is_off_as_set() {
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
fn keys_and_port_are_as_set() {
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
fn many_connections_are_served_at_once() {
    let sandbox = Sandbox::start();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(ask(&sandbox, &signed(&sandbox, TARGET)).status, 200));
        }
    });
    assert_eq!((sandbox.connections(), sandbox.requests().len()), (16, 16));
}
