//! Which of an instance's backups is meant.

use std::cmp::Reverse;

use time::OffsetDateTime;

use super::Error;
use crate::api::model::Backup;
use crate::api::{self, BackupFilter, Client, Entry, Listing};
use crate::retry::deadline::Deadline;
use crate::values::id::{BaseId, InstanceId};
use crate::values::vocabulary::BackupStatus;

/// The backups that `matches` holds for, newest first, and perhaps others.
///
/// In what order the service lists them is not documented. As long as its pages came newest first, no
/// page is asked for after `wanted` matches; once one did not, all of them are.
pub(crate) fn newest_first(
    client: &Client<'_>,
    instance: &InstanceId,
    filter: &BackupFilter<'_>,
    wanted: usize,
    matches: impl Fn(&Backup) -> bool,
    deadline: Deadline,
) -> Result<Listing<Backup>, api::Error> {
    let (mut found, mut is_newest_first, mut last) = (0, true, None);
    let enough = |page: &[Entry<Backup>]| {
        for entry in page {
            let start = entry.view.started();
            is_newest_first &= start.is_some() && last.is_none_or(|last| start <= last);
            last = Some(start);
            found += usize::from(matches(&entry.view));
        }
        is_newest_first && found >= wanted
    };
    let mut listing = client.describe_backups(instance, filter, deadline, enough)?;
    // Backups without a start come last.
    listing
        .entries
        .sort_by_cached_key(|entry| Reverse(entry.view.started().map(OffsetDateTime::unix_timestamp_nanos)));
    Ok(listing)
}

/// The service's entry of the backup with this ID, if it lists one.
pub(crate) fn find(
    client: &Client<'_>,
    instance: &InstanceId,
    base_id: &BaseId,
    deadline: Deadline,
) -> Result<Option<Entry<Backup>>, api::Error> {
    let filter = BackupFilter {
        base_id: Some(base_id),
        ..BackupFilter::default()
    };
    let is_it = |entry: &Entry<Backup>| entry.view.base_id == *base_id;
    let listing = client.describe_backups(instance, &filter, deadline, |page| page.iter().any(is_it))?;
    Ok(listing.entries.into_iter().find(is_it))
}

/// The newest backup that succeeded, by its start.
pub(crate) fn latest(client: &Client<'_>, instance: &InstanceId, deadline: Deadline) -> Result<Entry<Backup>, Error> {
    let succeeded = |backup: &Backup| backup.status() == Some(BackupStatus::Success);
    let listing = newest_first(client, instance, &BackupFilter::default(), 1, succeeded, deadline)?;
    let count = |status| {
        let statuses = listing.entries.iter().map(|entry| entry.view.status());
        statuses.filter(|of_entry| *of_entry == Some(status)).count()
    };
    let (running, failed) = (count(BackupStatus::Running), count(BackupStatus::Failed));
    let mut entries = listing.entries.into_iter();
    entries
        .find(|entry| succeeded(&entry.view))
        .ok_or_else(|| Error::NoneSucceeded {
            instance: instance.clone(),
            running,
            failed,
            request_id: listing.request_id,
        })
}
