//! The object storage: whole objects and ranges of them, links that work and links that do not,
//! and every way a delivery can go wrong.

use std::collections::HashSet;
use std::io::{ErrorKind, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use jdredis_sandbox::signature::Denial;
use jdredis_sandbox::{Alteration, Authority, Builder, Certificate, Delivery, Format, Reply, Sandbox, StorageError};

use crate::requests::{ask_for, connect, get};
use crate::tls::session;

const CLUSTER: &str = "a607efba-ff06-4d78-ba3c-b3119fce27fd";

/// What came of a request for an object.
#[derive(Debug)]
struct Fetched {
    status: u16,
    head: String,
    body: Vec<u8>,
    /// How the connection ended.
    end: Result<(), ErrorKind>,
}

impl Fetched {
    fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value)
    }

    /// Status and the XML error's code.
    fn error(&self) -> (u16, String) {
        let body = String::from_utf8_lossy(&self.body);
        let code = body
            .split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once("</Code>"));
        (
            self.status,
            code.map_or_else(|| format!("{self:?}"), |(code, _)| code.to_owned()),
        )
    }
}

/// A link without its origin.
fn target(link: &str) -> &str {
    let path = link.match_indices('/').nth(2).map(|(at, _)| at);
    path.map_or(link, |at| &link[at..])
}

/// The bytes of a request by which a client that keeps to the rules fetches a link.
fn request(link: &str, headers: &[(&str, &str)]) -> String {
    let host = link.split('/').nth(2).unwrap_or_default();
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!(
        "GET {} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n",
        target(link)
    )
}

fn receive(stream: &mut impl Read) -> Fetched {
    let mut received = Vec::new();
    let end = stream
        .read_to_end(&mut received)
        .map(|_| ())
        .map_err(|error| error.kind());
    let head_length = received.windows(4).position(|window| window == b"\r\n\r\n");
    let body = received.split_off(head_length.map_or(received.len(), |length| length + 4));
    let head = String::from_utf8(received).expect("the head is text");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Fetched {
        status: status.unwrap_or_default(),
        head,
        body,
        end,
    }
}

fn exchange(sandbox: &Sandbox, request: &str) -> Fetched {
    let mut stream = connect(sandbox);
    stream.write_all(request.as_bytes()).expect("the sandbox reads");
    receive(&mut stream)
}

/// Fetches the documented backup's only object.
fn fetch(sandbox: &Sandbox, headers: &[(&str, &str)]) -> Fetched {
    exchange(sandbox, &request(&link(sandbox), headers))
}

fn link(sandbox: &Sandbox) -> String {
    sandbox.link("redis-1234", "1234", 0)
}

fn object(sandbox: &Sandbox) -> Vec<u8> {
    sandbox.object("redis-1234", "1234", 0)
}

fn start(builder: Builder) -> Sandbox {
    builder.start().expect("a port is free")
}

/// A sandbox with objects of 1000 bytes.
fn small() -> Sandbox {
    start(Sandbox::builder().object_size(1000))
}

#[test]
fn objects_are_what_the_links_lead_to() {
    let sandbox = Sandbox::start();
    let cases = [
        ("redis-1234", "1234", 1),
        ("redis-1234", "bare", 1),
        ("redis-cluster1", CLUSTER, 4),
        ("redis-twins", "twins", 4),
        ("redis-nameless", "nameless", 2),
        ("redis-odd", "odd-00001", 1),
    ];
    let mut seen = HashSet::new();
    for (instance, base_id, nodes) in cases {
        let path = format!("/cacheInstance/{instance}/backup%3AdescribeDownloadUrl?baseId={base_id}");
        let json = get(&sandbox, &path).json();
        let urls = json["result"]["downloadUrls"]
            .as_array()
            .expect("downloadUrls is a list");
        assert_eq!(urls.len(), nodes, "{json}");
        for (node, url) in urls.iter().enumerate() {
            let fetched = exchange(&sandbox, &request(url["link"].as_str().expect("link is text"), &[]));
            assert_eq!((fetched.status, fetched.end), (200, Ok(())), "{}", fetched.head);
            assert!(
                fetched.body == sandbox.object(instance, base_id, node),
                "{base_id} {node}"
            );
            assert!(fetched.body.starts_with(b"REDIS0009"));
            assert_eq!(fetched.header("content-length"), Some("300000"));
            assert_eq!(fetched.header("accept-ranges"), Some("bytes"));
            assert_eq!(fetched.header("last-modified"), Some("Wed, 14 Jul 2021 07:38:27 GMT"));
            assert_eq!(fetched.header("content-range"), None);
            let tag = fetched.header("etag").expect("there is a tag").to_owned();
            assert!(tag.len() == 34 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
            assert!(seen.insert(sandbox.object_sha256(instance, base_id, node)) && seen.insert(tag));
        }
    }
    assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
    let of_storage: Vec<_> = sandbox
        .requests()
        .iter()
        .map(|request| request.is_for_storage())
        .collect();
    assert_eq!(of_storage[..3], [false, true, false]);
}

#[test]
fn connections_are_kept_after_objects() {
    let sandbox = small();
    let mut stream = connect(&sandbox);
    let kept = request(&link(&sandbox), &[]).replace("Connection: close\r\n", "");
    let twice = kept.clone() + &request(&link(&sandbox), &[]);
    stream.write_all(twice.as_bytes()).expect("the sandbox reads");
    let both = receive(&mut stream);
    assert_eq!(both.end, Ok(()));
    assert!(both.body.starts_with(&object(&sandbox)) && both.body.ends_with(&object(&sandbox)));
    assert_eq!(sandbox.connections(), 1);
}

#[test]
fn ranges_are_as_asked_for() {
    let sandbox = small();
    let whole = object(&sandbox);
    let cases = [
        ("bytes=0-", Ok(0..1000)),
        ("bytes=999-", Ok(999..1000)),
        ("bytes=10-19", Ok(10..20)),
        ("bytes=10-5000", Ok(10..1000)),
        ("bytes=-9", Ok(991..1000)),
        ("bytes=-5000", Ok(0..1000)),
        ("bytes=1000-", Err(416)),
        ("bytes=5000-6000", Err(416)),
        ("bytes=-0", Err(416)),
        ("bytes=20-10", Err(200)),
        ("bytes=0-1,5-6", Err(200)),
        ("bytes=x-", Err(200)),
        ("lines=1-", Err(200)),
    ];
    for (range, expected) in cases {
        let fetched = fetch(&sandbox, &[("Range", range)]);
        match expected {
            Ok(expected) => {
                assert_eq!(fetched.status, 206, "{range}");
                let content_range = format!("bytes {}-{}/1000", expected.start, expected.end - 1);
                assert_eq!(fetched.header("content-range"), Some(content_range.as_str()));
                assert_eq!(fetched.body, whole[expected], "{range}");
            }
            Err(416) => {
                assert_eq!(fetched.error(), (416, "InvalidRange".to_owned()), "{range}");
                assert_eq!(fetched.header("content-range"), Some("bytes */1000"));
            }
            Err(_) => assert_eq!((fetched.status, fetched.body), (200, whole.clone()), "{range}"),
        }
    }
}

#[test]
fn conditions_hold_only_for_strong_tags() {
    /// Makes the wanted tag of the object's own.
    type Wanted = fn(&str) -> String;
    let cases: [(&[Alteration], Wanted, u16, u16); 7] = [
        (&[], str::to_owned, 206, 206),
        (&[], |tag| format!("{tag}, \"other\""), 206, 206),
        (&[], |_| "\"other\"".to_owned(), 412, 200),
        (&[], |tag| format!("W/{tag}"), 412, 200),
        (&[Alteration::WeakETag], |tag| format!("W/{tag}"), 412, 200),
        (&[Alteration::NoETag], str::to_owned, 412, 200),
        (&[Alteration::Replace(1000)], str::to_owned, 412, 200),
    ];
    for (alterations, wanted, if_match, if_range) in cases {
        let sandbox = small();
        let tag = fetch(&sandbox, &[]).header("etag").expect("there is a tag").to_owned();
        for alteration in alterations {
            sandbox.alter("redis-1234", "1234", 0, alteration);
        }
        let wanted = wanted(&tag);
        let status = |header| fetch(&sandbox, &[("Range", "bytes=5-"), (header, &wanted)]).status;
        assert_eq!(
            (status("If-Match"), status("If-Range")),
            (if_match, if_range),
            "{alterations:?} {wanted}"
        );
    }
    let sandbox = small();
    let status = |header, value| fetch(&sandbox, &[("Range", "bytes=5-"), (header, value)]).status;
    assert_eq!(status("If-Match", "*"), 206);
    assert_eq!(status("If-Range", "Wed, 14 Jul 2021 07:38:27 GMT"), 206);
    assert_eq!(status("If-Range", "Wed, 14 Jul 2021 07:38:28 GMT"), 200);
    assert_eq!(
        fetch(&sandbox, &[("If-Match", "\"other\"")]).error(),
        (412, "PreconditionFailed".to_owned())
    );
}

#[test]
fn links_work_only_as_they_were_signed() {
    let sandbox = small();
    let good = request(&link(&sandbox), &[]);
    let host = sandbox.address().to_string();
    let cases = [
        ("/redis-1234/", "/redis-1235/", "SignatureDoesNotMatch"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=7200", "SignatureDoesNotMatch"),
        ("X-Amz-Date=2", "X-Amz-Date=3", "SignatureDoesNotMatch"),
        ("%2Fcn-north-1%2F", "%2Fcn-north-2%2F", "SignatureDoesNotMatch"),
        ("%2Fs3%2F", "%2Fs4%2F", "SignatureDoesNotMatch"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512", "SignatureDoesNotMatch"),
        ("SignedHeaders=host", "SignedHeaders=date", "SignatureDoesNotMatch"),
        ("Credential=5A4DB0C", "Credential=6A4DB0C", "SignatureDoesNotMatch"),
        ("X-Amz-Signature=", "X-Amz-Signature=0", "SignatureDoesNotMatch"),
        ("X-Amz-Signature=", "Signature=", "SignatureDoesNotMatch"),
        ("&X-Amz-Signature=", "&more=1&X-Amz-Signature=", "SignatureDoesNotMatch"),
        ("GET ", "POST ", "SignatureDoesNotMatch"),
        ("GET ", "HEAD ", "SignatureDoesNotMatch"),
        (&host, "localhost:1", "SignatureDoesNotMatch"),
    ];
    for (from, to, code) in cases {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        assert_eq!(
            exchange(&sandbox, &changed).error(),
            (403, code.to_owned()),
            "{from} {to}"
        );
    }
    assert_eq!(sandbox.refusals().len(), cases.len());
    assert!(
        sandbox
            .refusals()
            .iter()
            .all(|refusal| refusal.denial == Denial::StorageRequest)
    );
    assert_eq!(exchange(&sandbox, &good).status, 200);
    // The same link, as another program may write it.
    let rewritten = good.replace("%2Fs3%2F", "/s3%2f").replace("1234/", "%31234/");
    assert_eq!(exchange(&sandbox, &rewritten).status, 200);
}

#[test]
fn heads_end_the_connection() {
    let sandbox = small();
    let head = request(&link(&sandbox), &[]).replace("GET ", "HEAD ");
    let fetched = exchange(&sandbox, &head.replace("Connection: close\r\n", ""));
    assert_eq!((fetched.status, fetched.end), (403, Ok(())));
}

#[test]
fn made_backups_can_be_fetched_once_they_succeeded() {
    let sandbox = small();
    let body = r#"{"fileName":"mine","backupType":1}"#;
    let backups = "/cacheInstance/redis-cluster1/backup";
    let made = ask_for(&sandbox, "POST", "cn-south-1", backups, body).json();
    let base_id = made["result"]["baseId"].as_str().expect("baseId is text");
    let link = || sandbox.link("redis-cluster1", base_id, 3);
    assert!(catch_unwind(AssertUnwindSafe(link)).is_err());
    assert_eq!(ask_for(&sandbox, "GET", "cn-south-1", backups, "").status, 200);
    let link = link();
    let fetched = exchange(&sandbox, &request(&link, &[]));
    assert_eq!(
        (fetched.status, fetched.body),
        (200, sandbox.object("redis-cluster1", base_id, 3))
    );
    sandbox.alter("redis-cluster1", base_id, 3, &Alteration::Delete);
    assert_eq!(
        exchange(&sandbox, &request(&link, &[])).error(),
        (404, "NoSuchKey".to_owned())
    );
    assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
}

#[test]
fn expired_links_are_denied_as_told() {
    let denied = |status| (status, "AccessDenied".to_owned());
    for status in [403, 400] {
        let sandbox = start(Sandbox::builder().link_lifetime(0).expired_link_status(status));
        let fetched = fetch(&sandbox, &[]);
        assert_eq!(fetched.error(), denied(status));
        assert!(String::from_utf8_lossy(&fetched.body).contains("<Message>Request has expired</Message>"));
    }
    let sandbox = small();
    let old = request(&link(&sandbox), &[]);
    assert_eq!(exchange(&sandbox, &old).status, 200);
    sandbox.expire_links();
    assert_eq!(exchange(&sandbox, &old).error(), denied(403));
    let new = request(&link(&sandbox), &[]);
    assert_eq!(exchange(&sandbox, &new).status, 200);
    sandbox.deliver("", vec![Delivery::normal().expiring_links()]);
    assert_eq!(exchange(&sandbox, &new).error(), denied(403));
    assert_eq!(fetch(&sandbox, &[]).status, 200);
    assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
}

#[test]
fn credentials_are_refused_and_noted() {
    let sandbox = small();
    sandbox.always_deliver(Delivery::reply(Reply::new(200)));
    for (name, value) in [
        ("Authorization", "Basic dTpw"),
        ("X-JDCloud-Nonce", "1"),
        ("cookie", "a=b"),
    ] {
        let fetched = fetch(&sandbox, &[(name, value)]);
        assert_eq!(fetched.error(), (400, "InvalidArgument".to_owned()), "{name}");
        let refusals = sandbox.refusals();
        let last = refusals.last().expect("it is noted");
        assert_eq!(last.denial, Denial::StorageRequest);
        assert!(last.reason.contains(name), "{last:?}");
    }
}

#[test]
fn errors_are_xml_in_the_documented_shape() {
    let sandbox = small();
    let cases = [
        (StorageError::AccessDenied, 403, "AccessDenied"),
        (StorageError::Expired, 403, "AccessDenied"),
        (StorageError::SignatureDoesNotMatch, 403, "SignatureDoesNotMatch"),
        (StorageError::NoSuchKey, 404, "NoSuchKey"),
        (StorageError::PreconditionFailed, 412, "PreconditionFailed"),
        (StorageError::InvalidRange, 416, "InvalidRange"),
        (StorageError::InvalidArgument, 400, "InvalidArgument"),
        (StorageError::SlowDown, 400, "SlowDown"),
        (StorageError::RequestTimeTooSkewed, 400, "RequestTimeTooSkewed"),
        (StorageError::InternalError, 500, "InternalError"),
    ];
    for (error, status, code) in cases {
        sandbox.deliver("", vec![Delivery::error(error)]);
        let fetched = fetch(&sandbox, &[]);
        assert_eq!(fetched.error(), (status, code.to_owned()));
        assert_eq!(fetched.header("content-type"), Some("application/xml"));
        let body = String::from_utf8_lossy(&fetched.body);
        let start = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>");
        let middle =
            "</Message><Resource>/jmiss-redis-backup-hb/redis-1234/20210714153657-backup1-0</Resource><RequestId>";
        assert!(
            body.starts_with(&start) && body.contains(middle) && body.ends_with("</RequestId></Error>"),
            "{body}"
        );
    }
    assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
}

#[test]
fn deliveries_come_in_order_and_for_their_objects() {
    let sandbox = small();
    let page = Reply::new(200).header("Content-Type", "text/html").body("<html>");
    let redirect = Reply::new(302).header("Location", "http://127.0.0.2:1/");
    sandbox.deliver(
        "backup4-2",
        vec![Delivery::error(StorageError::SlowDown), Delivery::reply(redirect)],
    );
    sandbox.deliver("", vec![Delivery::reply(page)]);
    sandbox.script(vec![Reply::new(503)]);
    let status = |node| {
        let link = sandbox.link("redis-cluster1", CLUSTER, node);
        exchange(&sandbox, &request(&link, &[])).status
    };
    assert_eq!([2, 0, 1, 2, 2].map(status), [400, 200, 200, 302, 200]);
    sandbox.always_deliver(Delivery::error(StorageError::InternalError));
    assert_eq!([0, 1].map(status), [500, 500]);
    sandbox.deliver_normally();
    assert_eq!(status(0), 200);
    // Replies for the API are not for the storage.
    assert_eq!(get(&sandbox, "/cacheInstance").status, 503);
    assert_eq!(get(&sandbox, "/cacheInstance").status, 200);
}

#[test]
fn deliveries_end_where_told() {
    let sandbox = Sandbox::start();
    let whole = object(&sandbox);
    let cases = [
        (Delivery::normal().cut_after(70_000), 70_000, Ok(())),
        (Delivery::normal().cut_after(0), 0, Ok(())),
        (Delivery::normal().cut_after(300_000), 300_000, Ok(())),
        (Delivery::normal().stall_after(300_000), 300_000, Ok(())),
        (Delivery::normal().cut_after(400_000), 300_000, Ok(())),
        (Delivery::normal().cut_after(1).cut_after(2), 2, Ok(())),
    ];
    for (delivery, count, end) in cases {
        sandbox.deliver("", vec![delivery.clone()]);
        let fetched = fetch(&sandbox, &[]);
        assert_eq!((fetched.body.len(), fetched.end), (count, end), "{delivery:?}");
        assert_eq!(fetched.header("content-length"), Some("300000"));
        assert!(fetched.body == whole[..count]);
    }
    sandbox.deliver("", vec![Delivery::normal().cut_after(10)]);
    assert_eq!(fetch(&sandbox, &[("Range", "bytes=100-")]).body, whole[100..110]);
    sandbox.deliver("", vec![Delivery::normal().reset_after(10)]);
    assert_eq!(fetch(&sandbox, &[]).end, Err(ErrorKind::ConnectionReset));
}

#[test]
fn deliveries_stall_until_the_sandbox_ends() {
    let sandbox = Sandbox::start();
    let whole = object(&sandbox);
    sandbox.deliver("", vec![Delivery::normal().stall_after(1000)]);
    let mut stream = connect(&sandbox);
    stream
        .write_all(request(&link(&sandbox), &[]).as_bytes())
        .expect("the sandbox reads");
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .expect("the timeout is not zero");
    let fetched = receive(&mut stream);
    assert_eq!(
        (fetched.end, fetched.body.as_slice()),
        (Err(ErrorKind::WouldBlock), &whole[..1000])
    );
    drop(sandbox);
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn deliveries_take_their_time() {
    let sandbox = small();
    let cases = [
        (Delivery::normal().throttle(10_000), 90),
        (Delivery::normal().delay(Duration::from_millis(50)), 50),
        (Delivery::reply(Reply::then_ok(Duration::from_millis(50))), 50),
        (
            Delivery::error(StorageError::SlowDown).delay(Duration::from_millis(50)),
            50,
        ),
    ];
    for (delivery, least) in cases {
        sandbox.deliver("", vec![delivery.clone()]);
        let before = Instant::now();
        fetch(&sandbox, &[]);
        assert!(before.elapsed() >= Duration::from_millis(least), "{delivery:?}");
    }
    // Ending does not wait for them.
    sandbox.always_deliver(Delivery::normal().throttle(1));
    let mut stream = connect(&sandbox);
    stream
        .write_all(request(&link(&sandbox), &[]).as_bytes())
        .expect("the sandbox reads");
    stream.read_exact(&mut [0]).expect("the head comes at once");
    let before = Instant::now();
    drop(sandbox);
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[test]
fn ranges_go_wrong_as_told() {
    let sandbox = small();
    let whole = object(&sandbox);
    let cases = [
        (Delivery::normal().ignoring_range(), 200, None, 0..1000),
        (
            Delivery::normal().starting_later(7),
            206,
            Some("bytes 107-999/1000"),
            107..1000,
        ),
        (
            Delivery::normal().claiming_range("bytes 0-899/1000"),
            206,
            Some("bytes 0-899/1000"),
            100..1000,
        ),
    ];
    for (delivery, status, content_range, expected) in cases {
        sandbox.deliver("", vec![delivery.clone()]);
        let fetched = fetch(&sandbox, &[("Range", "bytes=100-")]);
        assert_eq!(
            (fetched.status, fetched.header("content-range")),
            (status, content_range),
            "{delivery:?}"
        );
        assert_eq!(fetched.body, whole[expected], "{delivery:?}");
    }
}

#[test]
fn alterations_last() {
    let tag_of = |sandbox: &Sandbox| fetch(sandbox, &[]).header("etag").map(str::to_owned);
    let original = object(&small());
    let original_tag = tag_of(&small());
    let mut flipped = original.clone();
    flipped[5] ^= 1;
    let mut unchecked = original.clone();
    unchecked[992..].fill(0);
    let mut unchecked_and_flipped = unchecked.clone();
    unchecked_and_flipped[5] ^= 1;
    let cases = [
        (vec![Alteration::FlipBit(5)], flipped, true),
        (vec![Alteration::Truncate(900)], original[..900].to_vec(), true),
        (vec![Alteration::Format(Format::RdbWithoutChecksum)], unchecked, true),
        (
            vec![Alteration::Format(Format::RdbWithoutChecksum), Alteration::FlipBit(5)],
            unchecked_and_flipped,
            true,
        ),
        (vec![Alteration::ReplaceBy(b"REDIS".to_vec())], b"REDIS".to_vec(), false),
        (vec![Alteration::ReplaceBy(Vec::new())], Vec::new(), false),
        (
            vec![
                Alteration::Format(Format::RdbWithoutChecksum),
                Alteration::Format(Format::Rdb),
            ],
            original.clone(),
            true,
        ),
        (
            vec![Alteration::FlipBit(5), Alteration::ReplaceBy(b"REDIS?".to_vec())],
            b"REDIS?".to_vec(),
            false,
        ),
    ];
    for (alterations, expected, keeps_tag) in cases {
        let (before, within) = (small(), small());
        for alteration in &alterations {
            before.alter("redis-1234", "1234", 0, alteration);
        }
        let altering = |delivery, alteration: &Alteration| Delivery::altering(delivery, alteration.clone());
        within.deliver("", vec![alterations.iter().fold(Delivery::normal(), altering)]);
        for sandbox in [before, within] {
            for _ in 0..2 {
                let fetched = fetch(&sandbox, &[]);
                assert_eq!((fetched.status, &fetched.body), (200, &expected), "{alterations:?}");
                assert_eq!(
                    fetched.header("etag") == original_tag.as_deref(),
                    keeps_tag,
                    "{alterations:?}"
                );
            }
            assert_eq!(object(&sandbox), expected);
            assert_ne!(sandbox.object("redis-1234", "newest", 0), expected);
        }
    }
    for size in [1000, 2000] {
        let sandbox = small();
        sandbox.alter("redis-1234", "1234", 0, &Alteration::Replace(size));
        let replaced = fetch(&sandbox, &[]);
        assert_eq!(replaced.body.len() as u64, size);
        assert_ne!(replaced.body[100..], original[100..]);
        assert_ne!(replaced.header("etag"), original_tag.as_deref());
        assert_eq!(replaced.header("last-modified"), Some("Thu, 15 Jul 2021 07:38:27 GMT"));
    }
    let sandbox = small();
    sandbox.alter("redis-1234", "1234", 0, &Alteration::WeakETag);
    assert_eq!(tag_of(&sandbox), original_tag.map(|tag| format!("W/{tag}")));
    sandbox.alter("redis-1234", "1234", 0, &Alteration::Replace(1000));
    assert!(tag_of(&sandbox).is_some_and(|tag| tag.starts_with("W/")));
    sandbox.alter("redis-1234", "1234", 0, &Alteration::NoETag);
    assert_eq!(tag_of(&sandbox), None);
}

#[test]
fn deliveries_of_no_object_cannot_be_refined() {
    let refine = || Delivery::error(StorageError::SlowDown).cut_after(1);
    assert!(catch_unwind(refine).is_err());
    assert!(catch_unwind(|| Sandbox::builder().object_size(127)).is_err());
}

#[test]
fn links_say_what_is_told() {
    let authority = Authority::new();
    let tls = || Sandbox::builder().tls(authority.issue(Certificate::Good));
    let cases = [
        (Sandbox::builder(), "http://127.0.0.1:"),
        (tls(), "https://127.0.0.1:"),
        (tls().links_say_http(true), "http://127.0.0.1:"),
        (Sandbox::builder().link_host("localhost"), "http://localhost:"),
    ];
    for (builder, expected) in cases {
        let sandbox = start(builder);
        let link = link(&sandbox);
        let origin = format!("{expected}{}/jmiss-redis-backup-hb/", sandbox.address().port());
        assert!(link.starts_with(&origin), "{link}");
    }
    let local = start(Sandbox::builder().link_host("localhost"));
    assert_eq!(fetch(&local, &[]).status, 200);
}

#[test]
fn objects_are_delivered_over_https() {
    let authority = Authority::new();
    let builder = Sandbox::builder()
        .tls(authority.issue(Certificate::Good))
        .links_say_http(true);
    let sandbox = start(builder);
    let mut session = session(&sandbox, &authority.pem(), "127.0.0.1").expect("the host is valid");
    session
        .write_all(request(&link(&sandbox), &[]).as_bytes())
        .expect("the sandbox reads");
    let fetched = receive(&mut session);
    assert_eq!((fetched.status, fetched.end), (200, Ok(())));
    assert!(fetched.body == object(&sandbox));
}

#[test]
fn large_objects_are_known_at_any_offset() {
    let sandbox = start(Sandbox::builder().object_size(1 << 32));
    let end = fetch(&sandbox, &[("Range", "bytes=-9")]);
    assert_eq!(
        end.header("content-range"),
        Some("bytes 4294967287-4294967295/4294967296")
    );
    assert_eq!((end.body.len(), end.body[0]), (9, 0xff));
}
