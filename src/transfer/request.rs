//! One request to the object storage, and the reading of its answer.
//!
//! The storage is another host than the service, so no key, signature or header of the service is sent to it.
//! [`super::admission`] and [`super::fetch`] decide whether an answer fits what is known of the object.

use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::Request;
use ureq::http::header::{ACCEPT_ENCODING, IF_MATCH, RANGE};

use super::answer::{Head, of_error_answer};
use super::reason::Reason;
use crate::http::{self, Failure, Network, ProxyName, Stage, WithoutThread};
use crate::process::world::Clock;
use crate::values::link::Link;

/// How much of a connection is read at a time, in bytes. Reads of 64 KiB are slower by a tenth.
pub(super) const CHUNK: usize = 256 * 1024;
const OUTPUT_BUFFER: usize = 16 * 1024;

/// A client of the object storage.
pub(crate) struct Storage {
    client: http::Client,
    /// How long the storage may be silent.
    silence: Duration,
    clock: Arc<dyn Clock>,
}

/// The parts of a request.
pub(super) struct Ask<'a> {
    pub(super) link: &'a Link,
    /// The range of bytes to ask for; `None` for the whole object.
    pub(super) range: Option<Range<u64>>,
    /// The object's length in bytes, if it is known. A range that reaches it is asked for without an end.
    pub(super) length: Option<u64>,
    /// The strong ETag that the object must have.
    pub(super) if_match: Option<&'a str>,
}

/// An answer with bytes of the object (status 200 or 206).
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) body: Box<dyn Read + Send>,
    /// How long the head took to come.
    pub(super) waited: Duration,
}

/// Why a request brought no bytes. The texts are the storage's words, safe to show.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The link is refused: it has expired, or was never valid.
    Refused(String),
    /// The storage is busy. The time is how long it asks to wait, if it does.
    Busy(String, Option<Duration>),
    /// The storage failed.
    Failed(String),
    /// No answer came, or it broke off.
    Transport(Box<Failure>),
    /// The object does not have the ETag that was asked for (412).
    Precondition(String),
    /// The object has no such bytes, or the storage serves no ranges of it (416, or 400 to a range).
    NoSuchRange,
    /// An answer that does not fit the request, such as 304.
    Odd(String),
    /// A failure that another attempt would not change.
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
    /// A client that gives a request up if the storage is silent for the time of `silence`.
    pub(crate) fn new(network: Arc<Network>, silence: Duration, clock: Arc<dyn Clock>) -> Self {
        let config = http::config()
            .input_buffer_size(CHUNK)
            .output_buffer_size(OUTPUT_BUFFER)
            .max_idle_connections(super::MAX_CONNECTIONS)
            .max_idle_connections_per_host(super::MAX_CONNECTIONS)
            .timeout_connect(Some(silence))
            .timeout_recv_response(Some(silence))
            // This limits each read, not all of them together: a transfer may be slow.
            .timeout_per_read(Some(silence));
        Self {
            // The connections' own threads may take all that there are, and they alone wait for a look-up.
            client: http::Client::with(network, config, WithoutThread::Wait),
            silence,
            clock,
        }
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) fn get(&self, ask: &Ask<'_>) -> Result<Answer, NoAnswer> {
        let mut request = Request::get(ask.link.expose()).header(ACCEPT_ENCODING, "identity");
        if let Some(range) = &ask.range {
            // A range up to the object's end is sent without an end. A storage whose object is shorter by now then
            // answers with what it has.
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

    /// The failure of reading the body of an answer from this link.
    pub(super) fn of_reading(&self, error: std::io::Error, link: &Link) -> Failure {
        let failure = self.client.failure_while_receiving(&error.into(), link.expose());
        match failure.stage {
            // A malformed chunk of a chunked body. The bytes before it are good and can be kept.
            Stage::Protocol => Failure {
                stage: Stage::Broken,
                ..failure
            },
            _ => failure,
        }
    }
}
