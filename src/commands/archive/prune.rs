//! `jdredis archive prune`: removes the backups that no rule of a policy keeps.

use std::path::PathBuf;

use serde::Serialize;

use super::recording::Unrecorded;
use super::retention::{self, KeepArgs};
use super::rows::{BACKUP_HEADER, BackupRow};
use crate::archive::prune::{self, Decision};
use crate::archive::read::{self, Archive, Archived, ArchivedBackup};
use crate::archive::runs::{self, Run, Trouble};
use crate::archive::state::Terms;
use crate::commands::Context;
use crate::error::{Kind, Report};
use crate::output::{Format, json, plain, table};
use crate::terminal::human;

/// Arguments of `archive prune`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The archive's folder
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: PathBuf,

    #[command(flatten)]
    keep: KeepArgs,

    /// Say what goes and what stays, and remove nothing
    #[arg(long)]
    dry_run: bool,

    /// Count backups as good whose files are no RDB files
    #[arg(long)]
    accept_unverified: bool,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  # What a policy would remove
  jdredis archive prune /srv/redis-archive --keep-daily 7 --keep-weekly 4 --dry-run

  # Backups whose folders hold a file named keep stay; its first line is shown as the reason
  jdredis archive prune /srv/redis-archive --keep-last 3
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let Some(policy) = args.keep.policy() else {
        let message = "no --keep flag is given, and a policy without a rule would remove all backups but the newest";
        let hint = "give at least one, such as --keep-daily 7 --keep-weekly 4, and --dry-run to see what goes";
        return Err(Report::with_hint(Kind::Usage, message, hint).into());
    };
    // A folder that is not there must not be made by the lock.
    let mut archive = super::open_to_read(&args.dir, &[])?;
    let store = match args.dry_run {
        true => None,
        false => {
            let store = super::open_to_write(&args.dir)?;
            // Another process may have changed it until now.
            archive = super::open_to_read(&args.dir, &[])?;
            Some(store)
        }
    };
    let start = context.world.clock.now();
    let terms = Terms {
        now: start,
        max_age: None,
        accepts_unverified: args.accept_unverified,
    };
    let zone = retention::zone(&archive, context.world);
    let zone_text = zone.describe(terms.now);
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    let mut unreadable = std::mem::take(&mut archive.unreadable);
    for archived in &mut archive.instances {
        let decisions = prune::decide(archived, &policy, &zone, terms);
        let of_instance: Vec<Row> = decisions.iter().map(|decision| Row::of(archived, decision)).collect();
        let going: Vec<PathBuf> = of_instance
            .iter()
            .filter(|row| row.goes)
            .map(|row| row.backup.path.clone())
            .collect();
        unreadable.extend(decisions.into_iter().filter_map(|decision| decision.doubt));
        if read::is_in_doubt(&unreadable, archived) {
            let stay = of_instance.into_iter().map(Row::left_alone);
            rows.extend(stay);
            continue;
        }
        rows.extend(of_instance);
        if let Some(shrunk) = archived.shrunk(terms).filter(|_| !going.is_empty()) {
            let verb = if args.dry_run { "would go" } else { "go" };
            context.notes.warn(format_args!(
                "{}/{}: {shrunk}, and {} of the others {verb}",
                archived.region,
                archived.instance,
                going.len()
            ));
        }
        if let Some(store) = store.as_ref().filter(|_| !going.is_empty()) {
            failures.extend(store.prune(archived, &going, terms.now));
        }
    }
    archive.unreadable = unreadable;
    rows.retain(|row| !row.goes || failures.iter().all(|failure| failure.path != row.backup.path));
    let printed = context.print_findings(&render(&rows, &zone_text, &policy.describe(), args, context));
    say(&archive, &rows, &zone_text, args, context);
    let outcome = printed
        .map_err(anyhow::Error::from)
        .and_then(|()| conclude(&archive, &failures));
    if args.dry_run || (failures.is_empty() && rows.iter().all(|row| !row.goes)) {
        return outcome;
    }
    let mut run = Run::new("prune", start);
    run.instances = archive.instances.len();
    let removed = rows.iter().filter(|row| row.goes);
    run.pruned_folders = removed.map(|row| runs::below(&args.dir, &row.backup.path)).collect();
    run.pruned = run.pruned_folders.len();
    run.failures = failures
        .iter()
        .map(|failure| Trouble::of_run(failure.to_string()))
        .collect();
    let report = outcome.as_ref().err().map(Report::of);
    let code = report.as_ref().map_or(0, |report| report.kind.code());
    run.end(context.world.clock.now(), code, report.as_ref().map(Report::line));
    let mut unrecorded = Unrecorded::default();
    unrecorded.append_run(&run, &args.dir, true);
    unrecorded.outcome(outcome, context)
}

/// The zone and the sum, and what a person has to look at.
fn say(archive: &Archive, rows: &[Row], zone: &str, args: &Args, context: &Context<'_>) {
    for path in &archive.foreign {
        context.notes.note(format_args!(
            "{} is no part of an archive and is left alone",
            path.display()
        ));
    }
    let going = rows.iter().filter(|row| row.goes);
    let bytes = going.clone().map(|row| row.backup.bytes).fold(0, u64::saturating_add);
    let verb = if args.dry_run { "would go" } else { "are removed" };
    context.notes.note(format_args!(
        "{} of {} backups {verb}, {}; days, weeks and months are those of {zone}",
        going.count(),
        rows.len(),
        human::size(bytes)
    ));
}

fn conclude(archive: &Archive, failures: &[prune::NotRemoved]) -> anyhow::Result<()> {
    if !failures.is_empty() {
        let lines = failures.iter().map(ToString::to_string).collect();
        let message = "not all backups that should go could be removed";
        let hint = "fix the cause, then run this again; what is half removed is hidden and removed then";
        return Err(Report::with_hint(Kind::Other, message, hint).details(lines).into());
    }
    if !archive.unreadable.is_empty() {
        let lines = archive.unreadable.iter().map(ToString::to_string).collect();
        let message = "parts of the archive cannot be read, so nothing was removed there";
        let hint = "let this user read them; a symbolic link in an archive is not followed";
        return Err(Report::with_hint(Kind::Integrity, message, hint).details(lines).into());
    }
    Ok(())
}

/// What `-o json` prints; a contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    /// As given.
    dir: String,
    dry_run: bool,
    /// The flags.
    policy: &'a str,
    zone: &'a str,
    backups: &'a [Row],
    total: Total,
}

/// A backup.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(flatten)]
    backup: BackupRow,
    /// `keep` or `remove`.
    action: &'static str,
    reasons: Vec<String>,
    #[serde(skip)]
    goes: bool,
}

/// All backups together.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Total {
    kept: usize,
    removed: usize,
    removed_bytes: u64,
}

impl Row {
    fn of(archived: &Archived, decision: &Decision<'_>) -> Self {
        Self {
            backup: BackupRow::of(&ArchivedBackup {
                instance: archived,
                kept: decision.backup,
            }),
            action: if decision.goes { "remove" } else { "keep" },
            reasons: decision.reasons.clone(),
            goes: decision.goes,
        }
    }

    /// Of an instance of which a part cannot be read: nothing of it is removed.
    fn left_alone(self) -> Self {
        match self.goes {
            false => self,
            true => Self {
                action: "keep",
                reasons: vec!["a part of its instance cannot be read, so nothing is removed there".to_owned()],
                goes: false,
                ..self
            },
        }
    }

    fn cells(&self, context: &Context<'_>) -> Vec<String> {
        let mut cells = self.backup.cells(context.local).to_vec();
        cells.extend([
            human::size(self.backup.bytes),
            self.action.to_owned(),
            self.reasons.join(", "),
        ]);
        cells
    }
}

fn render(rows: &[Row], zone: &str, policy: &str, args: &Args, context: &Context<'_>) -> Vec<u8> {
    let header = [&BACKUP_HEADER[..], &["SIZE", "ACTION", "REASON"]].concat();
    let removed = || rows.iter().filter(|row| row.goes);
    match context.format {
        // Nothing that a prune does is wrong: its failures are told in the error.
        Format::Table if context.notes.is_quiet() => Vec::new(),
        Format::Table => table::render_rows(&header, rows.iter().map(|row| row.cells(context))),
        Format::Json => json::render(&Document {
            dir: args.dir.to_string_lossy().into_owned(),
            dry_run: args.dry_run,
            policy,
            zone,
            backups: rows,
            total: Total {
                kept: rows.len() - removed().count(),
                removed: removed().count(),
                removed_bytes: removed().map(|row| row.backup.bytes).fold(0, u64::saturating_add),
            },
        }),
        Format::Plain => plain::render(removed().map(|row| row.backup.path.as_os_str().as_encoded_bytes())),
    }
}
