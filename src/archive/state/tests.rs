//! How instances are judged, case by case.

use std::path::PathBuf;

use time::macros::datetime;

use super::super::memory::{Memory, Missing, Pruned};
use super::*;

const NOW: OffsetDateTime = datetime!(2026-03-10 12:00 UTC);
const DAY: u64 = 86_400;

fn terms() -> Terms {
    Terms {
        now: NOW,
        max_age: Some(Duration::from_secs(8 * DAY)),
        accepts_unverified: false,
    }
}

fn kept(days_ago: Option<i64>, condition: Condition) -> Kept {
    let start = days_ago.map(|days| NOW - time::Duration::days(days));
    Kept {
        path: PathBuf::from(format!("x/{}", days_ago.unwrap_or(-1))),
        base_id: "b".parse().unwrap(),
        start,
        condition,
        bytes: 1,
        keys: Some(1),
        instance_name: None,
        fetched_at: None,
        check: None,
    }
}

fn instance(backups: Vec<Kept>) -> Archived {
    let mut archived = Archived::empty("cn-north-1".parse().unwrap(), "redis-1".parse().unwrap());
    archived.backups = backups;
    archived
}

fn judged(archived: &Archived, terms: Terms) -> (State, Severity, String) {
    let judgement = archived.judge(terms);
    (
        judgement.state,
        judgement.severity,
        judgement.reason.unwrap_or_default(),
    )
}

fn damaged() -> Condition {
    Condition::Damaged("x is missing".to_owned())
}

#[test]
fn the_newest_good_backup_decides_whether_it_is_fresh() {
    for (days, state, severity) in [
        (0, State::Fresh, Severity::Well),
        (8, State::Fresh, Severity::Well),
        (9, State::Stale, Severity::Stale),
        (-1, State::Fresh, Severity::Well),
        (-2, State::Stale, Severity::Stale),
    ] {
        let found = judged(&instance(vec![kept(Some(days), Condition::Good)]), terms());
        assert_eq!((found.0, found.1), (state, severity), "{days}");
    }
    // An age that is unknown counts as old, unless another backup is young.
    let unknown = kept(None, Condition::Good);
    assert_eq!(judged(&instance(vec![unknown]), terms()).0, State::Stale);
    let both = vec![kept(Some(1), Condition::Good), kept(None, Condition::Good)];
    assert_eq!(judged(&instance(both), terms()).0, State::Fresh);
    let any_age = Terms {
        max_age: None,
        ..terms()
    };
    assert_eq!(
        judged(&instance(vec![kept(Some(900), Condition::Good)]), any_age).1,
        Severity::Well
    );
}

#[test]
fn damage_outweighs_age_and_both_are_told() {
    let archived = instance(vec![
        kept(Some(1), damaged()),
        kept(Some(9), Condition::Good),
        kept(Some(10), damaged()),
    ]);
    let (state, severity, reason) = judged(&archived, terms());
    assert_eq!((state, severity), (State::Damaged, Severity::Bad));
    assert_eq!(reason, "1: x is missing (and 1 more); its newest backup is 9 d 0 h old");
    assert_eq!(archived.judge(terms()).age, Some(Duration::from_secs(9 * DAY)));
    let only_damaged = judged(&instance(vec![kept(Some(1), damaged())]), terms());
    assert_eq!(only_damaged.2, "1: x is missing; it has no good backup");
    assert_eq!(judged(&instance(Vec::new()), terms()).2, "it has no backup");
}

#[test]
fn a_foreign_file_is_bad_unless_it_is_accepted_and_then_a_warning() {
    let archived = instance(vec![kept(Some(1), Condition::NotRdb("x is gzip".to_owned()))]);
    let (state, severity, _) = judged(&archived, terms());
    assert_eq!((state, severity), (State::NotRdb, Severity::Bad));
    let accepting = Terms {
        accepts_unverified: true,
        ..terms()
    };
    let judgement = archived.judge(accepting);
    assert_eq!((judgement.state, judgement.severity), (State::Fresh, Severity::Well));
    assert_eq!(judgement.warning.as_deref(), Some("1: x is gzip"));
}

#[test]
fn an_instance_without_a_backup_is_stale_once_it_is_old_enough_to_have_one() {
    let mut archived = instance(Vec::new());
    assert_eq!(
        judged(&archived, terms()).1,
        Severity::Stale,
        "an unknown age counts as old"
    );
    let mut memory = Memory::new("cn-north-1", "redis-1");
    for (days, severity) in [(1, Severity::Well), (8, Severity::Well), (9, Severity::Stale)] {
        memory.created_at = Some(NOW - time::Duration::days(days));
        archived.memory = Some(memory.clone());
        let found = judged(&archived, terms());
        assert_eq!((found.0, found.1), (State::None, severity), "{days}");
    }
    let any_age = Terms {
        max_age: None,
        ..terms()
    };
    assert_eq!(judged(&archived, any_age).1, Severity::Well);
}

#[test]
fn what_the_last_sync_could_not_get_is_incomplete_until_it_is_there() {
    let mut archived = instance(vec![kept(Some(1), Condition::Good)]);
    let mut memory = Memory::new("cn-north-1", "redis-1");
    let missing = |base_id: &str| Missing {
        base_id: base_id.to_owned(),
        start: None,
        reason: "timed out".to_owned(),
    };
    memory.missing = vec![missing("b")];
    archived.memory = Some(memory.clone());
    assert_eq!(judged(&archived, terms()).0, State::Fresh, "it is there by now");
    memory.missing = vec![missing("c")];
    archived.memory = Some(memory.clone());
    let (state, severity, reason) = judged(&archived, terms());
    assert_eq!((state, severity), (State::Incomplete, Severity::Bad));
    assert_eq!(reason, "backup c: timed out");
    memory.failure = Some("403".to_owned());
    archived.memory = Some(memory.clone());
    assert_eq!(judged(&archived, terms()).0, State::Incomplete);
}

#[test]
fn a_gone_instance_is_never_stale_but_its_damage_counts() {
    let mut memory = Memory::new("cn-north-1", "redis-1");
    memory.state = Presence::Gone;
    let mut archived = instance(vec![kept(Some(900), Condition::Good)]);
    archived.memory = Some(memory.clone());
    let found = judged(&archived, terms());
    assert_eq!((found.0, found.1), (State::Gone, Severity::Well));
    archived.backups.push(kept(Some(901), damaged()));
    assert_eq!(judged(&archived, terms()).0, State::Damaged);
}

/// A good backup of that age with so many bytes and keys.
fn sized(days_ago: i64, bytes: u64, keys: Option<u64>) -> Kept {
    Kept {
        bytes,
        keys,
        base_id: format!("b{days_ago}").parse().unwrap(),
        ..kept(Some(days_ago), Condition::Good)
    }
}

#[test]
fn a_newest_backup_under_half_of_the_median_before_it_is_shrunk_and_no_failure() {
    let before = |bytes, keys| (1..=7).map(move |day| sized(day, bytes, keys));
    for (newest, state) in [
        (sized(0, 100, Some(7)), State::Fresh),
        (sized(0, 50, Some(4)), State::Fresh),
        (sized(0, 49, Some(7)), State::Shrunk),
        (sized(0, 100, Some(3)), State::Shrunk),
        (sized(0, 100, None), State::Fresh),
        (sized(0, 49, None), State::Shrunk),
    ] {
        let archived = instance(std::iter::once(newest).chain(before(100, Some(7))).collect());
        let judgement = archived.judge(terms());
        assert_eq!((judgement.state, judgement.severity), (state, Severity::Well));
        assert_eq!(judgement.warning.is_some(), state == State::Shrunk);
        assert_eq!(judgement.reason, judgement.warning);
    }
    let archived = instance(vec![
        sized(0, 100, Some(2)),
        sized(1, 100, Some(8)),
        sized(2, 100, Some(12)),
    ]);
    assert_eq!(
        archived.judge(terms()).warning.unwrap(),
        "its newest backup has only 2 keys, less than half of 10, the median of the 2 before it"
    );
}

#[test]
fn what_outweighs_shrunk_is_shown_and_the_warning_stays() {
    let sizes = |newest: i64| vec![sized(newest, 1, Some(0)), sized(newest + 1, 100, Some(9))];
    let judgement = instance(sizes(9)).judge(terms());
    assert_eq!((judgement.state, judgement.severity), (State::Stale, Severity::Stale));
    assert!(
        judgement
            .warning
            .unwrap()
            .contains("only 0 keys, less than half of 9, which the one before it has")
    );
    let mut archived = instance(sizes(0));
    archived.backups.push(kept(Some(20), damaged()));
    assert_eq!(archived.judge(terms()).state, State::Damaged);
    // Its backups end with it, so nothing is to be done about the last one.
    let mut gone = instance(sizes(0));
    let mut memory = Memory::new("cn-north-1", "redis-1");
    memory.state = Presence::Gone;
    gone.memory = Some(memory);
    assert_eq!(gone.judge(terms()).warning, None);
}

#[test]
fn only_good_backups_before_it_count_those_that_were_pruned_too() {
    let bad = Kept {
        condition: damaged(),
        ..sized(1, 100, Some(9))
    };
    let undated = Kept {
        start: None,
        ..sized(2, 100, Some(9))
    };
    let mut archived = instance(vec![sized(0, 1, Some(1)), bad, undated]);
    assert_eq!(archived.shrunk(terms()), None);
    let mut memory = Memory::new("cn-north-1", "redis-1");
    let pruned = |days, bytes| Pruned {
        base_id: format!("p{days}"),
        start: Some(NOW - time::Duration::days(days)),
        at: NOW,
        bytes,
        keys: None,
    };
    memory.pruned = vec![pruned(3, None)];
    archived.memory = Some(memory.clone());
    assert_eq!(archived.shrunk(terms()), None, "an older program kept no size");
    memory.pruned.push(pruned(4, Some(100)));
    archived.memory = Some(memory);
    assert!(archived.shrunk(terms()).unwrap().contains("less than half of 100 B"));
    // Eight of the old size, and then more small ones than the median can bear.
    let sizes = |small: i64| -> Vec<Kept> {
        (0..9)
            .map(|day| sized(day, if day < small { 1 } else { 100 }, None))
            .collect()
    };
    assert!(instance(sizes(4)).shrunk(terms()).is_some());
    assert_eq!(instance(sizes(5)).shrunk(terms()), None);
}

#[test]
fn nights_show_holes_failures_and_damage() {
    use super::super::nights::Night;
    let mut archived = instance(vec![
        kept(Some(0), Condition::Good),
        kept(Some(2), damaged()),
        kept(Some(2), Condition::Good),
        kept(Some(13), Condition::Good),
        kept(Some(14), Condition::Good),
        kept(Some(-2), damaged()),
        kept(None, Condition::Good),
    ]);
    let mut memory = Memory::new("cn-north-1", "redis-1");
    for days in [0, 3] {
        memory.failed.push(Missing {
            base_id: "f".to_owned(),
            start: Some(NOW - time::Duration::days(days)),
            reason: String::new(),
        });
    }
    archived.memory = Some(memory);
    let text: String = archived.nights(terms()).iter().map(|night| night.sign(false)).collect();
    assert_eq!(text, "#.........x!.#");
    assert!(
        [Night::Good, Night::Failed, Night::Damaged, Night::None]
            .iter()
            .all(|night| night.sign(false).is_ascii())
    );
}
