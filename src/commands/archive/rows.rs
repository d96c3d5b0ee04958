//! What the commands on an archive print alike. `sync` and `status`: an instance in a message, cells, the error at the
//! end, the colours of the nights. `drill`, `prune` and `verify`: the start of a backup's row.

use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;

use crate::archive::nights::Night;
use crate::archive::read::ArchivedBackup;
use crate::archive::state::{Judgement, Severity, State};
use crate::error::Report;
use crate::output::json;
use crate::terminal::human;
use crate::values::age::MaxAge;
use crate::values::local::LocalTime;
use crate::values::when::as_rfc3339;

/// The columns that the tables of backups begin with; see [`BackupRow::cells`].
pub(super) const BACKUP_HEADER: [&str; 4] = ["REGION", "INSTANCE", "BASE ID", "START"];

/// The keys that the JSON rows of `drill`, `prune` and `verify` begin with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BackupRow {
    pub(super) region: String,
    pub(super) instance: String,
    pub(super) base_id: String,
    /// Of the backup's folder, or of one of its files.
    #[serde(serialize_with = "json::path")]
    pub(super) path: PathBuf,
    /// When the backup began, to the second.
    #[serde(serialize_with = "as_rfc3339")]
    pub(super) start: Option<OffsetDateTime>,
    /// Of what `path` names.
    pub(super) bytes: u64,
}

impl BackupRow {
    /// The row of a backup's folder.
    pub(super) fn of(backup: &ArchivedBackup<'_>) -> Self {
        Self::of_file(backup, backup.kept.path.clone(), backup.kept.bytes)
    }

    /// The row of one file of a backup.
    pub(super) fn of_file(backup: &ArchivedBackup<'_>, path: PathBuf, bytes: u64) -> Self {
        Self {
            region: backup.instance.region.to_string(),
            instance: backup.instance.instance.to_string(),
            base_id: backup.kept.base_id.to_string(),
            path,
            start: backup.kept.start,
            bytes,
        }
    }

    /// The cells under [`BACKUP_HEADER`].
    pub(super) fn cells(&self, local: LocalTime) -> [String; 4] {
        [
            self.region.clone(),
            self.instance.clone(),
            self.base_id.clone(),
            self.start.map(|start| local.text(start)).unwrap_or_default(),
        ]
    }

    /// Its line in the plain format: a word, a blank, and the path.
    pub(super) fn plain(&self, word: &str) -> Vec<u8> {
        [word.as_bytes(), b" ", self.path.as_os_str().as_encoded_bytes()].concat()
    }
}

/// An instance's row as it is judged.
pub(super) struct Judged {
    /// `REGION/INSTANCE`, as its folder is.
    pub(super) subject: String,
    pub(super) judgement: Judgement,
    /// Whether another warning was printed that is about it.
    pub(super) was_warned_of: bool,
}

impl Judged {
    /// The line about it in a message: what it is, and why.
    fn line(&self) -> String {
        let state = self.judgement.state.name();
        match &self.judgement.reason {
            Some(reason) => format!("{}: {state}, {reason}", self.subject),
            None => format!("{}: {state}", self.subject),
        }
    }

    /// Whether its row stays with `-q`.
    pub(super) fn is_noteworthy(&self) -> bool {
        self.judgement.severity != Severity::Well || self.judgement.warning.is_some() || self.was_warned_of
    }
}

/// The error that a run with these rows ends with; `None` where all is well. Exit code 7 wins over 8.
pub(super) fn verdict(rows: &[Judged], max_age: MaxAge) -> Option<Report> {
    let worst = rows.iter().map(|row| row.judgement.severity).max()?;
    let kind = worst.kind()?;
    let those = |severity| rows.iter().filter(move |row| row.judgement.severity == severity);
    let all = rows.len();
    let mut message = Vec::new();
    let bad = those(Severity::Bad).count();
    if bad > 0 {
        message.push(format!("{bad} of {all} instances lack something that should be there"));
    }
    let stale = those(Severity::Stale).count();
    if stale > 0 {
        let limit = max_age.0.map_or_else(String::new, |age| format!(" of at most {age}"));
        message.push(format!("{stale} of {all} instances have no good backup{limit}"));
    }
    let lines = those(Severity::Bad)
        .chain(those(Severity::Stale))
        .map(Judged::line)
        .collect();
    Some(Report::with_hint(kind, message.join("; "), hint(rows)).details(lines))
}

/// What to do about the worst.
fn hint(rows: &[Judged]) -> &'static str {
    let has = |state| {
        rows.iter()
            .any(|row| row.judgement.state == state && row.judgement.severity != Severity::Well)
    };
    if has(State::Damaged) {
        "move a damaged backup's folder out of the archive and run 'jdredis archive sync' again: while the service still has \
         the backup, it is fetched anew"
    } else if has(State::Incomplete) {
        "fix the cause named above, then run 'jdredis archive sync' again: it goes on where it stopped"
    } else if has(State::NotRdb) {
        "look at the file: if your backups are no RDB files, --accept-unverified takes them as they are"
    } else {
        "look at 'jdredis backup list' of these instances, and whether their automatic backup is on"
    }
}

/// A cell with an age.
pub(super) fn age(judgement: &Judgement) -> String {
    judgement.age.map(|age| human::age(age.as_secs())).unwrap_or_default()
}

/// A cell with a number that may be unknown.
pub(super) fn number(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// The last nights as signs.
pub(super) fn signs(nights: &[Night], has_unicode: bool) -> String {
    nights.iter().map(|night| night.sign(has_unicode)).collect()
}

/// The signs, each in its colour (ECMA-48, SGR).
pub(super) fn coloured(nights: &[Night], has_unicode: bool) -> String {
    let coloured = |night: &Night| {
        let sign = night.sign(has_unicode);
        match night {
            Night::Good => format!("\x1b[32m{sign}\x1b[0m"),
            Night::Failed => format!("\x1b[33m{sign}\x1b[0m"),
            Night::Damaged => format!("\x1b[31m{sign}\x1b[0m"),
            Night::None | Night::Pruned => sign.to_string(),
        }
    };
    nights.iter().map(coloured).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(state: State, severity: Severity) -> Judged {
        Judged {
            subject: format!("cn-north-1/{}", state.name()),
            judgement: Judgement {
                state,
                severity,
                reason: None,
                warning: None,
                age: None,
            },
            was_warned_of: false,
        }
    }

    #[test]
    fn the_error_counts_what_is_wrong_and_helps_with_the_worst() {
        use Severity::{Bad, Stale, Well};
        let of = |rows: &[(State, Severity)]| {
            let rows: Vec<Judged> = rows.iter().map(|(state, severity)| judged(*state, *severity)).collect();
            let report = verdict(&rows, "8d".parse().unwrap())?;
            Some((report.message, report.hint.unwrap(), report.details.len()))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(State::Fresh, Well), (State::Damaged, Well)]), None);
        let lacks = |count, all| format!("{count} of {all} instances lack something that should be there");
        let stale = |count, all| format!("{count} of {all} instances have no good backup of at most 8d");
        for (rows, message, help, lines) in [
            (
                &[(State::Fresh, Well), (State::Stale, Stale)][..],
                stale(1, 2),
                "automatic backup",
                1,
            ),
            (
                &[(State::Gone, Well), (State::Damaged, Bad)],
                lacks(1, 2),
                "move a damaged backup's folder",
                1,
            ),
            (
                &[(State::Damaged, Well), (State::Incomplete, Bad)],
                lacks(1, 2),
                "goes on where it stopped",
                1,
            ),
            (
                &[(State::Incomplete, Well), (State::NotRdb, Bad)],
                lacks(1, 2),
                "--accept-unverified",
                1,
            ),
            (
                &[(State::Stale, Stale), (State::NotRdb, Bad), (State::Incomplete, Bad)],
                format!("{}; {}", lacks(2, 3), stale(1, 3)),
                "goes on where it stopped",
                3,
            ),
        ] {
            let (found, hint, details) = of(rows).unwrap();
            assert_eq!((found, details), (message, lines));
            assert!(hint.contains(help), "{rows:?}: {hint}");
        }
    }
}
