//! Everything that exists in the sandbox's JD Cloud: instances, their backups, and the backups that clients
//! have had made since it started.

mod backups;
mod fleet;
mod instances;
mod policies;
mod restores;

use std::collections::{HashMap, VecDeque};

use time::OffsetDateTime;

use backups::Status;
pub(crate) use backups::{Backup, Quirk, rfc3339};
use fleet::Fleet;
pub use fleet::{FleetBackup, FleetInstance};
pub(crate) use instances::Instance;
pub(crate) use policies::Policy;
pub use restores::RestoreOutcome;
pub(crate) use restores::Restores;

/// The regions that the documentation lists.
pub(crate) const REGIONS: [&str; 4] = ["cn-north-1", "cn-south-1", "cn-east-2", "cn-east-1"];

/// The fate of a backup that a client has made. It counts the listings that have shown it, so
/// that no test waits for real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupOutcome {
    /// It is shown running so many times and succeeded from then on.
    Success {
        /// How many times it is shown running.
        after_polls: usize,
    },
    /// It is shown running so many times and failed from then on.
    Failure {
        /// How many times it is shown running.
        after_polls: usize,
    },
    /// It is running whenever it is shown.
    Never,
}

impl Default for BackupOutcome {
    fn default() -> Self {
        Self::Success { after_polls: 1 }
    }
}

/// Which instance's backups a request is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) region: &'a str,
    pub(crate) instance: &'a Instance,
}

impl Place<'_> {
    /// Tells it from all others.
    fn key(self) -> (String, String) {
        (self.region.to_owned(), self.instance.id.clone())
    }
}

/// A backup that a client has had made.
#[derive(Debug)]
struct Made {
    region: String,
    instance: String,
    backup: Backup,
    outcome: BackupOutcome,
    polls: usize,
}

impl Made {
    fn is_in(&self, place: Place<'_>) -> bool {
        self.region == place.region && self.instance == place.instance.id
    }

    /// The backup as it is at this moment.
    fn now(&self) -> Backup {
        let mut backup = self.backup.clone();
        match self.outcome {
            BackupOutcome::Success { after_polls } if self.polls >= after_polls => backup.end(Status::Success),
            BackupOutcome::Failure { after_polls } if self.polls >= after_polls => backup.end(Status::Failed),
            _ => {}
        }
        backup
    }
}

/// The backups that exist, those made since the start included.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    outcomes: VecDeque<BackupOutcome>,
    made: Vec<Made>,
    /// The policies that clients have set, by region and instance.
    policies: HashMap<(String, String), Policy>,
    /// The restores that clients have asked for.
    pub(crate) restores: Restores,
    /// The instances that a test has made up.
    pub(crate) fleet: Fleet,
    /// Whether the fleet is all there is.
    has_fleet_only: bool,
}

impl Catalog {
    /// Without the instances and backups that exist from the start.
    pub(crate) fn of_fleet_only() -> Self {
        Self {
            has_fleet_only: true,
            ..Self::default()
        }
    }

    /// All instances of a region, in no particular order.
    pub(crate) fn instances(&self, region: &str) -> Vec<Instance> {
        let fixed = match self.has_fleet_only {
            true => Vec::new(),
            false => instances::instances(region),
        };
        let fleet = self.fleet.instances(region).iter().map(FleetInstance::instance);
        let mut instances: Vec<Instance> = fixed.into_iter().chain(fleet).collect();
        for instance in &mut instances {
            let status = self.restores.status(region, &instance.id);
            if let (Some(details), Some(status)) = (&mut instance.details, status) {
                details.status = status;
            }
        }
        instances
    }

    /// The tags of an instance.
    pub(crate) fn tags(&self, region: &str, id: &str) -> &[(String, String)] {
        let fleet = self.fleet.instances(region).iter();
        fleet
            .filter(|instance| instance.id == id)
            .map(|instance| instance.tags.as_slice())
            .next()
            .unwrap_or_default()
    }

    /// The instances of a region's recycle bin, with the times of their release and of their end.
    pub(crate) fn released(&self, region: &str) -> Vec<(Instance, OffsetDateTime, OffsetDateTime)> {
        let released = self.fleet.released(region);
        released
            .map(|(instance, from, to)| (instance.instance(), from, to))
            .collect()
    }

    /// Sets what becomes of the next backup that nothing is set for yet.
    pub(crate) fn expect_backup(&mut self, outcome: BackupOutcome) {
        self.outcomes.push_back(outcome);
    }

    /// How many backups an instance has.
    pub(crate) fn count(&self, place: Place<'_>) -> usize {
        self.at_start(place) + self.made.iter().filter(|made| made.is_in(place)).count()
    }

    /// The backup at a position of the instance's list, which is in no particular order but that
    /// those made since the start are last.
    pub(crate) fn get(&self, place: Place<'_>, position: usize) -> Option<Backup> {
        match position.checked_sub(self.at_start(place)) {
            None if self.has_fleet_only => self.fleet_backups(place).get(position).cloned(),
            None => {
                backups::get(&place.instance.id, position).or_else(|| self.fleet_backups(place).get(position).cloned())
            }
            Some(position) => self
                .made
                .iter()
                .filter(|made| made.is_in(place))
                .nth(position)
                .map(Made::now),
        }
    }

    /// How many backups an instance has beside those that clients have had made.
    fn at_start(&self, place: Place<'_>) -> usize {
        match self.has_fleet_only {
            true => self.fleet_backups(place).len(),
            false => backups::count(&place.instance.id).max(self.fleet_backups(place).len()),
        }
    }

    fn fleet_backups(&self, place: Place<'_>) -> &[Backup] {
        self.fleet.backups(place.region, &place.instance.id)
    }

    /// All backups of an instance, in the list's order.
    pub(crate) fn all(&self, place: Place<'_>) -> impl Iterator<Item = Backup> {
        (0..self.count(place)).filter_map(move |position| self.get(place, position))
    }

    /// The key of the object of a backup's node, whatever the region.
    pub(crate) fn key(&self, instance: &str, base_id: &str, node: usize) -> Option<String> {
        let from_the_start = (0..backups::count(instance)).filter_map(|position| backups::get(instance, position));
        let made = self.made.iter().filter(|made| made.instance == instance);
        let backup = from_the_start
            .chain(made.map(Made::now))
            .chain(self.fleet.find(instance, base_id).cloned())
            .find(|backup| backup.base_id == base_id)?;
        let exists = backup.has_files() && node < backup.nodes;
        exists.then(|| backup.key(instance, node))
    }

    /// Starts a backup.
    pub(crate) fn make(&mut self, place: Place<'_>, base_id: String, file_name: &str, now: OffsetDateTime) {
        self.made.push(Made {
            region: place.region.to_owned(),
            instance: place.instance.id.clone(),
            backup: Backup::started(&base_id, file_name, now.truncate_to_second(), place.instance.shards()),
            outcome: self.outcomes.pop_front().unwrap_or_default(),
            polls: 0,
        });
    }

    /// Notes that a listing has shown these backups.
    pub(crate) fn note_shown(&mut self, shown: &[Backup]) {
        for made in &mut self.made {
            if shown.iter().any(|backup| backup.base_id == made.backup.base_id) {
                made.polls += 1;
            }
        }
    }

    /// The schedule of an instance's automatic backups.
    pub(crate) fn policy(&self, place: Place<'_>) -> Policy {
        let set = self.policies.get(&place.key());
        set.cloned().unwrap_or_else(|| policies::initial(&place.instance.id))
    }

    pub(crate) fn set_policy(&mut self, place: Place<'_>, policy: Policy) {
        self.policies.insert(place.key(), policy);
    }
}
