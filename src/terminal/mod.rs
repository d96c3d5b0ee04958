//! A person's screen: notes and warnings, bars, the status line, and how text, sizes and durations
//! are shown.

mod bars;
pub(crate) mod escape;
pub(crate) mod human;
pub(crate) mod notes;
mod painter;
pub(crate) mod progress;
mod rate;
#[cfg(test)]
pub(crate) mod screen;
pub(crate) mod status_line;
pub(crate) mod wrap;
