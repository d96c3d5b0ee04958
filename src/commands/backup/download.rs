//! `jdredis backup download`: the files of a backup, whole and verified, or why not.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

use super::{Chosen, ShardLink, Which, find_backup, links};
use crate::api::Client;
use crate::cli::shared::{InstanceArgs, WhichBackup};
use crate::commands::Context;
use crate::config::{self, Settings};
use crate::error::{Kind, Report};
use crate::output::Format;
use crate::output::{json, plain, table};
use crate::terminal::human;
use crate::terminal::progress::Progress;
use crate::transfer::{self, Ended, Event, FileReport, Folder, Identity, Shard, State, Storage, Transfer};
use crate::values::endpoint::{Endpoint, InvalidEndpoint};
use crate::values::link::Link;

/// How long the workers have to put away what they have once the user wants it to end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Arguments of `backup download`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,

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

pub(super) const EXAMPLES: &str = "\
Examples:
  # The newest backup, into a folder of its own
  jdredis backup download --region cn-north-1 --instance redis-1234 --latest --dir backups

  # Where nobody watches: no notes, and a line a file to work on
  jdredis backup download --region cn-north-1 --instance redis-1234 --latest --dir backups -q -o plain
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let which = Which::of(&args.backup)?;
    let settings = context.settings(&args.instance.region)?;
    let client = context.client(&settings);
    let place = format!("instance {} in {}", args.instance.id, settings.region);
    let backup = which
        .find(&client, &args.instance.id, context.notes)
        .with_context(|| format!("no latest backup of {place}"))?;
    let download = Download {
        args,
        context,
        client: &client,
        settings: &settings,
        backup: &backup,
    };
    let reports = download
        .run()
        .with_context(|| format!("no files of backup {} of {place}", backup.base_id))?;
    context.print(&download.render(&reports))?;
    download.judge(&reports)
}

struct Download<'a> {
    args: &'a Args,
    context: &'a Context<'a>,
    client: &'a Client<'a>,
    settings: &'a Settings,
    backup: &'a Chosen,
}

impl Download<'_> {
    fn run(&self) -> anyhow::Result<Vec<FileReport>> {
        let world = self.context.world;
        let mut shards = self.shards()?;
        let identity = Identity {
            region: self.settings.region.to_string(),
            instance: self.args.instance.id.to_string(),
            base_id: self.backup.base_id.to_string(),
        };
        let dir = self.args.dir.clone().unwrap_or_else(|| PathBuf::from("."));
        let holder = format!("jdredis (process {})", std::process::id());
        let folder = Folder::open(&dir, &holder)?;
        self.check_names(&folder, &identity, &shards)?;
        let expected = self.check_space(&folder, &identity, &shards)?;
        let stop = self.context.interrupt.defer_first_signal();
        let mut seed = [0; 8];
        (world.random)(&mut seed).context("the system gave no random bytes")?;
        let transfer = Transfer::start(
            shards.clone(),
            transfer::Options {
                folder,
                identity,
                storage: Storage::new(self.proxy(&shards)?, self.settings.timeout),
                parallel: self.args.parallel.into(),
                max_attempts: self.settings.max_attempts,
                force: self.args.force,
                clock: Arc::clone(&world.clock),
                seed: u64::from_ne_bytes(seed),
                stop: Arc::clone(&stop),
            },
        )
        .context("the system gives no thread to fetch with")?;
        let nodes = shards.iter().map(|shard| shard.node.clone());
        let progress = Progress::new(nodes, expected, &*world.clock, self.context.notes);
        let mut reports: Vec<Option<FileReport>> = shards.iter().map(|_| None).collect();
        let mut stopped_at = None;
        loop {
            match transfer.next() {
                Ok(Some((index, event))) => match event {
                    Event::Position { bytes, length } => progress.position(index, bytes, length),
                    Event::Note(text) => progress.note(index, &text),
                    // Who asks without being answered takes it for the end.
                    Event::NeedsLink { .. } if stop.load(Ordering::Relaxed) => {}
                    Event::NeedsLink { stale, reply } => {
                        let ask = || self.fresh_link(&mut shards, index, &stale);
                        let _ = reply.send(self.context.interrupt.exit_on_signal_during(ask));
                    }
                    Event::Done(report) => {
                        progress.end(index, report.state.name());
                        reports[index] = Some(report);
                    }
                },
                Ok(None) => progress.tick(),
                Err(Ended) => break,
            }
            if stop.load(Ordering::Relaxed) {
                let now = world.clock.monotonic();
                if now.saturating_sub(*stopped_at.get_or_insert(now)) >= LAST_WORDS {
                    break;
                }
            }
        }
        drop(progress);
        if stop.load(Ordering::Relaxed) {
            let kind = Kind::Interrupted(self.context.interrupt.signal());
            return Err(Report::with_hint(kind, "interrupted", self.go_on()).into());
        }
        reports
            .into_iter()
            .collect::<Option<_>>()
            .context("a download ended without a word of its file")
    }

    /// The shards that are asked for, with the names their files get.
    fn shards(&self) -> anyhow::Result<Vec<Shard>> {
        let all = self.named_links()?;
        let names = transfer::distinct_names(
            all.iter()
                .map(|(_, link)| link.file_name().into_owned())
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str),
        );
        let wanted = &self.args.nodes;
        if let Some(unknown) = wanted.iter().find(|wanted| all.iter().all(|(node, _)| node != *wanted)) {
            let nodes: Vec<&str> = all.iter().map(|(node, _)| node.as_str()).collect();
            return Err(Report::with_hint(
                Kind::NotFound,
                format!("the backup has no node \"{unknown}\""),
                format!("its nodes are: \"{}\"", nodes.join("\", \"")),
            )
            .into());
        }
        let shards = all
            .into_iter()
            .zip(names)
            .map(|((node, link), file_name)| Shard { node, file_name, link });
        Ok(shards
            .filter(|shard| wanted.is_empty() || wanted.contains(&shard.node))
            .collect())
    }

    /// Each node with its link, as it is to be fetched. Nodes without a name of their own are numbered.
    fn named_links(&self) -> anyhow::Result<Vec<(String, Link)>> {
        let (answer, urls) = self
            .client
            .describe_download_url(&self.args.instance.id, &self.backup.base_id)?;
        let links = links(&answer, urls, self.args.internal)?;
        let is_unique = |node: &str| links.iter().filter(|shard| shard.node.as_deref() == Some(node)).count() == 1;
        Ok(links
            .iter()
            .enumerate()
            .map(|(i, ShardLink { node, link })| {
                let node = node
                    .clone()
                    .filter(|node| is_unique(node))
                    .unwrap_or_else(|| format!("shard {i}"));
                let link = if self.args.http {
                    link.clone()
                } else {
                    link.over_https()
                };
                (node, link)
            })
            .collect())
    }

    /// A link for the shard, new unless the service has none that is not the stale one. All shards
    /// get new ones at once.
    fn fresh_link(&self, shards: &mut [Shard], index: usize, stale: &Link) -> Result<Link, String> {
        if shards[index].link == *stale {
            self.client.restart_time(Duration::MAX);
            let fresh = self
                .named_links()
                .map_err(|error| format!("there is no new link: {error:#}"))?;
            for shard in shards.iter_mut() {
                // The object first: nodes without a name are told apart by their order alone.
                let is_same_object = |(_, link): &&(String, Link)| link.object() == shard.link.object();
                let is_same_node = |(node, _): &&(String, Link)| *node == shard.node;
                if let Some((_, link)) = fresh
                    .iter()
                    .find(is_same_object)
                    .or_else(|| fresh.iter().find(is_same_node))
                {
                    shard.link = link.clone();
                }
            }
        }
        Ok(shards[index].link.clone())
    }

    fn check_names(&self, folder: &Folder, identity: &Identity, shards: &[Shard]) -> anyhow::Result<()> {
        let names = |is: &dyn Fn(&Shard) -> bool| -> Vec<&str> {
            let those = shards.iter().filter(|shard| is(shard));
            those.map(|shard| shard.file_name.as_str()).collect()
        };
        let obstructed = names(&|shard| folder.is_obstructed(&shard.file_name));
        if !obstructed.is_empty() {
            return Err(Report::with_hint(
                Kind::Other,
                format!("there are folders of the files' names: {}", obstructed.join(", ")),
                "move them away, or give another folder with --dir; --force replaces only files".to_owned(),
            )
            .into());
        }
        let taken = names(&|shard| !self.args.force && folder.is_taken(&shard.file_name, identity, &shard.node));
        if taken.is_empty() {
            return Ok(());
        }
        Err(Report::with_hint(
            Kind::Other,
            format!("there are files of these names already: {}", taken.join(", ")),
            "give another folder with --dir, or --force to replace them once the new ones are whole".to_owned(),
        )
        .into())
    }

    /// Makes sure that what is missing fits; how many bytes the backup has, where the service tells.
    fn check_space(&self, folder: &Folder, identity: &Identity, shards: &[Shard]) -> anyhow::Result<Option<u64>> {
        if !self.args.nodes.is_empty() {
            return Ok(None);
        }
        let Some(size) = self.size() else { return Ok(None) };
        let present: u64 = shards
            .iter()
            .map(|shard| folder.bytes_of(&shard.file_name, identity, &shard.node))
            .sum();
        let missing = size.saturating_sub(present);
        match folder.available() {
            Ok(available) if available < missing => Err(Report::with_hint(
                Kind::Other,
                format!(
                    "{} are still to be fetched, and the folder's disk has room for {}",
                    human::size(missing),
                    human::size(available)
                ),
                "make room, or give a folder on another disk with --dir".to_owned(),
            )
            .into()),
            _ => Ok(Some(size)),
        }
    }

    /// The size of all shards together. Not worth failing for: keys that may fetch links need not be
    /// allowed to list backups.
    fn size(&self) -> Option<u64> {
        if let Some(entry) = &self.backup.entry {
            return entry.view.size;
        }
        match find_backup(self.client, &self.args.instance.id, &self.backup.base_id) {
            Ok(found) => found?.view.size,
            Err(error) => {
                self.context
                    .notes
                    .warn(format_args!("whether the disk has room enough is unknown: {error}"));
                None
            }
        }
    }

    /// The proxy for the storage, which is one host for all shards.
    fn proxy(&self, shards: &[Shard]) -> Result<Option<ureq::Proxy>, config::Error> {
        let Some(origin) = shards.first().and_then(|shard| shard.link.origin()) else {
            return Ok(None);
        };
        let endpoint: Endpoint = origin
            .parse()
            .map_err(|problem: InvalidEndpoint| config::Error::Invalid {
                place: "the host of the links".to_owned(),
                problem: problem.to_string(),
            })?;
        config::proxy(&endpoint, self.context.world)
    }

    fn render(&self, reports: &[FileReport]) -> Vec<u8> {
        match self.context.format {
            Format::Table => table::render(
                &["NODE", "STATE", "SIZE", "RESUMED FROM", "FILE"],
                reports.iter().map(|report| {
                    let resumed = if report.resumed_from > 0 {
                        human::size(report.resumed_from)
                    } else {
                        String::new()
                    };
                    let path = report.path.display().to_string();
                    [
                        report.node.clone(),
                        report.state.name().to_owned(),
                        human::size(report.bytes),
                        resumed,
                        path,
                    ]
                }),
            ),
            Format::Json => json::render(&json!({
                "region": self.settings.region.as_str(),
                "instance": self.args.instance.id.as_str(),
                "baseId": self.backup.base_id.as_str(),
                "files": reports.iter().map(|report| json!({
                    "node": report.node,
                    "path": report.path.to_string_lossy(),
                    "bytes": report.bytes,
                    "sha256": report.sha256,
                    "state": report.state.name(),
                    "reason": report.state.reason(),
                    "resumedFrom": report.resumed_from,
                })).collect::<Vec<_>>(),
            })),
            Format::Plain => {
                let good = reports.iter().filter(|report| report.state.is_good());
                let paths: Vec<String> = good.map(|report| report.path.display().to_string()).collect();
                plain::render(paths.iter().map(String::as_str))
            }
        }
    }

    /// What to do about files that are not whole. By then another backup may be the latest.
    fn go_on(&self) -> String {
        format!(
            "mend what is named above, if anything is, and run this again with --base-id {}: it goes on where this run \
             stopped, and fetches what is corrupt anew",
            self.backup.base_id
        )
    }

    fn judge(&self, reports: &[FileReport]) -> anyhow::Result<()> {
        for report in reports {
            if let State::Unverified(reason) = &report.state {
                self.context
                    .notes
                    .warn(format_args!("{} is unverified: {reason}", report.path.display()));
            }
        }
        let bad: Vec<&FileReport> = reports.iter().filter(|report| !report.state.is_good()).collect();
        if bad.is_empty() {
            return Ok(());
        }
        let line = |report: &&FileReport| {
            let (state, reason) = (report.state.name(), report.state.reason().unwrap_or_default());
            format!("{}: {state}, {reason} ({})", report.node, report.path.display())
        };
        Err(Report {
            details: bad.iter().map(line).collect(),
            ..Report::with_hint(
                Kind::Integrity,
                match (bad.len(), reports.len()) {
                    (1, 1) => "the file is not whole".to_owned(),
                    (bad, all) => format!("{bad} of {all} files are not whole"),
                },
                self.go_on(),
            )
        }
        .into())
    }
}
