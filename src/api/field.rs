//! Fields of the service's objects, read leniently.
//!
//! JD Cloud's own products write numbers as text and integers as floats. A value with one sensible reading
//! is read that way. Any other value costs only its own field, and the object notes which.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::moment::Moment;

/// Why an object cannot be used. The text names fields and types, and never quotes a value, which may be
/// a link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    #[error("missing field `{0}`")]
    Missing(&'static str),
    /// The value's name, the type that it has, and the type that it should have.
    #[error("invalid type: {0} is {1}, not {2}")]
    Type(String, &'static str, &'static str),
    #[error("{0}")]
    Other(String),
}

impl Misfit {
    /// The deserializer's complaint, without the value that it quotes and without the place in the text:
    /// `invalid type: string "…", expected …`.
    pub(super) fn of(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        Self::Other(match (text.split_once(": "), text.rsplit_once(", expected ")) {
            (Some((complaint, _)), Some((_, expected))) => format!("{complaint}: expected {expected}"),
            _ => text.to_owned(),
        })
    }
}

/// One object of the service's, whose fields are read one at a time.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    fields: BTreeMap<String, &'a RawValue>,
    /// The first field that could not be read, and how many could not.
    unread: Option<(&'static str, usize)>,
    /// The first time that named no offset.
    without_offset: Option<&'static str>,
}

impl<'a> Object<'a> {
    /// Takes an object apart. `name` is what an error calls it.
    ///
    /// # Errors
    /// If it is no object, or has a field twice.
    pub(super) fn of(value: &'a RawValue, name: &str) -> Result<Self, Misfit> {
        let text = value.get();
        if !text.starts_with('{') {
            return Err(Misfit::Type(name.to_owned(), kind(text), "an object"));
        }
        let Fields(fields) = serde_json::from_str(text).map_err(|error| Misfit::of(&error))?;
        Ok(Self {
            fields,
            unread: None,
            without_offset: None,
        })
    }

    /// The field's JSON; `None` if it is missing or `null`.
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.get_or_null(name).filter(|value| value.get() != "null")
    }

    /// The field's JSON, even if it is `null`; `None` if it is missing.
    fn get_or_null(&self, name: &str) -> Option<&'a RawValue> {
        self.fields.get(name).copied()
    }

    /// Whether the field is there, even as `null`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get_or_null(name).is_some()
    }

    /// A field that is required and must be a text.
    pub(super) fn required_text(&self, name: &'static str) -> Result<String, Misfit> {
        let value = self.required(name)?;
        serde_json::from_str(value.get()).map_err(|_| Misfit::Type(name.to_owned(), kind(value.get()), "a text"))
    }

    /// A field that is required and must be a list; `null` is how some services write an empty one.
    pub(super) fn required_list(&self, name: &'static str) -> Result<Vec<&'a RawValue>, Misfit> {
        let value = self.required(name)?;
        let list: Option<_> = serde_json::from_str(value.get())
            .map_err(|_| Misfit::Type(name.to_owned(), kind(value.get()), "a list"))?;
        Ok(list.unwrap_or_default())
    }

    /// The JSON of a field that is required, even if it is `null`.
    pub(super) fn required(&self, name: &'static str) -> Result<&'a RawValue, Misfit> {
        self.get_or_null(name).ok_or(Misfit::Missing(name))
    }

    /// A text. A number or a truth value is read as it is written.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        let value = self.get(name)?;
        match serde_json::from_str(value.get()) {
            Ok(Value::String(text)) => Some(text),
            Ok(Value::Number(_) | Value::Bool(_)) => Some(value.get().to_owned()),
            _ => self.cannot_read(name),
        }
    }

    /// An integer code, or a word whose code `number_of` knows.
    pub(super) fn coded(&mut self, name: &'static str, number_of: impl Fn(&str) -> Option<i64>) -> Option<i64> {
        let text: Option<String> = self.get(name).and_then(|value| serde_json::from_str(value.get()).ok());
        match text.and_then(|text| number_of(text.trim())) {
            Some(number) => Some(number),
            None => self.number(name),
        }
    }

    /// An integer that is not negative.
    pub(super) fn count(&mut self, name: &'static str) -> Option<u64> {
        self.number(name)
    }

    /// A port's number.
    pub(super) fn port(&mut self, name: &'static str) -> Option<u16> {
        match self.number(name)? {
            0 => self.cannot_read(name),
            port => Some(port),
        }
    }

    /// An integer in the range of its type, also written as a text or as a float without a fraction.
    fn number<T: TryFrom<i128>>(&mut self, name: &'static str) -> Option<T> {
        let value = self.get(name)?;
        let text = match serde_json::from_str(value.get()) {
            Ok(Value::String(text)) if text.trim().is_empty() => return None,
            Ok(Value::String(text)) => text.trim().to_owned(),
            Ok(Value::Number(number)) => number.to_string(),
            _ => return self.cannot_read(name),
        };
        let number = integer(&text).and_then(|number| T::try_from(number).ok());
        number.or_else(|| self.cannot_read(name))
    }

    /// A time. A value that is no time is kept for the caller to judge, and does not count as unread; an empty
    /// text counts as missing.
    pub(super) fn moment(&mut self, name: &'static str) -> Option<Moment> {
        let text: Option<String> = serde_json::from_str(self.get(name)?.get()).ok();
        if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
            return None;
        }
        let moment = Moment::read(&text.unwrap_or_default());
        if moment.has_no_offset {
            self.without_offset.get_or_insert(name);
        }
        Some(moment)
    }

    /// Remembers that a field could not be read.
    pub(super) fn cannot_read<T>(&mut self, name: &'static str) -> Option<T> {
        self.unread.get_or_insert((name, 0)).1 += 1;
        None
    }

    /// The first field that could not be read, and how many could not.
    pub(super) fn unread(&self) -> Option<(&'static str, usize)> {
        self.unread
    }

    /// The first time that named no offset.
    pub(super) fn without_offset(&self) -> Option<&'static str> {
        self.without_offset
    }
}

/// The integer that a text writes: digits with a sign, or a float whose fraction is zero.
fn integer(text: &str) -> Option<i128> {
    // Above this limit (2^53) floats no longer hold every integer.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    text.parse().ok().or_else(|| {
        let float: f64 = text.parse().ok()?;
        #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is in range")]
        (float.fract() == 0.0 && float.abs() < EXACT).then_some(float as i128)
    })
}

/// The type of a JSON value, in words.
fn kind(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b'n') => "null",
        Some(b't' | b'f') => "a truth value",
        _ => "a number",
    }
}

/// The fields of an object.
struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = object.next_entry::<String, &'de RawValue>()? {
                    match fields.entry(name) {
                        Entry::Vacant(entry) => entry.insert(value),
                        Entry::Occupied(entry) => {
                            return Err(A::Error::custom(format_args!("duplicate field `{}`", entry.key())));
                        }
                    };
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reading of a field with this value, and whether the field counts as unread.
    fn reading<T>(value: &str, read: impl Fn(&mut Object<'_>) -> Option<T>) -> (Option<T>, bool) {
        let text = format!("{{\"other\":[1],\"f\":{value}}}");
        let raw: &RawValue = serde_json::from_str(&text).unwrap();
        let mut object = Object::of(raw, "it").unwrap();
        let read = read(&mut object);
        (read, object.unread().is_some())
    }

    #[test]
    fn a_complaint_names_types_and_no_value() {
        let error = serde_json::from_str::<Vec<u64>>(r#"["https://h/x?Signature=canary, expected "]"#).unwrap_err();
        assert_eq!(Misfit::of(&error).to_string(), "invalid type: expected u64");
        let error = serde_json::from_str::<Vec<u64>>("[1").unwrap_err();
        assert_eq!(Misfit::of(&error).to_string(), "EOF while parsing a list");
    }

    #[test]
    fn each_type_of_json_is_named() {
        for (text, name) in [
            ("{}", "an object"),
            ("[]", "a list"),
            ("\"a\"", "a text"),
            ("null", "null"),
            ("true", "a truth value"),
            ("false", "a truth value"),
            ("-1", "a number"),
            ("1", "a number"),
        ] {
            assert_eq!(kind(text), name);
        }
    }

    #[test]
    fn integers_are_read_in_any_form_that_has_one_reading() {
        for (value, number) in [
            ("3", 3),
            ("-1", -1),
            ("300000.0", 300_000),
            ("3e5", 300_000),
            ("\"2\"", 2),
            ("\" 42 \"", 42),
            ("\"+7\"", 7),
            ("\"300000.0\"", 300_000),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(
                reading(value, |o| o.coded("f", |_| None)),
                (Some(number), false),
                "{value}"
            );
        }
        for value in [
            "1.5",
            "\"x\"",
            "\"1 GB\"",
            "true",
            "[]",
            "{}",
            "1e99",
            // Above it, floats no longer hold every integer.
            "9007199254740992.0",
            "9223372036854775808",
            "\"NaN\"",
            "\"inf\"",
        ] {
            assert_eq!(reading(value, |o| o.coded("f", |_| None)), (None, true), "{value}");
        }
        for value in ["null", "\"\"", "\" \""] {
            assert_eq!(reading(value, |o| o.coded("f", |_| None)), (None, false), "{value}");
        }
        let number_of = |word: &str| (word == "success").then_some(2);
        assert_eq!(reading("\" success \"", |o| o.coded("f", number_of)), (Some(2), false));
        assert_eq!(reading("\"unknown\"", |o| o.coded("f", number_of)), (None, true));
        assert_eq!(reading("-1", |o| o.count("f")), (None, true));
        assert_eq!(reading("\"6379\"", |o| o.port("f")), (Some(6379), false));
        assert_eq!(
            reading("18446744073709551615", |o| o.count("f")),
            (Some(u64::MAX), false)
        );
        for value in ["0", "65536", "-1"] {
            assert_eq!(reading(value, |o| o.port("f")), (None, true), "{value}");
        }
    }

    #[test]
    fn texts_may_be_numbers_or_truth_values_and_nothing_else() {
        for (value, text) in [("\"a\"", "a"), ("5.0", "5.0"), ("true", "true"), ("\"\"", "")] {
            assert_eq!(
                reading(value, |o| o.text("f")),
                (Some(text.to_owned()), false),
                "{value}"
            );
        }
        for value in ["[]", "{\"a\":1}"] {
            assert_eq!(reading(value, |o| o.text("f")), (None, true), "{value}");
        }
    }

    #[test]
    fn a_time_that_cannot_be_read_is_kept_for_the_caller() {
        for value in ["7", "[]", "true", "\"yesterday\""] {
            let (moment, is_unread) = reading(value, |o| o.moment("f"));
            assert_eq!(moment.map(|moment| moment.at), Some(None), "{value}");
            assert!(!is_unread, "{value}");
        }
        for value in ["null", "\"\""] {
            assert_eq!(reading(value, |o| o.moment("f")).0, None, "{value}");
        }
    }

    /// A comparison of each field with all before it would take minutes.
    #[test]
    fn an_object_may_have_many_fields() {
        let fields: Vec<String> = (0..200_000).map(|number| format!("\"{number}\":0")).collect();
        let text = format!("{{{},\"f\":7}}", fields.join(","));
        let raw: &RawValue = serde_json::from_str(&text).unwrap();
        assert_eq!(Object::of(raw, "it").unwrap().count("f"), Some(7));
    }

    #[test]
    fn a_misfit_names_the_field_and_no_value() {
        let misfit = |text: &str| {
            let raw: &RawValue = serde_json::from_str(text).unwrap();
            let object = Object::of(raw, "it");
            object
                .and_then(|object| object.required_text("f"))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(misfit("[]"), "invalid type: it is a list, not an object");
        assert_eq!(misfit("{}"), "missing field `f`");
        assert_eq!(misfit("{\"f\":7}"), "invalid type: f is a number, not a text");
        assert_eq!(misfit("{\"f\":null}"), "invalid type: f is null, not a text");
        assert_eq!(misfit("{\"f\":\"a\",\"f\":\"b\"}"), "duplicate field `f`");
    }
}
