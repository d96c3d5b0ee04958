//! Which bytes a connection is to bring: none twice, none never, and no request for next to nothing.

use std::ops::Range;

use super::MIB;
use crate::transfer::pieces::Pieces;

const SIZE: u64 = 4 * MIB;

fn taken(pieces: &mut Pieces, size: u64) -> Option<Range<u64>> {
    pieces.take(size, u64::MAX).map(|(_, range)| range)
}

/// An object of which the bytes before `end` were asked for, and given back.
fn given_back(end: u64) -> Pieces {
    let mut pieces = Pieces::new(Some(10 * SIZE), 0);
    let (id, range) = pieces.take(end, u64::MAX).unwrap();
    assert_eq!(range, 0..end);
    pieces.give_back(id);
    pieces
}

#[test]
fn what_was_given_back_is_handed_out_in_pieces_and_all_of_it() {
    let mut pieces = given_back(2 * SIZE + 7);
    for expected in [0..SIZE, SIZE..2 * SIZE, 2 * SIZE..2 * SIZE + 7] {
        assert_eq!(taken(&mut pieces, SIZE), Some(expected));
    }
    assert_eq!(taken(&mut pieces, SIZE), Some(2 * SIZE + 7..3 * SIZE + 7));
}

#[test]
fn an_answer_from_the_frontier_on_brings_its_piece_of_what_was_given_back_and_no_more() {
    let mut pieces = given_back(3 * SIZE);
    pieces.open(SIZE);
    assert_eq!(taken(&mut pieces, 10 * SIZE), Some(SIZE..3 * SIZE));
    let mut pieces = given_back(SIZE);
    pieces.open(SIZE);
    assert_eq!(taken(&mut pieces, SIZE), Some(SIZE..2 * SIZE));
}

#[test]
fn a_short_last_piece_belongs_to_the_one_before_it() {
    for (rest, last) in [(SIZE / 8, None), (SIZE / 2, Some(2 * SIZE..2 * SIZE + SIZE / 2))] {
        let length = 2 * SIZE + rest;
        let mut pieces = Pieces::new(Some(length), 0);
        assert_eq!(taken(&mut pieces, SIZE), Some(0..SIZE));
        let end = last.as_ref().map_or(length, |last| last.start);
        assert_eq!(taken(&mut pieces, SIZE), Some(SIZE..end));
        assert_eq!(taken(&mut pieces, SIZE), last);
    }
}

#[test]
fn whether_help_is_worth_it_is_decided_by_the_bytes_that_it_brings() {
    let mut pieces = Pieces::new(Some(3 * SIZE), 2 * SIZE);
    pieces.take(SIZE, SIZE).unwrap();
    assert_eq!(pieces.help(|_| false, |bytes| bytes > SIZE / 2), None);
    let helped = pieces.help(|_| false, |bytes| bytes >= SIZE / 2);
    assert_eq!(helped.map(|(_, range)| range), Some(5 * SIZE / 2..3 * SIZE));
}

#[test]
fn a_flight_ends_when_another_has_brought_its_bytes_before_those_in_front_of_them() {
    let mut pieces = Pieces::new(Some(3 * SIZE), 0);
    let (first, _) = pieces.take(SIZE, SIZE * 3).unwrap();
    let (second, _) = pieces.take(SIZE, SIZE * 3).unwrap();
    let (twin, range) = pieces.help(|id| id == second, |_| true).unwrap();
    assert_eq!(range, SIZE..2 * SIZE);
    assert_eq!(pieces.wrote(twin, range.start..range.end - 1, SIZE), Some(range.end));
    assert_eq!(pieces.end_of(second), Some(range.end), "a byte of it is missing");
    assert_eq!(pieces.wrote(twin, range.end - 1..range.end, SIZE), None);
    assert_eq!(pieces.end_of(second), None);
    assert_eq!(pieces.end_of(first), Some(SIZE));
}

#[test]
fn flights_write_side_by_side_what_is_not_the_same() {
    let mut pieces = Pieces::new(Some(SIZE), 0);
    let mut flight = || pieces.take(SIZE / 4, SIZE).unwrap().0;
    let (one, two, three) = (flight(), flight(), flight());
    for (id, range) in [(one, 100..200), (two, 200..300), (three, 0..100)] {
        assert_eq!(pieces.claim(id, range.clone()), Some(vec![range]));
    }
    for range in [100..101, 199..201, 0..300] {
        assert_eq!(pieces.claim(three, range), None);
    }
}

#[test]
fn what_is_there_at_the_beginning_of_a_claim_is_left_out() {
    let mut pieces = Pieces::new(Some(SIZE), 0);
    let (id, _) = pieces.take(SIZE, SIZE).unwrap();
    pieces.wrote(id, 200..300, SIZE);
    let missing = 300..400;
    assert_eq!(pieces.claim(id, 200..400), Some(vec![missing]));
}
