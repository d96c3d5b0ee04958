//! The end of a file: its bytes are synchronised to the disk, and it gets its name.
//!
//! The file that gets the name must be the file that was checked. Another process may replace a `.part`
//! before it is renamed, so the file under the name is then compared with the open one: device, inode and
//! length.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Outcome;
use super::file_worker::{Checked, FileWorker, disk};
use super::pool::locked;
use super::private;
use super::reason::Reason;
use super::record::Finished;
use super::request::CHUNK;
use crate::file::FileState;
use crate::rdb::Findings;

impl FileWorker<'_> {
    /// Gives a whole file its name, after its bytes and its record are on the disk.
    pub(super) fn keep(&self, checked: Checked) -> Result<Outcome, Reason> {
        let written = |error| disk("written", error);
        if !checked.part.sync_all().map_err(written)? {
            self.note("this file system cannot promise that a file survives a power cut (it has no fsync)");
        }
        if checked.part.is_suspect(checked.bytes).map_err(written)? && !self.is_still(&checked).map_err(written)? {
            return self.was_exchanged(&checked, &self.paths.part);
        }
        // This is checked before the rename, too: with --force, the rename replaces the file that is there.
        if !checked.part.is_at(&self.paths.part, checked.bytes).map_err(written)? {
            return self.was_exchanged(&checked, &self.paths.part);
        }
        let finished = checked.finished();
        {
            let record = self.pool.record(self.file);
            let mut record = locked(&record);
            record.written = None;
            record.durable = checked.bytes;
            record.finished = Some(finished.clone());
            record.save(&self.paths.record).map_err(written)?;
        }
        self.folder.sync_records().map_err(written)?;
        let force = self.pool.lock().files[self.file].job.force;
        let renamed = match force {
            true => fs::rename(&self.paths.part, &self.paths.whole),
            false => private::rename_to_free_name(&self.paths.part, &self.paths.whole),
        };
        match renamed {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(Reason::NameTaken),
            outcome => outcome.map_err(written)?,
        }
        if !checked.part.is_at(&self.paths.whole, checked.bytes).unwrap_or(false) {
            return self.was_exchanged(&checked, &self.paths.whole);
        }
        let mut outcome = self.examined(&self.paths.whole, finished, checked.findings);
        if let Err(error) = self.folder.sync() {
            outcome.warning = Some(Reason::NameNotSynced(error));
        }
        Ok(outcome)
    }

    /// Reads the part again. Returns whether its bytes are those that were checked.
    fn is_still(&self, checked: &Checked) -> io::Result<bool> {
        let mut sha256 = Sha256::new();
        let mut buffer = vec![0; CHUNK];
        let mut position = 0;
        while position < checked.bytes {
            let count = usize::try_from(checked.bytes - position).map_or(CHUNK, |left| left.min(CHUNK));
            match checked.part.read_at(&mut buffer[..count], position) {
                // It is shorter than it was.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                outcome => outcome?,
            }
            sha256.update(&buffer[..count]);
            position += count as u64;
        }
        Ok(hex::encode(sha256.finalize()) == checked.sha256 && !checked.part.was_cut())
    }

    /// Renames a file that is not the one that was checked to `.corrupt`, and forgets it.
    fn was_exchanged(&self, checked: &Checked, there: &Path) -> Result<Outcome, Reason> {
        let bytes = fs::symlink_metadata(there).map_or(checked.bytes, |there| there.len());
        match fs::rename(there, &self.paths.corrupt) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(disk("written", error)),
            _ => {}
        }
        self.forget()?;
        let reason = Some(Reason::Exchanged);
        Ok(self.outcome(&self.paths.corrupt, bytes, None, FileState::Corrupt, reason))
    }

    /// The outcome of a file that was read to its end.
    pub(super) fn examined(&self, path: &Path, finished: Finished, findings: Findings) -> Outcome {
        let verdict = &findings.verdict;
        let (state, reason) = (FileState::of_verdict(verdict), verdict.reason().map(Reason::Content));
        Outcome {
            advice: verdict.advice(),
            rdb: findings.contents.map(Box::new),
            ..self.outcome(path, finished.bytes, Some(finished.sha256), state, reason)
        }
    }

    /// Renames a file whose bytes are not good to `.corrupt`, and forgets it.
    pub(super) fn set_aside(&self, checked: Checked) -> Result<Outcome, Reason> {
        fs::rename(&self.paths.part, &self.paths.corrupt).map_err(|error| disk("written", error))?;
        self.forget()?;
        let (finished, is_certain) = (checked.finished(), checked.is_certain());
        Ok(Outcome {
            is_certain,
            ..self.examined(&self.paths.corrupt, finished, checked.findings)
        })
    }
}

impl Checked {
    /// What its record says of it.
    fn finished(&self) -> Finished {
        Finished {
            bytes: self.bytes,
            sha256: self.sha256.clone(),
        }
    }
}
