//! `jdredis backup verify`: are these whole RDB files? No network, no keys.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};

use serde_json::json;

use crate::commands::Context;
use crate::error::{Kind, Report};
use crate::output::Format;
use crate::output::{json, table};
use crate::rdb::{Checker, Verdict};
use crate::terminal::escape::visible;

/// In bytes; larger ones are no faster.
const BUFFER_SIZE: usize = 256 * 1024;

/// What was found out about a file.
struct Finding {
    path: String,
    /// Its length in bytes, and what it is; or why it cannot be read.
    outcome: io::Result<(u64, Verdict)>,
}

impl Finding {
    fn of(path: &OsStr) -> Self {
        let outcome = if path == "-" {
            read_through(io::stdin().lock())
        } else {
            File::open(path).and_then(read_through)
        };
        Self {
            path: path.to_string_lossy().into_owned(),
            outcome,
        }
    }

    fn bytes(&self) -> u64 {
        self.outcome.as_ref().map_or(0, |(bytes, _)| *bytes)
    }

    fn state(&self) -> &'static str {
        match &self.outcome {
            Ok((_, Verdict::Ok)) => "ok",
            Ok((_, Verdict::Unverified(_))) => "unverified",
            Ok((_, Verdict::Corrupt(_))) => "corrupt",
            Err(_) => "unreadable",
        }
    }

    fn reason(&self) -> Option<String> {
        match &self.outcome {
            Ok((_, Verdict::Ok)) => None,
            Ok((_, Verdict::Unverified(reason))) => Some(reason.to_string()),
            Ok((_, Verdict::Corrupt(reason))) => Some(reason.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// What is wrong with it, on a line, if anything is.
    fn complaint(&self) -> Option<String> {
        let is_good = matches!(self.outcome, Ok((_, Verdict::Ok | Verdict::Unverified(_))));
        let reason = self.reason().unwrap_or_default();
        (!is_good).then(|| format!("{}: {}, {reason}", self.path, self.state()))
    }
}

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
    let findings: Vec<Finding> = args.files.iter().map(|path| Finding::of(path)).collect();
    context.print(&render(&findings, context.format))?;
    for finding in &findings {
        if let Ok((_, Verdict::Unverified(reason))) = &finding.outcome {
            context
                .notes
                .warn(format_args!("{} is unverified: {reason}", finding.path));
        }
    }
    let complaints: Vec<String> = findings.iter().filter_map(Finding::complaint).collect();
    if complaints.is_empty() {
        return Ok(());
    }
    let message = format!("{} of {} files cannot be relied on", complaints.len(), findings.len());
    let hint = "where a file cannot be read, check its name and who may read it; fetch a damaged one again, best with \
                'jdredis backup download'";
    Err(Report::with_hint(Kind::Integrity, message, hint)
        .details(complaints)
        .into())
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

fn render(findings: &[Finding], format: Format) -> Vec<u8> {
    match format {
        Format::Table => table::render(
            &["STATE", "BYTES", "FILE", "REASON"],
            findings.iter().map(|finding| {
                let (bytes, reason) = (finding.bytes().to_string(), finding.reason().unwrap_or_default());
                [finding.state().to_owned(), bytes, finding.path.clone(), reason]
            }),
        ),
        Format::Json => json::render(&json!({
            "files": findings.iter().map(|finding| json!({
                "path": finding.path,
                "bytes": finding.bytes(),
                "state": finding.state(),
                "reason": finding.reason(),
            })).collect::<Vec<_>>(),
        })),
        Format::Plain => {
            let lines = findings
                .iter()
                .map(|finding| format!("{} {}\n", finding.state(), visible(&finding.path)));
            lines.collect::<String>().into_bytes()
        }
    }
}
