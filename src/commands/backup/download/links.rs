//! The links of a backup's files, and new ones where they stop working.

use std::sync::{Mutex, PoisonError};

use crate::backups::{Fetchable, renew};
use crate::transfer::Links;
use crate::values::link::Link;

/// Asks the service for the links of all nodes; an error says in words why there are none.
pub(super) type AskService = dyn Fn() -> Result<Vec<Fetchable>, String> + Send + Sync;

/// The links in use. All of them are replaced by one request to the service.
pub(super) struct FreshLinks {
    ask: Box<AskService>,
    /// The links of the files that are fetched, in their order.
    current: Mutex<Vec<Fetchable>>,
}

impl FreshLinks {
    pub(super) fn new(current: Vec<Fetchable>, ask: Box<AskService>) -> Self {
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
            renew(&mut current, &(self.ask)()?);
        }
        Ok(current[file].1.clone())
    }
}
