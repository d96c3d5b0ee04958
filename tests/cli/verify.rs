//! `backup verify`: files of a real server, whole and damaged in every way.
//!
//! The samples are what redis-server 7.0.15 saved after commands for strings (one of them
//! compressed, one with an expiry), a list, a hash, sets, a sorted set and a stream with a group, in
//! two databases; `types-without-checksum.rdb` with `--rdbchecksum no`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Jdredis, Outcome};

const TYPES: &[u8] = include_bytes!("data/types.rdb");
const WITHOUT_CHECKSUM: &[u8] = include_bytes!("data/types-without-checksum.rdb");

/// A folder with files to verify, which is where the program runs.
struct Files(TempDir);

impl Files {
    fn of(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Verifies these, with nothing in the environment that would lead to the service.
    fn verify(&self, args: &[&str]) -> Outcome {
        Jdredis::bare()
            .current_dir(self.path())
            .args(["backup", "verify"])
            .args(args.iter().copied())
            .run()
    }
}

fn damaged() -> Vec<u8> {
    let mut bytes = TYPES.to_vec();
    bytes[100] ^= 1;
    bytes
}

#[test]
fn files_that_a_real_server_saved_are_ok() {
    let files = Files::of(&[("types.rdb", TYPES)]);
    assert_eq!(files.verify(&["-o", "plain", "types.rdb"]).data(), "ok types.rdb\n");
    let table = "STATE  BYTES  REDIS   MADE                  DBS  KEYS  FILE       REASON\n\
                 ok     469    7.0.15  2026-11-24T07:11:34Z  2    11    types.rdb  -\n";
    assert_eq!(files.verify(&["types.rdb"]).data(), table);
    let rdb = json!({
        "version": 10,
        "redisVersion": "7.0.15",
        "createdAt": "2026-11-24T07:11:34Z",
        "usedMemory": 1_142_864,
        "checksum": "right",
        "databases": [{"db": 0, "keys": 10, "expires": 1}, {"db": 3, "keys": 1, "expires": 0}],
        "functions": 0,
        "modules": [],
    });
    let file = json!({"path": "types.rdb", "bytes": TYPES.len(), "state": "ok", "reason": null, "rdb": rdb});
    let manifest = json!({"files": [file]});
    let printed: Value = serde_json::from_str(files.verify(&["-o", "json", "types.rdb"]).data()).unwrap();
    // As text, so that the order counts.
    assert_eq!(printed.to_string(), manifest.to_string());
}

#[test]
fn a_file_without_a_checksum_is_unverified_and_no_failure() {
    let files = Files::of(&[("off.rdb", WITHOUT_CHECKSUM)]);
    let outcome = files.verify(&["-o", "plain", "off.rdb"]);
    assert_eq!(outcome.data_with(0), "unverified off.rdb\n");
    assert_eq!(
        outcome.stderr,
        "warning: off.rdb is unverified: written without a checksum; structure whole to the last byte, contents \
         unchecked\n"
    );
    let quiet = files.verify(&["-q", "-o", "plain", "off.rdb"]);
    assert_eq!(
        quiet.data_saying(&["warning: off.rdb is unverified: "]),
        "unverified off.rdb\n"
    );
    let silent = files.verify(&["-qq", "-o", "plain", "off.rdb"]);
    assert_eq!(silent.data(), "unverified off.rdb\n");
}

#[test]
fn quiet_leaves_out_the_rows_of_good_files_and_keeps_the_data() {
    let files = Files::of(&[
        ("whole.rdb", TYPES),
        ("off.rdb", WITHOUT_CHECKSUM),
        ("cut.rdb", &TYPES[..20]),
    ]);
    assert_eq!(files.verify(&["-q", "whole.rdb"]).data(), "");
    let outcome = files.verify(&["-q", "whole.rdb", "off.rdb", "cut.rdb"]);
    let rows: Vec<&str> = outcome
        .data_with(7)
        .lines()
        .map(|row| row.split(' ').next().unwrap())
        .collect();
    assert_eq!(rows, ["STATE", "unverified", "corrupt"]);
    assert_eq!(
        files.verify(&["-q", "-o", "plain", "whole.rdb"]).data(),
        "ok whole.rdb\n"
    );
    assert!(
        files
            .verify(&["-q", "-o", "json", "whole.rdb"])
            .data()
            .contains("whole.rdb")
    );
}

#[test]
fn a_file_that_is_no_rdb_file_fails_and_is_named() {
    for (content, what, hint) in [
        (
            &b"not one at all"[..],
            "it does not begin like one",
            "fetch a damaged one again",
        ),
        (
            b"\x1f\x8b\x08\0and more",
            "gzip data",
            "look inside with: gunzip -c 'a file' | jdredis backup verify -",
        ),
        (b"<?xml version='1.0'?><Error/>", "an XML document", "read the text"),
        (&[0; 5000], "every byte is zero", "fetch a damaged one again"),
        (
            b"REDI",
            "only the first 4 bytes of one are there",
            "fetch a damaged one again",
        ),
    ] {
        let files = Files::of(&[("a file", content)]);
        let outcome = files.verify(&["-q", "-o", "json", "a file"]);
        let manifest: Value = serde_json::from_str(outcome.data_with(7)).unwrap();
        let file = &manifest["files"][0];
        assert_eq!(file["state"], "not-rdb");
        assert_eq!(file["reason"], format!("not an RDB file: {what}"));
        assert_eq!(file["rdb"], Value::Null);
        outcome.says(&[hint]);
        assert_eq!(
            files.verify(&["-q", "-o", "plain", "a file"]).data_with(7),
            "not-rdb a file\n"
        );
    }
}

#[test]
fn a_structure_that_is_not_understood_is_noted() {
    // The type of the first key is one that no server of today writes, and the checksum is right.
    let content = b"REDIS0009\xfe\0\xdc\x03key\xff\xbc\xd3\xc9\x50\xbb\xce\x77\x78";
    let files = Files::of(&[("new.rdb", content)]);
    let outcome = files.verify(&["new.rdb"]);
    let note = "the checksum is right; not understood from byte 11 on (unknown type or opcode 220)";
    assert_eq!(outcome.stderr, format!("note: new.rdb: {note}\n"));
    assert!(
        outcome
            .data_with(0)
            .lines()
            .nth(1)
            .unwrap()
            .ends_with(&format!("new.rdb  {note}"))
    );
    assert_eq!(files.verify(&["-q", "-o", "plain", "new.rdb"]).data(), "ok new.rdb\n");
}

#[test]
fn bytes_after_the_end_are_counted_and_named() {
    let second = [TYPES, WITHOUT_CHECKSUM].concat();
    let marked = [TYPES, &[b'f'; 40]].concat();
    let files = Files::of(&[("second", &second), ("marked", &marked)]);
    let outcome = files.verify(&["second", "marked"]);
    outcome.data_with(7);
    let end = TYPES.len();
    outcome.says(&[
        &format!("\n  second: corrupt, a second RDB file begins at byte {end}\n"),
        &format!("\n  marked: corrupt, whole and right up to byte {end}; 40 bytes follow (a replication end mark)\n"),
        &format!("head -c {end} second > first.rdb"),
        &format!("head -c {end} marked > whole.rdb"),
    ]);
    assert!(!outcome.stderr.contains("fetch"), "{outcome:#?}");
}

#[test]
fn files_come_in_the_order_given_and_each_that_is_bad_is_named() {
    let damaged = damaged();
    let files = Files::of(&[("b", TYPES), ("a", &damaged), ("d", b""), ("c", WITHOUT_CHECKSUM)]);
    let outcome = files.verify(&["-o", "plain", "b", "a", "missing", "d", "c", "b"]);
    assert_eq!(
        outcome.data_with(7),
        "ok b\ncorrupt a\nunreadable missing\ncorrupt d\nunverified c\nok b\n"
    );
    outcome.says(&[
        "warning: c is unverified: ",
        "error: 3 of 6 files cannot be relied on\n",
        "\n  a: corrupt, the checksum written is ",
        "\n  missing: unreadable, ",
        "\n  d: corrupt, empty\n",
        "fetch a damaged one again",
    ]);

    let json = files.verify(&["-o", "json", "a", "d"]);
    let manifest: Value = serde_json::from_str(json.data_with(7)).unwrap();
    assert_eq!(manifest["files"][0]["bytes"], TYPES.len());
    assert_eq!(manifest["files"][0]["state"], "corrupt");
    assert_eq!(manifest["files"][1]["reason"], "empty");
    let error: Value = serde_json::from_str(json.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["kind"], "integrity");
}

#[test]
fn every_byte_counts() {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for at in 0..TYPES.len() {
        for bit in 0..8 {
            let mut bytes = TYPES.to_vec();
            bytes[at] ^= 1 << bit;
            files.push((format!("changed-{at}-{bit}"), bytes));
        }
    }
    for length in 9..TYPES.len() {
        files.push((format!("cut-{length}"), TYPES[..length].to_vec()));
    }
    files.push(("longer".to_owned(), [TYPES, b"\n"].concat()));
    files.push(("twice".to_owned(), [TYPES, &[0; 9]].concat()));
    files.push((
        "cut-without-checksum".to_owned(),
        WITHOUT_CHECKSUM[..WITHOUT_CHECKSUM.len() - 1].to_vec(),
    ));
    let given: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let folder = Files::of(&given);
    let names: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
    let args: Vec<&str> = ["-o", "plain"].into_iter().chain(names.iter().copied()).collect();
    let outcome = folder.verify(&args);
    let wrong: Vec<&str> = outcome
        .data_with(7)
        .lines()
        .filter(|line| !line.starts_with("corrupt "))
        .collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_dash_is_standard_input() {
    let verify = |stdin: &[u8]| {
        let run = Jdredis::bare().args(["backup", "verify", "-", "-o", "plain"]);
        run.run_with_stdin(stdin)
    };
    assert_eq!(verify(TYPES).data(), "ok -\n");
    assert_eq!(verify(&damaged()).data_with(7), "corrupt -\n");
    let empty = verify(b"");
    assert_eq!(empty.data_with(7), "corrupt -\n");
    empty.says(&["-: corrupt, empty"]);
}

/// A FIFO in a folder of files.
#[cfg(unix)]
fn fifo() -> Files {
    let files = Files::of(&[]);
    let made = std::process::Command::new("mkfifo")
        .arg(files.path().join("fifo"))
        .status();
    assert!(made.unwrap().success());
    files
}

#[cfg(unix)]
#[test]
fn a_fifo_is_read_to_its_end() {
    let files = fifo();
    let path = files.path().join("fifo");
    std::thread::scope(|scope| {
        // As with `jdredis backup verify <(zcat FILE.gz)`, the writer may come late.
        scope.spawn(|| fs::write(&path, TYPES).unwrap());
        assert_eq!(files.verify(&["-o", "plain", "fifo"]).data(), "ok fifo\n");
    });
}

#[cfg(unix)]
#[test]
fn a_fifo_that_gives_nothing_is_given_up() {
    let files = fifo();
    // One that nobody writes to, and one that somebody holds open.
    let outcome = files.verify(&["--timeout", "1", "-o", "plain", "fifo"]);
    assert_eq!(outcome.data_with(7), "unreadable fifo\n");
    outcome.says(&["fifo: unreadable, nothing came from it for 1 s; --timeout allows for more"]);
    let held = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(files.path().join("fifo"))
        .unwrap();
    let outcome = files.verify(&["--timeout", "1", "-o", "plain", "fifo"]);
    assert_eq!(outcome.data_with(7), "unreadable fifo\n");
    drop(held);
}

#[test]
fn a_large_file_is_read_in_pieces_to_its_end() {
    let sandbox = crate::support::sandbox_builder()
        .object_size(3_000_001)
        .start()
        .unwrap();
    let object = sandbox.object("redis-1234", "1234", 0);
    let files = Files::of(&[("large", &object), ("cut", &object[..2_999_999])]);
    let outcome = files.verify(&["-o", "json", "large", "cut"]);
    let manifest: Value = serde_json::from_str(outcome.data_with(7)).unwrap();
    assert_eq!(manifest["files"][0]["state"], "ok");
    assert_eq!(manifest["files"][0]["bytes"], 3_000_001);
    assert_eq!(manifest["files"][1]["state"], "corrupt");
    assert!(sandbox.requests().is_empty());
}

#[test]
fn names_are_shown_and_do_not_act() {
    let files = Files::of(&[("a\u{1b}[2Jb", TYPES)]);
    let outcome = files.verify(&["-o", "plain", "a\u{1b}[2Jb"]);
    assert_eq!(outcome.data(), "ok a\\u{1b}[2Jb\n");
    assert!(!files.verify(&["a\u{1b}[2Jb"]).data().contains('\u{1b}'));
}

#[test]
fn without_a_file_there_is_nothing_to_do() {
    Jdredis::bare()
        .args(["backup", "verify"])
        .run()
        .fails_saying(2, &["<FILE>..."]);
}
