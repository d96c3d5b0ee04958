//! Tries jdredis without an account, against the JD Cloud on loopback that the tests use.
//!
//! `cargo run --example sandbox` serves until Ctrl-C and prints what a shell needs to use it;
//! `cargo run --example sandbox -- ARGS…` runs `jdredis ARGS…` against a sandbox of its own.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;

use jdredis::World;
use jdredis_sandbox::Sandbox;

fn main() -> ExitCode {
    let sandbox = Sandbox::start();
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if !arguments.is_empty() {
        return run_against(&sandbox, arguments);
    }
    if announce(&sandbox).is_err() {
        return ExitCode::FAILURE;
    }
    loop {
        thread::park();
    }
}

/// Prints the sandbox's settings as lines that a shell can evaluate.
fn announce(sandbox: &Sandbox) -> io::Result<()> {
    let keys = sandbox.keys();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "# A sandbox of JD Cloud's Redis API until Ctrl-C. In another shell, set these and try for example:"
    )?;
    writeln!(
        out,
        "# instance redis-1234 with backup 1234, instance redis-cluster1 with backup"
    )?;
    writeln!(
        out,
        "# a607efba-ff06-4d78-ba3c-b3119fce27fd; `backup download` and `archive sync` need --http, as this is http"
    )?;
    writeln!(out, "unset JDCLOUD_SECURITY_TOKEN JDCLOUD_PROFILE")?;
    writeln!(out, "export JDREDIS_ENDPOINT={}", sandbox.endpoint())?;
    writeln!(out, "export JDCLOUD_ACCESS_KEY={}", keys.access_key)?;
    writeln!(out, "export JDCLOUD_SECRET_KEY={}", keys.secret_key)?;
    writeln!(out, "export JDCLOUD_REGION=cn-north-1")?;
    writeln!(out, "export no_proxy=127.0.0.1${{no_proxy:+,$no_proxy}}")?;
    out.flush()
}

/// Runs jdredis in this process against the sandbox; its exit code.
fn run_against(sandbox: &Sandbox, arguments: Vec<OsString>) -> ExitCode {
    let keys = sandbox.keys();
    let settings = [
        ("JDREDIS_ENDPOINT", sandbox.endpoint().to_owned()),
        ("JDCLOUD_ACCESS_KEY", keys.access_key.clone()),
        ("JDCLOUD_SECRET_KEY", keys.secret_key.clone()),
        ("JDCLOUD_SECURITY_TOKEN", String::new()),
        ("JDCLOUD_PROFILE", String::new()),
        ("JDREDIS_OUTPUT", String::new()),
        // The sandbox is on this machine, where no proxy can reach it.
        ("no_proxy", "127.0.0.1".to_owned()),
    ];
    let mut world = World::of_this_process();
    world.home = None;
    world.args.truncate(1);
    world.args.extend(arguments);
    let outside = world.env;
    world.env = Box::new(move |name| match settings.iter().find(|(known, _)| *known == name) {
        Some((_, value)) => Some(value.into()),
        None => outside(name),
    });
    jdredis::run(&world)
}
