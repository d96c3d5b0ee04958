//! CONNECT: asks a proxy to carry bytes to an origin (RFC 9110, section 9.3.6).

use std::io;

use super::proxy::Proxy;
use super::socket::Duplex;

/// The longest head of an answer to CONNECT that is read, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// The most answers to a CONNECT that are read, interim ones (1xx) included.
const MAX_ANSWERS: usize = 8;

/// Why there is no tunnel.
#[derive(Debug)]
pub(super) enum NoTunnel {
    /// The proxy answered with this status, which is not 2xx.
    Refused(u16),
    /// The answer is no HTTP.
    NotHttp,
    /// The connection failed. If it ended before the answer, this is [`io::ErrorKind::UnexpectedEof`].
    Broken(io::Error),
}

impl From<io::Error> for NoTunnel {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// Asks the proxy at the other end of a stream to carry all further bytes to `target`, a `HOST:PORT`.
pub(super) fn open(stream: &mut dyn Duplex, target: &str, proxy: &Proxy, user_agent: &str) -> Result<(), NoTunnel> {
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {user_agent}\r\n");
    if let Some(authorization) = proxy.authorization() {
        request += "Proxy-Authorization: ";
        request += authorization;
        request += "\r\n";
    }
    // Older proxies keep a connection open only if this header asks for it.
    request += "Proxy-Connection: Keep-Alive\r\n\r\n";
    let request = zeroize::Zeroizing::new(request);
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    for _ in 0..MAX_ANSWERS {
        match status(&read_head(stream)?).ok_or(NoTunnel::NotHttp)? {
            // An interim answer, such as 100 Continue (RFC 9110, section 15.2).
            100..200 => {}
            200..300 => return Ok(()),
            status => return Err(NoTunnel::Refused(status)),
        }
    }
    Err(NoTunnel::NotHttp)
}

/// Reads to the end of the answer's head and no further: the next byte is the origin's.
fn read_head(stream: &mut dyn Duplex) -> Result<Vec<u8>, NoTunnel> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        if head.len() == MAX_HEAD || (head.len() == b"HTTP/".len() && head != b"HTTP/") {
            return Err(NoTunnel::NotHttp);
        }
        match stream.read(&mut byte) {
            Ok(0) => return Err(NoTunnel::Broken(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => head.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(head)
}

/// The number in `HTTP/1.1 200 …`. The phrase after it may be in any encoding (RFC 9112, section 4).
pub(super) fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok().filter(|status| (100..600).contains(status))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::*;
    use crate::http::Proxies;
    use crate::http::socket::{Limit, Socket};
    use crate::values::endpoint::Scheme;

    /// Asks a proxy that answers this, and then says no more. Returns the outcome, the request, and the bytes after
    /// the answer.
    fn asked(answer: &[u8]) -> (Result<(), NoTunnel>, String, Vec<u8>) {
        let proxies = Proxies::from_env(|name| (name == "https_proxy").then(|| "http://me:pw@p:1".to_owned()));
        let proxy = proxies.choose(Scheme::Https, "h", 443).unwrap().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut other, _) = listener.accept().unwrap();
        other.write_all(answer).unwrap();
        let limit = Limit {
            deadline: None,
            each: Some(Duration::from_secs(10)),
        };
        let mut socket = Socket::new(stream, limit).unwrap();
        let outcome = open(&mut socket, "h:443", proxy, "jdredis");
        other.shutdown(std::net::Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).unwrap();
        drop(socket);
        let mut request = String::new();
        other.read_to_string(&mut request).unwrap();
        (outcome, request, rest)
    }

    #[test]
    fn a_tunnel_begins_behind_the_last_answer() {
        let hello = b"\x16\x03\x01";
        for head in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.0 200 OK\n\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204\r\nx: y\r\n\r\n",
        ] {
            let (outcome, request, rest) = asked(&[head.as_bytes(), hello].concat());
            assert!(outcome.is_ok(), "{head:?}: {outcome:?}");
            assert_eq!(rest, hello);
            assert_eq!(
                request,
                "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nUser-Agent: jdredis\r\n\
                 Proxy-Authorization: Basic bWU6cHc=\r\nProxy-Connection: Keep-Alive\r\n\r\n"
            );
        }
    }

    #[test]
    fn an_answer_that_opens_no_tunnel_is_told_from_one_that_is_none_at_once() {
        let (outcome, ..) = asked(b"HTTP/1.1 407 Who\r\n\r\n");
        assert!(matches!(outcome, Err(NoTunnel::Refused(407))), "{outcome:?}");
        let endless = format!("HTTP/1.1 200 {}", "x".repeat(2 * MAX_HEAD));
        let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(100);
        for other in ["SSH-2.0-OpenSSH", &endless, &interim] {
            let (outcome, ..) = asked(other.as_bytes());
            assert!(matches!(outcome, Err(NoTunnel::NotHttp)), "{outcome:?}");
        }
    }

    #[test]
    fn a_status_is_read_only_from_a_status_line() {
        assert_eq!(status(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), Some(407));
        assert_eq!(status(b"HTTP/1.0 200\r\n\r\n"), Some(200));
        // "Authentification refus\u{e9}e" in Latin-1, and a phrase in GBK.
        assert_eq!(status(b"HTTP/1.1 407 Authentification refus\xe9e\r\n\r\n"), Some(407));
        assert_eq!(
            status(b"HTTP/1.1 403 \xbd\xfb\xd6\xb9\xb7\xc3\xce\xca\r\n\r\n"),
            Some(403)
        );
        for head in [
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1\r\n\r\n",
            "HTTP/1.1 99999 x\r\n\r\n",
            "200 OK\r\n\r\n",
        ] {
            assert_eq!(status(head.as_bytes()), None, "{head:?}");
        }
    }

    /// A socket whose next read a signal interrupts.
    #[derive(Debug)]
    struct Interrupted(Socket, bool);

    impl Duplex for Interrupted {
        fn socket(&mut self) -> &mut Socket {
            &mut self.0
        }
    }

    impl Read for Interrupted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.0.read(buffer)
        }
    }

    impl Write for Interrupted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    #[test]
    fn a_signal_does_not_end_a_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut other, _) = listener.accept().unwrap();
        let head = b"HTTP/1.1 200 OK\r\n\r\n";
        other.write_all(head).unwrap();
        let socket = Socket::new(stream, Limit::default()).unwrap();
        assert_eq!(read_head(&mut Interrupted(socket, false)).unwrap(), head);
    }
}
