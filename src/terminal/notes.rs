//! The messages of the program besides its data: notes, warnings and the trace of `-v`, all on standard
//! error, above the lines that are drawn there.

use std::fmt::Display;

use crate::process::world::World;
use crate::terminal::escape::visible;
use crate::terminal::painter::Painter;
use crate::terminal::wrap::wrap;

/// The detail of the trace, by the number of `-v`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// `-v`: each request and its outcome.
    Requests = 1,
    /// `-vv`: the texts that were signed, too.
    Signing = 2,
}

/// Writes messages to standard error. A failure to write is ignored, since no other stream is left to
/// report it.
pub(crate) struct Notes<'a> {
    painter: Painter<'a>,
    is_terminal: bool,
    /// How often `-q` was given: once silences notes and progress, twice warnings, too.
    quiet: u8,
    verbosity: u8,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(world: &'a World, quiet: u8, verbosity: u8) -> Self {
        Self {
            painter: Painter::new(world, quiet > 0),
            is_terminal: world.stderr.is_terminal(),
            quiet,
            verbosity,
        }
    }

    /// The painter of the lines below the notes.
    pub(super) fn painter(&self) -> &Painter<'a> {
        &self.painter
    }

    /// Writes a note, for people and for logs.
    pub(crate) fn note(&self, text: impl Display) {
        if self.quiet == 0 {
            self.tell(format_args!("note: {text}"));
        }
    }

    /// Writes a message that must not be lost, even with `-q`.
    pub(crate) fn insist(&self, text: impl Display) {
        self.tell(format_args!("note: {text}"));
    }

    /// Writes a note only on a terminal: cron mails everything that a job writes to standard error.
    pub(crate) fn remark(&self, text: impl Display) {
        if self.is_terminal {
            self.note(text);
        }
    }

    /// Whether only problems are to be shown: tables then leave out the rows of things that are well.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    /// Writes a warning.
    pub(crate) fn warn(&self, text: impl Display) {
        if self.quiet < 2 {
            self.tell(format_args!("warning: {text}"));
        }
    }

    /// Writes a line of the trace, if this detail was asked for.
    pub(crate) fn trace(&self, detail: Detail, text: impl FnOnce() -> String) {
        if self.verbosity >= detail as u8 {
            self.line(text());
        }
    }

    /// Writes a text for people. On a terminal, lines are broken between words.
    fn tell(&self, text: impl Display) {
        let text = visible_lines(&text.to_string());
        if self.is_terminal {
            let columns = self.painter.size().columns;
            let lines = text.lines().map(|line| wrap(line, columns, "  "));
            self.painter.say(&lines.collect::<String>());
        } else {
            self.painter.say(&text);
        }
    }

    fn line(&self, text: impl Display) {
        self.painter.say(&visible_lines(&text.to_string()));
    }
}

fn visible_lines(text: &str) -> String {
    text.lines().flat_map(|line| [visible(line), "\n".into()]).collect()
}
