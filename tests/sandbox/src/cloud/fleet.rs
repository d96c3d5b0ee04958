//! What a test does to the fleet while the sandbox runs.

use time::OffsetDateTime;

use super::Sandbox;
use crate::catalog::{FleetBackup, FleetInstance};
use crate::script::Reply;
use crate::server::lock;
use crate::storage::Delivery;

impl Sandbox {
    /// Adds an instance to a region, or replaces the one with its ID.
    pub fn put_instance(&self, region: &str, instance: FleetInstance) {
        lock(&self.cloud.catalog).fleet.put(region, instance);
    }

    /// Releases an instance: it moves to the recycle bin, and its backups are listed no longer.
    pub fn release_instance(&self, region: &str, id: &str) {
        let now = self.cloud.now();
        lock(&self.cloud.catalog).fleet.release(region, id, now);
    }

    /// Adds a backup to an instance of the fleet. It has a file for each of the instance's shards.
    pub fn add_backup(
        &self,
        region: &str,
        instance: &str,
        base_id: &str,
        started: OffsetDateTime,
        outcome: FleetBackup,
    ) {
        let mut catalog = lock(&self.cloud.catalog);
        catalog.fleet.add_backup((region, instance), base_id, started, outcome);
    }

    /// Removes a backup, as the service does after seven days.
    pub fn remove_backup(&self, region: &str, instance: &str, base_id: &str) {
        lock(&self.cloud.catalog).fleet.remove_backup(region, instance, base_id);
    }

    /// Sets the reply for every request to the API whose target as sent contains this and that no queued
    /// reply is for.
    pub fn always_for(&self, part_of_target: &str, reply: Reply) {
        lock(&self.cloud.state).script.set_always_for(part_of_target, reply);
    }

    /// Sets the delivery for every request to the object storage whose target as sent contains this and
    /// that no queued delivery is for.
    pub fn always_deliver_for(&self, part_of_target: &str, delivery: Delivery) {
        lock(&self.cloud.storage)
            .script
            .set_always_for(part_of_target, delivery);
    }

    /// How many requests to the API were received so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.requests()
            .iter()
            .filter(|request| !request.is_for_storage())
            .count()
    }
}
