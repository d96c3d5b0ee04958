//! A simulated fortnight of a fleet in two regions, with failures: the script that people write without
//! `archive sync`, and the one line that replaces it. What is in the archive afterwards is checked with
//! programs of other people.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jdredis_sandbox::{FleetBackup, Reply};
use time::OffsetDateTime;

use super::each;
use super::fleet::{Fleet, NORTH, SOUTH, files_below};
use super::safety::sync_at;
use crate::support::{Jdredis, is_installed, sandbox_builder, say_not_run};

const NIGHTS: i64 = 14;
/// The regions and IDs of the fleet.
const FLEET: [(&str, &str); 5] = [
    (NORTH, "redis-a"),
    (NORTH, "redis-b"),
    (NORTH, "redis-c"),
    (SOUTH, "redis-d"),
    (SOUTH, "redis-e"),
];

/// What a careful person writes: both regions, one instance after the other, the newest backup of each, into
/// a folder for each instance and night, a count of failures, and a lock.
const SCRIPT: &str = r#"
set -u
jdredis=$0 root=$1 night=$2
failed=0
mkdir -p "$root"
if ! mkdir "$root/lock" 2>/dev/null; then
    echo "another run is going on" >&2
    exit 1
fi
trap 'rmdir "$root/lock"' EXIT
for region in cn-north-1 cn-south-1; do
    ids=$("$jdredis" instance list --region "$region" --status running -q -o plain) || {
        echo "$region: no list" >&2
        failed=$((failed + 1))
        continue
    }
    for id in $ids; do
        dir=$root/$region/$id/$night
        mkdir -p "$dir"
        if ! "$jdredis" backup download --region "$region" --instance "$id" --latest \
            --max-attempts 1 --dir "$dir" --http -q -o plain >"$dir/files"; then
            echo "$id: failed" >&2
            failed=$((failed + 1))
            continue
        fi
        (cd "$dir" && while IFS= read -r file; do sha256sum "$(basename "$file")"; done <files >SHA256SUMS)
        rm "$dir/files"
    done
done
[ "$failed" -eq 0 ] || exit 7
"#;

/// The hour at which the backup of a night begins, on the simulated clock.
fn begin(night: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() - time::Duration::days(NIGHTS - night) - time::Duration::hours(2)
}

#[test]
#[ignore = "a fortnight of nights, with real servers at its end"]
fn a_fortnight_ends_with_every_backup_whole_or_told() {
    let fleet = Fleet::of(
        sandbox_builder()
            .object_size(30_000)
            .clock_window(Duration::from_secs(40 * 86_400)),
    );
    let script_root = tempfile::tempdir().unwrap();
    for (region, id) in FLEET {
        fleet.add(region, id, &[]);
    }
    let (mut expected, mut told) = (Vec::new(), Vec::new());
    for night in 0..NIGHTS {
        fleet.sandbox.unscript();
        for (region, id) in FLEET {
            let outcome = match (night, id) {
                (4, "redis-b") => FleetBackup::Failure,
                // It stops making backups.
                (6.., "redis-e") => continue,
                _ => FleetBackup::Success,
            };
            let base_id = format!("{id}-n{night}");
            fleet.sandbox.add_backup(region, id, &base_id, begin(night), outcome);
            if outcome == FleetBackup::Success {
                expected.push(base_id);
            }
            fleet.sandbox.remove_backup(region, id, &format!("{id}-n{}", night - 7));
        }
        match night {
            // A night without the machine.
            3 => continue,
            5 => fleet
                .sandbox
                .always_for("/redis-a/backup?", Reply::error(500, "INTERNAL", "oops")),
            7 => fleet
                .sandbox
                .always_for("/cn-south-1/cacheInstance?", Reply::error(503, "UNAVAILABLE", "busy")),
            9 => fleet.sandbox.always(Reply::close()),
            _ => {}
        }
        let by_script = Jdredis::at(&fleet.sandbox)
            .env("PATH", &std::env::var("PATH").unwrap())
            .through(&["sh", "-c", SCRIPT])
            .args([script_root.path().to_str().unwrap(), &night.to_string()])
            .run();
        let off = begin(night) + time::Duration::hours(2) - OffsetDateTime::now_utc();
        let (code, document) = sync_at(&fleet, &["--region", NORTH, "--region", SOUTH], off);
        told.push((night, by_script.code, code, each(&document, "instances", "state")));
    }
    for line in &told {
        let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{line:?}\n"));
    }
    // The bad nights are told in the same night's run, and the fleet is whole in spite of them.
    let is_bad = |night: i64| {
        told.iter()
            .any(|(at, _, code, _)| *at == night && *code != std::process::ExitCode::SUCCESS)
    };
    assert!([5, 7, 9].into_iter().all(is_bad));
    assert!(is_bad(NIGHTS - 1), "redis-e is stale by now");
    expected.sort();
    assert_eq!(fleet.base_ids(), expected);
    fleet.check_sums();
    let missed = expected.len() - count_of_files(script_root.path());
    assert!(missed > 0, "the script has holes");
    check_with_others(&fleet.dir());
}

fn count_of_files(root: &Path) -> usize {
    let is_data = |path: &&std::path::PathBuf| path.to_str().unwrap().ends_with("-0");
    let mut names: Vec<_> = files_below(root)
        .iter()
        .filter(is_data)
        .map(|path| path.file_name().unwrap().to_owned())
        .collect();
    names.sort();
    names.dedup();
    names.len()
}

/// Checks all files with redis-check-rdb, and loads one into a real server.
fn check_with_others(dir: &Path) {
    let files: Vec<_> = files_below(dir)
        .into_iter()
        .filter(|path| path.to_str().unwrap().ends_with("-0"))
        .collect();
    if is_installed("redis-check-rdb") {
        for file in &files {
            let check = Command::new("redis-check-rdb")
                .arg(file)
                .stdout(Stdio::null())
                .status()
                .unwrap();
            assert!(check.success(), "{}", file.display());
        }
    } else {
        say_not_run("the check of each file", "redis-check-rdb is not installed");
    }
    if !is_installed("redis-server") {
        return say_not_run("the load of a file", "redis-server is not installed");
    }
    let home = tempfile::tempdir().unwrap();
    fs::copy(&files[0], home.path().join("dump.rdb")).unwrap();
    let socket = home.path().join("socket");
    let mut server = Command::new("redis-server")
        .args([
            "--port",
            "0",
            "--save",
            "",
            "--unixsocket",
            socket.to_str().unwrap(),
            "--dir",
        ])
        .arg(home.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ask = || {
        Command::new("redis-cli")
            .args(["-s", socket.to_str().unwrap(), "dbsize"])
            .output()
    };
    let start = Instant::now();
    let keys = loop {
        let answer = ask()
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
            .unwrap_or_default();
        if let Ok(keys) = answer.parse::<u64>() {
            break keys;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the server does not answer: {answer}"
        );
        thread::sleep(Duration::from_millis(20));
    };
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(keys > 0);
}
