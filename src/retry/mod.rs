//! Whether a failure is worth another attempt, and how long to wait before it.

pub(crate) mod backoff;
pub(crate) mod deadline;
