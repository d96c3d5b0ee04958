//! Downloads in which nothing goes wrong.

use std::collections::HashSet;
use std::time::Duration;

use jdredis_sandbox::{Delivery, Reply};
use serde_json::json;

use super::{CLUSTER, NAMELESS, Place, SINGLE, SIZE, TWINS, each, files, ranges};
use crate::support::Jdredis;

#[test]
fn every_file_is_the_object_and_the_manifest_says_so() {
    let place = Place::new();
    let outcome = place.run(place.download(CLUSTER).args(["-o", "json"]));
    place.has_all_of(CLUSTER);
    let files: Vec<_> = CLUSTER
        .files
        .iter()
        .enumerate()
        .map(|(i, (node, name))| {
            json!({
                "node": node,
                "path": place.path(name),
                "bytes": SIZE,
                "sha256": place.sandbox.object_sha256(CLUSTER.instance, CLUSTER.base_id, i),
                "state": "ok",
                "reason": null,
                "resumedFrom": 0,
                "rdb": {
                    "version": 9,
                    "redisVersion": "5.0.14",
                    "createdAt": null,
                    "usedMemory": null,
                    "checksum": "right",
                    "databases": [{"db": 0, "keys": 5, "expires": 0}],
                    "functions": 0,
                    "modules": [],
                },
            })
        })
        .collect();
    let manifest = json!({
        "region": "cn-north-1",
        "instance": CLUSTER.instance,
        "baseId": CLUSTER.base_id,
        "expectedShards": 4,
        "files": files,
    });
    let printed: serde_json::Value = serde_json::from_str(outcome.data()).unwrap();
    // As text, so that the order counts.
    assert_eq!(printed.to_string(), manifest.to_string());
}

#[test]
fn the_storage_gets_the_link_and_nothing_of_the_services() {
    let place = Place::new();
    place.fetch(CLUSTER, &[]);
    let fetched = place.fetched();
    assert_eq!(fetched.len(), 4);
    for request in &fetched {
        assert_eq!(request.method, "GET");
        let known = ["host", "user-agent", "accept", "accept-encoding"];
        for (name, _) in &request.headers {
            assert!(known.contains(&name.to_lowercase().as_str()), "{request:#?}");
        }
    }
    let encodings = fetched.iter().map(|request| request.header("accept-encoding"));
    assert!(encodings.eq([Some("identity"); 4]));
    assert_eq!(ranges(&fetched), [(None, None); 4]);
    assert_eq!(place.asked_for_links(), 1);
}

#[test]
fn plain_is_a_path_a_line_and_the_table_says_what_a_person_wants_to_know() {
    let place = Place::new();
    let plain = place.fetch(CLUSTER, &["-o", "plain"]);
    let paths: String = CLUSTER
        .files
        .iter()
        .map(|(_, name)| format!("{}\n", place.path(name).display()))
        .collect();
    assert_eq!(plain.data(), paths);

    let place = Place::new();
    for resumed_from in ["-      ", "293 KiB"] {
        let table = place.fetch(SINGLE, &[]);
        let file = place.path(SINGLE.files[0].1);
        let expected = format!(
            "NODE    STATE  SIZE     RESUMED FROM  FILE\nnode 0  ok     293 KiB  {resumed_from}       {}\n",
            file.display()
        );
        assert_eq!(table.data(), expected);
    }
}

#[test]
#[cfg(unix)]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    place.fetch(CLUSTER, &[]);
    for (_, name) in CLUSTER.files {
        let mode = place.path(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn without_a_folder_it_is_the_current_one() {
    let place = Place::new();
    std::fs::create_dir(place.dir()).unwrap();
    let run = Jdredis::at(&place.sandbox)
        .args(["backup", "download", "--region", "cn-north-1", "--http", "-o", "plain"])
        .args(["--instance", SINGLE.instance, "--base-id", SINGLE.base_id])
        .current_dir(&place.dir());
    let outcome = place.run(run);
    assert_eq!(outcome.data(), format!("./{}\n", SINGLE.files[0].1));
    place.has_all_of(SINGLE);
}

#[test]
fn folders_are_made_where_they_are_missing() {
    let place = Place::new();
    let deep = place.dir().join("a/b");
    let run = Jdredis::at(&place.sandbox)
        .args(["backup", "download", "--region", "cn-north-1", "--http", "-o", "plain"])
        .args(["--instance", SINGLE.instance, "--base-id", SINGLE.base_id])
        .args(["--dir", deep.to_str().unwrap()]);
    let outcome = place.run(run);
    assert_eq!(outcome.data(), format!("{}\n", deep.join(SINGLE.files[0].1).display()));
}

#[test]
fn the_wanted_nodes_alone_are_fetched_in_the_services_order() {
    let place = Place::new();
    let args = ["--node", "node 2", "--node", "node 0", "-o", "json"];
    let outcome = place.fetch(CLUSTER, &args);
    assert_eq!(each(&outcome, "node"), ["node 0", "node 2"]);
    assert_eq!(place.names(), [CLUSTER.files[0].1, CLUSTER.files[2].1]);
    assert_eq!(place.fetched().len(), 2);
    assert_eq!(
        place.read(CLUSTER.files[2].1),
        place.sandbox.object(CLUSTER.instance, CLUSTER.base_id, 2)
    );

    // The rest is added to them, and they are not fetched again.
    let rest = place.fetch(CLUSTER, &["-o", "json"]);
    assert_eq!(each(&rest, "resumedFrom"), [SIZE, 0, SIZE, 0]);
    assert_eq!(place.fetched().len(), 4);
    place.has_all_of(CLUSTER);
}

#[test]
fn a_node_that_is_not_there_is_not_found_and_the_others_are_named() {
    let place = Place::new();
    let outcome = place.run(place.download(CLUSTER).args(["--node", "node 0", "--node", "node 4"]));
    outcome.fails_saying(
        3,
        &[
            "no node \"node 4\"",
            "its nodes are: \"node 0\", \"node 1\", \"node 2\", \"node 3\"",
        ],
    );
    assert!(place.fetched().is_empty());
    assert!(!place.dir().exists());
}

#[test]
fn so_many_are_fetched_at_once_each_over_one_connection() {
    for (parallel, connections) in [("1", 1), ("2", 2), ("4", 4), ("32", 4)] {
        let place = Place::new();
        place
            .sandbox
            .always_deliver(Delivery::normal().delay(Duration::from_millis(150)));
        let outcome = place.fetch(CLUSTER, &["--parallel", parallel]);
        let fetched = place.fetched();
        assert_eq!(fetched.len(), 4);
        let used: HashSet<_> = fetched.iter().map(|request| request.connection).collect();
        assert_eq!(used.len(), connections, "--parallel {parallel}");
        let rounds = 4 / u32::try_from(connections).unwrap();
        assert!(
            outcome.took >= Duration::from_millis(150) * rounds,
            "--parallel {parallel}"
        );
        place.has_all_of(CLUSTER);
    }
}

#[test]
fn shards_with_equal_file_names_and_without_names_are_told_apart() {
    for backup in [TWINS, NAMELESS] {
        let place = Place::new();
        let outcome = place.fetch(backup, &["-o", "json"]);
        place.has_all_of(backup);
        let nodes: Vec<&str> = backup.files.iter().map(|(node, _)| *node).collect();
        assert_eq!(each(&outcome, "node"), nodes);

        let again = place.fetch(backup, &["-o", "json"]);
        assert_eq!(place.fetched().len(), backup.files.len(), "{again:#?}");
        assert_eq!(each(&again, "sha256"), each(&outcome, "sha256"));
    }
}

/// An answer whose links lead to files of these names, each with the content of the documented one.
fn links_to(place: &Place, names: &[&str]) -> Reply {
    let origin = place.sandbox.endpoint();
    let urls: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(i, name)| json!({"name": format!("n{i}"), "link": format!("{origin}/jmiss-redis-backup-hb/{name}?X-Amz-Date=x")}))
        .collect();
    Reply::json(200, json!({"result": {"downloadUrls": urls}}).to_string())
}

#[test]
fn no_file_name_leads_out_of_the_folder_or_onto_another_file() {
    let place = Place::new();
    let names = [
        "..%2F..%2Fescaped",
        "%2Fabsolute",
        "..",
        "",
        ".",
        "%1B%5B2J",
        "a%00b",
        ".jdredis",
        "back%5Cslash",
        "dump",
        // These are the names of what belongs to the one before.
        "dump.part",
        "DUMP.corrupt",
        "dump.part.part",
        &"x".repeat(1000),
    ];
    let object = place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0);
    place
        .sandbox
        .script_for("describeDownloadUrl", vec![links_to(&place, &names)]);
    // The one whose names are asked for is slowest, so that its part is in the others' way.
    let slow = Delivery::reply(Reply::new(200).body(object.clone())).delay(Duration::from_millis(400));
    place.sandbox.deliver("/dump?", vec![slow]);
    place
        .sandbox
        .always_deliver(Delivery::reply(Reply::new(200).body(object.clone())).delay(Duration::from_millis(100)));
    let outcome = place.fetch(SINGLE, &["-o", "json", "--parallel", "32"]);
    let found = place.names();
    assert_eq!(found.len(), names.len(), "{found:?}");
    let outside: Vec<_> = std::fs::read_dir(place.home.path()).unwrap().collect();
    assert_eq!(outside.len(), 1, "{outside:?}");
    for file in files(&outcome) {
        let path = std::path::Path::new(file["path"].as_str().unwrap());
        assert_eq!(path.parent(), Some(place.dir().as_path()));
        assert!(std::fs::read(path).unwrap() == object, "{file}");
        assert_eq!(file["state"], "ok", "{outcome:#?}");
    }
}

#[test]
fn internal_links_are_fetched_when_asked_for_and_only_then() {
    let place = Place::new();
    let link = place.sandbox.link(SINGLE.instance, SINGLE.base_id, 0);
    let answer = json!({"result": {"downloadUrls": [
        {"name": "node 0", "link": "http://127.0.0.1:1/public", "internalLink": link},
    ]}});
    place.sandbox.always(Reply::json(200, answer.to_string()));
    let outcome = place.fetch(SINGLE, &["--internal", "-o", "json"]);
    assert_eq!(each(&outcome, "state"), ["ok"]);

    let none = place.download(super::Backup {
        base_id: "no-internal",
        ..SINGLE
    });
    place.sandbox.unscript();
    place
        .run(none.args(["--internal"]))
        .fails_saying(3, &["no internal link for \"node 0\"", "leave --internal out"]);
}

#[test]
fn the_latest_is_found_said_and_fetched() {
    let place = Place::new();
    let run = Jdredis::at(&place.sandbox)
        .args([
            "backup",
            "download",
            "--region",
            "cn-north-1",
            "--instance",
            "redis-1234",
        ])
        .args([
            "--latest",
            "--http",
            "-o",
            "json",
            "--dir",
            place.dir().to_str().unwrap(),
        ]);
    let outcome = place.run(run);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(
        outcome
            .stderr
            .starts_with("note: the newest backup is newest (newest), started at 2021-07-17T18:00:00Z"),
        "{outcome:#?}"
    );
    assert!(outcome.stdout.contains("\"baseId\": \"newest\""), "{outcome:#?}");
    assert_eq!(place.names(), ["20210718020000-newest-0"]);
    assert!(place.read("20210718020000-newest-0") == place.sandbox.object("redis-1234", "newest", 0));
    // Its size came with the list.
    assert_eq!(place.asked_for("/backup?"), 1);
}

#[test]
fn which_backup_must_be_said_in_one_way() {
    let place = Place::new();
    let both = place.download(SINGLE).args(["--latest"]).run();
    both.fails_saying(2, &["both --base-id and --latest were given", "give one of the two"]);
    let neither = Jdredis::at(&place.sandbox)
        .args([
            "backup",
            "download",
            "--region",
            "cn-north-1",
            "--instance",
            "redis-1234",
        ])
        .run();
    neither.fails_saying(2, &["neither --base-id nor --latest was given"]);
    assert!(place.sandbox.requests().is_empty());
}

#[test]
fn a_backup_without_links_leaves_no_folder_behind() {
    let place = Place::new();
    for (base_id, text) in [
        ("empty", "cannot download backup empty of instance redis-1234"),
        ("nosuch", "not found at the service"),
    ] {
        let run = place.download(super::Backup { base_id, ..SINGLE });
        place.run(run).fails_saying(3, &[text]);
    }
    assert!(!place.dir().exists());
}

#[test]
#[cfg(target_os = "linux")]
fn plain_prints_the_bytes_of_a_path_that_is_not_utf_8() {
    use std::os::unix::ffi::OsStrExt;

    let place = Place::new();
    let dir = place.home.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    let run = Jdredis::at(&place.sandbox)
        .args(["backup", "download", "--region", "cn-north-1", "--http", "-o", "plain"])
        .args(["--instance", SINGLE.instance, "--base-id", SINGLE.base_id, "--dir"])
        .arg(&dir);
    let printed = run.stdout_bytes();
    let path = dir.join(SINGLE.files[0].1);
    assert_eq!(printed, [path.as_os_str().as_bytes(), b"\n"].concat());
    assert!(path.is_file());

    let printed = Jdredis::bare()
        .args(["backup", "verify", "-o", "plain"])
        .arg(&path)
        .stdout_bytes();
    assert_eq!(printed, [b"ok ", path.as_os_str().as_bytes(), b"\n"].concat());
}

#[test]
fn a_stale_newest_backup_is_fetched_all_the_same_and_ends_with_8() {
    let place = Place::new();
    let outcome = Jdredis::at(&place.sandbox)
        .args([
            "backup",
            "download",
            "--region",
            "cn-north-1",
            "--instance",
            "redis-1234",
            "--latest",
            "--http",
        ])
        .args(["--max-age", "8d", "-o", "plain", "--dir", place.dir().to_str().unwrap()])
        .run();
    let path = outcome
        .data_before_failure(8, &["the newest backup, newest, began "])
        .trim_end();
    assert_eq!(
        std::fs::read(path).unwrap(),
        place.sandbox.object("redis-1234", "newest", 0)
    );
}
