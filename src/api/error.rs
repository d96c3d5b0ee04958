//! What can go wrong between a request and a usable answer.

use std::fmt;
use std::time::Duration;

use crate::http::Stage;

/// A call that did not lead to an answer of the documented shape.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) problem: Box<Problem>,
    /// Whether the request was to change something and may have done so all the same.
    pub(crate) may_have_happened: bool,
    /// How long the other side asked to wait, where that was longer than the time left.
    pub(crate) asked_to_wait: Option<Duration>,
    /// What was spent on it, where more than one attempt was made.
    pub(crate) effort: Option<Effort>,
}

/// Attempts made, and the time from the first one's start to the last one's end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
}

/// What went wrong.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The service answered with an error.
    Refused(Refusal),
    /// What answered did not answer as documented: another program in between, or a changed service.
    Unexpected(Unexpected),
    /// No answer came.
    Network(NetworkError),
    /// The operating system gave no random bytes for the nonce.
    NoRandomness(std::io::Error),
}

/// The service's `error` object, and what the rest of the answer says about it.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The body's `code` where it has one, else the HTTP status; equal in every body seen.
    pub(crate) code: u16,
    /// Such as `NOT_FOUND`; empty where the body names none.
    pub(crate) status: String,
    /// The service's words; empty where there are none.
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
    /// The local clock minus the service's, in seconds, from the answer's `Date`.
    pub(crate) clock_offset: Option<i64>,
}

/// An answer that is not of the documented shape.
#[derive(Debug)]
pub(crate) struct Unexpected {
    /// What is wrong with it, without quoting values, which may be links.
    pub(crate) what: String,
    /// Whether it is the service's envelope, and only what is in it is unknown.
    pub(crate) is_from_service: bool,
    pub(crate) http_status: u16,
    pub(crate) request_id: Option<String>,
}

/// Why no answer came.
#[derive(Debug)]
pub(crate) struct NetworkError {
    pub(crate) stage: Stage,
    /// The transport's own words.
    pub(crate) detail: String,
    /// Where the request was going.
    pub(crate) endpoint: String,
    /// `host:port` of the proxy it was to go through.
    pub(crate) proxy: Option<String>,
}

impl Error {
    /// Whether the same request may be answered some other time: nothing answered, or the service
    /// failed.
    pub(crate) fn may_pass(&self) -> bool {
        match &*self.problem {
            Problem::Network(error) => !matches!(error.stage, Stage::Tls | Stage::TrustStore),
            Problem::Refused(Refusal { status, .. }) if status == "QUOTA_EXCEEDED" => false,
            Problem::Refused(Refusal { code, .. }) | Problem::Unexpected(Unexpected { http_status: code, .. }) => {
                matches!(code, 429 | 500 | 502..=504)
            }
            Problem::NoRandomness(_) => false,
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            may_have_happened: false,
            asked_to_wait: None,
            effort: None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.problem {
            Problem::Refused(refusal) => refusal.fmt(f),
            Problem::Unexpected(unexpected) => f.write_str(&unexpected.what),
            Problem::Network(error) => f.write_str(&error.detail),
            Problem::NoRandomness(error) => write!(f, "the system gave no random bytes: {error}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.status.is_empty() {
            write!(f, " {}", self.status)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
