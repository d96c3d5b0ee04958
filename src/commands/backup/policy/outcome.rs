//! Compares a policy that is read after a change with the one that was asked for: did the change take?

use crate::api::{Automatic, BackupPolicy};
use crate::values::schedule::Schedule;
use crate::values::when::rfc3339;

/// The policy that a change asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) automatic: Automatic,
    /// `None` where only on or off is asked for.
    pub(super) schedule: Option<Schedule>,
}

/// Whether a change took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It did; a note says what is remarkable about it.
    Took(Option<String>),
    /// The policy is another one. It may still become the one that was asked for.
    IsAnother,
    /// The policy can be read in two ways, and nothing tells which is right; or not at all.
    Unclear(String),
    /// The words are right, and the next backup that the service announces is at another time.
    Contradicted(String),
}

impl Wanted {
    /// Compares the policy after the change with the one that was asked for. Windows are compared as moments
    /// of the week. The backup that the service announces next is the witness: it tells in which zone the
    /// service counts the weekdays, which is not documented.
    pub(super) fn compare(self, before: &BackupPolicy, after: &BackupPolicy) -> Outcome {
        if after.automatic() != self.automatic {
            return Outcome::IsAnother;
        }
        let Some(wanted) = self.schedule else {
            return Outcome::Took(None);
        };
        let Some(got) = after.schedule() else {
            return Outcome::Unclear("its days or its window are not of the documented form".to_owned());
        };
        let witness = after.next_window().map(|(start, _)| start);
        let announced = witness.map(rfc3339).unwrap_or_default();
        let is_of_former = |moment| before.schedule().is_some_and(|former| former.contains(moment));
        match (wanted.is_same_as(got), wanted.has_same_words_as(got), witness) {
            (true, _, None) => Outcome::Took(None),
            (true, _, Some(next)) if wanted.contains(next) => Outcome::Took(None),
            (true, _, Some(next)) if is_of_former(next) => Outcome::Took(Some(format!(
                "the service still announces the next backup for {announced}, as before the change"
            ))),
            (false, true, Some(next)) if wanted.contains(next) => Outcome::Took(Some(format!(
                "the service writes the window in another offset and counts the weekdays as before: it announces the \
                 next backup for {announced}, as was asked"
            ))),
            (true, _, Some(_)) | (false, true, Some(_)) => Outcome::Contradicted(format!(
                "the service announces the next backup for {announced}, which is not within the window asked for"
            )),
            (false, true, None) => Outcome::Unclear(
                "it is not documented in which offset its weekdays count, and it announces no next backup".to_owned(),
            ),
            (false, false, _) => Outcome::IsAnother,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(days: &str, window: &str, next: &str) -> BackupPolicy {
        serde_json::from_value(json!({"backupPeriod": days, "backupTime": window, "nextBackupTime": next})).unwrap()
    }

    /// The window asked for is Monday 01:00 in China, which is Sunday 17:00 in UTC: 18 July 2021 was a Sunday.
    #[test]
    fn the_announced_backup_decides_where_the_words_leave_two_readings() {
        const SUNDAY: &str = "2021-07-18T17:00:00Z~2021-07-18T18:00:00Z";
        const MONDAY: &str = "2021-07-19T17:00:00Z~2021-07-19T18:00:00Z";
        const TUESDAY: &str = "2021-07-20T10:00:00Z~2021-07-20T11:00:00Z";
        let before = policy("Tuesday", "10:00-11:00 +0000", TUESDAY);
        let wanted = Wanted {
            automatic: Automatic::On,
            schedule: policy("Monday", "01:00-02:00 +0800", "").schedule(),
        };
        for (days, window, next, expected) in [
            ("Monday", "01:00-02:00 +0800", "", "took"),
            ("Monday", "01:00-02:00 +0800", SUNDAY, "took"),
            ("Sunday", "17:00-18:00 +0000", "", "took"),
            ("Sunday", "17:00-18:00 +0000", SUNDAY, "took"),
            ("Sunday", "17:00-18:00 +0000", TUESDAY, "noted"),
            ("Sunday", "17:00-18:00 +0000", MONDAY, "contradicted"),
            ("Monday", "17:00-18:00 +0000", SUNDAY, "noted"),
            ("Monday", "17:00-18:00 +0000", MONDAY, "contradicted"),
            ("Monday", "17:00-18:00 +0000", "", "unclear"),
            ("Monday", "17:00-18:00 +0000", "soon", "unclear"),
            ("Tuesday", "10:00-11:00 +0000", TUESDAY, "another"),
            ("Monday", "01:00-03:00 +0800", "", "another"),
            ("Montag", "01:00-02:00 +0800", "", "unclear"),
            ("", "", "", "another"),
        ] {
            let word = match wanted.compare(&before, &policy(days, window, next)) {
                Outcome::Took(None) => "took",
                Outcome::Took(Some(_)) => "noted",
                Outcome::IsAnother => "another",
                Outcome::Unclear(_) => "unclear",
                Outcome::Contradicted(_) => "contradicted",
            };
            assert_eq!(word, expected, "{days} {window} {next}");
        }
    }
}
