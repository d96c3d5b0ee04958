//! Records the end of a sync in the metrics and in `runs.jsonl`, whether it succeeds, fails, or is ended by a signal.

use time::OffsetDateTime;

use super::instance::Instance;
use super::ledger::Ledger;
use super::{Args, result};
use crate::archive::metrics::{LastSync, Metrics};
use crate::archive::read;
use crate::archive::runs::{self, Run, Trouble};
use crate::archive::state::{Severity, Terms};
use crate::commands::Context;
use crate::commands::archive::recording::{Unrecorded, check_name_of_metrics};
use crate::error::{Kind, Report};

/// Records a sync that has begun.
pub(super) struct Recorder<'a> {
    args: &'a Args,
    context: &'a Context<'a>,
    start: OffsetDateTime,
}

impl<'a> Recorder<'a> {
    /// Notes when the sync began. It writes nothing, so until the end the metrics are those of the sync before.
    pub(super) fn begin(args: &'a Args, context: &'a Context<'a>) -> Self {
        check_name_of_metrics(args.metrics.as_ref().filter(|_| !args.dry_run), context);
        Self {
            args,
            context,
            start: context.world.clock.now(),
        }
    }

    /// Records the end, and returns the outcome of the run. `ledger` is `None` where the sync ended before the service
    /// was asked for backups; `is_alone` says that this process holds the archive's lock.
    pub(super) fn end(
        &self,
        ledger: Option<&Ledger>,
        is_alone: bool,
        outcome: anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let report = outcome.as_ref().err().map(Report::of);
        self.record(ledger, is_alone, report.as_ref())
            .outcome(outcome, self.context)
    }

    /// Records a run that a signal ends now, while other threads wait for the network; returns the report.
    pub(super) fn interrupted(&self, ledger: Option<&Ledger>, report: Report) -> Report {
        self.record(ledger, true, Some(&report)).warn(self.context);
        report
    }

    fn record(&self, ledger: Option<&Ledger>, is_alone: bool, report: Option<&Report>) -> Unrecorded {
        let mut unrecorded = Unrecorded::default();
        if self.args.dry_run {
            return unrecorded;
        }
        let dir = &self.args.dir;
        let mut run = Run::new("sync", self.start);
        if let Some(ledger) = ledger {
            ledger.describe(&mut run, self.args);
        }
        let now = self.context.world.clock.now();
        let code = report.map_or(0, |report| report.kind.code());
        run.end(now, code, report.map(Report::line));
        if let Some(file) = &self.args.metrics {
            unrecorded.write_metrics(self.metrics(ledger, &run, now), file);
        }
        note_unrecorded(&mut run, unrecorded.lines());
        let before = unrecorded.lines().len();
        unrecorded.append_run(&run, dir, is_alone);
        if let Some(file) = self
            .args
            .metrics
            .as_ref()
            .filter(|_| before == 0 && !unrecorded.lines().is_empty())
        {
            note_unrecorded(&mut run, unrecorded.lines());
            unrecorded.write_metrics(self.metrics(ledger, &run, now), file);
        }
        unrecorded
    }

    fn metrics(&self, ledger: Option<&Ledger>, run: &Run, now: OffsetDateTime) -> Metrics {
        let terms = Terms {
            now,
            max_age: self.args.max_age.limit(),
            accepts_unverified: self.args.accept_unverified,
        };
        let archive = read::read(&self.args.dir);
        let mut metrics = archive.map_or_else(|_| Metrics::of_nothing(), |archive| Metrics::of(&archive, terms));
        // A run that failed as a whole changes nothing in the folders, so only the ledger has the new states.
        for instance in ledger.into_iter().flat_map(|ledger| &ledger.instances) {
            let archived = &instance.archived;
            metrics.set_state(&archived.region, &archived.instance, archived.judge(terms).state);
        }
        metrics.end_sync(LastSync::of(run));
        metrics
    }
}

/// Adds what could not be recorded to the failures of the run, and to its exit code where nothing else failed.
fn note_unrecorded(run: &mut Run, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    if run.code == 0 {
        run.code = Kind::Other.code();
    }
    run.failures.extend(lines.iter().cloned().map(Trouble::of_run));
}

impl Ledger {
    /// Adds to a run what it was about, what came, and what was wrong.
    fn describe(&self, run: &mut Run, args: &Args) {
        run.instances = self.instances.len();
        for instance in &self.instances {
            run.new += instance.new.len();
            run.bytes = run.bytes.saturating_add(instance.new_bytes);
            run.pruned += instance.pruned.len();
            let below = |path: &std::path::PathBuf| runs::below(&args.dir, path);
            run.folders.extend(instance.new.iter().map(below));
            run.pruned_folders.extend(instance.pruned.iter().map(below));
            let judgement = instance.archived.judge(self.terms);
            if judgement.severity != Severity::Well {
                let reason = judgement.reason.unwrap_or_default();
                run.failures.push(trouble(instance, judgement.state.name(), reason));
            } else if let Some(warning) = judgement.warning {
                run.warnings.push(trouble(instance, judgement.state.name(), warning));
            }
        }
        for (region, report) in &self.failed_regions {
            run.failures.push(Trouble {
                region: Some(region.to_string()),
                ..Trouble::of_run(result::unlisted(report))
            });
        }
        let not_found = self.not_found.iter().map(|id| Trouble {
            instance: Some(id.to_string()),
            ..Trouble::of_run("no region that was asked has it".to_owned())
        });
        run.failures.extend(not_found);
        let others = self.unreadable.iter().map(ToString::to_string);
        let others = others
            .chain(self.lost.iter().cloned())
            .chain(self.not_pruned.iter().cloned());
        run.failures.extend(others.map(Trouble::of_run));
    }
}

fn trouble(instance: &Instance, state: &str, reason: String) -> Trouble {
    Trouble {
        region: Some(instance.archived.region.to_string()),
        instance: Some(instance.archived.instance.to_string()),
        state: Some(state.to_owned()),
        reason,
    }
}
