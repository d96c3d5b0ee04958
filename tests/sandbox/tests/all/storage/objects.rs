//! Whole objects and ranges of them, and links that are valid or not.

use std::collections::HashSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jdredis_sandbox::signature::Denial;
use jdredis_sandbox::{Alteration, Authority, Certificate, Delivery, Reply, Sandbox};

use super::{CLUSTER, exchange, fetch, link, object, receive, request, small, start};
use crate::requests::{ask_for, connect, get};
use crate::tls::session;

#[test]
fn every_link_leads_to_an_object_of_its_own() {
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
fn connections_are_reused_after_objects() {
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
    // Another program may write the same link with other escapes.
    let rewritten = good.replace("%2Fs3%2F", "/s3%2f").replace("1234/", "%31234/");
    assert_eq!(exchange(&sandbox, &rewritten).status, 200);
}

#[test]
fn a_head_request_ends_the_connection() {
    let sandbox = small();
    let head = request(&link(&sandbox), &[]).replace("GET ", "HEAD ");
    let fetched = exchange(&sandbox, &head.replace("Connection: close\r\n", ""));
    assert_eq!((fetched.status, fetched.end), (403, Ok(())));
}

#[test]
fn a_made_backup_can_be_fetched_once_it_has_succeeded() {
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
fn expired_links_are_denied_with_the_set_status() {
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
fn credentials_are_refused_and_recorded() {
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
        let last = refusals.last().expect("it is recorded");
        assert_eq!(last.denial, Denial::StorageRequest);
        assert!(last.reason.contains(name), "{last:?}");
    }
}

#[test]
fn links_have_the_set_scheme_and_host() {
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
