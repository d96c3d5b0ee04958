//! Why a request for bytes of an object did not bring them.

use std::io;

use super::reason::Reason;
use super::request::NoAnswer;
use crate::http::{Failure, Stage};
use crate::retry::{Cause, may_pass};

/// The answer has a Content-Range that is malformed or leaves a gap.
pub(super) const OTHER_RANGE: &str = "the storage's answer is for another range than was asked for";

/// Why a request did not bring the bytes that were asked for.
pub(super) enum FetchError {
    /// The part or its record could not be written.
    Disk(io::Error),
    /// No bytes of the object came.
    NoAnswer(NoAnswer),
    /// The object has another ETag or length than before.
    Changed,
    /// The object has the same ETag as before and another length. Both lengths are in bytes.
    TwoLengths(u64, u64),
    /// The whole object came in answer to a range.
    NoRanges,
    /// The answer has other bytes than were asked for, by its Content-Range.
    OtherPart,
    /// The answer does not fit the request, for the reason given.
    Odd(String),
    /// The connection broke after `at` bytes of the object, which has `of` bytes where that is known.
    Cut {
        at: u64,
        of: Option<u64>,
        failure: Option<Box<Failure>>,
    },
    /// The connection brought next to nothing.
    TooSlow,
    /// Sending the request again would not help.
    Final(Reason),
}

impl FetchError {
    /// Whether the connection fell silent.
    pub(super) fn is_silence(&self) -> bool {
        match self {
            Self::NoAnswer(NoAnswer::Transport(failure))
            | Self::Cut {
                failure: Some(failure), ..
            } => failure.stage == Stage::Timeout,
            _ => false,
        }
    }

    /// The reason why a file is given up whose request failed in this way.
    pub(super) fn into_reason(self) -> Reason {
        match self {
            Self::NoAnswer(NoAnswer::Transport(failure)) => Reason::Transport(*failure),
            Self::Cut { at, of, failure } => Reason::Cut { at, of, failure },
            Self::NoAnswer(NoAnswer::Failed(said) | NoAnswer::Odd(said)) | Self::Odd(said) => Reason::Answer(said),
            Self::NoAnswer(answer @ NoAnswer::NoSuchRange) => Reason::Answer(answer.to_string()),
            Self::TooSlow => Reason::TooSlow,
            Self::Final(reason) => reason,
            _ => Reason::Answer("the storage's answer makes no sense".to_owned()),
        }
    }
}

impl From<io::Error> for FetchError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<NoAnswer> for FetchError {
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::Final(reason) => Self::Final(reason),
            NoAnswer::Transport(failure) if !may_pass(Cause::Transport(&failure)) => {
                Self::Final(Reason::Transport(*failure))
            }
            NoAnswer::Odd(said) => Self::Odd(said),
            other => Self::NoAnswer(other),
        }
    }
}
