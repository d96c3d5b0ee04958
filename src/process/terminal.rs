//! The terminal behind a stream: the size of its window, and whether this process may draw there.
//!
//! All system calls about terminals are made here, those of Windows in `elsewhere`.

/// The size of a terminal's window, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The width.
    pub columns: u16,
    /// The height.
    pub rows: u16,
}

impl Size {
    /// The size that is assumed if the terminal does not tell one, such as a serial line.
    pub(crate) const DEFAULT: Self = Self { columns: 80, rows: 24 };
}

/// The questions that the program asks of a stream's terminal.
pub trait Terminal: Send + Sync {
    /// The size of the window now; a window can be resized at any time. `None` if the terminal does not
    /// tell one.
    fn size(&self) -> Option<Size>;

    /// Whether the terminal belongs to this process's job. A job that the shell runs in the
    /// background would draw over what the user types.
    fn is_in_foreground(&self) -> bool;
}

/// A terminal of this process, known by one of its streams.
pub(super) struct SystemTerminal<T>(pub(super) T);

#[cfg(unix)]
impl<T: std::os::fd::AsFd + Send + Sync> Terminal for SystemTerminal<T> {
    fn size(&self) -> Option<Size> {
        system_size(terminal_size::terminal_size_of(&self.0))
    }

    fn is_in_foreground(&self) -> bool {
        // tcgetpgrp fails with ENOTTY if the terminal is not the controlling one, as under some
        // supervisors. No shell shares the terminal then, so drawing is safe.
        rustix::termios::tcgetpgrp(&self.0).map_or(true, |group| group == rustix::process::getpgrp())
    }
}

pub(super) fn system_size(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<Size> {
    size.map(|(terminal_size::Width(columns), terminal_size::Height(rows))| Size { columns, rows })
}
