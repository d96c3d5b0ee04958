//! The record of a file between runs: its backup and node, its object, its progress.
//!
//! A record is a small JSON file, `.jdredis/NAME.json`. It never holds a link. Another process may have changed it,
//! so a record that makes no sense counts as none.
//!
//! A record is replaced by a rename ([`Record::save`]), or overwritten in place where only its progress changed or
//! the disk is full ([`Record::save_in_place`]). A record that was half overwritten cannot be parsed.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::MAX_CONNECTIONS;
use super::answer::is_strong_etag;
use super::coverage::Coverage;
use super::private::{self, Owner};

/// The most bytes of a record that are read.
const MAX_LENGTH: u64 = 64 * 1024;
/// At most this many islands are recorded, the largest. There are seldom more than one of each connection.
pub(super) const MAX_ISLANDS: usize = MAX_CONNECTIONS;

/// The backup that a file belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    /// Such as `cn-north-1`.
    pub(crate) region: String,
    /// The instance's ID.
    pub(crate) instance: String,
    /// The backup's ID (`baseId`).
    pub(crate) base_id: String,
}

/// The record of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    #[serde(flatten)]
    pub(super) identity: Identity,
    /// The node that the file belongs to, such as `node 0`.
    pub(super) node: String,
    /// The object's strong ETag with its quotes, if it has one. Without it, nothing is resumed.
    pub(super) etag: Option<String>,
    /// The object's length in bytes, if the storage told it.
    pub(super) length: Option<u64>,
    /// How many bytes of the part an fsync has brought to the disk. They survive a power cut.
    pub(super) durable: u64,
    /// Which bytes were written, if there are more. They survive SIGKILL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) written: Option<Written>,
    /// The result of the check of a whole file. It is saved before the file gets its name.
    pub(super) finished: Option<Finished>,
}

/// Which bytes of a part were written. Until the next boot, the system has them, on the disk or in its cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written {
    /// How many there are without a gap.
    pub(super) bytes: u64,
    /// Start and end of some of those behind the first gap. They were fetched by other connections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) islands: Vec<(u64, u64)>,
    /// The ID of the boot in which they were written.
    pub(super) boot: String,
}

impl Written {
    /// What was written in this boot; `None` where the system does not tell its boots apart.
    pub(super) fn now(bytes: u64, islands: Vec<(u64, u64)>) -> Option<Self> {
        let boot = private::boot()?;
        Some(Self { bytes, islands, boot })
    }
}

/// The length of a whole file, and its SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finished {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Record {
    /// The record of a file of which nothing is there.
    pub(super) fn new(identity: &Identity, node: &str) -> Self {
        Self {
            identity: identity.clone(),
            node: node.to_owned(),
            etag: None,
            length: None,
            durable: 0,
            written: None,
            finished: None,
        }
    }

    /// Reads the record of the file of this backup and node. `None` if there is none, or it cannot be read, makes no
    /// sense, belongs to another user, or is about another backup or node.
    pub(super) fn load(path: &Path, identity: &Identity, node: &str, owner: Owner) -> Option<Self> {
        let file = private::open_existing(path).ok()?;
        if !owner.has_made(&file) {
            return None;
        }
        let mut text = Vec::new();
        file.take(MAX_LENGTH).read_to_end(&mut text).ok()?;
        let record: Self = serde_json::from_slice(&text).ok()?;
        (record.identity == *identity && record.node == node && record.is_sane()).then_some(record)
    }

    /// Whether its values can be those of a record that this program made.
    fn is_sane(&self) -> bool {
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.etag.as_deref().is_none_or(is_strong_etag)
            && self
                .length
                .is_none_or(|length| self.durable <= length && length <= i64::MAX as u64)
            && self.finished.as_ref().is_none_or(|finished| is_hash(&finished.sha256))
    }

    /// Which bytes of a part of `present` bytes can be kept when it is resumed. None are, unless those at its
    /// beginning are.
    pub(super) fn resumable(&self, present: u64) -> Coverage {
        if self.etag.is_none() || self.length.is_none_or(|length| present > length) {
            return Coverage::new(0);
        }
        let boot = private::boot();
        let written = self.written.as_ref();
        let written = written.filter(|written| boot.as_ref() == Some(&written.boot));
        let frontier = self.durable.max(written.map_or(0, |written| written.bytes));
        let mut coverage = Coverage::new(frontier.min(present));
        if coverage.frontier() > 0 {
            for (start, end) in written.into_iter().flat_map(|written| &written.islands) {
                coverage.add(*start..present.min(*end));
            }
        }
        coverage
    }

    /// Forgets the bytes that a part of `present` bytes has lost. Returns whether there are any. The part will be
    /// longer again before they are, so the record must be saved before that.
    pub(super) fn cut(&mut self, present: u64) -> bool {
        let ends = self.written.iter().flat_map(|written| {
            let islands = written.islands.iter().map(|(_, end)| *end);
            islands.chain([written.bytes])
        });
        if ends.chain([self.durable]).all(|end| end <= present) {
            return false;
        }
        self.durable = self.durable.min(present);
        if let Some(written) = &mut self.written {
            written.bytes = written.bytes.min(present);
            written.islands.retain(|(_, end)| *end <= present);
        }
        true
    }

    /// Replaces the record at the path, by a rename, or in place if the disk is full.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        let fresh = path.with_extension("tmp");
        let written = private::create(&fresh).and_then(|mut file| {
            file.write_all(&text)?;
            // Otherwise a power cut could leave an empty file under the name.
            private::tolerant(file.sync_data())?;
            fs::rename(&fresh, path)
        });
        let Err(error) = written else { return Ok(()) };
        // Half a record would take room on a disk that may be full.
        let _ = fs::remove_file(&fresh);
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                let saved = self.save_in_place(path).and_then(|file| file.sync_data());
                saved.map_err(|_| error)
            }
            _ => Err(error),
        }
    }

    /// Overwrites the record at the path, which needs no room on the disk and does not wait for it. Returns its file,
    /// for an fsync. A record is usually shorter than a page of 4 KiB, which the system writes as one.
    ///
    /// # Errors
    /// If there is no record, or it cannot be written.
    pub(super) fn save_in_place(&self, path: &Path) -> io::Result<File> {
        let mut text = serde_json::to_vec(self)?;
        let mut file = private::open_existing_to_write(path)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        text.resize(text.len().max(length), b' ');
        file.write_all(&text)?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(etag: Option<&str>, length: Option<u64>) -> Record {
        let identity = Identity {
            region: "r".to_owned(),
            instance: "i".to_owned(),
            base_id: "b".to_owned(),
        };
        Record {
            etag: etag.map(str::to_owned),
            length,
            durable: 10,
            ..Record::new(&identity, "n")
        }
    }

    #[test]
    fn bytes_beyond_a_missing_beginning_are_not_gone_on_from() {
        let mut record = record(Some("\"e\""), Some(100));
        (record.durable, record.written) = (0, Written::now(0, vec![(50, 100)]));
        assert_eq!(record.resumable(100).bytes(), 0);
    }

    #[test]
    fn a_download_resumes_only_a_known_object() {
        assert_eq!(record(Some("\"e\""), Some(100)).resumable(50).bytes(), 10);
        assert_eq!(record(Some("\"e\""), Some(100)).resumable(5).bytes(), 5);
        assert_eq!(record(Some("\"e\""), Some(100)).resumable(101).bytes(), 0);
        assert_eq!(record(None, Some(100)).resumable(50).bytes(), 0);
        assert_eq!(record(Some("\"e\""), None).resumable(50).bytes(), 0);
    }

    #[test]
    fn bytes_that_were_not_synchronised_count_until_the_system_is_started_anew() {
        let mut record = record(Some("\"e\""), Some(100));
        record.written = Written::now(40, vec![(45, 48)]);
        let Some(written) = record.written.clone() else {
            assert_eq!(record.resumable(50).bytes(), 10);
            return;
        };
        let kept = record.resumable(50);
        assert_eq!((kept.frontier(), kept.bytes(), kept.end()), (40, 43, 48));
        record.written = Some(Written {
            boot: "another".to_owned(),
            ..written
        });
        assert_eq!(record.resumable(50).bytes(), 10);
    }

    #[test]
    fn bytes_that_a_part_has_lost_are_forgotten() {
        let mut record = record(Some("\"e\""), Some(100));
        record.written = Written::now(40, vec![(45, 48), (60, 70)]);
        let Some(boot) = record.written.as_ref().map(|written| written.boot.clone()) else {
            return;
        };
        assert!(!record.cut(70));
        let kept = record.resumable(65);
        assert_eq!((kept.bytes(), kept.end()), (48, 65));
        assert!(record.cut(50));
        let expected = Written {
            bytes: 40,
            islands: vec![(45, 48)],
            boot,
        };
        assert_eq!((record.durable, record.written.as_ref()), (10, Some(&expected)));
        assert!(record.cut(5));
        assert_eq!(record.resumable(80).bytes(), 5);
    }

    #[test]
    fn a_record_that_makes_no_sense_is_not_sane() {
        assert!(record(Some("\"e\""), Some(100)).is_sane());
        assert!(!record(Some(&format!("\"{}\"", "x".repeat(17_000))), Some(100)).is_sane());
        assert!(!record(Some("\"e\r\nX: y\""), Some(100)).is_sane());
        assert!(!record(Some("\"e\""), Some(5)).is_sane());
        for (sha256, is_sane) in [
            ("5e".repeat(32), true),
            ("5e".repeat(31), false),
            ("xy".repeat(32), false),
        ] {
            let mut record = record(Some("\"e\""), Some(100));
            record.finished = Some(Finished { bytes: 100, sha256 });
            assert_eq!(record.is_sane(), is_sane);
        }
    }

    #[test]
    fn a_record_of_another_backup_or_node_is_none_and_one_that_makes_no_sense_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        let owner = Owner::of_new(&private::create(&path).unwrap()).unwrap();
        let saved = record(Some("\"e\""), Some(100));
        saved.save(&path).unwrap();
        let load = |identity: &Identity, node: &str| Record::load(&path, identity, node, owner);
        assert_eq!(load(&saved.identity, "n").as_ref(), Some(&saved));
        assert_eq!(load(&saved.identity, "m"), None);
        let long = record(Some(&format!("\"{}\"", "x".repeat(1000))), Some(100));
        long.save(&path).unwrap();
        assert_eq!(load(&saved.identity, "n"), Some(long));
        let mut other = saved.identity.clone();
        other.base_id = "another".to_owned();
        assert_eq!(load(&other, "n"), None);
        record(Some("\"e\""), Some(5)).save(&path).unwrap();
        assert_eq!(load(&saved.identity, "n"), None);
    }

    #[test]
    fn a_record_fits_where_another_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        let mut saved = record(Some("\"a long one\""), Some(100));
        saved.save(&path).unwrap();
        saved.etag = None;
        saved.save_in_place(&path).unwrap();
        let read: Record = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(read, saved);
    }
}
