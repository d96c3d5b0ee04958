//! A file of 1 GiB that is in the page cache: how fast one core checks it.

use anyhow::{Context, Result};
use jdredis_sandbox::Sandbox;

use super::{Scenario, Setup};
use crate::report::{Report, Target, Unit};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "verify",
    rounds: 15,
    run,
};

const SIZE: u32 = 1024 * 1024 * 1024;
/// In bytes a second.
const TARGET: f64 = 3e9;

fn run(setup: &Setup, rounds: usize, report: &mut Report<'_>) -> Result<()> {
    let sandbox = Sandbox::builder().object_size(SIZE.into()).start()?;
    let keys = sandbox.keys();
    let folder = setup.folder.path().join("verify");
    let fetched = setup
        .jdredis()
        .args([
            "backup",
            "download",
            "--region",
            "cn-north-1",
            "--instance",
            "redis-1234",
            "--base-id",
            "1234",
        ])
        .args(["--http", "-o", "plain", "--dir"])
        .args([&folder])
        .env("JDREDIS_ENDPOINT", sandbox.endpoint())
        .env("JDCLOUD_ACCESS_KEY", &keys.access_key)
        .env("JDCLOUD_SECRET_KEY", &keys.secret_key)
        .output()?;
    let path = String::from_utf8(fetched)?;
    let mut verify = setup.jdredis().args(["backup", "verify", path.trim_end()]);
    verify.output()?;
    let times: Result<Vec<_>> = (0..rounds).map(|_| verify.time()).collect();
    let mut times = times?;
    times.sort_unstable();
    let median = times.get(times.len() / 2).context("no rounds")?.as_secs_f64();
    report.section(&format!(
        "`backup verify` of 1 GiB in the page cache, median of {rounds} rounds"
    ))?;
    report.held_to(
        "verify: jdredis",
        Unit::BytesPerSecond,
        f64::from(SIZE) / median,
        Target::AtLeast(TARGET),
    )?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
