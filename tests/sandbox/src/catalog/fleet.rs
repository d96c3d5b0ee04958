//! A fleet: instances in any region that a test makes up, changes and releases while the sandbox runs.

use std::collections::HashMap;

use time::{Duration, OffsetDateTime};

use super::backups::{Backup, Status};
use super::instances::{Details, Instance};

/// How long a released instance stays in the recycle bin.
const RETENTION: Duration = Duration::hours(72);

/// An instance of a fleet. Start with [`FleetInstance::new`] and change what matters.
#[derive(Debug, Clone)]
pub struct FleetInstance {
    /// Its `cacheInstanceId`, which may be any text.
    pub id: String,
    /// Its `cacheInstanceName`.
    pub name: String,
    /// Its `cacheInstanceStatus`.
    pub status: &'static str,
    /// Its `shardNumber`, which is also how many files its backups have.
    pub shards: u32,
    /// Its `createTime`.
    pub created: OffsetDateTime,
    /// Its tags, a key and a value each.
    pub tags: Vec<(String, String)>,
}

impl FleetInstance {
    /// A running instance of one shard, named as its ID, made in 2021.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            status: "running",
            shards: 1,
            created: OffsetDateTime::UNIX_EPOCH + Duration::days(365 * 51),
            tags: Vec::new(),
        }
    }

    /// The same with a tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn instance(&self) -> Instance {
        Instance {
            id: self.id.clone(),
            details: Some(Details {
                name: self.name.clone(),
                status: self.status,
                kind: if self.shards == 1 { "master-slave" } else { "cluster" },
                version: "6.2",
                shards: self.shards,
                memory_mb: 1024 * self.shards,
                created: super::backups::rfc3339(self.created),
            }),
        }
    }
}

/// How a fleet's backup ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FleetBackup {
    /// It succeeded.
    Success,
    /// It failed.
    Failure,
    /// It is running.
    Running,
}

/// The fleet's instances and their backups.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    /// By region.
    instances: HashMap<String, Vec<FleetInstance>>,
    /// By region and instance, in the order in which they were made.
    backups: HashMap<(String, String), Vec<Backup>>,
    /// Those in the recycle bin, by region, with the time of their release.
    released: HashMap<String, Vec<(FleetInstance, OffsetDateTime)>>,
}

impl Fleet {
    pub(crate) fn put(&mut self, region: &str, instance: FleetInstance) {
        let instances = self.instances.entry(region.to_owned()).or_default();
        instances.retain(|other| other.id != instance.id);
        instances.push(instance);
    }

    pub(crate) fn release(&mut self, region: &str, id: &str, now: OffsetDateTime) {
        let instances = self.instances.entry(region.to_owned()).or_default();
        if let Some(at) = instances.iter().position(|instance| instance.id == id) {
            let released = instances.remove(at);
            self.released
                .entry(region.to_owned())
                .or_default()
                .push((released, now));
        }
    }

    pub(super) fn instances(&self, region: &str) -> &[FleetInstance] {
        self.instances.get(region).map_or(&[], Vec::as_slice)
    }

    /// Released instances: each with the time of its release and of its end in the recycle bin.
    pub(super) fn released(
        &self,
        region: &str,
    ) -> impl Iterator<Item = (&FleetInstance, OffsetDateTime, OffsetDateTime)> {
        let released = self.released.get(region).into_iter().flatten();
        released.map(|(instance, at)| (instance, *at, *at + RETENTION))
    }

    pub(crate) fn add_backup(
        &mut self,
        (region, instance): (&str, &str),
        base_id: &str,
        started: OffsetDateTime,
        outcome: FleetBackup,
    ) {
        let known = self.instances(region).iter().find(|known| known.id == instance);
        let nodes = known.map_or(1, |known| known.shards as usize);
        let mut backup = Backup::started(base_id, base_id, started.truncate_to_second(), nodes);
        backup.is_manual = Some(false);
        match outcome {
            FleetBackup::Success => backup.end(Status::Success),
            FleetBackup::Failure => backup.end(Status::Failed),
            FleetBackup::Running => {}
        }
        self.of_mut(region, instance).push(backup);
    }

    pub(crate) fn remove_backup(&mut self, region: &str, instance: &str, base_id: &str) {
        self.of_mut(region, instance).retain(|backup| backup.base_id != base_id);
    }

    pub(super) fn backups(&self, region: &str, instance: &str) -> &[Backup] {
        let key = (region.to_owned(), instance.to_owned());
        self.backups.get(&key).map_or(&[], Vec::as_slice)
    }

    /// A backup of an instance of that ID, whatever the region.
    pub(super) fn find(&self, instance: &str, base_id: &str) -> Option<&Backup> {
        let of_instance = self.backups.iter().filter(|((_, id), _)| id == instance);
        of_instance
            .flat_map(|(_, backups)| backups)
            .find(|backup| backup.base_id == base_id)
    }

    fn of_mut(&mut self, region: &str, instance: &str) -> &mut Vec<Backup> {
        self.backups
            .entry((region.to_owned(), instance.to_owned()))
            .or_default()
    }
}
