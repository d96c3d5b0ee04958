//! What must hold whatever the service, the storage or a file of somebody else's sends: a function a
//! parser, for the fuzz targets in `tests/fuzz` and, by a fixed choice of inputs, for the tests here.
//!
//! Each function panics where its property does not hold. It is the only part of the crate that is
//! public for their sake, and there only in a build for fuzzing or for tests.

use std::collections::HashSet;
use std::path::{Component, Path};

use serde_json::Value;
use time::Duration;
use ureq::Body;
use ureq::http::{Response, Uri};

use crate::api::model::{Backup, CacheInstance, DownloadUrls, Listed};
use crate::api::{self, Answer, Listing};
use crate::config::profile::{self, Profile, Source};
use crate::error::Report;
use crate::output::Format;
use crate::output::{json, listing, plain, table};
use crate::rdb::{Checker, Verdict};
use crate::terminal::escape::is_hazardous;
use crate::transfer::distinct_names;
use crate::transfer::storage::of_error_answer;
use crate::values::link::{Link, without_queries};

/// The longest file name, in bytes, as the transfers promise it.
const LONGEST_NAME: usize = 200;
/// More than the longest text of an error of the storage can be, in bytes: 200 characters each of a
/// code and a message, every one escaped.
const LONGEST_ERROR: usize = 5000;
/// The bytes before which an RDB file has no contents.
const MAGIC: &[u8; 9] = b"REDIS0011";
const SECRET_QUERY: &str = "X-Amz-Signature=5ec2e7";

/// An answer of the service becomes output or an error, and neither acts on a terminal. As JSON it is
/// the value that came, and in a table each of its entries is one line.
pub fn answer(body: &[u8]) {
    for status in [200, 403] {
        match Answer::without_network(status, body) {
            Ok(answer) => {
                is_same_json(&answer.json());
                links(&answer);
                entries::<CacheInstance>(&answer, |instance| {
                    vec![
                        instance.name.clone().unwrap_or_default(),
                        instance.domain.clone().unwrap_or_default(),
                    ]
                });
                entries::<Backup>(&answer, |backup| {
                    let start = backup.start.as_ref().map(|start| start.text.clone());
                    vec![backup.name.clone().unwrap_or_default(), start.unwrap_or_default()]
                });
            }
            Err(error) => explained(error),
        }
    }
}

fn links(answer: &Answer) {
    let urls = match answer.result::<DownloadUrls>() {
        Ok(DownloadUrls { download_urls }) => download_urls,
        Err(error) => return explained(error),
    };
    let links: Vec<Link> = urls
        .iter()
        .filter_map(|url| Link::parse(url.link.as_deref()?).ok())
        .collect();
    let plain = harmless_text(plain::render(links.iter().map(Link::expose)));
    assert_eq!(plain.lines().count(), links.len(), "one line a link: {plain:?}");
    for link in &links {
        self::link(link.expose());
    }
    rows(
        urls.iter()
            .map(|url| {
                vec![
                    url.name.clone().unwrap_or_default(),
                    url.link.clone().unwrap_or_default(),
                ]
            })
            .collect(),
    );
}

fn entries<T: Listed>(answer: &Answer, row: fn(&T) -> Vec<String>) {
    let entries = match answer.page::<T>() {
        Ok((entries, _)) => entries,
        Err(error) => return explained(error),
    };
    let listing = Listing {
        entries,
        request_id: answer.request_id().cloned(),
    };
    let count = listing.entries.len();
    let show = |format| harmless_text(listing::render(format, &listing, &["A", "B"], row));
    assert_eq!(show(Format::Table).lines().count(), count + 1, "one line a row");
    assert_eq!(show(Format::Plain).lines().count(), count, "one line an ID");
    let document: Value = serde_json::from_str(&show(Format::Json)).expect("JSON comes out as JSON");
    let shown = document["result"][T::FIELD].as_array().map_or(0, Vec::len);
    assert_eq!(shown, count, "all entries come out");
}

/// An error has a form in each format, and keeps to its lines.
fn explained(error: api::Error) {
    let report = Report::of(&error.into());
    let text = harmless_text(report.render(Format::Table));
    let mut lines = text.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("error: ")), "{text:?}");
    assert!(lines.all(|line| line.starts_with("  ")), "a line of its own: {text:?}");
    let json = harmless_text(report.render(Format::Json));
    assert_eq!(json.lines().count(), 1, "{json:?}");
    let object: Value = serde_json::from_str(&json).expect("an error comes out as JSON");
    assert!(object["error"]["message"].is_string(), "{json:?}");
}

fn is_same_json(value: &Value) {
    let (document, line) = (
        harmless_text(json::render(value)),
        harmless_text(json::render_line(value)),
    );
    assert_eq!(line.lines().count(), 1, "{line:?}");
    for text in [document, line] {
        let read: Value = serde_json::from_str(&text).expect("JSON comes out as JSON");
        assert_eq!(read, *value, "{text:?}");
    }
}

/// Cells of any text give a table of a line a row, in which nothing acts on a terminal and no line ends
/// in a blank. Rows may be of different lengths.
pub fn rows(rows: Vec<Vec<String>>) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default().max(1);
    let header = vec!["HEADER"; columns];
    let count = rows.len();
    let rows = rows.into_iter().map(|mut row| {
        row.resize(columns, String::new());
        row
    });
    let text = harmless_text(table::render(&header, rows));
    assert_eq!(text.matches('\n').count(), count + 1, "one line a row: {text:?}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text:?}");
}

/// A link is taken as it is or not at all, and its parts are those that an HTTP client sees.
pub fn link(text: &str) {
    if !text.contains(SECRET_QUERY) {
        let quoted = without_queries(&format!("{text} https://h/x?{SECRET_QUERY} {text}")).into_owned();
        assert!(!quoted.contains(SECRET_QUERY), "{quoted:?}");
    }
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

/// A link says when it expires by when it was signed and how long it is good for, wherever else it says
/// something.
fn expiry(text: &str) {
    let before_query = text.split(['?', '#']).next().unwrap_or_default();
    let signed = format!("{before_query}?X-Amz-Date=20210714T075241Z&X-Amz-Expires=3600&{SECRET_QUERY}");
    let link = Link::parse(&signed).expect("a link with another query is a link");
    let expected = time::macros::datetime!(2021-07-14 07:52:41 UTC) + Duration::HOUR;
    assert_eq!(link.expires_at(), Some(expected), "{signed:?}");
    assert!(!format!("{link:?}").contains("?X-Amz-Date"), "{signed:?}");
}

/// File names made of names of any text stay in the folder and are told apart, in any letter case.
pub fn file_names(names: &[&str]) {
    let safe = distinct_names(names.iter().copied());
    assert_eq!(safe.len(), names.len());
    let mut seen = HashSet::new();
    // As much as beside each other, they must not be what is kept beside each.
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

/// A profile's file is read or refused; a value that Python's `configparser` has written comes back as
/// it was.
pub fn profile(text: &str) {
    let source = || Source {
        file: "config".into(),
        section: "default".to_owned(),
    };
    if let Ok(profile) = profile::parse(text, source()) {
        check_profile(&profile);
    }
    let is_writable = !text.is_empty() && text.trim() == text && text.len() <= 8192 && !text.contains(char::is_control);
    // The program refuses this character, which stands for bytes that are no text.
    if is_writable && !text.contains(char::REPLACEMENT_CHARACTER) {
        let written = text.replace('%', "%%");
        let file = format!("[default]\nsecret_key = {written}\nregion_id = cn-north-1\nendpoint = {written}\n\n");
        let profile = profile::parse(&file, source()).expect("what the official tool writes is read");
        assert_eq!(profile.secret_key.as_ref().map(|secret| secret.expose()), Some(text));
        assert_eq!(profile.endpoint.as_deref(), Some(text));
        assert_eq!(profile.region_id.as_deref(), Some("cn-north-1"));
        assert!(!format!("{profile:?}").contains("secret_key: Some(Secret("));
    }
}

fn check_profile(profile: &Profile) {
    let secret = profile.secret_key.as_ref().map(|secret| secret.expose());
    assert!(secret.is_none_or(|text| !text.contains(char::is_control)));
    let values = [
        profile.access_key.as_deref(),
        secret,
        profile.region_id.as_deref(),
        profile.endpoint.as_deref(),
        profile.scheme.as_deref(),
    ];
    for value in values.into_iter().flatten() {
        assert!(!value.is_empty() && !value.contains('\n'), "a value is on one line");
    }
}

/// The verdict on a file does not depend on the pieces it comes in; a whole one is good, and not one
/// that differs from it in a byte. The first bytes choose the pieces and the byte.
pub fn rdb(bytes: &[u8]) {
    let (choices, bytes) = bytes.split_at(bytes.len().min(4));
    let file = rdb_file(bytes);
    for file in [bytes, &file, &file[..file.len() - 1]] {
        assert_eq!(in_pieces(file, choices), in_pieces(file, &[]), "of the same bytes");
    }
    if !file.ends_with(&[0; 8]) {
        assert_eq!(in_pieces(&file, choices), Verdict::Ok);
    }
    let place = choices
        .iter()
        .fold(0, |place, choice| place << 8 | usize::from(*choice));
    let mut changed = file;
    let place = place % changed.len();
    changed[place] ^= choices.first().map_or(1, |choice| choice | 1);
    let verdict = in_pieces(&changed, choices);
    assert_ne!(verdict, Verdict::Ok, "byte {place} differs");
    // Without its magic it is another kind of file, and without a checksum there is none to be wrong.
    if place >= MAGIC.len() && !changed.ends_with(&[0; 8]) {
        assert!(
            matches!(verdict, Verdict::Corrupt(_)),
            "byte {place} differs: {verdict:?}"
        );
    }
}

/// The choices are lengths of pieces, over and over.
fn in_pieces(file: &[u8], choices: &[u8]) -> Verdict {
    let mut checker = Checker::new();
    let mut rest = file;
    for length in choices.iter().cycle() {
        // A piece of one byte at the least, or a file of many bytes takes for ever.
        let length = usize::from(*length).max(1);
        let Some((piece, after)) = rest.split_at_checked(length) else {
            break;
        };
        checker.update(piece);
        rest = after;
    }
    checker.update(rest);
    checker.finish()
}

/// A whole RDB file of these contents.
fn rdb_file(contents: &[u8]) -> Vec<u8> {
    let mut file = [MAGIC, contents, &[0xff]].concat();
    let checksum = slow_crc64(&file);
    file.extend(checksum.to_le_bytes());
    file
}

/// CRC-64/REDIS from its definition: the Jones polynomial, reflected, no inversion.
pub(crate) fn slow_crc64(bytes: &[u8]) -> u64 {
    const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ u64::from(byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 }
        })
    })
}

/// An error of the storage becomes one short line in which nothing acts on a terminal and no link can be
/// used, whatever its body is.
pub fn xml_error(body: &[u8]) {
    let link = format!("<Code>AccessDenied</Code><Message>https://h/x?{SECRET_QUERY} ");
    let quoting = [link.as_bytes(), body, b"</Message>"].concat();
    let is_told_otherwise = String::from_utf8_lossy(body).contains(SECRET_QUERY);
    for (status, body) in [(403, body), (503, body), (404, &quoting)] {
        let response = Response::builder().status(status).body(Body::builder().data(body));
        let text = of_error_answer(response.expect("a response of a valid status is one")).to_string();
        assert!(!text.contains(is_hazardous), "{text:?}");
        assert!(text.starts_with(&format!("HTTP {status}")), "{text:?}");
        assert!(text.len() <= LONGEST_ERROR, "{text:?}");
        assert!(is_told_otherwise || !text.contains(SECRET_QUERY), "{text:?}");
    }
}

/// The output as text, once nothing in it acts on a terminal.
fn harmless_text(output: Vec<u8>) -> String {
    let text = String::from_utf8(output).expect("output is UTF-8");
    let found = text.chars().find(|c| *c != '\n' && is_hazardous(*c));
    assert_eq!(found, None, "a character that acts on a terminal");
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use serde_json::json;

    use super::*;

    /// Always the same inputs: what is found at random is for the fuzz targets, which keep it.
    fn config() -> ProptestConfig {
        ProptestConfig {
            cases: 300,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(20_210_714),
            ..ProptestConfig::default()
        }
    }

    /// Text that is likelier than chance to be trouble: pieces of each grammar among characters that
    /// act, combine, are wide, lead elsewhere or have no width at all.
    fn hostile_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            "[ -~]{1,6}",
            prop::sample::select(PIECES).prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    const PIECES: &[&str] = &[
        "\u{1b}[2J",
        "\u{9b}0m",
        "\u{202e}",
        "\u{2066}",
        "\u{200f}",
        "\u{feff}",
        "\u{2028}",
        "\r\n",
        "\n",
        "\0",
        "\u{7f}",
        "../",
        "..\\",
        "/",
        "C:",
        ".",
        ".part",
        "中文",
        "e\u{301}\u{308}",
        "👩\u{200d}🚀",
        "\u{3000}",
        "%",
        "%%",
        "%(x)s",
        "%2F",
        "%1B",
        "[",
        "]\n",
        "=",
        ";",
        "#",
        "http://h/",
        "https://",
        "?X-Amz-Date=20210714T075241Z",
        "&X-Amz-Expires=",
        "3600",
        "<Code>",
        "</Code>",
        "<Message>",
        "</Message>",
        "\nsecret_key =",
        "[default]\n",
    ];

    /// A JSON value of the shape of an answer here and there, with hostile text for its texts.
    fn answers() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            hostile_text().prop_map(Value::from),
        ];
        let value = leaf.prop_recursive(3, 12, 3, |value| {
            prop_oneof![
                prop::collection::vec(value.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec((hostile_text(), value), 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        });
        let names = (hostile_text(), hostile_text(), value.clone());
        let entry = (names, prop::sample::select(FIELDS)).prop_map(|((name, text, value), field)| {
            json!({
                "cacheInstanceId": "redis-1", "cacheInstanceName": name, "baseId": "1", "backupFileName": name,
                "backupStartTime": text, "name": name, "link": format!("https://h/{}", text.escape_unicode()),
                field: value,
            })
        });
        let list = prop::collection::vec(entry, 0..4);
        (list, value, prop::sample::select(FIELDS)).prop_map(|(list, value, field)| {
            json!({
                "requestId": "r",
                "result": {"cacheInstances": list, "backups": list, "downloadUrls": list},
                field: value,
            })
        })
    }

    const FIELDS: &[&str] = &[
        "requestId",
        "error",
        "result",
        "name",
        "link",
        "baseId",
        "cacheInstanceName",
        "port",
        "backupStatus",
        "unknown",
    ];

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn answers_of_any_shape(value in answers()) {
            answer(value.to_string().as_bytes());
        }

        #[test]
        fn answers_that_are_damaged(value in answers(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut body = value.to_string().into_bytes();
            let place = place.index(body.len());
            answer(&body[..place]);
            body[place] = byte;
            answer(&body);
        }

        #[test]
        fn answers_that_are_none(body in prop::collection::vec(any::<u8>(), 0..60)) {
            answer(&body);
        }

        #[test]
        fn tables(cells in prop::collection::vec(prop::collection::vec(hostile_text(), 0..5), 0..6)) {
            rows(cells);
        }

        #[test]
        fn links_of_any_text(text in hostile_text(), rest in "[!-~]{0,40}") {
            link(&text);
            link(&format!("http{rest}"));
            link(&format!("https://h{rest}"));
            link(&format!("http://{rest}{text}"));
        }

        #[test]
        fn names(names in prop::collection::vec(hostile_text(), 0..6)) {
            let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
            names.extend_from_within(..);
            file_names(&names);
        }

        #[test]
        fn profiles(text in hostile_text(), value in "\\PC{0,30}") {
            profile(&text);
            profile(&format!("[default]\nsecret_key = {text}\nregion_id = {text}"));
            profile(text.trim());
            profile(value.trim());
        }

        #[test]
        fn rdb_files(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            rdb(&bytes);
            rdb(&rdb_file(&bytes));
        }

        #[test]
        fn xml_errors(text in hostile_text(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            xml_error(text.as_bytes());
            xml_error(&bytes);
            xml_error(format!("<Error><Code>{text}</Code><Message>{text}</Message></Error>").as_bytes());
        }
    }

    /// JSON that a parser may skip over and then not be able to read.
    #[test]
    fn answers_with_something_wrong_where_nobody_looks() {
        for value in [
            &r#""\ud800""#.to_owned(),
            &r#"{"$serde_json::private::Number":"x"}"#.to_owned(),
            &r#"{"$serde_json::private::RawValue":"["}"#.to_owned(),
            &format!("{}{}", "[".repeat(200), "]".repeat(200)),
            &"1e99999".to_owned(),
        ] {
            answer(format!(r#"{{"unknown":{value},"result":{{"downloadUrls":[]}}}}"#).as_bytes());
            answer(
                format!(
                    r#"{{"result":{{"cacheInstances":[{{"cacheInstanceId":"a","x":{value}}}],"backups":[{{"baseId":"b","x":{value}}}]}}}}"#
                )
                .as_bytes(),
            );
        }
        answer(b"{\"unknown\":\"\xff\",\"result\":{\"downloadUrls\":[]}}");
    }

    #[test]
    fn names_of_64_kib() {
        for text in ["x", "\u{1b}", "长", "e\u{301}", "\u{202e}", "../"] {
            let long = text.repeat(64 * 1024 / text.len());
            rows(vec![
                vec![long.clone(); 8],
                vec!["a".to_owned()],
                vec![text.repeat(8000 / text.len()); 8],
            ]);
            file_names(&[&long, &long, ""]);
            link(&long);
            link(&format!("https://h/{long}"));
            profile(&long);
            xml_error(long.as_bytes());
        }
    }
}
