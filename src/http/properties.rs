//! Properties that hold for every proxy variable, list of exceptions and answer to CONNECT.

use super::proxy::Proxies;
use super::tunnel;
use crate::values::endpoint::Scheme;

/// The password of a proxy in a test, which must not be seen anywhere.
const PASSWORD: &str = "pr0xypassw0rd";

/// Any text as an address, as a list of exceptions and as an answer: nothing panics, a status is one of
/// HTTP's, and neither a proxy nor its error shows a password.
pub fn proxy(text: &str) {
    let with_password = format!("http://me:{PASSWORD}@{text}");
    let ends_in_password = format!("{text}:{PASSWORD}@h:1");
    for address in [text, &with_password, &ends_in_password] {
        let proxies = Proxies::from_env(|name| match name {
            "http_proxy" => Some(address.to_owned()),
            "no_proxy" => Some(text.to_owned()),
            _ => None,
        });
        for host in ["h", "h.example.", "127.0.0.1", "[::1]"] {
            let shown = match proxies.choose(Scheme::Http, host, 80) {
                Ok(proxy) => format!("{proxy:?} {:?}", proxy.map(ToString::to_string)),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains(PASSWORD), "{shown}");
        }
    }
    let status = tunnel::status(text.as_bytes());
    assert!(status.is_none_or(|status| (100..600).contains(&status)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzzing::inputs::{config, hostile_text};

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn proxies(text in hostile_text(), value in "[ -~]{0,30}") {
            proxy(&text);
            proxy(&value);
            proxy(&format!("HTTP/1.1 {value}"));
        }
    }
}
