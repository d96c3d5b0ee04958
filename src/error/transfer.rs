//! What is advised where a file could not be fetched.

use super::network;
use crate::http::{Failure, Stage, TlsFault};
use crate::transfer::Reason;

const TRUST_PROXY: &str = "where a proxy inspects TLS, point SSL_CERT_FILE at its CA certificate";
const USE_HTTP: &str = "--http fetches the links as the service writes them, unencrypted";

/// The reason in words, with what to do about it where there is something to do.
pub(crate) fn explained(reason: &Reason) -> String {
    match advice(reason) {
        Some(advice) => format!("{reason}; {advice}"),
        None => reason.to_string(),
    }
}

fn advice(reason: &Reason) -> Option<String> {
    let fixed = |text: &str| Some(text.to_owned());
    match reason {
        Reason::Interrupted => fixed("the same command goes on from here"),
        Reason::NoRoom { .. } => fixed("make room"),
        Reason::ChangedOnDisk | Reason::NameTaken => fixed("--force replaces it"),
        Reason::Transport(failure) => at_storage(failure),
        Reason::Repeated { last, .. } => advice(last),
        Reason::Disk { .. } | Reason::NoLink(_) | Reason::UnknownLength(_) | Reason::Answer(_) | Reason::Content(_) => {
            None
        }
    }
}

fn at_storage(failure: &Failure) -> Option<String> {
    match failure.stage {
        _ if failure.is_at_proxy => Some(network::hint(failure)),
        Stage::TrustStore { .. } | Stage::NoThread => Some(network::hint(failure)),
        Stage::Tls(TlsFault::OutOfDate) => Some(network::hint(failure)),
        Stage::Tls(TlsFault::NotTls) => Some(format!("{USE_HTTP}; {TRUST_PROXY}")),
        Stage::Tls(_) => Some(format!("{TRUST_PROXY}; {USE_HTTP}")),
        Stage::Handshake => Some(format!("where the storage speaks no TLS, {USE_HTTP}")),
        Stage::Dns
        | Stage::Unreachable
        | Stage::Broken
        | Stage::Protocol
        | Stage::Timeout
        | Stage::ProxyRefused { .. } => None,
    }
}
