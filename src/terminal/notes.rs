//! What the program says beside its data: notes, warnings and the trace that `-v` asks for, all on
//! standard error.

use std::fmt::Display;

use crate::process::world::Stream;
use crate::terminal::escape::visible;

/// How talkative `-v` made the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// `-v`: each request and its outcome.
    Requests = 1,
    /// `-vv`: the texts that were signed, too.
    Signing = 2,
}

/// The way to standard error. A failure to write there is ignored: there is nowhere left to say so.
pub(crate) struct Notes<'a> {
    stderr: &'a Stream,
    quiet: bool,
    verbosity: u8,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(stderr: &'a Stream, quiet: bool, verbosity: u8) -> Self {
        Self {
            stderr,
            quiet,
            verbosity,
        }
    }

    /// Something worth knowing, whoever reads it.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet {
            self.line(format_args!("note: {text}"));
        }
    }

    /// Something that only a person at a terminal would want to know: a cron job mails whatever it
    /// finds on standard error.
    pub(crate) fn remark(&self, text: impl Display) {
        if self.stderr.is_terminal {
            self.note(text);
        }
    }

    /// Something that may be wrong.
    pub(crate) fn warn(&self, text: impl Display) {
        if !self.quiet {
            self.line(format_args!("warning: {text}"));
        }
    }

    /// A line of the trace, where it was asked for in such detail.
    pub(crate) fn trace(&self, detail: Detail, text: impl FnOnce() -> String) {
        if self.verbosity >= detail as u8 {
            self.line(text());
        }
    }

    fn line(&self, text: impl Display) {
        let _ = self.stderr.write_all(visible_lines(&text.to_string()).as_bytes());
    }
}

fn visible_lines(text: &str) -> String {
    text.lines().flat_map(|line| [visible(line), "\n".into()]).collect()
}
