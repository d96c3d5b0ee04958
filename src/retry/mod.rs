//! Whether a failure is worth another attempt, and how long to wait before it.
//!
//! API, storage and polling ask here, so that they agree. Whether a request may be sent twice at all is decided by
//! its sender: one that changes something may not.

pub(crate) mod backoff;
pub(crate) mod deadline;
#[cfg(test)]
pub(crate) mod hand;
pub(crate) mod pace;

use crate::http::{Failure, Stage, TlsFault};

/// The cause of a failed attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause<'a> {
    /// No answer came.
    Transport(&'a Failure),
    /// An answer with this HTTP status, or with this `code` in the service's error body.
    Status(u16),
    /// The service says `QUOTA_EXCEEDED`.
    Quota,
    /// The service has seen the request's nonce.
    UsedNonce,
}

/// Whether another attempt may succeed.
pub(crate) fn may_pass(cause: Cause<'_>) -> bool {
    match cause {
        Cause::Transport(failure) => transport_may_pass(failure),
        Cause::Status(status) => status_may_pass(status),
        // The service's table of errors: a quota stays used up until it is raised.
        Cause::Quota => false,
        // The gateway refuses a nonce that it has seen, and every attempt has a new one. Any other 403
        // stays.
        Cause::UsedNonce => true,
    }
}

/// Whether an error of the storage says that it is busy, by its HTTP status or its `Code` in any letter case. The
/// same request may succeed later.
///
/// Source: the storage's table of errors has `SlowDown` (too many requests) and `RequestTimeOut` (a request body
/// that came too slowly), both with status 400. The other codes are those of storages of the same kind.
pub(crate) fn is_busy(status: u16, code: &str) -> bool {
    let codes = ["SlowDown", "RequestTimeOut", "TooManyRequests", "ServerBusy"];
    matches!(status, 429 | 503) || codes.iter().any(|busy| code.eq_ignore_ascii_case(busy))
}

fn transport_may_pass(failure: &Failure) -> bool {
    match failure.stage {
        // Networks, name servers and peers come back. The result of a look-up does not show whether the name does
        // not exist or its server did not answer.
        Stage::Dns | Stage::Unreachable | Stage::Broken | Stage::Timeout => true,
        // A server or a balancer that restarts hangs up on a handshake.
        Stage::Handshake => true,
        // A proxy's 502, 503 and 504 are about the way behind it, as they are for any gateway (RFC 9110,
        // section 15.6). 403 and 407 follow from its rules, which stay.
        Stage::ProxyRefused { status, .. } => status_may_pass(status),
        // Certificates, trust and the protocol are settings of one side or the other.
        Stage::Tls(
            TlsFault::NotTls
            | TlsFault::TooOld
            | TlsFault::OutOfDate
            | TlsFault::WrongHost
            | TlsFault::SelfSigned
            | TlsFault::Untrusted
            | TlsFault::Other,
        )
        | Stage::TrustStore { .. } => false,
        // Another program listens there. curl does not retry its 'weird server reply' either.
        Stage::Protocol => false,
        // A limit of this system or user. The processes that use the threads up seldom end within seconds.
        Stage::NoThread => false,
    }
}

/// By the service's table of errors, 429, 500, 502, 503 and 504 may pass, and 501 does not. The storage has
/// 500 and 503. 408 and the statuses above 505 that gateways invent are temporary, too (RFC 9110, sections
/// 15.5.9 and 15.6); 505 is about the request.
fn status_may_pass(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502..=504 | 506..=599)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Route;

    fn failure(stage: Stage) -> Failure {
        Failure {
            stage,
            is_at_proxy: false,
            route: Route {
                origin: "https://h".to_owned(),
                proxy: None,
            },
            detail: String::new(),
            was_before_sending: true,
        }
    }

    #[test]
    fn a_temporary_failure_is_worth_another_attempt() {
        let proxy = |status| Stage::ProxyRefused {
            status,
            had_password: false,
        };
        for (stage, passes) in [
            (Stage::Dns, true),
            (Stage::Unreachable, true),
            (Stage::Broken, true),
            (Stage::Timeout, true),
            (Stage::Handshake, true),
            (proxy(502), true),
            (proxy(503), true),
            (proxy(504), true),
            (proxy(403), false),
            (proxy(407), false),
            (Stage::Tls(TlsFault::OutOfDate), false),
            (Stage::TrustStore { is_named: true }, false),
            (Stage::Protocol, false),
            (Stage::NoThread, false),
        ] {
            assert_eq!(may_pass(Cause::Transport(&failure(stage))), passes, "{stage:?}");
        }
    }

    #[test]
    fn statuses_follow_the_services_table_of_errors() {
        for status in [408, 429, 500, 502, 503, 504, 520] {
            assert!(may_pass(Cause::Status(status)), "{status}");
        }
        for status in [200, 302, 400, 401, 403, 404, 409, 412, 413, 416, 501, 505] {
            assert!(!may_pass(Cause::Status(status)), "{status}");
        }
        assert!(!may_pass(Cause::Quota));
        assert!(may_pass(Cause::UsedNonce));
    }

    #[test]
    fn a_busy_storage_is_known_by_its_code_whatever_the_status_and_by_two_statuses() {
        for (status, code, busy) in [
            (400, "SlowDown", true),
            (400, "slowdown", true),
            (400, "RequestTimeOut", true),
            (400, "RequestTimeout", true),
            (400, "TooManyRequests", true),
            (500, "ServerBusy", true),
            (503, "", true),
            (429, "AccessDenied", true),
            (500, "InternalError", false),
            (400, "RequestTimeTooSkewed", false),
            (403, "AccessDenied", false),
            (404, "NoSuchKey", false),
        ] {
            assert_eq!(is_busy(status, code), busy, "{status} {code}");
        }
    }
}
