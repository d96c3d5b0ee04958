//! Is this a whole RDB file? Found out while its bytes pass by, without a second read.
//!
//! An RDB file begins with `REDIS` and four digits (`VALKEY` and three, from Valkey 9 on), and its
//! last nine bytes are the opcode 0xFF and, since version 5, a CRC-64 of all before it, little-endian.
//! Where the server was told not to compute it (`rdbchecksum no`), it is zero. Source: Redis's
//! `rdb.h` and `rdb.c`. This is stricter than `redis-check-rdb` 7.0, which passes files with bytes
//! after the end.

#[cfg(any(test, fuzzing))]
pub(crate) mod properties;

use std::fmt;

use crc_fast::{CrcAlgorithm, Digest};

/// The bytes of the checksum.
const CHECKSUM_LENGTH: usize = 8;
/// The opcode that ends the contents.
const END: u8 = 0xff;
/// The longest beginning by which a file is recognised, in bytes.
const MAGIC_LENGTH: usize = 9;
/// The first version with a checksum.
const FIRST_WITH_CHECKSUM: u32 = 5;

/// What is known of a file that has passed by as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A whole RDB file: its checksum is right.
    Ok,
    /// Nothing that can be checked, so nothing was found wrong.
    Unverified(Unverified),
    /// An RDB file that is not whole, or not what was written.
    Corrupt(Corruption),
}

/// Why a file cannot be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unverified {
    /// It does not begin like an RDB file.
    NotRdb,
    /// The server that wrote it was told not to compute a checksum.
    ChecksumOff,
    /// RDB versions before 5 have none.
    OldVersion,
}

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Corruption {
    Empty,
    /// It ends before, or goes on after, the end of an RDB file.
    NoEnd,
    /// The checksum is not that of the bytes.
    Checksum {
        written: u64,
        computed: u64,
    },
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRdb => "not an RDB file, as far as its beginning tells",
            Self::ChecksumOff => "written without a checksum (rdbchecksum no)",
            Self::OldVersion => "of an RDB version that has no checksum",
        })
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::NoEnd => f.write_str("the end of an RDB file is not where the file ends"),
            Self::Checksum { written, computed } => {
                write!(
                    f,
                    "the checksum written is {written:016x}, that of the bytes {computed:016x}"
                )
            }
        }
    }
}

/// Looks at a file's bytes as they pass by, in order.
pub(crate) struct Checker {
    /// The checksum of the contents so far.
    checksum: u64,
    /// The file's first bytes, at most [`MAGIC_LENGTH`].
    magic: Vec<u8>,
    /// The last bytes so far, which may turn out to be the checksum; at most [`CHECKSUM_LENGTH`].
    tail: Vec<u8>,
    /// The byte before the tail.
    before_tail: Option<u8>,
}

impl Checker {
    pub(crate) fn new() -> Self {
        Self {
            checksum: 0,
            magic: Vec::with_capacity(MAGIC_LENGTH),
            tail: Vec::with_capacity(2 * CHECKSUM_LENGTH),
            before_tail: None,
        }
    }

    /// Takes the next bytes of the file.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let missing = MAGIC_LENGTH - self.magic.len();
        self.magic.extend(bytes.iter().take(missing));
        // All but the last bytes belong to the contents for certain.
        let held = bytes.len().min(CHECKSUM_LENGTH);
        let (contents, last) = bytes.split_at(bytes.len() - held);
        let released = (self.tail.len() + held).saturating_sub(CHECKSUM_LENGTH);
        let released: Vec<u8> = self.tail.drain(..released.min(self.tail.len())).collect();
        self.take_contents(&released);
        self.take_contents(contents);
        self.tail.extend_from_slice(last);
    }

    fn take_contents(&mut self, bytes: &[u8]) {
        self.checksum = checksum_of(self.checksum, bytes);
        self.before_tail = bytes.last().copied().or(self.before_tail);
    }

    /// Judges the file, all of whose bytes have been taken.
    pub(crate) fn finish(self) -> Verdict {
        if self.magic.is_empty() {
            return Verdict::Corrupt(Corruption::Empty);
        }
        let Some(version) = version(&self.magic) else {
            return Verdict::Unverified(Unverified::NotRdb);
        };
        if version < FIRST_WITH_CHECKSUM {
            return match self.tail.last() {
                Some(&END) => Verdict::Unverified(Unverified::OldVersion),
                _ => Verdict::Corrupt(Corruption::NoEnd),
            };
        }
        let (Some(END), Ok(checksum)) = (
            self.before_tail,
            <[u8; CHECKSUM_LENGTH]>::try_from(self.tail.as_slice()),
        ) else {
            return Verdict::Corrupt(Corruption::NoEnd);
        };
        let (written, computed) = (u64::from_le_bytes(checksum), self.checksum);
        if written == 0 {
            Verdict::Unverified(Unverified::ChecksumOff)
        } else if written == computed {
            Verdict::Ok
        } else {
            Verdict::Corrupt(Corruption::Checksum { written, computed })
        }
    }
}

/// The checksum of contents of which all before these bytes have the `checksum`.
///
/// A digest of its own for every piece: where the algorithm is a constant all through its life, the
/// tables of all other algorithms, half a megabyte, are left out of the program.
fn checksum_of(checksum: u64, bytes: &[u8]) -> u64 {
    let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc64Redis, checksum);
    digest.update(bytes);
    digest.finalize()
}

/// The RDB version, where the bytes begin an RDB file. What is cut off within the digits counts as
/// one that is of no known version, and so as a file without its end.
fn version(magic: &[u8]) -> Option<u32> {
    let digits = magic.strip_prefix(b"REDIS").or_else(|| magic.strip_prefix(b"VALKEY"))?;
    let text = std::str::from_utf8(digits)
        .ok()
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    Some(text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::properties::slow_crc64;
    use super::*;

    /// A file with these contents and a right checksum, computed bit by bit.
    fn rdb(magic: &[u8], contents: &[u8]) -> Vec<u8> {
        let mut file = [magic, contents, &[END]].concat();
        let checksum = slow_crc64(&file);
        file.extend(checksum.to_le_bytes());
        file
    }

    fn check(bytes: &[u8]) -> Verdict {
        let mut checker = Checker::new();
        checker.update(bytes);
        checker.finish()
    }

    #[test]
    fn the_slow_checksum_is_the_published_one() {
        // The check value that Redis's crc64.c gives.
        assert_eq!(slow_crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn whole_files_are_ok_whatever_wrote_them() {
        for magic in [&b"REDIS0005"[..], b"REDIS0011", b"VALKEY080"] {
            assert_eq!(check(&rdb(magic, b"contents")), Verdict::Ok);
            assert_eq!(check(&rdb(magic, b"")), Verdict::Ok);
        }
    }

    #[test]
    fn what_cannot_be_checked_is_never_ok() {
        let mut without_checksum = rdb(b"REDIS0009", b"contents");
        let end = without_checksum.len() - CHECKSUM_LENGTH;
        without_checksum[end..].fill(0);
        assert_eq!(check(&without_checksum), Verdict::Unverified(Unverified::ChecksumOff));
        assert_eq!(check(b"REDIS0003xyz\xff"), Verdict::Unverified(Unverified::OldVersion));
        for other in [&b"<html>"[..], b"R", b"\x1f\x8b", b"REDIS000x and more than that"] {
            assert_eq!(check(other), Verdict::Unverified(Unverified::NotRdb), "{other:?}");
        }
    }

    #[test]
    fn every_shortened_and_every_lengthened_file_is_corrupt() {
        let whole = rdb(b"REDIS0009", &[7; 40]);
        assert_eq!(check(b""), Verdict::Corrupt(Corruption::Empty));
        for length in 6..whole.len() {
            assert!(matches!(check(&whole[..length]), Verdict::Corrupt(_)), "{length}");
        }
        for junk in [&b"x"[..], b"\xff", &[0; 8], &[0xff; 20]] {
            assert!(
                matches!(check(&[&whole, junk].concat()), Verdict::Corrupt(_)),
                "{junk:?}"
            );
        }
        assert_eq!(check(b"REDIS0003xyz"), Verdict::Corrupt(Corruption::NoEnd));
    }
}
