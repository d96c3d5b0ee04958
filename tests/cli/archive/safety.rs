//! The properties of an archive hold through kills, signals, other runs, tampering and wrong clocks.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use jdredis_sandbox::{Delivery, FleetInstance};
use serde_json::Value;

use super::each;
use super::fleet::{Fleet, NORTH, files_below};
use crate::support::{is_installed, sandbox_builder};

/// A fleet of a few instances whose files take a while.
fn slow_fleet(instances: u32) -> Fleet {
    let fleet = Fleet::of(sandbox_builder().object_size(200_000));
    for number in 0..instances {
        let id = format!("redis-{number}");
        fleet.sandbox.put_instance(
            NORTH,
            FleetInstance {
                shards: 2,
                ..FleetInstance::new(&id)
            },
        );
        fleet.add_backup(NORTH, &id, 2);
        fleet.add_backup(NORTH, &id, 26);
    }
    fleet.sandbox.always_deliver(Delivery::normal().throttle(2_000_000));
    fleet
}

#[test]
fn a_run_that_is_killed_at_any_moment_leaves_an_archive_that_the_next_one_goes_on_with() {
    let fleet = slow_fleet(4);
    let mut kills = 0;
    for millis in [40, 90, 140, 190, 250, 310, 370] {
        let mut run = fleet.sync(&["-q"]).start();
        thread::sleep(Duration::from_millis(millis));
        if run.has_ended() {
            break;
        }
        run.kill();
        kills += 1;
        fleet.check();
    }
    assert!(kills > 0, "it was too fast to be killed");
    let whole = fleet.base_ids().len();
    let before = fleet.fetches("");
    let document = fleet.synced(0, &[]);
    assert_eq!(document["total"]["new"], 8 - whole);
    fleet.check();
    assert_eq!(fleet.base_ids().len(), 8);
    assert!(
        fleet.fetches("") - before <= 2 * (8 - whole) * 2,
        "what was whole was not fetched again"
    );
    let left: Vec<_> = files_below(&fleet.dir().join(".jdredis/work"));
    assert_eq!(left, [] as [std::path::PathBuf; 0]);
}

#[test]
fn a_backup_that_only_waited_for_its_name_gets_it_without_a_request() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.synced(0, &[]);
    // As a kill between the manifest and the last rename leaves it.
    let folder = fleet.backups().remove("redis-a-2").unwrap();
    let work = fleet.dir().join(".jdredis/work").join(NORTH).join("redis-a/redis-a-2");
    fs::create_dir_all(work.parent().unwrap()).unwrap();
    fs::rename(&folder, &work).unwrap();
    let before = fleet.fetches("");
    fleet.synced(0, &[]);
    fleet.check();
    assert_eq!((fleet.base_ids().len(), fleet.fetches("") - before), (1, 0));
    // One whose manifest does not fit its files is fetched anew.
    let folder = fleet.backups().remove("redis-a-2").unwrap();
    fs::create_dir_all(work.parent().unwrap()).unwrap();
    fs::rename(&folder, &work).unwrap();
    let file = files_below(&work)
        .into_iter()
        .find(|path| path.ends_with("redis-a-2-0") || path.to_str().unwrap().ends_with("-0"))
        .unwrap();
    fs::write(&file, "short").unwrap();
    fleet.synced(0, &[]);
    fleet.check();
    assert_eq!(fleet.base_ids().len(), 1);
}

#[test]
fn a_second_sync_says_who_holds_the_archive_and_reading_takes_no_lock() {
    let fleet = slow_fleet(3);
    fleet.sandbox.always_deliver(Delivery::normal().throttle(100_000));
    let mut first = fleet.sync(&["-q"]).start();
    assert!(fleet.sandbox.wait_for_requests(5, Duration::from_secs(60)));
    let second = fleet.sync(&[]).run();
    second.fails_saying(
        1,
        &[
            "jdredis (process ",
            " is writing to the archive ",
            "wait until it has ended",
        ],
    );
    assert_ne!(fleet.status(&["--max-age", "none"]).code, Some(1));
    assert!(!first.has_ended());
    first.kill();
}

#[test]
fn a_signal_ends_a_sync_with_its_rows_and_its_code() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let fleet = slow_fleet(6);
        fleet.sandbox.always_deliver(Delivery::normal().throttle(400_000));
        let run = fleet.sync(&["-o", "json", "--parallel", "2"]).start();
        let start = Instant::now();
        while fleet.fetches("") < 4 {
            assert!(start.elapsed() < Duration::from_secs(60));
            thread::sleep(Duration::from_millis(5));
        }
        run.signal(signal);
        let outcome = run.finish();
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(each(&document, "instances", "instance").len(), 6);
        outcome.says(&["interrupted"]);
        fleet.check();
        fleet.sandbox.deliver_normally();
        fleet.synced(0, &[]);
        fleet.check();
        assert_eq!(fleet.base_ids().len(), 12);
    }
}

#[test]
fn a_signal_ends_a_sync_also_where_the_service_hangs() {
    for part in ["/redis-0/backup?", "/redis-0/backup%3A"] {
        let fleet = Fleet::new();
        fleet.add(NORTH, "redis-0", &[2]);
        fleet.sandbox.always_for(part, jdredis_sandbox::Reply::stall());
        let run = fleet.sync(&[]).start();
        let start = Instant::now();
        while !fleet
            .sandbox
            .requests()
            .iter()
            .any(|request| request.target.contains(part))
        {
            assert!(start.elapsed() < Duration::from_secs(60));
            thread::sleep(Duration::from_millis(5));
        }
        run.signal("TERM");
        let outcome = run.finish();
        assert_eq!(outcome.code, Some(143), "{outcome:#?}");
        assert!(start.elapsed() < Duration::from_secs(20), "{outcome:#?}");
        outcome.says(&["interrupted"]);
        if part.ends_with("%3A") {
            // Its links were asked for and never came.
            let status = fleet.status(&["--max-age", "none"]);
            status.data_with(7);
            status.says(&["redis-0: incomplete", "it was not fetched: the sync was interrupted"]);
        }
    }
}

#[test]
fn a_run_with_another_key_judges_nobody() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.add(NORTH, "redis-b", &[2]);
    fleet.synced(0, &[]);
    let memory = fleet.dir().join(NORTH).join("redis-b/instance.json");
    let remembered = fs::read_to_string(&memory).unwrap();
    let digits = remembered
        .split("\"seenBy\": \"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(digits.len(), 16);
    // As another key would have left it.
    fs::write(&memory, remembered.replace(&digits, "0123456789abcdef")).unwrap();
    fleet.sandbox.release_instance(NORTH, "redis-b");
    let document = fleet.synced(0, &[]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "fresh"]);
    fs::write(&memory, remembered).unwrap();
    let document = fleet.synced(0, &[]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "gone"]);
}

#[test]
fn links_that_somebody_planted_are_not_followed() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.add(NORTH, "redis-b", &[2]);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir_all(fleet.dir().join(NORTH)).unwrap();
    symlink(elsewhere.path(), fleet.dir().join(NORTH).join("redis-a")).unwrap();
    let document = fleet.synced(7, &[]);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    assert_eq!(each(&document, "instances", "state"), ["incomplete", "fresh"]);
    fs::remove_file(fleet.dir().join(NORTH).join("redis-a")).unwrap();
    fleet.synced(0, &[]);
    fleet.check();

    // As DIR itself, to nowhere.
    let nowhere = elsewhere.path().join("nowhere");
    let dangling = elsewhere.path().join("dangling");
    symlink(&nowhere, &dangling).unwrap();
    let sync = crate::support::Jdredis::at(&fleet.sandbox).args([
        "archive",
        "sync",
        dangling.to_str().unwrap(),
        "--region",
        NORTH,
    ]);
    sync.run()
        .fails_saying(1, &["which does not exist", "make the folder that it leads to"]);
    fs::remove_file(&dangling).unwrap();

    // In place of the hidden folder.
    let other = Fleet::new();
    other.add(NORTH, "redis-a", &[2]);
    fs::create_dir_all(other.dir().join(".jdredis")).unwrap();
    symlink(elsewhere.path(), other.dir().join(".jdredis/work")).unwrap();
    other.synced(7, &[]);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_tampered_backup_is_named_and_fetched_anew_once_it_is_out_of_the_way() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2, 26]);
    fleet.synced(0, &[]);
    let folder = fleet.backups().remove("redis-a-26").unwrap();
    let file = files_below(&folder)
        .into_iter()
        .find(|path| path.to_str().unwrap().ends_with("-0"))
        .unwrap();
    fs::write(&file, "short").unwrap();
    let document = fleet.synced(7, &[]);
    assert_eq!(each(&document, "instances", "state"), ["damaged"]);
    assert_eq!(
        fs::read(&file).unwrap(),
        b"short",
        "nothing in a backup's folder is ever rewritten"
    );
    fs::remove_dir_all(&folder).unwrap();
    fleet.synced(0, &[]);
    fleet.check();

    // Records and what is remembered: broken ones cost what they remember.
    fs::write(fleet.dir().join(NORTH).join("redis-a/instance.json"), "{").unwrap();
    assert_eq!(fleet.status(&[]).code, Some(0));
    fleet.synced(0, &[]);
    // A FIFO in place of a manifest is not waited for.
    if is_installed("mkfifo") {
        let manifest = fleet.backups()["redis-a-2"].join("backup.json");
        fs::remove_file(&manifest).unwrap();
        assert!(Command::new("mkfifo").arg(&manifest).status().unwrap().success());
        assert_eq!(fleet.status(&[]).code, Some(7));
    }
}

#[test]
fn names_from_the_service_stay_in_their_folder() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[]);
    let start = time::OffsetDateTime::now_utc();
    fleet
        .sandbox
        .add_backup(NORTH, "redis-a", "..", start, jdredis_sandbox::FleetBackup::Success);
    fleet.sandbox.add_backup(
        NORTH,
        "redis-a",
        "a/../../b",
        start,
        jdredis_sandbox::FleetBackup::Success,
    );
    fleet.sandbox.put_instance(
        NORTH,
        FleetInstance {
            name: "\u{1b}[2Jx\u{202e}/../..".to_owned(),
            ..FleetInstance::new("redis-b")
        },
    );
    fleet.add_backup(NORTH, "redis-b", 2);
    let outcome = fleet.sync(&[]).run();
    outcome.data_before_failure(7, &["redis-a"]);
    for text in [&outcome.stdout, &outcome.stderr] {
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    }
    assert_eq!(fleet.base_ids(), ["redis-b-2"]);
    fleet.check();
}

/// A clock that is so far off.
pub(super) struct Off(time::Duration, Instant);

impl Off {
    pub(super) fn by(off: time::Duration) -> Self {
        Self(off, Instant::now())
    }
}

impl jdredis::Clock for Off {
    fn now(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::now_utc() + self.0
    }

    fn monotonic(&self) -> Duration {
        self.1.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        thread::sleep(duration);
    }
}

/// Runs a sync in this process with a clock that is so far off; its exit code and its JSON.
pub(super) fn sync_at(fleet: &Fleet, regions: &[&str], off: time::Duration) -> (ExitCode, Value) {
    for _ in 0..1000 {
        let (code, text, said) = try_sync_at(fleet, regions, off);
        // A program that another test starts has this process's files, and so the lock of the sync before, until it is
        // executed.
        if said.contains("is writing to the archive") {
            thread::sleep(std::time::Duration::from_millis(10));
            continue;
        }
        let document = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{error}: {code:?}: {said}"));
        return (code, document);
    }
    panic!("the lock is never free")
}

/// As [`sync_at`]; the exit code and what was written to both streams.
fn try_sync_at(fleet: &Fleet, regions: &[&str], off: time::Duration) -> (ExitCode, Vec<u8>, String) {
    let (printed, said) = (Printed::default(), Printed::default());
    let dir = fleet.dir();
    let fixed = [
        "jdredis",
        "archive",
        "sync",
        dir.to_str().unwrap(),
        "--http",
        "-o",
        "json",
    ];
    let fixed = fixed.iter().chain(&["--max-attempts", "1"]);
    let env = [
        ("JDREDIS_ENDPOINT", fleet.sandbox.endpoint().to_owned()),
        ("JDCLOUD_ACCESS_KEY", crate::support::ACCESS_KEY.to_owned()),
        ("JDCLOUD_SECRET_KEY", crate::support::SECRET_KEY.to_owned()),
    ];
    let mut world = jdredis::World::of_this_process();
    world.args = fixed.chain(regions).map(Into::into).collect();
    world.env = Box::new(move |name| {
        env.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.into())
    });
    world.home = None;
    world.clock = Arc::new(Off::by(off));
    world.stdout = jdredis::Stream::to(printed.clone());
    world.stderr = jdredis::Stream::to(said.clone());
    let code = jdredis::run(&world);
    let text = printed.0.lock().unwrap().clone();
    let said = String::from_utf8_lossy(&said.0.lock().unwrap()).into_owned();
    (code, text, said)
}

/// The printed text.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_clock_that_jumps_neither_loses_nor_hides_anything() {
    let decade = Duration::from_secs(10 * 366 * 86_400);
    let fleet = Fleet::of(sandbox_builder().object_size(2_000).clock_window(decade));
    fleet.add(NORTH, "redis-a", &[2]);
    for (days, code, state) in [(-300, 8, "stale"), (300, 8, "stale"), (0, 0, "fresh")] {
        let (ended, document) = sync_at(&fleet, &["--region", NORTH], time::Duration::days(days));
        assert_eq!(ended, ExitCode::from(code), "{days}");
        assert_eq!(each(&document, "instances", "state"), [state], "{days}");
    }
    assert_eq!(fleet.base_ids(), ["redis-a-2"]);
    fleet.check();
}
