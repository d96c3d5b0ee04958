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
