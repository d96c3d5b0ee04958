//! What happens in the simulated month: the service's days, the faults of a night, and hands in the archive.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use jdredis_sandbox::{Alteration, Delivery, FleetBackup, FleetInstance, Format, Reply, StorageError};

use super::{CALLS, Made, Month, OFFERED, Run, Simulated};
use crate::archive::fleet::{Fleet, NORTH, SOUTH};
use crate::support::{Random, sandbox_builder};

impl Month {
    pub(super) fn new(random: Random, instances: u32, nights: i64) -> Self {
        let window = Duration::from_secs(86_400 * (u64::try_from(nights).unwrap() + 10));
        let builder = sandbox_builder().object_size(20_000).clock_window(window);
        let fleet = Fleet::of(builder.calls_limit(CALLS, Duration::from_secs(60)));
        let mut month = Self {
            fleet,
            random,
            instances: Vec::new(),
            nights,
            scale: u64::from(instances).max(6),
            next_instance: 0,
            spoilt: BTreeMap::new(),
            foreign: BTreeSet::new(),
            tampered: BTreeMap::new(),
            told: BTreeSet::new(),
            compared: BTreeSet::new(),
            longest_run: Duration::from_secs(1),
            metrics: tempfile::tempdir().unwrap(),
        };
        (0..instances).for_each(|_| month.add_instance(0));
        month
    }

    fn add_instance(&mut self, night: i64) {
        let id = format!("redis-{:04}", self.next_instance);
        let region = [NORTH, SOUTH][self.random.below(2) as usize];
        let shards = if self.random.one_in(6) { 2 } else { 1 };
        self.next_instance += 1;
        let instance = FleetInstance {
            shards,
            created: self.now(night),
            ..FleetInstance::new(&id)
        };
        self.fleet.sandbox.put_instance(region, instance);
        self.instances.push(Simulated {
            region,
            id,
            offered: Vec::new(),
            ever: Vec::new(),
            is_gone: false,
            has_stopped: false,
        });
    }

    /// The service's day: backups are made and expire, instances come and go.
    pub(super) fn day(&mut self, night: i64) {
        let now = self.now(night);
        let (random, sandbox, scale) = (&mut self.random, &self.fleet.sandbox, self.scale);
        for instance in self.instances.iter_mut().filter(|instance| !instance.is_gone) {
            let (region, id) = (instance.region, instance.id.as_str());
            let expired = |made: &Made| now - made.start > OFFERED;
            for made in instance.offered.extract_if(.., |made| expired(made)) {
                sandbox.remove_backup(region, id, &made.base_id);
            }
            instance.has_stopped |= random.one_in(20 * scale);
            let more = u64::from(random.one_in(20));
            for number in 0..=more {
                if instance.has_stopped {
                    continue;
                }
                let base_id = format!("{id}-n{night}-{number}");
                let ago = time::Duration::minutes(120 + 200 * number.cast_signed() + random.below(180).cast_signed());
                if random.one_in(2 * scale) {
                    sandbox.add_backup(region, id, &base_id, now - ago, FleetBackup::Failure);
                    continue;
                }
                sandbox.add_backup(region, id, &base_id, now - ago, FleetBackup::Success);
                let (shrinks, is_spoilt) = (random.one_in(2 * scale), random.one_in(10 * scale));
                if shrinks && !is_spoilt {
                    sandbox.alter(id, &base_id, 0, &Alteration::Replace(2_000));
                }
                if is_spoilt {
                    let damage = [
                        Alteration::FlipBit(9_000),
                        Alteration::Truncate(9_000),
                        Alteration::Delete,
                    ];
                    let damage = damage[random.below(3) as usize].clone();
                    sandbox.alter(id, &base_id, 0, &damage);
                    self.spoilt.insert(base_id.clone(), damage);
                } else if random.one_in(30 * scale) {
                    sandbox.alter(id, &base_id, 0, &Alteration::Format(Format::Noise));
                    self.foreign.insert(base_id.clone());
                }
                let start = now - ago;
                instance.offered.push(Made { base_id, start });
            }
            if random.one_in(30 * scale) {
                sandbox.release_instance(region, id);
                instance.is_gone = true;
            }
        }
        if self.random.one_in(6) {
            self.add_instance(night);
        }
    }

    /// What is wrong with the service and the storage tonight, and what happens to the run.
    pub(super) fn trouble(&mut self) -> Run {
        let (random, sandbox, scale) = (&mut self.random, &self.fleet.sandbox, self.scale);
        sandbox.unscript();
        sandbox.deliver_normally();
        if random.one_in(2) {
            return Run::Whole;
        }
        if random.one_in(8) {
            let region = [NORTH, SOUTH][random.below(2) as usize];
            sandbox.always_for(
                &format!("/{region}/cacheInstance?"),
                Reply::error(503, "UNAVAILABLE", "busy"),
            );
        }
        if random.one_in(20) {
            sandbox.always(Reply::close());
        }
        for _ in 0..random.below(6) {
            let replies = [
                Reply::error(500, "INTERNAL", "oops"),
                Reply::error(429, "RATE_LIMIT", "slower"),
                Reply::close(),
                Reply::reset(),
                Reply::new(502).body("<html>"),
            ];
            sandbox.script(vec![replies[random.below(5) as usize].clone()]);
        }
        for instance in &self.instances {
            let (id, newest) = (&instance.id, instance.offered.last());
            if random.one_in(scale) {
                sandbox.always_for(&format!("/{id}/backup?"), Reply::error(500, "INTERNAL", "oops"));
            }
            if random.one_in(2 * scale) {
                sandbox.always_for(&format!("/{id}/backup%3A"), Reply::error(500, "INTERNAL", "oops"));
            }
            if let Some(newest) = newest.filter(|_| random.one_in(scale / 3)) {
                let deliveries = [
                    Delivery::normal().cut_after(10_000),
                    Delivery::normal().reset_after(5_000),
                    Delivery::error(StorageError::InternalError),
                    Delivery::error(StorageError::NoSuchKey),
                    Delivery::reply(
                        Reply::new(200)
                            .body("<html>Log in</html>")
                            .header("Content-Type", "text/html"),
                    ),
                    Delivery::normal().stall_after(4_000),
                ];
                let delivery = deliveries[random.below(6) as usize].clone();
                let part = format!("{}-0?", newest.base_id);
                match random.one_in(2) {
                    true => sandbox.always_deliver_for(&part, delivery),
                    false => sandbox.deliver(&part, vec![delivery]),
                }
            }
        }
        match random.below(12) {
            0 | 1 => Run::None,
            2 | 3 => Run::Signal("KILL"),
            4 => Run::Signal("TERM"),
            5 => Run::FullDisk,
            _ => Run::Whole,
        }
    }

    /// Somebody damages a backup in the archive; or, once the damage was told, moves it away.
    pub(super) fn hands(&mut self) {
        let there = self.fleet.backups();
        let is_told = |(_, is_told): &(&String, &bool)| **is_told;
        let told: Vec<String> = self
            .tampered
            .iter()
            .filter(is_told)
            .map(|(base_id, _)| base_id.clone())
            .collect();
        for base_id in told {
            fs::remove_dir_all(&there[&base_id]).unwrap();
            self.tampered.remove(&base_id);
            self.compared.remove(&base_id);
        }
        let there = self.fleet.backups();
        if !there.is_empty() && self.random.one_in(8) {
            let place = self.random.below(there.len() as u64) as usize;
            let (base_id, folder) = there.into_iter().nth(place).unwrap();
            let is_data = |path: &PathBuf| !path.ends_with("backup.json") && !path.ends_with("SHA256SUMS");
            let file = fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .find(is_data);
            File::options()
                .write(true)
                .open(file.unwrap())
                .unwrap()
                .set_len(10)
                .unwrap();
            self.tampered.insert(base_id, false);
        }
    }
}
