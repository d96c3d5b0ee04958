//! `jdredis backup policy …`: the schedule of automatic backups. `list` answers which instances of a region
//! have none, `show` prints one, and `set` changes one and looks whether the change took.

mod list;
mod outcome;
mod plan;
mod set;
mod show;
mod view;

use clap::Subcommand;

use crate::cli::deferred::Deferred;
use crate::commands::Context;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the schedules of all instances: which instance has no automatic backup?
    ///
    /// A row for each instance. 'off' in the column AUTO means that no backup is made by itself. The
    /// instances are asked side by side, and --timeout is for each request.
    #[command(after_long_help = list::EXAMPLES)]
    List(Deferred<list::Args>),

    /// Show the schedule of an instance
    #[command(after_long_help = show::EXAMPLES)]
    Show(Deferred<show::Args>),

    /// Change the schedule of an instance, or turn it off
    ///
    /// Reads the schedule first, changes what was asked and nothing else, and reads it again to see that the
    /// change took. --days or --time alone changes that alone; both together also turn automatic backup on.
    /// The change is sent once: where its answer does not come, the schedule tells whether it was made.
    #[command(
        after_long_help = set::EXAMPLES,
        override_usage = "jdredis backup policy set [OPTIONS] --instance <ID> (--off | [--days <DAYS>] [--time <WINDOW>])"
    )]
    Set(Deferred<set::Args>),
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list::run(args, context),
        Command::Set(args) => set::run(args, context),
        Command::Show(args) => show::run(args, context),
    }
}
