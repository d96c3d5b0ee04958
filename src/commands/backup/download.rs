//! `jdredis backup download`: the files of a backup, whole and verified, or why not.

mod checks;
mod links;
mod nodes;
mod result;
mod watch;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;

use self::links::FreshLinks;
use self::watch::{Fetched, Watch};
use super::which::{Chosen, Which};
use crate::api::Client;
use crate::api::model::BackupInfo;
use crate::backups::{self, Fetchable, NodeLink, same_objects};
use crate::cli::shared::{InstanceArgs, WhichBackup};
use crate::commands::Context;
use crate::completion::names::Names;
use crate::config::Settings;
use crate::error::{Report, no_more_threads};
use crate::file::{FileReport, Task, judge};
use crate::retry::deadline::Deadline;
use crate::terminal::progress::Progress;
use crate::transfer::{Folder, Identity, Job, Links, MAX_CONNECTIONS, Transfer};

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
    let place = super::place(&args.instance.id, &settings);
    let backup = which.find(&client, &args.instance.id, &place, deadline, context.notes)?;
    let doing = || format!("cannot download backup {} of {place}", backup.base_id);
    let download = Download {
        args,
        context,
        client: &client,
        settings: &settings,
        deadline,
        backup: &backup,
        info: OnceLock::new(),
    };
    let links = download.service_links(deadline).with_context(doing)?;
    let (count, same) = (links.len(), same_objects(&links));
    let fetched = download.run(download.labelled(links)).with_context(doing)?;
    let printed = context.print_findings(&download.render(&fetched));
    if let Some(signal) = fetched.interrupted_by {
        // A terminal that was closed (SIGHUP) takes no table any more; the signal decides the exit code.
        return Err(fetched.interruption(signal, &backup.base_id).into());
    }
    printed?;
    let judgement = judge(&fetched.reports, Task::Download(&backup.base_id), context.notes);
    let missing = result::missing_files(count, &same, download.info().shards);
    if !missing.is_empty() {
        return judgement.and(Err(result::incomplete(missing, &backup.base_id).into()));
    }
    judgement?;
    // A stale copy is better than none, so it has been fetched all the same.
    match backup.staleness(args.backup.max_age, context.world.clock.now()) {
        Some(stale) => Err(stale.into()),
        None => Ok(()),
    }
}

/// A backup to download, and what there is to do it with.
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
    /// Fetches the files of the nodes that were asked for.
    fn run(&self, links: Vec<Fetchable>) -> anyhow::Result<Fetched> {
        let world = self.context.world;
        if let Some(names) = Names::of(self.settings, world) {
            names.learn_nodes(&self.args.instance.id, links.iter().map(|(node, _)| node.as_str()));
        }
        let files = nodes::chosen(links, &self.args.nodes)?;
        let identity = Identity {
            region: self.settings.region.to_string(),
            instance: self.args.instance.id.to_string(),
            base_id: self.backup.base_id.to_string(),
        };
        let dir = self.args.dir.clone().unwrap_or_else(|| PathBuf::from("."));
        let holder = crate::commands::lock_holder();
        let folder = Arc::new(Folder::open(&dir, &holder)?);
        let jobs: Vec<Job> = files
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
        let files: Vec<(String, String)> = jobs
            .iter()
            .map(|job| (job.node.clone(), job.file_name.clone()))
            .collect();
        let (requests, requested) = sync_channel::<SyncSender<_>>(0);
        let ask = move || {
            let (reply, answer) = sync_channel(1);
            // Either fails where the run was given up.
            let given_up = || "the run was interrupted".to_owned();
            requests.send(reply).map_err(|_| given_up())?;
            answer.recv().map_err(|_| given_up())?
        };
        let current = jobs.iter().map(|job| (job.node.clone(), job.link.clone())).collect();
        let links: Arc<dyn Links> = Arc::new(FreshLinks::new(current, Box::new(ask)));
        let (parallel, limit_rate) = (self.args.parallel, self.args.limit_rate);
        let options = self
            .context
            .transfer_options(self.settings, parallel, limit_rate, links, &stop)?;
        let transfer =
            Transfer::start(jobs, options).map_err(|error| no_more_threads("nothing can be fetched", &error))?;
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

    /// Prints the results for the files, where a signal came while the service was asked for links. Returns the error
    /// to end with.
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
    fn new_links(&self) -> Result<Vec<Fetchable>, String> {
        self.service_links(self.client.deadline())
            .map(|links| self.labelled(links))
            .map_err(|error| format!("{error:#}"))
    }

    /// The links as the service writes them.
    fn service_links(&self, deadline: Deadline) -> anyhow::Result<Vec<NodeLink>> {
        let (answer, urls) =
            self.client
                .describe_download_url(&self.args.instance.id, &self.backup.base_id, deadline)?;
        Ok(backups::links(&answer, urls, self.args.internal)?)
    }

    /// The links with the nodes' labels, over https unless `--http` is given.
    fn labelled(&self, links: Vec<NodeLink>) -> Vec<Fetchable> {
        let labelled = backups::labelled(links).into_iter();
        labelled
            .map(|(node, link)| (node, if self.args.http { link } else { link.over_https() }))
            .collect()
    }
}
