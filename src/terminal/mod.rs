//! A person's screen: notes and warnings, bars, the status line, and how text, sizes and durations are shown.

pub(crate) mod escape;
pub(crate) mod human;
pub(crate) mod notes;
pub(crate) mod progress;
pub(crate) mod status_line;
