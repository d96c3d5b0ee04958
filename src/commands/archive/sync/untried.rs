//! The backups that a sync does not try, since no connection can be made to their storage host.
//!
//! Only the links of a backup tell its host. An instance with a backup that was not tried is taken to have all of them
//! at that host, so that the service is not asked for the links of each.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::archive::layout::BackupKey;
use crate::terminal::notes::Notes;
use crate::transfer::Reason;
use crate::values::id::{InstanceId, Region};

/// The backups that were not tried so far.
#[derive(Default)]
pub(super) struct Untried(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Why those of an instance are not tried.
    reasons: HashMap<(Region, InstanceId), String>,
    /// By the reason.
    backups: BTreeMap<String, HashSet<BackupKey>>,
}

impl Untried {
    /// Notes the reason for which a file of a backup is not whole.
    pub(super) fn note(&self, key: &BackupKey, reason: Option<&Reason>) {
        let Some(reason @ Reason::NotTried(_)) = reason else {
            return;
        };
        let mut known = self.lock();
        let of_instance = known.reasons.entry((key.region.clone(), key.instance.clone()));
        let reason = of_instance.or_insert_with(|| reason.to_string()).clone();
        known.backups.entry(reason).or_default().insert(key.clone());
    }

    /// Why a backup is not tried, if it is not.
    pub(super) fn why_not(&self, key: &BackupKey) -> Option<String> {
        let mut known = self.lock();
        let instance = (key.region.clone(), key.instance.clone());
        let reason = known.reasons.get(&instance)?.clone();
        known.backups.entry(reason.clone()).or_default().insert(key.clone());
        Some(reason)
    }

    /// Whether the backups of an instance are not tried.
    pub(super) fn has(&self, region: &Region, instance: &InstanceId) -> bool {
        self.lock().reasons.contains_key(&(region.clone(), instance.clone()))
    }

    /// Warns of them, once for each reason.
    pub(super) fn warn(&self, notes: &Notes<'_>) {
        for (reason, backups) in &self.lock().backups {
            match backups.len() {
                1 => notes.warn(format_args!("one backup was {reason}")),
                count => notes.warn(format_args!("{count} backups were {reason}")),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // A thread that panicked here leaves at worst a backup that is not counted.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
