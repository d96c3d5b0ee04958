//! Properties that hold for every text that may be a link.

use time::Duration;
use ureq::http::Uri;

use super::Link;
use crate::fuzzing::SECRET_QUERY;
use crate::transfer::properties::file_names;
use crate::values::link::redact::without_queries;

/// A text is taken unchanged as a link or refused, and the parts of a link are those that an HTTP client
/// sees.
pub fn link(text: &str) {
    let quoted = without_queries(&format!("{text} https://h/x?{SECRET_QUERY} {text}")).into_owned();
    assert!(!quoted.contains(SECRET_QUERY), "{quoted:?}");
    let Ok(link) = Link::parse(text) else { return };
    assert_eq!(link.expose(), text);
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");

    let origin = link.origin().expect("a link has an origin");
    let (scheme, host) = origin.split_once("://").expect("an origin has a scheme");
    assert!(text.starts_with(origin), "{text:?}");
    assert!(!host.is_empty() && !host.contains(['/', '?', '#']), "{text:?}");
    let secure = link.over_https();
    assert_eq!(secure.over_https(), secure, "{text:?}");
    assert!(secure.expose()[..5].eq_ignore_ascii_case("https"), "{text:?}");
    assert_eq!(secure.expose()[5..], text[scheme.len()..], "{text:?}");
    assert_eq!(secure.file_name(), link.file_name(), "{text:?}");
    assert_eq!(secure.expires_at(), link.expires_at(), "{text:?}");

    if let Ok(uri) = text.parse::<Uri>() {
        assert_eq!(
            uri.authority().map(|authority| authority.as_str()),
            Some(host),
            "{text:?}"
        );
        let segment = uri.path().rsplit('/').next().unwrap_or_default();
        let name = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        assert_eq!(name, link.file_name(), "{text:?}");
        assert!(uri.query().is_some() || link.expires_at().is_none(), "{text:?}");
    }
    file_names(&[&link.file_name(), &link.file_name()]);
    expiry(text);
}

/// The expiry of a link is the time of signing plus the time that it is valid, with any other parameters
/// around them.
fn expiry(text: &str) {
    let before_query = text.split(['?', '#']).next().unwrap_or_default();
    let signed = format!("{before_query}?X-Amz-Date=20210714T075241Z&X-Amz-Expires=3600&{SECRET_QUERY}");
    let link = Link::parse(&signed).expect("a link with another query is a link");
    let expected = time::macros::datetime!(2021-07-14 07:52:41 UTC) + Duration::HOUR;
    assert_eq!(link.expires_at(), Some(expected), "{signed:?}");
    assert!(!format!("{link:?}").contains("?X-Amz-Date"), "{signed:?}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzzing::inputs::{config, hostile_text};

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn links_of_any_text(text in hostile_text(), rest in "[!-~]{0,40}") {
            link(&text);
            link(&format!("http{rest}"));
            link(&format!("https://h{rest}"));
            link(&format!("http://{rest}{text}"));
        }
    }

    #[test]
    fn links_of_64_kib() {
        for text in ["x", "\u{1b}", "长", "e\u{301}", "\u{202e}", "../"] {
            let long = text.repeat(64 * 1024 / text.len());
            link(&long);
            link(&format!("https://h/{long}"));
        }
    }
}
