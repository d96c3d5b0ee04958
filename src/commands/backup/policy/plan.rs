//! The change that a command line asks of the present policy, and the body that asks the service for it.

use super::outcome::Wanted;
use super::set::Args;
use crate::api::{AutoBackup, Automatic, BackupPolicy, PolicyChange};
use crate::error::{Kind, Report};
use crate::terminal::escape::visible;
use crate::values::schedule::Schedule;

/// The change that the command line asks of a policy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) wanted: Wanted,
    /// `None` where the policy is as asked for already.
    pub(super) change: Option<PolicyChange>,
}

/// Makes a plan of the command line and the present policy.
///
/// # Errors
/// Where the service requires a field that the command line does not give and the policy does not have.
pub(super) fn plan(args: &Args, before: &BackupPolicy) -> Result<Plan, Box<Report>> {
    if args.off {
        return plan_off(before);
    }
    let missing = |field: &str, text: &Option<String>, flag: &str| {
        let problem = match text.as_deref() {
            Some("" | "-") => format!("it has no {field}"),
            Some(text) => format!("its {field}, '{}', cannot be read", visible(text)),
            None => format!("its {field} cannot be read"),
        };
        let message = format!("{problem}, and the service requires one with every change");
        Box::new(Report::with_hint(Kind::Usage, message, format!("give {flag} as well")))
    };
    let days = args.days.or(before.days());
    let window = args.time.or(before.window());
    let schedule = Schedule {
        days: days.ok_or_else(|| missing("days", &before.period, "--days"))?,
        window: window.ok_or_else(|| missing("window", &before.time, "--time"))?,
    };
    let present = before.automatic();
    // Both together are a whole schedule, so it is meant to be followed. One alone changes that alone.
    let is_whole = args.days.is_some() && args.time.is_some();
    let wanted = Wanted {
        automatic: if is_whole || present == Automatic::Unknown {
            Automatic::On
        } else {
            present
        },
        schedule: Some(schedule),
    };
    let auto_backup = match before.auto_backup {
        AutoBackup::Absent if present == Automatic::On => None,
        _ => Some(wanted.automatic == Automatic::On),
    };
    let is_so = wanted.automatic == present && before.schedule().is_some_and(|former| former.is_same_as(schedule));
    Ok(Plan {
        wanted,
        change: (!is_so).then(|| PolicyChange {
            backup_time: schedule.window.to_string(),
            backup_period: schedule.days.to_string(),
            auto_backup,
        }),
    })
}

/// Off is `autoBackup: false` with the present days and window, which the service requires here too.
fn plan_off(before: &BackupPolicy) -> Result<Plan, Box<Report>> {
    let wanted = Wanted {
        automatic: Automatic::Off,
        schedule: None,
    };
    if before.automatic() == Automatic::Off {
        return Ok(Plan { wanted, change: None });
    }
    let (period, time) = before.written().ok_or_else(|| {
        let message = "to turn it off the service requires its days and its window, and it answers none";
        let hint = "turn it off in the console; or give it days and a window first, with --days and --time, and then \
                    turn it off";
        Box::new(Report::with_hint(Kind::Service, message, hint))
    })?;
    Ok(Plan {
        wanted,
        change: Some(PolicyChange {
            backup_time: time.to_owned(),
            backup_period: period.to_owned(),
            auto_backup: Some(false),
        }),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn planned(flags: &[&str], before: Value) -> Result<Option<Value>, String> {
        let line = Line::try_parse_from([&["set", "--instance", "r"], flags].concat()).unwrap();
        let plan = plan(&line.args, &serde_json::from_value(before).unwrap());
        plan.map(|plan| plan.change.map(|change| serde_json::to_value(change).unwrap()))
            .map_err(|report| report.message)
    }

    fn sent(period: &str, time: &str, auto: Option<bool>) -> Result<Option<Value>, String> {
        let mut body = json!({"backupPeriod": period, "backupTime": time});
        if let Some(auto) = auto {
            body["autoBackup"] = auto.into();
        }
        Ok(Some(body))
    }

    #[test]
    fn a_change_changes_only_what_was_asked_for() {
        let documented = json!({"backupPeriod": "Monday", "backupTime": "17:00-18:00 +0000", "nextBackupTime": ""});
        let with = |auto: bool| {
            let mut policy = documented.clone();
            policy["autoBackup"] = auto.into();
            policy
        };
        let (days, time) = (["--days", "Friday"], ["--time", "01:00-02:00 +0800"]);
        let both = [days, time].concat();
        let empty = json!({"backupPeriod": "", "backupTime": ""});
        for (flags, before, expected) in [
            (&days[..], documented.clone(), sent("Friday", "17:00-18:00 +0000", None)),
            (&days, with(true), sent("Friday", "17:00-18:00 +0000", Some(true))),
            (&days, with(false), sent("Friday", "17:00-18:00 +0000", Some(false))),
            (&time, documented.clone(), sent("Monday", "01:00-02:00 +0800", None)),
            (&both, documented.clone(), sent("Friday", "01:00-02:00 +0800", None)),
            (&both, with(false), sent("Friday", "01:00-02:00 +0800", Some(true))),
            (&both, empty.clone(), sent("Friday", "01:00-02:00 +0800", Some(true))),
            (
                &["--off"],
                documented.clone(),
                sent("Monday", "17:00-18:00 +0000", Some(false)),
            ),
            (&["--off"], with(true), sent("Monday", "17:00-18:00 +0000", Some(false))),
            (&["--off"], with(false), Ok(None)),
            (&["--off"], empty.clone(), Ok(None)),
            (&["--days", "monday"], documented.clone(), Ok(None)),
            (
                &["--days", "Tuesday", "--time", "01:00-02:00 +0800"],
                documented.clone(),
                Ok(None),
            ),
        ] {
            assert_eq!(planned(flags, before.clone()), expected, "{flags:?} {before}");
        }
    }

    #[test]
    fn a_field_that_is_required_and_nowhere_given_is_named_instead_of_guessed() {
        let empty = json!({"backupPeriod": "", "backupTime": ""});
        let odd = json!({"autoBackup": true, "backupPeriod": "Montag", "backupTime": 5});
        for (flags, before, said) in [
            (&["--days", "Friday"][..], empty.clone(), "it has no window"),
            (&["--time", "01:00-02:00 +0800"], empty, "it has no days"),
            (&["--days", "Friday"], odd.clone(), "its window cannot be read"),
            (
                &["--time", "01:00-02:00 +0800"],
                odd.clone(),
                "its days, 'Montag', cannot be read",
            ),
            (&["--off"], odd, "requires its days and its window"),
        ] {
            let message = planned(flags, before).unwrap_err();
            assert!(message.contains(said), "{message}");
        }
    }
}
