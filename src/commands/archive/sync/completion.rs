//! What completion learns from a sync: the instances and backups that the service lists, and the nodes of the
//! backups that were fetched.

use crate::archive::fleet::{Found, Selection, Survey};
use crate::completion::names::{Extent, Names};
use crate::config::Settings;
use crate::process::world::World;
use crate::values::id::Region;

use super::ledger::Ledger;

/// Remembers the instances and their backups, each in its region.
pub(super) fn of_survey(survey: &Survey, selection: &Selection, settings: &Settings, world: &World) {
    for_each_region(survey.instances.iter().map(|instance| &instance.region), |region| {
        let Some(names) = Names::in_region(settings, region, world) else {
            return;
        };
        let is_whole = selection.has_all() && survey.warnings.iter().all(|(warned, _)| warned != region);
        let of_region = || survey.instances.iter().filter(|instance| instance.region == *region);
        let described = of_region().filter_map(|instance| instance.details.as_ref());
        names.learn_instances(described, Extent::of(is_whole));
        for instance in of_region() {
            if let Found::Backups(listing) = &instance.found {
                let backups = listing.entries.iter().map(|entry| &entry.view);
                names.learn_backups(&instance.instance, backups, Extent::of(listing.warnings.is_empty()));
            }
        }
    });
}

/// Remembers the nodes of the instances of which a backup was fetched.
pub(super) fn of_nodes(ledger: &Ledger, settings: &Settings, world: &World) {
    let fetched = || ledger.instances.iter().filter(|instance| !instance.nodes.is_empty());
    for_each_region(fetched().map(|instance| &instance.archived.region), |region| {
        let Some(names) = Names::in_region(settings, region, world) else {
            return;
        };
        for instance in fetched().filter(|instance| instance.archived.region == *region) {
            let nodes = instance.nodes.iter().map(String::as_str);
            names.learn_nodes(&instance.archived.instance, nodes);
        }
    });
}

fn for_each_region<'a>(regions: impl Iterator<Item = &'a Region>, act: impl FnMut(&Region)) {
    let mut regions: Vec<&Region> = regions.collect();
    regions.sort_by_key(|region| region.as_str());
    regions.dedup();
    regions.into_iter().for_each(act);
}
