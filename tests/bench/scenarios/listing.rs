//! A long listing: all backups of an instance that has 10,000, a hundred pages over one connection.
//!
//! All contestants fetch the same pages from the same server. It checks no signature during the race,
//! because only jdredis can sign; before the race it checks those of jdredis. curl only fetches the pages,
//! while jdredis also reads, sorts and prints them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jdredis_sandbox::{Reply, Sandbox};
use serde_json::{Deserializer, Value};

use super::{Scenario, Setup};
use crate::contestant::Contestant;
use crate::race::{Race, WARM_UPS};
use crate::report::{Report, Target, Unit};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "listing",
    rounds: 40,
    run,
};

const FORMATS: [&str; 3] = ["plain", "json", "table"];
const PATH: &str = "/v1/regions/cn-north-1/cacheInstance/redis-many/backup";
const PAGES: usize = 100;
const BACKUPS: usize = 10_000;
/// In bytes.
const MEMORY_TARGET: f64 = 24.0 * 1024.0 * 1024.0;

fn run(setup: &Setup, rounds: usize, report: &mut Report<'_>) -> Result<()> {
    let sandbox = Sandbox::start();
    for format in FORMATS {
        let mut jdredis = jdredis(setup, &sandbox, format);
        let printed = jdredis.output()?;
        ensure!(sandbox.refusals().is_empty(), "refused: {:?}", sandbox.refusals());
        ensure!(
            count_of_backups(format, &printed)? == BACKUPS,
            "jdredis -o {format} did not print all backups"
        );
    }
    sandbox.always(Reply::then_ok(Duration::ZERO).unverified());
    report.section(&format!(
        "`backup list` of 10,000 backups on 100 pages over http, medians of {rounds} rounds"
    ))?;
    for format in FORMATS {
        let mut contestants = vec![jdredis(setup, &sandbox, format)];
        if let Some(program) = setup.curl() {
            contestants.push(curl(program, &sandbox)?);
        }
        let connections = connections(&mut contestants[0], &sandbox)?;
        report.held_to(
            &format!("{format}: jdredis, TCP connections"),
            Unit::Count,
            connections,
            Target::AtMost(1.0),
        )?;
        let race = Race {
            name: format,
            rounds,
            time_target: Some(1.0),
            fetched: None,
            warm_ups: WARM_UPS,
            targets: &[],
            memory_target: MEMORY_TARGET,
        };
        race.run(&mut contestants, report)?;
    }
    Ok(())
}

fn jdredis(setup: &Setup, sandbox: &Sandbox, format: &str) -> Contestant {
    let keys = sandbox.keys();
    setup
        .jdredis()
        .args(["backup", "list", "--region", "cn-north-1", "--instance", "redis-many"])
        .args(["-o", format])
        .env("JDREDIS_ENDPOINT", sandbox.endpoint())
        .env("JDCLOUD_ACCESS_KEY", &keys.access_key)
        .env("JDCLOUD_SECRET_KEY", &keys.secret_key)
}

/// curl, after a check that it fetches every page over one connection.
fn curl(program: &Path, sandbox: &Sandbox) -> Result<Contestant> {
    let url = format!("{}{PATH}?pageNumber=[1-{PAGES}]&pageSize=100", sandbox.endpoint());
    // -q ignores the user's ~/.curlrc.
    let mut curl = Contestant::new("curl", program).args(["-q", "-sS", "--fail", "--max-time", "30", &url]);
    let fetched = curl.output()?;
    ensure!(
        count_of_backups("json", &fetched)? == BACKUPS,
        "curl did not fetch all backups"
    );
    ensure!(
        connections(&mut curl, sandbox)? == 1.0,
        "curl took more than one connection"
    );
    Ok(curl)
}

/// The number of connections that a run makes.
fn connections(contestant: &mut Contestant, sandbox: &Sandbox) -> Result<f64> {
    let before = sandbox.connections();
    contestant.output()?;
    Ok(f64::from(u32::try_from(sandbox.connections() - before)?))
}

/// The number of backups in the output: lines, or entries of the JSON documents.
fn count_of_backups(format: &str, printed: &[u8]) -> Result<usize> {
    match format {
        "json" => Deserializer::from_slice(printed)
            .into_iter::<Value>()
            .map(|page| {
                let page = page?;
                let backups = page.pointer("/result/backups").and_then(Value::as_array);
                Ok(backups.context("a page without backups")?.len())
            })
            .sum(),
        _ => Ok(printed
            .split(|byte| *byte == b'\n')
            .filter(|line| line.starts_with(b"many-"))
            .count()),
    }
}
