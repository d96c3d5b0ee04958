//! One line on a terminal that is written over as things change.

use crate::terminal::notes::Notes;

/// The line. It is erased when this is dropped. Where nothing can be drawn, there is none.
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
