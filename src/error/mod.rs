//! Every error that a person can see: its kind, exit code, message, cause and hint.
//!
//! A layer below describes a failure in a type of its own, without advice. This module turns those types
//! into a [`Report`]; a command makes a [`Report`] itself where it finds something wrong. The hints, and
//! the names of flags in them, stand here and in the commands alone.

mod api;
mod backups;
mod config;
mod kind;
mod network;
mod render;
mod transfer;

use std::fmt::{self, Write as _};
use std::io;

pub(crate) use self::kind::Kind;
pub(crate) use self::network::no_more_threads;
pub(crate) use self::transfer::explained;
use crate::transfer::FolderError;

/// Standard output could not be written.
#[derive(Debug)]
pub(crate) struct StdoutError(pub(crate) io::Error);

impl fmt::Display for StdoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for StdoutError {}

/// Whether the reader closed the pipe (EPIPE); that is no error.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<StdoutError>()
        .is_some_and(|StdoutError(error)| error.kind() == io::ErrorKind::BrokenPipe)
}

/// An error, ready to be shown. [`Report::render`] gives its text and its JSON.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub(crate) kind: Kind,
    /// What happened, on one line.
    pub(crate) message: String,
    /// The service's code; the HTTP status, if something else answered.
    pub(crate) code: Option<u16>,
    /// The service's name for the error, such as `NOT_FOUND`.
    pub(crate) status: Option<String>,
    /// The service's ID of the exchange, for its support.
    pub(crate) request_id: Option<String>,
    /// The words of the layer below.
    pub(crate) cause: Option<String>,
    /// The items that the message is about, a line each.
    pub(crate) details: Vec<String>,
    /// What to do next.
    pub(crate) hint: Option<String>,
}

impl Report {
    /// A report without cause, details and hint.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            ..Self::default()
        }
    }

    /// A report with what to do next.
    pub(crate) fn with_hint(kind: Kind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(kind, message).hint(hint)
    }

    /// Adds the words of the layer below.
    pub(crate) fn cause(self, cause: impl Into<String>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..self
        }
    }

    /// Adds a line for each thing that the message is about.
    pub(crate) fn details(self, details: Vec<String>) -> Self {
        Self { details, ..self }
    }

    /// Adds what to do next.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// This report and another one of the same run; the kind is that of this one.
    pub(crate) fn and(self, other: Self) -> Self {
        let joined = |own: Option<String>, more: Option<String>| {
            let all: Vec<String> = own.into_iter().chain(more).filter(|text| !text.is_empty()).collect();
            (!all.is_empty()).then(|| all.join("; "))
        };
        Self {
            message: format!("{}; {}", self.message, other.message),
            details: [self.details, other.details].concat(),
            hint: joined(self.hint, other.hint),
            ..self
        }
    }

    /// Adds the service's ID of the exchange, where there is one.
    pub(crate) fn request_id(self, request_id: Option<&String>) -> Self {
        Self {
            request_id: request_id.cloned(),
            ..self
        }
    }

    /// What happened and its cause, on one line.
    pub(crate) fn line(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{}: {cause}", self.message),
            None => self.message.clone(),
        }
    }

    /// Makes a report of a command line that clap refused. The first paragraph of clap's `text` says what
    /// is wrong, and the others advise.
    pub(crate) fn of_usage(text: &str) -> Self {
        let (message, advice) = text.split_once("\n\n").unwrap_or((text, ""));
        let on_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let report = Self::new(Kind::Usage, on_one_line(message.trim_start_matches("error: ")));
        if advice.is_empty() {
            report
        } else {
            report.hint(on_one_line(advice))
        }
    }

    /// Makes a report of a connection that was not made.
    pub(crate) fn of_failure(failure: &crate::http::Failure) -> Self {
        network::report(failure)
    }

    /// Makes a report of the first error in the chain whose type is known here. The contexts above it
    /// describe the task, and come first in the message.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let mut doing = String::new();
        for link in error.chain() {
            if let Some(report) = Self::of_link(link) {
                return Self {
                    message: doing + &report.message,
                    ..report
                };
            }
            let _ = write!(doing, "{link}: ");
        }
        Self::new(Kind::Other, doing.trim_end_matches(": "))
    }

    /// The report of an error whose type is known here.
    fn of_link(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        None.or_else(|| error.downcast_ref::<Self>().cloned())
            .or_else(|| error.downcast_ref().map(api::report))
            .or_else(|| error.downcast_ref().map(backups::report))
            .or_else(|| error.downcast_ref().map(config::report))
            .or_else(|| error.downcast_ref().map(of_folder))
            .or_else(|| error.downcast_ref().map(of_stdout))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

fn of_folder(error: &FolderError) -> Report {
    let report = Report::new(Kind::Other, error.to_string());
    match error {
        FolderError::Unusable { error, .. } => report.hint(match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "make room there, or give another folder with --dir"
            }
            io::ErrorKind::FileTooLarge => "raise what limits the size of files: 'ulimit -f', systemd's LimitFSIZE=",
            _ => "give a folder that this user can write with --dir",
        }),
        FolderError::Dangling { .. } => report.hint("make the folder that it leads to, or give another one with --dir"),
        FolderError::Held { .. } => report.hint("wait until it has ended, or give another folder with --dir"),
    }
}

fn of_stdout(error: &StdoutError) -> Report {
    Report::new(Kind::Other, "the output could not be written")
        .cause(error.to_string())
        .hint("look at what standard output leads to: a full disk, a closed file or a failed program")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_reports_of_a_run_are_one_with_the_kind_of_the_first() {
        let damaged = Report::with_hint(Kind::Integrity, "damaged", "look").details(vec!["a".to_owned()]);
        let silent = Report::with_hint(Kind::Other, "failed", "").details(vec!["b".to_owned()]);
        let both = damaged.clone().and(silent.clone());
        assert_eq!(both.kind, Kind::Integrity);
        assert_eq!(both.to_string(), "damaged; failed");
        assert_eq!(both.details, ["a", "b"]);
        assert_eq!(both.hint.as_deref(), Some("look"));
        assert_eq!(silent.clone().and(silent).hint, None);
        assert_eq!(damaged.clone().and(damaged).hint.as_deref(), Some("look; look"));
    }

    #[test]
    fn a_folder_that_cannot_be_written_has_advice_that_fits_the_reason() {
        for (kind, advice) in [
            (io::ErrorKind::StorageFull, "make room there"),
            (io::ErrorKind::QuotaExceeded, "make room there"),
            (io::ErrorKind::FileTooLarge, "ulimit -f"),
            (io::ErrorKind::PermissionDenied, "this user can write"),
        ] {
            let (path, error) = ("d".into(), kind.into());
            let report = of_folder(&FolderError::Unusable { path, error });
            assert!(report.hint.unwrap().contains(advice), "{kind:?}");
        }
    }

    #[test]
    fn usage_errors_keep_claps_advice_as_the_hint() {
        let report =
            Report::of_usage("error: not provided:\n  --x <ID>\n\nUsage: jdredis\n\nFor more, try '--help'.\n");
        assert_eq!(report.message, "not provided: --x <ID>");
        assert_eq!(report.hint.as_deref(), Some("Usage: jdredis For more, try '--help'."));
    }
}
