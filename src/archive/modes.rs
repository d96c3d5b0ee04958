//! How files and folders are made in an archive: their modes, which come from DIR's own mode; folders that are no
//! symbolic links; small files that are replaced by a rename; and fsync.
//!
//! Files are 0600 and folders 0700, with the group bits of DIR added, so that a group that copies or audits
//! the archive is let in by the mode of one folder. Systems without modes ignore all of this.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The modes of what is made in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Modes {
    pub(super) file: u32,
    pub(super) folder: u32,
}

impl Modes {
    /// The modes of what is hidden: for this user alone.
    pub(super) const PRIVATE: Self = Self {
        file: 0o600,
        folder: 0o700,
    };

    /// The modes of files and folders in a DIR of this mode.
    fn of(dir: u32) -> Self {
        // Set-group-ID on a folder gives what is made in it the folder's group. chmod(2) would take it away.
        Self {
            file: Self::PRIVATE.file | (dir & 0o060),
            folder: Self::PRIVATE.folder | (dir & 0o2070),
        }
    }

    /// The modes of files and folders in this archive.
    pub(super) fn of_dir(dir: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(dir)?;
        #[cfg(unix)]
        let mode = std::os::unix::fs::MetadataExt::mode(&metadata);
        // Other systems have no modes.
        #[cfg(not(unix))]
        let (mode, _) = (Self::PRIVATE.folder, metadata);
        Ok(Self::of(mode))
    }

    /// Makes a folder where there is none. A file or a symbolic link of its name is an error.
    pub(super) fn make_folder(self, path: &Path) -> io::Result<()> {
        let Err(error) = fs::create_dir(path) else {
            return set_mode(path, self.folder);
        };
        match fs::symlink_metadata(path) {
            Ok(there) if there.is_dir() => Ok(()),
            Ok(_) => Err(io::Error::other("it is no folder, but a file or a symbolic link")),
            Err(_) => Err(error),
        }
    }

    /// Makes a small file and synchronises it (fsync). A file of its name is an error.
    pub(super) fn write_new(self, path: &Path, content: &[u8]) -> io::Result<()> {
        synced(self.write(path, content)?.sync_all())
    }

    fn write(self, path: &Path, content: &[u8]) -> io::Result<File> {
        let mut file = File::create_new(path)?;
        file.write_all(content)?;
        set_mode(path, self.file)?;
        Ok(file)
    }

    /// Replaces a small file, or makes it, by a rename. A power cut may lose it.
    pub(super) fn replace(self, path: &Path, content: &[u8]) -> io::Result<()> {
        replace_by(&fresh_beside(path), path, |fresh| self.write(fresh, content).map(drop))
    }

    /// As [`replace`](Self::replace), of a file that other runs may replace at the same time. `lock` is that of its
    /// folder. Where there is none, the new file has a name of this process's own.
    pub(super) fn replace_with(self, lock: Option<&FolderLock>, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut fresh = fresh_beside(path);
        if lock.is_none() {
            fresh.set_extension(format!("{}.new", std::process::id()));
        }
        replace_by(&fresh, path, |fresh| self.write(fresh, content).map(drop))
    }

    /// As [`replace`](Self::replace), with an fsync of the file before the rename and of its folder after it.
    pub(super) fn replace_durably(self, path: &Path, content: &[u8]) -> io::Result<()> {
        replace_by(&fresh_beside(path), path, |fresh| self.write_new(fresh, content))?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    }
}

/// Keeps other runs from adding to the files of a folder, between reading one and replacing it.
pub(super) struct FolderLock {
    _folder: File,
}

impl FolderLock {
    /// Waits until no other run holds it, which each does for a moment only. `None` where the system cannot lock a
    /// folder, such as Windows, or NFS on Linux: the last to replace a file then wins.
    pub(super) fn take(folder: &Path) -> Option<Self> {
        let folder = File::open(folder).ok()?;
        folder.lock().ok()?;
        Some(Self { _folder: folder })
    }
}

/// The name that a new file has until it replaces the file at `path`.
fn fresh_beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// Has a file written at `fresh` and renames it to `path`. An earlier file or symbolic link at `fresh` is removed
/// first.
pub(super) fn replace_by(fresh: &Path, path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    unless_missing(fs::remove_file(fresh))?;
    let written = write(fresh).and_then(|()| fs::rename(fresh, path));
    if written.is_err() {
        // Half a file must not take room of a full disk.
        let _ = fs::remove_file(fresh);
    }
    written
}

/// The outcome of a removal. What is missing already counts as removed.
pub(super) fn unless_missing(removal: io::Result<()>) -> io::Result<()> {
    match removal {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Sets the bits for owner and group, whatever the umask left.
#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match fs::set_permissions(path, fs::Permissions::from_mode(mode)) {
        // Network and foreign file systems refuse or do not know modes.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        outcome => outcome,
    }
}

#[cfg(not(unix))]
pub(super) fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Synchronises the names in a folder (fsync).
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    synced(File::open(path)?.sync_all())
}

/// Other systems cannot open a folder as a file, and order renames themselves.
#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The outcome of an fsync. Some network file systems answer EINVAL to it, which is no error.
pub(super) fn synced(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        outcome => outcome,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        let metadata = fs::symlink_metadata(path).expect("it was just made");
        metadata.permissions().mode() & 0o7777
    }

    #[test]
    fn modes_have_the_group_bits_of_dir_and_nothing_for_others() {
        for (dir, file, folder) in [
            (0o700, 0o600, 0o700),
            (0o750, 0o640, 0o750),
            (0o2750, 0o640, 0o2750),
            (0o2770, 0o660, 0o2770),
            (0o755, 0o640, 0o750),
            (0o777, 0o660, 0o770),
        ] {
            assert_eq!(Modes::of(dir), Modes { file, folder }, "{dir:o}");
        }
    }

    #[test]
    fn what_is_made_has_its_mode_whatever_the_umask() {
        let dir = tempfile::tempdir().unwrap();
        let modes = Modes::of(0o770);
        let folder = dir.path().join("a");
        modes.make_folder(&folder).unwrap();
        modes.make_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o770);
        let file = folder.join("f");
        modes.write_new(&file, b"x").unwrap();
        assert_eq!(mode(&file), 0o660);
        assert!(modes.write_new(&file, b"y").is_err());
        modes.replace(&file, b"z").unwrap();
        assert_eq!((fs::read(&file).unwrap(), mode(&file)), (b"z".to_vec(), 0o660));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn only_what_is_missing_counts_as_removed_and_only_an_fsync_that_is_not_known_as_made() {
        let error = |kind: io::ErrorKind| Err(io::Error::from(kind));
        use io::ErrorKind::{InvalidInput, NotFound, PermissionDenied, StorageFull, Unsupported};
        assert!(unless_missing(error(NotFound)).is_ok());
        assert!(unless_missing(error(PermissionDenied)).is_err());
        assert!(synced(error(InvalidInput)).is_ok() && synced(error(Unsupported)).is_ok());
        assert!(synced(error(StorageFull)).is_err());
        let dir = tempfile::tempdir().unwrap();
        assert!(sync_folder(dir.path()).is_ok());
        assert!(sync_folder(&dir.path().join("absent")).is_err());
    }

    /// The mode of a file below /proc cannot be changed, as on some network file systems.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_that_refuses_modes_is_written_to_all_the_same() {
        let refused = fs::set_permissions("/proc/self/status", fs::Permissions::from_mode(0o600));
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert!(set_mode(Path::new("/proc/self/status"), 0o600).is_ok());
        let dir = tempfile::tempdir().unwrap();
        assert!(set_mode(&dir.path().join("absent"), 0o600).is_err());
    }

    #[test]
    fn a_symbolic_link_is_no_folder() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let link = dir.path().join("cn-north-1");
        std::os::unix::fs::symlink(elsewhere.path(), &link).unwrap();
        assert!(Modes::of(0o700).make_folder(&link).is_err());
    }
}
