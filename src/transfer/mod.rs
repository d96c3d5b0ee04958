//! Fetches the files of backups over many connections. A file gets its name only when it is whole.
//!
//! A [`Transfer`] is given [`Job`]s, which may be of several backups and folders, and a source of new [`Links`].
//! It reports [`Event`]s, and an [`Outcome`] for each file. A failure is a [`Reason`], without advice. This layer
//! knows neither the API nor the screen.
//!
//! # The design
//!
//! Three kinds of threads share one [`state`], which one lock guards. [`pool`] has their operations on it, and
//! [`slot`] is the state of one file.
//!
//! * **Connections** (at most `--parallel`, over all files) each take a request, send it ([`fetch`]) and
//!   write the bytes of its answer to the part at their offsets, each byte once ([`landing`], [`coverage`]). A
//!   request whose bytes are on their way is called a flight. The first request of a file has no range, or
//!   goes on at the frontier. If the head of its answer shows a length, a strong ETag and that ranges are
//!   served, other connections request [`pieces`] of the object while it goes on. [`admission`] checks the first
//!   answer of a file. [`concurrency`] decides the number of connections and the size of pieces, [`recovery`]
//!   what happens after a failed request, and [`hosts`] which hosts are not asked any more. [`request`] sends
//!   requests, and [`answer`] reads answers.
//! * **File workers** (one thread for each file that is being fetched) check the bytes in order while they
//!   arrive: from memory if they just came, from the page cache if they came early ([`file_worker`]). Then
//!   the file gets its name ([`finish`]). Few chunks wait in memory, and receiving waits for a check that is
//!   far behind.
//! * **Two checkpoint threads** save the progress of each file ([`checkpoint`]).
//!
//! # What is kept on disk
//!
//! A file is written as `NAME.part` and renamed once it is whole, checked and synchronised. `.jdredis/NAME.json`
//! holds what is needed to go on (see [`record`]): the frontier, before which every byte is there, and until the
//! next boot also which bytes beyond it were written. It stays when the file is whole, and the next run recognises
//! the finished file by it.
//!
//! After SIGKILL the next run fetches again what came since the last checkpoint. After a power cut that is what came
//! in the last second, and all that is beyond the frontier. After Ctrl-C and SIGTERM it is what is beyond the
//! frontier, since the part is cut there: its length then says how much is kept. Pieces are handed out in order, so
//! that little is beyond the frontier.
//!
//! An fsync that fails ends the file's download, since the system may have dropped bytes and does not say so again. The
//! part is cut to what an earlier fsync has brought to the disk.

mod admission;
mod answer;
mod attempts;
mod checkpoint;
mod concurrency;
mod coverage;
mod fetch;
mod fetch_error;
mod file_worker;
mod finish;
mod folder;
mod hosts;
mod landing;
mod limit;
mod names;
mod part;
mod pieces;
mod pool;
mod private;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
mod reason;
mod record;
mod recovery;
mod request;
mod slot;
mod state;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

pub(crate) use self::folder::{Folder, FolderError};
pub(crate) use self::hosts::Hosts;
pub(crate) use self::names::distinct_names;
use self::pool::Pool;
pub(crate) use self::reason::Reason;
pub(crate) use self::record::Identity;
pub(crate) use self::request::Storage;
use self::state::{Stage, State, files_at_once};
use crate::file::FileState;
use crate::process::threads::{self, Need};
use crate::process::world::Clock;
use crate::rdb::{Advice, Contents};
use crate::values::link::Link;

/// The most connections at once that can be asked for.
pub(crate) const MAX_CONNECTIONS: usize = 64;

/// How long a thread waits at most before it looks whether the run was stopped.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// A file to fetch.
pub(crate) struct Job {
    /// The backup that it belongs to.
    pub(crate) identity: Identity,
    /// The node that it belongs to, such as `node 0`.
    pub(crate) node: String,
    pub(crate) link: Link,
    /// The folder that it goes to. The files of a transfer may have different folders.
    pub(crate) folder: Arc<Folder>,
    /// The name that it gets in the folder.
    pub(crate) file_name: String,
    /// Whether it replaces a file of its name once it is whole.
    pub(crate) force: bool,
}

/// A source of new links. The threads that fetch call it and wait for it.
pub(crate) trait Links: Send + Sync {
    /// A link to the file with this number, in place of `stale`, which was refused or is about to expire. It may
    /// be equal to `stale` if the service has no other.
    ///
    /// # Errors
    /// The reason why there is no link, in words.
    fn fresh(&self, file: usize, stale: &Link) -> Result<Link, String>;
}

/// The options of a transfer, which hold for all files.
pub(crate) struct Options {
    pub(crate) storage: Storage,
    pub(crate) links: Arc<dyn Links>,
    /// Which hosts answer, as the transfers of a run found so far.
    pub(crate) hosts: Arc<Hosts>,
    /// The most connections at once, over all files.
    pub(crate) parallel: usize,
    /// The most bytes a second, over all connections.
    pub(crate) limit_rate: Option<u64>,
    /// How long the storage may say that it is busy while no byte comes, before a file is given up.
    pub(crate) patience: Duration,
    /// How many attempts in a row may bring nothing, before a file is given up.
    pub(crate) max_attempts: u32,
    pub(crate) clock: Arc<dyn Clock>,
    /// For the waits between attempts.
    pub(crate) seed: u64,
    /// Raised when the user ends the run.
    pub(crate) stop: Arc<AtomicBool>,
}

/// An event of a file. The events of a file come in order.
pub(crate) enum Event {
    /// How many bytes of it are there now, and its length in bytes if known.
    Position { bytes: u64, length: Option<u64> },
    /// Something unexpected and what is done about it, in words.
    Note(String),
    /// A request to the storage and its result, for `-v`. It has no part of a link's query.
    Request(String),
    /// It has ended.
    Done(Box<Outcome>),
}

/// The result for a file.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The file's path; for one that is not whole, the path of its part.
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// The SHA-256 of all its bytes, if it is complete.
    pub(crate) sha256: Option<String>,
    pub(crate) state: FileState,
    /// Why it is not [`FileState::Ok`].
    pub(crate) reason: Option<Reason>,
    /// How many bytes were there before this run.
    pub(crate) resumed_from: u64,
    /// Its contents, if all its bytes are there and begin an RDB file.
    pub(crate) rdb: Option<Box<Contents>>,
    /// The advice that follows from its bytes, if there is any.
    pub(crate) advice: Option<Advice>,
    /// What is in doubt about a file that is good.
    pub(crate) warning: Option<Reason>,
    /// Whether the storage told length and ETag of a file that is not good. They alone show that all of an object has
    /// come that is no RDB file.
    pub(crate) is_certain: bool,
}

/// A transfer, which runs in its own threads.
pub(crate) struct Transfer {
    pool: Arc<Pool>,
    events: Receiver<(usize, Event)>,
    /// How many files have not ended.
    left: Cell<usize>,
}

impl Transfer {
    /// Starts to fetch. The threads end when all files have ended, or soon after `options.stop` is raised. A thread
    /// that waits for the network at that moment may outlive the transfer and end with the process. The files on the
    /// disk can be resumed all the same.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(jobs: Vec<Job>, options: Options) -> io::Result<Self> {
        let expected = jobs.len();
        Self::begin(jobs, expected, false, options)
    }

    /// Starts a transfer without files. They are added later, about `expected` of them, until it is closed.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn open(expected: usize, options: Options) -> io::Result<Self> {
        Self::begin(Vec::new(), expected, true, options)
    }

    fn begin(jobs: Vec<Job>, expected: usize, is_open: bool, options: Options) -> io::Result<Self> {
        let (sender, events) = channel();
        let left = jobs.len();
        let at_once = files_at_once(&options, expected);
        let now = options.clock.monotonic();
        let mut state = State::new(jobs, expected, &options, now);
        state.is_open = is_open;
        let pool = Arc::new(Pool::new(state, options, sender));
        // Fewer threads than wanted only make it slower, but one of each kind is needed. So the first file worker
        // is started before the connections can take up what threads there are.
        let need = |number| if number == 0 { Need::Needed } else { Need::Helpful };
        let start_worker = |number| start_file_worker(&pool, need(number)).ok();
        let connect = |number| pool.connect(need(number)).ok();
        let has_worker = start_worker(0).is_some();
        let connections = (0..pool.options.parallel).map_while(connect).count();
        if has_worker {
            // The number of file workers changes nothing else, so how many of these start is not counted.
            let _ = (1..at_once).map_while(start_worker).count();
        }
        if connections == 0 || !has_worker {
            pool.lock().files.iter_mut().for_each(|slot| slot.stage = Stage::Done);
            pool.close();
            return Err(io::Error::other("the system gives no thread"));
        }
        pool.lock().pace.has_only(connections);
        // Without these threads, progress is saved only at the end.
        for save in [checkpoint::save_written, checkpoint::save_durable] {
            let pool = Arc::clone(&pool);
            let _ = threads::start(thread::Builder::new(), Need::Helpful, move || save(&pool));
        }
        Ok(Self {
            pool,
            events,
            left: Cell::new(left),
        })
    }

    /// Adds a file to a transfer that is open. Files are numbered from 0 in the order in which they are added.
    pub(crate) fn add(&self, job: Job) {
        self.left.set(self.left.get() + 1);
        self.pool.add(job);
    }

    /// No file will be added any more.
    pub(crate) fn close(&self) {
        self.pool.close();
    }

    /// The next event, with the number of its file; `Ok(None)` if none comes within a [`HEARTBEAT`].
    ///
    /// # Errors
    /// [`Ended`] once all files have ended.
    pub(crate) fn next(&self) -> Result<Option<(usize, Event)>, Ended> {
        self.next_within(HEARTBEAT)
    }

    /// Like [`next`](Self::next), with the time to wait for an event.
    pub(crate) fn next_within(&self, moment: Duration) -> Result<Option<(usize, Event)>, Ended> {
        if self.left.get() == 0 && !self.pool.lock().is_open {
            return Err(Ended);
        }
        match self.events.recv_timeout(moment) {
            Ok(event) => {
                self.left
                    .set(self.left.get() - usize::from(matches!(event.1, Event::Done(_))));
                Ok(Some(event))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Ended),
        }
    }

    /// How many bytes came, and the most connections that were in use at once.
    pub(crate) fn received(&self) -> (u64, usize) {
        let state = self.pool.lock();
        (state.received, state.most_active)
    }
}

/// Starts a file worker, which completes files one after the other.
fn start_file_worker(pool: &Arc<Pool>, need: Need) -> io::Result<()> {
    let pool = Arc::clone(pool);
    let work = move || {
        while let Some(file) = pool.next_file() {
            file_worker::complete(&pool, file);
        }
    };
    threads::start(thread::Builder::new(), need, work).map(drop)
}

/// All files of a transfer have ended.
pub(crate) struct Ended;
