//! One backup while its files are fetched.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::archive::layout::RESERVED;
use crate::archive::manifest::FileEntry;
use crate::archive::plan::Wanted;
use crate::archive::store::Store;
use crate::backups::{Fetchable, by_object};
use crate::error::explained;
use crate::file::FileState;
use crate::rdb::Advice;
use crate::transfer::{self, Folder, Identity, Job, Outcome};

/// A backup whose files are in the transfer.
pub(super) struct Running {
    /// The work folder.
    path: PathBuf,
    /// The node and the name of each file.
    files: Vec<(String, String)>,
    outcomes: Vec<Option<Outcome>>,
}

/// How all its files have ended.
pub(super) enum Ended {
    Whole(Vec<FileEntry>),
    /// Why it is not whole.
    NotWhole(String),
}

impl Running {
    /// Opens the work folder, and makes a job of each file.
    pub(super) fn open(store: &Store, wanted: &Wanted, links: &[Fetchable]) -> Result<(Self, Vec<Job>), String> {
        let unusable = |error: &dyn std::fmt::Display| format!("its hidden folder cannot be used: {error}");
        let path = store.work_folder(&wanted.key).map_err(|error| unusable(&error))?;
        let holder = crate::commands::lock_holder();
        let folder = Arc::new(Folder::open_without_lock(&path, &holder).map_err(|error| unusable(&error))?);
        let identity = Identity {
            region: wanted.key.region.to_string(),
            instance: wanted.key.instance.to_string(),
            base_id: wanted.key.base_id.to_string(),
        };
        let names = file_names(links);
        let jobs = links.iter().zip(&names).map(|((node, link), name)| Job {
            identity: identity.clone(),
            node: node.clone(),
            link: link.clone(),
            folder: Arc::clone(&folder),
            file_name: name.clone(),
            // Only syncs write to a work folder, so a file of this name is from an earlier one.
            force: true,
        });
        let jobs = jobs.collect();
        let files = links
            .iter()
            .zip(names)
            .map(|((node, _), name)| (node.clone(), name))
            .collect();
        let running = Self {
            path,
            files,
            outcomes: links.iter().map(|_| None).collect(),
        };
        Ok((running, jobs))
    }

    /// Notes how a file has ended. Returns how the backup has ended, once this was its last file.
    pub(super) fn end(&mut self, node: usize, outcome: Outcome) -> Option<Ended> {
        self.outcomes[node] = Some(outcome);
        if self.outcomes.iter().any(Option::is_none) {
            return None;
        }
        let mut entries = Vec::new();
        for ((node, name), outcome) in self.files.iter().zip(self.outcomes.drain(..).flatten()) {
            match entry(&self.path, node, name, outcome) {
                Ok(entry) => entries.push(entry),
                Err(reason) => return Some(Ended::NotWhole(format!("{node}: {reason}"))),
            }
        }
        Some(Ended::Whole(entries))
    }
}

/// The names of a backup's files in its folder: safe and distinct ones, and none of the [`RESERVED`] names.
fn file_names(links: &[Fetchable]) -> Vec<String> {
    let order = by_object(links.iter().map(|(_, link)| link));
    let own = order.iter().map(|at| links[*at].1.file_name().into_owned());
    let names = transfer::distinct_names(RESERVED.into_iter().map(str::to_owned).chain(own)).split_off(RESERVED.len());
    let mut named: Vec<(usize, String)> = order.into_iter().zip(names).collect();
    named.sort_unstable();
    named.into_iter().map(|(_, name)| name).collect()
}

/// What `backup.json` says of a file; an error in words where it is not whole.
fn entry(folder: &std::path::Path, node: &str, name: &str, outcome: Outcome) -> Result<FileEntry, String> {
    let reason = outcome.reason.as_ref().map(explained);
    let describe = || {
        format!(
            "{}, {}",
            outcome.state.name(),
            reason.as_deref().unwrap_or("for no reason that is known")
        )
    };
    // A text is a message of the storage, or of a proxy in between, and never a backup.
    let is_message = outcome.advice == Some(Advice::Read);
    match outcome.state {
        FileState::Ok | FileState::Unverified => {}
        // A file that was refused by its first bytes was not fetched to its end, so it has no sum.
        FileState::NotRdb if !is_message && outcome.sha256.is_some() => {
            if !outcome.is_certain {
                let doubt = "the storage told no length or no ETag, so a part of it may be missing";
                return Err(format!("{}; {doubt}", describe()));
            }
            // It is complete, and the transfer has put it aside under another name.
            let aside = fs::rename(&outcome.path, folder.join(name));
            aside.map_err(|error| format!("not-rdb, and it cannot be renamed: {error}"))?;
        }
        _ => return Err(describe()),
    }
    Ok(FileEntry {
        node: node.to_owned(),
        name: name.to_owned(),
        bytes: outcome.bytes,
        sha256: outcome.sha256.clone().ok_or_else(describe)?,
        state: outcome.state,
        reason,
        keys: outcome.rdb.as_ref().and_then(|rdb| rdb.keys()),
        databases: outcome.rdb.and_then(|rdb| rdb.databases),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::link::Link;

    #[test]
    fn no_file_takes_a_name_that_means_something_in_the_folder() {
        let links: Vec<Fetchable> = ["backup.json", "SHA256SUMS", "keep", "KEEP", "../x", "dump"]
            .map(|name| {
                (
                    name.to_owned(),
                    Link::parse(&format!("https://h/i/{}?s=1", name.replace('/', "%2F"))).unwrap(),
                )
            })
            .to_vec();
        assert_eq!(
            file_names(&links),
            ["backup.json-2", "SHA256SUMS-2", "keep-3", "KEEP-2", "_x", "dump"]
        );
    }

    #[test]
    fn what_is_no_rdb_file_is_taken_only_if_all_of_it_has_come_and_it_is_no_message() {
        let dir = tempfile::tempdir().unwrap();
        let taken = |is_complete: bool, advice, is_certain| {
            let path = dir.path().join("aside");
            fs::write(&path, "x").unwrap();
            let outcome = Outcome {
                path,
                bytes: 1,
                sha256: is_complete.then(|| "0".repeat(64)),
                state: FileState::NotRdb,
                reason: None,
                resumed_from: 0,
                rdb: None,
                advice,
                warning: None,
                is_certain,
            };
            entry(dir.path(), "node 0", "dump", outcome).is_ok()
        };
        assert!(taken(true, None, true) && dir.path().join("dump").exists());
        assert!(!taken(true, Some(Advice::Read), true), "a message of the storage");
        assert!(!taken(true, None, false), "a part of it may be missing");
        assert!(!taken(false, None, true));
    }
}
