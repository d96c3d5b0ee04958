//! The steps that change something: the safety backup, and the one request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use time::{Duration, OffsetDateTime};

use super::Args;
use super::document::{self, State};
use super::plan::{Plan, SAFETY, refuse_unless_running};
use crate::api::{self, Client};
use crate::commands::Context;
use crate::commands::backup::new_backup::{self, Order};
use crate::error::{Kind, Report};
use crate::output::Format;
use crate::values::id::BaseId;

/// A restore that was confirmed.
pub(super) struct Restore<'a> {
    pub(super) args: &'a Args,
    pub(super) context: &'a Context<'a>,
    pub(super) client: &'a Client<'a>,
    pub(super) plan: &'a Plan,
    /// Raised by a signal.
    pub(super) stop: Arc<AtomicBool>,
    pub(super) record: Record,
}

/// What is known by now, for the document and the errors.
#[derive(Default)]
pub(super) struct Record {
    /// The backup of what was there, once it is started.
    safety: Option<BaseId>,
    /// `None` before anything was sent.
    pub(super) state: Option<State>,
    /// The instance's status when it was last looked at.
    pub(super) status: Option<String>,
    /// When the request was sent, by the service's clock.
    pub(super) sent: Option<OffsetDateTime>,
}

impl<'a> Restore<'a> {
    pub(super) fn new(
        args: &'a Args,
        context: &'a Context<'a>,
        client: &'a Client<'a>,
        plan: &'a Plan,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            args,
            context,
            client,
            plan,
            stop,
            record: Record {
                status: plan.instance.status.clone(),
                ..Record::default()
            },
        }
    }

    /// Goes through all steps, and prints what has come of them. `was_asked` is true if a person was waited for.
    pub(super) fn run(mut self, was_asked: bool) -> anyhow::Result<()> {
        let outcome = self.steps(was_asked);
        let printed = match (&outcome, self.context.format) {
            (_, Format::Json) => self.print_document(),
            (Ok(()), Format::Table) => {
                let state = self.record.state.unwrap_or(State::Accepted);
                let bytes = document::of_table(self.plan, self.record.safety.as_ref(), state);
                self.context.print(&bytes).map_err(Into::into)
            }
            _ => Ok(()),
        };
        if let (Ok(()), Some(safety)) = (&outcome, &self.record.safety) {
            // Short, so that the ID can be copied from a narrow terminal.
            self.context
                .notes
                .note(format_args!("to go back, restore backup {safety}"));
        }
        // A failure of the restore says more than one to print.
        outcome.map_err(|error| self.with_safety_backup(error)).and(printed)
    }

    fn steps(&mut self, was_asked: bool) -> anyhow::Result<()> {
        if !self.args.no_backup {
            self.make_safety_backup()?;
        }
        // The answer of a person and the safety backup may have taken an hour.
        if was_asked || !self.args.no_backup {
            self.look_before()?;
        }
        let unanswered = self.send()?;
        match self.args.wait {
            true => self.follow(unanswered.as_ref()),
            false => self.look_after(unanswered),
        }
    }

    /// Prints the document of `-o json`, if anything was sent.
    pub(super) fn print_document(&self) -> anyhow::Result<()> {
        let Some(state) = self.record.state.filter(|_| self.context.format == Format::Json) else {
            return Ok(());
        };
        let (safety, status) = (self.record.safety.as_ref(), self.record.status.as_deref());
        let bytes = document::of_json(self.plan, false, safety, state, status);
        Ok(self.context.print(&bytes)?)
    }

    /// Ends the restore if a signal came between two steps.
    fn go_on(&self, before: &str) -> anyhow::Result<()> {
        match self.stop.load(Ordering::Relaxed) {
            false => Ok(()),
            true => Err(Report::new(
                Kind::Interrupted(self.context.interrupt.signal()),
                format!("interrupted before {before}: {} was left as it is", self.plan.place),
            )
            .into()),
        }
    }

    /// Makes a backup of what is there now, and waits for its success.
    ///
    /// # Errors
    /// All have the exit code of a service that failed, except that of a signal.
    fn make_safety_backup(&mut self) -> anyhow::Result<()> {
        self.go_on("the safety backup was asked for")?;
        let order = Order {
            context: self.context,
            client: self.client,
            instance: &self.args.instance.id,
            place: &self.plan.place,
            stop: Arc::clone(&self.stop),
            consequence: ": nothing was restored",
        };
        let name = new_backup::default_name(SAFETY, self.context)?;
        let not_restored = |error: anyhow::Error| {
            let report = Report::of(&error);
            if matches!(report.kind, Kind::Interrupted(_)) {
                return report;
            }
            let message = format!(
                "nothing was restored, since there is no safety backup: {}",
                report.message
            );
            let hints = report.hint.iter().map(String::as_str).chain([WITHOUT]);
            let hint = hints.collect::<Vec<_>>().join("; ");
            Report {
                kind: Kind::Service,
                message,
                ..report
            }
            .hint(hint)
        };
        let (_, base_id) = order.start(&name).map_err(not_restored)?;
        if base_id == self.plan.base_id {
            let message = format!("the service has named backup {base_id}, which is to be restored, as the new one");
            let hint = "look with 'jdredis backup list' whether another one was started, and report this to JD Cloud";
            return Err(not_restored(Report::with_hint(Kind::Service, message, hint).into()).into());
        }
        self.record.safety = Some(base_id.clone());
        self.record.state = Some(State::NotRestored);
        self.say_safety_backup(&base_id, name.as_str())?;
        let mut wait = order.wait(&base_id, self.args.wait_timeout);
        let outcome = wait.run(|_| drop(self.print_document()));
        Ok(outcome.map_err(not_restored)?)
    }

    /// Says the ID of the safety backup before the wait, so that it is not lost however the wait ends.
    fn say_safety_backup(&self, base_id: &BaseId, name: &str) -> anyhow::Result<()> {
        let context = self.context;
        let note = format!("backup {base_id} of what is there now was started, as {name}");
        if context.format == Format::Json {
            // A program reads one document, at the end.
            context.notes.insist(note);
            return Ok(());
        }
        let bytes = document::of_safety_backup(base_id, name, context.format);
        context.print(&bytes).with_context(|| {
            format!("nothing was restored: cannot print the ID of backup {base_id}, which was started")
        })?;
        if (context.world.stdout_may_be_closed)() {
            context.notes.insist(note);
        } else if context.format == Format::Plain || !context.world.stdout.is_terminal() {
            context.notes.note(note);
        }
        Ok(())
    }

    /// Looks at the instance once more.
    fn look_before(&mut self) -> anyhow::Result<()> {
        self.go_on("the restore was asked for")?;
        let (client, id) = (self.client, &self.args.instance.id);
        let seen = self
            .context
            .unless_interrupted(
                &self.stop,
                || client.describe_cache_instance(id, client.deadline()),
                || {},
                || {
                    let _ = self.print_document();
                    let kind = Kind::Interrupted(self.context.interrupt.signal());
                    let place = &self.plan.place;
                    self.naming_safety_backup(Report::new(
                        kind,
                        format!("interrupted before the restore was asked for: {place} was left as it is"),
                    ))
                },
            )
            .with_context(|| format!("nothing was restored: cannot look at {} again", self.plan.place))?;
        self.record.status.clone_from(&seen.status);
        refuse_unless_running(&seen, id, &self.plan.place)?;
        Ok(())
    }

    /// Sends the request, once. Returns the error that leaves it unclear what the service has done, if there is
    /// one.
    fn send(&mut self) -> anyhow::Result<Option<api::Error>> {
        self.go_on("the restore was asked for")?;
        let Self { client, plan, .. } = *self;
        let id = &self.args.instance.id;
        let now = self.context.world.clock.now();
        // Until there is an answer, nobody knows whether the service got the request.
        self.record.state = Some(State::Unclear);
        let sent = self.context.unless_interrupted(
            &self.stop,
            || client.restore_instance(id, &plan.base_id, client.deadline()),
            || {},
            || {
                let _ = self.print_document();
                let kind = Kind::Interrupted(self.context.interrupt.signal());
                let message = format!(
                    "interrupted while the restore of {} was asked for, before the answer",
                    plan.place
                );
                self.naming_safety_backup(Report::with_hint(kind, message, NOT_CERTAIN))
            },
        );
        match sent {
            Ok(answer) => {
                let offset = Duration::seconds(answer.clock_offset().unwrap_or_default());
                self.record.sent = Some(now.checked_sub(offset).unwrap_or(now));
                self.record.state = Some(State::Accepted);
                Ok(None)
            }
            Err(error) if error.may_have_happened || error.is_seen_before() => {
                self.record.sent = Some(now);
                Ok(Some(error))
            }
            Err(error) => {
                // Without a safety backup, nothing at all was done.
                self.record.state = self.record.safety.is_some().then_some(State::NotRestored);
                let message = format!("{} was left as it is: the restore was not begun", plan.place);
                Err(anyhow::Error::new(error).context(message))
            }
        }
    }

    fn with_safety_backup(&self, error: anyhow::Error) -> anyhow::Error {
        match self.record.safety {
            Some(_) => self.naming_safety_backup(Report::of(&error)).into(),
            None => error,
        }
    }

    /// Adds the safety backup to an error, since a person may want to restore it.
    pub(super) fn naming_safety_backup(&self, mut report: Report) -> Report {
        if let Some(safety) = &self.record.safety {
            report.details.push(format!(
                "backup {safety} has what was there before, and is the one that --latest means now"
            ));
        }
        report
    }
}

const WITHOUT: &str = "--no-backup restores without one, and what is there now is lost then";
/// The hint after a request that may have been carried out.
pub(super) const NOT_CERTAIN: &str = "it is not certain that nothing was done: look with 'jdredis instance list' and in JD \
                                      Cloud's console whether the instance is restoring, and at its data, before you try \
                                      again";
