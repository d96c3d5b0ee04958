//! `jdredis archive …`: the backups of a whole fleet in one folder.

mod rows;
mod status;

use clap::Subcommand;

use super::Context;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what an archive holds of each instance, and how old it is
    ///
    /// Needs no network, no keys and no lock, and writes nothing.
    #[command(after_long_help = status::EXAMPLES)]
    Status(status::Args),
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> anyhow::Result<()> {
    match command {
        Command::Status(args) => status::run(args, context),
    }
}
