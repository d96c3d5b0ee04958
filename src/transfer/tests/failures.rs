//! What a failed request costs its file.

use std::time::Duration;

use super::{MIB, Scene};
use crate::http::{Failure, Route, Stage};
use crate::process::world::Clock;
use crate::transfer::attempts::Attempts;
use crate::transfer::fetch_error::FetchError;
use crate::transfer::reason::Reason;
use crate::transfer::request::NoAnswer;
use crate::transfer::slot::First;
use crate::transfer::state::{Kind, Task};

const TAG: &str = "\"one\"";

fn failure(stage: Stage) -> Box<Failure> {
    Box::new(Failure {
        stage,
        is_at_proxy: false,
        route: Route {
            origin: "http://h".to_owned(),
            proxy: None,
        },
        detail: "it broke".to_owned(),
        was_before_sending: false,
    })
}

fn cut(stage: Stage) -> FetchError {
    FetchError::Cut {
        at: 5,
        of: Some(24 * MIB),
        failure: Some(failure(stage)),
    }
}

fn no_answer(stage: Stage) -> FetchError {
    NoAnswer::Transport(failure(stage)).into()
}

/// A file that one failure ends, with two requests for pieces on their way, of which the first is to fail.
fn two_flights() -> (Scene, Task) {
    let scene = Scene::with(2, |options| options.max_attempts = 1);
    scene.resume(0, TAG, 24 * MIB, 0);
    {
        let slot = &mut scene.pool.lock().files[0];
        (slot.first, slot.has_ranges) = (None, true);
    }
    let one = scene.next().unwrap();
    assert!(scene.next().is_some());
    (scene, one)
}

/// Whether a file is given up whose request fails so, while another connection brought bytes so long ago or
/// none at all.
fn is_given_up(error: FetchError, brought: Option<Duration>) -> bool {
    let (scene, one) = two_flights();
    let now = Duration::from_secs(1000);
    scene.clock.sleep(now);
    {
        let mut state = scene.pool.lock();
        let slot = &mut state.files[0];
        assert_eq!(slot.flying.len(), 2);
        for flying in &mut slot.flying {
            flying.last = now;
        }
        if let Some(ago) = brought {
            let other = slot.flying.last_mut().unwrap();
            (other.last, other.has_delivered) = (now - ago, true);
        }
    }
    scene.pool.recover(&one, one.generation, &one.link, error, now);
    let state = scene.pool.lock();
    let slot = &state.files[0];
    if slot.failed.is_none() {
        assert_eq!(slot.flying.len(), 1, "the other goes on");
        assert_eq!(slot.pieces.flights(), 1);
    }
    slot.failed.is_some()
}

#[test]
fn silence_is_no_failure_while_another_connection_brings_bytes() {
    let ago = |seconds| Some(Duration::from_secs(seconds));
    for error in [cut, no_answer] {
        assert!(!is_given_up(error(Stage::Timeout), ago(1)));
        assert!(is_given_up(error(Stage::Timeout), ago(999)), "the other is silent, too");
        assert!(is_given_up(error(Stage::Timeout), None));
        assert!(is_given_up(error(Stage::Broken), ago(1)));
    }
}

#[test]
fn connections_that_are_too_slow_together_count_once() {
    let scene = Scene::with(1, |options| options.max_attempts = 3);
    scene.resume(0, TAG, 24 * MIB, 5);
    let minute = Duration::from_secs(60);
    // Each has brought some bytes, which end the row of failures that are counted for any reason.
    let is_given_up_by_one_sent_at = |sent: Duration, bytes: u64| {
        let task = scene.pool.lock().files[0].task(0, Kind::First(First::Resume, 5));
        scene.pool.lock().files[0].attempts.has(bytes);
        let error = FetchError::TooSlow;
        scene.pool.recover(&task, task.generation, &task.link, error, sent);
        scene.pool.lock().files[0].failed.is_some()
    };
    scene.clock.sleep(minute);
    assert!((10..18).all(|bytes| !is_given_up_by_one_sent_at(Duration::ZERO, bytes)));
    scene.clock.sleep(minute);
    assert!(!is_given_up_by_one_sent_at(minute, 20));
    scene.clock.sleep(minute);
    assert!(is_given_up_by_one_sent_at(minute * 2, 30));
}

#[test]
fn a_refusal_of_a_range_that_was_not_asked_for_is_a_failure() {
    let scene = Scene::with(1, |options| options.max_attempts = 1);
    scene.begin(0);
    let task = scene.next().unwrap();
    let error = NoAnswer::NoSuchRange.into();
    scene
        .pool
        .recover(&task, task.generation, &task.link, error, Duration::ZERO);
    assert!(
        scene.pool.lock().files[0].failed.is_some(),
        "it would come again for ever"
    );
}

#[test]
fn what_nobody_brings_is_asked_for_again_in_pieces_if_ranges_are_served() {
    for (has_ranges, frontier, first) in [(false, 50, Some(First::Resume)), (true, 50, None), (false, 100, None)] {
        let scene = Scene::new(1);
        scene.resume(0, TAG, 100, frontier);
        let mut state = scene.pool.lock();
        let slot = &mut state.files[0];
        (slot.first, slot.has_ranges) = (None, has_ranges);
        slot.settle();
        assert_eq!(slot.first, first);
    }
}

/// Whether a file of 10 bytes is given up of which `frontier` are there when a request fails so.
fn is_given_up_at(frontier: u64, error: FetchError) -> bool {
    let scene = Scene::with(1, |options| options.max_attempts = 1);
    scene.resume(0, TAG, 10, frontier);
    let task = scene.next().unwrap();
    scene
        .pool
        .recover(&task, task.generation, &task.link, error, Duration::ZERO);
    let state = scene.pool.lock();
    state.files[0].failed.is_some()
}

#[test]
fn a_request_that_fails_late_costs_nothing_once_all_bytes_are_there() {
    let ways: [fn() -> FetchError; 3] = [
        || FetchError::Final(Reason::Page),
        || FetchError::TooSlow,
        || FetchError::NoAnswer(NoAnswer::Failed("HTTP 500".to_owned())),
    ];
    for error in ways {
        assert!(is_given_up_at(9, error()));
        assert!(!is_given_up_at(10, error()));
    }
}

#[test]
fn a_version_of_two_lengths_is_not_trusted_even_when_all_bytes_are_there() {
    assert!(is_given_up_at(10, FetchError::TwoLengths(10, 11)));
}

#[test]
fn no_failure_of_another_connection_lets_the_refused_link_be_used_while_a_new_one_is_asked_for() {
    let (scene, one) = two_flights();
    {
        let slot = &mut scene.pool.lock().files[0];
        // As while the service is asked.
        (slot.is_refreshing, slot.paused_until) = (true, Duration::MAX);
        slot.attempts = Attempts::new(3, 7);
    }
    scene.pool.recover(
        &one,
        one.generation,
        &one.link,
        cut(Stage::Broken),
        scene.clock.monotonic(),
    );
    assert_eq!(scene.pool.lock().files[0].paused_until, Duration::MAX);
}

#[test]
fn the_reason_why_a_file_is_given_up_is_what_happened() {
    for (error, reason) in [
        (no_answer(Stage::Broken), "it broke"),
        (
            cut(Stage::Broken),
            "the connection ended after 5 of 25165824 bytes: it broke",
        ),
        (NoAnswer::Failed("HTTP 500".to_owned()).into(), "HTTP 500"),
        (NoAnswer::Odd("HTTP 304".to_owned()).into(), "HTTP 304"),
        (NoAnswer::NoSuchRange.into(), "the storage has no such range of bytes"),
        (
            FetchError::TooSlow,
            "the connection brought less than 10 kB/s for a minute",
        ),
        (FetchError::Final(Reason::Page), "a web page came instead of the file"),
        (no_answer(Stage::Protocol), "it broke"),
        (
            FetchError::TwoLengths(1, 2),
            "the storage gives the same version two lengths: 1 and 2 bytes",
        ),
    ] {
        let scene = Scene::with(1, |options| options.max_attempts = 1);
        scene.begin(0);
        let task = scene.next().unwrap();
        scene
            .pool
            .recover(&task, task.generation, &task.link, error, Duration::ZERO);
        let failed = scene.pool.lock().files[0].failed.take();
        assert_eq!(failed.map(|failed| failed.to_string()).as_deref(), Some(reason));
    }
}

#[test]
fn an_answer_that_does_not_fit_its_range_is_asked_for_again_once_with_a_range() {
    let scene = Scene::new(1);
    scene.resume(0, TAG, 100, 50);
    for expected in [Some(50..100), Some(50..100), None] {
        let task = scene.next().unwrap();
        assert_eq!(task.range(), expected);
        let error = FetchError::Odd("no range".to_owned());
        scene
            .pool
            .recover(&task, task.generation, &task.link, error, Duration::ZERO);
        scene.pool.free();
    }
}
