//! `backup download`: a file a topic.
//!
//! Every run goes through [`Place`], which also looks for secrets in all that it left on the disk
//! and for what must never be sent to the storage.

mod disagreement;
mod faults;
mod folder;
mod integrity;
#[cfg(target_os = "linux")]
mod kills;
mod links;
mod meddling;
mod outside;
mod pieces;
mod progress;
mod resume;
mod scripted;
#[cfg(unix)]
mod signals;
mod trust;
mod whole;

use std::fs;
use std::path::{Path, PathBuf};

use jdredis_sandbox::{Alteration, Builder, Delivery, Request, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{ACCESS_KEY, Jdredis, Outcome, SECRET_KEY, sandbox_builder};

/// A backup that the sandbox has.
#[derive(Debug, Clone, Copy)]
struct Backup {
    instance: &'static str,
    base_id: &'static str,
    /// The nodes and the names of their files.
    files: &'static [(&'static str, &'static str)],
}

const SINGLE: Backup = Backup {
    instance: "redis-1234",
    base_id: "1234",
    files: &[("node 0", "20210714153657-backup1-0")],
};
const CLUSTER: Backup = Backup {
    instance: "redis-cluster1",
    base_id: "a607efba-ff06-4d78-ba3c-b3119fce27fd",
    files: &[
        ("node 0", "20210717153657-backup4-0"),
        ("node 1", "20210717153657-backup4-1"),
        ("node 2", "20210717153657-backup4-2"),
        ("node 3", "20210717153657-backup4-3"),
    ],
};
const TWINS: Backup = Backup {
    instance: "redis-twins",
    base_id: "twins",
    files: &[
        ("node 0", "20210717153657-twins"),
        ("node 1", "20210717153657-twins-2"),
        ("node 2", "20210717153657-twins-3"),
        ("node 3", "20210717153657-twins-4"),
    ],
};
const NAMELESS: Backup = Backup {
    instance: "redis-nameless",
    base_id: "nameless",
    files: &[
        ("shard 0", "20210717153657-nameless-0"),
        ("shard 1", "20210717153657-nameless-1"),
    ],
};

/// The name of the only file of [`SINGLE`].
const NAME: &str = SINGLE.files[0].1;

/// The size of the sandbox's objects unless a test sets another.
const SIZE: u64 = 300_000;

/// Larger files are not looked through for secrets, which would take most of a test's time.
const LOOKED_THROUGH: u64 = 1 << 20;

/// A sandbox, and a folder for what is fetched from it.
struct Place {
    sandbox: Sandbox,
    home: TempDir,
}

impl Place {
    fn new() -> Self {
        Self::of(sandbox_builder())
    }

    fn of(builder: Builder) -> Self {
        Self {
            sandbox: builder.start().unwrap(),
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// The folder for the files, which is not there at first.
    fn dir(&self) -> PathBuf {
        self.home.path().join("backups")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}; there are {:?}", self.names()))
    }

    /// Writes a file of this name, and makes its folder if needed.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The names in the folder, sorted, without `.jdredis`, which is the program's own.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir()).into_iter().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != ".jdredis")
            .collect();
        names.sort();
        names
    }

    /// A download in the making, over the sandbox's plain HTTP.
    fn download(&self, backup: Backup) -> Jdredis<'_> {
        self.download_encrypted(backup).args(["--http"])
    }

    fn download_encrypted(&self, backup: Backup) -> Jdredis<'_> {
        Jdredis::at(&self.sandbox)
            .args(["backup", "download", "--region", "cn-north-1"])
            .args(["--instance", backup.instance, "--base-id", backup.base_id])
            .args(["--dir", self.dir().to_str().unwrap()])
    }

    /// Runs to the end, and checks what must hold after each and every run.
    fn run(&self, download: Jdredis<'_>) -> Outcome {
        let mut outcome = download.run();
        self.check(&outcome);
        outcome.stderr = without_summary(&outcome.stderr);
        outcome
    }

    #[track_caller]
    fn check(&self, outcome: &Outcome) {
        assert!(!outcome.stdout.contains("X-Amz-"), "a link in the data: {outcome:#?}");
        assert!(!outcome.stderr.contains("X-Amz-"), "a link on stderr: {outcome:#?}");
        assert!(
            self.sandbox.refusals().is_empty(),
            "{:#?} {outcome:#?}",
            self.sandbox.refusals()
        );
        look_for_secrets(self.home.path());
    }

    /// Downloads and must end with success, whatever it has to note; the data.
    #[track_caller]
    fn fetch(&self, backup: Backup, args: &[&str]) -> Outcome {
        let outcome = self.run(self.download(backup).args(args.iter().copied()));
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        outcome
    }

    /// Every file of the backup must be there, each byte the object's, and nothing else.
    #[track_caller]
    fn has_all_of(&self, backup: Backup) {
        let names: Vec<&str> = backup.files.iter().map(|(_, name)| *name).collect();
        assert_eq!(self.names(), names);
        for (i, (_, name)) in backup.files.iter().enumerate() {
            let object = self.sandbox.object(backup.instance, backup.base_id, i);
            assert!(self.read(name) == object, "{name} is not the object");
        }
    }

    /// The requests to the storage so far, in order.
    fn fetched(&self) -> Vec<Request> {
        let requests = self.sandbox.requests().into_iter();
        requests.filter(Request::is_for_storage).collect()
    }

    /// How often links were asked for.
    fn asked_for_links(&self) -> usize {
        self.asked_for("describeDownloadUrl")
    }

    fn asked_for(&self, part_of_target: &str) -> usize {
        let requests = self.sandbox.requests();
        let hits = requests.iter().filter(|request| !request.is_for_storage());
        hits.filter(|request| request.target.contains(part_of_target)).count()
    }

    fn alter(&self, backup: Backup, node: usize, alteration: Alteration) {
        self.sandbox.alter(backup.instance, backup.base_id, node, &alteration);
    }
}

/// The name of the part of [`SINGLE`]'s file.
fn part() -> String {
    format!("{NAME}.part")
}

/// The object of [`SINGLE`]'s file.
fn object(place: &Place) -> Vec<u8> {
    place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0)
}

/// A place in which a first run for [`SINGLE`] was cut off after so many bytes.
fn cut_after(bytes: u64) -> Place {
    let place = Place::new();
    cut(&place, bytes);
    place
}

/// Runs a download of [`SINGLE`] that is cut off after so many bytes.
#[track_caller]
fn cut(place: &Place, bytes: u64) {
    place.sandbox.deliver("", vec![Delivery::normal().cut_after(bytes)]);
    let outcome = place.run(place.download(SINGLE).args(["--max-attempts", "1", "-o", "json"]));
    outcome.data_with(7);
    assert_eq!(each(&outcome, "state"), ["incomplete"]);
    assert_eq!(each(&outcome, "bytes"), [bytes]);
    assert_eq!(each(&outcome, "sha256"), [Value::Null]);
    assert_eq!(place.names(), [part()]);
    assert_eq!(place.read(&part()).len() as u64, bytes);
}

/// The ETag that the record of [`SINGLE`]'s file holds.
fn etag(place: &Place) -> String {
    let record: Value = serde_json::from_slice(&place.read(&format!(".jdredis/{NAME}.json"))).unwrap();
    record["etag"].as_str().unwrap().to_owned()
}

/// Standard error without the summary at the end, which differs in each run.
fn without_summary(stderr: &str) -> String {
    let is_summary = |line: &&str| {
        line.starts_with("note: already here: ") || (line.starts_with("note: ") && line.contains(" came in "))
    };
    stderr.split_inclusive('\n').filter(|line| !is_summary(line)).collect()
}

/// No file below the folder may hold a key, or a link or any part of one that matters.
#[track_caller]
fn look_for_secrets(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() {
            look_for_secrets(&path);
        } else if kind.is_file() && kind.len() <= LOOKED_THROUGH {
            let bytes = fs::read(&path).unwrap();
            for secret in ["X-Amz-", "Signature", "http://", "https://", ACCESS_KEY, SECRET_KEY] {
                let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!is_there, "{secret} in {}", path.display());
            }
        }
    }
}

/// The files of a manifest.
#[track_caller]
fn files(outcome: &Outcome) -> Vec<Value> {
    let manifest: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("no manifest: {outcome:#?}"));
    manifest["files"].as_array().unwrap().clone()
}

/// A field of each file of a manifest.
#[track_caller]
fn each(outcome: &Outcome, field: &str) -> Vec<Value> {
    files(outcome).iter().map(|file| file[field].clone()).collect()
}

/// The start of the range of each request, and its condition.
fn ranges(requests: &[Request]) -> Vec<(Option<&str>, Option<&str>)> {
    let ranges = requests
        .iter()
        .map(|request| (request.header("range"), request.header("if-match")));
    ranges.collect()
}
