//! describeAvailableRegion.

use serde_json::{Value, json};

use crate::catalog::REGIONS;

use super::answers::Outcome;

/// The regions that Redis is offered in, whatever region is asked.
pub(super) fn describe() -> Outcome {
    let regions: Vec<Value> = REGIONS
        .iter()
        .map(|region| json!({ "regionId": region, "regionName": region, "soldOut": false }))
        .collect();
    Ok(json!({ "availableRegions": regions }))
}
