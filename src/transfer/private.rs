//! Files that only this program makes and reads: the part, the record, the lock.
//!
//! Other users may be able to write to the folder. So a file is made exclusively (O_EXCL), readable by this user
//! alone, and never through a symbolic link. Anything else in place of a file, such as a FIFO, is refused without
//! waiting for it. All code of a transfer that only Unix has is in [`unix`], with a fallback for other systems in
//! `elsewhere`.

#[cfg(any(test, not(unix)))]
#[cfg_attr(unix, allow(dead_code, reason = "its own tests use it there"))]
mod elsewhere;
#[cfg(unix)]
mod unix;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

#[cfg(not(unix))]
use self::elsewhere as system;
#[cfg(unix)]
use self::unix as system;

/// Makes a file for reading and writing. A file or a link of its name is removed.
pub(super) fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    system::for_this_user(&mut options);
    options.open(path)
}

/// Makes the folder, for this user alone, unless it is there. A symbolic link to a folder is refused.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    match system::make_folder(path) {
        Ok(()) => Ok(()),
        Err(error) => match fs::symlink_metadata(path) {
            Ok(there) if there.is_dir() => Ok(()),
            Ok(_) => Err(not_a(path, "folder")),
            Err(_) => Err(error),
        },
    }
}

/// Opens an existing file for reading.
pub(super) fn open_existing(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true), path)
}

/// Opens an existing file for reading and writing. A file with a second name (a hard link) is refused, since it may
/// be a file of somebody else.
pub(super) fn open_existing_to_write(path: &Path) -> io::Result<File> {
    let file = open(OpenOptions::new().read(true).write(true), path)?;
    if system::has_other_names(&file.metadata()?) {
        return Err(not_a(path, "file with one name"));
    }
    Ok(file)
}

/// Opens a file for reading and writing, and makes it unless it is there.
pub(super) fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    system::for_this_user(&mut options);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            open(OpenOptions::new().read(true).write(true), path)
        }
        outcome => outcome,
    }
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // This is checked before the file is opened, since opening some devices has effects, and again after it, since
    // the file may be replaced in between.
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(not_a(path, "file"));
    }
    system::without_following(options);
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(not_a(path, "file")),
    }
}

fn not_a(path: &Path, kind: &str) -> io::Error {
    io::Error::other(format!("{} is not a {kind}", path.display()))
}

/// The outcome of an fsync, where a file system that has none (EINVAL, on some networks) counts as a success.
pub(super) fn tolerant(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if is_unsupported(&error) => Ok(()),
        outcome => outcome,
    }
}

/// Whether a file system says that it has no fsync.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

/// The user that a folder's files belong to if this process made them. On network file systems, that may be another
/// user than the process's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner(u32);

impl Owner {
    /// The user of a file that this process has just made.
    pub(super) fn of_new(file: &File) -> io::Result<Self> {
        Ok(Self(system::user(&file.metadata()?)))
    }

    /// Whether the file belongs to this user.
    pub(super) fn has_made(self, file: &File) -> bool {
        file.metadata().is_ok_and(|metadata| system::user(&metadata) == self.0)
    }
}

/// The identity of a file on the machine: device and inode.
pub(super) fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    system::identity(metadata)
}

/// How many bytes of disk a file takes; 0 where the system does not tell.
pub(super) fn allocated(metadata: &fs::Metadata) -> u64 {
    system::allocated(metadata)
}

/// Writes at an offset. Several threads may do so at once.
pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    system::write_at(file, bytes, offset)
}

/// Reads at an offset as many bytes as there is room for.
pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    system::read_at(file, bytes, offset)
}

/// How many bytes this user may still write to the disk of a folder.
pub(super) fn free_space(path: &Path) -> io::Result<u64> {
    system::free_space(path)
}

/// Synchronises a folder's names to the disk (fsync).
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    system::sync_folder(path)
}

/// Gives a file another name.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if the name is taken.
pub(super) fn rename_to_free_name(from: &Path, to: &Path) -> io::Result<()> {
    system::rename_to_free_name(from, to)
}

/// The ID of the current boot, which Linux makes at random (random(4)); `None` on systems that have none.
pub(super) fn boot() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_new_file_is_this_users_alone_and_never_where_a_link_leads() {
        let folder = tempfile::tempdir().unwrap();
        let (victim, path) = (folder.path().join("victim"), folder.path().join("x"));
        fs::write(&victim, "precious").unwrap();
        symlink(&victim, &path).unwrap();
        assert!(open_existing(&path).is_err());
        assert!(open_or_create(&path).is_err());
        let file = create(&path).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }

    #[test]
    fn a_folder_in_place_of_a_file_is_refused_and_a_second_name_too() {
        let folder = tempfile::tempdir().unwrap();
        assert!(open_existing(folder.path()).is_err());
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        create(&one).unwrap();
        assert!(open_existing_to_write(&one).is_ok());
        fs::hard_link(&one, &other).unwrap();
        assert!(open_existing_to_write(&one).is_err());
    }

    #[test]
    fn a_name_that_is_taken_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, "1").unwrap();
        fs::write(&other, "2").unwrap();
        let error = rename_to_free_name(&one, &other).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&other).unwrap(), b"2");
        fs::remove_file(&other).unwrap();
        rename_to_free_name(&one, &other).unwrap();
    }
}
