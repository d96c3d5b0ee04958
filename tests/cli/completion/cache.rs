//! What is kept of listings for completion: by which commands, for how long, and that nothing depends on it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use jdredis_sandbox::Sandbox;

use super::answer;
use crate::support::{Jdredis, backups, for_each, page, sandbox, say_not_run};

const LIST: [&str; 2] = ["instance", "list"];
const BACKUPS: [&str; 4] = ["backup", "list", "--instance", "redis-1234"];

/// The program with this home folder, in the region cn-north-1.
fn at<'a>(sandbox: &'a Sandbox, home: &Path) -> Jdredis<'a> {
    let run = Jdredis::at(sandbox).env("HOME", home.to_str().unwrap());
    run.env("JDCLOUD_REGION", "cn-north-1")
}

/// The values that are offered after a line.
fn offered(run: Jdredis<'_>, line: &str) -> Vec<String> {
    let answer = answer(run, line);
    let lines = answer.lines().skip(1);
    lines
        .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
        .collect()
}

/// All files and folders below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| [vec![path.clone()], below(&path)].concat())
        .collect()
}

#[test]
fn a_filtered_list_adds_names_and_a_whole_one_replaces_them() {
    let home = tempfile::tempdir().unwrap();
    let sandbox = sandbox();
    let all = [("5001", "2026-11-01T02:00:00Z", 2), ("5002", "2026-11-02T02:00:00Z", 1)];
    sandbox.always(backups(&all, Some(2)));
    // A backup that each of the filters below lets through.
    let manual = |id: &str| {
        let entry =
            format!(r#"{{"baseId":"{id}","backupStartTime":"2026-11-03T02:00:00Z","backupStatus":1,"backupType":1}}"#);
        page("r", "backups", [entry.as_str()], Some("1"))
    };
    let ids = || {
        offered(
            at(&sandbox, home.path()),
            "jdredis backup url --instance redis-1234 --base-id ",
        )
    };
    at(&sandbox, home.path()).args(BACKUPS).run().data();
    assert_eq!(ids(), ["5002", "5001"]);
    let mut expected = vec!["5002".to_owned(), "5001".to_owned()];
    for (id, filter) in [
        ("6001", ["--status", "failed"]),
        ("6002", ["--type", "manual"]),
        ("6003", ["--limit", "1"]),
        ("6004", ["--since", "2026-11-02"]),
    ] {
        sandbox.always(manual(id));
        at(&sandbox, home.path()).args(BACKUPS).args(filter).run().data();
        expected.insert(0, id.to_owned());
        assert_eq!(ids(), expected, "after {filter:?}");
    }
    sandbox.always(backups(&all[..1], Some(1)));
    at(&sandbox, home.path()).args(BACKUPS).run().data();
    assert_eq!(ids(), ["5001"]);
}

#[test]
fn a_list_that_lost_entries_takes_no_name_away() {
    let home = tempfile::tempdir().unwrap();
    let sandbox = sandbox();
    at(&sandbox, home.path()).args(LIST).run().data();
    let ids = || offered(at(&sandbox, home.path()), "jdredis doctor --instance redis-12");
    assert_eq!(ids(), ["redis-1234"]);
    let entries = [r#"{"cacheInstanceId":"redis-new"}"#, r#"{"cacheInstanceName":"no ID"}"#];
    sandbox.always(page("r", "cacheInstances", entries, Some("2")));
    let said = ["warning: entry 2 of the service's cacheInstances cannot be read"];
    at(&sandbox, home.path()).args(LIST).run().data_saying(&said);
    assert_eq!(ids(), ["redis-1234"]);
    let all = || offered(at(&sandbox, home.path()), "jdredis doctor --instance redis-");
    let has_both = || {
        ["redis-1234", "redis-new"]
            .iter()
            .all(|id| all().contains(&(*id).to_owned()))
    };
    assert!(has_both(), "{:?}", all());
    // One that was filtered takes none away, either, and a whole one takes away what it lacks.
    sandbox.always(page("r", "cacheInstances", entries[..1].iter().copied(), Some("1")));
    at(&sandbox, home.path())
        .args(LIST)
        .args(["--name", "new", "-q"])
        .run()
        .data();
    assert!(has_both(), "{:?}", all());
    at(&sandbox, home.path()).args(LIST).run().data();
    assert_eq!(all(), ["redis-new"]);
}

#[test]
fn a_cache_folder_that_others_may_read_is_closed_to_them() {
    let home = tempfile::tempdir().unwrap();
    let sandbox = sandbox();
    let folder = home.path().join(".cache/jdredis/names");
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    at(&sandbox, home.path()).args(LIST).run().data();
    for path in below(&folder).iter().chain([&folder]) {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{path:?}");
    }
}

#[test]
fn the_cache_is_where_xdg_says_unless_that_is_relative() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sandbox = sandbox();
    let with = |cache: &str| {
        let run = at(&sandbox, home.path()).env("XDG_CACHE_HOME", cache);
        run.current_dir(home.path()).args(LIST).run().data().to_owned()
    };
    with(other.path().to_str().unwrap());
    assert!(other.path().join("jdredis").is_dir() && below(home.path()).is_empty());
    with("relative");
    assert!(home.path().join(".cache/jdredis").is_dir() && !home.path().join("relative").exists());
}

#[test]
fn a_cache_that_cannot_be_made_changes_nothing_of_a_command() {
    type Spoil = fn(&Path);
    let spoilers: [Spoil; 4] = [
        |home| fs::write(home.join(".cache"), "").unwrap(),
        |home| {
            fs::create_dir(home.join(".cache")).unwrap();
            fs::write(home.join(".cache/jdredis"), "").unwrap();
        },
        |home| {
            fs::create_dir_all(home.join(".cache/jdredis")).unwrap();
            symlink(home, home.join(".cache/jdredis/names")).unwrap();
        },
        |home| fs::remove_dir(home).unwrap(),
    ];
    for_each(spoilers, |spoil| {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        fs::create_dir(&home).unwrap();
        spoil(&home);
        let sandbox = sandbox();
        let outcome = at(&sandbox, &home).args(LIST).run();
        assert!(
            outcome.data().contains("redis-1234") && outcome.stderr.is_empty(),
            "{}",
            outcome.stderr
        );
    });
}

#[test]
fn a_sync_remembers_instances_backups_and_nodes_and_url_the_nodes() {
    let (home, archive) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sandbox = sandbox();
    let known = |line: &str| offered(at(&sandbox, home.path()), line);
    at(&sandbox, home.path())
        .args(["archive", "sync", archive.path().to_str().unwrap()])
        .args(["--instance", "redis-cluster1", "--http", "--max-age", "none", "-q"])
        .run()
        .data();
    assert_eq!(known("jdredis backup url --instance redis-c"), ["redis-cluster1"]);
    let of_cluster = "jdredis backup download --instance redis-cluster1";
    assert_eq!(
        known(&format!("{of_cluster} --base-id ")),
        ["a607efba-ff06-4d78-ba3c-b3119fce27fd"]
    );
    assert_eq!(
        known(&format!("{of_cluster} --node ")),
        ["node 0", "node 1", "node 2", "node 3"]
    );
    at(&sandbox, home.path())
        .args(["backup", "url", "--instance", "redis-1234", "--base-id", "1234", "-q"])
        .run()
        .data();
    assert_eq!(
        known("jdredis backup download --instance redis-1234 --node "),
        ["node 0"]
    );
}

#[test]
fn a_sync_that_leaves_instances_out_or_cannot_read_them_takes_no_name_away() {
    let (home, archive) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sandbox = sandbox();
    let (old, new) = (
        r#"{"cacheInstanceId":"redis-1234"}"#,
        r#"{"cacheInstanceId":"redis-new"}"#,
    );
    // The names that are known after a sync whose list has these entries.
    let after = |entries: [&str; 2], args: &[&str]| {
        sandbox.unscript();
        sandbox.always_for("/cacheInstance?", page("r", "cacheInstances", entries, Some("2")));
        let run = at(&sandbox, home.path()).args(["archive", "sync", archive.path().to_str().unwrap()]);
        run.args(["--dry-run", "-q"]).args(args.iter().copied()).run();
        offered(at(&sandbox, home.path()), "jdredis doctor --instance redis-1")
    };
    assert_eq!(after([old, new], &[]), ["redis-1234"]);
    assert_eq!(after([old, new], &["--exclude", "redis-1234"]), ["redis-1234"]);
    assert_eq!(after([new, r#"{"cacheInstanceName":"no ID"}"#], &[]), ["redis-1234"]);
    assert_eq!(after([new, r#"{"cacheInstanceId":"redis-newer"}"#], &[]), [""; 0]);
}

#[test]
fn no_symbolic_link_in_the_caches_place_is_followed() {
    for link in ["jdredis", "jdredis/names"] {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sandbox = sandbox();
        // What another could have put there to be offered.
        at(&sandbox, other.path()).args(LIST).run().data();
        let link = home.path().join(".cache").join(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let target = other
            .path()
            .join(".cache")
            .join(link.strip_prefix(home.path().join(".cache")).unwrap());
        symlink(&target, &link).unwrap();
        let before = below(other.path()).len();
        at(&sandbox, home.path()).args(BACKUPS).run().data();
        assert_eq!(below(other.path()).len(), before, "{link:?}");
        let ids = offered(at(&sandbox, home.path()), "jdredis doctor --instance redis-12");
        assert_eq!(ids, Vec::<String>::new(), "{link:?}");
    }
}

#[test]
fn a_symbolic_link_in_the_place_of_a_list_is_replaced() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sandbox = sandbox();
    at(&sandbox, home.path()).args(LIST).run().data();
    let is_list = |path: &PathBuf| path.ends_with("instances");
    let list = below(home.path()).into_iter().find(is_list).unwrap();
    let target = other.path().join("target");
    fs::write(&target, "mine").unwrap();
    fs::remove_file(&list).unwrap();
    symlink(&target, &list).unwrap();
    at(&sandbox, home.path()).args(LIST).run().data();
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    assert!(fs::symlink_metadata(&list).unwrap().is_file());
}

#[test]
fn no_home_folder_is_made_for_a_cache() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let sandbox = sandbox();
    at(&sandbox, &home).args(LIST).run().data();
    assert!(!home.exists());
}

#[test]
fn no_cache_is_written_where_it_is_turned_off() {
    let home = tempfile::tempdir().unwrap();
    let sandbox = sandbox();
    at(&sandbox, home.path())
        .env("JDREDIS_CACHE", "off")
        .args(LIST)
        .run()
        .data();
    assert_eq!(below(home.path()), Vec::<PathBuf>::new());
}

/// As under sudo, where that keeps HOME.
#[test]
fn root_writes_no_cache_into_the_home_folder_of_another_user() {
    let home = tempfile::tempdir().unwrap();
    if chown(home.path(), Some(12345), None).is_err() {
        say_not_run("a cache under sudo", "only root can give a folder away");
        return;
    }
    let sandbox = sandbox();
    at(&sandbox, home.path()).args(LIST).run().data();
    assert_eq!(below(home.path()), Vec::<PathBuf>::new());
}
