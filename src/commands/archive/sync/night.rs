//! The state of one sync: what each instance had before, what the service says, and what came of it.

use std::path::PathBuf;

use time::OffsetDateTime;

use super::prune::Keep;
use crate::api;
use crate::api::Warning;
use crate::api::model::{Backup, CacheInstance};
use crate::archive::fleet::{self, Found, Survey, Surveyed};
use crate::archive::layout::BackupKey;
use crate::archive::manifest::{FORMAT_VERSION, FileEntry, Manifest};
use crate::archive::memory::{Memory, Missing, Presence};
use crate::archive::plan::{self, Offer, Wanted};
use crate::archive::read::{self, Archive, Archived, Unreadable};
use crate::archive::state::Terms;
use crate::archive::store::Store;
use crate::error::{Kind, Report};
use crate::terminal::escape::visible;
use crate::terminal::notes::Notes;
use crate::values::id::{InstanceId, Region};

/// One sync.
pub(super) struct Night {
    pub(super) instances: Vec<Instance>,
    /// The regions whose list could not be had.
    pub(super) failed_regions: Vec<(Region, Report)>,
    /// Entries of the regions' lists that could not be read, so that instances may be missing.
    pub(super) lost: Vec<String>,
    pub(super) not_found: Vec<InstanceId>,
    pub(super) unreadable: Vec<Unreadable>,
    /// Backups that a policy removes and that could not be removed, and why.
    pub(super) not_pruned: Vec<String>,
    pub(super) terms: Terms,
    /// What tells the key in use from others.
    key: String,
}

/// An instance in one sync.
pub(super) struct Instance {
    pub(super) archived: Archived,
    pub(super) details: Option<CacheInstance>,
    /// What is to be remembered of it.
    pub(super) memory: Memory,
    /// Why its backups could not be asked for.
    pub(super) failure: Option<Report>,
    /// Whether the service answered for it.
    pub(super) was_asked: bool,
    /// Whether `listed` has all that the service has of it.
    knows_all: bool,
    /// All that the service lists, for what `backup.json` tells of one.
    pub(super) listed: Vec<Backup>,
    /// The folders that are new, and their bytes together. In a dry run, how many there would be.
    pub(super) new: Vec<PathBuf>,
    pub(super) new_count: usize,
    pub(super) new_bytes: u64,
    /// Those of the last backup that was fetched, by name.
    pub(super) nodes: Vec<String>,
    /// The backups that were begun or are to be, and those that a policy leaves out for them.
    pub(super) begun: Vec<Wanted>,
    pub(super) left_out: Vec<Wanted>,
    /// The folders that a policy has removed.
    pub(super) pruned: Vec<PathBuf>,
    failed: Vec<Missing>,
    /// How the list of its backups differs from the documentation.
    warnings: Vec<Warning>,
    /// Whether a warning was printed that is about it.
    pub(super) was_warned_of: bool,
}

impl Night {
    pub(super) fn new(survey: Survey, mut archive: Archive, terms: Terms, key: &str) -> Self {
        let is_lost = |warning: &Warning| matches!(warning, Warning::LostEntry { .. });
        let lost = survey.warnings.iter().filter(|(_, warning)| is_lost(warning));
        let lost = lost.map(|(region, warning)| format!("{region}: {warning}")).collect();
        let failed_regions: Vec<(Region, Report)> = survey
            .failed_regions
            .into_iter()
            .map(|(region, error)| (region, report(error)))
            .collect();
        let mut night = Self {
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
            night
                .instances
                .push(Instance::new(archived, surveyed, terms.now, &night.key));
        }
        // The instances of a region that did not answer are shown as what they are: not asked for.
        for archived in archive.instances {
            let failed = night
                .failed_regions
                .iter()
                .find(|(region, _)| *region == archived.region);
            if let Some((_, report)) = failed {
                let instance = Instance::not_asked(archived, report.clone());
                night.instances.push(instance);
            }
        }
        night.instances.sort_by(|a, b| {
            let name = |instance: &Instance| {
                (
                    instance.archived.region.to_string(),
                    instance.archived.instance.to_string(),
                )
            };
            name(a).cmp(&name(b))
        });
        night
    }

    /// Warns of the differences of the lists of backups, each sort of them once: a service that writes a time
    /// in another form does so for every instance.
    pub(super) fn warn(&mut self, notes: &Notes<'_>) {
        if self.instances.is_empty() && self.failed_regions.is_empty() && self.not_found.is_empty() {
            // A wrong region, or a key that sees nothing, looks like this every night.
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

    /// Compares what the service has with the archive; what is to be fetched, in no order.
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

    /// Remembers each instance, looks at what the archive has of it now, and removes the beginnings of
    /// backups that nobody can finish.
    pub(super) fn remember(&mut self, store: &Store, notes: &Notes<'_>) {
        let can_do_nothing = self.can_do_nothing();
        for instance in &mut self.instances {
            let (region, id) = (instance.archived.region.clone(), instance.archived.instance.clone());
            let before = instance.archived.memory.take();
            let before = before.as_ref().map_or(&[][..], |memory| &memory.failed);
            let mut now = read::read_instance(store.layout.dir(), region.clone(), id.clone());
            // What could not be read of it before the run can be read now, or is named once more.
            let was_in_doubt = read::is_in_doubt(&self.unreadable, &instance.archived);
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
            // What is remembered of it must not be replaced by less, only since it could not be read.
            let is_in_doubt = was_in_doubt || read::is_in_doubt(&self.unreadable, &instance.archived);
            // Where nothing answered, nothing new is known, but for what a list told.
            let is_news = !can_do_nothing || instance.details.is_some();
            if is_news && instance.is_remembered() && !is_in_doubt {
                let outcome = store.remember(&region, &id, &instance.memory);
                if let Err(error) = outcome {
                    notes.warn(format_args!("{} is not remembered: {error}", instance.subject()));
                }
            }
            if instance.knows_all {
                let kept = &instance.archived.backups;
                let is_there = |base_id: &str| kept.iter().any(|kept| kept.base_id.as_str() == base_id);
                store.sweep(&region, &id, |base_id| lists(base_id) && !is_there(base_id));
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

    /// The one reason for which nothing could be done, where it is one.
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

impl Instance {
    fn new(archived: Archived, surveyed: Surveyed, now: OffsetDateTime, key: &str) -> Self {
        let (region, id) = (archived.region.as_str(), archived.instance.as_str());
        let mut memory = archived.memory.clone().unwrap_or_else(|| Memory::new(region, id));
        // Of an instance that this run knows nothing of, what the last one could not get is missing still.
        if !matches!(surveyed.found, Found::Unjudged) {
            memory.missing.clear();
            memory.failure = None;
        }
        if let Some(details) = &surveyed.details {
            memory.name = details.name.clone();
            memory.created_at = details
                .created()
                .map(OffsetDateTime::truncate_to_second)
                .or(memory.created_at);
            memory.seen_by = Some(key.to_owned());
            (memory.state, memory.gone_since, memory.restorable_until) = (Presence::Present, None, None);
        }
        let mut instance = Self {
            archived,
            details: surveyed.details,
            memory,
            failure: None,
            was_asked: false,
            knows_all: false,
            listed: Vec::new(),
            new: Vec::new(),
            new_count: 0,
            new_bytes: 0,
            nodes: Vec::new(),
            begun: Vec::new(),
            left_out: Vec::new(),
            pruned: Vec::new(),
            failed: Vec::new(),
            warnings: Vec::new(),
            was_warned_of: false,
        };
        match surveyed.found {
            Found::Backups(listing) => {
                instance.was_asked = true;
                let lost = listing
                    .warnings
                    .iter()
                    .find(|warning| matches!(warning, Warning::LostEntry { .. }));
                instance.knows_all = fleet::is_whole(&listing);
                instance.memory.failure = lost.map(|warning| visible(&warning.to_string()).into_owned());
                instance.warnings = listing.warnings;
                instance.listed = listing.entries.into_iter().map(|entry| entry.view).collect();
            }
            Found::Gone { restorable_until } => {
                instance.was_asked = true;
                instance.knows_all = true;
                instance.memory.state = Presence::Gone;
                let since = instance.memory.gone_since;
                instance.memory.gone_since = since.or(Some(now.truncate_to_second()));
                instance.memory.restorable_until = restorable_until.map(OffsetDateTime::truncate_to_second);
            }
            Found::Failed(error) => instance.fail(report(error)),
            Found::NotAsked => {
                instance.memory.failure = Some("the last sync was interrupted before it was asked for".to_owned());
            }
            Found::Unjudged | Found::Elsewhere => instance.was_asked = true,
        }
        instance
    }

    fn not_asked(archived: Archived, report: Report) -> Self {
        let found = Surveyed {
            region: archived.region.clone(),
            instance: archived.instance.clone(),
            details: None,
            found: Found::NotAsked,
        };
        let mut instance = Self::new(archived, found, OffsetDateTime::UNIX_EPOCH, "");
        instance.fail(report);
        instance
    }

    fn fail(&mut self, report: Report) {
        self.memory.failure = Some(format!("it could not be asked for its backups: {}", report.line()));
        self.failure = Some(report);
    }

    /// What `backup.json` says of a backup of it whose files are whole.
    pub(super) fn manifest(&self, wanted: &Wanted, files: Vec<FileEntry>, now: OffsetDateTime) -> Manifest {
        let backup = self.listed.get(wanted.entry);
        let second = |moment: OffsetDateTime| moment.truncate_to_second();
        let details = self.details.as_ref();
        Manifest {
            format_version: FORMAT_VERSION,
            region: wanted.key.region.to_string(),
            instance: wanted.key.instance.to_string(),
            instance_name: details.and_then(|details| details.name.clone()),
            base_id: wanted.key.base_id.to_string(),
            name: backup.and_then(|backup| backup.name.clone()),
            start: wanted.start.map(second),
            end: backup.and_then(Backup::ended).map(second),
            kind: backup.and_then(Backup::kind).map(|kind| kind.word().to_owned()),
            shards: wanted.shards,
            redis_version: details.and_then(|details| details.redis_version.clone()),
            database_num: details.and_then(|details| details.databases),
            files,
            fetched_at: second(now),
            fetched_by: concat!("jdredis ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Notes that a backup of it has its folder.
    pub(super) fn add_new(&mut self, folder: PathBuf, manifest: &Manifest) {
        self.new.push(folder);
        self.new_count += 1;
        self.new_bytes = self.new_bytes.saturating_add(manifest.bytes());
        self.nodes = manifest.files.iter().map(|file| file.node.clone()).collect();
    }

    /// `REGION/INSTANCE`, as its folder is.
    pub(super) fn subject(&self) -> String {
        format!("{}/{}", self.archived.region, self.archived.instance)
    }

    /// Whether there is something of it to remember: it was seen, now or before.
    fn is_remembered(&self) -> bool {
        self.details.is_some() || self.archived.memory.is_some() || !self.archived.backups.is_empty()
    }
}

fn report(error: api::Error) -> Report {
    Report::of(&error.into())
}
