//! Every way a delivery can go wrong, the errors of the storage, and changes of its objects.

use std::io::{ErrorKind, Read, Write};
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use jdredis_sandbox::{Alteration, Delivery, Format, Reply, Sandbox, StorageError};

use super::{CLUSTER, exchange, fetch, link, object, receive, request, small};
use crate::requests::{connect, get};

#[test]
fn errors_have_the_documented_xml() {
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
fn deliveries_end_where_set() {
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
fn deliveries_take_the_time_that_is_set() {
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
    // Dropping the sandbox does not wait for them.
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
fn ranges_go_wrong_as_set() {
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
fn a_delivery_without_an_object_cannot_be_changed() {
    let refine = || Delivery::error(StorageError::SlowDown).cut_after(1);
    assert!(catch_unwind(refine).is_err());
    assert!(catch_unwind(|| Sandbox::builder().object_size(127)).is_err());
}
