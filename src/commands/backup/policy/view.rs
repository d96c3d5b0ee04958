//! A policy as it is printed: the cells of a row, and a documented object in JSON.

use serde::Serialize;
use time::OffsetDateTime;

use crate::api::{Automatic, BackupPolicy};
use crate::values::when::rfc3339;

/// The columns of [`cells`].
pub(super) const HEADER: [&str; 4] = ["AUTO", "DAYS", "WINDOW", "NEXT"];

/// A policy in `-o json`. Its keys are a contract, and all of them are always there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyView {
    /// Whether backups are made by themselves.
    state: Automatic,
    /// English names, Monday first; null where there are none that can be read.
    days: Option<Vec<&'static str>>,
    /// `17:00-18:00 +0000`; null where there is none that can be read.
    window: Option<String>,
    /// The window that comes next; null where the service announces none.
    next: Option<NextWindow>,
}

#[derive(Debug, Serialize)]
struct NextWindow {
    start: String,
    end: String,
}

impl PolicyView {
    pub(super) fn of(policy: &BackupPolicy) -> Self {
        Self {
            state: policy.automatic(),
            days: policy.days().map(|days| days.names().collect()),
            window: policy.window().map(|window| window.to_string()),
            next: policy.next_window().map(|(start, end)| NextWindow {
                start: rfc3339(start),
                end: rfc3339(end),
            }),
        }
    }
}

/// The cells of a policy's row. A text of the service's that is not of the documented form is shown as it
/// came.
pub(super) fn cells(policy: &BackupPolicy) -> [String; 4] {
    let raw = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        policy.automatic().word().to_owned(),
        policy.days().map_or_else(|| raw(&policy.period), |days| days.short()),
        policy
            .window()
            .map_or_else(|| raw(&policy.time), |window| window.to_string()),
        policy
            .next_window()
            .map_or_else(|| raw(&policy.next), |(start, _)| minute(start)),
    ]
}

/// `2026-01-31T17:00Z`: windows begin at a minute.
fn minute(moment: OffsetDateTime) -> String {
    let text = rfc3339(moment);
    text.strip_suffix(":00Z").map(|text| format!("{text}Z")).unwrap_or(text)
}

/// Days and window on one line, for a message: `on, Mon,Thu 17:00-18:00 +0000`.
pub(super) fn in_words(policy: &BackupPolicy) -> String {
    let [state, days, window, _] = cells(policy);
    let more = [days, window].into_iter().filter(|text| !text.is_empty());
    let more = more.collect::<Vec<_>>().join(" ");
    if more.is_empty() {
        state
    } else {
        format!("{state}, {more}")
    }
}
