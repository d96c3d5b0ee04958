//! The plan of a restore: the instance, the backup, and the reasons to refuse one of them.

use anyhow::Context as _;
use time::OffsetDateTime;

use super::Args;
use crate::api::model::{Backup, CacheInstance};
use crate::api::{Client, Entry};
use crate::archive::state;
use crate::backups::{self, StatusWord};
use crate::commands::Context;
use crate::commands::backup::which::Chosen;
use crate::error::{Kind, Report};
use crate::terminal::human;
use crate::values::id::{BaseId, InstanceId, Region};
use crate::values::vocabulary::{BackupStatus, INSTANCE_STATUSES, RUNNING};

/// The names of safety backups begin with this.
pub(super) const SAFETY: &str = "safety";

/// The restore that the command line asks for.
pub(super) struct Plan {
    /// The instance and its region, in words.
    pub(super) place: String,
    pub(super) region: Region,
    pub(super) instance: CacheInstance,
    pub(super) base_id: BaseId,
    pub(super) entry: Entry<Backup>,
}

/// Refuses an instance that does not run, or that is not the one asked for.
pub(super) fn refuse_unless_running(instance: &CacheInstance, asked: &InstanceId, place: &str) -> anyhow::Result<()> {
    let refused = |why: String, hint: &str| Err(refusal(place, &why, hint).into());
    if instance.id != *asked {
        let why = format!("the service answered about instance {} instead", instance.id);
        return refused(why, "check the ID; if it is right, report this to JD Cloud");
    }
    match instance.status.as_deref() {
        Some(RUNNING) => Ok(()),
        Some(status) => {
            let known = INSTANCE_STATUSES.iter().find(|(word, _)| *word == status);
            let meaning = known.map_or_else(String::new, |(_, meaning)| format!(" ({meaning})"));
            refused(
                format!("its status is {status}{meaning}, and only a running instance is restored into"),
                "wait until 'jdredis instance list' shows it running, or mend it in JD Cloud's console",
            )
        }
        None => refused(
            "the service does not tell its status, and only a running instance is restored into".to_owned(),
            "look at the instance in JD Cloud's console",
        ),
    }
}

/// The error of a restore that was refused here, before anything was sent.
fn refusal(place: &str, why: &str, hint: &str) -> Report {
    Report::with_hint(Kind::Service, format!("{place} was left as it is: {why}"), hint)
}

impl Plan {
    /// Reads the backup, and refuses one that is not whole, or not of this instance, or of other shards.
    pub(super) fn make(
        args: &Args,
        client: &Client<'_>,
        instance: CacheInstance,
        chosen: Chosen,
        place: String,
        region: &Region,
    ) -> anyhow::Result<Self> {
        let (base_id, id) = (chosen.base_id, &args.instance.id);
        let deadline = client.deadline();
        let found = match chosen.entry {
            Some(entry) => Some(entry),
            None => backups::find(client, id, &base_id, deadline)
                .with_context(|| format!("cannot find backup {base_id} of {place}"))?,
        };
        let entry = found.ok_or_else(|| {
            Report::with_hint(
                Kind::NotFound,
                format!("{place} was left as it is: it has no backup {base_id}"),
                "'jdredis backup list' shows the backups of the instance, which JD Cloud keeps for 7 days; a backup of another \
                 instance is not restored, and one that only an archive has needs importData (SDK) or a server of your own",
            )
        })?;
        let refused = |why: String, hint: &str| Err(refusal(&place, &why, hint).into());
        match entry.view.status() {
            Some(BackupStatus::Success) => {}
            Some(BackupStatus::Running) => {
                let why = format!("backup {base_id} is still being made");
                return refused(
                    why,
                    "wait until 'jdredis backup list' shows its success, or choose another one",
                );
            }
            Some(BackupStatus::Failed) => {
                let why = format!("backup {base_id} has failed");
                return refused(why, "choose one that 'jdredis backup list --status success' shows");
            }
            None => {
                let why = format!(
                    "backup {base_id} has {}, and only one that succeeded is restored",
                    StatusWord(entry.view.status)
                );
                return refused(why, "choose one that 'jdredis backup list --status success' shows");
            }
        }
        let json = entry.json();
        let of = json
            .get("cacheInstanceId")
            .and_then(|id| id.as_str())
            .unwrap_or_default();
        if !of.is_empty() && of != id.as_str() {
            let why = format!("backup {base_id} is one of instance {of}");
            return refused(
                why,
                "choose one of the instance itself: 'jdredis backup list' shows them",
            );
        }
        // The list has the shards of some backups only, and the key may not be permitted to call describeBackupInfo.
        let shards = entry.view.shards.filter(|shards| *shards > 0).or_else(|| {
            let info = client.describe_backup_info(id, &base_id, client.deadline()).ok()?;
            info.shards
        });
        if let (Some(of_backup @ 1..), Some(of_instance @ 1..)) = (shards, instance.shards)
            && of_backup != of_instance
        {
            let why = format!(
                "backup {base_id} has {}, and the instance has {}",
                shards_text(of_backup),
                shards_text(of_instance)
            );
            return refused(
                why,
                "whether the service restores into another number of shards is not known: make a new instance of the \
                 backup in JD Cloud's console, with as many",
            );
        }
        Ok(Self {
            place,
            region: region.clone(),
            instance,
            base_id,
            entry,
        })
    }

    /// The plan for a person: labels with values. The values have the service's texts, whose control characters are not
    /// removed yet.
    pub(super) fn rows(&self, args: &Args, context: &Context<'_>) -> Vec<(&'static str, String)> {
        let (instance, backup) = (&self.instance, &self.entry.view);
        let unknown = || "not told by the service".to_owned();
        let named = |id: &str, name: Option<&str>| match name.filter(|name| !name.is_empty()) {
            Some(name) => format!("{id} ({name})"),
            None => id.to_owned(),
        };
        let address = match (&instance.domain, instance.port) {
            (Some(domain), Some(port)) => format!("{domain}:{port}"),
            (Some(domain), None) => domain.clone(),
            (None, _) => unknown(),
        };
        let memory = instance.memory_mib.map(|mib| human::size(mib.saturating_mul(1 << 20)));
        let shards = instance.shards.filter(|shards| *shards > 0).map(shards_text);
        let memory: Vec<String> = [memory, shards].into_iter().flatten().collect();
        let size = backup
            .size
            .map_or_else(String::new, |size| format!(", {}", human::size(size)));
        let first = match args.no_backup {
            true => "NO backup is made of what is there now (--no-backup): it is lost",
            false => "a backup of what is there now is made and waited for",
        };
        vec![
            (
                "instance",
                format!(
                    "{} in {}",
                    named(instance.id.as_str(), instance.name.as_deref()),
                    self.region
                ),
            ),
            ("address", address),
            (
                "memory",
                if memory.is_empty() {
                    unknown()
                } else {
                    memory.join(", ")
                },
            ),
            ("backup", named(self.base_id.as_str(), backup.name.as_deref()) + &size),
            ("made", self.made(context)),
            ("first", first.to_owned()),
        ]
    }

    /// When the backup was begun, and how long ago.
    fn made(&self, context: &Context<'_>) -> String {
        let Some(start) = self.entry.view.started() else {
            return "at a time that the service does not tell".to_owned();
        };
        let age = state::age(start, context.world.clock.now());
        let age = age.map_or_else(
            || "in the future by this machine's clock".to_owned(),
            |age| ago(age.as_secs()),
        );
        format!("{}, {age}", context.local.text(start))
    }

    /// Whether the backup was made before an earlier restore, as far as its name tells.
    pub(super) fn is_of_safety_backup(&self) -> bool {
        let name = self.entry.view.name.as_deref().unwrap_or_default();
        name.strip_prefix(SAFETY).is_some_and(|rest| rest.starts_with('_'))
    }

    /// When the backup was begun.
    pub(super) fn start(&self) -> Option<OffsetDateTime> {
        self.entry.view.started()
    }
}

fn ago(seconds: u64) -> String {
    format!("{} ago", human::duration(seconds))
}

fn shards_text(shards: u64) -> String {
    match shards {
        1 => "1 shard".to_owned(),
        shards => format!("{shards} shards"),
    }
}
