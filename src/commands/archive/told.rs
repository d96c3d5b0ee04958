//! What a run leaves for those who did not watch it, in `sync`, `status` and `prune` alike: that it could not be left
//! is told by the run's own end.

use std::path::Path;

use crate::archive::metrics::Metrics;
use crate::archive::runs::{self, Run};
use crate::commands::Context;
use crate::error::{Kind, Report, is_closed_pipe};

/// What could not be told, a line each.
#[derive(Debug, Default)]
pub(super) struct Untold(Vec<String>);

impl Untold {
    /// Writes the metrics.
    pub(super) fn write(&mut self, metrics: Metrics, file: &Path) {
        if let Err(error) = metrics.replace(file) {
            let path = file.display();
            self.0.push(format!("the metrics are not written to {path}: {error}"));
        }
    }

    /// Appends a run to those of the archive. Without the archive's lock it is tried, and no harm if it fails: the
    /// archive cannot be used then, which is what the run ends with.
    pub(super) fn append(&mut self, run: &Run, dir: &Path, is_alone: bool) {
        let appended = runs::append(dir, run, is_alone);
        if let Some(error) = appended.err().filter(|_| is_alone) {
            let path = runs::path(dir);
            self.0
                .push(format!("the run is not written down in {}: {error}", path.display()));
        }
    }

    pub(super) fn lines(&self) -> &[String] {
        &self.0
    }

    /// What a run ends with: where it was well, with what could not be told, else with its own error and a warning.
    pub(super) fn outcome(self, outcome: anyhow::Result<()>, context: &Context<'_>) -> anyhow::Result<()> {
        match outcome {
            Err(error) if !is_closed_pipe(&error) => {
                self.warn(context);
                Err(error)
            }
            _ if !self.0.is_empty() => Err(self.report().into()),
            well => well,
        }
    }

    /// Says it beside a run's own error.
    pub(super) fn warn(self, context: &Context<'_>) {
        for line in self.0 {
            context.notes.warn(line);
        }
    }

    fn report(self) -> Report {
        let message = "the run itself ended well, but what it should leave behind could not be written";
        let hint = "make room there, or let this user write it; --metrics takes a file in a folder that is there";
        Report::with_hint(Kind::Other, message, hint).details(self.0)
    }
}
