//! JDCLOUD2-HMAC-SHA256, the signature of every request: its steps one by one, and the check of the
//! gateway in front of the service. It is one file because the check repeats the steps.
//!
//! The steps follow JD Cloud's specification
//! (<https://docs.jdcloud.com/cn/common-declaration/api/authorization-rules>). The
//! gateway's three answers to refused requests are documented ([`Denial`]); which mistake gets which of
//! them is known for the plain cases only, and how far clocks may differ is not known.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::encoding::{
    derive_key, hex, hmac_sha256, percent_decode, percent_encode, query_pairs, sha256_hex, sorted_query,
};
use crate::http::Request;

/// The algorithm's name, first in the `Authorization` header and in the string to sign.
pub const ALGORITHM: &str = "JDCLOUD2-HMAC-SHA256";
/// The end of a credential scope.
pub const TERMINATOR: &str = "jdcloud2_request";
/// The service's name in the credential scope of a cache-Redis request.
pub const SERVICE: &str = "redis";
/// The region in the credential scope of a request whose path has none.
pub const NO_REGION: &str = "jdcloud-api";

/// `x-jdcloud-date` and `X-Amz-Date`: `YYYYMMDDTHHmmssZ`, UTC.
pub(crate) const BASIC_DATE: &[FormatItem<'static>] = format_description!("[year][month][day]T[hour][minute][second]Z");

/// The headers that a request must sign, sorted as `SignedHeaders` lists them.
const REQUIRED_HEADERS: [&str; 4] = ["content-type", "host", "x-jdcloud-date", "x-jdcloud-nonce"];
const TOKEN_HEADER: &str = "x-jdcloud-security-token";

/// A key pair, and the token that goes with it when it is temporary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The access key ID, sent in the clear.
    pub access_key: String,
    /// The secret access key, never sent.
    pub secret_key: String,
    /// The session token of temporary credentials, raw: requests carry its base64.
    pub token: Option<String>,
}

/// The inputs of a signature besides the request itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters<'a> {
    /// The secret access key.
    pub secret_key: &'a str,
    /// The request's date: `YYYYMMDDTHHmmssZ`, UTC.
    pub date: &'a str,
    /// The scope's region, such as `cn-north-1`.
    pub region: &'a str,
    /// The scope's service, [`SERVICE`] for cache-Redis.
    pub service: &'a str,
    /// The names of the headers signed: lower case, sorted, joined by `;`.
    pub signed_headers: &'a str,
}

impl Parameters<'_> {
    /// The date's day, `YYYYMMDD`.
    fn day(&self) -> &str {
        self.date.get(..8).unwrap_or(self.date)
    }
}

/// Every value on the way to a signature, each to be compared on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    /// See [`canonical_request`].
    pub canonical_request: String,
    /// See [`string_to_sign`].
    pub string_to_sign: String,
    /// See [`signing_key`].
    pub signing_key: Vec<u8>,
    /// The signature in lower-case hexadecimal.
    pub signature: String,
}

/// Signs a request.
#[must_use]
pub fn steps(request: &Request, parameters: &Parameters<'_>) -> Steps {
    let canonical_request = canonical_request(request, parameters.signed_headers);
    let string_to_sign = string_to_sign(&canonical_request, parameters);
    let signing_key = signing_key(parameters);
    let signature = hex(&hmac_sha256(&signing_key, string_to_sign.as_bytes()));
    Steps {
        canonical_request,
        string_to_sign,
        signing_key,
        signature,
    }
}

/// The path with each segment decoded and encoded once, so that `:` and `%3A` both become `%3A`.
/// An empty path is `/`.
#[must_use]
pub fn canonical_path(path: &str) -> String {
    let encode = |segment| percent_encode(&percent_decode(segment), b"");
    let encoded = path.split('/').map(encode).collect::<Vec<_>>().join("/");
    if encoded.is_empty() { "/".to_owned() } else { encoded }
}

/// The query, given as sent without its `?`: decoded, sorted by name and then value as bytes, and
/// encoded once. A parameter without a value is `name=`.
#[must_use]
pub fn canonical_query(query: &str) -> String {
    sorted_query(query_pairs(query))
}

/// The lines `name:value` of the signed headers in the order listed, values trimmed, each line
/// ended. A header that the request lacks has an empty value.
#[must_use]
pub fn canonical_headers(request: &Request, signed_headers: &str) -> String {
    let mut lines = String::new();
    for name in signed_headers.split(';') {
        let value = request.header_values(name).next().unwrap_or_default();
        lines.push_str(name);
        lines.push(':');
        lines.push_str(String::from_utf8_lossy(value).trim());
        lines.push('\n');
    }
    lines
}

/// The canonical request: method, canonical path, canonical query, canonical headers, the list of
/// signed headers and the body's SHA-256, on lines of their own.
#[must_use]
pub fn canonical_request(request: &Request, signed_headers: &str) -> String {
    format!(
        "{}\n{}\n{}\n{}\n{signed_headers}\n{}",
        request.method,
        canonical_path(request.path()),
        canonical_query(request.query()),
        canonical_headers(request, signed_headers),
        sha256_hex(&request.body),
    )
}

/// The string to sign: algorithm, date, credential scope and the canonical request's SHA-256, on
/// lines of their own.
#[must_use]
pub fn string_to_sign(canonical_request: &str, parameters: &Parameters<'_>) -> String {
    let Parameters {
        date, region, service, ..
    } = parameters;
    format!(
        "{ALGORITHM}\n{date}\n{}/{region}/{service}/{TERMINATOR}\n{}",
        parameters.day(),
        sha256_hex(canonical_request.as_bytes()),
    )
}

/// The signing key: from the secret key by way of day, region, service and terminator.
#[must_use]
pub fn signing_key(parameters: &Parameters<'_>) -> Vec<u8> {
    let secret = format!("JDCLOUD2{}", parameters.secret_key);
    derive_key(
        secret.as_bytes(),
        &[parameters.day(), parameters.region, parameters.service, TERMINATOR],
    )
}

/// The answer that a refused request gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// 401 ACCESS_ERROR, `lack of header authorization[gw]`.
    LacksAuthorization,
    /// 401 ACCESS_ERROR, `sign result is not same [gw]`.
    SignatureDiffers,
    /// 403 HTTP_FORBIDDEN, `please use different noncestr [gw]`.
    NonceUsed,
    /// 400 HTTP_BAD_REQUEST: the bytes are no HTTP request.
    BadRequest,
    /// 400 or 403 of the object storage: the link was not used as it was made, or credentials were
    /// sent along with it.
    StorageRequest,
}

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The answer that the client gets.
    pub denial: Denial,
    /// The mistake in the request, for the test to read. The client does not get it.
    pub reason: String,
}

fn differs<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal {
        denial: Denial::SignatureDiffers,
        reason: reason.into(),
    })
}

/// The nonces of all requests so far.
#[derive(Debug, Clone, Default)]
pub struct Nonces(HashSet<u128>);

impl Nonces {
    /// Records the request's nonce and returns whether this is its first use. A request without a nonce of
    /// the documented form records none; [`verify`] refuses it anyway.
    pub fn admit(&mut self, request: &Request) -> bool {
        request
            .header("x-jdcloud-nonce")
            .and_then(uuid_v4)
            .is_none_or(|nonce| self.0.insert(nonce))
    }
}

/// The facts that [`verify`] compares a request with.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The one key pair that is known.
    pub keys: &'a Keys,
    /// The gateway's clock.
    pub now: OffsetDateTime,
    /// How far the request's date may be from the gateway's clock, either way. The service's own
    /// allowance is not documented.
    pub window: Duration,
    /// Whether no earlier request had this one's nonce: [`Nonces::admit`].
    pub nonce_is_fresh: bool,
    /// Whether the token is wanted as it is instead of in base64.
    pub wants_raw_token: bool,
}

/// Checks a request as the gateway does.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn verify(request: &Request, terms: &Terms<'_>) -> Result<(), Refusal> {
    let authorization = Authorization::of(request)?;
    check_headers(request)?;
    check_path(request)?;
    check_credential(request, &authorization, terms.keys)?;
    check_signed_headers(request, authorization.signed_headers)?;
    check_token(request, terms.keys.token.as_deref(), terms.wants_raw_token)?;
    let date = one_header(request, "x-jdcloud-date")?;
    check_date(date, &authorization, terms)?;
    check_signature(request, &authorization, date, terms.keys)?;
    check_nonce(one_header(request, "x-jdcloud-nonce")?, terms.nonce_is_fresh)
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    access_key: &'a str,
    day: &'a str,
    region: &'a str,
    service: &'a str,
    terminator: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn of(request: &'a Request) -> Result<Self, Refusal> {
        if request.header_values("authorization").next().is_none() {
            let reason = "there is no Authorization header".to_owned();
            return Err(Refusal {
                denial: Denial::LacksAuthorization,
                reason,
            });
        }
        let value = one_header(request, "authorization")?;
        let Some(parameters) = value.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' ')) else {
            return differs(format!("the algorithm of Authorization is not {ALGORITHM}: {value:?}"));
        };
        match Self::parse(parameters) {
            Some(authorization) => Ok(authorization),
            None => differs(format!("Authorization is not of the documented form: {value:?}")),
        }
    }

    fn parse(parameters: &'a str) -> Option<Self> {
        let mut parts = parameters.split(", ");
        let credential = parts.next()?.strip_prefix("Credential=")?;
        let signed_headers = parts.next()?.strip_prefix("SignedHeaders=")?;
        let signature = parts.next()?.strip_prefix("Signature=")?;
        let mut scope = credential.split('/');
        let authorization = Self {
            access_key: scope.next()?,
            day: scope.next()?,
            region: scope.next()?,
            service: scope.next()?,
            terminator: scope.next()?,
            signed_headers,
            signature,
        };
        (parts.next().is_none() && scope.next().is_none()).then_some(authorization)
    }
}

/// The value of a header that must be there exactly once.
fn one_header<'a>(request: &'a Request, name: &'a str) -> Result<&'a str, Refusal> {
    let mut values = request.header_values(name);
    match (values.next().map(std::str::from_utf8), values.next()) {
        (Some(Ok(value)), None) => Ok(value),
        (Some(Err(_)), None) => differs(format!("the header {name} is not UTF-8")),
        (Some(_), Some(_)) => differs(format!("the header {name} is sent twice")),
        (None, _) => differs(format!("there is no header {name}")),
    }
}

fn check_headers(request: &Request) -> Result<(), Refusal> {
    for name in REQUIRED_HEADERS {
        one_header(request, name)?;
    }
    let content_type = one_header(request, "content-type")?;
    if content_type != "application/json" {
        return differs(format!("content-type is {content_type:?} instead of application/json"));
    }
    if request.header_values("x-jdcloud-content-sha256").next().is_some() {
        return differs("x-jdcloud-content-sha256 is sent");
    }
    Ok(())
}

/// The official Go and Node SDKs send `%3A`, and the documentation's example signs it.
fn check_path(request: &Request) -> Result<(), Refusal> {
    if request.path().contains(':') {
        return differs(format!("the path has a : where %3A is signed: {}", request.path()));
    }
    Ok(())
}

fn check_credential(request: &Request, authorization: &Authorization<'_>, keys: &Keys) -> Result<(), Refusal> {
    let region = request_region(request);
    let parts = [
        ("access key", authorization.access_key, keys.access_key.as_str()),
        ("scope's region", authorization.region, region.as_str()),
        ("scope's service", authorization.service, SERVICE),
        ("scope's terminator", authorization.terminator, TERMINATOR),
    ];
    for (what, sent, expected) in parts {
        if sent != expected {
            return differs(format!("the {what} is {sent:?} instead of {expected:?}"));
        }
    }
    Ok(())
}

/// The region that the path names, or [`NO_REGION`].
fn request_region(request: &Request) -> String {
    match request.segments().as_slice() {
        [version, regions, region, ..] if version == "v1" && regions == "regions" => region.clone(),
        _ => NO_REGION.to_owned(),
    }
}

fn check_signed_headers(request: &Request, signed_headers: &str) -> Result<(), Refusal> {
    let names: Vec<&str> = signed_headers.split(';').collect();
    if !names.is_sorted_by(|before, after| before < after) {
        return differs(format!("the signed headers are not sorted: {signed_headers}"));
    }
    for name in &names {
        one_header(request, name)?;
    }
    let token_is_sent = request.header_values(TOKEN_HEADER).next().is_some();
    let required = REQUIRED_HEADERS
        .into_iter()
        .chain(token_is_sent.then_some(TOKEN_HEADER));
    for name in required {
        if !names.contains(&name) {
            return differs(format!("the signed headers lack {name}: {signed_headers}"));
        }
    }
    Ok(())
}

fn check_token(request: &Request, token: Option<&str>, wants_raw: bool) -> Result<(), Refusal> {
    let sent = request.header_values(TOKEN_HEADER).next();
    match (sent, token) {
        (None, None) => Ok(()),
        (None, Some(_)) => differs(format!("the keys are temporary, and {TOKEN_HEADER} is not sent")),
        (Some(_), None) => differs(format!("the keys are permanent, and {TOKEN_HEADER} is sent")),
        (Some(sent), Some(token)) if wants_raw && sent == token.as_bytes() => Ok(()),
        (Some(_), Some(_)) if wants_raw => differs(format!("{TOKEN_HEADER} is not the token")),
        (Some(sent), Some(token)) if sent == BASE64.encode(token).as_bytes() => Ok(()),
        (Some(_), Some(_)) => differs(format!("{TOKEN_HEADER} is not the base64 of the token")),
    }
}

fn check_date(date: &str, authorization: &Authorization<'_>, terms: &Terms<'_>) -> Result<(), Refusal> {
    let Ok(parsed) = PrimitiveDateTime::parse(date, BASIC_DATE) else {
        return differs(format!("x-jdcloud-date is not YYYYMMDDTHHmmssZ: {date:?}"));
    };
    let day = &date[..8];
    if authorization.day != day {
        return differs(format!("the scope's day is {:?} instead of {day:?}", authorization.day));
    }
    let behind = terms.now - parsed.assume_utc();
    if behind.abs() > terms.window {
        return differs(format!(
            "x-jdcloud-date is {} seconds behind the clock here",
            behind.whole_seconds()
        ));
    }
    Ok(())
}

fn check_signature(
    request: &Request,
    authorization: &Authorization<'_>,
    date: &str,
    keys: &Keys,
) -> Result<(), Refusal> {
    let expected = steps(
        request,
        &Parameters {
            secret_key: &keys.secret_key,
            date,
            region: authorization.region,
            service: authorization.service,
            signed_headers: authorization.signed_headers,
        },
    );
    if authorization.signature != expected.signature {
        return differs(format!(
            "the signature is {} instead of {}\n--- string to sign\n{}\n--- canonical request\n{}",
            authorization.signature, expected.signature, expected.string_to_sign, expected.canonical_request
        ));
    }
    Ok(())
}

fn check_nonce(nonce: &str, is_fresh: bool) -> Result<(), Refusal> {
    let reason = if uuid_v4(nonce).is_none() {
        format!("the nonce is not a UUID of version 4: {nonce:?}")
    } else if !is_fresh {
        format!("an earlier request had the nonce {nonce}")
    } else {
        return Ok(());
    };
    Err(Refusal {
        denial: Denial::NonceUsed,
        reason,
    })
}

/// The value of a random UUID (RFC 9562, version 4) in its hyphenated form, any case.
fn uuid_v4(text: &str) -> Option<u128> {
    let groups: Vec<&str> = text.split('-').collect();
    let is_formed = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]);
    let digits = groups.concat();
    if !is_formed || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let value = u128::from_str_radix(&digits, 16).ok()?;
    let is_v4 = (value >> 76) & 0xf == 4 && (value >> 62) & 0b11 == 0b10;
    is_v4.then_some(value)
}
