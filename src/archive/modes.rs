//! Who may read an archive: modes from DIR's own mode, and folders that are made without following links.
//!
//! Files are 0600 and folders 0700, with the group bits of DIR added, so that a group that copies or audits
//! the archive is let in by the mode of one folder. Systems without modes ignore all of this.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// The modes of what is made in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Modes {
    pub(super) file: u32,
    pub(super) folder: u32,
}

impl Modes {
    /// Those that go with the mode of DIR.
    fn of(dir: u32) -> Self {
        // Set-group-ID on a folder gives what is made in it the folder's group. chmod(2) would take it away.
        Self {
            file: 0o600 | (dir & 0o060),
            folder: 0o700 | (dir & 0o2070),
        }
    }

    /// Those of an archive in this folder.
    #[cfg(unix)]
    pub(super) fn of_dir(dir: &Path) -> io::Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        Ok(Self::of(fs::metadata(dir)?.permissions().mode()))
    }

    /// Elsewhere there are none.
    #[cfg(not(unix))]
    pub(super) fn of_dir(_: &Path) -> io::Result<Self> {
        Ok(Self::of(0o700))
    }

    /// Makes a folder where there is none; what is called so and is none is an error.
    pub(super) fn make_folder(self, path: &Path) -> io::Result<()> {
        match fs::create_dir(path) {
            Ok(()) => set_mode(path, self.folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::symlink_metadata(path)?.is_dir() {
                true => Ok(()),
                false => Err(io::Error::other("it is no folder, but a file or a symbolic link")),
            },
            Err(error) => Err(error),
        }
    }

    /// Writes a small file that nothing is called like yet, and has it on the disk when it returns.
    pub(super) fn write_new(self, path: &Path, content: &[u8]) -> io::Result<()> {
        synced(self.write(path, content)?.sync_all())
    }

    fn write(self, path: &Path, content: &[u8]) -> io::Result<File> {
        let mut file = File::create_new(path)?;
        file.write_all(content)?;
        set_mode(path, self.file)?;
        Ok(file)
    }

    /// Replaces a small file, or makes it, in one step. A power cut may lose it.
    pub(super) fn replace(self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".new");
        let fresh = path.with_file_name(name);
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = self.write(&fresh, content).and_then(|_| fs::rename(&fresh, path));
        if written.is_err() {
            // What a full disk took is no better for half a file.
            let _ = fs::remove_file(&fresh);
        }
        written
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

/// Has the system write down which names a folder holds.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    synced(File::open(path)?.sync_all())
}

/// Elsewhere a folder cannot be opened as a file, and the system orders renames itself.
#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Some network file systems answer EINVAL to fsync; there is no more to be had there.
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
    fn a_symbolic_link_is_no_folder() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let link = dir.path().join("cn-north-1");
        std::os::unix::fs::symlink(elsewhere.path(), &link).unwrap();
        assert!(Modes::of(0o700).make_folder(&link).is_err());
    }
}
