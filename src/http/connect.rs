//! The connections that ureq asks for. This file and `buffer` hold all code that depends on ureq's
//! unversioned interface. That interface is the reason why Cargo.toml pins ureq to a minor version.
//!
//! ureq's own connector tries a host's addresses one after the other, panics if the system gives no thread, looks
//! a name up again for each request on an open connection, sends CONNECT for plain http, and waits for the answer to
//! CONNECT without a limit. Here `dial`, `tunnel` and `tls` make a connection, only if ureq's pool has none, and
//! all steps end by one deadline.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration as TimeOut;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use zeroize::Zeroizing;

use super::buffer::Buffer;
use super::client::{Network, USER_AGENT, origin, refused};
use super::dial::{WithoutThread, dial};
use super::failure::{self, Failure, Stage};
use super::proxy::Proxy;
use super::socket::{Duplex, Limit, Socket};
use super::tls;
use super::tunnel::{self, NoTunnel};
use crate::values::endpoint::Scheme;

/// Gives ureq no addresses, since it asks for them before each request, even if it has an open connection.
#[derive(Debug)]
pub(super) struct NoLookUp;

impl Resolver for NoLookUp {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// Makes connections, through the origin's proxy if it has one.
#[derive(Debug)]
pub(super) struct Connecting {
    network: Arc<Network>,
    without_thread: WithoutThread,
}

impl Connecting {
    pub(super) fn new(network: Arc<Network>, without_thread: WithoutThread) -> Self {
        Self {
            network,
            without_thread,
        }
    }

    fn open(&self, details: &ConnectionDetails<'_>) -> Result<Connection, Failure> {
        let (scheme, host, port) = origin(details.uri);
        let attempt = Attempt {
            without_thread: self.without_thread,
            ..Attempt::new(
                &self.network,
                details.uri,
                remaining(details.timeout.after).map(|left| Instant::now() + left),
                details.config.input_buffer_size(),
            )
        };
        let proxy = self
            .network
            .proxy(scheme, host, port)
            .map_err(|error| attempt.failure((Stage::Unreachable, error.to_string()), true))?;
        let mut stream = match proxy {
            None => attempt.dial(host, port, false)?,
            Some(proxy) => attempt.reach(proxy)?,
        };
        if let (Some(proxy), Scheme::Https) = (proxy, scheme) {
            attempt.tunnel(&mut *stream, &format!("{host}:{port}"), proxy)?;
        }
        if scheme == Scheme::Https {
            stream = attempt.encrypt(stream, host, false)?;
        }
        Ok(Connection {
            stream,
            buffers: Buffer::new(details.config.input_buffer_size(), details.config.output_buffer_size()),
            incomplete_since: None,
            is_tls: scheme == Scheme::Https,
            head: match (proxy, scheme) {
                (Some(proxy), Scheme::Http) => Some(AbsoluteForm::new(details.uri, proxy)),
                _ => None,
            },
        })
    }
}

impl Connector<()> for Connecting {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Connection>, ureq::Error> {
        self.open(details)
            .map(Some)
            .map_err(|failure| ureq::Error::Other(Box::new(failure)))
    }
}

/// The attempt to make a connection for a URL. Its methods are the steps.
pub(super) struct Attempt<'a> {
    network: &'a Network,
    uri: &'a Uri,
    /// All steps end by it.
    deadline: Option<Instant>,
    /// How many bytes TLS reads at a time.
    read_ahead: usize,
    without_thread: WithoutThread,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(network: &'a Network, uri: &'a Uri, deadline: Option<Instant>, read_ahead: usize) -> Self {
        Self {
            network,
            uri,
            deadline,
            read_ahead,
            without_thread: WithoutThread::Fail,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The failure of a step.
    pub(super) fn failure(&self, (stage, words): (Stage, String), is_at_proxy: bool) -> Failure {
        Failure::before_sending(stage, self.network.route(self.uri), is_at_proxy, words)
    }

    fn dial(&self, host: &str, port: u16, is_at_proxy: bool) -> Result<Box<dyn Duplex>, Failure> {
        let stream =
            dial(host, port, self.deadline, self.without_thread).map_err(|why| self.failure(why, is_at_proxy))?;
        self.socket(stream, is_at_proxy)
    }

    /// A connected stream whose calls end by the deadline.
    pub(super) fn socket(&self, stream: TcpStream, is_at_proxy: bool) -> Result<Box<dyn Duplex>, Failure> {
        let limit = Limit {
            deadline: self.deadline,
            each: None,
        };
        let socket = Socket::new(stream, limit).map_err(|error| self.failure(failure::of_io(&error), is_at_proxy))?;
        Ok(Box::new(socket))
    }

    /// Does the TLS handshake with a host over a stream.
    pub(super) fn encrypt(
        &self,
        stream: Box<dyn Duplex>,
        host: &str,
        is_at_proxy: bool,
    ) -> Result<Box<dyn Duplex>, Failure> {
        let config = self.network.tls().map_err(|error| {
            let stage = Stage::TrustStore {
                is_named: error.is_named,
            };
            self.failure((stage, error.to_string()), false)
        })?;
        tls::connect(stream, host, config, self.read_ahead).map_err(|why| self.failure(why, is_at_proxy))
    }

    /// Connects to the proxy itself.
    fn reach(&self, proxy: &Proxy) -> Result<Box<dyn Duplex>, Failure> {
        let stream = self.dial(proxy.host(), proxy.port(), true)?;
        match proxy.scheme() {
            Scheme::Http => Ok(stream),
            Scheme::Https => self.encrypt(stream, proxy.host(), true),
        }
    }

    /// Asks the proxy to carry all further bytes to `HOST:PORT`.
    pub(super) fn tunnel(&self, stream: &mut dyn Duplex, target: &str, proxy: &Proxy) -> Result<(), Failure> {
        tunnel::open(stream, target, proxy, USER_AGENT).map_err(|error| match error {
            NoTunnel::Refused(status) => refused(proxy, status, self.network.route(self.uri)),
            NoTunnel::NotHttp => self.failure((Stage::Protocol, "what it answers is no HTTP".to_owned()), true),
            NoTunnel::Broken(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let words = "it closed the connection instead of answering CONNECT";
                self.failure((Stage::Broken, words.to_owned()), true)
            }
            NoTunnel::Broken(error) => self.failure(failure::of_io(&error), true),
        })
    }
}

/// An open connection, as ureq uses it.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Box<dyn Duplex>,
    buffers: Buffer,
    /// Since when ureq has input that is too short to be used, such as a part of a chunk's head.
    incomplete_since: Option<Instant>,
    is_tls: bool,
    /// Changes the heads of requests for a proxy; only for plain http through a proxy.
    head: Option<AbsoluteForm>,
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.socket().limit = limit(timeout, timeout.per_write);
        let output = &self.buffers.output()[..amount];
        let sent = match self.head.as_mut().and_then(|form| form.rewrite(output)) {
            Some(head) => self.stream.write_all(&head),
            None => self.stream.write_all(output),
        };
        sent.and_then(|()| self.stream.flush())
            .map_err(|error| in_time(error, timeout.for_write()))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let mut limit = limit(timeout, timeout.per_read);
        // The head of a chunk must come within the time of one read. Otherwise one that comes byte by byte would take
        // that time for each byte.
        let since = self.incomplete_since.unwrap_or_else(Instant::now);
        self.incomplete_since = self.buffers.is_incomplete().then_some(since);
        if let (Some(since), Some(each)) = (self.incomplete_since, limit.each) {
            let end = since + each;
            limit.deadline = Some(limit.deadline.map_or(end, |deadline| deadline.min(end)));
        }
        self.stream.socket().limit = limit;
        if let Some(form) = &mut self.head {
            form.is_next = true;
        }
        let count = self
            .stream
            .read(self.buffers.input_append_buf())
            .map_err(|error| in_time(error, timeout.for_read()))?;
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.socket().is_idle()
    }

    fn is_tls(&self) -> bool {
        self.is_tls
    }
}

/// Writes the whole URL into the head of a request over plain http (the absolute form): a proxy needs it (RFC 9112,
/// section 3.2.2). ureq writes only the path. curl does not use CONNECT for plain http either, since many proxies
/// allow CONNECT to port 443 alone.
struct AbsoluteForm {
    /// Scheme and authority.
    origin: String,
    authorization: Option<Zeroizing<String>>,
    /// Whether the next bytes from ureq begin with a request's head. They do on a new connection and after
    /// an answer. All others are the rest of a request.
    is_next: bool,
}

impl AbsoluteForm {
    fn new(uri: &Uri, proxy: &Proxy) -> Self {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        Self {
            origin: format!("http://{authority}"),
            authorization: proxy.authorization().map(|value| Zeroizing::new(value.to_owned())),
            is_next: true,
        }
    }

    /// The head in absolute form, with `Proxy-Authorization` if the proxy needs it; `None` if the bytes go
    /// out unchanged.
    fn rewrite(&mut self, output: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if !std::mem::take(&mut self.is_next) {
            return None;
        }
        let method = output.iter().position(|byte| *byte == b' ')? + 1;
        let line = output.iter().position(|byte| *byte == b'\n')? + 1;
        let mut head = Zeroizing::new(Vec::with_capacity(output.len() + 512));
        head.extend_from_slice(&output[..method]);
        head.extend_from_slice(self.origin.as_bytes());
        head.extend_from_slice(&output[method..line]);
        if let Some(authorization) = &self.authorization {
            head.extend_from_slice(b"Proxy-Authorization: ");
            head.extend_from_slice(authorization.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(&output[line..]);
        Some(head)
    }
}

impl fmt::Debug for AbsoluteForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AbsoluteForm({})", self.origin)
    }
}

/// ureq's time-outs for one call, as those of a socket.
fn limit(timeout: NextTimeout, each: Option<TimeOut>) -> Limit {
    Limit {
        deadline: remaining(timeout.after).map(|left| Instant::now() + left),
        each: each.and_then(remaining),
    }
}

/// ureq's duration; `None` if it is endless.
fn remaining(time: TimeOut) -> Option<Duration> {
    match time {
        TimeOut::Exact(time) => Some(time),
        TimeOut::NotHappening => None,
    }
}

/// ureq's error for a call of the socket that failed. `timeout` says what it was waiting for.
fn in_time(error: io::Error, timeout: NextTimeout) -> ureq::Error {
    match error.kind() {
        io::ErrorKind::TimedOut => ureq::Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Proxies;

    #[test]
    fn the_head_of_a_request_alone_is_put_in_absolute_form() {
        let proxies = Proxies::from_env(|name| (name == "http_proxy").then(|| "http://me:pw@p:1".to_owned()));
        let proxy = proxies.choose(Scheme::Http, "h", 8080).unwrap().unwrap();
        let mut form = AbsoluteForm::new(&Uri::from_static("http://h:8080/x?q"), proxy);
        let head = form.rewrite(b"POST /x?q HTTP/1.1\r\nHost: h:8080\r\n\r\n").unwrap();
        let expected = "POST http://h:8080/x?q HTTP/1.1\r\nProxy-Authorization: Basic bWU6cHc=\r\nHost: h:8080\r\n\r\n";
        assert_eq!(str::from_utf8(&head).unwrap(), expected);
        assert!(form.rewrite(b"body /x HTTP/1.1\r\n").is_none());
        form.is_next = true;
        assert!(form.rewrite(b"GET /y HTTP/1.1\r\n").is_some());
        assert_eq!(format!("{form:?}"), "AbsoluteForm(http://h:8080)");
    }

    /// The head of a chunk may come in pieces, and has the time of one read for all of them.
    #[test]
    fn input_that_is_too_short_to_be_used_is_waited_for() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut other, _) = listener.accept().unwrap();
        let mut connection = Connection {
            stream: Box::new(Socket::new(stream, Limit::default()).unwrap()),
            buffers: Buffer::new(64, 64),
            incomplete_since: None,
            is_tls: false,
            head: None,
        };
        let timeout = |each| NextTimeout {
            per_read: Some(TimeOut::Exact(each)),
            ..NextTimeout::default()
        };
        let ample = timeout(Duration::from_secs(60));
        for part in [b"1", b"\r", b"\n"] {
            io::Write::write_all(&mut other, part).unwrap();
            assert!(connection.await_input(ample).unwrap());
            connection.buffers().input_consume(0);
        }
        assert_eq!(connection.buffers().input(), b"1\r\n");
        let error = connection.await_input(timeout(Duration::from_millis(1))).unwrap_err();
        assert!(matches!(error, ureq::Error::Timeout(_)), "{error:?}");
        drop(other);
        assert!(!connection.await_input(ample).unwrap(), "the end");
    }
}
