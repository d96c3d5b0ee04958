//! A fleet in the sandbox, and an archive that the program fills from it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jdredis_sandbox::{Builder, FleetBackup, FleetInstance, Sandbox};
use serde_json::Value;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

use crate::support::{Jdredis, Outcome, is_installed, sandbox_builder, say_not_run};

pub(super) const NORTH: &str = "cn-north-1";
pub(super) const SOUTH: &str = "cn-south-1";

pub(super) struct Fleet {
    pub(super) sandbox: Sandbox,
    home: TempDir,
}

impl Fleet {
    /// A fleet without instances. Its backups' files are small.
    pub(super) fn new() -> Self {
        Self::of(sandbox_builder().object_size(20_000))
    }

    pub(super) fn of(builder: Builder) -> Self {
        Self {
            sandbox: builder.fleet_only().start().unwrap(),
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// Adds an instance with a successful backup for each number of hours ago; their base IDs are those
    /// numbers after the instance's ID.
    pub(super) fn add(&self, region: &str, id: &str, hours_ago: &[i64]) {
        self.sandbox.put_instance(region, FleetInstance::new(id));
        hours_ago.iter().for_each(|hours| self.add_backup(region, id, *hours));
    }

    pub(super) fn add_backup(&self, region: &str, id: &str, hours_ago: i64) {
        self.add_ended(region, id, hours_ago, FleetBackup::Success);
    }

    pub(super) fn add_ended(&self, region: &str, id: &str, hours_ago: i64, outcome: FleetBackup) {
        let start = OffsetDateTime::now_utc() - Duration::hours(hours_ago);
        self.sandbox
            .add_backup(region, id, &format!("{id}-{hours_ago}"), start, outcome);
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.home.path().join("archive")
    }

    /// `archive sync` of the northern region, over the sandbox's plain HTTP.
    pub(super) fn sync(&self, args: &[&str]) -> Jdredis<'_> {
        self.sync_of(&["--region", NORTH], args)
    }

    /// `archive sync` of the northern region, with the storage's links over HTTPS.
    pub(super) fn sync_over_https(&self, args: &[&str]) -> Jdredis<'_> {
        let dir = self.dir();
        Jdredis::at(&self.sandbox)
            .args(["archive", "sync", dir.to_str().unwrap(), "--region", NORTH])
            .args(args.iter().copied())
    }

    pub(super) fn sync_of(&self, regions: &[&str], args: &[&str]) -> Jdredis<'_> {
        let dir = self.dir();
        Jdredis::at(&self.sandbox)
            .args(["archive", "sync", dir.to_str().unwrap(), "--http"])
            .args(regions.iter().copied())
            .args(args.iter().copied())
    }

    /// Runs a sync with JSON that must end with this code; its document.
    #[track_caller]
    pub(super) fn synced(&self, code: i32, args: &[&str]) -> Value {
        let outcome = self.sync(args).args(["-o", "json"]).run();
        serde_json::from_str(outcome.data_with(code)).unwrap_or_else(|_| panic!("{outcome:#?}"))
    }

    pub(super) fn status(&self, args: &[&str]) -> Outcome {
        let dir = self.dir();
        let status = Jdredis::bare().args(["archive", "status", dir.to_str().unwrap()]);
        status.args(args.iter().copied()).run()
    }

    /// The base IDs of all backups that are in the archive, with their folders.
    pub(super) fn backups(&self) -> BTreeMap<String, PathBuf> {
        backups_in(&self.dir())
    }

    pub(super) fn base_ids(&self) -> Vec<String> {
        self.backups().into_keys().collect()
    }

    /// How many requests there were for a backup's files.
    pub(super) fn fetches(&self, part: &str) -> usize {
        let requests = self.sandbox.requests();
        let of_storage = requests.iter().filter(|request| request.is_for_storage());
        of_storage.filter(|request| request.target.contains(part)).count()
    }

    /// Checks the properties of every archive, after any events: each backup's folder has just its files,
    /// its manifest and its sums, all bytes are those of the service's objects, and nothing secret is
    /// anywhere.
    #[track_caller]
    pub(super) fn check(&self) {
        self.check_folders(|instance, base_id, node, content| {
            assert!(content == self.sandbox.object(instance, base_id, node), "{base_id}");
        });
    }

    /// As [`check`](Self::check), also where the service has some of the backups no longer: their bytes are
    /// compared with their sums alone.
    #[track_caller]
    pub(super) fn check_sums(&self) {
        self.check_folders(|_, _, _, _| {});
    }

    #[track_caller]
    fn check_folders(&self, compare: impl Fn(&str, &str, usize, &[u8])) {
        for (base_id, folder) in self.backups() {
            let manifest: Value = serde_json::from_slice(&fs::read(folder.join("backup.json")).unwrap()).unwrap();
            let instance = manifest["instance"].as_str().unwrap();
            let mut expected = vec!["SHA256SUMS".to_owned(), "backup.json".to_owned()];
            for (node, file) in manifest["files"].as_array().unwrap().iter().enumerate() {
                let name = file["name"].as_str().unwrap();
                let content = fs::read(folder.join(name)).unwrap();
                compare(instance, &base_id, node, &content);
                expected.push(name.to_owned());
            }
            expected.sort();
            assert_eq!(names(&folder), expected);
            check_sums(&folder);
        }
        assert!(self.sandbox.refusals().is_empty(), "{:#?}", self.sandbox.refusals());
        for path in files_below(&self.dir()) {
            let content = fs::read(&path).unwrap();
            let has = |text: &str| content.windows(text.len()).any(|window| window == text.as_bytes());
            for secret in ["X-Amz-", crate::support::SECRET_KEY, crate::support::ACCESS_KEY] {
                assert!(!has(secret), "{secret} in {}", path.display());
            }
        }
    }
}

/// The backups' folders of an archive, by base ID.
pub(super) fn backups_in(dir: &Path) -> BTreeMap<String, PathBuf> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path());
        let visible = |path: &PathBuf| !path.file_name().unwrap().to_str().unwrap().starts_with('.');
        entries.filter(|path| path.is_dir() && visible(path)).collect()
    };
    let mut found = BTreeMap::new();
    for region in folders(dir) {
        for instance in folders(&region) {
            for backup in folders(&instance) {
                let name = backup.file_name().unwrap().to_str().unwrap();
                let (_, base_id) = name.split_once('-').unwrap();
                assert_eq!(found.insert(base_id.to_owned(), backup.clone()), None);
            }
        }
    }
    found
}

/// The names in a folder, sorted.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(super) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(files_below(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

/// Checks a backup's folder as people do, without this program.
#[track_caller]
fn check_sums(folder: &Path) {
    if !is_installed("sha256sum") {
        return say_not_run("SHA256SUMS", "sha256sum is not installed");
    }
    let check = Command::new("sha256sum")
        .args(["--status", "-c", "SHA256SUMS"])
        .current_dir(folder)
        .status();
    assert!(check.unwrap().success(), "{}", folder.display());
}
