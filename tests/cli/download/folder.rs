//! The folder of a download: other files and processes in it, and its free space.

use std::fs;
use std::time::Duration;

use jdredis_sandbox::{Alteration, Delivery, Reply, StorageError};
use serde_json::{Value, json};

use super::{CLUSTER, NAME, Place, SINGLE, SIZE, each};
use crate::support::{Jdredis, say_not_run};

#[test]
fn two_runs_in_one_folder_do_not_meet() {
    let place = Place::new();
    place.sandbox.deliver("", vec![Delivery::normal().throttle(200_000)]);
    let first = place.download(SINGLE).args(["-o", "json"]).start();
    assert!(place.sandbox.wait_for_requests(3, Duration::from_secs(60)));
    let second = place.run(place.download(SINGLE));
    let holder = format!(
        "jdredis (process {}) is downloading to {}",
        first.id(),
        place.dir().display()
    );
    second.fails_saying(
        1,
        &[
            &holder,
            "hint: wait until it has ended, or give another folder with --dir",
        ],
    );
    let first = first.finish();
    assert_eq!(first.code, Some(0), "{first:#?}");
    place.check(&first);
    place.has_all_of(SINGLE);
    assert_eq!(place.fetched().len(), 1);
    // The lock went with its holder.
    place.fetch(SINGLE, &[]);
}

#[test]
fn a_file_that_is_there_is_refused_before_the_first_byte() {
    let place = Place::new();
    place.write(CLUSTER.files[2].1, "somebody's");
    let outcome = place.run(place.download(CLUSTER));
    outcome.fails_saying(
        1,
        &[
            "there are files of these names already: 20210717153657-backup4-2",
            "--dir",
            "--force",
        ],
    );
    assert!(place.fetched().is_empty());
    assert_eq!(place.names(), [CLUSTER.files[2].1]);
    assert_eq!(place.read(CLUSTER.files[2].1), b"somebody's");
    // It does not stand in the way of the others.
    place.fetch(CLUSTER, &["--node", "node 1"]);
}

#[test]
fn a_folder_of_a_files_name_is_refused_before_the_first_byte_even_with_force() {
    for force in [None, Some("--force")] {
        let place = Place::new();
        fs::create_dir_all(place.path(NAME)).unwrap();
        let outcome = place.run(place.download(SINGLE).args(force));
        let message = format!("there are folders of the files' names: {NAME}");
        outcome.fails_saying(1, &[&message, "move them away", "--dir"]);
        assert!(place.fetched().is_empty());
        assert!(place.path(NAME).is_dir());
    }
}

#[test]
fn force_replaces_a_file_only_when_the_new_one_is_whole() {
    // Of another length, and of the same.
    for length in [10, usize::try_from(SIZE).unwrap()] {
        let theirs = vec![b'x'; length];
        let place = Place::new();
        place.write(NAME, &theirs);
        for delivery in [
            Delivery::normal().cut_after(100_000),
            Delivery::error(StorageError::AccessDenied),
            Delivery::error(StorageError::NoSuchKey),
        ] {
            place.sandbox.always_deliver(delivery);
            let run = place.download(SINGLE).args(["--force", "--max-attempts", "1"]);
            place.run(run).data_with(7);
            assert!(place.read(NAME) == theirs);
        }
        // Nor by one that is corrupt.
        place.sandbox.deliver_normally();
        place.alter(SINGLE, 0, Alteration::FlipBit(200_000));
        place.run(place.download(SINGLE).args(["--force"])).data_with(7);
        assert!(place.read(NAME) == theirs);
        assert!(place.names().contains(&format!("{NAME}.corrupt")));
        // And a run without it still refuses.
        place.run(place.download(SINGLE)).failure(1);

        place.alter(SINGLE, 0, Alteration::Replace(SIZE));
        fs::remove_file(place.path(&format!("{NAME}.corrupt"))).unwrap();
        place.fetch(SINGLE, &["--force"]);
        place.has_all_of(SINGLE);
    }
}

#[test]
fn a_file_that_appears_meanwhile_is_not_overwritten() {
    let place = Place::new();
    place
        .sandbox
        .deliver("", vec![Delivery::normal().delay(Duration::from_secs(1))]);
    let running = place.download(SINGLE).args(["-o", "json"]).start();
    assert!(place.sandbox.wait_for_requests(3, Duration::from_secs(60)));
    place.write(NAME, "somebody's");
    let outcome = running.finish();
    place.check(&outcome);
    outcome.data_with(7);
    outcome.says(&["a file of its name has appeared meanwhile; --force replaces it"]);
    assert_eq!(place.read(NAME), b"somebody's");

    // Nothing of it has to be fetched again.
    let outcome = place.fetch(SINGLE, &["--force", "-o", "json"]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    assert_eq!(place.fetched().len(), 1);
    place.has_all_of(SINGLE);
}

#[test]
fn a_folder_that_cannot_be_one_is_told_before_the_first_byte() {
    let place = Place::new();
    fs::write(place.dir(), "a file").unwrap();
    let outcome = place.run(place.download(SINGLE));
    outcome.fails_saying(
        1,
        &["backups", "hint: give a folder that this user can write with --dir"],
    );
    assert!(place.fetched().is_empty());
}

#[test]
#[cfg(unix)]
fn a_folder_where_no_byte_may_be_written_names_the_limit() {
    let place = Place::new();
    let limit = ["sh", "-c", "ulimit -f 0; exec \"$0\" \"$@\""];
    let outcome = place.run(place.download(SINGLE).through(&limit));
    outcome.fails_saying(
        1,
        &[
            "File too large",
            "hint: raise what limits the size of files: 'ulimit -f'",
        ],
    );
    assert!(place.fetched().is_empty());
}

#[test]
#[cfg(unix)]
fn a_folder_that_may_not_be_written_is_told_before_the_first_byte() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    fs::create_dir(place.dir()).unwrap();
    fs::set_permissions(place.dir(), fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(place.path("x"), "").is_ok() {
        return say_not_run("a folder that may not be written", "nothing is forbidden to this user");
    }
    let outcome = place.run(place.download(SINGLE));
    outcome.fails_saying(
        1,
        &[
            "ermission denied",
            "hint: give a folder that this user can write with --dir",
        ],
    );
    assert!(place.fetched().is_empty());
}

#[test]
fn an_obstacle_to_one_file_is_reported_and_leaves_the_others_alone() {
    for in_the_way in [
        format!("{}.part", CLUSTER.files[0].1),
        format!(".jdredis/{}.json", CLUSTER.files[0].1),
    ] {
        let place = Place::new();
        fs::create_dir_all(place.path(&in_the_way).join("x")).unwrap();
        let outcome = place.run(place.download(CLUSTER).args(["-o", "json"]));
        outcome.data_with(7);
        assert_eq!(each(&outcome, "state"), ["incomplete", "ok", "ok", "ok"]);
        outcome.says(&["node 0: incomplete, the file cannot be "]);
    }
    // One that comes while the file is fetched costs nothing of it.
    let place = Place::new();
    place.sandbox.deliver("", vec![Delivery::normal().throttle(200_000)]);
    let run = place.download(SINGLE).args(["--force", "-o", "json"]).start();
    assert!(place.sandbox.wait_for_requests(3, Duration::from_secs(60)));
    fs::create_dir(place.path(NAME)).unwrap();
    run.finish().data_with(7);
    assert!(place.path(NAME).is_dir());
    fs::remove_dir(place.path(NAME)).unwrap();
    let outcome = place.fetch(SINGLE, &[]);
    assert_eq!(place.fetched().len(), 1, "{outcome:#?} {:#?}", place.fetched());
}

#[test]
#[cfg(unix)]
fn nothing_is_written_through_links_in_the_folder() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    for hard in [false, true] {
        let place = Place::new();
        fs::create_dir(place.dir()).unwrap();
        let precious = place.home.path().join("precious");
        fs::write(&precious, "precious").unwrap();
        let part = place.path(&format!("{NAME}.part"));
        if hard {
            fs::hard_link(&precious, part).unwrap();
        } else {
            symlink(&precious, part).unwrap();
        }
        place.fetch(SINGLE, &[]);
        assert_eq!(fs::read(&precious).unwrap(), b"precious");
        let whole = fs::symlink_metadata(place.path(NAME)).unwrap();
        assert!(whole.is_file());
        assert_eq!(whole.permissions().mode() & 0o777, 0o600);
        place.has_all_of(SINGLE);
    }

    // A link by the name of the file itself is a file that is there.
    let place = Place::new();
    fs::create_dir(place.dir()).unwrap();
    let precious = place.home.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    symlink(&precious, place.path(NAME)).unwrap();
    place.run(place.download(SINGLE)).failure(1);
    place.fetch(SINGLE, &["--force"]);
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    place.has_all_of(SINGLE);
    // And so is one that leads nowhere.
    let place = Place::new();
    fs::create_dir(place.dir()).unwrap();
    symlink("nowhere", place.path(NAME)).unwrap();
    place.run(place.download(SINGLE)).failure(1);
    assert!(place.fetched().is_empty());
}

#[test]
#[cfg(unix)]
fn a_part_that_all_users_may_write_is_not_written_into() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let part = format!("{NAME}.part");
    place.write(&part, "x");
    fs::set_permissions(place.path(&part), fs::Permissions::from_mode(0o666)).unwrap();
    place.fetch(SINGLE, &[]);
    let mode = place.path(NAME).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// A listing in which the backup is of this size.
fn of_size(base_id: &str, size: &Value) -> Reply {
    let backup = json!({"baseId": base_id, "backupStatus": 2, "backupSize": size});
    Reply::json(200, json!({"result": backup}).to_string())
}

#[test]
fn a_disk_without_room_is_told_before_the_first_byte() {
    let place = Place::new();
    place
        .sandbox
        .script_for("/backup/", vec![of_size(SINGLE.base_id, &json!(1_u64 << 60))]);
    let outcome = place.run(place.download(SINGLE));
    outcome.fails_saying(
        1,
        &[
            "1.0 EiB are still to be fetched, and the folder's disk has room for ",
            "hint: make room",
        ],
    );
    assert!(place.fetched().is_empty());
    assert_eq!(place.names(), Vec::<String>::new());
}

#[test]
#[cfg(unix)]
fn a_file_that_is_to_be_replaced_takes_room_until_then() {
    let place = Place::new();
    place.write(NAME, "");
    let theirs = fs::File::options().write(true).open(place.path(NAME)).unwrap();
    // Larger than most disks, and takes none of it.
    if theirs.set_len(1 << 43).is_err() {
        return say_not_run("a file larger than the disk", "the file system has none of that length");
    }
    place
        .sandbox
        .script_for("/backup/", vec![of_size(SINGLE.base_id, &json!(1_u64 << 43))]);
    let outcome = place.run(place.download(SINGLE).args(["--force"]));
    outcome.fails_saying(1, &["8.0 TiB are still to be fetched"]);
    assert!(place.fetched().is_empty());
}

#[test]
fn a_file_that_is_there_needs_no_room() {
    let place = Place::new();
    place.fetch(SINGLE, &[]);
    // All of it is there already, and the sandbox says so.
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "resumedFrom"), [SIZE]);
    assert_eq!(place.asked_for("/backup/"), 2);
}

#[test]
fn an_unknown_size_stops_nothing() {
    let place = Place::new();
    let outcome = place.fetch(
        super::Backup {
            base_id: "unsized",
            ..SINGLE
        },
        &[],
    );
    outcome.data();

    // Keys that may fetch links need not be allowed to list backups.
    let place = Place::new();
    place.sandbox.script_for(
        "/backup/",
        vec![Reply::error(403, "HTTP_FORBIDDEN", "not authorized [IAM] [gw]")],
    );
    place.fetch(SINGLE, &["-o", "json"]).data();
    place.has_all_of(SINGLE);

    // A line under -v says so.
    let place = Place::new();
    place.sandbox.script_for(
        "/backup/",
        vec![Reply::error(403, "HTTP_FORBIDDEN", "not authorized [IAM] [gw]")],
    );
    let outcome = place.fetch(SINGLE, &["-v"]);
    outcome.says(&["the keys may not look", "not authorized"]);
    place.has_all_of(SINGLE);

    // Another failure may hide that the disk is too small.
    let place = Place::new();
    let failure = Reply::error(400, "FAILED_PRECONDITION", "not now");
    place.sandbox.script_for("/backup/", vec![failure]);
    let warning = "warning: whether the disk has room enough is unknown: ";
    place.fetch(SINGLE, &[]).data_saying(&[warning, "not now"]);

    // An answer without it, and one of what is no size.
    for reply in [
        of_size(SINGLE.base_id, &json!("much")),
        of_size(SINGLE.base_id, &json!(null)),
    ] {
        let place = Place::new();
        place.sandbox.script_for("/backup/", vec![reply]);
        place.fetch(SINGLE, &[]).data();
        place.has_all_of(SINGLE);
    }
}

#[test]
#[cfg(unix)]
fn a_disk_that_is_full_is_told_and_gone_on_from_once_it_is_not() {
    let place = Place::new();
    // In blocks of 512 or 1024 bytes: between a third and two thirds of the file.
    let shell = "trap '' XFSZ; ulimit -f 200; exec \"$@\"";
    let run = place
        .download(SINGLE)
        .args(["-o", "json"])
        .through(&["/bin/sh", "-c", shell, "sh"]);
    let outcome = place.run(run);
    outcome.data_with(7);
    outcome.says(&["node 0: incomplete, the file cannot be "]);
    assert_eq!(each(&outcome, "state"), ["incomplete"]);
    assert_eq!(place.fetched().len(), 1);
    assert_eq!(place.names(), [format!("{NAME}.part")]);
    place.fetch(SINGLE, &["-o", "json"]);
    place.has_all_of(SINGLE);
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_a_dangling_link_is_named_as_one() {
    let place = Place::new();
    std::os::unix::fs::symlink("nowhere/at/all", place.dir()).unwrap();
    let said = format!(
        "{} is a link to nowhere/at/all, which does not exist",
        place.dir().display()
    );
    for dir in [place.dir(), place.dir().join("below"), place.dir().join("")] {
        let args = ["backup", "download", "--region", "cn-north-1", "--http", "--latest"];
        let outcome = Jdredis::at(&place.sandbox)
            .args(args)
            .args(["--instance", SINGLE.instance, "--dir", dir.to_str().unwrap()])
            .run();
        outcome.fails_saying(1, &[&said, "hint: make the folder that it leads to"]);
    }
}
