//! Connects to a host by name: the look-up, and the race between its addresses.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::threads::{self, Need};

use super::failure::Stage;

/// How long an address may take before the next one is tried at the same time, as RFC 8305 (Happy Eyeballs) recommends
/// in section 5.
const HEAD_START: Duration = Duration::from_millis(250);
/// The most addresses of a name that are tried.
const MAX_ADDRESSES: usize = 16;
/// The stack of a thread, in bytes. A thread here makes one system call.
const STACK_SIZE: usize = 128 * 1024;

/// The step at which dialling failed, and the system's words.
pub(super) type Undialled = (Stage, String);

/// The way to look a name up where the system gives no thread for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WithoutThread {
    /// It cannot be looked up: the caller must not be held up beyond the deadline.
    Fail,
    /// The caller waits for the look-up, until the system gives it up (resolv.conf(5), `timeout` and `attempts`).
    Wait,
}

/// Connects to a host: a name or an address, where an IPv6 address may be in brackets.
///
/// # Errors
/// The step that failed; never later than the deadline, unless a look-up is waited for.
pub(super) fn dial(
    host: &str,
    port: u16,
    deadline: Option<Instant>,
    without: WithoutThread,
) -> Result<TcpStream, Undialled> {
    let addresses = look_up(host, port, deadline, without)?;
    race(&addresses, deadline).map_err(|error| unreachable(&error))
}

/// The failure of a [`race`].
pub(super) fn unreachable(error: &io::Error) -> Undialled {
    match error.kind() {
        io::ErrorKind::TimedOut => (Stage::Timeout, "no connection in time".to_owned()),
        _ => (Stage::Unreachable, error.to_string()),
    }
}

/// The host's addresses. A host that is an address needs no look-up. The system's look-up of a name has no time-out, so
/// it runs in a thread, which is left behind at the deadline. `without` says what to do if there is no thread for it.
///
/// # Errors
/// The step that failed; never later than the deadline, unless a look-up is waited for.
pub(super) fn look_up(
    host: &str,
    port: u16,
    deadline: Option<Instant>,
    without: WithoutThread,
) -> Result<Vec<SocketAddr>, Undialled> {
    let bare = host.trim_matches(['[', ']']);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (sender, receiver) = mpsc::channel();
    let name = bare.to_owned();
    let started = start_thread({
        let sender = sender.clone();
        move || {
            // Sending fails once the time is up and the receiver is gone; the result is not needed then.
            let _ = sender.send(addresses_of(&name, port));
        }
    });
    match (started, without) {
        (Ok(()), _) => {}
        (Err(_), WithoutThread::Wait) => drop(sender.send(addresses_of(bare, port))),
        (Err(error), WithoutThread::Fail) => return Err((Stage::NoThread, error.to_string())),
    }
    drop(sender);
    match receive(&receiver, deadline) {
        Ok(Ok(addresses)) if addresses.is_empty() => Err((Stage::Dns, "it has no address".to_owned())),
        Ok(Ok(addresses)) => Ok(by_turns(addresses)),
        Ok(Err(error)) => Err((Stage::Dns, error.to_string())),
        Err(RecvTimeoutError::Timeout) => Err((Stage::Timeout, "its name was not looked up in time".to_owned())),
        Err(RecvTimeoutError::Disconnected) => Err((Stage::Dns, "the look-up ended without an answer".to_owned())),
    }
}

fn addresses_of(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let addresses = (name, port).to_socket_addrs()?;
    Ok(addresses.take(MAX_ADDRESSES).collect())
}

/// Orders the addresses so that IPv6 and IPv4 take turns (RFC 8305, section 4), since all of one family may be
/// unreachable. Within a family they keep the system's order.
fn by_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first().map(SocketAddr::is_ipv4) else {
        return addresses;
    };
    let (ours, others): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv4() == first);
    let mut others = others.into_iter();
    let mut mixed: Vec<_> = ours
        .into_iter()
        .flat_map(|address| [Some(address), others.next()])
        .flatten()
        .collect();
    mixed.extend(others);
    mixed
}

/// Connects to the address that answers first. An address is tried once the one before it has failed or has
/// taken [`HEAD_START`]. The threads of the other addresses end on their own, at the deadline at the latest.
///
/// # Errors
/// Why the last address failed, or [`io::ErrorKind::TimedOut`].
pub(super) fn race(addresses: &[SocketAddr], deadline: Option<Instant>) -> io::Result<TcpStream> {
    if let [address] = addresses {
        return connect(address, deadline);
    }
    let (sender, receiver) = mpsc::channel();
    let mut waiting = addresses.iter();
    let mut running = 0;
    let mut last_error = io::Error::from(io::ErrorKind::TimedOut);
    loop {
        let is_last = match waiting.next() {
            Some(address) => {
                match start_connect(*address, deadline, sender.clone()) {
                    Ok(()) => running += 1,
                    // Without threads, the addresses are tried one after the other.
                    Err(_) => match connect(address, share_of(deadline, waiting.len())) {
                        Ok(stream) => return Ok(stream),
                        Err(error) => {
                            last_error = error;
                            continue;
                        }
                    },
                }
                waiting.len() == 0
            }
            None if running == 0 => return Err(last_error),
            None => true,
        };
        let turn = if is_last {
            deadline
        } else {
            Some(Instant::now() + HEAD_START)
        };
        match receive(&receiver, turn) {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                last_error = error;
                running -= 1;
            }
            Err(_) if is_last => return Err(io::ErrorKind::TimedOut.into()),
            Err(_) => {}
        }
    }
}

/// The moment by which one address must have connected, if `others` more addresses share the time that is
/// left.
fn share_of(deadline: Option<Instant>, others: usize) -> Option<Instant> {
    let now = Instant::now();
    let parts = u32::try_from(others + 1).unwrap_or(u32::MAX);
    deadline.map(|deadline| now + deadline.saturating_duration_since(now) / parts)
}

fn start_connect(
    address: SocketAddr,
    deadline: Option<Instant>,
    sender: Sender<io::Result<TcpStream>>,
) -> io::Result<()> {
    start_thread(move || {
        // Sending fails once another address has answered and the receiver is gone. The stream is then closed.
        let _ = sender.send(connect(&address, deadline));
    })
}

fn connect(address: &SocketAddr, deadline: Option<Instant>) -> io::Result<TcpStream> {
    match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
        None => TcpStream::connect(address),
        Some(Duration::ZERO) => Err(io::ErrorKind::TimedOut.into()),
        Some(left) => TcpStream::connect_timeout(address, left),
    }
}

fn start_thread(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let builder = thread::Builder::new().stack_size(STACK_SIZE);
    threads::start(builder, Need::Needed, work).map(drop)
}

fn receive<T>(receiver: &mpsc::Receiver<T>, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
    match deadline {
        None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        Some(deadline) => receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn soon() -> Option<Instant> {
        Some(Instant::now() + Duration::from_secs(20))
    }

    #[test]
    fn families_take_turns_from_the_systems_first() {
        let parsed = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| text.parse().unwrap())
                .collect::<Vec<SocketAddr>>()
        };
        let mixed = by_turns(parsed(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "1.1.1.2:1"]));
        assert_eq!(
            mixed,
            parsed(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"])
        );
        assert!(by_turns(Vec::new()).is_empty());
    }

    #[test]
    fn addresses_that_are_tried_one_after_the_other_share_the_time() {
        let start = Instant::now();
        let end = share_of(Some(start + Duration::from_secs(300)), 2).unwrap();
        let share = end.duration_since(start);
        assert!((100..140).contains(&share.as_secs()), "{share:?}");
        assert_eq!(share_of(None, 2), None);
    }

    #[test]
    fn a_literal_address_is_dialled_with_and_without_brackets() {
        assert_eq!(
            look_up("[::1]", 7, soon(), WithoutThread::Fail).unwrap(),
            ["[::1]:7".parse().unwrap()]
        );
        assert_eq!(
            look_up("127.0.0.1", 7, soon(), WithoutThread::Fail).unwrap(),
            ["127.0.0.1:7".parse().unwrap()]
        );
    }

    #[test]
    fn an_address_that_refuses_is_followed_by_the_next() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let stream = race(&[refusing, listener.local_addr().unwrap()], soon()).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
        let error = race(&[refusing, refusing], soon()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_silent_address_delays_the_next_by_its_head_start_alone() {
        let any = "127.0.0.1:0".parse().unwrap();
        let silent = jdredis_sandbox::Silent::start(any).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let start = Instant::now();
        let stream = race(
            &[silent.address(), silent.address(), listener.local_addr().unwrap()],
            soon(),
        )
        .unwrap();
        assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
        let took = start.elapsed();
        assert!(took >= 2 * HEAD_START && took < Duration::from_secs(5), "{took:?}");
    }

    #[test]
    fn silent_addresses_alone_end_at_the_deadline() {
        let any = "127.0.0.1:0".parse().unwrap();
        let silent = jdredis_sandbox::Silent::start(any).unwrap();
        let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        // The first may still answer when the second has refused.
        let both = [silent.address(), refusing];
        for addresses in [&[silent.address()][..], &[silent.address(); 3], &both] {
            let start = Instant::now();
            let error = race(addresses, Some(start + Duration::from_millis(700))).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        }
    }
}
