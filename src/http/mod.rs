//! What all HTTP of this program has in common: how connections are made, and what their failures
//! mean.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use ureq::config::{Config, ConfigBuilder};
use ureq::http::Uri;
use ureq::http::uri::Authority;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Proxy, Timeout};

/// Settings for an HTTP client: the system's trust store, no redirects, statuses left to the caller.
pub(crate) fn config(proxy: Option<Proxy>) -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .tls_config(
            TlsConfig::builder()
                .root_certs(RootCerts::PlatformVerifier)
                // ureq's own choice comes with certificate authorities that nobody asked for.
                .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .build(),
        )
        // Set even where there is none, so that ureq does not look for one itself.
        .proxy(proxy)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("jdredis/", env!("CARGO_PKG_VERSION")))
}

/// An HTTP client of these settings.
pub(crate) fn agent(config: ConfigBuilder<AgentScope>) -> Agent {
    Agent::with_parts(config.build(), DefaultConnector::default(), OneLookUp::default())
}

/// Looks the first name up once. ureq does so for each request, also where the connection is there
/// already: a thread and, as most systems keep no answers, a question to a DNS server a page.
#[derive(Debug, Default)]
struct OneLookUp {
    system: DefaultResolver,
    first: OnceLock<(Authority, Vec<SocketAddr>)>,
}

impl Resolver for OneLookUp {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let known = self
            .first
            .get()
            .filter(|(authority, _)| Some(authority) == uri.authority());
        if let Some((_, known)) = known {
            let mut addresses = self.empty();
            known.iter().for_each(|address| addresses.push(*address));
            return Ok(addresses);
        }
        let addresses = self.system.resolve(uri, config, timeout)?;
        if let Some(authority) = uri.authority() {
            let _ = self.first.set((authority.clone(), addresses.to_vec()));
        }
        Ok(addresses)
    }
}

/// The stage that failed, which decides what a user can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The host's name has no address.
    Dns,
    /// No connection was made.
    Unreachable,
    /// The connection broke off.
    Broken,
    /// What answers does not speak HTTP, or breaks its rules.
    Protocol,
    /// The other side's certificate is not to be trusted, or what it speaks is not TLS.
    Tls,
    /// No certificate authority could be loaded.
    TrustStore,
    /// The proxy did not let the request through.
    Proxy,
    /// Time ran out.
    Timeout,
}

/// A failure of the transport.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) stage: Stage,
    /// The transport's own words. They speak of hosts and sockets, never of a URL's path or query.
    pub(crate) detail: String,
    /// Whether the same may succeed at another time.
    pub(crate) is_transient: bool,
    /// Whether it can only have been before anything was sent.
    pub(crate) was_before_sending: bool,
}

impl Failure {
    pub(crate) fn of(error: &ureq::Error) -> Self {
        let (stage, is_transient) = match error {
            ureq::Error::HostNotFound => (Stage::Dns, true),
            ureq::Error::Timeout(_) => (Stage::Timeout, true),
            ureq::Error::ConnectProxyFailed(_) => (Stage::Proxy, false),
            ureq::Error::Tls(_) | ureq::Error::Pem(_) => (Stage::Tls, false),
            ureq::Error::Rustls(error) if error.to_string().contains("No CA certificates") => {
                (Stage::TrustStore, false)
            }
            ureq::Error::Rustls(_) => (Stage::Tls, false),
            ureq::Error::Io(error) => of_io(error),
            // A status line, headers or chunks that are not HTTP.
            _ => (Stage::Protocol, false),
        };
        let detail = match error {
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::Timeout(_) => "no answer in time".to_owned(),
            error => error.to_string(),
        };
        Self {
            stage,
            detail,
            is_transient,
            was_before_sending: was_before_sending(error, stage),
        }
    }
}

/// Whether the failure can only have been while the connection was being made.
fn was_before_sending(error: &ureq::Error, stage: Stage) -> bool {
    match error {
        // Nobody is told anything before it has shown its certificate.
        error if stage == Stage::Tls && error.to_string().contains("invalid peer certificate") => true,
        ureq::Error::Timeout(stage) => matches!(stage, Timeout::Resolve | Timeout::Connect),
        // A host may become unreachable when it has heard all of it.
        ureq::Error::Io(error) if stage == Stage::Unreachable => error.kind() == io::ErrorKind::ConnectionRefused,
        _ => matches!(
            stage,
            Stage::Dns | Stage::Unreachable | Stage::Proxy | Stage::TrustStore
        ),
    }
}

fn of_io(error: &io::Error) -> (Stage, bool) {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => (Stage::Timeout, true),
        // What rustls has to say about the other side arrives wrapped in this kind.
        io::ErrorKind::InvalidData => (Stage::Tls, false),
        _ if error.to_string().contains("failed to lookup address") => (Stage::Dns, true),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            (Stage::Unreachable, true)
        }
        _ => (Stage::Broken, true),
    }
}
