//! `jdredis archive …`: the backups of a whole fleet in one folder.

mod rows;
mod status;
mod sync;

use clap::Subcommand;

use super::Context;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch every backup that the service has and the archive has not, of all instances
    ///
    /// A missed night heals itself, and running it again does nothing but ask. A backup gets its folder
    /// only when all its files are whole. Exit code 7 where something that should be there is not, 8 where
    /// all is whole but an instance's newest backup is older than --max-age.
    #[command(after_long_help = sync::EXAMPLES)]
    Sync(sync::Args),

    /// Say what an archive holds of each instance, and how old it is
    ///
    /// Needs no network, no keys and no lock, and writes nothing.
    #[command(after_long_help = status::EXAMPLES)]
    Status(status::Args),
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> anyhow::Result<()> {
    match command {
        Command::Status(args) => status::run(args, context),
        Command::Sync(args) => sync::run(args, context),
    }
}
