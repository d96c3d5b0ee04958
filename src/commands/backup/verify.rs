//! `jdredis backup verify`: are these whole RDB files? No network, no keys.

mod source;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::commands::Context;
use crate::commands::loading::{self, Loader};
use crate::drill::{Stopped, Subject};
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

    /// Have a real redis-server load each file that is whole, too: only that proves that it can be restored
    ///
    /// A server is started for each file, one after the other, in a private folder, without a TCP port, and ended
    /// again; the keys that it has are compared with those in the file. Exit code 1 where this machine is the reason
    /// that a file is not loaded. --timeout is how long a server may make no progress.
    #[arg(long)]
    pub(crate) load: bool,

    /// The server to load with [default: redis-server or valkey-server, by PATH]
    #[arg(long, value_name = "PATH", requires = "load", value_hint = clap::ValueHint::ExecutablePath)]
    pub(crate) redis_server: Option<PathBuf>,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  jdredis backup verify backups/*
  jdredis backup verify --load backups/*
  zcat dump.rdb.gz | jdredis backup verify -
";

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    if let Some(folder) = args.files.iter().find(|path| *path != "-" && Path::new(path).is_dir()) {
        let message = format!("{} is a folder; this command takes files", Path::new(folder).display());
        let hint = "'jdredis archive verify DIR' checks an archive; of any other folder, name the files in it";
        return Err(Report::with_hint(Kind::Usage, message, hint).into());
    }
    if args.load {
        return load(args, context);
    }
    let reports: Vec<FileReport> = args.files.iter().map(|path| check(path, context)).collect();
    context.print_findings(&render(&reports, args, context))?;
    judge(&reports, Task::Verify, context.notes)
}

fn check(path: &OsStr, context: &Context<'_>) -> FileReport {
    match source::read(path, context.globals.timeout) {
        Ok((bytes, findings)) => FileReport::of_findings(path, bytes, findings),
        Err(error) => FileReport::new(path, 0, FileState::Unreadable, Some(error.to_string())),
    }
}

/// Checks the files, and has a server load those that are good.
fn load(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    // The server opens the file by its name and reads it again.
    let is_passing = |path: &&OsString| *path == "-" || std::fs::metadata(path).is_ok_and(|found| !found.is_file());
    if let Some(path) = args.files.iter().find(is_passing) {
        let path = Path::new(path).display();
        let message = format!("{path} is no regular file, and --load needs one: the server reads it by its name");
        return Err(Report::with_hint(Kind::Usage, message, "write it to a file first").into());
    }
    let loader = Loader::new(args.redis_server.as_deref(), context)?;
    let mut reports = Vec::new();
    for path in &args.files {
        match load_one(path, &loader) {
            Ok(report) => reports.push(report),
            Err(Stopped) => {
                context.print_findings(&render(&reports, args, context))?;
                return Err(loader.interrupted(reports.len()).into());
            }
        }
    }
    context.print_findings(&render(&reports, args, context))?;
    let judged = judge(&reports, Task::Verify, context.notes);
    let loads = reports
        .iter()
        .filter_map(|report| Some((report.path(), report.load()?)));
    match (judged, loading::verdict(loads)) {
        (judged, None) => judged,
        (Ok(()), Some(report)) => Err(report.into()),
        (Err(error), Some(loading)) => Err(Report::of(&error).and(loading).into()),
    }
}

fn load_one(path: &OsStr, loader: &Loader<'_>) -> Result<FileReport, Stopped> {
    let name = path.to_string_lossy();
    let report = match loader.read(&name, Path::new(path), |_| {})? {
        Ok((bytes, findings)) => FileReport::of_findings(path, bytes, findings),
        Err(error) => FileReport::new(path, 0, FileState::Unreadable, Some(error.to_string())),
    };
    let contents = report.rdb().filter(|_| report.state().is_good());
    let load = match contents {
        Some(contents) => Some(loader.load(
            &name,
            Subject {
                path: Path::new(path),
                bytes: report.bytes(),
                contents,
            },
        )?),
        None => None,
    };
    Ok(report.loaded(load))
}

/// What `-o json` prints; its key is a contract.
#[derive(Serialize)]
struct Document<'a> {
    /// One for each file, in the order in which they were named.
    files: &'a [FileReport],
}

/// With `-q`, a table has only the rows that a person must see.
fn render(reports: &[FileReport], args: &Args, context: &Context<'_>) -> Vec<u8> {
    let is_quiet = context.notes.is_quiet();
    let rows = reports.iter().filter(|report| !is_quiet || report.is_noteworthy());
    match context.format {
        Format::Table if args.load => {
            let header = [&["STATE", "BYTES"], &loading::HEADER[..], &["FILE", "REASON"]].concat();
            table::render_rows(&header, rows.map(load_cells))
        }
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
        Format::Json => json::render(&Document { files: reports }),
        Format::Plain => plain::render(reports.iter().map(|report| {
            let state = report.load().map_or(report.state().name(), |load| load.result.name());
            [state.as_bytes(), b" ", &shown(report.path())].concat()
        })),
    }
}

fn load_cells(report: &FileReport) -> Vec<String> {
    let load = report.load();
    let reasons = [report.reason(), load.and_then(|load| load.reason.as_deref())];
    let reasons: Vec<&str> = reasons.into_iter().flatten().collect();
    let mut cells = vec![report.state().name().to_owned(), report.bytes().to_string()];
    cells.extend(load.map(loading::cells).unwrap_or_default());
    cells.push(report.path().display().to_string());
    cells.push(reasons.join("; "));
    cells
}

/// The path's own bytes, but for characters that would act on a terminal or begin a new line.
fn shown(path: &Path) -> Vec<u8> {
    let chunks = path.as_os_str().as_encoded_bytes().utf8_chunks();
    chunks
        .flat_map(|chunk| [visible(chunk.valid()).as_bytes(), chunk.invalid()].concat())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::{Load, Outcome};
    use crate::file::FileState;
    use crate::rdb::Database;

    #[test]
    fn a_row_has_all_keys_of_the_server_and_each_reason() {
        let of = |db, keys| Database { db, keys, expires: 0 };
        let load = Load {
            databases: Some(vec![of(0, 40), of(7, 2)]),
            used_memory: Some(1 << 20),
            seconds: 1.5,
            ..Load::failed(Outcome::Damaged, "too few keys".to_owned())
        };
        let report = FileReport::new("a.rdb", 300, FileState::Unverified, Some("no checksum".to_owned()));
        let cells = load_cells(&report.loaded(Some(load)));
        assert_eq!(
            cells,
            [
                "unverified",
                "300",
                "damaged",
                "42",
                "1.0 MiB",
                "1.50",
                "a.rdb",
                "no checksum; too few keys"
            ]
        );
        let report = FileReport::new("b.rdb", 3, FileState::Corrupt, Some("cut off".to_owned()));
        let cells = load_cells(&report.loaded(None));
        assert_eq!(cells, ["corrupt", "3", "", "", "", "", "b.rdb", "cut off"]);
    }
}
