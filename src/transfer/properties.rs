//! Properties that hold for the names of files and for the errors of the storage.

use std::collections::HashSet;
use std::path::{Component, Path};

use time::OffsetDateTime;
use ureq::Body;
use ureq::http::Response;

use super::answer::of_error_answer;
use super::distinct_names;
use crate::fuzzing::SECRET_QUERY;
use crate::terminal::escape::is_hazardous;

/// The longest file name, in bytes, as the transfers promise it.
const LONGEST_NAME: usize = 200;
/// More than the longest text of an error of the storage, in bytes: 200 characters each of a code and a
/// message, every one escaped.
const LONGEST_ERROR: usize = 5000;

/// File names made of names of any text stay in the folder and are told apart, in any letter case.
pub fn file_names(names: &[&str]) {
    let safe = distinct_names(names.iter().copied());
    assert_eq!(safe.len(), names.len());
    let mut seen = HashSet::new();
    // No name may be that of another file, of its part or of its corrupt file.
    for ending in ["", ".part", ".corrupt"] {
        for name in &safe {
            assert!(seen.insert(format!("{name}{ending}").to_lowercase()), "{name:?} twice");
        }
    }
    for name in &safe {
        let path = Path::new("folder").join(name);
        let mut components = path.components().skip(1);
        assert_eq!(
            components.next(),
            Some(Component::Normal(name.as_ref())),
            "{name:?} is a name"
        );
        assert_eq!(components.next(), None, "{name:?} stays in the folder");
        assert!(
            !name.starts_with('.') && !name.ends_with('.'),
            "{name:?} is seen, everywhere"
        );
        let is_foreign = |c: char| is_hazardous(c) || c.is_whitespace() || "/\\:*?\"<>|".contains(c);
        assert!(!name.contains(is_foreign), "{name:?} is a name everywhere");
        assert!(name.len() <= LONGEST_NAME, "{name:?} leaves room for endings");
    }
}

/// An error of the storage becomes one short line in which nothing acts on a terminal and no link can be
/// used, whatever its body is.
pub fn xml_error(body: &[u8]) {
    let link = format!("<Code>AccessDenied</Code><Message>https://h/x?{SECRET_QUERY} ");
    let quoting = [link.as_bytes(), body, b"</Message>"].concat();
    let is_told_otherwise = String::from_utf8_lossy(body).contains(SECRET_QUERY);
    for (status, body) in [(403, body), (503, body), (404, &quoting)] {
        let response = Response::builder().status(status).body(Body::builder().data(body));
        let text = of_error_answer(
            response.expect("a response of a valid status is one"),
            false,
            OffsetDateTime::UNIX_EPOCH,
            &|| false,
        )
        .to_string();
        assert!(!text.contains(is_hazardous), "{text:?}");
        assert!(text.starts_with(&format!("HTTP {status}")), "{text:?}");
        assert!(text.len() <= LONGEST_ERROR, "{text:?}");
        assert!(is_told_otherwise || !text.contains(SECRET_QUERY), "{text:?}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzzing::inputs::{config, hostile_text};

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn names(names in prop::collection::vec(hostile_text(), 0..6)) {
            let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
            names.extend_from_within(..);
            file_names(&names);
        }

        #[test]
        fn xml_errors(text in hostile_text(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            xml_error(text.as_bytes());
            xml_error(&bytes);
            xml_error(format!("<Error><Code>{text}</Code><Message>{text}</Message></Error>").as_bytes());
        }
    }

    #[test]
    fn names_and_errors_of_64_kib() {
        for text in ["x", "\u{1b}", "长", "e\u{301}", "\u{202e}", "../"] {
            let long = text.repeat(64 * 1024 / text.len());
            file_names(&[&long, &long, ""]);
            xml_error(long.as_bytes());
        }
    }
}
