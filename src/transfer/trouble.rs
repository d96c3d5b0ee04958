//! The consequence of a request that brought no bytes, or too few, for its file: another try, a new link, a
//! new start, or the end.

use std::io;
use std::sync::MutexGuard;
use std::time::Duration;

use super::attempts::Next;
use super::pool::{Destination, Pool};
use super::reason::Reason;
use super::request::NoAnswer;
use super::state::{First, Kind, Slot, Stage as FileStage, State, Task};
use crate::http::{Failure, Stage};
use crate::retry::{Cause, may_pass};
use crate::values::link::Link;

/// The least pause before the same link is used again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// After so many answers to a range that are none, the file is asked for without a range.
const ODD_ANSWERS: u32 = 2;
/// After so many refusals of pieces in a row, ranges count as refused even if some were served before. A link may
/// expire twice before it is used.
const REFUSED_PIECES: u32 = 5;

/// The reason for which a request ended.
pub(super) enum Trouble {
    Disk(io::Error),
    NoAnswer(NoAnswer),
    /// The ETag or the length is not the one that the object had.
    Changed,
    /// A version that has one length and another.
    TwoLengths(u64, u64),
    /// The whole object came in answer to a range.
    NoRanges,
    /// Another part came than was asked for.
    OtherPart,
    /// The answer does not fit the request.
    Odd(String),
    /// The connection broke after so many bytes of the object, of so many where that is known.
    Cut {
        at: u64,
        of: Option<u64>,
        failure: Option<Box<Failure>>,
    },
    /// The connection brought next to nothing.
    TooSlow,
    /// Trying again does not change it.
    Final(Reason),
}

impl Trouble {
    /// Whether the connection fell silent.
    fn is_silence(&self) -> bool {
        match self {
            Self::NoAnswer(NoAnswer::Transport(failure)) => failure.stage == Stage::Timeout,
            Self::Cut { failure, .. } => failure.as_ref().is_some_and(|failure| failure.stage == Stage::Timeout),
            _ => false,
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<NoAnswer> for Trouble {
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

impl Slot {
    /// Ends what a task had begun.
    fn end(&mut self, task: &Task) {
        match task.kind {
            Kind::First(..) => self.is_first_in_flight = false,
            Kind::Piece(id, _) => {
                self.pieces.give_back(id);
                self.flying.retain(|flying| flying.id != id);
            }
        }
    }

    /// Makes sure that somebody asks for what is missing.
    pub(super) fn settle(&mut self) {
        let is_open = self.stage == FileStage::Fetching && self.failed.is_none() && !self.pieces.is_complete();
        if is_open && self.first.is_none() && !self.has_ranges && self.pieces.flights() == 0 {
            let can_resume = self.object.etag.is_some() && self.object.length.is_some() && !self.is_single;
            self.first = Some(match can_resume && !self.refuses_ranges {
                true => First::Resume,
                false => First::Plain,
            });
            self.is_first_in_flight = false;
        }
    }
}

impl Pool {
    /// Does what lets the next request of the file fare better, or gives the file up.
    pub(super) fn recover(&self, task: &Task, generation: u64, link: &Link, trouble: Trouble, sent: Duration) {
        let now = self.now();
        let mut state = self.lock();
        let total = state.received;
        let silent_for = now.saturating_sub(state.last_progress);
        let delivering = state.delivering();
        let slot = &mut state.files[task.file];
        if slot.generation != generation {
            return;
        }
        slot.end_all_of(task);
        let was_range = task.range().is_some();
        let mut note = None;
        let mut refused = None;
        match trouble {
            Trouble::Final(reason) => slot.fail(reason),
            Trouble::Disk(error) => slot.fail(Reason::Disk {
                doing: "written",
                error,
            }),
            Trouble::TwoLengths(one, other) => {
                slot.has_two_lengths = true;
                slot.fail(Reason::TwoLengths(one, other));
            }
            Trouble::Changed => {
                slot.is_disputed = true;
                slot.start_again(First::Plain);
            }
            Trouble::OtherPart => {
                note = Some("the storage sent another part than was asked for; starting again".to_owned());
                slot.odd(First::Plain);
            }
            Trouble::NoRanges => {
                slot.has_ranges = false;
                slot.refuses_ranges = true;
                slot.settle();
            }
            Trouble::NoAnswer(NoAnswer::Precondition(_)) if was_range && task.has_condition => {
                slot.is_disputed = true;
                slot.start_again(First::Plain);
            }
            Trouble::NoAnswer(NoAnswer::NoSuchRange) if was_range => {
                note = Some("the storage has no such range of bytes; starting again".to_owned());
                slot.odd(First::Plain);
            }
            Trouble::Odd(said) if was_range => {
                note = Some(format!("{said}; asking again"));
                slot.odd(First::Resume);
            }
            Trouble::NoAnswer(NoAnswer::Busy(said, asked_for)) => {
                // It counts for nothing as long as the run comes on.
                if silent_for >= self.options.patience {
                    slot.fail(Reason::Answer(said));
                } else {
                    let is_first = slot.paused_until <= now;
                    let delay = slot.attempts.busy(asked_for);
                    if is_first || asked_for.is_some() {
                        slot.paused_until = slot.paused_until.max(now + delay);
                        note = Some(format!("{said}; going on in {:.1} s", delay.as_secs_f64()));
                    }
                    slot.settle();
                    state.pace.too_many(delivering, now, total);
                }
            }
            Trouble::NoAnswer(NoAnswer::Refused(said)) => {
                slot.settle();
                refused = Some(said);
            }
            // Nothing was asked for on a condition.
            Trouble::NoAnswer(NoAnswer::Precondition(said)) => slot.fail(Reason::Status { status: 412, said }),
            // Others bring bytes, and this piece is asked for again.
            trouble if trouble.is_silence() && slot.delivers(now, self.options.patience) => slot.settle(),
            trouble => {
                if matches!(trouble, Trouble::TooSlow) {
                    slot.slow += 1;
                }
                let reason = reason_of(trouble);
                let count = slot.attempts.count(sent, now);
                match count {
                    Next::GiveUp(times) => slot.fail(repeated(reason, times)),
                    Next::Wait(_) | Next::Together if slot.slow >= self.options.max_attempts => {
                        let times = slot.slow;
                        slot.fail(repeated(reason, times));
                    }
                    Next::Wait(delay) => {
                        slot.paused_until = now + delay;
                        note = Some(format!("{reason}; going on in {:.1} s", delay.as_secs_f64()));
                        slot.settle();
                    }
                    Next::Together => slot.settle(),
                }
            }
        }
        match refused {
            Some(said) => self.replace_link(state, task, link, said, sent),
            None => drop(state),
        }
        if let Some(note) = note {
            self.note(task.file, note);
        }
        self.wake();
    }

    /// The storage refuses the link: asks the service for a new one.
    ///
    /// It is given the lock that the refusal was noted under: released in between, another connection
    /// would ask once more with the link that was just refused.
    fn replace_link(&self, mut state: MutexGuard<'_, State>, task: &Task, link: &Link, said: String, sent: Duration) {
        let now = self.now();
        let slot = &mut state.files[task.file];
        if slot.generation != task.generation || slot.link != *link || slot.is_refreshing {
            // Another connection has asked for a new link, or does so.
            return;
        }
        let mut delay = Duration::ZERO;
        let is_piece = matches!(task.kind, Kind::Piece(..));
        if is_piece {
            slot.refused_pieces += 1;
            let most = if slot.has_served_pieces {
                REFUSED_PIECES
            } else {
                ODD_ANSWERS
            };
            if slot.refused_pieces >= most {
                // The link works, as the bytes of the first answer show: it is ranges that are refused.
                (slot.refuses_ranges, slot.has_ranges) = (true, false);
                slot.settle();
                return;
            }
            delay = FIRST_PAUSE * (slot.refused_pieces - 1);
        }
        let was_refused = !slot.attempts.is_first_refusal();
        let is_about_link = is_piece && slot.has_served_pieces;
        if was_refused && !is_about_link {
            // A storage that refuses large ranges for ever may give the whole.
            if task.range().is_some() && !slot.refuses_ranges {
                slot.refuses_ranges = true;
                slot.has_ranges = false;
                slot.start_again(First::Plain);
                return;
            }
            match slot.attempts.count(sent, now) {
                Next::GiveUp(times) => {
                    slot.fail(repeated(Reason::Answer(said), times));
                    return;
                }
                Next::Wait(wait) => delay = wait,
                Next::Together => {}
            }
        }
        slot.is_refreshing = true;
        let generation = slot.generation;
        // Nobody uses the link meanwhile.
        let paused_until = std::mem::replace(&mut slot.paused_until, Duration::MAX);
        drop(state);
        self.note(task.file, format!("{said}; asking for a new link"));
        let fresh = self.options.links.fresh(task.file, link);
        let now = self.now();
        let mut state = self.lock();
        let slot = &mut state.files[task.file];
        slot.is_refreshing = false;
        slot.paused_until = paused_until;
        if slot.generation != generation {
            return;
        }
        match fresh {
            Ok(fresh) => {
                // Links that are made in the same second are equal.
                if fresh == *link {
                    delay = delay.max(FIRST_PAUSE);
                }
                slot.paused_until = paused_until.max(now + delay);
                slot.link = fresh;
            }
            Err(why) => match slot.attempts.count(now, now) {
                Next::GiveUp(_) => slot.fail(Reason::NoLink(why)),
                Next::Wait(wait) => {
                    slot.paused_until = now + wait.max(delay);
                    drop(state);
                    self.note(task.file, Reason::NoLink(why).to_string());
                }
                Next::Together => {}
            },
        }
    }

    /// A flight has brought all that its answer had.
    pub(super) fn land(&self, destination: &Destination) {
        let mut state = self.lock();
        let slot = &mut state.files[destination.file];
        if slot.generation == destination.generation {
            slot.pieces.give_back(destination.id);
            slot.flying.retain(|flying| flying.id != destination.id);
            slot.settle();
        }
        drop(state);
        self.wake();
    }

    /// A flight has brought the last byte of an object whose length was not told.
    pub(super) fn end_here(&self, destination: &Destination) {
        let mut state = self.lock();
        let slot = &mut state.files[destination.file];
        if slot.generation == destination.generation {
            slot.pieces.end_here();
            slot.flying.clear();
        }
        drop(state);
        self.wake();
    }
}

impl Slot {
    /// Ends a task and, where it was a first one that had begun to bring bytes, its flight.
    fn end_all_of(&mut self, task: &Task) {
        self.end(task);
        if let Kind::First(..) = task.kind
            && let Some(id) = self.open_flight.take()
        {
            self.pieces.give_back(id);
            self.flying.retain(|flying| flying.id != id);
        }
        if self.pieces.length().is_none() {
            self.is_first_in_flight = false;
        }
    }

    /// Notes an answer to a range that is none; after a few, the file is asked for without a range.
    fn odd(&mut self, otherwise: First) {
        self.odd += 1;
        let first = match self.odd >= ODD_ANSWERS {
            true => {
                self.refuses_ranges = true;
                self.has_ranges = false;
                First::Plain
            }
            false => otherwise,
        };
        self.start_again(first);
    }
}

fn reason_of(trouble: Trouble) -> Reason {
    match trouble {
        Trouble::NoAnswer(NoAnswer::Transport(failure)) => Reason::Transport(*failure),
        Trouble::Cut { at, of, failure } => Reason::Cut { at, of, failure },
        Trouble::NoAnswer(NoAnswer::Failed(said) | NoAnswer::Odd(said)) | Trouble::Odd(said) => Reason::Answer(said),
        Trouble::NoAnswer(NoAnswer::NoSuchRange) => Reason::Answer("the storage has no such range of bytes".to_owned()),
        Trouble::TooSlow => Reason::TooSlow,
        Trouble::Final(reason) => reason,
        _ => Reason::Answer("the storage's answer makes no sense".to_owned()),
    }
}

fn repeated(last: Reason, times: u32) -> Reason {
    match times {
        1 => last,
        times => Reason::Repeated {
            last: Box::new(last),
            times,
        },
    }
}
