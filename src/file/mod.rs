//! A backup's file as the program reports on it: its state, the report that `-o json` prints, and the
//! judgement that decides how a command ends.
//!
//! `backup download` and `backup verify` share all three, so that a file gets the same state and the same
//! exit code from both. A command makes a [`FileReport`] for each file, prints them, and returns the result
//! of [`judge`]:
//!
//! ```text
//! let report = FileReport::of_findings(path, bytes, reader.finish());     // `verify`
//! let report = FileReport::new(path, bytes, state, reason)                // `download`
//!     .fetched(node, sha256, resumed_from)
//!     .with_contents(contents, advice);
//! judge(&reports, Task::Verify, context.notes)
//! ```

mod advice;
mod judgement;
mod report;

pub(crate) use self::judgement::{Task, judge};
pub(crate) use self::report::FileReport;
use serde::{Deserialize, Serialize};

use crate::rdb::Verdict;

/// The state of a file. The names are the values of the key `state` in `-o json` and of the column STATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FileState {
    /// Whole: its length and its checksum are right.
    Ok,
    /// Complete by its length, and nothing wrong was found, but it has no checksum to compare.
    Unverified,
    /// Complete by its length, and damaged.
    Corrupt,
    /// Not all there.
    Incomplete,
    /// It cannot be read, so nothing is known of it.
    Unreadable,
    /// It is not an RDB file.
    NotRdb,
}

impl FileState {
    /// The state of a file that was read to its end.
    pub(crate) fn of_verdict(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Ok(_) => Self::Ok,
            Verdict::Unverified(_) => Self::Unverified,
            Verdict::Corrupt(_) => Self::Corrupt,
            Verdict::Incomplete(_) => Self::Incomplete,
            Verdict::NotRdb(_) => Self::NotRdb,
        }
    }

    /// The name in tables, plain lines and JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unverified => "unverified",
            Self::Corrupt => "corrupt",
            Self::Incomplete => "incomplete",
            Self::Unreadable => "unreadable",
            Self::NotRdb => "not-rdb",
        }
    }

    /// Whether the file is all there and nothing was found wrong with it. A run with a file that is not
    /// good ends with exit code 7.
    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::Ok | Self::Unverified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_tables_call_a_state_the_same() {
        for state in [
            FileState::Ok,
            FileState::Unverified,
            FileState::Corrupt,
            FileState::Incomplete,
            FileState::Unreadable,
            FileState::NotRdb,
        ] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }
}
