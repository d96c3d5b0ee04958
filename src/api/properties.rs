//! Properties that hold for every body that may come as an answer.

use serde_json::Value;

use super::model::{Backup, CacheInstance, Listed};
use super::paging::PageReader;
use super::{Answer, Error, Listing};
use crate::error::Report;
use crate::output::properties::{harmless_text, rows};
use crate::output::{Format, json, listing, plain};
use crate::process::world::Stream;
use crate::values::link::Link;

/// An answer of the service becomes output or an error, and neither holds characters that act on a
/// terminal. JSON output is the value that came, and a table has one line for each entry.
pub fn answer(body: &[u8]) {
    for status in [200, 403] {
        match Answer::without_network(status, body) {
            Ok(answer) => {
                match answer.json() {
                    Ok(value) => is_same_json(&value),
                    Err(error) => explained(error),
                }
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
    let urls = match answer.download_urls() {
        Ok(urls) => urls,
        Err(error) => return explained(error),
    };
    let links: Vec<Link> = urls
        .iter()
        .filter_map(|url| Link::parse(url.link.as_deref()?).ok())
        .collect();
    let plain = harmless_text(plain::render(links.iter().map(Link::expose)));
    assert_eq!(plain.lines().count(), links.len(), "one line a link: {plain:?}");
    for link in &links {
        crate::values::link::properties::link(link.expose());
    }
    rows(
        urls.iter()
            .map(|url| {
                vec![
                    url.name.clone().text().unwrap_or_default(),
                    url.link.clone().unwrap_or_default(),
                ]
            })
            .collect(),
    );
}

fn entries<T: Listed>(answer: &Answer, row: fn(&T) -> Vec<String>) {
    let entries = match PageReader::new(T::FIELD).read::<T>(answer) {
        Ok(page) => page.entries,
        Err(error) => return explained(error),
    };
    let listing = Listing {
        entries,
        request_id: answer.request_id().cloned(),
        warnings: Vec::new(),
    };
    let count = listing.entries.len();
    let show = |format| harmless_text(listing::render(format, None, &listing, &["A", "B"], row));
    assert_eq!(show(Format::Table).lines().count(), count + 1, "one line a row");
    assert_eq!(show(Format::Plain).lines().count(), count, "one line an ID");
    let document: Value = serde_json::from_str(&show(Format::Json)).expect("JSON comes out as JSON");
    let shown = document["result"][T::FIELD].as_array().map_or(0, Vec::len);
    assert_eq!(shown, count, "all entries come out");
}

/// An error can be shown in each format, and hostile text in it adds no lines.
fn explained(error: Error) {
    let report = Report::of(&error.into());
    let nowhere = Stream::to(std::io::sink());
    let text = harmless_text(report.render(Format::Table, &nowhere));
    let mut lines = text.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("error: ")), "{text:?}");
    assert!(lines.all(|line| line.starts_with("  ")), "a line of its own: {text:?}");
    let json = harmless_text(report.render(Format::Json, &nowhere));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzzing::inputs::{config, hostile_text};
    use serde_json::json;

    /// A JSON value with some fields of an answer, and hostile text in its texts.
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
    }

    /// JSON that a parser can skip but cannot read.
    #[test]
    fn answers_with_unreadable_json_in_unused_fields() {
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
}
