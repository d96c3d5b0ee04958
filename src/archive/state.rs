//! In what state an instance's backups are, and what that means for a run's end. Pure: it is given what was
//! read and the time.

use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use super::memory::Presence;
use super::read::{Archived, Condition, Kept};
use crate::error::Kind;
use crate::terminal::human;

/// How far ahead of this machine's clock a backup may begin, before one of the two clocks counts as wrong.
const AHEAD: time::Duration = time::Duration::days(1);

/// The state of an instance. The names are those of the column STATE and of the key `state` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Its newest good backup is young enough, and nothing else is wrong.
    Fresh,
    /// Its newest good backup is too old, or its age is unknown.
    Stale,
    /// It has no good backup.
    None,
    /// A backup in the archive is damaged.
    Damaged,
    /// A backup's files are no RDB files.
    NotRdb,
    /// A backup that the service has could not be fetched, or the instance could not be asked.
    Incomplete,
    /// The service has the instance no longer; its backups stay.
    Gone,
}

impl State {
    /// The name in tables and JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::None => "none",
            Self::Damaged => "damaged",
            Self::NotRdb => "not-rdb",
            Self::Incomplete => "incomplete",
            Self::Gone => "gone",
        }
    }
}

/// What an instance does to the exit code of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Nothing.
    Well,
    /// Exit code 8.
    Stale,
    /// Exit code 7: something that should be there is not.
    Bad,
}

impl Severity {
    /// The kind of the error that it ends a run with.
    pub(crate) fn kind(self) -> Option<Kind> {
        match self {
            Self::Well => None,
            Self::Stale => Some(Kind::Stale),
            Self::Bad => Some(Kind::Integrity),
        }
    }
}

/// By what an instance is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) now: OffsetDateTime,
    /// The longest time that the newest good backup may be old; `None` where any age will do.
    pub(crate) max_age: Option<Duration>,
    /// Whether files that are no RDB files count as good.
    pub(crate) accepts_unverified: bool,
}

/// What an instance comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) state: State,
    pub(crate) severity: Severity,
    /// Why it is in that state; `None` where that needs no reason.
    pub(crate) reason: Option<String>,
    /// What a person should see although it does not raise the exit code.
    pub(crate) warning: Option<String>,
    /// How old the newest good backup is, since it began; `None` where there is none, or its start is
    /// unknown.
    pub(crate) age: Option<Duration>,
}

impl Kept {
    /// Whether it can be relied on.
    pub(crate) fn is_good(&self, terms: Terms) -> bool {
        match self.condition {
            Condition::Good => true,
            Condition::NotRdb(_) => terms.accepts_unverified,
            Condition::Damaged(_) => false,
        }
    }
}

impl Archived {
    /// The newest backup that can be relied on. One of an unknown start is taken only where there is no
    /// other.
    pub(crate) fn newest(&self, terms: Terms) -> Option<&Kept> {
        self.backups.iter().find(|backup| backup.is_good(terms))
    }

    /// Judges the instance. What is worst decides the state; all reasons are told.
    pub(crate) fn judge(&self, terms: Terms) -> Judgement {
        let mut found = Vec::new();
        let is_gone = self
            .memory
            .as_ref()
            .is_some_and(|memory| memory.state == Presence::Gone);
        found.extend(self.damage());
        found.extend(self.foreign(terms));
        if !is_gone {
            found.extend(self.missing());
        }
        let newest = self.newest(terms);
        let age = newest.and_then(|backup| age(backup.start?, terms.now));
        found.push(if is_gone {
            (State::Gone, Severity::Well, None)
        } else {
            self.freshness(newest, terms)
        });
        let severity = found
            .iter()
            .map(|(_, severity, _)| *severity)
            .max()
            .unwrap_or(Severity::Well);
        // The first of the worst: they were looked for in the order of their weight.
        let state = found
            .iter()
            .find(|(_, its, _)| *its == severity)
            .map_or(State::None, |(state, ..)| *state);
        let reasons: Vec<String> = found.into_iter().filter_map(|(_, _, reason)| reason).collect();
        Judgement {
            state,
            severity,
            reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
            warning: self.accepted(terms),
            age,
        }
    }

    fn damage(&self) -> Option<Finding> {
        let of = |backup: &Kept| match &backup.condition {
            Condition::Damaged(reason) => Some(format!("{}: {reason}", folder(backup))),
            _ => None,
        };
        first_of(self.backups.iter().filter_map(of)).map(|reason| (State::Damaged, Severity::Bad, Some(reason)))
    }

    fn foreign(&self, terms: Terms) -> Option<Finding> {
        let reason = self.not_rdb().filter(|_| !terms.accepts_unverified)?;
        Some((State::NotRdb, Severity::Bad, Some(reason)))
    }

    /// The warning about files that are no RDB files and count as good all the same.
    fn accepted(&self, terms: Terms) -> Option<String> {
        self.not_rdb().filter(|_| terms.accepts_unverified)
    }

    fn not_rdb(&self) -> Option<String> {
        let of = |backup: &Kept| match &backup.condition {
            Condition::NotRdb(reason) => Some(format!("{}: {reason}", folder(backup))),
            _ => None,
        };
        first_of(self.backups.iter().filter_map(of))
    }

    fn missing(&self) -> Option<Finding> {
        let memory = self.memory.as_ref()?;
        if let Some(reason) = &memory.failure {
            return Some((State::Incomplete, Severity::Bad, Some(reason.clone())));
        }
        // It may have come since by another way, such as a copy of the archive.
        let is_missing = |base_id: &str| self.backups.iter().all(|backup| backup.base_id.as_str() != base_id);
        let missing = memory.missing.iter().filter(|missing| is_missing(&missing.base_id));
        let reason = first_of(missing.map(|missing| format!("backup {}: {}", missing.base_id, missing.reason)))?;
        Some((State::Incomplete, Severity::Bad, Some(reason)))
    }

    fn freshness(&self, newest: Option<&Kept>, terms: Terms) -> Finding {
        let Some(newest) = newest else {
            let created = self.memory.as_ref().and_then(|memory| memory.created_at);
            return without_backup(created, terms);
        };
        let Some(limit) = terms.max_age else {
            return (State::Fresh, Severity::Well, None);
        };
        let reason = match newest.start {
            None => "the age of its newest backup is unknown".to_owned(),
            Some(start) => match age(start, terms.now) {
                None => {
                    "its newest backup begins in the future: this machine's clock or the service's is wrong".to_owned()
                }
                Some(age) if age > limit => format!("its newest backup is {} old", human::duration(age.as_secs())),
                Some(_) => return (State::Fresh, Severity::Well, None),
            },
        };
        (State::Stale, Severity::Stale, Some(reason))
    }
}

/// A state, its weight and its reason.
type Finding = (State, Severity, Option<String>);

/// An instance without a good backup is stale once it is older than a backup may be; one of unknown age
/// counts as old.
fn without_backup(created: Option<OffsetDateTime>, terms: Terms) -> Finding {
    let is_old = terms.max_age.is_some_and(|limit| {
        let age = created.and_then(|created| age(created, terms.now));
        age.is_none_or(|age| age > limit)
    });
    match is_old {
        true => (State::None, Severity::Stale, Some("it has no backup".to_owned())),
        false => (State::None, Severity::Well, None),
    }
}

/// How long ago it was. A little ahead of this machine's clock is now; more is `None`.
pub(crate) fn age(moment: OffsetDateTime, now: OffsetDateTime) -> Option<Duration> {
    let age = now - moment;
    if age.is_negative() {
        return (-age <= AHEAD).then_some(Duration::ZERO);
    }
    age.try_into().ok()
}

/// The first, and how many there are besides.
fn first_of(mut all: impl Iterator<Item = String>) -> Option<String> {
    let first = all.next()?;
    Some(match all.count() {
        0 => first,
        more => format!("{first} (and {more} more)"),
    })
}

fn folder(backup: &Kept) -> String {
    let name = backup.path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
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
}
