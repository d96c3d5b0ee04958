//! The bytes that follow the end of an RDB file, and their kind.

use std::fmt;

use super::magic;

/// How many of the bytes that follow are looked at.
const LOOKED_AT: usize = 48;
/// How many hexadecimal digits a server sends after a file that it replicates without a disk.
const MARK_LENGTH: usize = 40;

/// Bytes that follow, as they pass by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trailing {
    count: u64,
    head: [u8; LOOKED_AT],
    are_zeros: bool,
}

/// The kind of bytes that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrailingKind {
    /// Another file, or the beginning of its magic.
    RdbFile,
    /// The digits that a server sends after a file that it replicates without a disk.
    ReplicationMark,
    /// What a server sends before such a file.
    ReplicationPreamble,
    /// Commands of an append-only file.
    Commands,
    /// Nothing but zeros.
    Zeros,
    /// Nothing but line ends.
    LineEnds,
    /// Anything else.
    Other,
}

impl Trailing {
    pub(super) fn new() -> Self {
        Self {
            count: 0,
            head: [0; LOOKED_AT],
            are_zeros: true,
        }
    }

    /// Takes the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if let Some(free) = usize::try_from(self.count)
            .ok()
            .and_then(|count| self.head.get_mut(count..))
        {
            let more = free.len().min(bytes.len());
            free[..more].copy_from_slice(&bytes[..more]);
        }
        self.are_zeros = self.are_zeros && bytes.iter().all(|byte| *byte == 0);
        self.count += bytes.len() as u64;
    }

    /// The kind of the bytes so far.
    pub(super) fn kind(&self) -> TrailingKind {
        let seen = usize::try_from(self.count).map_or(LOOKED_AT, |count| count.min(LOOKED_AT));
        let head = &self.head[..seen];
        let (mark, rest) = head.split_at(seen.min(MARK_LENGTH));
        let is_mark = mark.len() == MARK_LENGTH && mark.iter().all(u8::is_ascii_hexdigit);
        let letters = ["REDIS", "VALKEY"];
        let is_magic = |letters: &&str| {
            let digits = head.strip_prefix(letters.as_bytes());
            digits.is_some_and(|digits| {
                let mut digits = digits.iter().take(magic::LENGTH - letters.len());
                digits.all(u8::is_ascii_digit)
            })
        };
        if letters.iter().any(is_magic) {
            TrailingKind::RdbFile
        } else if is_mark && (matches!(rest, b"" | b"\n" | b"\r\n") || rest.starts_with(b"*")) {
            TrailingKind::ReplicationMark
        } else if head.starts_with(b"$EOF:") {
            TrailingKind::ReplicationPreamble
        } else if are_commands(head) {
            TrailingKind::Commands
        } else if self.count == seen as u64 && head.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            TrailingKind::LineEnds
        } else if self.are_zeros {
            TrailingKind::Zeros
        } else {
            TrailingKind::Other
        }
    }
}

/// Whether bytes begin as an append-only file does, or a replication stream after its snapshot: with a
/// command as an array of strings, such as `*2` and `$6` on a line each.
pub(super) fn are_commands(bytes: &[u8]) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // With aof-timestamp-enabled, a server writes lines with times between the commands.
    let first_line = bytes.strip_prefix(b"#TS:");
    let bytes = first_line.map_or(bytes, |line| {
        let rest = &line[digits(line)..];
        rest.strip_prefix(b"\r\n").unwrap_or_default()
    });
    let Some(rest) = bytes.strip_prefix(b"*") else {
        return false;
    };
    let count = digits(rest);
    count > 0 && rest[count..].starts_with(b"\r\n$")
}

impl fmt::Display for Trailing {
    /// Such as `1 byte follows (a newline)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind() {
            TrailingKind::RdbFile => "another RDB file",
            TrailingKind::ReplicationMark => "a replication end mark",
            TrailingKind::ReplicationPreamble => "the beginning of a replication stream",
            TrailingKind::Commands => "AOF commands",
            TrailingKind::Zeros => "zeros",
            TrailingKind::LineEnds if self.head[..2] == *b"\r\n" && self.count == 2 => "a newline",
            TrailingKind::LineEnds if self.count == 1 => "a newline",
            TrailingKind::LineEnds => "newlines",
            TrailingKind::Other => "unrecognized data",
        };
        match self.count {
            1 => write!(f, "1 byte follows ({what})"),
            count => write!(f, "{count} bytes follow ({what})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_follow_are_counted_and_named_in_pieces_of_any_size() {
        let mark = "0123456789abcdefABCDEF0123456789abcdef01";
        for (bytes, expected) in [
            (&b"\n"[..], "1 byte follows (a newline)"),
            (b"\r\n", "2 bytes follow (a newline)"),
            (b"\n\n", "2 bytes follow (newlines)"),
            (b"\r\n\r\n", "4 bytes follow (newlines)"),
            (b"\n\n\n", "3 bytes follow (newlines)"),
            (b"\0", "1 byte follows (zeros)"),
            (&[0; 5000], "5000 bytes follow (zeros)"),
            (&[&[0; 100][..], b"x"].concat(), "101 bytes follow (unrecognized data)"),
            (mark.as_bytes(), "40 bytes follow (a replication end mark)"),
            (
                &[mark.as_bytes(), b"\n"].concat(),
                "41 bytes follow (a replication end mark)",
            ),
            (&mark.as_bytes()[1..], "39 bytes follow (unrecognized data)"),
            (b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n", "23 bytes follow (AOF commands)"),
            (
                b"#TS:1700000000\r\n*1\r\n$4\r\nPING\r\n",
                "30 bytes follow (AOF commands)",
            ),
            (b"REDIS0011\xff", "10 bytes follow (another RDB file)"),
            (b"REDIS00", "7 bytes follow (another RDB file)"),
            (b"VALKEY0 is done", "15 bytes follow (unrecognized data)"),
            (b"*\r\n$4\r\nPING", "11 bytes follow (unrecognized data)"),
            (b"*1 of them", "10 bytes follow (unrecognized data)"),
            (b"REDIS is done\n", "14 bytes follow (unrecognized data)"),
            (b"$EOF:", "5 bytes follow (the beginning of a replication stream)"),
            (b"junk", "4 bytes follow (unrecognized data)"),
        ] {
            for size in [1, 7, 65_536] {
                let mut trailing = Trailing::new();
                bytes.chunks(size).for_each(|piece| trailing.feed(piece));
                assert_eq!(trailing.to_string(), expected, "{size}");
            }
        }
    }
}
