//! Retention: which backups of an instance go by a policy, and removing them.
//!
//! # How a backup is removed
//!
//! First `instance.json` gets an entry that it was pruned, so that the next sync does not fetch it again. Then one
//! rename hides its folder below `.jdredis`. The files are deleted after the rename is synchronised (fsync). A process
//! that is killed in between leaves a hidden folder, which the next process that takes the lock deletes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use time::{Duration, OffsetDateTime};

use super::layout::{KEEP, MANIFEST, RESERVED};
use super::manifest::Manifest;
use super::memory::{Memory, Pruned};
use super::modes::{self, Modes};
use super::policy::Policy;
use super::read::{self, Archived, Condition, Kept, Unreadable};
use super::state::{self, Terms};
use super::store::{Store, make_below};
use crate::values::id::BaseId;
use crate::values::zone::Zone;

/// How far back a pruned backup is remembered without the service listing it: longer than the strip of nights.
const REMEMBERED: Duration = Duration::days(30);
/// The longest reason that is read from a `keep` file, in characters.
const MAX_REASON: usize = 200;

/// What a policy makes of a backup.
#[derive(Debug)]
pub(crate) struct Decision<'a> {
    pub(crate) backup: &'a Kept,
    pub(crate) goes: bool,
    /// Why it stays, or goes.
    pub(crate) reasons: Vec<String>,
    /// The error for which it stays although no rule keeps it: the system could not read its folder.
    pub(crate) doubt: Option<Unreadable>,
}

/// Decides about each backup of an instance.
///
/// Only good ones of a known start count. What is damaged, is no RDB file, or begins at no known moment or in the
/// future is neither counted nor removed: a person has to look at it.
pub(crate) fn decide<'a>(archived: &'a Archived, policy: &Policy, zone: &Zone, terms: Terms) -> Vec<Decision<'a>> {
    let starts: Vec<OffsetDateTime> = archived
        .backups
        .iter()
        .filter_map(|backup| counted_start(backup, terms))
        .collect();
    let mut rules = policy.decide(&starts, zone).into_iter();
    let decision = |backup: &'a Kept| {
        if counted_start(backup, terms).is_none() {
            return stays(backup, vec![not_counted(backup, terms)]);
        }
        let mut reasons: Vec<String> = rules
            .next()
            .unwrap_or_default()
            .into_iter()
            .map(|rule| rule.name().to_owned())
            .collect();
        let (mark, mut unread) = match marked(&backup.path) {
            Ok(mark) => (mark, None),
            Err(error) => (None, Some(error)),
        };
        reasons.extend(mark);
        if reasons.is_empty() {
            match foreign_content(&backup.path) {
                Ok(extra) => reasons.extend(extra),
                Err(error) => unread = Some(error),
            }
        }
        if let Some(error) = unread.filter(|_| reasons.is_empty()) {
            return in_doubt(backup, &error);
        }
        match reasons.is_empty() {
            false => stays(backup, reasons),
            true => Decision {
                backup,
                goes: true,
                reasons: vec!["no rule keeps it".to_owned()],
                doubt: None,
            },
        }
    };
    archived.backups.iter().map(decision).collect()
}

/// Which of the backups that a sync could fetch the policy would remove at once, by their base IDs. `offered` has
/// the base ID and the start of each.
pub(crate) fn needless(
    archived: &Archived,
    offered: &[(BaseId, OffsetDateTime)],
    policy: &Policy,
    zone: &Zone,
    terms: Terms,
) -> Vec<BaseId> {
    let there = archived.backups.iter();
    let mut all: Vec<(OffsetDateTime, &BaseId)> = there
        .filter_map(|backup| Some((counted_start(backup, terms)?, &backup.base_id)))
        .collect();
    let of_known_age = offered
        .iter()
        .filter(|(_, start)| state::age(*start, terms.now).is_some());
    all.extend(of_known_age.map(|(base_id, start)| (start.truncate_to_second(), base_id)));
    all.sort_by(|a, b| (b.0, b.1.as_str()).cmp(&(a.0, a.1.as_str())));
    let starts: Vec<OffsetDateTime> = all.iter().map(|(start, _)| *start).collect();
    let decisions = policy.decide(&starts, zone);
    let goes = all.iter().zip(decisions).filter(|(_, rules)| rules.is_empty());
    goes.map(|((_, base_id), _)| (*base_id).clone()).collect()
}

fn stays(backup: &Kept, reasons: Vec<String>) -> Decision<'_> {
    Decision {
        backup,
        goes: false,
        reasons,
        doubt: None,
    }
}

/// The decision about a backup that no rule keeps, and of which it is not known whether anything else does.
fn in_doubt<'a>(backup: &'a Kept, error: &io::Error) -> Decision<'a> {
    let reason = format!("its folder cannot be read: {error}");
    Decision {
        doubt: Some(Unreadable {
            path: backup.path.clone(),
            reason: reason.clone(),
        }),
        ..stays(backup, vec![reason])
    }
}

/// The start of a backup that a policy counts; `None` of any other.
fn counted_start(backup: &Kept, terms: Terms) -> Option<OffsetDateTime> {
    let start = backup.start.filter(|start| state::age(*start, terms.now).is_some())?;
    backup.is_good(terms).then_some(start)
}

/// Why a policy does not count a backup, in words.
fn not_counted(backup: &Kept, terms: Terms) -> String {
    match &backup.condition {
        Condition::Damaged(reason) => format!("damaged and not counted: {reason}"),
        Condition::NotRdb(reason) if !backup.is_good(terms) => format!("no RDB file and not counted: {reason}"),
        _ if backup.start.is_none() => "its start is unknown, so it is not counted".to_owned(),
        _ => "it begins in the future, so it is not counted".to_owned(),
    }
}

/// The reason in the file `keep` of a backup's folder; `None` where there is no such file. A `keep` that cannot be
/// read, such as a folder, keeps the backup as well.
fn marked(folder: &Path) -> io::Result<Option<String>> {
    let path = folder.join(KEEP);
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    let text = read::read_file(&path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let line: String = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim()
        .chars()
        .take(MAX_REASON)
        .collect();
    Ok(Some(match line.is_empty() {
        true => KEEP.to_owned(),
        false => format!("{KEEP}: {line}"),
    }))
}

/// Why a folder is not removed: it holds something that is no part of the backup, which somebody may need.
fn foreign_content(folder: &Path) -> io::Result<Option<String>> {
    let text = read::read_file(&folder.join(MANIFEST))?;
    let manifest = Manifest::parse(&text).map_err(io::Error::other)?;
    let extra = extra_names(folder, &manifest)?.into_iter().next();
    Ok(extra.map(|name| format!("{name} in it is no part of the backup")))
}

/// The names in a backup's folder that are neither files of the backup nor the archive's own, sorted.
pub(crate) fn extra_names(folder: &Path, manifest: &Manifest) -> io::Result<Vec<String>> {
    let mut extra = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let is_known =
            RESERVED.iter().any(|known| name == *known) || manifest.files.iter().any(|file| name == file.name.as_str());
        if !is_known {
            extra.push(name.to_string_lossy().into_owned());
        }
    }
    extra.sort();
    Ok(extra)
}

/// A backup that could not be removed, or an instance of which a removal could not be recorded or synchronised.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub(crate) struct NotRemoved {
    pub(crate) path: PathBuf,
    error: io::Error,
}

impl Memory {
    /// Forgets the pruned backups that are there again, or that the service will not offer again.
    pub(crate) fn forget_pruned(
        &mut self,
        archived: &Archived,
        is_offered: impl Fn(&str) -> bool,
        now: OffsetDateTime,
    ) {
        self.pruned.retain(|pruned| {
            let is_young = pruned.start.is_none_or(|start| now - start <= REMEMBERED);
            !archived.has(&pruned.base_id) && (is_young || is_offered(&pruned.base_id))
        });
    }
}

impl Store {
    /// Removes the backups of an instance whose folders are `going`, and adds them to its memory. Updates `archived`,
    /// and returns what failed.
    pub(crate) fn prune(&self, archived: &mut Archived, going: &[PathBuf], now: OffsetDateTime) -> Vec<NotRemoved> {
        let (region, instance) = (archived.region.clone(), archived.instance.clone());
        let mut memory = archived
            .memory
            .take()
            .unwrap_or_else(|| Memory::new(region.as_str(), instance.as_str()));
        for backup in archived.backups.iter().filter(|backup| going.contains(&backup.path)) {
            memory.pruned.retain(|pruned| pruned.base_id != backup.base_id.as_str());
            memory.pruned.push(Pruned {
                base_id: backup.base_id.to_string(),
                start: backup.start,
                at: now.truncate_to_second(),
                bytes: Some(backup.bytes),
                keys: backup.keys,
            });
        }
        // On a full disk this fails; it is tried again below, when something is removed.
        let remembered = self.remember(&region, &instance, &memory);
        let parent = self.layout.instance(&region, &instance);
        let hidden = self.layout.pruned_root().join(region.as_str()).join(instance.as_str());
        let mut failed = Vec::new();
        let mut gone = Vec::new();
        for path in going {
            match self.hide(path, &hidden) {
                Ok(target) => gone.push((path, target)),
                Err(error) => failed.push(NotRemoved {
                    path: path.clone(),
                    error,
                }),
            }
        }
        // After a power cut no visible folder may lack a file, so the renames are synchronised before the deletions.
        let synced = modes::sync_folder(&parent).and_then(|()| match gone.is_empty() {
            true => Ok(()),
            false => modes::sync_folder(&hidden),
        });
        if let Err(error) = synced {
            failed.push(NotRemoved { path: parent, error });
        } else {
            for (path, target) in &gone {
                if let Err(error) = fs::remove_dir_all(target) {
                    let path = (*path).clone();
                    failed.push(NotRemoved { path, error });
                }
            }
        }
        archived
            .backups
            .retain(|backup| gone.iter().all(|(path, _)| **path != backup.path));
        memory.pruned.retain(|pruned| !archived.has(&pruned.base_id));
        if (remembered.is_err() || !failed.is_empty())
            && let Err(error) = self.remember(&region, &instance, &memory)
        {
            let path = self.layout.instance(&region, &instance);
            failed.push(NotRemoved { path, error });
        }
        archived.memory = Some(memory);
        self.tidy();
        failed
    }

    /// Moves a backup's folder to the hidden ones, and returns its new path.
    fn hide(&self, path: &Path, hidden: &Path) -> io::Result<PathBuf> {
        make_below(self.layout.dir(), hidden, Modes::PRIVATE, false)?;
        let target = hidden.join(path.file_name().unwrap_or_default());
        modes::unless_missing(fs::remove_dir_all(&target))?;
        fs::rename(path, &target)?;
        Ok(target)
    }

    /// Deletes what a killed prune left hidden. What cannot be deleted is tried again in the next run.
    pub(super) fn finish_prune(&self) {
        let root = self.layout.pruned_root();
        if self.is_own(&root) {
            let _ = fs::remove_dir_all(root);
        }
    }

    /// Removes the hidden folders that are empty.
    fn tidy(&self) {
        let root = self.layout.pruned_root();
        if !self.is_own(&root) {
            return;
        }
        let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        let regions = fs::read_dir(&root).into_iter().flatten().flatten();
        for region in regions.filter(is_folder) {
            for instance in fs::read_dir(region.path()).into_iter().flatten().flatten() {
                let _ = fs::remove_dir(instance.path());
            }
            let _ = fs::remove_dir(region.path());
        }
        let _ = fs::remove_dir(root);
    }
}

#[cfg(test)]
mod tests;
