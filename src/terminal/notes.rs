//! What the program says beside its data: notes, warnings and the trace that `-v` asks for, all on
//! standard error, above whatever is drawn there.

use std::fmt::Display;

use crate::process::world::World;
use crate::terminal::escape::visible;
use crate::terminal::painter::Painter;
use crate::terminal::wrap::wrap;

/// How talkative `-v` made the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// `-v`: each request and its outcome.
    Requests = 1,
    /// `-vv`: the texts that were signed, too.
    Signing = 2,
}

/// The way to standard error. A failure to write there is ignored, since no other stream is left to
/// tell it.
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

    /// What draws below the notes.
    pub(super) fn painter(&self) -> &Painter<'a> {
        &self.painter
    }

    /// Something worth knowing, for people and logs alike.
    pub(crate) fn note(&self, text: impl Display) {
        if self.quiet == 0 {
            self.tell(format_args!("note: {text}"));
        }
    }

    /// Something that must not be lost, even with `-q`.
    pub(crate) fn insist(&self, text: impl Display) {
        self.tell(format_args!("note: {text}"));
    }

    /// Something that only a person at a terminal would want to know: cron mails all that a job
    /// writes to standard error.
    pub(crate) fn remark(&self, text: impl Display) {
        if self.is_terminal {
            self.note(text);
        }
    }

    /// Whether only what is wrong is wanted: tables leave out the rows of what is well.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    /// Something that may be wrong.
    pub(crate) fn warn(&self, text: impl Display) {
        if self.quiet < 2 {
            self.tell(format_args!("warning: {text}"));
        }
    }

    /// A line of the trace, where it was asked for in such detail.
    pub(crate) fn trace(&self, detail: Detail, text: impl FnOnce() -> String) {
        if self.verbosity >= detail as u8 {
            self.line(text());
        }
    }

    /// Writes a text for people, on a terminal broken between words.
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
