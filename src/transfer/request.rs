//! One request to the object storage, and the reading of its answer.
//!
//! The storage is another host than the service: nothing of the service's goes to it, no key, no
//! signature, no header. Whether the answer fits what is known of the object is decided in
//! [`super::answer`].

use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::Request;
use ureq::http::header::{ACCEPT_ENCODING, IF_MATCH, RANGE};

use super::answer::{Head, of_error_answer};
use super::reason::Reason;
use crate::http::{self, Failure, Network, ProxyName, Stage};
use crate::process::world::Clock;
use crate::values::link::Link;

/// How much of a connection is read at a time, in bytes. Reads of 64 KiB are slower by a tenth.
pub(super) const CHUNK: usize = 256 * 1024;
const OUTPUT_BUFFER: usize = 16 * 1024;

/// The way to the object storage.
pub(crate) struct Storage {
    client: http::Client,
    silence: Duration,
    clock: Arc<dyn Clock>,
}

/// The parts of a request.
pub(super) struct Ask<'a> {
    pub(super) link: &'a Link,
    /// These bytes of the object; all of it, where there is none.
    pub(super) range: Option<Range<u64>>,
    /// The object's length in bytes, where it is known: nothing past it is asked for.
    pub(super) length: Option<u64>,
    /// The strong ETag that the object must have.
    pub(super) if_match: Option<&'a str>,
}

/// An answer whose status says that bytes of the object follow.
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) body: Box<dyn Read + Send>,
    /// How long the head took to come.
    pub(super) waited: Duration,
}

/// Why there are no bytes.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The link is refused: it has expired, or never was good.
    Refused(String),
    /// There are too many requests; the storage may have said how long to wait.
    Busy(String, Option<Duration>),
    /// The storage failed.
    Failed(String),
    /// No answer came, or it broke off.
    Transport(Box<Failure>),
    /// The ETag that was asked for is not the object's (412), in the storage's words.
    Precondition(String),
    /// There are no such bytes, or none of a range (416, or 400 in answer to a range).
    NoSuchRange,
    /// Something that is no answer to what was asked, such as 304.
    Odd(String),
    /// A failure that trying again does not change.
    Final(Reason),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(text)
            | Self::Busy(text, _)
            | Self::Failed(text)
            | Self::Odd(text)
            | Self::Precondition(text) => f.write_str(text),
            Self::Transport(failure) => failure.fmt(f),
            Self::NoSuchRange => f.write_str("the storage has no such range of bytes"),
            Self::Final(reason) => reason.fmt(f),
        }
    }
}

impl Storage {
    /// `silence` is how long the other side may say nothing.
    pub(crate) fn new(network: Arc<Network>, silence: Duration, clock: Arc<dyn Clock>) -> Self {
        let config = http::config()
            .input_buffer_size(CHUNK)
            .output_buffer_size(OUTPUT_BUFFER)
            .max_idle_connections(super::MAX_CONNECTIONS)
            .max_idle_connections_per_host(super::MAX_CONNECTIONS)
            .timeout_connect(Some(silence))
            .timeout_recv_response(Some(silence))
            // Of each read and not of them all: a slow transfer is a healthy one.
            .timeout_per_read(Some(silence));
        Self {
            client: http::Client::new(network, config),
            silence,
            clock,
        }
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) fn get(&self, ask: &Ask<'_>) -> Result<Answer, NoAnswer> {
        let mut request = Request::get(ask.link.expose()).header(ACCEPT_ENCODING, "identity");
        if let Some(range) = &ask.range {
            // A range to the end names no end: a server that has less answers with what it has.
            let text = match ask.length {
                Some(length) if range.end >= length => format!("bytes={}-", range.start),
                _ => format!("bytes={}-{}", range.start, range.end - 1),
            };
            request = request.header(RANGE, text);
        }
        if let Some(etag) = ask.if_match {
            request = request.header(IF_MATCH, etag);
        }
        let started = self.clock.monotonic();
        let response = self
            .client
            .send(request.body(()), None)
            .map_err(|failure| NoAnswer::Transport(Box::new(failure)))?;
        let deadline = started + self.silence;
        let waited = self.clock.monotonic().saturating_sub(started);
        match response.status().as_u16() {
            200 | 206 => {
                let head = Head::read(response.status().as_u16(), response.headers());
                let body = Box::new(response.into_body().into_reader());
                Ok(Answer { head, body, waited })
            }
            _ => {
                let is_over = || self.clock.monotonic() >= deadline;
                Err(of_error_answer(
                    response,
                    ask.range.is_some(),
                    self.clock.now(),
                    &is_over,
                ))
            }
        }
    }

    /// The proxy that requests to the link's host go through.
    pub(super) fn proxy(&self, link: &Link) -> Option<ProxyName> {
        self.client.proxy(link.expose())
    }

    /// The failure of a read of a link's object.
    pub(super) fn of_reading(&self, error: std::io::Error, link: &Link) -> Failure {
        let failure = self.client.failure_while_receiving(&error.into(), link.expose());
        match failure.stage {
            // A chunk that is none. The bytes before it are good, and can be gone on from.
            Stage::Protocol => Failure {
                stage: Stage::Broken,
                ..failure
            },
            _ => failure,
        }
    }
}
