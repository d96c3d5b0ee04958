//! The root of the command line: its name, the options that every command takes, and the help of the
//! program. Each command's own arguments stand beside the command, in `commands`.

pub(crate) mod bytes;
pub(crate) mod deferred;
mod help;
pub(crate) mod shared;
pub(crate) mod shown;
pub(crate) mod values;

use std::time::Duration;

use clap::{Args, CommandFactory, Parser};

use crate::commands::Command;
use crate::output::{Colors, Format};

/// What `--version` prints after the program's name; `-V` prints its first line.
const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit: ",
    env!("JDREDIS_COMMIT"),
    "\ntarget: ",
    env!("JDREDIS_TARGET"),
    "\nfeatures: TLS 1.2 and 1.3 with rustls and ring, HTTP proxies"
);

/// Download links of JD Cloud (京东云) Redis backups, and the backups themselves.
#[derive(Debug, Parser)]
#[command(
    name = "jdredis",
    bin_name = "jdredis",
    version,
    long_version = LONG_VERSION,
    after_help = "Run 'jdredis help COMMAND' for a command's options and examples.",
    after_long_help = help::AFTER_HELP,
    arg_required_else_help = true,
    subcommand_required = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command line for parsing alone. Its global options have no help: clap copies each of them into every command
/// beside the one that was typed, and the help is most of what it copies.
pub(crate) fn for_parsing() -> clap::Command {
    Cli::command().mut_args(|arg| arg.help(None).long_help(None))
}

/// Options that every command takes, before or after its name.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// How to print the result
    ///
    /// Data goes to standard output, everything else to standard error. With json an error is one
    /// JSON object, too. [environment: JDREDIS_OUTPUT; default: table]
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,

    /// Take keys, region and endpoint from this profile of ~/.jdc/config
    ///
    /// Named here, its keys come before those of the environment. [environment: JDCLOUD_PROFILE;
    /// default: the one ~/.jdc/current names]
    #[arg(long, global = true, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) profile: Option<String>,

    /// Where the service is; https unless http:// is spelled out
    ///
    /// [environment: JDREDIS_ENDPOINT; default: redis.jdcloud-api.com]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint: Option<String>,

    /// How long until the whole operation is given up, retries included, such as 30s, 5m or 2h
    ///
    /// A number without a unit is seconds.
    ///
    /// For 'backup download' also how long the storage may be silent, and while waiting for a backup
    /// the time for each look at it. For 'archive sync' the time for each call of the service, and how
    /// long the storage may be silent. For 'backup verify' how long a pipe or a device may give nothing, and
    /// with --load, as for 'archive drill', how long a server may make no progress.
    #[arg(long, global = true, value_name = "TIME", default_value = "30", value_parser = values::time_limit)]
    pub(crate) timeout: Duration,

    /// How often a request is sent before it is given up
    #[arg(long, global = true, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) max_attempts: u32,

    /// When to use colours; beats NO_COLOR and TERM
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    pub(crate) color: Colors,

    /// Print no notes, no progress and no rows of what is well; twice: no warnings either
    ///
    /// Rows are left out of the tables of 'backup download', 'backup verify', 'archive sync', 'archive
    /// status', 'archive verify' and 'archive drill', and the header with them where none is left; 'archive
    /// prune' prints no table. JSON and plain are data and stay whole.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) quiet: u8,

    /// Print each request; twice: also what was signed
    ///
    /// Secrets are left out: keys, tokens, signatures and the query of links.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
