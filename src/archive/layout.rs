//! The names in an archive: where a backup's folder is, what it is called, and which names are taken.
//!
//! ```text
//! DIR/REGION/INSTANCE/20210717T180000Z-BASEID/   a backup: its files, backup.json, SHA256SUMS
//! DIR/REGION/INSTANCE/instance.json              what is remembered of an instance
//! DIR/REGION/INSTANCE/checks.json, drills.json   when its backups were verified and loaded
//! DIR/runs.jsonl                                 a line for each sync, and each prune that removed something
//! DIR/.jdredis/lock, holder                      the lock of the sync or prune that runs, and its name
//! DIR/.jdredis/work/REGION/INSTANCE/BASEID/      a backup that is not whole yet
//! DIR/.jdredis/pruned/REGION/INSTANCE/NAME/      one that is being deleted
//! ```
//!
//! Names that begin with a dot are the program's own. Reading skips them.

use std::path::{Path, PathBuf};

use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

use crate::values::id::{BaseId, InstanceId, Region};

/// The program's own folder in DIR.
const PRIVATE: &str = ".jdredis";
/// Below it, the backups that are not whole yet. They are in DIR, since a rename, which makes a backup visible, cannot
/// cross file systems.
const WORK: &str = "work";
/// Likewise, what a prune removes, after the rename that hides it and until it is deleted.
const PRUNED: &str = "pruned";
/// Describes a backup; its types are in [`super::manifest`].
pub(crate) const MANIFEST: &str = "backup.json";
/// The sums of a backup's files, as `sha256sum -c` reads them.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// What is remembered of an instance; its types are in [`super::memory`].
pub(crate) const MEMORY: &str = "instance.json";
/// A backup whose folder holds a file of this name is never pruned. No file of a backup gets this name.
pub(crate) const KEEP: &str = "keep";
/// Stands in place of the start in the name of a backup whose start cannot be read.
const UNKNOWN_START: &str = "unknown";

/// The names in a backup's folder that none of its files may have.
pub(crate) const RESERVED: [&str; 3] = [MANIFEST, SUMS, KEEP];

/// Which backup a folder is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct BackupKey {
    pub(crate) region: Region,
    pub(crate) instance: InstanceId,
    pub(crate) base_id: BaseId,
}

/// An archive's paths. It reads and writes nothing.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    dir: PathBuf,
}

impl Layout {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// DIR itself.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of an instance.
    pub(crate) fn instance(&self, region: &Region, instance: &InstanceId) -> PathBuf {
        self.dir.join(region.as_str()).join(instance.as_str())
    }

    /// The folder that a backup has once it is whole.
    pub(crate) fn backup(&self, key: &BackupKey, start: Option<OffsetDateTime>) -> PathBuf {
        self.instance(&key.region, &key.instance)
            .join(folder_name(start, &key.base_id))
    }

    /// The folder of a backup until it is whole. Its name does not have the start, which the service may tell otherwise
    /// in the next run.
    pub(crate) fn work(&self, key: &BackupKey) -> PathBuf {
        let instance = self.work_root().join(key.region.as_str()).join(key.instance.as_str());
        instance.join(key.base_id.as_str())
    }

    /// The folder of all backups that are not whole yet.
    pub(crate) fn work_root(&self) -> PathBuf {
        self.dir.join(PRIVATE).join(WORK)
    }

    /// The folder of all backups that are being deleted.
    pub(crate) fn pruned_root(&self) -> PathBuf {
        self.dir.join(PRIVATE).join(PRUNED)
    }
}

/// The name of a backup's folder: its start in UTC to the second, and its base ID. Years beyond 9999 have no
/// place in it, so such a start counts as unknown.
fn folder_name(start: Option<OffsetDateTime>, base_id: &BaseId) -> String {
    match start.and_then(compact) {
        Some(start) => format!("{start}-{base_id}"),
        None => format!("{UNKNOWN_START}-{base_id}"),
    }
}

/// A start as it stands in a folder's name: `20210717T180000Z`.
fn compact(start: OffsetDateTime) -> Option<String> {
    let start = start.checked_to_offset(UtcOffset::UTC)?;
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    (0..=9999)
        .contains(&start.year())
        .then(|| start.format(format).ok())
        .flatten()
}

/// What a folder's name says of its backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FolderName {
    /// To the second; `None` where it is unknown.
    pub(crate) start: Option<OffsetDateTime>,
    pub(crate) base_id: BaseId,
}

impl FolderName {
    /// Reads the name of a backup's folder; `None` where it is of another form, and so no backup's.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (start, base_id) = name.split_once('-')?;
        let base_id = base_id.parse().ok()?;
        if start == UNKNOWN_START {
            return Some(Self { start: None, base_id });
        }
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let moment = PrimitiveDateTime::parse(start, format).ok()?.assume_utc();
        // `parse` takes a sign and other lengths; only the one form names a folder.
        (compact(moment).as_deref() == Some(start)).then_some(Self {
            start: Some(moment),
            base_id,
        })
    }
}

/// Whether reading skips a name.
pub(super) fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn base_id(text: &str) -> BaseId {
        text.parse().unwrap()
    }

    #[test]
    fn a_folder_is_named_after_its_start_in_utc_and_its_base_id() {
        for (start, name) in [
            (Some(datetime!(2021-07-18 02:00:00.9 +8)), "20210717T180000Z-a607-b"),
            (Some(datetime!(0001-01-01 00:00 UTC)), "00010101T000000Z-a607-b"),
            (None, "unknown-a607-b"),
        ] {
            assert_eq!(folder_name(start, &base_id("a607-b")), name);
            let read = FolderName::parse(name).unwrap();
            assert_eq!(read.base_id, base_id("a607-b"));
            assert_eq!(read.start, start.map(OffsetDateTime::truncate_to_second), "{name}");
        }
    }

    #[test]
    fn a_name_of_another_form_is_no_backups() {
        for name in [
            "",
            "-",
            "unknown",
            "unknown-",
            "unknown-../x",
            "20210717T180000Z",
            "20210717T180000Z-",
            "20210717-x",
            "20211317T180000Z-x",
            "20210717T180000-x",
            "+20210717T180000Z-x",
            "20210717T180000Z-a b",
            "lost+found",
        ] {
            assert_eq!(FolderName::parse(name), None, "{name}");
        }
    }
}
