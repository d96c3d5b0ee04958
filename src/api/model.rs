//! What the service answers, as far as the program looks into it.
//!
//! Source: JD Cloud's cache-Redis API reference. Every answer is also kept whole, as the bytes that
//! came, because the fields here are only the ones the program works with. Of an instance and a
//! backup every field but the ID is optional, as the examples in the documentation leave out any.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::answer::Answer;
use super::error::Error;
use super::paging::Entry;
use crate::values::id::{BaseId, InstanceId};
use crate::values::vocabulary::{BackupKind, BackupStatus};

/// The result of `describeDownloadUrl`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DownloadUrls {
    /// `null` is how some services write an empty list.
    #[serde(deserialize_with = "list_or_null")]
    pub(crate) download_urls: Vec<DownloadUrl>,
}

/// The links of one node's file. A text that is missing, empty or no text is `None`: what matters is
/// only the one that is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DownloadUrl {
    /// Such as `node 0`.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub(crate) link: Option<String>,
    /// For use inside JD Cloud's own network. In the documented answer, though neither in the
    /// documented table of fields nor in an SDK.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub(crate) internal_link: Option<String>,
}

/// The result of `createBackup`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedBackup {
    pub(crate) base_id: BaseId,
}

/// A page of `describeCacheInstances` or `describeBackups`, which has one of the two lists.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default, deserialize_with = "present_list")]
    cache_instances: Option<Vec<Box<RawValue>>>,
    #[serde(default, deserialize_with = "present_list")]
    backups: Option<Vec<Box<RawValue>>>,
    /// How many there are on all pages.
    total_count: Option<u64>,
}

impl Page {
    /// The list of that name, as the service's answers name it; `None` where it is not there.
    fn entries(self, field: &str) -> Option<Vec<Box<RawValue>>> {
        match field {
            CacheInstance::FIELD => self.cache_instances,
            _ => self.backups,
        }
    }
}

/// What a listing lists.
pub(crate) trait Listed: DeserializeOwned {
    /// The name of the list in the service's answer.
    const FIELD: &'static str;

    /// What tells one from the others.
    fn id(&self) -> &str;
}

/// A cache instance.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CacheInstance {
    #[serde(rename = "cacheInstanceId")]
    pub(crate) id: InstanceId,
    #[serde(rename = "cacheInstanceName")]
    pub(crate) name: Option<String>,
    /// `master-slave`, `cluster` or `native-cluster`.
    #[serde(rename = "cacheInstanceType")]
    pub(crate) kind: Option<String>,
    pub(crate) redis_version: Option<String>,
    #[serde(rename = "cacheInstanceMemoryMB")]
    pub(crate) memory_mib: Option<u64>,
    #[serde(rename = "shardNumber")]
    pub(crate) shards: Option<u64>,
    #[serde(rename = "cacheInstanceStatus")]
    pub(crate) status: Option<String>,
    #[serde(rename = "connectionDomain")]
    pub(crate) domain: Option<String>,
    pub(crate) port: Option<u16>,
}

impl Listed for CacheInstance {
    const FIELD: &'static str = "cacheInstances";

    fn id(&self) -> &str {
        self.id.as_str()
    }
}

/// A backup: one task, and a file for every node.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Backup {
    pub(crate) base_id: BaseId,
    #[serde(rename = "backupFileName")]
    pub(crate) name: Option<String>,
    #[serde(rename = "backupStartTime")]
    pub(crate) start: Option<Moment>,
    #[serde(rename = "backupEndTime")]
    pub(crate) end: Option<Moment>,
    #[serde(rename = "backupType")]
    pub(crate) kind: Option<i64>,
    /// Bytes, all shards together.
    #[serde(rename = "backupSize")]
    pub(crate) size: Option<u64>,
    #[serde(rename = "backupStatus")]
    pub(crate) status: Option<i64>,
    #[serde(rename = "backupShardNum")]
    pub(crate) shards: Option<u64>,
}

impl Listed for Backup {
    const FIELD: &'static str = "backups";

    fn id(&self) -> &str {
        self.base_id.as_str()
    }
}

impl Backup {
    /// `None` where the service gave none, or one that is not documented.
    pub(crate) fn status(&self) -> Option<BackupStatus> {
        BackupStatus::of(self.status?)
    }

    /// `None` where the service gave none, or one that is not documented.
    pub(crate) fn kind(&self) -> Option<BackupKind> {
        BackupKind::of(self.kind?)
    }

    pub(crate) fn started(&self) -> Option<OffsetDateTime> {
        self.start.as_ref()?.moment
    }

    pub(crate) fn ended(&self) -> Option<OffsetDateTime> {
        self.end.as_ref()?.moment
    }
}

/// A time. Documented as UTC, `YYYY-MM-DDTHH:mm:ssZ`, though examples carry `+08:00`.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Moment {
    /// As the service wrote it.
    pub(crate) text: String,
    /// `None` where it is no RFC 3339.
    moment: Option<OffsetDateTime>,
}

impl From<String> for Moment {
    fn from(text: String) -> Self {
        let moment = OffsetDateTime::parse(&text, &Rfc3339).ok();
        Self { text, moment }
    }
}

fn list_or_null<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A list that is there, if only as `null`.
fn present_list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    list_or_null(deserializer).map(Some)
}

fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    })
}

impl Answer {
    /// Reads the answer's `result` as a page of a listing: its entries, and how many there are on all
    /// pages.
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub(crate) fn page<T: Listed>(&self) -> Result<(Vec<Entry<T>>, Option<u64>), Error> {
        let page: Page = self.result()?;
        let total_count = page.total_count;
        let entries = page
            .entries(T::FIELD)
            .ok_or_else(|| self.unexpected(format!("its result has no {}", T::FIELD)))?;
        let view = |raw: Box<RawValue>| match serde_json::from_str(raw.get()) {
            Ok(view) => Ok(Entry { raw, view }),
            Err(error) => Err(self.misshapen(T::FIELD, &error)),
        };
        let entries: Result<_, Error> = entries.into_iter().map(view).collect();
        Ok((entries?, total_count))
    }
}
