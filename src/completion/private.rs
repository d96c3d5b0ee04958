//! Folders and files that only this user can read, on Unix, and a fallback for other systems.

#[cfg(any(test, not(unix)))]
#[cfg_attr(
    unix,
    allow(
        dead_code,
        reason = "on Unix it is compiled for the tests alone, to see that it can be"
    )
)]
mod elsewhere;

#[cfg(not(unix))]
use self::elsewhere as system;
pub(super) use self::system::{create, is_own, make_folders};

#[cfg(unix)]
mod system {
    use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
    use std::path::{Path, PathBuf};

    use rustix::fs::OFlags;
    use rustix::process::geteuid;

    const ROOT: u32 = 0;

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
            // Where this fails, the folder is there already, or it is missing and so not the user's own.
            let _ = DirBuilder::new().mode(0o700).create(folder);
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
        are_of_another(geteuid().as_raw(), owners.map(|metadata| metadata.uid()))
    }

    /// As [`is_of_another`], for a user and the owners of a folder and those above it, by their numbers.
    fn are_of_another(user: u32, mut owners: impl Iterator<Item = u32>) -> bool {
        match user {
            ROOT => owners.any(|owner| owner != ROOT),
            // Only the innermost folder that exists counts. Those above it may have any owner.
            user => owners.next().is_some_and(|owner| owner != user && owner != ROOT),
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

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn nothing_is_made_in_the_home_of_another_user() {
            for (user, owners, is_of_another) in [
                (ROOT, &[0, 0][..], false),
                (ROOT, &[0, 1000, 0], true),
                (1000, &[1000, 0], false),
                // A folder that root made, such as a volume.
                (1000, &[0, 1001], false),
                (1000, &[1001, 1000], true),
                (1000, &[], false),
            ] {
                let found = are_of_another(user, owners.iter().copied());
                assert_eq!(found, is_of_another, "{user} {owners:?}");
            }
        }

        #[test]
        fn a_folder_is_closed_if_it_is_the_users_and_nobody_else_can_open_it() {
            let folder = tempfile::tempdir().unwrap();
            let (file, link) = (folder.path().join("file"), folder.path().join("link"));
            for (mode, expected) in [(0o700, true), (0o750, false), (0o701, false)] {
                fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
                assert_eq!(is_closed(folder.path()), expected, "{mode:o}");
                assert!(is_own(folder.path()));
            }
            drop(create(&file).unwrap());
            std::os::unix::fs::symlink(folder.path(), &link).unwrap();
            assert!(!is_own(&file) && !is_own(&link) && !is_own(&folder.path().join("none")));
        }
    }
}
