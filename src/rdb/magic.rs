//! The first nine bytes of an RDB file: who wrote it, and in which version of the format.

/// How many bytes the magic and the version take.
pub(super) const LENGTH: usize = 9;

/// The first version of Redis's format that ends with a checksum.
const FIRST_WITH_CHECKSUM: u16 = 5;
/// The newest version of Redis's format whose every type and opcode is known here (Redis 7.4 to 8.4).
const NEWEST_REDIS: u16 = 12;
/// The newest version of Valkey's format whose every type and opcode is known here (Valkey 9.0).
const NEWEST_VALKEY: u16 = 80;
/// The highest version that is tried when a damaged magic is restored. Both families are far below it.
const HIGHEST_TRIED: u16 = 99;

/// The server whose numbers of types, opcodes and versions a file uses. Up to version 11 there is one set of numbers;
/// after that, both families gave the same numbers different meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `REDIS` and four digits.
    Redis,
    /// `VALKEY` and three digits, which Valkey writes from 9.0 on.
    Valkey,
}

/// The format that a file says it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Magic {
    pub(super) family: Family,
    /// At least 1.
    pub(super) version: u16,
}

impl Magic {
    /// The format of a file that begins with these bytes, `None` where they begin no RDB file. There is
    /// no version 0.
    pub(super) fn parse(bytes: &[u8; LENGTH]) -> Option<Self> {
        let (family, digits) = None
            .or_else(|| Some((Family::Redis, bytes.strip_prefix(b"REDIS")?)))
            .or_else(|| Some((Family::Valkey, bytes.strip_prefix(b"VALKEY")?)))?;
        let version = digits.iter().try_fold(0, |version: u16, digit| {
            digit.is_ascii_digit().then(|| version * 10 + u16::from(*digit - b'0'))
        })?;
        (version > 0).then_some(Self { family, version })
    }

    /// The nine bytes that say so.
    pub(super) fn bytes(self) -> [u8; LENGTH] {
        let text = match self.family {
            Family::Redis => format!("REDIS{:04}", self.version),
            Family::Valkey => format!("VALKEY{:03}", self.version),
        };
        let mut bytes = [0; LENGTH];
        for (byte, character) in bytes.iter_mut().zip(text.bytes()) {
            *byte = character;
        }
        bytes
    }

    /// Whether files of the version end with a CRC-64, which may be zero where it was not computed.
    pub(super) fn has_checksum(self) -> bool {
        self.family == Family::Valkey || self.version >= FIRST_WITH_CHECKSUM
    }

    /// Whether the version may have types and opcodes that are not known here.
    pub(super) fn is_newer(self) -> bool {
        self.version > self.newest()
    }

    /// The newest version of the family that is known here.
    pub(super) fn newest(self) -> u16 {
        match self.family {
            Family::Redis => NEWEST_REDIS,
            Family::Valkey => NEWEST_VALKEY,
        }
    }

    /// Every format with a checksum that a file with a damaged magic may have had.
    pub(super) fn candidates() -> impl Iterator<Item = Self> {
        [Family::Redis, Family::Valkey].into_iter().flat_map(|family| {
            let versions = FIRST_WITH_CHECKSUM..=HIGHEST_TRIED;
            versions.map(move |version| Self { family, version })
        })
    }
}

/// Whether bytes are the beginning of a magic, and fewer than a whole one.
pub(super) fn is_cut_off(bytes: &[u8]) -> bool {
    let is_of = |letters: &[u8]| {
        let (start, digits) = bytes.split_at(bytes.len().min(letters.len()));
        letters.starts_with(start) && digits.iter().all(u8::is_ascii_digit)
    };
    !bytes.is_empty() && bytes.len() < LENGTH && (is_of(b"REDIS") || is_of(b"VALKEY"))
}

/// The position of the first whole magic in some bytes.
pub(super) fn find(bytes: &[u8]) -> Option<usize> {
    let mut windows = bytes.windows(LENGTH);
    windows.position(|window| {
        matches!(window[0], b'R' | b'V') && window.first_chunk().is_some_and(|bytes| Magic::parse(bytes).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_and_all_versions_are_read_and_written() {
        for (text, family, version) in [
            (b"REDIS0001", Family::Redis, 1),
            (b"REDIS0012", Family::Redis, 12),
            (b"REDIS9999", Family::Redis, 9999),
            (b"VALKEY080", Family::Valkey, 80),
        ] {
            let magic = Magic { family, version };
            assert_eq!(Magic::parse(text), Some(magic));
            assert_eq!(&magic.bytes(), text);
        }
        for other in [
            b"REDIS0000",
            b"REDIS000x",
            b"REDIS 012",
            b"redis0012",
            b"VALKEYx80",
            b"VALKEY000",
        ] {
            assert_eq!(Magic::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_checksum_comes_with_version_5_and_with_valkey() {
        let of = |text| Magic::parse(text).unwrap();
        assert!(!of(b"REDIS0004").has_checksum());
        assert!(of(b"REDIS0005").has_checksum() && of(b"VALKEY080").has_checksum());
        assert!(!of(b"REDIS0012").is_newer() && of(b"REDIS0013").is_newer());
        assert!(!of(b"VALKEY080").is_newer() && of(b"VALKEY081").is_newer());
    }

    #[test]
    fn a_beginning_of_a_magic_is_told_from_other_bytes() {
        for cut in [&b"R"[..], b"REDI", b"REDIS", b"REDIS001", b"VALKEY", b"VALKEY08"] {
            assert!(is_cut_off(cut), "{cut:?}");
        }
        for other in [&b""[..], b"r", b"REDO", b"REDISx", b"VALKEY0x", b"REDIS0011"] {
            assert!(!is_cut_off(other), "{other:?}");
        }
    }
}
