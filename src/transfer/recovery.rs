//! What happens to a file after one of its requests failed: the request is sent again, a new link is asked for,
//! the file is started again, or it is given up.

use std::sync::MutexGuard;
use std::time::Duration;

use super::attempts::Next;
use super::fetch_error::FetchError;
use super::pool::{Destination, Pool};
use super::reason::Reason;
use super::request::NoAnswer;
use super::state::{First, Kind, Slot, State, Task};
use crate::values::link::Link;

/// The least pause before the same link is used again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// After this many answers that do not fit their range, the file is requested without a range.
const ODD_ANSWERS: u32 = 2;
/// After this many refusals of pieces in a row, ranges count as refused even if some were served before. Fewer
/// may be due to links: a link may expire twice before it is used.
const REFUSED_PIECES: u32 = 5;

impl Pool {
    /// Decides what happens after a request failed: changes how the file is requested next, or gives it up.
    /// `generation` is the start of the file that the request belongs to, and `sent` when it was sent.
    pub(super) fn recover(&self, task: &Task, generation: u64, link: &Link, error: FetchError, sent: Duration) {
        let now = self.now();
        let mut state = self.lock();
        let total = state.received;
        let silent_for = now.saturating_sub(state.last_progress);
        let delivering = state.delivering();
        let slot = &mut state.files[task.file];
        if slot.generation != generation {
            return;
        }
        slot.end_task(task);
        if slot.pieces.is_complete() && !matches!(error, FetchError::TwoLengths(..)) {
            // Other flights have brought the bytes that were asked for, so nothing is requested any more.
            return;
        }
        let was_range = task.range().is_some();
        let mut note = None;
        let mut refused = None;
        match error {
            FetchError::Final(reason) => slot.fail(reason),
            FetchError::Disk(error) => slot.fail(Reason::Disk {
                doing: "written",
                error,
            }),
            FetchError::TwoLengths(one, other) => {
                slot.has_two_lengths = true;
                slot.fail(Reason::TwoLengths(one, other));
            }
            FetchError::Changed => {
                slot.is_disputed = true;
                slot.start_again(First::Plain);
            }
            FetchError::OtherPart => {
                note = Some("the storage sent another part than was asked for; starting again".to_owned());
                slot.start_after_odd_answer(First::Plain);
            }
            FetchError::NoRanges => {
                slot.refuse_ranges();
                slot.settle();
            }
            FetchError::NoAnswer(NoAnswer::Precondition(_)) if was_range && task.has_condition => {
                slot.is_disputed = true;
                slot.start_again(First::Plain);
            }
            FetchError::NoAnswer(NoAnswer::NoSuchRange) if was_range => {
                note = Some(format!("{}; starting again", NoAnswer::NoSuchRange));
                slot.start_after_odd_answer(First::Plain);
            }
            FetchError::Odd(said) if was_range => {
                note = Some(format!("{said}; asking again"));
                slot.start_after_odd_answer(First::Resume);
            }
            FetchError::NoAnswer(NoAnswer::Busy(said, asked_for)) => {
                // This counts as no failure as long as the run makes progress.
                if silent_for >= self.options.patience {
                    slot.fail(Reason::Answer(said));
                } else {
                    let is_first = slot.paused_until <= now;
                    let delay = slot.attempts.busy(asked_for, now);
                    if is_first || asked_for.is_some() {
                        slot.paused_until = slot.paused_until.max(now + delay);
                        note = Some(format!("{said}; going on in {:.1} s", delay.as_secs_f64()));
                    }
                    slot.settle();
                    state.pace.too_many(delivering, now, total);
                }
            }
            FetchError::NoAnswer(NoAnswer::Refused(said)) => {
                slot.settle();
                refused = Some(said);
            }
            // The request had no condition.
            FetchError::NoAnswer(NoAnswer::Precondition(said)) => slot.fail(Reason::Status { status: 412, said }),
            // Other connections bring bytes, and one of them will request this piece again.
            error if error.is_silence() && slot.delivers(now, self.options.patience) => slot.settle(),
            error => {
                let is_slow = matches!(error, FetchError::TooSlow);
                let reason = error.into_reason();
                let count = slot.attempts.count(sent, now);
                if is_slow && count != Next::Together {
                    slot.slow += 1;
                }
                match count {
                    Next::GiveUp(times) => slot.fail(repeated(reason, times)),
                    Next::Wait(_) | Next::Together if slot.slow >= self.options.max_attempts => {
                        let times = slot.slow;
                        slot.fail(repeated(reason, times));
                    }
                    Next::Wait(delay) => {
                        slot.paused_until = slot.paused_until.max(now + delay);
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

    /// Asks the service for a new link after the storage refused this one.
    ///
    /// It takes over the lock under which the refusal was noted. If the lock were released in between, another
    /// connection would send a request with the refused link.
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
                // The first answer brought bytes, so the link works, and the storage refuses ranges.
                slot.refuse_ranges();
                slot.settle();
                return;
            }
            delay = FIRST_PAUSE * (slot.refused_pieces - 1);
        }
        let was_refused = !slot.attempts.is_first_refusal();
        let is_about_link = is_piece && slot.has_served_pieces;
        if was_refused && !is_about_link {
            // A storage that refuses every range may serve the whole object.
            if task.range().is_some() && !slot.refuses_ranges {
                slot.refuse_ranges();
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
        // No request uses the refused link meanwhile.
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
                // Links that the service makes in the same second are equal.
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

    /// Ends a flight whose answer ended before the flight did. The rest is handed out again.
    pub(super) fn land(&self, destination: &Destination) {
        let mut state = self.lock();
        let slot = &mut state.files[destination.file];
        if slot.generation == destination.generation {
            slot.end_flight(destination.id);
            slot.settle();
        }
        drop(state);
        self.wake();
    }

    /// Notes that the object, whose length was not told, ends with the bytes that have come.
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
    /// Starts the file again after an answer that does not fit the range that was asked for: with `first`, or
    /// without a range if there were [`ODD_ANSWERS`] of them.
    fn start_after_odd_answer(&mut self, first: First) {
        self.odd_answers += 1;
        if self.odd_answers < ODD_ANSWERS {
            self.start_again(first);
        } else {
            self.refuse_ranges();
            self.start_again(First::Plain);
        }
    }

    /// Requests no more ranges of the file.
    fn refuse_ranges(&mut self) {
        (self.refuses_ranges, self.has_ranges) = (true, false);
    }
}

/// The reason of a failure that came `times` times in a row.
fn repeated(last: Reason, times: u32) -> Reason {
    match times {
        1 => last,
        times => Reason::Repeated {
            last: Box::new(last),
            times,
        },
    }
}
