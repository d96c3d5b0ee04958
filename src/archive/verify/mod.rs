//! Reads every byte of an archive's backups, several files at once, and says of each backup what is wrong with it.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::checks::CheckState;
use super::layout::{MANIFEST, SUMS};
use super::manifest::{FileEntry, Manifest};
use super::prune::extra_names;
use super::read::{self, ArchivedBackup};
use super::state;
use crate::process::threads::{self, Need};
use crate::rdb::{Reader, Verdict};

/// In bytes; larger ones are no faster.
const BUFFER_SIZE: u64 = 256 * 1024;
/// How many bytes of a file pass between two reports of its position.
const STEP: u64 = 8 << 20;
/// More readers than this gain nothing on one disk.
const MOST_READERS: usize = 16;

/// A file: the place of its backup in the list of a run, and its own place in the backup.
type FilePlace = (usize, usize);

/// What a run found of a backup.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verified {
    /// Its state, and each reason for it.
    Checked(CheckState, Vec<String>),
    /// It was pruned or moved away meanwhile.
    Away,
}

/// An event of a run.
pub(crate) enum Event {
    /// A file is read up to the first number of bytes, of the second.
    Position(FilePlace, u64, u64),
    /// A file was read to its end or given up.
    FileDone(FilePlace),
    /// The backup of this place in the list is done.
    Done(usize, Verified),
}

/// Chooses backups of at most so many bytes together: first those that were never checked, then those checked longest
/// ago. The first one is chosen however large it is, since it would never be checked otherwise.
///
/// A check that a wrong clock has dated into the future counts as none, since its backup would always come last.
pub(crate) fn slice(
    mut backups: Vec<ArchivedBackup<'_>>,
    at_most: Option<u64>,
    now: OffsetDateTime,
) -> Vec<ArchivedBackup<'_>> {
    backups.sort_by_key(|backup| {
        let checked = backup.kept.check.as_ref().map(|check| check.at);
        checked.filter(|at| state::age(*at, now).is_some())
    });
    let Some(mut left) = at_most else {
        // Without a limit no sizes are added up: a manifest may state any size.
        return backups;
    };
    let mut count = 0;
    for backup in &backups {
        match left.checked_sub(backup.kept.bytes) {
            Some(rest) => left = rest,
            None if count == 0 => left = 0,
            None => break,
        }
        count += 1;
    }
    backups.truncate(count);
    backups
}

/// A file that a thread is to read.
struct Job<'a> {
    at: FilePlace,
    folder: &'a Path,
    file: FileEntry,
}

/// A backup whose files are being read.
struct Running {
    /// How many of them were not read to the end yet.
    left: usize,
    state: CheckState,
    reasons: Vec<String>,
    is_away: bool,
}

/// Verifies backups with as many threads as there are cores. `note` is called on this thread for each event. Once
/// `stop` is raised, the run ends; a backup that was not read to the end by then has no result.
pub(crate) fn run(backups: &[ArchivedBackup<'_>], stop: &AtomicBool, mut note: impl FnMut(Event)) {
    let mut running = Vec::new();
    let mut jobs = VecDeque::new();
    for (number, backup) in backups.iter().enumerate() {
        let folder = backup.kept.path.as_path();
        let (entry, files) = begin(backup);
        for (place, file) in files.into_iter().enumerate() {
            jobs.push_back(Job {
                at: (number, place),
                folder,
                file,
            });
        }
        if entry.left == 0 {
            note(Event::Done(number, end(folder, &entry)));
        }
        running.push(entry);
    }
    let jobs = Mutex::new(jobs);
    let cores = thread::available_parallelism().map_or(1, usize::from).min(MOST_READERS);
    let (sender, messages) = channel();
    thread::scope(|scope| {
        for _ in 1..cores {
            let (jobs, sender) = (&jobs, sender.clone());
            // Where the system gives no thread, the others do the work.
            let _ = threads::start_in(scope, Need::Helpful, move || work(jobs, stop, &sender));
        }
        let last = threads::start_in(scope, Need::Needed, {
            let (jobs, sender) = (&jobs, sender.clone());
            move || work(jobs, stop, &sender)
        });
        if last.is_err() {
            work(&jobs, stop, &sender);
        }
        drop(sender);
        for message in messages {
            match message {
                Message::Position(at, bytes, length) => note(Event::Position(at, bytes, length)),
                Message::File(at, result) => {
                    note(Event::FileDone(at));
                    let entry = &mut running[at.0];
                    entry.take(result);
                    if entry.left == 0 {
                        note(Event::Done(at.0, end(&backups[at.0].kept.path, entry)));
                    }
                }
            }
        }
    });
}

/// Checks all of a backup except the bytes of its files, and returns the files.
fn begin(backup: &ArchivedBackup<'_>) -> (Running, Vec<FileEntry>) {
    let mut running = Running {
        left: 0,
        state: CheckState::Ok,
        reasons: Vec::new(),
        is_away: false,
    };
    let folder = &backup.kept.path;
    let manifest = match read::manifest_of(backup) {
        Ok(manifest) => manifest,
        Err(reason) => {
            running.worsen(CheckState::Damaged, reason);
            return (running, Vec::new());
        }
    };
    match read::read_file(&folder.join(SUMS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            running.worsen(CheckState::Damaged, format!("{SUMS} is missing"));
        }
        Err(error) => running.worsen(CheckState::Damaged, format!("{SUMS}: {error}")),
        Ok(text) if text != manifest.sums().as_bytes() => {
            running.worsen(CheckState::Damaged, format!("{SUMS} is not what {MANIFEST} says"));
        }
        Ok(_) => {}
    }
    running.look_for_extra(folder, &manifest);
    running.left = manifest.files.len();
    (running, manifest.files)
}

fn end(folder: &Path, running: &Running) -> Verified {
    let is_gone = || fs::symlink_metadata(folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if (running.is_away || running.state == CheckState::Damaged) && is_gone() {
        return Verified::Away;
    }
    Verified::Checked(running.state, running.reasons.clone())
}

impl Running {
    /// Adds a reason, with the state that it leads to. The worst state stays.
    fn worsen(&mut self, state: CheckState, reason: String) {
        self.state = self.state.max(state);
        self.reasons.push(reason);
    }

    fn look_for_extra(&mut self, folder: &Path, manifest: &Manifest) {
        match extra_names(folder, manifest) {
            Ok(names) => {
                for name in names {
                    self.worsen(CheckState::Extra, format!("{name} is extra, and no part of the backup"));
                }
            }
            Err(error) => self.worsen(CheckState::Damaged, format!("its folder cannot be read: {error}")),
        }
    }

    fn take(&mut self, result: FileResult) {
        self.left -= 1;
        match result {
            FileResult::Whole => {}
            FileResult::Missing(name) => {
                self.is_away = true;
                self.worsen(CheckState::Damaged, format!("{name} is missing"));
            }
            FileResult::Flawed(state, reason) => self.worsen(state, reason),
        }
    }
}

/// The result for a file.
enum FileResult {
    Whole,
    Missing(String),
    Flawed(CheckState, String),
}

/// What a thread that reads tells the one that waits.
enum Message {
    /// As [`Event::Position`].
    Position(FilePlace, u64, u64),
    File(FilePlace, FileResult),
}

/// Reads files until there are no more, or the run is stopped.
fn work(jobs: &Mutex<VecDeque<Job<'_>>>, stop: &AtomicBool, sender: &Sender<Message>) {
    let mut buffer = Vec::new();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(job) = job.filter(|_| !stop.load(Ordering::Relaxed)) else {
            return;
        };
        let position = |bytes| drop(sender.send(Message::Position(job.at, bytes, job.file.bytes)));
        let Some(result) = read(&job, stop, &mut buffer, position) else {
            return;
        };
        let _ = sender.send(Message::File(job.at, result));
    }
}

/// Reads a file to its end; `None` where it was stopped.
fn read(job: &Job<'_>, stop: &AtomicBool, buffer: &mut Vec<u8>, position: impl Fn(u64)) -> Option<FileResult> {
    let FileEntry {
        name, bytes, sha256, ..
    } = &job.file;
    let path = job.folder.join(name);
    let damaged = |reason: String| Some(FileResult::Flawed(CheckState::Damaged, reason));
    let unread = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Some(FileResult::Missing(name.clone())),
        _ => damaged(format!("{name} cannot be read: {error}")),
    };
    match fs::symlink_metadata(&path) {
        Err(error) => return unread(error),
        Ok(metadata) if !metadata.is_file() => {
            return damaged(format!("{name} is no file, but a folder, a link or special"));
        }
        Ok(metadata) if metadata.len() < *bytes => {
            return damaged(format!(
                "{name} is truncated: it has {} bytes and should have {bytes}",
                metadata.len()
            ));
        }
        Ok(metadata) if metadata.len() > *bytes => {
            return damaged(format!(
                "{name} has changed: it has {} bytes and should have {bytes}",
                metadata.len()
            ));
        }
        Ok(_) => {}
    }
    let mut file = match File::open(&path) {
        Err(error) => return unread(error),
        Ok(file) => file,
    };
    let mut hash = Sha256::new();
    let mut reader = Reader::new();
    let (mut total, mut told) = (0_u64, 0);
    position(0);
    loop {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        buffer.clear();
        match file.by_ref().take(BUFFER_SIZE).read_to_end(buffer) {
            Err(error) => return damaged(format!("{name} cannot be read at byte {total}: {error}")),
            Ok(0) => break,
            Ok(count) => {
                hash.update(&buffer);
                reader.update(buffer);
                total += count as u64;
            }
        }
        if total - told >= STEP {
            told = total;
            position(total);
        }
    }
    let found = hex::encode(hash.finalize());
    let verdict = reader.finish().verdict;
    if found != *sha256 {
        return damaged(format!(
            "{name} has changed: its SHA-256 is {found} and should be {sha256}"
        ));
    }
    let reason = || verdict.reason().unwrap_or_default();
    Some(match verdict {
        Verdict::Ok(_) => FileResult::Whole,
        Verdict::Unverified(_) => {
            FileResult::Flawed(CheckState::Unverified, format!("{name} is unverified: {}", reason()))
        }
        Verdict::NotRdb(_) => FileResult::Flawed(CheckState::NotRdb, format!("{name} is no RDB file: {}", reason())),
        Verdict::Corrupt(_) | Verdict::Incomplete(_) => {
            let text = format!("{name} is as it was fetched, and no whole RDB file: {}", reason());
            FileResult::Flawed(CheckState::Damaged, text)
        }
    })
}

#[cfg(test)]
mod tests;
