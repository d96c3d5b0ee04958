//! `jdredis backup verify`: are these whole RDB files? No network, no keys.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};

use serde_json::json;

use crate::cli::{BackupVerify, Format};
use crate::commands::Context;
use crate::error::{CommandError, Kind};
use crate::escape::visible;
use crate::output::{json, table};
use crate::rdb::{Checker, Verdict};

/// In bytes; larger ones are no faster.
const BUFFER_SIZE: usize = 256 * 1024;

/// What was found out about a file.
struct Finding {
    path: String,
    bytes: u64,
    state: &'static str,
    reason: Option<String>,
}

pub(crate) fn run(args: &BackupVerify, context: &Context<'_>) -> anyhow::Result<()> {
    let findings: Vec<Finding> = args.files.iter().map(|path| check(path)).collect();
    context.print(&render(&findings, context.format))?;
    for finding in findings.iter().filter(|finding| finding.state == "unverified") {
        let reason = finding.reason.as_deref().unwrap_or_default();
        context
            .notes
            .warn(format_args!("{} is unverified: {reason}", finding.path));
    }
    let bad: Vec<&Finding> = findings
        .iter()
        .filter(|finding| !matches!(finding.state, "ok" | "unverified"))
        .collect();
    if bad.is_empty() {
        return Ok(());
    }
    let line = |finding: &&Finding| {
        format!(
            "{}: {}, {}",
            finding.path,
            finding.state,
            finding.reason.as_deref().unwrap_or_default()
        )
    };
    Err(CommandError {
        details: bad.iter().map(line).collect(),
        ..CommandError::new(
            Kind::Integrity,
            format!("{} of {} files cannot be relied on", bad.len(), findings.len()),
            "where a file cannot be read, check its name and who may read it; fetch a damaged one again, best with 'jdredis backup download'",
        )
    }
    .into())
}

fn check(path: &OsStr) -> Finding {
    let shown = path.to_string_lossy().into_owned();
    let outcome = if path == "-" {
        read_through(io::stdin().lock())
    } else {
        File::open(path).and_then(read_through)
    };
    let (bytes, state, reason) = match outcome {
        Ok((bytes, Verdict::Ok)) => (bytes, "ok", None),
        Ok((bytes, Verdict::Unverified(reason))) => (bytes, "unverified", Some(reason.to_string())),
        Ok((bytes, Verdict::Corrupt(reason))) => (bytes, "corrupt", Some(reason.to_string())),
        Err(error) => (0, "unreadable", Some(error.to_string())),
    };
    Finding {
        path: shown,
        bytes,
        state,
        reason,
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

fn render(findings: &[Finding], format: Format) -> Vec<u8> {
    match format {
        Format::Table => table::render(
            &["STATE", "BYTES", "FILE", "REASON"],
            findings.iter().map(|finding| {
                let reason = finding.reason.clone().unwrap_or_default();
                [
                    finding.state.to_owned(),
                    finding.bytes.to_string(),
                    finding.path.clone(),
                    reason,
                ]
            }),
        ),
        Format::Json => json::render(&json!({
            "files": findings.iter().map(|finding| json!({
                "path": finding.path,
                "bytes": finding.bytes,
                "state": finding.state,
                "reason": finding.reason,
            })).collect::<Vec<_>>(),
        })),
        Format::Plain => {
            let lines = findings
                .iter()
                .map(|finding| format!("{} {}\n", finding.state, visible(&finding.path)));
            lines.collect::<String>().into_bytes()
        }
    }
}
