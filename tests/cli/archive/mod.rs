//! `archive`: a file a topic. Archives are made here by hand, or by the program from the sandbox.

#[cfg(unix)]
mod alerts;
#[cfg(unix)]
mod disk;
mod failures;
mod fleet;
#[cfg(unix)]
mod fortnight;
#[cfg(unix)]
mod metrics;
#[cfg(target_os = "linux")]
mod month;
mod others;
mod prune;
#[cfg(unix)]
mod runs;
mod safety;
#[cfg(target_os = "linux")]
mod scenes;
#[cfg(unix)]
mod shrunk;
mod status;
mod sync;
mod unreachable;
mod verify;
#[cfg(target_os = "linux")]
mod walk;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use crate::support::Jdredis;

/// An archive that a test makes by hand.
pub(crate) struct Made {
    home: TempDir,
}

impl Made {
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.home.path()
    }

    /// A whole backup that began so long ago, of these bytes; its folder.
    pub(crate) fn backup(&self, region: &str, instance: &str, base_id: &str, ago: Duration, content: &[u8]) -> PathBuf {
        let start = (OffsetDateTime::now_utc() - ago).truncate_to_second();
        let name = start
            .format(format_description!("[year][month][day]T[hour][minute][second]Z"))
            .unwrap();
        let folder = self.dir().join(region).join(instance).join(format!("{name}-{base_id}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("dump-0"), content).unwrap();
        let sha256: String = Sha256::digest(content)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let manifest = json!({
            "formatVersion": 1, "region": region, "instance": instance, "instanceName": "orders",
            "baseId": base_id, "name": null, "start": start.format(&Rfc3339).unwrap(), "end": null,
            "type": "auto", "shards": 1, "redisVersion": "6.2", "databaseNum": 16,
            "files": [{"node": "node 0", "name": "dump-0", "bytes": content.len(), "sha256": sha256,
                       "state": "ok", "reason": null, "keys": 5, "databases": [{"db": 0, "keys": 5, "expires": 1}]}],
            "fetchedAt": start.format(&Rfc3339).unwrap(), "fetchedBy": "jdredis 0.2.0",
        });
        fs::write(folder.join("backup.json"), manifest.to_string()).unwrap();
        fs::write(folder.join("SHA256SUMS"), format!("{sha256}  dump-0\n")).unwrap();
        folder
    }

    /// The `instance.json` of an instance, with these keys changed.
    fn memory(&self, region: &str, instance: &str, changed: &Value) {
        let mut memory = json!({
            "formatVersion": 1, "region": region, "instance": instance, "name": null, "createdAt": null,
            "state": "present", "goneSince": null, "restorableUntil": null, "seenBy": null, "failure": null,
            "missing": [], "failed": [],
        });
        for (key, value) in changed.as_object().unwrap() {
            memory[key] = value.clone();
        }
        let folder = self.dir().join(region).join(instance);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("instance.json"), memory.to_string()).unwrap();
    }

    /// `archive status` of it, with no network and no keys.
    pub(crate) fn status(&self, args: &[&str]) -> Jdredis<'static> {
        let dir = self.dir().to_str().unwrap();
        Jdredis::bare()
            .args(["archive", "status", dir])
            .args(args.iter().copied())
    }
}

/// The value of one key of every entry of a list in a JSON document.
pub(crate) fn each(document: &Value, list: &str, key: &str) -> Vec<Value> {
    let entries = document[list].as_array().unwrap();
    entries.iter().map(|entry| entry[key].clone()).collect()
}
