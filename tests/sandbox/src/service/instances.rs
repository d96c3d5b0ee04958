//! describeCacheInstances and describeCacheInstance.

use serde_json::{Value, json};

use crate::catalog::{Instance, instances};
use crate::http::Request;

use super::answers::{Outcome, listing, without_nulls};
use super::filters::{Filter, filters};
use super::paging::Page;

/// The names that instances can be filtered by.
const FILTERS: [&str; 5] = [
    "cacheInstanceId",
    "cacheInstanceName",
    "cacheInstanceStatus",
    "redisVersion",
    "instanceType",
];

/// With `whole_names`, a filter by name finds only names that are equal.
pub(super) fn describe_all(request: &Request, region: &str, whole_names: bool) -> Outcome {
    let page = Page::of(request)?;
    let filters = filters(request, &FILTERS, whole_names)?;
    let mut found = instances(region);
    found.retain(|instance| filters.iter().all(|filter| fits(filter, instance)));
    let shown: Vec<Value> = found[page.positions(found.len())]
        .iter()
        .map(|instance| fields(instance, region))
        .collect();
    Ok(listing("cacheInstances", shown, found.len()))
}

pub(super) fn describe(instance: &Instance, region: &str) -> Value {
    json!({ "cacheInstance": fields(instance, region) })
}

fn fits(filter: &Filter, instance: &Instance) -> bool {
    let details = instance.details.as_ref();
    filter.fits(match filter.name() {
        "cacheInstanceId" => Some(&instance.id),
        "cacheInstanceName" => details.map(|details| details.name.as_str()),
        "cacheInstanceStatus" => details.map(|details| details.status),
        "redisVersion" => details.map(|details| details.version),
        _ => details.map(|details| details.kind),
    })
}

fn fields(instance: &Instance, region: &str) -> Value {
    let id = &instance.id;
    let details = instance.details.as_ref();
    without_nulls(json!({
        "cacheInstanceId": id,
        "cacheInstanceName": details.map(|details| &details.name),
        "cacheInstanceClass": details.map(|details| format!("redis.s.{}", details.memory_mb)),
        "cacheInstanceMemoryMB": details.map(|details| details.memory_mb),
        "cacheInstanceStatus": details.map(|details| details.status),
        "cacheInstanceType": details.map(|details| details.kind),
        "redisVersion": details.map(|details| details.version),
        "shardNumber": details.map(|details| details.shards),
        "connectionDomain": details.map(|_| format!("{id}.redis.{region}.example")),
        "port": details.map(|_| 6379),
        "createTime": details.map(|details| &details.created),
    }))
}
