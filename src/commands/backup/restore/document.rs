//! What `backup restore` prints on standard output.

use serde::Serialize;
use serde_json::Value;

use super::Args;
use super::plan::Plan;
use crate::commands::Context;
use crate::output::{Format, json, plain, table};
use crate::values::id::BaseId;
use crate::values::when::rfc3339;

/// How far a restore has come, as far as can be seen. The words are a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// `--dry-run`: nothing was sent.
    Planned,
    /// Certainly not begun: the instance was left as it is.
    NotRestored,
    /// The service accepted the request, and the instance was not seen restoring.
    Accepted,
    /// The instance was seen restoring.
    Restoring,
    /// The instance was seen restoring and then running.
    Restored,
    /// The instance or its task was seen to have failed.
    Failed,
    /// It is not known whether the restore was begun or done.
    Unclear,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::NotRestored => "not-restored",
            Self::Accepted => "accepted",
            Self::Restoring => "restoring",
            Self::Restored => "restored",
            Self::Failed => "failed",
            Self::Unclear => "unclear",
        }
    }
}

/// The document of `-o json`. Its keys are a contract, and all of them are always there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    region: &'a str,
    instance: &'a str,
    base_id: &'a str,
    started_at: Option<String>,
    dry_run: bool,
    safety_backup: Option<&'a str>,
    state: State,
    /// The instance's status when it was last looked at.
    status: Option<&'a str>,
    /// The service's entry.
    backup: Value,
}

/// What `--dry-run` prints.
pub(super) fn of_plan(plan: &Plan, args: &Args, context: &Context<'_>) -> Vec<u8> {
    match context.format {
        Format::Table => {
            let rows = plan.rows(args, context);
            table::render(&["WHAT", "WOULD BE"], rows.iter().map(|(label, value)| [*label, value]))
        }
        Format::Json => of_json(plan, true, None, State::Planned, plan.instance.status.as_deref()),
        // No backup was made.
        Format::Plain => Vec::new(),
    }
}

/// The document of `-o json`.
pub(super) fn of_json(
    plan: &Plan,
    dry_run: bool,
    safety: Option<&BaseId>,
    state: State,
    status: Option<&str>,
) -> Vec<u8> {
    json::render(&Document {
        region: plan.region.as_str(),
        instance: plan.instance.id.as_str(),
        base_id: plan.base_id.as_str(),
        started_at: plan.start().map(rfc3339),
        dry_run,
        safety_backup: safety.map(BaseId::as_str),
        state,
        status,
        backup: plan.entry.json(),
    })
}

/// What a restore prints at its end for people.
pub(super) fn of_table(plan: &Plan, safety: Option<&BaseId>, state: State) -> Vec<u8> {
    let safety = safety.map(BaseId::as_str).unwrap_or_default();
    table::render(
        &["INSTANCE", "RESTORE", "BACKUP", "SAFETY BACKUP"],
        [[plan.instance.id.as_str(), state.word(), plan.base_id.as_str(), safety]],
    )
}

/// What `-o table` and `-o plain` print as soon as the safety backup is started.
pub(super) fn of_safety_backup(safety: &BaseId, name: &str, format: Format) -> Vec<u8> {
    match format {
        Format::Plain => plain::render([safety.as_str()]),
        Format::Table | Format::Json => table::render(&["SAFETY BACKUP", "NAME"], [[safety.as_str(), name]]),
    }
}
