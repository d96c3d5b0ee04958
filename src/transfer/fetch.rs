//! Carries out one request of a file: checks its answer before a byte is kept, and receives its bytes.
//!
//! The storage may ignore a condition such as `If-Match`, so ETag, start, length and encoding of every
//! answer are compared. An existing part is kept until an answer has passed all of these checks.

use std::cell::Cell;
use std::io::Read;
use std::ops::Range;
use std::time::Duration;

use super::Event;
use super::admission::fits;
use super::answer::Span;
use super::fetch_error::{FetchError, OTHER_RANGE};
use super::pieces::FlightId;
use super::pool::{Destination, Pool, Timing};
use super::request::{Answer, Ask, NoAnswer};
use super::state::{Kind, Task};
use crate::http::Stage;

/// A connection that brings fewer bytes a second than this for this long is given up.
const LEAST_RATE: f64 = 10_000.0;
const SLOW_FOR: Duration = Duration::from_secs(60);

/// Sends the request of a task, and writes the bytes of the answer to the part.
pub(super) fn run(pool: &Pool, task: &Task) {
    let link = pool.fresh_enough(task);
    let sent = pool.now();
    if let Some(reason) = pool.why_not(task, &link) {
        return pool.recover(task, task.generation, &link, FetchError::Final(reason), sent);
    }
    let range = task.range();
    let ask = Ask {
        link: &link,
        range: range.clone(),
        length: task.object.length,
        if_match: task
            .object
            .etag
            .as_deref()
            .filter(|_| range.is_some() && task.has_condition),
    };
    let outcome = pool.options.storage.get(&ask);
    pool.trace(task.file, &ask, &outcome, sent);
    pool.note_host(&link, &outcome);
    let flight = Fetch {
        pool,
        task,
        generation: Cell::new(task.generation),
    };
    let landed = match outcome {
        Ok(answer) => {
            pool.lock().pace.waited(answer.waited);
            match &task.kind {
                Kind::First(first, from) => flight.first(answer, *first, *from),
                Kind::Piece(id, piece) => flight.piece(answer, *id, piece),
            }
        }
        Err(NoAnswer::Transport(failure)) if failure.stage == Stage::Protocol => match &task.kind {
            // A request for a piece follows an answer that was valid HTTP, so the storage is not another program.
            Kind::Piece(_, range) => Err(FetchError::Cut {
                at: range.start,
                of: task.object.length,
                failure: Some(failure),
            }),
            Kind::First(..) => Err(NoAnswer::Transport(failure).into()),
        },
        Err(no_answer) => Err(no_answer.into()),
    };
    if let Err(error) = landed {
        pool.recover(task, flight.generation.get(), &link, error, sent);
    }
}

impl Pool {
    /// Reports a request for `-v`: method, host and object without the query, range, proxy, status, time.
    fn trace(&self, file: usize, ask: &Ask<'_>, outcome: &Result<Answer, NoAnswer>, sent: Duration) {
        let range = ask.range.as_ref().map_or_else(String::new, |range| match range.end {
            u64::MAX => format!(" {}-", range.start),
            end => format!(" {}-{}", range.start, end - 1),
        });
        let status = match outcome {
            Ok(answer) => format!("HTTP {}", answer.head.status),
            Err(no_answer) => no_answer.to_string(),
        };
        let took = self.now().saturating_sub(sent).as_millis();
        let proxy = self.options.storage.proxy(ask.link);
        let via = proxy.map_or_else(String::new, |proxy| format!(" through {proxy}"));
        let text = format!("GET {}{range}{via} -> {status} in {took} ms", ask.link.without_query());
        self.tell(file, Event::Request(text));
    }
}

impl Task {
    /// The range that is asked for; `None` is all of the object.
    pub(super) fn range(&self) -> Option<Range<u64>> {
        match &self.kind {
            Kind::First(_, 0) => None,
            Kind::First(_, from) => Some(*from..self.object.length.unwrap_or(u64::MAX)),
            Kind::Piece(_, range) => Some(range.clone()),
        }
    }
}

/// A request and where its bytes go.
pub(super) struct Fetch<'a> {
    pub(super) pool: &'a Pool,
    pub(super) task: &'a Task,
    /// The start of the file that it belongs to: the task's, until its answer starts the file again.
    pub(super) generation: Cell<u64>,
}

impl Fetch<'_> {
    /// Takes the answer to a request for a piece.
    fn piece(&self, answer: Answer, id: FlightId, piece: &Range<u64>) -> Result<(), FetchError> {
        if let Some(reason) = answer.head.refusal() {
            return Err(FetchError::Final(reason));
        }
        let part = {
            let mut state = self.pool.lock();
            let slot = &mut state.files[self.task.file];
            if slot.generation != self.task.generation {
                return Ok(());
            }
            let is_same_version = answer.head.etag == slot.object.etag;
            let is_same = is_same_version && answer.head.total() == slot.object.length;
            match &answer.head.span {
                Span::Unknown => {
                    return Err(FetchError::Odd(OTHER_RANGE.to_owned()));
                }
                _ if !is_same => {
                    return Err(match (slot.object.length, answer.head.total()) {
                        (Some(one), Some(other)) if is_same_version => FetchError::TwoLengths(one, other),
                        _ => FetchError::Changed,
                    });
                }
                // The storage serves no ranges. The bytes that are there stay, and one connection goes on.
                Span::Whole(_) => return Err(FetchError::NoRanges),
                Span::Part(range, _) if !fits(range, &answer.head, piece.start) => return Err(FetchError::OtherPart),
                Span::Part(..) => (slot.refused_pieces, slot.has_served_pieces) = (0, true),
            }
            slot.part.clone()
        };
        let Some(part) = part else { return Ok(()) };
        let Span::Part(range, _) = &answer.head.span else {
            return Ok(());
        };
        let destination = Destination {
            file: self.task.file,
            generation: self.task.generation,
            id,
            part,
        };
        self.pool.begin(&destination, answer.waited);
        self.receive(
            &destination,
            answer.body,
            Vec::new(),
            range.start,
            piece.start,
            Some(range.end),
        )
    }

    /// Reads an answer's bytes, which begin at offset `position` of the object and end before `until`, and writes
    /// those that belong to the flight. `head` are the first of them, which were read already. The bytes before
    /// `skip` are in the part already.
    pub(super) fn receive(
        &self,
        destination: &Destination,
        mut body: Box<dyn Read + Send>,
        head: Vec<u8>,
        mut position: u64,
        skip: u64,
        until: Option<u64>,
    ) -> Result<(), FetchError> {
        let pool = self.pool;
        let mut end = pool.lock().files[destination.file]
            .pieces
            .end_of(destination.id)
            .unwrap_or_default();
        let mut buffer = pool.take_buffer();
        let mut watch = Watch::default();
        let mut last_busy = Duration::ZERO;
        let mut head = Some(head).filter(|head| !head.is_empty());
        let (began, first_byte) = (pool.now(), position);
        loop {
            if pool.is_stopped() {
                return Ok(());
            }
            let before = pool.now();
            let count = match head.take() {
                Some(head) => {
                    buffer.resize(buffer.len().max(head.len()), 0);
                    buffer[..head.len()].copy_from_slice(&head);
                    head.len()
                }
                None => {
                    let chunk = pool.chunk().min(buffer.len());
                    body.read(&mut buffer[..chunk])
                        .map_err(|error| self.broken(error, position))?
                }
            };
            let idle = pool.now().saturating_sub(before);
            if count == 0 {
                break;
            }
            let limited = pool.limit.took(count, pool.now());
            let busy = pool.now();
            // No byte outside the flight's range is written, and none that is there already.
            let from = usize::try_from(skip.saturating_sub(position)).map_or(count, |from| from.min(count));
            if position + count as u64 > end {
                let Some(further) = pool.extend(destination, position + count as u64) else {
                    // Other connections have brought all bytes of the flight.
                    pool.give_buffer(buffer);
                    return Ok(());
                };
                end = further;
            }
            let agreed = end.min(until.unwrap_or(u64::MAX)).saturating_sub(position);
            let to = usize::try_from(agreed).map_or(count, |to| to.min(count));
            if from < to {
                let first = position + from as u64;
                let missing = pool.claim(destination, &(first..position + to as u64));
                self.write(destination, &missing, &buffer[from..to], first)?;
                let timing = Timing { idle, busy: last_busy };
                let (next, go_on) = pool.landed(destination, first, buffer, from..to, &missing, timing);
                buffer = next;
                match go_on {
                    Some(further) => end = further,
                    None => {
                        let time = pool.now().saturating_sub(began);
                        pool.lock().pace.brought(position + to as u64 - first_byte, time);
                        let is_to_end = until == Some(position + to as u64);
                        // Reading on to the end of the answer lets the connection be used again.
                        if is_to_end && to == count {
                            let _ = body.read(&mut buffer[..1]);
                        }
                        pool.give_buffer(buffer);
                        return Ok(());
                    }
                }
            }
            position += count as u64;
            if until.is_some_and(|until| position > until) {
                break;
            }
            last_busy = pool.now().saturating_sub(busy);
            pool.pause(limited);
            if watch.is_too_slow(count, idle) {
                return Err(FetchError::TooSlow);
            }
        }
        pool.give_buffer(buffer);
        match until {
            Some(until) if position < until => Err(FetchError::Cut {
                at: position,
                of: Some(self.total(until)),
                failure: None,
            }),
            // The answer brought fewer bytes than were asked for, which is still progress.
            Some(_) => {
                pool.land(destination);
                Ok(())
            }
            None => {
                pool.end_here(destination);
                Ok(())
            }
        }
    }

    /// Writes those of the bytes that are missing. The first of `bytes` has the offset `first` in the object.
    fn write(
        &self,
        destination: &Destination,
        missing: &[Range<u64>],
        bytes: &[u8],
        first: u64,
    ) -> Result<(), FetchError> {
        let at = |offset: u64| usize::try_from(offset - first).map_or(bytes.len(), |at| at.min(bytes.len()));
        for range in missing {
            let bytes = &bytes[at(range.start)..at(range.end)];
            if let Err(error) = destination.part.write_at(bytes, range.start) {
                self.pool.renounce(destination);
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// The error of a read that failed at this offset of the object.
    pub(super) fn broken(&self, error: std::io::Error, at: u64) -> FetchError {
        let failure = self.pool.options.storage.of_reading(error, &self.task.link);
        let of = self.pool.lock().files[self.task.file].object.length;
        FetchError::Cut {
            at,
            of,
            failure: Some(Box::new(failure)),
        }
    }

    /// The object's length, or `otherwise` if it is not known.
    fn total(&self, otherwise: u64) -> u64 {
        let known = self.pool.lock().files[self.task.file].object.length;
        known.unwrap_or(otherwise)
    }
}

/// Detects a connection that brings too few bytes.
#[derive(Default)]
struct Watch {
    /// How long the connection was waited for in the current interval, and the bytes that came in it.
    waited: Duration,
    bytes: u64,
}

impl Watch {
    /// Notes bytes, and how long the connection was waited for. Returns whether too few came. The time for which this
    /// program was busy with its disk, or waited for `--limit-rate`, does not count against the connection.
    fn is_too_slow(&mut self, count: usize, waited: Duration) -> bool {
        self.bytes += count as u64;
        self.waited += waited;
        if self.waited < SLOW_FOR {
            return false;
        }
        let is_too_slow = (self.bytes as f64) < LEAST_RATE * self.waited.as_secs_f64();
        *self = Self::default();
        is_too_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_too_slow_by_the_time_for_which_it_was_waited_for() {
        let mut watch = Watch::default();
        assert!(!watch.is_too_slow(1, SLOW_FOR / 2));
        assert!(watch.is_too_slow(1, SLOW_FOR / 2));
        // Each interval is judged by itself.
        assert!(!watch.is_too_slow(1, SLOW_FOR / 2));
        assert!(!watch.is_too_slow(600_000, SLOW_FOR / 2));
        // Bytes that are there at once are those of no slow connection, however long the disk takes for them.
        assert!((0..1000).all(|_| !watch.is_too_slow(1, Duration::ZERO)));
    }
}
