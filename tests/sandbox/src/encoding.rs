//! The encodings, hashes and random bytes of both signatures (JD Cloud's and the object storage's) and of
//! the answers.
//!
//! The client uses other crates for them, so that a mistake in one of the two shows as a difference.

use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};

/// The length in bytes of an SHA-256 digest and so of an HMAC-SHA256 tag.
pub(crate) const DIGEST_LENGTH: usize = 32;

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The SHA-256 of `data` in lower-case hexadecimal.
pub(crate) fn sha256_hex(data: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, data).as_ref())
}

/// The HMAC-SHA256 of `data` under `key`.
pub(crate) fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; DIGEST_LENGTH] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
    let mut bytes = [0; DIGEST_LENGTH];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

/// Derives a key step by step: each part is authenticated under the key before it.
pub(crate) fn derive_key(secret: &[u8], parts: &[&str]) -> Vec<u8> {
    parts
        .iter()
        .fold(secret.to_vec(), |key, part| hmac_sha256(&key, part.as_bytes()).to_vec())
}

/// Percent-encodes every byte but the unreserved ones (`A-Za-z0-9-._~`) and those `also_kept`.
pub(crate) fn percent_encode(bytes: &[u8], also_kept: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || also_kept.contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push('%');
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    text
}

/// Undoes percent-encoding; an escape that is not `%` and two hexadecimal digits stays as it is.
pub(crate) fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match escaped_byte(&bytes[at..]) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    decoded
}

/// The byte that an escape at the start of `bytes` stands for.
fn escaped_byte(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = *bytes else { return None };
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// The decoded names and values of a raw query, in the order sent. `+` is a space, a name without
/// `=` has an empty value, and empty pieces (`a&&b`) are no parameters.
pub(crate) fn query_pairs(query: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    query
        .split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let decode = |text: &str| percent_decode(&text.replace('+', " "));
            (decode(name), decode(value))
        })
        .collect()
}

/// The query of such pairs: sorted by name and then value as bytes, and encoded once.
pub(crate) fn sorted_query(mut pairs: Vec<(Vec<u8>, Vec<u8>)>) -> String {
    pairs.sort();
    let encode =
        |(name, value): &(Vec<u8>, Vec<u8>)| format!("{}={}", percent_encode(name, b""), percent_encode(value, b""));
    pairs.iter().map(encode).collect::<Vec<_>>().join("&")
}

/// Unpredictable bytes.
pub(crate) fn random_bytes<const COUNT: usize>() -> [u8; COUNT] {
    let mut random = [0; COUNT];
    SystemRandom::new()
        .fill(&mut random)
        .expect("the operating system has random bytes");
    random
}
