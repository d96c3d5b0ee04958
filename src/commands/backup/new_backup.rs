//! Makes a backup for `backup create` and `backup restore`: the request, and the wait until it has ended.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context as _;

use super::polling::{FIRST_PAUSE, Polling, longer};
use crate::api::model::Backup;
use crate::api::{self, Answer, Client};
use crate::backups::{self, StatusWord};
use crate::commands::Context;
use crate::error::{Kind, Report};
use crate::terminal::escape::visible;
use crate::values::id::{BackupName, BaseId, InstanceId};
use crate::values::vocabulary::BackupStatus;

const GOES_ON: &str = "it goes on at the service; 'jdredis backup list' shows when it has ended";

/// A backup to be made.
#[derive(Clone)]
pub(super) struct Order<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) client: &'a Client<'a>,
    pub(super) instance: &'a InstanceId,
    /// The instance and its region, in words.
    pub(super) place: &'a str,
    /// Raised by a signal, which must be deferred: the request may start a backup even if nobody waits for
    /// its answer.
    pub(super) stop: Arc<AtomicBool>,
    /// What an interruption means beside the backup: empty, or words that follow the message.
    pub(super) consequence: &'static str,
}

impl<'a> Order<'a> {
    /// Asks for the backup, once. Returns the answer and the base ID.
    pub(super) fn start(&self, name: &BackupName) -> anyhow::Result<(Answer, BaseId)> {
        let Self { client, instance, .. } = *self;
        let subject = format!("a backup of {}", self.place);
        self.context
            .unless_interrupted(
                &self.stop,
                || client.create_backup(instance, name, client.deadline()),
                || {},
                || {
                    let kind = Kind::Interrupted(self.context.interrupt.signal());
                    let consequence = self.consequence;
                    let message = format!("interrupted while {subject} was asked for, before the answer{consequence}");
                    let hint = format!(
                        "it is not certain that nothing was done: look with 'jdredis backup list' for the name {name} \
                         before you start another"
                    );
                    Report::with_hint(kind, message, hint)
                },
            )
            .with_context(|| format!("cannot start {subject}"))
    }

    /// The wait for the end of the backup that was started.
    pub(super) fn wait(self, base_id: &'a BaseId, limit: Duration) -> Wait<'a> {
        Wait {
            polling: Polling::new(self.context, Arc::clone(&self.stop), limit),
            order: self,
            base_id,
            state: BackupStatus::Running.word().to_owned(),
            status: BackupStatus::Running.word(),
        }
    }
}

/// A name that the service accepts and that no other backup has: the time, and a random part for backups of
/// the same second. It begins with `prefix`, of at most 10 letters.
pub(super) fn default_name(prefix: &str, context: &Context<'_>) -> anyhow::Result<BackupName> {
    let mut random = [0; 3];
    (context.world.random)(&mut random).context("the system gave no random bytes for a name")?;
    let time = context.world.clock.now().format(time::macros::format_description!(
        "[year][month][day][hour][minute][second]"
    ))?;
    let name = format!("{prefix}_{time}_{}", hex::encode(random));
    name.parse()
        .context("the name made for the backup is not valid; give one with --name")
}

/// Looking at a backup until it has ended.
pub(super) struct Wait<'a> {
    order: Order<'a>,
    base_id: &'a BaseId,
    polling: Polling<'a>,
    /// The status that the last look found, in words.
    state: String,
    /// The status for a document: one of [`BackupStatus`], or `unknown` for one that is not documented.
    pub(super) status: &'static str,
}

impl Wait<'_> {
    /// Waits until the backup has succeeded. Where a signal comes during a look, the process ends here,
    /// after `at_exit` was called with the status.
    ///
    /// # Errors
    /// If it fails, cannot be looked at, or has not ended in time, or if a signal comes.
    pub(super) fn run(&mut self, at_exit: impl Fn(&'static str)) -> anyhow::Result<()> {
        let outcome = self.poll(&at_exit);
        self.polling.clear();
        outcome
    }

    fn poll(&mut self, at_exit: &impl Fn(&'static str)) -> anyhow::Result<()> {
        let mut pause = FIRST_PAUSE;
        loop {
            let left = self.polling.left();
            if left.is_zero() {
                return Err(self.ended(Kind::Network, "had not ended after", GOES_ON));
            }
            if !self.polling.pause(pause.min(left), &self.line()) {
                return Err(self.interrupted().into());
            }
            pause = longer(pause);
            let found = self
                .order
                .context
                .unless_interrupted(
                    &self.polling.stop,
                    || self.look(),
                    || self.polling.show(&self.line()),
                    || {
                        self.polling.clear();
                        at_exit(self.status);
                        self.interrupted()
                    },
                )
                .with_context(|| format!("cannot look at backup {}, which was started", self.base_id))?;
            // A backup that is not listed yet will be.
            let Some(backup) = found else { continue };
            self.status = backup.status().map_or("unknown", BackupStatus::word);
            match backup.status() {
                Some(BackupStatus::Success) => {
                    self.order.context.notes.remark(format_args!(
                        "backup {} succeeded after {}",
                        self.base_id,
                        self.polling.elapsed_text()
                    ));
                    return Ok(());
                }
                Some(BackupStatus::Failed) => {
                    let hint = "try again; if it fails again, report the base ID to JD Cloud";
                    return Err(self.ended(Kind::Service, "failed after", hint));
                }
                Some(BackupStatus::Running) => BackupStatus::Running.word().clone_into(&mut self.state),
                None => self.warn_of(StatusWord(backup.status)),
            }
        }
    }

    /// The service's entry of the backup. A failure that may pass is waited out: the backup goes on at the
    /// service, whether it can be asked or not.
    fn look(&self) -> Result<Option<Backup>, api::Error> {
        let Order { client, instance, .. } = self.order;
        let deadline = client.deadline_within(self.polling.look_limit());
        match backups::find(client, instance, self.base_id, deadline) {
            Ok(found) => Ok(found.map(|entry| entry.view)),
            Err(error) if error.may_pass() => {
                self.order.context.notes.warn(format_args!(
                    "the backup's status is unknown for now: {}",
                    visible(&error.to_string())
                ));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Warns of a status that says neither that the backup goes on nor that it has ended; once for each.
    fn warn_of(&mut self, status: StatusWord) {
        let state = status.to_string();
        if state != self.state {
            self.order.context.notes.warn(format_args!(
                "backup {} has {state}; it is waited for as if it were running",
                self.base_id
            ));
            self.state = state;
        }
    }

    fn line(&self) -> String {
        format!("backup {}: {}", self.base_id, self.state)
    }

    fn interrupted(&self) -> Report {
        let kind = Kind::Interrupted(self.order.context.interrupt.signal());
        let (backup, time) = (self.base_id, self.polling.elapsed_text());
        let consequence = self.order.consequence;
        let message = format!("interrupted while waiting for backup {backup}, after {time}{consequence}");
        Report::with_hint(kind, message, GOES_ON)
    }

    fn ended(&self, kind: Kind, how: &str, hint: &str) -> anyhow::Error {
        let message = format!("backup {} {how} {}", self.base_id, self.polling.elapsed_text());
        Report::with_hint(kind, message, hint).into()
    }
}
