//! The HTTP/1.1 of a server: reads one request after another from a stream, with bodies by
//! `Content-Length` only, and keeps each request as it was sent.

use std::io::{self, Read};

use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

use crate::encoding::{percent_decode, query_pairs};

/// The most a request's head (request line and header fields) may take, in bytes.
const HEAD_LIMIT: usize = 64 * 1024;
/// The most header fields a request may have.
const HEADER_COUNT_LIMIT: usize = 256;
/// The most a request's body may take, in bytes. The largest that the service documents is a few
/// hundred bytes of JSON.
const BODY_LIMIT: usize = 1024 * 1024;

/// HTTP's date, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
const HTTP_DATE: &[FormatItem<'static>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// A time, which must be in UTC, as HTTP writes it.
pub(crate) fn http_date(time: OffsetDateTime) -> String {
    time.format(HTTP_DATE)
        .expect("a date and time of day has every part of the format")
}

/// One request, as received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// The request target as sent: path and query, nothing decoded.
    pub target: String,
    /// The header fields in the order sent, names in the case sent, values as bytes.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; empty when there was none.
    pub body: Vec<u8>,
    /// The number of its connection, counted from 0 in the order of acceptance. Two requests with the
    /// same number came over the same connection.
    pub connection: usize,
}

impl Request {
    /// The value of the first header field of that name (any case). `None` when there is none or
    /// its value is not UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_values(name)
            .next()
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The values of all header fields of that name (any case), in the order sent.
    pub fn header_values<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.headers
            .iter()
            .filter(move |(sent, _)| sent.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// The target up to its `?`, nothing decoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The target after its `?`, nothing decoded; empty when there is no `?`.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The path's segments, each decoded. The part before the first `/` is not a segment.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path()
            .split('/')
            .skip(1)
            .map(|segment| text(&percent_decode(segment)))
            .collect()
    }

    /// The decoded query parameters, in the order sent.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        query_pairs(self.query())
            .into_iter()
            .map(|(name, value)| (text(&name), text(&value)))
    }

    /// The decoded value of the first query parameter of that name.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.parameters().find(|(sent, _)| sent == name).map(|(_, value)| value)
    }

    /// Whether the client wants the connection closed after the answer.
    pub(crate) fn wants_close(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The reason why no further request can be read from a connection.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The connection broke, or ended within a request.
    Broken,
    /// The bytes are not a request that this server accepts, for this reason.
    Malformed(String),
}

impl From<io::Error> for Unreadable {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

/// Reads requests from a stream, and keeps the bytes that follow the current one.
#[derive(Debug)]
pub(crate) struct RequestReader<S> {
    stream: S,
    received: Vec<u8>,
}

impl<S: Read> RequestReader<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// The stream, to write answers to.
    pub(crate) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream and what was received beyond the last request.
    pub(crate) fn into_parts(self) -> (S, Vec<u8>) {
        (self.stream, self.received)
    }

    /// The next request, or `None` when the peer closed the connection between requests.
    pub(crate) fn next(&mut self, connection: usize) -> Result<Option<Request>, Unreadable> {
        let (mut request, head_length) = loop {
            if let Some(parsed) = parse_head(&self.received)? {
                break parsed;
            }
            if self.received.len() >= HEAD_LIMIT {
                return Err(Unreadable::Malformed(format!("the head is over {HEAD_LIMIT} bytes")));
            }
            if !self.receive()? {
                return if self.received.is_empty() {
                    Ok(None)
                } else {
                    Err(Unreadable::Broken)
                };
            }
        };
        let end = head_length + body_length(&request)?;
        while self.received.len() < end {
            if !self.receive()? {
                return Err(Unreadable::Broken);
            }
        }
        request.body = self.received[head_length..end].to_vec();
        request.connection = connection;
        self.received.drain(..end);
        Ok(Some(request))
    }

    /// Receives some bytes; `false` at the end of the stream.
    fn receive(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 8 * 1024];
        let count = self.stream.read(&mut chunk)?;
        self.received.extend_from_slice(&chunk[..count]);
        Ok(count > 0)
    }
}

/// A request without its body and the length of its head, or `None` while the head is incomplete.
fn parse_head(received: &[u8]) -> Result<Option<(Request, usize)>, Unreadable> {
    if received.is_empty() {
        return Ok(None);
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADER_COUNT_LIMIT];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(received) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(Unreadable::Malformed(format!("not an HTTP request: {error}"))),
    };
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), header.value.to_vec()))
            .collect(),
        ..Request::default()
    };
    Ok(Some((request, length)))
}

fn body_length(request: &Request) -> Result<usize, Unreadable> {
    if request.header_values("transfer-encoding").next().is_some() {
        return Err(Unreadable::Malformed("the body has a Transfer-Encoding".to_owned()));
    }
    let Some(value) = request.header("content-length") else {
        return Ok(0);
    };
    match value.parse() {
        Ok(length) if length <= BODY_LIMIT => Ok(length),
        Ok(length) => Err(Unreadable::Malformed(format!(
            "a body of {length} bytes is over {BODY_LIMIT}"
        ))),
        Err(_) => Err(Unreadable::Malformed(format!("Content-Length is {value:?}"))),
    }
}
