//! `jdredis instance …`

mod list;

use clap::Subcommand;

use super::Context;
use crate::cli::deferred::Deferred;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the instances of a region
    ///
    /// A terminal that is too narrow for all columns shows the first ones; -o json has everything.
    #[command(after_long_help = list::EXAMPLES)]
    List(Deferred<list::Args>),
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list::run(args, context),
    }
}
