//! One request of a file: what its answer must show before a byte of it is kept, and its bytes.
//!
//! Nothing relies on the storage's word that it heeds a condition: in every answer ETag, start, length and
//! encoding are compared. A part that is there is kept until an answer has passed all of that.

use std::cell::Cell;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::Event;
use super::answer::{Head, Span, said_in};
use super::part::Part;
use super::pool::{Landing, Pool, Timing, locked};
use super::reason::Reason;
use super::record::Record;
use super::request::{Answer, Ask, NoAnswer};
use super::state::{First, Kind, Object, Slot, Task};
use super::trouble::Trouble;
use crate::rdb::Beginning;

/// How often all pieces are started again because the object changed, of a file and of a run.
const RESTARTS_OF_FILE: u32 = 1;
const RESTARTS_OF_RUN: u32 = 3;
/// A connection that brings fewer bytes a second for so long is given up.
const LEAST_RATE: f64 = 10_000.0;
const SLOW_FOR: Duration = Duration::from_secs(60);

/// Makes the request of a task, and keeps what it brings.
pub(super) fn fly(pool: &Pool, task: &Task) {
    let link = pool.fresh_enough(task);
    let range = task.range();
    let sent = pool.now();
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
    let flight = Flight {
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
        Err(no_answer) => Err(no_answer.into()),
    };
    if let Err(trouble) = landed {
        pool.recover(task, flight.generation.get(), &link, trouble, sent);
    }
}

impl Pool {
    /// Tells of a request, for `-v`: method, host and object without the query, range, proxy, status, time.
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
        let text = format!("GET {}{range}{via} -> {status} in {took} ms", ask.link.object());
        self.tell(file, Event::Request(text));
    }
}

impl Task {
    /// What is asked for; `None` is all of the object.
    pub(super) fn range(&self) -> Option<Range<u64>> {
        match &self.kind {
            Kind::First(_, 0) => None,
            Kind::First(_, from) => Some(*from..self.object.length.unwrap_or(u64::MAX)),
            Kind::Piece(_, range) => Some(range.clone()),
        }
    }
}

struct Flight<'a> {
    pool: &'a Pool,
    task: &'a Task,
    /// The start that it belongs to: the task's, until its answer makes another.
    generation: Cell<u64>,
}

/// What is made of the first answer of a file.
enum Admission {
    /// The object is the known one: bytes from the frontier on are kept.
    GoOn,
    /// The object is another, or nothing is known of it: it begins in a part of its own.
    Begin,
}

impl Flight<'_> {
    /// Takes the answer to a file's first request.
    fn first(&self, mut answer: Answer, first: First, from: u64) -> Result<(), Trouble> {
        if let Some(reason) = answer.head.refusal() {
            return Err(Trouble::Final(reason));
        }
        let start = match &answer.head.span {
            Span::Unknown => {
                return Err(Trouble::Odd(
                    "the storage's answer is for another range than was asked for".to_owned(),
                ));
            }
            Span::Whole(_) => 0,
            Span::Part(range, _) => range.start,
        };
        let is_here = |slot: &Slot| slot.generation == self.task.generation;
        let object = Object {
            etag: answer.head.etag.clone(),
            length: answer.head.total(),
        };
        let (admission, has_part) = {
            let mut state = self.pool.lock();
            let restarts = state.restarts;
            let slot = &mut state.files[self.task.file];
            if !is_here(slot) {
                return Ok(());
            }
            let admission = admit(slot, &answer.head, &object, first, from)?;
            if matches!(admission, Admission::GoOn) && from > 0 && start == 0 {
                slot.refuses_ranges = true;
                let why = "the storage does not go on in the middle; starting again";
                self.pool.note(self.task.file, why);
            }
            if let (Admission::Begin, true) = (&admission, slot.object.etag.is_some() || slot.pieces.frontier() > 0) {
                if slot.restarts >= RESTARTS_OF_FILE || restarts >= RESTARTS_OF_RUN {
                    slot.is_single = true;
                }
                slot.restarts += 1;
                let why = why_again(slot, &object);
                if slot.pieces.frontier() > 0 {
                    self.pool.note(self.task.file, format!("{why}; starting again"));
                }
                state.restarts += 1;
            }
            (admission, state.files[self.task.file].pieces.frontier() > 0)
        };
        let mut head = Vec::new();
        if start == 0 {
            head = first_chunk(&mut answer.body).map_err(|error| self.broken(error, 0))?;
            match Beginning::of(&head) {
                Beginning::Text(what) => {
                    let said = said_in(&head).map_or_else(String::new, |said| format!(" ({said})"));
                    return Err(Trouble::Final(Reason::Foreign(what + &said)));
                }
                // It is judged when all of it is there, but takes the place of no part.
                Beginning::Other(what) if has_part => return Err(Trouble::Final(Reason::Foreign(what))),
                _ => {}
            }
        }
        let fresh = match admission {
            Admission::GoOn => None,
            Admission::Begin => Some(self.new_part(&object)?),
        };
        let mut state = self.pool.lock();
        let slot = &mut state.files[self.task.file];
        if !is_here(slot) {
            return Ok(());
        }
        match fresh {
            Some(part) => slot.begin(object, part),
            None if start == 0 => slot.resumed_from = 0,
            None => {}
        }
        (slot.first, slot.is_first_in_flight) = (None, false);
        slot.has_ranges = answer.head.serves_ranges
            && slot.object.etag.is_some()
            && slot.object.length.is_some()
            && !slot.is_single
            && !slot.refuses_ranges;
        let (part, generation) = (slot.part.clone(), slot.generation);
        self.generation.set(generation);
        let size = state.piece(self.task.file);
        let now = self.pool.now();
        let slot = &mut state.files[self.task.file];
        let id = slot.open(size, now);
        let skip = slot.pieces.frontier();
        drop(state);
        self.pool.wake();
        let Some(part) = part else { return Ok(()) };
        let landing = Landing {
            file: self.task.file,
            generation,
            id,
            part,
        };
        let until = match &answer.head.span {
            Span::Part(range, _) => Some(range.end),
            _ => answer.head.total(),
        };
        self.receive(&landing, answer.body, head, start, skip, until)
    }

    /// Takes the answer to a request for a piece.
    fn piece(&self, answer: Answer, id: super::pieces::FlightId, piece: &Range<u64>) -> Result<(), Trouble> {
        if let Some(reason) = answer.head.refusal() {
            return Err(Trouble::Final(reason));
        }
        let part = {
            let mut state = self.pool.lock();
            let slot = &mut state.files[self.task.file];
            if slot.generation != self.task.generation {
                return Ok(());
            }
            let is_same = answer.head.etag == slot.object.etag && answer.head.total() == slot.object.length;
            match &answer.head.span {
                Span::Unknown => {
                    return Err(Trouble::Odd(
                        "the storage's answer is for another range than was asked for".to_owned(),
                    ));
                }
                _ if !is_same => return Err(Trouble::Changed),
                // It takes no ranges. What is there is kept, and one connection carries on.
                Span::Whole(_) => return Err(Trouble::NoRanges),
                Span::Part(range, _) if !fits(range, &answer.head, piece.start) => return Err(Trouble::OtherPart),
                Span::Part(..) => {}
            }
            slot.part.clone()
        };
        let Some(part) = part else { return Ok(()) };
        let Span::Part(range, _) = &answer.head.span else {
            return Ok(());
        };
        let landing = Landing {
            file: self.task.file,
            generation: self.task.generation,
            id,
            part,
        };
        self.pool.begin(&landing);
        self.receive(
            &landing,
            answer.body,
            Vec::new(),
            range.start,
            piece.start,
            Some(range.end),
        )
    }

    /// Makes a part for an object that begins, where the disk has room for it.
    fn new_part(&self, object: &Object) -> Result<Arc<Part>, Trouble> {
        let (folder, paths) = {
            let state = self.pool.lock();
            let job = &state.files[self.task.file].job;
            (Arc::clone(&job.folder), job.folder.paths(&job.file_name))
        };
        let record = self.pool.record(self.task.file);
        let mut record = locked(&record);
        if let (Some(length), Ok(available)) = (object.length, folder.available())
            && length > available.saturating_add(folder.taken_by_part(&paths))
        {
            return Err(Trouble::Final(Reason::NoRoom { length, available }));
        }
        let fresh = Record::new(&record.identity, &record.node);
        *record = Record {
            etag: object.etag.clone(),
            length: object.length,
            ..fresh
        };
        record.save(&paths.record)?;
        let part = Part::create(&paths.part)?;
        // Else a power cut could leave the name with what it stood for before.
        folder.sync()?;
        Ok(Arc::new(part))
    }

    /// Reads an answer's bytes, which begin at `position` in the object and end before `until`, and writes
    /// those that belong to the flight. `head` was read already; what is before `skip` is there.
    fn receive(
        &self,
        landing: &Landing,
        mut body: Box<dyn Read + Send>,
        head: Vec<u8>,
        mut position: u64,
        skip: u64,
        until: Option<u64>,
    ) -> Result<(), Trouble> {
        let pool = self.pool;
        let mut end = pool.lock().files[landing.file]
            .pieces
            .end_of(landing.id)
            .unwrap_or_default();
        let mut buffer = pool.take_buffer();
        let mut watch = Watch::new(pool.now());
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
            // No byte beyond what was agreed is written, and none that is there already.
            let from = usize::try_from(skip.saturating_sub(position)).map_or(count, |from| from.min(count));
            if position + count as u64 > end {
                end = pool.extend(landing, position + count as u64).max(position);
            }
            let agreed = end.min(until.unwrap_or(u64::MAX)).saturating_sub(position);
            let to = usize::try_from(agreed).map_or(count, |to| to.min(count));
            if from < to {
                landing.part.write_at(&buffer[from..to], position + from as u64)?;
                let timing = Timing {
                    idle,
                    busy: watch.last_busy,
                };
                let (next, go_on) = pool.landed(landing, position + from as u64, buffer, from..to, timing);
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
            if until.is_some_and(|until| position > until) || (to < count && from >= to) {
                break;
            }
            watch.last_busy = pool.now().saturating_sub(busy);
            pool.pause(limited);
            if watch.is_too_slow(count, pool.now(), limited) {
                return Err(Trouble::TooSlow);
            }
        }
        pool.give_buffer(buffer);
        match until {
            Some(until) if position < until => Err(Trouble::Cut {
                at: position,
                of: Some(self.total(until)),
                failure: None,
            }),
            // It brought less than was asked for, which is progress.
            Some(_) => {
                pool.land(landing);
                Ok(())
            }
            None => {
                pool.end_here(landing);
                Ok(())
            }
        }
    }

    /// The trouble of a read that failed after so many bytes of the object.
    fn broken(&self, error: std::io::Error, at: u64) -> Trouble {
        let failure = self.pool.options.storage.of_reading(error, &self.task.link);
        let of = self.pool.lock().files[self.task.file].object.length;
        Trouble::Cut {
            at,
            of,
            failure: Some(Box::new(failure)),
        }
    }

    fn total(&self, otherwise: u64) -> u64 {
        let known = self.pool.lock().files[self.task.file].object.length;
        known.unwrap_or(otherwise)
    }
}

/// Decides what becomes of a file's first answer.
fn admit(slot: &mut Slot, head: &Head, object: &Object, first: First, from: u64) -> Result<Admission, Trouble> {
    let frontier = slot.pieces.frontier();
    let known = &slot.object;
    let is_known = frontier > 0;
    let is_same_version = known.etag.is_some() && known.etag == object.etag;
    if let (true, Some(one), Some(other)) = (is_same_version, known.length, object.length)
        && one != other
    {
        return Err(match from {
            0 => Trouble::TwoLengths(one, other),
            _ => Trouble::OtherPart,
        });
    }
    let is_same = is_known && is_same_version && known.length == object.length;
    if let Span::Part(range, _) = &head.span
        && !fits(range, head, if is_same { frontier } else { 0 })
    {
        return Err(match first {
            First::Resume if from > 0 => Trouble::OtherPart,
            _ => Trouble::Odd("the storage's answer is for another range than was asked for".to_owned()),
        });
    }
    if !is_same {
        return Ok(Admission::Begin);
    }
    if slot.was_refused_own_tag {
        // The storage refuses the ETag that it sends, so nothing can be asked for on that condition.
        (slot.has_conditions, slot.refuses_ranges) = (false, true);
    }
    Ok(Admission::GoOn)
}

/// Whether a part brings bytes from an offset on. One that begins later leaves a gap. One that begins
/// earlier must have as many bytes as it says, since else its beginning may be what is wrong.
fn fits(range: &Range<u64>, head: &Head, offset: u64) -> bool {
    range.start <= offset && offset < range.end && (head.is_consistent || range.start == offset)
}

fn why_again(slot: &Slot, object: &Object) -> &'static str {
    match (&slot.object.etag, &object.etag) {
        (Some(known), Some(etag)) if known == etag => "the storage does not go on in the middle",
        (Some(_), Some(_)) => "the object is not the one it was",
        _ => "the storage names no version to go on with",
    }
}

/// The first bytes of an answer, as many as tell what they are.
fn first_chunk(body: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut head = vec![0; Beginning::ENOUGH];
    let mut length = 0;
    while length < head.len() {
        match body.read(&mut head[length..])? {
            0 => break,
            count => length += count,
        }
    }
    head.truncate(length);
    Ok(head)
}

/// Sees whether a connection brings too little.
struct Watch {
    since: Duration,
    bytes: u64,
    last_busy: Duration,
}

impl Watch {
    fn new(now: Duration) -> Self {
        Self {
            since: now,
            bytes: 0,
            last_busy: Duration::ZERO,
        }
    }

    /// Notes bytes. The time that was waited for `--limit-rate` is not the other side's.
    fn is_too_slow(&mut self, count: usize, now: Duration, limited: Duration) -> bool {
        self.bytes += count as u64;
        self.since += limited;
        let time = now.saturating_sub(self.since);
        if time < SLOW_FOR {
            return false;
        }
        let is_too_slow = (self.bytes as f64) < LEAST_RATE * time.as_secs_f64();
        (self.since, self.bytes) = (now, 0);
        is_too_slow
    }
}
