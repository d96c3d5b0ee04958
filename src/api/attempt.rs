//! One attempt that led to no answer: its error, and whether another attempt may help.

use std::time::Duration;

use super::error::ErrorKind;
use super::refusal::{Reason, Refusal};
use crate::http::Failure;
use crate::retry::{Cause, may_pass};

/// An attempt that led to no answer.
#[derive(Debug)]
pub(super) struct FailedAttempt {
    pub(super) kind: Box<ErrorKind>,
    /// Whether the same request, signed anew, may succeed.
    pub(super) is_transient: bool,
    pub(super) effect: Effect,
    /// How long the other side asked to wait before the next attempt.
    pub(super) retry_after: Option<Duration>,
}

/// The effect that a request may have had although it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// None: no byte of the request was sent to the service.
    NotSent,
    /// None: the service refused the request.
    Refused,
    /// Unknown: the service may have carried the request out.
    Unknown,
}

impl FailedAttempt {
    /// Whether the service refused it because there were too many calls (429), so that waiting helps.
    pub(super) fn is_one_too_many(&self) -> bool {
        let is_429 = |refusal: &Refusal| refusal.reason == Reason::TooManyRequests;
        matches!(&*self.kind, ErrorKind::Refused(refusal) if is_429(refusal))
    }

    /// An attempt to which no answer came.
    pub(super) fn of_transport(failure: Failure) -> Self {
        Self {
            is_transient: may_pass(Cause::Transport(&failure)),
            effect: if failure.was_before_sending {
                Effect::NotSent
            } else {
                Effect::Unknown
            },
            kind: Box::new(ErrorKind::Network(failure)),
            retry_after: None,
        }
    }

    /// An attempt that was answered with an error.
    pub(super) fn of_refusal(refusal: Refusal, retry_after: Option<Duration>) -> Self {
        Self {
            is_transient: may_pass(refusal.cause()),
            // Only a code of 400 to 499 says that the request was not carried out; an error may also have no code.
            effect: if (400..500).contains(&refusal.code) {
                Effect::Refused
            } else {
                Effect::Unknown
            },
            kind: Box::new(ErrorKind::Refused(refusal)),
            retry_after,
        }
    }
}

impl From<ErrorKind> for FailedAttempt {
    /// A failure before anything was sent; another attempt would fail as well.
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind: Box::new(kind),
            is_transient: false,
            effect: Effect::NotSent,
            retry_after: None,
        }
    }
}
