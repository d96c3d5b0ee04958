//! One file over many connections.

use std::collections::HashSet;
use std::time::Duration;

use jdredis_sandbox::Delivery;

use super::{Place, SINGLE, each};
use crate::support::sandbox_builder;

const NAME: &str = SINGLE.files[0].1;
/// Of many pieces.
const LARGE: u64 = 24 << 20;
/// What a piece has at least, in bytes.
const PIECE: u64 = 2 << 20;

fn large() -> Place {
    Place::of(sandbox_builder().object_size(LARGE))
}

/// The file must be the object.
#[track_caller]
fn has_it(place: &Place) {
    assert_eq!(place.names(), [NAME]);
    assert!(place.read(NAME) == place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0));
}

#[test]
fn one_large_file_comes_over_many_connections_in_few_requests() {
    let place = large();
    place.sandbox.always_deliver(Delivery::normal().throttle(4 << 20));
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    has_it(&place);
    // One connection takes six seconds.
    assert!(outcome.took < Duration::from_secs(3), "{outcome:#?}");
    let fetched = place.fetched();
    let used: HashSet<_> = fetched.iter().map(|request| request.connection).collect();
    assert!((5..=16).contains(&used.len()), "{used:?}");
    assert!(fetched.len() as u64 <= LARGE / PIECE + 1 + 8, "{}", fetched.len());
    assert_eq!(fetched[0].header("range"), None);
    for request in &fetched[1..] {
        assert!(
            request.header("range").is_some() && request.header("if-match").is_some(),
            "{request:#?}"
        );
        let last = request.header("range").unwrap().rsplit('-').next().unwrap();
        assert!(
            last.parse::<u64>().is_ok_and(|last| last < LARGE) || last.is_empty(),
            "{request:#?}"
        );
    }
}

#[test]
fn one_connection_fetches_a_large_file_in_one_request() {
    let place = large();
    let outcome = place.fetch(SINGLE, &["-o", "json", "--parallel", "1"]);
    assert_eq!(each(&outcome, "state"), ["ok"]);
    has_it(&place);
    assert_eq!(place.fetched().len(), 1);
}
