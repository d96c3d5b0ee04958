//! How fast something comes in, over the last seconds.

use std::collections::VecDeque;
use std::time::Duration;

/// The time that the rate is a mean of.
const WINDOW: Duration = Duration::from_secs(10);
/// The least time between two samples.
const SPACING: Duration = Duration::from_secs(1);
/// Over less time than this, a rate would say nothing.
const LEAST: Duration = Duration::from_millis(200);

/// Samples of how many bytes there were, and when. Times are those of one monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Rate {
    samples: VecDeque<(Duration, u64)>,
}

impl Rate {
    /// Notes how many bytes there are. The first sample is where counting begins.
    pub(super) fn sample(&mut self, now: Duration, bytes: u64) {
        // Bytes that are taken back, as when a file starts again, begin a new count.
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

    /// Bytes a second, given how many there are now; `None` while there is too little to tell by.
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
        // What was there at first did not come in.
        for second in 0..=60 {
            rate.sample(seconds(second), 5000 + 1000 * second);
        }
        assert_eq!(rate.at(seconds(60), 65_000), Some(1000));
        // Nothing comes any more.
        for second in 61..=80 {
            rate.sample(seconds(second), 65_000);
        }
        assert_eq!(rate.at(seconds(80), 65_000), Some(0));
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
