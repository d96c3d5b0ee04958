//! Completes a file: looks at what earlier runs left of it, checks all its bytes in order while connections
//! receive them, and gives it its name ([`super::finish`]).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::coverage::Coverage;
use super::folder::Paths;
use super::part::Part;
use super::pieces::Pieces;
use super::pool::{Pool, locked};
use super::reason::Reason;
use super::record::Record;
use super::request::CHUNK;
use super::state::{First, Object, Stage};
use super::{Event, Outcome};
use crate::file::FileState;
use crate::rdb::{Findings, Reader, Verdict};

/// Completes the file of this number, and reports its outcome.
pub(super) fn complete(pool: &Pool, file: usize) {
    let (folder, paths) = {
        let state = pool.lock();
        let job = &state.files[file].job;
        (Arc::clone(&job.folder), job.folder.paths(&job.file_name))
    };
    let mut worker = FileWorker {
        pool,
        file,
        folder: &folder,
        paths,
    };
    let outcome = worker.run().unwrap_or_else(|reason| worker.incomplete(reason));
    let mut state = pool.lock();
    let slot = &mut state.files[file];
    slot.stage = Stage::Done;
    slot.queue.clear();
    // The part is dropped here. Otherwise a long run would keep all its files open.
    slot.part = None;
    slot.generation += 1;
    drop(state);
    pool.tell(file, Event::Done(Box::new(outcome)));
    pool.wake();
}

/// The work of one thread on one file.
pub(super) struct FileWorker<'a> {
    pub(super) pool: &'a Pool,
    /// The number of the file in the transfer.
    pub(super) file: usize,
    pub(super) folder: &'a super::Folder,
    pub(super) paths: Paths,
}

/// A file of which all bytes are there, and what the check of them found.
pub(super) struct Checked {
    pub(super) part: Arc<Part>,
    /// How many there are.
    pub(super) bytes: u64,
    /// The SHA-256 of them all, in hexadecimal digits.
    pub(super) sha256: String,
    pub(super) findings: Findings,
    /// Whether the storage told the length of the object.
    is_length_told: bool,
    /// Whether the storage told an ETag of the object.
    has_etag: bool,
}

impl Checked {
    /// Whether it is certain that these are all bytes of one version of the object, whatever is in them.
    pub(super) fn is_certain(&self) -> bool {
        self.is_length_told && self.has_etag
    }
}

impl FileWorker<'_> {
    fn run(&mut self) -> Result<Outcome, Reason> {
        if let Some(outcome) = self.recognise()? {
            return Ok(outcome);
        }
        self.prepare()?;
        loop {
            let checked = self.check()?;
            match &checked.findings.verdict {
                // Without a length or a checksum, a truncated file looks like a whole one.
                Verdict::Unverified(unchecked) if !checked.is_length_told => {
                    return Err(Reason::UnknownLength(unchecked.to_string()));
                }
                // It may be new to this program, or damaged: a file without a checksum shows no more.
                Verdict::Unverified(unchecked)
                    if !unchecked.is_structure_whole()
                        && self.begin_anew("the file has no checksum and is not understood")? => {}
                Verdict::Ok(_) | Verdict::Unverified(_) => return self.keep(checked),
                _ if self.begin_anew("the file is corrupt")? => {}
                _ => return self.set_aside(checked),
            }
        }
    }

    /// The outcome for a file that an earlier run finished, if the file still has the bytes that it had then;
    /// `None` if the file is to be fetched.
    fn recognise(&mut self) -> Result<Option<Outcome>, Reason> {
        let (force, record) = {
            let state = self.pool.lock();
            let job = &state.files[self.file].job;
            (job.force, self.folder.record(&self.paths, &job.identity, &job.node))
        };
        let record = record.unwrap_or_else(|| locked(&self.pool.record(self.file)).clone());
        *locked(&self.pool.record(self.file)) = record.clone();
        let Some(finished) = record.finished else {
            return Ok(None);
        };
        let mut file = match open_whole(&self.paths.whole) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk("read", error)),
        };
        if file.metadata().map_err(|error| disk("read", error))?.len() != finished.bytes {
            return Ok(None);
        }
        let (mut sha256, mut reader) = (Sha256::new(), Reader::new());
        let mut buffer = vec![0; CHUNK];
        loop {
            if self.pool.is_stopped() {
                return Err(Reason::Interrupted);
            }
            match file.read(&mut buffer).map_err(|error| disk("read", error))? {
                0 => break,
                count => {
                    sha256.update(&buffer[..count]);
                    reader.update(&buffer[..count]);
                }
            }
        }
        if hex::encode(sha256.finalize()) == finished.sha256 {
            self.pool.lock().files[self.file].resumed_from = finished.bytes;
            return Ok(Some(self.examined(&self.paths.whole, finished, reader.finish())));
        }
        if force {
            self.note("the file that is there was changed; fetching it again");
            locked(&self.pool.record(self.file)).finished = None;
            return Ok(None);
        }
        Ok(Some(self.outcome(
            &self.paths.whole,
            finished.bytes,
            None,
            FileState::Incomplete,
            Some(Reason::ChangedOnDisk),
        )))
    }

    /// Opens the part if it can be resumed, and has connections request the rest of the object.
    fn prepare(&mut self) -> Result<(), Reason> {
        let there = fs::symlink_metadata(&self.paths.part).ok();
        let present = there
            .as_ref()
            .filter(|part| part.is_file())
            .map_or(0, fs::Metadata::len);
        let (record, part, coverage) = {
            let record = self.pool.record(self.file);
            let mut record = locked(&record);
            let coverage = record.resumable(present);
            let part = match coverage.bytes() {
                0 => None,
                _ => self.folder.open_part(&self.paths, coverage.end()).ok(),
            };
            if part.is_some() && record.cut(present) {
                record
                    .save(&self.paths.record)
                    .map_err(|error| disk("written", error))?;
            }
            (record.clone(), part, coverage)
        };
        let coverage = if part.is_some() { coverage } else { Coverage::new(0) };
        let kept = coverage.bytes();
        if present > 0 && kept == 0 {
            self.note("the part that is there cannot be gone on from; starting again");
        }
        let object = match kept {
            0 => Object::default(),
            _ => Object {
                etag: record.etag.clone(),
                length: record.length,
            },
        };
        if let Some(there) = there.filter(|part| !part.is_file() && !part.is_symlink()) {
            let kind = if there.is_dir() { "a folder" } else { "no file" };
            return Err(disk(
                "written",
                io::Error::other(format!("{} is {kind}", self.paths.part.display())),
            ));
        }
        let mut state = self.pool.lock();
        let slot = &mut state.files[self.file];
        slot.pieces = Pieces::resume(object.length, coverage);
        slot.part = part.map(Arc::new);
        slot.attempts.has(kept);
        let length = object.length;
        slot.object = object;
        (slot.resumed_from, slot.has_old_bytes) = (kept, kept > 0);
        slot.first = (!slot.pieces.is_complete()).then_some(First::Resume);
        slot.stage = Stage::Fetching;
        drop(state);
        self.pool.tell(self.file, Event::Position { bytes: kept, length });
        self.pool.wake();
        Ok(())
    }

    /// Checks all bytes in order, as soon as they are there: from memory where they wait in the file's queue, else
    /// from the disk. Begins again where the file gets another part.
    fn check(&self) -> Result<Checked, Reason> {
        let mut part: Option<Arc<Part>> = None;
        let (mut reader, mut sha256) = (Reader::new(), Sha256::new());
        let mut buffer = Vec::new();
        let mut state = self.pool.lock();
        loop {
            if self.pool.is_stopped() {
                return Err(Reason::Interrupted);
            }
            let slot = &mut state.files[self.file];
            if let Some(reason) = slot.failed.take() {
                return Err(reason);
            }
            let is_new = match (&part, &slot.part) {
                (Some(part), Some(current)) => !Arc::ptr_eq(part, current),
                (None, None) => false,
                _ => true,
            };
            if is_new {
                part.clone_from(&slot.part);
                (reader, sha256) = (Reader::new(), Sha256::new());
                (slot.checked, slot.queued) = (0, 0);
                slot.queue.clear();
            }
            let Some(part) = &part else {
                state = self.pool.wait_for_news(state);
                continue;
            };
            let (checked, frontier) = (slot.checked, slot.pieces.frontier());
            if let Some(chunk) = slot.queue.pop_front() {
                drop(state);
                let bytes = &chunk.bytes[chunk.range.clone()];
                reader.update(bytes);
                sha256.update(bytes);
                let end = chunk.start + bytes.len() as u64;
                state = self.pool.lock();
                self.pool.took(&mut state, chunk.bytes);
                self.advance(&mut state.files[self.file], part, end);
            } else if frontier > checked {
                let count = (frontier - checked).min(CHUNK as u64);
                let end = checked + count;
                slot.queued = slot.queued.max(end);
                drop(state);
                buffer.resize(usize::try_from(count).unwrap_or(CHUNK), 0);
                part.read_at(&mut buffer, checked)
                    .map_err(|error| disk("read", error))?;
                reader.update(&buffer);
                sha256.update(&buffer);
                state = self.pool.lock();
                self.advance(&mut state.files[self.file], part, end);
                self.pool.has_room();
            } else if slot.pieces.is_complete() {
                let is_length_told = slot.object.length.is_some();
                let has_etag = slot.object.etag.is_some();
                drop(state);
                return Ok(Checked {
                    part: Arc::clone(part),
                    bytes: frontier,
                    sha256: hex::encode(sha256.finalize()),
                    findings: reader.finish(),
                    is_length_told,
                    has_etag,
                });
            } else {
                state = self.pool.wait_for_news(state);
            }
        }
    }

    /// Notes that all bytes of the part before `end` were checked.
    fn advance(&self, slot: &mut super::state::Slot, part: &Arc<Part>, end: u64) {
        if slot.part.as_ref().is_some_and(|current| Arc::ptr_eq(current, part)) {
            slot.checked = end;
        }
    }

    /// Starts the file again if some of its bytes come from an earlier run, since they may be the ones that are
    /// damaged. Returns whether it did. `why` is what is odd about the file, for the user.
    fn begin_anew(&self, why: &str) -> Result<bool, Reason> {
        let mut state = self.pool.lock();
        let slot = &mut state.files[self.file];
        if !slot.has_old_bytes {
            return Ok(false);
        }
        slot.start_again(First::Plain);
        slot.pieces = Pieces::new(None, 0);
        slot.object = Object::default();
        slot.part = None;
        (slot.resumed_from, slot.has_old_bytes) = (0, false);
        slot.attempts.has_nothing();
        drop(state);
        self.note(&format!("{why}; fetching it once more from the start"));
        self.forget()?;
        self.pool.wake();
        Ok(true)
    }

    /// Replaces the record with an empty one, so that the next run does not resume from these bytes.
    pub(super) fn forget(&self) -> Result<(), Reason> {
        let record = self.pool.record(self.file);
        let mut record = locked(&record);
        let fresh = Record::new(&record.identity, &record.node);
        *record = fresh;
        record.save(&self.paths.record).map_err(|error| disk("written", error))
    }

    /// Keeps the bytes for the next run, and returns the outcome of a file that is not complete.
    fn incomplete(&self, reason: Reason) -> Outcome {
        let durable = locked(&self.pool.record(self.file)).durable;
        let mut state = self.pool.lock();
        let slot = &mut state.files[self.file];
        slot.start_again(First::Resume);
        // The part is cut at the frontier, so that its length tells how far the file is.
        slot.pieces.cut();
        if slot.part.as_ref().is_some_and(|part| part.has_lost()) {
            let kept = slot.pieces.frontier().min(durable);
            slot.pieces = Pieces::new(slot.pieces.length(), kept);
        }
        let forgets = slot.has_two_lengths;
        drop(state);
        if forgets {
            let _ = self.forget();
        } else {
            // If either fails, the next run resumes from the last checkpoint.
            let _ = self.close_part();
            let _ = self.pool.save_progress(self.file);
        }
        let part = &self.paths.part;
        let state = self.pool.lock();
        let slot = &state.files[self.file];
        let bytes = match slot.stage {
            Stage::Queued | Stage::Opening => {
                self.folder
                    .bytes_in_part(&self.paths, &slot.job.identity, &slot.job.node)
            }
            _ => slot.pieces.frontier(),
        };
        drop(state);
        let state = match reason {
            Reason::Foreign(_) => FileState::NotRdb,
            _ => FileState::Incomplete,
        };
        self.outcome(part, bytes, None, state, Some(reason))
    }

    /// Has nothing more written to the part, and cuts off what is beyond the frontier.
    fn close_part(&self) -> io::Result<()> {
        let (part, frontier) = {
            let state = self.pool.lock();
            let slot = &state.files[self.file];
            (slot.part.clone(), slot.pieces.frontier())
        };
        part.map_or(Ok(()), |part| part.close(frontier))
    }

    /// Tells the user something unexpected about the file.
    pub(super) fn note(&self, text: &str) {
        self.pool.note(self.file, text);
    }

    /// An outcome with these parts, and nothing in the others.
    pub(super) fn outcome(
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
            resumed_from: self.pool.lock().files[self.file].resumed_from,
            rdb: None,
            advice: None,
            warning: None,
            is_certain: false,
        }
    }
}

/// Opens a file under its final name. A symbolic link in its place is followed, since the user may have made it.
fn open_whole(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        return File::open(path);
    }
    Err(io::Error::other(format!("{} is not a file", path.display())))
}

/// The reason of a failure of the disk; `doing` is what failed, as a participle.
pub(super) fn disk(doing: &'static str, error: io::Error) -> Reason {
    Reason::Disk { doing, error }
}

#[cfg(test)]
mod tests;
