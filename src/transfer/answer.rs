//! Reads an answer of the object storage: which bytes of which object, or which error.
//!
//! The statuses and headers are HTTP's (RFC 9110). An error is XML, of which `Code` and `Message` are quoted. The
//! storage reports some temporary errors with status 400, so the code is read before the status (source: the
//! storage's table of errors).

use std::io::Read;
use std::ops::Range;

use time::OffsetDateTime;
use ureq::Body;
use ureq::http::Response;
use ureq::http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, LOCATION,
};

use super::reason::Reason;
use super::request::NoAnswer;
use crate::http::{header, retry_after};
use crate::retry::{Cause, is_busy, may_pass};
use crate::terminal::escape::visible;
use crate::values::link::redact::without_queries;

/// How much of an error's body is looked at, in bytes.
const MAX_ERROR_BODY: u64 = 16 * 1024;
/// How much of a code or message is quoted, in characters.
const MAX_QUOTE: usize = 200;
/// The longest ETag that is used, in bytes. It is saved in the record and sent with each request, so a longer one
/// counts as none.
pub(super) const MAX_ETAG: usize = 1024;

/// The head of an answer that has bytes of the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) span: Span,
    /// A strong one, quotes included.
    pub(super) etag: Option<String>,
    /// Whether the storage says that it serves ranges.
    pub(super) serves_ranges: bool,
    /// Whether its Content-Length, if it has one, is the length of its range.
    pub(super) is_consistent: bool,
    /// The encoding that changed the bytes, such as `gzip`.
    pub(super) encoding: Option<String>,
    /// Whether it is a web page by its Content-Type.
    is_page: bool,
}

/// Which bytes of the object an answer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Span {
    /// All of the object, with its length in bytes where the answer tells it.
    Whole(Option<u64>),
    /// This range of an object of this length, both in bytes.
    Part(Range<u64>, u64),
    /// The answer has several ranges, or a range that makes no sense.
    Unknown,
}

impl Head {
    /// Reads the head of an answer with status 200 or 206.
    pub(super) fn read(status: u16, headers: &HeaderMap) -> Self {
        let range = header(headers, CONTENT_RANGE.as_str());
        let length = header(headers, CONTENT_LENGTH.as_str()).and_then(|text| text.parse::<u64>().ok());
        let content_type = header(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
        let content_type = content_type.trim_start().to_ascii_lowercase();
        let is_multipart = content_type.starts_with("multipart/byteranges");
        let span = match (status, range) {
            // The body has a head before each of its ranges, whatever its Content-Range says.
            _ if is_multipart => Span::Unknown,
            (200, None) => Span::Whole(length),
            // Some servers send a range with status 200. Its Content-Range counts.
            (_, Some(text)) => match parse_content_range(text) {
                Some((range, _)) if length.is_some_and(|length| status == 200 && length != range.end - range.start) => {
                    Span::Unknown
                }
                Some((range, total)) => Span::Part(range, total),
                None => Span::Unknown,
            },
            _ => Span::Unknown,
        };
        Self {
            status,
            is_consistent: match &span {
                Span::Part(range, _) => length.is_none_or(|length| length == range.end - range.start),
                _ => true,
            },
            span,
            etag: strong_etag(headers),
            serves_ranges: status == 206
                || header(headers, ACCEPT_RANGES.as_str())
                    .is_some_and(|text| text.split(',').any(|unit| unit.trim().eq_ignore_ascii_case("bytes"))),
            encoding: encoding(headers),
            is_page: content_type.starts_with("text/html"),
        }
    }

    /// Why none of the bytes may be kept; `None` if the head gives no reason.
    pub(super) fn refusal(&self) -> Option<Reason> {
        if let Some(encoding) = &self.encoding {
            return Some(Reason::Encoded(encoding.clone()));
        }
        // An object may have any other Content-Type.
        self.is_page.then_some(Reason::Page)
    }

    /// The object's length, where the answer tells it.
    pub(super) fn total(&self) -> Option<u64> {
        match self.span {
            Span::Whole(length) => length,
            Span::Part(_, total) => Some(total),
            Span::Unknown => None,
        }
    }
}

/// The encodings that change the bytes; `aws-chunked` describes an upload, and its bytes are intact.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let texts: Vec<String> = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let all = texts.join(",");
    let changes = |coding: &&str| !["", "identity", "aws-chunked"].contains(&coding.to_ascii_lowercase().as_str());
    let named = all.split(',').map(str::trim).find(changes)?;
    Some(quoted(named))
}

/// Reads an answer whose status is not 200 or 206. Its body is read until `is_over` says that the time is up.
pub(crate) fn of_error_answer(
    mut response: Response<Body>,
    was_range: bool,
    now: OffsetDateTime,
    is_over: &dyn Fn() -> bool,
) -> NoAnswer {
    let status = response.status().as_u16();
    if (300..400).contains(&status) && status != 304 {
        let host = header(response.headers(), LOCATION.as_str()).and_then(host_of);
        return NoAnswer::Final(Reason::Redirect(host));
    }
    let retry_after = retry_after(response.headers(), now);
    let body = response.body_mut().with_config().limit(MAX_ERROR_BODY).reader();
    let text = read_within(body, is_over);
    let text = String::from_utf8_lossy(&text);
    let (code, message) = (element(&text, "Code"), element(&text, "Message"));
    let said = match (&code, &message) {
        (Some(code), Some(message)) => format!("HTTP {status} {code}: {message}"),
        (Some(code), None) => format!("HTTP {status} {code}"),
        (None, _) => format!("HTTP {status}"),
    };
    let code = code.unwrap_or_default().to_ascii_lowercase();
    let range_codes = ["", "invalidrange", "invalidargument", "invalidrequest", "badrequest"];
    match (status, code.as_str()) {
        _ if is_busy(status, &code) => NoAnswer::Busy(said, retry_after),
        _ if may_pass(Cause::Status(status)) => NoAnswer::Failed(said),
        (412, _) => NoAnswer::Precondition(said),
        (416, _) => NoAnswer::NoSuchRange,
        (400, code) if was_range && range_codes.contains(&code) => NoAnswer::NoSuchRange,
        (304, _) => NoAnswer::Odd(said),
        // An expired link is refused with one of these statuses. It is not documented which one.
        (400 | 401 | 403, _) => NoAnswer::Refused(said),
        _ => NoAnswer::Final(Reason::Status { status, said }),
    }
}

/// The code and the message of an error of the storage, safe to show.
pub(super) fn said_in(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let code = element(&text, "Code")?;
    Some(element(&text, "Message").map_or(code.clone(), |message| format!("{code}: {message}")))
}

/// As much of the body of an error as comes in time.
fn read_within(mut body: impl Read, is_over: &dyn Fn() -> bool) -> Vec<u8> {
    let mut text = Vec::new();
    let mut buffer = [0; 1024];
    while !is_over() && (text.len() as u64) < MAX_ERROR_BODY {
        match body.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => text.extend_from_slice(&buffer[..count]),
        }
        if text.ends_with(b"</Error>") {
            break;
        }
    }
    text
}

/// The text of the first element of a name, safe to show.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(quoted(text.trim()))
}

/// Words of the storage that are safe to show. The queries of links are removed before the text is cut, since the
/// beginning of a link would not be recognised as one.
fn quoted(text: &str) -> String {
    let quote: String = without_queries(text).chars().take(MAX_QUOTE).collect();
    visible(&quote).into_owned()
}

/// The host that a redirect leads to, without path and query.
fn host_of(location: &str) -> Option<String> {
    let (_, rest) = location.split_once("//")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    Some(quoted(host.rsplit('@').next().unwrap_or(host)))
}

/// Start, end and whole length of `bytes FIRST-LAST/LENGTH`.
fn parse_content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (unit, rest) = text.trim().split_once(' ')?;
    let (range, length) = rest.split_once('/')?;
    let (first, last) = range.trim().split_once('-')?;
    let (first, last, length): (u64, u64, u64) = (first.parse().ok()?, last.parse().ok()?, length.trim().parse().ok()?);
    let end = last.checked_add(1)?;
    (unit.eq_ignore_ascii_case("bytes") && first < end && end <= length).then_some((first..end, length))
}

/// The strong ETag. A weak one is left out, since objects of different bytes may have the same one.
fn strong_etag(headers: &HeaderMap) -> Option<String> {
    header(headers, ETAG.as_str())
        .filter(|etag| is_strong_etag(etag))
        .map(str::to_owned)
}

/// Whether a text is a strong ETag that is sane enough to be kept and sent.
pub(super) fn is_strong_etag(text: &str) -> bool {
    (3..=MAX_ETAG).contains(&text.len())
        && text.starts_with('"')
        && text.ends_with('"')
        && text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, fields: &[(&str, &str)]) -> Head {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(ureq::http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        Head::read(status, &headers)
    }

    #[test]
    fn several_ranges_are_no_bytes_of_the_object_even_with_a_content_range() {
        let range = ("content-range", "bytes 0-9/10");
        assert_eq!(head(206, &[range]).span, Span::Part(0..10, 10));
        let several = ("content-type", "Multipart/ByteRanges; boundary=x");
        assert_eq!(head(206, &[range, several]).span, Span::Unknown);
        assert_eq!(head(200, &[("content-length", "10"), several]).span, Span::Unknown);
    }

    #[test]
    fn a_content_range_counts_for_what_it_says() {
        assert_eq!(parse_content_range("bytes 5-9/10"), Some((5..10, 10)));
        assert_eq!(parse_content_range("Bytes 5-8/10"), Some((5..9, 10)));
        for text in [
            "bytes 5-9/*",
            "bytes */10",
            "bytes 9-5/10",
            "bytes 5-10/10",
            "5-9/10",
            "lines 5-9/10",
            "bytes 0-18446744073709551615/0",
            "",
        ] {
            assert_eq!(parse_content_range(text), None, "{text}");
        }
    }

    #[test]
    fn a_200_with_a_content_range_is_a_part() {
        let range = ("content-range", "bytes 5-9/10");
        assert_eq!(head(200, &[range, ("content-length", "5")]).span, Span::Part(5..10, 10));
        assert_eq!(head(200, &[range, ("content-length", "10")]).span, Span::Unknown);
        assert_eq!(head(200, &[("content-length", "10")]).span, Span::Whole(Some(10)));
        assert_eq!(head(206, &[("content-length", "10")]).span, Span::Unknown);
    }

    #[test]
    fn only_bytes_in_their_own_encoding_are_taken() {
        for fine in ["identity", "", "aws-chunked", "AWS-Chunked, identity"] {
            assert_eq!(
                head(200, &[("content-encoding", fine)])
                    .refusal()
                    .map(|r| r.to_string()),
                None,
                "{fine}"
            );
        }
        for encoded in ["gzip", "GZIP", "deflate", "br", "zstd", "aws-chunked,gzip"] {
            assert!(
                head(200, &[("content-encoding", encoded)]).refusal().is_some(),
                "{encoded}"
            );
        }
    }

    #[test]
    fn only_a_strong_and_sane_etag_is_one() {
        for (text, is_one) in [("\"a-9\"", true), ("W/\"a\"", false), ("\"\"", false), ("a", false)] {
            assert_eq!(head(200, &[("etag", text)]).etag.is_some(), is_one, "{text}");
        }
        let long = format!("\"{}\"", "x".repeat(17_000));
        assert_eq!(head(200, &[("etag", &long)]).etag, None);
    }

    #[test]
    fn errors_quote_code_and_message_and_nothing_that_acts() {
        let xml = "<Error><Code>AccessDenied</Code><Message>a\x1b[2Jb</Message><Resource>/x</Resource></Error>";
        assert_eq!(element(xml, "Code").as_deref(), Some("AccessDenied"));
        assert_eq!(element(xml, "Message").as_deref(), Some("a\\u{1b}[2Jb"));
        assert_eq!(element("<Code>", "Code"), None);
        assert_eq!(said_in(xml.as_bytes()).as_deref(), Some("AccessDenied: a\\u{1b}[2Jb"));
        assert_eq!(said_in(b"<Code>Busy</Code>").as_deref(), Some("Busy"));
        assert_eq!(said_in(b"<html>"), None);
        let quoting = "<Message>https://h/x?X-Amz-Signature=1 is old</Message>";
        let message = element(quoting, "Message").unwrap();
        assert!(
            message.ends_with(" is old") && !message.contains("Signature=1"),
            "{message}"
        );
        assert_eq!(
            element(&format!("<Code>{}</Code>", "x".repeat(9999)), "Code").map(|code| code.len()),
            Some(MAX_QUOTE)
        );
    }

    #[test]
    fn a_redirect_names_its_host_alone() {
        assert_eq!(host_of("https://h:1/x?secret").as_deref(), Some("h:1"));
        assert_eq!(host_of("//u:p@h?x").as_deref(), Some("h"));
        assert_eq!(host_of("/elsewhere"), None);
    }
}
