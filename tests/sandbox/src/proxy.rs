//! A forward proxy on loopback: CONNECT only, to loopback only, and every way it can refuse.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Protocol, Type};

use crate::http::RequestReader;
use crate::server::{Ending, Serve, Server, Socket, lock};

/// How long the proxy tries to reach a target. All are on loopback.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a proxy does with a CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyMode {
    /// Connects to the target named, which must be a loopback address and a port (else 502).
    Tunnel,
    /// Connects to this loopback address whatever the target, so that a sandbox can play the real
    /// service.
    TunnelTo(SocketAddr),
    /// Answers 407 Proxy Authentication Required.
    AuthenticationRequired,
    /// Answers 502 Bad Gateway.
    BadGateway,
    /// Answers what is no HTTP.
    Garbage,
    /// Refuses connections: its port is taken and nobody listens.
    Refuse,
}

/// A CONNECT that a proxy received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// The target, such as `redis.jdcloud-api.com:443`.
    pub target: String,
    /// The value of `Proxy-Authorization`.
    pub authorization: Option<String>,
}

/// A running proxy on 127.0.0.1. Dropping it ends every tunnel and joins every thread.
#[derive(Debug)]
pub struct Proxy {
    port: Port,
    connects: Arc<Mutex<Vec<Connect>>>,
}

#[derive(Debug)]
enum Port {
    Open(Server),
    /// Bound, so that nobody else gets the port, but not listening.
    Refusing(
        SocketAddr,
        #[expect(dead_code, reason = "keeps the port bound")] socket2::Socket,
    ),
}

impl Proxy {
    /// Starts a proxy on a free port.
    ///
    /// # Errors
    /// When there is no free port or thread, or the mode's address is not a loopback one.
    pub fn start(mode: ProxyMode) -> io::Result<Self> {
        let connects = Arc::default();
        let port = match mode {
            ProxyMode::Refuse => refusing_port()?,
            ProxyMode::TunnelTo(address) if !address.ip().is_loopback() => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("{address} is not on loopback"),
                ));
            }
            _ => {
                let handler = Arc::new(Handler {
                    mode,
                    connects: Arc::clone(&connects),
                });
                Port::Open(Server::start(0, |_| handler)?)
            }
        };
        Ok(Self { port, connects })
    }

    /// Where it listens, or with [`ProxyMode::Refuse`] does not.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        match &self.port {
            Port::Open(server) => server.address(),
            Port::Refusing(address, _) => *address,
        }
    }

    /// Its URL, such as `http://127.0.0.1:4711`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The CONNECTs received, in order.
    #[must_use]
    pub fn connects(&self) -> Vec<Connect> {
        lock(&self.connects).clone()
    }

    /// How many TCP connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        match &self.port {
            Port::Open(server) => server.accepted(),
            Port::Refusing(..) => 0,
        }
    }
}

fn refusing_port() -> io::Result<Port> {
    let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let address = socket
        .local_addr()?
        .as_socket()
        .ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok(Port::Refusing(address, socket))
}

struct Handler {
    mode: ProxyMode,
    connects: Arc<Mutex<Vec<Connect>>>,
}

impl Serve for Handler {
    fn serve(&self, socket: Socket, number: usize, _: &Ending) {
        let mut requests = RequestReader::new(socket);
        if let Ok(Some(request)) = requests.next(number) {
            let (mut client, early) = requests.into_parts();
            let connect = Connect {
                target: request.target.clone(),
                authorization: request.header("proxy-authorization").map(str::to_owned),
            };
            let target = connect.target.clone();
            lock(&self.connects).push(connect);
            // An error means that one end is gone, which the other end sees.
            let _ = if request.method == "CONNECT" {
                self.answer(&mut client, &target, &early)
            } else {
                refuse(&mut client, "405 Method Not Allowed", "")
            };
        }
    }
}

impl Handler {
    fn answer(&self, client: &mut Socket, target: &str, early: &[u8]) -> io::Result<()> {
        let address = match self.mode {
            ProxyMode::Tunnel => loopback_address(target),
            ProxyMode::TunnelTo(address) => Some(address),
            ProxyMode::AuthenticationRequired => {
                let challenge = "Proxy-Authenticate: Basic realm=\"sandbox\"\r\n";
                return refuse(client, "407 Proxy Authentication Required", challenge);
            }
            ProxyMode::Garbage => return client.write_all(b"\x15\x03\x01garbage\r\n\r\n"),
            ProxyMode::BadGateway | ProxyMode::Refuse => None,
        };
        let upstream = address.map(|address| TcpStream::connect_timeout(&address, CONNECT_TIMEOUT));
        let Some(Ok(upstream)) = upstream else {
            return refuse(client, "502 Bad Gateway", "");
        };
        let mut upstream = Socket::new(upstream)?;
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        upstream.write_all(early)?;
        tunnel(client, &upstream);
        Ok(())
    }
}

/// The address that a CONNECT's target names, when it is on loopback.
fn loopback_address(target: &str) -> Option<SocketAddr> {
    let address = match target.strip_prefix("localhost:") {
        Some(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?)),
        None => target.parse().ok()?,
    };
    address.ip().is_loopback().then_some(address)
}

fn refuse(client: &mut Socket, status: &str, headers: &str) -> io::Result<()> {
    let answer = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n");
    client.write_all(answer.as_bytes())
}

/// Carries bytes both ways until the client closes its end; a target that closes has its end
/// passed on.
fn tunnel(client: &Socket, upstream: &Socket) {
    thread::scope(|scope| {
        scope.spawn(|| {
            // Here and below, an error means that one end is gone.
            let _ = io::copy(&mut upstream.clone(), &mut client.clone());
            client.shut(Shutdown::Write);
        });
        let _ = io::copy(&mut client.clone(), &mut upstream.clone());
        upstream.shut(Shutdown::Both);
    });
}
