//! A transfer without its threads: a test takes each step itself, on a clock of its own.

mod answers;
mod concurrency;
mod failures;
mod landing;
mod links;
mod pieces;
mod requests;

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;
use ureq::http::{HeaderMap, HeaderName};

use super::answer::Head;
use super::fetch::Fetch;
use super::fetch_error::FetchError;
use super::part::Part;
use super::pieces::Pieces;
use super::pool::Pool;
use super::request::Answer;
use super::slot::{First, Object, Stage};
use super::state::{Kind, State, Task};
use super::{Event, Folder, Identity, Job, Links, Options, Storage};
use crate::http::Network;
use crate::process::world::Clock;
use crate::retry::hand::Hand;
use crate::values::link::Link;

pub(super) const MIB: u64 = 1 << 20;

/// A service that has no other links.
struct SameLinks;

impl Links for SameLinks {
    fn fresh(&self, _: usize, stale: &Link) -> Result<Link, String> {
        Ok(stale.clone())
    }
}

/// The state of a transfer, and what its steps are about.
pub(super) struct Scene {
    pub(super) pool: Arc<Pool>,
    pub(super) clock: Arc<Hand>,
    pub(super) folder: Arc<Folder>,
    events: Receiver<(usize, Event)>,
    _dir: TempDir,
}

impl Scene {
    /// A transfer of `files` files over at most eight connections. None of them is begun.
    pub(super) fn new(files: usize) -> Self {
        Self::with(files, |_| {})
    }

    /// As [`new`](Self::new), with other options.
    pub(super) fn with(files: usize, change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = Arc::new(Folder::open(dir.path(), "a test").unwrap());
        let clock = Arc::new(Hand::default());
        let silence = Duration::from_secs(5);
        let mut options = Options {
            storage: Storage::new(Arc::new(Network::default()), silence, Arc::clone(&clock) as _),
            hosts: Arc::default(),
            links: Arc::new(SameLinks),
            parallel: 8,
            limit_rate: None,
            patience: Duration::from_secs(60),
            max_attempts: 3,
            clock: Arc::clone(&clock) as _,
            seed: 7,
            stop: Arc::default(),
        };
        change(&mut options);
        let jobs = (0..files).map(|number| job(number, &folder)).collect();
        let state = State::new(jobs, files, &options, clock.monotonic());
        let (sender, events) = channel();
        Self {
            pool: Arc::new(Pool::new(state, options, sender)),
            clock,
            folder,
            events,
            _dir: dir,
        }
    }

    /// A job for a further file.
    pub(super) fn job(&self, number: usize) -> Job {
        job(number, &self.folder)
    }

    /// Begins to fetch a file whose object is known. The bytes before `frontier` are there.
    pub(super) fn resume(&self, file: usize, etag: &str, length: u64, frontier: u64) -> Arc<Part> {
        let mut state = self.pool.lock();
        let slot = &mut state.files[file];
        let part = Part::create(&slot.job.folder.paths(&slot.job.file_name).part).unwrap();
        let part = Arc::new(part);
        part.write_at(&object(frontier), 0).unwrap();
        slot.stage = Stage::Fetching;
        slot.object = Object {
            etag: Some(etag.to_owned()),
            length: Some(length),
        };
        slot.pieces = Pieces::new(Some(length), frontier);
        slot.part = Some(Arc::clone(&part));
        slot.first = Some(First::Resume);
        part
    }

    /// Begins to fetch a file of which nothing is known.
    pub(super) fn begin(&self, file: usize) {
        let mut state = self.pool.lock();
        let slot = &mut state.files[file];
        (slot.stage, slot.first) = (Stage::Fetching, Some(First::Resume));
    }

    /// The next request for a free connection.
    pub(super) fn next(&self) -> Option<Task> {
        self.pool.lock().next(self.clock.monotonic())
    }

    /// Takes the answer to a file's first request, and recovers from its error. Returns the error in words.
    pub(super) fn answer_first(&self, task: &Task, mut answer: Answer) -> Result<(), String> {
        answer.body = self.checked(task.file, answer.body);
        let Kind::First(first, from) = task.kind else {
            panic!("no first request")
        };
        let fetch = Fetch {
            pool: &self.pool,
            task,
            generation: Cell::new(task.generation),
        };
        let outcome = fetch.first(answer, first, from);
        let said = match &outcome {
            Ok(()) => Ok(()),
            Err(FetchError::Final(reason)) => Err(format!("final: {reason}")),
            Err(FetchError::Odd(said)) => Err(format!("odd: {said}")),
            Err(FetchError::OtherPart) => Err("another part".to_owned()),
            Err(_) => Err("another error".to_owned()),
        };
        if let Err(error) = outcome {
            let sent = self.clock.monotonic();
            self.pool.recover(task, fetch.generation.get(), &task.link, error, sent);
        }
        self.pool.free();
        said
    }

    /// Bytes of an answer about a file, which are checked as they come.
    pub(super) fn checked(&self, file: usize, body: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        Box::new(Checked {
            body: Box::new(body),
            pool: Arc::clone(&self.pool),
            file,
        })
    }

    /// The notes since the last call.
    pub(super) fn notes(&self) -> Vec<String> {
        let notes = self.events.try_iter().filter_map(|(_, event)| match event {
            Event::Note(note) => Some(note),
            _ => None,
        });
        notes.collect()
    }
}

/// The body of an answer. A read takes the bytes of the reads before it out of the queue, as the check does.
struct Checked {
    body: Box<dyn Read + Send>,
    pool: Arc<Pool>,
    file: usize,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.pool.lock().files[self.file].queue.clear();
        self.body.read(buffer)
    }
}

/// Bytes of an answer, while which something else happens once so many of them are read.
pub(super) struct Shared {
    pub(super) bytes: Cursor<Vec<u8>>,
    pub(super) after: u64,
    pub(super) then: Option<Box<dyn FnOnce() + Send>>,
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        if self.bytes.position() >= self.after
            && let Some(then) = self.then.take()
        {
            then();
        }
        Ok(count)
    }
}

fn job(number: usize, folder: &Arc<Folder>) -> Job {
    Job {
        identity: Identity {
            region: "cn-north-1".to_owned(),
            instance: "redis-1234".to_owned(),
            base_id: "1".to_owned(),
        },
        node: format!("node {number}"),
        link: Link::parse(&format!("http://127.0.0.1:9/bucket/file-{number}?signature")).unwrap(),
        folder: Arc::clone(folder),
        file_name: format!("file-{number}"),
        force: false,
    }
}

/// An object of `length` bytes that begins like an RDB file.
pub(super) fn object(length: u64) -> Vec<u8> {
    let mut bytes = b"REDIS0011".to_vec();
    bytes.resize(usize::try_from(length).unwrap(), 7);
    bytes
}

/// An answer with these fields and bytes.
pub(super) fn answer(status: u16, fields: &[(&str, &str)], body: impl Read + Send + 'static) -> Answer {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    Answer {
        head: Head::read(status, &headers),
        body: Box::new(body),
        waited: Duration::ZERO,
    }
}

/// The answer to a plain request for an object of `length` bytes.
pub(super) fn whole(etag: &str, length: u64) -> Answer {
    let fields = [
        ("etag", etag),
        ("accept-ranges", "bytes"),
        ("content-length", &length.to_string()),
    ];
    answer(200, &fields, Cursor::new(object(length)))
}
