//! One file of 256 MiB over many connections, as behind a long path: 20 MB/s a connection, with a first
//! byte at once and with each first byte 100 ms late; and without a limit.
//!
//! nginx serves the file where it is installed, since others measure against it. A late first byte is the
//! sandbox's. jdredis checks what it gets; the others do not.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jdredis_sandbox::{Delivery, Reply, Sandbox};

use super::download::MEMORY;
use super::{Scenario, Setup, on_path};
use crate::contestant::Contestant;
use crate::race::Race;
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "single",
    rounds: 7,
    run,
};

/// In bytes.
const SIZE: u64 = 256 * 1024 * 1024;
/// Of each connection, in bytes a second.
const RATE: u64 = 20_000_000;
const LATE: Duration = Duration::from_millis(100);
/// In bytes: with 8 connections, and with 64.
const MEMORY_TARGET: f64 = 32.0 * 1024.0 * 1024.0;
const MEMORY_TARGET_OF_MANY: f64 = 64.0 * 1024.0 * 1024.0;
const BACKUP: [&str; 6] = [
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
    "--base-id",
    "1234",
];
/// As many connections as jdredis has, and pieces as small as aria2c makes them.
const ARIA2C: [&str; 6] = ["--no-conf", "-q", "-x8", "-s8", "-k1M", "-d"];

fn run(setup: &Setup, rounds: usize, report: &mut Report<'_>) -> Result<()> {
    let Ok(folder) = tempfile::tempdir_in(MEMORY) else {
        return Ok(());
    };
    let sandbox = Sandbox::builder().object_size(SIZE).start()?;
    let served = folder.path().join("served");
    fs::create_dir(&served)?;
    fs::write(served.join("file"), sandbox.object("redis-1234", "1234", 0))?;
    let own = sandbox.link("redis-1234", "1234", 0);
    let nginx = on_path("nginx")
        .map(|program| Nginx::start(&program, folder.path(), &served))
        .transpose()?;
    let server = if nginx.is_some() { "nginx" } else { "the sandbox" };
    let link = |port: fn(&Nginx) -> u16| match &nginx {
        Some(nginx) => format!("http://127.0.0.1:{}/file?X-Amz-Date=x", port(nginx)),
        None => own.clone(),
    };
    let limited = || Delivery::normal().throttle(RATE);
    let title = |what: &str, server: &str| format!("one file of 256 MiB {what}, {server}");
    sandbox.always_deliver(limited());
    let targets: &[_] = &[("aria2c", 1.05), ("curl", 0.15)];
    let race = |name: &str, title: String, link: &str, targets: &[(&'static str, f64)], report: &mut Report<'_>| {
        race(
            name,
            &title,
            (&sandbox, link),
            targets,
            folder.path(),
            setup,
            rounds,
            report,
        )
    };
    let at_once = link(|nginx| nginx.limited);
    race(
        "limited",
        title("at 20 MB/s a connection", server),
        &at_once,
        targets,
        report,
    )?;
    sandbox.always_deliver(limited().delay(LATE));
    let late = title("at 20 MB/s a connection, each first byte 100 ms late", "the sandbox");
    race("limited, late", late, &own, targets, report)?;
    sandbox.deliver_normally();
    let targets: &[_] = &[("aria2c", 1.0), ("curl", 1.0)];
    let free = link(|nginx| nginx.free);
    race("unlimited", title("without a limit", server), &free, targets, report)?;

    sandbox.always_deliver(limited());
    let many = download(setup, &sandbox, &folder.path().join("many")).args(["--parallel", "64"]);
    answer_with(&sandbox, &at_once);
    report.section("`single`: memory with 64 connections")?;
    let race = Race {
        name: "64 connections",
        rounds: 1,
        targets: &[],
        memory_target: MEMORY_TARGET_OF_MANY,
        time_target: None,
        fetched: None,
        warm_ups: 0,
    };
    race.run(&mut [many], report)
}

#[expect(clippy::too_many_arguments, reason = "each is another part of one race")]
fn race(
    name: &str,
    title: &str,
    (sandbox, link): (&Sandbox, &str),
    targets: &[(&'static str, f64)],
    folder: &Path,
    setup: &Setup,
    rounds: usize,
    report: &mut Report<'_>,
) -> Result<()> {
    answer_with(sandbox, link);
    let mut contestants = vec![download(setup, sandbox, &folder.join("jdredis"))];
    if let Some(program) = setup.curl() {
        let into = folder.join("curl");
        let args = ["-q", "-sS", "--fail", "--max-time", "60", "-o"];
        let curl = Contestant::new("curl", program).args(args).args([into.join("file")]);
        contestants.push(curl.args([link]).fills(into));
    }
    if let Some(program) = on_path("aria2c") {
        let into = folder.join("aria2c");
        contestants.push(
            Contestant::new("aria2c", program)
                .args(ARIA2C)
                .args([&into])
                .args([link])
                .fills(into),
        );
    }
    for contestant in &mut contestants {
        contestant.output()?;
        let found = size_of_files(&folder.join(contestant.name))?;
        ensure!(found == SIZE, "{} fetched {found} bytes", contestant.name);
    }
    report.section(&format!("`single`: {title}, medians of {rounds} rounds"))?;
    let race = Race {
        name,
        rounds,
        targets,
        memory_target: MEMORY_TARGET,
        time_target: None,
        fetched: Some(SIZE),
        // curl takes 13 s a round.
        warm_ups: 1,
    };
    race.run(&mut contestants, report)
}

fn download(setup: &Setup, sandbox: &Sandbox, into: &Path) -> Contestant {
    let keys = sandbox.keys();
    setup
        .jdredis()
        .args(["backup", "download"])
        .args(BACKUP)
        .args(["-o", "plain", "--http", "--dir"])
        .args([into])
        .env("JDREDIS_ENDPOINT", sandbox.endpoint())
        .env("JDCLOUD_ACCESS_KEY", &keys.access_key)
        .env("JDCLOUD_SECRET_KEY", &keys.secret_key)
        .fills(into.to_owned())
}

/// Has the service name this link whatever it is asked.
fn answer_with(sandbox: &Sandbox, link: &str) {
    let answer = format!(r#"{{"requestId":"r","result":{{"downloadUrls":[{{"name":"node 0","link":"{link}"}}]}}}}"#);
    sandbox.always(Reply::json(200, answer));
}

fn size_of_files(folder: &Path) -> Result<u64> {
    let files = folder.read_dir().context("no folder was made")?;
    files
        .map(|file| Ok(file?.metadata()?))
        .try_fold(0, |size, file: Result<fs::Metadata>| {
            let file = file?;
            Ok(size + if file.is_file() { file.len() } else { 0 })
        })
}

/// A running nginx with two ports: one that gives each connection so much, and one without a limit.
struct Nginx {
    process: Child,
    limited: u16,
    free: u16,
}

impl Nginx {
    fn start(program: &PathBuf, folder: &Path, served: &Path) -> Result<Self> {
        let port = || Ok::<_, std::io::Error>(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        let (limited, free) = (port()?, port()?);
        let (root, home) = (served.display(), folder.display());
        let config = folder.join("nginx.conf");
        fs::write(
            &config,
            format!(
                "daemon off; user root; worker_processes 2; pid {home}/nginx.pid; error_log {home}/nginx.log;\n\
                 events {{ }}\n\
                 http {{ access_log off; sendfile on;\n\
                 client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;\n\
                 uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;\n\
                 server {{ listen 127.0.0.1:{limited}; root {root}; limit_rate {RATE}; }}\n\
                 server {{ listen 127.0.0.1:{free}; root {root}; }} }}\n"
            ),
        )?;
        let process = Command::new(program)
            .args(["-p".as_ref(), folder.as_os_str(), "-c".as_ref(), config.as_os_str()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("nginx")?;
        let nginx = Self { process, limited, free };
        let start = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", free)).is_err() {
            ensure!(start.elapsed() < Duration::from_secs(5), "nginx does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it on SIGQUIT alone; SIGKILL would leave them behind.
        let _ = Command::new("kill")
            .args(["-QUIT", &self.process.id().to_string()])
            .status();
        let _ = self.process.wait();
    }
}
