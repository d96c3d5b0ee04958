//! The ways in which a call of the service can fail.

use std::time::Duration;

use super::refusal::{Reason, Refusal};
use crate::config::source::Facts;
use crate::http::Failure;
use crate::retry::{Cause, may_pass};

/// A call that did not lead to an answer of the documented shape.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub(crate) struct Error {
    pub(crate) kind: Box<ErrorKind>,
    /// Whether the request changes something and may have done so in spite of the error.
    pub(crate) may_have_happened: bool,
    /// How long the service asked to wait, if that was longer than the time left.
    pub(crate) asked_to_wait: Option<Duration>,
    /// Facts about the settings of the call; `None` if the error came about without a call.
    pub(crate) facts: Option<Box<Facts>>,
    /// The attempts and the time that the call took, if it took more than one attempt.
    pub(crate) effort: Option<Effort>,
}

/// Attempts made, and the time from the first one's start to the last one's end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
}

/// The kinds of failure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ErrorKind {
    /// The service answered with an error.
    #[error("{0}")]
    Refused(Refusal),
    /// The answer is not of the documented shape, because of another program in between or a changed
    /// service.
    #[error("{}", .0.what)]
    Unexpected(Unexpected),
    /// No answer came.
    #[error("{0}")]
    Network(Failure),
    /// The operating system gave no random bytes for the nonce.
    #[error("the system gave no random bytes: {0}")]
    NoRandomness(std::io::Error),
}

/// An answer that is not of the documented shape.
#[derive(Debug)]
pub(crate) struct Unexpected {
    /// The fault in words. No value is quoted, since it may be a link.
    pub(crate) what: String,
    /// Whether the fields around the result are the service's, and only the result is not of the documented
    /// shape.
    pub(crate) is_from_service: bool,
    pub(crate) http_status: u16,
    pub(crate) request_id: Option<String>,
}

impl Error {
    /// Whether the service refused the nonce of the request as used. If the program sent the request once, something
    /// on the way sent it again, and the first copy may have been carried out.
    pub(crate) fn is_seen_before(&self) -> bool {
        matches!(&*self.kind, ErrorKind::Refused(refusal) if refusal.reason == Reason::NonceReused)
    }

    /// Whether the same request may be answered at another time: no answer came, or the service failed.
    pub(crate) fn may_pass(&self) -> bool {
        match &*self.kind {
            ErrorKind::Network(failure) => may_pass(Cause::Transport(failure)),
            ErrorKind::Refused(refusal) => may_pass(refusal.cause()),
            ErrorKind::Unexpected(unexpected) => may_pass(Cause::Status(unexpected.http_status)),
            ErrorKind::NoRandomness(_) => false,
        }
    }

    /// The reason for the refusal, if the service refused.
    pub(crate) fn reason(&self) -> Option<Reason> {
        match &*self.kind {
            ErrorKind::Refused(refusal) => Some(refusal.reason),
            _ => None,
        }
    }
}

impl ErrorKind {
    /// The service's ID of the exchange, if it answered.
    pub(crate) fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused(Refusal { request_id, .. }) | Self::Unexpected(Unexpected { request_id, .. }) => {
                request_id.as_deref()
            }
            Self::Network(_) | Self::NoRandomness(_) => None,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind: Box::new(kind),
            may_have_happened: false,
            asked_to_wait: None,
            facts: None,
            effort: None,
        }
    }
}
