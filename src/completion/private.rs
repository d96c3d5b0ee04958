//! Folders and files that only this user can read. All that is Unix's own stands here, with what other systems
//! have for it.

pub(super) use self::system::{create, make_folder};

#[cfg(unix)]
mod system {
    use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
    use std::path::Path;

    use rustix::fs::OFlags;
    use rustix::process::geteuid;

    /// Makes a folder for this user alone, with those above it.
    pub(in super::super) fn make_folder(path: &Path) -> io::Result<()> {
        if geteuid().is_root() && path.ancestors().any(is_of_another) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let metadata = fs::symlink_metadata(path)?;
        if !metadata.is_dir() || metadata.uid() != geteuid().as_raw() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        match metadata.mode() & 0o777 {
            0o700 => Ok(()),
            _ => fs::set_permissions(path, Permissions::from_mode(0o700)),
        }
    }

    /// Whether a folder is another user's than the process's: sudo keeps the home folder of the user who
    /// calls it on some systems, and that user could not remove what root writes there.
    fn is_of_another(path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|metadata| metadata.uid() != geteuid().as_raw())
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
    use std::path::Path;

    pub(in super::super) fn make_folder(path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    pub(in super::super) fn create(path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }
}
