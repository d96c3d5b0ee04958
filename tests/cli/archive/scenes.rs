//! What is run again and again under faults and kills: `archive sync` with a policy, `archive prune`, `archive drill` and
//! `backup download`, each with the same beginning and with what must hold after it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use jdredis_sandbox::Sandbox;
use serde_json::Value;
use tempfile::TempDir;

use super::Made;
use super::fleet::{Fleet, NORTH, backups_in, files_below};
use crate::support::{Jdredis, Outcome, sandbox};

/// What is run again and again, from the same beginning.
pub(super) trait Scene {
    /// Makes its folder what it is before the run.
    fn prepare(&self);
    fn run(&self) -> Jdredis<'_>;
    /// What looks whole without being so, or is gone that must stay; empty where all is well.
    fn wrongs(&self) -> Vec<String>;
    /// Whether its folder is as a run leaves it that met no trouble.
    fn is_done(&self) -> bool;
    /// Whether such a run's data have come.
    fn has_printed(&self, outcome: &Outcome) -> bool;
    /// Whether its threads and children are traced, too.
    fn is_traced_whole(&self) -> bool {
        true
    }
}

/// The files of a folder with their content, those of the program itself left out.
type Content = BTreeMap<PathBuf, Vec<u8>>;

/// What is in a folder, but for the moment at which a backup was fetched.
fn content(folder: &Path) -> Content {
    let named = files_below(folder).into_iter().map(|path| {
        let bytes = fs::read(&path).unwrap();
        let bytes = match path.ends_with("backup.json") {
            true => {
                let mut manifest: Value = serde_json::from_slice(&bytes).unwrap();
                manifest["fetchedAt"] = Value::Null;
                manifest.to_string().into_bytes()
            }
            false => bytes,
        };
        (path.strip_prefix(folder).unwrap().to_owned(), bytes)
    });
    named.collect()
}

/// The whole backups of an archive, by base ID.
fn whole(dir: &Path) -> BTreeMap<String, Content> {
    let backups = backups_in(dir).into_iter();
    backups.map(|(base_id, folder)| (base_id, content(&folder))).collect()
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}

/// `archive sync --keep-last 2` of one instance that has a new backup, so that an old one goes.
pub(super) struct Sync {
    fleet: Fleet,
    before: TempDir,
    whole: BTreeMap<String, Content>,
}

impl Sync {
    pub(super) fn new() -> Self {
        let fleet = Fleet::new();
        fleet.add(NORTH, "redis-a", &[2, 26, 50]);
        fleet.synced(0, &[]);
        let whole = whole(&fleet.dir());
        fs::remove_dir_all(&fleet.backups()["redis-a-2"]).unwrap();
        let before = tempfile::tempdir().unwrap();
        copy(&fleet.dir(), &before.path().join("archive"));
        Self { fleet, before, whole }
    }
}

impl Scene for Sync {
    fn prepare(&self) {
        self.fleet.sandbox.forget_requests();
        copy(&self.before.path().join("archive"), &self.fleet.dir());
    }

    fn run(&self) -> Jdredis<'_> {
        self.fleet.sync(&[
            "--keep-last",
            "2",
            "-o",
            "json",
            "--max-attempts",
            "1",
            "--timeout",
            "5",
        ])
    }

    fn wrongs(&self) -> Vec<String> {
        wrongs_of(&self.fleet.dir(), &self.whole, &["redis-a-26"])
    }

    fn is_done(&self) -> bool {
        self.fleet.base_ids() == ["redis-a-2", "redis-a-26"] && is_tidy(&self.fleet.dir())
    }

    fn has_printed(&self, outcome: &Outcome) -> bool {
        printed_document(outcome, "instances")
    }
}

/// The backups in an archive that are not as they were once, and those that must stay and did not.
fn wrongs_of(dir: &Path, expected: &BTreeMap<String, Content>, stay: &[&str]) -> Vec<String> {
    let there = whole(dir);
    let not_whole = there
        .iter()
        .filter(|(base_id, content)| Some(*content) != expected.get(*base_id));
    let not_whole = not_whole.map(|(base_id, _)| format!("{base_id} is not whole"));
    let gone = stay.iter().filter(|base_id| !there.contains_key(**base_id));
    not_whole
        .chain(gone.map(|base_id| format!("{base_id} is gone")))
        .collect()
}

/// Whether no folder is left of what is not whole, or was to be deleted.
fn is_tidy(dir: &Path) -> bool {
    let is_empty = |name: &str| files_below(&dir.join(".jdredis").join(name)).is_empty();
    is_empty("work") && is_empty("pruned")
}

fn printed_document(outcome: &Outcome, list: &str) -> bool {
    serde_json::from_str::<Value>(&outcome.stdout).is_ok_and(|document| document[list].is_array())
}

/// `archive prune --keep-last 2` of two instances.
pub(super) struct Prune {
    made: Made,
    before: TempDir,
    whole: BTreeMap<String, Content>,
}

impl Prune {
    const STAY: [&str; 5] = ["redis-a-0", "redis-a-1", "redis-b-0", "redis-b-1", "redis-b-3"];

    pub(super) fn new() -> Self {
        let made = Made::new();
        for instance in ["redis-a", "redis-b"] {
            for day in 0..4 {
                let base_id = format!("{instance}-{day}");
                made.backup(NORTH, instance, &base_id, time::Duration::days(day), base_id.as_bytes());
            }
        }
        let marked = &backups_in(made.dir())["redis-b-3"];
        fs::write(marked.join("keep"), "for the audit").unwrap();
        let before = tempfile::tempdir().unwrap();
        copy(made.dir(), &before.path().join("archive"));
        let whole = whole(made.dir());
        Self { made, before, whole }
    }
}

impl Scene for Prune {
    fn prepare(&self) {
        copy(&self.before.path().join("archive"), self.made.dir());
    }

    fn run(&self) -> Jdredis<'_> {
        let dir = self.made.dir().to_str().unwrap();
        Jdredis::bare().args(["archive", "prune", dir, "--keep-last", "2", "-o", "json"])
    }

    fn wrongs(&self) -> Vec<String> {
        wrongs_of(self.made.dir(), &self.whole, &Self::STAY)
    }

    fn is_done(&self) -> bool {
        let left: Vec<String> = backups_in(self.made.dir()).into_keys().collect();
        left == Self::STAY && is_tidy(self.made.dir())
    }

    fn has_printed(&self, outcome: &Outcome) -> bool {
        printed_document(outcome, "backups")
    }
}

/// `backup download` of one file.
pub(super) struct Download {
    sandbox: Sandbox,
    home: TempDir,
    object: Vec<u8>,
}

impl Download {
    const NAME: &str = "20210714153657-backup1-0";

    pub(super) fn new() -> Self {
        let sandbox = sandbox();
        let object = sandbox.object("redis-1234", "1234", 0);
        Self {
            sandbox,
            home: tempfile::tempdir().unwrap(),
            object,
        }
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join("backups")
    }
}

impl Scene for Download {
    fn prepare(&self) {
        self.sandbox.forget_requests();
        let _ = fs::remove_dir_all(self.dir());
    }

    fn run(&self) -> Jdredis<'_> {
        let dir = self.dir();
        Jdredis::at(&self.sandbox)
            .args(["backup", "download", "--region", NORTH, "--instance", "redis-1234"])
            .args(["--base-id", "1234", "--http", "-o", "json", "--max-attempts", "1"])
            .args(["--timeout", "5", "--dir", dir.to_str().unwrap()])
    }

    fn wrongs(&self) -> Vec<String> {
        let named = fs::read(self.dir().join(Self::NAME));
        let is_wrong = named.is_ok_and(|bytes| bytes != self.object);
        is_wrong
            .then(|| "the file is not whole".to_owned())
            .into_iter()
            .collect()
    }

    fn is_done(&self) -> bool {
        // A part whose file could not be looked at may be anybody's, and is set aside.
        let is_aside = |path: &PathBuf| path.to_str().unwrap().contains(".corrupt");
        let is_visible = |path: &PathBuf| !path.starts_with(self.dir().join(".jdredis")) && !is_aside(path);
        let files: Vec<PathBuf> = files_below(&self.dir()).into_iter().filter(is_visible).collect();
        files == [self.dir().join(Self::NAME)]
    }

    fn has_printed(&self, outcome: &Outcome) -> bool {
        printed_document(outcome, "files")
    }
}

/// `archive drill` of one backup. The server is another's program, so only the main thread is traced.
pub(super) struct Drill {
    made: Made,
    /// For the private folders of drills.
    temporary: TempDir,
    whole: BTreeMap<String, Content>,
}

impl Drill {
    pub(super) fn new() -> Self {
        let made = Made::new();
        let content = include_bytes!("../data/types.rdb");
        made.backup(NORTH, "redis-a", "a", time::Duration::hours(5), content);
        let whole = whole(made.dir());
        Self {
            made,
            temporary: tempfile::tempdir().unwrap(),
            whole,
        }
    }

    /// Whether a server, or what watches over it, runs in a private folder.
    fn has_server(&self) -> bool {
        let folder = self.temporary.path().to_str().unwrap();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
        lines.any(|line| String::from_utf8_lossy(&line).contains(folder))
    }
}

impl Scene for Drill {
    fn prepare(&self) {
        let _ = fs::remove_file(self.made.dir().join(NORTH).join("redis-a/drills.json"));
    }

    fn run(&self) -> Jdredis<'_> {
        Jdredis::bare()
            .env("PATH", &std::env::var("PATH").unwrap())
            .env("TMPDIR", self.temporary.path().to_str().unwrap())
            .args(["archive", "drill", self.made.dir().to_str().unwrap(), "-o", "json"])
    }

    fn wrongs(&self) -> Vec<String> {
        let start = Instant::now();
        while self.has_server() {
            if start.elapsed() > Duration::from_secs(20) {
                return vec!["a server still runs".to_owned()];
            }
            thread::sleep(Duration::from_millis(5));
        }
        wrongs_of(self.made.dir(), &self.whole, &["a"])
    }

    fn is_done(&self) -> bool {
        whole(self.made.dir()) == self.whole
    }

    fn has_printed(&self, outcome: &Outcome) -> bool {
        let document = serde_json::from_str::<Value>(&outcome.stdout);
        document.is_ok_and(|document| document["files"][0]["result"] == "loaded")
    }

    fn is_traced_whole(&self) -> bool {
        false
    }
}
