//! One value a line and nothing else, for piping.

/// Each value on a line of its own.
///
/// The values must have no line breaks; the types of links and identifiers ensure that. A path is given as the
/// system's own bytes, so that a script can open it whatever its encoding.
pub(crate) fn render(values: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        bytes.extend_from_slice(value.as_ref());
        bytes.push(b'\n');
    }
    bytes
}
