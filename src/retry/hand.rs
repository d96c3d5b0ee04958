//! A clock for tests.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use crate::process::world::Clock;

/// A clock that only sleeping moves. Its wall clock stands still.
#[derive(Default)]
pub(crate) struct Hand(Mutex<Duration>);

impl Hand {
    /// A clock that has this monotonic time.
    pub(crate) fn at(time: Duration) -> Self {
        Self(Mutex::new(time))
    }
}

impl Clock for Hand {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, duration: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += duration;
    }
}
