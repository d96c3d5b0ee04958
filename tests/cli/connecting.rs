//! From a name to a connection: dead addresses, threads that cannot be had, and how long all of it may take.

use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::thread;
use std::time::Duration;

use jdredis_sandbox::{Certificate, Proxy, ProxyMode, Silent};

use crate::support::{Jdredis, for_each, sandbox, say_not_run};
use crate::tls::Secure;

fn succeeds(command: &[&str]) -> bool {
    let mut run = Command::new(command[0]);
    run.args(&command[1..]);
    run.output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_dead_first_address_costs_a_moment() {
    let hosts = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(hosts.path(), "::1 two.test\n127.0.0.1 two.test localhost\n").unwrap();
    let mount = format!("mount --bind {} /etc/hosts", hosts.path().display());
    if !succeeds(&["unshare", "-m", "sh", "-c", &mount]) || TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return say_not_run("a name with two addresses", "it takes root, unshare and IPv6");
    }
    let sandbox = sandbox();
    let port = sandbox.address().port();
    let _silent = Silent::start((Ipv6Addr::LOCALHOST, port).into()).unwrap();
    let run = Jdredis::at(&sandbox).args(["--endpoint", &format!("http://two.test:{port}")]);
    let script = format!("{mount} && exec \"$0\" \"$@\"");
    let outcome = run
        .args(crate::support::URL)
        .through(&["unshare", "-m", "sh", "-c", &script])
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    // Waiting for the first address takes 8 s or more.
    assert!(outcome.took < Duration::from_secs(5), "{outcome:#?}");
    assert!(outcome.took >= Duration::from_millis(250), "{outcome:#?}");
}

#[test]
fn one_attempt_uses_all_of_its_time() {
    let silent = Silent::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let sandbox = sandbox();
    let run = Jdredis::at(&sandbox).args(["--timeout", "2", "--max-attempts", "1"]);
    let outcome = run.args(["--endpoint", &format!("http://{}", silent.address())]).url();
    outcome.fails_saying(5, &["did not answer in time", "--timeout allows for more time"]);
    assert!(outcome.took >= Duration::from_millis(1950), "{outcome:#?}");
    assert!(outcome.took < Duration::from_secs(30), "{outcome:#?}");
}

#[test]
fn a_write_that_never_found_a_connection_is_certain_not_to_have_arrived() {
    let silent = Silent::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let sandbox = sandbox();
    let run = Jdredis::at(&sandbox).args(["--timeout", "1", "--max-attempts", "1"]);
    let run = run.args(["--endpoint", &format!("http://{}", silent.address())]);
    let outcome = run
        .args(["backup", "create", "--region", "cn-north-1", "--instance", "redis-1234"])
        .run();
    outcome.failure(5);
    assert!(!outcome.stderr.contains("not certain"), "{outcome:#?}");
}

#[test]
fn the_time_limit_holds_at_every_step_of_a_connection() {
    // A server that accepts and says nothing, met as endpoint, in the TLS handshake, and as proxy.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = mute.local_addr().unwrap();
    let secure = Secure::new(Certificate::Good);
    let drip = Proxy::start(ProxyMode::Drip).unwrap();
    // Servers that never stop to send: the head of an answer, and a record of TLS.
    let head = dripping(b"HTTP/1.1 200 OK\r\nX-Drip: ");
    let record = dripping(b"\x16\x03\x03\x3f\x00\x02");
    let run = || secure.trusting().args(["--timeout", "1", "--max-attempts", "1"]);
    let runs = [
        run().args(["--endpoint", &format!("http://{address}")]),
        run().args(["--endpoint", &format!("https://{address}")]),
        run().env("https_proxy", &format!("http://{address}")),
        run().env("https_proxy", &format!("https://{address}")),
        run().env("https_proxy", &drip.url()),
        run().args(["--endpoint", &format!("http://{head}")]),
        run().args(["--endpoint", &format!("https://{record}")]),
    ];
    for_each(runs, |run| {
        let outcome = run.url();
        outcome.fails_saying(5, &["did not answer in time"]);
        assert!(outcome.took >= Duration::from_millis(950), "{outcome:#?}");
        assert!(outcome.took < Duration::from_secs(30), "{outcome:#?}");
    });
}

/// A server that gives one connection this beginning of an answer, and then a byte now and then.
fn dripping(beginning: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 16]).unwrap();
        stream.write_all(beginning).unwrap();
        // Until the other end is gone.
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    address
}

/// Runs the program as a user who may have this many threads.
#[cfg(target_os = "linux")]
pub(crate) fn with_threads(threads: u32, run: Jdredis<'_>) -> Option<crate::support::Outcome> {
    // A number that no other process has, since the limit is for all of a user's together.
    let user = format!("--reuid={}", 60_000 + std::process::id() % 5000 + 5000 * (threads % 8));
    let threads = format!("--nproc={threads}");
    let command = ["setpriv", &user, "--clear-groups", "prlimit", &threads];
    let can = succeeds(&[&command[..], &["true"]].concat());
    can.then(|| run.through(&command).run())
}

#[cfg(target_os = "linux")]
#[test]
fn without_threads_addresses_work_and_names_say_where_to_look() {
    let sandbox = sandbox();
    let port = sandbox.address().port();
    let run = || {
        Jdredis::at(&sandbox)
            .args(crate::support::URL)
            .args(["--max-attempts", "2"])
    };
    let Some(literal) = with_threads(1, run()) else {
        return say_not_run("a user without threads", "it takes root, setpriv and prlimit");
    };
    literal.data();
    let named = with_threads(1, run().args(["--endpoint", &format!("http://localhost:{port}")])).unwrap();
    named.fails_saying(
        1,
        &[
            &format!("no more threads: the name of http://localhost:{port} cannot be looked up"),
            "ulimit -u",
            "TasksMax=",
        ],
    );
    assert!(!named.stderr.contains("defect"), "{named:#?}");
}
