//! `checks.json`: when each backup of an instance was last verified, how, and what was found.
//!
//! It stands beside the backups' folders, since `backup.json` is never rewritten. Its loss costs the dates, and
//! that damage inside a file is known again only after the next verification.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::manifest::{FORMAT_VERSION, PROGRAM};
use super::modes::{FolderLock, Modes};
use super::read::{self, Archived, Condition, Kept};

/// The file's name, in an instance's folder.
pub(super) const CHECKS: &str = "checks.json";
/// What a check of this version does.
const HOW: &str = "all bytes: length, SHA-256 and RDB";

/// `checks.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checks {
    format_version: u32,
    /// One for each backup that was checked and is still there.
    checks: Vec<Check>,
}

/// The last verification of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Check {
    /// The name of the backup's folder.
    folder: String,
    /// From its `backup.json`. It tells a backup that was fetched anew, which has another time, from the one that was
    /// checked.
    #[serde(with = "time::serde::rfc3339")]
    fetched_at: OffsetDateTime,
    /// When it was checked.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
    how: String,
    /// The program that checked it, such as `jdredis 0.2.0`.
    by: String,
    pub(crate) state: CheckState,
    /// Why it is not `ok`.
    pub(crate) reason: Option<String>,
}

/// What a verification found, the worst last. The names are those of the column STATE and of the key `state` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckState {
    /// Every byte is as `backup.json` says, and the files are whole RDB files.
    Ok,
    /// Likewise, but a file was written without a checksum.
    Unverified,
    /// Every byte is as `backup.json` says, and a file is no RDB file.
    NotRdb,
    /// Its files are whole, and there is something in its folder that is no part of it.
    Extra,
    /// A file is missing or changed, or what describes the backup cannot be used.
    Damaged,
}

impl CheckState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unverified => "unverified",
            Self::NotRdb => "not-rdb",
            Self::Extra => "extra",
            Self::Damaged => "damaged",
        }
    }
}

impl Check {
    /// A check of a backup. `None` where its `backup.json` could not be read: the check could not be told from that of
    /// an earlier backup in the folder.
    pub(crate) fn new(backup: &Kept, at: OffsetDateTime, state: CheckState, reason: Option<String>) -> Option<Self> {
        Some(Self {
            folder: backup.folder_name(),
            fetched_at: backup.fetched_at?,
            at: at.truncate_to_second(),
            how: HOW.to_owned(),
            by: PROGRAM.to_owned(),
            state,
            reason,
        })
    }

    fn is_of(&self, backup: &Kept) -> bool {
        Some(self.fetched_at) == backup.fetched_at && self.folder == backup.folder_name()
    }
}

/// Adds to an instance's backups what their last verification found. Damage that it found counts.
///
/// # Errors
/// Where the system cannot read the file, so that nothing is known of damage.
pub(super) fn apply(folder: &Path, archived: &mut Archived) -> io::Result<()> {
    for check in load(folder)? {
        let Some(backup) = archived.backups.iter_mut().find(|backup| check.is_of(backup)) else {
            continue;
        };
        if check.state == CheckState::Damaged && !matches!(backup.condition, Condition::Damaged(_)) {
            let reason = check.reason.as_deref().unwrap_or("the reason is not recorded");
            backup.condition =
                Condition::Damaged(format!("{reason}, as its verification on {} found", check.at.date()));
        }
        backup.check = Some(check);
    }
    Ok(())
}

/// Reads the file. One that is missing or of another format has no checks.
fn load(folder: &Path) -> io::Result<Vec<Check>> {
    let text = match read::read_file(&folder.join(CHECKS)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        text => text.unwrap_or_default(),
    };
    let checks = serde_json::from_slice::<Checks>(&text).ok();
    let checks = checks.filter(|checks| checks.format_version <= FORMAT_VERSION);
    Ok(checks.map(|checks| checks.checks).unwrap_or_default())
}

/// Adds checks to those of the instance's other backups that are still there, and replaces the file. `dir` is the
/// archive's folder, whose mode decides who may read the file.
///
/// # Errors
/// Where the file cannot be replaced, as on a read-only mount.
pub(crate) fn save(dir: &Path, folder: &Path, new: &[Check]) -> io::Result<()> {
    let lock = FolderLock::take(folder);
    // Read again: another verification may have written since this one began.
    let mut checks = load(folder)?;
    checks.retain(|check| new.iter().all(|new| new.folder != check.folder) && folder.join(&check.folder).is_dir());
    checks.extend(new.iter().filter(|new| folder.join(&new.folder).is_dir()).cloned());
    checks.sort_by(|a, b| a.folder.cmp(&b.folder));
    let document = Checks {
        format_version: FORMAT_VERSION,
        checks,
    };
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    Modes::of_dir(dir)?.replace_with(lock.as_ref(), &folder.join(CHECKS), &text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::read::tests::kept;
    use super::*;

    /// A path below a file is one that the system cannot look at, which is another thing than a missing one.
    #[cfg(unix)]
    #[test]
    fn checks_that_cannot_be_read_are_not_taken_for_missing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(load(&file).is_err());
        assert!(load(dir.path()).unwrap().is_empty());
    }

    #[test]
    fn damage_counts_for_the_backup_alone_that_was_checked() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        let fetched_at = OffsetDateTime::UNIX_EPOCH;
        let backup = |name: &str, fetched_at| kept(&folder.join(name), Some(fetched_at));
        for name in ["a-1", "a-2"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        let check = Check::new(&backup("a-1", fetched_at), fetched_at, CheckState::Damaged, None).unwrap();
        save(folder, folder, &[check]).unwrap();
        let mut archived = Archived::empty("cn-north-1".parse().unwrap(), "redis-1".parse().unwrap());
        // One of the same moment beside it, and one that was fetched anew in its place.
        let anew = fetched_at + time::Duration::DAY;
        archived.backups = vec![backup("a-2", fetched_at), backup("a-1", anew)];
        apply(folder, &mut archived).unwrap();
        for backup in &archived.backups {
            assert_eq!(
                (&backup.condition, &backup.check),
                (&Condition::Good, &None),
                "{backup:?}"
            );
        }
        archived.backups.push(backup("a-1", fetched_at));
        apply(folder, &mut archived).unwrap();
        assert!(matches!(archived.backups[2].condition, Condition::Damaged(_)));
    }

    #[test]
    fn of_verifications_at_once_none_loses_what_another_found() {
        let dir = tempfile::tempdir().unwrap();
        let (dir, folder) = (dir.path(), &dir.path().join("cn-north-1").join("redis-1"));
        let names: Vec<String> = (0..40).map(|number| format!("unknown-{number:02}")).collect();
        for name in &names {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        std::thread::scope(|scope| {
            for some in names.chunks(5) {
                scope.spawn(move || {
                    for name in some {
                        let check = Check {
                            folder: name.clone(),
                            fetched_at: OffsetDateTime::UNIX_EPOCH,
                            at: OffsetDateTime::UNIX_EPOCH,
                            how: HOW.to_owned(),
                            by: PROGRAM.to_owned(),
                            state: CheckState::Damaged,
                            reason: None,
                        };
                        save(dir, folder, &[check]).unwrap();
                    }
                });
            }
        });
        let known: Vec<String> = load(folder).unwrap().into_iter().map(|check| check.folder).collect();
        assert_eq!(known, names);
        assert!(!folder.join(".checks.json.new").exists());
    }
}
