//! The API's operations: what the service answers to a request that the gateway let through, in
//! the shapes that JD Cloud documents for cache-Redis.

mod answers;
mod backups;
mod filters;
mod instances;
mod links;
mod paging;
mod policy;
mod regions;
mod restores;

use time::OffsetDateTime;

use crate::catalog::{Catalog, Instance, Place, REGIONS};
use crate::difference::Difference;
use crate::http::Request;
use crate::script::HttpReply;
use crate::storage::LinkTerms;

use answers::{Outcome, invalid_argument, not_found};
pub(crate) use answers::{failure, refusal};

/// The answer of describeDownloadUrl in JD Cloud's documentation, byte for byte.
pub const DOCUMENTED_ANSWER: &str = include_str!("../../data/describe-download-url.json");

/// A request and what its answer depends on.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) link_terms: LinkTerms<'a>,
    pub(crate) now: OffsetDateTime,
    /// How large each node's file is.
    pub(crate) object_size: u64,
    pub(crate) difference: Option<Difference>,
    pub(crate) catalog: &'a mut Catalog,
}

/// Answers a request that is signed as it should be.
pub(crate) fn answer(call: &mut Call<'_>) -> HttpReply {
    match operate(call) {
        Ok(mut result) => {
            if let Some(difference) = call.difference {
                difference.alter(call.request, &mut result);
            }
            answers::success(result)
        }
        Err(failure) => failure,
    }
}

fn operate(call: &mut Call<'_>) -> Outcome {
    let request = call.request;
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let ("GET", ["v1", "tasks"]) = (request.method.as_str(), segments.as_slice()) {
        return restores::list_tasks(call);
    }
    let ["v1", "regions", region, operation @ ..] = segments.as_slice() else {
        return Err(not_found(&format!("no such path: {}", request.path())));
    };
    if !REGIONS.contains(region) {
        return Err(invalid_argument(&format!("unknown regionId {region}")));
    }
    let instances = call.catalog.instances(region);
    let find = |id: &str| find_instance(&instances, id);
    match (request.method.as_str(), operation) {
        ("GET", ["cacheInstance"]) => {
            let whole_names = call.difference == Some(Difference::WholeNames);
            instances::describe_all(call, region, &instances, whole_names)
        }
        ("GET", ["recycledCacheInstance"]) => instances::describe_released(call, region),
        ("GET", ["cacheInstance", id]) => {
            let instance = find(id)?;
            call.catalog.restores.note_shown(region, id);
            Ok(instances::describe(&instance, region))
        }
        ("POST", ["cacheInstance", id, "restore"]) => restores::restore(call, place(region, &find(id)?)),
        ("GET", ["cacheInstance", id, "backup"]) => backups::describe(call, place(region, &find(id)?)),
        ("POST", ["cacheInstance", id, "backup"]) => backups::create(call, place(region, &find(id)?)),
        ("GET", ["cacheInstance", id, "backup", base_id]) => {
            backups::describe_one(call, place(region, &find(id)?), base_id)
        }
        ("GET", ["cacheInstance", id, "backupPolicy"]) => policy::describe(call, place(region, &find(id)?)),
        ("PATCH", ["cacheInstance", id, "backupPolicy"]) => policy::modify(call, place(region, &find(id)?)),
        ("GET", ["availableRegion"]) => regions::describe(),
        ("GET", ["cacheInstance", id, "backup:describeDownloadUrl"]) => {
            links::describe(call, place(region, &find(id)?))
        }
        (method, _) => Err(not_found(&format!("no operation {method} {}", request.path()))),
    }
}

fn place<'a>(region: &'a str, instance: &'a Instance) -> Place<'a> {
    Place { region, instance }
}

fn find_instance(instances: &[Instance], id: &str) -> Result<Instance, HttpReply> {
    let found = instances.iter().find(|instance| instance.id == id);
    found
        .cloned()
        .ok_or_else(|| not_found(&format!("cacheInstance {id} not found")))
}
