//! Calls for diagnosis: any read below a region's path, with the answer as raw JSON.

use serde_json::Value;

use super::client::{Call, Client};
use super::error::Error;
use crate::retry::deadline::Deadline;

/// An answer without an error in it.
#[derive(Debug)]
pub(crate) struct Probe {
    /// Its `result`, of any type; null if there is none.
    pub(crate) result: Value,
    /// The local clock minus the service's, in seconds, from the answer's `Date`.
    pub(crate) clock_offset: Option<i64>,
}

impl Client<'_> {
    /// Sends a GET to a path below the region's. It is retried like any other read, unless the settings allow one
    /// attempt.
    pub(crate) fn probe(
        &self,
        path: &[&str],
        query: Vec<(String, String)>,
        deadline: Deadline,
    ) -> Result<Probe, Error> {
        let answer = self.send(&Call::get(path, query), deadline)?;
        Ok(Probe {
            result: answer.json()?.get("result").cloned().unwrap_or_default(),
            clock_offset: answer.clock_offset(),
        })
    }
}
