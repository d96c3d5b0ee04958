//! describeDownloadUrl.

use serde_json::{Value, json};

use crate::catalog::{Backup, Place, Quirk};
use crate::storage;

use super::Call;
use super::answers::{Outcome, invalid_argument, not_found, without_nulls};

pub(super) fn describe(call: &mut Call<'_>, place: Place<'_>) -> Outcome {
    let Some(base_id) = call.request.parameter("baseId").filter(|base_id| !base_id.is_empty()) else {
        return Err(invalid_argument("baseId is required"));
    };
    let is_it = |backup: &Backup| backup.base_id == base_id;
    match call.catalog.all(place).find(is_it) {
        // The documentation does not say how a backup without files is answered.
        Some(backup) if backup.has_files() => Ok(json!({ "downloadUrls": download_urls(call, place, &backup) })),
        _ => Err(not_found(&format!(
            "backup {base_id} of cacheInstance {} not found",
            place.instance.id
        ))),
    }
}

fn download_urls(call: &Call<'_>, place: Place<'_>, backup: &Backup) -> Vec<Value> {
    let download_url = |node| {
        let key = backup.key(&place.instance.id, node);
        let links = storage::links(&call.link_terms, place.region, &key);
        without_nulls(json!({
            "internalLink": (backup.quirk != Some(Quirk::NoInternalLinks)).then_some(links.internal),
            "link": links.public,
            "name": (backup.quirk != Some(Quirk::NoNodeNames)).then(|| format!("node {node}")),
        }))
    };
    (0..backup.nodes).map(download_url).collect()
}
