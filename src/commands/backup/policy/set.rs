//! `jdredis backup policy set`: changes a schedule, and looks whether the change took.

use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use super::outcome::{Outcome, Wanted};
use super::plan::{Plan, plan};
use super::view::{HEADER, PolicyView, cells, in_words};
use crate::api::{self, Automatic, BackupPolicy, Client, PolicyChange};
use crate::cli::shared::InstanceArgs;
use crate::commands::Context;
use crate::commands::backup::place;
use crate::error::{Kind, Report};
use crate::output::{Format, json, plain, table};
use crate::terminal::escape::visible;
use crate::values::schedule::{Days, Window};

/// The waits before the policy is read once more, where it is not yet the one that was asked for. Whether
/// the service shows a change at once is not documented.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// The width of every window in the documentation, in minutes.
const DOCUMENTED_WIDTH: i32 = 60;
const LOOK: &str = "look with 'jdredis backup policy show', and only then try again";

/// Arguments of `backup policy set`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,

    /// The days to make a backup on: daily, or names such as Monday,Thursday
    ///
    /// They count in the offset that the window is written in.
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<Days>,

    /// The window that backups begin in, with its offset from UTC: "01:00-02:00 +0800"
    #[arg(long, value_name = "WINDOW")]
    pub(crate) time: Option<Window>,

    /// Make no backups automatically; days and window are kept
    #[arg(long, conflicts_with_all = ["days", "time"])]
    pub(crate) off: bool,

    /// Read the schedule, say what would be changed, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  # Every night between one and two o'clock in China
  jdredis backup policy set --region cn-north-1 --instance redis-1234 --days daily --time \"01:00-02:00 +0800\"

  # Other days at the same time; first see what would be sent
  jdredis backup policy set --region cn-north-1 --instance redis-1234 --days Monday,Thursday --dry-run

  # No more automatic backups
  jdredis backup policy set --region cn-north-1 --instance redis-1234 --off
";

/// The document of `-o json`. Its keys are a contract, and all of them are always there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    region: &'a str,
    instance: &'a str,
    dry_run: bool,
    /// Whether something was changed, or would be.
    changed: bool,
    before: PolicyView,
    /// As it was read after the change; with `dryRun` and where nothing was to change, the same as `before`.
    after: PolicyView,
    /// The body of modifyBackupPolicy, sent or to be sent; null where nothing was to change.
    change: Option<&'a PolicyChange>,
}

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    if !args.off && args.days.is_none() && args.time.is_none() {
        let message = "nothing to change was given";
        let hint = "give --days, --time or both, or --off; 'jdredis backup policy show' prints the schedule";
        return Err(Report::with_hint(Kind::Usage, message, hint).into());
    }
    let settings = context.settings(&args.instance.region)?;
    let client = context.client(&settings);
    let place = place(&args.instance.id, &settings);
    let (_, before) = client
        .describe_backup_policy(&args.instance.id, client.deadline())
        .with_context(|| format!("no policy of {place}"))?;
    let plan = plan(args, &before).map_err(|report| Report {
        message: format!("the policy of {place} was left as it is: {}", report.message),
        ..*report
    })?;
    advise(args, &before, &plan, context);
    let after = match &plan.change {
        Some(change) if !args.dry_run => {
            let sending = Change {
                args,
                context,
                client: &client,
                place: &place,
                before: &before,
            };
            let stop = context.interrupt.defer_first_signal();
            context.unless_interrupted(
                &stop,
                || sending.run(change, plan.wanted),
                || {},
                || sending.interrupted(),
            )?
        }
        _ => before.clone(),
    };
    let bytes = match context.format {
        Format::Table => render_table(&before, &after, &plan, args.dry_run),
        Format::Json => json::render(&Document {
            region: settings.region.as_str(),
            instance: args.instance.id.as_str(),
            dry_run: args.dry_run,
            changed: plan.change.is_some(),
            before: PolicyView::of(&before),
            after: PolicyView::of(&after),
            change: plan.change.as_ref(),
        }),
        Format::Plain => plain::render([after.automatic().word()]),
    };
    context.print(&bytes)?;
    Ok(())
}

fn render_table(before: &BackupPolicy, after: &BackupPolicy, plan: &Plan, is_dry_run: bool) -> Vec<u8> {
    let row = |label: &str, cells: [String; 4]| [vec![label.to_owned()], cells.to_vec()].concat();
    let last = match &plan.change {
        None => row("unchanged", cells(after)),
        Some(change) if is_dry_run => row("would be", planned_cells(change, plan.wanted)),
        Some(_) => row("after", cells(after)),
    };
    table::render(
        &[&["POLICY"][..], &HEADER].concat(),
        [row("before", cells(before)), last],
    )
}

/// The row of a policy that was not sent. The service alone knows the next backup.
fn planned_cells(change: &PolicyChange, wanted: Wanted) -> [String; 4] {
    let days = change.backup_period.parse().map(Days::short);
    [
        wanted.automatic.word().to_owned(),
        days.unwrap_or_else(|_| change.backup_period.clone()),
        change.backup_time.clone(),
        String::new(),
    ]
}

/// Notes on what a person may not expect of the plan.
fn advise(args: &Args, before: &BackupPolicy, plan: &Plan, context: &Context<'_>) {
    let notes = context.notes;
    if plan.change.is_none() {
        notes.note("the policy is as asked for already; nothing is changed");
    }
    let Some(wanted) = plan.wanted.schedule else {
        return;
    };
    if plan.wanted.automatic == Automatic::Off {
        notes.warn("automatic backup stays off; --days and --time together turn it on");
    }
    if args.time.is_some() && wanted.window.minutes() != DOCUMENTED_WIDTH {
        notes.warn(format_args!(
            "the window is {} minutes wide; those in the documentation are an hour, and whether the service takes others \
             is not known",
            wanted.window.minutes()
        ));
    }
    // The days that are kept are those of the former offset.
    if let (None, Some(window), Some(former)) = (args.days, args.time, before.schedule()) {
        let days = former.days_in_offset_of(window);
        if days != wanted.days {
            notes.warn(format_args!(
                "the days are kept as {}, and now count in {}; there the former backups are on {}: give --days as well \
                 if you mean those",
                wanted.days.short(),
                window.offset(),
                days.short()
            ));
        }
    }
}

/// A change on its way.
struct Change<'a> {
    args: &'a Args,
    context: &'a Context<'a>,
    client: &'a Client<'a>,
    /// The instance and its region, in words.
    place: &'a str,
    before: &'a BackupPolicy,
}

impl Change<'_> {
    /// Sends the change once, and reads the policy again. Returns it, where it is the one asked for.
    fn run(&self, change: &PolicyChange, wanted: Wanted) -> anyhow::Result<BackupPolicy> {
        let deadline = self.client.deadline();
        let sent = self
            .client
            .modify_backup_policy(&self.args.instance.id, change, deadline);
        let unanswered = match sent {
            Ok(_) => None,
            Err(error) if error.may_have_happened => Some(error),
            Err(error) => {
                return Err(
                    anyhow::Error::new(error).context(format!("the policy of {} was left as it is", self.place))
                );
            }
        };
        let (after, outcome) = match self.look(wanted) {
            Ok(seen) => seen,
            Err(error) => return Err(self.not_seen(unanswered, error).into()),
        };
        match (outcome, unanswered) {
            (Outcome::Took(note), unanswered) => {
                if let Some(error) = unanswered {
                    self.context.notes.warn(format_args!(
                        "the change was not answered ({}), but the policy is as asked for",
                        visible(&error.to_string())
                    ));
                }
                if let Some(note) = note {
                    self.context.notes.warn(note);
                }
                if let (Some(asked), Some(got)) = (wanted.schedule, after.schedule())
                    && asked != got
                {
                    self.context
                        .notes
                        .note(format_args!("the service writes {asked} as {got}"));
                }
                Ok(after)
            }
            (_, Some(error)) => Err(self.unanswered(error, &after).into()),
            (outcome, None) => Err(self.not_taken(outcome, &after, change, wanted).into()),
        }
    }

    /// The error of a change that a signal ended before it was seen to be made.
    fn interrupted(&self) -> Report {
        let kind = Kind::Interrupted(self.context.interrupt.signal());
        let message = format!("interrupted while the policy of {} was being changed", self.place);
        Report::with_hint(
            kind,
            message,
            format!("it is not certain what the policy is now: {LOOK}"),
        )
    }

    /// Reads the policy until it is the one asked for, or has been looked at often enough.
    fn look(&self, wanted: Wanted) -> Result<(BackupPolicy, Outcome), api::Error> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let deadline = self.client.deadline();
            let (_, after) = self.client.describe_backup_policy(&self.args.instance.id, deadline)?;
            let outcome = wanted.compare(self.before, &after);
            match pauses.next() {
                Some(pause) if outcome == Outcome::IsAnother => self.context.world.clock.sleep(pause),
                _ => return Ok((after, outcome)),
            }
        }
    }

    /// The error of a change that was answered and did not take.
    fn not_taken(&self, outcome: Outcome, after: &BackupPolicy, change: &PolicyChange, wanted: Wanted) -> Report {
        let why = match outcome {
            Outcome::Took(_) | Outcome::IsAnother => {
                "the service accepted the change and shows another policy".to_owned()
            }
            Outcome::Unclear(why) => {
                format!("the service accepted the change, but what it made of it is not certain: {why}")
            }
            Outcome::Contradicted(why) => format!("the service accepted the change, but {why}"),
        };
        let [state, days, window, _] = planned_cells(change, wanted);
        Report::new(
            Kind::Service,
            format!("the policy of {} is not as asked for: {why}", self.place),
        )
        .details(vec![
            format!("asked for: {state}, {days} {window}"),
            format!("before: {}", in_words(self.before)),
            format!("now: {}", in_words(after)),
        ])
        .hint("look at the policy in JD Cloud's console; 'jdredis doctor' checks in which offset the weekdays count")
    }

    /// The error of a change that was not answered, and has not been made as far as can be seen.
    fn unanswered(&self, error: api::Error, after: &BackupPolicy) -> Report {
        let report = Report::of(&error.into());
        Report {
            message: format!(
                "the change to the policy of {} was not answered: {}",
                self.place, report.message
            ),
            ..report
        }
        .details(vec![format!("now: {}", in_words(after))])
        .hint(format!("it is not certain that nothing will be changed: {LOOK}"))
    }

    /// The error of a change after which the policy could not be read.
    fn not_seen(&self, unanswered: Option<api::Error>, error: api::Error) -> Report {
        let is_answered = unanswered.is_none();
        let first = Report::of(&unanswered.unwrap_or(error).into());
        let message = if is_answered {
            format!(
                "the policy of {} was changed, but cannot be read again: {}",
                self.place, first.message
            )
        } else {
            format!(
                "the change to the policy of {} was not answered, and the policy cannot be read again: {}",
                self.place, first.message
            )
        };
        Report { message, ..first }.hint(format!("it is not certain what the policy is now: {LOOK}"))
    }
}
