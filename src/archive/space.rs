//! Room on the disk: how much is free, and how much a file takes. What is Unix-only about it stands here.

use std::fs;
use std::path::Path;

/// The free space for this user on the disk of a folder, in bytes. A missing folder has the disk of the nearest folder
/// above it. `None` where the system does not tell.
pub(crate) fn free_space(dir: &Path) -> Option<u64> {
    let there = dir.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    space_of(there)
}

#[cfg(unix)]
fn space_of(folder: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(folder).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(not(unix))]
fn space_of(_: &Path) -> Option<u64> {
    None
}

/// How many bytes of a file are on the disk; a sparse one has fewer than its length.
#[cfg(unix)]
pub(super) fn allocated(file: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    file.len().min(file.blocks().saturating_mul(512))
}

#[cfg(not(unix))]
pub(super) fn allocated(file: &fs::Metadata) -> u64 {
    file.len()
}
