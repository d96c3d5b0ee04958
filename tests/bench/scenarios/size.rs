//! How large the program is on disk, as `cargo build --release` leaves it: stripped.

use std::fs;

use anyhow::Result;

use super::{JDREDIS, Scenario, Setup};
use crate::report::{Report, Target, Unit};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "size",
    rounds: 1,
    run,
};

const TARGET: u32 = 4 * 1024 * 1024;

fn run(_: &Setup, _: usize, report: &mut Report<'_>) -> Result<()> {
    report.section("The executable")?;
    let bytes = u32::try_from(fs::metadata(JDREDIS)?.len())?;
    let target = Target::AtMost(TARGET.into());
    Ok(report.held_to("size: jdredis", Unit::Bytes, bytes.into(), target)?)
}
