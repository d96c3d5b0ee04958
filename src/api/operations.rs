//! The operations of the API that the program calls, a function each. Their paths and parameters are
//! those of JD Cloud's cache-Redis API reference.

use time::OffsetDateTime;

use super::answer::Answer;
use super::client::{Call, Client};
use super::error::{Error, ErrorKind, Refusal};
use super::model::{Backup, CacheInstance, DownloadUrl};
use super::paging::{Entry, Listing};
use crate::retry::deadline::Deadline;
use crate::values::id::{BackupName, BaseId, InstanceId};
use crate::values::vocabulary::BackupKind;
use crate::values::when::rfc3339;

/// The backups that the service is asked for; by default all of them.
#[derive(Debug, Default)]
pub(crate) struct BackupFilter<'a> {
    pub(crate) since: Option<OffsetDateTime>,
    pub(crate) until: Option<OffsetDateTime>,
    pub(crate) base_id: Option<&'a BaseId>,
}

impl BackupFilter<'_> {
    pub(crate) fn has_times(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }
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

    /// `describeCacheInstances`: the instances of the region, in the service's order. The service
    /// matches a part of a name, and the whole of a status.
    pub(crate) fn describe_cache_instances(
        &self,
        name: Option<&str>,
        status: Option<&str>,
        deadline: Deadline,
    ) -> Result<Listing<CacheInstance>, Error> {
        let filters = [("cacheInstanceName", name), ("cacheInstanceStatus", status)];
        let given = filters.into_iter().filter_map(|(field, value)| Some((field, value?)));
        let query = (1..)
            .zip(given)
            .flat_map(|(n, (field, value))| {
                let parameter = |part: &str, value: &str| (format!("filters.{n}.{part}"), value.to_owned());
                [parameter("name", field), parameter("values.1", value)]
            })
            .collect();
        self.list(&["cacheInstance"], query, deadline, |_| false)
    }

    /// `describeBackups`: the backups of an instance, in the service's order. Each page is shown to
    /// `enough`, and none is asked for after the one that it is content with.
    ///
    /// `startTime` and `endTime` are sent as UTC with a `Z`. That is a guess: the documentation does not
    /// say which form they take.
    pub(crate) fn describe_backups(
        &self,
        instance: &InstanceId,
        filter: &BackupFilter<'_>,
        deadline: Deadline,
        enough: impl FnMut(&[Entry<Backup>]) -> bool,
    ) -> Result<Listing<Backup>, Error> {
        let mut query = Vec::new();
        for (name, moment) in [("startTime", filter.since), ("endTime", filter.until)] {
            // Whole seconds, as in the documentation's examples. The caller leaves out the backups that
            // are too early by less than one.
            let whole = moment.map(|moment| moment.replace_nanosecond(0).unwrap_or(moment));
            query.extend(whole.map(|moment| (name.to_owned(), rfc3339(moment))));
        }
        query.extend(filter.base_id.map(|id| ("baseId".to_owned(), id.to_string())));
        let path = ["cacheInstance", instance.as_str(), "backup"];
        self.list(&path, query, deadline, enough)
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
        // An answer that cannot be read may still mean that the backup was started.
        let base_id = answer.created_backup().map_err(|error| Error {
            may_have_happened: !matches!(*error.kind, ErrorKind::Refused(Refusal { code: 400..500, .. })),
            ..error
        })?;
        Ok((answer, base_id))
    }
}
