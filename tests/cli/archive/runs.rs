//! `runs.jsonl`: the record of what each run did, and `archive status --since`, which shows it.

use std::fs;
use std::io::Write;

use jdredis_sandbox::Reply;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Made;
use super::fleet::{Fleet, NORTH};
use super::metrics::{told, value};
use crate::support::Jdredis;

/// The lines of `runs.jsonl` that are JSON.
pub(super) fn runs(fleet: &Fleet) -> Vec<Value> {
    let text = fs::read_to_string(fleet.dir().join("runs.jsonl")).unwrap();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

#[test]
fn each_run_is_written_down_and_an_auditor_finds_what_was_wrong() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2, 26]);
    fleet.add(NORTH, "redis-b", &[2]);
    fleet.synced(0, &[]);
    fleet
        .sandbox
        .always_for("/redis-b/backup?", Reply::error(500, "INTERNAL", "oops"));
    fleet.add_backup(NORTH, "redis-a", 1);
    fleet.synced(7, &["--max-attempts", "1", "--keep-last", "2"]);
    fleet.synced(0, &["--dry-run", "--instance", "redis-a"]);
    let prune = || {
        let dir = fleet.dir();
        let args = ["archive", "prune", dir.to_str().unwrap(), "--keep-last", "1"];
        Jdredis::bare().args(args).run().data_with(0).to_owned()
    };
    prune();
    prune();
    let found = runs(&fleet);
    let codes: Vec<_> = found
        .iter()
        .map(|run| (run["command"].as_str().unwrap(), run["code"].as_i64().unwrap()))
        .collect();
    assert_eq!(codes, [("sync", 0), ("sync", 7), ("prune", 0)], "{found:#?}");
    assert_eq!((&found[0]["instances"], &found[0]["new"]), (&json!(2), &json!(3)));
    assert_eq!(found[0]["failures"], json!([]));
    assert_eq!((&found[1]["new"], &found[1]["pruned"]), (&json!(1), &json!(1)));
    let failure = &found[1]["failures"][0];
    assert_eq!(
        (&failure["region"], &failure["instance"]),
        (&json!(NORTH), &json!("redis-b"))
    );
    assert_eq!(failure["state"], "incomplete");
    assert!(failure["reason"].as_str().unwrap().contains("500"), "{failure}");
    let folder = found[1]["folders"][0].as_str().unwrap();
    assert!(fleet.dir().join(folder).join("backup.json").exists(), "{folder}");
    assert!(found[1]["prunedFolders"][0].as_str().unwrap().ends_with("-redis-a-26"));
    assert!(found[2]["prunedFolders"][0].as_str().unwrap().ends_with("-redis-a-2"));
    for run in &found {
        let moment = |key: &str| OffsetDateTime::parse(run[key].as_str().unwrap(), &Rfc3339).unwrap();
        assert!(moment("start") <= moment("end") && run["start"].as_str().unwrap().ends_with('Z'));
    }
    // A run that was killed while it wrote.
    let mut file = fs::File::options()
        .append(true)
        .open(fleet.dir().join("runs.jsonl"))
        .unwrap();
    file.write_all(b"{\"formatVersion\":1,\"command\":\"sy").unwrap();
    let old = found[0]
        .to_string()
        .replace(&found[0]["start"].as_str().unwrap()[..4], "2019");
    file.write_all(format!("\n{old}\n{{\"half").as_bytes()).unwrap();
    let status = |since: &str| -> Value {
        let outcome = fleet.status(&["--since", since, "-o", "json"]);
        serde_json::from_str(outcome.data_with(7)).unwrap()
    };
    assert_eq!(status("90d")["runs"], json!(found));
    let table = fleet.status(&["--since", "2w"]);
    let table = table.data_with(7);
    let (_, table) = table.split_once("\n\n").unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines.len() == 4 && lines[0].starts_with("BEGAN") && lines[0].ends_with("WRONG"),
        "{table}"
    );
    assert!(lines[2].contains("cn-north-1/redis-b: incomplete, "), "{table}");
    let quiet = fleet.status(&["--since", "2w", "-q"]);
    let (_, quiet) = quiet.data_with(7).split_once("\n\n").unwrap();
    assert_eq!(quiet.lines().collect::<Vec<_>>(), [lines[0], lines[2]]);
    assert!(fleet.status(&["-o", "json"]).stdout.find("\"runs\"").is_none());
    // What is older than two years goes with the next run.
    fleet.synced(0, &["--instance", "redis-a"]);
    let text = fs::read_to_string(fleet.dir().join("runs.jsonl")).unwrap();
    assert!(!text.contains("2019"), "{text}");
    assert_eq!(runs(&fleet).len(), 4);
    for since in ["90", "20210717", "90y", "yesterday"] {
        assert_eq!(fleet.status(&["--since", since]).code, Some(2), "{since}");
    }
    fleet.check();
}

#[test]
fn all_that_was_wrong_in_a_run_is_told_and_a_warning_stays_with_quiet() {
    let made = Made::new();
    made.backup(NORTH, "redis-a", "a", time::Duration::hours(2), b"abc");
    let trouble = |reason: &str| json!({"region": NORTH, "instance": null, "state": null, "reason": reason});
    let run = |code: i32, failures: &[Value], warnings: &[Value]| {
        let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap();
        json!({"formatVersion": 1, "command": "sync", "start": now, "end": now, "code": code, "instances": 1,
               "new": 0, "bytes": 0, "pruned": 0, "folders": [], "prunedFolders": [], "failures": failures,
               "warnings": warnings, "by": "jdredis 0.2.0"})
    };
    let lines = [
        run(0, &[], &[]),
        run(7, &[trouble("first"), trouble("second")], &[]),
        run(0, &[], &[trouble("third")]),
    ];
    fs::write(
        made.dir().join("runs.jsonl"),
        lines.map(|line| format!("{line}\n")).concat(),
    )
    .unwrap();
    let wrongs = |args: &[&str]| {
        let outcome = made.status(&[&["--since", "2w"], args].concat()).run();
        let table = outcome.data_with(0).to_owned();
        let (_, of_runs) = table.split_once("BEGAN").unwrap();
        let rows = of_runs.lines().skip(1);
        let wrong = rows.map(|row| {
            row.split_once("cn-north-1: ")
                .map_or("", |(_, reason)| reason)
                .to_owned()
        });
        (wrong.collect::<Vec<_>>(), table)
    };
    let (wrong, table) = wrongs(&[]);
    assert_eq!(wrong, ["", "first", "second", "third"]);
    assert!(table.contains("\n\nBEGAN"), "{table}");
    let (wrong, table) = wrongs(&["-q"]);
    assert_eq!(wrong, ["first", "second", "third"]);
    assert!(table.starts_with("BEGAN"), "{table}");
}

#[test]
fn an_empty_record_is_said_and_one_that_cannot_be_read_is_a_failure() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    fleet.synced(0, &[]);
    fs::remove_file(fleet.dir().join("runs.jsonl")).unwrap();
    let outcome = fleet.status(&["--since", "90d", "-o", "json"]);
    let document: Value = serde_json::from_str(outcome.data_saying(&["no sync or prune is written down"])).unwrap();
    assert_eq!(document["runs"], json!([]));
    fs::create_dir(fleet.dir().join("runs.jsonl")).unwrap();
    fleet
        .status(&["--since", "90d"])
        .data_before_failure(7, &["runs.jsonl: it is no regular file"]);
    // Neither is a run lost in silence.
    fleet
        .sync(&[])
        .run()
        .data_before_failure(1, &["the run is not written down in ", "runs.jsonl"]);
    let text = told(&fleet, 1, &[]);
    assert_eq!(value(&text, "jdredis_archive_sync_failures"), Some(1));
}
