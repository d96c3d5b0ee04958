//! Connections that share a file, and a transfer that files are added to.

use std::cell::Cell;
use std::io::Cursor;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::{MIB, Scene, Shared, object, whole};
use crate::transfer::fetch::Fetch;
use crate::transfer::pool::Destination;
use crate::transfer::request::CHUNK;
use crate::transfer::slot::First;
use crate::transfer::state::Kind;
use crate::transfer::{Ended, Transfer};

const TAG: &str = "\"one\"";

#[test]
fn bytes_that_could_not_be_written_are_free_for_other_connections() {
    let scene = Scene::new(1);
    let part = scene.resume(0, TAG, 8 * MIB, 0);
    let destination = |generation| {
        let mut state = scene.pool.lock();
        let slot = &mut state.files[0];
        let (id, _) = slot.pieces.take(MIB, 8 * MIB).unwrap();
        Destination {
            file: 0,
            generation,
            id,
            part: Arc::clone(&part),
        }
    };
    let failing = destination(0);
    let bytes = 0..100;
    assert_eq!(scene.pool.claim(&failing, &bytes), std::slice::from_ref(&bytes));
    // The file is started again before the write fails, so the failure itself is of no account.
    scene.pool.lock().files[0].start_again(First::Plain);
    scene.pool.renounce(&failing);
    let mut state = scene.pool.lock();
    let (id, _) = state.files[0].pieces.take(MIB, 8 * MIB).unwrap();
    assert_eq!(state.files[0].pieces.claim(id, bytes.clone()), Some(vec![bytes]));
}

#[test]
fn files_that_fail_together_do_not_come_back_together() {
    for seed in [0, u64::MAX] {
        let scene = Scene::with(1, |options| options.seed = seed);
        for number in 1..4 {
            scene.pool.add(scene.job(number));
        }
        let mut state = scene.pool.lock();
        let mut waits: Vec<Duration> = state
            .files
            .iter_mut()
            .map(|slot| slot.attempts.busy(None, Duration::ZERO))
            .collect();
        waits.sort();
        waits.dedup();
        assert_eq!(waits.len(), 4, "{waits:?}");
    }
}

#[test]
fn many_connections_take_smaller_chunks() {
    let chunk = |parallel| Scene::with(0, |options| options.parallel = parallel).pool.chunk();
    assert_eq!(chunk(8), CHUNK);
    assert!(chunk(64) < CHUNK);
}

#[test]
fn a_transfer_ends_with_its_last_file_once_it_is_closed_and_tells_what_came() {
    let scene = Scene::new(1);
    scene.pool.lock().is_open = true;
    scene.begin(0);
    let task = scene.next().unwrap();
    scene.answer_first(&task, whole(TAG, 3000)).unwrap();
    let transfer = Transfer {
        pool: Arc::clone(&scene.pool),
        events: channel().1,
        left: 0.into(),
    };
    assert_eq!(transfer.received(), (3000, 1));
    scene.pool.lock().files[0].stage = crate::transfer::slot::Stage::Done;
    assert!(!scene.pool.lock().is_done());
    transfer.close();
    assert!(scene.pool.lock().is_done());
    assert!(matches!(transfer.next(), Err(Ended)));
}

#[test]
fn a_flight_whose_bytes_others_have_brought_ends_and_is_no_failure() {
    let scene = Scene::new(1);
    let part = scene.resume(0, TAG, 8 * MIB, 0);
    let id = {
        let slot = &mut scene.pool.lock().files[0];
        (slot.first, slot.has_ranges) = (None, true);
        slot.pieces.take(8 * MIB, 8 * MIB).unwrap().0
    };
    let (task, generation) = {
        let mut state = scene.pool.lock();
        let slot = &mut state.files[0];
        // An idle connection takes the second half.
        slot.pieces.help(|_| false, |_| true).unwrap();
        assert_eq!(slot.pieces.end_of(id), Some(4 * MIB));
        (slot.task(0, Kind::Piece(id, 0..8 * MIB)), slot.generation)
    };
    let pool = Arc::clone(&scene.pool);
    let body = Shared {
        bytes: Cursor::new(object(8 * MIB).split_off(512)),
        after: 4 * MIB - 511,
        // While the last bytes of the first half come, another brings them, since this one had brought none for long.
        then: Some(Box::new(move || {
            let pieces = &mut pool.lock().files[0].pieces;
            let (twin, missing) = pieces.help(|stalled| stalled == id, |_| true).unwrap();
            assert_eq!(missing.end, 4 * MIB);
            pieces.wrote(twin, missing, MIB);
            assert_eq!(pieces.end_of(id), None);
        })),
    };
    let fetch = Fetch {
        pool: &scene.pool,
        task: &task,
        generation: Cell::new(generation),
    };
    let destination = Destination {
        file: 0,
        generation,
        id,
        part,
    };
    let (head, body) = (object(512), scene.checked(0, body));
    let outcome = fetch.receive(&destination, body, head, 0, 0, Some(8 * MIB));
    assert!(outcome.is_ok());
    assert_eq!(scene.pool.lock().files[0].pieces.frontier(), 4 * MIB);
}
