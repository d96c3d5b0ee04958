//! Counts how often a file's requests failed in a row, and gives the waits before the next ones.

use std::time::Duration;

use crate::retry::backoff::Backoff;

/// The longest wait, even if the storage asks for a longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// After this time without a busy storage, its waits are short again.
const CALM: Duration = Duration::from_secs(30);

/// Failures in a row that brought nothing. Several connections that fail together count once.
pub(super) struct Attempts {
    max: u32,
    /// The most bytes of the file that were there. After a new start, only more than that is progress.
    furthest: u64,
    failed: u32,
    /// When the last failure was counted, on the clock's monotonic time.
    last: Option<Duration>,
    /// Whether a link was refused since the last progress.
    was_refused: bool,
    /// When the last wait for a busy storage ends, on the clock's monotonic time.
    busy_until: Option<Duration>,
    seed: u64,
    backoff: Backoff,
}

/// The next step for a file whose request failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The request is sent again after this time.
    Wait(Duration),
    /// The failure was counted with an earlier one, and waits with it.
    Together,
    /// The file is given up after this many failures in a row.
    GiveUp(u32),
}

impl Attempts {
    /// Each file has a seed of its own, so that those that failed together do not come back together.
    pub(super) fn new(max: u32, seed: u64) -> Self {
        Self {
            max,
            furthest: 0,
            failed: 0,
            last: None,
            was_refused: false,
            busy_until: None,
            seed,
            backoff: Backoff::new(seed),
        }
    }

    /// Notes how many bytes of the file are there. More than ever before end a row of failures.
    pub(super) fn has(&mut self, bytes: u64) {
        if bytes > self.furthest {
            self.furthest = bytes;
            if self.failed > 0 || self.was_refused {
                self.failed = 0;
                self.was_refused = false;
                self.begin_anew();
            }
        }
    }

    /// Notes that the file begins at its first byte with other bytes than those that it had, so that each of them is
    /// progress. A file whose object changes all the time must not do this each time: it would never be given up.
    pub(super) fn has_nothing(&mut self) {
        self.furthest = 0;
    }

    /// Whether a request has failed since the last progress.
    pub(super) fn has_failed(&self) -> bool {
        self.failed > 0
    }

    /// Notes that a link was refused. Returns whether it is the first one since the last progress.
    pub(super) fn is_first_refusal(&mut self) -> bool {
        !std::mem::replace(&mut self.was_refused, true)
    }

    /// Counts a failure of a request that was sent at `sent`. Requests that were sent before the last failure was
    /// counted failed together with it.
    pub(super) fn count(&mut self, sent: Duration, now: Duration) -> Next {
        if self.last.is_some_and(|last| sent < last) {
            return Next::Together;
        }
        self.last = Some(now);
        self.failed += 1;
        if self.failed >= self.max {
            return Next::GiveUp(self.failed);
        }
        Next::Wait(self.backoff.next(None))
    }

    /// How long to wait after the storage said at `now` that it is busy. That counts as no failure. The waits begin
    /// anew once it has not said so for a while.
    pub(super) fn busy(&mut self, asked_for: Option<Duration>, now: Duration) -> Duration {
        if self.busy_until.is_some_and(|end| now >= end + CALM) {
            self.begin_anew();
        }
        let wait = self.backoff.next(asked_for.map(|wait| wait.min(LONGEST_WAIT)));
        self.busy_until = Some(now + wait);
        wait
    }

    fn begin_anew(&mut self) {
        self.seed = self.seed.wrapping_add(1);
        self.backoff = Backoff::new(self.seed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn failures_in_a_row_are_given_up_and_those_that_brought_something_are_not_counted() {
        let mut attempts = Attempts::new(3, 7);
        assert!(matches!(attempts.count(at(0), at(1)), Next::Wait(_)));
        assert!(matches!(attempts.count(at(2), at(3)), Next::Wait(_)));
        attempts.has(10);
        assert!(matches!(attempts.count(at(4), at(5)), Next::Wait(_)));
        attempts.has(10);
        assert!(matches!(attempts.count(at(6), at(7)), Next::Wait(_)));
        assert_eq!(attempts.count(at(8), at(9)), Next::GiveUp(3));
    }

    #[test]
    fn bytes_in_place_of_those_that_were_there_are_progress() {
        let mut attempts = Attempts::new(2, 7);
        attempts.has(100);
        attempts.has_nothing();
        assert!(matches!(attempts.count(at(0), at(1)), Next::Wait(_)));
        attempts.has(10);
        assert!(matches!(attempts.count(at(2), at(3)), Next::Wait(_)));
        assert_eq!(attempts.count(at(4), at(5)), Next::GiveUp(2));
    }

    #[test]
    fn bytes_that_were_there_are_no_progress() {
        let mut attempts = Attempts::new(2, 7);
        attempts.has(100);
        assert!(matches!(attempts.count(at(0), at(1)), Next::Wait(_)));
        attempts.has(100);
        assert_eq!(attempts.count(at(2), at(3)), Next::GiveUp(2));
    }

    #[test]
    fn connections_that_fail_together_count_once() {
        let mut attempts = Attempts::new(2, 7);
        assert!(matches!(attempts.count(at(0), at(5)), Next::Wait(_)));
        assert_eq!(attempts.count(at(1), at(6)), Next::Together);
        assert_eq!(attempts.count(at(7), at(8)), Next::GiveUp(2));
    }

    #[test]
    fn a_storage_that_asks_for_a_wait_gets_it_within_bounds() {
        let mut attempts = Attempts::new(2, 7);
        assert_eq!(attempts.busy(Some(at(20)), at(0)), at(20));
        assert_eq!(attempts.busy(Some(at(9999)), at(20)), LONGEST_WAIT);
    }

    #[test]
    fn the_waits_for_a_busy_storage_begin_anew_once_it_was_not_busy_for_a_while() {
        let mut attempts = Attempts::new(2, 7);
        let mut now = Duration::ZERO;
        for _ in 0..8 {
            now += attempts.busy(None, now);
        }
        let long = attempts.busy(None, now);
        assert!(long >= at(8), "{long:?}");
        let short = attempts.busy(None, now + long + CALM);
        assert!(short <= at(1), "{short:?}");
    }
}
