//! Asks the service for the instances of a fleet and their backups: several calls at a time, under one pace. A failure
//! of one instance or region changes nothing for the others.

mod select;

use time::OffsetDateTime;

pub(crate) use self::select::{Pattern, Selection, Tag};
use super::memory::Presence;
use super::read::{Archive, Archived};
use crate::api::model::{Backup, CacheInstance};
use crate::api::{self, BackupFilter, Client, Listing, Reason, Warning};
use crate::process::side_by_side::side_by_side;
use crate::retry::pace::Pace;
use crate::values::id::{InstanceId, Region};

/// How many calls are on their way at once. An answer takes about 50 ms, so this is 320 calls a second while
/// the burst of the pace lasts, and more than the pace needs after it.
const AT_ONCE: usize = 16;

/// The client that asks, and the pace of its calls.
pub(crate) struct Asker<'a> {
    /// A client that keeps the pace.
    pub(crate) client: &'a Client<'a>,
    pub(crate) pace: &'a Pace,
    /// A hash of the access key in use, as [`Memory::seen_by`](super::memory::Memory) has it.
    pub(crate) key: &'a str,
}

/// The answers of the service.
pub(crate) struct Survey {
    pub(crate) instances: Vec<Surveyed>,
    /// The regions that could not be listed, and why.
    pub(crate) failed_regions: Vec<(Region, api::Error)>,
    /// Where the lists differ from the documentation, with the region of each list.
    pub(crate) warnings: Vec<(Region, Warning)>,
    /// The instances that were named and that no region has.
    pub(crate) not_found: Vec<InstanceId>,
}

/// An instance, and the answer about it.
pub(crate) struct Surveyed {
    pub(crate) region: Region,
    pub(crate) instance: InstanceId,
    /// The service's entry of it, where there is one.
    pub(crate) details: Option<CacheInstance>,
    pub(crate) found: Found,
}

/// The answer about an instance.
pub(crate) enum Found {
    /// The backups that the service has of it.
    Backups(Listing<Backup>),
    Failed(api::Error),
    /// The service has it no longer. The recycle bin may keep it until a time that the service tells.
    Gone {
        restorable_until: Option<OffsetDateTime>,
    },
    /// The service's list does not have it. The list may be incomplete, or that of another key, so that the instance
    /// may still be there.
    Unjudged,
    /// The named instance is not in this region.
    Elsewhere,
    /// A signal stopped the run before it was asked for.
    NotAsked,
}

/// An instance to ask for.
struct Target<'a> {
    region: &'a Region,
    id: InstanceId,
    known: KnownBy,
}

/// How a run knows of an instance, which decides what it asks.
enum KnownBy {
    /// The region's list has it.
    Listed(Box<CacheInstance>),
    /// `--instance` names it.
    Named,
    /// The archive remembers it, and the region's list, which is whole, does not have it.
    Missing,
    /// The archive remembers it, and the region's list, which may not be whole, does not have it.
    Unjudged,
    /// The archive remembers that it is gone.
    Gone(Option<OffsetDateTime>),
}

impl Survey {
    /// Asks for all instances of the selection. `archive` tells which instances there were before.
    pub(crate) fn take(asker: &Asker<'_>, regions: &[Region], selection: &Selection, archive: &Archive) -> Self {
        let mut survey = Self {
            instances: Vec::new(),
            failed_regions: Vec::new(),
            warnings: Vec::new(),
            not_found: Vec::new(),
        };
        let targets = if selection.named.is_empty() {
            survey.targets_of_lists(asker, regions, selection, archive)
        } else {
            let named = selection.named.iter().filter(|id| !selection.excludes(id, None));
            let named = named.flat_map(|id| regions.iter().map(move |region| (region, id)));
            let target = |(region, id): (_, &InstanceId)| Target {
                region,
                id: id.clone(),
                known: KnownBy::Named,
            };
            named.map(target).collect()
        };
        let found = side_by_side(&targets, AT_ONCE, |target| asker.ask(target));
        for (target, (details, found)) in targets.into_iter().zip(found) {
            let listed = match target.known {
                KnownBy::Listed(listed) => Some(*listed),
                _ => None,
            };
            survey.instances.push(Surveyed {
                region: target.region.clone(),
                instance: target.id,
                details: details.or(listed),
                found,
            });
        }
        survey.drop_those_elsewhere(&selection.named);
        survey.ask_recycle_bins(asker);
        survey
    }

    /// Reads the regions' lists side by side.
    fn targets_of_lists<'a>(
        &mut self,
        asker: &Asker<'_>,
        regions: &'a [Region],
        selection: &Selection,
        archive: &Archive,
    ) -> Vec<Target<'a>> {
        let tags = selection.tag_filters();
        let lists = side_by_side(regions, AT_ONCE, |region| {
            let client = asker.client.in_region(region);
            client.describe_tagged_cache_instances(&tags, client.deadline())
        });
        let mut targets = Vec::new();
        for (region, list) in regions.iter().zip(lists) {
            let list = match list {
                Ok(list) => list,
                Err(error) => {
                    self.failed_regions.push((region.clone(), error));
                    continue;
                }
            };
            let is_whole = selection.takes_whole_lists() && !list.entries.is_empty() && is_whole(&list);
            let of_region = |archived: &&Archived| archived.region == *region;
            for archived in archive.instances.iter().filter(of_region) {
                let is_listed = list.entries.iter().any(|entry| entry.view.id == archived.instance);
                // With tags the service lists only the instances that have them; the run is not about the others.
                let is_chosen = selection.tags.is_empty() && !selection.excludes(&archived.instance, archived.name());
                if !is_listed && is_chosen {
                    targets.push(Target {
                        region,
                        id: archived.instance.clone(),
                        known: asker.known_by_archive(archived, is_whole),
                    });
                }
            }
            self.warnings
                .extend(list.warnings.into_iter().map(|warning| (region.clone(), warning)));
            for entry in list.entries {
                let instance = entry.view;
                if !selection.excludes(&instance.id, instance.name.as_deref()) {
                    targets.push(Target {
                        region,
                        id: instance.id.clone(),
                        known: KnownBy::Listed(Box::new(instance)),
                    });
                }
            }
        }
        targets
    }

    /// Drops the named instances from the regions that do not have them, and notes those that no region has.
    fn drop_those_elsewhere(&mut self, named: &[InstanceId]) {
        let is_elsewhere = |surveyed: &Surveyed| matches!(surveyed.found, Found::Elsewhere);
        let nowhere = |id: &&InstanceId| {
            let of_id = self.instances.iter().filter(|surveyed| surveyed.instance == **id);
            of_id.clone().count() > 0 && of_id.clone().all(is_elsewhere)
        };
        self.not_found = named.iter().filter(nowhere).cloned().collect();
        self.instances.retain(|surveyed| !is_elsewhere(surveyed));
    }

    /// Asks until when the instances that are gone can be recovered. A failure changes nothing: the key may not be
    /// permitted to ask, and a region may have no recycle bin.
    fn ask_recycle_bins(&mut self, asker: &Asker<'_>) {
        let is_new = |surveyed: &Surveyed| matches!(surveyed.found, Found::Gone { restorable_until: None });
        let mut regions: Vec<Region> = Vec::new();
        for surveyed in self.instances.iter().filter(|surveyed| is_new(surveyed)) {
            if !regions.contains(&surveyed.region) {
                regions.push(surveyed.region.clone());
            }
        }
        for region in regions {
            let client = asker.client.in_region(&region);
            let Ok(recycled) = client.recycled_cache_instances(client.deadline()) else {
                continue;
            };
            for surveyed in self.instances.iter_mut().filter(|surveyed| surveyed.region == region) {
                let entry = recycled.entries.iter().find(|entry| entry.view.id == surveyed.instance);
                let until = entry.and_then(|entry| entry.view.kept_until());
                if let Found::Gone { restorable_until } = &mut surveyed.found {
                    *restorable_until = restorable_until.or(until);
                }
            }
        }
    }
}

impl Asker<'_> {
    /// Of an instance that the archive has and its region's list does not have.
    fn known_by_archive(&self, archived: &Archived, is_whole: bool) -> KnownBy {
        let Some(memory) = &archived.memory else {
            return KnownBy::Unjudged;
        };
        match memory.state {
            Presence::Gone => KnownBy::Gone(memory.restorable_until),
            Presence::Present if is_whole && memory.seen_by.as_deref() == Some(self.key) => KnownBy::Missing,
            Presence::Present => KnownBy::Unjudged,
        }
    }

    fn ask(&self, target: &Target<'_>) -> (Option<CacheInstance>, Found) {
        if self.pace.is_stopped() {
            return (None, Found::NotAsked);
        }
        let client = self.client.in_region(target.region);
        let describe = || client.describe_cache_instance(&target.id, client.deadline());
        match &target.known {
            KnownBy::Listed(_) => (None, backups(&client, &target.id)),
            KnownBy::Unjudged => (None, Found::Unjudged),
            KnownBy::Gone(restorable_until) => (
                None,
                Found::Gone {
                    restorable_until: *restorable_until,
                },
            ),
            KnownBy::Named => match describe() {
                Ok(details) => (Some(details), backups(&client, &target.id)),
                Err(error) if error.reason() == Some(Reason::NotFound) => (None, Found::Elsewhere),
                Err(error) => (None, Found::Failed(error)),
            },
            KnownBy::Missing => match describe() {
                // The service has it although its list left it out.
                Ok(details) => (Some(details), backups(&client, &target.id)),
                Err(error) if error.reason() == Some(Reason::NotFound) => {
                    (None, Found::Gone { restorable_until: None })
                }
                Err(error) => (None, Found::Failed(error)),
            },
        }
    }
}

fn backups(client: &Client<'_>, instance: &InstanceId) -> Found {
    match client.describe_backups(instance, &BackupFilter::default(), client.deadline(), |_| false) {
        Ok(listing) => Found::Backups(listing),
        Err(error) => Found::Failed(error),
    }
}

/// Whether a list has all its entries: as many as it counts, each readable.
pub(crate) fn is_whole<T>(list: &Listing<T>) -> bool {
    let is_incomplete = |warning: &Warning| matches!(warning, Warning::TooFew { .. } | Warning::LostEntry { .. });
    !list.warnings.iter().any(is_incomplete)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_lacks_entries_is_not_whole() {
        let list = |warnings| Listing::<CacheInstance> {
            entries: Vec::new(),
            request_id: None,
            warnings,
        };
        assert!(is_whole(&list(Vec::new())));
        let too_few = Warning::TooFew {
            list: "cacheInstances",
            counted: 2,
            listed: 1,
        };
        assert!(!is_whole(&list(vec![too_few])));
    }

    #[test]
    fn an_instance_that_was_not_asked_for_is_not_called_missing() {
        let surveyed = |region: &str, instance: &str, found| Surveyed {
            region: region.parse().unwrap(),
            instance: instance.parse().unwrap(),
            details: None,
            found,
        };
        let mut survey = Survey {
            instances: vec![
                surveyed("cn-north-1", "redis-1", Found::Elsewhere),
                surveyed("cn-south-1", "redis-1", Found::NotAsked),
                surveyed("cn-north-1", "redis-2", Found::Elsewhere),
            ],
            failed_regions: Vec::new(),
            warnings: Vec::new(),
            not_found: Vec::new(),
        };
        // The last one is named and excluded as well.
        let named = ["redis-1", "redis-2", "redis-3"].map(|id| id.parse().unwrap());
        survey.drop_those_elsewhere(&named);
        assert_eq!(survey.not_found, named[1..2]);
        assert_eq!(survey.instances.len(), 1);
    }
}
