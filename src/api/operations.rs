//! The operations of the API that the program calls, a function each. Their paths and parameters are
//! those of JD Cloud's cache-Redis API reference.

use time::OffsetDateTime;

use super::answer::Answer;
use super::client::{Call, Client};
use super::error::{Error, ErrorKind};
use super::model::{Backup, BackupInfo, CacheInstance, DownloadUrl};
use super::paging::{Entry, Listing};
use super::refusal::Refusal;
use crate::retry::deadline::Deadline;
use crate::values::id::{BackupName, BaseId, InstanceId};
use crate::values::vocabulary::BackupKind;
use crate::values::when::rfc3339;

/// The filter on the backups that the service is asked for; by default it asks for all.
#[derive(Debug, Default)]
pub(crate) struct BackupFilter<'a> {
    /// `startTime`.
    pub(crate) since: Option<OffsetDateTime>,
    /// `endTime`.
    pub(crate) until: Option<OffsetDateTime>,
    pub(crate) base_id: Option<&'a BaseId>,
}

impl BackupFilter<'_> {
    /// Whether it has a time.
    pub(crate) fn has_times(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// The parameters of the request.
    ///
    /// `startTime` and `endTime` are sent as UTC with a `Z`. This is a guess: the documentation does not
    /// name their form.
    fn query(&self) -> Vec<(String, String)> {
        let time = |name: &str, moment: Option<OffsetDateTime>| {
            // Whole seconds, as in the documentation's examples. The caller removes backups that are too
            // early by less than a second.
            let whole = moment.map(|moment| moment.replace_nanosecond(0).unwrap_or(moment));
            whole.map(|moment| (name.to_owned(), rfc3339(moment)))
        };
        let base_id = self.base_id.map(|id| ("baseId".to_owned(), id.to_string()));
        [time("startTime", self.since), time("endTime", self.until), base_id]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// The parameters that filter a listing by these fields: `filters.N.name` and `filters.N.values.M`, both
/// from 1. No operator is sent, which means `eq`.
fn filters(fields: &[(&str, Option<&str>)]) -> Vec<(String, String)> {
    let given = fields.iter().filter_map(|(field, value)| Some((*field, (*value)?)));
    (1..)
        .zip(given)
        .flat_map(|(n, (field, value))| {
            let parameter = |part: &str, value: &str| (format!("filters.{n}.{part}"), value.to_owned());
            [parameter("name", field), parameter("values.1", value)]
        })
        .collect()
}

impl Client<'_> {
    /// `describeDownloadUrl`: the temporary download links of a backup, one a node, with the whole
    /// answer.
    pub(crate) fn describe_download_url(
        &self,
        instance: &InstanceId,
        backup: &BaseId,
        deadline: Deadline,
    ) -> Result<(Answer, Vec<DownloadUrl>), Error> {
        let path = ["cacheInstance", instance.as_str(), "backup:describeDownloadUrl"];
        let query = vec![("baseId".to_owned(), backup.to_string())];
        let answer = self.send(&Call::get(&path, query), deadline)?;
        let urls = answer.download_urls()?;
        Ok((answer, urls))
    }

    /// `describeCacheInstances`: the instances of the region, in the service's order. The service matches a
    /// name by any part of it, and a status as a whole.
    pub(crate) fn describe_cache_instances(
        &self,
        name: Option<&str>,
        status: Option<&str>,
        deadline: Deadline,
    ) -> Result<Listing<CacheInstance>, Error> {
        let query = filters(&[("cacheInstanceName", name), ("cacheInstanceStatus", status)]);
        self.list(&["cacheInstance"], query, deadline, |_| false)
    }

    /// `describeCacheInstances` with `tagFilters`: the instances of the region that have each of the tag
    /// keys with one of the values given for it; without a filter, all instances. Source: the models of JD
    /// Cloud's SDKs.
    pub(crate) fn describe_tagged_cache_instances(
        &self,
        tags: &[(&str, Vec<&str>)],
        deadline: Deadline,
    ) -> Result<Listing<CacheInstance>, Error> {
        let mut query = Vec::new();
        for (n, (key, values)) in (1..).zip(tags) {
            query.push((format!("tagFilters.{n}.key"), (*key).to_owned()));
            let values = (1..).zip(values);
            query.extend(values.map(|(m, value)| (format!("tagFilters.{n}.values.{m}"), (*value).to_owned())));
        }
        self.list(&["cacheInstance"], query, deadline, |_| false)
    }

    /// `describeCacheInstance`: one instance.
    pub(crate) fn describe_cache_instance(
        &self,
        instance: &InstanceId,
        deadline: Deadline,
    ) -> Result<CacheInstance, Error> {
        let path = ["cacheInstance", instance.as_str()];
        let answer = self.send(&Call::get(&path, Vec::new()), deadline)?;
        answer.cache_instance()
    }

    /// `recycledCacheInstance`: the released instances that the recycle bin still has. Source: the models of
    /// JD Cloud's SDKs, by which its list is one of instances.
    pub(crate) fn recycled_cache_instances(&self, deadline: Deadline) -> Result<Listing<CacheInstance>, Error> {
        self.list(&["recycledCacheInstance"], Vec::new(), deadline, |_| false)
    }

    /// `describeBackups`: the backups of an instance, in the service's order. `enough` is called with each
    /// page; after it returns true, no further page is asked for.
    pub(crate) fn describe_backups(
        &self,
        instance: &InstanceId,
        filter: &BackupFilter<'_>,
        deadline: Deadline,
        enough: impl FnMut(&[Entry<Backup>]) -> bool,
    ) -> Result<Listing<Backup>, Error> {
        let path = ["cacheInstance", instance.as_str(), "backup"];
        self.list(&path, filter.query(), deadline, enough)
    }

    /// `describeBackupInfo`: the size and the number of shards of a backup.
    pub(crate) fn describe_backup_info(
        &self,
        instance: &InstanceId,
        backup: &BaseId,
        deadline: Deadline,
    ) -> Result<BackupInfo, Error> {
        let path = ["cacheInstance", instance.as_str(), "backup", backup.as_str()];
        self.send(&Call::get(&path, Vec::new()), deadline)?.backup_info()
    }

    /// `createBackup`: starts a backup. Returns its ID, with the whole answer.
    pub(crate) fn create_backup(
        &self,
        instance: &InstanceId,
        name: &BackupName,
        deadline: Deadline,
    ) -> Result<(Answer, BaseId), Error> {
        let path = ["cacheInstance", instance.as_str(), "backup"];
        let body = serde_json::json!({"fileName": name.as_str(), "backupType": BackupKind::Manual.number()});
        let answer = self.send(&Call::post(&path, &body), deadline)?;
        // Even if the answer cannot be read, the backup may have been started.
        let base_id = answer.created_backup().map_err(|error| Error {
            may_have_happened: !matches!(*error.kind, ErrorKind::Refused(Refusal { code: 400..500, .. })),
            ..error
        })?;
        Ok((answer, base_id))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn pairs(query: Vec<(String, String)>) -> String {
        let pairs = query.into_iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn filters_are_numbered_without_a_gap() {
        assert_eq!(pairs(filters(&[("a", None), ("b", None)])), "");
        assert_eq!(
            pairs(filters(&[("a", None), ("b", Some("x y"))])),
            "filters.1.name=b filters.1.values.1=x y"
        );
        assert_eq!(
            pairs(filters(&[("a", Some("")), ("b", Some("y"))])),
            "filters.1.name=a filters.1.values.1= filters.2.name=b filters.2.values.1=y"
        );
    }

    #[test]
    fn times_are_asked_for_in_whole_seconds_of_utc() {
        let id: BaseId = "1234".parse().unwrap();
        let filter = BackupFilter {
            since: Some(datetime!(2026-01-31 08:00:00.9 +8)),
            until: Some(datetime!(2026-02-01 00:00 UTC)),
            base_id: Some(&id),
        };
        assert_eq!(
            pairs(filter.query()),
            "startTime=2026-01-31T00:00:00Z endTime=2026-02-01T00:00:00Z baseId=1234"
        );
        assert_eq!(pairs(BackupFilter::default().query()), "");
    }
}
