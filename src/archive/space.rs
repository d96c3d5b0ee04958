//! Room on the disk: how much is free, and how much a file takes. What is Unix-only about it stands here.

use std::fs;
use std::path::Path;

/// The free space for this user on the disk of a folder, in bytes. A missing folder has the disk of the nearest folder
/// above it. `None` where the system does not tell.
pub(crate) fn free_space(dir: &Path) -> Option<u64> {
    let there = dir.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    #[cfg(unix)]
    let space = {
        let system = rustix::fs::statvfs(there).ok()?;
        Some(system.f_bavail.saturating_mul(system.f_frsize))
    };
    #[cfg(not(unix))]
    let (space, _) = (None, there);
    space
}

/// How many bytes of a file are on the disk; a sparse one has fewer than its length.
pub(super) fn allocated(file: &fs::Metadata) -> u64 {
    #[cfg(unix)]
    let allocated = std::os::unix::fs::MetadataExt::blocks(file).saturating_mul(512);
    #[cfg(not(unix))]
    let allocated = u64::MAX;
    file.len().min(allocated)
}
