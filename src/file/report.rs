//! The report on a file: its object in `-o json`, and its line in a message.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::FileState;
use crate::drill::{Load, Outcome};
use crate::output::json;
use crate::rdb::{Advice, Contents, Findings};

/// The result for a file. Serialised, it is an element of `files` in `-o json` of `backup download` and `backup
/// verify`. Scripts rely on its keys and their order. The fields below say which keys only
/// one of the two commands has.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileReport {
    /// The node that it belongs to, such as `node 0`. Only `download` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    /// The file's path; for an incomplete one, the path of its `.part`. In JSON, bytes that are not UTF-8
    /// are replaced, since JSON cannot hold them.
    #[serde(serialize_with = "json::path")]
    path: PathBuf,
    /// How many of its bytes are there; 0 if it cannot be read.
    bytes: u64,
    /// The SHA-256 of all its bytes in hexadecimal; null unless it is complete. Only `download` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<Option<String>>,
    state: FileState,
    /// The reason for the state, in words; null if it is `ok` and there is nothing to note.
    reason: Option<String>,
    /// How many of its bytes were there before the run. Only `download` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed_from: Option<u64>,
    /// Its contents; null if it does not begin like an RDB file, or was not read to its end.
    rdb: Option<Contents>,
    /// The result of loading it in a real server; null if none was started for it. Only `verify --load` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    load: Option<Option<Load>>,
    /// The advice that follows from its bytes, if it was read and is not good.
    #[serde(skip)]
    advice: Option<Advice>,
}

impl FileReport {
    /// A report on a file at `path`, of which `bytes` bytes are there.
    pub(crate) fn new(path: impl Into<PathBuf>, bytes: u64, state: FileState, reason: Option<String>) -> Self {
        Self {
            node: None,
            path: path.into(),
            bytes,
            sha256: None,
            state,
            reason,
            resumed_from: None,
            rdb: None,
            load: None,
            advice: None,
        }
    }

    /// A report on a file at `path` that was read to its end.
    pub(crate) fn of_findings(path: impl Into<PathBuf>, bytes: u64, findings: Findings) -> Self {
        let Findings { verdict, contents } = findings;
        let state = FileState::of_verdict(&verdict);
        Self {
            rdb: contents,
            advice: verdict.advice(),
            ..Self::new(path, bytes, state, verdict.reason())
        }
    }

    /// Adds what is known of a file that was fetched: its node, the SHA-256 of a complete one, and how
    /// many bytes were there before.
    pub(crate) fn fetched(self, node: &str, sha256: Option<String>, resumed_from: u64) -> Self {
        Self {
            node: Some(node.to_owned()),
            sha256: Some(sha256),
            resumed_from: Some(resumed_from),
            ..self
        }
    }

    /// Adds what was found in its bytes: its contents, and the advice.
    pub(crate) fn with_contents(self, rdb: Option<Contents>, advice: Option<Advice>) -> Self {
        Self { rdb, advice, ..self }
    }

    /// Adds the result of loading it in a real server.
    pub(crate) fn loaded(self, load: Option<Load>) -> Self {
        Self {
            load: Some(load),
            ..self
        }
    }

    pub(crate) fn load(&self) -> Option<&Load> {
        self.load.as_ref()?.as_ref()
    }

    pub(crate) fn node(&self) -> &str {
        self.node.as_deref().unwrap_or_default()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn state(&self) -> FileState {
        self.state
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    pub(crate) fn rdb(&self) -> Option<&Contents> {
        self.rdb.as_ref()
    }

    pub(super) fn advice(&self) -> Option<Advice> {
        self.advice
    }

    pub(crate) fn resumed_from(&self) -> u64 {
        self.resumed_from.unwrap_or_default()
    }

    /// Whether `-q` leaves its row in a table: the exit code is not 0 because of it, or there is a warning about it.
    pub(crate) fn is_noteworthy(&self) -> bool {
        self.state != FileState::Ok || self.load().is_some_and(|load| load.result != Outcome::Loaded)
    }

    /// The line about it in a summary of what is wrong.
    pub(super) fn complaint(&self) -> String {
        let (path, state) = (self.path.display(), self.state.name());
        let reason = self.reason().unwrap_or_default();
        match &self.node {
            Some(node) => format!("{node}: {state}, {reason} ({path})"),
            None => format!("{path}: {state}, {reason}"),
        }
    }
}
