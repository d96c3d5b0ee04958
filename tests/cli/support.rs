//! Runs the program for the tests, with a limit to its time, and searches all it prints for secrets.

mod outcome;
mod random;

#[cfg(unix)]
use std::io::{BufRead, BufReader};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jdredis_sandbox::{Builder, Reply, Sandbox};
use tempfile::TempDir;

pub(crate) use self::outcome::Outcome;
pub(crate) use self::random::Random;

pub(crate) const ACCESS_KEY: &str = "CANARYACCESSKEY";
/// It has the characters that configuration files and shells treat specially.
pub(crate) const SECRET_KEY: &str = r#"canary%secret#key;with\"quotes'and=signs"#;
pub(crate) const TOKEN: &str = "canary-security-token";

/// The command for the example request of the service's documentation.
pub(crate) const URL: [&str; 8] = [
    "backup",
    "url",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
    "--base-id",
    "1234",
];

/// The longest that a test waits for the program.
const LONGEST_RUN: Duration = Duration::from_secs(120);

/// The settings of a sandbox that accepts the canary keys.
pub(crate) fn sandbox_builder() -> Builder {
    Sandbox::builder().keys(ACCESS_KEY, SECRET_KEY, None)
}

pub(crate) fn sandbox() -> Sandbox {
    sandbox_builder().start().unwrap()
}

/// A page of a listing named `list`, whose request ID is `request_id`. Without a `total` the page
/// has no `totalCount`.
pub(crate) fn page<'a>(
    request_id: &str,
    list: &str,
    entries: impl IntoIterator<Item = &'a str>,
    total: Option<&str>,
) -> Reply {
    let entries: Vec<_> = entries.into_iter().collect();
    let total = total.map_or_else(String::new, |total| format!(r#","totalCount":{total}"#));
    Reply::json(
        200,
        format!(
            r#"{{"requestId":"{request_id}","result":{{"{list}":[{}]{total}}}}}"#,
            entries.join(",")
        ),
    )
}

/// A page of backups, each given as its base ID, start and status.
pub(crate) fn backups(entries: &[(&str, &str, u8)], total: Option<usize>) -> Reply {
    let entries: Vec<_> = entries
        .iter()
        .map(|(id, start, status)| {
            format!(r#"{{"baseId":"{id}","backupStartTime":"{start}","backupStatus":{status}}}"#)
        })
        .collect();
    let total = total.map(|total| total.to_string());
    page("r", "backups", entries.iter().map(String::as_str), total.as_deref())
}

/// The table without its column AGE, which is another one every day.
pub(crate) fn without_ages(table: &str) -> String {
    let header = table.lines().next().unwrap_or_default();
    let start = header.find("AGE").unwrap();
    let width = header[start..].find("  ").unwrap();
    let width = width + header[start + width..].find(|c| c != ' ').unwrap();
    let lines = table.lines().map(|line| {
        let before: String = line.chars().take(start).collect();
        let after: String = line.chars().skip(start + width).collect();
        format!("{before}{after}\n")
    });
    lines.collect()
}

/// The query of every request, as sent.
pub(crate) fn queries(sandbox: &Sandbox) -> Vec<String> {
    sandbox
        .requests()
        .iter()
        .map(|request| request.query().to_owned())
        .collect()
}

/// Checks all cases at the same time, because most of their time is spent waiting.
pub(crate) fn for_each<T: Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| check(case));
        }
    });
}

/// Says in the output that a test or a part of it does not run here. The test runner captures what its
/// macros print in a test that passes, so this writes to standard error itself.
pub(crate) fn say_not_run(test: &str, reason: &str) {
    say(&format!("not run: {test}: {reason}"));
}

/// Writes a line that is seen also where the test passes.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whether a program of that name can be started here.
pub(crate) fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// Catches the signals that this process ignores, as one does that a script starts in the background. The program would
/// inherit that, and go on after a signal of a test; a signal that is caught has its default in it.
#[cfg(target_os = "linux")]
fn catch_ignored_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
        let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            if ignored & (1 << (signal - 1)) != 0 {
                signal_hook::flag::register(signal, std::sync::Arc::default()).unwrap();
            }
        }
    });
}

/// A run of the program that has not started yet.
pub(crate) struct Jdredis<'a> {
    command: Command,
    home: TempDir,
    sandbox: Option<&'a Sandbox>,
}

/// A run that has started. Dropping it kills the process.
pub(crate) struct Running<'a> {
    child: Child,
    start: Instant,
    sandbox: Option<&'a Sandbox>,
    _home: TempDir,
}

impl<'a> Jdredis<'a> {
    /// A run with nothing in its environment but an empty home.
    pub(crate) fn bare() -> Self {
        #[cfg(target_os = "linux")]
        catch_ignored_signals();
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_jdredis"));
        command.env_clear().env("HOME", home.path());
        Self {
            command,
            home,
            sandbox: None,
        }
    }

    /// A run with the canary keys and the sandbox's address in its environment.
    pub(crate) fn at(sandbox: &'a Sandbox) -> Self {
        let mut run = Self::bare()
            .env("JDREDIS_ENDPOINT", sandbox.endpoint())
            .env("JDCLOUD_ACCESS_KEY", ACCESS_KEY)
            .env("JDCLOUD_SECRET_KEY", SECRET_KEY);
        run.sandbox = Some(sandbox);
        run
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Puts a file into the home folder.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn current_dir(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    /// Runs it by another program: `command`, followed by the program under test and its arguments.
    pub(crate) fn through(mut self, command: &[&str]) -> Self {
        let mut wrapped = Command::new(command[0]);
        wrapped
            .args(&command[1..])
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear();
        for (name, value) in self.command.get_envs() {
            wrapped.env(name, value.unwrap_or_default());
        }
        self.command = wrapped;
        self
    }

    pub(crate) fn args<'b>(mut self, args: impl IntoIterator<Item = &'b str>) -> Self {
        self.command.args(args);
        self
    }

    /// Adds an argument that may be no text.
    #[cfg(target_os = "linux")]
    pub(crate) fn arg(mut self, arg: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Runs it to success; what it printed, which may be no text.
    #[cfg(target_os = "linux")]
    pub(crate) fn stdout_bytes(self) -> Vec<u8> {
        let output = assert_cmd::Command::from_std(self.command)
            .timeout(LONGEST_RUN)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }

    /// Runs [`URL`].
    pub(crate) fn url(self) -> Outcome {
        self.args(URL).run()
    }

    pub(crate) fn run(self) -> Outcome {
        self.run_with_stdin("")
    }

    pub(crate) fn run_with_stdin(self, stdin: impl Into<Vec<u8>>) -> Outcome {
        let start = Instant::now();
        let mut command = assert_cmd::Command::from_std(self.command);
        let output = command.timeout(LONGEST_RUN).write_stdin(stdin).output().unwrap();
        Outcome::of(output, start, self.sandbox)
    }

    /// Runs it with this standard output, which the outcome then does not have.
    #[cfg(unix)]
    pub(crate) fn run_into(mut self, stdout: impl Into<Stdio>) -> Outcome {
        let start = Instant::now();
        self.command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
        let child = self.command.spawn().unwrap();
        // The command keeps a copy of the descriptor, and a pipe ends only when all copies are closed.
        drop(self.command);
        Outcome::of(child.wait_with_output().unwrap(), start, self.sandbox)
    }

    /// Starts it without waiting for its end.
    pub(crate) fn start(mut self) -> Running<'a> {
        let start = Instant::now();
        let child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running {
            child,
            start,
            sandbox: self.sandbox,
            _home: self.home,
        }
    }
}

impl Running<'_> {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by its name, such as `INT`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill")
            .args([format!("-{name}"), self.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
    }

    /// Waits for the first line on standard output, sends the signal, and waits for the end.
    #[cfg(unix)]
    pub(crate) fn signal_after_first_line(mut self, name: &str) -> Outcome {
        let mut stdout = BufReader::new(self.child.stdout.take().unwrap());
        let mut printed = String::new();
        stdout.read_line(&mut printed).unwrap();
        self.signal(name);
        stdout.read_to_string(&mut printed).unwrap();
        let mut said = String::new();
        self.child.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
        let status = self.child.wait().unwrap();
        let output = Output {
            status,
            stdout: printed.into_bytes(),
            stderr: said.into_bytes(),
        };
        Outcome::of(output, self.start, self.sandbox)
    }

    /// Kills it (SIGKILL).
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it ends by itself.
    pub(crate) fn finish(mut self) -> Outcome {
        while !self.has_ended() {
            assert!(self.start.elapsed() < LONGEST_RUN, "it does not end");
            thread::sleep(Duration::from_millis(2));
        }
        let took = self.start.elapsed();
        // Its output fits into the pipes, so it cannot block before its end.
        let read = |stream: &mut dyn Read| {
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        };
        let outcome = Outcome {
            code: self.child.wait().unwrap().code(),
            stdout: read(self.child.stdout.as_mut().unwrap()),
            stderr: read(self.child.stderr.as_mut().unwrap()),
            took,
        };
        outcome.check_secrets(self.sandbox);
        outcome
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
