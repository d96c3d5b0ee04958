//! Policies against a table worked out by hand, and what must hold of all of them.

use proptest::prelude::*;
use time::macros::{datetime, offset};
use time::{Duration, OffsetDateTime};

use super::*;
use crate::values::zone::tests::{berlin, fixed};

/// The places of those that stay.
fn kept(policy: &Policy, starts: &[OffsetDateTime], zone: &Zone) -> Vec<usize> {
    let decisions = policy.decide(starts, zone);
    let stays = |(place, rules): (usize, &Vec<Rule>)| (!rules.is_empty()).then_some(place);
    decisions.iter().enumerate().filter_map(stays).collect()
}

fn policy(last: u32, daily: u32, weekly: u32, monthly: u32) -> Policy {
    let number = |number| (number > 0).then_some(number);
    Policy {
        last: number(last),
        within: None,
        daily: number(daily),
        weekly: number(weekly),
        monthly: number(monthly),
    }
}

#[test]
fn only_periods_that_have_a_backup_count() {
    // Nothing was backed up for a year; the days before it are the last days all the same.
    let starts = [
        datetime!(2021-12-31 18:00 UTC),
        datetime!(2021-12-31 06:00 UTC),
        datetime!(2020-12-30 18:00 UTC),
        datetime!(2020-12-29 18:00 UTC),
        datetime!(2020-12-28 18:00 UTC),
        datetime!(2020-11-30 18:00 UTC),
    ];
    let zone = fixed(offset!(+0));
    for (policy, stay) in [
        (policy(1, 0, 0, 0), vec![0]),
        (policy(3, 0, 0, 0), vec![0, 1, 2]),
        (policy(0, 1, 0, 0), vec![0]),
        (policy(0, 3, 0, 0), vec![0, 2, 3]),
        (policy(0, 0, 2, 0), vec![0, 2]),
        (policy(0, 0, 0, 3), vec![0, 2, 5]),
        (policy(2, 3, 0, 3), vec![0, 1, 2, 3, 5]),
        (policy(9, 0, 0, 0), vec![0, 1, 2, 3, 4, 5]),
    ] {
        assert_eq!(kept(&policy, &starts, &zone), stay, "{}", policy.describe());
    }
}

#[test]
fn weeks_are_those_of_iso_8601_across_the_end_of_a_year() {
    let starts = [
        datetime!(2021-01-04 12:00 UTC), // Monday, week 1 of 2021
        datetime!(2021-01-03 12:00 UTC), // Sunday, week 53 of 2020
        datetime!(2020-12-31 12:00 UTC),
        datetime!(2020-12-28 12:00 UTC), // Monday, week 53 of 2020
        datetime!(2020-12-27 12:00 UTC), // Sunday, week 52
    ];
    let zone = fixed(offset!(+0));
    assert_eq!(kept(&policy(0, 0, 9, 0), &starts, &zone), [0, 1, 4]);
    assert_eq!(kept(&policy(0, 0, 2, 0), &starts, &zone), [0, 1]);
    // January, and December twice over the year's end.
    assert_eq!(kept(&policy(0, 0, 0, 9), &starts, &zone), [0, 2]);
}

#[test]
fn days_and_months_are_those_of_the_zone_across_both_changes_of_the_clock() {
    let berlin = berlin();
    let utc = fixed(offset!(+0));
    let starts = [
        datetime!(2021-10-31 23:30 UTC), // Nov 1, 00:30 +01
        datetime!(2021-10-31 22:30 UTC), // Oct 31, 23:30 +01, after the change
        datetime!(2021-10-30 22:30 UTC), // Oct 31, 00:30 +02, before it
        datetime!(2021-10-30 21:30 UTC), // Oct 30, 23:30 +02
        datetime!(2021-03-28 22:30 UTC), // Mar 29, 00:30 +02
        datetime!(2021-03-28 21:30 UTC), // Mar 28, 23:30 +02, after the change
        datetime!(2021-03-27 23:30 UTC), // Mar 28, 00:30 +01, before it
        datetime!(2021-03-27 22:30 UTC), // Mar 27, 23:30 +01
    ];
    assert_eq!(kept(&policy(0, 9, 0, 0), &starts, &berlin), [0, 1, 3, 4, 5, 7]);
    assert_eq!(kept(&policy(0, 9, 0, 0), &starts, &utc), [0, 2, 4, 6]);
    assert_eq!(kept(&policy(0, 0, 0, 9), &starts, &berlin), [0, 1, 4]);
    assert_eq!(kept(&policy(0, 0, 0, 9), &starts, &utc), [0, 4]);
    // Monday, Nov 1, begins a week in Berlin and not yet in UTC.
    assert_eq!(kept(&policy(0, 0, 1, 0), &starts, &berlin), [0]);
    assert_eq!(kept(&policy(0, 0, 2, 0), &starts, &berlin), [0, 1]);
}

#[test]
fn within_counts_from_the_newest_and_the_newest_stays_without_a_rule() {
    let newest = datetime!(2021-07-17 18:00 UTC);
    let starts: Vec<_> = (0..5).map(|days| newest - Duration::days(days)).collect();
    let within = |text: &str| Policy {
        within: Some(text.parse().unwrap()),
        ..Policy::default()
    };
    let zone = fixed(offset!(+8));
    assert_eq!(kept(&within("1h"), &starts, &zone), [0]);
    assert_eq!(
        kept(&within("2d"), &starts, &zone),
        [0, 1],
        "exactly two days is not less"
    );
    assert_eq!(kept(&within("49h"), &starts, &zone), [0, 1, 2]);
    assert_eq!(Policy::default().decide(&starts, &zone)[0], [Rule::Newest]);
    assert_eq!(Policy::default().decide(&[], &zone), [] as [Vec<Rule>; 0]);
    assert!(Policy::default().is_empty());
    let all = Policy {
        last: Some(1),
        ..within("8d")
    };
    assert_eq!(all.describe(), "--keep-last 1 --keep-within 8d");
    assert_eq!(all.decide(&starts, &zone)[0], [Rule::Within, Rule::Last]);
}

fn histories() -> impl Strategy<Value = Vec<OffsetDateTime>> {
    // Up to four backups in a day over half a year with a change of the clock, some at the same moment.
    prop::collection::vec(0_i64..180 * 4, 0..60).prop_map(|mut quarters| {
        quarters.sort_unstable_by(|a, b| b.cmp(a));
        let first = datetime!(2021-08-01 00:00 UTC);
        quarters
            .iter()
            .map(|quarter| first + Duration::hours(6 * quarter))
            .collect()
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    let number = || prop::option::of(1_u32..12);
    let within = prop::option::of((1_u32..60).prop_map(|days| format!("{days}d").parse().expect("an age")));
    (number(), within, number(), number(), number()).prop_map(|(last, within, daily, weekly, monthly)| Policy {
        last,
        within,
        daily,
        weekly,
        monthly,
    })
}

proptest! {
    #[test]
    fn the_newest_always_stays(policy in policies(), starts in histories()) {
        prop_assert!(starts.is_empty() || kept(&policy, &starts, &berlin())[0] == 0);
    }

    #[test]
    fn keeping_more_never_removes_more(policy in policies(), starts in histories(), more in 0_u32..5) {
        let add = |number: Option<u32>| Some(number.unwrap_or(0) + more).filter(|number| *number > 0);
        let greater = Policy {
            last: add(policy.last),
            within: policy.within,
            daily: add(policy.daily),
            weekly: add(policy.weekly),
            monthly: add(policy.monthly),
        };
        let zone = berlin();
        let stay = kept(&greater, &starts, &zone);
        prop_assert!(kept(&policy, &starts, &zone).iter().all(|place| stay.contains(place)));
    }

    #[test]
    fn a_second_run_removes_nothing(policy in policies(), starts in histories()) {
        let zone = berlin();
        let left: Vec<_> = kept(&policy, &starts, &zone).into_iter().map(|place| starts[place]).collect();
        prop_assert_eq!(kept(&policy, &left, &zone).len(), left.len());
    }

    #[test]
    fn a_backup_that_was_not_fetched_since_it_would_go_changes_nothing(policy in policies(), starts in histories()) {
        // As a sync does: it leaves out what the policy would remove of all, and prunes afterwards.
        let zone = berlin();
        let stay = kept(&policy, &starts, &zone);
        let fetched: Vec<_> = stay.iter().map(|place| starts[*place]).collect();
        prop_assert_eq!(kept(&policy, &fetched, &zone).len(), stay.len());
    }
}
