//! Files as the standard library has them on every system.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A file has one position, so one thread at a time may move it.
static POSITION: Mutex<()> = Mutex::new(());

pub(super) fn for_this_user(_: &mut OpenOptions) {}

pub(super) fn without_following(_: &mut OpenOptions) {}

pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

pub(super) fn has_other_names(_: &Metadata) -> bool {
    false
}

pub(super) fn user(_: &Metadata) -> u32 {
    0
}

pub(super) fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

pub(super) fn allocated(metadata: &Metadata) -> u64 {
    metadata.len()
}

pub(super) fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let _guard = POSITION.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

pub(super) fn read_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    let _guard = POSITION.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}

pub(super) fn free_space(_: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A folder cannot be opened as a file here, and the system orders renames itself.
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn rename_to_free_name(from: &Path, to: &Path) -> io::Result<()> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_at_their_offsets_and_no_name_is_taken_away() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("folder");
        make_folder(&folder).unwrap();
        let (one, other) = (folder.join("one"), folder.join("other"));
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(&one).unwrap();
        write_at(&file, b"world", 6).unwrap();
        write_at(&file, b"hello ", 0).unwrap();
        let mut read = [0; 5];
        read_at(&file, &mut read, 3).unwrap();
        assert_eq!(&read, b"lo wo");
        let metadata = file.metadata().unwrap();
        assert_eq!((allocated(&metadata), has_other_names(&metadata)), (11, false));
        fs::write(&other, "precious").unwrap();
        let error = rename_to_free_name(&one, &other).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        fs::remove_file(&other).unwrap();
        rename_to_free_name(&one, &other).unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"hello world");
        // A file is fetched without a look at the space where the system does not tell it.
        assert!(free_space(&folder).is_err());
    }
}
