//! The address of a server: a scheme, a host and perhaps a port.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ureq::http::Uri;

/// The service's public endpoint. Documented by JD Cloud for every region.
pub(crate) const PUBLIC: &str = "redis.jdcloud-api.com";

/// An `https://` or `http://` origin without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    scheme: Scheme,
    host: String,
    /// `None` for the scheme's default port: the signed `Host` header must equal the one that HTTP sends,
    /// which leaves that port out.
    port: Option<u16>,
}

/// The protocol of an origin: HTTP in plain text, or over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// `http` or `https`, as in a URL.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port of a URL that names none.
    pub(crate) fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Why a text is not an endpoint. The text itself is left out: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}; an endpoint looks like https://{}", .0, PUBLIC)]
pub(crate) struct InvalidEndpoint(&'static str);

impl Endpoint {
    /// The scheme: https unless http was spelled out.
    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host, an IPv6 address in brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port, even if it is the scheme's default.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(self.scheme.default_port())
    }

    /// The value of the `Host` header, without the port if it is the scheme's default.
    pub(crate) fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// Whether requests to it stay on this machine: it is `localhost`, a name below it, or a loopback address.
    pub(crate) fn is_loopback(&self) -> bool {
        let bare = self.host.trim_matches(['[', ']']).trim_end_matches('.');
        bare == "localhost"
            || bare.ends_with(".localhost")
            || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            scheme: Scheme::Https,
            host: PUBLIC.to_owned(),
            port: None,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    /// Takes `host`, `host:port` or a URL of them; https unless `http://` is spelled out.
    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let (scheme, rest) = match text.split_once("://") {
            None => (Scheme::Https, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some(_) => return Err(InvalidEndpoint("its scheme is neither https nor http")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err(InvalidEndpoint("it has a path, a query or a fragment"));
        }
        if rest.contains('@') {
            return Err(InvalidEndpoint("it has a user name or a password"));
        }
        let malformed = InvalidEndpoint("it is not a host name with an optional port");
        let uri: Uri = format!("{}://{rest}", scheme.as_str()).parse().map_err(|_| malformed)?;
        let authority = uri.authority().ok_or(malformed)?;
        let host = authority.host();
        let port = match authority.as_str().strip_prefix(host) {
            Some("") => None,
            Some(port) => Some(port.strip_prefix(':').and_then(port_number).ok_or(malformed)?),
            None => return Err(malformed),
        };
        let well_formed = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        let is_ipv6 = host.starts_with('[');
        if host.is_empty() || !(is_ipv6 || host.bytes().all(well_formed)) {
            return Err(malformed);
        }
        Ok(Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port: port.filter(|&port| port != scheme.default_port()),
        })
    }
}

/// A port that can be connected to: digits alone, and not 0.
fn port_number(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok())?.filter(|&port| port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_the_default_and_default_ports_are_dropped() {
        for (text, shown) in [
            ("redis.jdcloud-api.com", "https://redis.jdcloud-api.com"),
            ("Redis.JDCloud-API.com/", "https://redis.jdcloud-api.com"),
            ("https://h:443", "https://h"),
            ("http://h:80/", "http://h"),
            ("http://h:443", "http://h:443"),
            ("h:8443", "https://h:8443"),
            ("HTTP://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(
                text.parse::<Endpoint>().map(|e| e.to_string()).as_deref(),
                Ok(shown),
                "{text}"
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "https://",
            "ftp://h",
            "h/path",
            "h?q",
            "h#f",
            "u:p@h",
            "h:",
            "h:x",
            "h:99999",
            "h:0",
            "h:+80",
            "a b",
            "http://h:80:80",
            "ä.example",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_recognised_by_name_and_address() {
        for text in [
            "localhost",
            "localhost.",
            "http://127.9.9.9",
            "http://[::1]:1",
            "a.localhost",
        ] {
            assert!(text.parse::<Endpoint>().is_ok_and(|e| e.is_loopback()), "{text}");
        }
        for text in ["10.0.0.1", "localhost.example.com", "127.0.0.1.example.com"] {
            assert!(text.parse::<Endpoint>().is_ok_and(|e| !e.is_loopback()), "{text}");
        }
    }
}
