//! One attempt that led to no answer: what went wrong, and whether another attempt makes sense.

use std::time::Duration;

use super::error::{ErrorKind, Reason, Refusal};
use crate::http::Failure;
use crate::retry::{Cause, may_pass};

/// An attempt that led to no answer.
#[derive(Debug)]
pub(super) struct FailedAttempt {
    pub(super) kind: Box<ErrorKind>,
    /// Whether the same request, signed anew, may fare better.
    pub(super) is_transient: bool,
    pub(super) effect: Effect,
    /// How long the other side asked to wait before that.
    pub(super) retry_after: Option<Duration>,
}

/// The effect that a request may have had although it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: no byte of it has left for the service.
    NotSent,
    /// Nothing: the service said that it refused.
    Refused,
    /// Perhaps what it was meant to do.
    Unknown,
}

impl FailedAttempt {
    /// Whether the service refused it because there were too many calls, which waiting mends.
    pub(super) fn is_one_too_many(&self) -> bool {
        let is_429 = |refusal: &Refusal| refusal.reason == Reason::TooManyRequests;
        matches!(&*self.kind, ErrorKind::Refused(refusal) if is_429(refusal))
    }

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

    pub(super) fn of_refusal(refusal: Refusal, retry_after: Option<Duration>) -> Self {
        Self {
            is_transient: may_pass(refusal.cause()),
            effect: if refusal.code >= 500 {
                Effect::Unknown
            } else {
                Effect::Refused
            },
            kind: Box::new(ErrorKind::Refused(refusal)),
            retry_after,
        }
    }
}

impl From<ErrorKind> for FailedAttempt {
    /// A failure before anything was sent, which another attempt would not mend.
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind: Box::new(kind),
            is_transient: false,
            effect: Effect::NotSent,
            retry_after: None,
        }
    }
}
