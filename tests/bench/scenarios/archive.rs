//! `archive sync` of 200 instances: a night on which nothing is new, and one on which each has a new backup.
//!
//! The first night is run beside a script that asks one instance after the other, the second beside one that
//! fetches as people do without this command: eight at a time, each asking for the link, fetching with curl,
//! synchronising and renaming. `archive verify` is run on all cores beside itself on one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use jdredis_sandbox::{FleetBackup, FleetInstance, Reply, Sandbox};
use time::OffsetDateTime;

use super::{JDREDIS, Scenario, Setup, on_path};
use crate::contestant::Contestant;
use crate::race::{MEMORY_TARGET as SMALL_MEMORY_TARGET, Race, WARM_UPS};
use crate::report::{Report, Target, Unit};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "archive",
    rounds: 5,
    run,
};

const REGION: &str = "cn-north-1";
const INSTANCES: usize = 200;
const BACKUPS: i64 = 8;
/// How long the service takes for an answer.
const ANSWER: Duration = Duration::from_millis(50);
const FILE: u64 = 4 << 20;
/// How many backups are verified, and how large each is.
const VERIFIED: usize = 4;
const VERIFIED_FILE: u64 = 1 << 30;
/// In bytes.
const MEMORY_TARGET: f64 = 32.0 * 1024.0 * 1024.0;

fn run(setup: &Setup, rounds: usize, report: &mut Report<'_>) -> Result<()> {
    quiet_night(setup, rounds, report)?;
    new_night(setup, rounds, report)?;
    for instances in [200, 500] {
        calls(setup, instances, report)?;
    }
    verification(setup, rounds, report)
}

/// A fleet with so many backups of each instance.
fn fleet(instances: usize, backups: i64, size: u64) -> Result<Sandbox> {
    let sandbox = Sandbox::builder().fleet_only().object_size(size).start()?;
    for number in 0..instances {
        let id = format!("redis-{number:03}");
        sandbox.put_instance(REGION, FleetInstance::new(&id));
        for night in 0..backups {
            let start = OffsetDateTime::now_utc() - time::Duration::hours(24 * night + 2);
            sandbox.add_backup(REGION, &id, &format!("{id}-b{night}"), start, FleetBackup::Success);
        }
    }
    Ok(sandbox)
}

fn with_keys(contestant: Contestant, sandbox: &Sandbox) -> Contestant {
    let keys = sandbox.keys();
    contestant
        .env("JDREDIS_ENDPOINT", sandbox.endpoint())
        .env("JDCLOUD_ACCESS_KEY", &keys.access_key)
        .env("JDCLOUD_SECRET_KEY", &keys.secret_key)
}

fn sync(setup: &Setup, sandbox: &Sandbox, dir: &Path) -> Contestant {
    let sync = setup.jdredis().args(["archive", "sync"]).args([dir]);
    with_keys(sync.args(["--region", REGION, "--http", "-q"]), sandbox)
}

/// A shell script that is run with the program's own path as its first argument.
fn script(setup: &Setup, sandbox: &Sandbox, name: &'static str, text: &str, dir: &Path) -> Option<Contestant> {
    let shell = Contestant::new(name, on_path("sh")?)
        .args(["-c", text, JDREDIS])
        .args([dir]);
    let path = std::env::var_os("PATH").unwrap_or_default();
    Some(with_keys(
        shell.env("PATH", path).env("HOME", setup.folder.path().join("home")),
        sandbox,
    ))
}

fn quiet_night(setup: &Setup, rounds: usize, report: &mut Report<'_>) -> Result<()> {
    report.section(&format!(
        "`archive sync` of {INSTANCES} instances with {BACKUPS} backups each and nothing new, the service answering in \
         {} ms, medians of {rounds} rounds",
        ANSWER.as_millis()
    ))?;
    let sandbox = fleet(INSTANCES, BACKUPS, 2_000)?;
    let dir = setup.folder.path().join("quiet");
    sync(setup, &sandbox, &dir).output()?;
    sandbox.always(Reply::then_ok(ANSWER));
    let before = sandbox.calls();
    sync(setup, &sandbox, &dir).output()?;
    let asked = sandbox.calls() - before;
    ensure!(asked <= INSTANCES + 3, "{asked} calls for {INSTANCES} instances");
    let one_by_one = "\"$0\" instance list --region cn-north-1 -q -o plain | while read -r id; do \
                      \"$0\" backup list --region cn-north-1 --instance \"$id\" -q -o plain; done";
    let mut contestants = vec![sync(setup, &sandbox, &dir)];
    contestants.extend(script(setup, &sandbox, "one after the other", one_by_one, &dir));
    let race = Race {
        name: "nothing new",
        rounds: rounds.min(3),
        time_target: None,
        fetched: None,
        warm_ups: WARM_UPS,
        targets: &[("one after the other", 0.15)],
        memory_target: MEMORY_TARGET,
    };
    race.run(&mut contestants, report)
}

fn new_night(setup: &Setup, rounds: usize, report: &mut Report<'_>) -> Result<()> {
    report.section(&format!(
        "{INSTANCES} instances with one new backup of 4 MiB each, medians of {rounds} rounds"
    ))?;
    let sandbox = fleet(INSTANCES, 1, FILE)?;
    let dir: PathBuf = setup.folder.path().join("new");
    let by_hand = "\"$0\" instance list --region cn-north-1 -q -o plain | xargs -P8 -I{} sh -c '\
                   link=$(\"$0\" backup url --region cn-north-1 --instance {} --latest -q -o plain) && \
                   curl -sSf -o \"$1/{}.part\" \"$link\" && sync \"$1/{}.part\" && mv \"$1/{}.part\" \"$1/{}.rdb\"' \"$0\" \"$1\"";
    let mut contestants = vec![sync(setup, &sandbox, &dir).fills(dir.clone())];
    if setup.curl().is_some() && on_path("xargs").is_some() {
        contestants.extend(script(setup, &sandbox, "xargs -P8", by_hand, &dir).map(|script| script.fills(dir.clone())));
    }
    for contestant in &mut contestants {
        contestant.output()?;
        let files = walk(&dir)?;
        ensure!(files >= INSTANCES, "{} left {files} files", contestant.name);
    }
    let race = Race {
        name: "new backups",
        rounds,
        time_target: None,
        fetched: None,
        warm_ups: WARM_UPS,
        targets: &[("xargs -P8", 1.0)],
        memory_target: MEMORY_TARGET,
    };
    race.run(&mut contestants, report)
}

/// How many files there are of at least the size of a backup's.
fn walk(folder: &Path) -> Result<usize> {
    let mut files = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        files += match metadata.is_dir() {
            true => walk(&entry.path())?,
            false => usize::from(metadata.len() >= FILE),
        };
    }
    Ok(files)
}

/// How many calls a night takes on which each instance has a new backup.
fn calls(setup: &Setup, instances: usize, report: &mut Report<'_>) -> Result<()> {
    let sandbox = fleet(instances, 1, 2_000)?;
    let dir = setup.folder.path().join(format!("calls-{instances}"));
    sync(setup, &sandbox, &dir).output()?;
    let calls = f64::from(u32::try_from(sandbox.calls())?);
    // A list for each hundred and one more, and two calls for each instance.
    let most = f64::from(u32::try_from(2 * instances + instances / 100 + 1)?);
    report.held_to(
        &format!("calls of a night of {instances} instances"),
        Unit::Count,
        calls,
        Target::AtMost(most),
    )?;
    Ok(())
}

/// How much faster several cores verify than one.
fn verification(setup: &Setup, rounds: usize, report: &mut Report<'_>) -> Result<()> {
    let sandbox = fleet(VERIFIED, 1, VERIFIED_FILE)?;
    let dir = setup.folder.path().join("verified");
    // Fetched and so in the page cache.
    sync(setup, &sandbox, &dir).output()?;
    drop(sandbox);
    report.section(&format!(
        "`archive verify` of {VERIFIED} × {} MiB in the page cache, medians of {rounds} rounds",
        VERIFIED_FILE >> 20
    ))?;
    let verify = |contestant: Contestant| contestant.args(["archive", "verify", "-q"]).args([&dir]);
    let mut contestants = vec![verify(setup.jdredis())];
    if let Some(taskset) = on_path("taskset") {
        let one_core = Contestant::new("one core", taskset).args(["-c", "0", JDREDIS]);
        contestants.push(verify(one_core.env("HOME", setup.folder.path().join("home"))));
    }
    for contestant in &mut contestants {
        contestant.output()?;
    }
    let race = Race {
        name: "archive verify",
        rounds,
        time_target: None,
        fetched: None,
        warm_ups: 1,
        targets: &[("one core", 1.0 / 1.7)],
        memory_target: SMALL_MEMORY_TARGET,
    };
    race.run(&mut contestants, report)?;
    Ok(fs::remove_dir_all(&dir)?)
}
