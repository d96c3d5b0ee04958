//! restoreInstance and listTasks.

use serde_json::{Value, json};

use crate::catalog::{Backup, Place, rfc3339};

use super::Call;
use super::answers::{Outcome, failure, invalid_argument, not_found};

/// A number for a task's type; which one a restore has is not known.
const TASK_TYPE: u32 = 7;

/// Begins a restore. The documentation requires `baseId` and names no error; refusing another state, another
/// number of shards and a backup that is not there is what its console does, or a guess.
pub(super) fn restore(call: &mut Call<'_>, place: Place<'_>) -> Outcome {
    let Ok(Value::Object(body)) = serde_json::from_slice(&call.request.body) else {
        return Err(invalid_argument("the body is not a JSON object"));
    };
    let Some(base_id) = body.get("baseId").and_then(Value::as_str).filter(|_| body.len() == 1) else {
        return Err(invalid_argument("the body must have baseId, a text, and nothing else"));
    };
    let id = &place.instance.id;
    let found = call.catalog.all(place).find(|backup| backup.base_id == base_id);
    let backup: Backup =
        found.ok_or_else(|| not_found(&format!("backup {base_id} of cacheInstance {id} not found")))?;
    let details = place.instance.details.as_ref();
    if details.is_none_or(|details| details.status != "running") {
        return Err(failure(
            400,
            "FAILED_PRECONDITION",
            &format!("cacheInstance {id} is not running"),
        ));
    }
    if !backup.has_files() || backup.nodes != place.instance.shards() {
        return Err(failure(
            400,
            "FAILED_PRECONDITION",
            &format!("backup {base_id} cannot be restored"),
        ));
    }
    call.catalog.restores.begin(place.region, id, base_id, call.now);
    Ok(json!({}))
}

/// The tasks, which here are the restores. Every parameter but the pages' is optional.
pub(super) fn list_tasks(call: &Call<'_>) -> Outcome {
    let fits = |name: &str, value: &str| call.request.parameter(name).is_none_or(|wanted| wanted == value);
    let tasks: Vec<Value> = call
        .catalog
        .restores
        .all()
        .filter(|(region, instance, restore)| {
            fits("regionId", region) && fits("instanceId", instance) && fits("taskStatus", restore.task())
        })
        .map(|(region, instance, restore)| {
            json!({
                "taskId": format!("task-{}", restore.base_id),
                "instanceId": instance,
                "taskType": TASK_TYPE,
                "taskStatus": restore.task(),
                "startTime": rfc3339(restore.started.truncate_to_second()),
                "regionId": region,
            })
        })
        .collect();
    let page = super::paging::Page::of(call.request)?;
    let shown = tasks[page.positions(tasks.len())].to_vec();
    Ok(json!({ "isSupport": true, "total": tasks.len(), "tasks": shown }))
}
