//! `jdredis backup create`: starts a backup and, on request, waits for its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::api::model::Backup;
use crate::api::{self, Client};
use crate::backups::{self, StatusWord};
use crate::cli::shared::InstanceArgs;
use crate::commands::{Context, TICK};
use crate::error::{Kind, Report};
use crate::output::Format;
use crate::output::{json, plain, table};
use crate::terminal::escape::visible;
use crate::terminal::human;
use crate::terminal::status_line::StatusLine;
use crate::values::id::{BackupName, BaseId};
use crate::values::vocabulary::BackupStatus;

/// The waits between looks at a backup grow from the first to the longest.
const FIRST_POLL: Duration = Duration::from_secs(1);
const LONGEST_POLL: Duration = Duration::from_secs(30);
const POLL_GROWTH: f64 = 1.5;
/// How long a look may take even where the wait is over by then.
const LAST_LOOK: Duration = Duration::from_secs(5);
const GOES_ON: &str = "it goes on at the service; 'jdredis backup list' shows when it has ended";

/// Arguments of `backup create`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,

    /// The backup's name: letters, digits and '_', at most 32 [default: one with the time]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<BackupName>,

    /// Wait until the backup has succeeded or failed
    #[arg(long)]
    pub(crate) wait: bool,

    /// How long to wait, such as 90s, 30m or 2h; a number without a unit is seconds
    #[arg(long, value_name = "DURATION", default_value = "1h", requires = "wait", value_parser = crate::values::when::wait)]
    pub(crate) wait_timeout: Duration,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  # Make a backup, wait for it, and print its links
  id=$(jdredis backup create --region cn-north-1 --instance redis-1234 --wait -o plain) && jdredis backup url --region cn-north-1 --instance redis-1234 --base-id \"$id\"
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let instance = &args.instance;
    let settings = context.settings(&instance.region)?;
    let client = context.client(&settings);
    let name = match &args.name {
        Some(name) => name.clone(),
        None => default_name(context)?,
    };
    let subject = format!("a backup of instance {} in {}", instance.id, settings.region);
    // Deferred before the request, which may start a backup even if nobody waits for its answer; a script
    // that reads the ID may interrupt at once, too.
    let stop = context.interrupt.defer_first_signal();
    let (answer, base_id) = context
        .unless_interrupted(
            &stop,
            || client.create_backup(&instance.id, &name, client.deadline()),
            || {},
            || {
                let kind = Kind::Interrupted(context.interrupt.signal());
                let message = format!("interrupted while {subject} was asked for, before the answer");
                let hint = format!(
                    "it is not certain that nothing was done: look with 'jdredis backup list' for the name {name} before you \
                     start another"
                );
                Report::with_hint(kind, message, hint)
            },
        )
        .with_context(|| format!("cannot start {subject}"))?;
    let nothing_printed = || format!("cannot print the ID of backup {base_id}, which was started");
    let bytes = match context.format {
        Format::Table => table::render(&["BASE ID", "NAME"], [vec![base_id.as_str(), name.as_str()]]),
        Format::Json => json::render(&answer.json().with_context(nothing_printed)?),
        Format::Plain => plain::render([base_id.as_str()]),
    };
    let mut wait = args.wait.then(|| Wait::new(args, context, &client, &base_id, stop));
    // The ID is said before the wait, so that it is not lost however the wait ends.
    match &mut wait {
        Some(wait) if context.format == Format::Json => {
            // A program reads one document, which has the final status.
            wait.document = Some(answer.json().with_context(nothing_printed)?);
            context.notes.note(format_args!("backup {base_id} was started"));
        }
        _ => context.print(&bytes).with_context(nothing_printed)?,
    }
    if (context.world.stdout_may_be_closed)() {
        context.notes.insist(format_args!(
            "backup {base_id} was started; standard output is closed, or is /dev/null"
        ));
    }
    let Some(mut wait) = wait else { return Ok(()) };
    let outcome = wait.run();
    // A failure of the wait says more than one to print.
    let printed = wait.print_document().with_context(nothing_printed);
    outcome.and(printed)
}

/// A name that the service accepts and that no other backup has: the time, and a random part for backups of
/// the same second.
fn default_name(context: &Context<'_>) -> anyhow::Result<BackupName> {
    let mut random = [0; 3];
    (context.world.random)(&mut random).context("the system gave no random bytes for a name")?;
    let time = context.world.clock.now().format(time::macros::format_description!(
        "[year][month][day][hour][minute][second]"
    ))?;
    let name = format!("jdredis_{time}_{}", hex::encode(random));
    name.parse()
        .context("the name made for the backup is not valid; give one with --name")
}

/// Looking at a backup until it has ended.
struct Wait<'a> {
    context: &'a Context<'a>,
    client: &'a Client<'a>,
    args: &'a Args,
    base_id: &'a BaseId,
    line: StatusLine<'a>,
    /// Raised when the user wants it to end.
    stop: Arc<AtomicBool>,
    /// On the world's monotonic clock.
    start: Duration,
    /// The status that the last look found, in words.
    state: String,
    /// The answer to print at the end, with `-o json`.
    document: Option<Value>,
    /// The status for the document: one of [`BackupStatus`], or `unknown` for one that is not documented.
    status: &'static str,
}

impl<'a> Wait<'a> {
    fn new(
        args: &'a Args,
        context: &'a Context<'a>,
        client: &'a Client<'a>,
        base_id: &'a BaseId,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            context,
            client,
            args,
            base_id,
            line: StatusLine::new(context.notes),
            stop,
            start: context.world.clock.monotonic(),
            state: BackupStatus::Running.word().to_owned(),
            document: None,
            status: BackupStatus::Running.word(),
        }
    }

    fn run(&mut self) -> anyhow::Result<()> {
        let mut pause = FIRST_POLL;
        loop {
            let left = self.args.wait_timeout.saturating_sub(self.elapsed());
            if left.is_zero() {
                return Err(self.ended(Kind::Network, "had not ended after", GOES_ON));
            }
            self.pause(pause.min(left))?;
            pause = pause.mul_f64(POLL_GROWTH).min(LONGEST_POLL);
            let found = self
                .context
                .unless_interrupted(
                    &self.stop,
                    || self.look(),
                    || self.show(),
                    || {
                        self.line.clear();
                        // The signal decides the exit code, not a terminal that takes no data any more.
                        let _ = self.print_document();
                        self.interrupted()
                    },
                )
                .with_context(|| format!("cannot look at backup {}, which was started", self.base_id))?;
            // A backup that is not listed yet will be.
            let Some(backup) = found else { continue };
            self.status = backup.status().map_or("unknown", BackupStatus::word);
            match backup.status() {
                Some(BackupStatus::Success) => {
                    self.context.notes.remark(format_args!(
                        "backup {} succeeded after {}",
                        self.base_id,
                        self.elapsed_text()
                    ));
                    return Ok(());
                }
                Some(BackupStatus::Failed) => {
                    let hint = "try again; if it fails again, report the base ID to JD Cloud";
                    return Err(self.ended(Kind::Service, "failed after", hint));
                }
                Some(BackupStatus::Running) => BackupStatus::Running.word().clone_into(&mut self.state),
                None => self.warn_of(StatusWord(backup.status)),
            }
        }
    }

    /// The service's entry of the backup. A failure that may pass is waited out: the backup goes on at the
    /// service, whether it can be asked or not.
    fn look(&self) -> Result<Option<Backup>, api::Error> {
        let left = self.args.wait_timeout.saturating_sub(self.elapsed());
        let deadline = self.client.deadline_within(left.max(LAST_LOOK));
        match backups::find(self.client, &self.args.instance.id, self.base_id, deadline) {
            Ok(found) => Ok(found.map(|entry| entry.view)),
            Err(error) if error.may_pass() => {
                self.context.notes.warn(format_args!(
                    "the backup's status is unknown for now: {}",
                    visible(&error.to_string())
                ));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Warns of a status that says neither that the backup goes on nor that it has ended; once for each.
    fn warn_of(&mut self, status: StatusWord) {
        let state = status.to_string();
        if state != self.state {
            self.context.notes.warn(format_args!(
                "backup {} has {state}; it is waited for as if it were running",
                self.base_id
            ));
            self.state = state;
        }
    }

    fn pause(&self, duration: Duration) -> anyhow::Result<()> {
        let end = self.elapsed() + duration;
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(self.interrupted().into());
            }
            let left = end.saturating_sub(self.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            self.show();
            self.context.world.clock.sleep(left.min(TICK));
        }
    }

    /// Prints the answer with the status that the backup had last, where that was left to the end.
    fn print_document(&self) -> anyhow::Result<()> {
        let Some(mut document) = self.document.clone() else {
            return Ok(());
        };
        self.line.clear();
        if let Some(result) = document.get_mut("result").and_then(Value::as_object_mut) {
            result.entry("status").or_insert_with(|| self.status.into());
        }
        Ok(self.context.print(&json::render(&document))?)
    }

    fn show(&self) {
        let elapsed = self.elapsed_text();
        self.line
            .show(format!("backup {}: {} for {elapsed}", self.base_id, self.state));
    }

    fn interrupted(&self) -> Report {
        let kind = Kind::Interrupted(self.context.interrupt.signal());
        let (backup, time) = (self.base_id, self.elapsed_text());
        let message = format!("interrupted while waiting for backup {backup}, after {time}");
        Report::with_hint(kind, message, GOES_ON)
    }

    fn elapsed(&self) -> Duration {
        self.context.world.clock.monotonic().saturating_sub(self.start)
    }

    fn elapsed_text(&self) -> String {
        human::duration(self.elapsed().as_secs())
    }

    fn ended(&self, kind: Kind, how: &str, hint: &str) -> anyhow::Error {
        let message = format!("backup {} {how} {}", self.base_id, self.elapsed_text());
        Report::with_hint(kind, message, hint).into()
    }
}
