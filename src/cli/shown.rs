//! The command line as help shows it: examples on unbroken lines, and only the global options that a
//! command uses.
//!
//! Parsing does not need this, so it is built only when help is asked for.

use clap::{Arg, Command, CommandFactory};

use super::Cli;

/// The stand-in for a blank at which clap must not break a line.
const UNBREAKABLE: char = '\u{a0}';
/// The line before the examples.
const EXAMPLES: &str = "Examples:";

/// The command line for completion, with all arguments defined. It is never freed, since freeing takes as long
/// as defining, and the process ends with the answer.
pub(crate) fn for_completion() -> &'static Command {
    let mut command = Box::new(Cli::command());
    command.build();
    Box::leak(command)
}

/// Whether a command, as clap names it, ignores this argument.
pub(crate) fn ignores(command: &Command, arg: &Arg) -> bool {
    let path = command.get_bin_name().and_then(|name| name.split_once(' '));
    arg.is_global_set() && path.is_some_and(|(_, path)| is_unused(path, arg.get_id().as_str()))
}

/// The command line for help of at most this many columns. [`text`] finishes its text.
pub(crate) fn command(columns: u16) -> Command {
    let mut command = Cli::command().term_width(columns.into());
    // `build` gives the global options to every command, and defines the arguments of all.
    command.build();
    each_subcommand(with_whole_examples(command), shaped)
}

/// Changes each command below this one except `help`. `change` gets the command and its name.
fn each_subcommand(command: Command, change: impl Fn(Command, &str) -> Command) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    names
        .iter()
        .filter(|name| *name != "help")
        .fold(command, |command, name| {
            command.mut_subcommand(name, |subcommand| change(subcommand, name))
        })
}

/// Restores the blanks in the help that clap rendered for a command of [`command`].
pub(crate) fn text(rendered: &str) -> String {
    rendered.replace(UNBREAKABLE, " ")
}

/// Hides the unused global options of a command and of those below it, and keeps their examples whole. `path` is the
/// command as typed, such as `backup url`.
fn shaped(command: Command, path: &str) -> Command {
    let command = each_subcommand(command, |subcommand, name| {
        shaped(subcommand, &format!("{path} {name}"))
    });
    let is_wanted = |arg: &Arg| arg.is_global_set() && !is_unused(path, arg.get_id().as_str());
    let name = |arg: &Arg| match (arg.get_short(), arg.get_long()) {
        (Some(short), _) => format!("-{short}"),
        (None, long) => format!("--{}", long.unwrap_or_default()),
    };
    let globals: Vec<String> = command.get_arguments().filter(|arg| is_wanted(arg)).map(name).collect();
    let mut command = with_whole_examples(command).mut_args(|arg| match arg.is_global_set() {
        true if is_wanted(&arg) => arg.hide_short_help(true),
        true => arg.hide(true),
        false => arg,
    });
    if !globals.is_empty() {
        command = command.after_help(format!("Global options: {}", globals.join(" ")));
    }
    command
}

/// Whether a command ignores a global option. It accepts the option all the same.
fn is_unused(path: &str, global: &str) -> bool {
    match path {
        "completions" | "formats" | "man" => true,
        // These commands send no request. `verify` and `drill` take `--timeout` for slow files and servers.
        "backup verify" | "archive drill" => ["profile", "endpoint", "max_attempts"].contains(&global),
        "archive" | "archive prune" | "archive status" | "archive verify" => {
            ["profile", "endpoint", "timeout", "max_attempts"].contains(&global)
        }
        _ => false,
    }
}

fn with_whole_examples(command: Command) -> Command {
    let Some(advice) = command.get_after_long_help().map(ToString::to_string) else {
        return command;
    };
    match advice.find(EXAMPLES) {
        Some(start) => {
            let (before, examples) = advice.split_at(start);
            let examples = examples.replace(' ', &UNBREAKABLE.to_string());
            command.after_long_help(format!("{before}{examples}"))
        }
        None => command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(command: &Command) -> Vec<&Command> {
        let below: Vec<&Command> = command
            .get_subcommands()
            .filter(|command| command.get_name() != "help")
            .collect();
        match below.as_slice() {
            [] => vec![command],
            below => below.iter().flat_map(|command| leaves(command)).collect(),
        }
    }

    #[test]
    fn every_command_has_examples_of_one_line_each() {
        let command = command(80);
        for command in leaves(&command)
            .into_iter()
            .filter(|command| command.get_name() != "formats")
        {
            let advice = command
                .get_after_long_help()
                .map(|advice| text(&advice.to_string()))
                .unwrap_or_default();
            let (_, examples) = advice
                .split_once("Examples:\n")
                .unwrap_or_else(|| panic!("{} has none", command.get_name()));
            for line in examples.lines().filter(|line| !line.is_empty()) {
                let is_whole = line.starts_with("  # ") || line.starts_with("  ") && line.contains("jdredis ");
                let ends = !line.ends_with(['\\', '|', '&', ';']) && !line.starts_with("   ");
                assert!(is_whole && ends, "{}: {line}", command.get_name());
            }
        }
    }
}
