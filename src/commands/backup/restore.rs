//! `jdredis backup restore`: replaces the data of an instance with those of a backup.
//!
//! This is the only command that destroys data at the service. Its steps:
//!
//! 1. `plan` reads the instance and the backup, and refuses what cannot be right. The backup is chosen here,
//!    before the safety backup is made, which would be the newest one.
//! 2. `confirm` has the instance's ID typed, or compares the one of `--confirm`.
//! 3. `steps` makes a backup of what is there now (the safety backup) and waits for it, looks at the instance once
//!    more, and sends the request, once.
//! 4. `follow` watches the restore. The service's answer names no task, so it looks at the instance's status, and at
//!    the tasks where the key may read them. A restore that was not seen counts as unclear.

mod confirm;
mod document;
mod follow;
mod plan;
mod steps;

use std::time::Duration;

use anyhow::Context as _;

use self::plan::Plan;
use self::steps::Restore;
use super::which::Which;
use crate::cli::shared::{InstanceArgs, WhichBackup};
use crate::commands::Context;

/// Arguments of `backup restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,

    #[command(flatten)]
    pub(crate) backup: WhichBackup,

    /// The instance's ID once more; required where nobody can be asked to type it
    #[arg(long, value_name = "ID")]
    pub(crate) confirm: Option<String>,

    /// Wait until the instance was seen restoring and then running
    #[arg(long)]
    pub(crate) wait: bool,

    /// How long to wait for the safety backup, and with --wait again for the restore, such as 90s, 30m or 2h
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = crate::values::when::wait)]
    pub(crate) wait_timeout: Duration,

    /// Make no backup of what is there now: it is lost
    #[arg(long)]
    pub(crate) no_backup: bool,

    /// Look at the instance and the backup, say what would be done, and send nothing that changes anything
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What is not known of the operation, and examples.
pub(super) const AFTER_HELP: &str = "\
It is not known, since no author could try it:
  - whether the service empties the instance first, or mixes the data
  - what becomes of what clients write until the end: take it as lost
  - whether the version must match
  - whether the number of shards must match: a backup of other shards is
    refused here
  - whether another instance's backup is accepted: it is refused here
  - which errors the service answers with: they are shown as they come
  - how soon the status is 'restoring': after 20 seconds of 'running', --wait
    ends as unclear
  - whether a restore is among the tasks of /v1/tasks, and who may read them:
    --wait tries, and only a failed one counts
  - whether clients stay connected
  - whether accounts and parameters are restored, too

Examples:
  # See what would be done
  jdredis backup restore --region cn-north-1 --instance redis-1234 --latest --dry-run

  # Restore that backup, after the instance's ID was typed, and wait for the end
  jdredis backup restore --region cn-north-1 --instance redis-1234 --base-id 1234 --wait

  # From a script, where nobody can be asked; the base ID of the safety backup is printed
  before=$(jdredis backup restore --region cn-north-1 --instance redis-1234 --base-id 1234 --confirm redis-1234 --wait -o plain)
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let which = Which::of(&args.backup)?;
    let asks = confirm::asks(args, context.world)?;
    let settings = context.settings(&args.instance.region)?;
    let client = context.client(&settings);
    let deadline = client.deadline();
    let place = super::place(&args.instance.id, &settings);
    let instance = client
        .describe_cache_instance(&args.instance.id, deadline)
        .with_context(|| format!("cannot look at {place}"))?;
    plan::refuse_unless_running(&instance, &args.instance.id, &place)?;
    let chosen = which.find(&client, &args.instance.id, &place, deadline, context.notes)?;
    if let Some(stale) = chosen.staleness(args.backup.max_age, context.world.clock.now()) {
        return Err(stale.into());
    }
    let plan = Plan::make(args, &client, instance, chosen, place, &settings.region)?;
    if args.backup.latest && plan.is_of_safety_backup() {
        context.notes.warn(format_args!(
            "the newest backup, {}, is the safety backup of an earlier restore: to restore it takes that restore back",
            plan.base_id
        ));
    }
    if args.dry_run {
        let dry = "nothing was sent that changes anything (--dry-run)";
        context.notes.note(dry);
        return Ok(context.print(&document::of_plan(&plan, args, context))?);
    }
    // From here on a signal does not end the process at once: the message must say whether anything was sent.
    let stop = context.interrupt.defer_first_signal();
    if asks {
        confirm::ask(&plan, args, context, &stop)?;
    }
    Restore::new(args, context, &client, &plan, stop).run(asks)
}
