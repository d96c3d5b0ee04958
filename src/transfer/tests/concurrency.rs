//! How many connections are open at once, after a storage has set a limit and in a trial of fewer.

use std::time::Duration;

use super::MIB;
use crate::transfer::concurrency::Pace;

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Looks at connections that are all open and bring bytes, where the machine waits for them.
fn consider(pace: &mut Pace, millis: u64, total: u64) -> usize {
    pace.read(at(1000), at(1));
    let open = pace.allowed();
    pace.consider(at(millis), open, open, total);
    pace.allowed()
}

#[test]
fn a_limit_that_the_storage_has_set_is_tried_again_after_a_while_by_one_connection_more() {
    let mut pace = Pace::new(8, 8, at(0));
    pace.too_many(2, at(0), 0);
    assert_eq!(consider(&mut pace, 3_000, MIB), 2);
    assert_eq!(consider(&mut pace, 40_000, 2 * MIB), 3);
    assert_eq!(consider(&mut pace, 43_000, 3 * MIB), 3);
}

#[test]
fn a_limit_that_is_forgotten_allows_no_more_than_was_asked_for() {
    let mut pace = Pace::new(4, 4, at(0));
    pace.too_many(4, at(0), 0);
    assert!(consider(&mut pace, 40_000, 0) <= 4);
}

/// A trial of fewer connections, eight of which brought a MiB a second each. The others take half a second to end,
/// in which `early` bytes come, and `later` come in the two seconds after that. Returns how many are allowed
/// in it and after it.
fn trial(early: u64, later: u64) -> (usize, usize) {
    let mut pace = Pace::new(8, 8, at(0));
    let total = 10 * 8 * MIB;
    assert!(!pace.consider(at(10_000), 8, 8, total));
    let fewer = pace.allowed();
    assert!(fewer < 8);
    for (millis, open, total) in [
        (10_250, 8, total + early / 2),
        (10_500, 8, total + early),
        (10_501, fewer, total + early),
        (11_400, fewer, total + early + later * 9 / 20),
    ] {
        assert!(!pace.consider(at(millis), open, open, total));
        assert_eq!(pace.allowed(), fewer, "at {millis}");
    }
    pace.consider(at(12_500), fewer, fewer, total + early + later);
    (fewer, pace.allowed())
}

#[test]
fn a_trial_takes_back_a_quarter_and_keeps_it_back_where_the_others_bring_nearly_as_much() {
    assert_eq!(trial(4 * MIB, 16 * MIB), (6, 6));
}

#[test]
fn a_trial_in_which_the_others_bring_little_more_than_their_share_ends_with_all_of_them() {
    assert_eq!(trial(4 * MIB, 25 * MIB / 2), (6, 8));
}

#[test]
fn what_comes_before_the_connections_taken_back_have_ended_is_no_part_of_a_trial() {
    assert_eq!(trial(100 * MIB, 25 * MIB / 2), (6, 8));
}
