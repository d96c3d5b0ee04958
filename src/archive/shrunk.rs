//! Whether an instance's newest backup is much smaller than those before it. The dump of an instance that was
//! emptied (FLUSHALL) is a perfectly valid file, so only the comparison shows it.

use time::OffsetDateTime;

use super::read::{Archived, Kept};
use super::state::Terms;
use crate::terminal::human;

/// The newest backup is compared with at most so many before it. One is enough: where a policy keeps two backups,
/// the older one may be the last copy of the data.
const COMPARED: usize = 7;

impl Archived {
    /// Why the newest good backup counts as shrunk: it has less than half the bytes or keys of the median of the good
    /// ones before it, those that a policy has removed included. `None` where it does not.
    pub(crate) fn shrunk(&self, terms: Terms) -> Option<String> {
        let newest = self.newest(terms).filter(|newest| newest.start.is_some())?;
        let is_older = |backup: &&Kept| backup.path != newest.path && backup.is_good(terms);
        let kept = self.backups.iter().filter(is_older);
        let mut before: Vec<_> = kept
            .filter_map(|backup| Some((backup.start?, backup.bytes, backup.keys)))
            .collect();
        let pruned = self.memory.iter().flat_map(|memory| &memory.pruned);
        let pruned = pruned.filter(|pruned| !self.has(&pruned.base_id));
        before.extend(pruned.filter_map(|pruned| Some((pruned.start?, pruned.bytes?, pruned.keys))));
        before.retain(|(start, ..)| Some(*start) <= newest.start);
        before.sort_by_key(|(start, ..)| std::cmp::Reverse(*start));
        before.truncate(COMPARED);
        let keys: Vec<u64> = before.iter().filter_map(|(_, _, keys)| *keys).collect();
        let bytes: Vec<u64> = before.iter().map(|(_, bytes, _)| *bytes).collect();
        let of_keys = newest.keys.and_then(|newest| {
            let median = median_if_under_half(newest, &keys)?;
            Some(format!("{newest} keys, less than half of {median}, {}", of(keys.len())))
        });
        let of_bytes = || {
            let median = median_if_under_half(newest.bytes, &bytes)?;
            let (size, median) = (human::size(newest.bytes), human::size(median));
            Some(format!("{size}, less than half of {median}, {}", of(bytes.len())))
        };
        let what = of_keys.or_else(of_bytes)?;
        Some(format!("its newest backup has only {what}"))
    }
}

/// Whether the newest of some backups is much smaller than those before it. `listed` has the start and the size of
/// each, in any order.
pub(crate) fn is_newest_small(mut listed: Vec<(OffsetDateTime, u64)>) -> bool {
    listed.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
    let sizes: Vec<u64> = listed.iter().map(|(_, size)| *size).take(COMPARED + 1).collect();
    sizes
        .split_first()
        .is_some_and(|(newest, before)| median_if_under_half(*newest, before).is_some())
}

fn of(count: usize) -> String {
    match count {
        1 => "which the one before it has".to_owned(),
        count => format!("the median of the {count} before it"),
    }
}

/// The median of the numbers before, if `newest` is less than half of it.
fn median_if_under_half(newest: u64, before: &[u64]) -> Option<u64> {
    let mut sorted = before.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    let lower = if sorted.len().is_multiple_of(2) {
        sorted[middle - 1]
    } else {
        upper
    };
    // Of an even count the median is the mean of the two in the middle.
    let doubled = u128::from(lower) + u128::from(upper);
    (u128::from(newest) * 4 < doubled).then_some(lower.midpoint(upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_compared_with_the_seven_before_it() {
        let is_small = |sizes: &[u64]| {
            let starts = (0..).map(|days| OffsetDateTime::UNIX_EPOCH - time::Duration::days(days));
            is_newest_small(starts.zip(sizes.iter().copied()).collect())
        };
        assert!(is_small(&[49, 1, 1, 1, 100, 100, 100, 100]));
        assert!(!is_small(&[49, 100, 100, 100, 1, 1, 1, 1, 100, 100]));
    }

    #[test]
    fn half_of_the_median_is_the_limit() {
        for (newest, before, median) in [
            (49, &[100][..], Some(100)),
            (50, &[100], None),
            (0, &[1], Some(1)),
            (0, &[0], None),
            (0, &[], None),
            (30, &[100, 21], Some(60)),
            (31, &[100, 21], None),
            (49, &[1, 1, 1, 100, 100, 100, 100], Some(100)),
            (49, &[1, 1, 1, 1, 100, 100, 100], None),
            (1 << 62, &[u64::MAX, u64::MAX], Some(u64::MAX)),
        ] {
            assert_eq!(median_if_under_half(newest, before), median, "{newest} {before:?}");
        }
    }
}
