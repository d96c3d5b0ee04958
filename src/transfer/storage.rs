//! One request to the object storage, and what its answer is good for.
//!
//! The storage is another host than the service: nothing of the service's goes to it, no key, no
//! signature, no header. Only statuses 200 and 206 are data; an error is XML, of which the code and
//! the message are quoted.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ureq::http::Response;
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, IF_RANGE, RANGE, RETRY_AFTER};
use ureq::{Agent, Body, BodyReader};

use crate::http::{self, Stage};
use crate::terminal::escape::visible;
use crate::values::endpoint::Endpoint;
use crate::values::link::Link;
use crate::values::redact::without_queries;

/// How much of an error's body is looked at, in bytes.
const MAX_ERROR_BODY: u64 = 16 * 1024;
/// How much of a code or message is quoted, in characters.
const MAX_QUOTE: usize = 200;
const BUFFER_SIZE: usize = 64 * 1024;

/// Chooses the proxy, if any, for the host of a link.
pub(crate) type ChooseProxy = dyn Fn(&Endpoint) -> Result<Option<ureq::Proxy>, String> + Send + Sync;

/// The way to the object storage.
pub(crate) struct Storage {
    choose_proxy: Box<ChooseProxy>,
    silence: Duration,
    /// One for each scheme, host and port that links named so far.
    agents: Mutex<HashMap<String, Agent>>,
}

/// The answer to a request for an object, or for the rest of one.
pub(super) struct Object {
    /// Where in the object the bytes begin.
    pub(super) start: u64,
    /// Of the whole object, in bytes.
    pub(super) length: Option<u64>,
    /// A strong one, quotes included.
    pub(super) etag: Option<String>,
    pub(super) reader: BodyReader<'static>,
}

/// Why there are no bytes.
pub(crate) enum StorageError {
    /// The link is not good, or not any more.
    Refused(String),
    /// The storage is busy or failed, and may have said how long to wait.
    Busy(String, Option<Duration>),
    /// The connection was not made, or broke.
    Network {
        detail: String,
        /// Whether it may be that the storage speaks no TLS.
        may_lack_tls: bool,
    },
    /// No encrypted connection can be trusted or made.
    Tls(String),
    /// The object has no such bytes.
    NoSuchRange,
    /// What trying again does not change.
    Final(String),
}

impl Storage {
    /// `silence` is how long the other side may say nothing.
    pub(crate) fn new(choose_proxy: Box<ChooseProxy>, silence: Duration) -> Self {
        Self {
            choose_proxy,
            silence,
            agents: Mutex::default(),
        }
    }

    /// The HTTP client for the host that a link names: each host has the proxy that is meant for it.
    fn agent(&self, link: &Link) -> Result<Agent, StorageError> {
        let origin = link.origin().unwrap_or_default();
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = agents.get(origin) {
            return Ok(agent.clone());
        }
        let endpoint: Endpoint = origin
            .parse()
            .map_err(|_| StorageError::Final("the link names no host that can be connected to".to_owned()))?;
        let proxy = (self.choose_proxy)(&endpoint).map_err(StorageError::Final)?;
        let config = http::config(proxy)
            .input_buffer_size(BUFFER_SIZE)
            .output_buffer_size(16 * 1024)
            .timeout_resolve(Some(self.silence))
            .timeout_connect(Some(self.silence))
            .timeout_recv_response(Some(self.silence))
            // Of each read and not of them all: a slow transfer is a healthy one.
            .timeout_per_read(Some(self.silence));
        // A transfer may outlast an address, so names are looked up anew for each connection.
        let agent: Agent = config.build().into();
        agents.insert(origin.to_owned(), agent.clone());
        Ok(agent)
    }

    /// Asks for the object from `offset` on; from an offset other than 0, only if it still is the one
    /// that `etag` names, else all of it.
    pub(super) fn get(&self, link: &Link, offset: u64, etag: Option<&str>) -> Result<Object, StorageError> {
        let mut request = self.agent(link)?.get(link.expose());
        if let Some(etag) = etag.filter(|_| offset > 0) {
            request = request.header(RANGE, format!("bytes={offset}-")).header(IF_RANGE, etag);
        }
        let response = request.call().map_err(|error| {
            let failure = http::Failure::of(&error);
            // A server without TLS hangs up on the handshake, which looks like a connection that broke later.
            let may_lack_tls = matches!(failure.stage, Stage::Broken | Stage::Protocol) && link.is_encrypted();
            match of_transport(&error) {
                StorageError::Network { detail, .. } => StorageError::Network { detail, may_lack_tls },
                error => error,
            }
        })?;
        match response.status().as_u16() {
            200 if is_a_page(response.headers()) => Err(StorageError::Final(
                "a web page came instead of the file; a proxy or login page may be in between".to_owned(),
            )),
            200 => Ok(Object {
                start: 0,
                length: header(response.headers(), CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok()),
                etag: strong_etag(response.headers()),
                reader: response.into_body().into_reader(),
            }),
            206 => {
                let range = header(response.headers(), CONTENT_RANGE.as_str()).and_then(parse_content_range);
                let (start, length) = range.ok_or_else(|| {
                    StorageError::Final("the storage's answer is for another range than was asked for".to_owned())
                })?;
                Ok(Object {
                    start,
                    length: Some(length),
                    etag: strong_etag(response.headers()),
                    reader: response.into_body().into_reader(),
                })
            }
            416 => Err(StorageError::NoSuchRange),
            300..400 => Err(StorageError::Final(
                "the storage redirects elsewhere, which is not followed".to_owned(),
            )),
            _ => Err(of_error_answer(response)),
        }
    }
}

impl StorageError {
    /// A connection that was made, and broke.
    pub(super) fn broken(detail: String) -> Self {
        Self::Network {
            detail,
            may_lack_tls: false,
        }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(text)
            | Self::Busy(text, _)
            | Self::Network { detail: text, .. }
            | Self::Tls(text)
            | Self::Final(text) => f.write_str(text),
            Self::NoSuchRange => f.write_str("the storage has no such range of bytes"),
        }
    }
}

/// The transport's failures carry no part of the link: its texts speak of hosts and sockets.
pub(super) fn of_transport(error: &ureq::Error) -> StorageError {
    let failure = http::Failure::of(error);
    match failure.stage {
        Stage::Tls | Stage::TrustStore => StorageError::Tls(failure.detail),
        Stage::Proxy => StorageError::Final(failure.detail),
        Stage::Dns | Stage::Unreachable | Stage::Broken | Stage::Protocol | Stage::Timeout => {
            StorageError::broken(failure.detail)
        }
    }
}

pub(crate) fn of_error_answer(mut response: Response<Body>) -> StorageError {
    let status = response.status().as_u16();
    let wait = header(response.headers(), RETRY_AFTER.as_str());
    let retry_after = wait.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    let body = response.body_mut().with_config().limit(MAX_ERROR_BODY).reader();
    let mut text = Vec::new();
    // Half an error is better than none.
    let _ = body.take(MAX_ERROR_BODY).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    let (code, message) = (element(&text, "Code"), element(&text, "Message"));
    let said = match (&code, &message) {
        (Some(code), Some(message)) => format!("HTTP {status} {code}: {message}"),
        (Some(code), None) => format!("HTTP {status} {code}"),
        (None, _) => format!("HTTP {status}"),
    };
    match (status, code.as_deref()) {
        (_, Some("SlowDown")) | (429 | 500..=599, _) => StorageError::Busy(said, retry_after),
        // An expired link is refused with one of these; which, is not documented.
        (400 | 401 | 403, _) => StorageError::Refused(said),
        _ => StorageError::Final(said),
    }
}

/// The text of the first element of a name, safe to show.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    // Before it is cut short, after which half a link would be none.
    let quote: String = without_queries(text.trim()).chars().take(MAX_QUOTE).collect();
    Some(visible(&quote).into_owned())
}

/// Start and whole length of `bytes START-END/LENGTH`.
fn parse_content_range(text: &str) -> Option<(u64, u64)> {
    let (range, length) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end, length): (u64, u64, u64) = (start.parse().ok()?, end.parse().ok()?, length.parse().ok()?);
    (start <= end && end.checked_add(1)? == length).then_some((start, length))
}

/// Nothing can be resumed by a weak one: it does not tell bytes apart.
fn strong_etag(headers: &HeaderMap) -> Option<String> {
    let etag = header(headers, ETAG.as_str())?;
    (etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"')).then(|| etag.to_owned())
}

/// The object's own type may be anything but a page for people.
fn is_a_page(headers: &HeaderMap) -> bool {
    header(headers, CONTENT_TYPE.as_str())
        .is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_range_to_the_end_of_the_object_is_one() {
        assert_eq!(parse_content_range("bytes 5-9/10"), Some((5, 10)));
        for text in [
            "bytes 5-8/10",
            "bytes 5-9/*",
            "bytes */10",
            "bytes 9-5/10",
            "5-9/10",
            "bytes 0-18446744073709551615/0",
            "",
        ] {
            assert_eq!(parse_content_range(text), None, "{text}");
        }
    }

    #[test]
    fn errors_quote_code_and_message_and_nothing_that_acts() {
        let xml = "<Error><Code>AccessDenied</Code><Message>a\x1b[2Jb</Message><Resource>/x</Resource></Error>";
        assert_eq!(element(xml, "Code").as_deref(), Some("AccessDenied"));
        assert_eq!(element(xml, "Message").as_deref(), Some("a\\u{1b}[2Jb"));
        assert_eq!(element("<Code>", "Code"), None);
        let quoting = "<Message>https://h/x?X-Amz-Signature=1 is old</Message>";
        assert_eq!(
            element(quoting, "Message").as_deref(),
            Some("https://h/x?[query] is old")
        );
        assert_eq!(
            element(&format!("<Code>{}</Code>", "x".repeat(9999)), "Code").map(|code| code.len()),
            Some(MAX_QUOTE)
        );
    }
}
