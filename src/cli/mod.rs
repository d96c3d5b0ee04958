//! The command line as types: clap's definitions and nothing that does anything.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::values::id::{BackupName, BaseId, InstanceId, Region};
use crate::values::vocabulary::{BackupKind, BackupStatus};
use crate::values::when::{self, When};

/// Download links of JD Cloud (京东云) Redis backups, and the backups themselves.
#[derive(Debug, Parser)]
#[command(
    name = "jdredis",
    bin_name = "jdredis",
    version,
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
    /// [environment: JDREDIS_ENDPOINT; default: redis.jdcloud-api.com]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint: Option<String>,

    /// Seconds until the whole operation is given up, retries included
    ///
    /// For 'backup download' also how long the storage may be silent, and while waiting for a backup
    /// the time for each look at it.
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

    /// Work with instances
    #[command(subcommand, arg_required_else_help = true)]
    Instance(InstanceCommand),

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
    /// Fetch the files of a backup, whole and verified
    ///
    /// A second run goes on where the first stopped, whatever stopped it. Files are checked while they
    /// come: their length, and as RDB files their end and their checksum.
    #[command(
        after_long_help = BACKUP_DOWNLOAD_EXAMPLES,
        override_usage = "jdredis backup download [OPTIONS] --instance <ID> (--base-id <ID> | --latest)"
    )]
    Download(BackupDownload),

    /// Check whether files are whole RDB files
    ///
    /// The check of 'download', for files that were fetched by other means. Needs no network and no
    /// keys.
    #[command(after_long_help = BACKUP_VERIFY_EXAMPLES)]
    Verify(BackupVerify),

    /// List the backups of an instance, newest first
    #[command(after_long_help = BACKUP_LIST_EXAMPLES)]
    List(BackupList),

    /// Print the temporary download links of a backup
    ///
    /// One link for every shard of the instance. A link is valid for an hour, and whoever holds it
    /// can fetch the data: treat it as a password.
    #[command(
        after_long_help = BACKUP_URL_EXAMPLES,
        override_usage = "jdredis backup url [OPTIONS] --instance <ID> (--base-id <ID> | --latest)"
    )]
    Url(BackupUrl),

    /// Start a backup and print its base ID
    ///
    /// The base ID is printed as soon as it is known, so that it is not lost whatever happens while
    /// waiting.
    #[command(after_long_help = BACKUP_CREATE_EXAMPLES)]
    Create(BackupCreate),
}

#[derive(Debug, Subcommand)]
pub(crate) enum InstanceCommand {
    /// List the instances of a region
    #[command(after_long_help = INSTANCE_LIST_EXAMPLES)]
    List(InstanceList),
}

#[derive(Debug, Args)]
pub(crate) struct InstanceList {
    #[command(flatten)]
    pub(crate) place: Place,

    /// Only instances whose name contains this
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,

    /// Only instances of this status, such as running; any that the service knows
    #[arg(long, value_name = "STATUS", value_parser = StatusParser)]
    pub(crate) status: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct BackupList {
    #[command(flatten)]
    pub(crate) instance: Instance,

    /// Only backups that started then or later
    ///
    /// A time such as 2026-01-31T08:00:00+08:00, a day such as 2026-01-31 (UTC), or an age such as
    /// 36h or 7d.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<When>,

    /// Only backups that started then or earlier
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<When>,

    /// Only backups of this status
    #[arg(long, value_enum, value_name = "STATUS")]
    pub(crate) status: Option<BackupStatus>,

    /// Only backups made by the schedule, or on request
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub(crate) kind: Option<BackupKind>,

    /// At most so many, the newest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct BackupUrl {
    #[command(flatten)]
    pub(crate) instance: Instance,

    #[command(flatten)]
    pub(crate) backup: WhichBackup,

    /// Print the links for use inside JD Cloud's own network
    #[arg(long)]
    pub(crate) internal: bool,
}

/// Which backup: exactly one of the two. Checked by the command rather than by clap, for a message
/// that says where base IDs are to be had.
#[derive(Debug, Args)]
pub(crate) struct WhichBackup {
    /// The backup's base ID; this or --latest is required
    #[arg(long, value_name = "ID")]
    pub(crate) base_id: Option<BaseId>,

    /// The newest backup that succeeded, in place of --base-id
    #[arg(long)]
    pub(crate) latest: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BackupDownload {
    #[command(flatten)]
    pub(crate) instance: Instance,

    #[command(flatten)]
    pub(crate) backup: WhichBackup,

    /// The folder for the files; made where it is not there [default: this one]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: Option<PathBuf>,

    /// Only this node's file, such as "node 0"; may be given several times
    #[arg(long = "node", value_name = "NAME")]
    pub(crate) nodes: Vec<String>,

    /// How many files are fetched at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) parallel: u8,

    /// Fetch the links for use inside JD Cloud's own network
    #[arg(long)]
    pub(crate) internal: bool,

    /// Replace files that are there, once the new ones are whole
    #[arg(long)]
    pub(crate) force: bool,

    /// Fetch http links as the service writes them, unencrypted
    #[arg(long)]
    pub(crate) http: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BackupVerify {
    /// The files; - is standard input
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) files: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct BackupCreate {
    #[command(flatten)]
    pub(crate) instance: Instance,

    /// The backup's name: letters, digits and '_', at most 32 [default: one with the time]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<BackupName>,

    /// Wait until the backup has succeeded or failed
    #[arg(long)]
    pub(crate) wait: bool,

    /// How long to wait, such as 90s, 30m or 2h
    #[arg(long, value_name = "DURATION", default_value = "1h", requires = "wait", value_parser = when::duration)]
    pub(crate) wait_timeout: Duration,
}

/// The region to look in.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The region; one that is not listed is accepted
    ///
    /// [environment: JDCLOUD_REGION; default: the profile's region_id]
    #[arg(long, value_name = "REGION", value_parser = RegionParser)]
    pub(crate) region: Option<Region>,
}

/// Where an instance is, and which.
#[derive(Debug, Args)]
pub(crate) struct Instance {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The instance's ID
    #[arg(long = "instance", value_name = "ID")]
    pub(crate) id: InstanceId,
}

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people
    Table,
    /// All there is, for programs
    Json,
    /// One value a line, for piping
    Plain,
}

/// Accepts any status and offers the documented ones to help and completion.
#[derive(Clone)]
struct StatusParser;

impl TypedValueParser for StatusParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        TypedValueParser::parse_ref(&clap::builder::NonEmptyStringValueParser::new(), command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(INSTANCE_STATUSES.iter().map(PossibleValue::new)))
    }
}

/// The values of `cacheInstanceStatus` that JD Cloud documents.
const INSTANCE_STATUSES: [&str; 8] = [
    "running",
    "creating",
    "changing",
    "configuring",
    "restoring",
    "upgrading",
    "deleting",
    "error",
];

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
  3    not found, or there is no such backup or link
  4    keys missing, refused or not permitted
  5    network: DNS, connection, TLS, proxy, time-out; or a wait ran out
  6    the service failed or refused otherwise, its answer is not as documented, or a backup failed
  7    a file is missing, incomplete or corrupt
  130  interrupted with Ctrl-C (143: asked to terminate)

Examples:
  jdredis instance list --region cn-north-1
  jdredis backup list --region cn-north-1 --instance redis-1234
  jdredis backup url --region cn-north-1 --instance redis-1234 --latest
";

const BACKUP_URL_EXAMPLES: &str = "\
Examples:
  # See the links, and until when they work
  jdredis backup url --region cn-north-1 --instance redis-1234 --base-id 1234

  # Those of the newest backup that succeeded
  jdredis backup url --region cn-north-1 --instance redis-1234 --latest

  # Fetch every shard with curl, each under the name it has at the service
  links=$(jdredis backup url --region cn-north-1 --instance redis-1234 --latest -q -o plain) || exit
  printf '%s\\n' \"$links\" | while IFS= read -r url; do
    name=${url%%\\?*}
    curl -fsS -o \"${name##*/}\" \"$url\" || exit
  done

  # The links with the shards they belong to
  jdredis backup url --region cn-north-1 --instance redis-1234 --base-id 1234 -o json |
    jq -r '.result.downloadUrls[] | [.name, .link] | @tsv'
";

const BACKUP_DOWNLOAD_EXAMPLES: &str = "\
Examples:
  # The newest backup, into a folder of its own
  jdredis backup download --region cn-north-1 --instance redis-1234 --latest --dir backups

  # Where nobody watches: no notes, and a line a file to work on
  jdredis backup download --region cn-north-1 --instance redis-1234 --latest --dir backups -q -o plain
";

const BACKUP_VERIFY_EXAMPLES: &str = "\
Examples:
  jdredis backup verify backups/*
  zcat dump.rdb.gz | jdredis backup verify -
";

const BACKUP_LIST_EXAMPLES: &str = "\
Examples:
  # What there is to fetch
  jdredis backup list --region cn-north-1 --instance redis-1234

  # What failed in the last three days
  jdredis backup list --region cn-north-1 --instance redis-1234 --status failed --since 3d
";

const BACKUP_CREATE_EXAMPLES: &str = "\
Examples:
  # Make a backup, wait for it, and print its links
  id=$(jdredis backup create --region cn-north-1 --instance redis-1234 --wait -o plain) &&
    jdredis backup url --region cn-north-1 --instance redis-1234 --base-id \"$id\"
";

const INSTANCE_LIST_EXAMPLES: &str = "\
Examples:
  jdredis instance list --region cn-north-1 --status running
  jdredis instance list --region cn-north-1 --name orders -o plain
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
