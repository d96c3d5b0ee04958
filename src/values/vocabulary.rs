//! The service's vocabulary: the numbers and words that stand for a backup's status and type, for an
//! instance's status and for a region, and what each means.
//!
//! Source: JD Cloud's cache-Redis API reference. Other values that the service may answer with are shown as
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
    /// Each status with the service's number, and the word for it on the command line and in tables.
    const TABLE: [(Self, i64, &str); 3] = [
        (Self::Running, 0, "running"),
        (Self::Failed, 1, "failed"),
        (Self::Success, 2, "success"),
    ];

    /// The status of a number; `None` if it is not documented.
    pub(crate) fn of(number: i64) -> Option<Self> {
        let row = Self::TABLE.iter().find(|(_, of_row, _)| *of_row == number);
        row.map(|(status, ..)| *status)
    }

    /// The number that a word stands for, in any case.
    pub(crate) fn number_of(word: &str) -> Option<i64> {
        let row = Self::TABLE
            .iter()
            .find(|(.., of_row)| of_row.eq_ignore_ascii_case(word));
        row.map(|(_, number, _)| *number)
    }

    /// The word for it on the command line and in tables.
    pub(crate) fn word(self) -> &'static str {
        let row = Self::TABLE.iter().find(|(status, ..)| *status == self);
        row.map_or("", |(.., word)| word)
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
    /// Each type with the service's number, and the word for it on the command line and in tables.
    const TABLE: [(Self, i64, &str); 2] = [(Self::Auto, 0, "auto"), (Self::Manual, 1, "manual")];

    /// The type of a number; `None` if it is not documented.
    pub(crate) fn of(number: i64) -> Option<Self> {
        let row = Self::TABLE.iter().find(|(_, of_row, _)| *of_row == number);
        row.map(|(kind, ..)| *kind)
    }

    /// The number that a word stands for, in any case.
    pub(crate) fn number_of(word: &str) -> Option<i64> {
        let row = Self::TABLE
            .iter()
            .find(|(.., of_row)| of_row.eq_ignore_ascii_case(word));
        row.map(|(_, number, _)| *number)
    }

    /// The service's number.
    pub(crate) fn number(self) -> i64 {
        let row = Self::TABLE.iter().find(|(kind, ..)| *kind == self);
        row.map_or(0, |(_, number, _)| *number)
    }

    /// The word for it on the command line and in tables.
    pub(crate) fn word(self) -> &'static str {
        let row = Self::TABLE.iter().find(|(kind, ..)| *kind == self);
        row.map_or("", |(.., word)| word)
    }
}

/// Values of `cacheInstanceStatus` that the program acts on.
pub(crate) const RUNNING: &str = "running";
pub(crate) const RESTORING: &str = "restoring";
pub(crate) const DELETING: &str = "deleting";
pub(crate) const ERROR: &str = "error";

/// The values of `cacheInstanceStatus` with their meanings.
pub(crate) const INSTANCE_STATUSES: [(&str, &str); 8] = [
    (RUNNING, "in use"),
    ("creating", "being set up"),
    ("changing", "its class or its number of shards is being changed"),
    ("configuring", "its parameters are being changed"),
    (RESTORING, "a backup is being restored into it"),
    ("upgrading", "its version is being changed"),
    (DELETING, "being released"),
    (ERROR, "out of order"),
];

/// The regions, with the names that JD Cloud's console shows. The first three are in the cache-Redis
/// documentation; cn-east-1 is only in the documentation that all products share.
pub(crate) const REGIONS: [(&str, &str); 4] = [
    ("cn-north-1", "华北-北京"),
    ("cn-south-1", "华南-广州"),
    ("cn-east-2", "华东-上海"),
    ("cn-east-1", "华东-宿迁"),
];

/// The known region whose ID is the most similar; `None` if this region is known.
pub(crate) fn nearest_region(region: &str) -> Option<&'static str> {
    let known = REGIONS.iter().map(|(id, _)| *id);
    let nearest = known.min_by_key(|id| edits(region, id))?;
    (nearest != region).then_some(nearest)
}

/// The Levenshtein distance of two texts: the letters to add, remove or change to turn one into the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_show_the_words_that_the_command_line_takes() {
        for status in BackupStatus::value_variants() {
            assert_eq!(BackupStatus::from_str(status.word(), false), Ok(*status));
            let number = BackupStatus::number_of(&status.word().to_uppercase());
            assert_eq!(number.and_then(BackupStatus::of), Some(*status));
        }
        for kind in BackupKind::value_variants() {
            assert_eq!(BackupKind::from_str(kind.word(), false), Ok(*kind));
            assert_eq!(BackupKind::of(kind.number()), Some(*kind));
            assert_eq!(BackupKind::number_of(kind.word()), Some(kind.number()));
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

    #[test]
    fn a_distance_is_the_least_number_of_letters_to_change() {
        for (from, to, distance) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("abcd", "bcd", 1),
            ("cd", "abcd", 2),
            ("a", "b", 1),
        ] {
            assert_eq!(edits(from, to), distance, "{from} {to}");
        }
    }

    #[test]
    fn the_nearest_region_is_the_one_with_the_fewest_typing_errors() {
        for (region, nearest) in [
            ("cn-nroth-1", Some("cn-north-1")),
            ("cn-south1", Some("cn-south-1")),
            ("cn-east-3", Some("cn-east-2")),
            ("cn-north-1", None),
        ] {
            assert_eq!(nearest_region(region), nearest, "{region}");
        }
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("kitten", "sitting"), 3);
    }
}
