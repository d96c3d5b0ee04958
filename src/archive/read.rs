//! Reads an archive: what each instance has, and in what condition. The folders are the truth; there is no
//! index. It takes no lock, writes nothing and follows no symbolic link below DIR.
//!
//! A backup's files are looked at, not read: that they are there with the lengths that `backup.json` states.

use std::fs::{self, DirEntry, File, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::checks::{self, Check};
use super::drills::{self, Proof};
use super::layout::{self, FolderName, MANIFEST, MEMORY};
use super::manifest::Manifest;
use super::memory::Memory;
use crate::file::FileState;
use crate::values::id::{BaseId, InstanceId, Region};

/// The longest `backup.json` and `instance.json` that is read, in bytes. One of a thousand shards has 300 kB.
const MAX_JSON: u64 = 16 << 20;
const NO_FOLDER: &str = "it is no folder, but a symbolic link or a special file";

/// What an archive holds.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    /// In the order of regions and IDs.
    pub(crate) instances: Vec<Archived>,
    /// Folders that are none of an archive's, and are left alone.
    pub(crate) foreign: Vec<PathBuf>,
    /// What should be readable and is not.
    pub(crate) unreadable: Vec<Unreadable>,
}

/// A part of an archive that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub(crate) struct Unreadable {
    pub(crate) path: PathBuf,
    pub(crate) reason: String,
}

/// What an archive holds of an instance.
#[derive(Debug)]
pub(crate) struct Archived {
    pub(crate) region: Region,
    pub(crate) instance: InstanceId,
    /// `None` where none can be read.
    pub(crate) memory: Option<Memory>,
    /// Newest first, those of an unknown start last.
    pub(crate) backups: Vec<Kept>,
    /// When a real server last loaded one of its backups; `None` where that never was.
    pub(crate) proof: Option<Proof>,
}

/// A backup's folder.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) path: PathBuf,
    pub(crate) base_id: BaseId,
    /// To the second; `None` where it is unknown.
    pub(crate) start: Option<OffsetDateTime>,
    pub(crate) condition: Condition,
    /// As `backup.json` says; 0 where it cannot be read.
    pub(crate) bytes: u64,
    /// In all its files; `None` where one of them does not tell.
    pub(crate) keys: Option<u64>,
    /// The instance's name when the backup was fetched.
    pub(super) instance_name: Option<String>,
    /// When it was fetched; `None` where its `backup.json` cannot be read.
    pub(super) fetched_at: Option<OffsetDateTime>,
    /// Its last verification; `None` where it had none.
    pub(crate) check: Option<Check>,
}

/// In what condition a backup is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Its files are there, with their lengths.
    Good,
    /// Likewise, but one of them is no RDB file.
    NotRdb(String),
    /// Something that `backup.json` names is not there, or it cannot be read itself.
    Damaged(String),
}

impl Kept {
    /// The name of its folder.
    pub(crate) fn folder_name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Whether its folder was pruned or moved away while it was looked at.
    fn is_away(&self) -> bool {
        let is_damaged = matches!(self.condition, Condition::Damaged(_));
        is_damaged && fs::symlink_metadata(&self.path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }
}

impl Archived {
    /// An instance of which the archive has nothing yet.
    pub(crate) fn empty(region: Region, instance: InstanceId) -> Self {
        Self {
            region,
            instance,
            memory: None,
            backups: Vec::new(),
            proof: None,
        }
    }

    /// The instance's name, as far as the archive knows it.
    pub(crate) fn name(&self) -> Option<&str> {
        let remembered = self.memory.as_ref().and_then(|memory| memory.name.as_deref());
        remembered.or_else(|| self.backups.iter().find_map(|backup| backup.instance_name.as_deref()))
    }

    /// Whether the archive has a backup of this base ID.
    pub(crate) fn has(&self, base_id: &str) -> bool {
        self.backups.iter().any(|kept| kept.base_id.as_str() == base_id)
    }

    /// The length of all backups together.
    pub(crate) fn bytes(&self) -> u64 {
        self.backups
            .iter()
            .map(|backup| backup.bytes)
            .fold(0, u64::saturating_add)
    }

    fn sort(&mut self) {
        self.backups.sort_by(|a, b| {
            // `None` is less than any start, so the reverse order puts it last.
            (b.start, b.base_id.as_str()).cmp(&(a.start, a.base_id.as_str()))
        });
    }
}

/// Reads the archive in a folder.
///
/// # Errors
/// Where the folder itself cannot be read. What cannot be read below it is named in the result.
pub(crate) fn read(dir: &Path) -> io::Result<Archive> {
    let mut archive = Archive::default();
    for entry in fs::read_dir(dir)? {
        archive.read_region(&entry?);
    }
    archive
        .instances
        .sort_by(|a, b| (a.region.as_str(), a.instance.as_str()).cmp(&(b.region.as_str(), b.instance.as_str())));
    archive.foreign.sort();
    Ok(archive)
}

/// Reads what the archive holds of one instance; of one that it does not know, nothing.
pub(crate) fn read_instance(dir: &Path, region: Region, instance: InstanceId) -> Archive {
    let mut archive = Archive::default();
    let path = layout::Layout::new(dir).instance(&region, &instance);
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_dir() => archive.read_backups(&path, region, instance),
        Ok(_) => archive.give_up(&path, &"it is no folder"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => archive.give_up(&path, &error),
    }
    archive
}

impl Archive {
    /// Reads a folder at the top, where it is a region's. Files there are none of its business.
    fn read_region(&mut self, entry: &DirEntry) {
        let Some((name, kind)) = self.visible(entry) else {
            return;
        };
        match name.parse::<Region>() {
            Ok(region) if kind.is_dir() => self.each_in(&entry.path(), |archive, entry| {
                archive.read_instance_folder(entry, &region);
            }),
            Ok(_) if kind.is_symlink() => self.give_up(&entry.path(), &"it is a symbolic link"),
            _ if kind.is_file() => {}
            _ => self.foreign.push(entry.path()),
        }
    }

    fn read_instance_folder(&mut self, entry: &DirEntry, region: &Region) {
        let Some((name, kind)) = self.visible(entry) else {
            return;
        };
        match name.parse::<InstanceId>() {
            Ok(instance) if kind.is_dir() => self.read_backups(&entry.path(), region.clone(), instance),
            Ok(_) if kind.is_symlink() => self.give_up(&entry.path(), &"it is a symbolic link"),
            _ if kind.is_file() => {}
            _ => self.foreign.push(entry.path()),
        }
    }

    fn read_backups(&mut self, path: &Path, region: Region, instance: InstanceId) {
        let mut archived = Archived::empty(region, instance);
        let (foreign, unreadable) = (self.foreign.len(), self.unreadable.len());
        let (mut is_empty, mut is_instances) = (true, false);
        self.each_in(path, |archive, entry| {
            let Some((name, kind)) = archive.visible(entry) else {
                return;
            };
            is_empty = false;
            if name == MEMORY {
                is_instances = true;
                match read_file(&entry.path()) {
                    Ok(text) => {
                        let (region, instance) = (archived.region.as_str(), archived.instance.as_str());
                        archived.memory = Memory::parse(&text, region, instance);
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    // It may say that backups are missing.
                    Err(error) => archive.give_up(&entry.path(), &error),
                }
                return;
            }
            match FolderName::parse(&name) {
                Some(name) if !kind.is_file() => {
                    is_instances = true;
                    let (kept, unread) = look_at(entry.path(), kind, name, &archived);
                    if kept.is_away() {
                        return;
                    }
                    if let Some(reason) = unread {
                        archive.give_up(&kept.path, &reason);
                    }
                    archived.backups.push(kept);
                }
                // They outlive the backups that they are about.
                _ if kind.is_file() => is_instances |= [checks::CHECKS, drills::DRILLS].contains(&name.as_str()),
                _ => archive.foreign.push(entry.path()),
            }
        });
        if !is_instances && self.unreadable.len() == unreadable {
            // Somebody else's folder, whose name could be an instance's. A killed sync leaves an empty one.
            self.foreign.truncate(foreign);
            self.foreign.extend((!is_empty).then(|| path.to_owned()));
            return;
        }
        // It may say that a backup is damaged.
        if let Err(error) = checks::apply(path, &mut archived) {
            self.give_up(&path.join(checks::CHECKS), &error);
        }
        if let Err(error) = drills::apply(path, &mut archived) {
            self.give_up(&path.join(drills::DRILLS), &error);
        }
        archived.sort();
        self.instances.push(archived);
    }

    /// The name and the type of an entry that reading does not pass over.
    fn visible(&mut self, entry: &DirEntry) -> Option<(String, FileType)> {
        let name = entry.file_name();
        match entry.file_type() {
            Err(error) => {
                self.give_up(&entry.path(), &error);
                None
            }
            // Names that are not UTF-8 are none of an archive's.
            Ok(kind) => {
                let name = name.to_string_lossy().into_owned();
                (!layout::is_hidden(&name)).then_some((name, kind))
            }
        }
    }

    fn each_in(&mut self, path: &Path, mut read: impl FnMut(&mut Self, &DirEntry)) {
        match fs::read_dir(path) {
            Err(error) => self.give_up(path, &error),
            Ok(entries) => {
                for entry in entries {
                    match entry {
                        Ok(entry) => read(self, &entry),
                        Err(error) => self.give_up(path, &error),
                    }
                }
            }
        }
    }

    fn give_up(&mut self, path: &Path, reason: &dyn std::fmt::Display) {
        self.unreadable.push(Unreadable {
            path: path.to_owned(),
            reason: reason.to_string(),
        });
    }
}

/// Whether what an archive holds of an instance is not known, since its folder, its region's or something in it is
/// among what could not be read.
pub(crate) fn is_in_doubt(unreadable: &[Unreadable], of: &Archived) -> bool {
    let region = Path::new(of.region.as_str());
    let instance = region.join(of.instance.as_str());
    let is_its = |path: &Path| path.ends_with(region) || path.ancestors().any(|folder| folder.ends_with(&instance));
    unreadable.iter().any(|unread| is_its(&unread.path))
}

/// Looks at a backup's folder. Besides what it is, why that may be wrong: the system could not read all of it.
fn look_at(path: PathBuf, kind: FileType, name: FolderName, of: &Archived) -> (Kept, Option<String>) {
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

/// Why a backup does not count as good.
enum Flaw {
    Damage(String),
    /// The system could not read a part of it, so that nothing is known: too many files may be open, or the disk
    /// fails.
    Unread(String),
}

impl Flaw {
    /// Of a file that could not be read; one that is not there is damage.
    fn of(error: &io::Error, text: String) -> Self {
        match error.kind() {
            // `Other` is this program's own word for what is no regular file.
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

/// The manifest, and what it says together with the files; an error where it cannot be believed.
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

/// The manifest of a backup as it is now; an error in words where it cannot be believed.
pub(super) fn manifest_of(of: &Archived, backup: &Kept) -> Result<Manifest, String> {
    let is_folder = fs::symlink_metadata(&backup.path).is_ok_and(|metadata| metadata.is_dir());
    if !is_folder {
        return Err(NO_FOLDER.to_owned());
    }
    let name = FolderName {
        start: backup.start,
        base_id: backup.base_id.clone(),
    };
    let examined = examine(&backup.path, &name, of);
    examined.map(|(manifest, _)| manifest).map_err(Flaw::text)
}

/// In what condition the files of a folder are, by its manifest.
pub(super) fn condition_of(path: &Path, manifest: &Manifest) -> Condition {
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

/// The first thing that is wrong with a folder's files.
fn flaw(path: &Path, manifest: &Manifest) -> Option<Flaw> {
    manifest.files.iter().find_map(|file| complaint(path, file))
}

/// What is wrong with a file, as far as it can be seen without reading it.
fn complaint(folder: &Path, file: &super::manifest::FileEntry) -> Option<Flaw> {
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

/// The bytes of a small file. What is no file is refused rather than waited for, as a FIFO would be.
pub(super) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(MAX_JSON).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
