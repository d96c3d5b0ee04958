//! The signature JDCLOUD2-HMAC-SHA256, a function a step.
//!
//! Specification: JD Cloud, "Authorization rules" of the common API declaration
//! (docs.jdcloud.com/cn/common-declaration/api/authorization-rules). Path and query are built once,
//! in canonical form, and those bytes are both signed and sent. Nothing here reads a clock or sends
//! anything.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;
use zeroize::Zeroizing;

use crate::config::credentials::Credentials;

/// The algorithm's name in the `Authorization` header and in the string to sign.
const ALGORITHM: &str = "JDCLOUD2-HMAC-SHA256";
/// The last part of every credential scope.
const TERMINATOR: &str = "jdcloud2_request";

/// The length of a SHA-256 in hexadecimal digits.
const HASH_LENGTH: usize = 64;

/// The characters to percent-encode: all but RFC 3986's unreserved ones.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parts of a request that a signature covers.
#[derive(Debug, Clone)]
pub(crate) struct Unsigned<'a> {
    pub(crate) method: &'a str,
    /// From [`canonical_path`].
    pub(crate) path: &'a str,
    /// From [`canonical_query`]; empty if there is none.
    pub(crate) query: &'a str,
    /// Lower-case names, sorted, and their values.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

/// The scope of a signature: time, region and service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// From [`timestamp`]: `YYYYMMDDTHHMMSSZ`.
    pub(crate) timestamp: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// The result of signing, with the intermediate texts that help to debug a refusal.
///
/// The canonical request holds the security token if there is one.
pub(crate) struct Signed {
    pub(crate) canonical_request: Zeroizing<String>,
    pub(crate) string_to_sign: String,
    pub(crate) signature: String,
    /// The value of the `Authorization` header.
    pub(crate) authorization: String,
}

/// Signs a request.
pub(crate) fn sign(request: &Unsigned<'_>, scope: Scope<'_>, keys: &Credentials) -> Signed {
    let canonical_request = canonical_request(request);
    let string_to_sign = string_to_sign(&canonical_request, scope);
    let [.., signing_key] = derived_keys(keys.secret_key.expose(), scope);
    let signature = signature(&signing_key, &string_to_sign);
    let authorization = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
        keys.access_key.as_str(),
        credential_scope(scope),
        signed_headers(request.headers),
    );
    Signed {
        canonical_request,
        string_to_sign,
        signature,
        authorization,
    }
}

/// The value of `x-jdcloud-date`: `YYYYMMDDTHHMMSSZ`, for a time in UTC.
pub(crate) fn timestamp(utc: OffsetDateTime) -> String {
    utc.format(format_description!("[year][month][day]T[hour][minute][second]Z"))
        .expect("a date and time has all the parts that the format names")
}

/// An absolute path of the given segments, each percent-encoded.
///
/// The documentation's worked example signs `:` as `%3A`, and the Go and Node SDKs send it so.
pub(crate) fn canonical_path(segments: &[&str]) -> String {
    let mut path = String::with_capacity(96);
    for segment in segments {
        path.push('/');
        path.extend(utf8_percent_encode(segment, ENCODED));
    }
    path
}

/// A query of the given names and values: percent-encoded, sorted by name and then value. An empty
/// value is written `name=`.
pub(crate) fn canonical_query<N: AsRef<str>, V: AsRef<str>>(pairs: &[(N, V)]) -> String {
    let mut pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_ref()))
        .collect();
    pairs.sort_unstable();
    let mut query = String::with_capacity(64);
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, ENCODED));
        query.push('=');
        query.extend(utf8_percent_encode(value, ENCODED));
    }
    query
}

fn canonical_request(request: &Unsigned<'_>) -> Zeroizing<String> {
    let headers: usize = request
        .headers
        .iter()
        .map(|(name, value)| 2 * name.len() + value.trim().len() + 3)
        .sum();
    // The whole capacity is reserved at once: a text that grows leaves copies behind that are not zeroed.
    let length = request.method.len() + request.path.len() + request.query.len() + headers + HASH_LENGTH + 4;
    let mut text = Zeroizing::new(String::with_capacity(length));
    for line in [request.method, request.path, request.query] {
        text.push_str(line);
        text.push('\n');
    }
    for (name, value) in request.headers {
        text.push_str(name);
        text.push(':');
        text.push_str(value.trim());
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&signed_headers(request.headers));
    text.push('\n');
    text.push_str(&hex::encode(Sha256::digest(request.body)));
    text
}

fn signed_headers(headers: &[(&str, &str)]) -> String {
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.join(";")
}

fn credential_scope(scope: Scope<'_>) -> String {
    format!(
        "{}/{}/{}/{TERMINATOR}",
        day(scope.timestamp),
        scope.region,
        scope.service
    )
}

fn day(timestamp: &str) -> &str {
    timestamp.split_once('T').map_or(timestamp, |(day, _)| day)
}

fn string_to_sign(canonical_request: &str, scope: Scope<'_>) -> String {
    format!(
        "{ALGORITHM}\n{}\n{}\n{}",
        scope.timestamp,
        credential_scope(scope),
        hex::encode(Sha256::digest(canonical_request)),
    )
}

type Key = Zeroizing<[u8; 32]>;

/// The chain of keys, each derived from the one before: for the day, the region, the service, and
/// the signing key itself.
fn derived_keys(secret_key: &str, scope: Scope<'_>) -> [Key; 4] {
    // `format!` is not used here, since a text that grows leaves copies behind that are not zeroed.
    let secret = Zeroizing::new(["JDCLOUD2", secret_key].concat());
    let day = hmac_sha256(secret.as_bytes(), day(scope.timestamp));
    let region = hmac_sha256(&*day, scope.region);
    let service = hmac_sha256(&*region, scope.service);
    let signing = hmac_sha256(&*service, TERMINATOR);
    [day, region, service, signing]
}

fn signature(signing_key: &Key, string_to_sign: &str) -> String {
    hex::encode(*hmac_sha256(&**signing_key, string_to_sign))
}

fn hmac_sha256(key: &[u8], text: &str) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use jdredis_sandbox::{SIGNATURE_VECTORS, signature as sandbox};
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;
    use crate::values::secret::Secret;

    type Pairs = Vec<(String, String)>;

    #[derive(Deserialize)]
    struct Vectors {
        signatures: Vec<Vector>,
        canonical_queries: Vec<QueryVector>,
    }

    #[derive(Deserialize)]
    struct QueryVector {
        pairs: Pairs,
        canonical_query: String,
    }

    #[derive(Deserialize)]
    struct Vector {
        id: String,
        access_key: String,
        secret_key: String,
        method: String,
        path: String,
        query_pairs: Pairs,
        headers: Pairs,
        body: String,
        date: String,
        region: String,
        service: String,
        canonical_path: String,
        canonical_query: String,
        canonical_request: String,
        string_to_sign: String,
        signing_key: String,
        authorization: String,
        /// The intermediate keys, where the source publishes them.
        #[serde(flatten)]
        more: Value,
    }

    fn vectors() -> Vectors {
        serde_json::from_str(SIGNATURE_VECTORS).unwrap()
    }

    fn borrowed(pairs: &Pairs) -> Vec<(&str, &str)> {
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    fn path_of(path: &str) -> String {
        canonical_path(&path.trim_start_matches('/').split('/').collect::<Vec<_>>())
    }

    /// The steps in their order, so that a failure names the first that is broken.
    #[test]
    fn published_signatures_are_reproduced_step_by_step() {
        let vectors = vectors().signatures;
        assert_eq!(vectors.len(), 7);
        for vector in &vectors {
            let id = &vector.id;
            assert_eq!(path_of(&vector.path), vector.canonical_path, "{id}: path");
            let query = canonical_query(&vector.query_pairs);
            assert_eq!(query, vector.canonical_query, "{id}: query");
            let headers = borrowed(&vector.headers);
            let unsigned = Unsigned {
                method: &vector.method,
                path: &vector.canonical_path,
                query: &query,
                headers: &headers,
                body: vector.body.as_bytes(),
            };
            let scope = Scope {
                timestamp: &vector.date,
                region: &vector.region,
                service: &vector.service,
            };
            let canonical_request = canonical_request(&unsigned);
            assert_eq!(*canonical_request, vector.canonical_request, "{id}: canonical request");
            assert_eq!(
                string_to_sign(&vector.canonical_request, scope),
                vector.string_to_sign,
                "{id}: string to sign"
            );
            let [day, region, service, signing] = derived_keys(&vector.secret_key, scope);
            for (name, key) in [("date_key", day), ("region_key", region), ("service_key", service)] {
                if let Some(expected) = vector.more.get(name).and_then(Value::as_str) {
                    assert_eq!(hex::encode(*key), expected, "{id}: {name}");
                }
            }
            assert_eq!(hex::encode(*signing), vector.signing_key, "{id}: signing key");
            let keys = Credentials {
                access_key: vector.access_key.parse().unwrap(),
                secret_key: Secret::parse(Zeroizing::new(vector.secret_key.clone())).unwrap(),
                security_token: None,
            };
            assert_eq!(
                sign(&unsigned, scope, &keys).authorization,
                vector.authorization,
                "{id}: authorization"
            );
        }
    }

    #[test]
    fn published_canonical_queries_are_reproduced() {
        let vectors = vectors().canonical_queries;
        assert_eq!(vectors.len(), 18);
        for vector in vectors {
            assert_eq!(canonical_query(&vector.pairs), vector.canonical_query);
        }
    }

    proptest! {
        // A failure prints its input, which can then become a test case; no file is written.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Two implementations that share no code agree on every step for any request.
        #[test]
        fn the_sandboxs_own_signer_agrees(
            segments in prop::collection::vec("[^/%?#\\x00-\\x1f]{1,8}", 1..5),
            query in prop::collection::vec(("\\PC{0,6}", "\\PC{0,6}"), 0..5),
            nonce in "[ -~]{0,12}",
            body in prop::collection::vec(any::<u8>(), 0..40),
            secret_key in "\\PC{1,80}",
            seconds in 0_i64..4_000_000_000,
            region in "[a-z0-9-]{1,12}",
        ) {
            let timestamp = timestamp(OffsetDateTime::from_unix_timestamp(seconds).unwrap());
            let path = canonical_path(&segments.iter().map(String::as_str).collect::<Vec<_>>());
            let query = canonical_query(&query);
            let headers = [("host", "127.0.0.1:8080"), ("x-jdcloud-date", &*timestamp), ("x-jdcloud-nonce", &*nonce)];
            let unsigned = Unsigned { method: "POST", path: &path, query: &query, headers: &headers, body: &body };
            let scope = Scope { timestamp: &timestamp, region: &region, service: "redis" };

            let separator = if query.is_empty() { "" } else { "?" };
            let received = jdredis_sandbox::Request {
                method: "POST".to_owned(),
                target: format!("{path}{separator}{query}"),
                headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect(),
                body: body.clone(),
                ..Default::default()
            };
            let expected = sandbox::steps(&received, &sandbox::Parameters {
                secret_key: &secret_key,
                date: &timestamp,
                region: &region,
                service: "redis",
                signed_headers: "host;x-jdcloud-date;x-jdcloud-nonce",
            });
            let canonical_request = canonical_request(&unsigned);
            prop_assert_eq!(&*canonical_request, &expected.canonical_request);
            prop_assert_eq!(canonical_request.capacity(), canonical_request.len());
            let string_to_sign = string_to_sign(&canonical_request, scope);
            prop_assert_eq!(&string_to_sign, &expected.string_to_sign);
            let [.., signing_key] = derived_keys(&secret_key, scope);
            prop_assert_eq!(&signing_key[..], &expected.signing_key[..]);
            prop_assert_eq!(signature(&signing_key, &string_to_sign), expected.signature);
        }
    }
}
