//! `jdredis`: download links of JD Cloud (京东云) Redis backups.
//!
//! This crate is the program; [`run`] is all there is to call, with a [`World`] to run in.
//!
//! # The map
//!
//! Dependencies point downwards only.
//!
//! | layer | modules | owns |
//! |---|---|---|
//! | outermost | `main`, [`World`] | the process: arguments, environment, streams, clock, randomness |
//! | entry | `lib` | parses, dispatches, reports, picks the exit code |
//! | commands | `commands`, a file a subcommand, named as typed | fetch, shape, print: one line each |
//! | errors | `error` | every kind of error: message, hint, exit code, text and JSON form |
//! | settings | `settings`, `profile`, `proxy` | flags, environment and profile made into one whole |
//! | service | `api` | requests, signatures, retries, answers |
//! | output | `output`, `notes` | pure functions from data to bytes; what goes to standard error |
//! | leaves | `cli`, `id`, `endpoint`, `link`, `secret`, `credentials`, `escape` | types without I/O |
//!
//! # Why it is so
//!
//! * **What the program cannot know it does not assume.** Nobody who wrote it could reach the
//!   service. A belief about it stands in one place with its source, and fails with a message that
//!   says what to try.
//! * **Path and query are built once**, in canonical form, and those bytes are signed and sent: a
//!   second encoding would be a second opinion about what was signed.
//! * **Answers are kept whole**, as JSON with its order and numbers as they came. Typed views borrow
//!   from them, so that `--output json` loses nothing that a later service adds.
//! * **A command renders into memory and writes once.** A failure leaves standard output empty, and
//!   a script never reads half a list.
//! * **Typed errors below, `anyhow` above.** A layer that knows what went wrong says so in its own
//!   type; a command adds what it was doing; `error` alone decides what the user reads.
//! * **A secret has a type that cannot print itself**, and a link is one: `Secret` and `Link` have
//!   no `Display`, and their one way out is called `expose`.

mod api;
mod cli;
mod commands;
mod credentials;
mod endpoint;
mod error;
mod escape;
mod id;
mod link;
mod notes;
mod output;
mod profile;
mod proxy;
mod secret;
mod settings;
mod signals;
mod status_line;
mod when;
mod world;

use std::ffi::OsStr;
use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

pub use world::{Clock, Environment, Stream, World};

use cli::{Cli, Format};
use commands::Context;
use error::{Report, StdoutError};
use notes::Notes;

/// Runs the program once and says how it ended.
///
/// Data goes to the world's `stdout`, everything else to its `stderr`. The exit codes are the ones
/// that `jdredis --help` lists.
pub fn run(world: &World) -> ExitCode {
    signals::exit_on_interrupt();
    let columns = world.stdout.columns.unwrap_or(100);
    let parsed = Cli::command()
        .term_width(columns.into())
        .try_get_matches_from(&world.args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return answer_without_command(&error, world),
    };
    let (format, outcome) = match settings::format(cli.globals.output, world) {
        Ok(format) => {
            let notes = Notes::new(&world.stderr, cli.globals.quiet, cli.globals.verbose);
            let context = Context {
                world,
                notes: &notes,
                globals: &cli.globals,
                format,
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

fn fail(report: &Report, format: Format, world: &World) -> ExitCode {
    // Where standard error cannot be written, the exit code is all that is left to say it with.
    let _ = world.stderr.write_all(&report.render(format));
    report.exit_code()
}

/// Whoever read the output has read enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<StdoutError>()
        .is_some_and(|StdoutError(error)| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Help, version, or a command line that is wrong.
fn answer_without_command(error: &clap::Error, world: &World) -> ExitCode {
    let stream = if error.use_stderr() {
        &world.stderr
    } else {
        &world.stdout
    };
    let text = if stream.is_terminal && wants_style(world) {
        error.render().ansi().to_string()
    } else {
        error.render().to_string()
    };
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

fn wants_style(world: &World) -> bool {
    world.var("NO_COLOR").is_none() && world.var("TERM").is_some_and(|term| term != "dumb")
}

/// Whether JSON was asked for on a command line that could not be parsed.
fn asks_for_json(world: &World) -> bool {
    let args: Vec<&str> = world.args.iter().filter_map(|arg| arg.to_str()).collect();
    let value = args.iter().enumerate().rev().find_map(|(i, arg)| match *arg {
        "-o" | "--output" => args.get(i + 1).copied(),
        _ => arg
            .strip_prefix("--output=")
            .or_else(|| arg.strip_prefix("-o=").or_else(|| arg.strip_prefix("-o"))),
    });
    match value {
        Some(value) => value == "json",
        None => (world.env)("JDREDIS_OUTPUT").as_deref() == Some(OsStr::new("json")),
    }
}
