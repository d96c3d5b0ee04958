//! A TCP stream whose every call ends by a deadline, however slowly the other end sends.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long calls may take.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limit {
    /// The moment by which all calls must be over.
    pub(super) deadline: Option<Instant>,
    /// The longest time for one call.
    pub(super) each: Option<Duration>,
}

impl Limit {
    /// How long a call that starts now may take.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] where no time is left.
    fn time_left(self) -> io::Result<Option<Duration>> {
        let left = self
            .deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match [left, self.each].into_iter().flatten().min() {
            Some(Duration::ZERO) => Err(io::ErrorKind::TimedOut.into()),
            least => Ok(least),
        }
    }
}

/// A stream of bytes both ways: a socket, or TLS over one.
pub(super) trait Duplex: Read + Write + Send + Sync + fmt::Debug {
    /// The socket at the bottom.
    fn socket(&mut self) -> &mut Socket;
}

/// A connected TCP stream.
pub(super) struct Socket {
    stream: TcpStream,
    pub(super) limit: Limit,
    /// The time-outs as they are set in the kernel, so that a system call is made only when they change.
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    /// The buffer for reading ahead, which has the bytes that were not taken yet at `taken..filled`. It is empty if
    /// nothing is read ahead.
    ahead: Vec<u8>,
    taken: usize,
    filled: usize,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, limit: Limit) -> io::Result<Self> {
        // A request is one write. It must not wait for the acknowledgement of the write before (Nagle's
        // algorithm).
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            limit,
            read_timeout: None,
            write_timeout: None,
            ahead: Vec::new(),
            taken: 0,
            filled: 0,
        })
    }

    /// From now on, reads up to this many bytes with one system call, since rustls asks for only a few thousand at a time.
    pub(super) fn read_ahead(&mut self, capacity: usize) {
        if self.ahead.is_empty() {
            self.ahead = vec![0; capacity];
        }
    }

    /// Whether the connection can carry another request: it is open, and no unexpected bytes have come.
    pub(super) fn is_idle(&mut self) -> bool {
        let probe = || {
            self.stream.set_nonblocking(true)?;
            let outcome = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            outcome
        };
        self.taken == self.filled && probe().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let timeout = self.limit.time_left()?;
            if self.read_timeout != timeout {
                self.stream.set_read_timeout(timeout)?;
                self.read_timeout = timeout;
            }
            match (&self.stream).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome.map_err(timed_out),
            }
        }
    }
}

/// Linux returns `EAGAIN` when a socket's time-out passes, other systems `ETIMEDOUT`.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

impl Duplex for Socket {
    fn socket(&mut self) -> &mut Socket {
        self
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.filled {
            if buffer.len() >= self.ahead.len() {
                return self.receive(buffer);
            }
            let mut ahead = std::mem::take(&mut self.ahead);
            let received = self.receive(&mut ahead);
            self.ahead = ahead;
            (self.taken, self.filled) = (0, 0);
            self.filled = received?;
        }
        let count = buffer.len().min(self.filled - self.taken);
        buffer[..count].copy_from_slice(&self.ahead[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let timeout = self.limit.time_left()?;
        if self.write_timeout != timeout {
            self.stream.set_write_timeout(timeout)?;
            self.write_timeout = timeout;
        }
        (&self.stream).write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Socket").field(&self.stream).finish()
    }
}
