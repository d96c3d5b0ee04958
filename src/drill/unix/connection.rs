//! A connection to a server on a Unix socket: a command at a time, in RESP, with a deadline.
//!
//! The protocol: a command is an array of bulk strings; a reply begins with its kind. Source: the page
//! "Redis serialization protocol specification" of Redis's documentation.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::process::world::Clock;

/// The longest reply that is taken, in bytes. `INFO` has about 60 for each database.
const MAX_REPLY: usize = 16 << 20;
/// The longest first line of a reply, in bytes: a length, or an error's text.
const MAX_LINE: usize = 64 << 10;

/// A connection.
pub(super) struct Connection {
    stream: UnixStream,
    wait: Duration,
    /// The bytes of a reply that is not whole yet; `None` while no command waits for one.
    pending: Option<Vec<u8>>,
}

/// A reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Text(String),
    /// Such as `LOADING Redis is loading the dataset in memory`.
    Error(String),
}

impl Connection {
    /// Connects. Each [`ask`](Self::ask) then takes about `wait` at most, also where a reply comes byte by byte.
    pub(super) fn connect(path: &Path, wait: Duration) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(wait))?;
        stream.set_write_timeout(Some(wait))?;
        Ok(Self {
            stream,
            wait,
            pending: None,
        })
    }

    /// Sends a command, unless one waits for its reply, and reads the reply; `None` where it has not come yet.
    ///
    /// # Errors
    /// If the connection breaks, or what comes is no reply.
    pub(super) fn ask(&mut self, command: &[&str], clock: &dyn Clock) -> io::Result<Option<Reply>> {
        let start = clock.monotonic();
        if self.pending.is_none() {
            self.stream.write_all(&encode(command))?;
            self.pending = Some(Vec::new());
        }
        let pending = self.pending.get_or_insert_default();
        let mut buffer = [0; 64 * 1024];
        loop {
            if let Some(reply) = decode(pending)? {
                self.pending = None;
                return Ok(Some(reply));
            }
            if clock.monotonic().saturating_sub(start) > self.wait {
                return Ok(None);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => pending.extend_from_slice(&buffer[..count]),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => return Ok(None),
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }
}

fn encode(command: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len());
    for word in command {
        bytes.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    bytes.into_bytes()
}

/// The reply in these bytes, once it is whole.
fn decode(bytes: &[u8]) -> io::Result<Option<Reply>> {
    let foreign = || io::Error::other("it does not answer as Redis does");
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() > MAX_LINE {
            Err(foreign())
        } else {
            Ok(None)
        };
    };
    let line = String::from_utf8_lossy(&bytes[..end]);
    match line.split_at_checked(1) {
        Some(("+" | ":", text)) => Ok(Some(Reply::Text(text.to_owned()))),
        Some(("-", text)) => Ok(Some(Reply::Error(text.to_owned()))),
        Some(("$", length)) => {
            let length: usize = length.parse().map_err(|_| foreign())?;
            if length > MAX_REPLY {
                return Err(foreign());
            }
            let text = bytes.get(end + 2..end + 2 + length);
            Ok(text.map(|text| Reply::Text(String::from_utf8_lossy(text).into_owned())))
        }
        _ => Err(foreign()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::process::world::World;

    #[test]
    fn a_reply_is_taken_once_it_is_whole() {
        assert_eq!(
            encode(&["SHUTDOWN", "NOSAVE"]),
            b"*2\r\n$8\r\nSHUTDOWN\r\n$6\r\nNOSAVE\r\n"
        );
        let text = |text: &str| Some(Reply::Text(text.to_owned()));
        assert_eq!(decode(b"$5\r\nab\r\nc\r\n").unwrap(), text("ab\r\nc"));
        assert_eq!(decode(b"+PONG\r\n").unwrap(), text("PONG"));
        assert_eq!(
            decode(b"-LOADING Redis is loading\r\n").unwrap(),
            Some(Reply::Error("LOADING Redis is loading".to_owned()))
        );
        for part in [&b""[..], b"$", b"$5\r", b"$5\r\nab"] {
            assert_eq!(decode(part).unwrap(), None);
        }
        for foreign in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"$x\r\n",
            b"$99999999999\r\n",
            b"\r\n",
            &[b'x'; MAX_LINE + 1],
        ] {
            assert!(decode(foreign).is_err());
        }
    }

    #[test]
    fn a_silent_server_is_asked_once_and_waited_for() {
        let clock = World::of_this_process().clock;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let mut connection = Connection::connect(&path, Duration::from_millis(1)).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        assert_eq!(connection.ask(&["INFO"], &*clock).unwrap(), None);
        assert_eq!(connection.ask(&["INFO"], &*clock).unwrap(), None);
        server.write_all(b"+a").unwrap();
        assert_eq!(connection.ask(&["INFO"], &*clock).unwrap(), None);
        server.write_all(b"b\r\n").unwrap();
        while connection.pending.is_some() {
            connection.ask(&["INFO"], &*clock).unwrap();
        }
        drop(connection);
        let mut asked = Vec::new();
        server.read_to_end(&mut asked).unwrap();
        assert_eq!(asked, b"*1\r\n$4\r\nINFO\r\n");
    }

    #[test]
    fn a_reply_that_comes_byte_by_byte_is_not_waited_for_to_its_end() {
        let clock = World::of_this_process().clock;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let mut connection = Connection::connect(&path, Duration::from_millis(20)).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let slow = std::thread::spawn(move || {
            for _ in 0..3_000 {
                if server.write_all(b"x").is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        assert_eq!(connection.ask(&["INFO"], &*clock).unwrap(), None);
        drop(connection);
        slow.join().unwrap();
    }
}
