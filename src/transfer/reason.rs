//! Why a file is not whole, as data: what is advised about it is decided in [`crate::error`].

use std::fmt;
use std::io;

use crate::http::{Failure, Stage};
use crate::terminal::human;

/// Why a file's fetching ended without a whole file, or what is to be known of one that is complete.
#[derive(Debug)]
pub(crate) enum Reason {
    /// The user ended the run.
    Interrupted,
    /// The part or its record cannot be read or written.
    Disk {
        /// What was being done: `read`, `written` or `read or written`.
        doing: &'static str,
        error: io::Error,
    },
    /// The disk has not enough room for the object; both in bytes.
    NoRoom { length: u64, available: u64 },
    /// The file was finished by an earlier run and its bytes are others now.
    ChangedOnDisk,
    /// Somebody made a file of its name while it was fetched.
    NameTaken,
    /// The link does not work any more, and there is no new one, for the reason given.
    NoLink(String),
    /// It came without a length, and nothing in it tells whether it is whole, for the reason given.
    UnknownLength(String),
    /// No answer came from the storage, or it broke off.
    Transport(Failure),
    /// What the storage answered, in words that are safe to show.
    Answer(String),
    /// What the file's own bytes say: why it is unverified or corrupt.
    Content(String),
    /// The same happened so many times in a row.
    Repeated { last: Box<Reason>, times: u32 },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted => f.write_str("interrupted"),
            Self::Disk { doing, error } => write!(f, "the file cannot be {doing}: {error}"),
            Self::NoRoom { length, available } => {
                let (length, available) = (human::size(*length), human::size(*available));
                write!(f, "the file has {length}, and the disk has room for {available}")
            }
            Self::ChangedOnDisk => f.write_str("the file that is there was changed after it was downloaded"),
            Self::NameTaken => f.write_str("a file of its name has appeared meanwhile"),
            Self::NoLink(reason) => write!(f, "there is no new link: {reason}"),
            Self::UnknownLength(reason) => {
                write!(
                    f,
                    "whether it is whole is unknown: it is {reason}, and came without a length"
                )
            }
            Self::Transport(failure) => match (failure.stage, failure.is_at_proxy) {
                (Stage::Tls(_), false) => write!(f, "no trusted encrypted connection to the storage: {failure}"),
                _ => failure.fmt(f),
            },
            Self::Answer(text) | Self::Content(text) => f.write_str(text),
            Self::Repeated { last, times } => write!(f, "{last}, {times} times in a row"),
        }
    }
}
