//! `archive drill`, and what `archive status` shows of it.

use std::fs;

use serde_json::Value;

use super::{Place, TYPES, database, key, rdb, without_server};
use crate::archive::{Made, each};

#[test]
fn a_drill_is_remembered_and_status_shows_when_an_instance_was_last_loaded() {
    if without_server() {
        return;
    }
    let made = Made::new();
    let ago = time::Duration::hours;
    let twice = rdb(9, &[&database(0), &key("a"), &key("a")]);
    made.backup("cn-north-1", "redis-1", "new", ago(5), TYPES);
    let old = made.backup("cn-north-1", "redis-1", "old", ago(30), TYPES);
    let bad = made.backup("cn-north-1", "redis-2", "bad", ago(5), &twice);
    made.backup("cn-north-1", "redis-2", "good", ago(30), TYPES);
    made.backup("cn-north-1", "redis-3", "newer", ago(5), &rdb(99, &[]));
    let manifest = fs::read(bad.join("backup.json")).unwrap();
    let place = Place::new();
    let dir = made.dir().to_str().unwrap();
    let drill = |args: &[&str]| {
        place
            .command(&["archive", "drill", dir])
            .args(args.iter().copied())
            .run()
    };

    let outcome = drill(&["--newest", "-o", "json"]);
    let document: Value = serde_json::from_str(outcome.data_with(7)).unwrap();
    assert_eq!(each(&document, "files", "baseId"), ["new", "bad", "newer"]);
    assert_eq!(
        each(&document, "files", "result"),
        ["loaded", "damaged", "server-too-old"]
    );
    outcome.says(&["2 of 3 files", "RDB has duplicated key 'a' in DB 0", "server-too-old"]);
    let status = || -> Value {
        let outcome = made.status(&["-o", "json"]).run();
        serde_json::from_str(&outcome.stdout).unwrap()
    };
    let known = status();
    assert_eq!(
        each(&known, "instances", "lastLoadedBaseId"),
        [Value::from("new"), Value::Null, Value::Null]
    );
    assert!(known["instances"][0]["lastLoaded"].is_string());
    // What a server refuses as damaged is no good backup.
    assert_eq!(each(&known, "instances", "state"), ["fresh", "damaged", "fresh"]);
    assert_eq!(fs::read(bad.join("backup.json")).unwrap(), manifest);
    let table = made.status(&[]).run();
    table.data_before_failure(7, &["RDB has duplicated key 'a' in DB 0, as its drill on "]);
    let lines: Vec<&str> = table.stdout.lines().collect();
    let loaded = lines[0].find("LOADED ").unwrap();
    let cells = [1, 2].map(|row| &lines[row][loaded..loaded + 6]);
    assert!(cells[0].trim() != "-" && cells[1].trim() == "-", "{table:#?}");

    // The next newest good one is taken, and the proof outlives its backup.
    let outcome = drill(&["--newest", "--instance", "redis-2", "-o", "plain"]);
    assert!(outcome.data().ends_with("-good/dump-0\n"), "{outcome:#?}");
    let whole = drill(&["--instance", "redis-1", "-o", "plain"]);
    assert_eq!(whole.data().lines().count(), 2);
    let table = drill(&["--instance", "redis-1"]).data().to_owned();
    assert!(table.lines().count() == 3 && table.contains(" loaded "), "{table}");
    assert_eq!(drill(&["--instance", "redis-1", "-q"]).data(), "");
    fs::remove_dir_all(old).unwrap();
    assert_eq!(each(&status(), "instances", "lastLoadedBaseId")[0], "old");
    assert_eq!(drill(&["--instance", "redis-9"]).code, Some(3));
    place.is_tidy();
}

#[test]
fn a_file_that_is_another_than_was_fetched_is_damaged_however_sound_it_is() {
    let made = Made::new();
    let fetched = rdb(9, &[&key("before")]);
    let folder = made.backup("cn-north-1", "redis-1", "1", time::Duration::hours(5), &fetched);
    let other = rdb(9, &[&key("after1")]);
    assert_eq!(other.len(), fetched.len());
    fs::write(folder.join("dump-0"), other).unwrap();
    let place = Place::new();
    let server = place.script("redis-server", "echo 'no server is started for it'; exit 9");
    let outcome = place
        .command(&[
            "archive",
            "drill",
            made.dir().to_str().unwrap(),
            "--redis-server",
            &server,
        ])
        .run();
    outcome.says(&["dump-0: damaged, it has changed: its SHA-256 is "]);
    assert!(!outcome.stderr.contains("no server is started"), "{outcome:#?}");
    let rows: Vec<&str> = outcome.data_with(7).lines().collect();
    assert_eq!(rows.len(), 2);
    for cell in [
        "cn-north-1",
        "redis-1",
        " 1 ",
        " dump-0 ",
        " damaged ",
        "it has changed",
    ] {
        assert!(rows[1].contains(cell), "{cell}: {rows:?}");
    }
    let again = |args: &[&str]| {
        let dir = made.dir().to_str().unwrap();
        let command = place.command(&["archive", "drill", dir, "--redis-server", &server]);
        command.args(args.iter().copied()).run()
    };
    assert_eq!(again(&["-q"]).data_with(7).lines().count(), 2);
    // Neither does an instance pass that has only damaged backups.
    fs::remove_file(folder.join("dump-0")).unwrap();
    fs::create_dir(made.dir().join("cn-north-1/redis-2")).unwrap();
    fs::write(made.dir().join("cn-north-1/redis-2/checks.json"), "{}").unwrap();
    again(&["--newest"]).fails_saying(
        7,
        &[
            "redis-1 has no good backup to load",
            "note: cn-north-1/redis-2 has no backup to load",
        ],
    );
}

#[test]
fn a_backup_that_is_pruned_meanwhile_is_skipped() {
    let made = Made::new();
    let folder = made.backup("cn-north-1", "redis-1", "a", time::Duration::hours(5), TYPES);
    let place = Place::new();
    let pruner = place.script("pruner", &format!("rm -r '{}'; exit 1", folder.display()));
    let dir = made.dir().to_str().unwrap();
    let outcome = place
        .command(&["archive", "drill", dir, "--redis-server", &pruner, "-o", "plain"])
        .run();
    assert_eq!(
        outcome.data_saying(&["was pruned or moved away meanwhile and is skipped"]),
        ""
    );
    place.is_tidy();
}
