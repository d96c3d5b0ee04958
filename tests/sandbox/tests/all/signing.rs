//! The gateway's check: a good request passes, and a request with a single mistake is refused for that
//! mistake.

use jdredis_sandbox::signature::{Denial, NO_REGION, Nonces, Terms, verify};
use jdredis_sandbox::{Keys, Refusal, Request};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::requests::{Draft, SIGNED_HEADERS, TARGET, basic_date};

const NOW: OffsetDateTime = datetime!(2024-01-02 03:04:05 UTC);
const WINDOW: Duration = Duration::minutes(15);
const TOKEN: &str = "a token";
/// `TOKEN` in base64.
const ENCODED_TOKEN: &str = "YSB0b2tlbg==";

fn keys(token: Option<&str>) -> Keys {
    Keys {
        access_key: "ak".to_owned(),
        secret_key: "sk".to_owned(),
        token: token.map(str::to_owned),
    }
}

fn draft() -> Draft {
    Draft::new(TARGET, "redis.jdcloud-api.com", &keys(None), NOW)
}

fn check(request: &Request, keys: &Keys, nonce_is_fresh: bool) -> Result<(), Refusal> {
    verify(
        request,
        &Terms {
            keys,
            now: NOW,
            window: WINDOW,
            nonce_is_fresh,
            wants_raw_token: false,
        },
    )
}

fn set(request: &mut Request, name: &str, value: &str) {
    remove(request, name);
    add(request, name, value);
}

fn add(request: &mut Request, name: &str, value: &str) {
    request.headers.push((name.to_owned(), value.as_bytes().to_vec()));
}

fn remove(request: &mut Request, name: &str) {
    request.headers.retain(|(sent, _)| !sent.eq_ignore_ascii_case(name));
}

/// Edits `Authorization`.
fn edit(request: &mut Request, from: &str, to: &str) {
    let value = request
        .header("authorization")
        .expect("the request is signed")
        .to_owned();
    assert!(value.contains(from), "{value} lacks {from}");
    set(request, "Authorization", &value.replacen(from, to, 1));
}

fn date(draft: &mut Draft, time: OffsetDateTime) {
    draft.date = basic_date(time);
    set(&mut draft.request, "x-jdcloud-date", &draft.date);
}

fn send_token(draft: &mut Draft, value: &str) {
    add(&mut draft.request, "x-jdcloud-security-token", value);
    draft.signed_headers.push_str(";x-jdcloud-security-token");
}

/// The beginning of the refusal's reason, and a mistake that is made before signing.
type DraftCase = (&'static str, fn(&mut Draft));

const MISTAKES_SIGNED: &[DraftCase] = &[
    ("the access key is \"other\" instead of \"ak\"", |draft| {
        draft.keys.access_key = "other".to_owned()
    }),
    ("the signature is ", |draft| draft.keys.secret_key = "other".to_owned()),
    (
        "the scope's region is \"cn-south-1\" instead of \"cn-north-1\"",
        |draft| draft.region = "cn-south-1",
    ),
    (
        "the scope's region is \"jdcloud-api\" instead of \"cn-north-1\"",
        |draft| draft.region = NO_REGION,
    ),
    ("the scope's service is \"vm\" instead of \"redis\"", |draft| {
        draft.service = "vm"
    }),
    ("the path has a : where %3A is signed", |draft| {
        draft.request.target = draft.request.target.replace("%3A", ":");
    }),
    ("the signed headers lack content-type", |draft| {
        draft.signed_headers = SIGNED_HEADERS.replace("content-type;", "")
    }),
    ("the signed headers lack host", |draft| {
        draft.signed_headers = SIGNED_HEADERS.replace("host;", "")
    }),
    ("the signed headers lack x-jdcloud-date", |draft| {
        draft.signed_headers = SIGNED_HEADERS.replace("x-jdcloud-date;", "");
    }),
    ("the signed headers lack x-jdcloud-nonce", |draft| {
        draft.signed_headers = SIGNED_HEADERS.replace(";x-jdcloud-nonce", "");
    }),
    ("the signed headers lack content-type", |draft| {
        draft.signed_headers = SIGNED_HEADERS.replace("content-type", "Content-Type");
    }),
    ("the signed headers are not sorted", |draft| {
        draft.signed_headers = "host;content-type;x-jdcloud-date;x-jdcloud-nonce".to_owned();
    }),
    ("the signed headers are not sorted", |draft| {
        draft.signed_headers = SIGNED_HEADERS.replace("host;", "host;host;");
    }),
    ("there is no header x-not-sent", |draft| {
        draft.signed_headers.push_str(";x-not-sent")
    }),
    (
        "the keys are permanent, and x-jdcloud-security-token is sent",
        |draft| send_token(draft, ENCODED_TOKEN),
    ),
    ("there is no header content-type", |draft| {
        remove(&mut draft.request, "content-type")
    }),
    ("there is no header host", |draft| remove(&mut draft.request, "host")),
    ("there is no header x-jdcloud-date", |draft| {
        remove(&mut draft.request, "x-jdcloud-date")
    }),
    ("there is no header x-jdcloud-nonce", |draft| {
        remove(&mut draft.request, "x-jdcloud-nonce")
    }),
    ("the header host is sent twice", |draft| {
        add(&mut draft.request, "Host", "redis.jdcloud-api.com")
    }),
    ("content-type is \"text/plain\"", |draft| {
        set(&mut draft.request, "content-type", "text/plain")
    }),
    ("x-jdcloud-content-sha256 is sent", |draft| {
        add(&mut draft.request, "X-Jdcloud-Content-Sha256", "")
    }),
    ("x-jdcloud-date is 901 seconds behind", |draft| {
        date(draft, NOW - WINDOW - Duration::SECOND)
    }),
    ("x-jdcloud-date is -901 seconds behind", |draft| {
        date(draft, NOW + WINDOW + Duration::SECOND)
    }),
    ("x-jdcloud-date is not YYYYMMDDTHHmmssZ", |draft| {
        draft.date = "2024-01-02T03:04:05Z".to_owned();
        set(&mut draft.request, "x-jdcloud-date", "2024-01-02T03:04:05Z");
    }),
];

#[test]
fn a_mistake_before_signing_is_refused() {
    for (reason, mistake) in MISTAKES_SIGNED {
        let mut draft = draft();
        mistake(&mut draft);
        let refusal = check(&draft.sign(), &keys(None), true).expect_err(reason);
        assert_eq!(refusal.denial, Denial::SignatureDiffers, "{refusal:?}");
        assert!(refusal.reason.starts_with(reason), "{reason}: {refusal:?}");
    }
}

/// A mistake made after signing, and what the check says of it.
type RequestCase = (&'static str, fn(&mut Request));

const MISTAKES_UNSIGNED: &[RequestCase] = &[
    (
        "the algorithm of Authorization is not JDCLOUD2-HMAC-SHA256",
        |request| {
            edit(request, "JDCLOUD2-HMAC-SHA256", "JDCLOUD3-HMAC-SHA256");
        },
    ),
    (
        "the algorithm of Authorization is not JDCLOUD2-HMAC-SHA256",
        |request| {
            edit(request, "JDCLOUD2-HMAC-SHA256", "JDCLOUD2-HMAC-SHA256-TWO");
        },
    ),
    ("Authorization is not of the documented form", |request| {
        edit(request, ", Sig", ",Sig")
    }),
    ("Authorization is not of the documented form", |request| {
        edit(request, "Credential", "credential")
    }),
    ("Authorization is not of the documented form", |request| {
        edit(request, "SignedHeaders", "Headers")
    }),
    ("Authorization is not of the documented form", |request| {
        edit(request, "Signature", "signature")
    }),
    ("Authorization is not of the documented form", |request| {
        edit(request, "_request,", "_request/more,")
    }),
    ("Authorization is not of the documented form", |request| {
        edit(request, "/jdcloud2_request,", ",")
    }),
    ("Authorization is not of the documented form", |request| {
        edit(request, ", Signature=", ", Signature=, ")
    }),
    ("the header authorization is sent twice", |request| {
        add(request, "authorization", "")
    }),
    ("the scope's terminator is \"aws4_request\"", |request| {
        edit(request, "jdcloud2_request", "aws4_request")
    }),
    ("the scope's day is \"20240103\" instead of \"20240102\"", |request| {
        edit(request, "/20240102/", "/20240103/")
    }),
    ("the signature is ", |request| {
        edit(request, "Signature=", "Signature=0")
    }),
    ("the signature is ", |request| {
        let signature = request
            .header("authorization")
            .and_then(|value| value.split("Signature=").nth(1));
        let signature = signature.expect("the request is signed").to_owned();
        edit(request, &signature, &signature.to_uppercase());
    }),
    ("the signature is ", |request| request.method = "POST".to_owned()),
    ("the signature is ", |request| request.target.push('5')),
    ("the signature is ", |request| {
        request.target = request.target.replace("redis-1234", "redis-1235")
    }),
    ("the signature is ", |request| request.body = b"{}".to_vec()),
    ("the signature is ", |request| set(request, "host", "127.0.0.1")),
    ("the signature is ", |request| {
        set(request, "x-jdcloud-date", "20240102T030406Z")
    }),
    ("the signature is ", |request| {
        set(request, "x-jdcloud-nonce", "10000000-0000-4000-8000-000000000000")
    }),
];

#[test]
fn a_change_after_signing_is_refused() {
    for (reason, mistake) in MISTAKES_UNSIGNED {
        let mut request = draft().sign();
        mistake(&mut request);
        let refusal = check(&request, &keys(None), true).expect_err(reason);
        assert_eq!(refusal.denial, Denial::SignatureDiffers, "{refusal:?}");
        assert!(refusal.reason.starts_with(reason), "{reason}: {refusal:?}");
    }
}

#[test]
fn a_request_without_authorization_gets_its_own_refusal() {
    let refusal = check(&draft().request, &keys(None), true).expect_err("it is not signed");
    assert_eq!(refusal.denial, Denial::LacksAuthorization);
}

#[test]
fn a_token_must_be_in_base64_and_signed() {
    type Case = (Option<&'static str>, fn(&mut Draft));
    let cases: [Case; 4] = [
        (None, |draft| send_token(draft, ENCODED_TOKEN)),
        (
            Some("the keys are temporary, and x-jdcloud-security-token is not sent"),
            |_| {},
        ),
        (
            Some("x-jdcloud-security-token is not the base64 of the token"),
            |draft| send_token(draft, TOKEN),
        ),
        (Some("the signed headers lack x-jdcloud-security-token"), |draft| {
            add(&mut draft.request, "x-jdcloud-security-token", ENCODED_TOKEN);
        }),
    ];
    for (reason, change) in cases {
        let mut draft = draft();
        change(&mut draft);
        match (check(&draft.sign(), &keys(Some(TOKEN)), true), reason) {
            (Ok(()), None) => {}
            (Err(refusal), Some(reason)) => assert!(refusal.reason.starts_with(reason), "{reason}: {refusal:?}"),
            (outcome, _) => panic!("{reason:?}: {outcome:?}"),
        }
    }
}

#[test]
fn a_nonce_must_be_a_random_uuid_that_is_new() {
    let nonces = [
        ("", true),
        ("no-uuid", true),
        ("0000000000004000800000000000000a", true),
        ("00000000-0000-1000-8000-00000000000a", true),
        ("00000000-0000-4000-c000-00000000000a", true),
        ("00000000-0000-4000-8000-00000000000g", true),
        ("+0000000-0000-4000-8000-00000000000a", true),
        ("00000000-0000-4000-8000-00000000000a", false),
    ];
    for (nonce, is_fresh) in nonces {
        let mut draft = draft();
        set(&mut draft.request, "x-jdcloud-nonce", nonce);
        let refusal = check(&draft.sign(), &keys(None), is_fresh).expect_err(nonce);
        assert_eq!(refusal.denial, Denial::NonceUsed, "{nonce}: {refusal:?}");
    }
    let mut seen = Nonces::default();
    let (first, second) = (draft().request, draft().request);
    assert_eq!(
        [&first, &second, &first].map(|request| seen.admit(request)),
        [true, true, false]
    );
}

#[test]
fn good_requests_pass() {
    let cases: [fn(&mut Draft); 7] = [
        |_| {},
        |draft| date(draft, NOW - WINDOW),
        |draft| date(draft, NOW + WINDOW),
        |draft| {
            add(&mut draft.request, "X-More", "  trimmed ");
            draft.signed_headers.push_str(";x-more");
        },
        |draft| {
            draft.request.method = "POST".to_owned();
            draft.request.body = br#"{"fileName":"backup1","backupType":1}"#.to_vec();
        },
        |draft| {
            draft.request.target = "/v1/describeSomething?b=+&a=%2f&a".to_owned();
            draft.region = NO_REGION;
        },
        |draft| {
            set(
                &mut draft.request,
                "x-jdcloud-nonce",
                "A607EFBA-FF06-4D78-BA3C-B3119FCE27FD",
            )
        },
    ];
    for (index, change) in cases.into_iter().enumerate() {
        let mut draft = draft();
        change(&mut draft);
        assert_eq!(check(&draft.sign(), &keys(None), true), Ok(()), "case {index}");
    }
}
