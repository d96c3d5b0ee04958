//! The folder that files are fetched to: its lock, its records, the paths in it, its free space.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::names::{CORRUPT, PART};
use super::part::Part;
use super::private::{self, Owner};
use super::record::{Identity, Record};

/// The folder of records and the lock, below the folder.
const PRIVATE: &str = ".jdredis";
/// How much of the holder's name is read, in bytes.
const MAX_HOLDER: u64 = 200;

/// A folder that this process alone fetches files to.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// The user that files made here belong to.
    owner: Owner,
    /// The lock file, which is locked until it is closed. `None` if the lock of a folder above keeps other processes
    /// out.
    _lock: Option<File>,
}

/// The paths that belong to a file.
pub(super) struct Paths {
    /// `NAME`, once it is whole.
    pub(super) whole: PathBuf,
    /// `NAME.part`.
    pub(super) part: PathBuf,
    /// `NAME.corrupt`.
    pub(super) corrupt: PathBuf,
    /// `.jdredis/NAME.json`.
    pub(super) record: PathBuf,
}

/// Why a folder cannot be used.
#[derive(Debug)]
pub(crate) enum FolderError {
    /// This path cannot be made or written.
    Unusable { path: PathBuf, error: io::Error },
    /// The folder is, or is below, a symbolic link whose target does not exist.
    Dangling { link: PathBuf, target: PathBuf },
    /// Another process has locked the folder; `holder` is its name, such as `jdredis (process 7)`.
    Held { path: PathBuf, holder: String },
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Dangling { link, target } => {
                write!(
                    f,
                    "{} is a link to {}, which does not exist",
                    link.display(),
                    target.display()
                )
            }
            Self::Held { path, holder } => write!(f, "{holder} is downloading to {}", path.display()),
        }
    }
}

impl std::error::Error for FolderError {}

impl Folder {
    /// Makes the folder unless it is there, and locks it. `holder` names this process in the message of another
    /// process that finds the folder locked.
    ///
    /// # Errors
    /// If it cannot be made or written, or another process has locked it.
    pub(crate) fn open(path: &Path, holder: &str) -> Result<Self, FolderError> {
        let private = Self::make(path)?;
        let lock_path = private.join("lock");
        let lock = private::open_or_create(&lock_path).map_err(unusable(&lock_path))?;
        // The holder has a file of its own, since some systems let no other process read a locked file.
        let holder_path = private.join("holder");
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FolderError::Held {
                    path: path.to_owned(),
                    holder: read_holder(&holder_path).unwrap_or_else(|| "another jdredis".to_owned()),
                });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(&lock_path)(error)),
        }
        Self::owned(path, &private, holder, Some(lock))
    }

    /// As [`open`](Self::open), for a folder that another lock protects. It keeps no file open, so the limit of open
    /// files does not limit how many such folders are in use at once.
    ///
    /// # Errors
    /// If it cannot be made or written.
    pub(crate) fn open_without_lock(path: &Path, holder: &str) -> Result<Self, FolderError> {
        let private = Self::make(path)?;
        Self::owned(path, &private, holder, None)
    }

    /// Makes the folder and the private one in it, unless they are there. Returns the path of the private one.
    fn make(path: &Path) -> Result<PathBuf, FolderError> {
        let private = path.join(PRIVATE);
        fs::create_dir_all(path).map_err(|error| dangling(path).unwrap_or_else(|| unusable(path)(error)))?;
        private::make_folder(&private).map_err(unusable(&private))?;
        Ok(private)
    }

    /// Writes the holder's name. The owner of that new file is the user that files made here belong to.
    fn owned(path: &Path, private: &Path, holder: &str, lock: Option<File>) -> Result<Self, FolderError> {
        let holder_path = private.join("holder");
        let owner = private::create(&holder_path)
            .and_then(|mut file| {
                file.write_all(holder.as_bytes())?;
                Owner::of_new(&file)
            })
            .map_err(unusable(&holder_path))?;
        Ok(Self {
            path: path.to_owned(),
            owner,
            _lock: lock,
        })
    }

    /// How many bytes this user may still write.
    ///
    /// # Errors
    /// If the system does not tell.
    pub(crate) fn available(&self) -> io::Result<u64> {
        private::free_space(&self.path)
    }

    /// How many bytes of this backup's and node's file are there already, in the whole file or in a part that can be
    /// resumed. A file that is to be replaced is not counted, since it stays until the new one is whole.
    pub(crate) fn bytes_of(&self, name: &str, identity: &Identity, node: &str) -> u64 {
        let paths = self.paths(name);
        let whole = fs::symlink_metadata(&paths.whole).ok();
        let whole = whole.filter(|file| file.is_file() && !self.is_taken(name, identity, node));
        whole.map_or(0, |file| file.len()) + self.bytes_in_part(&paths, identity, node)
    }

    /// How many bytes of the part can be kept when it is resumed.
    pub(super) fn bytes_in_part(&self, paths: &Paths, identity: &Identity, node: &str) -> u64 {
        let part = fs::symlink_metadata(&paths.part).ok().filter(fs::Metadata::is_file);
        let record = self.record(paths, identity, node);
        part.zip(record)
            .map_or(0, |(part, record)| record.resumable(part.len()).bytes())
    }

    /// How many bytes of the disk a part takes. A new part in its place frees them.
    pub(super) fn taken_by_part(&self, paths: &Paths) -> u64 {
        let part = fs::symlink_metadata(&paths.part).ok().filter(fs::Metadata::is_file);
        part.map_or(0, |part| private::allocated(&part))
    }

    /// Whether there is a file of this name other than the finished one of this backup and node.
    pub(crate) fn is_taken(&self, name: &str, identity: &Identity, node: &str) -> bool {
        let paths = self.paths(name);
        let Ok(file) = fs::symlink_metadata(&paths.whole) else {
            return false;
        };
        let finished = self.record(&paths, identity, node).and_then(|record| record.finished);
        finished.is_none_or(|finished| finished.bytes != file.len())
    }

    /// Whether a folder has this name, so that no file can get it.
    pub(crate) fn is_obstructed(&self, name: &str) -> bool {
        fs::symlink_metadata(self.paths(name).whole).is_ok_and(|whole| whole.is_dir())
    }

    /// The record of an earlier run about the file of this backup and node.
    pub(super) fn record(&self, paths: &Paths, identity: &Identity, node: &str) -> Option<Record> {
        Record::load(&paths.record, identity, node, self.owner)
    }

    /// Opens an existing part to go on after `kept` bytes.
    ///
    /// # Errors
    /// As [`Part::open`].
    pub(super) fn open_part(&self, paths: &Paths, kept: u64) -> io::Result<Part> {
        Part::open(&paths.part, kept, self.owner)
    }

    /// The path of the part of a file of this name.
    pub(crate) fn part(&self, name: &str) -> PathBuf {
        self.paths(name).part
    }

    /// The paths that belong to the file of this name.
    pub(super) fn paths(&self, name: &str) -> Paths {
        Paths {
            whole: self.path.join(name),
            part: self.path.join(format!("{name}{PART}")),
            corrupt: self.path.join(format!("{name}{CORRUPT}")),
            record: self.path.join(PRIVATE).join(format!("{name}.json")),
        }
    }

    /// Synchronises the folder's names to the disk (fsync), if the file system can.
    pub(super) fn sync(&self) -> io::Result<()> {
        private::tolerant(private::sync_folder(&self.path))
    }

    /// As [`sync`](Self::sync), for the folder of the records.
    pub(super) fn sync_records(&self) -> io::Result<()> {
        private::tolerant(private::sync_folder(&self.path.join(PRIVATE)))
    }
}

/// The error of a path that goes through a symbolic link whose target does not exist. mkdir(2) reports it only as
/// a name that exists.
fn dangling(path: &Path) -> Option<FolderError> {
    // A slash at the end is dropped, since the system would follow the link.
    let path: PathBuf = path.components().collect();
    let leads_nowhere = |path: &&Path| fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    let mut links = path.ancestors().filter(|path| path.is_symlink());
    let link = links.find(leads_nowhere)?;
    Some(FolderError::Dangling {
        link: link.to_owned(),
        target: fs::read_link(link).ok()?,
    })
}

/// Makes the error of a path that cannot be used from the system's error.
fn unusable(path: &Path) -> impl Fn(io::Error) -> FolderError {
    let path = path.to_owned();
    move |error| FolderError::Unusable {
        path: path.clone(),
        error,
    }
}

fn read_holder(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = private::open_existing(path).ok()?;
    file.take(MAX_HOLDER).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::record::Finished;

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Folder::open(folder.path(), "jdredis (process 7)").unwrap();
        let second = Folder::open(folder.path(), "x").err().map(|error| error.to_string());
        assert_eq!(
            second,
            Some(format!(
                "jdredis (process 7) is downloading to {}",
                folder.path().display()
            ))
        );
        drop(first);
        let first = Folder::open(folder.path(), "x").unwrap();
        assert_eq!(first.part("file"), folder.path().join("file.part"));
    }

    #[test]
    fn the_bytes_of_a_backup_are_those_of_its_whole_file_and_of_a_part_that_can_be_resumed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path(), "x").unwrap();
        let identity = |base_id: &str| Identity {
            region: "cn-north-1".to_owned(),
            instance: "redis-1".to_owned(),
            base_id: base_id.to_owned(),
        };
        let bytes = |base_id| folder.bytes_of("file", &identity(base_id), "node 0");
        let paths = folder.paths("file");
        fs::write(&paths.part, [7; 100]).unwrap();
        assert_eq!(bytes("1"), 0, "it has no record");
        let mut record = Record::new(&identity("1"), "node 0");
        (record.etag, record.length, record.durable) = (Some("\"one\"".to_owned()), Some(200), 60);
        record.save(&paths.record).unwrap();
        assert_eq!((bytes("1"), bytes("2")), (60, 0));
        fs::remove_file(&paths.part).unwrap();
        fs::write(&paths.whole, [7; 200]).unwrap();
        record.finished = Some(Finished {
            bytes: 200,
            sha256: "0".repeat(64),
        });
        record.save(&paths.record).unwrap();
        assert_eq!((bytes("1"), bytes("2")), (200, 0));
    }
}
