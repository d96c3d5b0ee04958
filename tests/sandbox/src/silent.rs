//! An address that answers no attempt to connect, as behind a firewall that drops packets.

use std::io;
use std::iter;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// How long a connection on loopback may take before it counts as unanswered.
const SOON: Duration = Duration::from_millis(100);
/// More connections than a queue of length 0 takes on any system.
const ENOUGH: usize = 16;

/// A listening port whose queue is full: the kernel drops every further attempt to connect.
#[derive(Debug)]
pub struct Silent {
    address: SocketAddr,
    #[expect(dead_code, reason = "keeps the port open")]
    listener: Socket,
    #[expect(dead_code, reason = "keeps the queue full")]
    queued: Vec<TcpStream>,
}

impl Silent {
    /// Takes the port of an address on loopback; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is not on loopback or its port cannot be had.
    pub fn start(address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let listener = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            listener.set_only_v6(true)?;
        }
        listener.bind(&address.into())?;
        listener.listen(0)?;
        let address = listener
            .local_addr()?
            .as_socket()
            .ok_or(io::ErrorKind::AddrNotAvailable)?;
        let queued = iter::repeat_with(|| TcpStream::connect_timeout(&address, SOON))
            .take(ENOUGH)
            .map_while(Result::ok)
            .collect();
        Ok(Self {
            address,
            listener,
            queued,
        })
    }

    /// The address that does not answer.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
