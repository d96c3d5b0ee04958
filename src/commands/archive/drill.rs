//! `jdredis archive drill`: has a real server load the backups of an archive.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::rows::{BACKUP_HEADER, BackupRow};
use super::{note_foreign, open_to_read};
use crate::archive::drills::{self, Drill};
use crate::archive::read::{Archive, ArchivedBackup};
use crate::archive::state::Terms;
use crate::commands::Context;
use crate::commands::loading::{self, Loader};
use crate::drill::{Load, Outcome, Stopped, Subject};
use crate::error::{Kind, Report};
use crate::output::{Format, json, plain, table};
use crate::rdb::Verdict;
use crate::values::id::InstanceId;

/// Arguments of `archive drill`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The archive's folder
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: PathBuf,

    /// Only this instance; may be given several times
    #[arg(long = "instance", value_name = "ID")]
    instances: Vec<InstanceId>,

    /// Only the newest good backup of each instance
    #[arg(long)]
    newest: bool,

    /// The server to load with [default: redis-server or valkey-server, by PATH]
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::ExecutablePath)]
    redis_server: Option<PathBuf>,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  # Once a month, or before you need it
  jdredis archive drill /srv/redis-archive --newest

  jdredis archive drill /srv/redis-archive --instance redis-1234 --redis-server /opt/redis-7.4/bin/redis-server
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let archive = open_to_read(&args.dir, &args.instances)?;
    let loader = Loader::new(args.redis_server.as_deref(), context)?;
    let (backups, without) = asked_for(&archive, args, context);
    let mut rows = Vec::new();
    let mut failure = None;
    for backup in &backups {
        let Ok(new) = drill(backup, &loader, context) else {
            break;
        };
        if let Some(drill) = remembered(backup, &new, context.world.clock.now())
            && let Some(folder) = backup.kept.path.parent()
            && let Err(error) = drills::save(&args.dir, folder, drill)
        {
            failure.get_or_insert(error);
        }
        rows.extend(new);
    }
    let printed = context.print_findings(&render(&rows, args, context));
    if let Some(error) = failure {
        context
            .notes
            .warn(format_args!("the results of this drill are not kept: {error}"));
    }
    if loader.is_stopped() {
        return Err(loader.interrupted(rows.len()).into());
    }
    printed?;
    note_foreign(&archive, context);
    judge(&archive, &rows, without)
}

/// The backups to load, and the instances that have backups but no good one, in words.
fn asked_for<'a>(archive: &'a Archive, args: &Args, context: &Context<'_>) -> (Vec<ArchivedBackup<'a>>, Vec<String>) {
    let terms = Terms {
        now: context.world.clock.now(),
        max_age: None,
        accepts_unverified: false,
    };
    let mut backups = Vec::new();
    let mut without = Vec::new();
    for of in &archive.instances {
        if !args.instances.is_empty() && !args.instances.contains(&of.instance) {
            continue;
        }
        match of.newest(terms) {
            _ if !args.newest => backups.extend(of.each()),
            Some(kept) => backups.push(ArchivedBackup { instance: of, kept }),
            None if of.backups.is_empty() => context
                .notes
                .note(format_args!("{}/{} has no backup to load", of.region, of.instance)),
            None => without.push(format!("{}/{} has no good backup to load", of.region, of.instance)),
        }
    }
    (backups, without)
}

/// Has each file of a backup loaded. A backup that was pruned or moved away meanwhile has no rows.
fn drill(backup: &ArchivedBackup<'_>, loader: &Loader<'_>, context: &Context<'_>) -> Result<Vec<Row>, Stopped> {
    let folder = &backup.kept.path;
    let mut rows = Vec::new();
    let files = match drills::files(backup) {
        Ok(files) => files,
        Err(reason) => {
            rows.push(Row {
                backup: BackupRow::of(backup),
                load: Load::failed(Outcome::Damaged, reason),
            });
            Vec::new()
        }
    };
    for file in files {
        let path = folder.join(&file.name);
        let name = format!(
            "{} {}",
            backup.instance.instance,
            path.file_name().unwrap_or_default().to_string_lossy()
        );
        if loader.is_stopped() {
            return Err(Stopped);
        }
        let mut hash = Sha256::new();
        let read = loader.read(&name, &path, |bytes| hash.update(bytes))?;
        let sha256 = hex::encode(hash.finalize());
        let load = match read {
            Err(error) => Load::failed(Outcome::Damaged, format!("it cannot be read: {error}")),
            Ok((bytes, findings)) => match (&findings.verdict, &findings.contents) {
                // A sound file may be another than the one that was fetched.
                (Verdict::Ok(_) | Verdict::Unverified(_), _) if sha256 != file.sha256 => {
                    let reason = format!("it has changed: its SHA-256 is {sha256} and should be {}", file.sha256);
                    Load::failed(Outcome::Damaged, reason)
                }
                (Verdict::Ok(_) | Verdict::Unverified(_), Some(contents)) => loader.load(
                    &name,
                    Subject {
                        path: &path,
                        bytes,
                        contents,
                    },
                )?,
                (verdict, _) => Load::failed(Outcome::Damaged, verdict.reason().unwrap_or_default()),
            },
        };
        rows.push(Row {
            backup: BackupRow::of_file(backup, path, file.bytes),
            load,
        });
    }
    let is_bad = rows.iter().any(|row| row.load.result != Outcome::Loaded);
    if is_bad && fs::symlink_metadata(folder).is_err() {
        let path = folder.display();
        context
            .notes
            .note(format_args!("{path} was pruned or moved away meanwhile and is skipped"));
        rows.clear();
    }
    Ok(rows)
}

/// The drill to remember of a backup: all its files are loaded, or a server refused one as damaged. Damage that shows
/// without a server is left to `archive verify`.
fn remembered(backup: &ArchivedBackup<'_>, rows: &[Row], now: OffsetDateTime) -> Option<Drill> {
    let is_damaged = |row: &&Row| row.load.result == Outcome::Damaged && row.load.server.is_some();
    let damaged = rows.iter().find(is_damaged);
    if rows.is_empty() || damaged.is_none() && rows.iter().any(|row| row.load.result != Outcome::Loaded) {
        return None;
    }
    let reason = damaged.map(|row| format!("{}: {}", row.name(), row.load.reason.as_deref().unwrap_or_default()));
    Drill::new(
        backup.kept,
        now,
        rows.iter().find_map(|row| row.load.server.clone()),
        reason,
        rows.iter().map(|row| &row.load),
    )
}

/// How the command ends.
fn judge(archive: &Archive, rows: &[Row], without: Vec<String>) -> anyhow::Result<()> {
    let report = loading::verdict(rows.iter().map(|row| (row.backup.path.as_path(), &row.load)));
    let mut more: Vec<String> = archive.unreadable.iter().map(ToString::to_string).collect();
    more.extend(without);
    let hint = "'jdredis archive status' says what is wrong with the archive";
    let message = "parts of the archive have nothing that can be loaded";
    let other = (!more.is_empty()).then(|| Report::with_hint(Kind::Integrity, message, hint).details(more));
    match (other, report) {
        (None, None) => Ok(()),
        (Some(report), None) | (None, Some(report)) => Err(report.into()),
        (Some(other), Some(report)) => Err(other.and(report).into()),
    }
}

/// What `-o json` prints; a contract.
#[derive(Serialize)]
struct Document<'a> {
    /// As given.
    dir: String,
    files: &'a [Row],
}

/// A file that was loaded, or was to be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    /// Its path is that of the file, or of the backup's folder where its files are not known.
    #[serde(flatten)]
    backup: BackupRow,
    #[serde(flatten)]
    load: Load,
}

impl Row {
    /// The name of the file.
    fn name(&self) -> Cow<'_, str> {
        self.backup.path.file_name().unwrap_or_default().to_string_lossy()
    }

    fn cells(&self, context: &Context<'_>) -> Vec<String> {
        let mut cells = self.backup.cells(context.local).to_vec();
        cells.push(self.name().into_owned());
        cells.extend(loading::cells(&self.load));
        cells.push(self.load.reason.clone().unwrap_or_default());
        cells
    }
}

fn render(rows: &[Row], args: &Args, context: &Context<'_>) -> Vec<u8> {
    let header = [&BACKUP_HEADER[..], &["FILE"], &loading::HEADER, &["REASON"]].concat();
    let is_quiet = context.notes.is_quiet();
    let is_shown = |row: &&Row| !is_quiet || row.load.result != Outcome::Loaded;
    match context.format {
        Format::Table => table::render_rows(&header, rows.iter().filter(is_shown).map(|row| row.cells(context))),
        Format::Json => json::render(&Document {
            dir: args.dir.to_string_lossy().into_owned(),
            files: rows,
        }),
        Format::Plain => plain::render(rows.iter().map(|row| row.backup.plain(row.load.result.name()))),
    }
}
