//! The command line as types: clap's definitions and nothing that does anything.

use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::endpoint::Endpoint;
use crate::id::{BaseId, InstanceId, Region};

/// Download links of JD Cloud (京东云) Redis backups.
#[derive(Debug, Parser)]
#[command(
    name = "jdredis",
    bin_name = "jdredis",
    version,
    max_term_width = 100,
    after_help = "Run 'jdredis help COMMAND' for a command's options and examples.",
    after_long_help = AFTER_HELP,
    arg_required_else_help = true,
    subcommand_required = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
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
    /// [environment: JDREDIS_ENDPOINT; default: https://redis.jdcloud-api.com]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint: Option<Endpoint>,

    /// Seconds until the whole operation is given up, retries included
    #[arg(long, global = true, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) timeout: Duration,

    /// How often a request is sent before it is given up
    #[arg(long, global = true, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) max_attempts: u32,

    /// Print no notes and no warnings
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Print each request; twice: also what was signed
    ///
    /// Secrets are left out: keys, tokens, signatures and the query of links.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Work with the backups of an instance
    #[command(subcommand, arg_required_else_help = true)]
    Backup(Backup),

    /// Print a shell's completion script
    #[command(after_long_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },

    /// Print the manual page (roff)
    #[command(after_long_help = "Examples:\n  jdredis man | man -l -\n")]
    Man,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Backup {
    /// Print the temporary download links of a backup
    ///
    /// One link for every shard of the instance. A link is valid for an hour, and whoever holds it
    /// can fetch the data: treat it as a password.
    #[command(after_long_help = BACKUP_URL_EXAMPLES)]
    Url(BackupUrl),
}

#[derive(Debug, Args)]
pub(crate) struct BackupUrl {
    #[command(flatten)]
    pub(crate) instance: Instance,

    /// The backup's base ID
    #[arg(long, value_name = "ID")]
    pub(crate) base_id: BaseId,

    /// Print the links for use inside JD Cloud's own network
    #[arg(long)]
    pub(crate) internal: bool,
}

/// Where an instance is, and which.
#[derive(Debug, Args)]
pub(crate) struct Instance {
    /// The instance's region; one that is not listed is accepted
    ///
    /// [environment: JDCLOUD_REGION; default: the profile's region_id]
    #[arg(long, value_name = "REGION", value_parser = RegionParser)]
    pub(crate) region: Option<Region>,

    /// The instance's ID
    #[arg(long, value_name = "ID")]
    pub(crate) instance: InstanceId,
}

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people
    Table,
    /// The service's answer, whole
    Json,
    /// One value a line, for piping
    Plain,
}

/// Accepts every well-formed region and offers the known ones to help and completion.
#[derive(Clone)]
struct RegionParser;

impl TypedValueParser for RegionParser {
    type Value = Region;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Region, clap::Error> {
        let parser = clap::builder::StringValueParser::new().try_map(|text| text.parse::<Region>());
        TypedValueParser::parse_ref(&parser, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let known = Region::KNOWN
            .iter()
            .map(|(id, name)| PossibleValue::new(*id).help(*name));
        Some(Box::new(known))
    }
}

/// A day is longer than any answer is worth waiting for, and keeps sums of durations in range.
const MAX_SECONDS: f64 = 86_400.0;

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.001..=MAX_SECONDS).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("a number of seconds from 0.001 to {MAX_SECONDS}"))
}

const AFTER_HELP: &str = "\
Environment:
  JDCLOUD_ACCESS_KEY, JDCLOUD_SECRET_KEY   the key pair that signs requests
  JDCLOUD_SECURITY_TOKEN                   the token of temporary keys
  JDCLOUD_REGION, JDCLOUD_PROFILE          used where no flag says otherwise
  JDREDIS_ENDPOINT, JDREDIS_OUTPUT         likewise
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY   the proxy, if any
  SSL_CERT_FILE, SSL_CERT_DIR              certificate authorities to trust instead of the system's

  A flag beats the environment, the environment beats a profile; the keys of a profile that
  --profile names beat those of the environment.

Files:
  ~/.jdc/config, ~/.jdc/current   the official CLI's profiles; read, never written

Exit codes:
  0    done
  1    anything not named below, such as an output that cannot be written
  2    the command line or a setting is wrong
  3    not found, or the backup has no links
  4    keys missing, refused or not permitted
  5    network: DNS, connection, TLS, proxy, time-out
  6    the service failed or refused otherwise, or its answer is not as documented
  130  interrupted

Examples:
  jdredis backup url --region cn-north-1 --instance redis-1234 --base-id 1234
  jdredis backup url --region cn-north-1 --instance redis-1234 --base-id 1234 -o plain
";

const BACKUP_URL_EXAMPLES: &str = "\
Examples:
  # See the links, and until when they work
  jdredis backup url --region cn-north-1 --instance redis-1234 --base-id 1234

  # Fetch every shard with curl, each under the name it has at the service
  jdredis backup url --region cn-north-1 --instance redis-1234 --base-id 1234 -o plain |
    while IFS= read -r url; do f=${url%%\\?*}; curl -fsS -o \"${f##*/}\" \"$url\" || break; done

  # The links with the shards they belong to
  jdredis backup url --region cn-north-1 --instance redis-1234 --base-id 1234 -o json |
    jq -r '.result.downloadUrls[] | [.name, .link] | @tsv'
";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  jdredis completions bash > ~/.local/share/bash-completion/completions/jdredis
  jdredis completions zsh > ~/.zfunc/_jdredis        # with ~/.zfunc in $fpath
  jdredis completions fish > ~/.config/fish/completions/jdredis.fish
";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seconds_are_bounded() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("86400"), Ok(Duration::from_secs(86_400)));
        for text in ["0", "-1", "NaN", "inf", "86401", "1s", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
