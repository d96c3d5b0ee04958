//! The sandbox itself: receives requests, has the gateway's check and the service's answer or a
//! scripted reply for each, sends it, and keeps what happened for tests to look at.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

use crate::catalog::{BackupOutcome, Catalog};
use crate::http::{Request, RequestReader, Unreadable};
use crate::script::{Conduct, HttpReply, Kind, Pace, Reply, Script};
use crate::server::{Ending, Serve, Server, Socket, lock};
use crate::service::{self, Call};
use crate::signature::{self, Denial, Keys, Nonces, Refusal, Terms};
use crate::tls::ServerIdentity;

/// The access key that is known unless the builder is told another.
const ACCESS_KEY: &str = "SANDBOXACCESSKEY";
const SECRET_KEY: &str = "sandbox-secret-key";
/// How far a request's date may be from the sandbox's clock, unless told otherwise.
const CLOCK_WINDOW: Duration = Duration::from_secs(15 * 60);
const OBJECT_SIZE: u64 = 300_000;
/// How many of the latest requests and refusals are kept, so that a benchmark does not fill the
/// memory.
const KEPT: usize = 64 * 1024;
/// HTTP's date, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
const HTTP_DATE: &[FormatItem<'static>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Settings of a sandbox: [`Sandbox::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    port: u16,
    keys: Keys,
    clock_offset: time::Duration,
    clock_window: Duration,
    tls: Option<ServerIdentity>,
    object_size: u64,
}

impl Builder {
    /// The port on 127.0.0.1; a free one unless set.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The one key pair that is known, and the raw token that goes with it when it is temporary.
    #[must_use]
    pub fn keys(mut self, access_key: &str, secret_key: &str, token: Option<&str>) -> Self {
        self.keys = Keys {
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
            token: token.map(str::to_owned),
        };
        self
    }

    /// How many seconds the sandbox's clock is ahead of the machine's; negative when behind. It is
    /// the clock of the `Date` headers, of the links and of the check of the requests' dates.
    #[must_use]
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = time::Duration::seconds(seconds);
        self
    }

    /// How far a request's date may be from the sandbox's clock, either way: 15 minutes unless
    /// set. What the service allows is not documented.
    #[must_use]
    pub fn clock_window(mut self, window: Duration) -> Self {
        self.clock_window = window;
        self
    }

    /// How many bytes the file of each node of a backup has: 300,000 unless set.
    #[must_use]
    pub fn object_size(mut self, bytes: u64) -> Self {
        self.object_size = bytes;
        self
    }

    /// Serves HTTPS only.
    #[must_use]
    pub fn tls(mut self, identity: ServerIdentity) -> Self {
        self.tls = Some(identity);
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    /// When the port cannot be listened on or a thread cannot be started.
    pub fn start(self) -> io::Result<Sandbox> {
        let port = self.port;
        let mut cloud = None;
        let server = Server::start(port, |address| {
            let scheme = if self.tls.is_some() { "https" } else { "http" };
            let started = Arc::new(Cloud {
                origin: format!("{scheme}://{address}"),
                settings: self,
                state: Mutex::default(),
                catalog: Mutex::default(),
                changed: Condvar::new(),
            });
            cloud = Some(Arc::clone(&started));
            started
        })?;
        let cloud = cloud.expect("a started server has prepared its handler");
        Ok(Sandbox { server, cloud })
    }
}

/// A running sandbox on 127.0.0.1. Dropping it ends every connection and joins every thread.
#[derive(Debug)]
pub struct Sandbox {
    server: Server,
    cloud: Arc<Cloud>,
}

impl Sandbox {
    /// Starts a sandbox with the default settings: HTTP on a free port.
    ///
    /// # Panics
    /// When the machine has no free loopback port or thread.
    #[must_use]
    pub fn start() -> Self {
        Self::builder()
            .start()
            .expect("the machine has a free loopback port and a thread")
    }

    /// Settings to change before starting.
    #[must_use]
    pub fn builder() -> Builder {
        let keys = Keys {
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            token: None,
        };
        Builder {
            port: 0,
            keys,
            clock_offset: time::Duration::ZERO,
            clock_window: CLOCK_WINDOW,
            tls: None,
            object_size: OBJECT_SIZE,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The base URL, such as `http://127.0.0.1:4711`; `https` when it serves TLS.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.cloud.origin
    }

    /// The key pair that is known.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.cloud.settings.keys
    }

    /// Queues replies, each for one coming request. When none is left, the one set by
    /// [`always`](Self::always) or else the service's own answers return.
    pub fn script(&self, replies: Vec<Reply>) {
        self.script_for("", replies);
    }

    /// Queues replies, each for one coming request whose target as sent contains this, such as
    /// `pageNumber=3`. Of all that are queued, a request gets the earliest that it may get.
    pub fn script_for(&self, part_of_target: &str, replies: Vec<Reply>) {
        lock(&self.cloud.state).script.extend(part_of_target, replies);
    }

    /// Sets the reply for every request that no queued one is for.
    pub fn always(&self, reply: Reply) {
        lock(&self.cloud.state).script.set_always(Some(reply));
    }

    /// Forgets all scripted replies: the service answers again.
    pub fn unscript(&self) {
        lock(&self.cloud.state).script.clear();
    }

    /// Queues what becomes of a backup that a client has made; each call is for one. For further
    /// ones it is the default.
    pub fn next_backup(&self, outcome: BackupOutcome) {
        lock(&self.cloud.catalog).expect_backup(outcome);
    }

    /// The requests received, in order; at most the latest 65,536. Bytes that are no request are
    /// among the [`refusals`](Self::refusals) only.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.cloud.state)
            .requests
            .iter()
            .map(|request| Request::clone(request))
            .collect()
    }

    /// The requests refused by the gateway's check, in order; at most the latest 65,536.
    #[must_use]
    pub fn refusals(&self) -> Vec<Refusal> {
        lock(&self.cloud.state).refusals.iter().cloned().collect()
    }

    /// How many TCP connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.accepted()
    }

    /// Waits until at least `count` requests were received since the start; `false` when they
    /// were not in time.
    #[must_use]
    pub fn wait_for_requests(&self, count: usize, timeout: Duration) -> bool {
        let state = lock(&self.cloud.state);
        let waited = self
            .cloud
            .changed
            .wait_timeout_while(state, timeout, |state| state.received < count);
        waited.unwrap_or_else(PoisonError::into_inner).0.received >= count
    }
}

/// What the connections' threads share.
#[derive(Debug)]
struct Cloud {
    origin: String,
    settings: Builder,
    state: Mutex<State>,
    catalog: Mutex<Catalog>,
    /// Notified at every request.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    script: Script,
    nonces: Nonces,
    requests: VecDeque<Arc<Request>>,
    /// How many requests there were, those no longer kept included.
    received: usize,
    refusals: VecDeque<Refusal>,
}

fn keep<T>(kept: &mut VecDeque<T>, latest: T) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(latest);
}

impl Serve for Cloud {
    fn serve(&self, socket: Socket, number: usize, ending: &Ending) {
        // Here and below, an error means that the client is gone, which a test sees on its side.
        if let Ok(stream) = self.stream(socket.clone()) {
            let connection = Connection {
                cloud: self,
                socket,
                ending,
            };
            let _ = connection.serve(RequestReader::new(stream), number);
        }
    }
}

impl Cloud {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.settings.clock_offset
    }

    fn http_date(&self) -> String {
        self.now()
            .format(HTTP_DATE)
            .expect("a date and time of day has every part of the format")
    }

    fn stream(&self, socket: Socket) -> io::Result<Stream> {
        match &self.settings.tls {
            None => Ok(Stream::Plain(socket)),
            Some(identity) => {
                let session = ServerConnection::new(Arc::clone(&identity.0)).map_err(io::Error::other)?;
                Ok(Stream::Tls(Box::new(StreamOwned::new(session, socket))))
            }
        }
    }

    /// Notes a request; what to do about it and how long to wait before.
    fn react(&self, request: &Arc<Request>) -> (Duration, Conduct) {
        let (reply, nonce_is_fresh) = {
            let mut state = lock(&self.state);
            state.received += 1;
            keep(&mut state.requests, Arc::clone(request));
            // Also when the reply is scripted: no two requests may have the same nonce, whatever
            // came of the first.
            (state.script.next(&request.target), state.nonces.admit(request))
        };
        self.changed.notify_all();
        let verdict = if reply.is_verified {
            self.verify(request, nonce_is_fresh)
        } else {
            Ok(())
        };
        let conduct = match (verdict, reply.kind) {
            (Err(refusal), _) => Conduct::Http(self.refuse(refusal)),
            (Ok(()), Kind::Service) => Conduct::Http(self.answer(request)),
            (Ok(()), Kind::Scripted(conduct)) => conduct,
        };
        (reply.delay, conduct)
    }

    fn answer(&self, request: &Request) -> HttpReply {
        let mut call = Call {
            request,
            origin: &self.origin,
            now: self.now(),
            object_size: self.settings.object_size,
            catalog: &mut lock(&self.catalog),
        };
        service::answer(&mut call)
    }

    fn verify(&self, request: &Request, nonce_is_fresh: bool) -> Result<(), Refusal> {
        let window = time::Duration::try_from(self.settings.clock_window).unwrap_or(time::Duration::MAX);
        let terms = Terms {
            keys: &self.settings.keys,
            now: self.now(),
            window,
            nonce_is_fresh,
        };
        signature::verify(request, &terms)
    }

    fn refuse(&self, refusal: Refusal) -> HttpReply {
        let reply = service::refusal(refusal.denial);
        keep(&mut lock(&self.state).refusals, refusal);
        reply
    }
}

/// Whether the connection goes on after a reply.
enum After {
    Next,
    End,
    Reset,
}

/// One connection, as its thread serves it.
struct Connection<'a> {
    cloud: &'a Cloud,
    socket: Socket,
    ending: &'a Ending,
}

impl Connection<'_> {
    fn serve(&self, mut requests: RequestReader<Stream>, number: usize) -> io::Result<()> {
        loop {
            let request = match requests.next(number) {
                Ok(Some(request)) => Arc::new(request),
                Ok(None) | Err(Unreadable::Broken) => return Ok(()),
                Err(Unreadable::Malformed(reason)) => return self.reject(reason, requests.stream()),
            };
            let (delay, conduct) = self.cloud.react(&request);
            if !delay.is_zero() && !self.ending.pause(delay) {
                return Ok(());
            }
            match self.send(&conduct, requests.stream())? {
                After::Next if !request.wants_close() => {}
                After::Next | After::End => return requests.stream().end(),
                After::Reset => return self.socket.reset_on_close(),
            }
        }
    }

    /// Answers bytes that are no request.
    fn reject(&self, reason: String, stream: &mut Stream) -> io::Result<()> {
        let mut refusal = self.cloud.refuse(Refusal {
            denial: Denial::BadRequest,
            reason,
        });
        refusal.push_header("Connection", "close");
        self.send_http(&refusal, stream)?;
        stream.end()?;
        // Closing with bytes unread would be a reset, which may overtake the answer.
        self.socket.wait_until_closed();
        Ok(())
    }

    fn send(&self, conduct: &Conduct, stream: &mut Stream) -> io::Result<After> {
        match conduct {
            Conduct::Http(http) => self.send_http(http, stream),
            Conduct::Raw(bytes) => stream.write_all(bytes).map(|()| After::End),
            Conduct::Close => Ok(After::End),
            Conduct::Reset => Ok(After::Reset),
            Conduct::Stall => {
                self.socket.wait_until_closed();
                Ok(After::Reset)
            }
        }
    }

    fn send_http(&self, http: &HttpReply, stream: &mut Stream) -> io::Result<After> {
        let mut bytes = http.head(&self.cloud.http_date());
        let body = http.framed_body();
        match http.pace {
            Pace::AtOnce => {
                // Head and body in one write: a small reply is one packet.
                bytes.extend_from_slice(&body);
                stream.write_all(&bytes)?;
            }
            Pace::StallAfter(count) => {
                bytes.extend_from_slice(&body[..count.min(body.len())]);
                stream.write_all(&bytes)?;
                self.socket.wait_until_closed();
                return Ok(After::Reset);
            }
            Pace::Trickle(pause) => {
                stream.write_all(&bytes)?;
                for byte in body {
                    stream.write_all(&[byte])?;
                    if !self.ending.pause(pause) {
                        return Ok(After::Reset);
                    }
                }
            }
        }
        Ok(if http.ends_connection() {
            After::End
        } else {
            After::Next
        })
    }
}

/// What requests come from and replies go to.
enum Stream {
    Plain(Socket),
    Tls(Box<StreamOwned<ServerConnection, Socket>>),
}

impl Stream {
    /// Ends the connection in good order.
    fn end(&mut self) -> io::Result<()> {
        let socket = match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => {
                tls.conn.send_close_notify();
                tls.flush()?;
                &mut tls.sock
            }
        };
        socket.shut(Shutdown::Write);
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}
