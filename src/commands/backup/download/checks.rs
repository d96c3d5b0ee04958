//! What is checked before anything is fetched: the files' names, the proxies, and the room on the disk.

use super::Download;
use crate::api::Reason;
use crate::api::model::BackupInfo;
use crate::config;
use crate::error::{Kind, Report};
use crate::terminal::human;
use crate::terminal::notes::Detail;
use crate::transfer::{Folder, Job};
use crate::values::endpoint::Endpoint;

impl Download<'_> {
    /// Makes sure that no folder and, without `--force`, no other file has a name that is needed.
    pub(super) fn check_names(&self, jobs: &[Job]) -> anyhow::Result<()> {
        let names = |is: &dyn Fn(&Job) -> bool| -> Vec<&str> {
            let those = jobs.iter().filter(|job| is(job));
            those.map(|job| job.file_name.as_str()).collect()
        };
        let obstructed = names(&|job| job.folder.is_obstructed(&job.file_name));
        if !obstructed.is_empty() {
            return Err(Report::with_hint(
                Kind::Other,
                format!("there are folders of the files' names: {}", obstructed.join(", ")),
                "move them away, or give another folder with --dir; --force replaces only files",
            )
            .into());
        }
        let taken = names(&|job| !job.force && job.folder.is_taken(&job.file_name, &job.identity, &job.node));
        if taken.is_empty() {
            return Ok(());
        }
        Err(Report::with_hint(
            Kind::Other,
            format!("there are files of these names already: {}", taken.join(", ")),
            "give another folder with --dir, or --force to replace them once the new ones are whole",
        )
        .into())
    }

    /// Makes sure, before anything is fetched, that the proxies for the links' hosts can be followed.
    pub(super) fn check_proxies(&self, jobs: &[Job]) -> Result<(), config::Error> {
        let origins = jobs.iter().filter_map(|job| job.link.origin()?.parse().ok());
        for origin in origins.collect::<Vec<Endpoint>>() {
            config::check_proxy(&self.settings.network, &origin)?;
        }
        Ok(())
    }

    /// Makes sure that the disk has room for what is not there yet. Returns the size of the backup in bytes; `None`
    /// where the service does not tell it, or where only some nodes are fetched.
    pub(super) fn check_space(&self, folder: &Folder, jobs: &[Job]) -> anyhow::Result<Option<u64>> {
        let Some(size) = self.info().size.filter(|_| self.args.nodes.is_empty()) else {
            return Ok(None);
        };
        let present: u64 = jobs
            .iter()
            .map(|job| folder.bytes_of(&job.file_name, &job.identity, &job.node))
            .sum();
        let missing = size.saturating_sub(present);
        match folder.available() {
            Ok(available) if available < missing => Err(Report::with_hint(
                Kind::Other,
                format!(
                    "{} are still to be fetched, and the folder's disk has room for {}",
                    human::size(missing),
                    human::size(available)
                ),
                "make room, or give a folder on another disk with --dir",
            )
            .into()),
            _ => Ok(Some(size)),
        }
    }

    /// The size and the number of shards of the backup. The service is asked for them at most once.
    pub(super) fn info(&self) -> BackupInfo {
        *self.info.get_or_init(|| self.expected())
    }

    /// Asks for the size and the number of shards, unless the service's entry of the backup has them. A failure is no
    /// error of the download: keys that may fetch links need not be permitted to look at backups.
    fn expected(&self) -> BackupInfo {
        if let Some(entry) = &self.backup.entry {
            return BackupInfo {
                size: entry.view.size,
                shards: entry.view.shards,
            };
        }
        let (instance, base_id) = (&self.args.instance.id, &self.backup.base_id);
        match self.client.describe_backup_info(instance, base_id, self.deadline) {
            Ok(info) => info,
            Err(error) if error.reason() == Some(Reason::NotPermitted) => {
                self.context.notes.trace(Detail::Requests, || {
                    format!(
                        "the backup's size and number of shards are not known, since the keys may not look: {error}"
                    )
                });
                BackupInfo::default()
            }
            Err(error) => {
                self.context
                    .notes
                    .warn(format_args!("whether the disk has room enough is unknown: {error}"));
                BackupInfo::default()
            }
        }
    }
}
