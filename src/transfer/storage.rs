//! One request to the object storage, and what its answer is good for.
//!
//! The storage is another host than the service: nothing of the service's goes to it, no key, no
//! signature, no header. Only statuses 200 and 206 are data; an error is XML, of which the code and
//! the message are quoted.

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, IF_RANGE, RANGE};
use ureq::http::{Request, Response};
use ureq::{Body, BodyReader};

use crate::http::{self, Failure, Network, Stage, header, retry_after};
use crate::retry::{Cause, may_pass};
use crate::terminal::escape::visible;
use crate::values::link::Link;
use crate::values::redact::without_queries;

/// How much of an error's body is looked at, in bytes.
const MAX_ERROR_BODY: u64 = 16 * 1024;
/// How much of a code or message is quoted, in characters.
const MAX_QUOTE: usize = 200;
const BUFFER_SIZE: usize = 64 * 1024;

/// The way to the object storage.
pub(crate) struct Storage {
    client: http::Client,
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
    /// No answer came, or it broke off.
    Transport(Failure),
    /// The connection ended in good order, and too early.
    Cut(String),
    /// The object has no such bytes.
    NoSuchRange,
    /// What trying again does not change.
    Final(String),
}

impl Storage {
    /// `silence` is how long the other side may say nothing.
    pub(crate) fn new(network: Arc<Network>, silence: Duration) -> Self {
        let config = http::config()
            .input_buffer_size(BUFFER_SIZE)
            .output_buffer_size(16 * 1024)
            .timeout_connect(Some(silence))
            .timeout_recv_response(Some(silence))
            // Of each read and not of them all: a slow transfer is a healthy one.
            .timeout_per_read(Some(silence));
        Self {
            client: http::Client::new(network, config),
        }
    }

    /// Asks for the object from `offset` on; from an offset other than 0, only if it still is the one
    /// that `etag` names, else all of it.
    pub(super) fn get(
        &self,
        link: &Link,
        offset: u64,
        etag: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Object, StorageError> {
        let mut request = Request::get(link.expose());
        if let Some(etag) = etag.filter(|_| offset > 0) {
            request = request.header(RANGE, format!("bytes={offset}-")).header(IF_RANGE, etag);
        }
        let response = self.client.send(request.body(()), None)?;
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
            _ => Err(of_error_answer(response, now)),
        }
    }
}

impl Storage {
    /// What a failure to read the bytes of a link's object means.
    pub(super) fn of_reading(&self, error: std::io::Error, link: &Link) -> StorageError {
        let failure = self.client.failure_while_receiving(&error.into(), link.expose());
        StorageError::Transport(match failure.stage {
            // A chunk that is none. The bytes before it are good, and can be gone on from.
            Stage::Protocol => Failure {
                stage: Stage::Broken,
                ..failure
            },
            _ => failure,
        })
    }
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        Self::Transport(failure)
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(text) | Self::Busy(text, _) | Self::Cut(text) | Self::Final(text) => f.write_str(text),
            Self::Transport(failure) => failure.fmt(f),
            Self::NoSuchRange => f.write_str("the storage has no such range of bytes"),
        }
    }
}

/// What an answer without data means. `now` is what a date in `Retry-After` is compared with.
pub(crate) fn of_error_answer(mut response: Response<Body>, now: OffsetDateTime) -> StorageError {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers(), now);
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
    let code = code.as_deref().unwrap_or_default();
    match status {
        _ if may_pass(Cause::Storage { status, code }) => StorageError::Busy(said, retry_after),
        // An expired link is refused with one of these; which, is not documented.
        400 | 401 | 403 => StorageError::Refused(said),
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
