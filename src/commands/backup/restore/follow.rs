//! Watches a restore after its request, by the instance's status and by its tasks.
//!
//! The service has no ID for a restore. So it counts as done only if the instance was seen to be `restoring` and then
//! `running`; without the first, it is unclear. The tasks of the instance are asked for as long as the service allows
//! it. They can only tell that the restore has failed, or that it still goes on.

use std::time::Duration;

use time::OffsetDateTime;

use super::document::State;
use super::steps::{NOT_CERTAIN, Restore};
use crate::api::model::CacheInstance;
use crate::api::{self, Task};
use crate::commands::backup::polling::{FIRST_PAUSE, Polling, longer};
use crate::error::{Kind, Report};
use crate::terminal::escape::visible;
use crate::terminal::notes::Detail;
use crate::values::vocabulary::{DELETING, ERROR, INSTANCE_STATUSES, RESTORING, RUNNING};

/// How long `restoring` is waited for while the instance shows `running`. How soon the service shows it is not
/// known.
const APPEARANCE: Duration = Duration::from_secs(20);
/// The waits between the looks after an unclear answer.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// How much earlier than the request a task of the restore may seem to begin, since the service's clock is known to the
/// second only.
const CLOCK_LEEWAY: time::Duration = time::Duration::seconds(2);
/// How long the service may take to answer with the tasks, which are asked for after each look at the status.
const TASKS_LIMIT: Duration = Duration::from_secs(5);
const GOES_ON: &str =
    "the restore goes on at the service; 'jdredis instance list' shows 'restoring' until it has ended";

/// What one look has found.
struct Seen {
    instance: Result<CacheInstance, api::Error>,
    /// `None` where they were not asked for.
    tasks: Option<Result<Vec<Task>, api::Error>>,
}

impl Restore<'_> {
    /// Reports an accepted request. After one without a clear answer, looks at the instance's status and reports that.
    pub(super) fn look_after(&mut self, unanswered: Option<api::Error>) -> anyhow::Result<()> {
        let Some(error) = unanswered else {
            self.context
                .notes
                .note(format_args!("the service has accepted the request; {GOES_ON}"));
            return Ok(());
        };
        let (client, id, clock) = (self.client, &self.args.instance.id, &self.context.world.clock);
        let seen = self.context.unless_interrupted(
            &self.stop,
            || {
                let mut pauses = PAUSES.into_iter();
                loop {
                    let seen = client.describe_cache_instance(id, client.deadline());
                    let is_as_before = matches!(&seen, Ok(seen) if seen.status.as_deref() == Some(RUNNING));
                    match pauses.next() {
                        Some(pause) if is_as_before => clock.sleep(pause),
                        _ => return seen,
                    }
                }
            },
            || {},
            || {
                let _ = self.print_document();
                let kind = Kind::Interrupted(self.context.interrupt.signal());
                let message = format!(
                    "interrupted after the restore of {} was asked for, which got no clear answer",
                    self.plan.place
                );
                self.naming_safety_backup(Report::with_hint(kind, message, NOT_CERTAIN))
            },
        );
        let what = error.to_string();
        let answered = Report::of(&error.into());
        let seen = match seen {
            Ok(seen) => {
                self.record.status.clone_from(&seen.status);
                if seen.status.as_deref() == Some(RESTORING) {
                    self.record.state = Some(State::Restoring);
                    self.context.notes.warn(format_args!(
                        "the request got no clear answer ({}), but the instance is restoring now; {GOES_ON}",
                        visible(&what)
                    ));
                    return Ok(());
                }
                format!("the instance's status was then {}", word(seen.status.as_deref()))
            }
            Err(error) => format!("the instance's status cannot be read either: {error}"),
        };
        let message = format!("whether {} is being restored is not clear: {seen}", self.plan.place);
        // The answer does not tell whether the restore has begun, so its own message and kind are replaced.
        Err(Report {
            kind: Kind::Service,
            message,
            details: Vec::new(),
            ..answered
        }
        .cause(format!("the request got no clear answer: {what}"))
        .hint(NOT_CERTAIN)
        .into())
    }

    /// Waits until the instance was seen restoring and then running.
    pub(super) fn follow(&mut self, unanswered: Option<&api::Error>) -> anyhow::Result<()> {
        let polling = Polling::new(self.context, self.stop.clone(), self.args.wait_timeout);
        if let Some(error) = unanswered {
            self.context.notes.warn(format_args!(
                "the request got no clear answer ({}); it is not sent again, and the instance's status is looked at",
                visible(&error.to_string())
            ));
        }
        let outcome = self.poll(&polling);
        polling.clear();
        let time = polling.elapsed_text();
        match outcome {
            Ok(()) => {
                self.record.state = Some(State::Restored);
                self.context.notes.note(format_args!(
                    "{} was seen restoring and is running again after {time}; whether its data are the backup's is not \
                     checked: look at them",
                    self.plan.place
                ));
                Ok(())
            }
            Err(error) => {
                let report = Report::of(&error);
                let cause = unanswered.map(|error| format!("the request got no clear answer: {error}"));
                Err(Report {
                    cause: report.cause.clone().or(cause),
                    ..report
                }
                .into())
            }
        }
    }

    fn poll(&mut self, polling: &Polling<'_>) -> anyhow::Result<()> {
        let (mut asks_for_tasks, mut pause) = (true, FIRST_PAUSE);
        let mut warned = String::new();
        loop {
            let line = self.line();
            let seen = self.look(polling, asks_for_tasks, &line);
            let tasks = match seen.tasks {
                Some(Ok(tasks)) => self.since_the_request(tasks),
                Some(Err(error)) => {
                    asks_for_tasks = error.may_pass();
                    self.context.notes.trace(Detail::Requests, || {
                        format!("the tasks cannot be read ({error}); the instance's status is looked at")
                    });
                    Vec::new()
                }
                None => Vec::new(),
            };
            // The tasks come first: an instance whose restore was undone may be running again.
            if let Some(task) = tasks.iter().find(|task| task.has_failed()) {
                return Err(self.task_failed(task).into());
            }
            let shows_running = matches!(&seen.instance, Ok(seen) if seen.status.as_deref() == Some(RUNNING));
            match seen.instance {
                Ok(instance) => {
                    self.record.status.clone_from(&instance.status);
                    if self.judge(instance.status.as_deref(), &mut warned, polling)? {
                        return Ok(());
                    }
                }
                Err(error) if error.may_pass() => self.context.notes.warn(format_args!(
                    "the instance's status is unknown for now: {}",
                    visible(&error.to_string())
                )),
                Err(error) => {
                    let report = Report::of(&error.into());
                    let message = format!(
                        "the restore of {} was asked for, and the instance cannot be looked at any more: {}",
                        self.plan.place, report.message
                    );
                    return Err(Report { message, ..report }.hint(NOT_CERTAIN).into());
                }
            }
            let is_under_way = self.record.state == Some(State::Restoring);
            let has_task = tasks.iter().any(Task::goes_on);
            let (left, elapsed) = (polling.left(), polling.elapsed());
            if !is_under_way && (left.is_zero() || is_too_late(elapsed, has_task, shows_running)) {
                return Err(self.unclear(polling).into());
            }
            if left.is_zero() {
                let message = format!(
                    "{} was still restoring when the wait ended, after {}",
                    self.plan.place,
                    polling.elapsed_text()
                );
                return Err(Report::with_hint(Kind::Network, message, GOES_ON).into());
            }
            if !polling.pause(pause.min(left), &self.line()) {
                return Err(self.interrupted(polling).into());
            }
            pause = next_pause(pause, is_under_way, elapsed);
        }
    }

    fn look(&self, polling: &Polling<'_>, asks_for_tasks: bool, line: &str) -> Seen {
        let (client, id) = (self.client, &self.args.instance.id);
        self.context.unless_interrupted(
            &self.stop,
            || Seen {
                instance: client.describe_cache_instance(id, client.deadline_within(polling.look_limit())),
                tasks: asks_for_tasks.then(|| client.list_tasks(id, client.deadline_within(TASKS_LIMIT))),
            },
            || polling.show(line),
            || {
                polling.clear();
                let _ = self.print_document();
                self.naming_safety_backup(self.interrupted(polling))
            },
        )
    }

    /// Judges a status. True once the restore was seen to be over.
    fn judge(&mut self, status: Option<&str>, warned: &mut String, polling: &Polling<'_>) -> anyhow::Result<bool> {
        let is_under_way = self.record.state == Some(State::Restoring);
        match status {
            Some(RESTORING) => self.record.state = Some(State::Restoring),
            Some(RUNNING) => return Ok(is_under_way),
            Some(status @ (ERROR | DELETING)) => {
                self.record.state = Some(State::Failed);
                let message = format!(
                    "the restore of {} has failed, as far as can be seen: the instance's status is {status} after {}",
                    self.plan.place,
                    polling.elapsed_text()
                );
                let hint = "look at the instance in JD Cloud's console, and report it to JD Cloud";
                return Err(Report::with_hint(Kind::Service, message, hint).into());
            }
            other => {
                let word = word(other);
                let is_known = other.is_some_and(|other| INSTANCE_STATUSES.iter().any(|(known, _)| *known == other));
                if !is_known && *warned != word {
                    self.context.notes.warn(format_args!(
                        "the instance's status is {word}, which is not documented; it is waited for"
                    ));
                    *warned = word;
                }
            }
        }
        Ok(false)
    }

    /// The tasks that began after the request. A task without a time counts as one of them.
    fn since_the_request(&self, mut tasks: Vec<Task>) -> Vec<Task> {
        let sent = self.record.sent.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        tasks.retain(|task| task.started.is_none_or(|start| sent - start <= CLOCK_LEEWAY));
        tasks
    }

    fn task_failed(&mut self, task: &Task) -> Report {
        self.record.state = Some(State::Failed);
        let id = task.id.as_ref().map_or_else(String::new, |id| format!(" {id}"));
        let message = format!(
            "the restore of {} has failed, as far as can be seen: the task{id} of the instance, which began after the \
             request, has the status {}",
            self.plan.place, task.status
        );
        let hint = "look at the instance and its data in JD Cloud's console; what it holds now is not known";
        Report::with_hint(Kind::Service, message, hint)
    }

    fn unclear(&mut self, polling: &Polling<'_>) -> Report {
        self.record.state = Some(State::Unclear);
        let message = format!(
            "whether {} was restored is not clear: its status was never seen to be restoring in {}, and was {} when it was last read",
            self.plan.place,
            polling.elapsed_text(),
            word(self.record.status.as_deref())
        );
        let hint = "the restore may have been over between two looks, may not have begun, or may still begin: look at the \
                    instance's data and at JD Cloud's console before you try again";
        Report::with_hint(Kind::Service, message, hint)
    }

    fn interrupted(&self, polling: &Polling<'_>) -> Report {
        let kind = Kind::Interrupted(self.context.interrupt.signal());
        let message = format!(
            "interrupted while waiting for the restore of {}, after {}",
            self.plan.place,
            polling.elapsed_text()
        );
        let is_unclear = self.record.state == Some(State::Unclear);
        Report::with_hint(kind, message, if is_unclear { NOT_CERTAIN } else { GOES_ON })
    }

    /// The status line without the time.
    fn line(&self) -> String {
        let status = self.record.status.as_deref().unwrap_or("of unknown status");
        format!("{}: {}", self.args.instance.id, visible(status))
    }
}

/// Whether a restore that was not seen for so long is given up.
fn is_too_late(elapsed: Duration, has_task: bool, shows_running: bool) -> bool {
    elapsed >= APPEARANCE && !has_task && shows_running
}

/// The wait after this one. A short restore must not be missed, so the looks are frequent until it was seen.
fn next_pause(pause: Duration, is_under_way: bool, elapsed: Duration) -> Duration {
    if is_under_way || elapsed >= APPEARANCE {
        longer(pause)
    } else {
        pause
    }
}

/// A status as a message has it.
fn word(status: Option<&str>) -> String {
    match status {
        Some(status) => format!("'{}'", visible(status)),
        None => "not told".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_secs(1);
    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_restore_is_given_up_only_late_and_where_nothing_tells_of_it() {
        assert!(is_too_late(LONG, false, true));
        assert!(!is_too_late(SHORT, false, true));
        assert!(!is_too_late(LONG, true, true), "a task goes on");
        assert!(
            !is_too_late(LONG, false, false),
            "the instance is busy, or its status is not known"
        );
    }

    #[test]
    fn the_looks_are_frequent_until_a_restore_is_seen_or_is_late() {
        assert_eq!(next_pause(FIRST_PAUSE, false, SHORT), FIRST_PAUSE);
        assert!(next_pause(FIRST_PAUSE, true, SHORT) > FIRST_PAUSE);
        assert!(next_pause(FIRST_PAUSE, false, LONG) > FIRST_PAUSE);
    }
}
