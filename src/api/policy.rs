//! The schedule of an instance's automatic backups: `describeBackupPolicy`, `modifyBackupPolicy`, and the
//! reading of the service's answer.
//!
//! Source: JD Cloud's cache-Redis API reference and the models of its Go SDK. The documented example has no
//! `autoBackup` although its policy is on, so a missing `autoBackup` means neither on nor off. A
//! `backupTime` of `-` is an older form of turning backups off, which the newest SDK has dropped: the
//! program reads it and never sends it.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::answer::Answer;
use super::client::{Call, Client};
use super::error::Error;
use super::moment::Moment;
use crate::retry::deadline::Deadline;
use crate::values::id::InstanceId;
use crate::values::schedule::{Days, Schedule, Window};

/// The older form of "no window".
const NO_WINDOW: &str = "-";

/// The result of `describeBackupPolicy`. Each field is read on its own, whatever the others hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BackupPolicy {
    pub(crate) auto_backup: AutoBackup,
    /// `backupPeriod`, as the service wrote it; empty if there is none, `None` if it is neither a text nor a list of
    /// texts, which is joined by commas.
    pub(crate) period: Option<String>,
    /// `backupTime`, likewise.
    pub(crate) time: Option<String>,
    /// `nextBackupTime`, likewise: `2026-01-31T17:00:00Z~2026-01-31T18:00:00Z`.
    pub(crate) next: Option<String>,
}

/// The field `autoBackup`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AutoBackup {
    Absent,
    Is(bool),
    /// It has a value that is neither true nor false.
    Unreadable,
}

/// Whether automatic backup is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Automatic {
    On,
    Off,
    /// The answer does not tell.
    Unknown,
}

impl Automatic {
    /// The word for it in tables and with `-o plain`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Unknown => "unknown",
        }
    }
}

impl<'de> Deserialize<'de> for BackupPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::<String, Value>::deserialize(deserializer)?;
        let text = |name: &str| match fields.get(name) {
            None | Some(Value::Null) => Some(String::new()),
            Some(Value::String(text)) => Some(text.trim().to_owned()),
            Some(Value::Array(texts)) => {
                let texts: Option<Vec<&str>> = texts.iter().map(Value::as_str).collect();
                texts.map(|texts| texts.join(","))
            }
            Some(_) => None,
        };
        Ok(Self {
            auto_backup: match fields.get("autoBackup") {
                None | Some(Value::Null) => AutoBackup::Absent,
                Some(value) => truth(value).map_or(AutoBackup::Unreadable, AutoBackup::Is),
            },
            period: text("backupPeriod"),
            time: text("backupTime"),
            next: text("nextBackupTime"),
        })
    }
}

/// A truth value in any of the JSON types that services write it in.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(is_true) => Some(*is_true),
        Value::Number(number) => match number.as_f64() {
            Some(0.0) => Some(false),
            Some(1.0) => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

impl BackupPolicy {
    /// Whether automatic backup is on, by `autoBackup`. If that is absent, it is on with days and a window,
    /// and off with neither.
    pub(crate) fn automatic(&self) -> Automatic {
        match (self.auto_backup, self.period.as_deref(), self.time.as_deref()) {
            (AutoBackup::Is(true), _, _) => Automatic::On,
            (AutoBackup::Is(false), _, _) | (AutoBackup::Absent, Some(""), Some("")) => Automatic::Off,
            (AutoBackup::Absent, _, Some(NO_WINDOW)) => Automatic::Off,
            (AutoBackup::Absent, Some(period), Some(time)) if !period.is_empty() && !time.is_empty() => Automatic::On,
            _ => Automatic::Unknown,
        }
    }

    /// The days, if they are there and of the documented form.
    pub(crate) fn days(&self) -> Option<Days> {
        self.period.as_deref()?.parse().ok()
    }

    /// The window, if it is there and of the documented form.
    pub(crate) fn window(&self) -> Option<Window> {
        self.time.as_deref()?.parse().ok()
    }

    /// Days and window, if both can be read.
    pub(crate) fn schedule(&self) -> Option<Schedule> {
        let (days, window) = (self.days()?, self.window()?);
        Some(Schedule { days, window })
    }

    /// The period and the time as the service wrote them, if it has both. The service is assumed to accept its own
    /// texts in a change.
    pub(crate) fn written(&self) -> Option<(&str, &str)> {
        let is_given = |text: &&str| !text.is_empty() && *text != NO_WINDOW;
        let period = self.period.as_deref().filter(is_given)?;
        let time = self.time.as_deref().filter(is_given)?;
        Some((period, time))
    }

    /// Start and end of the next window, if the service announces one in the documented form.
    pub(crate) fn next_window(&self) -> Option<(OffsetDateTime, OffsetDateTime)> {
        let (start, end) = self.next.as_deref()?.split_once('~')?;
        let moment = |text: &str| Moment::read(text).at;
        Some((moment(start)?, moment(end)?))
    }
}

/// The body of `modifyBackupPolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PolicyChange {
    /// The window, in the service's form. Required.
    pub(crate) backup_time: String,
    /// The days, in the service's form. Required, also to turn automatic backup off.
    pub(crate) backup_period: String,
    /// Whether automatic backup is to be on. Left out if the service's answer has none and the change turns backups
    /// neither on nor off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auto_backup: Option<bool>,
}

impl Client<'_> {
    /// `describeBackupPolicy`: the schedule of an instance's automatic backups, with the whole answer.
    pub(crate) fn describe_backup_policy(
        &self,
        instance: &InstanceId,
        deadline: Deadline,
    ) -> Result<(Answer, BackupPolicy), Error> {
        let path = ["cacheInstance", instance.as_str(), "backupPolicy"];
        let answer = self.send(&Call::get(&path, Vec::new()), deadline)?;
        let policy = answer.result()?;
        Ok((answer, policy))
    }

    /// `modifyBackupPolicy`: replaces days and window. The answer has only a request ID.
    pub(crate) fn modify_backup_policy(
        &self,
        instance: &InstanceId,
        change: &PolicyChange,
        deadline: Deadline,
    ) -> Result<Answer, Error> {
        let path = ["cacheInstance", instance.as_str(), "backupPolicy"];
        self.send(&Call::patch(&path, change), deadline)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn policy(fields: Value) -> BackupPolicy {
        serde_json::from_value(fields).unwrap()
    }

    #[test]
    fn on_and_off_are_told_from_every_documented_answer() {
        let window =
            |auto: Value| json!({"autoBackup": auto, "backupPeriod": "Monday", "backupTime": "17:00-18:00 +0000"});
        for (fields, automatic) in [
            (window(Value::Null), Automatic::On),
            (window(json!(true)), Automatic::On),
            (window(json!("True")), Automatic::On),
            (window(json!(1.0)), Automatic::On),
            (window(json!(false)), Automatic::Off),
            (window(json!(0)), Automatic::Off),
            (window(json!("maybe")), Automatic::Unknown),
            (window(json!([true])), Automatic::Unknown),
            (
                json!({"backupPeriod": "Monday", "backupTime": "17:00-18:00 +0000"}),
                Automatic::On,
            ),
            (json!({"backupPeriod": ["Monday"], "backupTime": "x"}), Automatic::On),
            (json!({"autoBackup": true}), Automatic::On),
            (
                json!({"backupPeriod": "", "backupTime": "", "nextBackupTime": ""}),
                Automatic::Off,
            ),
            (json!({"backupPeriod": null, "backupTime": null}), Automatic::Off),
            (json!({}), Automatic::Off),
            (json!({"backupPeriod": "Monday", "backupTime": "-"}), Automatic::Off),
            (json!({"backupPeriod": "Monday", "backupTime": ""}), Automatic::Unknown),
            (
                json!({"backupPeriod": 7, "backupTime": "17:00-18:00 +0000"}),
                Automatic::Unknown,
            ),
        ] {
            assert_eq!(policy(fields.clone()).automatic(), automatic, "{fields}");
        }
    }

    #[test]
    fn a_field_that_cannot_be_read_leaves_the_others() {
        let odd =
            policy(json!({"backupPeriod": "Montag", "backupTime": "17:00-18:00 +0000", "nextBackupTime": "soon"}));
        assert_eq!((odd.schedule(), odd.days(), odd.next_window()), (None, None, None));
        assert_eq!(
            odd.window().map(|window| window.to_string()).as_deref(),
            Some("17:00-18:00 +0000")
        );
        assert_eq!(odd.written(), Some(("Montag", "17:00-18:00 +0000")));
        let next = policy(json!({"nextBackupTime": "2021-07-18T17:00:00Z~2021-07-19T02:00:00+08:00"}));
        let times = (datetime!(2021-07-18 17:00 UTC), datetime!(2021-07-18 18:00 UTC));
        assert_eq!(next.next_window(), Some(times));
        assert_eq!(next.written(), None);
    }
}
