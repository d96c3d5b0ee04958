//! `jdredis backup download`: the files of a backup, whole and verified, or why not.

mod links;
mod nodes;
mod watch;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use serde::Serialize;

use self::links::FreshLinks;
use self::watch::{Fetched, Watch};
use super::which::{Chosen, Which};
use crate::api::model::BackupInfo;
use crate::api::{Client, Reason};
use crate::backups::{self, NodeLink, SameObject, same_objects};
use crate::cli::shared::{InstanceArgs, WhichBackup};
use crate::commands::Context;
use crate::completion::names::Names;
use crate::config::{self, Settings};
use crate::error::{Kind, Report, no_more_threads};
use crate::file::{FileReport, FileState, Task, judge};
use crate::output::{Format, json, plain, table};
use crate::retry::deadline::Deadline;
use crate::terminal::human;
use crate::terminal::notes::Detail;
use crate::terminal::progress::Progress;
use crate::transfer::{self, Folder, Identity, Job, MAX_CONNECTIONS, Storage, Transfer};
use crate::values::endpoint::Endpoint;
use crate::values::id::BaseId;

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

    /// How many connections there are at once, over all files
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=MAX_CONNECTIONS as i64))]
    pub(crate) parallel: u8,

    /// At most so many bytes a second over all connections, such as 50M (K, M, G: powers of 1024)
    #[arg(long, value_name = "RATE", value_parser = crate::cli::bytes::rate)]
    pub(crate) limit_rate: Option<u64>,

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
    let deadline = client.deadline();
    let subject = format!("instance {} in {}", args.instance.id, settings.region);
    let backup = which
        .find(&client, &args.instance.id, deadline, context.notes)
        .with_context(|| format!("cannot find the latest backup of {subject}"))?;
    let download = Download {
        args,
        context,
        client: &client,
        settings: &settings,
        deadline,
        backup: &backup,
        info: OnceLock::new(),
    };
    let links = download
        .service_links(deadline)
        .with_context(|| format!("cannot download backup {} of {subject}", backup.base_id))?;
    let (count, same) = (links.len(), same_objects(&links));
    let fetched = download
        .run(download.named(links))
        .with_context(|| format!("cannot download backup {} of {subject}", backup.base_id))?;
    let printed = context.print_findings(&download.render(&fetched));
    if let Some(signal) = fetched.interrupted_by {
        // A terminal that was closed (SIGHUP) takes no table any more; the signal decides the exit code.
        return Err(fetched.interruption(signal, &backup.base_id).into());
    }
    printed?;
    let judgement = judge(&fetched.reports, Task::Download(&backup.base_id), context.notes);
    let missing = missing_files(count, &same, download.info().shards);
    if !missing.is_empty() {
        return judgement.and(Err(incomplete(missing, &backup.base_id).into()));
    }
    judgement?;
    // A stale copy is better than none, so it has been fetched all the same.
    match backup.staleness(args.backup.max_age, context.world.clock.now()) {
        Some(stale) => Err(stale.into()),
        None => Ok(()),
    }
}

/// The signs that a backup lacks files: fewer links than shards, and several nodes with one file.
fn missing_files(links: usize, same: &[SameObject], shards: Option<u64>) -> Vec<String> {
    let fewer = shards
        .filter(|shards| (links as u64) < *shards)
        .map(|shards| format!("it has {shards} shards, and the service gives links to {links}"));
    fewer.into_iter().chain(same.iter().map(ToString::to_string)).collect()
}

/// The error of a backup of which files are missing.
fn incomplete(missing: Vec<String>, base_id: &BaseId) -> Report {
    let hint = format!(
        "the service's links are wrong: look whether 'jdredis backup url --base-id {base_id}' gives others now, else \
         report the base ID to JD Cloud; the files that are here are what the links lead to"
    );
    Report::with_hint(Kind::Integrity, "the backup is not complete", hint).details(missing)
}

struct Download<'a> {
    args: &'a Args,
    context: &'a Context<'a>,
    client: &'a Client<'a>,
    settings: &'a Settings,
    /// For what comes before the transfer.
    deadline: Deadline,
    backup: &'a Chosen,
    /// The size and the shards of the backup, once the service was asked for them.
    info: OnceLock<BackupInfo>,
}

impl Download<'_> {
    fn run(&self, links: Vec<links::NodeLink>) -> anyhow::Result<Fetched> {
        let world = self.context.world;
        if let Some(names) = Names::of(self.settings, self.context.world) {
            names.learn_nodes(&self.args.instance.id, links.iter().map(|(node, _)| node.as_str()));
        }
        let shards = nodes::chosen(links, &self.args.nodes)?;
        let identity = Identity {
            region: self.settings.region.to_string(),
            instance: self.args.instance.id.to_string(),
            base_id: self.backup.base_id.to_string(),
        };
        let dir = self.args.dir.clone().unwrap_or_else(|| PathBuf::from("."));
        let holder = crate::commands::lock_holder();
        let folder = Arc::new(Folder::open(&dir, &holder)?);
        let jobs: Vec<Job> = shards
            .into_iter()
            .map(|(node, file_name, link)| Job {
                identity: identity.clone(),
                node,
                link,
                folder: Arc::clone(&folder),
                file_name,
                force: self.args.force,
            })
            .collect();
        self.check_names(&jobs)?;
        self.check_proxies(&jobs)?;
        let expected = self.check_space(&folder, &jobs)?;
        let stop = self.context.interrupt.defer_first_signal();
        let mut seed = [0; 8];
        (world.random)(&mut seed).context("the system gave no random bytes")?;
        let files: Vec<(String, String)> = jobs
            .iter()
            .map(|job| (job.node.clone(), job.file_name.clone()))
            .collect();
        let (requests, requested) = sync_channel::<SyncSender<_>>(0);
        let ask = move || {
            let (reply, answer) = sync_channel(1);
            // Either fails where the run was given up.
            let ended = |_| "the run was interrupted".to_owned();
            requests.send(reply).map_err(|_| ended(()))?;
            answer.recv().map_err(|_| ended(()))?
        };
        let current = jobs.iter().map(|job| (job.node.clone(), job.link.clone())).collect();
        let transfer = Transfer::start(
            jobs,
            transfer::Options {
                storage: Storage::new(
                    Arc::clone(&self.settings.network),
                    self.settings.timeout,
                    Arc::clone(&world.clock),
                ),
                links: Arc::new(FreshLinks::new(current, Box::new(ask))),
                parallel: self.args.parallel.into(),
                limit_rate: self.args.limit_rate,
                patience: self.settings.timeout,
                max_attempts: self.settings.max_attempts,
                clock: Arc::clone(&world.clock),
                seed: u64::from_ne_bytes(seed),
                stop: Arc::clone(&stop),
            },
        )
        .map_err(|error| no_more_threads("nothing can be fetched", &error))?;
        let nodes = files.iter().map(|(node, _)| node.clone());
        let watch = Watch {
            transfer,
            progress: Progress::new(nodes, expected, &*world.clock, self.context.notes),
            files,
            folder,
            identity,
            clock: &*world.clock,
            notes: self.context.notes,
        };
        let mut reports = watch.no_reports();
        let started = world.clock.monotonic();
        while !stop.load(Ordering::Relaxed) {
            if watch.step(&mut reports).is_err() {
                break;
            }
            if let Ok(reply) = requested.try_recv() {
                let links = self.context.unless_interrupted(
                    &stop,
                    || self.new_links(),
                    || watch.progress.tick(),
                    || self.interrupted(&watch, std::mem::take(&mut reports)),
                );
                let _ = reply.send(links);
            }
        }
        // Dropping this makes the `recv` of a thread that asks for links fail.
        drop(requested);
        if stop.load(Ordering::Relaxed) {
            watch.last_words(&mut reports);
        } else {
            watch.progress.close();
            watch.say_what_came(&reports, started);
        }
        let signal = stop.load(Ordering::Relaxed).then(|| self.context.interrupt.signal());
        watch.fetched(reports, signal)
    }

    /// Prints what became of the files once a signal came while the service was asked for links; the
    /// error to end with.
    fn interrupted(&self, watch: &Watch<'_>, mut reports: Vec<Option<FileReport>>) -> Report {
        watch.last_words(&mut reports);
        let signal = self.context.interrupt.signal();
        match watch.fetched(reports, Some(signal)) {
            Ok(fetched) => {
                let _ = self.context.print(&self.render(&fetched));
                fetched.interruption(signal, &self.backup.base_id)
            }
            Err(error) => Report::of(&error),
        }
    }

    /// The links as they are now at the service.
    fn new_links(&self) -> Result<Vec<links::NodeLink>, String> {
        self.service_links(self.client.deadline())
            .map(|links| self.named(links))
            .map_err(|error| format!("{error:#}"))
    }

    /// The links as the service writes them.
    fn service_links(&self, deadline: Deadline) -> anyhow::Result<Vec<NodeLink>> {
        let (answer, urls) =
            self.client
                .describe_download_url(&self.args.instance.id, &self.backup.base_id, deadline)?;
        Ok(backups::links(&answer, urls, self.args.internal)?)
    }

    /// The links by the nodes' labels, as they are to be fetched.
    fn named(&self, links: Vec<NodeLink>) -> Vec<links::NodeLink> {
        let labelled = backups::labelled(links).into_iter();
        labelled
            .map(|(node, link)| (node, if self.args.http { link } else { link.over_https() }))
            .collect()
    }

    fn check_names(&self, jobs: &[Job]) -> anyhow::Result<()> {
        let names = |is: &dyn Fn(&Job) -> bool| -> Vec<&str> {
            let those = jobs.iter().filter(|job| is(job));
            those.map(|job| job.file_name.as_str()).collect()
        };
        let obstructed = names(&|job| job.folder.is_obstructed(&job.file_name));
        if !obstructed.is_empty() {
            return Err(Report::with_hint(
                Kind::Other,
                format!("there are folders of the files' names: {}", obstructed.join(", ")),
                "move them away, or give another folder with --dir; --force replaces only files",
            )
            .into());
        }
        let taken = names(&|job| !job.force && job.folder.is_taken(&job.file_name, &job.identity, &job.node));
        if taken.is_empty() {
            return Ok(());
        }
        Err(Report::with_hint(
            Kind::Other,
            format!("there are files of these names already: {}", taken.join(", ")),
            "give another folder with --dir, or --force to replace them once the new ones are whole",
        )
        .into())
    }

    /// Makes sure, before anything is fetched, that the proxies for the links' hosts can be followed.
    fn check_proxies(&self, jobs: &[Job]) -> Result<(), config::Error> {
        let origins = jobs.iter().filter_map(|job| job.link.origin()?.parse().ok());
        for origin in origins.collect::<Vec<Endpoint>>() {
            config::check_proxy(&self.settings.network, &origin)?;
        }
        Ok(())
    }

    /// Makes sure that what is missing fits; how many bytes the backup has, where the service tells.
    fn check_space(&self, folder: &Folder, jobs: &[Job]) -> anyhow::Result<Option<u64>> {
        let Some(size) = self.info().size.filter(|_| self.args.nodes.is_empty()) else {
            return Ok(None);
        };
        let present: u64 = jobs
            .iter()
            .map(|job| folder.bytes_of(&job.file_name, &job.identity, &job.node))
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
                "make room, or give a folder on another disk with --dir",
            )
            .into()),
            _ => Ok(Some(size)),
        }
    }

    fn info(&self) -> BackupInfo {
        *self.info.get_or_init(|| self.expected())
    }

    /// The size and the shards of the backup. A refusal is no error here: keys that may fetch links need not be permitted
    /// to look at backups.
    fn expected(&self) -> BackupInfo {
        if let Some(entry) = &self.backup.entry {
            return BackupInfo {
                size: entry.view.size,
                shards: entry.view.shards,
            };
        }
        let (instance, base_id) = (&self.args.instance.id, &self.backup.base_id);
        match self.client.describe_backup_info(instance, base_id, self.deadline) {
            Ok(info) => info,
            Err(error) if error.reason() == Some(Reason::NotPermitted) => {
                self.context.notes.trace(Detail::Requests, || {
                    format!(
                        "the backup's size and number of shards are not known, since the keys may not look: {error}"
                    )
                });
                BackupInfo::default()
            }
            Err(error) => {
                self.context
                    .notes
                    .warn(format_args!("whether the disk has room enough is unknown: {error}"));
                BackupInfo::default()
            }
        }
    }

    fn render(&self, fetched: &Fetched) -> Vec<u8> {
        let reports = &fetched.reports;
        let is_quiet = self.context.notes.is_quiet();
        let rows = reports.iter().zip(&fetched.lengths);
        let rows = rows.filter(|(report, _)| !is_quiet || report.is_noteworthy());
        match self.context.format {
            Format::Table => table::render_rows(
                &["NODE", "STATE", "SIZE", "RESUMED FROM", "FILE"],
                rows.map(|(report, length)| {
                    let share = length
                        .filter(|length| report.state() == FileState::Incomplete && *length > 0)
                        .map(|length| format!(" ({} %)", human::percent(report.bytes(), length)))
                        .unwrap_or_default();
                    let resumed = match report.resumed_from() {
                        0 => String::new(),
                        bytes => human::size(bytes),
                    };
                    [
                        report.node().to_owned(),
                        report.state().name().to_owned(),
                        human::size(report.bytes()) + &share,
                        resumed,
                        report.path().display().to_string(),
                    ]
                }),
            ),
            Format::Json => json::render(&Document {
                region: self.settings.region.as_str(),
                instance: self.args.instance.id.as_str(),
                base_id: self.backup.base_id.as_str(),
                expected_shards: self.info().shards,
                files: reports,
            }),
            Format::Plain => {
                let good = reports.iter().filter(|report| report.state().is_good());
                plain::render(good.map(|report| report.path().as_os_str().as_encoded_bytes()))
            }
        }
    }
}

/// What `-o json` prints; its keys and their order are a contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    region: &'a str,
    instance: &'a str,
    base_id: &'a str,
    /// How many shards the backup has; null where the service does not tell.
    expected_shards: Option<u64>,
    /// One for each node that was asked for, in the service's order.
    files: &'a [FileReport],
}
