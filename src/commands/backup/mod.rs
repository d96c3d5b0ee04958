//! `jdredis backup …`.

mod create;
mod download;
mod list;
mod new_backup;
mod policy;
mod polling;
mod restore;
mod url;
mod verify;
mod which;

use clap::Subcommand;

use super::Context;
use crate::cli::deferred::Deferred;
use crate::config::Settings;
use crate::values::id::InstanceId;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch the files of a backup, whole and verified
    ///
    /// A second run goes on where the first stopped, whatever stopped it. Files are checked while they
    /// come: their length, and as RDB files their end and their checksum.
    #[command(
        after_long_help = download::EXAMPLES,
        override_usage = "jdredis backup download [OPTIONS] --instance <ID> (--base-id <ID> | --latest)"
    )]
    Download(Deferred<download::Args>),

    /// Check whether files are whole RDB files
    ///
    /// The check of 'download', for files that were fetched by other means: their checksum, where they
    /// were written with one, and their structure to the last byte. It also tells what is in them: the
    /// server's version, the time they were made, their databases and keys.
    ///
    /// How long a file should be is not known here, and neither wrong values nor keys that come twice
    /// nor the contents of modules are seen. Needs no network and no keys.
    #[command(after_long_help = verify::EXAMPLES)]
    Verify(Deferred<verify::Args>),

    /// List the backups of an instance, newest first
    ///
    /// A terminal that is too narrow for all columns shows the first ones; -o json has everything.
    #[command(after_long_help = list::EXAMPLES)]
    List(Deferred<list::Args>),

    /// Print the temporary download links of a backup
    ///
    /// One link for every shard of the instance. A link is valid for an hour, and whoever holds it
    /// can fetch the data: treat it as a password.
    #[command(
        after_long_help = url::EXAMPLES,
        override_usage = "jdredis backup url [OPTIONS] --instance <ID> (--base-id <ID> | --latest)"
    )]
    Url(Deferred<url::Args>),

    /// Start a backup and print its base ID
    ///
    /// The base ID is printed as soon as it is known, so that it is not lost whatever happens while
    /// waiting. With --wait and -o json it goes to standard error then, and the one document comes at
    /// the end.
    #[command(after_long_help = create::EXAMPLES)]
    Create(Deferred<create::Args>),

    /// Replace the data of a running instance with those of a backup
    ///
    /// NEVER TRIED AGAINST THE SERVICE: what is not known stands below.
    ///
    /// On a terminal it shows the instance and the backup, and asks for the instance's ID; elsewhere
    /// --confirm must be that ID. First it makes a backup of what is there now (the safety backup), says
    /// its base ID and waits for it; without its success nothing is restored. The request is sent once.
    /// After an answer that leaves it unclear whether the restore has begun, the instance's status is
    /// looked at, and what was seen is said. With --wait, the restore counts as done once the instance was
    /// seen restoring and then running; never seen restoring is unclear, exit code 6.
    #[command(
        after_long_help = restore::AFTER_HELP,
        override_usage = "jdredis backup restore [OPTIONS] --instance <ID> (--base-id <ID> | --latest) [--confirm <ID>]"
    )]
    Restore(Deferred<restore::Args>),

    /// Look at and change the schedule of automatic backups
    #[command(subcommand, arg_required_else_help = true)]
    Policy(Deferred<policy::Command>),
}

/// An instance and its region, as messages name them.
fn place(instance: &InstanceId, settings: &Settings) -> String {
    format!("instance {instance} in {}", settings.region)
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> anyhow::Result<()> {
    match command {
        Command::Create(args) => create::run(args, context),
        Command::Download(args) => download::run(args, context),
        Command::List(args) => list::run(args, context),
        Command::Policy(command) => policy::run(command, context),
        Command::Restore(args) => restore::run(args, context),
        Command::Url(args) => url::run(args, context),
        Command::Verify(args) => verify::run(args, context),
    }
}
