//! What the program can do: a file a subcommand, its path the command as typed.

mod backup;
mod completions;
mod instance;
mod man;

use crate::api::Client;
use crate::cli::{Backup, Command, Format, Globals, InstanceCommand, Place};
use crate::config::{self, Settings};
use crate::error::StdoutError;
use crate::process::signals::Interrupt;
use crate::process::world::World;
use crate::terminal::notes::Notes;

/// What every command is given.
pub(crate) struct Context<'a> {
    pub(crate) world: &'a World,
    pub(crate) notes: &'a Notes<'a>,
    pub(crate) globals: &'a Globals,
    pub(crate) format: Format,
    pub(crate) interrupt: &'a Interrupt,
}

impl Context<'_> {
    /// Flags, environment and profile, for a command that is about a place.
    fn settings(&self, place: &Place) -> Result<Settings, config::Error> {
        config::resolve(self.globals, place.region.as_ref(), self.world, self.notes)
    }

    /// A client of the service, whose time starts to run now.
    fn client<'a>(&'a self, settings: &'a Settings) -> Client<'a> {
        Client::new(settings, self.world, self.notes)
    }

    /// Writes a command's whole result to standard output.
    fn print(&self, bytes: &[u8]) -> Result<(), StdoutError> {
        self.world.stdout.write_all(bytes).map_err(StdoutError)
    }
}

pub(crate) fn run(command: &Command, context: &Context<'_>) -> anyhow::Result<()> {
    match command {
        Command::Backup(Backup::Create(args)) => backup::create::run(args, context),
        Command::Backup(Backup::Download(args)) => backup::download::run(args, context),
        Command::Backup(Backup::List(args)) => backup::list::run(args, context),
        Command::Backup(Backup::Url(args)) => backup::url::run(args, context),
        Command::Backup(Backup::Verify(args)) => backup::verify::run(args, context),
        Command::Instance(InstanceCommand::List(args)) => instance::list::run(args, context),
        Command::Completions { shell } => Ok(context.print(&completions::render(*shell))?),
        Command::Man => Ok(context.print(&man::render())?),
    }
}
