//! How instances are judged, case by case.

use std::path::PathBuf;

use time::macros::datetime;

use super::super::memory::{Memory, Missing};
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
    for (days, severity) in [(1, Severity::Well), (9, Severity::Stale)] {
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

#[test]
fn nights_show_holes_failures_and_damage() {
    use super::super::nights::Night;
    let mut archived = instance(vec![
        kept(Some(0), Condition::Good),
        kept(Some(2), damaged()),
        kept(Some(2), Condition::Good),
        kept(Some(13), Condition::Good),
        kept(Some(14), Condition::Good),
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
