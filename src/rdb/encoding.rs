//! Numbers and strings in an RDB file: how many bytes they take, read from the first few.
//!
//! The two highest bits of the first byte say which form it is: a length of 6 bits, of 14, of 32 or 64, or
//! one of four special strings. Source: `rdb.h`, `rdbLoadLenByRef` and `rdbGenericLoadStringObject`.

/// Why no number or string can be read from some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// There are too few.
    Short,
    /// No server writes such bytes; the reason in words.
    Invalid(&'static str),
}

/// A number, and how many bytes it takes.
pub(super) fn number(bytes: &[u8]) -> Result<(usize, u64), Unread> {
    let Some(&first) = bytes.first() else {
        return Err(Unread::Short);
    };
    match first {
        0..0x40 => Ok((1, first.into())),
        0x40..0x80 => {
            let low = bytes.get(1).ok_or(Unread::Short)?;
            Ok((2, u64::from(first & 0x3f) << 8 | u64::from(*low)))
        }
        0x80 => {
            let all = bytes
                .get(1..)
                .and_then(|rest| rest.first_chunk())
                .ok_or(Unread::Short)?;
            Ok((5, u32::from_be_bytes(*all).into()))
        }
        0x81 => {
            let all = bytes
                .get(1..)
                .and_then(|rest| rest.first_chunk())
                .ok_or(Unread::Short)?;
            Ok((9, u64::from_be_bytes(*all)))
        }
        _ => Err(Unread::Invalid("an invalid length")),
    }
}

/// A string's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text {
    /// How many bytes stand before its contents.
    pub(super) head: usize,
    /// How many bytes its contents take in the file.
    pub(super) body: u64,
    pub(super) form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    /// A signed integer, little-endian, that stands for its decimal digits.
    Integer,
    /// Compressed with LZF.
    Compressed,
}

/// The string that some bytes begin with.
pub(super) fn text(bytes: &[u8]) -> Result<Text, Unread> {
    let form = match bytes.first() {
        None => return Err(Unread::Short),
        Some(0..0xc0) => {
            let (head, body) = number(bytes)?;
            let form = Form::Plain;
            return Ok(Text { head, body, form });
        }
        Some(form) => form & 0x3f,
    };
    match form {
        0..=2 => Ok(Text {
            head: 1,
            body: 1 << form,
            form: Form::Integer,
        }),
        3 => {
            let (first, compressed) = number(&bytes[1..])?;
            let (second, length) = number(&bytes[1 + first..])?;
            if compressed == 0 || length == 0 {
                return Err(Unread::Invalid("an empty compressed string"));
            }
            Ok(Text {
                head: 1 + first + second,
                body: compressed,
                form: Form::Compressed,
            })
        }
        _ => Err(Unread::Invalid("an invalid string encoding")),
    }
}

/// The longest beginning that is needed to tell a string's form: a byte and two numbers.
pub(super) const LONGEST_HEAD: usize = 1 + 9 + 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_form_are_read() {
        for (bytes, expected) in [
            (&b"\x3f"[..], (1, 63)),
            (b"\x40\x40", (2, 64)),
            (b"\x7f\xff\0", (2, 0x3fff)),
            (b"\x80\0\0\x40\0", (5, 0x4000)),
            (b"\x81\0\0\0\x01\0\0\0\0", (9, 1 << 32)),
        ] {
            assert_eq!(number(bytes), Ok(expected), "{bytes:?}");
            for length in 0..expected.0 {
                assert_eq!(number(&bytes[..length]), Err(Unread::Short), "{bytes:?}");
            }
        }
        for first in (0x82..=0xff).map(|first: u8| [first; 9]) {
            assert!(matches!(number(&first), Err(Unread::Invalid(_))), "{first:?}");
        }
    }

    #[test]
    fn strings_of_every_form_are_read() {
        for (bytes, head, body, form) in [
            (&b"\0"[..], 1, 0, Form::Plain),
            (b"\x05", 1, 5, Form::Plain),
            (b"\x80\0\x01\0\0", 5, 65_536, Form::Plain),
            (b"\xc0", 1, 1, Form::Integer),
            (b"\xc1", 1, 2, Form::Integer),
            (b"\xc2", 1, 4, Form::Integer),
            (b"\xc3\x09\x40\x64", 4, 9, Form::Compressed),
        ] {
            assert_eq!(text(bytes), Ok(Text { head, body, form }), "{bytes:?}");
            for length in 0..head {
                assert_eq!(text(&bytes[..length]), Err(Unread::Short), "{bytes:?}");
            }
        }
        for wrong in [
            &b"\x82"[..],
            b"\xc4",
            b"\xff",
            b"\xc3\0\x05",
            b"\xc3\x05\0",
            b"\xc3\xc0",
        ] {
            assert!(matches!(text(wrong), Err(Unread::Invalid(_))), "{wrong:?}");
        }
        let longest = [&[0xc3][..], &[0x81; 9], &[0x81; 9]].concat();
        assert_eq!(text(&longest).map(|text| text.head), Ok(LONGEST_HEAD));
    }
}
