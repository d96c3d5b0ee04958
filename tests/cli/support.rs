//! How the tests run the program.

#[cfg(unix)]
use std::io::{BufRead, BufReader, Read};
#[cfg(unix)]
use std::process::{Child, Stdio};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jdredis_sandbox::{Builder, Reply, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const ACCESS_KEY: &str = "CANARYACCESSKEY";
/// With the characters that configuration files and shells treat specially.
pub(crate) const SECRET_KEY: &str = r#"canary%secret#key;with\"quotes'and=signs"#;
pub(crate) const TOKEN: &str = "canary-security-token";

/// The request the documentation uses as its example.
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

/// No test waits longer than this for the program.
const LONGEST_RUN: Duration = Duration::from_secs(30);

/// A sandbox that knows the canary keys, to be changed before it starts.
pub(crate) fn sandbox_builder() -> Builder {
    Sandbox::builder().keys(ACCESS_KEY, SECRET_KEY, None)
}

pub(crate) fn sandbox() -> Sandbox {
    sandbox_builder().start().unwrap()
}

/// A page of a listing named `list`, whose request ID is `request_id`. Without a `total` the page
/// says nothing of how many entries there are.
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

/// The query of every request, as sent.
pub(crate) fn queries(sandbox: &Sandbox) -> Vec<String> {
    sandbox
        .requests()
        .iter()
        .map(|request| request.query().to_owned())
        .collect()
}

/// Runs a check of each case at once: most of a wait and of a retry is sleeping.
pub(crate) fn for_each<T: Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| check(case));
        }
    });
}

/// A run of the program in the making.
pub(crate) struct Jdredis<'a> {
    command: Command,
    home: TempDir,
    sandbox: Option<&'a Sandbox>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl<'a> Jdredis<'a> {
    /// With nothing in its environment but an empty home.
    pub(crate) fn bare() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_jdredis"));
        command.env_clear().env("HOME", home.path());
        Self {
            command,
            home,
            sandbox: None,
        }
    }

    /// With the canary keys and the sandbox's address in its environment.
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

    pub(crate) fn args<'b>(mut self, args: impl IntoIterator<Item = &'b str>) -> Self {
        self.command.args(args);
        self
    }

    /// Runs `backup url` as documented.
    pub(crate) fn url(self) -> Outcome {
        self.args(URL).run()
    }

    pub(crate) fn run(self) -> Outcome {
        let start = Instant::now();
        let output = assert_cmd::Command::from_std(self.command)
            .timeout(LONGEST_RUN)
            .output()
            .unwrap();
        Outcome::of(output, start, self.sandbox)
    }

    /// Starts the run, for a test that does something to it before it ends.
    #[cfg(unix)]
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
            _home: self.home,
            sandbox: self.sandbox,
            start,
        }
    }
}

/// A run that goes on.
#[cfg(unix)]
pub(crate) struct Running<'a> {
    child: Child,
    /// Removed when the run has ended.
    _home: TempDir,
    sandbox: Option<&'a Sandbox>,
    start: Instant,
}

#[cfg(unix)]
impl Running<'_> {
    /// Waits for the first line on standard output, sends the signal, and waits for the end.
    pub(crate) fn signal_after_first_line(mut self, signal: &str) -> Outcome {
        let mut stdout = BufReader::new(self.child.stdout.take().unwrap());
        let mut printed = String::new();
        stdout.read_line(&mut printed).unwrap();
        let kill = Command::new("kill")
            .args([format!("-{signal}"), self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
        stdout.read_to_string(&mut printed).unwrap();
        let mut output = self.child.wait_with_output().unwrap();
        output.stdout = printed.into_bytes();
        Outcome::of(output, self.start, self.sandbox)
    }
}

impl Outcome {
    fn of(output: Output, start: Instant, sandbox: Option<&Sandbox>) -> Self {
        let outcome = Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took: start.elapsed(),
        };
        outcome.check_secrets(sandbox);
        outcome
    }

    /// A secret must be in nothing that any run prints, whatever the test is about.
    fn check_secrets(&self, sandbox: Option<&Sandbox>) {
        for secret in [SECRET_KEY, TOKEN, BASE64_STANDARD.encode(TOKEN).as_str()] {
            assert!(!self.stdout.contains(secret), "a secret on stdout: {self:#?}");
            assert!(!self.stderr.contains(secret), "a secret on stderr: {self:#?}");
        }
        assert!(!self.stderr.contains("X-Amz-Signature"), "a link on stderr: {self:#?}");
        for request in sandbox.into_iter().flat_map(Sandbox::requests) {
            let authorization = request.header("authorization").unwrap_or_default();
            if let Some((_, signature)) = authorization.split_once("Signature=") {
                assert!(!self.stderr.contains(signature), "a signature on stderr: {self:#?}");
            }
        }
    }

    /// The run must have succeeded, silently but for its data; the data.
    #[track_caller]
    pub(crate) fn data(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:#?}");
        assert_eq!(self.stderr, "", "{self:#?}");
        &self.stdout
    }

    /// The run must have succeeded and said each of the texts; its data.
    #[track_caller]
    pub(crate) fn data_saying(&self, texts: &[&str]) -> &str {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.says(texts);
        &self.stdout
    }

    /// The run must have failed with this code after it had printed its data, and said each of the
    /// texts; its data.
    #[track_caller]
    pub(crate) fn data_before_failure(&self, code: i32, texts: &[&str]) -> &str {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_ne!(self.stdout, "", "{self:#?}");
        self.says(texts);
        &self.stdout
    }

    /// The run must have failed with this code, without data; what it said.
    #[track_caller]
    pub(crate) fn failure(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        &self.stderr
    }

    /// As [`failure`](Self::failure), and each of the texts must be in what it said.
    #[track_caller]
    pub(crate) fn fails_saying(&self, code: i32, texts: &[&str]) {
        self.failure(code);
        self.says(texts);
    }

    #[track_caller]
    fn says(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.stderr.contains(text), "no {text:?} in {self:#?}");
        }
    }

    /// The error object of a run with `--output json`: the last line of standard error.
    #[track_caller]
    pub(crate) fn error_object(&self, code: i32) -> Value {
        let line = self.failure(code).lines().last().unwrap_or_default();
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("no error object: {self:#?}"))["error"].take()
    }
}
