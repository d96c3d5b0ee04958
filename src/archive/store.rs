//! Writes to an archive: its lock, hidden folders for what is not whole yet, and the step that gives a whole
//! backup its name.
//!
//! # How a backup gets its folder
//!
//! Its files are fetched into a hidden work folder. Once all of them are whole, `SHA256SUMS` and `backup.json`
//! are written there, in this order, each on the disk before the next; then the records of the transfer are
//! removed, and one rename gives the folder its name. The process may be killed between any two steps. The next
//! sync looks at the work folder: if its `backup.json`, its `SHA256SUMS` and its files agree, the backup is whole and
//! gets its name; otherwise fetching goes on.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::layout::{BackupKey, Layout, MANIFEST, MEMORY, SUMS};
use super::manifest::Manifest;
use super::memory::Memory;
use super::modes::{self, Modes, unless_missing};
use super::read::{self, Condition};
use super::space::allocated;
use crate::transfer::{Folder, FolderError};
use crate::values::id::{InstanceId, Region};

/// The transfer's own folder in every folder that it fetches to.
const TRANSFER_PRIVATE: &str = ".jdredis";

/// An archive that this process alone writes to.
pub(crate) struct Store {
    pub(crate) layout: Layout,
    pub(super) modes: Modes,
    /// Held for as long as it lives.
    _lock: Folder,
}

impl Store {
    /// Makes DIR where it is not there, with mode 0700, locks it, and deletes what a killed prune left hidden. `holder`
    /// names this process to another one that wants the lock.
    ///
    /// # Errors
    /// Where it cannot be used, or another process writes to it.
    pub(crate) fn open(dir: &Path, holder: &str) -> Result<Self, FolderError> {
        let unusable = |error| FolderError::Unusable {
            path: dir.to_owned(),
            error,
        };
        // A link to what is not there is left to the lock, which names it.
        if fs::symlink_metadata(dir).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            fs::create_dir_all(dir).map_err(unusable)?;
            modes::set_mode(dir, 0o700).map_err(unusable)?;
        }
        let lock = Folder::open(dir, holder)?;
        let modes = Modes::of_dir(dir).map_err(unusable)?;
        let store = Self {
            layout: Layout::new(dir),
            modes,
            _lock: lock,
        };
        store.finish_prune();
        Ok(store)
    }

    /// Makes the hidden folder for a backup that is not whole yet, where it is not there, and returns it.
    pub(crate) fn work_folder(&self, key: &BackupKey) -> io::Result<PathBuf> {
        let folder = self.layout.work(key);
        make_below(self.layout.dir(), &folder, Modes::PRIVATE, false)?;
        Ok(folder)
    }

    /// Gives its name to a backup whose work folder is whole, as an earlier run left it that ended just before this
    /// step. Returns its folder and its manifest. Where the work folder is not whole, its `backup.json` and
    /// `SHA256SUMS` are removed, and the result is `None`.
    pub(crate) fn finish_interrupted(&self, key: &BackupKey) -> io::Result<Option<(PathBuf, Manifest)>> {
        let work = self.layout.work(key);
        if !self.is_own(&work) {
            return Ok(None);
        }
        let manifest = read::read_file(&work.join(MANIFEST))
            .ok()
            .and_then(|text| Manifest::parse(&text).ok());
        let has_sums = |manifest: &Manifest| {
            read::read_file(&work.join(SUMS)).is_ok_and(|sums| sums == manifest.sums().as_bytes())
        };
        let is_its_own = |manifest: &Manifest| {
            let whose = (
                manifest.region.as_str(),
                manifest.instance.as_str(),
                manifest.base_id.as_str(),
            );
            whose == (key.region.as_str(), key.instance.as_str(), key.base_id.as_str())
        };
        if let Some(manifest) = manifest.filter(is_its_own)
            && has_sums(&manifest)
            && !matches!(read::condition_of(&work, &manifest), Condition::Damaged(_))
        {
            for name in [SUMS, MANIFEST] {
                // The earlier run may have been killed before it did so.
                modes::synced(File::open(work.join(name))?.sync_all())?;
            }
            let folder = self.name(key, &manifest)?;
            return Ok(Some((folder, manifest)));
        }
        for name in [MANIFEST, SUMS] {
            unless_missing(fs::remove_file(work.join(name)))?;
        }
        Ok(None)
    }

    /// Describes a backup, all of whose files are whole in its work folder, and gives it its name. Returns its folder.
    pub(crate) fn seal(&self, key: &BackupKey, manifest: &Manifest) -> io::Result<PathBuf> {
        let work = self.layout.work(key);
        for name in [MANIFEST, SUMS] {
            unless_missing(fs::remove_file(work.join(name)))?;
        }
        for file in &manifest.files {
            modes::set_mode(&work.join(&file.name), self.modes.file)?;
        }
        self.modes.write_new(&work.join(SUMS), manifest.sums().as_bytes())?;
        let mut text = serde_json::to_vec_pretty(manifest)?;
        text.push(b'\n');
        self.modes.write_new(&work.join(MANIFEST), &text)?;
        self.name(key, manifest)
    }

    /// The last step: removes all but the backup from its work folder, and renames that. Returns the backup's folder.
    fn name(&self, key: &BackupKey, manifest: &Manifest) -> io::Result<PathBuf> {
        let work = self.layout.work(key);
        unless_missing(fs::remove_dir_all(work.join(TRANSFER_PRIVATE)))?;
        // Whatever else is in it, such as a file of an earlier attempt, is no part of the backup.
        for entry in fs::read_dir(&work)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_known = [MANIFEST, SUMS].iter().any(|known| name == *known)
                || manifest.files.iter().any(|file| name == file.name.as_str());
            if !is_known {
                fs::remove_file(entry.path())?;
            }
        }
        let folder = self.layout.backup(key, manifest.start);
        let parent = self.layout.instance(&key.region, &key.instance);
        make_below(self.layout.dir(), &parent, self.modes, true)?;
        if fs::symlink_metadata(&folder).is_ok() {
            return Err(io::Error::other(format!("{} is there already", folder.display())));
        }
        modes::set_mode(&work, self.modes.folder)?;
        modes::sync_folder(&work)?;
        fs::rename(&work, &folder)?;
        modes::sync_folder(&parent)?;
        Ok(folder)
    }

    /// Whether a folder is there, and no part of its path below DIR is a symbolic link, behind which lies what is
    /// not this program's to change.
    pub(super) fn is_own(&self, folder: &Path) -> bool {
        let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
        let below_dir = |path: &&Path| *path != self.layout.dir();
        folder.ancestors().take_while(below_dir).all(is_folder)
    }

    /// How many bytes of a backup are in its work folder already.
    pub(crate) fn present(&self, key: &BackupKey) -> u64 {
        let work = self.layout.work(key);
        let own = self.is_own(&work).then(|| fs::read_dir(work));
        let entries = own.into_iter().flatten().flatten().flatten();
        let files = entries
            .filter_map(|entry| entry.metadata().ok())
            .filter(fs::Metadata::is_file);
        files.map(|file| allocated(&file)).sum()
    }

    /// Remembers an instance, unless what is remembered of it is the same already.
    pub(crate) fn remember(&self, region: &Region, instance: &InstanceId, memory: &Memory) -> io::Result<()> {
        let folder = self.layout.instance(region, instance);
        let path = folder.join(MEMORY);
        let mut text = serde_json::to_vec_pretty(memory)?;
        text.push(b'\n');
        if read::read_file(&path).is_ok_and(|known| known == text) {
            return Ok(());
        }
        make_below(self.layout.dir(), &folder, self.modes, true)?;
        self.modes.replace(&path, &text)
    }

    /// Removes the work folders of those of an instance's backups that are not wanted any more, by their base IDs:
    /// the service has them no longer, or the archive has them already.
    pub(crate) fn sweep(&self, region: &Region, instance: &InstanceId, is_wanted: impl Fn(&str) -> bool) {
        let of_instance = self.layout.work_root().join(region.as_str()).join(instance.as_str());
        if !self.is_own(&of_instance) {
            return;
        }
        for entry in fs::read_dir(&of_instance).into_iter().flatten().flatten() {
            if !entry.file_name().to_str().is_some_and(&is_wanted) {
                // It is tried again in the next run.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        // Only where nothing is left in them.
        let _ = fs::remove_dir(&of_instance);
        let _ = fs::remove_dir(self.layout.work_root().join(region.as_str()));
    }
}

/// Makes the folders from `top`, which is there, down to `folder`. None of them may be a symbolic link.
/// Those that a whole backup will be in are synchronised.
pub(super) fn make_below(top: &Path, folder: &Path, modes: Modes, is_synced: bool) -> io::Result<()> {
    let below = folder.strip_prefix(top).map_err(io::Error::other)?;
    let mut path = top.to_owned();
    for part in below.components() {
        let parent = path.clone();
        path.push(part);
        let is_new = is_synced && fs::symlink_metadata(&path).is_err();
        modes
            .make_folder(&path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        if is_new {
            modes::sync_folder(&parent)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::manifest::tests::manifest;
    use super::*;

    #[test]
    fn a_work_folder_is_whole_only_with_its_sums() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "a test").unwrap();
        let manifest = manifest();
        let key = BackupKey {
            region: manifest.region.parse().unwrap(),
            instance: manifest.instance.parse().unwrap(),
            base_id: manifest.base_id.parse().unwrap(),
        };
        let work = store.work_folder(&key).unwrap();
        let file = work.join(&manifest.files[0].name);
        fs::write(&file, "abc").unwrap();
        // A file of an earlier attempt, which is no part of the backup.
        fs::write(work.join("dump-1.part"), "ab").unwrap();
        for sums in [None, Some("other sums\n")] {
            fs::write(work.join(MANIFEST), serde_json::to_vec(&manifest).unwrap()).unwrap();
            if let Some(sums) = sums {
                fs::write(work.join(SUMS), sums).unwrap();
            }
            assert_eq!(store.finish_interrupted(&key).unwrap(), None, "{sums:?}");
            assert!(!work.join(MANIFEST).exists() && !work.join(SUMS).exists() && file.exists());
        }
        fs::write(work.join(MANIFEST), serde_json::to_vec(&manifest).unwrap()).unwrap();
        fs::write(work.join(SUMS), manifest.sums()).unwrap();
        let (folder, found) = store.finish_interrupted(&key).unwrap().unwrap();
        assert_eq!((found, work.exists()), (manifest.clone(), false));
        assert_eq!(fs::read_to_string(folder.join(SUMS)).unwrap(), manifest.sums());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn an_archive_is_made_for_its_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("above/archive");
        Store::open(&dir, "a test").unwrap();
        assert_eq!(fs::metadata(dir).unwrap().permissions().mode() & 0o7777, 0o700);
    }

    #[test]
    fn what_is_in_work_folders_counts_until_it_is_not_wanted_any_more() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "a test").unwrap();
        let key = |base_id: &str| BackupKey {
            region: "cn-north-1".parse().unwrap(),
            instance: "redis-1".parse().unwrap(),
            base_id: base_id.parse().unwrap(),
        };
        for base_id in ["1", "2"] {
            let mut file = File::create(store.work_folder(&key(base_id)).unwrap().join("dump-0")).unwrap();
            io::copy(&mut io::repeat(7).take(50_000), &mut file).unwrap();
            file.sync_all().unwrap();
            // A file system may compress it.
            assert!((2..=50_000).contains(&store.present(&key(base_id))));
            file.set_len(1 << 30).unwrap();
            assert!(store.present(&key(base_id)) < 1 << 29, "it is not filled");
        }
        let sweep = |is_wanted: &dyn Fn(&str) -> bool| {
            store.sweep(&key("1").region, &key("1").instance, is_wanted);
            ["1", "2"].map(|base_id| store.layout.work(&key(base_id)).exists())
        };
        assert_eq!(sweep(&|base_id| base_id == "2"), [false, true]);
        assert_eq!(sweep(&|_| false), [false, false]);
        assert_eq!(store.present(&key("1")), 0);
    }
}
