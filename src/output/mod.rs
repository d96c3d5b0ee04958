//! The output of results: a pure function from data to bytes for each format.

mod colors;
pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod paint;
pub(crate) mod plain;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
pub(crate) mod table;

use clap::ValueEnum;

pub(crate) use self::colors::Colors;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people
    Table,
    /// All there is, for programs
    Json,
    /// One value a line, for piping
    Plain,
}
