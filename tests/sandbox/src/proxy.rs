//! A forward proxy on loopback, to loopback only: CONNECT, requests for plain http in absolute form, and
//! every way to refuse both.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Protocol, Type};

use crate::http::{Request, RequestReader};
use crate::server::{Ending, Serve, Server, Socket, lock};

/// How long the proxy tries to reach a target. All are on loopback.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause between two bytes of [`ProxyMode::Drip`].
const DRIP: Duration = Duration::from_millis(200);

/// What a proxy does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyMode {
    /// Connects to the host named, which must be a loopback address with a port (else 502).
    Tunnel,
    /// Connects to this loopback address whatever the host, so that a sandbox can play the real
    /// service.
    TunnelTo(SocketAddr),
    /// As [`ProxyMode::Tunnel`], with two interim answers (1xx) before the answer to CONNECT.
    Interim,
    /// Answers 407 Proxy Authentication Required.
    AuthenticationRequired,
    /// Answers 502 Bad Gateway.
    BadGateway,
    /// Answers this status.
    Status(u16),
    /// Closes the connection instead of answering.
    Close,
    /// Answers without end, one byte at a time.
    Drip,
    /// Answers what is no HTTP.
    Garbage,
    /// Refuses connections: its port is taken and nobody listens.
    Refuse,
}

/// A request that a proxy received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// `CONNECT`, or the method of a request in absolute form.
    pub method: String,
    /// The target: `redis.jdcloud-api.com:443`, or a whole URL.
    pub target: String,
    /// The value of `Proxy-Authorization`.
    pub authorization: Option<String>,
}

/// A running proxy on 127.0.0.1. Dropping it ends every tunnel and joins every thread.
#[derive(Debug)]
pub struct Proxy {
    port: Port,
    connects: Arc<Mutex<Vec<Connect>>>,
    script: Arc<Mutex<VecDeque<ProxyMode>>>,
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
        let script = Arc::default();
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
                    script: Arc::clone(&script),
                });
                Port::Open(Server::start(0, |_| handler)?)
            }
        };
        Ok(Self { port, connects, script })
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

    /// Has the next requests met with these instead of the proxy's own mode, one each.
    pub fn script(&self, modes: impl IntoIterator<Item = ProxyMode>) {
        lock(&self.script).extend(modes);
    }

    /// The requests received, in order.
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
    script: Arc<Mutex<VecDeque<ProxyMode>>>,
}

impl Serve for Handler {
    fn serve(&self, socket: Socket, number: usize, ending: &Ending) {
        let mut requests = RequestReader::new(socket);
        if let Ok(Some(request)) = requests.next(number) {
            let (mut client, early) = requests.into_parts();
            lock(&self.connects).push(Connect {
                method: request.method.clone(),
                target: request.target.clone(),
                authorization: request.header("proxy-authorization").map(str::to_owned),
            });
            let mode = lock(&self.script).pop_front().unwrap_or(self.mode);
            // An error means that one end is gone, which the other end sees.
            let _ = answer(mode, &mut client, &request, &early, ending);
        }
    }
}

fn answer(mode: ProxyMode, client: &mut Socket, request: &Request, early: &[u8], ending: &Ending) -> io::Result<()> {
    let is_connect = request.method == "CONNECT";
    let authority = if is_connect {
        Some(request.target.as_str())
    } else {
        request
            .target
            .strip_prefix("http://")
            .and_then(|rest| rest.split('/').next())
    };
    let Some(authority) = authority else {
        return refuse(client, "405 Method Not Allowed", "");
    };
    let address = match mode {
        ProxyMode::Tunnel | ProxyMode::Interim => loopback_address(authority),
        ProxyMode::TunnelTo(address) => Some(address),
        ProxyMode::AuthenticationRequired | ProxyMode::Status(407) => {
            let challenge = "Proxy-Authenticate: Basic realm=\"sandbox\"\r\n";
            return refuse(client, "407 Proxy Authentication Required", challenge);
        }
        ProxyMode::Status(status) => return refuse(client, &format!("{status} Refused"), ""),
        ProxyMode::Garbage => return client.write_all(b"\x15\x03\x01garbage\r\n\r\n"),
        ProxyMode::Close => return Ok(()),
        ProxyMode::Drip => return drip(client, ending),
        ProxyMode::BadGateway | ProxyMode::Refuse => None,
    };
    let upstream = address.map(|address| TcpStream::connect_timeout(&address, CONNECT_TIMEOUT));
    let Some(Ok(upstream)) = upstream else {
        return refuse(client, "502 Bad Gateway", "");
    };
    let mut upstream = Socket::new(upstream)?;
    if mode == ProxyMode::Interim {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX-Wait: 1\r\n\r\n")?;
    }
    if is_connect {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        upstream.write_all(early)?;
    } else {
        upstream.write_all(&in_origin_form(request))?;
    }
    tunnel(client, &upstream);
    Ok(())
}

/// A request in absolute form as the origin is to see it. The connection ends with its answer.
fn in_origin_form(request: &Request) -> Vec<u8> {
    let after_scheme = request.target.trim_start_matches("http://");
    let path = after_scheme.find('/').map_or("/", |start| &after_scheme[start..]);
    let mut bytes = format!("{} {path} HTTP/1.1\r\nConnection: close\r\n", request.method).into_bytes();
    for (name, value) in &request.headers {
        let is_for_proxy = name.to_ascii_lowercase().starts_with("proxy-");
        if !is_for_proxy && !name.eq_ignore_ascii_case("connection") {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&request.body);
    bytes
}

/// Answers without end, and so slowly that no single read takes long.
fn drip(client: &mut Socket, ending: &Ending) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 Connection established\r\nX-Drip: ")?;
    while ending.pause(DRIP) {
        client.write_all(b"x")?;
    }
    Ok(())
}

/// The address that an authority names, when it is on loopback.
fn loopback_address(authority: &str) -> Option<SocketAddr> {
    let address = match authority.strip_prefix("localhost:") {
        Some(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?)),
        None => authority.parse().ok()?,
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
