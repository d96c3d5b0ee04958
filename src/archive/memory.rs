//! `instance.json`: what is remembered of an instance beside its backups, so that `status` knows of one that
//! has none, of one that is gone, and of what the last sync could not get.
//!
//! It is replaced as a whole and only when something in it changes. Its loss costs what it remembers, never a
//! backup.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::manifest::FORMAT_VERSION;

/// `instance.json`. Every key is always there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Memory {
    /// The version of the format, as in `backup.json`.
    pub(crate) format_version: u32,
    pub(crate) region: String,
    pub(crate) instance: String,
    /// Its name when it was last seen.
    pub(crate) name: Option<String>,
    /// The service's `createTime`.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) created_at: Option<OffsetDateTime>,
    pub(crate) state: Presence,
    /// When it was first found to be gone.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) gone_since: Option<OffsetDateTime>,
    /// Until when the service's recycle bin keeps a gone instance, where it tells.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) restorable_until: Option<OffsetDateTime>,
    /// Which key saw it last: the first 16 hexadecimal digits of the access key's SHA-256. A run with
    /// another key does not judge whether the instance is gone.
    pub(crate) seen_by: Option<String>,
    /// Why the last sync may not know all of its backups, in words; null where it does.
    pub(crate) failure: Option<String>,
    /// The backups that the service had at the last sync and the archive has not.
    pub(crate) missing: Vec<Missing>,
    /// The backups of the last 30 days that failed at the service or could not be fetched, for the strip of nights.
    pub(crate) failed: Vec<Missing>,
    /// The backups that a policy removed, for as long as the service may offer them: they are not fetched again.
    #[serde(default)]
    pub(crate) pruned: Vec<Pruned>,
}

/// A backup that a policy removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pruned {
    pub(crate) base_id: String,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) start: Option<OffsetDateTime>,
    /// When it was removed.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
    /// Its files together. Later backups are compared with it.
    #[serde(default)]
    pub(crate) bytes: Option<u64>,
    /// The keys in all its files.
    #[serde(default)]
    pub(crate) keys: Option<u64>,
}

/// Whether the service has the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Presence {
    Present,
    Gone,
}

/// A backup that is not in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Missing {
    pub(crate) base_id: String,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) start: Option<OffsetDateTime>,
    /// In words.
    pub(crate) reason: String,
}

impl Memory {
    /// Of an instance that was just seen for the first time.
    pub(crate) fn new(region: &str, instance: &str) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            region: region.to_owned(),
            instance: instance.to_owned(),
            name: None,
            created_at: None,
            state: Presence::Present,
            gone_since: None,
            restorable_until: None,
            seen_by: None,
            failure: None,
            missing: Vec::new(),
            failed: Vec::new(),
            pruned: Vec::new(),
        }
    }

    /// Reads the text of an `instance.json` that lies in the folder of that instance. One that cannot be read
    /// or is about another instance is the same as none.
    pub(crate) fn parse(text: &[u8], region: &str, instance: &str) -> Option<Self> {
        let memory: Self = serde_json::from_slice(text).ok()?;
        let is_about_it = memory.region == region && memory.instance == instance;
        (is_about_it && memory.format_version <= FORMAT_VERSION).then_some(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_is_read_as_it_was_written_and_only_for_its_own_instance() {
        let memory = Memory::new("cn-north-1", "redis-1");
        let value = serde_json::to_value(&memory).unwrap();
        assert_eq!(value["state"], "present");
        let text = value.to_string();
        assert_eq!(Memory::parse(text.as_bytes(), "cn-north-1", "redis-1"), Some(memory));
        assert_eq!(Memory::parse(text.as_bytes(), "cn-north-1", "redis-2"), None);
        assert_eq!(Memory::parse(b"{", "cn-north-1", "redis-1"), None);
    }
}
