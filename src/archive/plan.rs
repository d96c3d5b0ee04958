//! What a sync has to do: which backups are new, in what order they come, and which of them fit. Pure.

use std::cmp::Reverse;

use time::OffsetDateTime;

use super::layout::BackupKey;
use super::memory::Missing;
use super::read::{Archived, Condition};
use crate::api::model::Backup;
use crate::terminal::human;
use crate::values::vocabulary::BackupStatus;

/// How long failed backups are remembered, from their start on.
const REMEMBERED: time::Duration = time::Duration::days(30);

/// A backup that the service has and the archive has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) key: BackupKey,
    pub(crate) start: Option<OffsetDateTime>,
    /// Bytes, all shards together, where the service tells.
    pub(crate) size: Option<u64>,
    /// How many files it must have, where the service tells.
    pub(crate) shards: Option<u64>,
    /// Whether it is the newest that the service has of its instance.
    pub(crate) is_newest: bool,
    /// Its place in the list of its instance's backups.
    pub(crate) entry: usize,
}

/// The service's list of an instance's backups, compared with the archive.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    /// Those to fetch, newest first.
    pub(crate) wanted: Vec<Wanted>,
    /// Those that failed at the service.
    pub(crate) failed: Vec<Missing>,
    /// How many have a status that is not documented, so that nothing is known of them.
    pub(crate) unknown: usize,
}

/// Compares a list of the service with what the archive has. With `newest`, only that many of the newest
/// successful ones are looked at, and besides them every one whose start cannot be read, which may be newer, and
/// every one that is damaged in the archive, which no restore can use.
pub(crate) fn offer(backups: &[Backup], archived: &Archived, newest: Option<usize>) -> Offer {
    let mut offer = Offer::default();
    let mut successful = Vec::new();
    for (entry, backup) in backups.iter().enumerate() {
        match backup.status() {
            Some(BackupStatus::Success) => successful.push((entry, backup)),
            Some(BackupStatus::Failed) => offer.failed.push(Missing {
                base_id: backup.base_id.to_string(),
                start: backup.started(),
                reason: "it failed at the service".to_owned(),
            }),
            Some(BackupStatus::Running) => {}
            None => offer.unknown += 1,
        }
    }
    // A backup whose start cannot be read counts as the newest, so that it is not left out.
    successful.sort_by_key(|(_, backup)| {
        let start = backup.started();
        (start.is_some(), Reverse(start))
    });
    let newest_known = successful.iter().position(|(_, backup)| backup.started().is_some());
    let is_newest = |place: usize, backup: &Backup| backup.started().is_none() || Some(place) == newest_known;
    let pruned = archived.memory.as_ref().map_or(&[][..], |memory| &memory.pruned);
    let is_there = |backup: &Backup| {
        archived.backups.iter().any(|kept| kept.base_id == backup.base_id)
            || pruned.iter().any(|pruned| pruned.base_id == backup.base_id.as_str())
    };
    let is_damaged = |backup: &Backup| {
        let mut kept = archived.backups.iter();
        kept.any(|kept| kept.base_id == backup.base_id && matches!(kept.condition, Condition::Damaged(_)))
    };
    let mut left = newest.unwrap_or(usize::MAX);
    let looked_at = successful.iter().enumerate().take_while(|(_, (_, backup))| {
        let is_among_them = backup.started().is_none() || left > 0;
        left -= usize::from(left > 0 && backup.started().is_some() && !is_damaged(backup));
        is_among_them
    });
    offer.wanted = looked_at
        .filter(|(_, (_, backup))| !is_there(backup))
        .map(|(place, (entry, backup))| Wanted {
            key: BackupKey {
                region: archived.region.clone(),
                instance: archived.instance.clone(),
                base_id: backup.base_id.clone(),
            },
            start: backup.started(),
            size: backup.size,
            shards: backup.shards,
            is_newest: is_newest(place, backup),
            entry: *entry,
        })
        .collect();
    offer
}

/// Puts the newest backup of every instance first and then the older ones, the youngest of them first, so
/// that what a full disk or a signal leaves undone is the oldest.
pub(crate) fn order(wanted: &mut [Wanted]) {
    wanted.sort_by(|a, b| {
        let place = |wanted: &Wanted| (!wanted.is_newest, Reverse(wanted.start));
        let name = |wanted: &Wanted| (wanted.key.region.to_string(), wanted.key.instance.to_string());
        place(a).cmp(&place(b)).then_with(|| name(a).cmp(&name(b)))
    });
}

/// Splits the backups into those that fit onto the disk and those that do not, both in their order. `room` is the free
/// space in bytes, and `present` tells how many bytes of a backup are there already. A backup of unknown size counts as
/// one that fits.
pub(crate) fn fit(
    wanted: Vec<Wanted>,
    room: Option<u64>,
    present: impl Fn(&Wanted) -> u64,
) -> (Vec<Wanted>, Vec<Wanted>) {
    let Some(mut room) = room else {
        return (wanted, Vec::new());
    };
    wanted.into_iter().partition(|wanted| {
        let needed = wanted.size.unwrap_or_default().saturating_sub(present(wanted));
        match room.checked_sub(needed) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        }
    })
}

/// Why [`fit`] left out a backup of `size` bytes, in words. `room` is the free space that there was for all of them: a
/// backup that is smaller lacks room only because of those before it.
pub(crate) fn why_unfit(size: u64, room: u64) -> String {
    let beside = if size > room {
        ""
    } else {
        " beside the other new backups"
    };
    format!("its {} do not fit onto the disk{beside}", human::size(size))
}

/// The failures to remember, the newest first: the new ones and those before, of the last 30 days, without those whose
/// backups are in the archive by now.
pub(crate) fn remembered_failures(
    before: &[Missing],
    new: Vec<Missing>,
    archived: &Archived,
    now: OffsetDateTime,
) -> Vec<Missing> {
    let is_young = |missing: &Missing| missing.start.is_some_and(|start| now - start <= REMEMBERED);
    let mut failures: Vec<Missing> = new;
    for missing in before {
        if failures.iter().all(|known| known.base_id != missing.base_id) {
            failures.push(missing.clone());
        }
    }
    failures.retain(|missing| is_young(missing) && !archived.has(&missing.base_id));
    failures.sort_by(|a, b| (b.start, &b.base_id).cmp(&(a.start, &a.base_id)));
    failures
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::super::read::Kept;
    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-10 12:00 UTC);

    /// A backup with this many days of age and this status.
    fn backup(id: &str, days: i64, status: i64) -> Backup {
        let start = crate::values::when::rfc3339(NOW - time::Duration::days(days));
        Backup::of_json(&json!({"baseId": id, "backupStartTime": start, "backupStatus": status, "backupSize": 100}))
    }

    fn without_start(id: &str) -> Backup {
        Backup::of_json(&json!({"baseId": id, "backupStartTime": "soon", "backupStatus": 2}))
    }

    fn archived(instance: &str, ids: &[&str]) -> Archived {
        let mut archived = Archived::empty("cn-north-1".parse().unwrap(), instance.parse().unwrap());
        archived.backups = ids.iter().map(|id| kept(id)).collect();
        archived
    }

    fn with_damaged(id: &str) -> Archived {
        let mut archived = archived("i", &[id]);
        archived.backups[0].condition = Condition::Damaged(String::new());
        archived
    }

    fn kept(id: &str) -> Kept {
        Kept {
            path: id.into(),
            base_id: id.parse().unwrap(),
            start: Some(NOW),
            condition: Condition::Good,
            bytes: 0,
            keys: None,
            instance_name: None,
            fetched_at: None,
            check: None,
        }
    }

    fn ids(wanted: &[Wanted]) -> Vec<&str> {
        wanted.iter().map(|wanted| wanted.key.base_id.as_str()).collect()
    }

    #[test]
    fn what_succeeded_and_is_not_there_is_wanted_newest_first_whatever_the_order_of_the_list() {
        let listed = [
            backup("c", 3, 2),
            backup("a", 1, 2),
            backup("r", 0, 0),
            backup("f", 2, 1),
            backup("b", 2, 2),
        ];
        let offer = offer(&listed, &archived("i", &["b"]), None);
        assert_eq!(ids(&offer.wanted), ["a", "c"]);
        assert_eq!(
            offer.wanted.iter().map(|wanted| wanted.is_newest).collect::<Vec<_>>(),
            [true, false]
        );
        assert_eq!(offer.wanted[0].entry, 1);
        assert_eq!(offer.failed.len(), 1);
        assert_eq!((offer.failed[0].base_id.as_str(), offer.unknown), ("f", 0));
    }

    #[test]
    fn a_damaged_folder_counts_as_there_and_an_undocumented_status_as_unknown() {
        let offer = offer(&[backup("a", 1, 2), backup("x", 0, 5)], &with_damaged("a"), None);
        assert_eq!((offer.wanted.len(), offer.unknown), (0, 1));
    }

    #[test]
    fn only_so_many_of_the_newest_are_looked_at_those_that_are_there_included() {
        let listed = [backup("a", 1, 2), backup("b", 2, 2), backup("c", 3, 2)];
        let wanted = |there: &[&str], newest| {
            let offer = offer(&listed, &archived("i", there), Some(newest));
            ids(&offer.wanted).iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(wanted(&[], 2), ["a", "b"]);
        assert_eq!(wanted(&["a"], 1), [] as [&str; 0]);
        assert_eq!(wanted(&["a"], 2), ["b"]);
        assert_eq!(wanted(&[], 9), ["a", "b", "c"]);
    }

    #[test]
    fn a_damaged_one_takes_no_place_of_the_newest() {
        let listed = [backup("a", 1, 2), backup("b", 2, 2), backup("c", 3, 2)];
        assert_eq!(ids(&offer(&listed, &with_damaged("a"), Some(1)).wanted), ["b"]);
        assert_eq!(ids(&offer(&listed, &with_damaged("b"), Some(1)).wanted), ["a"]);
        assert_eq!(ids(&offer(&listed, &with_damaged("b"), Some(2)).wanted), ["a", "c"]);
    }

    #[test]
    fn a_start_that_cannot_be_read_might_be_the_newest() {
        let listed = [backup("a", 1, 2), without_start("u"), backup("b", 2, 2)];
        let newest = offer(&listed, &archived("i", &[]), Some(1));
        assert_eq!(ids(&newest.wanted), ["u", "a"], "it takes no other's place");
        assert!(newest.wanted.iter().all(|wanted| wanted.is_newest));
    }

    #[test]
    fn the_newest_of_every_instance_comes_before_all_older_ones() {
        let mut wanted = offer(&[backup("a1", 1, 2), backup("a5", 5, 2)], &archived("a", &[]), None).wanted;
        wanted.extend(offer(&[backup("b3", 3, 2), backup("b4", 4, 2)], &archived("b", &[]), None).wanted);
        // Its newest is there, so this is an older one.
        wanted.extend(offer(&[backup("c0", 0, 2), backup("c2", 2, 2)], &archived("c", &["c0"]), None).wanted);
        wanted.reverse();
        order(&mut wanted);
        assert_eq!(ids(&wanted), ["a1", "b3", "c2", "b4", "a5"]);
    }

    #[test]
    fn what_does_not_fit_is_left_and_smaller_ones_after_it_are_tried() {
        let mut wanted = offer(
            &[
                backup("a", 1, 2),
                backup("b", 2, 2),
                backup("c", 3, 2),
                without_start("u"),
            ],
            &archived("i", &[]),
            None,
        )
        .wanted;
        order(&mut wanted);
        wanted
            .iter_mut()
            .find(|wanted| wanted.key.base_id.as_str() == "a")
            .unwrap()
            .size = Some(1000);
        let parts = |room, present: u64| {
            let (fitting, rest) = fit(wanted.clone(), room, |_| present);
            let owned = |wanted: &[Wanted]| ids(wanted).join(" ");
            (owned(&fitting), owned(&rest))
        };
        let split = |fitting: &str, rest: &str| (fitting.to_owned(), rest.to_owned());
        assert_eq!(parts(None, 0), split("a u b c", ""));
        assert_eq!(parts(Some(1200), 0), split("a u b c", ""));
        assert_eq!(parts(Some(1199), 0), split("a u b", "c"));
        assert_eq!(parts(Some(150), 0), split("u b", "a c"));
        assert_eq!(parts(Some(0), 0), split("u", "a b c"), "an unknown size is tried");
        assert_eq!(
            parts(Some(0), 100),
            split("u b c", "a"),
            "what is there already takes no room"
        );
    }

    #[test]
    fn failures_are_remembered_for_a_month_unless_the_backup_came_after_all() {
        let failure = |id: &str, days: i64| Missing {
            base_id: id.to_owned(),
            start: Some(NOW - time::Duration::days(days)),
            reason: "r".to_owned(),
        };
        let before = [
            failure("old", 31),
            failure("before", 4),
            failure("came", 3),
            failure("known", 2),
        ];
        let new = vec![failure("known", 2), failure("new", 1)];
        let found = remembered_failures(&before, new, &archived("i", &["came"]), NOW);
        let ids: Vec<&str> = found.iter().map(|missing| missing.base_id.as_str()).collect();
        assert_eq!(ids, ["new", "known", "before"]);
    }

    #[test]
    fn a_backup_that_only_the_others_leave_no_room_for_is_not_said_to_fill_the_disk() {
        assert_eq!(why_unfit(2048, 1024), "its 2.0 KiB do not fit onto the disk");
        assert_eq!(
            why_unfit(1024, 1024),
            "its 1.0 KiB do not fit onto the disk beside the other new backups"
        );
    }
}
