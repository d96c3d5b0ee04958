//! Reads an archive: what each instance has, and in what condition. It reads the folders themselves, since there is no
//! index. It takes no lock, writes nothing and follows no symbolic link below DIR.
//!
//! The files of backups are not read. They count as good if they have the lengths that `backup.json` states, and no
//! verification or drill has found damage.

mod backup;

use std::fs::{self, DirEntry, File, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use self::backup::look_at;
pub(super) use self::backup::{condition_of, manifest_of};
use super::checks::{self, Check};
use super::drills::{self, Proof};
use super::layout::{self, FolderName, MEMORY};
use super::memory::Memory;
use crate::values::id::{BaseId, InstanceId, Region};

/// How much of a small file is read at most, in bytes. A `backup.json` of a thousand shards has 300 kB.
const MAX_JSON: u64 = 16 << 20;

/// What an archive holds.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    /// In the order of regions and IDs.
    pub(crate) instances: Vec<Archived>,
    /// Folders that do not belong to an archive.
    pub(crate) foreign: Vec<PathBuf>,
    /// The parts that could not be read.
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

/// A backup of the archive, and what the archive holds of its instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArchivedBackup<'a> {
    pub(crate) instance: &'a Archived,
    pub(crate) kept: &'a Kept,
}

/// In what condition a backup is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Its files are there, with their lengths.
    Good,
    /// Likewise, but one of them is no RDB file; the text says which, and why.
    NotRdb(String),
    /// A file is missing or has another length, `backup.json` cannot be used or read, or a verification or a drill
    /// found damage inside a file.
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

    /// Its backups, each with itself.
    pub(crate) fn each(&self) -> impl Iterator<Item = ArchivedBackup<'_>> {
        self.backups.iter().map(|kept| ArchivedBackup { instance: self, kept })
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
    /// Reads an entry of DIR, if it is a region's folder. Files are passed over.
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
        let (mut is_empty, mut is_of_instance) = (true, false);
        self.each_in(path, |archive, entry| {
            let Some((name, kind)) = archive.visible(entry) else {
                return;
            };
            is_empty = false;
            if name == MEMORY {
                is_of_instance = true;
                match read_file(&entry.path()) {
                    Ok(text) => {
                        let (region, instance) = (archived.region.as_str(), archived.instance.as_str());
                        archived.memory = Memory::parse(&text, region, instance);
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    // It is not known whether it names backups as missing.
                    Err(error) => archive.give_up(&entry.path(), &error),
                }
                return;
            }
            match FolderName::parse(&name) {
                Some(name) if !kind.is_file() => {
                    is_of_instance = true;
                    let (kept, unread) = look_at(entry.path(), kind, name, &archived);
                    if kept.is_away() {
                        return;
                    }
                    if let Some(reason) = unread {
                        archive.give_up(&kept.path, &reason);
                    }
                    archived.backups.push(kept);
                }
                // checks.json and drills.json stay when the backups are gone.
                _ if kind.is_file() => is_of_instance |= [checks::CHECKS, drills::DRILLS].contains(&name.as_str()),
                _ => archive.foreign.push(entry.path()),
            }
        });
        if !is_of_instance && self.unreadable.len() == unreadable {
            // It is another folder, though its name could be an instance's. A killed sync leaves an empty one.
            self.foreign.truncate(foreign);
            self.foreign.extend((!is_empty).then(|| path.to_owned()));
            return;
        }
        // Where one of these files cannot be read, it is not known whether it records damage.
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
            // No name of an archive has bytes that are not UTF-8, so the replaced text matches none.
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

/// Whether it is not known what an archive holds of an instance: its folder, its region's folder or something in it
/// could not be read.
pub(crate) fn is_in_doubt(unreadable: &[Unreadable], of: &Archived) -> bool {
    let region = Path::new(of.region.as_str());
    let instance = region.join(of.instance.as_str());
    let is_its = |path: &Path| path.ends_with(region) || path.ancestors().any(|folder| folder.ends_with(&instance));
    unreadable.iter().any(|unread| is_its(&unread.path))
}

/// The bytes of a small file. Anything but a regular file is an error: opening a FIFO would wait for a writer.
pub(super) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(MAX_JSON).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
pub(super) mod tests;
