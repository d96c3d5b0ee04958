//! The service's vocabulary: the numbers and words that stand for a backup's status and type, for an
//! instance's status and for a region, and what each means.
//!
//! Source: JD Cloud's cache-Redis API reference. The service may answer with others, which are shown as
//! they came.

use clap::ValueEnum;

/// A backup's `backupStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackupStatus {
    /// Complete; its files can be fetched
    Success,
    /// Still being made
    Running,
    /// Ended without files
    Failed,
}

impl BackupStatus {
    /// The status that a number stands for; `None` where it is not documented.
    pub(crate) fn of(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Running),
            1 => Some(Self::Failed),
            2 => Some(Self::Success),
            _ => None,
        }
    }

    /// The word for it on the command line and in tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Running => "running",
            Self::Failed => "failed",
        }
    }
}

/// A backup's `backupType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackupKind {
    /// Made by the instance's schedule
    Auto,
    /// Made on request
    Manual,
}

impl BackupKind {
    /// The type that a number stands for; `None` where it is not documented.
    pub(crate) fn of(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Auto),
            1 => Some(Self::Manual),
            _ => None,
        }
    }

    /// The number that a request names it by.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Auto => 0,
            Self::Manual => 1,
        }
    }

    /// The word for it on the command line and in tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Manual => "manual",
        }
    }
}

/// The values of `cacheInstanceStatus`, and what each means.
pub(crate) const INSTANCE_STATUSES: [(&str, &str); 8] = [
    ("running", "in use"),
    ("creating", "being set up"),
    ("changing", "its class or its number of shards is being changed"),
    ("configuring", "its parameters are being changed"),
    ("restoring", "a backup is being restored into it"),
    ("upgrading", "its version is being changed"),
    ("deleting", "being released"),
    ("error", "out of order"),
];

/// The regions, with the names that JD Cloud's console shows. The first three stand in the cache-Redis
/// documentation, cn-east-1 only in the one that all products share.
pub(crate) const REGIONS: [(&str, &str); 4] = [
    ("cn-north-1", "华北-北京"),
    ("cn-south-1", "华南-广州"),
    ("cn-east-2", "华东-上海"),
    ("cn-east-1", "华东-宿迁"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_show_the_words_that_the_command_line_takes() {
        for status in BackupStatus::value_variants() {
            assert_eq!(BackupStatus::from_str(status.word(), false), Ok(*status));
        }
        for kind in BackupKind::value_variants() {
            assert_eq!(BackupKind::from_str(kind.word(), false), Ok(*kind));
            assert_eq!(BackupKind::of(kind.number()), Some(*kind));
        }
    }

    #[test]
    fn numbers_that_are_not_documented_have_no_meaning() {
        let statuses = [0, 1, 2].map(BackupStatus::of);
        assert_eq!(
            statuses,
            [
                Some(BackupStatus::Running),
                Some(BackupStatus::Failed),
                Some(BackupStatus::Success)
            ]
        );
        for number in [-1, 3, i64::MAX] {
            assert_eq!(BackupStatus::of(number), None);
        }
        assert_eq!(BackupKind::of(2), None);
    }
}
