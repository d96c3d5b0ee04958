//! `--limit-rate`: limits the bytes a second over all connections.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// After a time without bytes, at most the bytes of this time are made up for.
const BURST: Duration = Duration::from_millis(100);

/// The limit of a transfer. All connections share it.
#[derive(Debug)]
pub(super) struct Limit {
    /// In bytes a second.
    rate: Option<u64>,
    /// When the bytes that were taken are used up at this rate, on the clock's monotonic time.
    until: Mutex<Duration>,
}

impl Limit {
    /// A limit of `rate` bytes a second; no limit if it is `None`.
    pub(super) fn new(rate: Option<u64>) -> Self {
        Self {
            rate,
            until: Mutex::default(),
        }
    }

    /// The most bytes to take at a time, up to `most`: those of a fortieth of a second, so that they come evenly.
    pub(super) fn chunk(&self, most: usize) -> usize {
        let even = self.rate.map_or(u64::MAX, |rate| rate / 40);
        usize::try_from(even).unwrap_or(most).clamp(1, most)
    }

    /// Notes that bytes were taken. Returns how long to wait before more are taken.
    pub(super) fn took(&self, bytes: usize, now: Duration) -> Duration {
        let Some(rate) = self.rate else {
            return Duration::ZERO;
        };
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let time = Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
        *until = (*until).max(now.saturating_sub(BURST)) + time;
        until.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_holds_over_ten_seconds_whoever_takes() {
        let limit = Limit::new(Some(1_000_000));
        let (mut now, mut bytes) = (Duration::from_secs(5), 0);
        let end = now + Duration::from_secs(10);
        while now < end {
            let chunk = limit.chunk(256 * 1024);
            bytes += chunk;
            now += limit.took(chunk, now);
        }
        assert!((9_700_000..=10_300_000).contains(&bytes), "{bytes}");
    }

    #[test]
    fn bytes_come_evenly_and_not_one_by_one() {
        let rate = 1_000_000;
        let in_a_second = rate / Limit::new(Some(rate)).chunk(usize::MAX) as u64;
        assert!((10..=1000).contains(&in_a_second), "{in_a_second}");
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let limit = Limit::new(None);
        assert_eq!(limit.took(usize::MAX, Duration::ZERO), Duration::ZERO);
        assert_eq!(limit.chunk(7), 7);
    }
}
