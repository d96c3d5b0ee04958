//! The rate of incoming bytes over the last seconds.

use std::collections::VecDeque;
use std::time::Duration;

/// The time over which the rate is averaged.
const WINDOW: Duration = Duration::from_secs(10);
/// The least time between two samples.
const SPACING: Duration = Duration::from_secs(1);
/// The least time to average over; a shorter one gives no useful rate.
const LEAST: Duration = Duration::from_millis(200);

/// Samples of a number of bytes with their times, all on one monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Rate {
    samples: VecDeque<(Duration, u64)>,
}

impl Rate {
    /// Notes how many bytes there are. Counting begins at the first sample.
    pub(super) fn sample(&mut self, now: Duration, bytes: u64) {
        // A smaller number than before, as when a file starts again, begins a new count.
        if self.samples.back().is_some_and(|(_, before)| bytes < *before) {
            self.samples.clear();
        }
        let is_due = |(last, _): &(Duration, u64)| now.saturating_sub(*last) >= SPACING;
        if self.samples.back().is_none_or(is_due) {
            self.samples.push_back((now, bytes));
        }
        while self.samples.len() > 2 && now.saturating_sub(self.samples[1].0) >= WINDOW {
            self.samples.pop_front();
        }
    }

    /// Bytes a second, given how many bytes there are now; `None` while the samples span too little time.
    pub(super) fn at(&self, now: Duration, bytes: u64) -> Option<u64> {
        let (start, before) = *self.samples.front()?;
        let took = now.saturating_sub(start);
        let came = bytes.saturating_sub(before);
        (took >= LEAST).then(|| (came as f64 / took.as_secs_f64()) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut rate = Rate::default();
        assert_eq!(rate.at(seconds(1), 0), None);
        // Bytes that were there at first do not count as incoming.
        for second in 0..=60 {
            rate.sample(seconds(second), 5000 + 1000 * second);
        }
        assert_eq!(rate.at(seconds(60), 65_000), Some(1000));
        // No more bytes come in.
        for second in 61..=80 {
            rate.sample(seconds(second), 65_000);
        }
        assert_eq!(rate.at(seconds(80), 65_000), Some(0));
        // All that came in the last second counts for ten.
        rate.sample(seconds(81), 75_000);
        assert_eq!(rate.at(seconds(81), 75_000), Some(1000));
    }

    #[test]
    fn bytes_that_are_taken_back_begin_a_new_count() {
        let mut rate = Rate::default();
        rate.sample(seconds(0), 1000);
        rate.sample(seconds(1), 9000);
        rate.sample(seconds(2), 0);
        assert_eq!(rate.at(seconds(2), 0), None);
        assert_eq!(rate.at(seconds(4), 500), Some(250));
    }
}
