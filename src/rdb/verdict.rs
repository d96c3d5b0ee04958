//! The verdict on a file, from its checksum and its structure together.

use std::fmt;

use super::checksum::{Damage, Sum};
use super::foreign::Foreign;
use super::trailing::Trailing;
use super::walk::Unknown;

/// The verdict on a file that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A whole RDB file. Its checksum is right, and its structure ends where the file does. The note is
    /// about a structure that is not understood from some byte on.
    Ok(Option<NotUnderstood>),
    /// An RDB file in which nothing was found wrong, but which has no checksum.
    Unverified(Unchecked),
    /// An RDB file that differs from the one that was written.
    Corrupt(Corruption),
    /// An RDB file without a checksum that ends too early.
    Incomplete(Cut),
    /// No RDB file.
    NotRdb(Foreign),
}

/// The part of a structure that is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotUnderstood {
    /// The first byte that is not understood, counted from 0. `None` if the walk came to the end of the
    /// file, but its version is newer than those known here.
    pub(super) at: Option<u64>,
    pub(super) why: Why,
}

/// Why a structure is not known from some byte on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// An item that is not in the table.
    Unknown(Unknown),
    /// The version of the format, and the newest that is known.
    NewerVersion(u16, u16),
}

/// An RDB file without a checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unchecked {
    /// The version of the format, where it is one that has no checksum.
    pub(super) old_version: Option<u16>,
    pub(super) not_understood: Option<NotUnderstood>,
}

impl Unchecked {
    /// Whether the structure was walked to the file's last byte, so that no byte is missing at its end.
    pub(crate) fn is_structure_whole(&self) -> bool {
        self.not_understood.is_none_or(|note| note.at.is_none())
    }
}

/// The item inside which the bytes of a file end, and the byte at which that item begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inside {
    /// A type or an opcode, with an article.
    Item(&'static str, u64),
    /// The eight bytes after the end opcode.
    Checksum(u64),
    /// No item: the next one would begin at this byte.
    Nothing(u64),
}

/// The signs that a file without a checksum was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Inside(Inside),
    /// The structure is not understood, and the last bytes are not those of an RDB file.
    NoEnd(NotUnderstood),
}

/// The damage to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Corruption {
    /// It has no bytes.
    Empty,
    /// The magic is damaged. `None` if it is one bit away from a magic, and no checksum tells from which.
    Magic(Option<Damage>),
    /// Everything is there, but the checksum does not match the bytes.
    Checksum { written: u64, computed: u64 },
    /// Another file begins at this byte.
    SecondFile(u64),
    /// The structure ends before this byte, and bytes follow. `front` is the result of the checksum before
    /// it, `whole` that of the last bytes of the file.
    Follows {
        end: u64,
        front: Sum,
        whole: Sum,
        trailing: Trailing,
    },
    /// The bytes end inside an item, or before the end opcode; with the result of the checksum.
    Ends(Inside, Sum),
    /// The structure breaks at this byte.
    Breaks {
        at: u64,
        /// How many bytes follow, that one among them.
        left: u64,
        why: Fault,
        sum: Sum,
    },
    /// The structure is not understood, the checksum fits, and yet no end opcode stands before it.
    NoEnd(NotUnderstood),
}

/// The fault of the bytes at which a structure breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// They have no form that a server writes, in words.
    Form(&'static str),
    /// They stand in the place of a type, and this type is not known.
    Type(u8),
}

impl Verdict {
    /// The reason for the file's state or a note on it, on one line; `None` for a good file without a note.
    pub(crate) fn reason(&self) -> Option<String> {
        match self {
            Self::Ok(note) => note.map(|note| format!("the checksum is right; {note}")),
            Self::Unverified(reason) => Some(reason.to_string()),
            Self::Corrupt(reason) => Some(reason.to_string()),
            Self::Incomplete(reason) => Some(reason.to_string()),
            Self::NotRdb(reason) => Some(reason.to_string()),
        }
    }
}

impl fmt::Display for NotUnderstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(at) = self.at else {
            return self.why.fmt(f);
        };
        write!(f, "not understood from byte {at} on ({})", self.why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(Unknown::Item { byte, .. }) => write!(f, "unknown type or opcode {byte}"),
            Self::Unknown(Unknown::ModuleValue(kind)) => write!(f, "unknown kind {kind} of a module's value"),
            Self::NewerVersion(version, newest) => {
                write!(
                    f,
                    "RDB version {version} is newer than {newest}, the newest that is known"
                )
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(why) => f.write_str(why),
            Self::Type(number) => write!(f, "a value of unknown type {number}"),
        }
    }
}

impl fmt::Display for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.old_version {
            Some(version) => write!(f, "RDB version {version} has no checksum; "),
            None => f.write_str("written without a checksum; "),
        }?;
        if self.is_structure_whole() {
            f.write_str("structure whole to the last byte, contents unchecked")?;
        }
        match &self.not_understood {
            Some(note) if self.is_structure_whole() => write!(f, "; {note}"),
            Some(note) => note.fmt(f),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(name, at) => write!(f, "ends inside {name} that begins at byte {at}"),
            Self::Checksum(at) => write!(f, "ends inside the checksum that begins at byte {at}"),
            Self::Nothing(at) => write!(f, "ends inside the contents: no end opcode at byte {at}"),
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inside(inside) => inside.fmt(f),
            Self::NoEnd(note) => write!(f, "no end opcode where an RDB file has it; {note}"),
        }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let although = |sum: &Sum| match sum {
            Sum::Right => "the checksum is right, but the file ",
            Sum::Wrong { .. } | Sum::None => "",
        };
        match self {
            Self::Empty => f.write_str("empty"),
            Self::Magic(damage) => {
                f.write_str("damaged beginning: ")?;
                match damage {
                    None => f.write_str("one bit away from that of an RDB file"),
                    Some(Damage::Bit { byte }) => {
                        write!(
                            f,
                            "one bit of byte {byte} is flipped; with it restored, the checksum is right"
                        )
                    }
                    Some(Damage::Replaced(magic)) => {
                        write!(
                            f,
                            "with {} as its first bytes, the checksum is right",
                            magic.escape_ascii()
                        )
                    }
                    Some(Damage::Missing(magic, length)) => {
                        write!(
                            f,
                            "with {} before its first byte, the checksum is right",
                            magic[..*length].escape_ascii()
                        )
                    }
                }
            }
            Self::Checksum { written, computed } => {
                write!(
                    f,
                    "the checksum written is {written:016x}, that of the bytes {computed:016x}"
                )
            }
            Self::SecondFile(at) => write!(f, "a second RDB file begins at byte {at}"),
            Self::Follows {
                end,
                front,
                whole,
                trailing,
            } => match front {
                Sum::Right => write!(f, "whole and right up to byte {end}; {trailing}"),
                Sum::None => write!(f, "structure whole up to byte {end}; {trailing}"),
                Sum::Wrong { .. } if *whole == Sum::Right => {
                    write!(
                        f,
                        "the checksum is right, but the structure ends at byte {end}; {trailing}"
                    )
                }
                Sum::Wrong { .. } => write!(f, "the structure ends at byte {end}; {trailing}"),
            },
            Self::Ends(inside, sum) => write!(f, "{}{inside}", although(sum)),
            Self::Breaks { at, left, why, sum } => {
                if *sum == Sum::Right {
                    f.write_str("the checksum is right, but ")?;
                }
                write!(f, "the structure breaks at byte {at} ({why}); {left} bytes are left")
            }
            Self::NoEnd(note) => write!(f, "no end opcode where an RDB file has it; {note}"),
        }
    }
}
