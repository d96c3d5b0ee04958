//! Looks at one backup's folder: whether its `backup.json` is about it, and whether its files are there.

use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::{Archived, ArchivedBackup, Condition, Kept, read_file};
use crate::archive::layout::{FolderName, MANIFEST};
use crate::archive::manifest::{FileEntry, Manifest};
use crate::file::FileState;

const NO_FOLDER: &str = "it is no folder, but a symbolic link or a special file";

/// Looks at a backup's folder. Returns its condition and, where the system could not read all of it, why.
pub(super) fn look_at(path: PathBuf, kind: FileType, name: FolderName, of: &Archived) -> (Kept, Option<String>) {
    let examined = match kind.is_dir() {
        true => examine(&path, &name, of),
        false => Err(Flaw::Damage(NO_FOLDER.to_owned())),
    };
    let (manifest, condition, unread) = match examined {
        Ok((manifest, condition)) => (Some(manifest), condition, None),
        Err(Flaw::Damage(reason)) => (None, Condition::Damaged(reason), None),
        Err(Flaw::Unread(reason)) => (None, Condition::Damaged(reason.clone()), Some(reason)),
    };
    let kept = Kept {
        path,
        base_id: name.base_id,
        start: name.start,
        condition,
        bytes: manifest.as_ref().map_or(0, Manifest::bytes),
        keys: manifest.as_ref().and_then(Manifest::keys),
        fetched_at: manifest.as_ref().map(|manifest| manifest.fetched_at),
        check: None,
        instance_name: manifest.and_then(|manifest| manifest.instance_name),
    };
    (kept, unread)
}

/// Why a backup is not good.
enum Flaw {
    Damage(String),
    /// The system could not read a part of it, as where too many files are open or the disk fails. Whether it is good
    /// is not known.
    Unread(String),
}

impl Flaw {
    /// The flaw of a file that could not be read. A missing file is damage.
    fn of(error: &io::Error, text: String) -> Self {
        match error.kind() {
            // `read_file` answers `Other` for what is no regular file.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::Other => Self::Damage(text),
            _ => Self::Unread(text),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Damage(text) | Self::Unread(text) => text,
        }
    }
}

/// The manifest, and the condition of the files. The error says why the manifest cannot be relied on.
fn examine(path: &Path, name: &FolderName, of: &Archived) -> Result<(Manifest, Condition), Flaw> {
    let text = read_file(&path.join(MANIFEST))
        .map_err(|error| Flaw::of(&error, format!("its {MANIFEST} cannot be read: {error}")))?;
    let manifest = Manifest::parse(&text).map_err(|error| Flaw::Damage(error.to_string()))?;
    let is_its_own = manifest.region == of.region.as_str()
        && manifest.instance == of.instance.as_str()
        && manifest.base_id == name.base_id.as_str()
        && manifest.start.map(OffsetDateTime::truncate_to_second) == name.start;
    if !is_its_own {
        return Err(Flaw::Damage(format!(
            "its {MANIFEST} is about another backup: {} of {} in {}",
            manifest.base_id, manifest.instance, manifest.region
        )));
    }
    match flaw(path, &manifest) {
        Some(unread @ Flaw::Unread(_)) => Err(unread),
        found => {
            let condition = condition(found, &manifest);
            Ok((manifest, condition))
        }
    }
}

/// The manifest of a backup as it is now. The error says in words why it cannot be relied on.
pub(in crate::archive) fn manifest_of(backup: &ArchivedBackup<'_>) -> Result<Manifest, String> {
    let kept = backup.kept;
    let is_folder = fs::symlink_metadata(&kept.path).is_ok_and(|metadata| metadata.is_dir());
    if !is_folder {
        return Err(NO_FOLDER.to_owned());
    }
    let name = FolderName {
        start: kept.start,
        base_id: kept.base_id.clone(),
    };
    let examined = examine(&kept.path, &name, backup.instance);
    examined.map(|(manifest, _)| manifest).map_err(Flaw::text)
}

/// The condition of the files in a folder, compared with its manifest.
pub(in crate::archive) fn condition_of(path: &Path, manifest: &Manifest) -> Condition {
    condition(flaw(path, manifest), manifest)
}

fn condition(flaw: Option<Flaw>, manifest: &Manifest) -> Condition {
    match flaw {
        Some(flaw) => Condition::Damaged(flaw.text()),
        None => match manifest.foreign_file() {
            Some(file) => Condition::NotRdb(format!(
                "{} is no RDB file: {}",
                file.name,
                file.reason.as_deref().unwrap_or("the reason is not recorded")
            )),
            None => Condition::Good,
        },
    }
}

/// The first flaw of a folder's files.
fn flaw(path: &Path, manifest: &Manifest) -> Option<Flaw> {
    manifest.files.iter().find_map(|file| flaw_of_file(path, file))
}

/// The flaw of a file, as far as it shows without reading the file.
fn flaw_of_file(folder: &Path, file: &FileEntry) -> Option<Flaw> {
    let name = &file.name;
    let text = match fs::symlink_metadata(folder.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => format!("{name} is missing"),
        Err(error) => return Some(Flaw::of(&error, format!("{name}: {error}"))),
        Ok(metadata) if !metadata.is_file() => format!("{name} is no file, but a folder, a link or special"),
        Ok(metadata) if metadata.len() != file.bytes => {
            format!("{name} has {} bytes and should have {}", metadata.len(), file.bytes)
        }
        Ok(_) if !matches!(file.state, FileState::Ok | FileState::Unverified | FileState::NotRdb) => {
            format!("{name} is recorded as {}", file.state.name())
        }
        Ok(_) => return None,
    };
    Some(Flaw::Damage(text))
}
