//! How the tests run the program.

use std::time::{Duration, Instant};

use assert_cmd::Command;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jdredis_sandbox::{Builder, Sandbox};
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
        command.env_clear().env("HOME", home.path()).timeout(LONGEST_RUN);
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

    pub(crate) fn run(mut self) -> Outcome {
        let start = Instant::now();
        let output = self.command.output().unwrap();
        let outcome = Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took: start.elapsed(),
        };
        self.check_secrets(&outcome);
        outcome
    }

    /// A secret must be in nothing that any run prints, whatever the test is about.
    fn check_secrets(&self, outcome: &Outcome) {
        for secret in [SECRET_KEY, TOKEN, BASE64_STANDARD.encode(TOKEN).as_str()] {
            assert!(!outcome.stdout.contains(secret), "a secret on stdout: {outcome:#?}");
            assert!(!outcome.stderr.contains(secret), "a secret on stderr: {outcome:#?}");
        }
        assert!(
            !outcome.stderr.contains("X-Amz-Signature"),
            "a link on stderr: {outcome:#?}"
        );
        for request in self.sandbox.into_iter().flat_map(Sandbox::requests) {
            let authorization = request.header("authorization").unwrap_or_default();
            if let Some((_, signature)) = authorization.split_once("Signature=") {
                assert!(
                    !outcome.stderr.contains(signature),
                    "a signature on stderr: {outcome:#?}"
                );
            }
        }
    }
}

impl Outcome {
    /// The run must have succeeded, silently but for its data; the data.
    #[track_caller]
    pub(crate) fn data(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:#?}");
        assert_eq!(self.stderr, "", "{self:#?}");
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
        let said = self.failure(code);
        for text in texts {
            assert!(said.contains(text), "no {text:?} in {self:#?}");
        }
    }

    /// The error object of a run with `--output json`: the last line of standard error.
    #[track_caller]
    pub(crate) fn error_object(&self, code: i32) -> Value {
        let line = self.failure(code).lines().last().unwrap_or_default();
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("no error object: {self:#?}"))["error"].take()
    }
}
