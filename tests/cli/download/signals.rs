//! The files that are left after every way of stopping the program.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use jdredis_sandbox::{Delivery, Reply};
use serde_json::Value;

use super::{CLUSTER, Place, SINGLE, SIZE, each};
use crate::support::{Random, sandbox_builder, say};

/// Waits until it is so, which must not take long.
#[track_caller]
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not come to be");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn an_interrupted_download_says_so_and_can_be_gone_on_from() {
    for (signal, code) in [("HUP", 129), ("INT", 130), ("TERM", 143)] {
        let place = Place::new();
        place.sandbox.always_deliver(Delivery::normal().throttle(10_000));
        let running = place.download(CLUSTER).args(["-o", "json"]).start();
        let has_begun = |(_, name): &(&str, &str)| {
            let part = place.path(&format!("{name}.part"));
            part.metadata().is_ok_and(|part| part.len() > 0)
        };
        wait_until(|| CLUSTER.files.iter().all(has_begun));
        let asked = Instant::now();
        running.signal(signal);
        let outcome = running.finish();
        assert!(asked.elapsed() < Duration::from_secs(20), "{outcome:#?}");
        place.check(&outcome);
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
        let error: Value = serde_json::from_str(outcome.stderr.lines().last().unwrap()).unwrap();
        let error = &error["error"];
        assert_eq!(error["kind"], "interrupted");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("interrupted at ") && message.ends_with(" of 1.1 MiB are kept"),
            "{message}"
        );
        let hint = error["hint"].as_str().unwrap();
        assert_eq!(
            hint,
            format!("run this again with --base-id {} to go on", CLUSTER.base_id)
        );
        assert_eq!(each(&outcome, "state"), ["incomplete"; 4]);
        for (bytes, (_, name)) in each(&outcome, "bytes").iter().zip(CLUSTER.files) {
            let part = place.path(&format!("{name}.part"));
            assert_eq!(bytes.as_u64(), Some(part.metadata().unwrap().len()), "{outcome:#?}");
        }

        place.sandbox.deliver_normally();
        let again = place.fetch(CLUSTER, &["-o", "json"]);
        // Not even the last second is lost.
        for resumed in each(&again, "resumedFrom") {
            assert!(resumed.as_u64().unwrap() > 0, "{again:#?}");
        }
        place.has_all_of(CLUSTER);
    }
}

#[test]
fn an_interrupted_download_lists_what_is_whole_and_how_much_is_kept_of_the_others() {
    let place = Place::new();
    let slow = Delivery::normal().stall_after(SIZE / 2);
    place.sandbox.deliver("backup4-2?", vec![slow.clone(), slow.clone()]);
    place.sandbox.deliver("backup4-3?", vec![slow.clone(), slow]);
    let running = place.download(CLUSTER).start();
    let has = |name: &str, bytes: u64| place.path(name).metadata().is_ok_and(|file| file.len() == bytes);
    wait_until(|| CLUSTER.files[..2].iter().all(|(_, name)| has(name, SIZE)));
    wait_until(|| {
        CLUSTER.files[2..]
            .iter()
            .all(|(_, name)| has(&format!("{name}.part"), SIZE / 2))
    });
    running.signal("INT");
    let outcome = running.finish();
    let table = outcome.data_before_failure(130, &["error: interrupted at 75 %: 879 KiB of 1.1 MiB are kept"]);
    assert_eq!(table.matches(" ok ").count(), 2, "{table}");
    assert_eq!(table.matches(" incomplete  146 KiB ").count(), 2, "{table}");
    assert_eq!(table.matches(".part\n").count(), 2, "{table}");
}

#[test]
fn a_limit_of_file_sizes_is_an_error_of_each_file_that_is_too_large() {
    let place = Place::new();
    // 512 or 1024 bytes each, which is less than a file and more than a record.
    let limited = ["sh", "-c", "ulimit -f 200; exec \"$0\" \"$@\""];
    let outcome = place.run(place.download(CLUSTER).args(["-o", "json"]).through(&limited));
    outcome.data_before_failure(7, &["4 of 4 files are not whole"]);
    assert_eq!(each(&outcome, "state"), ["incomplete"; 4]);
    for reason in each(&outcome, "reason") {
        assert!(reason.as_str().unwrap().contains("File too large"), "{outcome:#?}");
    }
}

#[test]
fn an_interrupt_is_not_held_up_by_a_storage_that_says_nothing() {
    for delivery in [Delivery::reply(Reply::stall()), Delivery::normal().stall_after(100_000)] {
        let place = Place::new();
        place.sandbox.always_deliver(delivery);
        let running = place.download(SINGLE).start();
        assert!(place.sandbox.wait_for_requests(3, Duration::from_secs(60)));
        let asked = Instant::now();
        running.signal("INT");
        running.finish().data_before_failure(130, &["error: interrupted"]);
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    }
}

#[test]
fn an_interrupt_is_not_held_up_by_a_service_that_says_nothing() {
    let place = Place::new();
    place.sandbox.deliver("", vec![Delivery::normal().expiring_links()]);
    place.sandbox.script_for(
        "describeDownloadUrl",
        vec![Reply::then_ok(Duration::ZERO), Reply::stall()],
    );
    let running = place.download(SINGLE).start();
    assert!(place.sandbox.wait_for_requests(4, Duration::from_secs(60)));
    let asked = Instant::now();
    running.signal("INT");
    let outcome = running.finish();
    let table = outcome.data_before_failure(130, &["error: interrupted at 0 %: 0 B of 293 KiB are kept"]);
    assert!(table.contains(" incomplete "), "{table}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

#[test]
fn a_pause_is_cut_short_by_an_interrupt_and_a_second_one_ends_at_once() {
    let place = Place::new();
    place.sandbox.always_deliver(Delivery::reply(Reply::new(503)));
    let running = place.download(SINGLE).args(["--max-attempts", "100"]).start();
    // The fourth pause is 2 s or more.
    assert!(place.sandbox.wait_for_requests(2 + 4, Duration::from_secs(60)));
    let asked = Instant::now();
    running.signal("INT");
    running.finish().data_before_failure(130, &["error: interrupted"]);
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());

    // After the first one, the run waits for its threads and then prints how far it is. The second one ends it without
    // a word, unless this machine is so slow that it comes too late.
    let ends_without_a_word = || {
        let place = Place::new();
        place.sandbox.always_deliver(Delivery::reply(Reply::stall()));
        let mut running = place.download(SINGLE).start();
        assert!(place.sandbox.wait_for_requests(3, Duration::from_secs(60)));
        while !running.has_ended() {
            running.signal("INT");
            thread::sleep(Duration::from_millis(10));
        }
        let outcome = running.finish();
        assert_eq!(outcome.code, Some(130), "{outcome:#?}");
        outcome.stdout.is_empty() && !outcome.stderr.contains("interrupted")
    };
    assert!((0..5).any(|_| ends_without_a_word()), "it always waits for its threads");
}

/// How many bytes of a file are certain to be on the disk, by its record.
fn durable(place: &Place, name: &str) -> u64 {
    let record = fs::read(place.path(&format!(".jdredis/{name}.json"))).unwrap_or_default();
    let record: Value = serde_json::from_slice(&record).unwrap_or_default();
    record["durable"].as_u64().unwrap_or_default()
}

#[test]
fn killed_at_any_moment_it_goes_on_and_every_byte_is_right() {
    const LARGE: u64 = 3_000_000;
    const KILLS: usize = 12;
    let place = Place::of(sandbox_builder().object_size(LARGE));
    let mut random = Random::of_seed_or(7);
    say(&format!("SEED={}", random.seed));
    // Too slow to be done with before the last of the kills.
    place.sandbox.always_deliver(Delivery::normal().throttle(50_000));
    let (mut runs, mut kept) = (vec![0], Vec::new());
    for round in 0..KILLS {
        let saved = || -> Vec<u64> { CLUSTER.files.iter().map(|(_, name)| durable(&place, name)).collect() };
        let before = saved();
        let mut running = place.download(CLUSTER).args(["--parallel", "4"]).start();
        // What is not in the record may be lost, so every other run lives until its record is a new one.
        if round % 2 == 0 {
            wait_until(|| saved().iter().zip(&before).all(|(now, before)| now > before));
        }
        thread::sleep(Duration::from_millis(random.below(800)));
        assert!(!running.has_ended());
        running.kill();
        kept.push(saved());
        runs.push(place.fetched().len());
    }
    place.sandbox.deliver_normally();
    let outcome = place.fetch(CLUSTER, &["-o", "json"]);
    assert_eq!(each(&outcome, "state"), ["ok"; 4]);
    place.has_all_of(CLUSTER);

    for (number, (_, name)) in CLUSTER.files.iter().enumerate() {
        let requests = place.fetched();
        // The first request for the file from each run on is where it goes on.
        let starts: Vec<u64> = runs
            .iter()
            .filter_map(|run| requests[*run..].iter().find(|request| request.path().ends_with(name)))
            .map(|request| {
                let range = request.header("range").unwrap_or("bytes=0-");
                range["bytes=".len()..].split('-').next().unwrap().parse().unwrap()
            })
            .collect();
        assert_eq!(starts.len(), KILLS + 1);
        // Nothing that was certain to be there was ever given up.
        for (kept, start) in kept.iter().zip(&starts[1..]) {
            assert!(kept[number] <= *start, "{kept:?} {starts:?}");
        }
        assert!(starts.is_sorted(), "{starts:?}");
    }
}

#[test]
fn killed_while_files_get_their_names_nothing_that_looks_whole_is_not() {
    let place = Place::new();
    let mut random = Random::of_seed_or(7);
    say(&format!("SEED={}", random.seed));
    let objects: Vec<Vec<u8>> = (0..4)
        .map(|i| place.sandbox.object(CLUSTER.instance, CLUSTER.base_id, i))
        .collect();
    let mut fetched = 0;
    for round in 0..40 {
        let mut running = place.download(CLUSTER).args(["--parallel", "2"]).start();
        let requests = place.sandbox.requests().len();
        // From where the storage is asked on, or before.
        if round % 4 > 0 {
            let _ = place
                .sandbox
                .wait_for_requests(requests + 3, Duration::from_millis(200));
        }
        thread::sleep(Duration::from_micros(random.below(40_000)));
        running.kill();
        let mut whole = 0;
        for ((_, name), object) in CLUSTER.files.iter().zip(&objects) {
            if let Ok(bytes) = fs::read(place.path(name)) {
                assert!(bytes == *object, "{name} in round {round}");
                whole += 1;
            }
        }
        if whole == 4 {
            // From the start again, for the next kills to hit something.
            fetched += 1;
            fs::remove_dir_all(place.dir()).unwrap();
        }
    }
    let outcome = place.fetch(CLUSTER, &["-o", "json"]);
    assert_eq!(each(&outcome, "bytes"), [SIZE; 4], "after {fetched} whole ones");
    place.has_all_of(CLUSTER);
    place.fetch(CLUSTER, &[]).data();
}
