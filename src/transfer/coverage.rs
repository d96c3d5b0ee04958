//! Which bytes of an object are there, and which are being written.
//!
//! The bytes that are there were written to the part and may be checked already, so none of them is written
//! again: a flight [claims](Coverage::claim) the bytes that it is about to write, and gets only those that are not
//! there. Nearly all that is there is one run from the object's first byte to the
//! [`frontier`](Coverage::frontier). The rest are islands: bytes that came before the bytes in front of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use super::pieces::FlightId;

/// The bytes of an object that are there. Offsets are in bytes.
#[derive(Debug)]
pub(super) struct Coverage {
    frontier: u64,
    /// Start and end of each run of bytes beyond the frontier. No two runs touch.
    islands: BTreeMap<u64, u64>,
    /// The bytes that a flight is writing now. No two claims overlap.
    claims: Vec<(FlightId, Range<u64>)>,
    /// Whether a claim was refused since the last release.
    was_refused: bool,
}

impl Coverage {
    /// An object of which all bytes before `frontier` are there, and no others.
    pub(super) fn new(frontier: u64) -> Self {
        Self {
            frontier,
            islands: BTreeMap::new(),
            claims: Vec::new(),
            was_refused: false,
        }
    }

    /// The first byte that is not there. All bytes before it are.
    pub(super) fn frontier(&self) -> u64 {
        self.frontier
    }

    /// How many bytes are there.
    pub(super) fn bytes(&self) -> u64 {
        let islands: u64 = self.islands.iter().map(|(start, end)| end - start).sum();
        self.frontier + islands
    }

    /// The end of the last byte that is there.
    pub(super) fn end(&self) -> u64 {
        self.islands.last_key_value().map_or(self.frontier, |(_, end)| *end)
    }

    /// Start and end of the largest islands, at most so many, in order.
    pub(super) fn largest_islands(&self, most: usize) -> Vec<(u64, u64)> {
        let mut islands: Vec<(u64, u64)> = self.islands.iter().map(|(start, end)| (*start, *end)).collect();
        islands.sort_by_key(|(start, end)| Reverse(end - start));
        islands.truncate(most);
        islands.sort_unstable();
        islands
    }

    /// Whether all these bytes are there.
    pub(super) fn contains(&self, range: Range<u64>) -> bool {
        let start = range.start.max(self.frontier);
        let before = self.islands.range(..=start).next_back();
        start >= range.end || before.is_some_and(|(_, end)| *end >= range.end)
    }

    /// Those of these bytes that are not there, in order.
    pub(super) fn missing(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut missing = Vec::new();
        let mut start = range.start.max(self.frontier);
        for (island, end) in self.islands.range(..range.end) {
            if start < *island {
                missing.push(start..*island);
            }
            start = start.max(*end);
        }
        if start < range.end {
            missing.push(start..range.end);
        }
        missing
    }

    /// Has these bytes belong to a flight that is about to write them, until it [releases](Self::release) them.
    /// Returns those of them that are not there, in order; `None` while another flight writes some of them.
    pub(super) fn claim(&mut self, id: FlightId, range: Range<u64>) -> Option<Vec<Range<u64>>> {
        let overlaps = |claim: &Range<u64>| claim.start < range.end && range.start < claim.end;
        if self.claims.iter().any(|(_, claim)| overlaps(claim)) {
            self.was_refused = true;
            return None;
        }
        let missing = self.missing(range.clone());
        self.claims.push((id, range));
        Some(missing)
    }

    /// Ends the claim of a flight. Returns whether another was refused since the last release, so that its flight
    /// is to try again.
    pub(super) fn release(&mut self, id: FlightId) -> bool {
        self.claims.retain(|(claimant, _)| *claimant != id);
        std::mem::take(&mut self.was_refused)
    }

    /// The bytes between the frontier and the first island. Without an island they end at `length`, the object's;
    /// `None` where no byte is missing, or the length is not known either.
    pub(super) fn first_gap(&self, length: Option<u64>) -> Option<Range<u64>> {
        let island = self.islands.first_key_value().map(|(start, _)| *start);
        let end = island.or(length)?;
        (self.frontier < end).then_some(self.frontier..end)
    }

    /// Notes that these bytes are there.
    pub(super) fn add(&mut self, range: Range<u64>) {
        let Range { mut start, mut end } = range;
        if start >= end || end <= self.frontier {
            return;
        }
        let touching: Vec<u64> = self
            .islands
            .range(..=end)
            .filter(|(_, island_end)| **island_end >= start)
            .map(|(island, _)| *island)
            .collect();
        for island in touching {
            start = start.min(island);
            end = end.max(self.islands.remove(&island).unwrap_or(end));
        }
        if start <= self.frontier {
            self.frontier = end;
        } else {
            self.islands.insert(start, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frontier_moves_over_what_came_early() {
        let mut coverage = Coverage::new(10);
        coverage.add(30..40);
        coverage.add(20..25);
        assert_eq!((coverage.frontier(), coverage.bytes()), (10, 25));
        coverage.add(10..20);
        assert_eq!((coverage.frontier(), coverage.bytes()), (25, 35));
        coverage.add(22..35);
        assert_eq!((coverage.frontier(), coverage.bytes()), (40, 40));
        coverage.add(5..20);
        coverage.add(50..50);
        assert_eq!(
            (coverage.frontier(), coverage.bytes()),
            (40, 40),
            "nothing that was missing"
        );
    }

    #[test]
    fn islands_that_touch_become_one() {
        let mut coverage = Coverage::new(0);
        for range in [20..30, 40..50, 30..40] {
            coverage.add(range);
        }
        assert!(coverage.contains(20..50) && coverage.contains(25..45));
        assert!(!coverage.contains(19..50) && !coverage.contains(20..51));
    }

    #[test]
    fn bytes_are_missing_around_and_between_islands() {
        let mut coverage = Coverage::new(10);
        coverage.add(20..30);
        coverage.add(40..50);
        assert_eq!(coverage.missing(0..60), [10..20, 30..40, 50..60]);
        assert_eq!(coverage.missing(25..55), [30..40, 50..55]);
        assert_eq!(coverage.missing(0..10), []);
        assert_eq!(coverage.missing(40..50), []);
    }

    #[test]
    fn the_largest_islands_are_named_in_order() {
        let mut coverage = Coverage::new(10);
        assert_eq!((coverage.end(), coverage.largest_islands(2)), (10, vec![]));
        for range in [70..90, 60..61, 20..30] {
            coverage.add(range);
        }
        assert_eq!(
            (coverage.end(), coverage.largest_islands(2)),
            (90, vec![(20, 30), (70, 90)])
        );
    }

    #[test]
    fn the_first_gap_ends_at_an_island_or_at_the_end() {
        let mut coverage = Coverage::new(10);
        assert_eq!(coverage.first_gap(None), None);
        assert_eq!(coverage.first_gap(Some(10)), None);
        assert_eq!(coverage.first_gap(Some(60)), Some(10..60));
        coverage.add(20..30);
        assert_eq!(coverage.first_gap(None), Some(10..20));
    }
}
