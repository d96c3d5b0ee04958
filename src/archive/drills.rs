//! `drills.json`: when each backup of an instance was last loaded by a real server, and what came of it.
//!
//! It stands beside the backups' folders, since `backup.json` is never rewritten. It has only the results `loaded` and
//! `damaged`; the others are about the machine, not the backup. When a backup was last loaded stays known after that
//! backup is pruned.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::manifest::{FORMAT_VERSION, FileEntry, PROGRAM};
use super::modes::{FolderLock, Modes};
use super::read::{self, Archived, ArchivedBackup, Condition, Kept};
use crate::drill::{Load, Outcome};

/// The file's name, in an instance's folder.
pub(super) const DRILLS: &str = "drills.json";

/// `drills.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Drills {
    format_version: u32,
    /// The last drill that loaded a backup, which may be pruned since.
    last_loaded: Option<Proof>,
    /// One for each backup that was drilled and is still there.
    drills: Vec<Drill>,
}

/// The last drill of a backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Drill {
    /// The name of the backup's folder.
    pub(crate) folder: String,
    pub(crate) base_id: String,
    /// From its `backup.json`. It tells a backup that was fetched anew, which has another time, from the one that was
    /// drilled.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) fetched_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
    /// The program that had it loaded, such as `jdredis 0.2.0`.
    pub(crate) by: String,
    /// The server, such as `Redis 7.0.15`.
    pub(crate) server: Option<String>,
    /// `loaded` only where all its files are.
    pub(crate) result: Outcome,
    pub(crate) reason: Option<String>,
    /// The keys in all its files.
    pub(crate) keys: u64,
    /// The largest memory of a server, in bytes.
    pub(crate) used_memory: Option<u64>,
    /// How long loading all its files took.
    pub(crate) seconds: f64,
}

/// When a backup of an instance was last proven to load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Proof {
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
    pub(crate) base_id: String,
}

impl Drill {
    /// A drill of a backup: loaded without a `reason`, else damaged. `None` where its `backup.json` could not be read.
    pub(crate) fn new<'a>(
        backup: &Kept,
        at: OffsetDateTime,
        server: Option<String>,
        reason: Option<String>,
        loads: impl Iterator<Item = &'a Load> + Clone,
    ) -> Option<Self> {
        Some(Self {
            folder: backup.folder_name(),
            base_id: backup.base_id.to_string(),
            fetched_at: backup.fetched_at?,
            at: at.truncate_to_second(),
            by: PROGRAM.to_owned(),
            server,
            result: if reason.is_none() {
                Outcome::Loaded
            } else {
                Outcome::Damaged
            },
            reason,
            keys: loads.clone().filter_map(Load::keys).fold(0, u64::saturating_add),
            used_memory: loads.clone().filter_map(|load| load.used_memory).max(),
            seconds: loads.map(|load| load.seconds).sum(),
        })
    }

    fn is_of(&self, backup: &Kept) -> bool {
        Some(self.fetched_at) == backup.fetched_at && self.folder == backup.folder_name()
    }
}

/// The files of a backup as it is now. The error says in words why they are not known or not there.
pub(crate) fn files(backup: &ArchivedBackup<'_>) -> Result<Vec<FileEntry>, String> {
    let manifest = read::manifest_of(backup)?;
    match read::condition_of(&backup.kept.path, &manifest) {
        Condition::Damaged(reason) => Err(reason),
        Condition::Good | Condition::NotRdb(_) => Ok(manifest.files),
    }
}

/// Adds to an instance the results of its drills. A backup that a server refused as damaged counts as damaged.
///
/// # Errors
/// Where the system cannot read the file, so that nothing is known of damage.
pub(super) fn apply(folder: &Path, archived: &mut Archived) -> io::Result<()> {
    let Some(Drills {
        last_loaded, drills, ..
    }) = load(folder)?
    else {
        return Ok(());
    };
    archived.proof = last_loaded;
    for drill in drills.iter().filter(|drill| drill.result == Outcome::Damaged) {
        let backup = archived.backups.iter_mut().find(|backup| drill.is_of(backup));
        if let Some(backup) = backup.filter(|backup| !matches!(backup.condition, Condition::Damaged(_))) {
            let reason = drill.reason.as_deref().unwrap_or("the reason is not recorded");
            let reason = reason.trim_end_matches('.');
            backup.condition = Condition::Damaged(format!("{reason}, as its drill on {} found", drill.at.date()));
        }
    }
    Ok(())
}

/// Reads the file; `None` where it is missing or of another format.
fn load(folder: &Path) -> io::Result<Option<Drills>> {
    let text = match read::read_file(&folder.join(DRILLS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let drills = serde_json::from_slice::<Drills>(&text).ok();
    Ok(drills.filter(|drills| drills.format_version <= FORMAT_VERSION))
}

/// Adds a drill to those of the instance's other backups that are still there, and replaces the file. `dir` is the
/// archive's folder, whose mode decides who may read the file.
///
/// # Errors
/// Where the file cannot be replaced, as on a read-only mount.
pub(crate) fn save(dir: &Path, folder: &Path, new: Drill) -> io::Result<()> {
    let lock = FolderLock::take(folder);
    // Read again: another drill may have written since this one began.
    let known = load(folder)?;
    let (last_loaded, mut drills) = known.map_or((None, Vec::new()), |known| (known.last_loaded, known.drills));
    let proof = (new.result == Outcome::Loaded).then(|| Proof {
        at: new.at,
        base_id: new.base_id.clone(),
    });
    drills.retain(|drill| drill.folder != new.folder);
    drills.push(new);
    drills.retain(|drill| folder.join(&drill.folder).is_dir());
    drills.sort_by(|a, b| a.folder.cmp(&b.folder));
    let document = Drills {
        format_version: FORMAT_VERSION,
        last_loaded: proof.or(last_loaded),
        drills,
    };
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    Modes::of_dir(dir)?.replace_with(lock.as_ref(), &folder.join(DRILLS), &text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::read::tests::kept;
    use super::*;

    /// A path below a file is one that the system cannot look at, which is another thing than a missing one.
    #[cfg(unix)]
    #[test]
    fn drills_that_cannot_be_read_are_not_taken_for_missing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(load(&file).is_err());
        assert!(load(dir.path()).unwrap().is_none());
    }

    fn drill(backup: &Kept, reason: Option<&str>) -> Drill {
        let at = OffsetDateTime::UNIX_EPOCH;
        Drill::new(backup, at, None, reason.map(str::to_owned), std::iter::empty()).unwrap()
    }

    #[test]
    fn damage_counts_for_the_backup_alone_that_was_drilled() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        let fetched_at = OffsetDateTime::UNIX_EPOCH;
        let backup = |name: &str, fetched_at| kept(&folder.join(name), Some(fetched_at));
        for name in ["a-1", "a-2"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        save(folder, folder, drill(&backup("a-1", fetched_at), Some("refused"))).unwrap();
        let mut archived = Archived::empty("cn-north-1".parse().unwrap(), "redis-1".parse().unwrap());
        // One of the same moment beside it, and one that was fetched anew in its place.
        let anew = fetched_at + time::Duration::DAY;
        archived.backups = vec![backup("a-2", fetched_at), backup("a-1", anew)];
        apply(folder, &mut archived).unwrap();
        assert!(
            archived
                .backups
                .iter()
                .all(|backup| backup.condition == Condition::Good)
        );
        archived.backups.push(backup("a-1", fetched_at));
        apply(folder, &mut archived).unwrap();
        let damaged = Condition::Damaged("refused, as its drill on 1970-01-01 found".to_owned());
        assert_eq!(archived.backups[2].condition, damaged);
    }

    #[test]
    fn the_last_drill_of_each_backup_that_is_there_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        for name in ["a-1", "a-2", "a-3"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        for (name, reason) in [("a-1", None), ("a-2", None), ("a-3", None), ("a-2", Some("refused"))] {
            let backup = kept(&folder.join(name), Some(OffsetDateTime::UNIX_EPOCH));
            save(folder, folder, drill(&backup, reason)).unwrap();
            if name == "a-3" {
                fs::remove_dir(folder.join(name)).unwrap();
            }
        }
        let Drills {
            last_loaded, drills, ..
        } = load(folder).unwrap().unwrap();
        let found: Vec<_> = drills
            .iter()
            .map(|drill| (drill.folder.as_str(), drill.result))
            .collect();
        assert_eq!(found, [("a-1", Outcome::Loaded), ("a-2", Outcome::Damaged)]);
        assert!(last_loaded.is_some());
    }
}
