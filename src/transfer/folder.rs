//! The folder that files are fetched to: its lock, its names, its space.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::record::{Identity, Record};

/// Where records and the lock are, below the folder.
const PRIVATE: &str = ".jdredis";
/// What the name of a file that is not all there ends in.
const PART: &str = ".part";
/// What the name of a file that is damaged ends in.
const CORRUPT: &str = ".corrupt";
/// The longest name given to a file, in bytes, which leaves room for endings.
const MAX_NAME: usize = 200;

/// A folder that this process alone fetches files to.
pub(crate) struct Folder {
    path: PathBuf,
    /// Locked for as long as it is open.
    _lock: File,
}

/// Where a file and what belongs to it are.
pub(super) struct Paths {
    pub(super) whole: PathBuf,
    pub(super) part: PathBuf,
    pub(super) corrupt: PathBuf,
    pub(super) record: PathBuf,
}

/// Why a folder cannot be used.
#[derive(Debug)]
pub(crate) enum FolderError {
    /// It cannot be made or written.
    Unusable { path: PathBuf, error: io::Error },
    /// It is, or is below, a symbolic link to what is not there.
    Dangling { link: PathBuf, target: PathBuf },
    /// Another process fetches to it.
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
    /// Makes the folder where it is not there, and locks it. `holder` is what another process is
    /// told that finds it locked.
    pub(crate) fn open(path: &Path, holder: &str) -> Result<Self, FolderError> {
        let private = path.join(PRIVATE);
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |error| FolderError::Unusable { path, error }
        };
        fs::create_dir_all(&private).map_err(|error| dangling(path).unwrap_or_else(|| unusable(&private)(error)))?;
        let lock_path = private.join("lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(unusable(&lock_path))?;
        // Beside the lock, since some systems let nobody read a file that another process has locked.
        let holder_path = private.join("holder");
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FolderError::Held {
                    path: path.to_owned(),
                    holder: fs::read_to_string(holder_path).unwrap_or_else(|_| "another jdredis".to_owned()),
                });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(&lock_path)(error)),
        }
        fs::write(&holder_path, holder).map_err(unusable(&holder_path))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Bytes that this user may still write.
    pub(crate) fn available(&self) -> io::Result<u64> {
        free_space(&self.path)
    }

    /// Where a file of this name is while it is not whole.
    pub(crate) fn part(&self, name: &str) -> PathBuf {
        self.paths(name).part
    }

    /// How many bytes of this backup's and node's file are there already, whole or in part. A file
    /// that is to be replaced is none of them, since it stays until the new one is whole.
    pub(crate) fn bytes_of(&self, name: &str, identity: &Identity, node: &str) -> u64 {
        let paths = self.paths(name);
        let whole = (!self.is_taken(name, identity, node)).then_some(&paths.whole);
        whole
            .into_iter()
            .chain([&paths.part])
            .filter_map(|path| fs::symlink_metadata(path).ok())
            .filter(fs::Metadata::is_file)
            .map(|file| file.len())
            .sum()
    }

    /// Whether a file of this name is there that is not the finished one of this backup and node.
    pub(crate) fn is_taken(&self, name: &str, identity: &Identity, node: &str) -> bool {
        let paths = self.paths(name);
        let Ok(file) = fs::symlink_metadata(&paths.whole) else {
            return false;
        };
        let finished = Record::load(&paths.record, identity, node).and_then(|record| record.finished);
        finished.is_none_or(|finished| finished.bytes != file.len())
    }

    /// Whether a folder has this name, which no file can take the place of.
    pub(crate) fn is_obstructed(&self, name: &str) -> bool {
        fs::symlink_metadata(self.paths(name).whole).is_ok_and(|whole| whole.is_dir())
    }

    pub(super) fn paths(&self, name: &str) -> Paths {
        Paths {
            whole: self.path.join(name),
            part: self.path.join(format!("{name}{PART}")),
            corrupt: self.path.join(format!("{name}{CORRUPT}")),
            record: self.path.join(PRIVATE).join(format!("{name}.json")),
        }
    }

    /// Has the system write down which names the folder holds.
    pub(super) fn sync(&self) -> io::Result<()> {
        sync_directory(&self.path)
    }

    /// As [`sync`](Self::sync), of the records.
    pub(super) fn sync_records(&self) -> io::Result<()> {
        sync_directory(&self.path.join(PRIVATE))
    }
}

/// Opens a part for reading and writing: the one that is there, or a new one that nobody but the
/// user may read. What is there then is not written into: it may be a link to another file, or open
/// to others.
pub(super) fn open_part(path: &Path, goes_on: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    if !goes_on {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        options.create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    options.open(path)
}

#[cfg(unix)]
fn free_space(path: &Path) -> io::Result<u64> {
    let system = rustix::fs::statvfs(path)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(not(unix))]
fn free_space(_: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The error of a path that leads through a link to what is not there. mkdir(2) says of it only that
/// the name exists.
fn dangling(path: &Path) -> Option<FolderError> {
    // Without a slash at the end, which would have the link followed.
    let path: PathBuf = path.components().collect();
    let leads_nowhere = |path: &&Path| fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    let mut links = path.ancestors().filter(|path| path.is_symlink());
    let link = links.find(leads_nowhere)?;
    Some(FolderError::Dangling {
        link: link.to_owned(),
        target: fs::read_link(link).ok()?,
    })
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file, and the system orders renames itself.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes names that are safe in any folder and differ from each other of names that may hold
/// anything, in order.
pub(crate) fn distinct_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut distinct = Vec::new();
    // What is beside one file must not be another. Folders of some systems take names that differ in
    // case for the same.
    let family = |name: &str| ["", PART, CORRUPT].map(|ending| format!("{name}{ending}").to_lowercase());
    for (i, name) in names.into_iter().enumerate() {
        let safe = safe_name(name).unwrap_or_else(|| format!("shard-{i}"));
        let mut candidate = safe.clone();
        let mut n = 1;
        while family(&candidate).iter().any(|name| taken.contains(name)) {
            n += 1;
            let number = format!("-{n}");
            candidate = format!("{}{number}", cut(&safe, MAX_NAME - number.len()));
        }
        taken.extend(family(&candidate));
        distinct.push(candidate);
    }
    distinct
}

fn safe_name(name: &str) -> Option<String> {
    let is_safe = |c: char| c.is_alphanumeric() || "-_.+=@".contains(c);
    let safe: String = name.chars().map(|c| if is_safe(c) { c } else { '_' }).collect();
    // A dot at the beginning hides a file, or names a folder; at the end, some systems drop it.
    let trimmed = cut(safe.trim_start_matches('.'), MAX_NAME).trim_end_matches('.');
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// As much of the beginning as fits into so many bytes.
fn cut(text: &str, length: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|end| *end <= length).last().unwrap_or_default();
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_folder_nor_act_on_a_terminal() {
        for (name, safe) in [
            ("20210714153657-backup1-0", "20210714153657-backup1-0"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("/abs", "_abs"),
            ("a\\b:c*d", "a_b_c_d"),
            (".hidden.", "hidden"),
            ("a\x1b[2J\u{202e}\n", "a__2J__"),
            ("备份-0", "备份-0"),
            ("", "shard-0"),
            ("..", "shard-0"),
        ] {
            assert_eq!(distinct_names([name]), [safe], "{name:?}");
        }
        let long = "长".repeat(1000);
        assert!(distinct_names([long.as_str()])[0].len() <= MAX_NAME);
    }

    #[test]
    fn equal_names_are_told_apart() {
        assert_eq!(
            distinct_names(["a", "A", "a", "a-2", ""]),
            ["a", "A-2", "a-3", "a-2-2", "shard-4"]
        );
        assert_eq!(
            distinct_names(["b.PART", "b", "c", "c.corrupt"]),
            ["b.PART", "b-2", "c", "c.corrupt-2"]
        );
    }

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
        assert!(Folder::open(folder.path(), "x").is_ok());
    }
}
