//! Saves the progress of each file while its bytes come.
//!
//! The number of bytes that were written without a gap is saved often; it survives SIGKILL. The number of
//! bytes that are on the disk for certain (fsync) is saved every second; it survives a power cut.

use std::io;
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
#[derive(Debug, Clone, Copy, Default)]
struct Last {
    frontier: u64,
    written: Duration,
    durable: u64,
    synced: Duration,
}

/// Saves the progress of all files until they have ended.
pub(super) fn run(pool: &Pool) {
    let now = pool.now();
    let first = Last {
        written: now,
        synced: now,
        ..Last::default()
    };
    let mut last = Vec::new();
    loop {
        drop(pool.wait_for_scribe());
        if pool.is_stopped() || pool.lock().is_done() {
            return;
        }
        last.resize(pool.lock().files.len(), first);
        for (file, last) in last.iter_mut().enumerate() {
            let now = pool.now();
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
                (last.frontier, last.durable) = (0, 0);
            }
            let step = (length / WRITE_SHARE).max(WRITE_BYTES);
            let came = frontier - last.frontier;
            // An error here is ignored: saving fails again at the end of the file, and is reported there.
            if frontier > last.durable && now.saturating_sub(last.synced) >= SYNC_INTERVAL {
                let _ = pool.save_progress(file, true);
                *last = Last {
                    frontier,
                    written: now,
                    durable: frontier,
                    synced: pool.now(),
                };
            } else if came >= step || (came > 0 && now.saturating_sub(last.written) >= WRITE_INTERVAL) {
                let _ = pool.save_progress(file, false);
                (last.frontier, last.written) = (frontier, now);
            }
        }
    }
}

impl Pool {
    /// Saves the progress of a file; `is_durable` after an fsync of its bytes.
    pub(super) fn save_progress(&self, file: usize, is_durable: bool) -> io::Result<()> {
        // The record is locked before the progress is read, so that the saved progress is not older than
        // the wait for the lock.
        let record = self.record(file);
        let mut record = locked(&record);
        let (frontier, part, etag, path) = {
            let state = self.lock();
            let slot = &state.files[file];
            let Some(part) = slot.part.clone() else { return Ok(()) };
            let path = slot.job.folder.paths(&slot.job.file_name).record;
            (slot.pieces.frontier(), part, slot.object.etag.clone(), path)
        };
        // The record is about another object as soon as a part for that object is made.
        if frontier == 0 || record.etag != etag || record.finished.is_some() {
            return Ok(());
        }
        if is_durable {
            part.sync()?;
        }
        if is_durable {
            record.durable = frontier;
            record.written = None;
        } else {
            let Some(boot) = private::boot() else { return Ok(()) };
            record.written = Some(Written { bytes: frontier, boot });
        }
        record.save(&path)
    }
}
