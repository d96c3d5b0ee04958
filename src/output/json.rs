//! JSON: the service's answers as they came, and the program's own documents.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::terminal::escape::is_hazardous;

/// A document with four-space indentation and a last line break.
pub(crate) fn render(value: &impl Serialize) -> Vec<u8> {
    serialized(value, PrettyFormatter::with_indent(b"    "))
}

/// A document on one line, with a last line break.
pub(crate) fn render_line(value: &impl Serialize) -> Vec<u8> {
    serialized(value, CompactFormatter)
}

/// A path in a document. JSON cannot hold bytes that are not UTF-8; they are replaced.
pub(crate) fn path<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    path.to_string_lossy().serialize(serializer)
}

/// As [`path`]; null where there is none.
pub(crate) fn optional_path<S: serde::Serializer>(path: &Option<&Path>, serializer: S) -> Result<S::Ok, S::Error> {
    path.map(Path::to_string_lossy).serialize(serializer)
}

fn serialized(value: &impl Serialize, formatter: impl Formatter) -> Vec<u8> {
    let mut bytes = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, formatter))
        .expect("what is printed has only text for keys, and memory does not refuse a write");
    bytes.push(b'\n');
    harmless(String::from_utf8(bytes).expect("JSON is serialized as UTF-8")).into_bytes()
}

/// Writes each character that a terminal would act on as `\uXXXX`, which a JSON parser reads as the same
/// text. The serializer has already escaped ASCII control characters, so a line break here comes from the
/// formatter.
fn harmless(text: String) -> String {
    if text.bytes().all(|byte| byte < 0x7f) {
        return text;
    }
    let is_hazardous = |c: char| c != '\n' && is_hazardous(c);
    if !text.contains(is_hazardous) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hazardous(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_character_that_acts_on_a_terminal_is_escaped_and_reads_the_same() {
        let value = json!({"a\u{9b}": ["\u{202e}\x1b[2J\"\\\n", "中\u{e0001}"]});
        let text = render_line(&value);
        assert_eq!(
            String::from_utf8_lossy(&text),
            "{\"a\\u009b\":[\"\\u202e\\u001b[2J\\\"\\\\\\n\",\"中\\udb40\\udc01\"]}\n"
        );
        assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), value);
        assert_eq!(serde_json::from_slice::<Value>(&render(&value)).unwrap(), value);
    }
}
