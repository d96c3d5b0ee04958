//! Saves the progress of each file while its bytes come, on two threads.
//!
//! One saves often how many bytes were written without a gap, which survives SIGKILL and waits for no disk.
//! The other saves every second how many are on the disk for certain (fsync), which survives a power cut. A
//! disk that takes seconds for an fsync holds up the second alone.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::pool::{Pool, locked};
use super::private;
use super::record::Written;
use super::state::Stage;

/// The interval between two fsyncs: bytes of this time may be lost to a power cut.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);
/// How long, and which part of a file, what has come may be lost to SIGKILL; never less than so many bytes.
const WRITE_INTERVAL: Duration = Duration::from_millis(250);
const WRITE_SHARE: u64 = 32;
const WRITE_BYTES: u64 = 1 << 20;

/// The last checkpoint of a file.
#[derive(Debug, Clone, Copy)]
struct Last {
    frontier: u64,
    at: Duration,
}

/// Saves what is written of all files until they have ended.
pub(super) fn save_written(pool: &Pool) {
    until_done(pool, |file, length, came, elapsed| {
        let step = (length / WRITE_SHARE).max(WRITE_BYTES);
        let is_due = came >= step || elapsed >= WRITE_INTERVAL;
        // An error here is ignored: saving fails again at the end of the file, and is reported there.
        is_due.then(|| drop(pool.note_progress(file)))
    });
}

/// Saves what is on the disk of all files until they have ended.
pub(super) fn save_durable(pool: &Pool) {
    until_done(pool, |file, _, _, elapsed| {
        (elapsed >= SYNC_INTERVAL).then(|| drop(pool.save_progress(file)))
    });
}

/// Calls `save` for each file that more of has come, now and then, with its number, its length, how many bytes
/// came and how much time passed since it was saved; until all files have ended. It returns whether it saved.
fn until_done(pool: &Pool, save: impl Fn(usize, u64, u64, Duration) -> Option<()>) {
    let first = Last {
        frontier: 0,
        at: pool.now(),
    };
    let mut last = Vec::new();
    loop {
        drop(pool.wait_for_scribe());
        if pool.is_stopped() || pool.lock().is_done() {
            return;
        }
        last.resize(pool.lock().files.len(), first);
        for (file, last) in last.iter_mut().enumerate() {
            let (frontier, length) = {
                let state = pool.lock();
                let slot = &state.files[file];
                if slot.stage != Stage::Fetching {
                    continue;
                }
                (slot.pieces.frontier(), slot.object.length.unwrap_or_default())
            };
            if frontier < last.frontier {
                // It was started again.
                last.frontier = 0;
            }
            let came = frontier - last.frontier;
            let elapsed = pool.now().saturating_sub(last.at);
            if came > 0 && save(file, length, came, elapsed).is_some() {
                (last.frontier, last.at) = (frontier, pool.now());
            }
        }
    }
}

impl Pool {
    /// Saves how much of a file is written, without waiting for the disk.
    fn note_progress(&self, file: usize) -> io::Result<()> {
        let Some(boot) = private::boot() else { return Ok(()) };
        // The record is locked before the progress is read, so that the saved progress is not older than
        // the wait for the lock.
        let record = self.record(file);
        let mut record = locked(&record);
        let (frontier, etag, path) = {
            let state = self.lock();
            let slot = &state.files[file];
            if slot.part.is_none() {
                return Ok(());
            }
            let path = slot.job.folder.paths(&slot.job.file_name).record;
            (slot.pieces.frontier(), slot.object.etag.clone(), path)
        };
        // The record is about another object until a part for this one is made.
        if frontier == 0 || record.etag != etag || record.finished.is_some() {
            return Ok(());
        }
        record.written = Some(Written { bytes: frontier, boot });
        match record.save_in_place(&path) {
            // There is none yet.
            Err(_) => record.save(&path),
            Ok(_) => Ok(()),
        }
    }

    /// Has the system write a file's bytes to the disk, and saves how many they are.
    pub(super) fn save_progress(&self, file: usize) -> io::Result<()> {
        let (frontier, part, generation) = {
            let state = self.lock();
            let slot = &state.files[file];
            let Some(part) = slot.part.clone() else { return Ok(()) };
            (slot.pieces.frontier(), part, slot.generation)
        };
        if !part.sync()? {
            // A file system without fsync. What is written was saved as that.
            return self.note_progress(file);
        }
        let record = self.record(file);
        let saved = {
            let mut record = locked(&record);
            let (etag, path, is_same) = {
                let state = self.lock();
                let slot = &state.files[file];
                let path = slot.job.folder.paths(&slot.job.file_name).record;
                let is_part = slot.part.as_ref().is_some_and(|current| Arc::ptr_eq(current, &part));
                (slot.object.etag.clone(), path, is_part && slot.generation == generation)
            };
            if frontier == 0 || !is_same || record.etag != etag || record.finished.is_some() {
                return Ok(());
            }
            record.durable = frontier;
            if record.written.as_ref().is_some_and(|written| written.bytes <= frontier) {
                record.written = None;
            }
            match record.save_in_place(&path) {
                Ok(saved) => saved,
                Err(_) => return record.save(&path),
            }
        };
        // The lock is not held meanwhile, so that what is written goes on to be saved.
        saved.sync_data()
    }
}
