//! `jdredis archive sync`: fetches every backup that the service has and an archive has not, of a whole fleet.
//!
//! | file | owns |
//! |---|---|
//! | `ledger`, `instance` | what is known of the fleet and of each instance, before, during and after |
//! | `fetch`, `backup` | fetching: the workers, and one backup while its files come |
//! | `links` | the links in use, and new ones |
//! | `prune` | what a retention policy leaves out, and what it removes afterwards |
//! | `result` | the table, the document, and the error that the sync ends with |
//! | `recording` | the end of the sync in the metrics and in `runs.jsonl` |
//! | `untried` | the backups that are not tried, since no connection can be made to their storage host |
//! | `completion` | what completion learns from the sync |

mod backup;
mod completion;
mod fetch;
mod instance;
mod ledger;
mod links;
mod prune;
mod recording;
mod result;
mod untried;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use sha2::{Digest, Sha256};

use self::ledger::Ledger;
use self::prune::Keep;
use self::recording::Recorder;
use self::untried::Untried;
use crate::archive::fleet::{Asker, Pattern, Selection, Survey, Tag};
use crate::archive::plan::{self, Wanted};
use crate::archive::read::{self, Archive};
use crate::archive::space;
use crate::archive::state::Terms;
use crate::archive::store::Store;
use crate::cli::shared::RegionsArgs;
use crate::commands::Context;
use crate::commands::archive::retention::{self, KeepArgs};
use crate::commands::regions::Regions;
use crate::config::Settings;
use crate::error::{Kind, Report};
use crate::retry::pace::Pace;
use crate::terminal::human;
use crate::transfer::MAX_CONNECTIONS;
use crate::values::age::MaxAge;
use crate::values::id::InstanceId;

/// How long after a signal the threads may take to save what they have.
const GRACE: Duration = Duration::from_secs(2);
/// How many hexadecimal digits of its hash tell one key from another.
const KEY_DIGITS: usize = 16;

/// Arguments of `archive sync`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The archive's folder; made where it is not there
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,

    #[command(flatten)]
    pub(crate) regions: RegionsArgs,

    /// Only this instance; may be given several times
    #[arg(long = "instance", value_name = "ID")]
    pub(crate) instances: Vec<InstanceId>,

    /// Leave out instances of this ID, or whose ID or name fits a pattern with * and ?
    #[arg(long, value_name = "ID|GLOB")]
    pub(crate) exclude: Vec<Pattern>,

    /// Only instances with this tag; several values of one key are alternatives
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub(crate) tags: Vec<Tag>,

    /// Only the newest N backups of each instance
    ///
    /// One that is damaged in the archive is not counted, so that an older one is fetched in its place.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) newest: Option<u32>,

    /// How old the newest backup of an instance may be, such as 36h, 8d or 2w; or none
    ///
    /// Exit code 8 where one is older. An age counts from when the backup began.
    #[arg(long, value_name = "AGE", default_value = MaxAge::DEFAULT)]
    pub(crate) max_age: MaxAge,

    /// Say what is new and whether it fits, and fetch nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) transfer: TransferArgs,

    /// Count backups as good whose files are no RDB files
    #[arg(long)]
    pub(crate) accept_unverified: bool,

    /// Write metrics for Prometheus to FILE, however the run ends
    ///
    /// In its text format, for node_exporter's textfile collector: give a FILE that ends in .prom in its folder, and
    /// one FILE for an archive. It is replaced in one step, at the end. With --dry-run it stays as it is.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) metrics: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) keep: KeepArgs,
}

/// How files are fetched.
#[derive(Debug, clap::Args)]
pub(crate) struct TransferArgs {
    /// How many connections are open at once, over all files
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=MAX_CONNECTIONS as i64))]
    pub(crate) parallel: u8,

    /// At most so many bytes a second over all connections, such as 50M (K, M, G: powers of 1024)
    #[arg(long, value_name = "RATE", value_parser = crate::cli::bytes::rate)]
    pub(crate) limit_rate: Option<u64>,

    /// Fetch over JD Cloud's own network; for one region only
    #[arg(long)]
    pub(crate) internal: bool,

    /// Fetch http links as the service writes them, unencrypted
    #[arg(long)]
    pub(crate) http: bool,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  # Every night from cron: silent unless something is wrong
  jdredis archive sync /srv/redis-archive --region all -q

  # What would be fetched
  jdredis archive sync /srv/redis-archive --region cn-north-1 --region cn-south-1 --dry-run

  # Production alone, without two instances, the newest backup of each
  jdredis archive sync /srv/redis-archive --tag env=prod --exclude redis-1234 --exclude '*-scratch' --newest 1
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let stop = context.interrupt.defer_first_signal();
    let recorder = Recorder::begin(args, context);
    // `store` lives until the end is recorded, and so does the lock that it holds.
    let (mut store, mut ledger) = (None, None);
    let outcome = sync(args, context, &stop, &recorder, &mut store, &mut ledger);
    recorder.end(ledger.as_ref(), store.is_some(), outcome)
}

fn sync(
    args: &Args,
    context: &Context<'_>,
    stop: &Arc<AtomicBool>,
    recorder: &Recorder<'_>,
    store: &mut Option<Store>,
    ledger: &mut Option<Ledger>,
) -> anyhow::Result<()> {
    let world = context.world;
    let regions = Regions::resolve(&args.regions, context)?;
    refuse_internal_of_several(args)?;
    if !args.dry_run {
        // Before the service is asked: a second run in the folder ends at once.
        *store = Some(super::open_to_write(&args.dir)?);
    }
    let store = store.as_ref();
    let pace = Pace::new(Arc::clone(&world.clock), Arc::clone(stop));
    let client = context.client(&regions.settings).with_pace(&pace);
    let interrupted = || recorder.interrupted(None, result::interruption(context.interrupt.signal()));
    let no_thread = "the system gives no thread to ask the service with";
    let ids = context
        .unless_it_hangs(stop, GRACE, || regions.ids(&client), interrupted)
        .context(no_thread)?;
    if stop.load(Ordering::Relaxed) {
        return Err(result::interruption(context.interrupt.signal()).into());
    }
    let ids = ids?;
    if args.transfer.internal && ids.len() > 1 {
        return Err(internal_of_several());
    }
    let archive = read_archive(args)?;
    let keep = args.keep.policy().map(|policy| Keep {
        policy,
        zone: retention::zone(&archive, world),
    });
    let asker = Asker {
        client: &client,
        pace: &pace,
        key: &key_of(&regions.settings),
    };
    let selection = Selection {
        named: each_once(&args.instances),
        excluded: args.exclude.clone(),
        tags: args.tags.clone(),
    };
    let survey = context
        .unless_it_hangs(
            stop,
            GRACE,
            || Survey::take(&asker, &ids, &selection, &archive),
            interrupted,
        )
        .context(no_thread)?;
    for (region, warning) in &survey.warnings {
        context.notes.warn(format_args!("{region}: {warning}"));
    }
    completion::of_survey(&survey, &selection, &regions.settings, world);
    let terms = Terms {
        now: world.clock.now(),
        max_age: args.max_age.limit().filter(|_| !args.dry_run),
        accepts_unverified: args.accept_unverified,
    };
    let ledger = ledger.insert(Ledger::new(survey, archive, terms, asker.key));
    ledger.warn(context.notes);
    let wanted = ledger.compare(args.newest.map(|newest| newest as usize), keep.as_ref(), context.notes);
    let wanted = fitting(wanted, store, args, ledger);
    announce(&wanted, args, context);
    if let Some(store) = store {
        let fetching = fetch::Fetching {
            store,
            client: &client,
            settings: &regions.settings,
            args,
            context,
            recorder,
            stop,
            hosts: Arc::default(),
            untried: Untried::default(),
        };
        fetching.run(&wanted, ledger)?;
        while let Some(keep) = keep.as_ref().filter(|_| !stop.load(Ordering::Relaxed)) {
            let more = ledger.take_their_places(keep, &fetching.untried);
            if more.is_empty() {
                break;
            }
            let more = fitting(more, Some(store), args, ledger);
            announce(&more, args, context);
            fetching.run(&more, ledger)?;
        }
        fetching.untried.warn(context.notes);
        completion::of_nodes(ledger, &regions.settings, world);
        ledger.remember(store, context.notes);
        if let Some(keep) = keep.as_ref().filter(|_| !stop.load(Ordering::Relaxed)) {
            ledger.prune(keep, store, context.notes);
        }
    } else {
        ledger.plan(&wanted);
    }
    let signal = stop.load(Ordering::Relaxed).then(|| context.interrupt.signal());
    result::conclude(ledger, signal, args, context)
}

/// The error of internal links for several regions, where the command line names them.
fn refuse_internal_of_several(args: &Args) -> anyhow::Result<()> {
    match args.transfer.internal && args.regions.regions.len() > 1 {
        true => Err(internal_of_several()),
        false => Ok(()),
    }
}

fn internal_of_several() -> anyhow::Error {
    let message = "--internal is for one region only, since its links work in their own region alone";
    Report::with_hint(
        Kind::Usage,
        message,
        "run one sync in each region, or leave --internal out",
    )
    .into()
}

/// What is in the archive; nothing where there is none yet.
fn read_archive(args: &Args) -> anyhow::Result<Archive> {
    match read::read(&args.dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && args.dry_run => Ok(Archive::default()),
        Err(error) => Err(Report::with_hint(
            Kind::Other,
            format!("{}: {error}", args.dir.display()),
            "give a folder that this user can read and write",
        )
        .into()),
        Ok(archive) => Ok(archive),
    }
}

/// The IDs without those that were typed again: two fetches of one backup would write to the same files.
fn each_once(ids: &[InstanceId]) -> Vec<InstanceId> {
    let is_first = |(place, id): &(usize, &InstanceId)| !ids[..*place].contains(id);
    let firsts = ids.iter().enumerate().filter(is_first);
    firsts.map(|(_, id)| id.clone()).collect()
}

/// A short hash of the access key. It tells the key from others and does not reveal it.
fn key_of(settings: &Settings) -> String {
    let hash = Sha256::digest(settings.credentials.access_key.as_str());
    let mut digits = hex::encode(hash);
    digits.truncate(KEY_DIGITS);
    digits
}

/// The wanted backups that fit onto the disk. The others are noted as missing.
fn fitting(mut wanted: Vec<Wanted>, store: Option<&Store>, args: &Args, ledger: &mut Ledger) -> Vec<Wanted> {
    plan::order(&mut wanted);
    let room = space::free_space(&args.dir);
    let (fitting, rest) = plan::fit(wanted, room, |wanted| {
        store.map_or(0, |store| store.present(&wanted.key))
    });
    for wanted in rest {
        let why = plan::why_unfit(wanted.size.unwrap_or_default(), room.unwrap_or_default());
        ledger.note_missing(&wanted, why);
    }
    fitting
}

/// Says what is new before anything is fetched.
fn announce(wanted: &[Wanted], args: &Args, context: &Context<'_>) {
    let bytes = wanted
        .iter()
        .filter_map(|wanted| wanted.size)
        .fold(0, u64::saturating_add);
    let unknown = wanted.iter().filter(|wanted| wanted.size.is_none()).count();
    let besides = match unknown {
        0 => String::new(),
        unknown => format!(", and {unknown} of unknown size"),
    };
    let free =
        space::free_space(&args.dir).map_or_else(String::new, |free| format!("; {} are free", human::size(free)));
    if !wanted.is_empty() {
        context.notes.note(format_args!(
            "{} new backup{}, {}{besides}{free}",
            wanted.len(),
            if wanted.len() == 1 { "" } else { "s" },
            human::size(bytes)
        ));
    }
}
