//! The archive: a folder of whole backups of many instances, which can be trusted, copied and read without
//! this program.
//!
//! | file | owns |
//! |---|---|
//! | `layout` | names and paths |
//! | `manifest` | `backup.json` and `SHA256SUMS` |
//! | `memory` | `instance.json`: instances without backups, gone ones, what is missing |
//! | `read` | reading the folders: which backups there are, and in what condition |
//! | `state`, `shrunk` | the state of an instance, and the exit code that it leads to |
//! | `store`, `modes` | writing: the lock, hidden work folders, the last rename, who may read |
//! | `space` | room on the disk |
//! | `fleet` | asking the service what all instances have |
//! | `plan` | what a sync has to fetch, in what order, and what fits |
//! | `nights` | the last nights at a glance |
//! | `checks`, `verify` | reading every byte, and when that was done |
//! | `drills` | when a real server loaded a backup, and what came of it |
//! | `policy`, `prune` | which backups a retention policy keeps, and removing the others |
//! | `metrics`, `runs` | the metrics for Prometheus, and the record of all runs |
//!
//! The format has a version number, which `backup.json` states; `jdredis help formats` documents it.

pub(crate) mod checks;
pub(crate) mod drills;
pub(crate) mod fleet;
pub(crate) mod layout;
pub(crate) mod manifest;
pub(crate) mod memory;
pub(crate) mod metrics;
mod modes;
pub(crate) mod nights;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod prune;
pub(crate) mod read;
pub(crate) mod runs;
pub(crate) mod shrunk;
pub(crate) mod space;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod verify;
