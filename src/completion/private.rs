//! Folders and files that only this user can read, on Unix, and a fallback for other systems.

pub(super) use self::system::{create, is_own, make_folders};

#[cfg(unix)]
mod system {
    use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
    use std::path::{Path, PathBuf};

    use rustix::fs::OFlags;
    use rustix::process::geteuid;

    /// Makes folders that only this user can open, the outer before the inner, and `outside`, which they are in, if it
    /// is missing.
    ///
    /// # Errors
    /// Also if `outside` belongs to another user, or one of the folders does or is a symbolic link.
    pub(in super::super) fn make_folders(outside: &Path, folders: &[PathBuf]) -> io::Result<()> {
        if folders.iter().all(|folder| is_closed(folder)) {
            return Ok(());
        }
        if is_of_another(outside) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(outside)?;
        for folder in folders {
            match DirBuilder::new().mode(0o700).create(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Ok(()) | Err(_) => {}
            }
            if !is_own(folder) {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            if !is_closed(folder) {
                fs::set_permissions(folder, Permissions::from_mode(0o700))?;
            }
        }
        Ok(())
    }

    /// Whether this is a folder of the process's user that no other user can open.
    fn is_closed(folder: &Path) -> bool {
        fs::symlink_metadata(folder).is_ok_and(|metadata| is_users(&metadata) && metadata.mode() & 0o777 == 0o700)
    }

    /// Whether this is a folder of the process's user, and no symbolic link to one.
    pub(in super::super) fn is_own(folder: &Path) -> bool {
        fs::symlink_metadata(folder).is_ok_and(|metadata| is_users(&metadata))
    }

    fn is_users(metadata: &Metadata) -> bool {
        metadata.is_dir() && metadata.uid() == geteuid().as_raw()
    }

    /// Whether what is made in a folder would be in another user's home. sudo keeps HOME on some systems, and
    /// that user could not remove what root writes there.
    fn is_of_another(folder: &Path) -> bool {
        let owners = folder.ancestors().filter_map(|folder| fs::metadata(folder).ok());
        let mut owners = owners.map(|metadata| metadata.uid());
        match geteuid() {
            root if root.is_root() => owners.any(|owner| owner != root.as_raw()),
            // Only the innermost folder that exists counts. Those above it may have any owner.
            user => owners.next().is_some_and(|owner| owner != user.as_raw() && owner != 0),
        }
    }

    /// Makes a file that only this user can read.
    pub(in super::super) fn create(path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)
    }
}

/// Elsewhere a user's cache folder is the user's own, and what is made in it inherits that.
#[cfg(not(unix))]
mod system {
    use std::fs::{self, File, OpenOptions};
    use std::io;
    use std::path::{Path, PathBuf};

    pub(in super::super) fn make_folders(_: &Path, folders: &[PathBuf]) -> io::Result<()> {
        folders.iter().try_for_each(fs::create_dir_all)
    }

    pub(in super::super) fn is_own(folder: &Path) -> bool {
        fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir())
    }

    pub(in super::super) fn create(path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }
}
