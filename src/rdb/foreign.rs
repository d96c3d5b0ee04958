//! Files that are no RDB files: what they are, by their first bytes, and how to look inside.

use std::fmt;

use super::magic;
use super::trailing::are_commands;

/// How many bytes of a file's beginning are kept to recognise it. The magic of tar is the farthest: it
/// stands at byte 257.
pub(super) const HEAD_LENGTH: usize = 264;

/// What a file is that does not begin as an RDB file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// Every byte is zero.
    Zeros,
    /// So many bytes at the beginning are zero, at least those of the magic.
    ZerosFirst {
        count: u64,
        /// Whether the last bytes are as an RDB file ends: the end opcode and a checksum.
        ends_like_rdb: bool,
    },
    /// There are only the first bytes of a magic.
    CutMagic {
        /// How many.
        length: usize,
    },
    /// It is in a format that holds other files, which this command unpacks to standard output.
    Packed {
        what: &'static str,
        unpack: &'static str,
    },
    /// It is a text in this format.
    Text(&'static str),
    /// It is an append-only file.
    AppendOnly,
    /// It is what a primary sends to a replica: so many lines, and then the file.
    Replication {
        lines: usize,
    },
    Unknown,
}

/// The magics of formats that hold other files, what they are called, and the command that unpacks one.
const PACKED: [(&[u8], &str, &str); 7] = [
    (b"\x1f\x8b", "gzip data", "gunzip -c"),
    (b"\x28\xb5\x2f\xfd", "zstd data", "zstd -dc"),
    (b"\xfd7zXZ\0", "xz data", "xz -dc"),
    (b"BZh", "bzip2 data", "bzip2 -dc"),
    (b"PK\x03\x04", "a zip archive", "unzip -p"),
    (b"\x04\x22\x4d\x18", "lz4 data", "lz4 -dc"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x -so"),
];
/// Where tar's own magic stands.
const TAR: (usize, &[u8]) = (257, b"ustar");

impl Foreign {
    /// What a file is of which these are the first bytes, at most [`HEAD_LENGTH`].
    pub(super) fn of(head: &[u8]) -> Self {
        if magic::is_cut_off(head) {
            return Self::CutMagic { length: head.len() };
        }
        if let Some((_, what, unpack)) = PACKED.iter().find(|(magic, ..)| head.starts_with(magic)) {
            return Self::Packed { what, unpack };
        }
        if head.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
            return Self::Packed {
                what: "a tar archive",
                unpack: "tar -xOf",
            };
        }
        let text = text_of(head);
        let starts_with = |tag: &str| {
            text.get(..tag.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(tag))
        };
        if starts_with("<!doctype html") || starts_with("<html") {
            Self::Text("an HTML document")
        } else if text.starts_with("<?xml") || is_tag(text) {
            Self::Text("an XML document")
        } else if text.starts_with(['{', '[']) {
            Self::Text("JSON text")
        } else if are_commands(head) {
            Self::AppendOnly
        } else if is_replication(head) {
            let rdb =
                (0..head.len()).find(|at| head[*at..].starts_with(b"REDIS") || head[*at..].starts_with(b"VALKEY"));
            let before = &head[..rdb.unwrap_or(0)];
            Self::Replication {
                lines: before.iter().filter(|byte| **byte == b'\n').count().max(1),
            }
        } else {
            Self::Unknown
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zeros => f.write_str("not an RDB file: every byte is zero"),
            Self::ZerosFirst { count, ends_like_rdb } => {
                write!(f, "damaged beginning: the first {count} bytes are zeros")?;
                f.write_str(if *ends_like_rdb {
                    ", and it ends as an RDB file does"
                } else {
                    ""
                })
            }
            Self::CutMagic { length: 1 } => f.write_str("not an RDB file: only the first byte of one is there"),
            Self::CutMagic { length } => write!(f, "not an RDB file: only the first {length} bytes of one are there"),
            Self::Packed { what, .. } | Self::Text(what) => write!(f, "not an RDB file: {what}"),
            Self::Replication { .. } => f.write_str("not an RDB file: a replication stream"),
            Self::AppendOnly => f.write_str("not an RDB file: an append-only file (AOF)"),
            Self::Unknown => f.write_str("not an RDB file: it does not begin like one"),
        }
    }
}

/// The text that bytes begin with, without a byte order mark and leading blanks.
fn text_of(head: &[u8]) -> &str {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let valid = head.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    valid.trim_start()
}

/// Whether a text begins with a tag, as XML without a declaration does.
fn is_tag(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('<') else {
        return false;
    };
    rest.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '_' | '!'))
}

/// Whether bytes are what a primary sends before the file: `$` and its length or an end mark on a line, or
/// the answer to `PSYNC`.
fn is_replication(head: &[u8]) -> bool {
    let length = |rest: &[u8]| {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && matches!(rest.get(digits), Some(b'\r' | b'\n'))
    };
    let head = head.trim_ascii_start();
    head.starts_with(b"$EOF:") || head.starts_with(b"+FULLRESYNC") || head.strip_prefix(b"$").is_some_and(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_formats_are_named() {
        let mut tar = b"dump.rdb".to_vec();
        tar.resize(257, 0);
        tar.extend(b"ustar\x0000");
        for (head, expected) in [
            (&b"\x1f\x8b\x08\0"[..], "gzip data"),
            (b"\x28\xb5\x2f\xfd\x04", "zstd data"),
            (b"\xfd7zXZ\0\0", "xz data"),
            (b"BZh91AY", "bzip2 data"),
            (b"PK\x03\x04\x14", "a zip archive"),
            (&tar, "a tar archive"),
            (b"<?xml version='1.0'?><Error/>", "an XML document"),
            (b"\xef\xbb\xbf  <Error><Code>", "an XML document"),
            (b"\r\n<!DOCTYPE HTML>", "an HTML document"),
            (b"<html lang=en>", "an HTML document"),
            (b" {\"error\":", "JSON text"),
            (b"[1]", "JSON text"),
            (b"*3\r\n$3\r\nSET\r\n", "an append-only file (AOF)"),
            (b"$1234\r\nREDIS0011", "a replication stream"),
            (b"\n\n$EOF:0123", "a replication stream"),
            (b"$x", "it does not begin like one"),
            (b"< 5", "it does not begin like one"),
            (b"\xfa\x09redis-ver", "it does not begin like one"),
        ] {
            assert_eq!(
                Foreign::of(head).to_string(),
                format!("not an RDB file: {expected}"),
                "{head:?}"
            );
        }
        let stream = b"\n+FULLRESYNC 0123 5\r\n$9\r\nREDIS0011";
        assert_eq!(Foreign::of(stream), Foreign::Replication { lines: 3 });
        assert_eq!(Foreign::of(b"REDI"), Foreign::CutMagic { length: 4 });
    }
}
