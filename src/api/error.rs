//! The ways in which a call of the service can fail. The service's words for a refusal are read here and
//! nowhere else.

use std::fmt;
use std::time::Duration;

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

/// The service's `error` object, and what the rest of the answer says about it.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    /// The body's `code` where it has one, else the HTTP status; equal in every body seen.
    pub(crate) code: u16,
    /// Such as `NOT_FOUND`; empty where the body names none.
    pub(crate) status: String,
    /// The service's words; empty where there are none.
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
    /// The local clock minus the service's, in seconds, from the answer's `Date`.
    pub(crate) clock_offset: Option<i64>,
    /// Whether the request was signed with temporary keys and carried their token.
    pub(crate) had_token: bool,
}

/// The reason for a refusal, by the service's code, status name and words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// 404: the instance, the backup or the path does not exist.
    NotFound,
    /// 401: "sign result is not same". The secret key is wrong, the clock is off, or something on the
    /// way has changed the request.
    SignatureDiffers,
    /// 401 with any other words.
    KeysRefused,
    /// 403: "different noncestr". The gateway has seen the nonce, so a new signature may be accepted.
    NonceReused,
    /// 403 by IAM: the keys lack the permission for this operation.
    NotPermitted,
    /// 403 with any other words.
    Forbidden,
    /// `FAILED_PRECONDITION`: not possible in the present state of the instance.
    WrongState,
    /// `ALREADY_EXISTS`.
    AlreadyExists,
    /// 409: the instance is being changed.
    Busy,
    /// 413 and 414.
    TooLarge,
    /// `QUOTA_EXCEEDED`, which waiting does not mend.
    QuotaExceeded,
    /// 429: too many calls at once.
    TooManyRequests,
    /// 500 and 502 to 504.
    ServiceFailed,
    /// 501.
    NotOffered,
    Other,
}

impl Reason {
    /// Reads the service's words. The codes and status names are those of JD Cloud's common error codes,
    /// the phrases those of the gateway's and IAM's answers seen in public.
    pub(super) fn of(code: u16, status: &str, message: &str) -> Self {
        let says = |words: &str| message.to_ascii_lowercase().contains(words);
        match (code, status) {
            (_, "FAILED_PRECONDITION") => Self::WrongState,
            (401, _) if says("sign result is not same") => Self::SignatureDiffers,
            (401, _) => Self::KeysRefused,
            (403, _) if says("different noncestr") => Self::NonceReused,
            (403, _) if says("not authorized") || says("[iam]") && !says("token") => Self::NotPermitted,
            (403, _) => Self::Forbidden,
            (404, _) => Self::NotFound,
            (409, "ALREADY_EXISTS") => Self::AlreadyExists,
            (409, _) => Self::Busy,
            (413 | 414, _) => Self::TooLarge,
            (429, "QUOTA_EXCEEDED") => Self::QuotaExceeded,
            (429, _) => Self::TooManyRequests,
            (501, _) => Self::NotOffered,
            (500 | 502..=504, _) => Self::ServiceFailed,
            _ => Self::Other,
        }
    }
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
    /// Whether the service says that it has seen this very request before. One that was sent once was then sent again by
    /// something on the way, and the first may have been carried out.
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

impl Refusal {
    /// The cause that `retry` judges.
    pub(super) fn cause(&self) -> Cause<'static> {
        match self.reason {
            Reason::NonceReused => Cause::UsedNonce,
            Reason::QuotaExceeded => Cause::Quota,
            _ => Cause::Status(self.code),
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

impl fmt::Display for Refusal {
    /// Code, status name and words, those that there are: `404 NOT_FOUND: no such instance`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code, status, message, ..
        } = self;
        match (status.as_str(), message.as_str()) {
            // An error in an answer with HTTP 200 has no code of its own.
            ("", "") if *code < 400 => write!(
                f,
                "HTTP {code} with an error that has neither code nor status nor message"
            ),
            ("", "") => write!(f, "{code}, without a reason"),
            ("", message) if *code < 400 => f.write_str(message),
            ("", message) => write!(f, "{code}: {message}"),
            (status, "") => write!(f, "{code} {status}"),
            (status, message) => write!(f, "{code} {status}: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_words_are_read_whatever_their_case() {
        for (code, status, message, reason) in [
            (
                401,
                "ACCESS_ERROR",
                "sign result is not same [gw]",
                Reason::SignatureDiffers,
            ),
            (
                401,
                "ACCESS_ERROR",
                "lack of header authorization[gw]",
                Reason::KeysRefused,
            ),
            (
                403,
                "HTTP_FORBIDDEN",
                "please use different noncestr [gw]",
                Reason::NonceReused,
            ),
            (
                403,
                "HTTP_FORBIDDEN",
                "You are Not Authorized to perform (x)",
                Reason::NotPermitted,
            ),
            (403, "HTTP_FORBIDDEN", "denied [IAM] [gw]", Reason::NotPermitted),
            (403, "HTTP_FORBIDDEN", "token expired", Reason::Forbidden),
            (400, "FAILED_PRECONDITION", "", Reason::WrongState),
            (400, "INVALID_ARGUMENT", "not authorized", Reason::Other),
            (409, "ABORTED", "", Reason::Busy),
            (429, "QUOTA_EXCEEDED", "", Reason::QuotaExceeded),
            (429, "", "", Reason::TooManyRequests),
            (503, "NOT_FOUND", "", Reason::ServiceFailed),
        ] {
            assert_eq!(Reason::of(code, status, message), reason, "{code} {status} {message}");
        }
    }

    #[test]
    fn a_refusal_without_words_still_shows_more_than_its_status() {
        let refusal = |code, status: &str, message: &str| {
            Refusal {
                reason: Reason::Other,
                code,
                status: status.to_owned(),
                message: message.to_owned(),
                request_id: None,
                clock_offset: None,
                had_token: false,
            }
            .to_string()
        };
        assert_eq!(refusal(404, "NOT_FOUND", "gone"), "404 NOT_FOUND: gone");
        assert_eq!(refusal(404, "NOT_FOUND", ""), "404 NOT_FOUND");
        assert_eq!(refusal(400, "", "gone"), "400: gone");
        assert_eq!(refusal(200, "", "gone"), "gone");
        assert_eq!(refusal(404, "", ""), "404, without a reason");
        assert_eq!(
            refusal(200, "", ""),
            "HTTP 200 with an error that has neither code nor status nor message"
        );
    }
}
