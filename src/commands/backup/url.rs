//! `jdredis backup url`: the temporary download links of a backup.

use std::borrow::Cow;

use anyhow::Context as _;
use serde_json::Value;
use time::OffsetDateTime;

use super::which::{Chosen, Which};
use crate::backups::{NodeLink, links, same_objects, unread_names};
use crate::cli::shared::{InstanceArgs, WhichBackup};
use crate::commands::Context;
use crate::completion::names::Names;
use crate::output::Format;
use crate::output::{json, plain, table};
use crate::terminal::notes::Notes;
use crate::values::local::LocalTime;
use crate::values::when::rfc3339;

/// Arguments of `backup url`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,

    #[command(flatten)]
    pub(crate) backup: WhichBackup,

    /// Print the links for use inside JD Cloud's own network
    #[arg(long)]
    pub(crate) internal: bool,

    /// Print the links with https
    ///
    /// The service writes http links, and this command prints what the service writes, since the storage may
    /// be reached where it speaks no TLS. The signature holds for either. 'backup download' does the opposite:
    /// it fetches over https unless --http is given.
    #[arg(long)]
    pub(crate) https: bool,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  # See the links, and until when they work
  jdredis backup url --region cn-north-1 --instance redis-1234 --base-id 1234

  # Those of the newest backup that succeeded
  jdredis backup url --region cn-north-1 --instance redis-1234 --latest

  # Fetch every shard under the name it has at the service, with curl 7.52 or later and no link in its arguments
  jdredis backup url --region cn-north-1 --instance redis-1234 --latest -q -o plain | sed 's/.*/url = \"&\"/' | curl -fsS --fail-early --remote-name-all -K -

  # The links with the shards they belong to
  jdredis backup url --region cn-north-1 --instance redis-1234 --base-id 1234 -o json | jq -r '.result.downloadUrls[] | [.name, .link] | @tsv'
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let instance = &args.instance;
    let which = Which::of(&args.backup)?;
    let settings = context.settings(&instance.region)?;
    let client = context.client(&settings);
    let deadline = client.deadline();
    let place = super::place(&instance.id, &settings);
    let backup = which.find(&client, &instance.id, &place, deadline, context.notes)?;
    if let Some(stale) = backup.staleness(args.backup.max_age, context.world.clock.now()) {
        return Err(stale.into());
    }
    let doing = || format!("cannot get the links of backup {} of {place}", backup.base_id);
    let (answer, urls) = client
        .describe_download_url(&instance.id, &backup.base_id, deadline)
        .with_context(doing)?;
    if let Some(warning) = unread_names(&urls) {
        context.notes.warn(warning);
    }
    let mut links = links(&answer, urls, args.internal).with_context(doing)?;
    if args.https {
        for NodeLink { link, .. } in &mut links {
            *link = link.over_https();
        }
    }
    for same in same_objects(&links) {
        context.notes.warn(same);
    }
    let bytes = match context.format {
        Format::Table => render_table(&links, context.local),
        Format::Json => json::render(&with_additions(answer.json()?, &links, &backup, args)),
        Format::Plain => plain::render(links.iter().map(|shard| shard.link.expose())),
    };
    context.print(&bytes)?;
    if let Some(names) = Names::of(&settings, context.world) {
        names.learn_nodes(&instance.id, links.iter().filter_map(|shard| shard.node.as_deref()));
    }
    if context.format != Format::Json {
        say_expiry(&links, context.world.clock.now(), context.notes);
        if links.iter().any(|shard| shard.link.over_https() != shard.link) {
            context.notes.remark(
                "the links are unencrypted http: whoever is on the way can read the data; --https prints them with \
                 https",
            );
        }
    }
    Ok(())
}

fn render_table(links: &[NodeLink], local: LocalTime) -> Vec<u8> {
    let rows = links.iter().map(|shard| {
        [
            shard.node.as_deref().unwrap_or_default().into(),
            shard.link.file_name(),
            shard
                .link
                .expires_at()
                .map(|expiry| local.text(expiry))
                .unwrap_or_default()
                .into(),
            Cow::Borrowed(shard.link.expose()),
        ]
    });
    table::render(&["NAME", "FILE NAME", "EXPIRES", "LINK"], rows)
}

/// The answer, with `expiresAt` added to each of its links where the link tells, and the `backup`
/// where the program chose it. The links are https where that is asked for.
fn with_additions(mut document: Value, links: &[NodeLink], backup: &Chosen, args: &Args) -> Value {
    let urls = document
        .pointer_mut("/result/downloadUrls")
        .and_then(Value::as_array_mut);
    for (url, link) in urls.into_iter().flatten().zip(links) {
        let Some(url) = url.as_object_mut() else { continue };
        if args.https {
            let field = if args.internal { "internalLink" } else { "link" };
            url.insert(field.to_owned(), link.link.expose().into());
        }
        if let Some(expiry) = link.link.expires_at() {
            url.entry("expiresAt").or_insert_with(|| rfc3339(expiry).into());
        }
    }
    if let (Some(document), Some(entry)) = (document.as_object_mut(), &backup.entry) {
        document.insert("backup".to_owned(), entry.json());
    }
    document
}

fn say_expiry(links: &[NodeLink], now: OffsetDateTime, notes: &Notes<'_>) {
    let Some(first) = links.iter().filter_map(|shard| shard.link.expires_at()).min() else {
        return;
    };
    let left = first - now;
    if left.is_positive() {
        notes.remark(format_args!(
            "the links expire in {} min, at {}; until then whoever holds one can fetch the data",
            left.whole_minutes(),
            rfc3339(first)
        ));
    } else {
        notes.warn(format_args!(
            "by this machine's clock the links expired at {}; if the clock is right, ask for new ones",
            rfc3339(first)
        ));
    }
}
