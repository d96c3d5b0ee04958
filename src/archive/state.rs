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
    /// Its newest good backup is much smaller than those before it.
    Shrunk,
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
    pub(crate) const ALL: [Self; 8] = [
        Self::Fresh,
        Self::Shrunk,
        Self::Stale,
        Self::None,
        Self::Damaged,
        Self::NotRdb,
        Self::Incomplete,
        Self::Gone,
    ];

    /// The name in tables and JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Shrunk => "shrunk",
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

/// The terms by which an instance is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) now: OffsetDateTime,
    /// How old the newest good backup may be; `None` where any age will do.
    pub(crate) max_age: Option<Duration>,
    /// Whether files that are no RDB files count as good.
    pub(crate) accepts_unverified: bool,
}

/// The judgement of an instance.
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

    /// Judges the instance. The worst finding decides the state; `reason` has the reasons of all.
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
        let shrunk = self.shrunk(terms).filter(|_| !is_gone);
        // Shrunk comes before the freshness: of two states of one severity, the first is shown.
        found.extend(
            shrunk
                .clone()
                .map(|reason| (State::Shrunk, Severity::Well, Some(reason))),
        );
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
        // The findings are in the order of their weight, so the first of the worst severity decides.
        let state = found
            .iter()
            .find(|(_, its, _)| *its == severity)
            .map_or(State::None, |(state, ..)| *state);
        let reasons: Vec<String> = found.into_iter().filter_map(|(_, _, reason)| reason).collect();
        Judgement {
            state,
            severity,
            reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
            warning: warning(self.accepted(terms), shrunk),
            age,
        }
    }

    fn damage(&self) -> Option<Finding> {
        let of = |backup: &Kept| match &backup.condition {
            Condition::Damaged(reason) => Some(format!("{}: {reason}", backup.folder_name())),
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
            Condition::NotRdb(reason) => Some(format!("{}: {reason}", backup.folder_name())),
            _ => None,
        };
        first_of(self.backups.iter().filter_map(of))
    }

    fn missing(&self) -> Option<Finding> {
        let memory = self.memory.as_ref()?;
        if let Some(reason) = &memory.failure {
            return Some((State::Incomplete, Severity::Bad, Some(reason.clone())));
        }
        // A backup may have come by another way since, such as a copy of the archive.
        let missing = memory.missing.iter().filter(|missing| !self.has(&missing.base_id));
        let reason = first_of(missing.map(|missing| format!("backup {}: {}", missing.base_id, missing.reason)))?;
        Some((State::Incomplete, Severity::Bad, Some(reason)))
    }

    fn freshness(&self, newest: Option<&Kept>, terms: Terms) -> Finding {
        let Some(newest) = newest else {
            let created = self.memory.as_ref().and_then(|memory| memory.created_at);
            let lacks = match self.backups.is_empty() {
                true => "it has no backup",
                false => "it has no good backup",
            };
            return without_backup(lacks, created, terms);
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

/// The warning of a judgement, which joins the two that there may be.
fn warning(accepted: Option<String>, shrunk: Option<String>) -> Option<String> {
    match (accepted, shrunk) {
        (Some(accepted), Some(shrunk)) => Some(format!("{accepted}; {shrunk}")),
        (accepted, shrunk) => accepted.or(shrunk),
    }
}

/// A state, its weight and its reason.
type Finding = (State, Severity, Option<String>);

/// An instance without a good backup is stale once it is older than a backup may be; one of unknown age
/// counts as old.
fn without_backup(lacks: &str, created: Option<OffsetDateTime>, terms: Terms) -> Finding {
    let is_old = terms.max_age.is_some_and(|limit| {
        let age = created.and_then(|created| age(created, terms.now));
        age.is_none_or(|age| age > limit)
    });
    match is_old {
        true => (State::None, Severity::Stale, Some(lacks.to_owned())),
        false => (State::None, Severity::Well, None),
    }
}

/// How long ago it was: zero where it is up to a day ahead of this machine's clock, `None` where it is more.
pub(crate) fn age(moment: OffsetDateTime, now: OffsetDateTime) -> Option<Duration> {
    let age = now - moment;
    if age.is_negative() {
        return (-age <= AHEAD).then_some(Duration::ZERO);
    }
    age.try_into().ok()
}

/// The first, with the number of the others.
fn first_of(mut all: impl Iterator<Item = String>) -> Option<String> {
    let first = all.next()?;
    Some(match all.count() {
        0 => first,
        more => format!("{first} (and {more} more)"),
    })
}

#[cfg(test)]
mod tests;
