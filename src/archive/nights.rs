//! The last nights of an instance, one sign each, so that a missing backup is seen at a glance.
//!
//! A night is the 24 hours that end now, or a multiple of 24 hours ago. With the days of a calendar, the last one would
//! be empty each morning, from midnight until the backup of the day.

use serde::Serialize;
use time::OffsetDateTime;

use super::read::{Archived, Condition};
use super::state::{self, Terms};

/// How many nights are shown.
pub(crate) const NIGHTS: usize = 14;
/// In seconds.
const DAY: u64 = 86_400;

/// What a night brought. Of several, the one that comes first here is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Night {
    /// A backup that is damaged now, or no RDB file.
    Damaged,
    /// A good backup.
    Good,
    /// A good backup that a policy has removed since.
    Pruned,
    /// A backup that failed at the service or could not be fetched.
    Failed,
    /// Nothing.
    None,
}

impl Night {
    /// Its sign; one column wide in any terminal, Chinese ones included.
    pub(crate) fn sign(self, has_unicode: bool) -> char {
        match (self, has_unicode) {
            (Self::Good, true) => '✓',
            (Self::Good, false) => '#',
            (Self::Failed, true) => '✗',
            (Self::Failed, false) => 'x',
            (Self::Damaged, _) => '!',
            (Self::Pruned, _) => '-',
            (Self::None, _) => '.',
        }
    }
}

impl Archived {
    /// The last nights, the oldest first.
    pub(crate) fn nights(&self, terms: Terms) -> [Night; NIGHTS] {
        let mut nights = [Night::None; NIGHTS];
        let mut note = |start: Option<OffsetDateTime>, what: Night| {
            if let Some(ago) = start.and_then(|start| nights_ago(start, terms.now)) {
                let night = &mut nights[NIGHTS - 1 - ago];
                *night = what.min(*night);
            }
        };
        for backup in &self.backups {
            let what = match backup.condition {
                _ if backup.is_good(terms) => Night::Good,
                Condition::Good | Condition::NotRdb(_) | Condition::Damaged(_) => Night::Damaged,
            };
            note(backup.start, what);
        }
        if let Some(memory) = &self.memory {
            for failed in memory.failed.iter().chain(&memory.missing) {
                note(failed.start, Night::Failed);
            }
            for pruned in &memory.pruned {
                note(pruned.start, Night::Pruned);
            }
        }
        nights
    }
}

/// Which of the nights a moment lies in, 0 for the last; `None` where it is none of them.
fn nights_ago(moment: OffsetDateTime, now: OffsetDateTime) -> Option<usize> {
    let nights = state::age(moment, now)?.as_secs() / DAY;
    usize::try_from(nights).ok().filter(|ago| *ago < NIGHTS)
}
