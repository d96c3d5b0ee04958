//! `jdredis archive status`: what an archive holds of each instance. Reads the folders, and nothing else.

mod runs_table;

use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;

use super::recording::{Unrecorded, check_name_of_metrics};
use super::rows::{self, Judged};
use crate::archive::metrics::{LastSync, Metrics};
use crate::archive::nights::{NIGHTS, Night};
use crate::archive::read::{Archive, Archived, Unreadable};
use crate::archive::runs::{self, Run};
use crate::archive::state::{self, State, Terms};
use crate::commands::Context;
use crate::error::{Kind, Report};
use crate::output::{Format, json, plain, table};
use crate::terminal::human;
use crate::values::age::MaxAge;
use crate::values::local::LocalTime;
use crate::values::when::{When, as_rfc3339};

/// From this width of a terminal on, the last nights are shown.
const NIGHTS_COLUMNS: u16 = 100;

/// Arguments of `archive status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The archive's folder
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,

    /// How old the newest backup of an instance may be, such as 36h, 8d or 2w; or none
    ///
    /// Exit code 8 where one is older. An age counts from when the backup began.
    #[arg(long, value_name = "AGE", default_value = MaxAge::DEFAULT)]
    pub(crate) max_age: MaxAge,

    /// Count backups as good whose files are no RDB files
    #[arg(long)]
    pub(crate) accept_unverified: bool,

    /// Also the runs that began since this time, day (UTC) or age, such as 2026-01-31, 90d or 12w
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<When>,

    /// Write metrics for Prometheus to FILE, and keep there what it says of the last sync
    ///
    /// The name must end in .prom for node_exporter's textfile collector.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) metrics: Option<PathBuf>,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  jdredis archive status /srv/redis-archive

  # The folder of an instance's newest good backup
  jdredis archive status /srv/redis-archive -o plain | grep /redis-1234/

  # Which night had what, and what was wrong
  jdredis archive status /srv/redis-archive --since 90d -o json
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    check_name_of_metrics(args.metrics.as_ref(), context);
    let mut archive = super::read_archive(&args.dir)?;
    let terms = Terms {
        now: context.world.clock.now(),
        max_age: args.max_age.limit(),
        accepts_unverified: args.accept_unverified,
    };
    let runs = runs_since(args, &mut archive, context)?;
    let rows: Vec<Row<'_>> = archive
        .instances
        .iter()
        .map(|archived| Row::of(archived, terms))
        .collect();
    let printed = context.print_findings(&render(&rows, runs.as_deref(), args, context));
    super::note_foreign(&archive, context);
    for row in &rows {
        if let Some(warning) = &row.judged.judgement.warning {
            context.notes.warn(format_args!("{}: {warning}", row.judged.subject));
        }
    }
    let outcome = printed
        .map_err(anyhow::Error::from)
        .and_then(|()| judge(&archive, rows, args));
    let mut unrecorded = Unrecorded::default();
    if let Some(file) = &args.metrics {
        let mut metrics = Metrics::of(&archive, terms);
        let last_sync = runs::last_sync(&args.dir);
        last_sync
            .iter()
            .for_each(|run| metrics.remember_sync(LastSync::of(run)));
        unrecorded.write_metrics(metrics, file);
    }
    unrecorded.outcome(outcome, context)
}

/// The runs that were asked for; `None` where none were.
fn runs_since(args: &Args, archive: &mut Archive, context: &Context<'_>) -> anyhow::Result<Option<Vec<Run>>> {
    let Some(since) = args.since else { return Ok(None) };
    let since = since.first(context.world.clock.now()).ok_or_else(|| {
        let hint = "give --since a time that a run can have";
        Report::with_hint(Kind::Usage, "a time is outside the calendar", hint)
    })?;
    let found = runs::read(&args.dir, since);
    if found.as_ref().is_ok_and(Vec::is_empty) {
        context.notes.note("no sync or prune is written down since then");
    }
    Ok(Some(found.unwrap_or_else(|error| {
        archive.unreadable.push(Unreadable {
            path: runs::path(&args.dir),
            reason: error.to_string(),
        });
        Vec::new()
    })))
}

/// How the command ends.
fn judge(archive: &Archive, rows: Vec<Row<'_>>, args: &Args) -> anyhow::Result<()> {
    if !archive.unreadable.is_empty() {
        let lines = archive.unreadable.iter().map(ToString::to_string).collect();
        let message = "parts of the archive cannot be read, so what they hold is unknown";
        let hint = "let this user read them; a symbolic link in an archive is not followed";
        return Err(Report::with_hint(Kind::Integrity, message, hint).details(lines).into());
    }
    if rows.is_empty() {
        return Err(super::without_instances(&args.dir).into());
    }
    let judged: Vec<Judged> = rows.into_iter().map(|row| row.judged).collect();
    match rows::verdict(&judged, args.max_age) {
        Some(report) => Err(report.into()),
        None => Ok(()),
    }
}

/// What `-o json` prints; a contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    /// As given.
    dir: String,
    /// As given; null for none.
    max_age: Option<String>,
    instances: &'a [Row<'a>],
    total: Total,
    /// Where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<&'a [Run]>,
}

/// An instance.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    region: &'a str,
    instance: &'a str,
    name: Option<&'a str>,
    /// When the newest good backup began.
    #[serde(serialize_with = "as_rfc3339")]
    newest: Option<OffsetDateTime>,
    /// Its folder.
    #[serde(serialize_with = "json::optional_path")]
    path: Option<&'a Path>,
    /// Seconds since it began.
    age: Option<u64>,
    /// How many backups there are, in whatever condition.
    backups: usize,
    /// All of them together.
    bytes: u64,
    /// In the newest good one.
    keys: Option<u64>,
    /// How many backups were verified.
    verified: usize,
    /// The earliest of the times when each of them was last verified.
    #[serde(serialize_with = "as_rfc3339")]
    oldest_check: Option<OffsetDateTime>,
    /// When a real server last loaded one of its backups.
    #[serde(serialize_with = "as_rfc3339")]
    last_loaded: Option<OffsetDateTime>,
    /// Which backup that was.
    last_loaded_base_id: Option<&'a str>,
    state: State,
    reason: Option<String>,
    /// The last nights, the oldest first.
    nights: [Night; NIGHTS],
    #[serde(skip)]
    judged: Judged,
}

/// All instances together.
#[derive(Serialize)]
struct Total {
    instances: usize,
    backups: usize,
    bytes: u64,
    /// In the newest good backups, as far as known.
    keys: u64,
}

impl<'a> Row<'a> {
    fn of(archived: &'a Archived, terms: Terms) -> Self {
        let newest = archived.newest(terms);
        let judgement = archived.judge(terms);
        let checks = archived
            .backups
            .iter()
            .filter_map(|backup| Some(backup.check.as_ref()?.at));
        Self {
            region: archived.region.as_str(),
            instance: archived.instance.as_str(),
            name: archived.name(),
            newest: newest.and_then(|backup| backup.start),
            path: newest.map(|backup| backup.path.as_path()),
            age: judgement.age.map(|age| age.as_secs()),
            backups: archived.backups.len(),
            bytes: archived.bytes(),
            keys: newest.and_then(|backup| backup.keys),
            verified: checks.clone().count(),
            oldest_check: checks.min(),
            last_loaded: archived.proof.as_ref().map(|proof| proof.at),
            last_loaded_base_id: archived.proof.as_ref().map(|proof| proof.base_id.as_str()),
            state: judgement.state,
            reason: judgement.reason.clone(),
            nights: archived.nights(terms),
            judged: Judged {
                subject: format!("{}/{}", archived.region, archived.instance),
                judgement,
                was_warned_of: false,
            },
        }
    }

    /// How many of its backups were verified, and how long ago the earliest of their last verifications was.
    fn verified_cell(&self, now: OffsetDateTime) -> String {
        let ago = self.oldest_check.and_then(|check| state::age(check, now));
        match ago {
            Some(ago) => format!("{}/{}, {}", self.verified, self.backups, human::age(ago.as_secs())),
            None => String::new(),
        }
    }

    /// How long ago one of its backups was proven to load.
    fn loaded_cell(&self, now: OffsetDateTime) -> String {
        let ago = self.last_loaded.and_then(|loaded| state::age(loaded, now));
        ago.map(|ago| human::age(ago.as_secs())).unwrap_or_default()
    }

    fn cells(&self, local: LocalTime, now: OffsetDateTime) -> Vec<String> {
        vec![
            self.region.to_owned(),
            self.instance.to_owned(),
            self.name.unwrap_or_default().to_owned(),
            self.newest.map(|newest| local.text(newest)).unwrap_or_default(),
            rows::age(&self.judged.judgement),
            self.backups.to_string(),
            human::size(self.bytes),
            rows::number(self.keys),
            self.verified_cell(now),
            self.loaded_cell(now),
            self.state.name().to_owned(),
        ]
    }
}

impl Total {
    fn of(rows: &[Row<'_>]) -> Self {
        Self {
            instances: rows.len(),
            backups: rows.iter().map(|row| row.backups).sum(),
            bytes: rows.iter().map(|row| row.bytes).fold(0, u64::saturating_add),
            keys: rows.iter().filter_map(|row| row.keys).fold(0, u64::saturating_add),
        }
    }

    fn cells(&self) -> Vec<String> {
        let none = String::new;
        vec![
            "total".to_owned(),
            self.instances.to_string(),
            none(),
            none(),
            none(),
            self.backups.to_string(),
            human::size(self.bytes),
            self.keys.to_string(),
            none(),
            none(),
            none(),
        ]
    }
}

fn render(rows: &[Row<'_>], runs: Option<&[Run]>, args: &Args, context: &Context<'_>) -> Vec<u8> {
    match context.format {
        Format::Table => {
            let mut text = render_table(rows, context);
            let of_runs = runs.map(|runs| runs_table::render(runs, context)).unwrap_or_default();
            if !text.is_empty() && !of_runs.is_empty() {
                text.push(b'\n');
            }
            text.extend(of_runs);
            text
        }
        Format::Json => json::render(&Document {
            dir: args.dir.to_string_lossy().into_owned(),
            max_age: args.max_age.0.map(|age| age.to_string()),
            instances: rows,
            total: Total::of(rows),
            runs,
        }),
        Format::Plain => {
            let paths = rows.iter().filter_map(|row| row.path);
            plain::render(paths.map(|path| path.as_os_str().as_encoded_bytes()))
        }
    }
}

fn render_table(rows: &[Row<'_>], context: &Context<'_>) -> Vec<u8> {
    const HEADER: [&str; 11] = [
        "REGION", "INSTANCE", "NAME", "NEWEST", "AGE", "BACKUPS", "SIZE", "KEYS", "VERIFIED", "LOADED", "STATE",
    ];
    let world = context.world;
    let is_quiet = context.notes.is_quiet();
    let shown: Vec<&Row<'_>> = rows
        .iter()
        .filter(|row| !is_quiet || row.judged.is_noteworthy())
        .collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let now = world.clock.now();
    let has_nights = world.stdout.size().is_some_and(|size| size.columns >= NIGHTS_COLUMNS);
    let has_unicode = world.has_unicode();
    let mut header = HEADER.to_vec();
    let mut cells: Vec<Vec<String>> = shown.iter().map(|row| row.cells(context.local, now)).collect();
    if has_nights {
        header.push("LAST 14 NIGHTS");
        for (cells, row) in cells.iter_mut().zip(&shown) {
            cells.push(rows::signs(&row.nights, has_unicode));
        }
    }
    if !is_quiet {
        let mut total = Total::of(rows).cells();
        total.resize(header.len(), String::new());
        cells.push(total);
    }
    let text = table::render(&header, cells);
    if has_nights && context.paints() {
        return coloured(&text, &shown, has_unicode);
    }
    text
}

/// The table with the signs of the nights, which end their lines, in colour. Colours are added last, since a
/// cell's control characters are shown, not sent.
fn coloured(table: &[u8], rows: &[&Row<'_>], has_unicode: bool) -> Vec<u8> {
    let text = String::from_utf8_lossy(table);
    let mut lines = text.lines();
    let mut coloured = lines.next().map(|header| format!("{header}\n")).unwrap_or_default();
    for (i, line) in lines.enumerate() {
        let strip = rows.get(i).and_then(|row| {
            let before = line.strip_suffix(&rows::signs(&row.nights, has_unicode))?;
            Some(format!("{before}{}", rows::coloured(&row.nights, has_unicode)))
        });
        coloured.push_str(strip.as_deref().unwrap_or(line));
        coloured.push('\n');
    }
    coloured.into_bytes()
}
