//! Records a run of `sync`, `status` or `prune`: it writes the metrics and appends to `runs.jsonl`. A failure to do
//! so is collected and becomes part of the run's outcome.

use std::path::{Path, PathBuf};

use crate::archive::metrics::Metrics;
use crate::archive::runs::{self, Run};
use crate::commands::Context;
use crate::error::{Kind, Report};

/// Warns where the collector of node_exporter would pass over FILE in silence: it reads only names that end so.
pub(super) fn check_name_of_metrics(file: Option<&PathBuf>, context: &Context<'_>) {
    let is_read = |file: &PathBuf| file.as_os_str().as_encoded_bytes().ends_with(b".prom");
    if let Some(file) = file.filter(|file| !is_read(file)) {
        let path = file.display();
        context.notes.warn(format_args!(
            "node_exporter reads only files whose names end in .prom, so no alert will come from {path}"
        ));
    }
}

/// What could not be recorded, a line each.
#[derive(Debug, Default)]
pub(super) struct Unrecorded(Vec<String>);

impl Unrecorded {
    /// Writes the metrics.
    pub(super) fn write_metrics(&mut self, metrics: Metrics, file: &Path) {
        if let Err(error) = metrics.replace(file) {
            let path = file.display();
            self.0.push(format!("the metrics are not written to {path}: {error}"));
        }
    }

    /// Appends a run to those of the archive. A failure counts only with `is_alone`: a run that could not take the
    /// archive's lock ends with the error of the lock already.
    pub(super) fn append_run(&mut self, run: &Run, dir: &Path, is_alone: bool) {
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

    /// The outcome of a run: its own error, with a warning of what could not be recorded; where it has none, an error
    /// of what could not be recorded, if there is anything.
    pub(super) fn outcome(self, outcome: anyhow::Result<()>, context: &Context<'_>) -> anyhow::Result<()> {
        match outcome {
            Err(error) => {
                self.warn(context);
                Err(error)
            }
            Ok(()) if !self.0.is_empty() => Err(self.report().into()),
            Ok(()) => Ok(()),
        }
    }

    /// Warns of what could not be recorded, beside a run's own error.
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
