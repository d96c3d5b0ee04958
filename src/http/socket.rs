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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const NONE: Limit = Limit {
        deadline: None,
        each: None,
    };

    /// A socket, and the other end of its connection.
    fn connected(limit: Limit) -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (other, _) = listener.accept().unwrap();
        (Socket::new(stream, limit).unwrap(), other)
    }

    /// Waits until bytes, or the end, have arrived at a socket.
    fn arrived(socket: &Socket) {
        socket.stream.peek(&mut [0]).unwrap();
    }

    #[test]
    fn a_connection_carries_another_request_while_it_is_open_and_silent() {
        let (mut socket, other) = connected(NONE);
        assert!(socket.is_idle());
        (&other).write_all(b"HTTP").unwrap();
        arrived(&socket);
        assert!(!socket.is_idle(), "bytes came that nobody asked for");
        socket.read_ahead(8);
        socket.read_exact(&mut [0; 2]).unwrap();
        assert!(!socket.is_idle(), "they were read ahead");
        socket.stream.set_nonblocking(true).unwrap();
        let left = socket.stream.peek(&mut [0]).map_err(|error| error.kind());
        assert_eq!(left, Err(io::ErrorKind::WouldBlock), "one call takes all");
        socket.stream.set_nonblocking(false).unwrap();
        socket.read_exact(&mut [0; 2]).unwrap();
        assert!(socket.is_idle());
        drop(other);
        arrived(&socket);
        assert!(!socket.is_idle());
    }

    #[test]
    fn bytes_that_are_read_ahead_come_in_order_and_once() {
        let (mut socket, mut other) = connected(NONE);
        let sent: Vec<u8> = (0..=255).collect();
        other.write_all(&sent).unwrap();
        drop(other);
        socket.read_ahead(10);
        let mut received = Vec::new();
        for size in [3, 4, 20, 1].into_iter().cycle() {
            let mut bytes = vec![0; size];
            let count = socket.read(&mut bytes).unwrap();
            received.extend_from_slice(&bytes[..count]);
            if count == 0 {
                break;
            }
        }
        assert_eq!(received, sent);
    }

    #[test]
    fn a_call_ends_when_its_time_is_over() {
        let each = Limit {
            each: Some(Duration::from_millis(20)),
            ..NONE
        };
        let (mut socket, _other) = connected(each);
        let error = socket.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let bytes = vec![0; 1 << 20];
        let error = std::iter::repeat_with(|| socket.write(&bytes)).find_map(Result::err);
        assert_eq!(error.unwrap().kind(), io::ErrorKind::TimedOut);
        socket.limit = Limit {
            deadline: Some(Instant::now()),
            ..NONE
        };
        assert_eq!(socket.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
