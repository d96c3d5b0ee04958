//! The output of results: a pure function from data to bytes for each format.

pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod paint;
pub(crate) mod plain;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
pub(crate) mod table;

use clap::ValueEnum;

use crate::process::world::{Stream, World};

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colors {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb or unset
    #[default]
    Auto,
    /// Everywhere, whatever the environment says
    Always,
    /// Nowhere
    Never,
}

impl Colors {
    /// Whether colours go to this stream.
    pub(crate) fn are_for(self, stream: &Stream, world: &World) -> bool {
        match self {
            Self::Auto => world.can_draw(stream) && world.var("NO_COLOR").is_none(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

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
