//! `jdredis backup …`, and what its subcommands share: finding backups.

mod create;
mod download;
mod list;
mod policy;
mod url;
mod verify;

use std::cmp::Reverse;
use std::fmt::Display;

use clap::Subcommand;
use time::OffsetDateTime;

use super::Context;
use crate::api::model::{Backup, DownloadUrls};
use crate::api::{self, Answer, BackupFilter, Client, Entry, Listing};
use crate::cli::shared::WhichBackup;
use crate::error::{Kind, Report};
use crate::terminal::escape::visible;
use crate::terminal::notes::Notes;
use crate::values::id::{BaseId, InstanceId};
use crate::values::link::Link;
use crate::values::vocabulary::BackupStatus;
use crate::values::when::rfc3339;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch the files of a backup, whole and verified
    ///
    /// A second run goes on where the first stopped, whatever stopped it. Files are checked while they
    /// come: their length, and as RDB files their end and their checksum.
    #[command(
        after_long_help = download::EXAMPLES,
        override_usage = "jdredis backup download [OPTIONS] --instance <ID> (--base-id <ID> | --latest)"
    )]
    Download(download::Args),

    /// Check whether files are whole RDB files
    ///
    /// The check of 'download', for files that were fetched by other means. Needs no network and no
    /// keys.
    #[command(after_long_help = verify::EXAMPLES)]
    Verify(verify::Args),

    /// List the backups of an instance, newest first
    #[command(after_long_help = list::EXAMPLES)]
    List(list::Args),

    /// Print the temporary download links of a backup
    ///
    /// One link for every shard of the instance. A link is valid for an hour, and whoever holds it
    /// can fetch the data: treat it as a password.
    #[command(
        after_long_help = url::EXAMPLES,
        override_usage = "jdredis backup url [OPTIONS] --instance <ID> (--base-id <ID> | --latest)"
    )]
    Url(url::Args),

    /// Start a backup and print its base ID
    ///
    /// The base ID is printed as soon as it is known, so that it is not lost whatever happens while
    /// waiting.
    #[command(after_long_help = create::EXAMPLES)]
    Create(create::Args),
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> anyhow::Result<()> {
    match command {
        Command::Create(args) => create::run(args, context),
        Command::Download(args) => download::run(args, context),
        Command::List(args) => list::run(args, context),
        Command::Url(args) => url::run(args, context),
        Command::Verify(args) => verify::run(args, context),
    }
}

/// The backups that `matches` holds for, newest first, and perhaps others.
///
/// In what order the service lists them is not documented. As long as what it sent was newest first,
/// pages after `wanted` matches are not asked for; as soon as it was not, all are.
fn newest_first(
    client: &Client<'_>,
    instance: &InstanceId,
    filter: &BackupFilter<'_>,
    wanted: usize,
    matches: impl Fn(&Backup) -> bool,
) -> Result<Listing<Backup>, api::Error> {
    let (mut found, mut is_newest_first, mut last) = (0, true, None);
    let enough = |page: &[Entry<Backup>]| {
        for entry in page {
            let start = entry.view.started();
            is_newest_first &= start.is_some() && last.is_none_or(|last| start <= last);
            last = Some(start);
            found += usize::from(matches(&entry.view));
        }
        is_newest_first && found >= wanted
    };
    let mut listing = client.describe_backups(instance, filter, enough)?;
    // What has no time comes last.
    listing
        .entries
        .sort_by_cached_key(|entry| Reverse(entry.view.started().map(OffsetDateTime::unix_timestamp_nanos)));
    Ok(listing)
}

/// What the service lists of the backup with this ID, if it does.
fn find_backup(
    client: &Client<'_>,
    instance: &InstanceId,
    base_id: &BaseId,
) -> Result<Option<Entry<Backup>>, api::Error> {
    let filter = BackupFilter {
        base_id: Some(base_id),
        ..BackupFilter::default()
    };
    let is_it = |entry: &Entry<Backup>| entry.view.base_id == *base_id;
    let listing = client.describe_backups(instance, &filter, |page| page.iter().any(is_it))?;
    Ok(listing.entries.into_iter().find(is_it))
}

/// Which backup a command is about.
enum Which<'a> {
    Named(&'a BaseId),
    Latest,
}

impl<'a> Which<'a> {
    fn of(args: &'a WhichBackup) -> anyhow::Result<Self> {
        let message = match (&args.base_id, args.latest) {
            (Some(base_id), false) => return Ok(Self::Named(base_id)),
            (None, true) => return Ok(Self::Latest),
            (None, false) => "neither --base-id nor --latest was given",
            (Some(_), true) => "both --base-id and --latest were given",
        };
        Err(Report::with_hint(
            Kind::Usage,
            message,
            "give one of the two: --base-id ID, where 'jdredis backup list' shows the IDs, or --latest".to_owned(),
        )
        .into())
    }

    /// Looks for the backup where it has to be looked for, and says which it is.
    fn find(&self, client: &Client<'_>, instance: &InstanceId, notes: &Notes<'_>) -> anyhow::Result<Chosen> {
        if let Self::Named(base_id) = *self {
            return Ok(Chosen {
                base_id: base_id.clone(),
                entry: None,
            });
        }
        let entry = latest(client, instance)?;
        let base_id = entry.view.base_id.clone();
        let name = entry.view.name.as_deref().filter(|name| !name.is_empty());
        let name = name.map_or_else(String::new, |name| format!(" ({})", visible(name)));
        let start = entry
            .view
            .started()
            .map_or_else(|| "an unknown time".to_owned(), rfc3339);
        notes.note(format_args!("the newest backup is {base_id}{name}, started at {start}"));
        Ok(Chosen {
            base_id,
            entry: Some(entry),
        })
    }
}

/// The backup that a command is about.
struct Chosen {
    base_id: BaseId,
    /// What the service lists of it, where it had to be looked for.
    entry: Option<Entry<Backup>>,
}

/// The newest backup that succeeded, by its start.
fn latest(client: &Client<'_>, instance: &InstanceId) -> anyhow::Result<Entry<Backup>> {
    let succeeded = |backup: &Backup| backup.status() == Some(BackupStatus::Success);
    let listing = newest_first(client, instance, &BackupFilter::default(), 1, succeeded)?;
    let count = |status| {
        listing
            .entries
            .iter()
            .filter(|entry| entry.view.status() == Some(status))
            .count()
    };
    let (running, failed) = (count(BackupStatus::Running), count(BackupStatus::Failed));
    listing
        .entries
        .into_iter()
        .find(|entry| succeeded(&entry.view))
        .ok_or_else(|| {
            Report {
                kind: Kind::NotFound,
                message: format!(
                    "instance {instance} has no backup that succeeded: {running} running, {failed} failed"
                ),
                details: Vec::new(),
                request_id: listing.request_id,
                hint: match (running, failed) {
                    (0, 0) => "make one with 'jdredis backup create'; JD Cloud keeps a backup for 7 days",
                    (0, _) => {
                        "'jdredis backup list' shows the failed ones; make a new one with 'jdredis backup create'"
                    }
                    _ => "wait until it has finished: 'jdredis backup list' shows its status",
                }
                .to_owned()
                .into(),
                ..Report::default()
            }
            .into()
        })
}

/// A shard and the link to its file.
struct ShardLink {
    node: Option<String>,
    link: Link,
}

/// The links of a backup, public or `internal` ones, in the service's order.
fn links(answer: &Answer, urls: DownloadUrls, internal: bool) -> anyhow::Result<Vec<ShardLink>> {
    let nothing = |message: String, hint: &str| Report {
        kind: Kind::NotFound,
        message,
        details: Vec::new(),
        request_id: answer.request_id().cloned(),
        hint: Some(hint.to_owned()),
        ..Report::default()
    };
    if urls.download_urls.is_empty() {
        let hint = "the backup may still be running, may have failed, or may be gone: JD Cloud keeps one for 7 days";
        return Err(nothing("the service lists none".to_owned(), hint).into());
    }
    let mut links = Vec::with_capacity(urls.download_urls.len());
    for (i, url) in urls.download_urls.into_iter().enumerate() {
        let (field, text) = if internal {
            ("internalLink", url.internal_link)
        } else {
            ("link", url.link)
        };
        let misshapen =
            |problem: &dyn Display| answer.unexpected(format!("in its result, downloadUrls[{i}].{field} {problem}"));
        let link = match text {
            Some(text) => Link::parse(&text).map_err(|problem| misshapen(&problem))?,
            None if internal => {
                let node = url
                    .name
                    .map_or_else(|| format!("entry {i}"), |name| format!("\"{name}\""));
                let message = format!("the service gave no internal link for {node}");
                return Err(nothing(message, "leave --internal out to get the public links").into());
            }
            None => return Err(misshapen(&"is missing").into()),
        };
        links.push(ShardLink { node: url.name, link });
    }
    Ok(links)
}
