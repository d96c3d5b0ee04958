//! One connection: reads its requests one after another, and sends each answer in the way its reply says.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConnection, StreamOwned};

use super::Cloud;
use crate::http::{RequestReader, Unreadable, http_date};
use crate::script::{Conduct, HttpReply, Pace};
use crate::server::{Ending, Socket};
use crate::signature::{Denial, Refusal};
use crate::storage::{Body, Stop, Transfer};
use crate::tls::ServerIdentity;

/// The most of an object that is sent in one write.
const CHUNK: u64 = 512 * 1024;
/// How many writes a second a slow object is sent in.
const WRITES_A_SECOND: u64 = 50;

/// What happens to the connection after a reply.
enum After {
    Next,
    End,
    Reset,
}

/// One connection, served by a thread of its own.
pub(super) struct Connection<'a> {
    pub(super) cloud: &'a Cloud,
    pub(super) socket: Socket,
    pub(super) ending: &'a Ending,
}

impl Connection<'_> {
    pub(super) fn serve(&self, stream: Stream, number: usize) -> io::Result<()> {
        let mut requests = RequestReader::new(stream);
        loop {
            let request = match requests.next(number) {
                Ok(Some(request)) => Arc::new(request),
                Ok(None) | Err(Unreadable::Broken) => return Ok(()),
                Err(Unreadable::Malformed(reason)) => return self.reject(reason, requests.stream()),
            };
            let (delay, body) = self.cloud.react(&request);
            if !delay.is_zero() && !self.ending.pause(delay) {
                return Ok(());
            }
            let after = match &body {
                Body::Other(conduct) => self.send(conduct, requests.stream())?,
                Body::Object(transfer) => self.send_object(transfer, requests.stream())?,
            };
            match after {
                After::Next if !request.wants_close() => {}
                After::Next | After::End => return requests.stream().end(),
                After::Reset => return self.socket.reset_on_close(),
            }
        }
    }

    /// Answers bytes that are not a request.
    fn reject(&self, reason: String, stream: &mut Stream) -> io::Result<()> {
        let mut refusal = self.cloud.refuse(Refusal {
            denial: Denial::BadRequest,
            reason,
        });
        refusal.push_header("Connection", "close");
        self.send_http(&refusal, stream)?;
        stream.end()?;
        // A close with unread bytes sends a reset (RST), which may discard the answer at the client.
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

    fn head(&self, http: &HttpReply) -> Vec<u8> {
        http.head(&http_date(self.cloud.now()))
    }

    fn send_object(&self, transfer: &Transfer, stream: &mut Stream) -> io::Result<After> {
        stream.write_all(&self.head(&transfer.head))?;
        let whole = transfer.range.end - transfer.range.start;
        let stop = transfer.course.stop.filter(|(after, _)| *after < whole);
        if !self.send_part(transfer, stop.map_or(whole, |(after, _)| after), stream)? {
            return Ok(After::Reset);
        }
        Ok(match stop.map(|(_, stop)| stop) {
            None => After::Next,
            Some(Stop::End) => After::End,
            Some(Stop::Reset) => After::Reset,
            Some(Stop::Stall) => {
                self.socket.wait_until_closed();
                After::Reset
            }
        })
    }

    /// Sends so many bytes of an object; returns `false` early if the server ends.
    fn send_part(&self, transfer: &Transfer, length: u64, stream: &mut Stream) -> io::Result<bool> {
        let rate = transfer.course.rate;
        let chunk = rate.map_or(CHUNK, |rate| (rate / WRITES_A_SECOND).clamp(1, CHUNK));
        let mut buffer = vec![0; usize::try_from(chunk.min(length)).expect("a chunk fits into memory")];
        let started = Instant::now();
        let mut sent = 0;
        while sent < length {
            let count = usize::try_from(length - sent).map_or(buffer.len(), |left| left.min(buffer.len()));
            transfer.content.copy(transfer.range.start + sent, &mut buffer[..count]);
            stream.write_all(&buffer[..count])?;
            sent += count as u64;
            if rate.is_some_and(|rate| !self.wait_for_rate(started, sent, rate)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits until the rate allows for so many bytes; returns `false` early if the server ends.
    fn wait_for_rate(&self, started: Instant, sent: u64, rate: u64) -> bool {
        let due = Duration::from_secs_f64(sent as f64 / rate as f64);
        self.ending.pause(due.saturating_sub(started.elapsed()))
    }

    fn send_http(&self, http: &HttpReply, stream: &mut Stream) -> io::Result<After> {
        let mut bytes = self.head(http);
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

/// The stream of a connection, with or without TLS.
pub(super) enum Stream {
    Plain(Socket),
    Tls(Box<StreamOwned<ServerConnection, Socket>>),
}

impl Stream {
    pub(super) fn accept(socket: Socket, tls: Option<&ServerIdentity>, also_http: bool) -> io::Result<Self> {
        match tls {
            None => Ok(Self::Plain(socket)),
            Some(_) if also_http && !socket.begins_tls()? => Ok(Self::Plain(socket)),
            Some(identity) => {
                let session = ServerConnection::new(Arc::clone(&identity.0)).map_err(io::Error::other)?;
                Ok(Self::Tls(Box::new(StreamOwned::new(session, socket))))
            }
        }
    }

    /// Ends the connection in an orderly way: close_notify with TLS, then FIN.
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
