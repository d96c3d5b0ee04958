//! Watches a transfer: shows its events, collects the report on each file, and ends a run that a signal has
//! interrupted.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::error::{Kind, Report, explained};
use crate::file::{FileReport, FileState};
use crate::process::signals::Signal;
use crate::process::world::Clock;
use crate::terminal::escape::visible;
use crate::terminal::human;
use crate::terminal::notes::{Detail, Notes};
use crate::terminal::progress::Progress;
use crate::transfer::{Ended, Event, Folder, Identity, Outcome, Reason, Transfer};
use crate::values::id::BaseId;

/// How long the threads have to save what they have once a signal came.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A transfer and what is known of its files.
pub(super) struct Watch<'a> {
    pub(super) transfer: Transfer,
    pub(super) progress: Progress<'a>,
    /// The node and the name of each file.
    pub(super) files: Vec<(String, String)>,
    pub(super) folder: Arc<Folder>,
    pub(super) identity: Identity,
    pub(super) clock: &'a dyn Clock,
    pub(super) notes: &'a Notes<'a>,
}

/// The report on each file, once it has ended.
type Reports = Vec<Option<FileReport>>;

impl Watch<'_> {
    /// The reports before any file has ended.
    pub(super) fn no_reports(&self) -> Reports {
        self.files.iter().map(|_| None).collect()
    }

    /// Takes the next event, if there is one within a moment.
    pub(super) fn step(&self, reports: &mut Reports) -> Result<(), Ended> {
        match self.transfer.next()? {
            Some((index, Event::Position { bytes, length })) => self.progress.position(index, bytes, length),
            Some((index, Event::Note(text))) => self.progress.note(index, &text),
            Some((index, Event::Request(text))) => {
                let line = || format!("{}: {}", visible(&self.files[index].0), visible(&text));
                self.notes.trace(Detail::Requests, line);
            }
            Some((index, Event::Done(outcome))) => {
                if let Some(warning) = &outcome.warning {
                    let path = outcome.path.display();
                    self.notes.warn(format_args!("{path}: {}", explained(warning)));
                }
                self.progress.end(index, outcome.state.name());
                reports[index] = Some(report(&self.files[index].0, *outcome));
            }
            None => self.progress.tick(),
        }
        Ok(())
    }

    /// Takes what the threads still report after a signal. What is drawn is erased at once, so that a
    /// second Ctrl-C leaves nothing of it.
    pub(super) fn last_words(&self, reports: &mut Reports) {
        self.progress.close();
        let start = self.clock.monotonic();
        while self.clock.monotonic().saturating_sub(start) < LAST_WORDS {
            if self.step(reports).is_err() {
                break;
            }
        }
    }

    /// The results for all files. `signal` is the one that asked the run to end, if one did.
    ///
    /// # Errors
    /// Where a file has no report though no signal came.
    pub(super) fn fetched(&self, reports: Reports, signal: Option<Signal>) -> anyhow::Result<Fetched> {
        self.progress.close();
        let is_complete = |report: &Option<FileReport>| {
            let state = report.as_ref().map(FileReport::state);
            state.is_some_and(|state| state != FileState::Incomplete)
        };
        let interrupted_by = signal.filter(|_| !reports.iter().all(is_complete));
        let lengths = (0..reports.len()).map(|index| self.progress.length_of(index)).collect();
        let reports = reports.into_iter().enumerate().map(|(index, report)| {
            report
                .or_else(|| interrupted_by.map(|_| self.unreported(index)))
                .context("the transfer ended without a result for one of its files")
        });
        Ok(Fetched {
            reports: reports.collect::<Result<_, _>>()?,
            lengths,
            length: self.progress.length(),
            interrupted_by,
        })
    }

    /// Says at the end what was done: how many files and bytes, and how fast they came.
    pub(super) fn say_what_came(&self, reports: &Reports, started: Duration) {
        let good = reports.iter().flatten().filter(|report| report.state().is_good());
        let (mut files, mut size) = (0, 0_u64);
        for report in good {
            files += 1;
            size = size.saturating_add(report.bytes());
        }
        let (received, connections) = self.transfer.received();
        let files = match files {
            1 => "1 file".to_owned(),
            files => format!("{files} files"),
        };
        let size = human::size(size);
        if received == 0 {
            if reports.iter().flatten().all(|report| report.state().is_good()) {
                self.notes.note(format_args!("already here: {files}, {size}"));
            }
            return;
        }
        let time = self.clock.monotonic().saturating_sub(started).as_secs_f64();
        let rate = rate(received, time);
        let connections = match connections {
            1 => "1 connection".to_owned(),
            connections => format!("{connections} connections"),
        };
        let received = human::size(received);
        self.notes.note(format_args!(
            "{files} whole, {size}; {received} came in {time:.1} s ({rate}) over {connections}"
        ));
    }

    /// The report on a file whose thread still waits for the network. What the thread has written stays.
    fn unreported(&self, index: usize) -> FileReport {
        let (node, name) = &self.files[index];
        let bytes = self.folder.bytes_of(name, &self.identity, node);
        let reason = Some(explained(&Reason::Interrupted));
        let begun_with = self.progress.begun_with(index);
        FileReport::new(self.folder.part(name), bytes, FileState::Incomplete, reason).fetched(node, None, begun_with)
    }
}

/// The results for all files.
pub(super) struct Fetched {
    pub(super) reports: Vec<FileReport>,
    /// The length of each whole file in bytes, where it is known.
    pub(super) lengths: Vec<Option<u64>>,
    /// The length of all files together.
    length: Option<u64>,
    /// The signal that ended the run before all files were fetched.
    pub(super) interrupted_by: Option<Signal>,
}

impl Fetched {
    /// The error of a run that a signal ended: how far it came, and how to go on.
    pub(super) fn interruption(&self, signal: Signal, base_id: &BaseId) -> Report {
        let kept = self.reports.iter().map(FileReport::bytes).fold(0, u64::saturating_add);
        let (at, whole) = match self.length.filter(|length| *length > 0) {
            Some(length) => (
                format!(" at {} %", human::percent(kept, length)),
                format!(" of {}", human::size(length)),
            ),
            None => (String::new(), String::new()),
        };
        let message = format!("interrupted{at}: {}{whole} are kept", human::size(kept));
        let hint = format!("run this again with --base-id {base_id} to go on");
        Report::with_hint(Kind::Interrupted(signal), message, hint)
    }
}

/// How fast so many bytes came in so many seconds.
fn rate(bytes: u64, seconds: f64) -> String {
    format!("{}/s", human::size((bytes as f64 / seconds.max(0.001)) as u64))
}

/// The report on the file of a node.
fn report(node: &str, outcome: Outcome) -> FileReport {
    let reason = outcome.reason.as_ref().map(explained);
    FileReport::new(outcome.path, outcome.bytes, outcome.state, reason)
        .fetched(node, outcome.sha256, outcome.resumed_from)
        .with_contents(outcome.rdb.map(|rdb| *rdb), outcome.advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_whole_time() {
        assert_eq!(rate(6 << 20, 4.0), "1.5 MiB/s");
        assert_eq!(rate(1 << 20, 0.0), "1000 MiB/s");
    }
}
