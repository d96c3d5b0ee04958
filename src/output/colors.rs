//! When results have colours: `--color`, NO_COLOR and TERM.

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
