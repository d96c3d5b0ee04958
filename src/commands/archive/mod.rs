//! `jdredis archive …`: the backups of a whole fleet in one folder.

mod drill;
mod prune;
mod recording;
mod retention;
mod rows;
mod status;
mod sync;
mod verify;

use std::path::Path;

use clap::Subcommand;

use super::Context;
use crate::archive::read::{self, Archive};
use crate::archive::store::Store;
use crate::cli::deferred::Deferred;
use crate::error::{Kind, Report};
use crate::transfer::FolderError;
use crate::values::id::InstanceId;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch every backup that the service has and the archive has not, of all instances
    ///
    /// A missed night heals itself, and running it again does nothing but ask. A backup gets its folder
    /// only when all its files are whole. Exit code 7 where something that should be there is not, 8 where
    /// all is whole but an instance's newest backup is older than --max-age.
    #[command(after_long_help = sync::EXAMPLES)]
    Sync(Deferred<sync::Args>),

    /// Remove the backups that no rule of a policy keeps
    ///
    /// The rules are those of restic's forget, for each instance on its own; only periods that have a backup count.
    /// The newest good backup of an instance always stays, and so does a backup whose folder holds a file named keep.
    /// What is damaged is neither counted nor removed. Removed for good: there is no undo.
    #[command(after_long_help = prune::EXAMPLES)]
    Prune(Deferred<prune::Args>),

    /// Say what an archive holds of each instance, and how old it is
    ///
    /// Needs no network, no keys and no lock, and writes nothing but the FILE of --metrics. With --since, it also says
    /// which sync and prune ran, what came, and what was wrong.
    #[command(after_long_help = status::EXAMPLES)]
    Status(Deferred<status::Args>),

    /// Read every byte of an archive and compare it with what was fetched
    ///
    /// Names what is missing, extra, changed or truncated, and ends with exit code 7 then. Needs no network, no keys
    /// and no lock. When each backup was checked is kept in checks.json beside the backups.
    #[command(after_long_help = verify::EXAMPLES)]
    Verify(Deferred<verify::Args>),

    /// Have a real redis-server load the backups of an archive
    ///
    /// Only loading proves that a backup can be restored. A server is started for each file, one after the other, in
    /// a private folder, without a TCP port, and ended again; the keys that it has are compared with those in the file.
    /// Exit code 7 where a file is damaged, 1 where this machine is the reason: the server is older than the file, a
    /// module is missing, or too little memory. --timeout is how long a server may make no progress. Needs no network,
    /// no keys and no lock. When an instance's backups were last proven to load is kept in drills.json beside them.
    #[command(after_long_help = drill::EXAMPLES)]
    Drill(Deferred<drill::Args>),
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> anyhow::Result<()> {
    match command {
        Command::Drill(args) => drill::run(args, context),
        Command::Prune(args) => prune::run(args, context),
        Command::Status(args) => status::run(args, context),
        Command::Sync(args) => sync::run(args, context),
        Command::Verify(args) => verify::run(args, context),
    }
}

/// Reads an archive.
fn read_archive(dir: &Path) -> anyhow::Result<Archive> {
    read::read(dir).map_err(|error| {
        let hint = "give the folder that 'jdredis archive sync' writes to, one that this user may read";
        Report::with_hint(Kind::Other, format!("{}: {error}", dir.display()), hint).into()
    })
}

/// The error of an archive without instances. A disk that is not mounted looks like one.
fn without_instances(dir: &Path) -> Report {
    let message = format!("{} holds no instance's backups", dir.display());
    let hint = "check the path, and whether the disk is mounted; 'jdredis archive sync' fills an archive";
    Report::with_hint(Kind::NotFound, message, hint)
}

/// Reads an archive, which must hold these instances, and at least one.
fn open_to_read(dir: &Path, instances: &[InstanceId]) -> anyhow::Result<Archive> {
    let archive = read_archive(dir)?;
    let is_known = |id: &&InstanceId| archive.instances.iter().any(|archived| archived.instance == **id);
    if let Some(id) = instances.iter().find(|id| !is_known(id)) {
        let message = format!("{} has no instance {id}", dir.display());
        let hint = "look at 'jdredis archive status' for the instances that it has";
        return Err(Report::with_hint(Kind::NotFound, message, hint).into());
    }
    if archive.instances.is_empty() && archive.unreadable.is_empty() {
        return Err(without_instances(dir).into());
    }
    Ok(archive)
}

/// Notes what lies in the archive's folder and is left out.
fn note_foreign(archive: &Archive, context: &Context<'_>) {
    for path in &archive.foreign {
        let path = path.display();
        context
            .notes
            .note(format_args!("{path} is no part of an archive and is left out"));
    }
}

/// Locks an archive for this process, and makes DIR where it is not there.
fn open_to_write(dir: &Path) -> anyhow::Result<Store> {
    let holder = crate::commands::lock_holder();
    Store::open(dir, &holder).map_err(|error| {
        let (message, hint) = match &error {
            FolderError::Held { path, holder } => (
                format!("{holder} is writing to the archive {}", path.display()),
                "wait until it has ended; one sync or prune at a time writes to an archive",
            ),
            FolderError::Dangling { .. } => (
                error.to_string(),
                "make the folder that it leads to, or give another DIR",
            ),
            FolderError::Unusable { .. } => (error.to_string(), "give a DIR that this user can write"),
        };
        Report::with_hint(Kind::Other, message, hint).into()
    })
}
