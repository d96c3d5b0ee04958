//! Why a request led to no answer, found by the types of errors and not by their words.
//!
//! A failure is data: the step that failed, at which end, and the system's words. `error` gives the advice.

use std::fmt;
use std::io;

use super::proxy::Proxy;
use super::tls::{self, TlsFault};

/// The route of a request: its origin, and the proxy on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// Scheme, host and, if it is not the scheme's default, port: `https://redis.jdcloud-api.com`.
    pub(crate) origin: String,
    /// The proxy on the way.
    pub(crate) proxy: Option<ProxyName>,
}

impl Route {
    /// The route of a URL that no request can be made to.
    pub(super) fn unknown() -> Self {
        Self {
            origin: "an address that is not valid".to_owned(),
            proxy: None,
        }
    }
}

/// The part of a proxy's settings that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProxyName {
    /// `HOST:PORT`.
    pub(crate) address: String,
    /// The environment variable that names it.
    pub(crate) variable: String,
    /// Whether the connection to the proxy itself is encrypted.
    pub(crate) is_encrypted: bool,
}

impl From<&Proxy> for ProxyName {
    fn from(proxy: &Proxy) -> Self {
        Self {
            address: proxy.to_string(),
            variable: proxy.variable().to_owned(),
            is_encrypted: proxy.scheme() == crate::values::endpoint::Scheme::Https,
        }
    }
}

/// `the proxy HOST:PORT (VARIABLE)`.
impl fmt::Display for ProxyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {} ({})", self.address, self.variable)
    }
}

/// The step that failed, which decides what a user can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The system gave no thread to look the host's name up with.
    NoThread,
    /// The host's name has no address.
    Dns,
    /// No connection was made.
    Unreachable,
    /// The other end hung up before TLS was agreed on.
    Handshake,
    /// The TLS handshake failed: the certificate is not trusted, or the other end does not speak TLS as it should.
    Tls(TlsFault),
    /// No certificate authority could be loaded. `is_named` is true if a variable names the store.
    TrustStore { is_named: bool },
    /// The proxy refused the request, or the tunnel for it, with this status. `had_password` is true if it was sent a
    /// name or a password.
    ProxyRefused { status: u16, had_password: bool },
    /// The connection broke off.
    Broken,
    /// The other end does not speak HTTP, or breaks its rules.
    Protocol,
    /// Time ran out.
    Timeout,
}

/// A request that led to no answer.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// The step that failed.
    pub(crate) stage: Stage,
    /// Whether it is the proxy that failed, and not the origin behind it.
    pub(crate) is_at_proxy: bool,
    pub(crate) route: Route,
    /// The system's or the library's words. They speak of hosts and sockets, never of a URL's path or
    /// query.
    pub(crate) detail: String,
    /// Whether the origin has certainly seen nothing of the request.
    pub(crate) was_before_sending: bool,
}

impl Failure {
    /// A failure to connect.
    pub(super) fn before_sending(stage: Stage, route: Route, is_at_proxy: bool, detail: impl Into<String>) -> Self {
        Self {
            stage,
            is_at_proxy,
            route,
            detail: detail.into(),
            was_before_sending: true,
        }
    }

    /// Whether the request was for an `https://` URL.
    pub(crate) fn is_to_https(&self) -> bool {
        self.route.origin.starts_with("https://")
    }

    /// Turns ureq's error for a request on this route into a failure. ureq returns the failures of `connect`
    /// unchanged. All other errors are about a connection that was made.
    pub(super) fn of(error: &ureq::Error, route: Route) -> Self {
        if let ureq::Error::Other(own) = error
            && let Some(failure) = own.downcast_ref::<Self>()
        {
            return failure.clone();
        }
        let (stage, detail) = match error {
            ureq::Error::Timeout(_) => (Stage::Timeout, "no answer in time".to_owned()),
            ureq::Error::Io(error) => of_io(error),
            // A status line, headers or chunks that are not HTTP.
            error => (Stage::Protocol, error.to_string()),
        };
        Self {
            stage,
            is_at_proxy: false,
            route,
            detail,
            was_before_sending: false,
        }
    }

    /// Turns ureq's error while a body is read into a failure. The handshake is over, so an error of TLS
    /// means that the connection broke, not that a certificate is bad.
    pub(super) fn while_receiving(error: &ureq::Error, route: Route) -> Self {
        let failure = Self::of(error, route);
        let stage = match failure.stage {
            Stage::Tls(_) => Stage::Broken,
            stage => stage,
        };
        Self { stage, ..failure }
    }
}

/// The stage at which a connection that was made failed, and the error's words.
pub(super) fn of_io(error: &io::Error) -> (Stage, String) {
    if let Some(rustls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        let (fault, words) = tls::describe(rustls);
        return (Stage::Tls(fault), words);
    }
    let stage = match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => return (Stage::Timeout, "no answer in time".to_owned()),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Stage::Unreachable
        }
        _ => Stage::Broken,
    };
    (stage, error.to_string())
}

/// One line for a trace or a file's state: the detail, and the proxy if the proxy failed.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.route.proxy {
            Some(proxy) if self.is_at_proxy => write!(f, "{proxy}: {}", self.detail),
            _ => f.write_str(&self.detail),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    fn route() -> Route {
        Route {
            origin: "https://h".to_owned(),
            proxy: None,
        }
    }

    #[test]
    fn errors_are_told_apart_by_their_types() {
        let io = |kind: io::ErrorKind| ureq::Error::Io(kind.into());
        let rustls = |error: rustls::Error| ureq::Error::Io(io::Error::new(io::ErrorKind::InvalidData, error));
        for (error, stage) in [
            (io(io::ErrorKind::TimedOut), Stage::Timeout),
            (io(io::ErrorKind::WouldBlock), Stage::Timeout),
            (io(io::ErrorKind::HostUnreachable), Stage::Unreachable),
            (io(io::ErrorKind::UnexpectedEof), Stage::Broken),
            (io(io::ErrorKind::ConnectionReset), Stage::Broken),
            // Not rustls: a file system may answer with this kind too.
            (io(io::ErrorKind::InvalidData), Stage::Broken),
            (rustls(rustls::Error::DecryptError), Stage::Tls(TlsFault::Other)),
            (ureq::Error::BodyExceedsLimit(1), Stage::Protocol),
        ] {
            let failure = Failure::of(&error, route());
            assert_eq!(failure.stage, stage, "{error:?}");
            assert!(!failure.was_before_sending);
        }
    }

    #[test]
    fn the_connectors_own_failure_comes_back_whole() {
        let own = Failure::before_sending(Stage::Dns, route(), true, "no such name");
        let back = Failure::of(&ureq::Error::Other(Box::new(own)), route());
        assert_eq!(
            (back.stage, back.is_at_proxy, back.was_before_sending),
            (Stage::Dns, true, true)
        );
    }

    #[test]
    fn the_proxy_is_named_where_it_is_what_failed_and_nowhere_else() {
        let mut route = route();
        route.proxy = Some(ProxyName {
            address: "p:3128".to_owned(),
            variable: "https_proxy".to_owned(),
            is_encrypted: false,
        });
        let shown =
            |is_at_proxy| Failure::before_sending(Stage::Broken, route.clone(), is_at_proxy, "gone").to_string();
        assert_eq!(shown(true), "the proxy p:3128 (https_proxy): gone");
        assert_eq!(shown(false), "gone");
    }

    #[test]
    fn broken_tls_within_a_body_is_a_broken_connection() {
        let error = ureq::Error::Io(io::Error::new(io::ErrorKind::InvalidData, rustls::Error::DecryptError));
        assert_eq!(Failure::while_receiving(&error, route()).stage, Stage::Broken);
    }
}
