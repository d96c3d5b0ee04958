//! The restores that clients have asked for, and what is shown of them.

use std::collections::{HashMap, VecDeque};

use time::OffsetDateTime;

/// The fate of a restore that a client asks for. It counts the times that the instance was asked for by
/// itself since then, so that no test waits for real time. Whatever the fate, `listTasks` shows a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreOutcome {
    /// The instance is shown running so many times, then restoring, and then running again.
    Success {
        /// How many times it is still shown running.
        before: usize,
        /// How many times it is shown restoring.
        polls: usize,
    },
    /// The instance is shown restoring so many times, and with this status from then on.
    Status {
        /// How many times it is shown restoring.
        polls: usize,
        /// Such as `error`.
        status: &'static str,
    },
    /// The instance is shown running, whatever is done to it.
    Unseen,
    /// The instance is restoring whenever it is shown.
    Never,
    /// The instance is restoring whenever it is shown, and the task has this status.
    Task(&'static str),
}

impl Default for RestoreOutcome {
    fn default() -> Self {
        Self::Success { before: 0, polls: 2 }
    }
}

/// A restore that a client has asked for.
#[derive(Debug, Clone)]
pub(crate) struct Restore {
    pub(crate) base_id: String,
    pub(crate) started: OffsetDateTime,
    outcome: RestoreOutcome,
    polls: usize,
}

impl Restore {
    /// The instance's status, where it is another one than without the restore.
    fn status(&self) -> Option<&'static str> {
        let is_in = |from: usize, count: usize| (from..from.saturating_add(count)).contains(&self.polls);
        match self.outcome {
            RestoreOutcome::Success { before, polls } => is_in(before, polls).then_some("restoring"),
            RestoreOutcome::Status { polls, status } => Some(if is_in(0, polls) { "restoring" } else { status }),
            RestoreOutcome::Unseen => None,
            RestoreOutcome::Never | RestoreOutcome::Task(_) => Some("restoring"),
        }
    }

    /// The task's status.
    pub(crate) fn task(&self) -> &'static str {
        match (self.outcome, self.status()) {
            (RestoreOutcome::Task(status), _) => status,
            (_, Some("restoring")) => "running",
            (RestoreOutcome::Status { .. }, _) => "fail",
            (RestoreOutcome::Success { before, .. }, _) if self.polls < before => "init",
            _ => "success",
        }
    }
}

/// All restores, by region and instance.
#[derive(Debug, Default)]
pub(crate) struct Restores {
    outcomes: VecDeque<RestoreOutcome>,
    begun: HashMap<(String, String), Vec<Restore>>,
}

impl Restores {
    /// Sets what becomes of the next restore that nothing is set for yet.
    pub(crate) fn expect(&mut self, outcome: RestoreOutcome) {
        self.outcomes.push_back(outcome);
    }

    pub(crate) fn begin(&mut self, region: &str, instance: &str, base_id: &str, now: OffsetDateTime) {
        let outcome = self.outcomes.pop_front().unwrap_or_default();
        self.of(region, instance).push(Restore {
            base_id: base_id.to_owned(),
            started: now,
            outcome,
            polls: 0,
        });
    }

    /// The status that an instance's last restore gives it, if it gives it one.
    pub(crate) fn status(&self, region: &str, instance: &str) -> Option<&'static str> {
        let restores = self.begun.get(&(region.to_owned(), instance.to_owned()))?;
        restores.last()?.status()
    }

    /// Notes that the instance was asked for by itself.
    pub(crate) fn note_shown(&mut self, region: &str, instance: &str) {
        if let Some(last) = self.of(region, instance).last_mut() {
            last.polls += 1;
        }
    }

    /// Each restore with its region and its instance, in no particular order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str, &Restore)> {
        let all = self.begun.iter();
        all.flat_map(|((region, instance), restores)| {
            let with_place = |restore| (region.as_str(), instance.as_str(), restore);
            restores.iter().map(with_place)
        })
    }

    fn of(&mut self, region: &str, instance: &str) -> &mut Vec<Restore> {
        self.begun.entry((region.to_owned(), instance.to_owned())).or_default()
    }
}
