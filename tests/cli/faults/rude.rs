//! A server that breaks a connection without reading a request, which the sandbox always does.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

/// How a [`Rude`] server treats a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Closes it at once.
    Close,
    /// Closes it while the request is unread, which sends a reset (RST).
    Reset,
    /// Sends half a header once the first byte of the request has come, and then nothing.
    HalfHeader,
}

/// The server. Dropping it ends it.
pub(super) struct Rude {
    pub(super) address: SocketAddr,
    pub(super) connections: Arc<AtomicUsize>,
    pub(super) is_ending: Arc<AtomicBool>,
    pub(super) accepting: Option<JoinHandle<()>>,
}

impl Rude {
    pub(super) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let is_ending = Arc::new(AtomicBool::new(false));
        let (counter, ending) = (Arc::clone(&connections), Arc::clone(&is_ending));
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::SeqCst) {
                    return;
                }
                counter.fetch_add(1, Ordering::SeqCst);
                // An error also ends the connection, which is what the row is about.
                let _ = stream.and_then(|stream| manner.treat(stream));
            }
        });
        Self {
            address,
            connections,
            is_ending,
            accepting: Some(accepting),
        }
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Rude {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Manner {
    fn treat(self, mut stream: TcpStream) -> io::Result<()> {
        match self {
            Self::Close => stream.shutdown(Shutdown::Both),
            Self::Reset => stream.peek(&mut [0]).map(|_| ()),
            Self::HalfHeader => {
                stream.read_exact(&mut [0])?;
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le")?;
                io::copy(&mut stream, &mut io::sink()).map(|_| ())
            }
        }
    }
}
