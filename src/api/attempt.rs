//! One attempt that led to no answer: what went wrong, and whether another attempt makes sense.

use std::time::Duration;

use super::error::{ErrorKind, NetworkError, Reason, Refusal};
use crate::config::Settings;
use crate::http;

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

/// What a request that failed may have done.
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
    pub(super) fn of_transport(error: &ureq::Error, settings: &Settings) -> Self {
        let failure = http::Failure::of(error);
        let proxy = settings.proxy.as_ref();
        Self {
            kind: Box::new(ErrorKind::Network(NetworkError {
                stage: failure.stage,
                detail: failure.detail,
                endpoint: settings.endpoint.to_string(),
                proxy: proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())),
            })),
            is_transient: failure.is_transient,
            effect: if failure.was_before_sending {
                Effect::NotSent
            } else {
                Effect::Unknown
            },
            retry_after: None,
        }
    }

    pub(super) fn of_refusal(refusal: Refusal, retry_after: Option<Duration>) -> Self {
        Self {
            is_transient: is_transient(&refusal),
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

/// Whether the service documents the error as one that passes.
fn is_transient(refusal: &Refusal) -> bool {
    match refusal.reason {
        Reason::NonceReused => true,
        Reason::QuotaExceeded => false,
        _ => is_transient_status(refusal.code),
    }
}

/// Whether an answer with this HTTP status may be another one next time.
pub(super) fn is_transient_status(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}
