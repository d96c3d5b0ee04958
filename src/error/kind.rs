//! The kinds of errors. Each has one exit code and one name in JSON.

use std::process::ExitCode;

use crate::process::signals::Signal;

/// The kind of an error. It decides the exit code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any error that the other kinds do not cover.
    #[default]
    Other,
    /// The command line or a setting is wrong.
    Usage,
    /// The service does not have the instance or the backup.
    NotFound,
    /// Keys are missing, refused or not permitted.
    Credentials,
    /// No answer came, or a wait ran out.
    Network,
    /// The service failed, or answered in a way that is not documented.
    Service,
    /// A file is missing, incomplete, corrupt, unreadable or no RDB file.
    Integrity,
    /// Everything is whole, but a newest backup is older than the age that was asked for.
    Stale,
    /// A signal ended the run.
    Interrupted(Signal),
}

impl Kind {
    /// The value of `kind` in a JSON error.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Usage => "usage",
            Self::NotFound => "notFound",
            Self::Credentials => "credentials",
            Self::Network => "network",
            Self::Service => "service",
            Self::Integrity => "integrity",
            Self::Stale => "stale",
            Self::Interrupted(_) => "interrupted",
        }
    }

    /// The exit code. The README and `jdredis help` list them.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// The exit code as a number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Credentials => 4,
            Self::Network => 5,
            Self::Service => 6,
            Self::Integrity => 7,
            Self::Stale => 8,
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }
}
