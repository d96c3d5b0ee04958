//! `describeAvailableRegion`: the regions that Redis is offered in.
//!
//! Source: the models of JD Cloud's Go SDK. The operation's path has a region; any region may be given.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::answer::Answer;
use super::client::{Call, Client};
use super::error::Error;
use crate::retry::deadline::Deadline;
use crate::values::id::Region;

/// The result of `describeAvailableRegion`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AvailableRegions {
    #[serde(deserialize_with = "regions")]
    available_regions: Vec<Region>,
}

/// The well-formed IDs of a list of regions. An entry without one is left out.
fn regions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Region>, D::Error> {
    let entries = Vec::<Value>::deserialize(deserializer)?;
    let id = |entry: &Value| entry.get("regionId")?.as_str()?.trim().parse().ok();
    Ok(entries.iter().filter_map(id).collect())
}

impl Client<'_> {
    /// `describeAvailableRegion`: the regions that Redis is offered in, in the service's order and each once,
    /// with the whole answer.
    pub(crate) fn describe_available_region(&self, deadline: Deadline) -> Result<(Answer, Vec<Region>), Error> {
        let answer = self.send(&Call::get(&["availableRegion"], Vec::new()), deadline)?;
        let AvailableRegions { available_regions } = answer.result()?;
        let mut regions: Vec<Region> = Vec::with_capacity(available_regions.len());
        for region in available_regions {
            if !regions.contains(&region) {
                regions.push(region);
            }
        }
        Ok((answer, regions))
    }
}
