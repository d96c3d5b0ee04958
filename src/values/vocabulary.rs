//! Words of the service that a user types, too.

use clap::ValueEnum;

/// A backup's `backupStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackupStatus {
    Success,
    Running,
    Failed,
}

/// A backup's `backupType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackupKind {
    Auto,
    Manual,
}
