//! An instance in one sync: what the archive had of it before, what the service says of it, and what came of it.

use std::path::PathBuf;

use time::OffsetDateTime;

use crate::api::model::{Backup, CacheInstance};
use crate::api::{self, Warning};
use crate::archive::fleet::{self, Found, Surveyed};
use crate::archive::manifest::{FORMAT_VERSION, FileEntry, Manifest, PROGRAM};
use crate::archive::memory::{Memory, Missing, Presence};
use crate::archive::plan::Wanted;
use crate::archive::read::Archived;
use crate::error::Report;
use crate::terminal::escape::visible;

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
    pub(super) knows_all: bool,
    /// The backups that the service lists, which `backup.json` is made from.
    pub(super) listed: Vec<Backup>,
    /// The folders of the backups that came.
    pub(super) new: Vec<PathBuf>,
    /// How many backups came; in a dry run, how many would.
    pub(super) new_count: usize,
    /// The bytes of those together.
    pub(super) new_bytes: u64,
    /// The names of the nodes of the last backup that was fetched.
    pub(super) nodes: Vec<String>,
    /// With a policy, the backups that it keeps: they are fetched.
    pub(super) begun: Vec<Wanted>,
    /// With a policy, the backups that it would remove at once: they are fetched only in place of others that fail.
    pub(super) left_out: Vec<Wanted>,
    /// The folders that a policy has removed.
    pub(super) pruned: Vec<PathBuf>,
    /// The backups that failed at the service.
    pub(super) failed: Vec<Missing>,
    /// How the list of its backups differs from the documentation.
    pub(super) warnings: Vec<Warning>,
    /// Whether a warning was printed that is about it.
    pub(super) was_warned_of: bool,
}

impl Instance {
    pub(super) fn new(archived: Archived, surveyed: Surveyed, now: OffsetDateTime, key: &str) -> Self {
        let (region, id) = (archived.region.as_str(), archived.instance.as_str());
        let mut memory = archived.memory.clone().unwrap_or_else(|| Memory::new(region, id));
        // Where this run learns nothing of the instance, what an earlier sync could not get is still missing.
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

    /// An instance of a region that did not answer.
    pub(super) fn not_asked(archived: Archived, report: Report) -> Self {
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

    /// Notes why its backups could not be asked for.
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
            fetched_by: PROGRAM.to_owned(),
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
    pub(super) fn is_remembered(&self) -> bool {
        self.details.is_some() || self.archived.memory.is_some() || !self.archived.backups.is_empty()
    }
}

/// The report on an error of the service.
pub(super) fn report(error: api::Error) -> Report {
    Report::of(&error.into())
}
