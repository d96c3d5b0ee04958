//! What is remembered of a file between runs: whose it is, which object, how far it got.
//!
//! A record is a small JSON file, replaced as a whole. It never holds a link.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Which backup files belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) region: String,
    pub(crate) instance: String,
    pub(crate) base_id: String,
}

/// What is remembered of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    #[serde(flatten)]
    pub(super) identity: Identity,
    pub(super) node: String,
    /// The object's strong ETag, quotes included, where it has one; without it nothing is resumed.
    pub(super) etag: Option<String>,
    /// The object's length in bytes.
    pub(super) length: Option<u64>,
    /// So many bytes of the part are on the disk for certain.
    pub(super) durable: u64,
    /// What the whole file was found to be. It is written before the file gets its name.
    pub(super) finished: Option<Finished>,
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finished {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Record {
    pub(super) fn new(identity: &Identity, node: &str) -> Self {
        Self {
            identity: identity.clone(),
            node: node.to_owned(),
            etag: None,
            length: None,
            durable: 0,
            finished: None,
        }
    }

    /// The record of the file of this backup and node. One of another, or none that can be read, is
    /// the same as none.
    pub(super) fn load(path: &Path, identity: &Identity, node: &str) -> Option<Self> {
        let text = fs::read(path).ok()?;
        let record: Self = serde_json::from_slice(&text).ok()?;
        (record.identity == *identity && record.node == node).then_some(record)
    }

    /// Replaces what is at the path.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let fresh = path.with_extension("tmp");
        let written = File::create(&fresh).and_then(|mut file| {
            file.write_all(&serde_json::to_vec(self)?)?;
            // Else a power cut could leave an empty file by the name.
            file.sync_data()?;
            fs::rename(&fresh, path)
        });
        if written.is_err() {
            // A full disk is no better for half a file.
            let _ = fs::remove_file(&fresh);
        }
        written
    }
}
