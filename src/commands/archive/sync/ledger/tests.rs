//! What a sync remembers, sweeps and tells of an archive, without a service.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::*;
use crate::api::Listing;
use crate::api::model::{Backup, CacheInstance};
use crate::archive::fleet::{Found, Surveyed};
use crate::archive::layout::{Layout, MANIFEST, MEMORY, SUMS};
use crate::archive::manifest::tests::manifest;
use crate::archive::memory::Pruned;
use crate::process::world::World;

const NOW: OffsetDateTime = datetime!(2026-03-10 12:00 UTC);

/// A backup that began so many days ago, which is its base ID, too.
pub(in super::super) fn wanted(instance: &str, days: i64) -> Wanted {
    Wanted {
        key: BackupKey {
            region: "cn-north-1".parse().unwrap(),
            instance: instance.parse().unwrap(),
            base_id: days.to_string().parse().unwrap(),
        },
        start: Some(NOW - Duration::days(days)),
        size: None,
        shards: None,
        is_newest: false,
        entry: 0,
    }
}

/// Puts such a backup into an archive; its folder.
pub(in super::super) fn put(dir: &Path, instance: &str, days: i64) -> PathBuf {
    let Wanted { key, start, .. } = wanted(instance, days);
    let folder = Layout::new(dir).backup(&key, start);
    let mut manifest = manifest();
    (manifest.instance, manifest.base_id) = (key.instance.to_string(), key.base_id.to_string());
    manifest.start = start;
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(&manifest.files[0].name), "abc").unwrap();
    fs::write(folder.join(SUMS), manifest.sums()).unwrap();
    fs::write(folder.join(MANIFEST), serde_json::to_vec(&manifest).unwrap()).unwrap();
    folder
}

fn listed(days: i64) -> Backup {
    Backup::of_json(&json!({"baseId": days.to_string(), "backupStatus": 2}))
}

/// The ledger of a sync in which the service lists for each instance what the archive has of it.
pub(in super::super) fn ledger(dir: &Path) -> Ledger {
    let archive = read::read(dir).unwrap();
    let surveyed = |of: &Archived| Surveyed {
        region: of.region.clone(),
        instance: of.instance.clone(),
        details: None,
        found: Found::Backups(Listing {
            entries: Vec::new(),
            request_id: None,
            warnings: Vec::new(),
        }),
    };
    let survey = Survey {
        instances: archive.instances.iter().map(surveyed).collect(),
        failed_regions: Vec::new(),
        warnings: Vec::new(),
        not_found: Vec::new(),
    };
    let terms = Terms {
        now: NOW,
        max_age: Some(std::time::Duration::from_secs(8 * 86_400)),
        accepts_unverified: false,
    };
    let mut ledger = Ledger::new(survey, archive, terms, "key");
    for instance in &mut ledger.instances {
        let ids = instance.archived.backups.iter().map(|kept| kept.base_id.as_str());
        instance.listed = ids.map(|id| listed(id.parse().unwrap())).collect();
    }
    ledger
}

fn remember(ledger: &mut Ledger, dir: &Path) {
    let world = World::of_this_process();
    let store = Store::open(dir, "a test").unwrap();
    ledger.remember(&store, &Notes::new(&world, 2, 0));
}

fn error(kind: Kind) -> Report {
    Report::new(kind, "x")
}

#[test]
fn each_part_that_cannot_be_read_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let memories = ["redis-1", "redis-2"].map(|id| dir.path().join("cn-north-1").join(id).join(MEMORY));
    for memory in &memories {
        fs::create_dir_all(memory).unwrap();
    }
    let mut ledger = ledger(dir.path());
    remember(&mut ledger, dir.path());
    let mut told: Vec<_> = ledger.unreadable.iter().map(|part| &part.path).collect();
    told.sort();
    assert_eq!(told, memories.iter().collect::<Vec<_>>());
}

#[test]
fn work_folders_stay_while_their_backups_are_still_to_be_fetched() {
    // The first is in the archive, and the service has the third no longer.
    for (knows_all, stay) in [(true, [false, true, false]), (false, [true, true, true])] {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "redis-1", 1);
        let layout = Layout::new(dir.path());
        let works = [1, 2, 3].map(|days| layout.work(&wanted("redis-1", days).key));
        for work in &works {
            fs::create_dir_all(work).unwrap();
        }
        let mut ledger = ledger(dir.path());
        ledger.instances[0].listed = vec![listed(1), listed(2)];
        ledger.instances[0].knows_all = knows_all;
        remember(&mut ledger, dir.path());
        assert_eq!(works.map(|work| work.exists()), stay);
    }
}

#[test]
fn what_was_pruned_long_ago_is_forgotten_once_the_service_has_it_no_longer() {
    for (knows_all, lists, stays) in [
        (true, true, true),
        (true, false, false),
        (false, true, true),
        (false, false, true),
    ] {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "redis-1", 1);
        let mut ledger = ledger(dir.path());
        let instance = &mut ledger.instances[0];
        instance.memory.pruned = vec![Pruned {
            base_id: "40".to_owned(),
            start: Some(NOW - Duration::days(40)),
            at: NOW,
            bytes: None,
            keys: None,
        }];
        instance.knows_all = knows_all;
        instance.listed.extend(lists.then(|| listed(40)));
        remember(&mut ledger, dir.path());
        let is_known = !ledger.instances[0].memory.pruned.is_empty();
        assert_eq!(is_known, stays, "{knows_all} {lists}");
    }
}

/// Whether `instance.json` is there after a sync of one instance.
fn is_remembered(change: impl FnOnce(&mut Ledger, &Path)) -> bool {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "redis-1", 1);
    let mut ledger = ledger(dir.path());
    change(&mut ledger, dir.path());
    remember(&mut ledger, dir.path());
    dir.path().join("cn-north-1/redis-1").join(MEMORY).exists()
}

#[test]
fn an_instance_is_remembered_once_it_was_seen_unless_the_run_learnt_nothing() {
    let fail = |ledger: &mut Ledger| {
        ledger.instances[0].was_asked = false;
        ledger.instances[0].failure = Some(error(Kind::Network));
    };
    let see = |ledger: &mut Ledger| {
        let details = CacheInstance::of_json(&json!({"cacheInstanceId": "redis-1"}));
        ledger.instances[0].details = Some(details);
    };
    let lose = |dir: &Path| fs::remove_dir_all(dir.join("cn-north-1")).unwrap();
    assert!(is_remembered(|_, _| {}));
    assert!(!is_remembered(|ledger, _| fail(ledger)), "the run failed as a whole");
    assert!(is_remembered(|ledger, _| {
        fail(ledger);
        see(ledger);
    }));
    assert!(!is_remembered(|_, dir| lose(dir)), "nobody has seen it");
    assert!(is_remembered(|ledger, dir| {
        lose(dir);
        see(ledger);
    }));
    assert!(is_remembered(|ledger, dir| {
        lose(dir);
        let memory = ledger.instances[0].memory.clone();
        ledger.instances[0].archived.memory = Some(memory);
    }));
    // What is there may know more.
    assert!(!is_remembered(|ledger, dir| {
        see(ledger);
        ledger.unreadable.push(Unreadable {
            path: dir.join("cn-north-1/redis-1/20260309T120000Z-1"),
            reason: "too many open files".to_owned(),
        });
    }));
}

#[test]
fn an_instance_is_warned_of_whose_backups_have_a_status_that_is_not_documented() {
    for (status, was_warned_of) in [(2, false), (5, true)] {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "redis-1", 1);
        let mut ledger = ledger(dir.path());
        ledger.instances[0].listed = vec![Backup::of_json(&json!({"baseId": "1", "backupStatus": status}))];
        let world = World::of_this_process();
        ledger.compare(None, None, &Notes::new(&world, 2, 0));
        assert_eq!(ledger.instances[0].was_warned_of, was_warned_of, "{status}");
    }
}

#[test]
fn a_run_that_could_do_nothing_has_the_exit_code_of_its_failures_if_they_are_of_one_kind() {
    let of = |kinds: &[Kind]| {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = ledger(dir.path());
        let failed = kinds.iter().map(|kind| ("cn-north-1".parse().unwrap(), error(*kind)));
        ledger.failed_regions = failed.collect();
        ledger.only_failure().map(|report| report.kind)
    };
    assert_eq!(of(&[Kind::Network, Kind::Network]), Some(Kind::Network));
    assert_eq!(of(&[Kind::Network, Kind::Credentials]), None);
    assert_eq!(of(&[Kind::Other, Kind::Other]), None);
    assert_eq!(of(&[]), None);
}
