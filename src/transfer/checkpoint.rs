//! Saves the progress of each file while its bytes come, on two threads.
//!
//! One saves often which bytes were written. That survives SIGKILL and waits for no disk. The other saves every
//! second how many bytes without a gap fsync has brought to the disk. That survives a power cut, and a disk that
//! takes seconds for an fsync holds up this thread alone.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::part::Part;
use super::pool::{Pool, locked};
use super::reason::Reason;
use super::record::{MAX_ISLANDS, Record, Written};
use super::state::{Slot, Stage};

/// The interval between two fsyncs of a file: a power cut loses what came in it.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);
/// Written bytes are saved after this time, or as soon as `1 / WRITE_SHARE` of the file came, and at least
/// `WRITE_BYTES` bytes. SIGKILL loses what came since.
const WRITE_INTERVAL: Duration = Duration::from_millis(250);
const WRITE_SHARE: u64 = 32;
const WRITE_BYTES: u64 = 1 << 20;

/// What the last checkpoint of a file saved, and when.
#[derive(Debug, Clone, Copy)]
struct Last {
    /// How many bytes of the file were there.
    present: u64,
    at: Duration,
}

/// What came of a file since its last checkpoint.
struct Unsaved {
    /// The length of the file in bytes; 0 where it is not known.
    length: u64,
    bytes: u64,
    time: Duration,
}

/// Saves which bytes of each file are written, until all files have ended.
pub(super) fn save_written(pool: &Pool) {
    let is_due = |unsaved: &Unsaved| {
        let step = (unsaved.length / WRITE_SHARE).max(WRITE_BYTES);
        unsaved.bytes >= step || unsaved.time >= WRITE_INTERVAL
    };
    until_done(pool, is_due, |file| pool.save_written_of(file));
}

/// Saves how many bytes of each file are on the disk, until all files have ended.
pub(super) fn save_durable(pool: &Pool) {
    let is_due = |unsaved: &Unsaved| unsaved.time >= SYNC_INTERVAL;
    until_done(pool, is_due, |file| pool.save_progress(file));
}

/// Looks at all files again and again until they have ended, and calls `save` with the number of each file of
/// which bytes came since its last checkpoint and whose next one is due.
fn until_done(pool: &Pool, is_due: impl Fn(&Unsaved) -> bool, save: impl Fn(usize) -> io::Result<()>) {
    let mut last = Vec::new();
    loop {
        pool.wait_for_change();
        if pool.is_stopped() || pool.lock().is_done() {
            return;
        }
        // The lock ends with this line: in the `for` it would be held while a file is saved.
        let due = due(&pool.lock().files, &mut last, pool.now(), &is_due);
        for file in due {
            // An error of the record is ignored: saving fails again at the end of the file, and is reported there.
            let _ = save(file);
            last[file].at = pool.now();
        }
    }
}

/// The numbers of the files whose next checkpoint is due, which `last` notes.
fn due(files: &[Slot], last: &mut Vec<Last>, now: Duration, is_due: impl Fn(&Unsaved) -> bool) -> Vec<usize> {
    last.resize(files.len(), Last { present: 0, at: now });
    let mut due = Vec::new();
    for (file, (slot, last)) in files.iter().zip(last).enumerate() {
        let present = slot.pieces.present();
        if slot.stage != Stage::Fetching {
            // A file of an archive may wait for minutes, so its first interval begins when it is fetched. Most end
            // within it, and need no fsync but that of their end.
            *last = Last { present: 0, at: now };
            continue;
        }
        if present < last.present {
            // The file was started again.
            last.present = 0;
        }
        let unsaved = Unsaved {
            length: slot.object.length.unwrap_or_default(),
            bytes: present - last.present,
            time: now.saturating_sub(last.at),
        };
        if unsaved.bytes > 0 && is_due(&unsaved) {
            due.push(file);
            *last = Last { present, at: now };
        }
    }
    due
}

/// How far a file is, and where its record is.
struct Progress {
    part: Arc<Part>,
    /// All bytes of the part before this offset are written.
    frontier: u64,
    /// Start and end of runs of bytes beyond it that are written.
    islands: Vec<(u64, u64)>,
    generation: u64,
    record_path: PathBuf,
}

impl Pool {
    /// Reads the progress that may be saved in the file's record; `None` where there is none.
    ///
    /// The caller has locked the record. So the record and the part stay of one object while the progress is
    /// saved: a new part is made under the same lock.
    fn progress(&self, file: usize, record: &Record) -> Option<Progress> {
        let state = self.lock();
        let slot = &state.files[file];
        let progress = Progress {
            part: slot.part.clone()?,
            frontier: slot.pieces.frontier(),
            islands: slot.pieces.coverage().largest_islands(MAX_ISLANDS),
            generation: slot.generation,
            record_path: slot.job.folder.paths(&slot.job.file_name).record,
        };
        // A record that was forgotten has no ETag. One of a finished file stays as it is.
        let is_of_part = record.etag == slot.object.etag && record.finished.is_none();
        (is_of_part && progress.frontier > 0).then_some(progress)
    }

    /// Saves which bytes of a file are written, without waiting for the disk.
    fn save_written_of(&self, file: usize) -> io::Result<()> {
        let record = self.record(file);
        let mut record = locked(&record);
        let Some(progress) = self.progress(file, &record) else {
            return Ok(());
        };
        if progress.part.has_lost() {
            return Ok(());
        }
        let Some(written) = Written::now(progress.frontier, progress.islands) else {
            return Ok(());
        };
        record.written = Some(written);
        match record.save_in_place(&progress.record_path) {
            // There is no record yet.
            Err(_) => record.save(&progress.record_path),
            Ok(_) => Ok(()),
        }
    }

    /// Has the system write a file's bytes to the disk (fsync), and saves how many they are.
    pub(super) fn save_progress(&self, file: usize) -> io::Result<()> {
        let record = self.record(file);
        let Some(synced) = self.progress(file, &locked(&record)) else {
            return Ok(());
        };
        // No lock is held during the fsync, so that connections and the other thread go on.
        match synced.part.sync() {
            Ok(true) => {}
            // The file system has no fsync, so that no byte is known to be on the disk.
            Ok(false) => return self.save_written_of(file),
            Err(error) => return self.give_up_lost(file, &synced, error),
        }
        let saved = {
            let mut record = locked(&record);
            let current = self.progress(file, &record);
            let Some(current) = current.filter(|current| current.generation == synced.generation) else {
                // The file was started again, or ended, during the fsync.
                return Ok(());
            };
            record.durable = synced.frontier;
            // There may be more bytes that are written, but not known to be on the disk.
            record.written = match current.frontier > synced.frontier || !current.islands.is_empty() {
                true => Written::now(current.frontier, current.islands),
                false => None,
            };
            match record.save_in_place(&synced.record_path) {
                Ok(saved) => saved,
                Err(_) => return record.save(&synced.record_path),
            }
        };
        saved.sync_data()
    }

    /// Gives a file up, bytes of which the system could not write to the disk. Only those that an earlier fsync has
    /// brought there count from now on.
    fn give_up_lost(&self, file: usize, progress: &Progress, error: io::Error) -> io::Result<()> {
        let record = self.record(file);
        let mut record = locked(&record);
        let is_current = |current: &Progress| current.generation == progress.generation;
        if !self.progress(file, &record).is_some_and(|current| is_current(&current)) {
            return Ok(());
        }
        record.written = None;
        let saved = record
            .save_in_place(&progress.record_path)
            .and_then(|file| file.sync_data());
        let mut state = self.lock();
        let slot = &mut state.files[file];
        if slot.stage == Stage::Fetching {
            slot.fail(Reason::Disk {
                doing: "written",
                error,
            });
        }
        drop(state);
        self.wake();
        saved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::world::Clock as _;
    use crate::transfer::coverage::Coverage;
    use crate::transfer::pieces::Pieces;
    use crate::transfer::tests::{MIB, Scene};

    #[test]
    fn the_first_checkpoint_of_a_file_that_waited_is_an_interval_after_it_is_fetched() {
        let scene = Scene::new(2);
        let mut last = Vec::new();
        let mut due_now = |scene: &Scene| {
            let now = scene.pool.now();
            let is_due = |unsaved: &Unsaved| unsaved.time >= SYNC_INTERVAL;
            due(&scene.pool.lock().files, &mut last, now, is_due)
        };
        scene.resume(0, "\"one\"", 8 * MIB, 0);
        assert!(due_now(&scene).is_empty());
        scene.clock.sleep(10 * SYNC_INTERVAL);
        assert!(due_now(&scene).is_empty(), "no byte came");
        scene.resume(0, "\"one\"", 8 * MIB, 1);
        assert_eq!(due_now(&scene), [0]);
        assert!(due_now(&scene).is_empty(), "no byte came since");
        // Two others are begun now: one that waited, and one that was added in this moment.
        scene.pool.add(scene.job(2));
        for file in [1, 2] {
            scene.resume(file, "\"two\"", 8 * MIB, MIB);
        }
        assert!(due_now(&scene).is_empty());
        scene.clock.sleep(SYNC_INTERVAL);
        assert_eq!(due_now(&scene), [1, 2]);
        // The bytes of a file that is started again are saved anew.
        scene.resume(1, "\"two\"", 8 * MIB, 10);
        scene.clock.sleep(SYNC_INTERVAL);
        assert_eq!(due_now(&scene), [1]);
    }

    #[test]
    fn a_file_of_which_an_fsync_failed_is_given_up_with_the_bytes_that_are_durable() {
        let scene = Scene::new(1);
        let part = scene.resume(0, "\"one\"", 8 * MIB, 2 * MIB);
        let record = scene.pool.record(0);
        {
            let mut record = locked(&record);
            (record.etag, record.length, record.durable) = (Some("\"one\"".to_owned()), Some(8 * MIB), MIB);
            record.written = Written::now(2 * MIB, Vec::new());
            let path = scene.pool.progress(0, &record).unwrap().record_path;
            record.save(&path).unwrap();
        }
        let failed = || scene.pool.lock().files[0].failed.as_ref().map(ToString::to_string);
        let before = scene.pool.progress(0, &locked(&record)).unwrap();
        let later = Progress {
            generation: before.generation + 1,
            ..before
        };
        scene.pool.give_up_lost(0, &later, io::ErrorKind::Other.into()).unwrap();
        assert_eq!(failed(), None, "the fsync was of bytes that are there no more");
        part.lose();
        scene.pool.save_progress(0).unwrap();
        let error = io::Error::from_raw_os_error(5);
        assert_eq!(failed(), Some(format!("the file cannot be written: {error}")));
        let record = locked(&record);
        assert!(record.written.is_none() && record.durable == MIB);
        drop(record);
        // What connections wrote in the meantime is not saved as written.
        scene.pool.save_written_of(0).unwrap();
        assert!(locked(&scene.pool.record(0)).written.is_none());
    }

    #[test]
    fn runs_of_bytes_beyond_a_gap_stay_saved_as_written_after_an_fsync() {
        let scene = Scene::new(1);
        scene.resume(0, "\"one\"", 8 * MIB, MIB);
        {
            let mut coverage = Coverage::new(MIB);
            coverage.add(2 * MIB..3 * MIB);
            scene.pool.lock().files[0].pieces = Pieces::resume(Some(8 * MIB), coverage);
        }
        let record = scene.pool.record(0);
        {
            let mut record = locked(&record);
            (record.etag, record.length) = (Some("\"one\"".to_owned()), Some(8 * MIB));
            let path = scene.pool.progress(0, &record).unwrap().record_path;
            record.save(&path).unwrap();
        }
        scene.pool.save_progress(0).unwrap();
        let record = locked(&record);
        assert_eq!(record.durable, MIB);
        // Without the number of the system's start, nothing that was only written counts.
        assert_eq!(record.written.is_some(), Written::now(MIB, Vec::new()).is_some());
    }
}
