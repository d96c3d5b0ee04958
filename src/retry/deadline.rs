//! The moment by which something must have been done.

use std::time::Duration;

use crate::process::world::Clock;

/// A moment on the monotonic clock of a [`World`](crate::World). It is passed along as a value, so that each call
/// states its own limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Duration);

impl Deadline {
    /// The moment when this time, from now on, is over. [`Duration::MAX`] never is.
    pub(crate) fn after(time: Duration, clock: &dyn Clock) -> Self {
        Self(clock.monotonic().saturating_add(time))
    }

    /// The time until the deadline; zero once it has passed.
    pub(crate) fn left(self, clock: &dyn Clock) -> Duration {
        self.0.saturating_sub(clock.monotonic())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::hand::Hand;

    #[test]
    fn the_time_left_shrinks_to_zero_and_stays_there() {
        let clock = Hand::at(Duration::from_secs(7));
        let deadline = Deadline::after(Duration::from_secs(3), &clock);
        assert_eq!(deadline.left(&clock), Duration::from_secs(3));
        clock.sleep(Duration::from_secs(2));
        assert_eq!(deadline.left(&clock), Duration::from_secs(1));
        clock.sleep(Duration::from_secs(2));
        assert_eq!(deadline.left(&clock), Duration::ZERO);
        let never = Deadline::after(Duration::MAX, &clock);
        assert!(never > deadline && never.left(&clock) > Duration::from_secs(u64::MAX - 60));
    }
}
