//! What to do about a file that is no sound RDB file.

use super::checksum::Sum;
use super::foreign::Foreign;
use super::trailing::Kind;
use super::verdict::{Corruption, Verdict};

/// What to do about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    /// It was damaged or cut on its way.
    FetchAgain,
    /// It is as it was written, so that another copy has the same fault.
    MakeAnew,
    /// It is sound up to this byte.
    CutOff { end: u64 },
    /// A second file begins at this byte.
    Part { at: u64 },
    /// This command unpacks it to standard output.
    Unpack(&'static str),
    /// It is a text, such as a server's message of an error.
    Read,
}

impl Advice {
    /// Whether both are the same but for the file.
    pub(crate) fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::CutOff { .. }, Self::CutOff { .. }) | (Self::Part { .. }, Self::Part { .. }) => true,
            (one, other) => one == other,
        }
    }

    /// What to do in words; `name` is the file's, quoted for a shell.
    pub(crate) fn text(self, name: &str) -> String {
        match self {
            Self::FetchAgain => "fetch a damaged one again, best with 'jdredis backup download'".to_owned(),
            Self::MakeAnew => {
                "make a new backup where a server has written damaged contents: a file whose checksum is \
                               right stays the same however often it is fetched"
                    .to_owned()
            }
            Self::CutOff { end } => {
                format!("keep the RDB file alone with: head -c {end} {name} > whole.rdb")
            }
            Self::Part { at } => {
                let second = at + 1;
                format!("part two files with: head -c {at} {name} > first.rdb; tail -c +{second} {name} > second.rdb")
            }
            Self::Unpack(unpack) => format!("look inside with: {unpack} {name} | jdredis backup verify -"),
            Self::Read => "read a text that is no RDB file: it may say why there is no backup in it".to_owned(),
        }
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
                Foreign::Known(_) => Advice::Read,
                _ => Advice::FetchAgain,
            }),
        }
    }
}

fn of_corruption(corruption: &Corruption) -> Advice {
    match corruption {
        Corruption::SecondFile(at) => Advice::Part { at: *at },
        Corruption::Follows {
            end, front: Sum::Right, ..
        } => Advice::CutOff { end: *end },
        // Without a checksum before them, bytes that have no name may as well be the file's own.
        Corruption::Follows {
            end,
            front: Sum::None,
            trailing,
            ..
        } if trailing.kind() != Kind::Other => Advice::CutOff { end: *end },
        Corruption::Ends(_, Sum::Right) | Corruption::Breaks { sum: Sum::Right, .. } => Advice::MakeAnew,
        Corruption::Follows { whole: Sum::Right, .. } => Advice::MakeAnew,
        _ => Advice::FetchAgain,
    }
}
