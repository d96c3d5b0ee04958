//! `jdredis backup policy show`: the schedule of one instance.

use anyhow::Context as _;
use serde_json::Value;

use super::view::{HEADER, PolicyView, cells};
use crate::cli::shared::InstanceArgs;
use crate::commands::Context;
use crate::commands::backup::place;
use crate::output::{Format, json, plain, table};

/// Arguments of `backup policy show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  # Days, window, and the next backup
  jdredis backup policy show --region cn-north-1 --instance redis-1234

  # In a script: on, off or unknown
  jdredis backup policy show --region cn-north-1 --instance redis-1234 -o plain
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let instance = &args.instance;
    let settings = context.settings(&instance.region)?;
    let client = context.client(&settings);
    let (answer, policy) = client
        .describe_backup_policy(&instance.id, client.deadline())
        .with_context(|| format!("no policy of {}", place(&instance.id, &settings)))?;
    let bytes = match context.format {
        Format::Table => table::render(&HEADER, [cells(&policy)]),
        Format::Json => json::render(&with_policy(answer.json()?, PolicyView::of(&policy))),
        Format::Plain => plain::render([policy.automatic().word()]),
    };
    context.print(&bytes)?;
    Ok(())
}

/// The service's answer, with the meaning of its result added as `policy`.
fn with_policy(mut document: Value, policy: PolicyView) -> Value {
    if let Some(fields) = document.as_object_mut() {
        let view = serde_json::to_value(policy).expect("a view has only text for keys");
        fields.insert("policy".to_owned(), view);
    }
    document
}
