//! Fetches the files of backups over many connections, and leaves nothing behind that looks whole and is
//! not.
//!
//! It is given [`Job`]s, which may be of several backups and folders, and a source of fresh [`Links`],
//! which its threads call. It reports [`Event`]s, and an [`Outcome`] for each file; reasons leave it as
//! [`Reason`]s, without advice. It knows neither the API nor the screen.
//!
//! # The design
//!
//! Three kinds of threads share one [`state`], which one lock guards:
//!
//! * **Connections** (`--parallel` at most, over all files) each take a request, make it and write its
//!   bytes to the part at their offsets ([`flight`]). The first request of a file has no range, or goes on
//!   at the frontier; where its head shows a length, a strong ETag and that ranges are served, others join
//!   with [`pieces`] of their own while it goes on. [`pace`] decides how many there are and how large
//!   pieces are; [`trouble`], what a failed request means; [`answer`], what an answer says.
//! * **Files** (one thread for each that is fetched) check its bytes in order beside the receiving: from
//!   memory where they just came, from the page cache where they came early ([`tend`]). Then the file gets
//!   its name ([`finish`]). Few chunks wait in memory, and a check that is far behind holds the network
//!   back.
//! * **The scribe** writes down how far each file is ([`scribe`]).
//!
//! # What is kept on disk
//!
//! A file is written as `NAME.part` and renamed once it is whole, checked and synchronised. Pieces are
//! handed out in order, so one number says how far it is: the frontier, before which every byte is there.
//! `.jdredis/NAME.json` holds what is needed to go on (see [`record`]); it stays when the file is whole and
//! is how a finished one is recognised. After SIGKILL the next run fetches again at most the pieces that
//! were on their way, and after a power cut what the last second brought besides.

mod admission;
mod answer;
mod attempts;
mod finish;
mod flight;
mod folder;
mod limit;
mod names;
mod pace;
mod part;
mod pieces;
mod pool;
mod private;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
mod reason;
mod record;
mod request;
mod scribe;
mod state;
mod tend;
mod trouble;

use std::cell::Cell;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

pub(crate) use self::folder::{Folder, FolderError};
pub(crate) use self::names::distinct_names;
use self::pool::Pool;
pub(crate) use self::reason::Reason;
pub(crate) use self::record::Identity;
pub(crate) use self::request::Storage;
use self::state::{Stage, State};
use crate::file::FileState;
use crate::process::world::Clock;
use crate::rdb::{Advice, Contents};
use crate::values::link::Link;

/// The most connections at once that can be asked for.
pub(crate) const MAX_CONNECTIONS: usize = 64;

/// How long a thread waits at most before it looks whether the run was stopped.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// A file to fetch.
pub(crate) struct Job {
    /// Which backup it belongs to.
    pub(crate) identity: Identity,
    /// Such as `node 0`.
    pub(crate) node: String,
    pub(crate) link: Link,
    /// Where it goes; files of other folders may be fetched in the same transfer.
    pub(crate) folder: Arc<Folder>,
    /// The name it gets in the folder.
    pub(crate) file_name: String,
    /// Whether a file of its name may be replaced, once the new one is whole.
    pub(crate) force: bool,
}

/// A source of links that work. It is called by the threads that fetch, and may be slow.
pub(crate) trait Links: Send + Sync {
    /// A link to the file that is number `file` of the jobs: a new one, unless there is none but the
    /// stale one.
    ///
    /// # Errors
    /// Why there is none, in words.
    fn fresh(&self, file: usize, stale: &Link) -> Result<Link, String>;
}

/// What a transfer needs to know besides the files.
pub(crate) struct Options {
    pub(crate) storage: Storage,
    pub(crate) links: Arc<dyn Links>,
    /// How many connections there are at most, over all files.
    pub(crate) parallel: usize,
    /// How many bytes a second are taken at most, over all connections.
    pub(crate) limit_rate: Option<u64>,
    /// How long the storage may be busy while nothing comes.
    pub(crate) patience: Duration,
    /// How often in a row an attempt may bring nothing.
    pub(crate) max_attempts: u32,
    pub(crate) clock: Arc<dyn Clock>,
    /// For the waits between attempts.
    pub(crate) seed: u64,
    /// Raised when the user wants it to end.
    pub(crate) stop: Arc<AtomicBool>,
}

/// What happens to a file, in order.
pub(crate) enum Event {
    /// Bytes of it that are there now, and how many it has where that is known.
    Position { bytes: u64, length: Option<u64> },
    /// Something that did not go as planned, and what is done about it.
    Note(String),
    /// A request to the storage and what came of it, for `-v`. It has no part of a link's query.
    Request(String),
    /// It has ended.
    Done(Box<Outcome>),
}

/// What became of a file.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Where it is, whatever its state; for one that is not whole, where the part is.
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// Of all its bytes, where it is complete.
    pub(crate) sha256: Option<String>,
    pub(crate) state: FileState,
    /// Why it is not [`FileState::Ok`].
    pub(crate) reason: Option<Reason>,
    /// How many bytes were there before this run.
    pub(crate) resumed_from: u64,
    /// What is in it, where all its bytes are there and begin an RDB file.
    pub(crate) rdb: Option<Box<Contents>>,
    /// What to do about it, where its bytes say so.
    pub(crate) advice: Option<Advice>,
    /// What may be wrong with a file that is good.
    pub(crate) warning: Option<Reason>,
}

/// A transfer that goes on in its own threads.
pub(crate) struct Transfer {
    pool: Arc<Pool>,
    events: Receiver<(usize, Event)>,
    /// How many files have not ended.
    left: Cell<usize>,
}

impl Transfer {
    /// Starts to fetch. The threads end when every file has, or soon after `options.stop` is raised;
    /// one that waits for the network then may outlive the transfer, and dies with the process, which
    /// the state on disk is made for.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(jobs: Vec<Job>, options: Options) -> io::Result<Self> {
        let expected = jobs.len();
        Self::begin(jobs, expected, false, options)
    }

    /// Starts a transfer that files are added to, of which about so many are expected. It goes on until it is
    /// closed.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn open(expected: usize, options: Options) -> io::Result<Self> {
        Self::begin(Vec::new(), expected, true, options)
    }

    fn begin(jobs: Vec<Job>, expected: usize, is_open: bool, options: Options) -> io::Result<Self> {
        let (sender, events) = channel();
        let left = jobs.len();
        let at_once = options.parallel.min(expected);
        let now = options.clock.monotonic();
        let mut state = State::new(jobs, expected, &options, now);
        state.is_open = is_open;
        let pool = Arc::new(Pool::new(state, options, sender));
        // Fewer threads than wanted only make it slower, but one of each kind is needed.
        let first = usize::from(at_once > 0 && tend_files(&pool).is_ok());
        let connections = (0..pool.options.parallel).map_while(|_| pool.connect().ok()).count();
        let files = first + (first..at_once).map_while(|_| tend_files(&pool).ok()).count();
        if connections == 0 || files == 0 {
            pool.lock().files.iter_mut().for_each(|slot| slot.stage = Stage::Done);
            pool.close();
            return Err(io::Error::other("the system gives no thread"));
        }
        pool.lock().pace.has_only(connections);
        let for_scribe = Arc::clone(&pool);
        // Without it, what was fetched is written down at the end alone.
        let _ = thread::Builder::new().spawn(move || scribe::write_down(&for_scribe));
        Ok(Self {
            pool,
            events,
            left: Cell::new(left),
        })
    }

    /// Adds a file to a transfer that is open. Its number is one more than that of the file before.
    pub(crate) fn add(&self, job: Job) {
        self.left.set(self.left.get() + 1);
        self.pool.add(job);
    }

    /// No file will be added any more.
    pub(crate) fn close(&self) {
        self.pool.close();
    }

    /// The next event, with the number of its job; `Ok(None)` where there was none for a moment,
    /// and an error once all files have ended.
    pub(crate) fn next(&self) -> Result<Option<(usize, Event)>, Ended> {
        self.next_within(HEARTBEAT)
    }

    /// As [`next`](Self::next), with how long a moment is.
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

    /// How many bytes came, and over how many connections at once at most.
    pub(crate) fn received(&self) -> (u64, usize) {
        let state = self.pool.lock();
        (state.received, state.most_active)
    }
}

/// Starts a thread that sees files through to their ends, one after the other.
fn tend_files(pool: &Arc<Pool>) -> io::Result<()> {
    let pool = Arc::clone(pool);
    let work = move || {
        while let Some(file) = pool.next_file() {
            tend::tend(&pool, file);
        }
    };
    thread::Builder::new().spawn(work).map(drop)
}

/// All files of a transfer have ended.
pub(crate) struct Ended;
