//! A pre-signed link to a backup's file at the object storage.
//!
//! Anybody who has a link can fetch the data until it expires, so a link is a secret: it has no `Display`,
//! and its `Debug` leaves the query out.

#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
pub(crate) mod redact;

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;

use percent_encoding::percent_decode_str;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};
use ureq::http::uri::Authority;

/// A link as the service wrote it, or with another scheme.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Link(String);

/// Why a text is not a link. The error leaves the text out, since the storage may accept it as a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidLink(&'static str);

impl fmt::Display for InvalidLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Link {
    /// Takes an http or https URL of graphic ASCII with a host that can be connected to. A URL may hold no
    /// other characters; a line break would split `-o plain`, and an escape would act on a terminal.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidLink> {
        let rest = text
            .split_once("://")
            .filter(|(scheme, _)| ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)))
            .map(|(_, rest)| rest)
            .ok_or(InvalidLink("is neither an http nor an https URL"))?;
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidLink("holds a character that no URL may hold"));
        }
        if rest
            .split(['/', '?', '#'])
            .next()
            .is_some_and(|authority| authority.contains('@'))
        {
            return Err(InvalidLink("holds a user name"));
        }
        if rest.is_empty() || rest.starts_with(['/', '?', '#']) {
            return Err(InvalidLink("names no host"));
        }
        if !is_authority(rest.split(['/', '?', '#']).next().unwrap_or_default()) {
            return Err(InvalidLink("has a host or a port that is malformed"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole link, signature included: for output the user asked for, and nothing else.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The same link over https. The signature of a pre-signed link does not cover the scheme, and the
    /// storage speaks both schemes by its documentation.
    pub(crate) fn over_https(&self) -> Self {
        self.with_scheme("https")
    }

    /// The same link without TLS. Anyone on the network path can read and use it until it expires.
    pub(crate) fn over_http(&self) -> Self {
        self.with_scheme("http")
    }

    fn with_scheme(&self, scheme: &str) -> Self {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        Self(format!("{scheme}://{rest}"))
    }

    /// Scheme and host, with the port if the link names one.
    pub(crate) fn origin(&self) -> Option<&str> {
        let (scheme, rest) = self.0.split_once("://")?;
        let host = rest.split(['/', '?', '#']).next()?;
        self.0.get(..scheme.len() + "://".len() + host.len())
    }

    /// The link without its query, which is no secret. The service's links to one object have it in common.
    pub(crate) fn without_query(&self) -> &str {
        self.0.split(['?', '#']).next().unwrap_or_default()
    }

    /// The last segment of the path, percent-decoded: the object's name at the storage, which is also the
    /// file's. Empty if the path ends in a slash or there is no path.
    pub(crate) fn file_name(&self) -> Cow<'_, str> {
        let after_scheme = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let path = after_scheme.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit_once('/').map_or("", |(_, name)| name);
        percent_decode_str(name).decode_utf8_lossy()
    }

    /// The moment at which the link expires: `X-Amz-Date` plus `X-Amz-Expires` seconds, in UTC. `None` if
    /// the link does not carry both.
    pub(crate) fn expires_at(&self) -> Option<OffsetDateTime> {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let signed_at = PrimitiveDateTime::parse(&self.parameter("X-Amz-Date")?, format).ok()?;
        signed_at.assume_utc().checked_add(self.lifetime()?)
    }

    /// How long the link is valid after it was signed: `X-Amz-Expires`.
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        let seconds = self.parameter("X-Amz-Expires")?.parse::<u32>().ok()?;
        Some(Duration::seconds(seconds.into()))
    }

    fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, query) = self.0.split('#').next()?.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .and_then(|(_, value)| percent_decode_str(value).decode_utf8().ok())
    }
}

/// Whether a text is `HOST` or `HOST:PORT`, with a host name, an IPv4 address or an IPv6 address in brackets.
fn is_authority(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else {
        return false;
    };
    let host = authority.host();
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            let labels = host.strip_suffix('.').unwrap_or(host);
            let is_label = |label: &str| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            };
            labels.split('.').all(is_label)
        }
    };
    // The parser of authorities ignores a port that is no number.
    let is_port = match text.strip_prefix(host) {
        Some("") => true,
        Some(_) => authority.port_u16().is_some_and(|port| port > 0),
        None => false,
    };
    is_host && is_port
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({}?…)", self.without_query())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const DOCUMENTED: &str = "http://jmiss-redis-backup-hb.s3.cn-north-1.jdcloud-oss.com/redis-1234/20210714153657-backup1-0?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20210714T075241Z&X-Amz-Expires=3600&X-Amz-Signature=33d7";

    #[test]
    fn name_and_expiry_are_read_from_the_link() {
        let link = Link::parse(DOCUMENTED).unwrap();
        assert_eq!(link.file_name(), "20210714153657-backup1-0");
        assert_eq!(link.expires_at(), Some(datetime!(2021-07-14 08:52:41 UTC)));
        assert_eq!(link.expose(), DOCUMENTED);
        let shown =
            "Link(http://jmiss-redis-backup-hb.s3.cn-north-1.jdcloud-oss.com/redis-1234/20210714153657-backup1-0?…)";
        assert_eq!(format!("{link:?}"), shown);
    }

    #[test]
    fn a_link_over_https_or_http_is_the_same_but_for_its_scheme() {
        for (text, rest, origin) in [
            ("http://h:1/x?y=http://z", "h:1/x?y=http://z", "http://h:1"),
            ("HTTP://h", "h", "HTTP://h"),
            ("https://h?x", "h?x", "https://h"),
        ] {
            let link = Link::parse(text).unwrap();
            assert_eq!(link.over_https().expose(), format!("https://{rest}"));
            assert_eq!(link.over_http().expose(), format!("http://{rest}"));
            assert_eq!(link.origin(), Some(origin));
        }
    }

    #[test]
    fn a_link_without_an_expiry_or_a_name_is_still_a_link() {
        for (text, name) in [
            ("https://h", ""),
            ("https://h/", ""),
            ("https://h/a/b%20c%2F?X-Amz-Date=20210714T075241Z", "b c/"),
            ("https://h/x?X-Amz-Date=20210714T075241Z&X-Amz-Expires=-1", "x"),
            ("https://h/x?X-Amz-Date=99999999T075241Z&X-Amz-Expires=1", "x"),
            ("https://h/x?y=/z", "x"),
        ] {
            let link = Link::parse(text).unwrap();
            assert_eq!(link.file_name(), name, "{text}");
            assert_eq!(link.expires_at(), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_link_is_refused() {
        for text in [
            "",
            "ftp://h/x",
            "https://",
            "https:///x",
            "http://?x",
            "http://h/a b",
            "http://h/\n",
            "http://h/\u{202e}",
            "//h/x",
            "https://me:pw@h/x",
            "http://h:x/y",
            "http://h:99999/y",
            "http://h:/y",
            "http://h:0/y",
            "http://a..b/x",
            "http://[::1/x",
            "http://h%41/x",
            "http://h,i/x",
        ] {
            assert!(Link::parse(text).is_err(), "{text:?}");
        }
        for text in ["https://", "https:///x"] {
            let fault = Link::parse(text).err().map(|fault| fault.to_string());
            assert_eq!(fault.as_deref(), Some("names no host"));
        }
    }
}
