//! Faults of the system, and SIGKILL, at each system call in turn: of `archive sync` with a policy, of `archive prune`,
//! of `archive drill` and of `backup download`. strace injects both; where there is none, the tests say that they
//! were not run.
//!
//! SIGKILL at random moments needs no strace.
//!
//! After each, nothing may look whole that is not; a run that ended with 0 must have done all of its work; and
//! the next run must end with 0 and leave nothing behind.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::scenes::{Download, Drill, Prune, Scene, Sync};
use crate::support::{Random, is_installed, say, say_not_run};

const STRACE: &str = "/usr/bin/strace";
/// What may fail, and how.
const FAULTS: [(&str, &[&str]); 17] = [
    ("write", &["ENOSPC", "EIO", "EINTR", "EDQUOT", "EFBIG", "EBADF"]),
    ("pwrite64", &["ENOSPC", "EIO", "EINTR", "EDQUOT", "EFBIG"]),
    ("fsync", &["EIO", "ENOSPC", "EINTR", "EDQUOT"]),
    ("fdatasync", &["EIO", "ENOSPC"]),
    ("rename", &["EIO", "ENOSPC", "EINTR", "EDQUOT"]),
    ("openat", &["EMFILE", "EIO", "ENOSPC", "EINTR"]),
    ("open", &["EMFILE"]),
    ("mkdir", &["ENOSPC", "EIO", "EDQUOT"]),
    ("ftruncate", &["EFBIG", "EIO"]),
    ("unlink", &["EIO"]),
    ("unlinkat", &["EIO"]),
    ("rmdir", &["EIO"]),
    ("getdents64", &["EIO"]),
    ("statx", &["EIO"]),
    ("read", &["EIO", "EINTR"]),
    ("pread64", &["EIO"]),
    ("clone3", &["EAGAIN"]),
];
/// Before which calls the process is killed.
const KILLED_AT: [&str; 24] = [
    "write",
    "writev",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "renameat2",
    "openat",
    "mkdir",
    "ftruncate",
    "fallocate",
    "unlink",
    "unlinkat",
    "rmdir",
    "getdents64",
    "statx",
    "read",
    "pread64",
    "chmod",
    "fchmod",
    "close",
    "flock",
    "clone3",
    "sendto",
];
/// No thread makes one of these calls so often.
const MOST_CALLS: usize = 300;

/// Whether strace is there and may trace.
fn can_trace() -> bool {
    let traced = Command::new(STRACE).args(["-o", "/dev/null", "true"]).output();
    let can = traced.is_ok_and(|output| output.status.success());
    if !can {
        say_not_run(
            "the walk over system calls",
            "strace is not installed, or may not trace",
        );
    }
    can
}

/// Plays each of these injections at the first such call, the second and so on; how many there were, and what was
/// wrong after them.
fn walk<'a>(scene: &dyn Scene, injections: impl Iterator<Item = (&'a str, String)>) -> (usize, Vec<String>) {
    let log = tempfile::tempdir().unwrap();
    let log = log.path().join("trace");
    let (mut count, mut wrongs) = (0, Vec::new());
    for (call, what) in injections {
        for number in 1..=MOST_CALLS {
            scene.prepare();
            let (trace, inject) = (format!("trace={call}"), format!("inject={call}:{what}:when={number}"));
            let log = log.to_str().unwrap();
            let mut strace = vec![STRACE, "-qq", "-o", log, "-e", &trace, "-e", &inject];
            if scene.is_traced_whole() {
                strace.push("-f");
                if what.starts_with("error") {
                    // It is faster, and injects no signals.
                    strace.push("--seccomp-bpf");
                }
            }
            let outcome = scene.run().through(&strace).run();
            let trace = fs::read_to_string(log).unwrap();
            if !trace.contains("(INJECTED)") && outcome.code.is_some() {
                break;
            }
            count += 1;
            let mut found = scene.wrongs();
            if outcome.code == Some(0) && !(scene.is_done() && scene.has_printed(&outcome)) {
                found.push("it ended with 0 and has not done it all".to_owned());
            }
            let clean = scene.run().run();
            found.extend(scene.wrongs());
            if clean.code != Some(0) || !scene.is_done() || !scene.has_printed(&clean) {
                found.push(format!("the next run has not done it all: {clean:#?}"));
            }
            if !found.is_empty() {
                wrongs.push(format!("{call} {number} {what}: {found:#?} {outcome:#?}"));
            }
        }
    }
    (count, wrongs)
}

fn faults() -> impl Iterator<Item = (&'static str, String)> {
    let of_call = |(call, errors): &(&'static str, &'static [&'static str])| {
        let call = *call;
        errors.iter().map(move |error| (call, format!("error={error}")))
    };
    FAULTS.iter().flat_map(of_call)
}

fn kills() -> impl Iterator<Item = (&'static str, String)> {
    KILLED_AT.into_iter().map(|call| (call, "signal=KILL".to_owned()))
}

/// Walks, says how many injections there were, and checks that they were at least so many.
fn prove(scene: &dyn Scene, name: &str, injections: impl Iterator<Item = (&'static str, String)>, least: usize) {
    if !can_trace() {
        return;
    }
    let (count, wrongs) = walk(scene, injections);
    assert!(wrongs.is_empty(), "{} of {count}: {}", wrongs.len(), wrongs.join("\n"));
    say(&format!(
        "{name}: {count} injections, none with a false ok, each followed by a clean run"
    ));
    assert!(count >= least, "{name}: {count}");
}

#[test]
#[ignore = "some hundreds of runs under strace; .ci/deep runs it"]
fn a_fault_at_any_system_call_of_a_sync_with_a_policy_is_told_and_the_next_run_goes_on() {
    prove(&Sync::new(), "faults of archive sync --keep-last", faults(), 150);
}

#[test]
#[ignore = "some hundreds of runs under strace; .ci/deep runs it"]
fn a_fault_at_any_system_call_of_a_prune_is_told_and_the_next_run_goes_on() {
    prove(&Prune::new(), "faults of archive prune", faults(), 100);
}

#[test]
#[ignore = "some hundreds of runs under strace; .ci/deep runs it"]
fn a_fault_at_any_system_call_of_a_download_is_told_and_the_next_run_goes_on() {
    prove(&Download::new(), "faults of backup download", faults(), 100);
}

#[test]
#[ignore = "some hundreds of runs under strace; .ci/deep runs it"]
fn killed_at_any_system_call_of_a_sync_with_a_policy_the_next_run_goes_on() {
    prove(&Sync::new(), "SIGKILL of archive sync --keep-last", kills(), 150);
}

#[test]
#[ignore = "some hundreds of runs under strace; .ci/deep runs it"]
fn killed_at_any_system_call_of_a_prune_the_next_run_goes_on() {
    prove(&Prune::new(), "SIGKILL of archive prune", kills(), 100);
}

#[test]
#[ignore = "some hundreds of runs under strace; .ci/deep runs it"]
fn killed_at_any_system_call_of_a_download_the_next_run_goes_on() {
    prove(&Download::new(), "SIGKILL of backup download", kills(), 50);
}

#[test]
#[ignore = "some hundreds of runs under strace; .ci/deep runs it"]
fn a_fault_at_any_system_call_of_a_drill_is_told_and_the_next_run_goes_on() {
    match is_installed("redis-server") {
        true => prove(&Drill::new(), "faults of archive drill", faults(), 50),
        false => say_not_run("the faults of a drill", "redis-server is not installed"),
    }
}

#[test]
#[ignore = "some hundreds of runs under strace; .ci/deep runs it"]
fn killed_at_any_system_call_of_a_drill_it_leaves_no_server() {
    match is_installed("redis-server") {
        true => prove(&Drill::new(), "SIGKILL of archive drill", kills(), 50),
        false => say_not_run("the kills of a drill", "redis-server is not installed"),
    }
}

/// Kills so many runs, each at a random moment of the time that one takes.
fn kill_at_random(scene: &dyn Scene, mut random: Random, rounds: usize) {
    say(&format!("SEED={}", random.seed));
    scene.prepare();
    let whole = scene.run().run();
    assert!(whole.code == Some(0) && scene.is_done(), "{whole:#?}");
    let limit = u64::try_from(whole.took.as_micros()).unwrap();
    let mut kills = 0;
    for round in 0..rounds {
        scene.prepare();
        let mut run = scene.run().start();
        thread::sleep(Duration::from_micros(random.below(limit)));
        kills += usize::from(!run.has_ended());
        run.kill();
        assert_eq!(scene.wrongs(), [] as [String; 0], "{round}");
        let clean = scene.run().run();
        assert!(clean.code == Some(0) && scene.is_done(), "{round} {clean:#?}");
        assert_eq!(scene.wrongs(), [] as [String; 0], "{round}");
    }
    say(&format!("{kills} of {rounds} runs were killed before their end"));
    assert!(kills > 0, "it was too fast to be killed");
}

#[test]
fn a_sync_with_a_policy_that_is_killed_at_random_moments_is_gone_on_with() {
    kill_at_random(&Sync::new(), Random::of_seed_or(7), 6);
}

#[test]
#[ignore = "some hundreds of runs; .ci/deep runs it"]
fn hundreds_of_syncs_and_prunes_that_are_killed_at_random_moments_are_gone_on_with() {
    kill_at_random(&Sync::new(), Random::new(), 200);
    kill_at_random(&Prune::new(), Random::new(), 200);
}
