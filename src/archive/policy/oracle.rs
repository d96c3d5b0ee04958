//! The decisions beside those of `restic forget --dry-run` on random histories.
//!
//! Each start of restic takes half a second of one core, so one repository has twenty hosts of ten snapshots, each
//! with random tags: a host and a tag are a history. It is all in UTC, where a day has 24 hours. Not compared, since
//! it differs on purpose: the newest good backup stays without any rule, and so does one with a file `keep`; a day of
//! `--keep-within` has 24 hours, where restic's is one of the calendar.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use time::macros::{datetime, format_description, offset};
use time::{Duration, OffsetDateTime};

use super::Policy;
use crate::values::zone::tests::fixed;

const HOSTS: u64 = 20;
const SNAPSHOTS: u64 = 10;
const TAGS: u64 = 50;

/// Random numbers that a seed repeats (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// `restic` with a repository in a folder, in UTC.
fn restic(folder: &std::path::Path, args: &[String]) -> Command {
    let mut command = Command::new("restic");
    command
        .args(["--no-cache", "--quiet"])
        .args(args)
        .env("RESTIC_REPOSITORY", folder.join("repository"))
        .env("RESTIC_PASSWORD", "none")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    command
}

/// Tells whoever runs the tests, also of a test that passes.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
#[ignore = "restic takes half a second of one core for each of 250 runs; .ci/deep runs it"]
fn a_thousand_random_histories_are_decided_as_by_restic() {
    if Command::new("restic").arg("version").output().is_err() {
        say("not run: restic is not installed");
        return;
    }
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(7);
    say(&format!("SEED={seed}"));
    let mut random = Random(seed);
    let home = tempfile::tempdir().unwrap();
    assert!(restic(home.path(), &words(&["init"])).status().unwrap().success());
    let content = home.path().join("content");
    std::fs::write(&content, "x").unwrap();
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let mut snapshots: Vec<(u64, OffsetDateTime, BTreeSet<u64>)> = Vec::new();
    for host in 0..HOSTS {
        for _ in 0..SNAPSHOTS {
            // Dense histories and sparse ones, across ends of years.
            let days = [12, 60, 500][(host % 3) as usize];
            let seconds = random.below(days * 86_400).cast_signed();
            let start = datetime!(2020-06-01 00:00 UTC) + Duration::days(200) + Duration::seconds(seconds);
            let tags = (0..TAGS).filter(|_| random.below(4) > 0).collect();
            snapshots.push((host, start, tags));
        }
    }
    for (host, start, tags) in &snapshots {
        let tags: Vec<String> = tags.iter().map(|tag| format!("t{tag}")).collect();
        let time = start.format(format).unwrap();
        let mut args = words(&[
            "backup",
            content.to_str().unwrap(),
            "--time",
            &time,
            "--host",
            &format!("h{host}"),
        ]);
        args.extend(["--tag".to_owned(), tags.join(",")]);
        assert!(restic(home.path(), &args).status().unwrap().success());
    }
    let zone = fixed(offset!(+0));
    let within = [None, Some("36h"), None, Some("9d"), None, Some("45d")];
    let mut compared = 0;
    for tag in 0..TAGS {
        let mut number = || Some(u32::try_from(random.below(6)).unwrap()).filter(|number| *number > 0);
        let mut policy = Policy {
            last: number(),
            within: within[usize::try_from(tag).unwrap() % within.len()].map(|age| age.parse().unwrap()),
            daily: number(),
            weekly: number(),
            monthly: number(),
        };
        if policy.is_empty() {
            policy.daily = Some(3);
        }
        let mut args = words(&[
            "forget",
            "--dry-run",
            "--json",
            "--group-by",
            "host",
            "--tag",
            &format!("t{tag}"),
        ]);
        args.extend(policy.describe().split(' ').map(str::to_owned));
        let output = restic(home.path(), &args).output().unwrap();
        assert!(output.status.success(), "{args:?}");
        let groups: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for host in 0..HOSTS {
            let of_history =
                |(its, _, tags): &&(u64, OffsetDateTime, BTreeSet<u64>)| *its == host && tags.contains(&tag);
            let mut starts: Vec<_> = snapshots
                .iter()
                .filter(of_history)
                .map(|(_, start, _)| *start)
                .collect();
            starts.sort_by(|a, b| b.cmp(a));
            let decisions = policy.decide(&starts, &zone);
            let ours = starts.iter().zip(&decisions).filter(|(_, rules)| !rules.is_empty());
            let ours: BTreeSet<_> = ours.map(|(start, _)| start.format(format).unwrap()).collect();
            let name = format!("h{host}");
            let group = groups
                .as_array()
                .unwrap()
                .iter()
                .find(|group| group["host"] == name.as_str());
            let keep = group
                .and_then(|group| group["keep"].as_array().cloned())
                .unwrap_or_default();
            let theirs: BTreeSet<_> = keep
                .iter()
                .map(|snapshot| snapshot["time"].as_str().unwrap()[..19].replace('T', " "))
                .collect();
            assert_eq!(ours, theirs, "{} of {starts:?}, SEED={seed}", policy.describe());
            compared += 1;
        }
    }
    say(&format!("{compared} histories were decided alike"));
    assert_eq!(compared, 1000);
}
