//! `jdredis`: download links of JD Cloud (京东云) Redis backups, and the backups themselves.
//!
//! This crate is the program; [`run`] is what there is to call, with a [`World`] to run in.
//!
//! # The map
//!
//! Imports point down the table. Two things are passed everywhere: [`World`], and the settings, from which
//! the service's client is made.
//!
//! | layer | folder | owns |
//! |---|---|---|
//! | outermost | `main`, `process` | the process: arguments, environment, streams, clock, randomness, signals |
//! | entry | `lib` | parses, dispatches, reports, picks the exit code |
//! | commands | `commands`, a file a subcommand, its path the command as typed | fetch, shape, print |
//! | completion | `completion` | what a shell is told at Tab, and the names kept for it |
//! | command line | `cli` | the root of the command line and what several commands share of it |
//! | errors | `error` | every kind of error: message, hint, exit code, text and JSON form |
//! | settings | `config` | flags, environment and profile made into one whole |
//! | service | `api` | requests, signatures, paging, answers |
//! | a file | `file` | its state, the report on it, and the judgement that a command ends with |
//! | backups | `backups` | which backup is meant, and the links to its files |
//! | archive | `archive` | the folder of a whole fleet's backups: its format, its states |
//! | files | `transfer`, `rdb` | fetching objects, going on with them, checking them; knows neither the API nor what is shown |
//! | output | `output` | pure functions from data to bytes |
//! | screen | `terminal` | what goes to standard error: notes, bars, the status line |
//! | network | `http`, `retry` | what the service and the storage share: the agent, its failures, what may pass and when |
//! | plain types | `values` | identifiers, links, secrets, times, the service's words |
//! | for tests | `fuzzing` | what must hold of all that reads what others have written |
//!
//! A layer takes the clock, randomness, the environment, the home folder and the terminal from the
//! [`World`]. It uses files, standard input, the network, threads, signals and the process's number directly,
//! and the TLS library reads the system's trust store.
//!
//! # Why it is so
//!
//! * **A belief about the service stands in one place, with its source.** Nobody who wrote the program could
//!   reach the service. A belief that is wrong ends in a message that says what to try.
//! * **Path and query are built once**, in canonical form. Those bytes are signed and sent, so the two cannot
//!   differ.
//! * **Answers are kept whole**, as JSON with its order and numbers as they came. Typed views are read from
//!   them, so `--output json` loses nothing that a later service adds.
//! * **A file gets its name last.** A file under a backup's name is whole, checked and synchronised;
//!   every other file is called `.part` or `.corrupt`. A record is saved before the change that it describes,
//!   so the process may be killed between any two steps.
//! * **A request that changes something is sent once**, unless it is certain that no byte of it was sent.
//! * **A command renders into memory and writes once.** A failure leaves standard output empty, so a script
//!   never reads half a list.
//! * **Typed errors below, `anyhow` above.** A layer reports what went wrong in a type of its own, as data. A
//!   command adds what it was doing. `error` alone turns both into messages, hints and exit codes, so no layer
//!   below it names a flag.
//! * **A secret has a type that cannot print itself**, and a link is a secret: `Secret` and `Link` have no
//!   `Display`, and `expose` is the only way to their text.
//! * **One place for each decision.** `retry` decides whether a failure is worth another attempt, for the
//!   service, the storage and polling alike. `file` has the one enum of a file's state and its judgement.
//!   `values::vocabulary` has the service's words with their numbers and meanings.
//! * **A property stands beside its parser**, in `properties.rs`. The tests try the same inputs every time; the
//!   fuzz targets look for others.

mod api;
mod archive;
mod backups;
mod cli;
mod commands;
mod completion;
mod config;
mod error;
mod file;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod output;
mod process;
mod rdb;
mod retry;
mod terminal;
mod transfer;
mod values;

use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, ValueEnum};

pub use process::terminal::{Size, Terminal};
pub use process::world::{Clock, Environment, Stream, World};

use cli::Cli;
use commands::{Command, Context};
use error::{Report, StdoutError};
use output::{Colors, Format};
use process::signals::Interrupt;
use terminal::notes::Notes;
use values::local::LocalTime;

/// The widest help text, in columns. Longer lines are hard to read.
const MAX_HELP_COLUMNS: u16 = 100;

/// Runs the program once and says how it ended.
///
/// Data goes to the world's `stdout`, everything else to its `stderr`. The exit codes are the ones
/// that `jdredis --help` lists.
pub fn run(world: &World) -> ExitCode {
    if let Some(answer) = completion::answer(world) {
        // A shell that asks at Tab is told nothing of what goes wrong.
        let _ = world.stdout.write_all(answer.as_bytes());
        return ExitCode::SUCCESS;
    }
    let interrupt = Interrupt::exit_on_signal();
    let columns = world
        .stdout
        .size()
        .or_else(|| world.stderr.size())
        .map_or(MAX_HELP_COLUMNS, |size| size.columns.min(MAX_HELP_COLUMNS));
    // Both stay until the process ends: to free their thousands of small parts is a tenth of a run's
    // instructions.
    let mut command = ManuallyDrop::new(Cli::command().term_width(columns.into()));
    let parsed = command
        .try_get_matches_from_mut(&world.args)
        .map(ManuallyDrop::new)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) if is_help(&error) => {
            let shown = cli::shown::command(columns).try_get_matches_from(&world.args);
            let shown = shown.err().unwrap_or(error);
            return answer_without_command(&shown, world);
        }
        Err(error) => return answer_without_command(&with_apt_tip(error), world),
    };
    let format = match cli.command {
        Command::Completions { .. } | Command::Formats | Command::Man => Ok(Format::Plain),
        Command::Archive(_) | Command::Backup(_) | Command::Doctor(_) | Command::Instance(_) => {
            config::format(cli.globals.output, world)
        }
    };
    let (format, outcome) = match format {
        Ok(format) => {
            let notes = Notes::new(world, cli.globals.quiet, cli.globals.verbose);
            // Before anything can start a thread.
            let local = match format {
                Format::Table => LocalTime::new(world.local_offset, world.clock.now()),
                Format::Json | Format::Plain => LocalTime::new(|_| None, world.clock.now()),
            };
            let context = Context {
                local,
                world,
                notes: &notes,
                globals: &cli.globals,
                format,
                interrupt: &interrupt,
            };
            (format, commands::run(&cli.command, &context))
        }
        Err(error) => (Format::Table, Err(error.into())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => fail(&Report::of(&error), format, world),
    }
}

/// Makes a panic end the process with exit code 1 and a line that names the source line. The panic's own
/// message is left out, since it may quote a secret.
pub fn exit_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            io::stderr(),
            "error: jdredis has a defect and stopped at {place}\n  hint: please report this line and the command, \
             without keys and links"
        );
        std::process::exit(1);
    }));
}

fn fail(report: &Report, format: Format, world: &World) -> ExitCode {
    // A failure to write to standard error is ignored: the exit code still reports the error.
    let _ = world.stderr.write_all(&report.render(format, &world.stderr));
    report.kind.exit_code()
}

/// The reader closed the pipe (EPIPE); that is no error.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<StdoutError>()
        .is_some_and(|StdoutError(error)| error.kind() == io::ErrorKind::BrokenPipe)
}

fn is_help(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// An error of the command line with the tip that fits it, where clap's would not: only the program itself
/// has a version, and clap takes `--version` for `--region`; and an ID on its own is meant for `--instance`.
fn with_apt_tip(mut error: clap::Error) -> clap::Error {
    let argument = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    let usage = error
        .get(ContextKind::Usage)
        .map(ToString::to_string)
        .unwrap_or_default();
    if let Some(id) = argument.as_deref().filter(|argument| !argument.starts_with('-'))
        && error.kind() == ErrorKind::UnknownArgument
        && usage.contains("--instance")
    {
        let tip = format!("an instance is named with '--instance {id}'");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    if error.kind() == ErrorKind::UnknownArgument && matches!(argument.as_deref(), Some("--version" | "-V")) {
        error.remove(ContextKind::SuggestedArg);
        let tip = "'jdredis --version' prints the version".into();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

/// Prints help or the version, or reports a command line that is wrong.
fn answer_without_command(error: &clap::Error, world: &World) -> ExitCode {
    let stream = if error.use_stderr() {
        &world.stderr
    } else {
        &world.stdout
    };
    let text = if colors_asked_for(world).are_for(stream, world) {
        error.render().ansi().to_string()
    } else {
        error.render().to_string()
    };
    let text = if is_help(error) { cli::shown::text(&text) } else { text };
    if error.use_stderr() {
        if asks_for_json(world) {
            return fail(&Report::of_usage(&error.render().to_string()), Format::Json, world);
        }
        let _ = stream.write_all(text.as_bytes());
        return ExitCode::from(2);
    }
    match stream.write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(&Report::of(&StdoutError(error).into()), Format::Table, world)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// When to use colours, by a command line that clap has not parsed to its end: it stops at `--help`.
fn colors_asked_for(world: &World) -> Colors {
    let args: Vec<_> = world.args.iter().map(|arg| arg.to_string_lossy()).collect();
    let apart = args
        .windows(2)
        .filter(|pair| pair[0] == "--color")
        .map(|pair| &*pair[1]);
    let joined = args.iter().filter_map(|arg| arg.strip_prefix("--color="));
    let value = apart.chain(joined).next();
    value
        .and_then(|value| Colors::from_str(value, false).ok())
        .unwrap_or_default()
}

/// Whether JSON was asked for on a command line that could not be parsed.
fn asks_for_json(world: &World) -> bool {
    let matches = Cli::command().ignore_errors(true).try_get_matches_from(&world.args);
    let flag = matches.ok().and_then(|matches| {
        deepest(&matches)
            .try_get_one::<Format>("output")
            .ok()
            .flatten()
            .copied()
    });
    config::format(flag, world).is_ok_and(|format| format == Format::Json)
}

/// The matches of the last subcommand. clap copies the global options there.
fn deepest(matches: &clap::ArgMatches) -> &clap::ArgMatches {
    matches.subcommand().map_or(matches, |(_, matches)| deepest(matches))
}
