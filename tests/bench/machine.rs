//! Describes the machine that the figures were measured on.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::report::Report;

/// Prints processor, system and curl.
pub(crate) fn describe(curl: Option<&Path>, report: &mut Report<'_>) -> std::io::Result<()> {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let processor = processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    report.fact("processor", &format!("{processor}, cores for this process: {cores}"))?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    report.fact("system", &format!("{} {}", std::env::consts::OS, kernel.trim()))?;
    let version = curl.map_or_else(
        || "none on PATH; what is compared with it is left out".to_owned(),
        version,
    );
    report.fact("curl", &version)
}

fn processor() -> Option<String> {
    let facts = fs::read_to_string("/proc/cpuinfo").ok()?;
    let model = facts.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(model.trim_start_matches(['\t', ' ', ':']).to_owned())
}

/// curl's version with its TLS library, from its own output.
fn version(curl: &Path) -> String {
    let said = Command::new(curl).args(["-q", "--version"]).output();
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let said = said.unwrap_or_else(|error| error.to_string());
    let wanted = |word: &&str| !word.starts_with('(') && *word != "curl";
    let words = said.lines().next().unwrap_or_default().split_whitespace();
    words.filter(wanted).take(3).collect::<Vec<_>>().join(" ")
}
