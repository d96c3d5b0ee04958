//! Polling: the waits between two looks at the service, with a status line, until what is watched has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::commands::{Context, TICK};
use crate::terminal::human;
use crate::terminal::status_line::StatusLine;

/// The waits between looks grow from the first to the longest.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const GROWTH: f64 = 1.5;
/// How long a look may take even where the wait is over by then.
const LAST_LOOK: Duration = Duration::from_secs(5);

/// The wait after one of this length.
pub(super) fn longer(pause: Duration) -> Duration {
    pause.mul_f64(GROWTH).min(LONGEST_PAUSE)
}

/// A wait of limited time, which a signal ends early.
pub(super) struct Polling<'a> {
    context: &'a Context<'a>,
    line: StatusLine<'a>,
    /// Raised when the user wants it to end.
    pub(super) stop: Arc<AtomicBool>,
    /// On the world's monotonic clock.
    start: Duration,
    limit: Duration,
}

impl<'a> Polling<'a> {
    /// Starts the time.
    pub(super) fn new(context: &'a Context<'a>, stop: Arc<AtomicBool>, limit: Duration) -> Self {
        Self {
            context,
            line: StatusLine::new(context.notes),
            stop,
            start: context.world.clock.monotonic(),
            limit,
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.context.world.clock.monotonic().saturating_sub(self.start)
    }

    pub(super) fn elapsed_text(&self) -> String {
        human::duration(self.elapsed().as_secs())
    }

    /// The time that is left.
    pub(super) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.elapsed())
    }

    /// How long a look may take.
    pub(super) fn look_limit(&self) -> Duration {
        self.left().max(LAST_LOOK)
    }

    /// Shows a text without control characters, and for how long the wait has gone on.
    pub(super) fn show(&self, text: &str) {
        self.line.show(format!("{text} for {}", self.elapsed_text()));
    }

    /// Erases the status line.
    pub(super) fn clear(&self) {
        self.line.clear();
    }

    /// Waits for so long, with this text on the status line. False if a signal ended it.
    pub(super) fn pause(&self, duration: Duration, text: &str) -> bool {
        let end = self.elapsed() + duration;
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            let left = end.saturating_sub(self.elapsed());
            if left.is_zero() {
                return true;
            }
            self.show(text);
            self.context.world.clock.sleep(left.min(TICK));
        }
    }
}
