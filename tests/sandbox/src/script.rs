//! Replies that a test sets instead of the normal answers: any status, header and body, and every way in
//! which a connection can fail during an answer.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use crate::service;

/// A reply to one request.
///
/// A constructor chooses its kind ([`Reply::new`], [`Reply::json`], [`Reply::error`], [`Reply::raw`],
/// [`Reply::close`], …), and methods change the details; a later call replaces an earlier one. By
/// default a reply is sent at once, whole, with `Content-Length`, the connection stays open, and the
/// request's signature is not checked. A method for the head or the body panics on a kind that has none,
/// such as [`Reply::stall`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub(crate) kind: Kind,
    pub(crate) delay: Duration,
    pub(crate) is_verified: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The service's own answer.
    Service,
    Scripted(Conduct),
}

/// The bytes to send, and what happens to the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Conduct {
    Http(HttpReply),
    /// These bytes, and then an orderly end (FIN).
    Raw(Vec<u8>),
    Close,
    Reset,
    Stall,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpReply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) framing: Framing,
    pub(crate) pace: Pace,
}

/// How the end of the body is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    /// A `Content-Length` for a body that is sent separately.
    Announced(u64),
    /// A `Content-Length` that is not the body's, then an orderly end.
    WrongLength(u64),
    /// Chunks of at most so many bytes.
    Chunked(usize),
    BrokenChunked,
    UntilClose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    AtOnce,
    /// Nothing more after so many bytes of the framed body.
    StallAfter(usize),
    /// One byte of the framed body at a time, with this pause after each.
    Trickle(Duration),
}

impl Reply {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            delay: Duration::ZERO,
            is_verified: false,
        }
    }

    fn http(http: HttpReply) -> Self {
        Self::of(Kind::Scripted(Conduct::Http(http)))
    }

    /// A reply with that status and an empty body. `Date` is added unless a header sets it.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self::http(HttpReply::new(status))
    }

    /// A reply with a JSON body and the service's `Content-Type`.
    #[must_use]
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::http(HttpReply::json(status, body))
    }

    /// The service's failure of that HTTP status, such as `Reply::error(429, "RATE_LIMIT", "…")`,
    /// with a request ID of its own in body and header.
    #[must_use]
    pub fn error(code: u16, status: &str, message: &str) -> Self {
        Self::http(service::failure(code, status, message))
    }

    /// The bytes as they are, head and all, and then an orderly end of the connection.
    #[must_use]
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Kind::Scripted(Conduct::Raw(bytes.into())))
    }

    /// An orderly end of the connection instead of an answer.
    #[must_use]
    pub fn close() -> Self {
        Self::of(Kind::Scripted(Conduct::Close))
    }

    /// A reset of the connection instead of an answer.
    #[must_use]
    pub fn reset() -> Self {
        Self::of(Kind::Scripted(Conduct::Reset))
    }

    /// No answer, until the client gives up or the sandbox ends.
    #[must_use]
    pub fn stall() -> Self {
        Self::of(Kind::Scripted(Conduct::Stall))
    }

    /// The service's own answer, after a delay. The request's signature is checked, as it is for every
    /// answer of the service.
    #[must_use]
    pub fn then_ok(delay: Duration) -> Self {
        Self::of(Kind::Service).delay(delay).verified()
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|http| http.push_header(name, value))
    }

    /// Sets the body.
    #[must_use]
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        self.with(|http| http.body = body.into())
    }

    /// Waits before anything is sent.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Checks the request's signature first; a refused request gets its refusal instead.
    #[must_use]
    pub fn verified(mut self) -> Self {
        self.is_verified = true;
        self
    }

    /// Does not check the signature, so that the service also answers a client that cannot sign, such
    /// as curl in a benchmark.
    #[must_use]
    pub fn unverified(mut self) -> Self {
        self.is_verified = false;
        self
    }

    /// Sends this `Content-Length` with a body of another length, and ends the connection.
    #[must_use]
    pub fn content_length(self, length: u64) -> Self {
        self.with(|http| http.framing = Framing::WrongLength(length))
    }

    /// Sends the body in chunks of at most `size` bytes, at least one.
    #[must_use]
    pub fn chunked(self, size: usize) -> Self {
        self.with(|http| http.framing = Framing::Chunked(size.max(1)))
    }

    /// Sends the body as one good chunk, then something that is no chunk, and ends the connection.
    #[must_use]
    pub fn broken_chunked(self) -> Self {
        self.with(|http| http.framing = Framing::BrokenChunked)
    }

    /// Sends no `Content-Length`: the body ends where the connection does.
    #[must_use]
    pub fn until_close(self) -> Self {
        self.with(|http| http.framing = Framing::UntilClose)
    }

    /// Sends the head and so many bytes of the body, then nothing more until the client gives up
    /// or the sandbox ends.
    #[must_use]
    pub fn stall_after(self, body_bytes: usize) -> Self {
        self.with(|http| http.pace = Pace::StallAfter(body_bytes))
    }

    /// Sends the head and nothing more.
    #[must_use]
    pub fn stall_after_headers(self) -> Self {
        self.stall_after(0)
    }

    /// Sends the head, then the body a byte at a time with a pause after each.
    #[must_use]
    pub fn trickle(self, pause: Duration) -> Self {
        self.with(|http| http.pace = Pace::Trickle(pause))
    }

    /// Changes a reply that has a head and a body.
    ///
    /// # Panics
    /// On the other kinds, where the change would have no effect.
    #[track_caller]
    fn with(mut self, refine: impl FnOnce(&mut HttpReply)) -> Self {
        match &mut self.kind {
            Kind::Scripted(Conduct::Http(http)) => refine(http),
            other => panic!("this kind of reply has neither head nor body: {other:?}"),
        }
        self
    }
}

impl HttpReply {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::Length,
            pace: Pace::AtOnce,
        }
    }

    /// With a JSON body and the service's `Content-Type`.
    pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let mut reply = Self::new(status);
        reply.push_header("Content-Type", "application/json; charset=utf-8");
        reply.body = body.into();
        reply
    }

    pub(crate) fn push_header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.headers.push((name.into(), value.into()));
    }

    fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(set, _)| set.eq_ignore_ascii_case(name))
    }

    /// Whether the connection ends with this reply.
    pub(crate) fn ends_connection(&self) -> bool {
        let says_close = |(name, value): &(String, String)| {
            name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close")
        };
        !matches!(
            self.framing,
            Framing::Length | Framing::Announced(_) | Framing::Chunked(_)
        ) || self.headers.iter().any(says_close)
    }

    /// Status line, header fields and the empty line.
    pub(crate) fn head(&self, date: &str) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason_phrase(self.status));
        for (name, value) in &self.headers {
            push_field(&mut head, name, value);
        }
        if !self.has_header("date") {
            push_field(&mut head, "Date", date);
        }
        match self.framing {
            Framing::Length => push_field(&mut head, "Content-Length", self.body.len()),
            Framing::Announced(length) | Framing::WrongLength(length) => {
                push_field(&mut head, "Content-Length", length)
            }
            Framing::Chunked(_) | Framing::BrokenChunked => push_field(&mut head, "Transfer-Encoding", "chunked"),
            Framing::UntilClose => {}
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// The body as it goes over the wire.
    pub(crate) fn framed_body(&self) -> Vec<u8> {
        let mut framed = Vec::with_capacity(self.body.len() + 32);
        match self.framing {
            Framing::Length | Framing::Announced(_) | Framing::WrongLength(_) | Framing::UntilClose => {
                framed.extend_from_slice(&self.body)
            }
            Framing::Chunked(size) => {
                self.body.chunks(size).for_each(|chunk| push_chunk(&mut framed, chunk));
                push_chunk(&mut framed, b"");
            }
            Framing::BrokenChunked => {
                self.body
                    .chunks(usize::MAX)
                    .for_each(|chunk| push_chunk(&mut framed, chunk));
                framed.extend_from_slice(b"this is no chunk\r\n");
            }
        }
        framed
    }
}

fn push_field(head: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a String does not fail.
    let _ = write!(head, "{name}: {value}\r\n");
}

fn push_chunk(framed: &mut Vec<u8>, chunk: &[u8]) {
    framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
    framed.extend_from_slice(chunk);
    framed.extend_from_slice(b"\r\n");
}

fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Other",
    }
}

/// The replies that are queued for coming requests.
#[derive(Debug)]
pub(crate) struct Script<R> {
    queue: VecDeque<Queued<R>>,
    /// For every request whose target contains the text, where no queued one is for it.
    always_for: Vec<Queued<R>>,
    always: Option<R>,
}

#[derive(Debug)]
struct Queued<R> {
    /// The reply is only for a request whose target contains this.
    part_of_target: String,
    reply: R,
}

impl<R> Default for Script<R> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            always_for: Vec::new(),
            always: None,
        }
    }
}

impl<R: Clone> Script<R> {
    /// Queues replies for requests whose targets contain this; an empty text is in every target.
    pub(crate) fn extend(&mut self, part_of_target: &str, replies: Vec<R>) {
        self.queue.extend(replies.into_iter().map(|reply| Queued {
            part_of_target: part_of_target.to_owned(),
            reply,
        }));
    }

    pub(crate) fn set_always_for(&mut self, part_of_target: &str, reply: R) {
        self.always_for.push(Queued {
            part_of_target: part_of_target.to_owned(),
            reply,
        });
    }

    pub(crate) fn set_always(&mut self, reply: R) {
        self.always = Some(reply);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The earliest queued reply that the request may get, else the one for every request.
    pub(crate) fn next(&mut self, target: &str) -> Option<R> {
        let position = self
            .queue
            .iter()
            .position(|queued| target.contains(&queued.part_of_target));
        position
            .and_then(|position| self.queue.remove(position))
            .map(|queued| queued.reply)
            .or_else(|| self.lasting(target))
            .or_else(|| self.always.clone())
    }

    /// The latest reply that was set for every such request.
    fn lasting(&self, target: &str) -> Option<R> {
        let fits = |queued: &&Queued<R>| target.contains(&queued.part_of_target);
        self.always_for
            .iter()
            .rev()
            .find(fits)
            .map(|queued| queued.reply.clone())
    }
}
