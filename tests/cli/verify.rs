//! `backup verify`: files of a real server and what can be wrong with them.
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
fn what_a_real_server_saved_is_ok() {
    let files = Files::of(&[("types.rdb", TYPES)]);
    assert_eq!(files.verify(&["-o", "plain", "types.rdb"]).data(), "ok types.rdb\n");
    let table = format!(
        "STATE  BYTES  FILE       REASON\nok     {}    types.rdb  -\n",
        TYPES.len()
    );
    assert_eq!(files.verify(&["types.rdb"]).data(), table);
    let manifest = json!({"files": [{"path": "types.rdb", "bytes": TYPES.len(), "state": "ok", "reason": null}]});
    let printed: Value = serde_json::from_str(files.verify(&["-o", "json", "types.rdb"]).data()).unwrap();
    // As text, so that the order counts.
    assert_eq!(printed.to_string(), manifest.to_string());
}

#[test]
fn a_file_without_a_checksum_is_unverified_and_no_failure() {
    let files = Files::of(&[("off.rdb", WITHOUT_CHECKSUM), ("other", b"not one at all")]);
    let outcome = files.verify(&["-o", "plain", "off.rdb", "other"]);
    assert_eq!(outcome.data_with(0), "unverified off.rdb\nunverified other\n");
    assert_eq!(
        outcome.stderr,
        "warning: off.rdb is unverified: written without a checksum (rdbchecksum no)\n\
         warning: other is unverified: not an RDB file, as far as its beginning tells\n"
    );
    let quiet = files.verify(&["-q", "-o", "plain", "off.rdb"]);
    assert_eq!(quiet.data(), "unverified off.rdb\n");
}

#[test]
fn files_come_in_the_order_given_and_each_that_is_bad_is_named() {
    let damaged = damaged();
    let files = Files::of(&[("b", TYPES), ("a", &damaged), ("d", b""), ("c", WITHOUT_CHECKSUM)]);
    fs::create_dir(files.path().join("folder")).unwrap();
    let outcome = files.verify(&["-o", "plain", "b", "a", "missing", "folder", "d", "c", "b"]);
    assert_eq!(
        outcome.data_with(7),
        "ok b\ncorrupt a\nunreadable missing\nunreadable folder\ncorrupt d\nunverified c\nok b\n"
    );
    outcome.says(&[
        "warning: c is unverified: ",
        "error: 4 of 7 files cannot be relied on\n",
        "\n  a: corrupt, the checksum written is ",
        "\n  missing: unreadable, ",
        "\n  folder: unreadable, ",
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
    // Not the magic and the version, without which it is another kind of file.
    for at in 9..TYPES.len() {
        let mut bytes = TYPES.to_vec();
        bytes[at] ^= 0x40;
        files.push((format!("changed-{at}"), bytes));
    }
    for length in 5..TYPES.len() {
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
    let expected: String = names.iter().map(|name| format!("corrupt {name}\n")).collect();
    assert_eq!(folder.verify(&args).data_with(7), expected);
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
