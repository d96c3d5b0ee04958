//! Which bytes of an object are being fetched, and which are asked for next.
//!
//! An object is fetched in pieces. They are handed out in order, so that few bytes are there beyond the
//! [`frontier`](Pieces::frontier): a power cut loses those. This module does the bookkeeping alone; it knows neither
//! files nor connections. [`coverage`](super::coverage) knows which bytes are there.

use std::collections::BTreeMap;
use std::ops::Range;

use super::coverage::Coverage;

/// The second half of what a flight has to bring is given to another connection only if the half has at least this
/// many bytes.
const LEAST_SPLIT: u64 = 512 * 1024;

/// Tells the flights of an object apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FlightId(u64);

/// The bytes of an object. Offsets and lengths are in bytes.
#[derive(Debug)]
pub(super) struct Pieces {
    /// The length of the object; `None` where the storage told none and the end was not reached yet.
    length: Option<u64>,
    coverage: Coverage,
    /// The end of the bytes that were handed out. From here on none was.
    next: u64,
    /// The ranges that were handed out and given back: start and end.
    returned: BTreeMap<u64, u64>,
    flights: Vec<Flight>,
    last_id: u64,
    /// Whether the storage serves no ranges, so that the open flight has to bring all that is missing.
    is_single: bool,
}

/// A request whose bytes are on their way.
#[derive(Debug)]
struct Flight {
    id: FlightId,
    /// The next byte that it brings.
    position: u64,
    /// The end of the bytes that it is to bring; `u64::MAX` where that is the object's unknown end.
    end: u64,
    /// Whether the answer goes on to the object's end, so that the flight can get more pieces than one.
    is_open: bool,
}

impl Pieces {
    /// An object of which all bytes before `frontier` are there.
    pub(super) fn new(length: Option<u64>, frontier: u64) -> Self {
        Self::resume(length, Coverage::new(frontier))
    }

    /// An object of which these bytes are there.
    pub(super) fn resume(length: Option<u64>, coverage: Coverage) -> Self {
        let end = coverage.end();
        let gaps = coverage.missing(0..end);
        Self {
            length,
            coverage,
            next: end,
            returned: gaps.into_iter().map(|gap| (gap.start, gap.end)).collect(),
            flights: Vec::new(),
            last_id: 0,
            is_single: false,
        }
    }

    /// Notes whether the open flight has to bring all that is missing.
    pub(super) fn set_single(&mut self, is_single: bool) {
        self.is_single = is_single;
    }

    /// The first byte that is not there. All bytes before it are.
    pub(super) fn frontier(&self) -> u64 {
        self.coverage.frontier()
    }

    /// How many bytes are there, with or without a gap before them.
    pub(super) fn present(&self) -> u64 {
        self.coverage.bytes()
    }

    /// Which bytes are there.
    pub(super) fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// The length of the object, where it is known.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Forgets all flights, and the bytes beyond the frontier.
    pub(super) fn cut(&mut self) {
        *self = Self::new(self.length, self.frontier());
    }

    /// Notes that the object ends at the frontier.
    pub(super) fn end_here(&mut self) {
        self.length = Some(self.frontier());
    }

    /// Whether all bytes of the object are there.
    pub(super) fn is_complete(&self) -> bool {
        self.length == Some(self.frontier())
    }

    /// How many flights there are.
    pub(super) fn flights(&self) -> usize {
        self.flights.len()
    }

    /// Notes an answer that begins at the frontier and goes on to the object's end. Its flight has a piece of
    /// at most `size` bytes, of which none is there, and gets the next ones as long as no other flight has them.
    pub(super) fn open(&mut self, size: u64) -> FlightId {
        let start = self.frontier();
        let end = match (self.length, self.coverage.first_gap(self.length)) {
            (Some(_), Some(gap)) => gap.end.min(start.saturating_add(size)),
            (Some(length), None) => length,
            (None, _) => u64::MAX,
        };
        // It brings what was given back inside of its piece.
        let inside: Vec<(u64, u64)> = self.returned.range(..end).map(|(start, end)| (*start, *end)).collect();
        for (returned, returned_end) in inside {
            self.returned.remove(&returned);
            if returned_end > end {
                self.returned.insert(end, returned_end);
            }
        }
        self.next = self.next.max(end);
        self.add(start..end, true)
    }

    /// Hands out a piece: what was given back, or the next `size` bytes unless they begin `window` bytes
    /// or more beyond the frontier.
    pub(super) fn take(&mut self, size: u64, window: u64) -> Option<(FlightId, Range<u64>)> {
        if self.flights.is_empty()
            && self.returned.is_empty()
            && Some(self.next) == self.length
            && let Some(gap) = self.coverage.first_gap(self.length)
        {
            // All of the object was handed out, and nobody brings what is missing: that is handed out again.
            self.returned.insert(gap.start, gap.end);
        }
        if let Some((start, end)) = self.returned.pop_first() {
            let cut = end.min(start.saturating_add(size));
            if cut < end {
                self.returned.insert(cut, end);
            }
            return Some((self.add(start..cut, false), start..cut));
        }
        let (start, length) = (self.next, self.length?);
        if start >= length || start >= self.frontier().saturating_add(window) {
            return None;
        }
        let mut end = length.min(start.saturating_add(size));
        // A short rest is added to this piece, since it would take a request of its own.
        if length - end < size / 4 {
            end = length;
        }
        self.next = end;
        Some((self.add(start..end, false), start..end))
    }

    /// Hands out to an idle connection what another flight has to bring. Of a stalled flight that is all it has to
    /// bring, and both then bring the same bytes. Else it is the second half of the longest rest, where that is
    /// worth a request, and the other flight keeps the first half.
    pub(super) fn help(
        &mut self,
        is_stalled: impl Fn(FlightId) -> bool,
        is_worth_it: impl Fn(u64) -> bool,
    ) -> Option<(FlightId, Range<u64>)> {
        let left = |flight: &Flight| flight.end.saturating_sub(flight.position);
        let known = self.flights.iter().filter(|flight| flight.end != u64::MAX);
        // Whether another flight already brings all that this one has to bring.
        let has_twin = |flight: &Flight| {
            let is_behind = |other: &Flight| self.coverage.contains(flight.position..other.position);
            let mut others = known
                .clone()
                .filter(|other| other.id != flight.id && other.end >= flight.end);
            others.any(|other| other.position <= flight.position || is_behind(other))
        };
        let stalled = known
            .clone()
            .filter(|flight| is_stalled(flight.id) && !has_twin(flight))
            .min_by_key(|flight| flight.position)
            .map(|flight| flight.position..flight.end);
        if let Some(range) = stalled {
            return Some((self.add(range.clone(), false), range));
        }
        let slowest = self.flights.iter_mut().max_by_key(|flight| left(flight))?;
        let (position, end) = (slowest.position, slowest.end);
        let middle = position + end.saturating_sub(position) / 2;
        if end == u64::MAX || end - middle < LEAST_SPLIT || !is_worth_it(end - middle) {
            return None;
        }
        slowest.end = middle;
        Some((self.add(middle..end, false), middle..end))
    }

    fn add(&mut self, range: Range<u64>, is_open: bool) -> FlightId {
        self.last_id += 1;
        let id = FlightId(self.last_id);
        self.flights.push(Flight {
            id,
            position: range.start,
            end: range.end,
            is_open,
        });
        id
    }

    /// See [`Coverage::claim`].
    pub(super) fn claim(&mut self, id: FlightId, range: Range<u64>) -> Option<Vec<Range<u64>>> {
        self.coverage.claim(id, range)
    }

    /// See [`Coverage::release`].
    pub(super) fn release(&mut self, id: FlightId) -> bool {
        self.coverage.release(id)
    }

    /// Gives an open flight that has bytes up to `position` the pieces behind its own, as far as no other
    /// flight has them. Returns the end of the bytes that it is to bring.
    pub(super) fn extend(&mut self, id: FlightId, position: u64, size: u64) -> Option<u64> {
        let length = self.length.unwrap_or(u64::MAX);
        let flight = self.flights.iter_mut().find(|flight| flight.id == id)?;
        if flight.is_open && self.is_single {
            // Its answer cannot skip what is there already, so it brings those bytes, too.
            (flight.end, self.next) = (length, length);
        }
        while flight.is_open && flight.end <= position && flight.end < length {
            if let Some(end) = self.returned.remove(&flight.end) {
                flight.end = end;
            } else if flight.end == self.next {
                flight.end = length.min(flight.end.saturating_add(size));
                self.next = flight.end;
            } else {
                break;
            }
        }
        Some(flight.end)
    }

    /// Notes that these bytes, which a flight brought, are there; pieces of the object have `size` bytes. Returns
    /// the end of the bytes that the flight is to bring; `None` where it has ended.
    pub(super) fn wrote(&mut self, id: FlightId, range: Range<u64>, size: u64) -> Option<u64> {
        self.coverage.add(range.clone());
        self.extend(id, range.end, size);
        if let Some(flight) = self.flights.iter_mut().find(|flight| flight.id == id) {
            flight.position = flight.position.max(range.end);
        }
        // This ends a stalled flight, too, once its twin has brought the rest.
        self.flights
            .retain(|flight| !self.coverage.contains(flight.position..flight.end));
        self.end_of(id)
    }

    /// The end of the bytes that a flight is to bring; `None` where it has ended.
    pub(super) fn end_of(&self, id: FlightId) -> Option<u64> {
        self.flights
            .iter()
            .find(|flight| flight.id == id)
            .map(|flight| flight.end)
    }

    /// Ends a flight. What it did not bring, and no other flight has to bring, is handed out again.
    pub(super) fn give_back(&mut self, id: FlightId) {
        let Some(at) = self.flights.iter().position(|flight| flight.id == id) else {
            return;
        };
        let flight = self.flights.swap_remove(at);
        let Some(length) = self.length else {
            self.next = self.frontier();
            return;
        };
        let mut left = self.coverage.missing(flight.position..flight.end.min(length));
        for other in &self.flights {
            let outside = |range: Range<u64>| {
                [
                    range.start..range.end.min(other.position),
                    range.start.max(other.end)..range.end,
                ]
            };
            left = left
                .into_iter()
                .flat_map(outside)
                .filter(|range| !range.is_empty())
                .collect();
        }
        self.returned
            .extend(left.into_iter().map(|range| (range.start, range.end)));
    }

    /// Gives all flights back.
    pub(super) fn give_all_back(&mut self) {
        for id in self.flights.iter().map(|flight| flight.id).collect::<Vec<_>>() {
            self.give_back(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u64 = 4 * LEAST_SPLIT;
    const WINDOW: u64 = 4 * SIZE;

    fn taken(pieces: &mut Pieces) -> Option<Range<u64>> {
        pieces.take(SIZE, WINDOW).map(|(_, range)| range)
    }

    #[test]
    fn pieces_are_handed_out_in_order_and_not_beyond_the_window() {
        let mut pieces = Pieces::new(Some(100 * SIZE), 0);
        for number in 0..4 {
            assert_eq!(taken(&mut pieces), Some(number * SIZE..(number + 1) * SIZE));
        }
        assert_eq!(taken(&mut pieces), None);
    }

    #[test]
    fn the_frontier_moves_over_what_came_early() {
        let mut pieces = Pieces::new(Some(3 * SIZE), 0);
        let flights: Vec<_> = (0..3).filter_map(|_| pieces.take(SIZE, WINDOW)).collect();
        for (at, frontier) in [(2, 0), (1, 0), (0, 3 * SIZE)] {
            let (id, range) = flights[at].clone();
            assert_eq!(pieces.wrote(id, range, SIZE), None);
            assert_eq!(pieces.frontier(), frontier);
        }
        assert!(pieces.is_complete());
        assert_eq!(pieces.present(), 3 * SIZE);
    }

    #[test]
    fn an_open_flight_goes_on_until_another_has_the_next_piece() {
        let mut pieces = Pieces::new(Some(10 * SIZE), 0);
        let open = pieces.open(SIZE);
        assert_eq!(pieces.wrote(open, 0..SIZE, SIZE), Some(2 * SIZE));
        assert_eq!(taken(&mut pieces), Some(2 * SIZE..3 * SIZE));
        assert_eq!(pieces.wrote(open, SIZE..2 * SIZE, SIZE), None);
    }

    #[test]
    fn what_an_earlier_run_left_is_not_handed_out() {
        let mut coverage = Coverage::new(SIZE / 2);
        coverage.add(SIZE..2 * SIZE);
        coverage.add(3 * SIZE..3 * SIZE + 100);
        let mut pieces = Pieces::resume(Some(5 * SIZE), coverage);
        let open = pieces.open(4 * SIZE);
        assert_eq!(pieces.end_of(open), Some(SIZE));
        assert_eq!(taken(&mut pieces), Some(2 * SIZE..3 * SIZE));
        assert_eq!(taken(&mut pieces), Some(3 * SIZE + 100..4 * SIZE + 100));
        assert_eq!(pieces.wrote(open, SIZE / 2..SIZE, SIZE), None);
        assert_eq!(pieces.frontier(), 2 * SIZE);
        pieces.give_all_back();
        pieces.cut();
        assert_eq!(pieces.present(), 2 * SIZE);
        assert_eq!(taken(&mut pieces), Some(2 * SIZE..3 * SIZE));
    }

    #[test]
    fn bytes_that_nobody_brings_are_handed_out_again() {
        let mut pieces = Pieces::new(Some(3 * SIZE), 0);
        let flights: Vec<_> = (0..3).filter_map(|_| pieces.take(SIZE, WINDOW)).collect();
        assert_eq!(pieces.wrote(flights[2].0, 2 * SIZE..3 * SIZE, SIZE), None);
        // The end of each is there, and their beginnings never came.
        for (id, range) in &flights[..2] {
            assert_eq!(pieces.wrote(*id, range.end - 1..range.end, SIZE), None);
        }
        assert_eq!(taken(&mut pieces), Some(0..SIZE - 1));
    }

    #[test]
    fn an_open_flight_gets_as_many_pieces_as_it_has_bytes_for() {
        let mut pieces = Pieces::new(Some(10 * SIZE), 0);
        let open = pieces.open(SIZE);
        assert_eq!(pieces.extend(open, 3 * SIZE + 1, SIZE), Some(4 * SIZE));
        let next = pieces.take(SIZE, u64::MAX).map(|(_, range)| range);
        assert_eq!(next, Some(4 * SIZE..5 * SIZE));
        assert_eq!(pieces.extend(open, 9 * SIZE, SIZE), Some(4 * SIZE));
    }

    #[test]
    fn a_range_that_is_given_back_comes_first_and_once() {
        let mut pieces = Pieces::new(Some(10 * SIZE), 0);
        let (first, _) = pieces.take(SIZE, WINDOW).unwrap();
        let (second, range) = pieces.take(SIZE, WINDOW).unwrap();
        assert_eq!(pieces.wrote(first, 0..100, SIZE), Some(SIZE));
        pieces.give_back(first);
        assert_eq!(taken(&mut pieces), Some(100..SIZE));
        assert_eq!(pieces.wrote(second, range, SIZE), None);
        assert_eq!(taken(&mut pieces), Some(2 * SIZE..3 * SIZE));
        assert_eq!(pieces.present(), SIZE + 100);
    }

    #[test]
    fn an_idle_connection_takes_half_of_the_longest_flight_or_all_of_a_stalled_one() {
        let mut pieces = Pieces::new(Some(SIZE), 0);
        let (slow, _) = pieces.take(SIZE, WINDOW).unwrap();
        assert_eq!(taken(&mut pieces), None);
        let (half, range) = pieces.help(|_| false, |_| true).unwrap();
        assert_eq!(range, SIZE / 2..SIZE);
        assert_eq!(pieces.wrote(half, range, SIZE), None);
        let (twin, range) = pieces.help(|_| true, |_| true).unwrap();
        assert_eq!(range, 0..SIZE / 2);
        assert_eq!(pieces.wrote(twin, range, SIZE), None);
        assert!(pieces.is_complete());
        assert_eq!(pieces.wrote(slow, 0..1, SIZE), None);
        assert_eq!(pieces.flights(), 0);
    }

    #[test]
    fn each_stalled_flight_gets_one_twin_and_ends_when_that_has_brought_its_bytes() {
        let mut pieces = Pieces::new(Some(2 * SIZE), 0);
        let (first, _) = pieces.take(SIZE, WINDOW).unwrap();
        let (second, _) = pieces.take(SIZE, WINDOW).unwrap();
        let stalled = |id| id == first || id == second;
        let (one, range) = pieces.help(stalled, |_| true).unwrap();
        assert_eq!(range, 0..SIZE);
        // It is on its way.
        assert_eq!(pieces.wrote(one, 0..SIZE / 2, SIZE), Some(SIZE));
        let (other, range) = pieces.help(stalled, |_| true).unwrap();
        assert_eq!(range, SIZE..2 * SIZE);
        assert_eq!(pieces.wrote(one, SIZE / 2..SIZE, SIZE), None);
        assert_eq!(pieces.end_of(first), None);
        assert_eq!(pieces.wrote(other, SIZE..2 * SIZE, SIZE), None);
        assert_eq!((pieces.flights(), pieces.is_complete()), (0, true));
    }

    #[test]
    fn a_twin_that_fails_gives_nothing_back_that_the_other_still_brings() {
        let mut pieces = Pieces::new(Some(SIZE), 0);
        let (slow, _) = pieces.take(SIZE, WINDOW).unwrap();
        let (twin, _) = pieces.help(|_| true, |_| true).unwrap();
        pieces.give_back(twin);
        assert_eq!(taken(&mut pieces), None);
        pieces.give_back(slow);
        assert_eq!(taken(&mut pieces), Some(0..SIZE));
    }

    #[test]
    fn a_byte_is_claimed_once() {
        let mut pieces = Pieces::new(Some(SIZE), 0);
        let (slow, _) = pieces.take(SIZE, WINDOW).unwrap();
        let (twin, _) = pieces.help(|_| true, |_| true).unwrap();
        let first = 0..100;
        assert_eq!(pieces.claim(slow, first.clone()), Some(vec![first]));
        assert_eq!(pieces.claim(twin, 50..150), None);
        assert!(pieces.release(slow));
        pieces.wrote(slow, 0..100, SIZE);
        pieces.wrote(twin, 200..300, SIZE);
        assert_eq!(pieces.claim(twin, 50..400), Some(vec![100..200, 300..400]));
        assert!(!pieces.release(twin));
    }

    #[test]
    fn the_open_flight_passes_what_is_there_where_no_ranges_are_served() {
        let mut pieces = Pieces::new(Some(3 * SIZE), 0);
        let open = pieces.open(SIZE);
        let (second, range) = pieces.take(SIZE, WINDOW).unwrap();
        pieces.wrote(second, range, SIZE);
        pieces.set_single(true);
        assert_eq!(pieces.wrote(open, 0..SIZE, SIZE), Some(3 * SIZE));
        assert_eq!(pieces.wrote(open, SIZE..3 * SIZE, SIZE), None);
        assert!(pieces.is_complete());
    }

    #[test]
    fn an_object_of_unknown_length_ends_where_its_bytes_end() {
        let mut pieces = Pieces::new(None, 0);
        let open = pieces.open(SIZE);
        assert_eq!(taken(&mut pieces), None);
        assert_eq!(pieces.wrote(open, 0..7, SIZE), Some(u64::MAX));
        assert!(!pieces.is_complete());
        pieces.end_here();
        assert!(pieces.is_complete());
    }
}
