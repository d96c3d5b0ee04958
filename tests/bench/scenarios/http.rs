//! One request over plain HTTP. Nearly all of its time is the start and the end of a process.

use anyhow::Result;
use jdredis_sandbox::Sandbox;

use super::{Scenario, Setup, link};
use crate::race::{MEMORY_TARGET, Race, WARM_UPS};
use crate::raw;
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "http",
    rounds: 300,
    run,
};

fn run(setup: &Setup, rounds: usize, report: &mut Report<'_>) -> Result<()> {
    let (sandbox, jdredis) = link::start(Sandbox::builder(), setup, |jdredis| jdredis)?;
    let mut contestants = vec![jdredis];
    if let Some(program) = setup.curl() {
        contestants.push(link::fetches_all(link::curl(program, &sandbox))?);
    }
    let raw = raw::contestant(&setup.executable, sandbox.address(), link::TARGET);
    contestants.push(link::fetches_all(raw)?);
    report.section(&format!("`backup url` over http, medians of {rounds} rounds"))?;
    let race = Race {
        name: "http",
        rounds,
        time_target: None,
        fetched: None,
        warm_ups: WARM_UPS,
        targets: &[("curl", 0.30), ("raw socket", 2.5)],
        memory_target: MEMORY_TARGET,
    };
    race.run(&mut contestants, report)
}
