//! The ledger of one sync: what each instance had before, what the service says, and what came of it.

use super::instance::{Instance, report};
use super::prune::Keep;
use crate::api::Warning;
use crate::archive::fleet::Survey;
use crate::archive::layout::BackupKey;
use crate::archive::memory::Missing;
use crate::archive::plan::{self, Offer, Wanted};
use crate::archive::read::{self, Archive, Archived, Unreadable};
use crate::archive::state::Terms;
use crate::archive::store::Store;
use crate::error::{Kind, Report};
use crate::terminal::notes::Notes;
use crate::values::id::{InstanceId, Region};

/// What is known of a sync.
pub(super) struct Ledger {
    pub(super) instances: Vec<Instance>,
    /// The regions that could not be listed, and why.
    pub(super) failed_regions: Vec<(Region, Report)>,
    /// Entries of the regions' lists that could not be read, so that instances may be missing.
    pub(super) lost: Vec<String>,
    /// The instances of `--instance` that no region has.
    pub(super) not_found: Vec<InstanceId>,
    /// The parts of the archive that could not be read.
    pub(super) unreadable: Vec<Unreadable>,
    /// Backups that a policy removes and that could not be removed, and why.
    pub(super) not_pruned: Vec<String>,
    pub(super) terms: Terms,
    /// What tells the key in use from others.
    key: String,
}

impl Ledger {
    pub(super) fn new(survey: Survey, mut archive: Archive, terms: Terms, key: &str) -> Self {
        let is_lost = |warning: &Warning| matches!(warning, Warning::LostEntry { .. });
        let lost = survey.warnings.iter().filter(|(_, warning)| is_lost(warning));
        let lost = lost.map(|(region, warning)| format!("{region}: {warning}")).collect();
        let failed_regions: Vec<(Region, Report)> = survey
            .failed_regions
            .into_iter()
            .map(|(region, error)| (region, report(error)))
            .collect();
        let mut ledger = Self {
            instances: Vec::new(),
            lost,
            not_found: survey.not_found,
            unreadable: std::mem::take(&mut archive.unreadable),
            not_pruned: Vec::new(),
            terms,
            key: key.to_owned(),
            failed_regions,
        };
        for surveyed in survey.instances {
            let is_it =
                |archived: &Archived| archived.region == surveyed.region && archived.instance == surveyed.instance;
            let archived = match archive.instances.iter().position(is_it) {
                Some(at) => archive.instances.swap_remove(at),
                None => Archived::empty(surveyed.region.clone(), surveyed.instance.clone()),
            };
            ledger
                .instances
                .push(Instance::new(archived, surveyed, terms.now, &ledger.key));
        }
        // The archive's instances of a region that did not answer count as not asked for.
        for archived in archive.instances {
            let failed = ledger
                .failed_regions
                .iter()
                .find(|(region, _)| *region == archived.region);
            if let Some((_, report)) = failed {
                let instance = Instance::not_asked(archived, report.clone());
                ledger.instances.push(instance);
            }
        }
        ledger.instances.sort_by(|a, b| {
            let name = |instance: &Instance| {
                (
                    instance.archived.region.to_string(),
                    instance.archived.instance.to_string(),
                )
            };
            name(a).cmp(&name(b))
        });
        ledger
    }

    /// Warns of differences between the lists of backups and the documentation, once for each sort: a service that
    /// writes times in another form does so for every instance.
    pub(super) fn warn(&mut self, notes: &Notes<'_>) {
        if self.instances.is_empty() && self.failed_regions.is_empty() && self.not_found.is_empty() {
            // With a wrong region or a key that may see nothing, every night ends like this.
            notes.warn(
                "there is no instance to fetch backups of: check --region, --tag, --exclude and what the key may see",
            );
        }
        let mut sorts: Vec<(std::mem::Discriminant<Warning>, String, usize)> = Vec::new();
        for instance in &mut self.instances {
            for warning in std::mem::take(&mut instance.warnings) {
                instance.was_warned_of = true;
                let sort = std::mem::discriminant(&warning);
                match sorts.iter_mut().find(|(known, ..)| *known == sort) {
                    Some((.., more)) => *more += 1,
                    None => sorts.push((sort, format!("{}: {warning}", instance.subject()), 0)),
                }
            }
        }
        for (_, first, more) in sorts {
            match more {
                0 => notes.warn(first),
                1 => notes.warn(format_args!("{first}; likewise of one more instance")),
                more => notes.warn(format_args!("{first}; likewise of {more} more instances")),
            }
        }
    }

    /// Compares what the service has with the archive. Returns what is to be fetched, in no order.
    pub(super) fn compare(&mut self, newest: Option<usize>, keep: Option<&Keep>, notes: &Notes<'_>) -> Vec<Wanted> {
        let terms = self.terms;
        let mut wanted = Vec::new();
        for instance in &mut self.instances {
            if read::is_in_doubt(&self.unreadable, &instance.archived) {
                let reason = "what the archive has of it cannot be read, so nothing was fetched";
                instance.memory.failure.get_or_insert_with(|| reason.to_owned());
                continue;
            }
            let Offer {
                wanted: its,
                failed,
                unknown,
            } = plan::offer(&instance.listed, &instance.archived, newest);
            if unknown > 0 {
                instance.was_warned_of = true;
                notes.warn(format_args!(
                    "{}: {unknown} of its backups have a status that is not documented and are left out",
                    instance.subject()
                ));
            }
            instance.failed = failed;
            wanted.extend(match keep {
                Some(keep) => keep.without_needless(its, instance, terms),
                None => its,
            });
        }
        wanted
    }

    pub(super) fn instance_mut(&mut self, key: &BackupKey) -> Option<&mut Instance> {
        let is_it = |instance: &&mut Instance| {
            instance.archived.region == key.region && instance.archived.instance == key.instance
        };
        self.instances.iter_mut().find(is_it)
    }

    /// Notes that a backup is not in the archive, and why.
    pub(super) fn note_missing(&mut self, wanted: &Wanted, reason: String) {
        if let Some(instance) = self.instance_mut(&wanted.key) {
            instance.memory.missing.push(Missing {
                base_id: wanted.key.base_id.to_string(),
                start: wanted.start,
                reason,
            });
        }
    }

    /// Notes what a dry run would fetch.
    pub(super) fn plan(&mut self, wanted: &[Wanted]) {
        for wanted in wanted {
            if let Some(instance) = self.instance_mut(&wanted.key) {
                instance.new_count += 1;
                instance.new_bytes = instance.new_bytes.saturating_add(wanted.size.unwrap_or_default());
            }
        }
        for instance in &mut self.instances {
            instance.archived.memory = Some(instance.memory.clone());
        }
    }

    /// Writes each instance's `instance.json`, reads anew what the archive has of it, and removes the work folders of
    /// backups that cannot be finished any more.
    pub(super) fn remember(&mut self, store: &Store, notes: &Notes<'_>) {
        let can_do_nothing = self.can_do_nothing();
        for instance in &mut self.instances {
            let (region, id) = (instance.archived.region.clone(), instance.archived.instance.clone());
            let before = instance.archived.memory.as_ref();
            let before = before.map_or(&[][..], |memory| &memory.failed);
            let mut now = read::read_instance(store.layout.dir(), region.clone(), id.clone());
            // What could not be read before stays, even if it can be read now, since nothing was fetched there. What
            // cannot be read now is added. A path that is among both is kept once.
            let is_of_another = |unread: &Unreadable| now.unreadable.iter().all(|now| now.path != unread.path);
            self.unreadable.retain(is_of_another);
            self.unreadable.append(&mut now.unreadable);
            instance.archived.backups = now.instances.pop().map(|archived| archived.backups).unwrap_or_default();
            let failed = std::mem::take(&mut instance.failed).into_iter();
            let failed = failed.chain(instance.memory.missing.iter().cloned()).collect();
            instance.memory.failed = plan::remembered_failures(before, failed, &instance.archived, self.terms.now);
            let lists = |base_id: &str| instance.listed.iter().any(|backup| backup.base_id.as_str() == base_id);
            let is_offered = |base_id: &str| !instance.knows_all || lists(base_id);
            instance
                .memory
                .forget_pruned(&instance.archived, is_offered, self.terms.now);
            // A memory that could not be read must not be replaced by one that knows less.
            let is_in_doubt = read::is_in_doubt(&self.unreadable, &instance.archived);
            // Where the run failed as a whole, only the details from a region's list are new.
            let is_news = !can_do_nothing || instance.details.is_some();
            if is_news && instance.is_remembered() && !is_in_doubt {
                let outcome = store.remember(&region, &id, &instance.memory);
                if let Err(error) = outcome {
                    notes.warn(format_args!("{} is not remembered: {error}", instance.subject()));
                }
            }
            if instance.knows_all {
                store.sweep(&region, &id, |base_id| {
                    lists(base_id) && !instance.archived.has(base_id)
                });
            }
            instance.archived.memory = Some(instance.memory.clone());
        }
    }

    /// Whether the run failed as a whole: no region and no instance answered.
    pub(super) fn can_do_nothing(&self) -> bool {
        let has_failures =
            !self.failed_regions.is_empty() || self.instances.iter().any(|instance| instance.failure.is_some());
        has_failures && !self.instances.iter().any(|instance| instance.was_asked)
    }

    /// The error of a run that failed as a whole, where all its failures are of one kind.
    pub(super) fn only_failure(&self) -> Option<&Report> {
        if !self.can_do_nothing() {
            return None;
        }
        let of_regions = self.failed_regions.iter().map(|(_, report)| report);
        let of_instances = self.instances.iter().filter_map(|instance| instance.failure.as_ref());
        let mut all = of_regions.chain(of_instances);
        let first = all.next()?;
        let is_of_a_kind = matches!(
            first.kind,
            Kind::Usage | Kind::Credentials | Kind::Network | Kind::Service
        );
        (is_of_a_kind && all.all(|report| report.kind == first.kind)).then_some(first)
    }
}

#[cfg(test)]
pub(super) mod tests;
