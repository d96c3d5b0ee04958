//! A line on a terminal that is redrawn as things change.

use crate::terminal::notes::Notes;

/// The line. It is erased on drop. Nothing is shown if lines cannot be drawn.
pub(crate) struct StatusLine<'a> {
    notes: &'a Notes<'a>,
}

impl<'a> StatusLine<'a> {
    pub(crate) fn new(notes: &'a Notes<'a>) -> Self {
        Self { notes }
    }

    /// Shows a text without control characters in place of the one before.
    pub(crate) fn show(&self, text: String) {
        self.notes.painter().draw(&[text]);
    }

    /// Erases the line.
    pub(crate) fn clear(&self) {
        self.notes.painter().clear();
    }
}

impl Drop for StatusLine<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}
