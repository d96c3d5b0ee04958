//! A part: the file on the disk that an object's bytes are written to.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use super::private::{self, Owner};

/// An open part. Threads may write to it at once.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
    /// The end of the last byte that was written.
    end: AtomicU64,
    /// Whether somebody else was seen to have made it shorter. Later writes make it as long again.
    was_cut: AtomicBool,
    /// Set once nothing more is to be written; locked for reading while something is.
    is_closed: RwLock<bool>,
}

impl Part {
    /// Makes a part in place of whatever has its name.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: private::create(path)?,
            path: path.to_owned(),
            end: AtomicU64::new(0),
            was_cut: AtomicBool::new(false),
            is_closed: RwLock::default(),
        })
    }

    /// Opens a part that is there, to go on after `kept` bytes.
    ///
    /// # Errors
    /// If it is no file, has a second name (a hard link), or was made by another user.
    pub(super) fn open(path: &Path, kept: u64, owner: Owner) -> io::Result<Self> {
        let file = private::open_existing_to_write(path)?;
        if !owner.has_made(&file) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        file.set_len(kept)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            end: AtomicU64::new(kept),
            was_cut: AtomicBool::new(false),
            is_closed: RwLock::default(),
        })
    }

    /// Writes at an offset; does nothing to a part that is closed.
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

    /// Has nothing more written, and cuts off what is behind `length` bytes, which the next run could not
    /// tell from a gap. A file that has another name by now is left alone: another run, which the lock did
    /// not hold off, may have finished it.
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

    /// Has the system write its bytes to the disk. Returns whether it can.
    pub(super) fn sync(&self) -> io::Result<bool> {
        match self.file.sync_data() {
            Err(error) if private::is_unsupported(&error) => Ok(false),
            outcome => outcome.map(|()| true),
        }
    }

    /// As [`sync`](Self::sync), with all that the system knows of the file.
    pub(super) fn sync_all(&self) -> io::Result<bool> {
        match self.file.sync_all() {
            Err(error) if private::is_unsupported(&error) => Ok(false),
            outcome => outcome.map(|()| true),
        }
    }

    /// Whether somebody else made it shorter than what was written to it.
    pub(super) fn was_cut(&self) -> bool {
        self.look_for_cut();
        self.was_cut.load(Ordering::Relaxed)
    }

    /// Notes when it is shorter than what was written. A few bytes that are cut off leave no hole that the
    /// file system tells of, so this is looked for before each write.
    fn look_for_cut(&self) {
        let end = self.end.load(Ordering::Relaxed);
        if self.file.metadata().is_ok_and(|metadata| metadata.len() < end) {
            self.was_cut.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the bytes that were checked may be others on the disk by now: the file has another length,
    /// or holes where bytes were written.
    pub(super) fn is_suspect(&self, length: u64) -> io::Result<bool> {
        let metadata = self.file.metadata()?;
        Ok(self.was_cut() || metadata.len() != length || private::allocated(&metadata) < length)
    }

    /// Whether what has this path is this file, with all its bytes.
    pub(super) fn is_at(&self, path: &Path, length: u64) -> io::Result<bool> {
        Ok(self.is_still_at(path)? && self.file.metadata()?.len() == length)
    }

    /// Whether what has this path is this file.
    fn is_still_at(&self, path: &Path) -> io::Result<bool> {
        let own = self.file.metadata()?;
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            there => Ok(private::identity(&own) == private::identity(&there?)),
        }
    }
}
