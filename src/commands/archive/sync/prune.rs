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
            instance.begun.retain(|wanted| !is_missing(wanted));
            if untried.has(&instance.archived.region, &instance.archived.instance) {
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use super::super::ledger::tests::{ledger, put, wanted};
    use super::*;
    use crate::archive::layout::MANIFEST;
    use crate::archive::memory::Missing;
    use crate::archive::read::Unreadable;
    use crate::error::{Kind, Report};
    use crate::http::{Failure, Route, Stage};
    use crate::process::world::World;
    use crate::transfer::Reason;
    use crate::values::zone::tests::fixed;

    fn keep_last(count: u32) -> Keep {
        Keep {
            policy: Policy {
                last: Some(count),
                ..Policy::default()
            },
            zone: fixed(time::UtcOffset::UTC),
        }
    }

    /// Prunes an archive of three backups of an instance, of which the policy keeps so many. How many backups were
    /// removed and how many are left, and the ledger.
    fn pruned(kept: u32, change: impl FnOnce(&mut Ledger, &Path)) -> (usize, usize, Ledger) {
        let dir = tempfile::tempdir().unwrap();
        let folders = [1, 2, 3].map(|days| put(dir.path(), "redis-1", days));
        let world = World::of_this_process();
        let store = Store::open(dir.path(), "a test").unwrap();
        let mut ledger = ledger(dir.path());
        change(&mut ledger, dir.path());
        ledger.prune(&keep_last(kept), &store, &Notes::new(&world, 2, 0));
        let left = folders.iter().filter(|folder| folder.exists()).count();
        (ledger.instances[0].pruned.len(), left, ledger)
    }

    #[test]
    fn only_an_instance_that_is_fresh_and_known_as_a_whole_loses_backups() {
        let (removed, left, ledger) = pruned(1, |_, _| {});
        assert_eq!((removed, left), (2, 1));
        assert!(ledger.not_pruned.is_empty() && ledger.unreadable.is_empty());
        let doubt = |folder: &str| {
            let folder = folder.to_owned();
            move |ledger: &mut Ledger, dir: &Path| {
                ledger.unreadable.push(Unreadable {
                    path: dir.join(folder),
                    reason: "x".to_owned(),
                });
            }
        };
        type Change = Box<dyn FnOnce(&mut Ledger, &Path)>;
        let changes: [(&str, Change); 6] = [
            ("not asked", Box::new(|ledger, _| ledger.instances[0].was_asked = false)),
            (
                "failed",
                Box::new(|ledger, _| ledger.instances[0].failure = Some(Report::new(Kind::Network, "x"))),
            ),
            ("empty", Box::new(|ledger, _| ledger.instances[0].listed.clear())),
            ("in doubt", Box::new(doubt("cn-north-1/redis-1/x"))),
            ("region in doubt", Box::new(doubt("cn-north-1"))),
            (
                "stale",
                Box::new(|ledger, _| ledger.terms.max_age = Some(Duration::from_secs(3600))),
            ),
        ];
        for (name, change) in changes {
            let (removed, left, _) = pruned(1, change);
            assert_eq!((removed, left), (0, 3), "{name}");
        }
        let (removed, ..) = pruned(1, doubt("cn-north-1/redis-10/x"));
        assert_eq!(removed, 2, "another instance is in doubt");
    }

    #[test]
    fn nothing_goes_where_one_of_those_that_would_go_cannot_be_read() {
        let (removed, left, ledger) = pruned(1, |ledger, _| {
            let manifest = ledger.instances[0].archived.backups[2].path.join(MANIFEST);
            fs::remove_file(&manifest).unwrap();
            fs::create_dir(&manifest).unwrap();
        });
        assert_eq!((removed, left, ledger.unreadable.len()), (0, 3, 1));
    }

    #[test]
    fn what_could_not_be_removed_is_told_and_not_counted() {
        let in_the_way = |_: &mut Ledger, dir: &Path| fs::write(dir.join(".jdredis/pruned"), "x").unwrap();
        let (removed, left, ledger) = pruned(2, in_the_way);
        assert_eq!((removed, left), (0, 3));
        assert!(!ledger.not_pruned.is_empty());
    }

    #[test]
    fn others_take_the_places_of_what_is_missing_unless_they_would_not_come_either() {
        let taken = |is_missing: bool, untried: &Untried| {
            let dir = tempfile::tempdir().unwrap();
            put(dir.path(), "redis-1", 5);
            let mut ledger = ledger(dir.path());
            let instance = &mut ledger.instances[0];
            instance.begun = vec![wanted("redis-1", 1)];
            instance.left_out = vec![wanted("redis-1", 2), wanted("redis-1", 3)];
            instance.memory.missing.extend(is_missing.then(|| Missing {
                base_id: "1".to_owned(),
                start: None,
                reason: "x".to_owned(),
            }));
            let more = ledger.take_their_places(&keep_last(1), untried);
            more.iter()
                .map(|wanted| wanted.key.base_id.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(taken(true, &Untried::default()), ["2"]);
        assert!(taken(false, &Untried::default()).is_empty());
        let failure = Failure {
            stage: Stage::Unreachable,
            is_at_proxy: false,
            route: Route {
                origin: "https://storage.example".to_owned(),
                proxy: None,
            },
            detail: String::new(),
            was_before_sending: true,
        };
        let untried = Untried::default();
        untried.note(&wanted("redis-2", 1).key, Some(&Reason::NotTried(failure.clone())));
        assert_eq!(taken(true, &untried), ["2"], "another instance's host");
        untried.note(&wanted("redis-1", 1).key, Some(&Reason::NotTried(failure)));
        assert!(taken(true, &untried).is_empty());
    }
}
