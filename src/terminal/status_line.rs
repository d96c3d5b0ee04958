//! One line on a terminal that is written over as things change.

use std::cell::Cell;

use crate::process::world::Stream;

/// The narrowest terminal that is written to where none tells its width.
const DEFAULT_COLUMNS: u16 = 80;

/// The line. It is cleared when this is dropped. Where no person is looking, there is none.
pub(crate) struct StatusLine<'a> {
    stderr: Option<&'a Stream>,
    /// Characters of the line as it stands.
    shown: Cell<usize>,
}

impl<'a> StatusLine<'a> {
    pub(crate) fn new(stderr: &'a Stream, quiet: bool) -> Self {
        Self {
            stderr: (stderr.is_terminal && !quiet).then_some(stderr),
            shown: Cell::new(0),
        }
    }

    /// Shows a text of ASCII, cut where the terminal ends: a line that wraps cannot be written over.
    pub(crate) fn show(&self, text: &str) {
        let Some(stderr) = self.stderr else { return };
        let room = usize::from(stderr.columns.unwrap_or(DEFAULT_COLUMNS)).saturating_sub(1);
        let text: String = text.chars().take(room).collect();
        let length = text.chars().count();
        let blanks = self.shown.replace(length).saturating_sub(length);
        // Blanks instead of an escape sequence, which a dumb terminal would show.
        let line = format!("\r{text}{}\r{text}", " ".repeat(blanks));
        let _ = stderr.write_all(line.as_bytes());
    }
}

impl Drop for StatusLine<'_> {
    fn drop(&mut self) {
        if let Some(stderr) = self.stderr.filter(|_| self.shown.get() > 0) {
            let _ = stderr.write_all(format!("\r{}\r", " ".repeat(self.shown.get())).as_bytes());
        }
    }
}
