//! `jdredis backup verify`: are these whole RDB files? No network, no keys.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;

use crate::commands::Context;
use crate::file::{FileReport, FileState, Task, judge};
use crate::output::{Format, json, plain, table};
use crate::rdb::{Checker, Verdict};
use crate::terminal::escape::visible;

/// In bytes; larger ones are no faster.
const BUFFER_SIZE: usize = 256 * 1024;

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
    let reports: Vec<FileReport> = args.files.iter().map(|path| check(path)).collect();
    context.print(&render(&reports, context.format))?;
    judge(&reports, Task::Verify, context.notes)
}

fn check(path: &OsStr) -> FileReport {
    let outcome = if path == "-" {
        read_through(io::stdin().lock())
    } else {
        File::open(path).and_then(read_through)
    };
    match outcome {
        Ok((bytes, verdict)) => {
            let (state, reason) = FileState::of_verdict(&verdict);
            FileReport::new(path, bytes, state, reason)
        }
        Err(error) => FileReport::new(path, 0, FileState::Unreadable, Some(error.to_string())),
    }
}

fn read_through(mut file: impl Read) -> io::Result<(u64, Verdict)> {
    let mut checker = Checker::new();
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((bytes, checker.finish())),
            Ok(count) => {
                checker.update(&buffer[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What `-o json` prints; its key is a contract.
#[derive(Serialize)]
struct Manifest<'a> {
    /// One for each file, in the order in which they were named.
    files: &'a [FileReport],
}

fn render(reports: &[FileReport], format: Format) -> Vec<u8> {
    match format {
        Format::Table => table::render(
            &["STATE", "BYTES", "FILE", "REASON"],
            reports.iter().map(|report| {
                [
                    report.state().name().to_owned(),
                    report.bytes().to_string(),
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
