//! The files of a backup: four shards of 256 MiB, fetched by programs of which only jdredis checks
//! what it gets.
//!
//! Into memory, where the network and the programs are all there is to be slow, and onto the disk, where
//! curl is followed by `sync FILE…`, since jdredis promises that its files are there to stay.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use jdredis_sandbox::{Authority, Builder, Certificate, Sandbox};

use super::{Scenario, Setup, on_path};
use crate::contestant::Contestant;
use crate::race::{Race, WARM_UPS};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "download",
    rounds: 7,
    run,
};

/// Of each shard, in bytes.
const SHARD: u64 = 256 * 1024 * 1024;
const SHARDS: u64 = 4;
/// In bytes.
const MEMORY_TARGET: f64 = 32.0 * 1024.0 * 1024.0;
/// A folder that is in memory, where the system has one.
pub(super) const MEMORY: &str = "/dev/shm";
const TO_DISK: &str = "download to disk";
const BACKUP: [&str; 6] = [
    "--region",
    "cn-north-1",
    "--instance",
    "redis-cluster1",
    "--base-id",
    "a607efba-ff06-4d78-ba3c-b3119fce27fd",
];

fn run(setup: &Setup, rounds: usize, report: &mut Report<'_>) -> Result<()> {
    let authority = Authority::new();
    let trusted = setup.folder.path().join("authority.pem");
    authority.write_pem(&trusted)?;
    let plain = Sandbox::builder();
    let secure = Sandbox::builder().tls(authority.issue(Certificate::Good));
    let in_memory = tempfile::tempdir_in(MEMORY);
    if let Ok(folder) = &in_memory {
        race(
            "download http",
            plain.clone(),
            folder.path(),
            &trusted,
            setup,
            rounds,
            report,
        )?;
        race("download https", secure, folder.path(), &trusted, setup, rounds, report)?;
    }
    race(TO_DISK, plain, setup.folder.path(), &trusted, setup, rounds, report)
}

fn race(
    name: &str,
    builder: Builder,
    folder: &Path,
    trusted: &Path,
    setup: &Setup,
    rounds: usize,
    report: &mut Report<'_>,
) -> Result<()> {
    let sandbox = builder.object_size(SHARD).start()?;
    let jdredis = |command: &str| {
        let keys = sandbox.keys();
        setup
            .jdredis()
            .args(["backup", command])
            .args(BACKUP)
            .args(["-o", "plain"])
            .env("JDREDIS_ENDPOINT", sandbox.endpoint())
            .env("JDCLOUD_ACCESS_KEY", &keys.access_key)
            .env("JDCLOUD_SECRET_KEY", &keys.secret_key)
            .env("SSL_CERT_FILE", trusted)
    };
    let links = String::from_utf8(jdredis("url").output()?)?;
    let links: Vec<&str> = links.lines().collect();
    let own = folder.join("jdredis");
    // What is https already is fetched so, whether http is allowed or not.
    let download = jdredis("download").args(["--http", "--dir"]).args([&own]).fills(own);
    let mut contestants = vec![download];
    contestants.extend(
        setup
            .curl()
            .map(|program| curl(program, &links, &folder.join("curl"), trusted, name == TO_DISK)),
    );
    contestants.extend(on_path("aria2c").map(|program| aria2c(&program, &links, &folder.join("aria2c"), trusted)));
    for contestant in &mut contestants {
        contestant.output()?;
        let found = size_of_files(&folder.join(contestant.name))?;
        ensure!(found == SHARD * SHARDS, "{} fetched {found} bytes", contestant.name);
    }
    report.section(&format!("`{name}`: 4 × 256 MiB, medians of {rounds} rounds"))?;
    let race = Race {
        name,
        rounds,
        time_target: None,
        fetched: Some(SHARD * SHARDS),
        warm_ups: WARM_UPS,
        targets: &[("curl", 1.0), ("aria2c", 1.0)],
        memory_target: MEMORY_TARGET,
    };
    race.run(&mut contestants, report)
}

fn curl(program: &Path, links: &[&str], folder: &Path, trusted: &Path, syncs: bool) -> Contestant {
    let outputs = (0..links.len()).map(|i| folder.join(i.to_string()));
    let pairs = links
        .iter()
        .zip(outputs)
        .flat_map(|(link, output)| ["-o".into(), output, PathBuf::from(link)]);
    let contestant = match syncs {
        true => Contestant::new("curl", "/bin/sh").args([
            OsStr::new("-c"),
            OsStr::new(&format!("\"$0\" \"$@\" && sync {}/*", folder.display())),
            program.as_os_str(),
        ]),
        false => Contestant::new("curl", program),
    };
    // -q: without the settings of whoever runs the benchmark.
    contestant
        .args(["-q", "-sS", "--fail", "--parallel", "--max-time", "60", "--cacert"])
        .args([trusted])
        .args(pairs)
        .fills(folder.to_owned())
}

fn aria2c(program: &Path, links: &[&str], folder: &Path, trusted: &Path) -> Contestant {
    Contestant::new("aria2c", program)
        .args(["--no-conf", "-q", "-Z", "-x1", "-d"])
        .args([folder])
        .args([format!("--ca-certificate={}", trusted.display())])
        .args(links)
        .fills(folder.to_owned())
}

fn size_of_files(folder: &Path) -> Result<u64> {
    let mut size = 0;
    for entry in folder.read_dir().context("no folder was made")? {
        let file = entry?.metadata()?;
        size += if file.is_file() { file.len() } else { 0 };
    }
    Ok(size)
}
