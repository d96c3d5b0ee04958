//! Backup policies: whether the answer tells on from off as believed, and in which offset the weekdays count. Both are
//! compared with the next backup that the service announces.

use super::check::Findings;
use super::instance::Chosen;
use super::service::{POLICY, Service, note_error};
use crate::api::{Automatic, BackupPolicy};
use crate::values::id::InstanceId;
use crate::values::when::rfc3339;

/// Of how many other instances the policy is read if that of the first does not tell in which offset its days count. A
/// policy for all seven days does not, since its days are the same in every offset.
const OTHERS: usize = 2;

/// Looks at the policy of the chosen instance, and of others until one tells in which offset its days count.
pub(super) fn examine(chosen: &Chosen, others: &[InstanceId], service: &mut Service<'_>, findings: &mut Findings) {
    let mut why_not = None;
    for id in [&chosen.id].into_iter().chain(others.iter().take(OTHERS)) {
        match look_at(id, service, findings) {
            Ok(()) => return,
            Err(why) => {
                why_not.get_or_insert(why);
            }
        }
    }
    findings.skipped("policy", why_not.unwrap_or_default());
}

/// Looks at the policy of one instance.
///
/// # Errors
/// Why it tells nothing of its days, in words.
fn look_at(id: &InstanceId, service: &mut Service<'_>, findings: &mut Findings) -> Result<(), String> {
    let result = match service.ask(POLICY, &["cacheInstance", id.as_str(), "backupPolicy"], &[]) {
        Ok(result) => result,
        Err(error) => {
            note_error("policy", error, findings);
            return Ok(());
        }
    };
    service.forms.look_at_one("policy", &result);
    let has_any = ["backupPeriod", "backupTime", "autoBackup"]
        .iter()
        .any(|field| result.get(field).is_some());
    let Some(policy) = serde_json::from_value(result).ok().filter(|_| has_any) else {
        let means = "'backup policy' takes automatic backup for off, or cannot read it";
        let seen = format!("{id}: the answer has none of the fields that are documented");
        findings.differs("policy", seen, means, "look in the console; please report it");
        return Ok(());
    };
    judge(id, &policy, findings)
}

fn judge(id: &InstanceId, policy: &BackupPolicy, findings: &mut Findings) -> Result<(), String> {
    let state = policy.automatic().word();
    if policy.automatic() != Automatic::Off && policy.schedule().is_none() {
        findings.differs(
            "policy",
            format!("{id}: its days or its window are not of the documented form"),
            "'backup policy set' needs both --days and --time",
            "look in the console; please report it",
        );
        return Ok(());
    }
    let Some((next, _)) = policy.next_window() else {
        return Err(format!(
            "automatic backup is {state}, and no next one tells how days count"
        ));
    };
    let shown = rfc3339(next);
    if policy.automatic() != Automatic::On {
        findings.differs(
            "policy",
            format!("{id}: automatic backup seems {state}, and the next one is at {shown}"),
            "'backup policy list' shows off or unknown for an instance that has automatic backups",
            "look in the console; please report it",
        );
        return Ok(());
    }
    let Some(schedule) = policy.schedule() else {
        return Ok(());
    };
    let other = schedule.with_days_of_china();
    if schedule.is_same_as(other) && schedule.contains(next) {
        return Err(format!("{state}, {schedule}: its days are the same in every zone"));
    }
    if schedule.contains(next) {
        findings.ok("policy", format!("{id}: {state}, {schedule}, as announced"));
    } else if other.contains(next) {
        findings.differs(
            "policy",
            format!(
                "{id}: {schedule}, and the next one is at {shown}: the days count in +0800, not in the window's offset"
            ),
            "'backup policy set' judges by the next backup, and the days that are listed are those in China",
            "give days and window in +0800; please report it",
        );
    } else {
        findings.differs(
            "policy",
            format!("{id}: {schedule}, and the next one is at {shown}, which is within no reading of it"),
            "'backup policy set' cannot tell whether a change took",
            "look at the policy in the console; please report it",
        );
    }
    Ok(())
}
