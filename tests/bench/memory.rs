//! Peak memory of a contestant.
//!
//! The peak that Linux reports for a finished child includes the memory of the process that started it, at
//! that moment. The benchmark has a server in it and may have more memory than the contestant. So a fresh
//! copy of the benchmark's executable, the probe, starts the contestant and does nothing else. A figure
//! that is no larger than the probe's own memory is reported as an upper bound.

use std::ffi::OsString;

use anyhow::{Context, Result};

use crate::contestant::Contestant;

/// The first argument that makes the executable a probe.
pub(crate) const ROLE: &str = "--as-memory-probe";

/// A measured peak.
pub(crate) struct Peak {
    pub(crate) bytes: f64,
    /// An upper bound, because the probe alone has as much.
    pub(crate) is_bound: bool,
    /// Processor time of the last run in seconds, the system's for it included.
    pub(crate) processor: f64,
}

/// The highest peak of this many runs; `None` where it cannot be measured.
pub(crate) fn peak(contestant: &Contestant, runs: usize) -> Result<Option<Peak>> {
    if cfg!(not(target_os = "linux")) {
        return Ok(None);
    }
    let mut probe = contestant.started_by(&std::env::current_exe()?, ROLE);
    let (mut highest, mut own): (u32, u32) = (0, 0);
    let mut processor = f64::NAN;
    for _ in 0..runs {
        let figures = String::from_utf8(probe.output()?)?;
        let figures: Vec<&str> = figures.split_whitespace().collect();
        let [peak, own_peak, time] = figures[..] else {
            anyhow::bail!("not three figures: {figures:?}");
        };
        processor = time.parse()?;
        highest = highest.max(peak.parse()?);
        own = own.max(own_peak.parse()?);
    }
    Ok(Some(Peak {
        bytes: f64::from(highest) * 1024.0,
        is_bound: highest <= own,
        processor,
    }))
}

/// Runs the program that the arguments name and prints its peak memory and this process's, in KiB, and
/// its processor time in seconds.
#[cfg(target_os = "linux")]
pub(crate) fn probe(mut arguments: impl Iterator<Item = OsString>) -> Result<()> {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use anyhow::ensure;
    use nix::sys::resource::{UsageWho, getrusage};

    let mut command = Command::new(arguments.next().context("no program")?);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.status()?;
    ensure!(status.success(), "{status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    let processor = seconds(usage.user_time()) + seconds(usage.system_time());
    let peak = usage.max_rss();
    Ok(writeln!(
        std::io::stdout().lock(),
        "{peak} {} {processor}",
        own_peak()?
    )?)
}

/// The peak memory of this process in KiB since its start. Unlike that of `getrusage`, it does not
/// include the memory of the parent.
#[cfg(target_os = "linux")]
fn own_peak() -> Result<i64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let digits = value.and_then(|value| value.trim().strip_suffix(" kB"));
    Ok(digits.context("no VmHWM in /proc/self/status")?.parse()?)
}

/// Not measured on other systems.
#[cfg(not(target_os = "linux"))]
pub(crate) fn probe(_arguments: impl Iterator<Item = OsString>) -> Result<()> {
    anyhow::bail!("peak memory is not measured on this system")
}
