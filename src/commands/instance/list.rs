//! `jdredis instance list`: the instances of a region.

use anyhow::Context as _;

use crate::api::model::CacheInstance;
use crate::cli::InstanceList;
use crate::commands::Context;
use crate::output::listing;
use crate::terminal::human;

const MIB: u64 = 1024 * 1024;

pub(crate) fn run(args: &InstanceList, context: &Context<'_>) -> anyhow::Result<()> {
    let settings = context.settings(&args.place)?;
    let client = context.client(&settings);
    let mut instances = client
        .describe_cache_instances(args.name.as_deref(), args.status.as_deref())
        .with_context(|| format!("no instances of {}", settings.region))?;
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
    context.print(&listing::render(context.format, &instances, &HEADER, row))?;
    Ok(())
}

const HEADER: [&str; 8] = ["ID", "NAME", "TYPE", "VERSION", "MEMORY", "SHARDS", "STATUS", "ADDRESS"];

fn row(instance: &CacheInstance) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        instance.id.to_string(),
        text(&instance.name),
        text(&instance.kind),
        text(&instance.redis_version),
        instance
            .memory_mib
            .map(|mib| human::size(mib.saturating_mul(MIB)))
            .unwrap_or_default(),
        instance.shards.map(|shards| shards.to_string()).unwrap_or_default(),
        text(&instance.status),
        match (&instance.domain, instance.port) {
            (Some(domain), Some(port)) => format!("{domain}:{port}"),
            (domain, _) => text(domain),
        },
    ]
}
