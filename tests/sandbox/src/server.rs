//! Accepts connections on a loopback port, with a thread for each, and ends them all when dropped. Nothing
//! outlives the server, and nothing polls for its end.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long the server tries to reach itself, to wake its own accept.
const WAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Locks, even if a thread panicked while it held the lock. That panic is reported when the thread is
/// joined, and the data behind the locks here is consistent after every statement.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A TCP connection whose clones share one descriptor: dropping the last one closes it, and any of them can
/// shut it down.
#[derive(Debug, Clone)]
pub(crate) struct Socket(Arc<TcpStream>);

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(Arc::new(stream)))
    }

    /// Ends one or both directions. It is no error if the connection is gone already.
    pub(crate) fn shut(&self, direction: Shutdown) {
        let _ = self.0.shutdown(direction);
    }

    /// Makes the close send a reset (RST) instead of a FIN.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        socket2::SockRef::from(&*self.0).set_linger(Some(Duration::ZERO))
    }

    /// Whether the first byte that comes begins TLS: a record of the handshake. Waits for it, and leaves it there.
    pub(crate) fn begins_tls(&self) -> io::Result<bool> {
        let mut first = [0];
        self.0.peek(&mut first)?;
        Ok(first == [22])
    }

    /// Waits, reading and discarding, until the peer or the server's end closes the connection.
    pub(crate) fn wait_until_closed(&self) {
        // An error ends the connection as well.
        let _ = io::copy(&mut &*self.0, &mut io::sink());
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Tells the connections' threads that the server ends.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    state: Mutex<Connections>,
    stopped: Condvar,
}

#[derive(Debug, Default)]
struct Connections {
    stopping: bool,
    accepted: usize,
    open: HashMap<usize, Socket>,
}

impl Ending {
    /// Waits for this time; returns `false` early if the server ends.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let state = lock(&self.state);
        let waited = self.stopped.wait_timeout_while(state, time, |state| !state.stopping);
        !waited.unwrap_or_else(PoisonError::into_inner).0.stopping
    }

    fn is_stopping(&self) -> bool {
        lock(&self.state).stopping
    }

    fn accepted(&self) -> usize {
        lock(&self.state).accepted
    }

    /// Adds an accepted connection and returns its number.
    fn open(&self, socket: &Socket) -> usize {
        let mut state = lock(&self.state);
        let number = state.accepted;
        state.accepted += 1;
        state.open.insert(number, socket.clone());
        number
    }

    fn close(&self, number: usize) {
        lock(&self.state).open.remove(&number);
    }

    fn stop(&self) {
        lock(&self.state).stopping = true;
        self.stopped.notify_all();
    }

    fn shut_all(&self) {
        for socket in lock(&self.state).open.values() {
            socket.shut(Shutdown::Both);
        }
    }
}

/// The handler of connections.
pub(crate) trait Serve: Send + Sync + 'static {
    /// Serves one connection until it ends. Runs on a thread of its own.
    fn serve(&self, socket: Socket, number: usize, ending: &Ending);
}

/// A listening port. Dropping it stops accepting, shuts every connection and joins every thread.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    ending: Arc<Ending>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on 127.0.0.1; port 0 takes a free one. `prepare` makes the connections' handler
    /// once the address is known.
    pub(crate) fn start<S: Serve>(port: u16, prepare: impl FnOnce(SocketAddr) -> Arc<S>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let handler = prepare(address);
        let ending = Arc::new(Ending::default());
        let accepting = {
            let ending = Arc::clone(&ending);
            thread::Builder::new()
                .name("accept".to_owned())
                .spawn(move || accept(listener, &*handler, &ending))?
        };
        Ok(Self {
            address,
            ending,
            accepting: Some(accepting),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.ending.accepted()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ending.stop();
        // If this fails, the queue of connections is full, and accept is awake already.
        let _ = TcpStream::connect_timeout(&self.address, WAKE_TIMEOUT);
        if let Some(accepting) = self.accepting.take() {
            let outcome = accepting.join();
            if !thread::panicking() {
                assert!(outcome.is_ok(), "a thread of the server on {} panicked", self.address);
            }
        }
    }
}

fn accept(listener: TcpListener, handler: &impl Serve, ending: &Ending) {
    thread::scope(|scope| {
        for stream in listener.incoming() {
            if ending.is_stopping() {
                break;
            }
            // A connection may be gone by the time it is accepted.
            let Ok(socket) = stream.and_then(Socket::new) else {
                continue;
            };
            let number = ending.open(&socket);
            scope.spawn(move || {
                handler.serve(socket, number, ending);
                ending.close(number);
            });
        }
        drop(listener);
        ending.shut_all();
    });
}
