//! The state that all threads of a transfer share: the files, and the choice of the next request.
//!
//! One lock guards all of it. It is held for bookkeeping alone, never for a request or a write.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::attempts::Attempts;
use super::concurrency::Pace;
use super::part::Part;
use super::pieces::{FlightId, Pieces};
use super::reason::Reason;
use super::{Job, Options};
use crate::values::link::Link;

/// So many bytes may wait to be checked; then receiving waits.
const LAG: u64 = 64 << 20;
/// A flight that brings nothing for so long is asked for a second time.
const STALLED: Duration = Duration::from_secs(1);

/// Bytes on their way to the check, in a buffer that may be larger.
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
    /// Which of the buffer's bytes are meant.
    pub(super) range: Range<usize>,
}

/// The state of a transfer.
pub(super) struct State {
    pub(super) files: Vec<Slot>,
    /// Whether more files may be added.
    pub(super) is_open: bool,
    pub(super) pace: Pace,
    /// How many connections are in use.
    pub(super) active: usize,
    /// How many were in use at once, at most.
    pub(super) most_active: usize,
    /// Bytes of the run, and when the last of them came.
    pub(super) received: u64,
    pub(super) last_progress: Duration,
    /// How often an idle connection took a part of another's piece.
    pub(super) helps: usize,
    /// How often all pieces of a file were started again because its object changed.
    pub(super) restarts: u32,
    /// Buffers that nobody uses.
    pub(super) spare: Vec<Vec<u8>>,
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nobody has looked at it yet.
    Queued,
    /// What earlier runs left of it is looked at.
    Opening,
    /// Its bytes are asked for and checked.
    Fetching,
    /// It was given up.
    Ending,
    /// It has ended.
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
    pub(super) etag: Option<String>,
    /// In bytes.
    pub(super) length: Option<u64>,
}

/// A request in flight.
pub(super) struct InFlight {
    pub(super) id: FlightId,
    /// When its last byte came, or it began.
    pub(super) last: Duration,
    pub(super) has_delivered: bool,
}

/// A file that is fetched.
pub(super) struct Slot {
    pub(super) job: Job,
    pub(super) stage: Stage,
    pub(super) link: Link,
    /// A link that is about to expire and that the service has no better one for.
    pub(super) unequalled: Option<Link>,
    pub(super) object: Object,
    pub(super) pieces: Pieces,
    pub(super) part: Option<Arc<Part>>,
    /// Counts the starts: what belongs to an earlier one is void.
    pub(super) generation: u64,
    pub(super) first: Option<First>,
    pub(super) is_first_in_flight: bool,
    /// Whether the storage serves ranges of it.
    pub(super) has_ranges: bool,
    /// Whether requests name the ETag that the object must have.
    pub(super) has_conditions: bool,
    /// Whether the storage cannot decide on an object: one connection takes what it gets.
    pub(super) is_single: bool,
    /// Whether the storage has shown that it serves none.
    pub(super) refuses_ranges: bool,
    /// Whether the storage refused the ETag that was asked for (412), or answered a range with another one.
    pub(super) is_disputed: bool,
    /// Whether the storage gave one version two lengths.
    pub(super) has_two_lengths: bool,
    /// Whether a new link is being asked for.
    pub(super) is_refreshing: bool,
    /// The flight of the first request, which goes on to the object's end.
    pub(super) open_flight: Option<FlightId>,
    /// How many answers to ranges were none.
    pub(super) odd: u32,
    /// How many pieces in a row were refused as a link that has expired is.
    pub(super) refused_pieces: u32,
    /// Whether a range was served in this run, so that such a refusal is about the link.
    pub(super) has_served_pieces: bool,
    /// How often a connection was too slow, in a row.
    pub(super) slow: u32,
    pub(super) restarts: u32,
    pub(super) paused_until: Duration,
    pub(super) attempts: Attempts,
    pub(super) flying: Vec<InFlight>,
    /// Why it was given up.
    pub(super) failed: Option<Reason>,
    /// Bytes that follow each other, to be checked.
    pub(super) queue: VecDeque<Chunk>,
    /// Up to where bytes were handed to the check, and were checked.
    pub(super) queued: u64,
    pub(super) checked: u64,
    pub(super) resumed_from: u64,
    /// Whether some of its bytes come from an earlier run.
    pub(super) has_old_bytes: bool,
    /// When its progress was last told.
    pub(super) told: Duration,
}

/// A request to make.
pub(super) struct Task {
    pub(super) file: usize,
    pub(super) generation: u64,
    pub(super) link: Link,
    pub(super) object: Object,
    pub(super) has_condition: bool,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// The first request of a file, and from which byte on.
    First(First, u64),
    /// A piece.
    Piece(FlightId, Range<u64>),
}

impl Slot {
    pub(super) fn new(job: Job, max_attempts: u32, seed: u64) -> Self {
        Self {
            stage: Stage::Queued,
            link: job.link.clone(),
            job,
            unequalled: None,
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
            odd: 0,
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

    /// Whether more of it may be asked for.
    fn is_open(&self, now: Duration) -> bool {
        self.stage == Stage::Fetching && self.failed.is_none() && self.paused_until <= now
    }

    /// Whether the check is so far behind that receiving has to wait.
    pub(super) fn lags(&self) -> bool {
        let resumed = self.checked.max(self.resumed_from);
        self.pieces.frontier().saturating_sub(resumed) > LAG
    }

    /// Whether a connection has brought bytes of it within so long.
    pub(super) fn delivers(&self, now: Duration, patience: Duration) -> bool {
        let mut flying = self.flying.iter().filter(|flying| flying.has_delivered);
        flying.any(|flying| now.saturating_sub(flying.last) < patience)
    }

    /// Voids all flights, so that the file's next request is a first one.
    pub(super) fn start_again(&mut self, first: First) {
        self.generation += 1;
        self.pieces.give_all_back();
        self.flying.clear();
        self.open_flight = None;
        self.first = Some(first);
        self.is_first_in_flight = false;
    }

    /// Has the file begin with its first byte, in another part.
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

    /// Gives the file up.
    pub(super) fn fail(&mut self, reason: Reason) {
        self.failed.get_or_insert(reason);
        self.stage = Stage::Ending;
        self.start_again(First::Resume);
    }

    pub(super) fn flying(&mut self, id: FlightId) -> Option<&mut InFlight> {
        self.flying.iter_mut().find(|flying| flying.id == id)
    }

    /// Begins the flight of a first answer.
    pub(super) fn open(&mut self, size: u64, now: Duration) -> FlightId {
        let id = self.pieces.open(size);
        self.open_flight = Some(id);
        self.flying.push(InFlight {
            id,
            last: now,
            has_delivered: false,
        });
        id
    }

    fn task(&self, file: usize, kind: Kind) -> Task {
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

impl State {
    /// `expected` is how many files there will be, as far as it is known.
    pub(super) fn new(jobs: Vec<Job>, expected: usize, options: &Options, now: Duration) -> Self {
        let pace = Pace::new(options.parallel, expected, now);
        let slots = (0..)
            .zip(jobs)
            .map(|(number, job)| Slot::new(job, options.max_attempts, options.seed ^ number));
        Self {
            files: slots.collect(),
            is_open: false,
            pace,
            active: 0,
            most_active: 0,
            received: 0,
            last_progress: now,
            helps: 0,
            restarts: 0,
            spare: Vec::new(),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        !self.is_open && self.files.iter().all(|slot| slot.stage == Stage::Done)
    }

    /// How large the pieces of a file are.
    pub(super) fn piece(&self, file: usize) -> u64 {
        let pieces = &self.files[file].pieces;
        let length = pieces.length().unwrap_or_default();
        self.pace.piece(length, length.saturating_sub(pieces.present()))
    }

    /// The next request, where there is one to make and a connection for it.
    pub(super) fn next(&mut self, now: Duration) -> Option<Task> {
        if self.active >= self.pace.allowed() {
            return None;
        }
        let task = self
            .first(now)
            .or_else(|| self.next_piece(now))
            .or_else(|| self.help(now))?;
        self.active += 1;
        self.most_active = self.most_active.max(self.active);
        Some(task)
    }

    fn first(&mut self, now: Duration) -> Option<Task> {
        for (file, slot) in self.files.iter_mut().enumerate() {
            if let Some(first) = slot.first.filter(|_| !slot.is_first_in_flight && slot.is_open(now)) {
                slot.is_first_in_flight = true;
                let from = match first {
                    First::Resume => slot.pieces.frontier(),
                    First::Plain => 0,
                };
                return Some(slot.task(file, Kind::First(first, from)));
            }
        }
        None
    }

    /// A piece of the file that has fewest connections.
    fn next_piece(&mut self, now: Duration) -> Option<Task> {
        let mut files: Vec<usize> = (0..self.files.len())
            .filter(|file| self.has_pieces(*file, now))
            .collect();
        files.sort_by_key(|file| self.files[*file].pieces.flights());
        for file in files {
            let size = self.piece(file);
            let length = self.files[file].pieces.length().unwrap_or_default();
            let window = self.pace.window(length, size);
            let slot = &mut self.files[file];
            if slot.lags() {
                continue;
            }
            if let Some((id, range)) = slot.pieces.take(size, window) {
                return Some(self.fly(file, id, range, now));
            }
        }
        None
    }

    fn has_pieces(&self, file: usize, now: Duration) -> bool {
        let slot = &self.files[file];
        slot.first.is_none() && slot.has_ranges && slot.is_open(now)
    }

    /// A part of what another connection was to bring.
    fn help(&mut self, now: Duration) -> Option<Task> {
        let most = self.pace.most();
        let patience = STALLED.max(self.pace.wait() * 10);
        for file in 0..self.files.len() {
            if !self.has_pieces(file, now) || self.files[file].lags() {
                continue;
            }
            let slot = &mut self.files[file];
            let stalled: Vec<FlightId> = slot
                .flying
                .iter()
                .filter(|flying| now.saturating_sub(flying.last) >= patience)
                .map(|flying| flying.id)
                .collect();
            let may_split = self.helps < most;
            let wait = self.pace.wait();
            let is_worth_it = |bytes| may_split && self.pace.time_for(bytes) > wait * 3;
            let found = slot.pieces.help(|id| stalled.contains(&id), is_worth_it);
            if let Some((id, range)) = found {
                self.helps += 1;
                return Some(self.fly(file, id, range, now));
            }
        }
        None
    }

    fn fly(&mut self, file: usize, id: FlightId, range: Range<u64>, now: Duration) -> Task {
        let slot = &mut self.files[file];
        slot.flying.push(InFlight {
            id,
            last: now,
            has_delivered: false,
        });
        slot.task(file, Kind::Piece(id, range))
    }

    /// How many connections have brought bytes.
    pub(super) fn delivering(&self) -> usize {
        let flying = self.files.iter().flat_map(|slot| &slot.flying);
        flying.filter(|flying| flying.has_delivered).count()
    }
}
