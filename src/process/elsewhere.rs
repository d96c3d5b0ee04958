//! What other systems have instead of Unix's descriptors and jobs, and of Linux's view of signals and limits.

#[cfg(windows)]
use super::terminal::{Size, SystemTerminal, Terminal, system_size};

/// Systems other than Unix have no descriptors that are closed when a program starts.
pub(crate) fn stdin_is_null() -> bool {
    false
}

/// As [`stdin_is_null`].
pub(super) fn stdout_may_be_closed() -> bool {
    false
}

pub(super) fn stdout() -> impl std::io::Write + Send {
    std::io::stdout()
}

/// The ignored signals are not known, and SIGHUP is assumed to be one. No handler is installed for it, so it keeps its
/// action: to end the process, or nothing under `nohup`.
pub(super) fn ignored_signals() -> u64 {
    use super::signals::{Signal, mask};

    mask(Signal::Hangup.number())
}

/// Whether memory is limited is not known.
pub(super) fn is_limited() -> bool {
    false
}

/// Windows has no jobs, so every process is in the foreground there.
#[cfg(windows)]
impl<T: std::os::windows::io::AsHandle + Send + Sync> Terminal for SystemTerminal<T> {
    fn size(&self) -> Option<Size> {
        system_size(terminal_size::terminal_size_of(&self.0))
    }

    fn is_in_foreground(&self) -> bool {
        true
    }
}
