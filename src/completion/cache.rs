//! The folder of the cache of names, and the limits of its age and size.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The most bytes of a file, and of all files together.
pub(super) const MAX_SIZE: u64 = 1024 * 1024;
/// How long names are kept, in seconds. The service removes a backup long before that.
pub(super) const MAX_AGE: u64 = 30 * 24 * 60 * 60;

/// The user's folder for caches: `XDG_CACHE_HOME` where it is absolute, as its specification demands, else the
/// system's own.
pub(super) fn user_folder(env: impl Fn(&str) -> Option<OsString>, home: Option<&Path>) -> Option<PathBuf> {
    let absolute = |name| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || home.filter(|home| home.is_absolute());
    absolute("XDG_CACHE_HOME").or_else(|| {
        if cfg!(windows) {
            absolute("LOCALAPPDATA")
        } else if cfg!(target_vendor = "apple") {
            home().map(|home| home.join("Library/Caches"))
        } else {
            home().map(|home| home.join(".cache"))
        }
    })
}

/// Removes the files that are too old, then the oldest until all files together are small enough. `now` is in seconds
/// since 1970.
pub(super) fn sweep(root: &Path, now: i64) {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries(root).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
    let mut files: Vec<(SystemTime, u64, PathBuf)> = folders
        .iter()
        .flat_map(|folder| entries(folder))
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    // Newest first.
    files.sort_by_key(|file| Reverse(file.0));
    let since_1970 = u64::try_from(now).ok().and_then(|now| now.checked_sub(MAX_AGE));
    let oldest = since_1970.map(|since| SystemTime::UNIX_EPOCH + Duration::from_secs(since));
    let mut total = 0;
    for (modified, length, path) in files {
        total += length;
        if total > MAX_SIZE || Some(modified) < oldest {
            let _ = fs::remove_file(path);
        }
    }
    for folder in folders {
        // This removes only empty folders: those of keys that are not used any more.
        let _ = fs::remove_dir(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_where_the_system_wants_it() {
        let home = Some(Path::new("/home/me"));
        let with =
            |value: &'static str| user_folder(move |name| (name == "XDG_CACHE_HOME").then(|| value.into()), home);
        if cfg!(all(unix, not(target_vendor = "apple"))) {
            assert_eq!(with("/var/c"), Some("/var/c".into()));
            assert_eq!(with("c"), Some("/home/me/.cache".into()));
            assert_eq!(user_folder(|_| None, None), None);
        }
    }

    #[test]
    fn old_files_are_removed_and_then_the_oldest_that_are_too_much() {
        const NOW: u64 = 2_000_000_000;
        let root = tempfile::tempdir().unwrap();
        // Each file's name, length and age in seconds.
        let files = [
            ("a/new", MAX_SIZE / 2, 0),
            ("a/middle", MAX_SIZE - MAX_SIZE / 2, 10),
            ("a/too-much", 1, 20),
            ("b/old", 0, MAX_AGE + 1),
            ("c/last", 0, MAX_AGE),
        ];
        let fill = |names: &[&str]| {
            for (name, length, age) in files.iter().filter(|file| names.contains(&file.0)) {
                let path = root.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let file = fs::File::create(path).unwrap();
                file.set_len(*length).unwrap();
                file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW - age))
                    .unwrap();
            }
        };
        let is_there = |name: &str| root.path().join(name).exists();
        fill(&["a/new", "a/middle", "a/too-much"]);
        sweep(root.path(), NOW as i64);
        assert!(is_there("a/new") && is_there("a/middle") && !is_there("a/too-much"));
        fs::remove_dir_all(root.path().join("a")).unwrap();
        fill(&["b/old", "c/last"]);
        sweep(root.path(), NOW as i64);
        assert!(is_there("c/last") && !is_there("b"));
    }
}
