//! A part: the file on the disk that an object's bytes are written to.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use super::pool::locked;
use super::private::{self, Owner};

/// An open part. Threads may write to it at once.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
    /// The highest offset that was written to, in bytes.
    end: AtomicU64,
    /// Whether the file was found to be shorter than `end`, so that another process cut it. This is remembered, since
    /// a later write makes the file as long again.
    was_cut: AtomicBool,
    /// The error of the first fsync that failed. Linux reports a failure once and then takes the bytes for written
    /// (fsync(2)), so a later fsync that succeeds proves nothing.
    loss: OnceLock<io::Error>,
    /// Held during an fsync, so that none succeeds while the failure of another is not yet noted.
    syncing: Mutex<()>,
    /// Whether no more bytes are written. Each write holds the lock for reading.
    is_closed: RwLock<bool>,
}

impl Part {
    /// Makes an empty part. A file or a link of its name is removed.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self::of(private::create(path)?, path, 0))
    }

    /// Opens an existing part to go on after `kept` bytes, and cuts off what is behind them.
    ///
    /// # Errors
    /// If it is not a file, has a second name (a hard link), or was made by another user.
    pub(super) fn open(path: &Path, kept: u64, owner: Owner) -> io::Result<Self> {
        let file = private::open_existing_to_write(path)?;
        if !owner.has_made(&file) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        file.set_len(kept)?;
        Ok(Self::of(file, path, kept))
    }

    fn of(file: File, path: &Path, end: u64) -> Self {
        Self {
            file,
            path: path.to_owned(),
            end: AtomicU64::new(end),
            was_cut: AtomicBool::new(false),
            loss: OnceLock::new(),
            syncing: Mutex::default(),
            is_closed: RwLock::default(),
        }
    }

    /// Writes bytes at an offset. Does nothing if the part is closed.
    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let is_closed = self.is_closed.read().unwrap_or_else(PoisonError::into_inner);
        if *is_closed {
            return Ok(());
        }
        self.look_for_cut();
        private::write_at(&self.file, bytes, offset)?;
        self.end.fetch_max(offset + bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Ends all writing, and cuts the part to `length` bytes: the next run could not tell the bytes behind them from
    /// a gap. If the file has another name by now, it is left alone. Another run, which the lock did not keep out, may
    /// have finished it.
    pub(super) fn close(&self, length: u64) -> io::Result<()> {
        let mut is_closed = self.is_closed.write().unwrap_or_else(PoisonError::into_inner);
        *is_closed = true;
        if self.is_still_at(&self.path)? {
            self.file.set_len(length)?;
        }
        Ok(())
    }

    /// Reads at an offset as many bytes as there is room for.
    pub(super) fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        private::read_at(&self.file, bytes, offset)
    }

    /// Synchronises its bytes to the disk (fdatasync). Returns `false` if the file system cannot do that.
    ///
    /// # Errors
    /// If this or an earlier fsync has failed.
    pub(super) fn sync(&self) -> io::Result<bool> {
        self.synced(File::sync_data)
    }

    /// As [`sync`](Self::sync), with all metadata of the file (fsync).
    pub(super) fn sync_all(&self) -> io::Result<bool> {
        self.synced(File::sync_all)
    }

    fn synced(&self, sync: impl Fn(&File) -> io::Result<()>) -> io::Result<bool> {
        let _syncing = locked(&self.syncing);
        if self.loss.get().is_none() {
            match is_synced(sync(&self.file)) {
                Ok(is_synced) => return Ok(is_synced),
                Err(error) => drop(self.loss.set(error)),
            }
        }
        let number = self.loss.get().and_then(io::Error::raw_os_error);
        Err(number.map_or_else(|| io::ErrorKind::Other.into(), io::Error::from_raw_os_error))
    }

    /// Whether bytes of it may be missing on the disk: an fsync has failed. It is not known which bytes.
    pub(super) fn has_lost(&self) -> bool {
        self.loss.get().is_some()
    }

    /// Has it as if an fsync had failed.
    #[cfg(test)]
    pub(super) fn lose(&self) {
        let _ = self.loss.set(io::Error::from_raw_os_error(5));
    }

    /// Whether another process ever made the file shorter than what was written to it.
    pub(super) fn was_cut(&self) -> bool {
        self.look_for_cut();
        self.was_cut.load(Ordering::Relaxed)
    }

    /// Notes whether the file is shorter than what was written to it. This is looked for before each write: once a
    /// write has made the file as long again, the cut may have left no hole that the file system reports.
    fn look_for_cut(&self) {
        let end = self.end.load(Ordering::Relaxed);
        if self.file.metadata().is_ok_and(|metadata| metadata.len() < end) {
            self.was_cut.store(true, Ordering::Relaxed);
        }
    }

    /// Whether another process may have changed the `length` bytes that were checked: the file was cut, has another
    /// length, or has holes.
    pub(super) fn is_suspect(&self, length: u64) -> io::Result<bool> {
        let metadata = self.file.metadata()?;
        Ok(self.was_cut() || metadata.len() != length || private::allocated(&metadata) < length)
    }

    /// Whether the file at this path is this one, and has `length` bytes.
    pub(super) fn is_at(&self, path: &Path, length: u64) -> io::Result<bool> {
        Ok(self.is_still_at(path)? && self.file.metadata()?.len() == length)
    }

    /// Whether the file at this path is this one, by device and inode.
    fn is_still_at(&self, path: &Path) -> io::Result<bool> {
        let own = self.file.metadata()?;
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            there => Ok(private::identity(&own) == private::identity(&there?)),
        }
    }
}

/// The outcome of an fsync: `false` if the file system has none.
fn is_synced(outcome: io::Result<()>) -> io::Result<bool> {
    match outcome {
        Err(error) if private::is_unsupported(&error) => Ok(false),
        outcome => outcome.map(|()| true),
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs::OpenOptions;
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    use super::*;

    fn part(path: &Path, flags: OFlags) -> Part {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(flags.bits().cast_signed());
        Part::of(options.open(path).unwrap(), path, 0)
    }

    #[test]
    fn a_file_system_without_fsync_is_told_from_an_fsync_that_fails() {
        let device = part(Path::new("/dev/null"), OFlags::empty());
        assert!(!device.sync().unwrap() && !device.sync_all().unwrap());
        let file = tempfile::NamedTempFile::new().unwrap();
        let good = part(file.path(), OFlags::empty());
        assert!(good.sync().unwrap() && good.sync_all().unwrap());
        // A file that is open for its name alone has no fsync either, and says that with another error.
        let failing = part(file.path(), OFlags::PATH);
        assert!(failing.sync().is_err() && failing.sync_all().is_err());
    }
}
