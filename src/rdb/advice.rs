//! What to do about a file that is no sound RDB file, as data; `file` has the words.

use super::checksum::Sum;
use super::foreign::Foreign;
use super::trailing::TrailingKind;
use super::verdict::{Corruption, Verdict};

/// What to do about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    /// It was damaged or cut on its way.
    FetchAgain,
    /// It is as it was written, so another copy has the same fault.
    MakeAnew,
    /// It is sound up to this byte.
    CutOff { end: u64 },
    /// A second file begins at this byte.
    Split { at: u64 },
    /// This command unpacks it to standard output.
    Unpack(&'static str),
    /// It is a text, such as a server's message of an error.
    Read,
    /// It is an append-only file.
    CheckAof,
    /// This many lines stand before the file.
    SkipLines(usize),
    /// This many bytes stand before the file.
    SkipBytes(usize),
}

impl Advice {
    /// Whether both say the same, apart from the byte that they name.
    pub(crate) fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::CutOff { .. }, Self::CutOff { .. }) | (Self::Split { .. }, Self::Split { .. }) => true,
            (one, other) => one == other,
        }
    }

    /// Whether the file is as it was written, with more around it or a fault in it, so that fetching it
    /// again gives the same bytes.
    pub(crate) fn is_of_stored_bytes(self) -> bool {
        matches!(self, Self::MakeAnew | Self::CutOff { .. } | Self::Split { .. })
    }
}

impl Verdict {
    /// What to do about the file, unless it is good.
    pub(crate) fn advice(&self) -> Option<Advice> {
        match self {
            Self::Ok(_) | Self::Unverified(_) => None,
            Self::Incomplete(_) => Some(Advice::FetchAgain),
            Self::Corrupt(corruption) => Some(of_corruption(corruption)),
            Self::NotRdb(foreign) => Some(match foreign {
                Foreign::Packed { unpack, .. } => Advice::Unpack(unpack),
                Foreign::Text(_) => Advice::Read,
                Foreign::Replication { lines } => Advice::SkipLines(*lines),
                Foreign::Preceded { bytes } => Advice::SkipBytes(*bytes),
                Foreign::AppendOnly | Foreign::AppendOnlyManifest => Advice::CheckAof,
                _ => Advice::FetchAgain,
            }),
        }
    }
}

fn of_corruption(corruption: &Corruption) -> Advice {
    match corruption {
        Corruption::SecondFile(at) => Advice::Split { at: *at },
        Corruption::Follows {
            end, front: Sum::Right, ..
        } => Advice::CutOff { end: *end },
        // Without a checksum before them, bytes of an unknown kind may belong to the file itself.
        Corruption::Follows {
            end,
            front: Sum::None,
            trailing,
            ..
        } if trailing.kind() != TrailingKind::Other => Advice::CutOff { end: *end },
        Corruption::Ends(_, Sum::Right) | Corruption::Breaks { sum: Sum::Right, .. } => Advice::MakeAnew,
        Corruption::Follows { whole: Sum::Right, .. } => Advice::MakeAnew,
        _ => Advice::FetchAgain,
    }
}

#[cfg(test)]
mod tests {
    use super::super::checksum::END;
    use super::super::sample::{File, slow_crc64};
    use super::*;
    use crate::rdb::Reader;

    /// The advice on a file with these bytes.
    fn advice(bytes: &[u8]) -> Option<Advice> {
        let mut reader = Reader::new();
        reader.update(bytes);
        reader.finish().verdict.advice()
    }

    fn with_right_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.extend(slow_crc64(&bytes).to_le_bytes());
        bytes
    }

    #[test]
    fn each_kind_of_file_has_its_advice() {
        let file = File::new(b"REDIS0009").database(0).string(b"key", b"value");
        let unchecked = file.clone().finish_unchecked();
        let cases = [
            (file.clone().finish(), None),
            (unchecked.clone(), None),
            (file.clone().bytes(), Some(Advice::FetchAgain)),
            (
                b"\n+FULLRESYNC 0 5\r\n$9\r\nREDIS0011".to_vec(),
                Some(Advice::SkipLines(3)),
            ),
            (b"\0REDIS0011".to_vec(), Some(Advice::SkipBytes(1))),
            (b"*1\r\n$4\r\nPING\r\n".to_vec(), Some(Advice::CheckAof)),
            (b"file a.aof seq 1 type b\n".to_vec(), Some(Advice::CheckAof)),
            (b"<Error>".to_vec(), Some(Advice::Read)),
            // A server that computes a checksum writes it over what it wrote, however wrong that is.
            (
                with_right_checksum(file.clone().raw(&[0]).bytes()),
                Some(Advice::MakeAnew),
            ),
            (
                with_right_checksum(file.clone().key(0, b"k").raw(&[0xc9, END]).bytes()),
                Some(Advice::MakeAnew),
            ),
            (
                with_right_checksum(file.raw(&[END; 100]).bytes()),
                Some(Advice::MakeAnew),
            ),
            // Without a checksum, only bytes of a known kind are certain not to belong to the file.
            (
                [&unchecked[..], b"\n"].concat(),
                Some(Advice::CutOff {
                    end: unchecked.len() as u64,
                }),
            ),
            ([&unchecked[..], b"junk"].concat(), Some(Advice::FetchAgain)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(advice(&bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn advice_is_alike_where_only_the_byte_differs() {
        for (one, other, are_alike) in [
            (Advice::CutOff { end: 1 }, Advice::CutOff { end: 2 }, true),
            (Advice::Split { at: 1 }, Advice::Split { at: 2 }, true),
            (Advice::CutOff { end: 1 }, Advice::Split { at: 1 }, false),
            (Advice::Read, Advice::Read, true),
            (Advice::Read, Advice::FetchAgain, false),
        ] {
            assert_eq!(one.is_like(other), are_alike, "{one:?}, {other:?}");
        }
    }
}
