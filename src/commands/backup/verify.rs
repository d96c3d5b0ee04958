//! `jdredis backup verify`: are these whole RDB files? No network, no keys.

mod source;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::commands::Context;
use crate::error::{Kind, Report};
use crate::file::{FileReport, FileState, Task, judge};
use crate::output::{Format, json, plain, table};
use crate::terminal::escape::visible;

/// Arguments of `backup verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The files; - is standard input
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) files: Vec<OsString>,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  jdredis backup verify backups/*
  zcat dump.rdb.gz | jdredis backup verify -
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    if let Some(folder) = args.files.iter().find(|path| *path != "-" && Path::new(path).is_dir()) {
        let message = format!("{} is a folder; this command takes files", Path::new(folder).display());
        let hint = "'jdredis archive verify DIR' checks an archive; of any other folder, name the files in it";
        return Err(Report::with_hint(Kind::Usage, message, hint).into());
    }
    let silence = context.globals.timeout;
    let reports: Vec<FileReport> = args.files.iter().map(|path| check(path, silence)).collect();
    context.print(&render(&reports, context))?;
    judge(&reports, Task::Verify, context.notes)
}

fn check(path: &OsStr, silence: Duration) -> FileReport {
    match source::read(path, silence) {
        Ok((bytes, findings)) => FileReport::of_findings(path, bytes, findings),
        Err(error) => FileReport::new(path, 0, FileState::Unreadable, Some(error.to_string())),
    }
}

/// What `-o json` prints; its key is a contract.
#[derive(Serialize)]
struct Manifest<'a> {
    /// One for each file, in the order in which they were named.
    files: &'a [FileReport],
}

/// With `-q`, a table has only the rows that a person must see.
fn render(reports: &[FileReport], context: &Context<'_>) -> Vec<u8> {
    let is_quiet = context.notes.is_quiet();
    let rows = reports.iter().filter(|report| !is_quiet || report.is_noteworthy());
    match context.format {
        Format::Table => table::render_rows(
            &["STATE", "BYTES", "REDIS", "MADE", "DBS", "KEYS", "FILE", "REASON"],
            rows.map(|report| {
                let rdb = report.rdb();
                let databases = rdb.and_then(|rdb| rdb.databases.as_ref());
                [
                    report.state().name().to_owned(),
                    report.bytes().to_string(),
                    rdb.and_then(|rdb| rdb.redis_version.clone()).unwrap_or_default(),
                    rdb.and_then(|rdb| rdb.created_at)
                        .map(|made| context.local.text(made))
                        .unwrap_or_default(),
                    databases
                        .map(|databases| databases.len().to_string())
                        .unwrap_or_default(),
                    rdb.and_then(|rdb| rdb.keys())
                        .map(|keys| keys.to_string())
                        .unwrap_or_default(),
                    report.path().display().to_string(),
                    report.reason().unwrap_or_default().to_owned(),
                ]
            }),
        ),
        Format::Json => json::render(&Manifest { files: reports }),
        Format::Plain => plain::render(
            reports
                .iter()
                .map(|report| [report.state().name().as_bytes(), b" ", &shown(report.path())].concat()),
        ),
    }
}

/// The path's own bytes, but for characters that would act on a terminal or begin a new line.
fn shown(path: &Path) -> Vec<u8> {
    let chunks = path.as_os_str().as_encoded_bytes().utf8_chunks();
    chunks
        .flat_map(|chunk| [visible(chunk.valid()).as_bytes(), chunk.invalid()].concat())
        .collect()
}
