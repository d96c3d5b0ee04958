//! The first answer of a file: whether it is of the object that is known, and the checks that it must pass before
//! its bytes replace an existing part.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Head, Span, said_in};
use super::fetch::Fetch;
use super::fetch_error::{FetchError, OTHER_RANGE};
use super::part::Part;
use super::pool::{Destination, locked};
use super::reason::Reason;
use super::record::Record;
use super::request::Answer;
use super::state::{First, Object, Slot};
use crate::rdb::Beginning;

/// How often a file is started again because its object changed, and how often files of a run are. After that, one
/// connection takes the whole object as it comes.
const RESTARTS_OF_FILE: u32 = 1;
const RESTARTS_OF_RUN: u32 = 3;
/// The length of an RDB file's header in bytes: `REDIS` and four digits, or `VALKEY` and three.
const SHORTEST: usize = 9;

/// How a file goes on with its first answer.
enum Admission {
    /// The object is the known one: its bytes from the frontier on are added to this part.
    GoOn(Arc<Part>),
    /// The object is another one, or nothing is known of it: it begins in a new part.
    Begin,
}

impl Fetch<'_> {
    /// Takes the answer to a file's first request.
    pub(super) fn first(&self, mut answer: Answer, first: First, from: u64) -> Result<(), FetchError> {
        if let Some(reason) = answer.head.refusal() {
            return Err(FetchError::Final(reason));
        }
        let start = match &answer.head.span {
            Span::Unknown => {
                return Err(FetchError::Odd(OTHER_RANGE.to_owned()));
            }
            Span::Whole(_) => 0,
            Span::Part(range, _) => range.start,
        };
        let is_current = |slot: &Slot| slot.generation == self.task.generation;
        let object = Object {
            etag: answer.head.etag.clone(),
            length: answer.head.total(),
        };
        let (admission, has_part) = {
            let mut state = self.pool.lock();
            let restarts = state.restarts;
            let slot = &mut state.files[self.task.file];
            if !is_current(slot) {
                return Ok(());
            }
            let admission = admit(slot, &answer.head, &object, first, from)?;
            if matches!(admission, Admission::GoOn(_)) && from > 0 && start == 0 {
                slot.refuses_ranges = true;
                let why = "the storage does not go on in the middle; starting again";
                self.pool.note(self.task.file, why);
            }
            if let (Admission::Begin, true) = (&admission, slot.object.etag.is_some() || slot.pieces.frontier() > 0) {
                if slot.restarts >= RESTARTS_OF_FILE || restarts >= RESTARTS_OF_RUN {
                    slot.is_single = true;
                } else if slot.object.etag.is_some() && object.etag.is_some() {
                    slot.attempts.has_nothing();
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
            let deadline = self.pool.now() + self.pool.options.patience;
            head = self.first_chunk(&mut answer.body, deadline)?;
            if has_part && head.len() < SHORTEST {
                return Err(FetchError::Odd(
                    "the storage sent no file in place of the part".to_owned(),
                ));
            }
            match Beginning::of(&head) {
                Beginning::Text(what) => {
                    let said = said_in(&head).map_or_else(String::new, |said| format!(" ({said})"));
                    return Err(FetchError::Final(Reason::Foreign(what + &said)));
                }
                // Such an object is judged once all of it is there. It does not replace a part, though.
                Beginning::Other(what) if has_part => return Err(FetchError::Final(Reason::Foreign(what))),
                _ => {}
            }
        }
        let (part, is_new) = match admission {
            Admission::GoOn(part) => (part, false),
            Admission::Begin => (self.new_part(&object)?, true),
        };
        let mut state = self.pool.lock();
        let slot = &mut state.files[self.task.file];
        if !is_current(slot) {
            return Ok(());
        }
        if is_new {
            slot.begin(object, Arc::clone(&part));
        } else if start == 0 {
            slot.resumed_from = 0;
        }
        (slot.first, slot.is_first_in_flight) = (None, false);
        slot.has_ranges = answer.head.serves_ranges
            && slot.object.etag.is_some()
            && slot.object.length.is_some()
            && !slot.is_single
            && !slot.refuses_ranges;
        let generation = slot.generation;
        self.generation.set(generation);
        let size = state.piece(self.task.file);
        let now = self.pool.now();
        let slot = &mut state.files[self.task.file];
        let id = slot.open(size, now);
        let skip = slot.pieces.frontier();
        drop(state);
        self.pool.wake();
        let destination = Destination {
            file: self.task.file,
            generation,
            id,
            part,
        };
        self.pool.begin(&destination, answer.waited);
        let until = match &answer.head.span {
            Span::Part(range, _) => Some(range.end),
            _ => answer.head.total(),
        };
        self.receive(&destination, answer.body, head, start, skip, until)
    }

    /// The first bytes of an answer, as many as [`Beginning::of`] needs.
    fn first_chunk(&self, body: &mut impl Read, deadline: Duration) -> Result<Vec<u8>, FetchError> {
        let mut head = vec![0; Beginning::ENOUGH];
        let mut length = 0;
        while length < head.len() {
            if self.pool.now() >= deadline || self.pool.is_stopped() {
                return Err(FetchError::Odd(
                    "the first bytes of the file did not come in time".to_owned(),
                ));
            }
            match body.read(&mut head[length..]).map_err(|error| self.broken(error, 0))? {
                0 => break,
                count => length += count,
            }
        }
        head.truncate(length);
        Ok(head)
    }

    /// Makes a new part and record for an object, if the disk has room for it.
    fn new_part(&self, object: &Object) -> Result<Arc<Part>, FetchError> {
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
            return Err(FetchError::Final(Reason::NoRoom { length, available }));
        }
        // So no checkpoint saves the progress of the earlier part in the new record.
        self.pool.lock().files[self.task.file].part = None;
        let fresh = Record::new(&record.identity, &record.node);
        *record = Record {
            etag: object.etag.clone(),
            length: object.length,
            ..fresh
        };
        record.save(&paths.record)?;
        let part = Part::create(&paths.part)?;
        // Otherwise a power cut could bring the earlier part back under this name.
        folder.sync()?;
        Ok(Arc::new(part))
    }
}

/// Decides how a file goes on with its first answer, to a request for bytes from `from` on.
fn admit(slot: &mut Slot, head: &Head, object: &Object, first: First, from: u64) -> Result<Admission, FetchError> {
    let frontier = slot.pieces.frontier();
    let known = &slot.object;
    let is_same_version = known.etag.is_some() && known.etag == object.etag;
    if let (true, Some(one), Some(other)) = (is_same_version, known.length, object.length)
        && one != other
    {
        return Err(match from {
            0 => FetchError::TwoLengths(one, other),
            _ => FetchError::OtherPart,
        });
    }
    let is_same = is_same_version && known.length == object.length;
    // There is no part while another one is made in its place.
    let part = slot.part.clone().filter(|_| is_same && frontier > 0);
    if let Span::Part(range, _) = &head.span
        && !fits(range, head, part.as_ref().map_or(0, |_| frontier))
    {
        return Err(match first {
            First::Resume if from > 0 => FetchError::OtherPart,
            _ => FetchError::Odd(OTHER_RANGE.to_owned()),
        });
    }
    if let (Span::Part(range, total), None) = (&head.span, &object.etag)
        && range.end < *total
    {
        // Without a version, the rest cannot be requested. The same part would come again for ever.
        return Err(FetchError::Odd(
            "the storage sent a part of the file, and no version to ask for the rest with".to_owned(),
        ));
    }
    let Some(part) = part else {
        return Ok(Admission::Begin);
    };
    if slot.is_disputed {
        // The object did not change: the storage refuses the ETag that it sends, or its ranges are of
        // another version. One connection goes on with what a plain request gets.
        (slot.has_conditions, slot.refuses_ranges) = (false, true);
    }
    Ok(Admission::GoOn(part))
}

/// Whether an answer's range has bytes from an offset on. A range that begins later would leave a gap. An answer
/// whose range begins earlier must also be as long as the range says: otherwise the stated beginning may be wrong.
pub(super) fn fits(range: &Range<u64>, head: &Head, offset: u64) -> bool {
    range.start <= offset && offset < range.end && (head.is_consistent || range.start == offset)
}

/// Why the file is started again, in words.
fn why_again(slot: &Slot, object: &Object) -> &'static str {
    match (&slot.object.etag, &object.etag) {
        (Some(known), Some(etag)) if known == etag => "the storage does not go on in the middle",
        (Some(_), Some(_)) => "the object is not the one it was",
        _ => "the storage names no version to go on with",
    }
}
