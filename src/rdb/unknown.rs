//! Tells an unknown type of another vendor from a byte in the middle of a text.

use super::encoding::{self, Unread};
use super::walk::{Halt, Stop, Unknown};

/// A type or an opcode that is not known, by the bytes after it, which begin at byte `position`.
pub(super) fn unknown_item(byte: u8, rest: &[u8], position: u64) -> Halt {
    let key_end = match encoding::text(rest) {
        Err(Unread::Short) => return Halt::Short,
        Err(Unread::Invalid(_)) => None,
        Ok(key) => match is_inside_text(byte, rest, key) {
            None => return Halt::Short,
            Some(is_inside) => is_inside.then(|| position + key.head as u64 + key.body),
        },
    };
    Halt::Stop(Stop::Unknown(Unknown::Item { byte, key_end }))
}

/// Whether an unknown type is a byte in the middle of a text, which a wrong length has led the walk into.
/// `None` if more bytes are needed to tell.
///
/// A type of another vendor is followed by a key and a value. The length of a key is a printable byte only
/// if the key has 32 bytes or more. Such a key is told from text by control characters, in it or in the
/// bytes after it. Bytes from 0x80 to 199 are treated like printable ones: no vendor is known to use them
/// as types.
fn is_inside_text(byte: u8, rest: &[u8], key: encoding::Text) -> Option<bool> {
    /// Keys of this length and more have a first byte that is a letter from B on.
    const LONG: u64 = 512;
    /// Types that other vendors are known to use: Dragonfly, KeyDB, Redis Enterprise.
    const OF_VENDORS: [std::ops::RangeInclusive<u8>; 3] = [28..=35, 64..=64, 107..=107];
    const LONGEST_SHORT: u64 = 63;
    const FOLLOWING: usize = 16;

    let is_unassigned = matches!(byte, b' '..=b'~' | 0x80..200);
    if !is_unassigned || !rest.first().is_some_and(|next| (b' '..0x7f).contains(next)) {
        return Some(false);
    }
    if key.body >= LONG {
        return Some(true);
    }
    if OF_VENDORS.iter().any(|types| types.contains(&byte)) {
        return Some(false);
    }
    // The cast is exact: at most LONGEST_SHORT.
    let seen = key.head + key.body.min(LONGEST_SHORT) as usize;
    if rest.get(key.head..seen)?.iter().any(u8::is_ascii_control) {
        return Some(true);
    }
    if key.body > LONGEST_SHORT {
        return Some(false);
    }
    let following = rest.get(seen..seen + FOLLOWING)?;
    Some(!following.iter().any(u8::is_ascii_control))
}
