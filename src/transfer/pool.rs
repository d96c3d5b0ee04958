//! The operations of a transfer's threads on its state: take a request, note its result, wait.

use std::io;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use time::OffsetDateTime;

use super::limit::Limit;
use super::part::Part;
use super::pieces::FlightId;
use super::reason::Reason;
use super::record::Record;
use super::request::CHUNK;
use super::state::{Slot, Stage, State, Task};
use super::{Event, HEARTBEAT, Job, Options, fetch};
use crate::process::threads::{self, Need};
use crate::values::link::Link;

/// A link that works for less than this is replaced before it is used.
const LEAST_LIFETIME: time::Duration = time::Duration::seconds(60);
/// With more connections, chunks are half as large, so that memory stays within its bounds.
const MANY: usize = 16;

/// The parts that all threads of a transfer share.
pub(super) struct Pool {
    pub(super) options: Options,
    pub(super) limit: Limit,
    /// The record of each file, as it is on the disk or soon will be.
    records: Mutex<Vec<Arc<Mutex<Record>>>>,
    state: Mutex<State>,
    /// There may be a request to make.
    pub(super) work: Condvar,
    /// There may be bytes to check, or an end.
    pub(super) news: Condvar,
    /// There may be room for bytes to check, or the end of a claim.
    pub(super) room: Condvar,
    /// A file may have ended.
    ends: Condvar,
    events: Sender<(usize, Event)>,
}

/// The destination of the bytes of a flight.
pub(super) struct Destination {
    pub(super) file: usize,
    pub(super) generation: u64,
    pub(super) id: FlightId,
    pub(super) part: Arc<Part>,
}

/// How the last read of a flight went.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Timing {
    /// How long it waited for bytes.
    pub(super) idle: Duration,
    /// How long the ones before took to be handled.
    pub(super) busy: Duration,
}

impl Pool {
    pub(super) fn new(state: State, options: Options, events: Sender<(usize, Event)>) -> Self {
        let records = state.files.iter().map(new_record).collect();
        Self {
            limit: Limit::new(options.limit_rate),
            records: Mutex::new(records),
            options,
            state: Mutex::new(state),
            work: Condvar::new(),
            news: Condvar::new(),
            room: Condvar::new(),
            ends: Condvar::new(),
            events,
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panics ends the process.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record(&self, file: usize) -> Arc<Mutex<Record>> {
        Arc::clone(&locked(&self.records)[file])
    }

    /// Adds a file to a transfer that is open.
    pub(super) fn add(&self, job: Job) {
        let mut state = self.lock();
        let number = state.files.len() as u64;
        let slot = Slot::new(job, self.options.max_attempts, self.options.seed ^ number);
        locked(&self.records).push(new_record(&slot));
        state.files.push(slot);
        drop(state);
        self.work.notify_all();
    }

    /// No file will be added any more.
    pub(super) fn close(&self) {
        self.lock().is_open = false;
        self.wake();
    }

    pub(super) fn now(&self) -> Duration {
        self.options.clock.monotonic()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.options.stop.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Tells something about a file. Nobody listens any more once the transfer is given up.
    pub(super) fn tell(&self, file: usize, event: Event) {
        let _ = self.events.send((file, event));
    }

    pub(super) fn note(&self, file: usize, text: impl Into<String>) {
        self.tell(file, Event::Note(text.into()));
    }

    /// Wakes all threads, so that each looks at what has changed.
    pub(super) fn wake(&self) {
        self.work.notify_all();
        self.news.notify_all();
        self.room.notify_all();
        self.ends.notify_all();
    }

    /// Waits until there is a request to make; `None` where there will be none, or there are more
    /// connections than are wanted.
    pub(super) fn next(&self) -> Option<Task> {
        let mut state = self.lock();
        loop {
            if self.is_stopped() || state.is_done() {
                return None;
            }
            if let Some(task) = state.next(self.now()) {
                return Some(task);
            }
            state = wait(&self.work, state);
        }
    }

    /// Starts a thread for connections.
    ///
    /// # Errors
    /// If the system gives none.
    pub(super) fn connect(self: &Arc<Self>, need: Need) -> io::Result<()> {
        let pool = Arc::clone(self);
        let work = move || {
            while let Some(task) = pool.next() {
                fetch::run(&pool, &task);
                pool.free();
            }
        };
        threads::start(thread::Builder::new(), need, work).map(drop)
    }

    /// The next file that nobody has looked at; `None` where there will be none.
    pub(super) fn next_file(&self) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if let Some(file) = state.files.iter().position(|slot| slot.stage == Stage::Queued) {
                state.files[file].stage = Stage::Opening;
                return Some(file);
            }
            if !state.is_open || self.is_stopped() {
                return None;
            }
            state = wait(&self.work, state);
        }
    }

    /// Notes that a connection is free again.
    pub(super) fn free(&self) {
        let mut state = self.lock();
        state.active -= 1;
        drop(state);
        self.work.notify_all();
    }

    /// Waits until there may be news for a file's thread.
    pub(super) fn wait_for_news<'a>(&'a self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        wait(&self.news, state)
    }

    /// Waits for half a [`HEARTBEAT`], or until a thread [wakes](Self::wake) all others.
    pub(super) fn wait_for_change(&self) {
        drop(wait(&self.ends, self.lock()));
    }

    /// How large the chunks are that are read.
    pub(super) fn chunk(&self) -> usize {
        let chunk = if self.options.parallel > MANY { CHUNK / 2 } else { CHUNK };
        self.limit.chunk(chunk)
    }

    pub(super) fn take_buffer(&self) -> Vec<u8> {
        let spare = self.lock().spare.pop();
        spare.unwrap_or_else(|| vec![0; self.chunk()])
    }

    pub(super) fn give_buffer(&self, buffer: Vec<u8>) {
        self.lock().spare.push(buffer);
    }

    /// Notes that there is room for bytes to check.
    pub(super) fn has_room(&self) {
        self.room.notify_all();
    }

    /// Notes that the head of a flight's answer came, after so long. Where heads come late, it is as good
    /// as bytes to decide on more connections by: each step costs that wait.
    pub(super) fn begin(&self, destination: &Destination, waited: Duration) {
        let now = self.now();
        let mut state = self.lock();
        let is_late = state.pace.is_late();
        if let Some(flying) = state.files[destination.file].flying(destination.id) {
            flying.last = now;
            flying.has_delivered |= is_late;
        }
        if is_late {
            state.pace.read(waited, Duration::ZERO);
            let (active, delivering, received) = (state.active, state.delivering(), state.received);
            if state.pace.consider(now, active, delivering, received) {
                self.work.notify_all();
            }
        }
    }

    /// The check took a chunk: its buffer can be used again.
    pub(super) fn took(&self, state: &mut State, buffer: Vec<u8>) {
        state.spare.push(buffer);
        self.room.notify_all();
    }

    /// Puts a link in place of one that is about to expire, where there is a better one. If there is none,
    /// it is used all the same: it is the storage's clock that counts, and this machine's may be wrong.
    pub(super) fn fresh_enough(&self, task: &Task) -> Link {
        if !self.is_old(&task.link) || self.lock().files[task.file].kept_link.as_ref() == Some(&task.link) {
            return task.link.clone();
        }
        match self.options.links.fresh(task.file, &task.link) {
            Err(reason) => {
                let reason = Reason::NoLink(reason);
                self.note(task.file, format!("{reason}; trying the one that is there"));
                self.lock().files[task.file].kept_link = Some(task.link.clone());
                task.link.clone()
            }
            Ok(link) => {
                let mut state = self.lock();
                let slot = &mut state.files[task.file];
                slot.link = link.clone();
                if self.is_old(&link) {
                    slot.kept_link = Some(link.clone());
                }
                link
            }
        }
    }

    fn is_old(&self, link: &Link) -> bool {
        let now: OffsetDateTime = self.options.clock.now();
        link.expires_at().is_some_and(|expiry| expiry - now < LEAST_LIFETIME)
    }

    /// Waits, unless the run is stopped meanwhile.
    pub(super) fn pause(&self, duration: Duration) {
        let end = self.now() + duration;
        while !self.is_stopped() {
            let left = end.saturating_sub(self.now());
            if left.is_zero() {
                return;
            }
            self.options.clock.sleep(left.min(HEARTBEAT));
        }
    }
}

pub(super) fn wait<'a>(condition: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    let waited = condition.wait_timeout(state, HEARTBEAT / 2);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

fn new_record(slot: &Slot) -> Arc<Mutex<Record>> {
    Arc::new(Mutex::new(Record::new(&slot.job.identity, &slot.job.node)))
}

/// The value behind a lock. The lock is never poisoned, since a panic ends the process.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
