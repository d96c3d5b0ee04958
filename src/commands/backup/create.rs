//! `jdredis backup create`: starts a backup and, on request, waits for its end.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::new_backup::{self, Order};
use crate::cli::shared::InstanceArgs;
use crate::commands::Context;
use crate::output::Format;
use crate::output::{json, plain, table};
use crate::values::id::BackupName;

/// Arguments of `backup create`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,

    /// The backup's name: letters, digits and '_', at most 32 [default: one with the time]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<BackupName>,

    /// Wait until the backup has succeeded or failed
    #[arg(long)]
    pub(crate) wait: bool,

    /// How long to wait, such as 90s, 30m or 2h; a number without a unit is seconds
    #[arg(long, value_name = "DURATION", default_value = "1h", requires = "wait", value_parser = crate::values::when::wait)]
    pub(crate) wait_timeout: Duration,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  # Make a backup, wait for it, and print its links
  id=$(jdredis backup create --region cn-north-1 --instance redis-1234 --wait -o plain) && jdredis backup url --region cn-north-1 --instance redis-1234 --base-id \"$id\"
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let instance = &args.instance;
    let settings = context.settings(&instance.region)?;
    let client = context.client(&settings);
    let name = match &args.name {
        Some(name) => name.clone(),
        None => new_backup::default_name("jdredis", context)?,
    };
    // Deferred before the request: a script that reads the ID may interrupt at once.
    let order = Order {
        context,
        client: &client,
        instance: &instance.id,
        place: &super::place(&instance.id, &settings),
        stop: context.interrupt.defer_first_signal(),
        consequence: "",
    };
    let (answer, base_id) = order.start(&name)?;
    let nothing_printed = || format!("cannot print the ID of backup {base_id}, which was started");
    let bytes = match context.format {
        Format::Table => table::render(&["BASE ID", "NAME"], [vec![base_id.as_str(), name.as_str()]]),
        Format::Json => json::render(&answer.json().with_context(nothing_printed)?),
        Format::Plain => plain::render([base_id.as_str()]),
    };
    let mut wait = args.wait.then(|| order.wait(&base_id, args.wait_timeout));
    let mut document = None;
    // The ID is said before the wait, so that it is not lost however the wait ends.
    if wait.is_some() && context.format == Format::Json {
        // A program reads one document, which has the final status.
        document = Some(answer.json().with_context(nothing_printed)?);
        context.notes.note(format_args!("backup {base_id} was started"));
    } else {
        context.print(&bytes).with_context(nothing_printed)?;
    }
    if (context.world.stdout_may_be_closed)() {
        context.notes.insist(format_args!(
            "backup {base_id} was started; standard output is closed, or is /dev/null"
        ));
    }
    let Some(wait) = &mut wait else { return Ok(()) };
    // The signal decides the exit code, not a terminal that takes no data any more.
    let outcome = wait.run(|status| drop(print_document(document.as_ref(), status, context)));
    // A failure of the wait says more than one to print.
    let printed = print_document(document.as_ref(), wait.status, context).with_context(nothing_printed);
    outcome.and(printed)
}

/// Prints the answer with the status that the backup had last, where that was left to the end.
fn print_document(document: Option<&Value>, status: &str, context: &Context<'_>) -> anyhow::Result<()> {
    let Some(mut document) = document.cloned() else {
        return Ok(());
    };
    if let Some(result) = document.get_mut("result").and_then(Value::as_object_mut) {
        result.entry("status").or_insert_with(|| status.into());
    }
    Ok(context.print(&json::render(&document))?)
}
