//! JSON types and forms of times in the service's answers that are not as documented.

use std::collections::BTreeSet;

use serde_json::Value;

use super::check::Findings;
use crate::terminal::escape::visible;

/// The most differences that the report names.
const MOST: usize = 4;

/// The documented form of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Integer,
    Boolean,
    /// `YYYY-MM-DDTHH:mm:ssZ`; the examples carry `+08:00` as well.
    Time,
}

/// The fields of an instance and of a backup, as JD Cloud's API reference has them. Any may be missing.
const FIELDS: [(&str, &[(&str, Form)]); 3] = [
    (
        "cacheInstances",
        &[
            ("cacheInstanceId", Form::Text),
            ("cacheInstanceName", Form::Text),
            ("cacheInstanceClass", Form::Text),
            ("cacheInstanceMemoryMB", Form::Integer),
            ("cacheInstanceStatus", Form::Text),
            ("cacheInstanceType", Form::Text),
            ("redisVersion", Form::Text),
            ("shardNumber", Form::Integer),
            ("connectionDomain", Form::Text),
            ("port", Form::Integer),
            ("createTime", Form::Time),
        ],
    ),
    (
        "backups",
        &[
            ("baseId", Form::Text),
            ("backupFileName", Form::Text),
            ("cacheInstanceId", Form::Text),
            ("backupStartTime", Form::Time),
            ("backupEndTime", Form::Time),
            ("backupType", Form::Integer),
            ("backupSize", Form::Integer),
            ("backupStatus", Form::Integer),
            ("backupShardMemoryMB", Form::Integer),
            ("backupShardNum", Form::Integer),
            ("backupDownloadURL", Form::Text),
        ],
    ),
    (
        "policy",
        &[
            ("autoBackup", Form::Boolean),
            ("backupPeriod", Form::Text),
            ("backupTime", Form::Text),
            ("nextBackupTime", Form::Text),
        ],
    ),
];

/// The differences seen so far.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// How many entries were looked at.
    entries: usize,
    /// The differences, in words.
    odd: BTreeSet<String>,
    /// Whether any time came.
    pub(super) has_times: bool,
    /// Whether a time came without an offset, as a sister product writes it.
    pub(super) has_bare_times: bool,
}

impl Forms {
    /// Looks at a page of a listing.
    pub(super) fn look_at(&mut self, list: &str, result: &Value, entries: &[Value]) {
        match result.get(list) {
            Some(Value::Array(_) | Value::Null) => {}
            other => {
                let what = other.map_or("missing", kind);
                self.odd.insert(format!("{list} is {what}"));
            }
        }
        self.note("", "totalCount", result.get("totalCount"), Form::Integer);
        for entry in entries {
            self.look_at_one(list, entry);
        }
    }

    /// Looks at one entry of a list, or at an object of its own.
    pub(super) fn look_at_one(&mut self, list: &str, entry: &Value) {
        self.entries += 1;
        if !entry.is_object() {
            self.odd.insert(format!("an entry of {list} is {}", kind(entry)));
            return;
        }
        let fields = FIELDS
            .iter()
            .find(|(name, _)| *name == list)
            .map_or(&[][..], |(_, fields)| fields);
        for (name, form) in fields {
            self.note(list, name, entry.get(name), *form);
        }
    }

    fn note(&mut self, list: &str, name: &str, value: Option<&Value>, form: Form) {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return;
        };
        self.has_times |= form == Form::Time && value.as_str().is_some_and(|text| !text.is_empty());
        let odd = match (form, value) {
            (Form::Text, Value::String(_)) | (Form::Boolean, Value::Bool(_)) => return,
            (Form::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => return,
            (Form::Integer, Value::Number(_)) => "a number with a fraction",
            // An empty text is how an unknown time is written.
            (Form::Time, Value::String(text)) if text.is_empty() || is_documented_time(text) => return,
            (Form::Time, Value::String(text)) => {
                let shape = shape(text);
                self.has_bare_times |= shape.ends_with("99:99:99");
                self.odd.insert(format!("{name} is written {shape}"));
                return;
            }
            (_, value) => kind(value),
        };
        let place = if list.is_empty() {
            String::new()
        } else {
            format!("{list}[].")
        };
        self.odd.insert(format!("{place}{name} is {odd}"));
    }

    pub(super) fn conclude(&self, findings: &mut Findings) {
        if self.odd.is_empty() {
            if self.entries == 0 {
                findings.skipped("forms", "nothing was listed");
            } else {
                findings.ok("forms", format!("as documented ({} entries)", self.entries));
            }
            return;
        }
        let named: Vec<&str> = self.odd.iter().take(MOST).map(String::as_str).collect();
        let more = self.odd.len().saturating_sub(MOST);
        let more = if more > 0 {
            format!("; and {more} more")
        } else {
            String::new()
        };
        findings.differs(
            "forms",
            format!("{}{more}", named.join("; ")),
            "a field that cannot be read shows as '-'; one that has a sensible reading gets it",
            "nothing; please report it",
        );
    }
}

/// The JSON type of a value, with an article.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Whether a time is `YYYY-MM-DDTHH:mm:ss` with `Z` or an offset such as `+08:00`.
fn is_documented_time(text: &str) -> bool {
    let shape = shape(text);
    shape == "9999-99-99T99:99:99Z" || shape == "9999-99-99T99:99:99+99:99" || shape == "9999-99-99T99:99:99-99:99"
}

/// A text with each digit as 9, so that its form is told without its value.
fn shape(text: &str) -> String {
    let digits = |c: char| if c.is_ascii_digit() { '9' } else { c };
    let shape: String = text.chars().take(40).map(digits).collect();
    visible(&shape).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn odd(list: &str, entry: Value) -> Vec<String> {
        let mut forms = Forms::default();
        forms.look_at_one(list, &entry);
        forms.odd.into_iter().collect()
    }

    #[test]
    fn what_is_documented_is_not_odd() {
        for entry in [
            json!({}),
            json!({"baseId": "1", "backupStartTime": "2021-07-14T15:36:57+08:00", "backupSize": 300_000, "x": [1]}),
            json!({"backupStartTime": "2021-07-14T07:36:57Z", "backupEndTime": "", "backupSize": null}),
            json!({"backupShardNum": -1, "backupSize": u64::MAX}),
        ] {
            assert_eq!(odd("backups", entry), [""; 0]);
        }
    }

    #[test]
    fn other_types_and_times_are_named_without_their_values() {
        let entry = json!({
            "baseId": 1,
            "backupSize": "300000",
            "backupStatus": 2.0,
            "backupStartTime": "2021-07-14 15:36:57",
            "backupEndTime": 1_626_248_217,
        });
        assert_eq!(
            odd("backups", entry.clone()),
            [
                "backupStartTime is written 9999-99-99 99:99:99",
                "backups[].backupEndTime is a number",
                "backups[].backupSize is text",
                "backups[].backupStatus is a number with a fraction",
                "backups[].baseId is a number",
            ]
        );
        assert_eq!(odd("backups", json!("x")), ["an entry of backups is text"]);
        let of = |entry| {
            let (mut forms, mut findings) = (Forms::default(), Findings::default());
            forms.look_at_one("backups", &entry);
            forms.conclude(&mut findings);
            let mut checks = findings.into_checks("").into_iter();
            checks.find(|check| check.id == "forms").unwrap().seen
        };
        let four = json!({"baseId": 1, "backupSize": "3", "backupStatus": 2.0, "backupEndTime": 1});
        assert!(of(four).ends_with("; backups[].baseId is a number"));
        assert!(of(entry).ends_with("is a number with a fraction; and 1 more"));
        let mut forms = Forms::default();
        forms.look_at("backups", &json!({"backups": {}, "totalCount": "3"}), &[]);
        assert_eq!(
            forms.odd.into_iter().collect::<Vec<_>>(),
            ["backups is an object", "totalCount is text"]
        );
    }
}
