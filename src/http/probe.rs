//! Tries the steps of a connection one by one and measures each, for diagnosis. No request is sent, and the
//! connection is closed again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::Uri;

use super::client::Network;
use super::connect::Attempt;
use super::dial::{WithoutThread, look_up, race, unreachable};
use super::failure::{Failure, Stage};
use super::proxy::Proxy;
use crate::values::endpoint::{Endpoint, Scheme};

/// The bytes that rustls may read ahead. Nothing is read here.
const READ_AHEAD: usize = 4096;

/// How long each step of a connection took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Steps {
    /// The look-up of the first host on the way, which is the proxy if there is one. No time passes if the
    /// host is an address.
    pub(crate) look_up: Duration,
    /// TCP to that host.
    pub(crate) connect: Duration,
    /// The proxy's answer to CONNECT; `None` if there is no tunnel.
    pub(crate) tunnel: Option<Duration>,
    /// The TLS handshake; `None` if the endpoint speaks plain http.
    pub(crate) tls: Option<Duration>,
}

impl Network {
    /// Makes a connection to an endpoint, within the time, and closes it.
    ///
    /// # Errors
    /// The step that failed.
    pub(crate) fn try_connection(self: &Arc<Self>, endpoint: &Endpoint, limit: Duration) -> Result<Steps, Failure> {
        let (scheme, host, port) = (endpoint.scheme(), endpoint.host(), endpoint.port());
        let proxy = self.proxy(scheme, host, port);
        let uri = Uri::try_from(endpoint.to_string()).unwrap_or_default();
        let attempt = Attempt::new(self, &uri, Some(Instant::now() + limit), READ_AHEAD);
        let proxy = proxy.map_err(|error| attempt.failure((Stage::Unreachable, error.to_string()), true))?;
        let (first_host, first_port) = proxy.map_or((host, port), |proxy| (proxy.host(), proxy.port()));
        let mut steps = Steps::default();

        let mut began = Instant::now();
        let of_first = |why| attempt.failure(why, proxy.is_some());
        let addresses = look_up(first_host, first_port, attempt.deadline(), WithoutThread::Fail).map_err(of_first)?;
        steps.look_up = began.elapsed();
        began = Instant::now();
        let stream = race(&addresses, attempt.deadline()).map_err(|error| of_first(unreachable(&error)))?;
        steps.connect = began.elapsed();
        let mut stream = attempt.socket(stream, proxy.is_some())?;
        if let Some(proxy) = proxy {
            if proxy.scheme() == Scheme::Https {
                stream = attempt.encrypt(stream, proxy.host(), true)?;
            }
            if scheme == Scheme::Https {
                began = Instant::now();
                attempt.tunnel(&mut *stream, &format!("{host}:{port}"), proxy)?;
                steps.tunnel = Some(began.elapsed());
            }
        }
        if scheme == Scheme::Https {
            began = Instant::now();
            attempt.encrypt(stream, host, false)?;
            steps.tls = Some(began.elapsed());
        }
        Ok(steps)
    }

    /// The place of the trusted authorities, for people.
    ///
    /// # Errors
    /// Why there are none, in words.
    pub(crate) fn check_trust(&self) -> Result<String, String> {
        match self.tls() {
            Ok(_) => Ok(self.trust_in_words()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The proxy that requests to an endpoint go through, for people.
    pub(crate) fn proxy_in_words(&self, endpoint: &Endpoint) -> Option<String> {
        let proxy: Option<&Proxy> = self
            .proxy(endpoint.scheme(), endpoint.host(), endpoint.port())
            .ok()
            .flatten();
        proxy.map(|proxy| format!("{proxy} ({})", proxy.variable()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Proxies, TrustSources};

    #[test]
    fn an_endpoint_that_is_silent_is_given_up_when_its_time_is_over() {
        let silent = jdredis_sandbox::Silent::start("127.0.0.1:0".parse().unwrap()).unwrap();
        let network = Arc::new(Network::new(Proxies::default(), TrustSources::default()));
        let endpoint: Endpoint = format!("http://{}", silent.address()).parse().unwrap();
        let start = Instant::now();
        let failure = network
            .try_connection(&endpoint, Duration::from_millis(200))
            .unwrap_err();
        // The system itself would wait for minutes.
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
        assert_eq!((failure.stage, failure.is_at_proxy), (Stage::Timeout, false));
    }
}
