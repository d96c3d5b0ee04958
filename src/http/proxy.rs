//! Which proxy, if any, the connections to an origin go through.
//!
//! The variables are curl's, each in either case, lower case first: `https_proxy` or `http_proxy` by the
//! origin's scheme, then `all_proxy`. `no_proxy` excepts hosts. A malformed value is an error, and no reason to connect
//! directly: the person who set the variable did not want that.

use std::fmt;
use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::values::endpoint::{Endpoint, Scheme};

/// A proxy, and the variable that names it.
#[derive(Clone)]
pub(crate) struct Proxy {
    /// Scheme, host and port of the proxy itself.
    address: Endpoint,
    /// The value of `Proxy-Authorization`, if the variable holds a name or a password.
    authorization: Option<Zeroizing<String>>,
    variable: String,
}

impl Proxy {
    /// `https` if the connection to the proxy itself is encrypted.
    pub(crate) fn scheme(&self) -> Scheme {
        self.address.scheme()
    }

    /// The host, an IPv6 address in brackets.
    pub(crate) fn host(&self) -> &str {
        self.address.host()
    }

    /// The port; 80 or 443 by the scheme, if the variable names none.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The value of `Proxy-Authorization`: a secret.
    pub(super) fn authorization(&self) -> Option<&str> {
        self.authorization.as_ref().map(|value| value.as_str())
    }

    /// The environment variable that names it, such as `https_proxy`.
    pub(crate) fn variable(&self) -> &str {
        &self.variable
    }
}

/// `HOST:PORT`, without name and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host(), self.port())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self} of {})", self.variable)
    }
}

/// A proxy variable that cannot be used. The error leaves its value out, since it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {fault}")]
pub(crate) struct InvalidProxy {
    pub(crate) variable: String,
    fault: &'static str,
}

/// The proxies that the environment names, and the hosts that it excepts.
#[derive(Debug, Default)]
pub(crate) struct Proxies {
    http: Option<Result<Proxy, InvalidProxy>>,
    https: Option<Result<Proxy, InvalidProxy>>,
    exceptions: String,
}

impl Proxies {
    /// Reads the variables, each of which `var` looks up. Empty ones count as unset.
    pub(crate) fn from_env(var: impl Fn(&str) -> Option<String>) -> Self {
        let either_case = |name: &str| {
            let found = |name: String| var(&name).map(|value| (name, Zeroizing::new(value)));
            found(name.to_owned()).or_else(|| found(name.to_ascii_uppercase()))
        };
        let parsed = |(variable, value): (String, Zeroizing<String>)| match parse(value.trim()) {
            Ok((address, authorization)) => Ok(Proxy {
                address,
                authorization,
                variable,
            }),
            Err(fault) => Err(InvalidProxy { variable, fault }),
        };
        let [http, https, all] = ["http_proxy", "https_proxy", "all_proxy"].map(either_case);
        if http.is_none() && https.is_none() && all.is_none() {
            return Self::default();
        }
        Self {
            http: http.or_else(|| all.clone()).map(parsed),
            https: https.or(all).map(parsed),
            exceptions: either_case("no_proxy").map_or_else(String::new, |(_, list)| list.to_string()),
        }
    }

    /// The proxy for the connections to an origin; `None` where they are made directly.
    ///
    /// # Errors
    /// [`InvalidProxy`] if the variable that applies holds something other than an `http://` or `https://` proxy.
    pub(crate) fn choose(&self, scheme: Scheme, host: &str, port: u16) -> Result<Option<&Proxy>, InvalidProxy> {
        let proxy = match scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        match proxy {
            Some(proxy) if !is_excepted(host, port, &self.exceptions) => {
                proxy.as_ref().map(Some).map_err(InvalidProxy::clone)
            }
            _ => Ok(None),
        }
    }
}

/// Parses a variable into the address of a proxy and the value of `Proxy-Authorization` for it.
fn parse(value: &str) -> Result<(Endpoint, Option<Zeroizing<String>>), &'static str> {
    const MALFORMED: &str = "is not a proxy address";
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => {}
        "socks" | "socks4" | "socks4a" | "socks5" | "socks5h" => {
            return Err("names a SOCKS proxy, which jdredis cannot use");
        }
        _ => return Err("has a scheme that is not http or https"),
    }
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    if after.contains('@') {
        return Err("has a name or password with a character that ends the address");
    }
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let address = format!("{scheme}://{host}").parse().map_err(|_| MALFORMED)?;
    let user = user.filter(|user| !user.is_empty());
    Ok((address, user.map(authorization)))
}

/// `Basic` authentication (RFC 7617) of a `NAME:PASSWORD` that is percent-encoded, as curl decodes it.
fn authorization(user: &str) -> Zeroizing<String> {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let mut pair = Zeroizing::new(Vec::with_capacity(user.len() + 1));
    pair.extend(percent_decode_str(name));
    pair.push(b':');
    pair.extend(percent_decode_str(password));
    Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(&*pair)))
}

/// Whether a `no_proxy` list names the host: `*`, a host name with all below it, an address, or a network
/// such as `10.0.0.0/8`; each with an optional port. As in curl, a dot at the end of a name is ignored.
fn is_excepted(host: &str, port: u16, exceptions: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    exceptions
        .split(|c: char| c == ',' || c.is_ascii_whitespace())
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            if entry == "*" {
                return true;
            }
            if let (Some(address), Some((network, bits))) = (address, entry.split_once('/')) {
                return contains(network, bits, address);
            }
            let (name, excepted_port) = split_port(entry);
            if excepted_port.is_some_and(|excepted| excepted != port) {
                return false;
            }
            let name = name.trim_matches(['[', ']']);
            if let (Some(address), Ok(excepted)) = (address, name.parse::<IpAddr>()) {
                return address == excepted;
            }
            let name = name.trim_start_matches("*.").trim_start_matches('.');
            let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            let is_below = || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'));
            // An address has no domain: the entry 2.3 does not except 10.1.2.3.
            !name.is_empty() && (host == name || (address.is_none() && is_below()))
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
        let origin: Endpoint = endpoint.parse().unwrap();
        Proxies::from_env(var)
            .choose(origin.scheme(), origin.host(), origin.port())
            .map(|proxy| proxy.map(Proxy::to_string))
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
    fn a_proxy_is_shown_without_its_password() {
        let proxies = Proxies::from_env(|name| (name == "https_proxy").then(|| "http://me:pw@p:1".to_owned()));
        let proxy = proxies.choose(Scheme::Https, "h", 443).unwrap().unwrap();
        assert_eq!(format!("{proxy} {proxy:?}"), "p:1 Proxy(p:1 of https_proxy)");
    }

    #[test]
    fn a_malformed_proxy_is_an_error_that_does_not_show_its_password() {
        for (value, fault) in [
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
            assert_eq!(chosen("h", &[("HTTPS_PROXY", value)]), Err(fault.into()), "{value}");
        }
        assert_eq!(
            chosen("h", &[("HTTPS_PROXY", "http://u:p@p:1")]),
            Ok(Some("p:1".into()))
        );
    }

    #[test]
    fn the_no_proxy_list_excepts_hosts_domains_addresses_and_networks() {
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
            ("https://11.1.2.3", "2.3", false),
            ("https://11.1.2.3", ".1.2.3", false),
            ("https://11.1.2.3", "*.2.3", false),
            ("http://127.0.0.1:80", "127.0.0.1", true),
            ("http://[::1]:80", "[::1]:80", true),
            ("http://[::1]:80", "::1", true),
            ("http://[::1]:80", "127.0.0.1", false),
            ("http://[fd00::1]:80", "fd00::/8", true),
            ("http://[2001:db8::1]:80", "fd00::/8", false),
            ("https://10.1.2.3", "fd00::/8", false),
            ("https://h", "", false),
        ] {
            let env = [("all_proxy", "http://p:1"), ("NO_PROXY", exceptions)];
            let through = chosen(endpoint, &env).unwrap();
            assert_eq!(through.is_none(), direct, "{endpoint} {exceptions}");
        }
    }

    #[test]
    fn a_name_and_password_are_decoded_as_curl_decodes_them() {
        for (user, pair) in [
            ("me:pw@", Some("me:pw")),
            ("me@", Some("me:")),
            ("me:p%40s%23%2F%5C%25@", Some("me:p@s#/\\%")),
            ("me:p@ss:w@", Some("me:p@ss:w")),
            ("me:100%@", Some("me:100%")),
            ("@", None),
            ("", None),
        ] {
            let (address, authorization) = parse(&format!("http://{user}h:3128/")).unwrap();
            assert_eq!(address.to_string(), "http://h:3128");
            let expected = pair.map(|pair| format!("Basic {}", BASE64_STANDARD.encode(pair)));
            assert_eq!(authorization.map(|value| value.to_string()), expected, "{user}");
        }
    }

    #[test]
    fn a_character_that_ends_the_address_is_told_from_other_faults() {
        for value in [
            "http://me:a#b@h:1",
            "me:a/b@h:1",
            "http://me:a?b@h:1",
            "http://d\\me:a@h:1",
        ] {
            let fault = parse(value).map(drop).unwrap_err();
            assert_eq!(
                fault, "has a name or password with a character that ends the address",
                "{value}"
            );
        }
    }
}
