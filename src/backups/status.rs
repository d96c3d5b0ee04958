//! Statuses of backups in words, also those that are not documented.

use std::collections::BTreeMap;
use std::fmt;

use crate::api::model::Backup;
use crate::values::vocabulary::BackupStatus;

/// A backup's `backupStatus` in words: `running`, or `status 5, which is not documented`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StatusWord(pub(crate) Option<i64>);

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.0.and_then(BackupStatus::of)) {
            (_, Some(status)) => f.write_str(status.word()),
            (Some(number), None) => write!(f, "status {number}, which is not documented"),
            (None, _) => f.write_str("no status that can be read"),
        }
    }
}

/// How many backups have each status; successes are not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Others {
    pub(crate) running: usize,
    pub(crate) failed: usize,
    /// By status.
    pub(crate) undocumented: BTreeMap<StatusWord, usize>,
}

impl Others {
    /// Counts the backups of a list that have not succeeded.
    pub(super) fn of<'a>(backups: impl Iterator<Item = &'a Backup>) -> Self {
        let mut others = Self {
            running: 0,
            failed: 0,
            undocumented: BTreeMap::new(),
        };
        for backup in backups {
            match backup.status() {
                Some(BackupStatus::Running) => others.running += 1,
                Some(BackupStatus::Failed) => others.failed += 1,
                Some(BackupStatus::Success) => {}
                None => *others.undocumented.entry(StatusWord(backup.status)).or_default() += 1,
            }
        }
        others
    }
}

impl fmt::Display for Others {
    /// `2 running, 1 failed, 1 with status 5, which is not documented`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} running, {} failed", self.running, self.failed)?;
        for (status, count) in &self.undocumented {
            write!(f, ", {count} with {status}")?;
        }
        Ok(())
    }
}
