//! `jdredis doctor`: checks what the program needs and what it believes about the service.
//!
//! Nobody who wrote the program could reach the service, so the README lists beliefs. A user with an account
//! finds out here which of them are true. Only reads are made: at most sixteen calls of the service, and a few
//! hundred bytes from the storage. The report holds no secret, so that it can be pasted as it is.
//!
//! | file | owns |
//! |---|---|
//! | `check` | a check and its states; the list of all checks |
//! | `surroundings` | settings, keys, certificates, proxy, connection |
//! | `service` | the calls and their count; signature, token, clock, permissions, regions |
//! | `forms` | JSON types and times that are not as documented |
//! | `instance` | which instance; pages, order, filters |
//! | `policy` | how a policy says on and off, and where its days count |
//! | `backup` | which backup; its links |
//! | `storage` | what the storage answers to a link |
//! | `render` | the report as a table, JSON or plain lines |

mod backup;
mod check;
mod forms;
mod instance;
mod policy;
mod render;
mod service;
mod storage;
mod surroundings;

use std::sync::Arc;

use self::check::Findings;
use self::service::Service;
use crate::cli::shared::RegionArgs;
use crate::commands::Context;
use crate::values::id::{BaseId, InstanceId};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) region: RegionArgs,

    /// The instance to look at [default: the first running one that has a backup]
    #[arg(long, value_name = "ID")]
    pub(crate) instance: Option<InstanceId>,

    /// The backup to look at [default: the newest one that succeeded]
    #[arg(long, value_name = "ID", requires = "instance")]
    pub(crate) base_id: Option<BaseId>,

    /// Look at the links for use inside JD Cloud's own network
    #[arg(long)]
    pub(crate) internal: bool,

    /// Let the link be sent without encryption, to try the storage where https does not work
    #[arg(long)]
    pub(crate) http: bool,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  # After a first error, or before the first use
  jdredis doctor --region cn-north-1

  # About one instance, as JSON for a report
  jdredis doctor --region cn-north-1 --instance redis-1234 -o json
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    untested(&mut findings);
    let (calls, why_not) = examine(args, context, &mut findings);
    let checks = findings.into_checks(why_not);
    context.print(&render::render(&checks, calls, context.format, context.paints()))?;
    check::conclude(&checks)
}

/// Makes the checks until one fails that the next ones need. Returns how often the service was called, and why the
/// remaining checks were not made.
fn examine(args: &Args, context: &Context<'_>, findings: &mut Findings) -> (usize, &'static str) {
    let mut settings = match context.settings(&args.region) {
        Ok(settings) => settings,
        Err(error) => {
            surroundings::no_settings(error, findings);
            return (0, "there are no settings to try it with");
        }
    };
    // A call that fails once is reported, and further attempts would be missing from the count of calls.
    settings.max_attempts = 1;
    surroundings::settings(&settings, findings);
    let is_connected = surroundings::network(&settings, findings);
    surroundings::keys(&settings, context.world, findings);
    if !is_connected {
        return (0, "the service cannot be reached");
    }
    let client = context.client(&settings);
    let mut service = Service::new(&settings, client);
    if let Err(why_not) = service.introduce(findings) {
        return (service.calls(), why_not);
    }
    let chosen = instance::examine(args, &mut service, findings);
    let link = chosen.and_then(|chosen| backup::examine(args, &chosen, &mut service, findings));
    if let Some(link) = link {
        let network = Arc::clone(&settings.network);
        storage::examine(&link, args.http, network, settings.timeout, findings);
    }
    service.conclude(findings);
    if service.has_accepted_keys {
        surroundings::keys_are_accepted(&settings, context.world, findings);
    }
    (service.calls(), "what it needs was not found, see above")
}

/// The beliefs that no check can try, each with the reason.
fn untested(findings: &mut Findings) {
    findings.skipped(
        "writes",
        "createBackup, modifyBackupPolicy, restoreInstance: not without doing it",
    );
    findings.skipped(
        "expiredLink",
        "how the storage answers it can be seen only after an hour",
    );
}
