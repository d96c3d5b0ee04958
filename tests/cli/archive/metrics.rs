//! `--metrics`: what the file says after each end of a sync, and after `archive status`.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jdredis_sandbox::{Delivery, FleetInstance, Reply};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::fleet::{Fleet, NORTH, names};
use super::runs::runs;
use crate::support::{Jdredis, is_installed, say_not_run};

fn prom(fleet: &Fleet) -> PathBuf {
    fleet.dir().with_extension("prom")
}

/// Runs a sync with `--metrics` that must end with this code. Returns the metrics.
#[track_caller]
pub(super) fn told(fleet: &Fleet, code: i32, args: &[&str]) -> String {
    let file = prom(fleet);
    let outcome = fleet.sync(args).args(["--metrics", file.to_str().unwrap()]).run();
    assert_eq!(outcome.code, Some(code), "{outcome:#?}");
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(
        value(&text, "jdredis_archive_sync_exit_code"),
        Some(code.into()),
        "{text}"
    );
    let (start, end) = (
        value(&text, "jdredis_archive_sync_start_timestamp_seconds").unwrap(),
        value(&text, "jdredis_archive_sync_end_timestamp_seconds").unwrap(),
    );
    assert!(
        start <= end && end <= OffsetDateTime::now_utc().unix_timestamp(),
        "{text}"
    );
    let failures = value(&text, "jdredis_archive_sync_failures").unwrap();
    assert_eq!(failures > 0, code != 0, "{text}");
    check_metrics(&text);
    let beside = names(fleet.dir().parent().unwrap());
    assert!(beside.iter().all(|name| !name.starts_with('.')), "{beside:?}");
    text
}

/// The value of a sample.
pub(super) fn value(text: &str, sample: &str) -> Option<i64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

fn of(name: &str, instance: &str) -> String {
    format!("jdredis_archive_{name}{{region=\"{NORTH}\",cache_instance=\"{instance}\"}}")
}

fn state_of(text: &str, instance: &str) -> String {
    let begin = format!("jdredis_archive_state{{region=\"{NORTH}\",cache_instance=\"{instance}\",state=\"");
    let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(&begin)).collect();
    assert_eq!(lines.len(), 8, "{text}");
    let ones: Vec<&str> = lines.iter().filter_map(|line| line.strip_suffix("\"} 1")).collect();
    assert_eq!(ones.len(), 1, "{text}");
    ones[0].to_owned()
}

pub(super) fn promtool(args: &[&str], input: &str) -> Option<String> {
    if !is_installed("promtool") {
        say_not_run("metrics and rules", "promtool is not installed");
        return None;
    }
    let mut promtool = Command::new("promtool")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}\n{input}");
    Some(said.into_owned())
}

#[track_caller]
fn check_metrics(text: &str) {
    if let Some(said) = promtool(&["check", "metrics"], text) {
        assert_eq!(said, "", "{text}");
    }
}

#[test]
fn metrics_say_what_there_is_and_how_the_run_ended() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2, 26]);
    fleet.sandbox.put_instance(NORTH, FleetInstance::new("redis-none"));
    let text = told(&fleet, 8, &[]);
    let newest = fleet.backups().remove("redis-a-2").unwrap();
    let manifest: Value = serde_json::from_slice(&fs::read(newest.join("backup.json")).unwrap()).unwrap();
    let start = OffsetDateTime::parse(manifest["start"].as_str().unwrap(), &Rfc3339).unwrap();
    let success = of("last_success_timestamp_seconds", "redis-a");
    assert_eq!(value(&text, &success), Some(start.unix_timestamp()));
    assert_eq!(value(&text, &of("backups", "redis-a")), Some(2));
    assert_eq!(value(&text, &of("bytes", "redis-a")), Some(40_000));
    let keys = manifest["files"][0]["keys"].as_i64();
    assert!(keys.is_some() && value(&text, &of("keys", "redis-a")) == keys, "{text}");
    assert_eq!(state_of(&text, "redis-a"), "fresh");
    assert_eq!(value(&text, &of("backups", "redis-none")), Some(0));
    assert_eq!(value(&text, &of("last_success_timestamp_seconds", "redis-none")), None);
    assert_eq!(state_of(&text, "redis-none"), "none");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(prom(&fleet)).unwrap().permissions().mode() & 0o7777, 0o644);
    }
    // A sync of a part tells of all.
    let text = told(&fleet, 0, &["--instance", "redis-a"]);
    assert_eq!(state_of(&text, "redis-none"), "none");
    fleet.check();
}

#[test]
fn a_file_that_node_exporter_passes_over_is_warned_of_and_written() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    for (name, is_read) in [("x.prom", true), ("x.prom.txt", false), ("prom", false)] {
        let file = fleet.dir().with_file_name(name);
        let metrics = ["--metrics", file.to_str().unwrap()];
        let sync = fleet.sync(&["-q"]).args(metrics).run();
        let status = fleet.status(&[&["-q"], &metrics[..]].concat());
        for outcome in [sync, status] {
            assert_eq!(outcome.code, Some(0), "{outcome:#?}");
            let warns = outcome.stderr.contains("reads only files whose names end in .prom");
            assert_eq!(warns, !is_read, "{name}: {outcome:#?}");
        }
        assert!(fs::read_to_string(&file).unwrap().contains("redis-a"));
    }
    let file = fleet.dir().with_file_name("y");
    let dry = fleet.sync(&["--dry-run", "--metrics", file.to_str().unwrap()]).run();
    assert!(!dry.stderr.contains(".prom"), "{dry:#?}");
}

#[test]
fn metrics_of_a_run_that_failed_keep_the_last_success() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    let success = of("last_success_timestamp_seconds", "redis-a");
    let first = value(&told(&fleet, 0, &[]), &success).unwrap();
    let file = prom(&fleet);
    let again = |run: Jdredis<'_>, code: i32| {
        let outcome = run.args(["--metrics", file.to_str().unwrap()]).run();
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(value(&text, &success), Some(first), "{text}");
        assert_eq!(
            value(&text, "jdredis_archive_sync_exit_code"),
            Some(code.into()),
            "{text}"
        );
        assert!(value(&text, "jdredis_archive_sync_failures").unwrap() > 0, "{text}");
        check_metrics(&text);
        text
    };
    // No keys, and no region.
    again(fleet.sync(&[]).without_env("JDCLOUD_SECRET_KEY"), 4);
    again(fleet.sync_of(&[], &[]), 2);
    // The service refuses the keys, or is down.
    fleet
        .sandbox
        .always_for("/cacheInstance?", Reply::error(403, "HTTP_FORBIDDEN", "no"));
    again(fleet.sync(&[]), 4);
    assert_eq!(
        state_of(&again(fleet.sync(&["--region", "cn-south-1"]), 4), "redis-a"),
        "incomplete"
    );
    let dead = fleet
        .sync(&["--max-attempts", "1"])
        .env("JDREDIS_ENDPOINT", "http://127.0.0.1:1");
    again(dead, 5);
    // Another process writes to the archive.
    let lock = fs::File::options()
        .write(true)
        .open(fleet.dir().join(".jdredis/lock"))
        .unwrap();
    lock.lock().unwrap();
    again(fleet.sync(&[]), 1);
    drop(lock);
    // The archive is away: what is known of it stays.
    let away = fleet.dir().with_extension("away");
    fs::rename(fleet.dir(), &away).unwrap();
    fs::write(fleet.dir(), "no folder").unwrap();
    again(fleet.sync(&[]), 1);
    fs::remove_file(fleet.dir()).unwrap();
    // As where its disk is not mounted.
    fs::create_dir(fleet.dir()).unwrap();
    again(fleet.sync(&[]), 4);
    // A dry run tells nothing.
    let before = fs::read(&file).unwrap();
    fleet
        .sync(&["--dry-run", "--metrics", file.to_str().unwrap()])
        .run()
        .failure(4);
    assert_eq!(fs::read(&file).unwrap(), before);
}

/// Waits until a request came after the first so many: one to the service that has this in its target, or where that
/// begins with no slash, one to the storage.
fn wait_for_request(fleet: &Fleet, after: usize, part: &str) {
    let start = Instant::now();
    let has_come = || {
        let requests = fleet.sandbox.requests();
        let mut new = requests.iter().skip(after);
        new.any(|request| request.target.contains(part) && request.is_for_storage() != part.starts_with('/'))
    };
    while !has_come() {
        assert!(start.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn metrics_of_a_run_that_a_signal_ended_are_written_wherever_it_was() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    let file = prom(&fleet);
    let success = of("last_success_timestamp_seconds", "redis-a");
    let first = value(&told(&fleet, 0, &[]), &success);
    fleet.add_backup(NORTH, "redis-a", 1);
    fleet.sandbox.always_deliver(Delivery::normal().stall_after(2_000));
    for (region, part, signal, code) in [
        ("all", "/availableRegion", "TERM", 143),
        (NORTH, "/cacheInstance?", "INT", 130),
        (NORTH, "/redis-a/backup?", "TERM", 143),
        (NORTH, "/redis-a/backup%3A", "HUP", 129),
        (NORTH, "redis-a-1", "INT", 130),
    ] {
        let before = fleet.sandbox.requests().len();
        if part.starts_with('/') {
            fleet.sandbox.always_for(part, Reply::stall());
        }
        let run = fleet
            .sync_of(&["--region", region], &["--metrics", file.to_str().unwrap()])
            .start();
        wait_for_request(&fleet, before, part);
        run.signal(signal);
        let outcome = run.finish();
        assert_eq!(outcome.code, Some(code), "{part}: {outcome:#?}");
        if part.starts_with('/') {
            fleet.sandbox.always_for(part, Reply::then_ok(Duration::ZERO));
        }
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(
            value(&text, "jdredis_archive_sync_exit_code"),
            Some(code.into()),
            "{part}: {text}"
        );
        assert_eq!(value(&text, &success), first, "{part}");
        check_metrics(&text);
    }
    let codes: Vec<i64> = runs(&fleet).iter().map(|run| run["code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [0, 143, 130, 143, 129, 130]);
}

#[test]
fn status_keeps_what_is_known_of_the_last_sync() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.sandbox.put_instance(NORTH, FleetInstance::new("redis-none"));
    let first = told(&fleet, 8, &[]);
    let file = prom(&fleet);
    let of_sync = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with("jdredis_archive_sync_"));
        lines.map(ToOwned::to_owned).collect()
    };
    let status = |code: i32| {
        let outcome = fleet.status(&["--metrics", file.to_str().unwrap(), "--max-age", "none"]);
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
        fs::read_to_string(&file).unwrap()
    };
    let damaged = fleet.backups().remove("redis-a-2").unwrap();
    fs::remove_file(damaged.join("SHA256SUMS")).unwrap();
    let name = names(&damaged).into_iter().find(|name| name != "backup.json").unwrap();
    let content = fs::read(damaged.join(&name)).unwrap();
    fs::write(damaged.join(&name), "cut").unwrap();
    let text = status(7);
    assert_eq!(of_sync(&text), of_sync(&first));
    assert_eq!(of_sync(&text).len(), 4);
    assert_eq!(state_of(&text, "redis-a"), "damaged");
    assert_eq!(value(&text, &of("last_success_timestamp_seconds", "redis-a")), None);
    fs::write(damaged.join(&name), content).unwrap();
    // Where the file is lost, as in a folder that a start of the machine empties, the archive knows it still.
    fs::remove_file(&file).unwrap();
    let text = status(0);
    assert_eq!(of_sync(&text), of_sync(&first));
    fs::remove_file(fleet.dir().join("runs.jsonl")).unwrap();
    assert_eq!(of_sync(&status(0)), of_sync(&first));
    fs::remove_file(&file).unwrap();
    assert_eq!(of_sync(&status(0)), [""; 0]);
}

#[test]
fn metrics_that_cannot_be_written_are_told_of_and_lose_nothing() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    let folder = fleet.dir().with_extension("d");
    fs::create_dir(&folder).unwrap();
    for file in [folder.join("absent/x.prom"), folder.clone()] {
        let file = file.to_str().unwrap();
        let outcome = fleet.sync(&["--metrics", file]).run();
        let table = outcome.data_before_failure(1, &["error: the run itself ended well", file, "hint: make room"]);
        assert!(table.contains("fresh"), "{table}");
        let status = fleet.status(&["--metrics", file]);
        status.data_before_failure(1, &[file]);
        let outcome = fleet.sync(&["--metrics", file, "--instance", "redis-nowhere"]).run();
        assert_eq!(outcome.code, Some(3));
        assert_eq!(
            outcome.stderr.matches("the metrics are not written").count(),
            1,
            "{outcome:#?}"
        );
        outcome.says(&[
            "warning: the metrics are not written to",
            "error: no region that was asked",
        ]);
        // A reader that has closed the pipe hides nothing of it.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let outcome = fleet.sync(&["--metrics", file]).run_into(writer);
        assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    }
    assert_eq!(fleet.base_ids(), ["redis-a-2"]);
    let codes: Vec<i64> = runs(&fleet).iter().map(|run| run["code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [1, 3, 1, 1, 3, 1]);
    assert!(names(&folder).is_empty());
    fleet.check();
}

#[test]
fn full_disks_are_told_of_and_an_earlier_file_stays() {
    use super::disk::SmallDisk;
    let fleet = Fleet::of(crate::support::sandbox_builder().object_size(150_000));
    fs::create_dir(fleet.dir()).unwrap();
    let folder = fleet.dir().with_extension("d");
    fs::create_dir(&folder).unwrap();
    let dir = fleet.dir();
    let disks = SmallDisk::mount(&dir, "size=400k,mode=0700").zip(SmallDisk::mount(&folder, "size=1m,mode=0755"));
    let Some(_disks) = disks else {
        return say_not_run("full_disks", "this user may not mount a file system");
    };
    (0..4).for_each(|number| fleet.add(NORTH, &format!("redis-{number}"), &[2]));
    // The archive's disk is full, and that of the metrics is not.
    let text = told(&fleet, 7, &[]);
    let states: Vec<String> = (0..4)
        .map(|number| state_of(&text, &format!("redis-{number}")))
        .collect();
    assert!(
        states.contains(&"fresh".to_owned()) && states.contains(&"incomplete".to_owned()),
        "{states:?}"
    );
    // The other way round.
    let file = folder.join("x.prom");
    let sync = |code: i32| {
        let args = ["--instance", "redis-0", "--metrics", file.to_str().unwrap()];
        let outcome = fleet.sync(&args).run();
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
        outcome
    };
    sync(0);
    let earlier = fs::read(&file).unwrap();
    let filler = folder.join("filler");
    assert!(fs::write(&filler, vec![0; 2 << 20]).is_err());
    sync(1).says(&["x.prom: No space left on device"]);
    assert_eq!(fs::read(&file).unwrap(), earlier);
    assert_eq!(names(&folder), ["filler", "x.prom"]);
    fs::remove_file(filler).unwrap();
    sync(0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_link_is_followed_and_a_device_is_not_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    let target = fleet.dir().with_extension("real");
    fs::write(&target, "an earlier one\n").unwrap();
    std::os::unix::fs::symlink(&target, prom(&fleet)).unwrap();
    told(&fleet, 0, &[]);
    assert!(fs::symlink_metadata(prom(&fleet)).unwrap().is_symlink());
    assert!(
        fs::read_to_string(&target)
            .unwrap()
            .starts_with("# HELP jdredis_archive_")
    );
    fleet
        .sync(&["--metrics", "/dev/null"])
        .run()
        .data_before_failure(1, &["/dev/null", "no regular file"]);
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}
