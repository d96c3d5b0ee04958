//! The names that the service has listed, kept for completion.
//!
//! A file for each endpoint, region and access key, so that nothing is offered that another key was
//! shown. It holds IDs, names, times and statuses: no secret and no link. Whatever goes wrong with it is
//! silent, since it only spares typing. `JDREDIS_CACHE=off` turns it off.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::Settings;
use crate::process::world::World;

/// A longer file is neither written nor read, in bytes.
const MAX_SIZE: u64 = 1 << 20;
/// An older file is not read, and removed when another one is written.
const MAX_AGE: Duration = Duration::from_secs(30 * 86_400);

/// What was listed at one endpoint, in one region, with one key.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Names {
    /// Instances' IDs and names.
    pub(crate) instances: BTreeMap<String, String>,
    /// The backups of an instance, newest first.
    pub(crate) backups: BTreeMap<String, Vec<BackupName>>,
    /// The nodes of an instance, in the service's order.
    pub(crate) nodes: BTreeMap<String, Vec<String>>,
}

/// A backup as it is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackupName {
    pub(crate) id: String,
    /// RFC 3339 in UTC.
    pub(crate) start: Option<String>,
    /// In a word; empty where it is not known.
    pub(crate) status: String,
}

impl Names {
    /// What is kept for these settings, where there is something that is not too old.
    pub(crate) fn read(settings: &Settings, world: &World) -> Option<Self> {
        let path = folder(world)?.join(file_name(settings));
        is_fresh(&path, world).then(|| load(&path)).flatten()
    }

    /// Changes what is kept for these settings.
    pub(crate) fn change(settings: &Settings, world: &World, change: impl FnOnce(&mut Self)) {
        let Some(folder) = folder(world).filter(|folder| is_own(folder)) else {
            return;
        };
        let mut names = Self::read(settings, world).unwrap_or_default();
        change(&mut names);
        let _ = names.write(&folder, &file_name(settings), world);
    }

    /// Learns of an instance's backups, newest first. Those known before stay, unless these are all.
    pub(crate) fn learn_backups(&mut self, instance: &str, listed: Vec<BackupName>, is_all: bool) {
        let known = self.backups.remove(instance).unwrap_or_default();
        let is_new = |backup: &BackupName| listed.iter().all(|listed| listed.id != backup.id);
        let mut kept: Vec<BackupName> = known.into_iter().filter(|backup| !is_all && is_new(backup)).collect();
        kept.extend(listed);
        // Text of one form and in UTC is in the order of time.
        kept.sort_by(|a, b| b.start.cmp(&a.start));
        self.backups.insert(instance.to_owned(), kept);
    }

    fn write(&mut self, folder: &Path, name: &str, world: &World) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(self)?;
        if text.len() as u64 > MAX_SIZE {
            // Backups are the most, and the soonest out of date.
            self.backups.clear();
            text = serde_json::to_vec(self)?;
        }
        if text.len() as u64 > MAX_SIZE {
            return Ok(());
        }
        create_private_folder(folder)?;
        for entry in fs::read_dir(folder)?.flatten() {
            if !is_fresh(&entry.path(), world) {
                let _ = fs::remove_file(entry.path());
            }
        }
        let new = folder.join(format!("{name}.{}", std::process::id()));
        let written = create_private(&new).and_then(|mut file| file.write_all(&text));
        if let Err(error) = written.and_then(|()| fs::rename(&new, folder.join(name))) {
            let _ = fs::remove_file(&new);
            return Err(error);
        }
        Ok(())
    }
}

fn load(path: &Path) -> Option<Names> {
    let mut text = Vec::new();
    // A FIFO in its place would be waited for.
    let size = fs::metadata(path).ok().filter(fs::Metadata::is_file)?.len();
    File::open(path).ok()?.take(MAX_SIZE + 1).read_to_end(&mut text).ok()?;
    (size <= MAX_SIZE).then(|| serde_json::from_slice(&text).ok()).flatten()
}

fn is_fresh(path: &Path, world: &World) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|file| file.modified());
    let now: std::time::SystemTime = world.clock.now().into();
    // A file from the future was written before the clock was set back.
    changed.is_ok_and(|changed| now.duration_since(changed).unwrap_or_default() <= MAX_AGE)
}

/// A name that tells neither endpoint nor key.
fn file_name(settings: &Settings) -> String {
    let key = hex::encode(Sha256::digest(settings.credentials.access_key.as_str()));
    let place = format!("{}\n{}\n{key}", settings.endpoint, settings.region);
    format!("{}.json", &hex::encode(Sha256::digest(place))[..32])
}

/// The folder for these files in the user's cache folder; `None` where there is none or none is wanted.
fn folder(world: &World) -> Option<PathBuf> {
    if world.var("JDREDIS_CACHE").is_some_and(|value| value == "off") {
        return None;
    }
    Some(cache_folder(world)?.join("jdredis").join("names"))
}

#[cfg(all(unix, not(target_os = "macos")))]
fn cache_folder(world: &World) -> Option<PathBuf> {
    // The XDG Base Directory Specification has relative paths ignored.
    let named = world
        .var("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    named.or_else(|| Some(world.home.as_ref()?.join(".cache")))
}

#[cfg(target_os = "macos")]
fn cache_folder(world: &World) -> Option<PathBuf> {
    Some(world.home.as_ref()?.join("Library/Caches"))
}

#[cfg(not(unix))]
fn cache_folder(world: &World) -> Option<PathBuf> {
    world.var("LOCALAPPDATA").map(PathBuf::from)
}

/// Whether the folder is, or would be made, in a folder of this user: under sudo, HOME may be another's.
#[cfg(unix)]
fn is_own(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let owner = folder.ancestors().find_map(|folder| fs::metadata(folder).ok());
    owner.is_some_and(|owner| owner.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn is_own(_: &Path) -> bool {
    true
}

fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
