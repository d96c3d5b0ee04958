//! Prints a line for each figure as soon as it is known, in 100 columns.

use std::io::{self, StdoutLock, Write};

/// Prints figures.
pub(crate) struct Report<'a> {
    out: StdoutLock<'a>,
}

/// The unit of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Seconds,
    Bytes,
    BytesPerSecond,
    Times,
    Count,
}

/// A target.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    fn verdict(self, value: f64) -> String {
        let excess = match self {
            Self::AtMost(limit) => value / limit,
            Self::AtLeast(limit) => limit / value,
        };
        if excess <= 1.0 {
            "reached".to_owned()
        } else {
            format!("MISSED by {:.1} %", (excess - 1.0) * 100.0)
        }
    }

    fn show(self, unit: Unit) -> String {
        match self {
            Self::AtMost(limit) => format!("≤ {}", unit.show(limit)),
            Self::AtLeast(limit) => format!("≥ {}", unit.show(limit)),
        }
    }
}

impl Unit {
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Seconds if value >= 1.0 => format!("{value:.2} s"),
            Self::Seconds => format!("{:.2} ms", value * 1000.0),
            Self::Bytes => format!("{:.2} MiB", value / 1024.0 / 1024.0),
            Self::BytesPerSecond => format!("{:.2} GB/s", value / 1e9),
            Self::Times => format!("{value:.3} ×"),
            Self::Count => value.to_string(),
        }
    }
}

impl<'a> Report<'a> {
    pub(crate) fn new(out: StdoutLock<'a>) -> Self {
        Self { out }
    }

    /// A fact about the figures that follow.
    pub(crate) fn fact(&mut self, name: &str, fact: &str) -> io::Result<()> {
        writeln!(self.out, "{name:<12}{fact}")
    }

    /// The heading of a scenario's figures.
    pub(crate) fn section(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.out, "\n{title}")?;
        self.line("FIGURE", "MEASURED", "TARGET", "VERDICT")
    }

    /// A figure without a target.
    pub(crate) fn figure(&mut self, label: &str, unit: Unit, value: f64, remark: &str) -> io::Result<()> {
        self.line(label, &unit.show(value), "", remark)
    }

    /// A figure with its target.
    pub(crate) fn held_to(&mut self, label: &str, unit: Unit, value: f64, target: Target) -> io::Result<()> {
        self.line(label, &unit.show(value), &target.show(unit), &target.verdict(value))
    }

    /// The reason why a figure is missing.
    pub(crate) fn not_measured(&mut self, label: &str, reason: &str) -> io::Result<()> {
        self.line(label, "-", "", &format!("not measured: {reason}"))
    }

    fn line(&mut self, label: &str, measured: &str, target: &str, verdict: &str) -> io::Result<()> {
        let line = format!("  {label:<36}{measured:>12}  {target:<13}{verdict}");
        writeln!(self.out, "{}", line.trim_end())
    }
}
