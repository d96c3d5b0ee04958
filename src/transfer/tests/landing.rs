//! Connections that share a file, and a transfer that files are added to.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::{MIB, Scene, whole};
use crate::transfer::pool::Destination;
use crate::transfer::request::CHUNK;
use crate::transfer::slot::First;
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
        let mut waits: Vec<Duration> = state.files.iter_mut().map(|slot| slot.attempts.busy(None)).collect();
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
