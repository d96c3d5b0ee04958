//! `backup.json` and `SHA256SUMS`: what is in a backup's folder, for this program and for others.
//!
//! A manifest is written once, when the backup is whole, and never again. It holds no link and no key.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::layout::{MANIFEST, RESERVED};
use crate::file::FileState;
use crate::rdb::Database;

/// The version of the format that this program writes. A later one may add fields, and a new number says
/// that an older field means something else.
pub(crate) const FORMAT_VERSION: u32 = 1;
/// The name and version of this program, as the archive's files record it.
pub(crate) const PROGRAM: &str = concat!("jdredis ", env!("CARGO_PKG_VERSION"));

/// `backup.json`. Every key is always there; null stands for what the service did not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    /// [`FORMAT_VERSION`] of the program that wrote it.
    pub(crate) format_version: u32,
    /// Such as `cn-north-1`.
    pub(crate) region: String,
    /// The instance's ID.
    pub(crate) instance: String,
    /// The instance's name at the time.
    pub(crate) instance_name: Option<String>,
    pub(crate) base_id: String,
    /// The service's `backupFileName`.
    pub(crate) name: Option<String>,
    /// When the backup began and ended, RFC 3339 in UTC to the second.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) start: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) end: Option<OffsetDateTime>,
    /// `auto` or `manual`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// How many shards the service says that the backup has.
    pub(crate) shards: Option<u64>,
    /// The instance's version of Redis, as the service writes it.
    pub(crate) redis_version: Option<String>,
    /// How many databases the instance has.
    pub(crate) database_num: Option<u64>,
    /// One for each node.
    pub(crate) files: Vec<FileEntry>,
    /// When the last file was whole.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) fetched_at: OffsetDateTime,
    /// The program that fetched it, such as `jdredis 0.2.0`.
    pub(crate) fetched_by: String,
}

/// A file in a backup's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileEntry {
    /// Such as `node 0`.
    pub(crate) node: String,
    /// Its name in the folder.
    pub(crate) name: String,
    /// Its length.
    pub(crate) bytes: u64,
    /// 64 hexadecimal digits.
    pub(crate) sha256: String,
    /// `ok`, `unverified` or `not-rdb`; nothing else gets a folder.
    pub(crate) state: FileState,
    /// Why it is not `ok`.
    pub(crate) reason: Option<String>,
    /// The keys in it; null where its structure was not understood to the end.
    pub(crate) keys: Option<u64>,
    /// The databases in it, likewise.
    pub(crate) databases: Option<Vec<Database>>,
}

/// Why a manifest cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("its {MANIFEST} cannot be read as JSON of this format: {0}")]
    Malformed(String),
    #[error("its {MANIFEST} is of format {0}, which a newer jdredis reads")]
    Newer(u32),
    #[error("its {MANIFEST} names a file {0:?}, which is no name in this folder")]
    Name(String),
    #[error("its {MANIFEST} names no file")]
    NoFile,
    #[error("its {MANIFEST} names {0} twice, so a file is missing")]
    Twice(String),
    #[error("its {MANIFEST} names {files} files of {shards} shards")]
    Shards { files: usize, shards: u64 },
}

impl Manifest {
    /// Reads the text of a `backup.json`. It may come from anywhere, so names that lead out of the folder are
    /// refused.
    ///
    /// # Errors
    /// See [`Unusable`].
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Unusable> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            format_version: u32,
        }
        let malformed = |error: serde_json::Error| Unusable::Malformed(error.to_string());
        let Version { format_version } = serde_json::from_slice(text).map_err(malformed)?;
        if format_version > FORMAT_VERSION {
            return Err(Unusable::Newer(format_version));
        }
        let manifest: Self = serde_json::from_slice(text).map_err(malformed)?;
        if manifest.files.is_empty() {
            return Err(Unusable::NoFile);
        }
        if let Some(file) = manifest.files.iter().find(|file| !is_plain_name(&file.name)) {
            return Err(Unusable::Name(file.name.clone()));
        }
        let mut names = HashSet::new();
        if let Some(file) = manifest.files.iter().find(|file| !names.insert(&file.name)) {
            return Err(Unusable::Twice(file.name.clone()));
        }
        let files = manifest.files.len();
        match manifest.shards.filter(|shards| *shards != files as u64) {
            Some(shards) => Err(Unusable::Shards { files, shards }),
            None => Ok(manifest),
        }
    }

    /// The lines of `SHA256SUMS`.
    pub(crate) fn sums(&self) -> String {
        let lines = self
            .files
            .iter()
            .map(|file| format!("{}  {}\n", file.sha256, file.name));
        lines.collect()
    }

    /// The length of all files together.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add)
    }

    /// The keys of all files together; `None` where one of them does not tell.
    pub(crate) fn keys(&self) -> Option<u64> {
        self.files
            .iter()
            .try_fold(0_u64, |sum, file| Some(sum.saturating_add(file.keys?)))
    }

    /// The first file that is no RDB file.
    pub(crate) fn foreign_file(&self) -> Option<&FileEntry> {
        self.files.iter().find(|file| file.state == FileState::NotRdb)
    }
}

/// Whether a name is that of a file in the folder itself, which `SHA256SUMS` can name without escapes.
fn is_plain_name(name: &str) -> bool {
    let is_one_part = Path::new(name).file_name().is_some_and(|last| last == name);
    is_one_part && !RESERVED.contains(&name) && !name.contains(|c: char| c == '/' || c == '\\' || c.is_control())
}

#[cfg(test)]
pub(crate) mod tests {
    use time::macros::datetime;

    use super::*;

    /// A manifest of one whole file.
    pub(crate) fn manifest() -> Manifest {
        Manifest {
            format_version: FORMAT_VERSION,
            region: "cn-north-1".to_owned(),
            instance: "redis-1234".to_owned(),
            instance_name: Some("订单".to_owned()),
            base_id: "1234".to_owned(),
            name: None,
            start: Some(datetime!(2021-07-14 07:36:57 UTC)),
            end: None,
            kind: Some("auto".to_owned()),
            shards: Some(1),
            redis_version: None,
            database_num: None,
            files: vec![FileEntry {
                node: "node 0".to_owned(),
                name: "20210714153657-backup1-0".to_owned(),
                bytes: 3,
                sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned(),
                state: FileState::Ok,
                reason: None,
                keys: Some(7),
                databases: None,
            }],
            fetched_at: datetime!(2021-07-15 00:00 UTC),
            fetched_by: "jdredis 0.2.0".to_owned(),
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written_and_more_fields_do_no_harm() {
        let mut value = serde_json::to_value(manifest()).unwrap();
        assert_eq!(value["start"], "2021-07-14T07:36:57Z");
        assert_eq!(value["files"][0]["state"], "ok");
        value["addedLater"] = true.into();
        assert_eq!(Manifest::parse(value.to_string().as_bytes()), Ok(manifest()));
    }

    #[test]
    fn names_that_lead_elsewhere_and_newer_formats_are_refused() {
        let with = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut value = serde_json::to_value(manifest()).unwrap();
            change(&mut value);
            Manifest::parse(value.to_string().as_bytes()).unwrap_err()
        };
        for name in [
            "backup.json",
            "SHA256SUMS",
            "keep",
            "../x",
            "/etc/passwd",
            "..",
            ".",
            "",
            "a/b",
            "a\nb",
            "a\\b",
            "x/",
        ] {
            let found = with(&|value| value["files"][0]["name"] = name.into());
            assert_eq!(found, Unusable::Name(name.to_owned()));
        }
        assert_eq!(
            with(&|value| value["shards"] = 2.into()),
            Unusable::Shards { files: 1, shards: 2 }
        );
        let name = manifest().files[0].name.clone();
        let twice = with(&|value| value["files"] = vec![value["files"][0].clone(); 2].into());
        assert_eq!(twice, Unusable::Twice(name));
        assert_eq!(with(&|value| value["formatVersion"] = 2.into()), Unusable::Newer(2));
        assert_eq!(with(&|value| value["files"] = serde_json::json!([])), Unusable::NoFile);
        assert!(matches!(
            with(&|value| value["start"] = "soon".into()),
            Unusable::Malformed(_)
        ));
        assert!(matches!(Manifest::parse(b"{}"), Err(Unusable::Malformed(_))));
    }

    #[test]
    fn sums_are_what_sha256sum_reads() {
        assert_eq!(
            manifest().sums(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  20210714153657-backup1-0\n"
        );
    }
}
