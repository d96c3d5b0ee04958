//! A retention policy in a sync (`--keep-…`): a backup that it would remove at once is not fetched, and those that it
//! does not keep are removed at the end.

use std::path::PathBuf;

use super::instance::Instance;
use super::ledger::Ledger;
use super::untried::Untried;
use crate::archive::plan::Wanted;
use crate::archive::policy::Policy;
use crate::archive::prune;
use crate::archive::read;
use crate::archive::shrunk;
use crate::archive::state::{State, Terms};
use crate::archive::store::Store;
use crate::terminal::notes::Notes;
use crate::values::vocabulary::BackupStatus;
use crate::values::zone::Zone;

/// A policy and the zone of its periods.
pub(super) struct Keep {
    pub(super) policy: Policy,
    pub(super) zone: Zone,
}

impl Keep {
    /// Leaves out the backups of an instance that the policy would remove at once. Where the service's list shows that
    /// the newest one shrank, all are fetched: the others may be the last copies of the data.
    pub(super) fn without_needless(&self, wanted: Vec<Wanted>, instance: &mut Instance, terms: Terms) -> Vec<Wanted> {
        let successful = instance
            .listed
            .iter()
            .filter(|backup| backup.status() == Some(BackupStatus::Success));
        let sizes = successful.filter_map(|backup| Some((backup.started()?, backup.size?)));
        if shrunk::is_newest_small(sizes.collect()) {
            return wanted;
        }
        let (needed, left_out) = self.split(wanted, &[], instance, terms);
        (instance.begun, instance.left_out) = (needed.clone(), left_out);
        needed
    }

    /// Splits the wanted backups of an instance into those that the policy keeps and those that it would remove at
    /// once. It decides about the archive's backups, the wanted ones and those that `came`, together.
    fn split(
        &self,
        wanted: Vec<Wanted>,
        came: &[Wanted],
        instance: &Instance,
        terms: Terms,
    ) -> (Vec<Wanted>, Vec<Wanted>) {
        let offered: Vec<_> = wanted
            .iter()
            .chain(came)
            .filter_map(|wanted| Some((wanted.key.base_id.clone(), wanted.start?)))
            .collect();
        let needless = prune::needless(&instance.archived, &offered, &self.policy, &self.zone, terms);
        let is_needed = |wanted: &Wanted| !needless.contains(&wanted.key.base_id);
        wanted.into_iter().partition(is_needed)
    }
}

impl Ledger {
    /// The backups to fetch in place of others that could not be fetched: those that were left out, and that the policy
    /// keeps now. Those of an instance whose storage host cannot be reached would not come either.
    pub(super) fn take_their_places(&mut self, keep: &Keep, untried: &Untried) -> Vec<Wanted> {
        let terms = self.terms;
        let mut more = Vec::new();
        for instance in &mut self.instances {
            let missing = &instance.memory.missing;
            let is_missing = |wanted: &Wanted| {
                let base_id = wanted.key.base_id.as_str();
                missing.iter().any(|missing| missing.base_id == base_id)
            };
            let before = instance.begun.len();
            instance.begun.retain(|wanted| !is_missing(wanted));
            let is_in_vain = untried.has(&instance.archived.region, &instance.archived.instance);
            if instance.begun.len() == before || instance.left_out.is_empty() || is_in_vain {
                continue;
            }
            let left_out = std::mem::take(&mut instance.left_out);
            let (needed, left_out) = keep.split(left_out, &instance.begun, instance, terms);
            instance.left_out = left_out;
            instance.begun.extend(needed.iter().cloned());
            more.extend(needed);
        }
        more
    }

    /// Removes what the policy does not keep, of each instance that is fresh after this run. The backups of any other
    /// instance may be the last good copies.
    pub(super) fn prune(&mut self, keep: &Keep, store: &Store, notes: &Notes<'_>) {
        let terms = self.terms;
        let mut count = 0;
        for instance in &mut self.instances {
            let is_whole = instance.was_asked && instance.failure.is_none() && !instance.listed.is_empty();
            let is_in_doubt = read::is_in_doubt(&self.unreadable, &instance.archived);
            if !is_whole || is_in_doubt || instance.archived.judge(terms).state != State::Fresh {
                continue;
            }
            let decisions = prune::decide(&instance.archived, &keep.policy, &keep.zone, terms);
            let going = decisions.iter().filter(|decision| decision.goes);
            let going: Vec<PathBuf> = going.map(|decision| decision.backup.path.clone()).collect();
            let doubts: Vec<_> = decisions.into_iter().filter_map(|decision| decision.doubt).collect();
            let is_in_doubt = !doubts.is_empty();
            self.unreadable.extend(doubts);
            if going.is_empty() || is_in_doubt {
                continue;
            }
            let failed = store.prune(&mut instance.archived, &going, terms.now);
            if let Some(memory) = &instance.archived.memory {
                instance.memory = memory.clone();
            }
            let is_gone = |path: &PathBuf| failed.iter().all(|failure| failure.path != *path);
            instance.pruned = going.into_iter().filter(is_gone).collect();
            self.not_pruned.extend(failed.iter().map(ToString::to_string));
            count += instance.pruned.len();
            for path in &instance.pruned {
                notes.note(format_args!("no rule keeps {}: it is removed", path.display()));
            }
        }
        if count > 0 {
            let zone = keep.zone.describe(terms.now);
            notes.note(format_args!(
                "{count} {} removed; days, weeks and months are those of {zone}",
                if count == 1 { "backup is" } else { "backups are" }
            ));
        }
    }
}
