//! The commands: a file for each, whose path is the command as typed. The other files are what several commands share.

mod archive;
mod backup;
mod completions;
mod doctor;
mod formats;
mod instance;
mod loading;
mod man;
mod regions;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;

use crate::api::{Client, Warning};
use crate::cli::Globals;
use crate::cli::deferred::Deferred;
use crate::cli::shared::RegionArgs;
use crate::completion::Shell;
use crate::config::{self, Settings};
use crate::error::{Report, StdoutError};
use crate::output::{Format, paint};
use crate::process::signals::Interrupt;
use crate::process::threads::{self, Need};
use crate::process::world::World;
use crate::terminal::notes::Notes;
use crate::transfer::{self, Links, Storage};
use crate::values::local::LocalTime;

/// How often a status line is redrawn, and a signal looked for.
const TICK: Duration = Duration::from_millis(100);

/// The surroundings that every command is given.
pub(crate) struct Context<'a> {
    pub(crate) world: &'a World,
    pub(crate) notes: &'a Notes<'a>,
    pub(crate) globals: &'a Globals,
    pub(crate) format: Format,
    /// For the times in tables.
    pub(crate) local: LocalTime,
    pub(crate) interrupt: &'a Interrupt,
}

impl Context<'_> {
    /// Flags, environment and profile, for a command that is about a region.
    fn settings(&self, region: &RegionArgs) -> Result<Settings, config::Error> {
        config::resolve(self.globals, region.region.as_ref(), self.world, self.notes)
    }

    /// A client of the service.
    fn client<'a>(&'a self, settings: &'a Settings) -> Client<'a> {
        Client::new(settings, self.world, self.notes)
    }

    /// The options of a transfer: `parallel` and `limit_rate` as `download` and `sync` take them, the others from the
    /// settings.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    fn transfer_options(
        &self,
        settings: &Settings,
        parallel: u8,
        limit_rate: Option<u64>,
        links: Arc<dyn Links>,
        stop: &Arc<AtomicBool>,
    ) -> anyhow::Result<transfer::Options> {
        let clock = &self.world.clock;
        let mut seed = [0; 8];
        (self.world.random)(&mut seed).context("the system gave no random bytes")?;
        let network = Arc::clone(&settings.network);
        Ok(transfer::Options {
            storage: Storage::new(network, settings.timeout, Arc::clone(clock)),
            links,
            hosts: Arc::default(),
            parallel: parallel.into(),
            limit_rate,
            patience: settings.timeout,
            max_attempts: settings.max_attempts,
            clock: Arc::clone(clock),
            seed: u64::from_ne_bytes(seed),
            stop: Arc::clone(stop),
        })
    }

    /// Warns of what a listing has that is not documented.
    fn warn(&self, warnings: &[Warning]) {
        for warning in warnings {
            self.notes.warn(warning);
        }
    }

    /// Does work that waits for the network, on a thread of its own, and calls `tick` several times a second
    /// meanwhile. The work cannot be cut short: once a signal raises `stop`, the process ends with the report that
    /// `interrupted` gives, without waiting for the work.
    fn unless_interrupted<T: Send>(
        &self,
        stop: &AtomicBool,
        work: impl Fn() -> T + Sync,
        tick: impl Fn(),
        interrupted: impl FnOnce() -> Report,
    ) -> T {
        let (sender, receiver) = sync_channel(1);
        let sent = || drop(sender.send(work()));
        thread::scope(|scope| {
            if threads::start_in(scope, Need::Needed, sent).is_err() {
                // Without a second thread, the signal ends the process without a message.
                return self.interrupt.exit_on_signal_during(&work);
            }
            loop {
                match receiver.recv_timeout(TICK) {
                    Ok(done) => return done,
                    Err(_) if stop.load(Ordering::Relaxed) => break,
                    Err(_) => tick(),
                }
            }
            self.end_interrupted(&interrupted())
        })
    }

    /// As [`unless_interrupted`](Self::unless_interrupted), for work that looks at `stop` itself. Once that is raised,
    /// the work has the time of `grace` to end with what it has; only then does the process end.
    ///
    /// # Errors
    /// If the system gives no thread.
    fn unless_it_hangs<T: Send>(
        &self,
        stop: &AtomicBool,
        grace: Duration,
        work: impl FnOnce() -> T + Send,
        interrupted: impl FnOnce() -> Report,
    ) -> std::io::Result<T> {
        let (sender, receiver) = sync_channel(1);
        let sent = || drop(sender.send(work()));
        thread::scope(|scope| {
            threads::start_in(scope, Need::Needed, sent)?;
            let mut left = grace;
            loop {
                match receiver.recv_timeout(TICK) {
                    Ok(done) => return Ok(done),
                    Err(_) if !stop.load(Ordering::Relaxed) => {}
                    Err(_) if left.is_zero() => break,
                    Err(_) => left = left.saturating_sub(TICK),
                }
            }
            self.end_interrupted(&interrupted())
        })
    }

    /// Ends the process with the error of a run that a signal ended, while other threads wait for the network.
    fn end_interrupted(&self, report: &Report) -> ! {
        let text = report.render(self.format, &self.world.stderr);
        let _ = self.world.stderr.write_all(&text);
        std::process::exit(self.interrupt.signal().exit_code().into())
    }

    /// Writes a command's whole result to standard output, a table with colours where they are wanted.
    fn print(&self, bytes: &[u8]) -> Result<(), StdoutError> {
        let painted = (self.format == Format::Table && self.paints()).then(|| paint::paint(bytes.to_vec()));
        let bytes = painted.as_deref().unwrap_or(bytes);
        self.world.stdout.write_all(bytes).map_err(StdoutError)
    }

    /// As [`print`](Self::print), for a command whose exit code says what it found. That code stays where the reader of
    /// the output closes the pipe before the end.
    fn print_findings(&self, bytes: &[u8]) -> Result<(), StdoutError> {
        match self.print(bytes) {
            Err(StdoutError(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            outcome => outcome,
        }
    }

    /// The columns of the terminal that standard output is; `None` where it is none, or its width is not known.
    fn room(&self) -> Option<u16> {
        self.world.stdout.size().map(|size| size.columns)
    }

    /// Whether data on standard output is to have colours.
    fn paints(&self) -> bool {
        self.globals.color.are_for(&self.world.stdout, self.world)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Keep the backups of all instances in a folder, and look at what is there
    #[command(subcommand, arg_required_else_help = true)]
    Archive(Deferred<archive::Command>),

    /// Work with the backups of an instance
    #[command(subcommand, arg_required_else_help = true)]
    Backup(Deferred<backup::Command>),

    /// Check what the program needs and believes, with reads only, for a report
    ///
    /// Goes through settings, network, keys, the service's answers and the storage, and says of each whether it is
    /// as the program needs and believes it. At most sixteen calls of the service, and a few hundred bytes from the
    /// storage. Nothing secret is printed, so the report can be sent as it is. --timeout is for each check.
    #[command(after_long_help = doctor::EXAMPLES)]
    Doctor(Deferred<doctor::Args>),

    /// Work with instances
    #[command(subcommand, arg_required_else_help = true)]
    Instance(Deferred<instance::Command>),

    /// Print a shell's completion script
    #[command(after_long_help = completions::EXAMPLES)]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },

    /// Describe the output of every command, the errors and the exit codes
    #[command(long_about = formats::PAGE, help_template = "{about}")]
    Formats,

    /// Print the manual page (roff)
    #[command(after_long_help = "Examples:\n  jdredis man | man -l -\n")]
    Man,
}

/// Runs a command.
pub(crate) fn run(command: &Command, context: &Context<'_>) -> anyhow::Result<()> {
    match command {
        Command::Archive(command) => archive::run(command, context),
        Command::Backup(command) => backup::run(command, context),
        Command::Doctor(args) => doctor::run(args, context),
        Command::Instance(command) => instance::run(command, context),
        Command::Completions { shell } => Ok(context.print(&completions::render(*shell))?),
        Command::Formats => Ok(context.print(&formats::render())?),
        Command::Man => Ok(context.print(&man::render())?),
    }
}

/// The name of this process for the lock of a folder, which another process shows while it is held.
fn lock_holder() -> String {
    format!("jdredis (process {})", std::process::id())
}
