//! A part: the file on the disk that an object's bytes are written to.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use super::private::{self, Owner};

/// An open part. Threads may write to it at once.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    /// The end of the last byte that was written.
    end: AtomicU64,
    /// Set once nothing more is to be written; locked for reading while something is.
    is_closed: RwLock<bool>,
}

impl Part {
    /// Makes a part in place of whatever has its name.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: private::create(path)?,
            end: AtomicU64::new(0),
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
            end: AtomicU64::new(kept),
            is_closed: RwLock::default(),
        })
    }

    /// Writes at an offset; does nothing to a part that is closed.
    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let is_closed = self.is_closed.read().unwrap_or_else(PoisonError::into_inner);
        if *is_closed {
            return Ok(());
        }
        private::write_at(&self.file, bytes, offset)?;
        self.end.fetch_max(offset + bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Has nothing more written, and cuts off what is behind `length` bytes, which the next run could not
    /// tell from a gap.
    pub(super) fn close(&self, length: u64) -> io::Result<()> {
        let mut is_closed = self.is_closed.write().unwrap_or_else(PoisonError::into_inner);
        *is_closed = true;
        self.file.set_len(length)
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
        let end = self.end.load(Ordering::Relaxed);
        self.file.metadata().is_ok_and(|metadata| metadata.len() < end)
    }

    /// Whether the bytes that were checked may be others on the disk by now: the file has another length,
    /// or holes where bytes were written.
    pub(super) fn is_suspect(&self, length: u64) -> io::Result<bool> {
        let metadata = self.file.metadata()?;
        Ok(metadata.len() != length || private::allocated(&metadata) < length)
    }

    /// Whether what has this path is this file, with all its bytes.
    pub(super) fn is_at(&self, path: &Path, length: u64) -> io::Result<bool> {
        let same = |a: &Metadata, b: &Metadata| private::identity(a) == private::identity(b);
        let (own, there) = (self.file.metadata()?, fs::symlink_metadata(path)?);
        Ok(same(&own, &there) && there.len() == length)
    }
}
