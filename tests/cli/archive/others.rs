//! What is none of a run's: instances that it was not asked about or could not judge, folders of others, links that
//! somebody planted, readers that leave early.

use std::fs;

use jdredis_sandbox::{FleetInstance, Reply};
use serde_json::{Value, json};
use time::Duration;

use super::fleet::{Fleet, NORTH};
use super::{Made, each};
use crate::support::Jdredis;

/// A fleet of one good instance and one whose newest backup cannot be fetched, after a first sync.
fn half_fetched() -> Fleet {
    let fleet = Fleet::new();
    let tagged = FleetInstance::new("redis-a").tag("env", "prod");
    fleet.sandbox.put_instance(NORTH, tagged);
    fleet.add_backup(NORTH, "redis-a", 2);
    fleet.add(NORTH, "redis-b", &[26]);
    fleet.synced(0, &[]);
    fleet.add_backup(NORTH, "redis-b", 2);
    let cut = jdredis_sandbox::Delivery::normal().cut_after(5_000);
    fleet.sandbox.always_deliver_for("redis-b-2", cut);
    fleet.synced(7, &["--max-attempts", "1"]);
    fleet
}

#[test]
fn what_an_instance_lacks_stays_known_after_a_run_that_did_not_ask_for_it() {
    let work = |fleet: &Fleet| fleet.dir().join(".jdredis/work").join(NORTH).join("redis-b/redis-b-2");
    let fleet = half_fetched();
    assert!(work(&fleet).is_dir());
    let document = fleet.synced(0, &["--tag", "env=prod"]);
    assert_eq!(each(&document, "instances", "instance"), ["redis-a"]);
    assert_eq!(fleet.status(&[]).code, Some(7));
    let empty = r#"{"requestId":"r","result":{"cacheInstances":[],"totalCount":0}}"#;
    fleet
        .sandbox
        .script_for("/cacheInstance?", vec![Reply::json(200, empty)]);
    let document = fleet.synced(7, &[]);
    assert_eq!(each(&document, "instances", "state"), ["fresh", "incomplete"]);
    assert_eq!(fleet.status(&[]).code, Some(7));
    assert!(work(&fleet).is_dir(), "what is there of it is gone on with");
    fleet.sandbox.deliver_normally();
    fleet.synced(0, &[]);
    assert!(!work(&fleet).exists());
    fleet.check();
}

#[test]
fn an_instance_that_is_named_twice_is_one() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    let twice = ["--instance", "redis-a", "--instance", "redis-a", "--region", NORTH];
    let document = fleet.synced(0, &twice);
    assert_eq!(document["total"]["instances"], 1);
    assert_eq!(fleet.fetches(""), 1);
}

#[test]
fn a_start_before_the_year_0_is_unknown() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    let list = r#"{"requestId":"r","result":{"backups":[{"baseId":"redis-a-2","backupStartTime":"0000-01-01T00:00:00+08:00","backupStatus":2}],"totalCount":1}}"#;
    fleet.sandbox.always_for("/redis-a/backup?", Reply::json(200, list));
    let document = fleet.synced(8, &[]);
    assert_eq!(each(&document, "instances", "state"), ["stale"]);
    assert!(fleet.backups()["redis-a-2"].ends_with("unknown-redis-a-2"));
    fleet.check();
}

#[cfg(unix)]
#[test]
fn nothing_is_removed_behind_a_link_in_the_hidden_folder() {
    let parts = [NORTH, "redis-a", "redis-a-2"];
    for depth in 0..=parts.len() {
        let fleet = Fleet::new();
        fleet.add(NORTH, "redis-a", &[2]);
        let elsewhere = tempfile::tempdir().unwrap();
        let mut folder = elsewhere.path().to_owned();
        for part in [&parts[depth..], &["other"]].concat() {
            folder.push(part);
            fs::create_dir(&folder).unwrap();
            for name in ["backup.json", "SHA256SUMS", "precious"] {
                fs::write(folder.join(name), "x").unwrap();
            }
            fs::write(folder.with_file_name("SHA256SUMS"), "x").unwrap();
        }
        let before = super::fleet::files_below(elsewhere.path());
        let work = fleet.dir().join(".jdredis/work");
        let planted = parts[..depth].iter().fold(work, |path, part| path.join(part));
        fs::create_dir_all(planted.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), &planted).unwrap();
        fleet.synced(7, &[]);
        assert_eq!(super::fleet::files_below(elsewhere.path()), before, "{depth}");
    }
}

#[test]
fn a_folder_that_holds_nothing_of_an_archive_is_no_instance() {
    let made = Made::new();
    made.backup("cn-north-1", "redis-1", "a", Duration::hours(2), b"abc");
    fs::create_dir_all(made.dir().join("old/2021/january")).unwrap();
    fs::create_dir_all(made.dir().join("cn-north-1/notes")).unwrap();
    fs::write(made.dir().join("cn-north-1/notes/todo"), "x").unwrap();
    // As a sync leaves it that is killed before the first backup has its name.
    fs::create_dir(made.dir().join("cn-north-1/redis-2")).unwrap();
    let outcome = made.status(&["-o", "json"]).run();
    let document: Value =
        serde_json::from_str(outcome.data_saying(&["/old/2021 is no part", "/notes is no part"])).unwrap();
    assert_eq!(each(&document, "instances", "instance"), ["redis-1"]);
    assert!(!outcome.stderr.contains("redis-2"), "{outcome:#?}");
    // One that is remembered and has nothing is shown.
    made.memory("cn-north-1", "redis-2", &json!({}));
    assert_eq!(made.status(&[]).run().code, Some(8));
}

#[test]
fn a_reader_that_closes_the_pipe_still_gets_the_exit_code() {
    let made = Made::new();
    let folder = made.backup("cn-north-1", "redis-1", "a", Duration::hours(2), b"abc");
    fs::remove_file(folder.join("dump-0")).unwrap();
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[24 * 9]);
    let dir = made.dir().to_str().unwrap();
    let verify = Jdredis::bare().args(["archive", "verify", dir]);
    let file = folder.join("backup.json");
    let backup_verify = Jdredis::bare().args(["backup", "verify", file.to_str().unwrap()]);
    for (command, code) in [
        (made.status(&[]), 7),
        (verify, 7),
        (backup_verify, 7),
        (fleet.sync(&[]), 8),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let outcome = command.run_into(writer);
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
    }
}

#[test]
fn a_prune_that_cannot_lock_the_archive_names_no_flag_that_it_has_not() {
    let made = Made::new();
    made.backup("cn-north-1", "redis-1", "a", Duration::hours(2), b"abc");
    fs::write(made.dir().join(".jdredis"), "in the way").unwrap();
    let dir = made.dir().to_str().unwrap();
    let prune = Jdredis::bare().args(["archive", "prune", dir, "--keep-last", "1"]);
    prune.run().fails_saying(1, &["give a DIR that this user can write"]);
}

#[test]
#[cfg(unix)]
fn a_signal_ends_a_sync_also_while_it_asks_for_the_regions() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.sandbox.always_for("/availableRegion", Reply::stall());
    let run = fleet.sync_of(&["--region", "all"], &["--timeout", "300"]).start();
    assert!(fleet.sandbox.wait_for_requests(1, std::time::Duration::from_secs(60)));
    let start = std::time::Instant::now();
    run.signal("TERM");
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(143), "{outcome:#?}");
    assert!(start.elapsed() < std::time::Duration::from_secs(100), "{outcome:#?}");
}

#[test]
fn a_message_that_quotes_the_request_leaves_no_key_in_the_archive() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.add(NORTH, "redis-b", &[2]);
    let (key, link) = (
        crate::support::ACCESS_KEY,
        fleet.sandbox.link("redis-a", "redis-a-2", 0),
    );
    let message = format!(
        "refused: Credential={key}/20261130/cn-north-1, {link}, Signature={}",
        "5e".repeat(32)
    );
    let quoting = || Reply::error(403, "HTTP_FORBIDDEN", &message);
    fleet.sandbox.always_for("/redis-a/backup?", quoting());
    fleet.sandbox.always_for("/redis-b/backup%3A", quoting());
    let document = fleet.synced(7, &[]);
    assert_eq!(each(&document, "instances", "state"), ["incomplete", "incomplete"]);
    fleet.check();
}

#[test]
fn a_file_that_is_no_rdb_file_and_has_no_known_length_or_etag_gets_no_folder() {
    let fleet = Fleet::new();
    let noise = "\u{1}no dump".repeat(500);
    for (id, reply) in [
        (
            "redis-etag",
            Reply::new(200)
                .header("ETag", "\"e\"")
                .body(noise.as_str())
                .until_close(),
        ),
        ("redis-length", Reply::new(200).body(noise.as_str())),
        (
            "redis-both",
            Reply::new(200).header("ETag", "\"e\"").body(noise.as_str()),
        ),
    ] {
        fleet.add(NORTH, id, &[2]);
        let delivery = jdredis_sandbox::Delivery::reply(reply);
        fleet.sandbox.always_deliver_for(&format!("/{id}/"), delivery);
    }
    let document = fleet.synced(7, &["--accept-unverified"]);
    assert_eq!(
        each(&document, "instances", "state"),
        ["fresh", "incomplete", "incomplete"]
    );
    let reason = document["instances"][1]["reason"].as_str().unwrap();
    assert!(reason.contains("told no length or no ETag"), "{reason}");
    assert_eq!(fleet.base_ids(), ["redis-both-2"]);
}

#[test]
fn a_sync_of_no_instance_at_all_is_not_silent() {
    let fleet = Fleet::new();
    let warning = "warning: there is no instance to fetch backups of: check --region";
    fleet.sync(&["-q"]).run().data_saying(&[warning]);
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.sync(&["-q", "--exclude", "*"]).run().data_saying(&[warning]);
    assert_eq!(fleet.sync(&["-q"]).run().data(), "");
}

#[test]
fn an_instance_that_was_seen_is_remembered_also_where_none_could_be_asked_for_its_backups() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    let denied = Reply::error(403, "HTTP_FORBIDDEN", "not authorized [IAM]");
    fleet.sandbox.always_for("/redis-a/backup?", denied);
    fleet.sync(&[]).run().data_before_failure(4, &["nothing could be done"]);
    let status: Value = serde_json::from_str(fleet.status(&["-o", "json"]).data_with(7)).unwrap();
    assert_eq!(each(&status, "instances", "state"), ["incomplete"]);
    fleet.sandbox.unscript();
    fleet.synced(0, &[]);
    assert_eq!(fleet.status(&[]).code, Some(0));
}

#[cfg(unix)]
#[test]
fn a_prune_removes_nothing_behind_a_link_in_the_hidden_folder() {
    let made = Made::new();
    for day in 0..3 {
        made.backup("cn-north-1", "redis-1", &format!("d{day}"), Duration::days(day), b"abc");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir_all(elsewhere.path().join("empty/empty")).unwrap();
    fs::create_dir_all(made.dir().join(".jdredis")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), made.dir().join(".jdredis/pruned")).unwrap();
    let dir = made.dir().to_str().unwrap();
    let prune = Jdredis::bare().args(["archive", "prune", dir, "--keep-last", "1"]);
    prune
        .run()
        .data_before_failure(1, &["not all backups that should go could be removed"]);
    assert!(elsewhere.path().join("empty/empty").is_dir());
    assert_eq!(super::fleet::backups_in(made.dir()).len(), 3);
}
