//! The state that all threads of a transfer share: the files, and the choice of the next request.
//!
//! One lock guards all of it. No thread holds it while it sends a request, receives or writes bytes.

use std::ops::Range;
use std::time::Duration;

use super::concurrency::Pace;
use super::pieces::FlightId;
pub(super) use super::slot::{Chunk, First, Object, Slot, Stage};
use super::{Job, Options};
use crate::values::link::Link;

/// The bytes of a flight that has brought nothing for this long are requested a second time.
const STALLED: Duration = Duration::from_secs(1);

/// This many chunks may wait in memory to be checked, shared out to the files that are fetched at once. Each file
/// may have at least and at most so many. The check reads further ones from the disk.
const QUEUED: usize = 32;
const QUEUED_OF_FILE: (usize, usize) = (2, 8);

/// The state of a transfer.
pub(super) struct State {
    pub(super) files: Vec<Slot>,
    /// Whether more files may be added.
    pub(super) is_open: bool,
    pub(super) pace: Pace,
    /// How many connections are in use.
    pub(super) active: usize,
    /// The most connections that were in use at once.
    pub(super) most_active: usize,
    /// How many bytes came in this run.
    pub(super) received: u64,
    /// When the last of them came, on the clock's monotonic time.
    pub(super) last_progress: Duration,
    /// How often an idle connection took over bytes of another's piece.
    pub(super) helps: usize,
    /// How often a file was started again because its object changed.
    pub(super) restarts: u32,
    /// How many chunks of a file may wait in memory to be checked.
    pub(super) most_queued: usize,
    /// Buffers that are not in use.
    pub(super) spare: Vec<Vec<u8>>,
}

/// A request to make.
pub(super) struct Task {
    /// The number of the file.
    pub(super) file: usize,
    /// The start of the file that the request belongs to.
    pub(super) generation: u64,
    pub(super) link: Link,
    /// The object as it was known when the request was chosen.
    pub(super) object: Object,
    /// Whether a request for a range names the object's ETag (`If-Match`).
    pub(super) has_condition: bool,
    pub(super) kind: Kind,
}

/// The kind of a request.
pub(super) enum Kind {
    /// The first request of a file, and the offset from which it asks for bytes.
    First(First, u64),
    /// A piece: its flight, and its range of bytes.
    Piece(FlightId, Range<u64>),
}

/// How many of `expected` files are fetched at once. More than expected may be added, even where none is.
pub(super) fn files_at_once(options: &Options, expected: usize) -> usize {
    options.parallel.min(expected).max(1)
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
            most_queued: (QUEUED / files_at_once(options, expected)).clamp(QUEUED_OF_FILE.0, QUEUED_OF_FILE.1),
            spare: Vec::new(),
        }
    }

    /// Whether all files have ended and none can be added.
    pub(super) fn is_done(&self) -> bool {
        !self.is_open && self.files.iter().all(|slot| slot.stage == Stage::Done)
    }

    /// How large the next piece of a file is to be, in bytes.
    pub(super) fn piece(&self, file: usize) -> u64 {
        let pieces = &self.files[file].pieces;
        let length = pieces.length().unwrap_or_default();
        self.pace.piece(length, length.saturating_sub(pieces.present()))
    }

    /// The next request; `None` if there is none to make, or as many connections are in use as are allowed.
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

    /// The first request of a file that has to make one.
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

    /// Whether pieces of the file may be requested now.
    fn has_pieces(&self, file: usize, now: Duration) -> bool {
        let slot = &self.files[file];
        slot.first.is_none() && slot.has_ranges && slot.is_open(now)
    }

    /// Bytes that another connection was to bring: a half of its piece, or all of a stalled one.
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
        slot.add_flight(id, now);
        slot.task(file, Kind::Piece(id, range))
    }

    /// How many of the connections in use have brought bytes.
    pub(super) fn delivering(&self) -> usize {
        let flying = self.files.iter().flat_map(|slot| &slot.flying);
        flying.filter(|flying| flying.has_delivered).count()
    }
}
