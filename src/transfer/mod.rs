//! Fetches the files of backups, each with one connection, and leaves nothing behind that looks whole
//! and is not.
//!
//! It is given [`Job`]s, which may be of several backups and folders, and a source of fresh [`Links`],
//! which its threads call. It reports [`Event`]s, and an [`Outcome`] for each file; reasons leave it as
//! [`Reason`]s, without advice. It knows neither the API nor the screen.
//!
//! # What is kept on disk
//!
//! A file is written as `NAME.part` and renamed once it is whole, checked and synchronised. Beside it,
//! `.jdredis/NAME.json` holds what is needed to go on (see [`record`]); it stays when the file is
//! whole and is how a finished one is recognised. A process that is killed at any moment leaves a
//! state that the next run goes on from; after a power cut, it goes on from the last byte that was
//! known to be on the disk.

mod fetch;
mod folder;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
mod reason;
mod record;
pub(crate) mod storage;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

pub(crate) use self::folder::{Folder, FolderError, distinct_names};
pub(crate) use self::reason::Reason;
pub(crate) use self::record::Identity;
pub(crate) use self::storage::Storage;
use crate::file::FileState;
use crate::process::world::Clock;
use crate::rdb::{Advice, Contents};
use crate::values::link::Link;

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
    pub(crate) parallel: usize,
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
    /// It has ended.
    Done(Outcome),
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
}

/// A transfer that goes on in its own threads.
pub(crate) struct Transfer {
    events: Receiver<(usize, Event)>,
}

impl Transfer {
    /// Starts to fetch. The threads end when every file has, or soon after `options.stop` is raised;
    /// one that waits for the network then may outlive the transfer, and dies with the process, which
    /// the state on disk is made for.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(jobs: Vec<Job>, options: Options) -> io::Result<Self> {
        let (sender, events) = channel();
        let workers = options.parallel.min(jobs.len());
        let queue: VecDeque<(usize, Job)> = jobs.into_iter().enumerate().collect();
        let queue = Arc::new(Mutex::new(queue));
        let options = Arc::new(options);
        for _ in 0..workers {
            let (queue, options, sender) = (Arc::clone(&queue), Arc::clone(&options), sender.clone());
            thread::Builder::new().spawn(move || {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some((index, job)) = next else { return };
                    // Nobody listens any more once the transfer is given up.
                    let tell = |event| drop(sender.send((index, event)));
                    tell(Event::Done(fetch::fetch(&job, index, &options, &tell)));
                }
            })?;
        }
        Ok(Self { events })
    }

    /// The next event, with the number of its job; `Ok(None)` where there was none for a moment,
    /// and an error once all threads have ended.
    pub(crate) fn next(&self) -> Result<Option<(usize, Event)>, Ended> {
        match self.events.recv_timeout(HEARTBEAT) {
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Ended),
        }
    }
}

/// All threads of a transfer have ended.
pub(crate) struct Ended;
