//! A simulated month of a fleet in two regions, with faults at random from a seed that is printed: errors of the
//! service and of the storage, damaged objects, killed and interrupted runs, a full disk, nights without a run,
//! instances that come and vanish, backups that fail and that shrink, hands in the archive.
//!
//! Each night is a process of its own with a clock of its own. After each, what is in the archive is compared with
//! what the service offered and what the policy keeps, by rules that are written down here once more: whatever is
//! not there must have been told by that night's exit code. For a larger fleet, by hand:
//!
//! ```sh
//! INSTANCES=500 NIGHTS=30 SEED=1 cargo test --test cli simulated_month -- --ignored --nocapture
//! ```

mod events;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jdredis_sandbox::Alteration;
use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;

use super::disk::SmallDisk;
use super::fleet::{Fleet, NORTH, SOUTH};
use super::safety::Off;
use crate::support::{ACCESS_KEY, Random, SECRET_KEY, say, say_not_run};

/// The service's documented limit: so many calls a minute.
const CALLS: usize = 1000;
/// How long the service keeps a backup.
const OFFERED: time::Duration = time::Duration::days(7);
/// The policy of the sync.
const POLICY: [&str; 4] = ["--keep-daily", "7", "--keep-weekly", "4"];
const MAX_AGE: time::Duration = time::Duration::days(8);
/// The states in which an instance lacks nothing.
const WELL: [&str; 3] = ["fresh", "shrunk", "gone"];

/// A backup that the service made with success.
#[derive(Debug, Clone)]
struct Made {
    base_id: String,
    start: OffsetDateTime,
}

#[derive(Debug)]
struct Simulated {
    region: &'static str,
    id: String,
    /// What the service offers now.
    offered: Vec<Made>,
    /// What it offered to a run at any time.
    ever: Vec<Made>,
    is_gone: bool,
    /// Whether its automatic backup was turned off.
    has_stopped: bool,
}

/// What happens to a night's run besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Whole,
    /// The machine was off.
    None,
    Signal(&'static str),
    FullDisk,
}

/// What came of a run.
struct Ended {
    /// 128 and more where a signal ended it.
    code: i32,
    /// The state of each instance, by region and ID; `None` where no document was printed.
    states: Option<BTreeMap<(String, String), String>>,
    /// In KiB, where it ended by itself.
    peak: Option<u64>,
    took: Duration,
}

struct Month {
    fleet: Fleet,
    random: Random,
    instances: Vec<Simulated>,
    nights: i64,
    /// The larger the fleet, the rarer are the faults of each instance.
    scale: u64,
    next_instance: u32,
    /// Backups that no run can fetch whole, and how the storage has damaged them.
    spoilt: BTreeMap<String, Alteration>,
    /// Backups whose files are no RDB files, so that they get a folder and count for nothing.
    foreign: BTreeSet<String>,
    /// Backups in the archive that somebody damaged there, and whether a run has told it.
    tampered: BTreeMap<String, bool>,
    /// Backups whose absence a run has told by its exit code.
    told: BTreeSet<String>,
    /// Those whose files were compared with the service's.
    compared: BTreeSet<String>,
    longest_run: Duration,
    /// The folder of the metrics.
    metrics: TempDir,
}

impl Month {
    /// The time of a night's run.
    fn now(&self, night: i64) -> OffsetDateTime {
        (OffsetDateTime::now_utc() - time::Duration::days(self.nights - night)).truncate_to_second()
    }

    /// Runs a night's sync in a process of its own.
    fn run(&mut self, night: i64, run: Run) -> Ended {
        let out = tempfile::tempdir().unwrap();
        let dir = self.fleet.dir();
        let mut args = vec!["jdredis", "archive", "sync", dir.to_str().unwrap()];
        args.extend([
            "--region",
            NORTH,
            "--region",
            SOUTH,
            "--http",
            "-o",
            "json",
            "--timeout",
            "5",
        ]);
        args.extend(POLICY);
        let metrics = self.metrics.path().join("jdredis.prom");
        args.extend(["--metrics", metrics.to_str().unwrap()]);
        let off = -time::Duration::days(self.nights - night).whole_seconds();
        let begun = Instant::now();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "archive::month::one_night", "--ignored", "--nocapture"])
            .env_clear()
            .env("HOME", out.path())
            .env("NIGHT_OFF", off.to_string())
            .env("NIGHT_OUT", out.path())
            .env("NIGHT_ARGS", args.join("\n"))
            .env("JDREDIS_ENDPOINT", self.fleet.sandbox.endpoint())
            .env("JDCLOUD_ACCESS_KEY", ACCESS_KEY)
            .env("JDCLOUD_SECRET_KEY", SECRET_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if let Run::Signal(signal) = run {
            let longest = u64::try_from(self.longest_run.as_millis()).unwrap();
            thread::sleep(Duration::from_millis(self.random.below(longest.max(1))));
            let kill = Command::new("kill")
                .args([format!("-{signal}"), child.id().to_string()])
                .status();
            assert!(kill.unwrap().success());
        }
        let status = child.wait().unwrap();
        let took = begun.elapsed();
        if run == Run::Whole {
            self.longest_run = took;
        }
        let text = fs::read(out.path().join("stdout")).unwrap_or_default();
        let peak = fs::read_to_string(out.path().join("peak")).ok();
        Ended {
            code: status.code().unwrap_or(137),
            states: serde_json::from_slice(&text).ok().map(|document| states(&document)),
            peak: peak.and_then(|peak| peak.parse().ok()),
            took,
        }
    }

    /// Compares what is in the archive with what was there before and what the service offered; how many backups
    /// are missing that the policy keeps.
    fn compare(&mut self, night: i64, before: &BTreeSet<String>, ended: &Ended) -> usize {
        let now = self.now(night);
        let there = self.fleet.backups();
        let context = |instance: &Simulated| format!("night {night}, code {}: {}", ended.code, instance.id);
        let is_finished = ended.code < 128;
        assert!(
            ended.code != 0 || ended.states.is_some(),
            "night {night}: nothing was printed"
        );
        let (mut missing, mut is_stale) = (0, false);
        for instance in &mut self.instances {
            let of_it = |base_id: &&String| base_id.starts_with(&format!("{}-n", instance.id));
            let after: BTreeSet<&String> = there.keys().filter(of_it).collect();
            let state = ended.states.as_ref().map(|states| {
                let key = (instance.region.to_owned(), instance.id.clone());
                states.get(&key).map_or("absent", String::as_str)
            });
            for made in instance.offered.iter().filter(|_| !instance.is_gone) {
                if instance.ever.iter().all(|known| known.base_id != made.base_id) {
                    instance.ever.push(made.clone());
                }
            }
            let is_good = |base_id: &String| !self.tampered.contains_key(base_id) && !self.foreign.contains(base_id);
            let is_candidate = |made: &&Made| {
                let is_offered = instance.offered.iter().any(|offered| offered.base_id == made.base_id);
                is_good(&made.base_id) && (before.contains(&made.base_id) || is_offered && !instance.is_gone)
            };
            let candidates: Vec<&Made> = instance.ever.iter().filter(is_candidate).collect();
            let needed: BTreeSet<&String> = kept(&candidates).into_iter().map(|made| &made.base_id).collect();
            let lost: Vec<&&String> = needed.iter().filter(|base_id| !after.contains(**base_id)).collect();
            for base_id in &lost {
                assert!(
                    !before.contains(**base_id),
                    "{}: {base_id} was removed",
                    context(instance)
                );
                assert_ne!(ended.code, 0, "{}: {base_id} is missing", context(instance));
                if let Some(state) = state {
                    assert!(
                        !WELL.contains(&state),
                        "{}: {base_id} is missing, {state}",
                        context(instance)
                    );
                }
                if is_finished {
                    self.told.insert((**base_id).clone());
                }
            }
            missing += lost.len();
            if state == Some("fresh") && is_finished {
                // What is only in the archive and that no rule keeps any more is removed from a fresh one.
                assert_eq!(after, needed, "{}", context(instance));
            }
            let newest = instance
                .ever
                .iter()
                .filter(|made| after.contains(&made.base_id) && is_good(&made.base_id));
            let newest = newest.map(|made| made.start).max();
            is_stale |= !instance.is_gone && newest.is_some_and(|newest| now - newest > MAX_AGE);
        }
        let is_damaged = !self.tampered.is_empty();
        assert!(
            ended.code != 0 || !is_stale && !is_damaged,
            "night {night}: {is_stale} {is_damaged}"
        );
        for (base_id, folder) in &there {
            assert_eq!(self.spoilt.get(base_id), None, "night {night}: {base_id}");
            if !self.tampered.contains_key(base_id) && self.compared.insert(base_id.clone()) {
                self.compare_files(base_id, folder);
            }
        }
        if is_finished && ended.code != 0 {
            for (base_id, is_told) in &mut self.tampered {
                *is_told = true;
                self.told.insert(base_id.clone());
            }
        }
        missing
    }

    /// Checks that the metrics tell how the run ended, and that no instance's last success is lost.
    fn check_metrics(&self, night: i64, before: &BTreeMap<String, f64>, ended: &Ended) {
        let now = self.metrics();
        if ended.code != 137 {
            let code = now.get("jdredis_archive_sync_exit_code").copied();
            assert_eq!(code, Some(f64::from(ended.code)), "night {night}");
        }
        for name in before.keys().filter(|name| name.contains("last_success")) {
            assert!(now.contains_key(name), "night {night}: {name}");
        }
    }

    fn metrics(&self) -> BTreeMap<String, f64> {
        let text = fs::read_to_string(self.metrics.path().join("jdredis.prom")).unwrap_or_default();
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let samples = samples.map(|line| line.rsplit_once(' ').unwrap());
        samples
            .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
            .collect()
    }

    /// Compares a backup's files with the service's.
    fn compare_files(&self, base_id: &str, folder: &Path) {
        let manifest: Value = serde_json::from_slice(&fs::read(folder.join("backup.json")).unwrap()).unwrap();
        let instance = manifest["instance"].as_str().unwrap();
        for (node, file) in manifest["files"].as_array().unwrap().iter().enumerate() {
            let content = fs::read(folder.join(file["name"].as_str().unwrap())).unwrap();
            assert!(
                content == self.fleet.sandbox.object(instance, base_id, node),
                "{base_id} {node}"
            );
        }
    }

    /// At the end, every backup that the policy keeps of all that was offered is there, or its absence was told.
    fn conclude(&self) {
        let there = self.fleet.backups();
        for instance in &self.instances {
            let ever: Vec<&Made> = instance.ever.iter().collect();
            for made in kept(&ever) {
                let is_accounted_for = there.contains_key(&made.base_id) || self.told.contains(&made.base_id);
                assert!(is_accounted_for, "{} is missing, and no run told it", made.base_id);
            }
        }
        self.fleet.check_sums();
    }
}

/// What a policy of seven days and four weeks keeps, by the rules as they are documented.
fn kept<'a>(made: &[&'a Made]) -> Vec<&'a Made> {
    let mut newest_first = made.to_vec();
    newest_first.sort_by_key(|made| std::cmp::Reverse((made.start, made.base_id.clone())));
    let (mut days, mut weeks, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for made in newest_first {
        let (year, week, _) = made.start.to_iso_week_date();
        let is_new = |known: &mut Vec<(i32, u16)>, period: (i32, u16), most: usize| {
            let is_new = known.len() < most && !known.contains(&period);
            if is_new {
                known.push(period);
            }
            is_new
        };
        let is_daily = is_new(&mut days, (made.start.year(), made.start.ordinal()), 7);
        let is_weekly = is_new(&mut weeks, (year, week.into()), 4);
        if is_daily || is_weekly {
            kept.push(made);
        }
    }
    kept
}

fn states(document: &Value) -> BTreeMap<(String, String), String> {
    let instances = document["instances"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    instances
        .map(|row| ((text(&row["region"]), text(&row["instance"])), text(&row["state"])))
        .collect()
}

fn number(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
#[ignore = "a month of nights, each a process; .ci/deep runs it"]
fn after_a_simulated_month_every_backup_is_whole_or_was_told() {
    let instances = number("INSTANCES").unwrap_or(12);
    let nights = i64::from(number("NIGHTS").unwrap_or(30));
    let random = Random::new();
    say(&format!("SEED={} INSTANCES={instances} NIGHTS={nights}", random.seed));
    let mut month = Month::new(random, instances, nights);
    let dir = month.fleet.dir();
    fs::create_dir(&dir).unwrap();
    let disk = SmallDisk::mount(&dir, "size=90%,mode=0700");
    if disk.is_none() {
        say_not_run("the nights of a full disk", "this user may not mount a file system");
    }
    let (mut first_bad, mut first_told, mut silent, mut bad_nights) = (None, None, 0, 0);
    let (mut peak, mut most_calls, mut calls, mut requests) = (0, 0, 0, 0);
    let begun = Instant::now();
    for night in 0..nights {
        month.day(night);
        let run = month.trouble();
        month.hands();
        if run == Run::None {
            say(&format!("night {night:2}: no run"));
            continue;
        }
        month.fleet.sandbox.forget_requests();
        let before: BTreeSet<String> = month.fleet.base_ids().into_iter().collect();
        if let Some(disk) = disk.as_ref().filter(|_| run == Run::FullDisk) {
            disk.grow(&format!("size={}k", used(&dir) + 40));
        }
        let metrics = month.metrics();
        let ended = month.run(night, run);
        month.check_metrics(night, &metrics, &ended);
        if let Some(disk) = &disk {
            disk.grow("size=90%");
        }
        let missing = month.compare(night, &before, &ended);
        let received = month.fleet.sandbox.requests();
        let its_calls = received.iter().filter(|request| !request.is_for_storage()).count();
        assert!(
            month.fleet.sandbox.refusals().is_empty(),
            "{:#?}",
            month.fleet.sandbox.refusals()
        );
        (most_calls, calls, requests) = (most_calls.max(its_calls), calls + its_calls, requests + received.len());
        peak = peak.max(ended.peak.unwrap_or_default());
        silent += u32::from(ended.code == 0);
        bad_nights += u32::from(missing > 0);
        if missing > 0 || !month.tampered.is_empty() {
            first_bad.get_or_insert(night);
        }
        if first_bad.is_some() && ended.code != 0 {
            first_told.get_or_insert(night);
        }
        say(&format!(
            "night {night:2}: {run:?}, code {}, {missing} missing, {} there, {its_calls} calls, {} requests, {:.1} s, {} KiB",
            ended.code,
            month.fleet.base_ids().len(),
            received.len(),
            ended.took.as_secs_f64(),
            ended.peak.unwrap_or_default()
        ));
    }
    for base_id in std::mem::take(&mut month.tampered).into_keys() {
        fs::remove_dir_all(&month.fleet.backups()[&base_id]).unwrap();
        month.told.insert(base_id);
    }
    month.conclude();
    say(&format!(
        "SEED={}: {bad_nights} nights with missing backups, {silent} with code 0; first bad night {first_bad:?}, first told \
         {first_told:?}; at most {most_calls} calls a night, {calls} in all, {requests} requests; peak {peak} KiB; {:.0} s",
        month.random.seed,
        begun.elapsed().as_secs_f64()
    ));
    assert_eq!(first_bad, first_told);
}

/// How much a disk holds, in KiB.
fn used(dir: &Path) -> u64 {
    let df = Command::new("df")
        .args(["-k", "--output=used"])
        .arg(dir)
        .output()
        .unwrap();
    let text = String::from_utf8(df.stdout).unwrap();
    text.split_whitespace().last().unwrap().parse().unwrap()
}

#[test]
#[ignore = "the process of one night, which the month starts; does nothing by itself"]
fn one_night() {
    let (Ok(off), Ok(out)) = (std::env::var("NIGHT_OFF"), std::env::var("NIGHT_OUT")) else {
        return;
    };
    let out = Path::new(&out);
    let mut world = jdredis::World::of_this_process();
    world.args = std::env::var("NIGHT_ARGS").unwrap().lines().map(Into::into).collect();
    world.clock = Arc::new(Off::by(time::Duration::seconds(off.parse().unwrap())));
    world.stdout = jdredis::Stream::to(File::create(out.join("stdout")).unwrap());
    world.stderr = jdredis::Stream::to(File::create(out.join("stderr")).unwrap());
    let code = jdredis::run(&world);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.map(|peak| peak.trim().trim_end_matches(" kB").to_owned());
    fs::write(out.join("peak"), peak.unwrap_or_default()).unwrap();
    let code = (0..=u8::MAX).find(|number| ExitCode::from(*number) == code);
    std::process::exit(code.unwrap().into());
}
