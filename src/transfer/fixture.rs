//! A transfer for tests, which sends no request.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::pieces::Pieces;
use super::pool::Pool;
use super::state::{Stage, State};
use super::{Folder, Identity, Job, Links, Options, Storage};
use crate::http::Network;
use crate::retry::hand::Hand;
use crate::values::link::Link;

struct NoLinks;

impl Links for NoLinks {
    fn fresh(&self, _: usize, _: &Link) -> Result<Link, String> {
        panic!("no link is needed")
    }
}

/// A transfer of one file of 10 bytes to this folder, of which `frontier` bytes are there. It has one attempt.
pub(super) fn pool(folder: &Path, frontier: u64) -> Pool {
    let text = || "x".to_owned();
    let job = Job {
        identity: Identity {
            region: text(),
            instance: text(),
            base_id: text(),
        },
        node: text(),
        link: Link::parse("https://h/x?secret").unwrap(),
        folder: Arc::new(Folder::open(folder, "test").unwrap()),
        file_name: text(),
        force: false,
    };
    let options = Options {
        storage: Storage::new(
            Arc::new(Network::default()),
            Duration::from_secs(1),
            Arc::new(Hand::default()),
        ),
        links: Arc::new(NoLinks),
        hosts: Arc::default(),
        parallel: 2,
        limit_rate: None,
        patience: Duration::from_secs(1),
        max_attempts: 1,
        clock: Arc::new(Hand::default()),
        seed: 7,
        stop: Arc::default(),
    };
    let mut state = State::new(vec![job], 1, &options, Duration::ZERO);
    state.files[0].stage = Stage::Fetching;
    state.files[0].pieces = Pieces::new(Some(10), frontier);
    Pool::new(state, options, channel().0)
}
