//! One value a line and nothing else, for piping.

/// Each value on a line of its own.
///
/// The values must be free of line breaks; links and identifiers are, by the types they come from.
pub(crate) fn render<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}
