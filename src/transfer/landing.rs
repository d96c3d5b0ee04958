//! The way of a flight's bytes into the part and to the check.
//!
//! Two answers may bring the same bytes: that of a connection which is taken for stalled and that of its twin, or
//! answers from before and after a new start. So a flight claims bytes before it writes them, and each byte is
//! written once. If the answer that comes late has other bytes in their place, they change nothing that was
//! checked, even after the file got its name.

use std::ops::Range;
use std::sync::{Arc, MutexGuard};

use super::part::Part;
use super::pool::{Destination, Pool, Timing, wait};
use super::state::{Chunk, Slot, State};
use super::{Event, HEARTBEAT};

impl Pool {
    /// The end of the bytes that a flight is to bring, which has brought those before `position`; `None` where it has
    /// ended.
    pub(super) fn extend(&self, destination: &Destination, position: u64) -> Option<u64> {
        let mut state = self.lock();
        let size = state.piece(destination.file);
        let slot = &mut state.files[destination.file];
        if slot.generation != destination.generation {
            return None;
        }
        slot.pieces.set_single(!slot.has_ranges);
        slot.pieces.extend(destination.id, position, size)
    }

    /// Which of these bytes a flight is to write: those that are not there. While another flight writes some of
    /// them, it waits. No other flight writes any of them until they have [`landed`](Self::landed).
    pub(super) fn claim(&self, destination: &Destination, range: &Range<u64>) -> Vec<Range<u64>> {
        let mut state = self.lock();
        loop {
            let slot = &mut state.files[destination.file];
            if slot.generation != destination.generation {
                return Vec::new();
            }
            if let Some(missing) = slot.pieces.claim(destination.id, range.clone()) {
                return missing;
            }
            state = wait(&self.room, state);
        }
    }

    /// Ends the claim of a flight whose bytes could not be written.
    pub(super) fn renounce(&self, destination: &Destination) {
        self.release(&mut self.lock().files[destination.file], destination);
    }

    fn release(&self, slot: &mut Slot, destination: &Destination) {
        // If the file has another part by now, the claim ended with the pieces of the earlier one.
        let is_same = |part: &Arc<Part>| Arc::ptr_eq(part, &destination.part);
        if slot.part.as_ref().is_some_and(is_same) && slot.pieces.release(destination.id) {
            self.room.notify_all();
        }
    }

    /// Notes that bytes of a flight are in the part: those in `range` of the buffer, the first of which is at
    /// `start` in the object. The flight wrote those in `missing`; the others were there before. Returns a buffer
    /// to read into, and the end of the bytes that the flight is to bring, which is `None` where it has ended.
    ///
    /// It waits where the check is far behind, so that no more bytes are received than a slow check takes.
    pub(super) fn landed(
        &self,
        destination: &Destination,
        start: u64,
        buffer: Vec<u8>,
        range: Range<usize>,
        missing: &[Range<u64>],
        timing: Timing,
    ) -> (Vec<u8>, Option<u64>) {
        let end = start + range.len() as u64;
        let now = self.now();
        let mut state = self.lock();
        self.release(&mut state.files[destination.file], destination);
        state.received += range.len() as u64;
        state.last_progress = now;
        state.pace.read(timing.idle, timing.busy);
        let size = state.piece(destination.file);
        let slot = &mut state.files[destination.file];
        if slot.generation != destination.generation {
            return (buffer, None);
        }
        if let Some(flying) = slot.flying(destination.id) {
            (flying.last, flying.has_delivered) = (now, true);
        }
        let frontier = slot.pieces.frontier();
        slot.pieces.set_single(!slot.has_ranges);
        let until = slot.pieces.wrote(destination.id, start..end, size);
        if until.is_none() {
            slot.slow = 0;
            slot.flying.retain(|flying| flying.id != destination.id);
            // It may be the last flight of a file whose ranges are refused by now, with bytes still missing.
            slot.settle();
        }
        let present = slot.pieces.present();
        slot.attempts.has(present);
        if now.saturating_sub(slot.told) >= HEARTBEAT || until.is_none() {
            slot.told = now;
            let length = slot.object.length;
            self.tell(destination.file, Event::Position { bytes: present, length });
        }
        let has_moved = slot.pieces.frontier() > frontier;
        let (active, delivering, received) = (state.active, state.delivering(), state.received);
        let may_add = state.pace.consider(now, active, delivering, received);
        if may_add || (has_moved && active < state.pace.allowed()) {
            self.work.notify_all();
        }
        // The check gets from memory only what this flight wrote, and reads from the disk what was there before:
        // this answer may have other bytes in its place.
        let (start, range) = match missing {
            [written] => {
                let skipped = usize::try_from(written.start - start).unwrap_or_default();
                let length = usize::try_from(written.end - written.start).unwrap_or_default();
                (written.start, range.start + skipped..range.start + skipped + length)
            }
            _ => (start, range.start..range.start),
        };
        let buffer = self.hand_over(state, destination, start, buffer, range);
        (buffer, until)
    }

    /// Hands bytes to the check if they follow those that it has and there is room in memory. Otherwise the check
    /// reads them from the disk later.
    fn hand_over(
        &self,
        mut state: MutexGuard<'_, State>,
        destination: &Destination,
        start: u64,
        buffer: Vec<u8>,
        range: Range<usize>,
    ) -> Vec<u8> {
        let end = start + range.len() as u64;
        let mut has_waited = false;
        loop {
            let most = state.most_queued;
            let slot = &mut state.files[destination.file];
            let is_void = slot.generation != destination.generation || self.is_stopped();
            let is_next = start <= slot.queued && slot.queued < end;
            if is_void {
                return buffer;
            }
            if is_next && slot.queue.len() < most {
                let seen = usize::try_from(slot.queued - start).unwrap_or(range.len());
                slot.queue.push_back(Chunk {
                    start: slot.queued,
                    bytes: buffer,
                    range: range.start + seen..range.end,
                });
                slot.queued = end;
                self.news.notify_all();
                let spare = state.spare.pop();
                drop(state);
                return spare.unwrap_or_else(|| vec![0; self.chunk()]);
            }
            if !must_wait(slot.lags(), is_next, has_waited) {
                self.news.notify_all();
                return buffer;
            }
            has_waited = true;
            state = wait(&self.room, state);
        }
    }
}

/// Whether a connection waits for the check: as long as its file lags, and once where its bytes come next, since those
/// are then checked from memory.
fn must_wait(lags: bool, is_next: bool, has_waited: bool) -> bool {
    lags || (is_next && !has_waited)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::transfer::tests::{MIB, Scene};

    #[test]
    fn the_check_gets_from_memory_the_bytes_that_come_next_and_no_others() {
        let scene = Scene::new(1);
        let part = scene.resume(0, "\"one\"", 8 * MIB, 0);
        let id = scene.pool.lock().files[0].open(MIB, Duration::ZERO);
        let mut destination = Destination {
            file: 0,
            generation: 0,
            id,
            part,
        };
        // Hands over these bytes of a buffer, and returns what the check has got since.
        let hand_over = |destination: &Destination, start: u64, range: Range<usize>| {
            let known = scene.pool.lock().files[0].queue.len();
            let state = scene.pool.lock();
            scene
                .pool
                .hand_over(state, destination, start, (0..100).collect(), range);
            let state = scene.pool.lock();
            let slot = &state.files[0];
            let new = slot.queue.iter().skip(known);
            let new: Vec<_> = new
                .map(|chunk| (chunk.start, chunk.bytes[chunk.range.clone()].to_vec()))
                .collect();
            (new, slot.queued)
        };
        let bytes = |range: Range<u8>| range.collect::<Vec<u8>>();
        assert_eq!(hand_over(&destination, 0, 10..30), (vec![(0, bytes(10..30))], 20));
        assert_eq!(hand_over(&destination, 30, 0..10), (vec![], 20), "after a gap");
        assert_eq!(
            hand_over(&destination, 10, 5..45),
            (vec![(20, bytes(15..45))], 50),
            "some are new"
        );
        assert_eq!(hand_over(&destination, 40, 0..10), (vec![], 50), "none is new");
        destination.generation = 1;
        assert_eq!(hand_over(&destination, 50, 0..10), (vec![], 50), "of another start");
        destination.generation = 0;
        for more in 0..6 {
            assert_eq!(hand_over(&destination, 50 + more, 0..1).1, 51 + more);
        }
        assert_eq!(hand_over(&destination, 56, 0..1), (vec![], 56), "there is no room");
    }
}
