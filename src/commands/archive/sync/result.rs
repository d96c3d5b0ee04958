//! What a sync prints, and how it ends.

use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;

use super::Args;
use super::instance::Instance;
use super::ledger::Ledger;
use crate::archive::state::State;
use crate::commands::Context;
use crate::commands::archive::rows::{self, Judged};
use crate::error::{Kind, Report};
use crate::output::{Format, json, plain, table};
use crate::process::signals::Signal;
use crate::terminal::human;
use crate::values::when::as_rfc3339;

/// What `-o json` prints; a contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    /// As given.
    dir: String,
    /// As given; null for none, and in a dry run.
    max_age: Option<String>,
    dry_run: bool,
    instances: &'a [Row<'a>],
    total: Total,
}

/// An instance.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    region: &'a str,
    instance: &'a str,
    name: Option<&'a str>,
    /// When the newest good backup in the archive began.
    #[serde(serialize_with = "as_rfc3339")]
    newest: Option<OffsetDateTime>,
    /// Seconds since then.
    age: Option<u64>,
    /// How many backups this run has fetched, or would fetch.
    new: usize,
    /// All of those together.
    bytes: u64,
    /// In the newest good backup.
    keys: Option<u64>,
    state: State,
    reason: Option<String>,
    /// How many backups the policy has removed.
    pruned: usize,
    /// The folders of the new backups.
    folders: Vec<String>,
    #[serde(skip)]
    judged: Judged,
}

/// All instances together.
#[derive(Serialize)]
struct Total {
    instances: usize,
    new: usize,
    bytes: u64,
    pruned: usize,
}

impl<'a> Row<'a> {
    fn of(instance: &'a Instance, ledger: &Ledger) -> Self {
        let archived = &instance.archived;
        let newest = archived.newest(ledger.terms);
        let judgement = archived.judge(ledger.terms);
        Self {
            region: archived.region.as_str(),
            instance: archived.instance.as_str(),
            name: archived.name(),
            newest: newest.and_then(|backup| backup.start),
            age: judgement.age.map(|age| age.as_secs()),
            new: instance.new_count,
            bytes: instance.new_bytes,
            keys: newest.and_then(|backup| backup.keys),
            state: judgement.state,
            reason: judgement.reason.clone(),
            pruned: instance.pruned.len(),
            folders: instance
                .new
                .iter()
                .map(|path| path.to_string_lossy().into_owned())
                .collect(),
            judged: Judged {
                subject: instance.subject(),
                judgement,
                was_warned_of: instance.was_warned_of,
            },
        }
    }

    fn cells(&self, context: &Context<'_>) -> Vec<String> {
        let bytes = if self.new > 0 {
            human::size(self.bytes)
        } else {
            String::new()
        };
        vec![
            self.region.to_owned(),
            self.instance.to_owned(),
            self.name.unwrap_or_default().to_owned(),
            self.newest.map(|newest| context.local.text(newest)).unwrap_or_default(),
            rows::age(&self.judged.judgement),
            self.new.to_string(),
            bytes,
            rows::number(self.keys),
            self.state.name().to_owned(),
            self.reason.clone().unwrap_or_default(),
        ]
    }
}

/// The error of a run that a signal ended.
pub(super) fn interruption(signal: Signal) -> Report {
    let message = "interrupted: what is whole is in the archive, and what was begun is kept";
    Report::with_hint(Kind::Interrupted(signal), message, "run this again to go on")
}

/// Prints the rows and ends the run.
pub(super) fn conclude(
    ledger: &Ledger,
    signal: Option<Signal>,
    args: &Args,
    context: &Context<'_>,
) -> anyhow::Result<()> {
    let rows: Vec<Row<'_>> = ledger
        .instances
        .iter()
        .map(|instance| Row::of(instance, ledger))
        .collect();
    let printed = context.print_findings(&render(&rows, ledger, args, context));
    if let Some(signal) = signal {
        // A terminal that was closed (SIGHUP) takes no table any more; the signal decides the exit code.
        return Err(interruption(signal).into());
    }
    printed?;
    for row in &rows {
        if let Some(warning) = &row.judged.judgement.warning {
            context.notes.warn(format_args!("{}: {warning}", row.judged.subject));
        }
    }
    let judged: Vec<Judged> = rows.into_iter().map(|row| row.judged).collect();
    judge(ledger, &judged, args)
}

/// Why a region's instances are not known.
pub(super) fn unlisted(report: &Report) -> String {
    format!("its instances could not be listed: {}", report.line())
}

fn judge(ledger: &Ledger, judged: &[Judged], args: &Args) -> anyhow::Result<()> {
    if let Some(report) = ledger.only_failure() {
        let message = format!("nothing could be done: {}", report.message);
        return Err(Report {
            message,
            ..report.clone()
        }
        .into());
    }
    let regions = ledger
        .failed_regions
        .iter()
        .map(|(region, report)| format!("{region}: {}", unlisted(report)));
    let mut lines: Vec<String> = regions.chain(ledger.lost.iter().cloned()).collect();
    lines.extend(ledger.unreadable.iter().map(ToString::to_string));
    let verdict = rows::verdict(judged, args.max_age);
    let is_bad = verdict.as_ref().is_some_and(|report| report.kind == Kind::Integrity);
    if !lines.is_empty() {
        let mut message = "not all instances are known or can be read".to_owned();
        let mut hint = "fix the cause named below the message, then run this again".to_owned();
        if let Some(report) = verdict {
            message = format!("{message}; {}", report.message);
            lines.extend(report.details);
            // What is only old has a hint of its own, which would leave the cause of exit code 7 standing.
            if is_bad {
                hint = report.hint.unwrap_or(hint);
            }
        }
        return Err(Report::with_hint(Kind::Integrity, message, hint).details(lines).into());
    }
    if is_bad {
        return verdict.map_or(Ok(()), |report| Err(report.into()));
    }
    if !ledger.not_found.is_empty() {
        let ids: Vec<String> = ledger.not_found.iter().map(ToString::to_string).collect();
        let message = format!("no region that was asked has these instances: {}", ids.join(", "));
        let hint = "check the IDs with 'jdredis instance list', and --region";
        return Err(Report::with_hint(Kind::NotFound, message, hint).into());
    }
    if let Some(report) = verdict {
        return Err(report.into());
    }
    if !ledger.not_pruned.is_empty() {
        let message = "all is whole, but not all backups that the policy removes could be removed";
        let hint = "fix the cause, then run this again";
        return Err(Report::with_hint(Kind::Other, message, hint)
            .details(ledger.not_pruned.clone())
            .into());
    }
    Ok(())
}

fn render(rows: &[Row<'_>], ledger: &Ledger, args: &Args, context: &Context<'_>) -> Vec<u8> {
    match context.format {
        Format::Table => render_table(rows, context),
        Format::Json => json::render(&Document {
            dir: args.dir.to_string_lossy().into_owned(),
            max_age: args.max_age.0.filter(|_| !args.dry_run).map(|age| age.to_string()),
            dry_run: args.dry_run,
            instances: rows,
            total: Total {
                instances: rows.len(),
                new: rows.iter().map(|row| row.new).sum(),
                bytes: rows.iter().map(|row| row.bytes).fold(0, u64::saturating_add),
                pruned: rows.iter().map(|row| row.pruned).sum(),
            },
        }),
        Format::Plain => {
            let folders = ledger.instances.iter().flat_map(|instance| &instance.new);
            plain::render(folders.map(|path| Path::as_os_str(path).as_encoded_bytes()))
        }
    }
}

fn render_table(rows: &[Row<'_>], context: &Context<'_>) -> Vec<u8> {
    const HEADER: [&str; 10] = [
        "REGION", "INSTANCE", "NAME", "NEWEST", "AGE", "NEW", "SIZE", "KEYS", "STATE", "REASON",
    ];
    let is_quiet = context.notes.is_quiet();
    let shown = rows.iter().filter(|row| !is_quiet || row.judged.is_noteworthy());
    table::render_rows(&HEADER, shown.map(|row| row.cells(context)))
}
