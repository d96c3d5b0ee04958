//! One shard's file, from whatever is there of it to its end.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::folder::{Paths, open_part};
use super::reason::Reason;
use super::record::{Finished, Record};
use super::storage::{Object, StorageError};
use super::{Event, HEARTBEAT, Job, Options, Outcome};
use crate::file::FileState;
use crate::rdb::{Findings, Reader, Verdict};
use crate::retry::backoff::Backoff;
use crate::retry::{Cause, may_pass};
use crate::values::link::Link;

/// How many bytes are handled at a time.
const CHUNK: usize = 64 * 1024;
/// How long what has come may be lost to a power cut.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);
/// The least pause before a link is asked for again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// However long the storage asks to wait, it is asked again after this.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// A link that works for less than this is replaced before it is used.
const LEAST_LIFETIME: time::Duration = time::Duration::seconds(60);

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        Self::Disk {
            doing: "read or written",
            error,
        }
    }
}

/// Fetches a shard's file as far as it can be fetched.
pub(super) fn fetch(job: &Job, number: usize, options: &Options, tell: &dyn Fn(Event)) -> Outcome {
    let paths = job.folder.paths(&job.file_name);
    let record =
        Record::load(&paths.record, &job.identity, &job.node).unwrap_or_else(|| Record::new(&job.identity, &job.node));
    let mut fetching = Fetching {
        job,
        number,
        options,
        tell,
        link: job.link.clone(),
        unequalled: None,
        paths,
        is_length_told: record.length.is_some(),
        record,
        is_spliced: false,
        resumed_from: 0,
    };
    fetching.run().unwrap_or_else(|reason| {
        let part = &fetching.paths.part;
        let bytes = fs::metadata(part).map_or(0, |file| file.len());
        fetching.outcome(part, bytes, None, FileState::Incomplete, Some(reason))
    })
}

struct Fetching<'a> {
    job: &'a Job,
    /// Tells it from the other files.
    number: usize,
    options: &'a Options,
    tell: &'a dyn Fn(Event),
    link: Link,
    /// A link that is about to expire and that the service has no better one for.
    unequalled: Option<Link>,
    paths: Paths,
    record: Record,
    /// Whether the storage said how long the object is, before or while it sent it.
    is_length_told: bool,
    /// Whether its bytes come from more than one answer.
    is_spliced: bool,
    resumed_from: u64,
}

/// A part that is being written, and what is known of the bytes in it.
struct Part {
    file: File,
    checker: Reader,
    sha256: Sha256,
    position: u64,
}

impl Part {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.take(bytes);
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) {
        self.checker.update(bytes);
        self.sha256.update(bytes);
        self.position += bytes.len() as u64;
    }

    fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.checker = Reader::new();
        self.sha256 = Sha256::new();
        self.position = 0;
        Ok(())
    }
}

/// What ended an attempt.
enum Trouble {
    Stopped,
    Disk(io::Error),
    /// The disk has too little room for the object; both in bytes.
    NoRoom {
        length: u64,
        available: u64,
    },
    Storage(StorageError),
    /// What came is not what was asked for.
    Mismatch,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("interrupted"),
            Self::Disk(error) => error.fmt(f),
            Self::NoRoom { .. } => f.write_str("the disk is full"),
            Self::Storage(error) => error.fmt(f),
            Self::Mismatch => f.write_str("the storage sent another part than was asked for"),
        }
    }
}

impl From<Trouble> for Reason {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Stopped => Self::Interrupted,
            Trouble::Disk(error) => Self::Disk {
                doing: "written",
                error,
            },
            Trouble::NoRoom { length, available } => Self::NoRoom { length, available },
            Trouble::Storage(StorageError::Transport(failure)) => Self::Transport(failure),
            other @ (Trouble::Storage(_) | Trouble::Mismatch) => Self::Answer(other.to_string()),
        }
    }
}

impl Fetching<'_> {
    fn run(&mut self) -> Result<Outcome, Reason> {
        if let Some(report) = self.recognise()? {
            return Ok(report);
        }
        let mut is_second_time = false;
        loop {
            let part = self.complete_part()?;
            let findings = part.checker.finish();
            let finished = Finished {
                bytes: part.position,
                sha256: hex::encode(part.sha256.finalize()),
            };
            match &findings.verdict {
                // Without a length, a checksum or a structure that is understood, a truncated file looks like
                // a whole one.
                Verdict::Unverified(unchecked) if !self.is_length_told && !unchecked.is_structure_whole() => {
                    return Err(Reason::UnknownLength(unchecked.to_string()));
                }
                Verdict::Ok(_) | Verdict::Unverified(_) => return self.keep(&part.file, finished, findings),
                _ if self.is_spliced && !is_second_time => {
                    // What was on the disk may be what is broken.
                    self.note("the file is corrupt; fetching it once more from the start");
                    is_second_time = true;
                    self.is_spliced = false;
                    self.forget()?;
                    part.file.set_len(0)?;
                }
                _ => return self.set_aside(finished, findings),
            }
        }
    }

    /// The report on a file that an earlier run finished, if it still is what it was then.
    fn recognise(&mut self) -> Result<Option<Outcome>, Reason> {
        let Some(finished) = self.record.finished.clone() else {
            return Ok(None);
        };
        let mut file = match File::open(&self.paths.whole) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if file.metadata()?.len() != finished.bytes {
            return Ok(None);
        }
        let (mut sha256, mut checker) = (Sha256::new(), Reader::new());
        self.read_through(&mut file, finished.bytes, |bytes| {
            sha256.update(bytes);
            checker.update(bytes);
        })?;
        if hex::encode(sha256.finalize()) != finished.sha256 {
            if self.job.force {
                self.note("the file that is there was changed; fetching it again");
                self.record.finished = None;
                return Ok(None);
            }
            let (state, reason) = (FileState::Incomplete, Some(Reason::ChangedOnDisk));
            return Ok(Some(self.outcome(
                &self.paths.whole,
                finished.bytes,
                None,
                state,
                reason,
            )));
        }
        self.resumed_from = finished.bytes;
        Ok(Some(self.examined(&self.paths.whole, finished, checker.finish())))
    }

    /// Fetches what is missing of the part, and has all of its bytes pass the checks.
    fn complete_part(&mut self) -> Result<Part, Reason> {
        let mut part = self.open_part()?;
        let mut attempts = Attempts::new(self.options, self.options.seed ^ self.number as u64, part.position);
        while part.position == 0 || self.record.length != Some(part.position) {
            self.refresh_if_old()?;
            let outcome = self.attempt(&mut part);
            self.save_progress(&part)?;
            let Err(trouble) = outcome else { break };
            self.recover(trouble, &mut part, &mut attempts)?;
        }
        Ok(part)
    }

    /// One request, and all that comes of it.
    fn attempt(&mut self, part: &mut Part) -> Result<(), Trouble> {
        let object = self.options.storage.get(
            &self.link,
            part.position,
            self.record.etag.as_deref(),
            self.options.clock.now(),
        )?;
        if object.start == 0 {
            if part.position > 0 {
                let why = match (&self.record.etag, &object.etag) {
                    (Some(known), Some(etag)) if known == etag => "the storage does not go on in the middle",
                    (Some(_), Some(_)) => "the object is not the one it was",
                    _ => "the storage names no version to go on with",
                };
                self.note(&format!("{why}; starting again"));
                part.clear()?;
                self.resumed_from = 0;
            }
            self.record.etag.clone_from(&object.etag);
            self.record.length = object.length;
            self.is_length_told = object.length.is_some();
            self.record.durable = 0;
            self.record.save(&self.paths.record)?;
            self.check_room()?;
        } else if object.start != part.position
            || object.etag != self.record.etag
            || object.length != self.record.length
        {
            return Err(Trouble::Mismatch);
        } else {
            self.is_spliced = true;
        }
        self.receive(part, object)
    }

    /// What does not fit is not begun. Where the system does not tell, the disk will.
    fn check_room(&self) -> Result<(), Trouble> {
        match (self.record.length, self.job.folder.available()) {
            (Some(length), Ok(available)) if length > available => Err(Trouble::NoRoom { length, available }),
            _ => Ok(()),
        }
    }

    fn receive(&mut self, part: &mut Part, mut object: Object) -> Result<(), Trouble> {
        let mut buffer = vec![0; CHUNK];
        let mut synced = self.options.clock.monotonic();
        let mut told = Duration::ZERO;
        loop {
            let now = self.options.clock.monotonic();
            // At most one report per HEARTBEAT: drawing is slower than receiving.
            if now.saturating_sub(told) >= HEARTBEAT {
                told = now;
                self.tell_position(part.position);
            }
            if self.is_stopped() {
                return Err(Trouble::Stopped);
            }
            let count = object
                .reader
                .read(&mut buffer)
                .map_err(|error| self.options.storage.of_reading(error, &self.link))?;
            if count == 0 {
                break;
            }
            part.append(&buffer[..count])?;
            if now.saturating_sub(synced) >= SYNC_INTERVAL {
                synced = now;
                self.save_progress(part)?;
            }
        }
        self.tell_position(part.position);
        match self.record.length {
            Some(length) if part.position != length => {
                let text = format!("the connection ended after {} of {length} bytes", part.position);
                Err(StorageError::Cut(text).into())
            }
            _ => {
                self.record.length = Some(part.position);
                Ok(())
            }
        }
    }

    /// Does what lets the next attempt fare better, or gives up.
    fn recover(&mut self, trouble: Trouble, part: &mut Part, attempts: &mut Attempts<'_>) -> Result<(), Reason> {
        let told = trouble.to_string();
        match trouble {
            Trouble::Stopped | Trouble::Disk(_) | Trouble::NoRoom { .. } => Err(trouble.into()),
            Trouble::Storage(StorageError::Final(_)) => Err(trouble.into()),
            Trouble::Storage(StorageError::Transport(ref failure)) if !may_pass(Cause::Transport(failure)) => {
                Err(trouble.into())
            }
            Trouble::Storage(StorageError::Refused(_)) => {
                // The first refusal is how a link ends that was good until now.
                let is_first = attempts.is_first_refusal(part.position);
                let delay = match is_first {
                    true => Duration::ZERO,
                    false => attempts.count(part.position, trouble)?,
                };
                self.note(&format!("{told}; asking for a new link"));
                let refused = self.link.clone();
                match self.refresh() {
                    Err(Reason::NoLink(reason)) => {
                        let again = Trouble::Storage(StorageError::Refused(told));
                        attempts
                            .count(part.position, again)
                            .map_err(|_| Reason::NoLink(reason.clone()))?;
                        self.note(&Reason::NoLink(reason).to_string());
                    }
                    outcome => outcome?,
                }
                // Links that are made in the same second are equal.
                if self.link == refused {
                    self.pause(delay.max(FIRST_PAUSE))
                } else {
                    Ok(())
                }
            }
            Trouble::Storage(StorageError::NoSuchRange) | Trouble::Mismatch => {
                attempts.count(part.position, trouble)?;
                self.note(&format!("{told}; starting again"));
                part.clear()?;
                self.resumed_from = 0;
                self.forget()
            }
            Trouble::Storage(StorageError::Busy(..) | StorageError::Transport(_) | StorageError::Cut(_)) => {
                let delay = attempts.count(part.position, trouble)?;
                self.note(&format!("{told}; going on in {:.1} s", delay.as_secs_f64()));
                self.pause(delay)
            }
        }
    }

    /// Opens the part with as many of its bytes as can be gone on from, having them pass the checks.
    fn open_part(&mut self) -> Result<Part, Reason> {
        let there = fs::symlink_metadata(&self.paths.part)
            .ok()
            .filter(fs::Metadata::is_file);
        let present = there.map_or(0, |part| part.len());
        let can_go_on = self.record.etag.is_some() && self.record.length.is_some_and(|length| present <= length);
        let kept = if can_go_on { self.record.durable.min(present) } else { 0 };
        if present > 0 && kept == 0 {
            self.note("the part that is there cannot be gone on from; starting again");
        }
        let file = open_part(&self.paths.part, kept > 0)?;
        if kept == 0 {
            // Else a power cut could leave the name with what it stood for before.
            self.job.folder.sync()?;
        }
        file.set_len(kept)?;
        let mut part = Part {
            file,
            checker: Reader::new(),
            sha256: Sha256::new(),
            position: 0,
        };
        let mut reader = part.file.try_clone()?;
        reader.rewind()?;
        self.read_through(&mut reader, kept, |bytes| part.take(bytes))?;
        part.file.seek(SeekFrom::Start(kept))?;
        self.resumed_from = kept;
        self.tell_position(kept);
        Ok(part)
    }

    /// Reads `length` bytes of a file, unless told to stop.
    fn read_through(&self, file: &mut File, length: u64, mut take: impl FnMut(&[u8])) -> Result<(), Reason> {
        let mut file = file.take(length);
        let mut buffer = vec![0; CHUNK];
        loop {
            if self.is_stopped() {
                return Err(Reason::Interrupted);
            }
            match file.read(&mut buffer)? {
                0 => return Ok(()),
                count => take(&buffer[..count]),
            }
        }
    }

    /// Gives the whole file its name.
    fn keep(&mut self, file: &File, finished: Finished, findings: Findings) -> Result<Outcome, Reason> {
        file.sync_all()?;
        self.record.finished = Some(finished.clone());
        self.record.save(&self.paths.record)?;
        self.job.folder.sync_records()?;
        if !self.job.force && fs::symlink_metadata(&self.paths.whole).is_ok() {
            return Err(Reason::NameTaken);
        }
        fs::rename(&self.paths.part, &self.paths.whole)?;
        self.job.folder.sync()?;
        Ok(self.examined(&self.paths.whole, finished, findings))
    }

    /// What became of a file of which all bytes are there.
    fn examined(&self, path: &Path, finished: Finished, findings: Findings) -> Outcome {
        let verdict = &findings.verdict;
        let (state, reason) = (FileState::of_verdict(verdict), verdict.reason().map(Reason::Content));
        Outcome {
            advice: verdict.advice(),
            rdb: findings.contents.map(Box::new),
            ..self.outcome(path, finished.bytes, Some(finished.sha256), state, reason)
        }
    }

    /// Gives the file a name that cannot be mistaken for a good one's, and forgets it.
    fn set_aside(&mut self, finished: Finished, findings: Findings) -> Result<Outcome, Reason> {
        fs::rename(&self.paths.part, &self.paths.corrupt)?;
        self.forget()?;
        Ok(self.examined(&self.paths.corrupt, finished, findings))
    }

    /// The next run is to know nothing of what is there.
    fn forget(&mut self) -> Result<(), Reason> {
        self.record = Record::new(&self.job.identity, &self.job.node);
        Ok(self.record.save(&self.paths.record)?)
    }

    fn save_progress(&mut self, part: &Part) -> io::Result<()> {
        if part.position > self.record.durable {
            part.file.sync_data()?;
            self.record.durable = part.position;
            self.record.save(&self.paths.record)?;
        }
        Ok(())
    }

    /// Replaces a link that is about to expire, if there is a better one. If there is none, it is
    /// used all the same: it is the storage's clock that counts, and this machine's may be wrong.
    fn refresh_if_old(&mut self) -> Result<(), Reason> {
        if !self.is_old() || self.unequalled.as_ref() == Some(&self.link) {
            return Ok(());
        }
        match self.refresh() {
            Err(reason @ Reason::NoLink(_)) => self.note(&format!("{reason}; trying the one that is there")),
            ended => ended?,
        }
        if self.is_old() {
            self.unequalled = Some(self.link.clone());
        }
        Ok(())
    }

    fn is_old(&self) -> bool {
        let now: OffsetDateTime = self.options.clock.now();
        self.link
            .expires_at()
            .is_some_and(|expiry| expiry - now < LEAST_LIFETIME)
    }

    /// Asks for a link that works.
    fn refresh(&mut self) -> Result<(), Reason> {
        if self.is_stopped() {
            return Err(Reason::Interrupted);
        }
        let fresh = self.options.links.fresh(self.number, &self.link);
        self.link = fresh.map_err(Reason::NoLink)?;
        Ok(())
    }

    fn pause(&self, duration: Duration) -> Result<(), Reason> {
        let end = self.options.clock.monotonic() + duration;
        loop {
            let left = end.saturating_sub(self.options.clock.monotonic());
            if self.is_stopped() {
                return Err(Reason::Interrupted);
            }
            if left.is_zero() {
                return Ok(());
            }
            self.options.clock.sleep(left.min(HEARTBEAT));
        }
    }

    fn is_stopped(&self) -> bool {
        self.options.stop.load(Ordering::Relaxed)
    }

    fn tell_position(&self, bytes: u64) {
        (self.tell)(Event::Position {
            bytes,
            length: self.record.length,
        });
    }

    fn note(&self, text: &str) {
        (self.tell)(Event::Note(text.to_owned()));
    }

    fn outcome(
        &self,
        path: &Path,
        bytes: u64,
        sha256: Option<String>,
        state: FileState,
        reason: Option<Reason>,
    ) -> Outcome {
        Outcome {
            path: path.to_owned(),
            bytes,
            sha256,
            state,
            reason,
            resumed_from: self.resumed_from,
            rdb: None,
            advice: None,
        }
    }
}

/// Attempts in a row that brought nothing.
struct Attempts<'a> {
    options: &'a Options,
    /// How far any of them came. To come as far again after a new start brings nothing.
    furthest: u64,
    failed: u32,
    was_refused: bool,
    seed: u64,
    backoff: Backoff,
}

impl<'a> Attempts<'a> {
    /// Each shard has a seed of its own, so that those that failed together do not come back together.
    fn new(options: &'a Options, seed: u64, position: u64) -> Self {
        Self {
            options,
            furthest: position,
            failed: 0,
            was_refused: false,
            seed,
            backoff: Backoff::new(seed),
        }
    }

    fn take_note_of(&mut self, position: u64) {
        if position > self.furthest {
            *self = Self::new(self.options, self.seed.wrapping_add(1), position);
        }
    }

    /// Whether no link was refused since it last came further.
    fn is_first_refusal(&mut self, position: u64) -> bool {
        self.take_note_of(position);
        !std::mem::replace(&mut self.was_refused, true)
    }

    /// Counts one more, which came to this position, and says how long to wait; too many are the end.
    fn count(&mut self, position: u64, why: Trouble) -> Result<Duration, Reason> {
        self.take_note_of(position);
        self.failed += 1;
        if self.failed >= self.options.max_attempts {
            let last: Reason = why.into();
            return Err(match self.failed {
                1 => last,
                times => Reason::Repeated {
                    last: Box::new(last),
                    times,
                },
            });
        }
        let asked_for = match why {
            Trouble::Storage(StorageError::Busy(_, wait)) => wait.map(|wait| wait.min(LONGEST_WAIT)),
            _ => None,
        };
        Ok(self.backoff.next(asked_for))
    }
}
