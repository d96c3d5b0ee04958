//! How many connections are open at once, how large pieces are, and how far ahead they start.
//!
//! Connections are added while each of them brings bytes and the machine itself waits for bytes. Some are taken
//! back where fewer bring as much. A storage that says there are too many (429, 503, SlowDown) sets a limit.
//! Pieces grow until the wait for a first byte is a twentieth of the time that a piece takes.

use std::time::Duration;

/// The smallest pieces of an object have its length divided by `SMALLEST_SHARE`, within these bounds in bytes.
const SMALLEST_SHARE: u64 = 512;
const SMALLEST_PIECE: (u64, u64) = (2 << 20, 8 << 20);
/// The most bytes that a piece has.
const LARGEST_PIECE: u64 = 64 << 20;
/// A power cut loses what came beyond the frontier, and so does SIGKILL on a system that does not tell its boots
/// apart. So no piece starts further beyond it than `WINDOW` pieces for each
/// connection, nor than the object's length divided by `WINDOW_SHARE`; but there is always room for one piece for
/// each connection.
const WINDOW: u64 = 2;
const WINDOW_SHARE: u64 = 6;
/// A piece is to take this many times as long as the wait for its first byte.
const TIMES_THE_WAIT: f64 = 20.0;
/// What one connection is taken to bring until that is measured, in bytes a second: what was seen over
/// long paths.
const USUAL_RATE: f64 = 20e6;
/// The most that one connection is taken to bring when the size of a piece is computed, in bytes a second.
const FASTEST: f64 = 100e6;
/// A wait for a first byte that is longer than this is long. Each step then costs such a wait, so steps are larger.
const LATE: Duration = Duration::from_millis(25);
/// The machine counts as waiting for bytes if reads take more than this many times as long as the work on what was
/// read. The factor is not 1, since a read takes a while also where the bytes are there: the system copies them.
const MUCH_LONGER: u32 = 4;
/// How long connections are watched before more are added.
const STEP: Duration = Duration::from_millis(10);
/// How long all connections are watched before a trial of fewer, and how long that trial takes.
const SETTLED: Duration = Duration::from_secs(4);
const TRIAL: Duration = Duration::from_secs(1);
/// The time between two trials.
const BETWEEN_TRIALS: Duration = Duration::from_secs(60);
/// How long a limit that the storage has set is kept before one more connection is tried.
const LIMIT_KEPT: Duration = Duration::from_secs(30);

/// The number of connections of a run, over all files. Moments are on the clock's monotonic time.
#[derive(Debug)]
pub(super) struct Pace {
    /// The most connections that are ever open.
    most: usize,
    /// The number of connections that worked when the storage said that there are too many, or that brought as
    /// much as more did in a trial, and since when it is the limit.
    limit: Option<(usize, Duration)>,
    /// How many connections may be open now.
    allowed: usize,
    /// When `allowed` was last changed, and how many bytes the run had by then.
    since: (Duration, u64),
    /// How long reads took since then, and how long the work on what was read.
    idle: Duration,
    busy: Duration,
    trial: Option<Trial>,
    /// When the next trial may begin.
    next_trial: Duration,
    /// How long the head of an answer takes to come, in seconds: a mean in which later ones weigh more.
    wait: Option<f64>,
    /// What one connection brings, in bytes a second: a mean in which later ones weigh more.
    rate: Option<f64>,
}

/// A trial of fewer connections, to see whether they bring as much.
#[derive(Debug)]
struct Trial {
    /// The number of connections before it.
    before: usize,
    /// What they brought together, in bytes a second.
    rate_before: f64,
}

impl Pace {
    /// At most `most` connections, and at first one for each of so many files.
    pub(super) fn new(most: usize, files: usize, now: Duration) -> Self {
        Self {
            most,
            limit: None,
            allowed: files.clamp(1, most.max(1)),
            since: (now, 0),
            idle: Duration::ZERO,
            busy: Duration::ZERO,
            trial: None,
            next_trial: now + SETTLED,
            wait: None,
            rate: None,
        }
    }

    /// How many connections may be open.
    pub(super) fn allowed(&self) -> usize {
        self.allowed
    }

    /// The most connections that are ever open.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Notes that the system gave no more than so many threads.
    pub(super) fn has_only(&mut self, threads: usize) {
        self.most = self.most.min(threads).max(1);
        self.allowed = self.allowed.min(self.most);
    }

    /// Whether the wait for a first byte is long.
    pub(super) fn is_late(&self) -> bool {
        self.wait.is_some_and(|wait| wait > LATE.as_secs_f64())
    }

    /// Notes how long the head of an answer took to come.
    pub(super) fn waited(&mut self, wait: Duration) {
        let wait = wait.as_secs_f64();
        self.wait = Some(self.wait.map_or(wait, |known| known * 0.7 + wait * 0.3));
    }

    /// Notes how many bytes a flight has brought in which time.
    pub(super) fn brought(&mut self, bytes: u64, time: Duration) {
        let rate = bytes as f64 / time.as_secs_f64().max(1e-6);
        self.rate = Some(self.rate.map_or(rate, |known| known * 0.7 + rate * 0.3));
    }

    /// Notes how long a read took, and how long the work on what the read before brought.
    pub(super) fn read(&mut self, idle: Duration, busy: Duration) {
        self.idle += idle;
        self.busy += busy;
    }

    /// Notes that the storage wants fewer connections than there are; `delivering` of them bring bytes.
    pub(super) fn too_many(&mut self, delivering: usize, now: Duration, total: u64) {
        let limit = delivering.clamp(1, self.most);
        self.limit = Some((limit, now));
        self.trial = None;
        self.change(limit.min(self.allowed), now, total);
    }

    /// Decides whether more or fewer connections may be open. `open` are, of which `delivering` have brought
    /// bytes, and the run has `total` bytes. Returns whether more may be open now.
    pub(super) fn consider(&mut self, now: Duration, open: usize, delivering: usize, total: u64) -> bool {
        let elapsed = now.saturating_sub(self.since.0);
        let bytes = total.saturating_sub(self.since.1);
        if let Some((limit, since)) = self.limit
            && now.saturating_sub(since) >= LIMIT_KEPT
        {
            self.limit = (limit < self.most).then_some((limit + 1, now));
        }
        let most = self.limit.map_or(self.most, |(limit, _)| limit);
        if let Some(trial) = &self.trial {
            if open > self.allowed {
                // The trial begins when so many connections have ended that only the allowed ones are left.
                self.since = (now, total);
                return false;
            }
            if elapsed < TRIAL {
                return false;
            }
            let rate = bytes as f64 / elapsed.as_secs_f64();
            let share_left = self.allowed as f64 / trial.before as f64;
            // If each connection brought its share, the rate would have fallen by the share of those taken back.
            // They were needless if it fell by less than a third of that.
            let was_needless = rate >= trial.rate_before * (1.0 - (1.0 - share_left) / 3.0);
            let before = trial.before;
            self.trial = None;
            if was_needless {
                self.next_trial = now;
                self.limit = Some((self.allowed, now));
                self.change(self.allowed, now, total);
                return false;
            }
            self.next_trial = now + BETWEEN_TRIALS;
            self.change(before.min(most), now, total);
            return true;
        }
        if delivering < self.allowed || open < self.allowed || elapsed < STEP {
            return false;
        }
        if self.allowed < most && self.idle > self.busy * MUCH_LONGER {
            let factor = if self.is_late() { 4 } else { 2 };
            self.change((self.allowed * factor).min(most), now, total);
            return true;
        }
        if self.allowed > 1 && now >= self.next_trial && elapsed >= SETTLED {
            let fewer = self.allowed * 3 / 4;
            self.trial = Some(Trial {
                before: self.allowed,
                rate_before: bytes as f64 / elapsed.as_secs_f64(),
            });
            self.change(fewer, now, total);
        }
        false
    }

    fn change(&mut self, allowed: usize, now: Duration, total: u64) {
        self.allowed = allowed.max(1);
        self.since = (now, total);
        (self.idle, self.busy) = (Duration::ZERO, Duration::ZERO);
    }

    /// How many bytes a piece is to have, of an object of `length` bytes of which `left` are not there.
    pub(super) fn piece(&self, length: u64, left: u64) -> u64 {
        let smallest = (length / SMALLEST_SHARE).clamp(SMALLEST_PIECE.0, SMALLEST_PIECE.1);
        let wait = self.wait.unwrap_or_default();
        // A server that lets bursts through seems faster than it is, hence the bound.
        let rate = self.rate.unwrap_or(USUAL_RATE).min(FASTEST);
        let wanted = (TIMES_THE_WAIT * wait * rate) as u64;
        // With a larger piece than its share, one connection would still fetch when the others have nothing left.
        let share = left / self.most as u64;
        let size = wanted.min(share).clamp(smallest, LARGEST_PIECE);
        size.next_multiple_of(1 << 20)
    }

    /// How many bytes beyond the frontier of an object of `length` bytes pieces of `size` bytes may start.
    pub(super) fn window(&self, length: u64, size: u64) -> u64 {
        let one_each = self.most as u64 * size;
        (one_each * WINDOW).min(one_each.max(length / WINDOW_SHARE))
    }

    /// How long one connection takes to bring so many bytes.
    pub(super) fn time_for(&self, bytes: u64) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.rate.unwrap_or(USUAL_RATE).max(1.0))
    }

    /// How long the head of an answer takes to come.
    pub(super) fn wait(&self) -> Duration {
        Duration::from_secs_f64(self.wait.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_wait_for_first_bytes_follows_the_last_answers() {
        let mut pace = Pace::new(8, 1, at(0));
        for wait in [1000, 1000, 0, 0] {
            pace.waited(at(wait));
        }
        assert_eq!(pace.wait().as_millis(), 490);
    }

    #[test]
    fn connections_are_added_while_the_machine_waits_for_bytes() {
        let mut pace = Pace::new(8, 1, at(0));
        let mut now = 0;
        for expected in [2, 4, 8] {
            now += 20;
            pace.read(at(15), at(1));
            assert!(pace.consider(at(now), pace.allowed(), pace.allowed(), MIB));
            assert_eq!(pace.allowed(), expected);
        }
    }

    #[test]
    fn no_connection_is_added_where_the_machine_is_busy_or_one_is_silent() {
        let mut pace = Pace::new(8, 1, at(0));
        pace.read(at(1), at(15));
        assert!(!pace.consider(at(20), 1, 1, MIB));
        pace.read(at(100), at(0));
        assert!(!pace.consider(at(40), 1, 0, MIB));
        assert_eq!(pace.allowed(), 1);
    }

    #[test]
    fn connections_that_bring_nothing_more_are_taken_back() {
        let mut pace = Pace::new(4, 4, at(0));
        let (mut now, mut total) = (0, 0);
        // The storage gives 10 MiB/s to all of them together.
        for _ in 0..20_000 {
            now += 10;
            total += MIB / 10;
            pace.read(at(9), at(1));
            pace.consider(at(now), pace.allowed(), pace.allowed(), total);
            if pace.allowed() == 1 {
                return;
            }
        }
        panic!("{pace:?}");
    }

    #[test]
    fn connections_that_each_bring_their_share_are_kept() {
        let mut pace = Pace::new(4, 4, at(0));
        let (mut now, mut total, mut fewest) = (0, 0, 4);
        for _ in 0..2_000 {
            now += 10;
            total += pace.allowed() as u64 * MIB / 10;
            pace.read(at(9), at(1));
            pace.consider(at(now), pace.allowed(), pace.allowed(), total);
            fewest = fewest.min(pace.allowed());
        }
        assert_eq!((fewest, pace.allowed()), (3, 4));
    }

    #[test]
    fn the_number_that_worked_is_remembered() {
        let mut pace = Pace::new(8, 8, at(0));
        pace.too_many(2, at(100), MIB);
        assert_eq!(pace.allowed(), 2);
        pace.read(at(500), at(1));
        assert!(!pace.consider(at(1000), 2, 2, 2 * MIB));
        assert_eq!(pace.allowed(), 2);
    }

    #[test]
    fn pieces_are_small_where_first_bytes_come_at_once_and_shares_where_they_come_late() {
        let mut pace = Pace::new(8, 1, at(0));
        pace.waited(at(1));
        assert_eq!(pace.piece(256 * MIB, 256 * MIB), 2 * MIB);
        assert_eq!(pace.piece(8192 * MIB, 8192 * MIB), 8 * MIB);
        let mut pace = Pace::new(8, 1, at(0));
        pace.waited(at(100));
        assert_eq!(pace.piece(256 * MIB, 256 * MIB), 32 * MIB);
        assert_eq!(pace.piece(256 * MIB, 10 * MIB), 2 * MIB);
    }

    #[test]
    fn a_kill_costs_less_than_a_quarter_of_a_file_of_64_mib() {
        let pace = Pace::new(8, 1, at(0));
        for length in [64 * MIB, 100 * MIB, 160 * MIB] {
            let window = pace.window(length, pace.piece(length, length));
            assert!(window <= length / 4 && window >= 8 * 2 * MIB, "{length}: {window}");
        }
        assert_eq!(pace.window(1024 * MIB, 2 * MIB), 2 * 8 * 2 * MIB);
    }
}
