//! Systems other than Unix: a user's cache folder is the user's own there, and what is made in it inherits that.

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
