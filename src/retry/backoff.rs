//! How long to wait before a request is sent again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// The first wait; each one after it is twice as long, up to [`LONGEST`]. A random part of up to the same
/// length is added to each, so that many clients that failed together do not come back together.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(8);

/// The waits between attempts.
pub(crate) struct Backoff(ExponentialBackoff);

impl Backoff {
    /// The same seed gives the same waits; each operation takes a random one.
    pub(crate) fn new(seed: u64) -> Self {
        Self(
            ExponentialBuilder::default()
                .with_min_delay(FIRST)
                .with_max_delay(LONGEST)
                .with_factor(2.0)
                .with_jitter()
                .with_jitter_seed(seed)
                .without_max_times()
                .build(),
        )
    }

    /// The next wait, at least as long as `asked_for`, the wait that the other side asks for.
    pub(crate) fn next(&mut self, asked_for: Option<Duration>) -> Duration {
        let own = self.0.next().unwrap_or(LONGEST);
        own.max(asked_for.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_within_bounds_and_respect_retry_after() {
        let mut backoff = Backoff::new(7);
        for power in 0..5 {
            let wait = backoff.next(None);
            let least = FIRST * 2_u32.pow(power);
            assert!((least..=least * 2).contains(&wait), "{power}: {wait:?}");
        }
        for _ in 0..10 {
            assert!(backoff.next(None) <= LONGEST * 2);
        }
        assert_eq!(backoff.next(Some(Duration::from_secs(60))), Duration::from_secs(60));
    }

    #[test]
    fn two_clients_do_not_wait_alike() {
        assert_ne!(Backoff::new(1).next(None), Backoff::new(2).next(None));
    }
}
