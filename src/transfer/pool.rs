//! The parts that all threads of a transfer share, and the operations of the threads on them: take a request or a
//! file, use a fresh link, wait.

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

/// A link that expires within this time is replaced before it is used.
const LEAST_LIFETIME: time::Duration = time::Duration::seconds(60);
/// If more connections than this are allowed, chunks are half as large, to keep the memory of their buffers small.
const MANY: usize = 16;

/// The parts that all threads of a transfer share.
pub(super) struct Pool {
    pub(super) options: Options,
    pub(super) limit: Limit,
    /// The record of each file, as it is on the disk or soon will be.
    records: Mutex<Vec<Arc<Mutex<Record>>>>,
    state: Mutex<State>,
    /// Connections and idle file workers wait here for a request to send or a file.
    pub(super) work: Condvar,
    /// File workers wait here for bytes to check, or for the end of their file.
    pub(super) news: Condvar,
    /// Connections wait here until the check takes bytes, or another flight ends its claim.
    pub(super) room: Condvar,
    /// The checkpoint threads wait here.
    ends: Condvar,
    events: Sender<(usize, Event)>,
}

/// The flight of a file that an answer's bytes belong to, and the part that they go to.
pub(super) struct Destination {
    pub(super) file: usize,
    /// The start of the file that the flight belongs to.
    pub(super) generation: u64,
    pub(super) id: FlightId,
    pub(super) part: Arc<Part>,
}

/// The times of a flight's last read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Timing {
    /// How long it waited for bytes.
    pub(super) idle: Duration,
    /// How long writing and handing over took for the bytes of the read before it.
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

    /// Locks the state.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// The record of a file. Whoever locks both the record and the state locks the record first.
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

    /// The clock's monotonic time.
    pub(super) fn now(&self) -> Duration {
        self.options.clock.monotonic()
    }

    /// Whether the user has ended the run.
    pub(super) fn is_stopped(&self) -> bool {
        self.options.stop.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Reports an event of a file.
    pub(super) fn tell(&self, file: usize, event: Event) {
        // This fails once the transfer was dropped.
        let _ = self.events.send((file, event));
    }

    /// Reports a note about a file.
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

    /// Waits for the next request; `None` once the run was stopped or all files have ended.
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

    /// Starts a thread that carries out one request after the other.
    ///
    /// # Errors
    /// If the system gives no thread.
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

    /// Waits for the next file that no worker has taken; `None` once there will be none.
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

    /// Waits until there may be news for a file worker.
    pub(super) fn wait_for_news<'a>(&'a self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        wait(&self.news, state)
    }

    /// Waits for half a [`HEARTBEAT`], or until a thread [wakes](Self::wake) all others.
    pub(super) fn wait_for_change(&self) {
        drop(wait(&self.ends, self.lock()));
    }

    /// How many bytes are read at a time.
    pub(super) fn chunk(&self) -> usize {
        let chunk = if self.options.parallel > MANY { CHUNK / 2 } else { CHUNK };
        self.limit.chunk(chunk)
    }

    /// A buffer to read into: one that is not in use, or a new one.
    pub(super) fn take_buffer(&self) -> Vec<u8> {
        let spare = self.lock().spare.pop();
        spare.unwrap_or_else(|| vec![0; self.chunk()])
    }

    /// Gives back a buffer that is not used any more.
    pub(super) fn give_buffer(&self, buffer: Vec<u8>) {
        self.lock().spare.push(buffer);
    }

    /// Wakes connections that wait for the check.
    pub(super) fn has_room(&self) {
        self.room.notify_all();
    }

    /// Notes that the head of a flight's answer came after the time `waited`. If heads come late, connections are
    /// added at the head already, as if it were bytes: waiting for the bytes would delay each step by that time.
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

    /// Notes that the check is done with a chunk, and takes back its buffer.
    pub(super) fn took(&self, state: &mut State, buffer: Vec<u8>) {
        state.spare.push(buffer);
        self.room.notify_all();
    }

    /// The link to use for a task. One that is about to expire is replaced if the service has a better one. If it has
    /// none, the link is used all the same: it expires by the storage's clock, and this machine's may be wrong.
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

    /// Whether a link is about to expire, by this machine's clock.
    fn is_old(&self, link: &Link) -> bool {
        let now: OffsetDateTime = self.options.clock.now();
        link.expires_at().is_some_and(|expiry| expiry - now < LEAST_LIFETIME)
    }

    /// Waits, but ends early if the run is stopped.
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

/// Waits for a notification, at most half a [`HEARTBEAT`]. The caller looks at the state again in any case.
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
