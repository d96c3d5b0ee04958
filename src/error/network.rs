//! The reports on requests that led to no answer: the end that failed, and the advice.
//!
//! They are about an endpoint of the service. `error::transfer` gives advice about the storage.

use std::io;

use super::{Kind, Report};
use crate::http::{Failure, ProxyName, Stage, TlsFault};

/// The advice if the system gives no more threads.
const LIMITS: &str = "look at what limits this user and service: 'ulimit -u' and 'ulimit -v', systemd's TasksMax= and MemoryMax=, \
                      a container's limit of processes";

/// The advice if a server's certificate is that of an authority.
const SELF_SIGNED: &str = "give the server a certificate that is not an authority's (basicConstraints CA:FALSE), and point \
                           SSL_CERT_FILE at what signed it (PEM)";

/// The report on a failure at an endpoint, or at the proxy before it.
pub(super) fn report(failure: &Failure) -> Report {
    let (message, hint) = match &failure.route.proxy {
        Some(proxy) if failure.is_at_proxy => at_proxy(failure, proxy),
        _ => at_endpoint(failure),
    };
    let kind = match failure.stage {
        Stage::NoThread => Kind::Other,
        _ => Kind::Network,
    };
    Report::new(kind, message).cause(&failure.detail).hint(hint)
}

/// The message: the failure, and the end at which it happened.
pub(super) fn message(failure: &Failure) -> String {
    report(failure).message
}

/// The advice on the failure.
pub(super) fn hint(failure: &Failure) -> String {
    report(failure).hint.unwrap_or_default()
}

fn at_endpoint(failure: &Failure) -> (String, String) {
    let endpoint = &failure.route.origin;
    let via = match &failure.route.proxy {
        Some(proxy) => format!(" through {proxy}"),
        None => String::new(),
    };
    let (message, hint) = match failure.stage {
        Stage::NoThread => return no_thread(endpoint),
        Stage::TrustStore { is_named } => return no_authorities(is_named),
        Stage::Dns => (
            format!("the name of {endpoint} cannot be resolved"),
            "check --endpoint, this machine's DNS, and whether a proxy (HTTPS_PROXY) is needed to get out",
        ),
        Stage::Unreachable => (
            format!("{endpoint} cannot be reached{via}"),
            "check --endpoint, firewalls, and whether a proxy (HTTPS_PROXY) is needed to get out",
        ),
        Stage::Handshake => (
            format!("{endpoint} hung up on TLS{via}"),
            "try again; if it stays, check --endpoint and what is in between: if the endpoint speaks plain HTTP, as those \
             inside a VPC do, spell out http:// in --endpoint",
        ),
        Stage::Broken => (
            format!("the connection to {endpoint}{via} broke off"),
            "try again; if it stays, check firewalls and proxies, and that --endpoint does not say http:// where the \
             service speaks TLS",
        ),
        Stage::Protocol | Stage::ProxyRefused { .. } => (
            format!("what answers at {endpoint}{via} breaks the rules of HTTP"),
            "check --endpoint and the proxy variables: something else may be listening there",
        ),
        Stage::Timeout => (
            format!("{endpoint} did not answer in time{via}"),
            "check firewalls and whether a proxy (HTTPS_PROXY) is needed to get out; --timeout allows for more time",
        ),
        Stage::Tls(fault) => (
            format!("no trusted encrypted connection to {endpoint}{via}"),
            match fault {
                TlsFault::NotTls => {
                    "check the endpoint and its port; if it speaks plain HTTP, as those inside a VPC do, spell out http:// in \
                     --endpoint"
                }
                TlsFault::OutOfDate => {
                    "look at this machine's clock first ('date -u'), and set it if it is wrong (NTP); if it is right, the \
                     server needs a new certificate"
                }
                TlsFault::WrongHost => {
                    "check --endpoint; if it is right, another server answers in its place: a proxy, a login page or a wrong \
                     DNS entry"
                }
                TlsFault::TooOld => "check --endpoint; jdredis speaks TLS 1.2 and 1.3 and nothing older",
                TlsFault::SelfSigned => SELF_SIGNED,
                TlsFault::Untrusted | TlsFault::Other => {
                    "if a proxy inspects TLS, point SSL_CERT_FILE at its CA certificate (PEM); if the endpoint speaks plain \
                     HTTP, as those inside a VPC do, spell out http:// in --endpoint"
                }
            },
        ),
    };
    (message, hint.to_owned())
}

fn at_proxy(failure: &Failure, proxy: &ProxyName) -> (String, String) {
    let (address, variable, endpoint) = (&proxy.address, &proxy.variable, &failure.route.origin);
    let check = format!("check {variable}");
    let direct = "unset it, or name the endpoint's host in NO_PROXY, to connect directly";
    match failure.stage {
        Stage::NoThread => no_thread(&format!("the proxy {address}")),
        Stage::TrustStore { is_named } => no_authorities(is_named),
        Stage::Dns => (
            format!("the name of the proxy {address} cannot be resolved ({variable})"),
            format!("{check} and this machine's DNS; {direct}"),
        ),
        Stage::Unreachable => (
            format!("the proxy {address} cannot be reached ({variable})"),
            format!("{check}, and that the proxy runs; {direct}"),
        ),
        Stage::Timeout => (
            format!("the proxy {address} did not answer in time ({variable})"),
            if proxy.is_encrypted {
                // A proxy without TLS takes the TLS greeting for the start of a request's head, and waits
                // for its end.
                format!("write http:// in {variable} unless the proxy itself speaks TLS; check firewalls; {direct}")
            } else {
                format!("{check} and firewalls; --timeout allows for more time; {direct}")
            },
        ),
        Stage::Handshake | Stage::Tls(TlsFault::NotTls) => (
            format!("no encrypted connection to the proxy {address} ({variable})"),
            format!("write http:// in {variable}: most proxies are spoken to without TLS, also on the way to https"),
        ),
        Stage::Tls(fault) => (
            format!("no trusted encrypted connection to the proxy {address} ({variable})"),
            match fault {
                TlsFault::OutOfDate => {
                    "look at this machine's clock first ('date -u'); if it is right, the proxy needs a new certificate"
                        .to_owned()
                }
                TlsFault::SelfSigned => SELF_SIGNED.to_owned(),
                TlsFault::WrongHost => format!("write one of those names in {variable}"),
                _ => format!("point SSL_CERT_FILE at its CA certificate (PEM), or write http:// in {variable}"),
            },
        ),
        Stage::ProxyRefused {
            status: 407,
            had_password,
        } => (
            if had_password {
                format!("the proxy {address} does not accept the name and password in {variable}")
            } else {
                format!("the proxy {address} wants a name and password ({variable})")
            },
            format!(
                "write them into {variable} as http://NAME:PASSWORD@HOST:PORT, with #, /, ?, \\, @, : and % in them as %23, %2F, \
                 %3F, %5C, %40, %3A and %25"
            ),
        ),
        Stage::ProxyRefused { status: 500..=599, .. } => (
            format!("the proxy {address} could not reach {endpoint} ({variable})"),
            "try again later; if it stays, check --endpoint and ask the proxy's administrator".to_owned(),
        ),
        Stage::ProxyRefused { .. } => (
            format!("the proxy {address} does not let requests to {endpoint} through ({variable})"),
            format!(
                "ask its administrator to allow that host and port (many proxies tunnel to port 443 alone); to go past the \
                 proxy, name the host in NO_PROXY or unset {variable}"
            ),
        ),
        Stage::Broken => (
            format!("the proxy {address} broke the connection off ({variable})"),
            format!(
                "try again; if it stays, {check} (https:// where the proxy itself speaks TLS), or ask its administrator"
            ),
        ),
        Stage::Protocol => (
            format!("what answers at {address} is no proxy ({variable})"),
            format!("{check}: its host, its port, and https:// where the proxy itself speaks TLS"),
        ),
    }
}

/// The report that the system gives no thread. `consequence` says what cannot be done without one.
pub(crate) fn no_more_threads(consequence: &str, error: &io::Error) -> Report {
    Report::with_hint(Kind::Other, format!("no more threads: {consequence}"), LIMITS).cause(error.to_string())
}

fn no_thread(host: &str) -> (String, String) {
    (
        format!("no more threads: the name of {host} cannot be looked up"),
        LIMITS.to_owned(),
    )
}

fn no_authorities(is_named: bool) -> (String, String) {
    let hint = if is_named {
        "let SSL_CERT_FILE (or SSL_CERT_DIR) name PEM certificates that this user can read, or unset it to use the system's (package \
         ca-certificates)"
    } else {
        "in a container, copy or mount a file of CA certificates (PEM) into it and point SSL_CERT_FILE at that; elsewhere \
         install the package ca-certificates"
    };
    (
        "no certificate authorities to trust could be loaded".to_owned(),
        hint.to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Route;

    fn failure(stage: Stage, is_at_proxy: bool) -> Failure {
        let proxy = ProxyName {
            address: "p:3128".to_owned(),
            variable: "https_proxy".to_owned(),
            is_encrypted: true,
        };
        Failure {
            stage,
            is_at_proxy,
            route: Route {
                origin: "https://h".to_owned(),
                proxy: Some(proxy),
            },
            detail: "gone".to_owned(),
            was_before_sending: true,
        }
    }

    #[test]
    fn a_failure_is_told_of_the_end_that_failed() {
        let at = |is_at_proxy| report(&failure(Stage::Broken, is_at_proxy));
        assert!(at(true).message.starts_with("the proxy p:3128 broke"), "{:?}", at(true));
        assert!(
            at(false).message.starts_with("the connection to https://h through"),
            "{:?}",
            at(false)
        );
        assert_eq!((at(true).kind, at(false).kind), (Kind::Network, Kind::Network));
        for (is_at_proxy, host) in [(false, "https://h"), (true, "the proxy p:3128")] {
            let report = report(&failure(Stage::NoThread, is_at_proxy));
            assert_eq!(report.kind, Kind::Other);
            assert_eq!(
                report.message,
                format!("no more threads: the name of {host} cannot be looked up")
            );
            assert!(report.hint.unwrap().contains("ulimit -u"));
        }
    }

    #[test]
    fn a_certificate_that_is_refused_is_advised_on_by_what_is_wrong_with_it_at_either_end() {
        for (fault, of_endpoint, of_proxy) in [
            (TlsFault::OutOfDate, "machine's clock", "machine's clock"),
            (TlsFault::SelfSigned, "not an authority's", "not an authority's"),
            (
                TlsFault::WrongHost,
                "another server answers",
                "one of those names in https_proxy",
            ),
            (TlsFault::Untrusted, "if a proxy inspects TLS", "at its CA certificate"),
        ] {
            for (is_at_proxy, advice) in [(false, of_endpoint), (true, of_proxy)] {
                let hint = hint(&failure(Stage::Tls(fault), is_at_proxy));
                assert!(hint.contains(advice), "{fault:?} at the proxy: {is_at_proxy}: {hint}");
            }
        }
    }
}
