//! `jdredis`: download links of JD Cloud (京东云) Redis backups, and the backups themselves.
//!
//! This crate is the program. [`run`] is its entry, and takes a [`World`] to run in.
//!
//! # The map
//!
//! | layer | folder | owns |
//! |---|---|---|
//! | process | `main`, `process` | the inputs of the program as one [`World`]: arguments, environment, streams, clock, randomness; the terminal; signals; how threads are started |
//! | entry | `lib` | parses the command line, runs the command, reports its error, picks the exit code |
//! | commands | `commands` | one file or folder for each subcommand, with its arguments: asks, arranges, prints; the steps of a restore in `backup/restore` |
//! | completion | `completion` | the answers to a shell at Tab, and the cache of names for them |
//! | errors | `error` | every kind of error: message, hint, exit code, text and JSON form |
//! | archive | `archive` | the folder of a fleet's backups: its format, its states, what a sync has to fetch and a policy keeps; its runs and metrics |
//! | backups | `backups` | finds the backup that is meant, and the links to its files |
//! | service | `api` | requests, signatures, paging, answers |
//! | settings | `config` | flags, environment and profile, merged into the settings of a run |
//! | command line | `cli` | the root of the command line, and the arguments that several commands share |
//! | transfer | `transfer` | fetches, resumes and checks files; knows neither the API nor the display |
//! | a file | `file` | the state of a file, the report on it, and the judgement that decides the exit code |
//! | drill | `drill` | has a real server load a file: starts it, asks it, ends it, compares the keys |
//! | RDB | `rdb` | reads an RDB file while it passes by: whether it is whole, and what is in it |
//! | output | `output` | pure functions from data to the bytes for standard output |
//! | screen | `terminal` | everything on standard error: notes, bars, the status line |
//! | network | `http`, `retry` | the HTTP client of service and storage; which failures may pass, the waits between attempts, and the rate of calls |
//! | plain types | `values` | identifiers, links, secrets, times, ages, schedules, the service's words |
//! | for tests | `fuzzing` | the inputs and entry points of the properties |
//! | build | `build` | the build script: the commit and the target for `--version` |
//!
//! Imports point down the table, with these exceptions. Every layer may use [`World`] and the other parts of
//! `process`. `cli` names the `Command` of `commands`. `archive` and `file` name the `error::Kind` of a state, and
//! `file` ends a command with an `error::Report`. `output::listing` prints the `Listing` of `api`. Tests of
//! properties import any layer.
//!
//! A layer takes the clock, randomness, the environment, the home folder and the terminal from the
//! [`World`]. It uses files, standard input, the network, threads, signals and the process's number directly,
//! and the TLS library reads the system's trust store. `http` measures the deadlines of sockets with the system's
//! monotonic clock, as ureq does.
//!
//! # Why it is so
//!
//! * **An assumption about the service stands in one place, with its source.** No author of the program could
//!   reach the service. A wrong assumption ends in a message that says what to try.
//! * **Path and query are built once**, in canonical form. The same bytes are signed and sent, so the two cannot
//!   differ.
//! * **Answers are kept whole**, as JSON in the service's order and with its numbers. Typed views are read from
//!   them, so `--output json` loses no field that the service adds later.
//! * **A file gets its name last.** A file with a backup's name is whole, checked and synchronised (fsync);
//!   every other file is called `.part` or `.corrupt`. A record is saved before the change that it describes,
//!   so the process may be killed between any two steps. A backup in an archive gets its folder by one rename
//!   in the same way.
//! * **A request that changes something is sent once**, unless it is certain that no byte of it was sent. A restore
//!   is sent once in any case, and only after a backup of what is there has succeeded.
//! * **Only loading proves a file**, and a server must not outlive the program: `drill` starts it in a private
//!   folder, without a TCP port, and ends it whatever ends the run.
//! * **What an archive tells comes from its folders.** `archive::metrics` and the state of each instance are read
//!   from DIR at the end of a run. `archive::runs` keeps what the folders cannot tell: what each run did.
//! * **A thread may be refused**, by a limit of processes or memory. `process::threads` starts each one, and the
//!   program goes on with those that it gets.
//! * **A command renders into memory and writes once.** A failure leaves standard output empty, so a script
//!   never reads half a list.
//! * **Typed errors below, `anyhow` above.** A layer reports a failure in a type of its own, as data. A
//!   command adds its task as context. `error` alone turns both into messages, hints and exit codes, so no layer
//!   below it names a flag.
//! * **A secret has a type that cannot print itself**, and a link is a secret: `Secret` and `Link` have no
//!   `Display`, and `expose` is the only way to their text.
//! * **Each decision has one place.** `retry` decides whether a failure is worth another attempt, for the
//!   service, the storage and polling alike. `file` has the one enum of a file's state, and its judgement.
//!   `archive::state` decides the state of an instance and its exit code. `values::vocabulary` has the service's
//!   words with their numbers and meanings.
//! * **Completion asks the program.** The scripts in `completions/` only pass the words of the line on, so a new
//!   option needs no change in them.
//! * **A property stands beside its parser**, in `properties.rs`. The tests try the same inputs every time; the
//!   fuzz targets search for others.

mod api;
mod archive;
mod backups;
mod cli;
mod commands;
mod completion;
mod config;
mod drill;
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
pub use process::threads::share_one_arena;
pub use process::world::{Clock, Environment, Stream, World};

use cli::Cli;
use commands::{Command, Context};
use error::{Report, StdoutError, is_closed_pipe};
use output::{Colors, Format};
use process::signals::Interrupt;
use terminal::notes::Notes;
use terminal::wrap::wrap;
use values::local::LocalTime;

/// The widest help text, in columns. Longer lines are hard to read.
const MAX_HELP_COLUMNS: u16 = 100;

/// Runs the program once and returns its exit code.
///
/// Data goes to the world's `stdout`, everything else to its `stderr`. The exit codes are the ones
/// that `jdredis --help` lists.
pub fn run(world: &World) -> ExitCode {
    if let Some(answer) = completion::answer(world) {
        // An error here is not reported: a message would appear in the line that the user types.
        let _ = world.stdout.write_all(answer.as_bytes());
        return ExitCode::SUCCESS;
    }
    let interrupt = Interrupt::exit_on_signal();
    let columns = world
        .stdout
        .size()
        .or_else(|| world.stderr.size())
        .map_or(MAX_HELP_COLUMNS, |size| size.columns.min(MAX_HELP_COLUMNS));
    // The command and its matches are never freed: freeing their thousands of small parts takes a tenth of a run's
    // instructions.
    let mut command = ManuallyDrop::new(cli::for_parsing().term_width(columns.into()));
    let parsed = command
        .try_get_matches_from_mut(&world.args)
        .map(ManuallyDrop::new)
        .and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) if is_help(&error) => {
            let shown = cli::shown::command(columns).try_get_matches_from(&world.args);
            let shown = shown.err().unwrap_or(error);
            return answer_without_command(&shown, world);
        }
        Err(error) => return answer_without_command(&with_better_tip(error), world),
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
            // LocalTime must be made before any thread is started.
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

fn is_help(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// Replaces clap's tip in an error of the command line where another one fits better:
///
/// * an ID on its own is meant for `--instance`;
/// * only the program itself has `--version`, for which clap suggests `--region` behind a command;
/// * the IDs of instances, where `--instance` is missing, come from `instance list`;
/// * the second word of a command on its own, such as `verify`, is meant for that command.
fn with_better_tip(mut error: clap::Error) -> clap::Error {
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
    if error.kind() == ErrorKind::MissingRequiredArgument
        && argument.is_some_and(|missing| missing.contains("--instance <ID>"))
    {
        let tip = "'jdredis instance list' shows the IDs of the instances".into();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) {
        let tips: Vec<_> = commands_ending_in(word)
            .iter()
            .map(|command| format!("there is '{command}'").into())
            .collect();
        if !tips.is_empty() {
            error.remove(ContextKind::SuggestedSubcommand);
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
        }
    }
    error
}

/// The commands of two words whose second one is this, such as `jdredis backup verify`.
fn commands_ending_in(word: &str) -> Vec<String> {
    let root = cli::shown::command(MAX_HELP_COLUMNS);
    let groups = root.get_subcommands().filter(|group| group.get_name() != "help");
    groups
        .filter(|group| group.get_subcommands().any(|command| command.get_name() == word))
        .map(|group| format!("jdredis {} {word}", group.get_name()))
        .collect()
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
        let text = match stream.size() {
            Some(size) if !is_help(error) => wrapped(&text, size.columns),
            _ => text,
        };
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

/// The text of an error with its long lines broken between words.
fn wrapped(text: &str, columns: u16) -> String {
    let lines = text.lines().map(|line| {
        let indent = line.len() - line.trim_start_matches(' ').len() + 2;
        wrap(line, columns, &" ".repeat(indent))
    });
    lines.collect()
}

/// Reads `--color` from a command line that clap has not parsed to its end: it stops at `--help` and at an error.
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

/// Whether a command line that could not be parsed asks for JSON.
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

#[cfg(test)]
mod tests {
    use super::*;
    use terminal::screen::Screen;

    /// What is printed for such a command line on a terminal of 40 columns.
    fn answered(args: &[&str]) -> (ExitCode, String) {
        let mut screen = Screen::new("xterm", 40);
        screen.world.args = vec!["--color=never".into()];
        let error = cli::for_parsing().try_get_matches_from(args).unwrap_err();
        let code = answer_without_command(&error, &screen.world);
        (code, screen.taken())
    }

    #[test]
    fn an_error_of_the_command_line_is_broken_between_words_and_help_is_left_as_it_is() {
        let (code, text) = answered(&["jdredis", "backup", "url", "--nosuch"]);
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(2)));
        assert!(
            text.starts_with("error: unexpected argument '--nosuch'\n  found\n"),
            "{text}"
        );
        let (code, text) = answered(&["jdredis", "backup"]);
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(2)));
        assert!(text.contains("\nUsage: jdredis backup"), "{text}");
        assert!(text.lines().any(|line| line.len() > 40), "{text}");
    }

    #[test]
    fn a_broken_line_goes_on_two_columns_behind_its_first_word() {
        assert_eq!(wrapped("  a bc de\n", 6), "  a bc\n    de\n");
        assert_eq!(wrapped("abc de\n\nx\n", 5), "abc\n  de\n\nx\n");
    }
}
