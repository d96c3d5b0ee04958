//! Sends requests, and holds the parts that all connections of a run share.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::ClientConfig;
use ureq::config::ConfigBuilder;
use ureq::http::{HeaderMap, Request, Response, Uri};
use ureq::typestate::AgentScope;
use ureq::{Agent, AsSendBody, Body};

use super::connect::{Connecting, NoLookUp};
use super::dial::WithoutThread;
use super::failure::{Failure, ProxyName, Route, Stage};
use super::headers::header;
use super::proxy::{InvalidProxy, Proxies, Proxy};
use super::trust::{NoTrust, TrustSources};
use crate::values::endpoint::Scheme;

/// The `User-Agent` of all requests, those to a proxy included.
pub(super) const USER_AGENT: &str = concat!("jdredis/", env!("CARGO_PKG_VERSION"));

/// The parts that all connections of a run share: the proxies, and the authorities to trust, which are
/// read when the first connection needs them.
#[derive(Debug, Default)]
pub(crate) struct Network {
    proxies: Proxies,
    trust: TrustSources,
    tls: OnceLock<Result<Arc<ClientConfig>, NoTrust>>,
}

impl Network {
    pub(crate) fn new(proxies: Proxies, trust: TrustSources) -> Self {
        Self {
            proxies,
            trust,
            tls: OnceLock::new(),
        }
    }

    /// The proxy for the connections to an origin; `None` if they are made directly.
    ///
    /// # Errors
    /// [`InvalidProxy`] if the variable that applies cannot be used.
    pub(crate) fn proxy(&self, scheme: Scheme, host: &str, port: u16) -> Result<Option<&Proxy>, InvalidProxy> {
        self.proxies.choose(scheme, host, port)
    }

    /// The route of a request to this URL, for messages.
    pub(crate) fn route(&self, uri: &Uri) -> Route {
        let (scheme, host, port) = origin(uri);
        let proxy = self.proxy(scheme, host, port).ok().flatten();
        let authority = uri.authority().map_or(host, |authority| authority.as_str());
        Route {
            origin: format!("{}://{authority}", scheme.as_str()),
            proxy: proxy.map(ProxyName::from),
        }
    }

    /// Where the trusted authorities are, in words.
    pub(super) fn trust_in_words(&self) -> String {
        self.trust.in_words()
    }

    /// The settings of TLS. The first call loads the trusted authorities.
    pub(super) fn tls(&self) -> Result<Arc<ClientConfig>, NoTrust> {
        self.tls.get_or_init(|| self.trust.config()).clone()
    }
}

/// Scheme, host and port of a URL. ureq has refused any that lacks them.
pub(super) fn origin(uri: &Uri) -> (Scheme, &str, u16) {
    let scheme = match uri.scheme_str() {
        Some("http") => Scheme::Http,
        _ => Scheme::Https,
    };
    let port = uri.port_u16().unwrap_or_else(|| scheme.default_port());
    (scheme, uri.host().unwrap_or_default(), port)
}

/// Settings of a client: no redirects, and statuses left to the caller.
pub(crate) fn config() -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        // `connect` chooses the proxy. It is set to none here so that ureq does not look for one itself.
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(USER_AGENT)
}

/// An HTTP client with its own pool of connections. It may be shared between threads, and clones share the pool.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    network: Arc<Network>,
}

impl Client {
    /// A client with these settings, which should begin as [`config`] does.
    pub(crate) fn new(network: Arc<Network>, config: ConfigBuilder<AgentScope>) -> Self {
        Self::with(network, config, WithoutThread::Fail)
    }

    /// As [`new`](Self::new). `without_thread` says what to do where the system gives no thread to look a name up with.
    pub(crate) fn with(
        network: Arc<Network>,
        config: ConfigBuilder<AgentScope>,
        without_thread: WithoutThread,
    ) -> Self {
        let connecting = Connecting::new(Arc::clone(&network), without_thread);
        Self {
            agent: Agent::with_parts(config.build(), connecting, NoLookUp),
            network,
        }
    }

    /// The proxy that a request to this URL goes through.
    pub(crate) fn proxy(&self, url: &str) -> Option<ProxyName> {
        self.network.route(&url.parse().ok()?).proxy
    }

    /// Turns an error that ureq reports while it reads the body of an answer from this URL into a failure.
    pub(crate) fn failure_while_receiving(&self, error: &ureq::Error, url: &str) -> Failure {
        let route = url
            .parse()
            .map_or_else(|_| Route::unknown(), |uri| self.network.route(&uri));
        Failure::while_receiving(error, route)
    }

    /// Sends a request and waits for the head of its answer. `limit` is for the whole exchange, the
    /// body included; without one, the client's own settings hold.
    ///
    /// # Errors
    /// [`Failure`] if no answer of the origin came. Its statuses are no errors here.
    pub(crate) fn send<S: AsSendBody>(
        &self,
        request: Result<Request<S>, ureq::http::Error>,
        limit: Option<Duration>,
    ) -> Result<Response<Body>, Failure> {
        let request = request.map_err(|error| Failure::of(&error.into(), Route::unknown()))?;
        let uri = request.uri().clone();
        let request = match limit {
            None => request,
            Some(limit) => {
                let request = self.agent.configure_request(request);
                request.timeout_global(Some(limit)).build()
            }
        };
        let response = self
            .agent
            .run(request)
            .map_err(|error| Failure::of(&error, self.network.route(&uri)))?;
        match refusal_of_proxy(response.status().as_u16(), response.headers()) {
            Some(status) => self.proxy_refusal(status, &uri).map_or(Ok(response), Err),
            None => Ok(response),
        }
    }

    /// A refusal by the proxy that plain http goes through; `None` if the answer is no such refusal.
    fn proxy_refusal(&self, status: u16, uri: &Uri) -> Option<Failure> {
        let (scheme, host, port) = origin(uri);
        let proxy = self.network.proxy(scheme, host, port).ok().flatten()?;
        let failure = refused(proxy, status, self.network.route(uri));
        Some(Failure {
            // A gateway's time-out may come after the request went on.
            was_before_sending: matches!(status, 403 | 407),
            ..failure
        })
    }
}

/// The status of an answer that comes from the proxy itself. Over plain http, such an answer looks like one
/// of the origin. 407 is always the proxy's (RFC 9110, section 15.5.8). 403 and 502 to 504 are, if they
/// have Squid's header or a page for people as their body: the service answers JSON and the storage XML.
fn refusal_of_proxy(status: u16, headers: &HeaderMap) -> Option<u16> {
    let is_page = || header(headers, "content-type").is_none_or(|text| text.starts_with("text/"));
    let is_own = match status {
        407 => true,
        403 | 502..=504 => is_page() || header(headers, "x-squid-error").is_some(),
        _ => false,
    };
    is_own.then_some(status)
}

/// The failure of a request that the proxy refused with this status.
pub(super) fn refused(proxy: &Proxy, status: u16, route: Route) -> Failure {
    let had_password = proxy.authorization().is_some();
    let stage = Stage::ProxyRefused { status, had_password };
    Failure::before_sending(stage, route, true, format!("it answered with status {status}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The request did not go further, so it may be sent again.
    #[test]
    fn an_answer_of_the_proxy_is_told_from_one_of_the_service() {
        for (status, fields, is_of_proxy) in [
            (407, &[("content-type", "application/json")][..], true),
            (403, &[("content-type", "text/html")], true),
            (403, &[], true),
            (403, &[("content-type", "application/json")], false),
            (
                503,
                &[("content-type", "application/xml"), ("x-squid-error", "ERR 0")],
                true,
            ),
            (504, &[("content-type", "text/plain")], true),
            (500, &[("content-type", "text/html")], false),
            (200, &[("content-type", "text/html")], false),
        ] {
            let field = |(name, value): &(&'static str, &'static str)| {
                (
                    ureq::http::HeaderName::from_static(name),
                    ureq::http::HeaderValue::from_static(value),
                )
            };
            let headers: HeaderMap = fields.iter().map(field).collect();
            let expected = is_of_proxy.then_some(status);
            assert_eq!(refusal_of_proxy(status, &headers), expected, "{status} {fields:?}");
        }
    }
}
