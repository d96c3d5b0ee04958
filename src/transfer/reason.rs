//! The reason why a file is not whole, as data; [`crate::error`] decides the advice.

use std::fmt;
use std::io;

use crate::http::{Failure, Stage};
use crate::terminal::human;

/// Why a file is not whole, or what is in doubt about one that is complete.
#[derive(Debug)]
pub(crate) enum Reason {
    /// The user ended the run.
    Interrupted,
    /// The part or its record cannot be read or written.
    Disk {
        /// The operation that failed: `read` or `written`.
        doing: &'static str,
        error: io::Error,
    },
    /// The disk does not have enough room for the object. Both are in bytes.
    NoRoom { length: u64, available: u64 },
    /// An earlier run finished the file, and its bytes were changed since.
    ChangedOnDisk,
    /// Another process made a file of its name while it was fetched.
    NameTaken,
    /// The link does not work any more, and there is no new one, for the reason given.
    NoLink(String),
    /// It came without a length, and its bytes do not show whether it is whole, for the reason given.
    UnknownLength(String),
    /// No answer came from the storage, or it broke off.
    Transport(Failure),
    /// The file was not asked for, since requests for others failed in this way.
    NotTried(Failure),
    /// The storage's answer, in words that are safe to show.
    Answer(String),
    /// A status that trying again does not change, with what the storage said.
    Status { status: u16, said: String },
    /// The storage redirects to this host, where it names one.
    Redirect(Option<String>),
    /// A web page came instead of the file.
    Page,
    /// The bytes came in this encoding, such as gzip.
    Encoded(String),
    /// The object's first bytes are not those of an RDB file; what it is instead, in words.
    Foreign(String),
    /// The storage gives one version of the object two lengths, in bytes.
    TwoLengths(u64, u64),
    /// The connection broke after `at` bytes of the object, which has `of` bytes where that is known.
    Cut {
        at: u64,
        of: Option<u64>,
        failure: Option<Box<Failure>>,
    },
    /// A connection brought next to nothing for too long.
    TooSlow,
    /// Another process replaced or changed the part before it got its name.
    Exchanged,
    /// The file is whole and has its name, and the folder could not be synchronised: a power cut may lose the name.
    NameNotSynced(io::Error),
    /// The verdict on the file's bytes: why it is unverified or corrupt.
    Content(String),
    /// `last` is the last of this many failures in a row.
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
            Self::NotTried(failure) => {
                let origin = &failure.route.origin;
                write!(
                    f,
                    "not tried, since others could not be fetched from {origin}: {failure}"
                )
            }
            Self::Answer(text) | Self::Content(text) | Self::Status { said: text, .. } => f.write_str(text),
            Self::Redirect(Some(host)) => {
                write!(f, "the storage redirects elsewhere, which is not followed: to {host}")
            }
            Self::Redirect(None) => f.write_str("the storage redirects elsewhere, which is not followed"),
            Self::Page => f.write_str("a web page came instead of the file"),
            Self::Encoded(encoding) => write!(f, "the bytes came encoded ({encoding}), not as they are stored"),
            Self::Foreign(what) => f.write_str(what),
            Self::TwoLengths(one, other) => {
                write!(
                    f,
                    "the storage gives the same version two lengths: {one} and {other} bytes"
                )
            }
            Self::Cut { at, of, failure } => {
                let of = of.map_or_else(String::new, |of| format!(" of {of}"));
                write!(f, "the connection ended after {at}{of} bytes")?;
                failure
                    .as_ref()
                    .map_or(Ok(()), |failure| write!(f, ": {}", failure.detail))
            }
            Self::TooSlow => f.write_str("the connection brought less than 10 kB/s for a minute"),
            Self::Exchanged => f.write_str("it is not the file that was checked: somebody else changed or replaced it"),
            Self::NameNotSynced(error) => {
                write!(
                    f,
                    "a power cut may lose its name: the folder cannot be synchronised: {error}"
                )
            }
            Self::Repeated { last, times } => write!(f, "{last}, {times} times in a row"),
        }
    }
}
