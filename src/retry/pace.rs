//! The rate at which the calls of a run are sent to the service, over all threads.
//!
//! Source: the service documents about 1,000 calls a minute for most products, and no `Retry-After`. A run may begin
//! with a burst of calls and has a fixed rate after it. Both together would allow 1,400 calls in the first minute, so
//! the calls of each minute are limited, too.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::process::world::Clock;

/// How many calls may be sent at once at the beginning.
const BURST: u32 = 500;
/// How many calls a second may be sent after that.
const RATE: f64 = 15.0;
/// The most calls in a minute, and how long a minute is here: 61 seconds, since some calls take longer to arrive than
/// others.
const A_MINUTE: (usize, Duration) = (1000, Duration::from_secs(61));
/// The least rate, whatever the service says.
const LEAST_RATE: f64 = 1.0;
const LEAST_WAIT: Duration = Duration::from_millis(1);
/// How long a thread waits at most before it looks whether the run was stopped.
const LOOK: Duration = Duration::from_millis(100);

/// The rate of a run's calls.
pub(crate) struct Pace {
    clock: Arc<dyn Clock>,
    /// Raised when the run is to end; every wait then ends.
    stop: Arc<AtomicBool>,
    state: Mutex<State>,
}

/// All times are those of the clock's monotonic time.
struct State {
    /// How many calls may be sent now.
    tokens: f64,
    /// Calls a second.
    rate: f64,
    /// When the tokens were counted.
    counted: Duration,
    /// When the calls of the last minute were sent.
    sent: VecDeque<Duration>,
    /// The end of the pause that the service asked for; no call is sent before it.
    pause_until: Duration,
    /// When the rate was halved last.
    halved: Option<Duration>,
    /// When a call was answered last.
    progress: Duration,
}

impl Pace {
    pub(crate) fn new(clock: Arc<dyn Clock>, stop: Arc<AtomicBool>) -> Self {
        let now = clock.monotonic();
        Self {
            clock,
            stop,
            state: Mutex::new(State {
                tokens: BURST.into(),
                rate: RATE,
                counted: now,
                sent: VecDeque::new(),
                pause_until: now,
                halved: None,
                progress: now,
            }),
        }
    }

    /// Waits until the next call may be sent, or the run is stopped.
    pub(crate) fn wait(&self) {
        while let Some(wait) = self.take() {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            self.clock.sleep(wait.min(LOOK));
        }
    }

    /// Takes a call from the budget: `None` if it may be sent now, else how long to wait before asking
    /// again.
    fn take(&self) -> Option<Duration> {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        state.count(now);
        if now < state.pause_until {
            return Some(state.pause_until - now);
        }
        if let Some(wait) = state.minute_is_full(now) {
            return Some(wait);
        }
        if state.tokens >= 1.0 {
            state.tokens -= 1.0;
            state.sent.push_back(now);
            return None;
        }
        // A wait that rounds to zero would make the caller loop without sleeping.
        Some(Duration::from_secs_f64((1.0 - state.tokens) / state.rate).max(LEAST_WAIT))
    }

    /// Whether the run was stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Notes that a call was answered.
    pub(crate) fn note_progress(&self) {
        self.lock().progress = self.clock.monotonic();
    }

    /// The time since a call of the run was last answered, or since its beginning.
    pub(crate) fn since_progress(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.lock().progress)
    }

    /// Halves the rate of all calls after the service refused one because there were too many (429). The refused call
    /// was sent at `sent`: if the rate was halved since, it stays, so that calls that were sent together halve it
    /// once.
    pub(crate) fn slow_down(&self, sent: Duration, retry_after: Option<Duration>) {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        state.count(now);
        if state.halved.is_none_or(|halved| sent >= halved) {
            state.halved = Some(now);
            state.rate = (state.rate / 2.0).max(LEAST_RATE);
            state.tokens = 0.0;
        }
        let pause = retry_after.unwrap_or_default();
        state.pause_until = state.pause_until.max(now.saturating_add(pause));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked here leaves at worst a count that is one call off.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// How long to wait if the last minute has had as many calls as it may have; `None` if it has not.
    fn minute_is_full(&mut self, now: Duration) -> Option<Duration> {
        let (most, minute) = A_MINUTE;
        while self
            .sent
            .front()
            .is_some_and(|first| now.saturating_sub(*first) >= minute)
        {
            self.sent.pop_front();
        }
        let first = self.sent.front().filter(|_| self.sent.len() >= most)?;
        Some((*first + minute).saturating_sub(now))
    }

    /// Adds the tokens for the time since the last count. Apart from the burst at the beginning, at most a
    /// second's worth is saved up.
    fn count(&mut self, now: Duration) {
        let brought = now.saturating_sub(self.counted).as_secs_f64() * self.rate;
        self.counted = now;
        if self.tokens < self.rate {
            self.tokens = (self.tokens + brought).min(self.rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::hand::Hand;

    fn pace() -> (Arc<Hand>, Pace) {
        let clock = Arc::new(Hand::default());
        (Arc::clone(&clock), Pace::new(clock, Arc::default()))
    }

    fn seconds_for(calls: usize, pace: &Pace, clock: &Hand) -> f64 {
        let start = clock.monotonic();
        (0..calls).for_each(|_| pace.wait());
        (clock.monotonic() - start).as_secs_f64()
    }

    #[test]
    fn a_burst_goes_at_once_and_then_fifteen_a_second() {
        let (clock, pace) = pace();
        assert_eq!(seconds_for(500, &pace, &clock), 0.0);
        let took = seconds_for(300, &pace, &clock);
        assert!((19.5..=20.5).contains(&took), "{took}");
    }

    #[test]
    fn no_minute_has_more_than_a_thousand_calls() {
        let (clock, pace) = pace();
        let sent: Vec<Duration> = (0..2500)
            .map(|_| {
                pace.wait();
                clock.monotonic()
            })
            .collect();
        for from in &sent {
            let minute = *from..*from + Duration::from_secs(60);
            assert!(sent.iter().filter(|at| minute.contains(*at)).count() <= 1000);
        }
    }

    #[test]
    fn refusals_of_calls_that_were_sent_together_halve_the_rate_once() {
        let (clock, pace) = pace();
        clock.sleep(Duration::from_secs(1));
        let sent = clock.monotonic();
        clock.sleep(Duration::from_millis(50));
        (0..10).for_each(|_| pace.slow_down(sent, None));
        let took = seconds_for(75, &pace, &clock);
        assert!(
            (9.5..=10.5).contains(&took),
            "the burst is over, and 7.5 a second are left: {took}"
        );
        pace.slow_down(clock.monotonic(), Some(Duration::from_secs(20)));
        let took = seconds_for(1, &pace, &clock);
        assert!((20.0..20.5).contains(&took), "{took}");
        (0..20).for_each(|_| pace.slow_down(clock.monotonic(), None));
        let took = seconds_for(10, &pace, &clock);
        assert!(took <= 10.5, "one a second at least: {took}");
    }

    #[test]
    fn the_time_since_the_last_answer_begins_anew_with_each() {
        let (clock, pace) = pace();
        clock.sleep(Duration::from_secs(5));
        assert_eq!(pace.since_progress(), Duration::from_secs(5));
        pace.note_progress();
        clock.sleep(Duration::from_secs(2));
        assert_eq!(pace.since_progress(), Duration::from_secs(2));
    }

    #[test]
    fn waiting_ends_once_the_run_is_stopped() {
        let (clock, pace) = pace();
        pace.slow_down(Duration::ZERO, Some(Duration::from_secs(3600)));
        assert!(!pace.is_stopped());
        pace.stop.store(true, Ordering::Relaxed);
        assert!(pace.is_stopped());
        assert_eq!(seconds_for(1, &pace, &clock), 0.0);
    }
}
