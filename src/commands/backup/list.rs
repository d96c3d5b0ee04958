//! `jdredis backup list`: the backups of an instance, newest first.

use anyhow::Context as _;
use time::OffsetDateTime;

use crate::api::model::{Backup, Listed};
use crate::api::{BackupFilter, ErrorKind, Listing, Warning};
use crate::backups::{newest_first, unread_starts};
use crate::cli::shared::InstanceArgs;
use crate::commands::Context;
use crate::completion::names::{Extent, Names};
use crate::error::{Kind, Report};
use crate::output::{Format, listing};
use crate::terminal::escape::visible;
use crate::terminal::human;
use crate::values::vocabulary::{BackupKind, BackupStatus};
use crate::values::when::When;

/// Arguments of `backup list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,

    /// Only backups that started then or later
    ///
    /// A time such as 2026-01-31T08:00:00+08:00, a day such as 2026-01-31 (UTC), or an age such as
    /// 36h or 7d.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<When>,

    /// Only backups that started then or earlier
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<When>,

    /// Only backups of this status
    #[arg(long, value_enum, value_name = "STATUS")]
    pub(crate) status: Option<BackupStatus>,

    /// Only backups made by the schedule, or on request
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub(crate) kind: Option<BackupKind>,

    /// At most so many, the newest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  # What there is to fetch
  jdredis backup list --region cn-north-1 --instance redis-1234

  # What failed in the last three days
  jdredis backup list --region cn-north-1 --instance redis-1234 --status failed --since 3d
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let now = context.world.clock.now();
    let filter = BackupFilter {
        since: moment(args.since, |when| when.first(now))?,
        until: moment(args.until, |when| when.last(now))?,
        base_id: None,
    };
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && since > until
    {
        let message = "--since is after --until, so no backup can be between them";
        return Err(Report::with_hint(Kind::Usage, message, "give the earlier time with --since").into());
    }
    let settings = context.settings(&args.instance.region)?;
    let client = context.client(&settings);
    let place = super::place(&args.instance.id, &settings);
    let limit = args.limit.map_or(usize::MAX, |limit| limit as usize);
    let matches = |backup: &Backup| is_asked_for(backup, args, &filter);
    let deadline = client.deadline();
    let mut backups = newest_first(&client, &args.instance.id, &filter, limit, matches, deadline)
        .or_else(|error| match &*error.kind {
            // The form in which the service wants times is a guess. Here they are compared anyway.
            ErrorKind::Refused(refusal) if refusal.code == 400 && filter.has_times() => {
                context.notes.warn(format_args!(
                    "the service refuses --since or --until ({}); all its backups are read instead",
                    visible(&refusal.to_string())
                ));
                newest_first(
                    &client,
                    &args.instance.id,
                    &BackupFilter::default(),
                    limit,
                    matches,
                    deadline,
                )
            }
            _ => Err(error),
        })
        .with_context(|| format!("cannot list the backups of {place}"))?;
    backups.entries.retain(|entry| matches(&entry.view));
    if filter.has_times() {
        warn_of_unplaced(&backups, context);
    } else {
        let unread = unread_starts(&backups.entries, |_| true);
        let warning = (!unread.is_empty()).then_some(Warning::UnreadStarts(unread));
        backups.warnings.extend(warning);
    }
    backups.entries.truncate(limit);
    context.warn(&backups.warnings);
    let is_filtered = filter.has_times() || args.status.is_some() || args.kind.is_some();
    if let Some(names) = Names::of(&settings, context.world) {
        let extent = Extent::of(!is_filtered && args.limit.is_none() && backups.warnings.is_empty());
        let listed = backups.entries.iter().map(|entry| &entry.view);
        names.learn_backups(&args.instance.id, listed, extent);
    }
    // A listing that came with a warning may lack some.
    if backups.entries.is_empty() && backups.warnings.is_empty() && context.format != Format::Json {
        let which = if is_filtered { " that match" } else { "" };
        context.notes.note(format_args!("{place} has no backups{which}"));
    }
    context.print(&listing::render(
        context.format,
        context.room(),
        &backups,
        &HEADER,
        |backup| row(backup, context),
    ))?;
    Ok(())
}

fn moment(
    when: Option<When>,
    resolve: impl Fn(When) -> Option<OffsetDateTime>,
) -> anyhow::Result<Option<OffsetDateTime>> {
    when.map(|when| {
        resolve(when).ok_or_else(|| {
            Report::with_hint(
                Kind::Usage,
                "a time is outside the calendar".to_owned(),
                "give --since and --until times that a backup can have".to_owned(),
            )
            .into()
        })
    })
    .transpose()
}

/// Warns of the backups that are listed although it is not known whether they started in the time asked for.
fn warn_of_unplaced(backups: &Listing<Backup>, context: &Context<'_>) {
    let views = backups.entries.iter().map(|entry| &entry.view);
    let unplaced: Vec<&str> = views
        .filter(|backup| backup.started().is_none())
        .map(Listed::id)
        .collect();
    let (shown, more) = unplaced.split_at(unplaced.len().min(MOST_NAMED));
    if !shown.is_empty() {
        let more = match more.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        context.notes.warn(format_args!(
            "backup {}{more}: whether it started in the time asked for is not known, since its start is missing or \
             cannot be read; it is listed all the same",
            shown.join(", "),
        ));
    }
}

/// Whether a backup is among those the command line asks for. The service filters by time, too, but it is not
/// documented which of a backup's times it compares. A backup whose start is not known is listed.
fn is_asked_for(backup: &Backup, args: &Args, filter: &BackupFilter<'_>) -> bool {
    let is_in_time = backup.started().is_none_or(|start| {
        filter.since.is_none_or(|since| start >= since) && filter.until.is_none_or(|until| start <= until)
    });
    is_in_time
        && args.status.is_none_or(|status| backup.status() == Some(status))
        && args.kind.is_none_or(|kind| backup.kind() == Some(kind))
}

/// The most backups that a warning names.
const MOST_NAMED: usize = 5;

const HEADER: [&str; 9] = [
    "BASE ID", "STARTED", "STATUS", "AGE", "SIZE", "TYPE", "SHARDS", "TOOK", "NAME",
];

fn row(backup: &Backup, context: &Context<'_>) -> Vec<String> {
    let seconds = |from: OffsetDateTime, to: OffsetDateTime| u64::try_from((to - from).whole_seconds()).ok();
    let age = backup
        .started()
        .and_then(|start| seconds(start, context.world.clock.now()));
    let took = backup
        .started()
        .zip(backup.ended())
        .and_then(|(start, end)| seconds(start, end));
    vec![
        backup.base_id.to_string(),
        // A time that is not of the documented form is shown as it came.
        backup
            .started()
            .map(|start| context.local.text(start))
            .or_else(|| backup.start.as_ref().map(|start| start.text.clone()))
            .unwrap_or_default(),
        backup
            .status()
            .map_or_else(|| number(backup.status), |status| status.word().to_owned()),
        age.map(human::age).unwrap_or_default(),
        backup.size.map(human::size).unwrap_or_default(),
        backup
            .kind()
            .map_or_else(|| number(backup.kind), |kind| kind.word().to_owned()),
        number(backup.shards),
        took.map(human::duration).unwrap_or_default(),
        backup.name.clone().unwrap_or_default(),
    ]
}

fn number(number: Option<impl ToString>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}
