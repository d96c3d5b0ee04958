//! Files that are no RDB files: their kind, told by their first bytes, and how to look inside.

use std::fmt;

use super::magic;
use super::trailing::are_commands;

/// How many bytes of a file's beginning are kept to recognise it: a header of tar.
pub(super) const HEAD_LENGTH: usize = 512;

/// The kind of a file that does not begin as an RDB file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// Every byte is zero.
    Zeros,
    /// The beginning is zero, at least as many bytes as the magic has.
    ZerosFirst {
        count: u64,
        /// Whether an end opcode stands before the last eight bytes, as in an RDB file with a checksum.
        ends_like_rdb: bool,
    },
    /// There are only the first bytes of a magic.
    CutMagic {
        /// How many.
        length: usize,
    },
    /// It is in a format that holds other files, which this command unpacks to standard output.
    Packed { what: &'static str, unpack: &'static str },
    /// It is a text in this format.
    Text(&'static str),
    /// It is an append-only file.
    AppendOnly,
    /// It is the list of the files that an append-only file of Redis 7 consists of.
    AppendOnlyManifest,
    /// It is what a primary sends to a replica: this many lines, and then the RDB file.
    Replication { lines: usize },
    /// This many bytes stand before the beginning of an RDB file.
    Preceded { bytes: usize },
    /// Anything else.
    Unknown,
}

/// The magics of formats that hold other files, their names, and the command that unpacks one.
const PACKED: [(&[u8], &str, &str); 12] = [
    (b"\x1f\x8b", "gzip data", "gunzip -c"),
    (b"\x1f\x9d", "compress data", "gunzip -c"),
    (b"\x28\xb5\x2f\xfd", "zstd data", "zstd -dc"),
    // A skippable frame, with which parallel compressors begin.
    (b"\x50\x2a\x4d\x18", "zstd data", "zstd -dc"),
    (b"\xfd7zXZ\0", "xz data", "xz -dc"),
    (b"BZh", "bzip2 data", "bzip2 -dc"),
    (b"PK\x03\x04", "a zip archive", "unzip -p"),
    (b"PK\x05\x06", "a zip archive", "unzip -p"),
    (b"\x04\x22\x4d\x18", "lz4 data", "lz4 -dc"),
    (b"\x02\x21\x4c\x18", "lz4 data", "lz4 -dc"),
    (b"LZIP", "lzip data", "lzip -dc"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x -so"),
];
/// The position of the checksum in a header of tar.
const TAR_SUM: std::ops::Range<usize> = 148..156;
/// The tags that a page of HTML may begin with.
const HTML_TAGS: [&str; 8] = ["html", "head", "title", "body", "center", "h1", "meta", "script"];

impl Foreign {
    /// The kind of a file that begins with these bytes, at most [`HEAD_LENGTH`] of them.
    pub(super) fn of(head: &[u8]) -> Self {
        if magic::is_cut_off(head) {
            return Self::CutMagic { length: head.len() };
        }
        if let Some((_, what, unpack)) = PACKED.iter().find(|(magic, ..)| head.starts_with(magic)) {
            return Self::Packed { what, unpack };
        }
        if is_tar(head) {
            return Self::Packed {
                what: "a tar archive",
                unpack: "tar -xOf",
            };
        }
        let text = text_of(head);
        let text = text.trim_start();
        if is_html(text) {
            Self::Text("an HTML document")
        } else if is_tag(text) {
            Self::Text("an XML document")
        } else if text.starts_with(['{', '[']) {
            Self::Text("JSON text")
        } else if are_commands(head) {
            Self::AppendOnly
        } else if is_manifest(text) {
            Self::AppendOnlyManifest
        } else if is_replication(head) {
            let before = &head[..magic::find(head).unwrap_or(0)];
            Self::Replication {
                lines: before.iter().filter(|byte| **byte == b'\n').count().max(1),
            }
        } else if let Some(bytes) = magic::find(head) {
            Self::Preceded { bytes }
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
            Self::AppendOnlyManifest => f.write_str("not an RDB file: the manifest of an append-only file (AOF)"),
            Self::Preceded { bytes: 1 } => f.write_str("not an RDB file: one begins after 1 byte of something else"),
            Self::Preceded { bytes } => write!(f, "not an RDB file: one begins after {bytes} bytes of something else"),
            Self::Unknown => f.write_str("not an RDB file: it does not begin like one"),
        }
    }
}

/// The text that bytes begin with, in UTF-8 or UTF-16, without a byte order mark.
fn text_of(head: &[u8]) -> String {
    let utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, _) = bytes.as_chunks();
        String::from_utf16_lossy(&units.iter().copied().map(unit).collect::<Vec<_>>())
    };
    match head {
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        _ => {
            let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
            let mut chunks = head.utf8_chunks();
            chunks.next().map_or("", |chunk| chunk.valid()).to_owned()
        }
    }
}

/// Whether bytes begin with a header of tar. The magic does not tell, since the oldest tar writes none; but
/// a field of the header holds the sum of all its bytes in octal digits, with that field counted as blanks.
fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.first_chunk::<512>() else {
        return false;
    };
    let sum = header.iter().enumerate().map(|(at, byte)| match at {
        at if TAR_SUM.contains(&at) => u32::from(b' '),
        _ => u32::from(*byte),
    });
    let field = String::from_utf8_lossy(&header[TAR_SUM]);
    let written = u32::from_str_radix(field.trim_matches(['\0', ' ']), 8);
    written == Ok(sum.sum())
}

/// Whether a text begins as a page of HTML does, perhaps after a declaration of XML and comments.
fn is_html(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut rest = text.as_str();
    while let Some(end) = ["<?", "<!--"].iter().find_map(|start| {
        let after = rest.strip_prefix(start)?;
        after.split_once(if *start == "<?" { "?>" } else { "-->" })
    }) {
        rest = end.1.trim_start();
    }
    if let Some(doctype) = rest.strip_prefix("<!doctype") {
        return doctype.trim_start().starts_with("html");
    }
    let tag = rest.strip_prefix('<').unwrap_or_default();
    let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next();
    name.is_some_and(|name| HTML_TAGS.contains(&name))
}

/// Whether a text begins with a tag or a declaration, as XML does.
fn is_tag(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('<') else {
        return false;
    };
    rest.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '_' | '!' | '?'))
}

/// Whether a text begins as the manifest of an append-only file does: with a file's name, number and type.
fn is_manifest(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .next()
        .is_some_and(|line| line.starts_with("file ") && line.contains(" seq ") && line.contains(" type "))
}

/// Whether bytes are what a primary sends before the file: `$` and its length or an end mark on a line, or
/// the answer to `PSYNC`.
fn is_replication(head: &[u8]) -> bool {
    let length = |rest: &[u8]| {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && matches!(rest.get(digits), Some(b'\r' | b'\n'))
    };
    let head = head.trim_ascii_start();
    head.starts_with(b"$EOF:")
        || head.starts_with(b"+FULLRESYNC")
        || head.starts_with(b"+CONTINUE")
        || head.strip_prefix(b"$").is_some_and(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_formats_are_named() {
        let mut tar = b"dump.rdb".to_vec();
        tar.resize(512, 0);
        let sum: u32 = tar.iter().map(|byte| u32::from(*byte)).sum();
        // The field counts as eight blanks.
        tar[TAR_SUM].copy_from_slice(format!("{:06o}\0 ", sum + 8 * 32).as_bytes());
        let mut no_tar = tar.clone();
        no_tar[0] += 1;
        let utf_16 = |unit: fn(u16) -> [u8; 2]| "\u{feff}<?xml version".encode_utf16().flat_map(unit).collect();
        let utf_16: [Vec<u8>; 2] = [utf_16(u16::to_be_bytes), utf_16(u16::to_le_bytes)];
        for (head, expected) in [
            (&b"\x1f\x8b\x08\0"[..], "gzip data"),
            (b"\x28\xb5\x2f\xfd\x04", "zstd data"),
            (b"\xfd7zXZ\0\0", "xz data"),
            (b"BZh91AY", "bzip2 data"),
            (b"PK\x03\x04\x14", "a zip archive"),
            (b"\x1f\x9d\x90", "compress data"),
            (b"\x50\x2a\x4d\x18\x04", "zstd data"),
            (&tar, "a tar archive"),
            (&no_tar, "it does not begin like one"),
            (&utf_16[0], "an XML document"),
            (&utf_16[1], "an XML document"),
            (b"<?xml-stylesheet?><Error/>", "an XML document"),
            (b"<!-- saved --><Error>", "an XML document"),
            (b"<!-- saved -->\n<HTML>", "an HTML document"),
            (b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC", "an HTML document"),
            (b"<!doctype\nhtml>", "an HTML document"),
            (b"<h1>502</h1>", "an HTML document"),
            (b"<header>", "an XML document"),
            (b"#TS:1700000000\r\n*1\r\n$4\r\n", "an append-only file (AOF)"),
            (
                b"file appendonly.aof.1.base.rdb seq 1 type b\n",
                "the manifest of an append-only file (AOF)",
            ),
            (b"file with a seq 1 in it\n", "it does not begin like one"),
            (b"file of a type that is none\n", "it does not begin like one"),
            (b"a seq 1 type b\n", "it does not begin like one"),
            (b"$\r\nREDIS0011", "one begins after 3 bytes of something else"),
            (b"$12 for a backup", "it does not begin like one"),
            (b"+CONTINUE\r\n", "a replication stream"),
            (b"\nREDIS0011\xff", "one begins after 1 byte of something else"),
            (
                b"HTTP/1.1 200 OK\r\n\r\nVALKEY080",
                "one begins after 19 bytes of something else",
            ),
            (b"no REDIS001 here", "it does not begin like one"),
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
