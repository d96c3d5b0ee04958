//! One value a line and nothing else, for piping.

/// Each value on a line of its own.
///
/// The values must have no line breaks. The types of links and identifiers make sure of that.
pub(crate) fn render<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}
