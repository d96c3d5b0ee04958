//! Finding backups at the service: the newest ones, the latest one that is whole, the one with an ID, and
//! the links to a backup's files. Nothing here prints or knows the command line; an error carries facts,
//! and the `error` module turns them into advice.

mod find;
mod labels;
mod links;
mod status;

pub(crate) use self::find::{Latest, find, latest, newest_first, unread_starts};
pub(crate) use self::labels::{by_object, labelled};
pub(crate) use self::links::{Fetchable, NodeLink, SameObject, all_nodes, links, renew, same_objects, unread_names};
pub(crate) use self::status::{Others, StatusWord};
use crate::api;
use crate::values::id::InstanceId;

/// Why there is no backup, or no link to its files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Api(#[from] api::Error),
    /// None of the instance's backups has succeeded, by the service's list.
    #[error("instance {instance} has no backup that succeeded: {others}")]
    NoneSucceeded {
        instance: InstanceId,
        others: Others,
        request_id: Option<String>,
    },
    /// The start of some successful backups cannot be read, so any of them may be the newest.
    #[error("the newest backup is not known, since the start of one or more cannot be read")]
    UnreadStarts {
        /// The IDs, and the service's texts.
        backups: Vec<(String, String)>,
        request_id: Option<String>,
    },
    /// The list of links is empty. The command's context names what is missing.
    #[error("the service lists none")]
    NoLinks { request_id: Option<String> },
    /// A node has no link for use inside JD Cloud's network.
    #[error("the service gave no internal link for {node}")]
    NoInternalLink { node: String, request_id: Option<String> },
}
