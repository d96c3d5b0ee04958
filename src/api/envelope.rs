//! The outside of every answer, and that all of its inside can be read.
//!
//! The parser skips what nobody asks for without a look at its escapes, its encoding or its depth, and
//! it keeps all digits of a number by presenting it as an object of one key of its own,
//! `$serde_json::private::Number`. What is printed as JSON is read whole. So that an answer that was
//! accepted can always be printed, everything in it is looked at once, in the same pass.

use std::fmt;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

/// What every answer of the service has around its result. The result is looked into later, by whom it
/// concerns; here it is only made sure that it can be.
pub(super) struct Envelope {
    pub(super) request_id: Option<Value>,
    pub(super) error: Option<Value>,
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Envelope, A::Error> {
        let (mut request_id, mut error) = (None, None);
        while let Some(key) = object.next_key()? {
            let (slot, name) = match key {
                Key::RequestId => (&mut request_id, "requestId"),
                Key::Error => (&mut error, "error"),
                Key::Parsers => return Err(A::Error::custom("a key that is the parser's own")),
                Key::Other => {
                    object.next_value::<Sound>()?;
                    continue;
                }
            };
            if slot.replace(object.next_value::<Option<Value>>()?).is_some() {
                return Err(A::Error::duplicate_field(name));
            }
        }
        Ok(Envelope {
            request_id: request_id.flatten(),
            error: error.flatten(),
        })
    }
}

/// JSON of which every part can be read. The parser skips what nobody asks for without a look at its
/// escapes, its encoding or its depth, and what is printed as JSON is read whole.
struct Sound;

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    /// Of an object; and of a number, which the parser presents as one of a single key of its own, so as
    /// to keep all digits. Whoever sends that key can only mean to confuse.
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self, A::Error> {
        while let Some(key) = object.next_key()? {
            if matches!(key, Key::Parsers) {
                let number: String = object.next_value()?;
                number.parse::<Number>().map_err(A::Error::custom)?;
                return match object.next_key::<Key>()? {
                    None => Ok(self),
                    Some(_) => Err(A::Error::custom("a key that is the parser's own")),
                };
            }
            object.next_value::<Self>()?;
        }
        Ok(self)
    }
}

/// A key of an object, as far as it matters here.
enum Key {
    RequestId,
    Error,
    /// One that the parser gives a meaning of its own.
    Parsers,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(match key {
            "requestId" => Key::RequestId,
            "error" => Key::Error,
            _ if key.starts_with("$serde_json::private::") => Key::Parsers,
            _ => Key::Other,
        })
    }
}
