//! SIGKILL at every system call that touches the folder, and file systems without fsync. strace injects
//! both, so where there is none, the tests say that they were not run.

use std::fs;
use std::path::Path;

use jdredis_sandbox::Delivery;

use super::{NAME, Place, SINGLE, SIZE, each};
use crate::support::{Outcome, say_not_run};

const STRACE: &str = "/usr/bin/strace";
/// What changes files and folders.
const CALLS: [&str; 9] = [
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "renameat2",
    "ftruncate",
    "unlink",
];
/// No thread makes one of these calls so often.
const MOST_CALLS: u32 = 200;

fn is_there() -> bool {
    let is_there = Path::new(STRACE).exists();
    if !is_there {
        say_not_run("kills at system calls", "there is no strace");
    }
    is_there
}

/// A run into which strace injects something.
fn traced(place: &Place, inject: &str, args: &[&str]) -> Outcome {
    traced_with(place, inject, &[], args)
}

/// As [`traced`], with further options of strace.
fn traced_with(place: &Place, inject: &str, options: &[&str], args: &[&str]) -> Outcome {
    let calls = inject.split(':').next().unwrap();
    let (trace, inject) = (format!("trace={calls}"), format!("inject={inject}"));
    let strace = [STRACE, "-f", "-qqq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    let strace = [&strace, options].concat();
    let run = place.download(SINGLE).args(args.iter().copied()).through(&strace);
    run.run()
}

/// Kills a download at each call in turn, and checks what is left and that the next run can use it.
/// `prepare` makes the folder what it is before; `old` is what may have the good name besides the object.
fn walk(prepare: impl Fn(&Place), args: &[&str], old: Option<&[u8]>) {
    let mut kills = 0;
    for call in CALLS {
        for number in 1..MOST_CALLS {
            let place = Place::new();
            prepare(&place);
            let object = place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0);
            let outcome = traced(&place, &format!("{call}:signal=KILL:when={number}"), args);
            if outcome.code == Some(0) {
                // There are fewer such calls.
                break;
            }
            kills += 1;
            if let Ok(bytes) = fs::read(place.path(NAME)) {
                assert!(bytes == object || Some(&bytes[..]) == old, "{call} {number}");
            }
            place.fetch(SINGLE, args);
            assert!(place.read(NAME) == object, "{call} {number}");
            assert_eq!(place.names(), [NAME], "{call} {number}");
        }
    }
    assert!(kills > 20, "{kills}");
}

#[test]
#[ignore = "starts some hundreds of runs under strace"]
fn killed_at_any_system_call_of_a_fetch_nothing_wrong_has_the_good_name() {
    if is_there() {
        walk(|_| {}, &[], None);
    }
}

#[test]
#[ignore = "starts some hundreds of runs under strace"]
fn killed_at_any_system_call_of_a_resume_nothing_wrong_has_the_good_name() {
    let cut = |place: &Place| {
        place.sandbox.deliver("", vec![Delivery::normal().cut_after(100_000)]);
        let run = place.download(SINGLE).args(["--max-attempts", "1"]);
        place.run(run).data_with(7);
    };
    if is_there() {
        walk(cut, &[], None);
    }
}

#[test]
#[ignore = "starts some hundreds of runs under strace"]
fn killed_at_any_system_call_of_a_replacement_the_old_file_or_the_new_one_is_there() {
    if is_there() {
        walk(
            |place| place.write(NAME, "the old one"),
            &["--force"],
            Some(b"the old one"),
        );
    }
}

#[test]
fn a_file_system_without_fsync_is_told_once_and_tolerated() {
    if !is_there() {
        return;
    }
    let place = Place::new();
    let outcome = traced(&place, "fsync,fdatasync:error=EINVAL", &["-o", "json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(outcome.stderr.matches("no fsync").count(), 1, "{outcome:#?}");
    assert_eq!(each(&outcome, "state"), ["ok"]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_folder_that_cannot_be_synchronised_at_the_end_leaves_the_file_ok_with_a_warning() {
    if !is_there() {
        return;
    }
    // Of the thread that finishes the file: the file, the folder of records, and last the folder.
    let place = Place::new();
    let outcome = traced(&place, "fsync:error=EIO:when=3", &["-o", "json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    outcome.says(&["warning: ", "a power cut may lose its name"]);
    assert_eq!(each(&outcome, "bytes"), [SIZE]);
    place.has_all_of(SINGLE);
}

#[test]
fn a_file_of_which_one_fsync_failed_is_given_up_although_the_next_one_succeeds() {
    if !is_there() {
        return;
    }
    let place = Place::new();
    // It takes five seconds to come, and the first fsync of its part follows after one.
    place.sandbox.always_deliver(Delivery::normal().throttle(SIZE / 5));
    let part = place.path(&format!("{NAME}.part"));
    // strace looks for the file when it starts.
    place.write(&format!("{NAME}.part"), "");
    let of_part = ["-P", part.to_str().unwrap()];
    let outcome = traced_with(&place, "fdatasync:error=EIO:when=1", &of_part, &["-o", "json"]);
    outcome.data_before_failure(7, &["the file cannot be written: ", "(os error 5)"]);
    assert_eq!(each(&outcome, "state"), ["incomplete"]);
    // None of its bytes is known to be on the disk, so none is kept.
    assert_eq!(fs::metadata(&part).unwrap().len(), 0);
    assert!(!place.path(NAME).exists());
    place.sandbox.deliver_normally();
    place.fetch(SINGLE, &[]);
    place.has_all_of(SINGLE);
}
