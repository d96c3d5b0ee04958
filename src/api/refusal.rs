//! A refusal: the service's `error` object, its code, and the reason by its words. The words are read here and
//! nowhere else.

use std::fmt;

use serde_json::Value;

use crate::retry::Cause;

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
    /// The service's ID of the exchange, for its support.
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
    /// Anything else.
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

impl Refusal {
    /// Reads an `error` object, or a text that is sent instead of one. `redact` removes secrets from the
    /// service's texts. The parts that are not in the object are left for the caller.
    pub(super) fn read(error: &Value, http_status: u16, redact: impl Fn(&str) -> String) -> Self {
        let text = |name: &str| error.get(name).and_then(Value::as_str);
        let code = code(error, http_status);
        let status = text("status").map(&redact).unwrap_or_default();
        let message = text("message").or(error.as_str()).map(&redact).unwrap_or_default();
        Self {
            reason: Reason::of(code, &status, &message),
            code,
            status,
            message,
            request_id: None,
            clock_offset: None,
            had_token: false,
        }
    }

    /// The cause that `retry` judges.
    pub(super) fn cause(&self) -> Cause<'static> {
        match self.reason {
            Reason::NonceReused => Cause::UsedNonce,
            Reason::QuotaExceeded => Cause::Quota,
            _ => Cause::Status(self.code),
        }
    }
}

/// The error's code: its number, else the status that goes with its name, else the HTTP status.
fn code(error: &Value, http_status: u16) -> u16 {
    let number = error
        .get("code")
        .and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    number
        .and_then(|number| u16::try_from(number).ok())
        .filter(|number| (400..600).contains(number))
        .or_else(|| error.get("status").and_then(Value::as_str).and_then(code_of_status))
        .unwrap_or(http_status)
}

/// The HTTP status of each of the service's status names. Source: JD Cloud's common error codes.
fn code_of_status(status: &str) -> Option<u16> {
    Some(match status {
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" | "HTTP_BAD_REQUEST" => 400,
        "UNAUTHENTICATED" | "ACCESS_ERROR" => 401,
        "HTTP_FORBIDDEN" => 403,
        "NOT_FOUND" => 404,
        "ABORTED" | "ALREADY_EXISTS" => 409,
        "HTTP_REQUEST_ENTITY_TOO_LARGE" => 413,
        "HTTP_URI_TOO_LONG" => 414,
        "RATE_LIMIT" | "HTTP_RATE_LIMIT_EXCEEDED" | "QUOTA_EXCEEDED" => 429,
        "UNKNOWN" | "INTERNAL" | "HTTP_INTERNAL_SERVER_ERROR" => 500,
        "NOT_IMPLEMENTED" => 501,
        "SOURCE_UNAVAILABLE" | "HTTP_BAD_GATEWAY" => 502,
        "UNAVAILABLE" | "HTTP_SERVICE_UNAVAILABLE" => 503,
        "HTTP_SERVER_TIMING_OUT" => 504,
        _ => return None,
    })
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
    fn an_error_without_a_code_has_that_of_its_status_name() {
        for (code, names) in [
            (
                400,
                &[
                    "INVALID_ARGUMENT",
                    "FAILED_PRECONDITION",
                    "OUT_OF_RANGE",
                    "HTTP_BAD_REQUEST",
                ][..],
            ),
            (401, &["UNAUTHENTICATED", "ACCESS_ERROR"]),
            (403, &["HTTP_FORBIDDEN"]),
            (404, &["NOT_FOUND"]),
            (409, &["ABORTED", "ALREADY_EXISTS"]),
            (413, &["HTTP_REQUEST_ENTITY_TOO_LARGE"]),
            (414, &["HTTP_URI_TOO_LONG"]),
            (429, &["RATE_LIMIT", "HTTP_RATE_LIMIT_EXCEEDED", "QUOTA_EXCEEDED"]),
            (500, &["UNKNOWN", "INTERNAL", "HTTP_INTERNAL_SERVER_ERROR"]),
            (501, &["NOT_IMPLEMENTED"]),
            (502, &["SOURCE_UNAVAILABLE", "HTTP_BAD_GATEWAY"]),
            (503, &["UNAVAILABLE", "HTTP_SERVICE_UNAVAILABLE"]),
            (504, &["HTTP_SERVER_TIMING_OUT"]),
            (418, &["NEVER_HEARD_OF"]),
        ] {
            for name in names {
                let error = serde_json::json!({"status": name});
                assert_eq!(super::code(&error, 418), code, "{name}");
            }
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
