//! The service's answers as types: the fields that the program works with.
//!
//! Source: JD Cloud's cache-Redis API reference. Every answer is also kept whole, for JSON output. Every field
//! of an instance and a backup but the ID is optional, since the documentation's examples leave out any of
//! them.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use time::OffsetDateTime;

use super::answer::Answer;
use super::error::Error;
use super::field::{Misfit, Object};
use super::moment::Moment;
use crate::values::id::{BaseId, InstanceId};
use crate::values::vocabulary::{BackupKind, BackupStatus};
use crate::values::when::rfc3339;

/// The result of `describeDownloadUrl`.
#[derive(Deserialize)]
struct DownloadUrls {
    /// Some services write an empty list as `null`.
    #[serde(rename = "downloadUrls")]
    list: Option<Vec<DownloadUrl>>,
}

/// The links of one node's file. A link that is missing, empty or no text is `None`: only the kind of link
/// that is asked for must be there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DownloadUrl {
    #[serde(default)]
    pub(crate) name: NodeName,
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub(crate) link: Option<String>,
    /// For use inside JD Cloud's own network. The documented example has this field, but neither the
    /// documented table of fields nor an SDK has it.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub(crate) internal_link: Option<String>,
}

/// A node's name, such as `node 0`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum NodeName {
    /// Missing, `null` or empty.
    #[default]
    Absent,
    Text(String),
    /// A number or a truth value, as it is written.
    Other(String),
    /// A list or an object.
    Unreadable,
}

impl<'de> Deserialize<'de> for NodeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Absent,
            Value::String(text) if text.is_empty() => Self::Absent,
            Value::String(text) => Self::Text(text),
            value @ (Value::Number(_) | Value::Bool(_)) => Self::Other(value.to_string()),
            Value::Array(_) | Value::Object(_) => Self::Unreadable,
        })
    }
}

impl NodeName {
    /// The name; `None` if there is none that can be read.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(name) | Self::Other(name) => Some(name),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    })
}

impl Answer {
    /// Reads the result of `describeDownloadUrl`.
    pub(super) fn download_urls(&self) -> Result<Vec<DownloadUrl>, Error> {
        const FIELD: &str = "downloadUrls";
        match self.result::<DownloadUrls>() {
            Ok(DownloadUrls { list: Some(list) }) => Ok(list),
            read => {
                // Read once more, field by field, for an error that names the field at fault.
                let is_object = |(i, value)| Object::of(value, &format!("{FIELD}[{i}]")).map(drop);
                let list = self.object()?.required_list(FIELD);
                list.and_then(|list| list.into_iter().enumerate().try_for_each(is_object))
                    .map_err(|misfit| self.misfit(format!("in its result, {misfit}")))?;
                read.map(|DownloadUrls { list }| list.unwrap_or_default())
            }
        }
    }

    /// Reads the result of `describeCacheInstance`.
    pub(super) fn cache_instance(&self) -> Result<CacheInstance, Error> {
        const FIELD: &str = "cacheInstance";
        let entry = self
            .object()?
            .required(FIELD)
            .and_then(|value| Object::of(value, FIELD));
        entry
            .and_then(|mut entry| CacheInstance::read(&mut entry))
            .map_err(|misfit| self.misfit(format!("in its result, {misfit}")))
    }

    /// Reads the result of `describeBackupInfo`. A field that cannot be read is `None`.
    pub(super) fn backup_info(&self) -> Result<BackupInfo, Error> {
        let mut object = self.object()?;
        Ok(BackupInfo {
            size: object.count("backupSize"),
            shards: object.count("backupShardNum"),
        })
    }

    /// Reads the result of `createBackup`.
    pub(super) fn created_backup(&self) -> Result<BaseId, Error> {
        let id = self.object()?.required_text("baseId");
        id.and_then(|id| id.parse().map_err(|error| Misfit::Other(format!("baseId: {error}"))))
            .map_err(|misfit| self.misfit(format!("in its result, {misfit}")))
    }
}

/// The size of a backup.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BackupInfo {
    /// Bytes, all shards together.
    pub(crate) size: Option<u64>,
    pub(crate) shards: Option<u64>,
}

/// An entry of a listing: an instance or a backup.
pub(crate) trait Listed: Sized {
    /// The name of the list in the service's answer.
    const FIELD: &'static str;
    /// The word for one entry.
    const NAME: &'static str;

    /// Reads an entry of the list. A field that cannot be read is `None`.
    ///
    /// # Errors
    /// If it has no ID.
    fn read(entry: &mut Object<'_>) -> Result<Self, Misfit>;

    /// The ID, which no other entry has.
    fn id(&self) -> &str;

    /// The fields of the object that `-o json` adds to an entry: what was read, under plain names and in one
    /// spelling.
    fn additions(&self) -> Vec<(&'static str, String)>;
}

/// A cache instance.
#[derive(Debug)]
pub(crate) struct CacheInstance {
    /// `cacheInstanceId`.
    pub(crate) id: InstanceId,
    /// `cacheInstanceName`.
    pub(crate) name: Option<String>,
    /// `cacheInstanceType`: `master-slave`, `cluster` or `native-cluster`.
    pub(crate) kind: Option<String>,
    /// `redisVersion`, such as `4.0`.
    pub(crate) redis_version: Option<String>,
    /// `cacheInstanceMemoryMB`, taken as MiB.
    pub(crate) memory_mib: Option<u64>,
    /// `shardNumber`.
    pub(crate) shards: Option<u64>,
    /// `cacheInstanceStatus`; the documented values are in [`vocabulary`](crate::values::vocabulary).
    pub(crate) status: Option<String>,
    /// `connectionDomain`: the host name that clients connect to.
    pub(crate) domain: Option<String>,
    /// `port`.
    pub(crate) port: Option<u16>,
    /// `databaseNum`: the number of its databases, 16 to 256; a text in one of JD Cloud's models and a number in another.
    pub(crate) databases: Option<u64>,
    /// `createTime`.
    created: Option<Moment>,
    /// `retainExpireTime`: until when the recycle bin keeps it. Only instances there have it.
    kept_until: Option<Moment>,
}

impl CacheInstance {
    /// In UTC; `None` where the service gave none, or one that cannot be read.
    pub(crate) fn created(&self) -> Option<OffsetDateTime> {
        self.created.as_ref()?.at
    }

    /// As [`created`](Self::created).
    pub(crate) fn kept_until(&self) -> Option<OffsetDateTime> {
        self.kept_until.as_ref()?.at
    }
}

impl Listed for CacheInstance {
    const FIELD: &'static str = "cacheInstances";
    const NAME: &'static str = "instance";

    fn read(entry: &mut Object<'_>) -> Result<Self, Misfit> {
        let id = entry.required_text("cacheInstanceId")?;
        Ok(Self {
            id: id
                .parse()
                .map_err(|error| Misfit::Other(format!("cacheInstanceId: {error}")))?,
            name: entry.text("cacheInstanceName"),
            kind: entry.text("cacheInstanceType"),
            redis_version: entry.text("redisVersion"),
            memory_mib: entry.count("cacheInstanceMemoryMB"),
            shards: entry.count("shardNumber"),
            status: entry.text("cacheInstanceStatus"),
            domain: entry.text("connectionDomain"),
            port: entry.port("port"),
            databases: entry.count("databaseNum"),
            created: entry.moment("createTime"),
            kept_until: entry.moment("retainExpireTime"),
        })
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn additions(&self) -> Vec<(&'static str, String)> {
        let fields = [("status", &self.status), ("type", &self.kind)];
        let read = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)));
        read.collect()
    }
}

/// A backup: one task, and a file for every node.
#[derive(Debug)]
pub(crate) struct Backup {
    /// `baseId`.
    pub(crate) base_id: BaseId,
    /// `backupFileName`.
    pub(crate) name: Option<String>,
    /// `backupStartTime`.
    pub(crate) start: Option<Moment>,
    /// `backupEndTime`.
    pub(crate) end: Option<Moment>,
    /// `backupType`.
    pub(crate) kind: Option<i64>,
    /// `backupSize`: bytes, all shards together.
    pub(crate) size: Option<u64>,
    /// `backupStatus`.
    pub(crate) status: Option<i64>,
    /// `backupShardNum`.
    pub(crate) shards: Option<u64>,
}

impl Listed for Backup {
    const FIELD: &'static str = "backups";
    const NAME: &'static str = "backup";

    fn read(entry: &mut Object<'_>) -> Result<Self, Misfit> {
        const END: &str = "backupEndTime";
        let base_id = entry.required_text("baseId")?;
        let backup = Self {
            base_id: base_id
                .parse()
                .map_err(|error| Misfit::Other(format!("baseId: {error}")))?,
            name: entry.text("backupFileName"),
            // The caller decides how to treat an unread start.
            start: entry.moment("backupStartTime"),
            end: entry.moment(END),
            kind: entry.coded("backupType", BackupKind::number_of),
            size: entry.count("backupSize"),
            status: entry.coded("backupStatus", BackupStatus::number_of),
            shards: entry.count("backupShardNum"),
        };
        if backup.end.as_ref().is_some_and(|end| end.at.is_none()) {
            entry.cannot_read::<()>(END);
        }
        Ok(backup)
    }

    fn id(&self) -> &str {
        self.base_id.as_str()
    }

    fn additions(&self) -> Vec<(&'static str, String)> {
        let fields = [
            ("status", self.status().map(|status| status.word().to_owned())),
            ("type", self.kind().map(|kind| kind.word().to_owned())),
            ("startedAt", self.started().map(rfc3339)),
            ("endedAt", self.ended().map(rfc3339)),
        ];
        let read = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
        read.collect()
    }
}

/// An instance or a backup as the service writes it.
#[cfg(test)]
fn of_json<T: Listed>(json: &Value) -> T {
    let raw = serde_json::value::RawValue::from_string(json.to_string()).expect("it is JSON");
    let mut entry = Object::of(&raw, T::NAME).expect("it is an object");
    T::read(&mut entry).expect("it has an ID")
}

#[cfg(test)]
impl CacheInstance {
    pub(crate) fn of_json(json: &Value) -> Self {
        of_json(json)
    }
}

#[cfg(test)]
impl Backup {
    pub(crate) fn of_json(json: &Value) -> Self {
        of_json(json)
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

    /// In UTC; `None` where the service gave none, or one that cannot be read.
    pub(crate) fn started(&self) -> Option<OffsetDateTime> {
        self.start.as_ref()?.at
    }

    /// As [`started`](Self::started).
    pub(crate) fn ended(&self) -> Option<OffsetDateTime> {
        self.end.as_ref()?.at
    }

    /// The service's text of the start, if it cannot be read.
    pub(crate) fn unread_start(&self) -> Option<&Moment> {
        self.start.as_ref().filter(|start| start.at.is_none())
    }
}
