//! The links of a backup's files, and new ones where they stop working.

use std::sync::{Mutex, PoisonError};

use crate::transfer::Links;
use crate::values::link::Link;

/// A node and the link to its file, as it is to be fetched.
pub(super) type NodeLink = (String, Link);

/// Asks the service for the links of all nodes; an error says in words why there are none.
pub(super) type AskService = dyn Fn() -> Result<Vec<NodeLink>, String> + Send + Sync;

/// The links in use. All of them are replaced by one request to the service.
pub(super) struct FreshLinks {
    ask: Box<AskService>,
    /// The links of the files that are fetched, in their order.
    current: Mutex<Vec<NodeLink>>,
}

impl FreshLinks {
    pub(super) fn new(current: Vec<NodeLink>, ask: Box<AskService>) -> Self {
        Self {
            ask,
            current: Mutex::new(current),
        }
    }
}

impl Links for FreshLinks {
    fn fresh(&self, file: usize, stale: &Link) -> Result<Link, String> {
        // A second thread waits for the lock and finds the link replaced.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current[file].1 == *stale {
            let fresh = (self.ask)()?;
            for (node, link) in current.iter_mut() {
                // The object first: nodes without a name are told apart by their order alone.
                let is_same_object = |(_, fresh): &&NodeLink| fresh.object() == link.object();
                let is_same_node = |(fresh, _): &&NodeLink| fresh == node;
                let found = fresh.iter().find(is_same_object);
                if let Some((_, found)) = found.or_else(|| fresh.iter().find(is_same_node)) {
                    *link = found.clone();
                }
            }
        }
        Ok(current[file].1.clone())
    }
}
