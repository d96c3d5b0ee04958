//! The end of a sync as metrics and `runs.jsonl` tell it. Every end passes here: success, failure, and a signal.

use time::OffsetDateTime;

use super::night::{Instance, Night};
use super::{Args, result};
use crate::archive::metrics::{LastSync, Metrics};
use crate::archive::read;
use crate::archive::runs::{self, Run, Trouble};
use crate::archive::state::{Severity, Terms};
use crate::commands::Context;
use crate::commands::archive::told::Untold;
use crate::error::{self, Kind, Report};

/// A sync that has begun.
pub(super) struct Telling<'a> {
    args: &'a Args,
    context: &'a Context<'a>,
    start: OffsetDateTime,
}

impl<'a> Telling<'a> {
    /// Nothing is written at the start: until the run ends, what the last one told stays true.
    pub(super) fn begin(args: &'a Args, context: &'a Context<'a>) -> Self {
        Self {
            args,
            context,
            start: context.world.clock.now(),
        }
    }

    /// Tells the end, and returns what the run ends with. `night` is what is known by then, and `is_alone` says that
    /// the archive's lock is held.
    pub(super) fn end(&self, night: Option<&Night>, is_alone: bool, outcome: anyhow::Result<()>) -> anyhow::Result<()> {
        let report = outcome.as_ref().err().filter(|error| !error::is_closed_pipe(error));
        let report = report.map(Report::of);
        self.tell(night, is_alone, report.as_ref())
            .outcome(outcome, self.context)
    }

    /// Tells the end of a run that a signal ends now, while other threads wait for the network.
    pub(super) fn interrupted(&self, night: Option<&Night>, report: Report) -> Report {
        self.tell(night, true, Some(&report)).warn(self.context);
        report
    }

    fn tell(&self, night: Option<&Night>, is_alone: bool, report: Option<&Report>) -> Untold {
        let mut untold = Untold::default();
        if self.args.dry_run {
            return untold;
        }
        let dir = &self.args.dir;
        let mut run = Run::new("sync", self.start);
        if let Some(night) = night {
            night.describe(&mut run, self.args);
        }
        let now = self.context.world.clock.now();
        let code = report.map_or(0, |report| report.kind.code());
        run.end(now, code, report.map(Report::line));
        if let Some(file) = &self.args.metrics {
            untold.write(self.metrics(night, &run, now), file);
        }
        note_untold(&mut run, untold.lines());
        let before = untold.lines().len();
        untold.append(&run, dir, is_alone);
        if let Some(file) = self
            .args
            .metrics
            .as_ref()
            .filter(|_| before == 0 && !untold.lines().is_empty())
        {
            note_untold(&mut run, untold.lines());
            untold.write(self.metrics(night, &run, now), file);
        }
        untold
    }

    fn metrics(&self, night: Option<&Night>, run: &Run, now: OffsetDateTime) -> Metrics {
        let terms = Terms {
            now,
            max_age: self.args.max_age.limit(),
            accepts_unverified: self.args.accept_unverified,
        };
        let archive = read::read(&self.args.dir);
        let mut metrics = archive.map_or_else(|_| Metrics::of_nothing(), |archive| Metrics::of(&archive, terms));
        // A run that failed as a whole writes nothing into the folders, and still knows what it could not do.
        for instance in night.into_iter().flat_map(|night| &night.instances) {
            let archived = &instance.archived;
            metrics.set_state(&archived.region, &archived.instance, archived.judge(terms).state);
        }
        metrics.end_sync(LastSync::of(run));
        metrics
    }
}

/// What could not be told is a failure of the run, and decides its exit code where all else is well.
fn note_untold(run: &mut Run, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    if run.code == 0 {
        run.code = Kind::Other.code();
    }
    run.failures.extend(lines.iter().cloned().map(Trouble::of_run));
}

impl Night {
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
