//! `jdredis instance list`: the instances of a region.

use anyhow::Context as _;

use crate::api::model::CacheInstance;
use crate::cli::shared::RegionArgs;
use crate::cli::values::instance_status;
use crate::commands::Context;
use crate::completion::names::{Extent, Names};
use crate::output::{Format, listing};
use crate::terminal::human;

const MIB: u64 = 1024 * 1024;

/// Arguments of `instance list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) region: RegionArgs,

    /// Only instances whose name contains this
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,

    /// Only instances of this status
    #[arg(long, value_name = "STATUS", value_parser = instance_status())]
    pub(crate) status: Option<String>,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  jdredis instance list --region cn-north-1 --status running
  jdredis instance list --region cn-north-1 --name orders -o plain
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let settings = context.settings(&args.region)?;
    let client = context.client(&settings);
    let mut instances = client
        .describe_cache_instances(args.name.as_deref(), args.status.as_deref(), client.deadline())
        .with_context(|| format!("cannot list the instances of {}", settings.region))?;
    context.warn(&instances.warnings);
    let is_filtered = args.name.is_some() || args.status.is_some();
    if let Some(names) = Names::of(&settings, context.world) {
        let extent = Extent::of(!is_filtered && instances.warnings.is_empty());
        names.learn_instances(instances.entries.iter().map(|entry| &entry.view), extent);
    }
    // The service matches names loosely, by rules that it does not document.
    let name = args.name.as_ref().map(|name| name.to_lowercase());
    instances.entries.retain(|entry| {
        let is_named = |wanted: &String| {
            entry
                .view
                .name
                .as_ref()
                .is_some_and(|name| name.to_lowercase().contains(wanted))
        };
        name.as_ref().is_none_or(is_named) && (args.status.is_none() || entry.view.status == args.status)
    });
    // A listing that came with a warning may be incomplete.
    if instances.entries.is_empty() && instances.warnings.is_empty() && context.format != Format::Json {
        let which = if is_filtered { " that match" } else { "" };
        context
            .notes
            .note(format_args!("{} has no instances{which}", settings.region));
    }
    context.print(&listing::render(
        context.format,
        context.room(),
        &instances,
        &HEADER,
        row,
    ))?;
    Ok(())
}

const HEADER: [&str; 8] = ["ID", "NAME", "STATUS", "MEMORY", "SHARDS", "VERSION", "TYPE", "ADDRESS"];

fn row(instance: &CacheInstance) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        instance.id.to_string(),
        text(&instance.name),
        text(&instance.status),
        instance
            .memory_mib
            .map(|mib| human::size(mib.saturating_mul(MIB)))
            .unwrap_or_default(),
        instance.shards.map(|shards| shards.to_string()).unwrap_or_default(),
        text(&instance.redis_version),
        text(&instance.kind),
        match (&instance.domain, instance.port) {
            (Some(domain), Some(port)) => format!("{domain}:{port}"),
            (domain, _) => text(domain),
        },
    ]
}
