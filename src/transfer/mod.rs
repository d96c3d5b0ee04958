//! Fetches the files of a backup: a worker a shard, each with one connection, and nothing left
//! behind that looks whole and is not.
//!
//! This knows neither the API nor what is shown of its progress: whoever calls it answers its
//! requests for new links and watches its [`Event`]s.
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
mod record;
pub(crate) mod storage;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

pub(crate) use self::folder::{Folder, FolderError, distinct_names};
pub(crate) use self::record::Identity;
pub(crate) use self::storage::Storage;
use crate::process::world::Clock;
use crate::values::link::Link;

/// How often whoever waits looks up.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// A file to fetch.
#[derive(Debug, Clone)]
pub(crate) struct Shard {
    /// Such as `node 0`.
    pub(crate) node: String,
    /// The name it gets in the folder.
    pub(crate) file_name: String,
    pub(crate) link: Link,
}

/// What a transfer needs to know besides the shards.
pub(crate) struct Options {
    pub(crate) folder: Folder,
    pub(crate) identity: Identity,
    pub(crate) storage: Storage,
    pub(crate) parallel: usize,
    /// How often in a row an attempt may bring nothing.
    pub(crate) max_attempts: u32,
    /// Whether files that are there may be replaced, once the new ones are whole.
    pub(crate) force: bool,
    pub(crate) clock: Arc<dyn Clock>,
    /// For the waits between attempts.
    pub(crate) seed: u64,
    /// Raised when the user wants it to end.
    pub(crate) stop: Arc<AtomicBool>,
}

/// What happens to a shard, in order.
pub(crate) enum Event {
    /// Bytes of its file that are there now, and how many it has where that is known.
    Position { bytes: u64, length: Option<u64> },
    /// Something that did not go as planned, and what is done about it.
    Note(String),
    /// Its link does not work any more, or soon will not. The answer is a new one, or why there is
    /// none.
    NeedsLink {
        stale: Link,
        reply: SyncSender<Result<Link, String>>,
    },
    /// It has ended.
    Done(FileReport),
}

/// What became of a shard's file.
#[derive(Debug, Clone)]
pub(crate) struct FileReport {
    pub(crate) node: String,
    /// Where it is, whatever its state; for one that is not whole, where the part is.
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// Of all its bytes, where it is complete.
    pub(crate) sha256: Option<String>,
    pub(crate) state: State,
    /// How many bytes were there before this run.
    pub(crate) resumed_from: u64,
}

/// How far a file can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Whole: its length and its checksum are right.
    Ok,
    /// Complete by its length; nothing in it can be checked, for the reason given.
    Unverified(String),
    /// Complete by its length, and damaged.
    Corrupt(String),
    /// Not all there, for the reason given.
    Incomplete(String),
}

impl State {
    /// The name in tables and JSON.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unverified(_) => "unverified",
            Self::Corrupt(_) => "corrupt",
            Self::Incomplete(_) => "incomplete",
        }
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Ok => None,
            Self::Unverified(reason) | Self::Corrupt(reason) | Self::Incomplete(reason) => Some(reason),
        }
    }

    /// Whether the file is all there and nothing was found wrong with it.
    pub(crate) fn is_good(&self) -> bool {
        matches!(self, Self::Ok | Self::Unverified(_))
    }
}

/// A transfer that goes on in its own threads.
pub(crate) struct Transfer {
    events: Receiver<(usize, Event)>,
}

impl Transfer {
    /// Starts to fetch. The threads end when every shard has, or soon after `options.stop` is raised;
    /// one that waits for the network then may outlive the transfer, and dies with the process, which
    /// the state on disk is made for.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(shards: Vec<Shard>, options: Options) -> io::Result<Self> {
        let (sender, events) = channel();
        let workers = options.parallel.min(shards.len());
        let queue: VecDeque<(usize, Shard)> = shards.into_iter().enumerate().collect();
        let queue = Arc::new(Mutex::new(queue));
        let options = Arc::new(options);
        for _ in 0..workers {
            let (queue, options, sender) = (Arc::clone(&queue), Arc::clone(&options), sender.clone());
            thread::Builder::new().spawn(move || {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some((index, shard)) = next else { return };
                    // Nobody listens any more once the transfer is given up.
                    let tell = |event| drop(sender.send((index, event)));
                    tell(Event::Done(fetch::fetch(&shard, index as u64, &options, &tell)));
                }
            })?;
        }
        Ok(Self { events })
    }

    /// The next event, with the number of its shard; `Ok(None)` where there was none for a moment,
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
