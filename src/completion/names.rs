//! Names that earlier runs have seen, for completion: instances, backups, nodes.
//!
//! The other commands write them; completion only reads. The names of one account in one region are in a folder of
//! their own, whose name is a hash of endpoint, region and access key. So nothing is offered that another key has
//! listed. A file holds names, states and times, never a key or a link.
//!
//! Nothing here reports an error: without a cache, completion offers less. `JDREDIS_CACHE=off` turns the cache off.

use std::cell::Cell;
use std::cmp::Reverse;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cache::{MAX_AGE, MAX_SIZE, sweep, user_folder};
use super::private;
use crate::api::model::{Backup, CacheInstance};
use crate::config::Settings;
use crate::process::world::World;
use crate::values::id::{InstanceId, Region};

const SWITCH: &str = "JDREDIS_CACHE";
/// The folder of this program in the user's folder for caches.
const PROGRAM: &str = "jdredis";
/// The same nodes of an instance are written again only after this many seconds.
const NODES_KEPT: u64 = 24 * 3600;
const INSTANCES: &str = "instances";
/// The longest name, in bytes for a node, in characters for an instance.
const MAX_NAME: usize = 128;

/// The names of one account in one region.
#[derive(Debug)]
pub(crate) struct Names {
    /// The user's folder for caches.
    cache: PathBuf,
    /// The folder of all accounts, in `cache`.
    root: PathBuf,
    /// The folder of this account, in `root`.
    folder: PathBuf,
    /// Seconds since 1970.
    now: i64,
    /// Whether a list was written, so that the cache may be too large. The names of nodes take little room.
    has_grown: Cell<bool>,
}

/// An instance as it is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownInstance {
    pub(crate) id: String,
    /// Empty where it has none.
    pub(crate) name: String,
}

/// A backup as it is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownBackup {
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) start: Option<i64>,
    /// In a word; empty where it is not known.
    pub(crate) status: String,
}

/// The content of a file.
#[derive(Serialize, Deserialize)]
struct Cached<T> {
    /// When the service listed the entries, of which the oldest counts; seconds since 1970.
    at: i64,
    entries: Vec<T>,
}

/// Whether a listing has every entry that the service has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// It has, so an entry that it lacks no longer exists.
    Whole,
    /// It was filtered or cut off.
    Part,
}

impl Extent {
    pub(crate) fn of(is_whole: bool) -> Self {
        if is_whole { Self::Whole } else { Self::Part }
    }
}

impl Names {
    /// The names for these settings; `None` where the cache is turned off or has no place.
    pub(crate) fn of(settings: &Settings, world: &World) -> Option<Self> {
        Self::in_region(settings, &settings.region, world)
    }

    /// As [`of`](Self::of), in another region of the account.
    pub(crate) fn in_region(settings: &Settings, region: &Region, world: &World) -> Option<Self> {
        if world.var(SWITCH).is_some_and(|switch| switch == "off") {
            return None;
        }
        // A home folder is not made for a cache.
        let home = world.home.as_deref().filter(|home| home.is_dir());
        let cache = user_folder(|name| (world.env)(name), home)?;
        let root = cache.join(PROGRAM).join("names");
        let key = &settings.credentials.access_key;
        let mut hash = Sha256::new();
        for part in [&settings.endpoint.to_string(), region.as_str(), key.as_str()] {
            hash.update(part);
            hash.update("\n");
        }
        let account = hex::encode(&hash.finalize()[..16]);
        Some(Self {
            folder: root.join(account),
            root,
            cache,
            has_grown: Cell::new(false),
            now: world.clock.now().unix_timestamp(),
        })
    }

    /// The instances, in the order of their IDs.
    pub(crate) fn instances(&self) -> Vec<KnownInstance> {
        self.entries(INSTANCES)
    }

    /// The backups of an instance, newest first.
    pub(crate) fn backups(&self, instance: &InstanceId) -> Vec<KnownBackup> {
        self.entries(&backups_of(instance))
    }

    /// The names of an instance's nodes, in the service's order.
    pub(crate) fn nodes(&self, instance: &InstanceId) -> Vec<String> {
        self.entries(&nodes_of(instance))
    }

    /// Adds instances that the service has listed.
    pub(crate) fn learn_instances<'a>(&self, listed: impl Iterator<Item = &'a CacheInstance>, extent: Extent) {
        let new = listed.map(|instance| KnownInstance {
            id: instance.id.to_string(),
            name: instance.name.as_deref().map(short).unwrap_or_default(),
        });
        let order = |instances: &mut Vec<KnownInstance>| instances.sort_by(|a, b| a.id.cmp(&b.id));
        self.learn(INSTANCES, new.collect(), extent, |instance| &instance.id, order);
    }

    /// Adds backups of an instance that the service has listed.
    pub(crate) fn learn_backups<'a>(
        &self,
        instance: &InstanceId,
        listed: impl Iterator<Item = &'a Backup>,
        extent: Extent,
    ) {
        let new = listed.map(|backup| KnownBackup {
            id: backup.base_id.to_string(),
            start: backup.started().map(|start| start.unix_timestamp()),
            status: backup
                .status()
                .map(|status| status.word().to_owned())
                .unwrap_or_default(),
        });
        let order = |backups: &mut Vec<KnownBackup>| backups.sort_by_key(|backup| Reverse(backup.start));
        self.learn(&backups_of(instance), new.collect(), extent, |backup| &backup.id, order);
    }

    /// Replaces the nodes of an instance by those that the links of a backup name.
    pub(crate) fn learn_nodes<'a>(&self, instance: &InstanceId, nodes: impl Iterator<Item = &'a str>) {
        let mut entries: Vec<String> = Vec::new();
        for node in nodes.filter(|node| node.len() <= MAX_NAME) {
            if !entries.iter().any(|known| known == node) {
                entries.push(node.to_owned());
            }
        }
        let name = nodes_of(instance);
        // Nodes seldom change, and reading their file is quicker than replacing it.
        let is_known = self
            .read::<String>(&name)
            .is_some_and(|known| known.entries == entries && self.now.abs_diff(known.at) < NODES_KEPT);
        if !is_known {
            let _ = self.write(&name, &mut Cached { at: self.now, entries });
        }
    }

    fn entries<T: DeserializeOwned>(&self, name: &str) -> Vec<T> {
        self.read(name).map(|cached| cached.entries).unwrap_or_default()
    }

    fn learn<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        new: Vec<T>,
        extent: Extent,
        id: fn(&T) -> &String,
        order: fn(&mut Vec<T>),
    ) {
        let mut cached = Cached {
            at: self.now,
            entries: new,
        };
        if extent == Extent::Part
            && let Some(old) = self.read::<T>(name)
        {
            // The age of a file is that of its oldest entry.
            cached.at = old.at;
            let old = old.entries.into_iter();
            let others: Vec<T> = old
                .filter(|old| cached.entries.iter().all(|new| id(new) != id(old)))
                .collect();
            cached.entries.extend(others);
        }
        order(&mut cached.entries);
        if self.write(name, &mut cached).is_ok() {
            self.has_grown.set(true);
        }
    }

    /// The folders that are this program's own, the outermost first.
    fn folders(&self) -> [PathBuf; 3] {
        [self.cache.join(PROGRAM), self.root.clone(), self.folder.clone()]
    }

    /// Reads a file that is not too old.
    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<Cached<T>> {
        if !self.folders().iter().all(|folder| private::is_own(folder)) {
            return None;
        }
        let path = self.folder.join(name);
        let metadata = fs::symlink_metadata(&path).ok()?;
        let modified = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let is_old = self.now.saturating_sub_unsigned(modified.as_secs()) > MAX_AGE.cast_signed();
        // Opening a FIFO would wait for a writer.
        if !metadata.is_file() || is_old {
            return None;
        }
        let mut text = Vec::new();
        File::open(path).ok()?.take(MAX_SIZE).read_to_end(&mut text).ok()?;
        let cached: Cached<T> = serde_json::from_slice(&text).ok()?;
        (self.now.abs_diff(cached.at) <= MAX_AGE).then_some(cached)
    }

    /// Replaces a file in one step.
    fn write<T: Serialize>(&self, name: &str, cached: &mut Cached<T>) -> io::Result<()> {
        let mut text = serde_json::to_vec(cached)?;
        while text.len() as u64 > MAX_SIZE {
            cached.entries.truncate(cached.entries.len() / 2);
            text = serde_json::to_vec(cached)?;
        }
        private::make_folders(&self.cache, &self.folders())?;
        let fresh = self.folder.join(format!("{name}.{}", std::process::id()));
        let made = private::create(&fresh).or_else(|_| {
            // A run that was killed left this file. In a container each run may have the same process ID.
            fs::remove_file(&fresh)?;
            private::create(&fresh)
        });
        let written = made
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| fs::rename(&fresh, self.folder.join(name)));
        if written.is_err() {
            let _ = fs::remove_file(&fresh);
        }
        written
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        if self.has_grown.get() {
            sweep(&self.root, self.now);
        }
    }
}

fn backups_of(instance: &InstanceId) -> String {
    format!("backups-{instance}")
}

fn nodes_of(instance: &InstanceId) -> String {
    format!("nodes-{instance}")
}

fn short(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn names(root: &Path, now: i64) -> Names {
        let cache = root.to_owned();
        let root = cache.join(PROGRAM).join("names");
        Names {
            folder: root.join("account"),
            root,
            cache,
            now,
            has_grown: Cell::new(false),
        }
    }

    fn instances(ids: &[&str]) -> Vec<KnownInstance> {
        let instance = |id: &&str| KnownInstance {
            id: (*id).to_owned(),
            name: String::new(),
        };
        ids.iter().map(instance).collect()
    }

    fn add(names: &Names, ids: &[&str], extent: Extent) {
        let order = |list: &mut Vec<KnownInstance>| list.sort_by(|a, b| a.id.cmp(&b.id));
        names.learn(INSTANCES, instances(ids), extent, |instance| &instance.id, order);
    }

    #[test]
    fn a_whole_listing_replaces_and_a_part_adds() {
        let folder = tempfile::tempdir().unwrap();
        let names = names(folder.path(), 1_000);
        add(&names, &["b", "c"], Extent::Whole);
        add(&names, &["a", "c"], Extent::Part);
        assert_eq!(names.instances(), instances(&["a", "b", "c"]));
        add(&names, &["c"], Extent::Whole);
        assert_eq!(names.instances(), instances(&["c"]));
    }

    #[test]
    fn names_are_forgotten_after_thirty_days_also_where_a_part_was_added_later() {
        let folder = tempfile::tempdir().unwrap();
        let day = 24 * 60 * 60;
        add(&names(folder.path(), 0), &["a"], Extent::Whole);
        add(&names(folder.path(), 29 * day), &["b"], Extent::Part);
        assert_eq!(names(folder.path(), 30 * day).instances().len(), 2);
        assert_eq!(names(folder.path(), 30 * day + 1).instances(), []);
    }

    #[test]
    fn nodes_are_those_of_their_instance_and_stay_known_while_they_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other): (InstanceId, InstanceId) = ("redis-1".parse().unwrap(), "redis-2".parse().unwrap());
        let day = 24 * 60 * 60;
        let at = |now| names(folder.path(), now);
        let written = || fs::read_to_string(at(0).folder.join(nodes_of(&one))).unwrap();
        at(0).learn_nodes(&one, ["a", "b", "a"].into_iter());
        assert_eq!(at(0).nodes(&one), ["a", "b"]);
        assert_eq!(at(0).nodes(&other), Vec::<String>::new());
        let first = written();
        at(day - 1).learn_nodes(&one, ["a", "b"].into_iter());
        assert_eq!(written(), first, "the same nodes are not written again within a day");
        at(day).learn_nodes(&one, ["a", "b"].into_iter());
        assert_eq!(at(31 * day).nodes(&one), ["a", "b"]);
        at(day + 1).learn_nodes(&one, ["c"].into_iter());
        assert_eq!(at(day + 1).nodes(&one), ["c"]);
        assert_ne!(backups_of(&one), backups_of(&other));
        assert_ne!(backups_of(&one), nodes_of(&one));
    }

    #[test]
    fn all_files_together_stay_below_a_mebibyte() {
        let folder = tempfile::tempdir().unwrap();
        let ids: Vec<String> = (0..40_000).map(|i| format!("redis-{i:010}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        for account in ["a", "b"] {
            let mut names = names(folder.path(), 0);
            names.folder = names.root.join(account);
            add(&names, &ids, Extent::Whole);
            assert!(names.instances().len() > 1_000);
        }
        let accounts = fs::read_dir(names(folder.path(), 0).root.as_path()).unwrap();
        let files = accounts.flat_map(|account| {
            let files = fs::read_dir(account.unwrap().path()).unwrap();
            files.map(|file| file.unwrap().metadata().unwrap().len())
        });
        assert!(files.sum::<u64>() <= MAX_SIZE);
    }

    #[test]
    fn what_is_no_cache_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let names = names(folder.path(), 0);
        fs::create_dir_all(&names.folder).unwrap();
        for content in ["", "{", "[]", r#"{"at":0,"entries":[1]}"#] {
            fs::write(names.folder.join(INSTANCES), content).unwrap();
            assert_eq!(names.instances(), [], "{content}");
        }
    }
}
