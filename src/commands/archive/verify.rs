//! `jdredis archive verify`: reads every byte of an archive and compares it with what was fetched.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use super::rows::{BACKUP_HEADER, BackupRow};
use super::{note_foreign, open_to_read};
use crate::archive::checks::{self, Check, CheckState};
use crate::archive::read::{Archive, Archived, ArchivedBackup};
use crate::archive::verify::{self, Event, Verified};
use crate::commands::Context;
use crate::error::{Kind, Report};
use crate::output::{Format, json, plain, table};
use crate::terminal::human;
use crate::terminal::progress::Progress;
use crate::values::id::InstanceId;
use crate::values::when::{as_rfc3339, rfc3339};

/// How often new checks are saved. A run that is killed loses the checks of this time.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// Arguments of `archive verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The archive's folder
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: PathBuf,

    /// Only this instance; may be given several times
    #[arg(long = "instance", value_name = "ID")]
    instances: Vec<InstanceId>,

    /// At most so many bytes, such as 200G, of those checked longest ago (K, M, G: powers of 1024)
    ///
    /// At least one backup is checked, however large it is.
    #[arg(long, value_name = "SIZE", value_parser = crate::cli::bytes::size)]
    at_most: Option<u64>,

    /// Count backups as good whose files are no RDB files
    #[arg(long)]
    accept_unverified: bool,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  jdredis archive verify /srv/redis-archive

  # A slice a night, so that each backup is checked again after some nights
  jdredis archive verify /srv/redis-archive --at-most 200G -q
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let archive = open_to_read(&args.dir, &args.instances)?;
    let stop = context.interrupt.defer_first_signal();
    let all = asked_for(&archive, args);
    let count = all.len();
    let backups = verify::slice(all, args.at_most, context.world.clock.now());
    let clock = &*context.world.clock;
    let bytes = backups
        .iter()
        .map(|backup| backup.kept.bytes)
        .fold(0, u64::saturating_add);
    let progress = Progress::of_many(Some(bytes), clock, context.notes);
    let mut shown: HashMap<(usize, usize), usize> = HashMap::new();
    let mut rows = Vec::new();
    let mut new_checks = NewChecks::new(args, clock.monotonic());
    verify::run(&backups, &stop, |event| match event {
        Event::Position(at, bytes, length) => {
            let next = shown.len();
            let index = *shown.entry(at).or_insert_with(|| {
                progress.add(backups[at.0].instance.instance.as_str());
                next
            });
            progress.position(index, bytes, Some(length));
        }
        Event::FileDone(at) => {
            if let Some(index) = shown.get(&at) {
                progress.end(*index, "read");
            }
        }
        Event::Done(number, Verified::Away) => {
            let path = backups[number].kept.path.display();
            context
                .notes
                .note(format_args!("{path} was pruned or moved away meanwhile and is skipped"));
        }
        Event::Done(number, Verified::Checked(state, reasons)) => {
            let backup = &backups[number];
            let now = clock.now();
            let row = Row::new(backup, state, reasons, now);
            new_checks.add(backup, &row, now);
            rows.push(row);
            if clock.monotonic().saturating_sub(new_checks.saved_at) >= SAVE_EVERY {
                new_checks.save(clock.monotonic());
            }
        }
    });
    new_checks.save(clock.monotonic());
    progress.close();
    rows.sort_by(|Row { backup: a, .. }, Row { backup: b, .. }| {
        (&a.region, &a.instance, b.start, &b.base_id).cmp(&(&b.region, &b.instance, a.start, &a.base_id))
    });
    let printed = context.print_findings(&render(&rows, args, context));
    if let Some(error) = &new_checks.failure {
        context
            .notes
            .warn(format_args!("the dates of these checks are not kept: {error}"));
    }
    if stop.load(Ordering::Relaxed) {
        let message = format!("interrupted: {} of {} backups were checked", rows.len(), backups.len());
        let kind = Kind::Interrupted(context.interrupt.signal());
        return Err(Report::with_hint(
            kind,
            message,
            "run this again: it begins with those checked longest ago",
        )
        .into());
    }
    printed?;
    note_foreign(&archive, context);
    if count > backups.len() {
        context.notes.note(format_args!(
            "{} of {count} backups were checked, {}; the next run begins with the others",
            rows.len(),
            human::size(bytes)
        ));
    }
    judge(&archive, &rows, args, context)
}

/// The backups of the instances that the command line names, or of all.
fn asked_for<'a>(archive: &'a Archive, args: &Args) -> Vec<ArchivedBackup<'a>> {
    let instances = archive.instances.iter();
    let instances = instances.filter(|of| args.instances.is_empty() || args.instances.contains(&of.instance));
    instances.flat_map(Archived::each).collect()
}

/// The new checks that are not written yet.
struct NewChecks {
    dir: PathBuf,
    /// By the folder of their instance.
    new: HashMap<PathBuf, Vec<Check>>,
    /// On the world's monotonic clock.
    saved_at: Duration,
    /// Why they cannot be kept.
    failure: Option<std::io::Error>,
}

impl NewChecks {
    fn new(args: &Args, now: Duration) -> Self {
        Self {
            dir: args.dir.clone(),
            new: HashMap::new(),
            saved_at: now,
            failure: None,
        }
    }

    fn add(&mut self, backup: &ArchivedBackup<'_>, row: &Row, now: OffsetDateTime) {
        if let Some(folder) = backup.kept.path.parent() {
            let check = Check::new(backup.kept, now, row.state, row.reason());
            self.new.entry(folder.to_owned()).or_default().extend(check);
        }
    }

    fn save(&mut self, now: Duration) {
        self.saved_at = now;
        for (folder, new) in self.new.drain() {
            if !new.is_empty()
                && let Err(error) = checks::save(&self.dir, &folder, &new)
            {
                self.failure.get_or_insert(error);
            }
        }
    }
}

fn judge(archive: &Archive, rows: &[Row], args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let is_accepted = |row: &&Row| row.state == CheckState::NotRdb && args.accept_unverified;
    for row in rows.iter().filter(is_accepted) {
        context.notes.warn(format_args!(
            "{}: {}",
            row.backup.path.display(),
            row.reason().unwrap_or_default()
        ));
    }
    let bad: Vec<&Row> = rows.iter().filter(|row| row.is_bad(args)).collect();
    let mut lines: Vec<String> = archive.unreadable.iter().map(ToString::to_string).collect();
    let mut messages = Vec::new();
    if !bad.is_empty() {
        messages.push(format!(
            "{} of {} backups are not as they should be",
            bad.len(),
            rows.len()
        ));
    }
    if !lines.is_empty() {
        messages.push("parts of the archive cannot be read".to_owned());
    }
    if messages.is_empty() {
        return Ok(());
    }
    for row in &bad {
        let reasons = row
            .reasons
            .iter()
            .map(|reason| format!("{}: {reason}", row.backup.path.display()));
        lines.extend(reasons);
    }
    let has = |state| bad.iter().any(|row| row.state == state);
    let hint = if has(CheckState::Damaged) {
        "move a damaged backup's folder out of the archive and run 'jdredis archive sync': while the service still has the \
         backup, it is fetched anew; else take it from another copy of the archive"
    } else if has(CheckState::Extra) {
        "move what is extra out of the backup's folder"
    } else if has(CheckState::NotRdb) {
        "look at the file: if your backups are no RDB files, --accept-unverified takes them as they are"
    } else {
        "let this user read them; a symbolic link in an archive is not followed"
    };
    let report = Report::with_hint(Kind::Integrity, messages.join("; "), hint).details(lines);
    Err(report.into())
}

/// What `-o json` prints; a contract.
#[derive(Serialize)]
struct Document<'a> {
    /// As given.
    dir: String,
    backups: &'a [Row],
}

/// A backup that was checked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(flatten)]
    backup: BackupRow,
    state: CheckState,
    /// Each thing that is wrong with it.
    reasons: Vec<String>,
    /// When it was checked before.
    #[serde(serialize_with = "as_rfc3339")]
    checked_before: Option<OffsetDateTime>,
    /// RFC 3339.
    checked_at: String,
}

impl Row {
    fn new(backup: &ArchivedBackup<'_>, state: CheckState, reasons: Vec<String>, now: OffsetDateTime) -> Self {
        Self {
            backup: BackupRow::of(backup),
            state,
            reasons,
            checked_before: backup.kept.check.as_ref().map(|check| check.at),
            checked_at: rfc3339(now),
        }
    }

    fn reason(&self) -> Option<String> {
        (!self.reasons.is_empty()).then(|| self.reasons.join("; "))
    }

    fn is_bad(&self, args: &Args) -> bool {
        match self.state {
            CheckState::Ok | CheckState::Unverified => false,
            CheckState::NotRdb => !args.accept_unverified,
            CheckState::Extra | CheckState::Damaged => true,
        }
    }

    fn cells(&self, context: &Context<'_>) -> Vec<String> {
        let mut cells = self.backup.cells(context.local).to_vec();
        cells.extend([
            human::size(self.backup.bytes),
            self.state.name().to_owned(),
            self.reason().unwrap_or_default(),
        ]);
        cells
    }
}

fn render(rows: &[Row], args: &Args, context: &Context<'_>) -> Vec<u8> {
    let header = [&BACKUP_HEADER[..], &["SIZE", "STATE", "REASON"]].concat();
    let is_quiet = context.notes.is_quiet();
    let is_shown = |row: &&Row| !is_quiet || !matches!(row.state, CheckState::Ok | CheckState::Unverified);
    match context.format {
        Format::Table => table::render_rows(&header, rows.iter().filter(is_shown).map(|row| row.cells(context))),
        Format::Json => json::render(&Document {
            dir: args.dir.to_string_lossy().into_owned(),
            backups: rows,
        }),
        Format::Plain => plain::render(rows.iter().map(|row| row.backup.plain(row.state.name()))),
    }
}
