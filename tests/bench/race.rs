//! Contestants against each other. They take turns, so that other work on the machine slows all of them
//! alike.

use std::time::Duration;

use anyhow::Result;

use crate::contestant::Contestant;
use crate::memory;
use crate::report::{Report, Target, Unit};

/// The usual number of rounds that are not counted, because they fill the caches for the later ones.
pub(crate) const WARM_UPS: usize = 10;
/// The number of runs whose highest peak memory is reported. It varies by a few pages.
const MEMORY_RUNS: usize = 5;
/// The limit of jdredis's memory where it fetches little, in bytes.
pub(crate) const MEMORY_TARGET: f64 = 6.0 * 1024.0 * 1024.0;

/// The name and the targets of a race.
pub(crate) struct Race<'a> {
    pub(crate) name: &'a str,
    pub(crate) rounds: usize,
    /// The longest that the first contestant may take, in seconds.
    pub(crate) time_target: Option<f64>,
    /// How many bytes each contestant fetches, where processor time a GiB is of interest.
    pub(crate) fetched: Option<u64>,
    /// Rounds that are not counted, at most as many as those that are.
    pub(crate) warm_ups: usize,
    /// The largest permitted ratio of the first contestant's time to that of another, by the other's name.
    pub(crate) targets: &'a [(&'static str, f64)],
    /// The memory that the first contestant may take, in bytes.
    pub(crate) memory_target: f64,
}

/// One contestant's times, shortest first.
struct Times(Vec<Duration>);

impl Times {
    fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that this percentage of the runs did not exceed.
    fn percentile(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let index = (last * percent).div_ceil(100);
        self.0.get(index).map_or(f64::NAN, Duration::as_secs_f64)
    }

    fn median(&self) -> f64 {
        self.percentile(50)
    }

    fn spread(&self) -> String {
        format!(
            "p10 {}, p90 {}",
            Unit::Seconds.show(self.percentile(10)),
            Unit::Seconds.show(self.percentile(90))
        )
    }
}

impl Race<'_> {
    /// Runs it, and reports every contestant's time and memory, those of the first with their targets.
    pub(crate) fn run(&self, contestants: &mut [Contestant], report: &mut Report<'_>) -> Result<()> {
        self.run_for_time(contestants, report).map(drop)
    }

    /// As [`run`](Self::run); the first contestant's median time in seconds.
    pub(crate) fn run_for_time(&self, contestants: &mut [Contestant], report: &mut Report<'_>) -> Result<f64> {
        let times = self.times(contestants)?;
        let named = || contestants.iter().zip(&times);
        for (contestant, times) in named() {
            report.figure(
                &self.label(contestant.name, "wall"),
                Unit::Seconds,
                times.median(),
                &times.spread(),
            )?;
        }
        if let Some(limit) = self.time_target {
            let label = self.label(contestants[0].name, "wall, in all");
            report.held_to(&label, Unit::Seconds, times[0].median(), Target::AtMost(limit))?;
        }
        for (other, target) in self.targets {
            let label = format!("{}: {} / {other}, wall", self.name, contestants[0].name);
            let target = Target::AtMost(*target);
            match named().find(|(contestant, _)| contestant.name == *other) {
                Some((_, times_of_other)) => {
                    let ratio = times[0].median() / times_of_other.median();
                    report.held_to(&label, Unit::Times, ratio, target)?;
                }
                None => report.not_measured(&label, &format!("no {other} here"))?,
            }
        }
        self.report_memory(contestants, report)?;
        Ok(times[0].median())
    }

    fn times(&self, contestants: &mut [Contestant]) -> Result<Vec<Times>> {
        let mut times = vec![Vec::with_capacity(self.rounds); contestants.len()];
        let warm_up_rounds = self.warm_ups.min(self.rounds);
        for round in 0..warm_up_rounds + self.rounds {
            let mut turns: Vec<usize> = (0..contestants.len()).collect();
            // The order rotates, so that no contestant always runs after the same other one.
            if round % 2 == 1 {
                turns.reverse();
            }
            for turn in turns {
                let took = contestants[turn].time()?;
                if round >= warm_up_rounds {
                    times[turn].push(took);
                }
            }
        }
        Ok(times.into_iter().map(Times::new).collect())
    }

    fn report_memory(&self, contestants: &[Contestant], report: &mut Report<'_>) -> Result<()> {
        for (i, contestant) in contestants.iter().enumerate() {
            let label = self.label(contestant.name, "peak memory");
            // A run that takes long is measured once: its memory does not vary either.
            let runs = if self.warm_ups < WARM_UPS { 1 } else { MEMORY_RUNS };
            let peak = memory::peak(contestant, runs)?;
            if let (Some(bytes), Some(peak)) = (self.fetched, &peak) {
                let label = self.label(contestant.name, "processor time a GiB");
                let gib = bytes as f64 / f64::from(1 << 30);
                report.figure(&label, Unit::Seconds, peak.processor / gib, "")?;
            }
            match peak {
                Some(peak) if i == 0 => {
                    report.held_to(&label, Unit::Bytes, peak.bytes, Target::AtMost(self.memory_target))?;
                }
                Some(peak) => {
                    let remark = if peak.is_bound { "or less" } else { "" };
                    report.figure(&label, Unit::Bytes, peak.bytes, remark)?;
                }
                None => report.not_measured(&label, "needs Linux")?,
            }
        }
        Ok(())
    }

    fn label(&self, contestant: &str, what: &str) -> String {
        format!("{}: {contestant}, {what}", self.name)
    }
}
