//! `restoreInstance`, which replaces an instance's data by a backup's, and `listTasks`, which may tell how
//! that goes.
//!
//! Source: JD Cloud's cache-Redis API reference for `restoreInstance`, and the models of its Go SDK for both.
//! The answer of `restoreInstance` names no task. `listTasks` has no region in its path, and the Go SDK signs
//! such a request for the region `jdcloud-api`. Whether a restore is among the tasks, whether every account may
//! call `listTasks`, and in which order it lists are not known, so nothing depends on its answer alone.

use serde_json::Value;
use time::OffsetDateTime;

use super::answer::Answer;
use super::client::{Call, Client};
use super::error::Error;
use super::moment::Moment;
use crate::retry::deadline::Deadline;
use crate::values::id::{BaseId, InstanceId};

/// How many tasks are asked for: the most that a page has.
const TASKS: &str = "100";

/// A task of an instance. Any field but the status may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) id: Option<String>,
    /// `taskStatus`: `init`, `running`, `fail`, `success`, `manual_stop`, `rollback`, `rollback_fail` or
    /// `rollback_finish`.
    pub(crate) status: String,
    /// `startTime`, in UTC; `None` where there is none, or none that can be read.
    pub(crate) started: Option<OffsetDateTime>,
}

impl Task {
    /// Reads an entry of the list; `None` if it has no status, or is one of another instance.
    fn read(entry: &Value, instance: &InstanceId) -> Option<Self> {
        let text = |name: &str| match entry.get(name)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let is_of_another = text("instanceId").is_some_and(|id| !id.is_empty() && id != instance.as_str());
        let status = text("taskStatus").filter(|status| !status.is_empty() && !is_of_another)?;
        Some(Self {
            id: text("taskId").filter(|id| !id.is_empty()),
            status: status.to_ascii_lowercase(),
            started: text("startTime").and_then(|text| Moment::read(&text).at),
        })
    }

    /// Whether it has not ended: it waits, or is being done.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self.status.as_str(), "init" | "running")
    }

    /// Whether it ended without success: it failed, was stopped, or was or is being undone.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.status.as_str(), "fail" | "manual_stop") || self.status.starts_with("rollback")
    }
}

impl Client<'_> {
    /// `restoreInstance`: replaces what the instance holds by this backup. It is sent once, whatever becomes of it.
    /// The answer has only a request ID and comes before the restore is done.
    pub(crate) fn restore_instance(
        &self,
        instance: &InstanceId,
        backup: &BaseId,
        deadline: Deadline,
    ) -> Result<Answer, Error> {
        let path = ["cacheInstance", instance.as_str(), "restore"];
        let body = serde_json::json!({"baseId": backup.as_str()});
        self.send(&Call::post(&path, &body).once(), deadline)
    }

    /// `listTasks`: at most a hundred tasks of an instance, in the service's order. Empty where the service says
    /// that it has none for this account (`isSupport`). An entry that cannot be read is left out.
    pub(crate) fn list_tasks(&self, instance: &InstanceId, deadline: Deadline) -> Result<Vec<Task>, Error> {
        let parameter = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let query = [
            ("regionId", self.region().as_str()),
            ("instanceId", instance.as_str()),
            ("pageNumber", "1"),
            ("pageSize", TASKS),
        ];
        let query = query.map(parameter).to_vec();
        let answer = self.send(&Call::get(&["tasks"], query).without_region().once(), deadline)?;
        let result: Value = answer.result()?;
        let entries = result.get("tasks").and_then(Value::as_array);
        let entries = entries.into_iter().flatten();
        Ok(entries.filter_map(|entry| Task::read(entry, instance)).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_task_is_read_whatever_else_it_lacks() {
        let instance: InstanceId = "redis-1".parse().unwrap();
        let read = |entry: Value| Task::read(&entry, &instance);
        let task = read(json!({"taskId": 7, "instanceId": "redis-1", "taskStatus": "Running",
            "startTime": "2026-01-31 08:00:00"}))
        .unwrap();
        assert_eq!(task.id.as_deref(), Some("7"));
        assert_eq!(task.started, Some(datetime!(2026-01-31 00:00 UTC)));
        assert!(task.goes_on() && !task.has_failed());
        for status in ["fail", "manual_stop", "rollback", "rollback_fail", "rollback_finish"] {
            let task = read(json!({ "taskStatus": status })).unwrap();
            assert!(task.has_failed() && !task.goes_on(), "{status}");
        }
        let done = read(json!({"taskStatus": "success"})).unwrap();
        assert!(!done.has_failed() && !done.goes_on());
        assert_eq!(read(json!({"taskStatus": "fail", "instanceId": "redis-2"})), None);
        assert_eq!(read(json!({"taskStatus": null, "instanceId": "redis-1"})), None);
        assert_eq!(read(json!("fail")), None);
    }
}
