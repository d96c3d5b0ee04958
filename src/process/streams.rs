//! Standard streams that were closed when the program started, or are open for reading only.
//!
//! Before `main`, std opens `/dev/null` for reading and writing in place of each closed one of the
//! descriptors 0 to 2. A parent may pass the same device, as Python's `subprocess.DEVNULL` does, and the
//! two cannot be told apart. So a command that reads a file from such a standard input fails, and output to
//! such a standard output is no error; a command whose output must not be lost repeats it on standard error.

#[cfg(not(unix))]
pub(crate) use super::elsewhere::stdin_is_null;
#[cfg(not(unix))]
pub(super) use super::elsewhere::{stdout, stdout_may_be_closed};

/// Whether standard input is `/dev/null`: it was closed, or the parent gave it nothing to read.
#[cfg(unix)]
pub(crate) fn stdin_is_null() -> bool {
    is_null(std::io::stdin())
}

/// Whether somebody may be typing into standard input.
pub(crate) fn stdin_is_terminal() -> bool {
    use std::io::IsTerminal as _;

    std::io::stdin().is_terminal()
}

/// Whether standard output is `/dev/null` as std opens it, for reading and writing. A shell opens
/// `>/dev/null` for writing only.
#[cfg(unix)]
pub(super) fn stdout_may_be_closed() -> bool {
    use rustix::fs::{OFlags, fcntl_getfl};

    let is_read_write = |flags: OFlags| flags & OFlags::RWMODE == OFlags::RDWR;
    is_null(std::io::stdout()) && fcntl_getfl(std::io::stdout()).is_ok_and(is_read_write)
}

#[cfg(unix)]
fn is_null(stream: impl std::os::fd::AsFd) -> bool {
    use std::fs::{File, Metadata, metadata};
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    let device = |file: Metadata| file.file_type().is_char_device().then(|| file.rdev());
    let Ok(copy) = stream.as_fd().try_clone_to_owned() else {
        return false;
    };
    let of_stream = File::from(copy).metadata().ok().and_then(device);
    of_stream.is_some() && of_stream == metadata("/dev/null").ok().and_then(device)
}

/// Standard output, without a buffer. A write to a descriptor that is open for reading only gets EBADF, which std's
/// own standard output takes for success, so that the data would be lost without a message.
#[cfg(unix)]
pub(super) fn stdout() -> impl std::io::Write + Send {
    Unbuffered
}

#[cfg(unix)]
struct Unbuffered;

#[cfg(unix)]
impl std::io::Write for Unbuffered {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(rustix::io::write(std::io::stdout(), bytes)?)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
