//! Finds the backup that a command means: the newest ones, the latest successful one, the one with an ID.

use std::cmp::Reverse;

use time::OffsetDateTime;

use super::Error;
use super::status::{Others, StatusWord};
use crate::api::model::Backup;
use crate::api::{self, BackupFilter, Client, Entry, Listing, Warning};
use crate::retry::deadline::Deadline;
use crate::values::id::{BaseId, InstanceId};
use crate::values::vocabulary::BackupStatus;

/// The instance's backups, newest first: at least the newest `wanted` ones that `matches` accepts, or all backups if
/// there are fewer. Others are among them.
///
/// The order of the service's list is not documented. As long as its pages come newest first, no page is asked for
/// after `wanted` matches; once a page is out of order, all pages are read.
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

/// The IDs of the backups whose start cannot be read, each with the service's text.
pub(crate) fn unread_starts(
    entries: &[Entry<Backup>],
    is_of_interest: impl Fn(&Backup) -> bool,
) -> Vec<(String, String)> {
    let views = entries.iter().map(|entry| &entry.view);
    views
        .filter(|backup| is_of_interest(backup))
        .filter_map(|backup| Some((backup.base_id.to_string(), backup.unread_start()?.text.clone())))
        .collect()
}

/// The newest backup that succeeded.
#[derive(Debug)]
pub(crate) struct Latest {
    pub(crate) entry: Entry<Backup>,
    /// Newer backups with a status that is not documented and may mean success.
    pub(crate) passed_over: Vec<(BaseId, StatusWord)>,
    /// Backups that succeeded and for which the service gives no start, so that they may be newer.
    pub(crate) undated: Vec<BaseId>,
    pub(crate) warnings: Vec<Warning>,
}

/// Looks for the newest backup that succeeded, by its start.
///
/// # Errors
/// If no backup has succeeded, or if the start of a successful one cannot be read, so that it may be the
/// newest.
pub(crate) fn latest(client: &Client<'_>, instance: &InstanceId, deadline: Deadline) -> Result<Latest, Error> {
    let succeeded = |backup: &Backup| backup.status() == Some(BackupStatus::Success);
    let listing = newest_first(client, instance, &BackupFilter::default(), 1, succeeded, deadline)?;
    let unread = unread_starts(&listing.entries, succeeded);
    if !unread.is_empty() {
        return Err(Error::UnreadStarts {
            backups: unread,
            request_id: listing.request_id,
        });
    }
    let Some(position) = listing.entries.iter().position(|entry| succeeded(&entry.view)) else {
        return Err(Error::NoneSucceeded {
            instance: instance.clone(),
            others: Others::of(listing.entries.iter().map(|entry| &entry.view)),
            request_id: listing.request_id,
        });
    };
    let views = listing.entries.iter().map(|entry| &entry.view);
    let undated = views.filter(|backup| succeeded(backup) && backup.started().is_none());
    let undated = undated.map(|backup| backup.base_id.clone()).collect();
    let is_known = |backup: &Backup| backup.status().is_some();
    let mut entries = listing.entries;
    let newer = entries[..position].iter().map(|entry| &entry.view);
    let passed_over = newer
        .filter(|backup| !is_known(backup))
        .map(|backup| (backup.base_id.clone(), StatusWord(backup.status)))
        .collect();
    Ok(Latest {
        entry: entries.swap_remove(position),
        passed_over,
        undated,
        warnings: listing.warnings,
    })
}
