//! The reason why a file could not be fetched, in words with advice.

use super::network;
use crate::http::{Failure, Stage, TlsFault};
use crate::transfer::Reason;

const TRUST_PROXY: &str = "where a proxy inspects TLS, point SSL_CERT_FILE at its CA certificate";
const DOCTOR: &str = "'jdredis doctor' shows how the storage answers";
const GET_OUT: &str = "check firewalls, DNS, and whether a proxy (HTTPS_PROXY) is needed to get out";
const USE_HTTP: &str = "--http fetches the links as the service writes them, unencrypted";

/// The reason in words, with advice if there is any.
pub(crate) fn explained(reason: &Reason) -> String {
    let words = words(reason);
    match advice(reason) {
        Some(advice) => format!("{words}; {advice}"),
        None => words,
    }
}

/// The reason in words. For a failed connection they name the end that failed.
fn words(reason: &Reason) -> String {
    match reason {
        // The file is named already; the host, the port and the proxy that failed are not.
        Reason::Transport(failure) if failure.is_at_proxy || !matches!(failure.stage, Stage::Tls(_)) => {
            format!("{}: {}", network::message(failure), failure.detail)
        }
        Reason::Repeated { last, times } => format!("{}, {times} times in a row", words(last)),
        reason => reason.to_string(),
    }
}

fn advice(reason: &Reason) -> Option<String> {
    let fixed = |text: &str| Some(text.to_owned());
    match reason {
        Reason::Interrupted => fixed("the same command goes on from here"),
        Reason::NoRoom { .. } => fixed("make room"),
        Reason::ChangedOnDisk | Reason::NameTaken => fixed("--force replaces it"),
        Reason::Transport(failure) => at_storage(failure),
        // It stands beside those that were tried and failed.
        Reason::NotTried(_) => None,
        Reason::Repeated { last, .. } => advice(last),
        Reason::Page => fixed("a proxy or login page may be in between"),
        Reason::Redirect(_) => fixed("a proxy in between, or another region, may be the cause"),
        Reason::Status { status: 404, .. } => {
            fixed("the file is not at the storage; 'jdredis backup list' shows the backups")
        }
        Reason::Status { status: 410, .. } => fixed("the file is gone from the storage; take a newer backup"),
        Reason::Encoded(_) => fixed("a proxy or cache in between may have changed it"),
        Reason::Cut { failure, .. } => failure.as_deref().and_then(at_storage),
        // Each of these reasons puts an assumption about the storage in doubt.
        Reason::Status { .. } | Reason::Foreign(_) | Reason::TwoLengths(..) | Reason::Answer(_) => fixed(DOCTOR),
        Reason::TooSlow | Reason::Exchanged | Reason::NameNotSynced(_) => None,
        Reason::Disk { .. } | Reason::NoLink(_) | Reason::UnknownLength(_) | Reason::Content(_) => None,
    }
}

/// The advice on a failure at the storage, or at the proxy before it.
fn at_storage(failure: &Failure) -> Option<String> {
    match failure.stage {
        _ if failure.is_at_proxy => Some(network::hint(failure)),
        Stage::TrustStore { .. } | Stage::NoThread => Some(network::hint(failure)),
        Stage::Tls(TlsFault::OutOfDate | TlsFault::SelfSigned) => Some(network::hint(failure)),
        Stage::Tls(TlsFault::NotTls) => Some(format!("{USE_HTTP}; {TRUST_PROXY}")),
        Stage::Tls(_) => Some(format!("{TRUST_PROXY}; {USE_HTTP}")),
        Stage::Handshake => Some(format!("where the storage speaks no TLS, {USE_HTTP}")),
        Stage::Unreachable | Stage::Timeout if failure.was_before_sending && failure.is_to_https() => {
            Some(format!("{GET_OUT}; where only port 443 is closed, {USE_HTTP}"))
        }
        Stage::Unreachable | Stage::Dns => Some(GET_OUT.to_owned()),
        Stage::Broken | Stage::Protocol | Stage::Timeout | Stage::ProxyRefused { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Route;

    /// Links over http help only a connection that was to be over https and was not made.
    #[test]
    fn plain_links_are_advised_where_only_the_port_of_https_may_be_closed() {
        for (origin, stage, was_before_sending, advises) in [
            ("https://h", Stage::Unreachable, true, true),
            ("https://h", Stage::Timeout, true, true),
            ("http://h", Stage::Unreachable, true, false),
            ("http://h", Stage::Timeout, true, false),
            ("https://h", Stage::Timeout, false, false),
        ] {
            let reason = Reason::Transport(Failure {
                stage,
                is_at_proxy: false,
                route: Route {
                    origin: origin.to_owned(),
                    proxy: None,
                },
                detail: "gone".to_owned(),
                was_before_sending,
            });
            let said = explained(&reason);
            assert_eq!(said.contains(USE_HTTP), advises, "{said}");
        }
    }
}
