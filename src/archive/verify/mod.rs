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
use super::read::{self, Archived, Kept};
use super::state;
use crate::process::threads::{self, Need};
use crate::rdb::{Reader, Verdict};

/// In bytes; larger ones are no faster.
const BUFFER_SIZE: usize = 256 * 1024;
/// How many bytes of a file pass between two reports of its position.
const STEP: u64 = 8 << 20;
/// More readers than this gain nothing on one disk.
const MOST_READERS: usize = 16;

/// A backup to verify.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) of: &'a Archived,
    pub(crate) backup: &'a Kept,
}

/// The result for a backup.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Its state, and each reason for it.
    Checked(CheckState, Vec<String>),
    /// It was pruned or moved away meanwhile.
    Away,
}

/// An event of a run.
pub(crate) enum Event {
    /// The file of this task and of this place in it is read up to so many bytes, of so many.
    Position((usize, usize), u64, u64),
    /// A file was read to its end or given up.
    FileDone((usize, usize)),
    /// A task is done.
    Done(usize, Found),
}

/// Chooses tasks of at most so many bytes together: first those that were never checked, then those checked longest
/// ago. The first one is chosen however large it is, since it would never be checked otherwise.
///
/// A check that a wrong clock has dated into the future counts as none, since its backup would always come last.
pub(crate) fn slice<'a>(mut tasks: Vec<Task<'a>>, at_most: Option<u64>, now: OffsetDateTime) -> Vec<Task<'a>> {
    tasks.sort_by_key(|task| {
        let checked = task.backup.check.as_ref().map(|check| check.at);
        checked.filter(|at| state::age(*at, now).is_some())
    });
    let Some(mut left) = at_most else {
        // Without a limit no sizes are added up: a manifest may state any size.
        return tasks;
    };
    let mut count = 0;
    for task in &tasks {
        match left.checked_sub(task.backup.bytes) {
            Some(rest) => left = rest,
            None if count == 0 => left = 0,
            None => break,
        }
        count += 1;
    }
    tasks.truncate(count);
    tasks
}

/// A file that a thread reads.
struct Job<'a> {
    at: (usize, usize),
    folder: &'a Path,
    file: FileEntry,
}

/// A task whose files are being read.
struct Running {
    left: usize,
    state: CheckState,
    reasons: Vec<String>,
    is_away: bool,
}

/// Verifies backups with as many threads as there are cores. `note` is called on this thread for each event. Once
/// `stop` is raised, the run ends; a backup that was not read to the end by then has no result.
pub(crate) fn run(tasks: &[Task<'_>], stop: &AtomicBool, mut note: impl FnMut(Event)) {
    let mut running = Vec::new();
    let mut jobs = VecDeque::new();
    for (number, task) in tasks.iter().enumerate() {
        let (entry, files) = begin(task);
        for (place, file) in files.into_iter().enumerate() {
            jobs.push_back(Job {
                at: (number, place),
                folder: &task.backup.path,
                file,
            });
        }
        if entry.left == 0 {
            note(Event::Done(number, end(&task.backup.path, &entry)));
        }
        running.push(entry);
    }
    let jobs = Mutex::new(jobs);
    let cores = thread::available_parallelism().map_or(1, usize::from).min(MOST_READERS);
    let (sender, events) = channel();
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
        for report in events {
            match report {
                Report::Position(at, bytes, length) => note(Event::Position(at, bytes, length)),
                Report::Stopped => {}
                Report::File(at, outcome) => {
                    note(Event::FileDone(at));
                    let entry = &mut running[at.0];
                    entry.take(outcome);
                    if entry.left == 0 {
                        note(Event::Done(at.0, end(&tasks[at.0].backup.path, entry)));
                    }
                }
            }
        }
    });
}

/// Checks all of a backup except the bytes of its files, and returns the files.
fn begin(task: &Task<'_>) -> (Running, Vec<FileEntry>) {
    let mut running = Running {
        left: 0,
        state: CheckState::Ok,
        reasons: Vec::new(),
        is_away: false,
    };
    let folder = &task.backup.path;
    let manifest = match read::manifest_of(task.of, task.backup) {
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

fn end(folder: &Path, running: &Running) -> Found {
    let is_gone = || fs::symlink_metadata(folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if (running.is_away || running.state == CheckState::Damaged) && is_gone() {
        return Found::Away;
    }
    Found::Checked(running.state, running.reasons.clone())
}

impl Running {
    /// The worst state stays; the order of the states is that of their weight.
    fn worsen(&mut self, state: CheckState, reason: String) {
        if (state as u8) > (self.state as u8) {
            self.state = state;
        }
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

    fn take(&mut self, outcome: Outcome) {
        self.left -= 1;
        match outcome {
            Outcome::Whole => {}
            Outcome::Missing(name) => {
                self.is_away = true;
                self.worsen(CheckState::Damaged, format!("{name} is missing"));
            }
            Outcome::Flawed(state, reason) => self.worsen(state, reason),
        }
    }
}

/// The result for a file.
enum Outcome {
    Whole,
    Missing(String),
    Flawed(CheckState, String),
}

enum Report {
    Position((usize, usize), u64, u64),
    File((usize, usize), Outcome),
    Stopped,
}

fn work(jobs: &Mutex<VecDeque<Job<'_>>>, stop: &AtomicBool, sender: &Sender<Report>) {
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(job) = job.filter(|_| !stop.load(Ordering::Relaxed)) else {
            return;
        };
        let position = |bytes| drop(sender.send(Report::Position(job.at, bytes, job.file.bytes)));
        let report = match read(&job, stop, &mut buffer, position) {
            Some(outcome) => Report::File(job.at, outcome),
            None => Report::Stopped,
        };
        // Nobody listens any more once the run was given up.
        let _ = sender.send(report);
    }
}

/// Reads a file to its end; `None` where it was stopped.
fn read(job: &Job<'_>, stop: &AtomicBool, buffer: &mut [u8], position: impl Fn(u64)) -> Option<Outcome> {
    let FileEntry {
        name, bytes, sha256, ..
    } = &job.file;
    let path = job.folder.join(name);
    let damaged = |reason: String| Some(Outcome::Flawed(CheckState::Damaged, reason));
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(Outcome::Missing(name.clone())),
        Err(error) => return damaged(format!("{name} cannot be read: {error}")),
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
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(Outcome::Missing(name.clone())),
        Err(error) => return damaged(format!("{name} cannot be read: {error}")),
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
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return damaged(format!("{name} cannot be read at byte {total}: {error}")),
            Ok(0) => break,
            Ok(count) => {
                hash.update(&buffer[..count]);
                reader.update(&buffer[..count]);
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
        Verdict::Ok(_) => Outcome::Whole,
        Verdict::Unverified(_) => {
            Outcome::Flawed(CheckState::Unverified, format!("{name} is unverified: {}", reason()))
        }
        Verdict::NotRdb(_) => Outcome::Flawed(CheckState::NotRdb, format!("{name} is no RDB file: {}", reason())),
        Verdict::Corrupt(_) | Verdict::Incomplete(_) => {
            let text = format!("{name} is as it was fetched, and no whole RDB file: {}", reason());
            Outcome::Flawed(CheckState::Damaged, text)
        }
    })
}

#[cfg(test)]
mod tests;
