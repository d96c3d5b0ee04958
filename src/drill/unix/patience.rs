//! When a server that makes no progress is given up.

use std::time::Duration;

/// Since when a server has made no progress. The times are those of one monotonic clock.
pub(super) struct Patience {
    limit: Duration,
    /// How many bytes of the file were loaded when it was last asked.
    loaded: Option<u64>,
    since: Duration,
}

impl Patience {
    /// It is over once there was no progress for longer than `limit`.
    pub(super) fn new(limit: Duration, now: Duration) -> Self {
        Self {
            limit,
            loaded: None,
            since: now,
        }
    }

    /// Takes how many bytes are loaded now; another number than before is progress.
    pub(super) fn take(&mut self, loaded: Option<u64>, now: Duration) {
        if self.loaded != loaded {
            self.loaded = loaded;
            self.since = now;
        }
    }

    pub(super) fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) > self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_progress_puts_the_end_off() {
        let at = Duration::from_secs;
        let mut patience = Patience::new(at(10), at(100));
        assert!(!patience.is_over(at(109)));
        assert!(patience.is_over(at(111)));
        patience.take(Some(7), at(105));
        assert!(!patience.is_over(at(114)), "some bytes were loaded");
        patience.take(Some(7), at(113));
        assert!(patience.is_over(at(116)), "no more bytes were loaded");
        patience.take(Some(8), at(114));
        assert!(!patience.is_over(at(123)));
    }
}
