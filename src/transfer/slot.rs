//! The state of one file of a transfer: its object, its pieces and flights, its failures, the bytes that wait to
//! be checked.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::Job;
use super::attempts::Attempts;
use super::part::Part;
use super::pieces::{FlightId, Pieces};
use super::reason::Reason;
use super::state::{Kind, Task};
use crate::values::link::Link;

/// How many bytes may be written and not checked, in bytes. Beyond that, receiving waits for the check.
const LAG: u64 = 64 << 20;

/// Received bytes that wait to be checked.
pub(super) struct Chunk {
    /// The offset of the first byte in the object.
    pub(super) start: u64,
    /// The buffer that they are in, with other bytes around them.
    pub(super) bytes: Vec<u8>,
    /// Where in the buffer they are.
    pub(super) range: Range<usize>,
}

/// The stage of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// No file worker has taken it yet.
    Queued,
    /// A file worker looks at what earlier runs left of it.
    Opening,
    /// Connections request its bytes, and a file worker checks them.
    Fetching,
    /// It was given up, and its file worker has not ended it yet.
    Ending,
    /// It has ended, whole or not.
    Done,
}

/// A request that has to come before all others of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// From the frontier on.
    Resume,
    /// Without a range.
    Plain,
}

/// What the storage told of the object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Object {
    /// Its strong ETag, with its quotes.
    pub(super) etag: Option<String>,
    /// Its length in bytes.
    pub(super) length: Option<u64>,
}

/// A request of a file whose answer has begun or is waited for.
pub(super) struct InFlight {
    pub(super) id: FlightId,
    /// When its last byte came, or else when it began, on the clock's monotonic time.
    pub(super) last: Duration,
    /// Whether it has brought bytes.
    pub(super) has_delivered: bool,
}

/// The state of a file. Times are on the clock's monotonic time, lengths and offsets are in bytes.
pub(super) struct Slot {
    pub(super) job: Job,
    pub(super) stage: Stage,
    /// The link that its next request uses.
    pub(super) link: Link,
    /// A link that is about to expire and is used all the same, since the service has no better one.
    pub(super) kept_link: Option<Link>,
    /// The object whose bytes are in the part.
    pub(super) object: Object,
    /// Which of its bytes are there or on their way.
    pub(super) pieces: Pieces,
    /// The file that the bytes are written to. `None` if nothing can be resumed and no answer has come, and while a new
    /// part is made.
    pub(super) part: Option<Arc<Part>>,
    /// Counts how often the file was started. A request or an answer of an earlier start is ignored.
    pub(super) generation: u64,
    /// The request that comes next; `None` once its answer was accepted, so that pieces are requested.
    pub(super) first: Option<First>,
    /// Whether `first` was sent and is not answered yet.
    pub(super) is_first_in_flight: bool,
    /// Whether the storage serves ranges of it.
    pub(super) has_ranges: bool,
    /// Whether requests name the ETag that the object must have.
    pub(super) has_conditions: bool,
    /// Whether the object changed too often: one connection then takes whatever version it gets, whole.
    pub(super) is_single: bool,
    /// Whether the storage has shown that it serves no ranges, whatever its headers say.
    pub(super) refuses_ranges: bool,
    /// Whether the storage refused the ETag that was asked for (412), or answered a range with another one.
    pub(super) is_disputed: bool,
    /// Whether the storage gave one version two lengths.
    pub(super) has_two_lengths: bool,
    /// Whether a new link is being asked for.
    pub(super) is_refreshing: bool,
    /// The flight of the first request, which goes on to the object's end.
    pub(super) open_flight: Option<FlightId>,
    /// How many answers did not fit the range that was asked for.
    pub(super) odd_answers: u32,
    /// How many pieces in a row were refused with a status that an expired link gets.
    pub(super) refused_pieces: u32,
    /// Whether a range was served in this run, so that such a refusal is about the link.
    pub(super) has_served_pieces: bool,
    /// How often in a row a connection was too slow.
    pub(super) slow: u32,
    /// How often it was started again because its object changed.
    pub(super) restarts: u32,
    /// No request of it is sent before this.
    pub(super) paused_until: Duration,
    pub(super) attempts: Attempts,
    /// The flights, in addition to what `pieces` knows of them.
    pub(super) flying: Vec<InFlight>,
    /// Why it was given up.
    pub(super) failed: Option<Reason>,
    /// Bytes that wait in memory to be checked, without a gap between them.
    pub(super) queue: VecDeque<Chunk>,
    /// All bytes before this offset were handed to the check.
    pub(super) queued: u64,
    /// All bytes before this offset were checked.
    pub(super) checked: u64,
    /// How many bytes were there before this run.
    pub(super) resumed_from: u64,
    /// Whether some of its bytes come from an earlier run.
    pub(super) has_old_bytes: bool,
    /// When its progress was last reported.
    pub(super) told: Duration,
}

impl Slot {
    /// A file that no worker has taken yet.
    pub(super) fn new(job: Job, max_attempts: u32, seed: u64) -> Self {
        Self {
            stage: Stage::Queued,
            link: job.link.clone(),
            job,
            kept_link: None,
            object: Object::default(),
            pieces: Pieces::new(None, 0),
            part: None,
            generation: 0,
            first: None,
            is_first_in_flight: false,
            has_ranges: false,
            has_conditions: true,
            refuses_ranges: false,
            is_disputed: false,
            has_two_lengths: false,
            is_refreshing: false,
            open_flight: None,
            is_single: false,
            odd_answers: 0,
            refused_pieces: 0,
            has_served_pieces: false,
            slow: 0,
            restarts: 0,
            paused_until: Duration::ZERO,
            attempts: Attempts::new(max_attempts, seed),
            flying: Vec::new(),
            failed: None,
            queue: VecDeque::new(),
            queued: 0,
            checked: 0,
            resumed_from: 0,
            has_old_bytes: false,
            told: Duration::ZERO,
        }
    }

    /// Whether more of it may be requested now.
    pub(super) fn is_open(&self, now: Duration) -> bool {
        self.stage == Stage::Fetching && self.failed.is_none() && self.paused_until <= now
    }

    /// Whether the check is so far behind that receiving has to wait.
    pub(super) fn lags(&self) -> bool {
        let resumed = self.checked.max(self.resumed_from);
        self.pieces.frontier().saturating_sub(resumed) > LAG
    }

    /// Whether a connection has brought bytes of it within the time of `patience`.
    pub(super) fn delivers(&self, now: Duration, patience: Duration) -> bool {
        let mut flying = self.flying.iter().filter(|flying| flying.has_delivered);
        flying.any(|flying| now.saturating_sub(flying.last) < patience)
    }

    /// Gives up all flights, so that the file's next request is a first one. The part stays.
    pub(super) fn start_again(&mut self, first: First) {
        self.generation += 1;
        self.pieces.give_all_back();
        self.flying.clear();
        self.open_flight = None;
        self.first = Some(first);
        self.is_first_in_flight = false;
    }

    /// Begins the object at its first byte, in a new part.
    pub(super) fn begin(&mut self, object: Object, part: Arc<Part>) {
        self.generation += 1;
        self.pieces = Pieces::new(object.length, 0);
        self.object = object;
        self.part = Some(part);
        self.flying.clear();
        self.queue.clear();
        (self.queued, self.checked, self.resumed_from) = (0, 0, 0);
        self.has_old_bytes = false;
        self.first = None;
        self.is_first_in_flight = false;
    }

    /// Gives the file up. The first reason counts.
    pub(super) fn fail(&mut self, reason: Reason) {
        self.failed.get_or_insert(reason);
        self.stage = Stage::Ending;
        self.start_again(First::Resume);
    }

    /// The flight with this ID.
    pub(super) fn flying(&mut self, id: FlightId) -> Option<&mut InFlight> {
        self.flying.iter_mut().find(|flying| flying.id == id)
    }

    /// Adds the flight of the answer to a first request. Its first piece has `size` bytes.
    pub(super) fn open(&mut self, size: u64, now: Duration) -> FlightId {
        let id = self.pieces.open(size);
        self.open_flight = Some(id);
        self.add_flight(id, now);
        id
    }

    /// Adds a flight that begins now.
    pub(super) fn add_flight(&mut self, id: FlightId, now: Duration) {
        self.flying.push(InFlight {
            id,
            last: now,
            has_delivered: false,
        });
    }

    /// Ends a flight. What it did not bring is handed out again.
    pub(super) fn end_flight(&mut self, id: FlightId) {
        self.pieces.give_back(id);
        self.flying.retain(|flying| flying.id != id);
    }

    /// Ends a task whose request failed, and its flight.
    pub(super) fn end_task(&mut self, task: &Task) {
        let flight = match task.kind {
            Kind::First(..) => {
                self.is_first_in_flight = false;
                self.open_flight.take()
            }
            Kind::Piece(id, _) => Some(id),
        };
        if let Some(id) = flight {
            self.end_flight(id);
        }
    }

    /// Makes sure that what is missing will be requested: where no flight brings it and pieces cannot be
    /// requested, the next request is a first one.
    pub(super) fn settle(&mut self) {
        let is_fetched = self.stage == Stage::Fetching && self.failed.is_none() && !self.pieces.is_complete();
        if is_fetched && self.first.is_none() && !self.has_ranges && self.pieces.flights() == 0 {
            let can_resume = self.object.etag.is_some() && self.object.length.is_some() && !self.is_single;
            self.first = Some(match can_resume && !self.refuses_ranges {
                true => First::Resume,
                false => First::Plain,
            });
            self.is_first_in_flight = false;
        }
    }

    /// A request of this file as it is now.
    pub(super) fn task(&self, file: usize, kind: Kind) -> Task {
        Task {
            file,
            generation: self.generation,
            link: self.link.clone(),
            object: self.object.clone(),
            has_condition: self.has_conditions && !self.is_single,
            kind,
        }
    }
}
