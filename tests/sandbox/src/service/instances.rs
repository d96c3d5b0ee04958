//! describeCacheInstances and describeCacheInstance.

use serde_json::{Value, json};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::catalog::Instance;

use super::Call;
use super::answers::{Outcome, listing, without_nulls};
use super::filters::{Filter, filters, tag_filters};
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
pub(super) fn describe_all(call: &Call<'_>, region: &str, instances: &[Instance], whole_names: bool) -> Outcome {
    let page = Page::of(call.request)?;
    let filters = filters(call.request, &FILTERS, whole_names)?;
    let tags = tag_filters(call.request)?;
    let has_tags = |instance: &Instance| {
        let its = call.catalog.tags(region, &instance.id);
        tags.iter()
            .all(|filter| its.iter().any(|(key, value)| filter.fits(key, value)))
    };
    let mut found: Vec<Instance> = instances.to_vec();
    found.retain(|instance| filters.iter().all(|filter| fits(filter, instance)) && has_tags(instance));
    let shown: Vec<Value> = found[page.positions(found.len())]
        .iter()
        .map(|instance| fields(instance, region))
        .collect();
    Ok(listing("cacheInstances", shown, found.len()))
}

/// recycledCacheInstance: what is in the recycle bin.
pub(super) fn describe_released(call: &Call<'_>, region: &str) -> Outcome {
    let page = Page::of(call.request)?;
    let released = call.catalog.released(region);
    let time = |time: OffsetDateTime| time.format(&Rfc3339).expect("a year of four digits");
    let shown: Vec<Value> = released[page.positions(released.len())]
        .iter()
        .map(|(instance, released, kept_until)| {
            let mut fields = fields(instance, region);
            fields["softDeletedTime"] = time(*released).into();
            fields["retainExpireTime"] = time(*kept_until).into();
            fields
        })
        .collect();
    Ok(listing("cacheInstances", shown, released.len()))
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
