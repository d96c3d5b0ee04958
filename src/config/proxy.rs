//! Which proxy, if any, a request goes through.
//!
//! The variables are curl's, each in either case, lower case first: `https_proxy` or `http_proxy` by
//! the endpoint's scheme, then `all_proxy`; `no_proxy` excepts hosts. A malformed value is an error,
//! because connecting directly where a proxy was asked for is what a proxy is there to prevent.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;

use crate::values::endpoint::{Endpoint, Scheme};

/// A proxy variable that cannot be followed. Its value is left out: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvalidProxy {
    variable: String,
    problem: &'static str,
}

impl fmt::Display for InvalidProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.problem)
    }
}

impl std::error::Error for InvalidProxy {}

/// The proxy for an endpoint, from the environment that `var` looks up.
///
/// # Errors
/// Where the variable that applies holds something other than an `http://` or `https://` proxy.
pub(crate) fn choose(
    endpoint: &Endpoint,
    var: impl Fn(&str) -> Option<String>,
) -> Result<Option<ureq::Proxy>, InvalidProxy> {
    let either_case = |name: &str| {
        [name.to_ascii_lowercase(), name.to_ascii_uppercase()]
            .into_iter()
            .find_map(|name| var(&name).map(|value| (name, value)))
    };
    let own = match endpoint.scheme() {
        Scheme::Http => "http_proxy",
        Scheme::Https => "https_proxy",
    };
    let Some((variable, value)) = either_case(own).or_else(|| either_case("all_proxy")) else {
        return Ok(None);
    };
    if let Some((_, exceptions)) = either_case("no_proxy")
        && is_excepted(endpoint, &exceptions)
    {
        return Ok(None);
    }
    parse(value.trim())
        .map(Some)
        .map_err(|problem| InvalidProxy { variable, problem })
}

fn parse(value: &str) -> Result<ureq::Proxy, &'static str> {
    const MALFORMED: &str = "is not a proxy address";
    let scheme = value
        .split_once("://")
        .map_or("http", |(scheme, _)| scheme)
        .to_ascii_lowercase();
    match scheme.as_str() {
        "http" | "https" => {}
        "socks" | "socks4" | "socks4a" | "socks5" | "socks5h" => {
            return Err("names a SOCKS proxy, which jdredis cannot use");
        }
        _ => return Err("has a scheme that is not http or https"),
    }
    // The URL parser takes a port that is not a number for none at all.
    let uri: Uri = value.parse().map_err(|_| MALFORMED)?;
    let authority = uri.authority().ok_or(MALFORMED)?;
    let after_host = authority
        .as_str()
        .rsplit('@')
        .next()
        .and_then(|a| a.strip_prefix(authority.host()));
    if authority.host().is_empty() || (after_host != Some("") && authority.port_u16().is_none()) {
        return Err(MALFORMED);
    }
    ureq::Proxy::new(value).map_err(|_| MALFORMED)
}

/// Whether a `no_proxy` list names the endpoint: `*`, a host name with all below it, an address, or
/// a network such as `10.0.0.0/8`; each with an optional port.
fn is_excepted(endpoint: &Endpoint, exceptions: &str) -> bool {
    let host = endpoint.host().trim_matches(['[', ']']);
    let address: Option<IpAddr> = host.parse().ok();
    exceptions
        .split([',', ' '])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            if entry == "*" {
                return true;
            }
            if let (Some(address), Some((network, bits))) = (address, entry.split_once('/')) {
                return contains(network, bits, address);
            }
            let (name, port) = split_port(entry);
            if port.is_some_and(|port| port != endpoint.port()) {
                return false;
            }
            let name = name.trim_matches(['[', ']']);
            if let (Some(address), Ok(excepted)) = (address, name.parse::<IpAddr>()) {
                return address == excepted;
            }
            let name = name
                .trim_start_matches("*.")
                .trim_start_matches('.')
                .to_ascii_lowercase();
            host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'))
        })
}

fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            port.parse().map_or((entry, None), |port| (name, Some(port)))
        }
        _ => (entry, None),
    }
}

fn contains(network: &str, bits: &str, address: IpAddr) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(n), IpAddr::V4(a)) => (u128::from(n.to_bits()), u128::from(a.to_bits()), 32),
        (IpAddr::V6(n), IpAddr::V6(a)) => (n.to_bits(), a.to_bits(), 128),
        _ => return false,
    };
    bits <= width && (network ^ address).checked_shr(width - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(endpoint: &str, env: &[(&str, &str)]) -> Result<Option<String>, String> {
        let var = |name: &str| {
            env.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| (*value).to_owned())
        };
        choose(&endpoint.parse().unwrap(), var)
            .map(|proxy| proxy.map(|p| format!("{}:{}", p.host(), p.port())))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_schemes_own_variable_comes_before_all_proxy_and_lower_case_before_upper() {
        let env = [
            ("ALL_PROXY", "http://all:1"),
            ("HTTPS_PROXY", "http://upper:2"),
            ("https_proxy", "lower:3"),
        ];
        assert_eq!(chosen("https://h", &env), Ok(Some("lower:3".into())));
        assert_eq!(chosen("https://h", &env[..2]), Ok(Some("upper:2".into())));
        assert_eq!(chosen("http://h", &env), Ok(Some("all:1".into())));
        assert_eq!(chosen("http://h", &[]), Ok(None));
    }

    #[test]
    fn a_malformed_proxy_is_an_error_that_keeps_its_password() {
        for (value, problem) in [
            ("http://", "HTTPS_PROXY is not a proxy address"),
            ("http://p:port", "HTTPS_PROXY is not a proxy address"),
            ("http://user:hunter2@:80", "HTTPS_PROXY is not a proxy address"),
            ("::::", "HTTPS_PROXY is not a proxy address"),
            ("htp://p:1", "HTTPS_PROXY has a scheme that is not http or https"),
            (
                "socks5h://p:1",
                "HTTPS_PROXY names a SOCKS proxy, which jdredis cannot use",
            ),
        ] {
            assert_eq!(chosen("h", &[("HTTPS_PROXY", value)]), Err(problem.into()), "{value}");
        }
        assert_eq!(
            chosen("h", &[("HTTPS_PROXY", "http://u:p@p:1")]),
            Ok(Some("p:1".into()))
        );
    }

    #[test]
    fn no_proxy_excepts_hosts_domains_addresses_and_networks() {
        for (endpoint, exceptions, direct) in [
            ("https://a.example.com", "example.com", true),
            ("https://a.example.com", ".example.com", true),
            ("https://a.example.com", "*.example.com", true),
            ("https://badexample.com", "example.com", false),
            ("https://a.example.com", "x, a.example.com:443", true),
            ("https://a.example.com:8443", "a.example.com:443", false),
            ("https://a.example.com", "*", true),
            ("https://10.1.2.3", "10.0.0.0/8", true),
            ("https://11.1.2.3", "10.0.0.0/8", false),
            ("https://11.1.2.3", "0.0.0.0/0", true),
            ("https://11.1.2.3", "11.1.2.0/99", false),
            ("http://127.0.0.1:80", "127.0.0.1", true),
            ("http://[::1]:80", "[::1]:80", true),
            ("http://[::1]:80", "::1", true),
            ("http://[::1]:80", "127.0.0.1", false),
            ("https://h", "", false),
        ] {
            let env = [("all_proxy", "http://p:1"), ("NO_PROXY", exceptions)];
            let through = chosen(endpoint, &env).unwrap();
            assert_eq!(through.is_none(), direct, "{endpoint} {exceptions}");
        }
    }
}
