//! Which backup a command is about: the one with an ID, or the newest one.

use anyhow::Context as _;
use time::OffsetDateTime;

use crate::api::model::Backup;
use crate::api::{Client, Entry};
use crate::archive::state;
use crate::backups::{self, Latest};
use crate::cli::shared::WhichBackup;
use crate::error::{Kind, Report};
use crate::retry::deadline::Deadline;
use crate::terminal::escape::visible;
use crate::terminal::human;
use crate::terminal::notes::{Detail, Notes};
use crate::values::age::MaxAge;
use crate::values::id::{BaseId, InstanceId};
use crate::values::when::rfc3339;

/// The choice that the command line makes.
pub(super) enum Which<'a> {
    Named(&'a BaseId),
    Latest,
}

/// The backup that a command is about.
pub(super) struct Chosen {
    pub(super) base_id: BaseId,
    /// The service's entry of it, where it had to be looked for.
    pub(super) entry: Option<Entry<Backup>>,
}

impl Chosen {
    /// The error of a newest backup that is older than `--max-age`; `None` where it is young enough, or where the
    /// command line names it. A start that is unknown, or more than a day in the future, counts as too old.
    pub(super) fn staleness(&self, max_age: Option<MaxAge>, now: OffsetDateTime) -> Option<Report> {
        let Some(MaxAge(Some(limit))) = max_age else {
            return None;
        };
        let backup = &self.entry.as_ref()?.view;
        let age = backup.started().and_then(|start| state::age(start, now));
        let how_old = match age {
            Some(age) if age <= limit.duration() => return None,
            Some(age) => format!("began {} ago", human::duration(age.as_secs())),
            None => "is of unknown age".to_owned(),
        };
        let message = format!(
            "the newest backup, {}, {how_old}; --max-age allows {limit}",
            self.base_id
        );
        let hint = "'jdredis backup list' shows whether later ones failed; 'jdredis backup create' makes a new one";
        Some(Report::with_hint(Kind::Stale, message, hint))
    }
}

impl<'a> Which<'a> {
    /// The choice of these arguments.
    ///
    /// # Errors
    /// If neither or both of `--base-id` and `--latest` are given.
    pub(super) fn of(args: &'a WhichBackup) -> anyhow::Result<Self> {
        let message = match (&args.base_id, args.latest) {
            (Some(base_id), false) => return Ok(Self::Named(base_id)),
            (None, true) => return Ok(Self::Latest),
            (None, false) => "neither --base-id nor --latest was given",
            (Some(_), true) => "both --base-id and --latest were given",
        };
        Err(Report::with_hint(
            Kind::Usage,
            message,
            "give one of the two: --base-id ID, where 'jdredis backup list' shows the IDs, or --latest",
        )
        .into())
    }

    /// Looks for the newest backup, if that is the one meant, and notes which it is. `place` is the instance and its
    /// region in words.
    pub(super) fn find(
        &self,
        client: &Client<'_>,
        instance: &InstanceId,
        place: &str,
        deadline: Deadline,
        notes: &Notes<'_>,
    ) -> anyhow::Result<Chosen> {
        if let Self::Named(base_id) = *self {
            return Ok(Chosen {
                base_id: base_id.clone(),
                entry: None,
            });
        }
        let Latest {
            entry,
            passed_over,
            undated,
            warnings,
        } = backups::latest(client, instance, deadline)
            .with_context(|| format!("cannot find the latest backup of {place}"))?;
        for warning in warnings {
            notes.warn(warning);
        }
        for (base_id, status) in passed_over {
            notes.note(format_args!(
                "the newer backup {base_id} is passed over: it has {status}"
            ));
        }
        for base_id in undated {
            notes.trace(Detail::Requests, || {
                format!("backup {base_id} succeeded and has no start; it is taken to be older than the others")
            });
        }
        let base_id = entry.view.base_id.clone();
        let name = entry.view.name.as_deref().filter(|name| !name.is_empty());
        let name = name.map_or_else(String::new, |name| format!(" ({})", visible(name)));
        let start = entry
            .view
            .started()
            .map_or_else(|| "an unknown time".to_owned(), rfc3339);
        notes.note(format_args!("the newest backup is {base_id}{name}, started at {start}"));
        Ok(Chosen {
            base_id,
            entry: Some(entry),
        })
    }
}
