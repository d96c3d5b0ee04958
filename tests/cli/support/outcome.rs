//! The end of a run, and the checks of it that the tests share.

use std::process::Output;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jdredis_sandbox::Sandbox;
use serde_json::Value;

use super::{SECRET_KEY, TOKEN};

/// The end of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Outcome {
    pub(super) fn of(output: Output, start: Instant, sandbox: Option<&Sandbox>) -> Self {
        let outcome = Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took: start.elapsed(),
        };
        outcome.check_secrets(sandbox);
        outcome
    }

    /// No run may print a secret, whatever its test is about.
    pub(super) fn check_secrets(&self, sandbox: Option<&Sandbox>) {
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

    /// Checks that the run succeeded and printed nothing on standard error; returns its data.
    #[track_caller]
    pub(crate) fn data(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:#?}");
        assert_eq!(self.stderr, "", "{self:#?}");
        &self.stdout
    }

    /// Checks that the run succeeded and that standard error has each text; returns its data.
    #[track_caller]
    pub(crate) fn data_saying(&self, texts: &[&str]) -> &str {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.says(texts);
        &self.stdout
    }

    /// Checks that the run printed data, failed with this code, and that standard error has each text;
    /// returns the data.
    #[track_caller]
    pub(crate) fn data_before_failure(&self, code: i32, texts: &[&str]) -> &str {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_ne!(self.stdout, "", "{self:#?}");
        self.says(texts);
        &self.stdout
    }

    /// Checks that the run failed with this code and printed no data; returns its standard error.
    #[track_caller]
    pub(crate) fn failure(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        &self.stderr
    }

    /// Checks the same as [`failure`](Self::failure), and that standard error has each text.
    #[track_caller]
    pub(crate) fn fails_saying(&self, code: i32, texts: &[&str]) {
        self.failure(code);
        self.says(texts);
    }

    /// Checks only that the run ended with this code; returns its data.
    #[track_caller]
    pub(crate) fn data_with(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:#?}");
        &self.stdout
    }

    /// Checks that standard error has each text.
    #[track_caller]
    pub(crate) fn says(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.stderr.contains(text), "no {text:?} in {self:#?}");
        }
    }

    /// Checks that the run failed with this code and printed no data; returns the error object of
    /// `--output json`, which is the last line of standard error.
    #[track_caller]
    pub(crate) fn error_object(&self, code: i32) -> Value {
        let line = self.failure(code).lines().last().unwrap_or_default();
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("no error object: {self:#?}"))["error"].take()
    }
}
