//! The sandbox itself: checks each request as the gateway does, answers it with the service's own answer
//! or a scripted reply, and records it for the tests.

mod builder;
mod connection;
mod fleet;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use crate::catalog::{BackupOutcome, Catalog, REGIONS, RestoreOutcome};
use crate::difference::Difference;
use crate::http::Request;
use crate::script::{Conduct, HttpReply, Kind, Reply, Script};
use crate::server::{Ending, Serve, Server, Socket, lock};
use crate::service::{self, Call};
use crate::signature::{self, Denial, Keys, Nonces, Refusal, Terms};
use crate::storage::{self, Alteration, Body, Content, Delivery, Fetch, LinkTerms, Storage};

pub use builder::Builder;
use connection::{Connection, Stream};

/// How many of the latest requests and refusals are kept. The limit is for benchmarks, which would fill the
/// memory.
const KEPT: usize = 64 * 1024;

/// A running sandbox on 127.0.0.1. Dropping it ends every connection and joins every thread.
#[derive(Debug)]
pub struct Sandbox {
    server: Server,
    cloud: Arc<Cloud>,
}

impl Sandbox {
    /// Starts a sandbox with the default settings: HTTP on a free port.
    ///
    /// # Panics
    /// When the machine has no free loopback port or thread.
    #[must_use]
    pub fn start() -> Self {
        Self::builder()
            .start()
            .expect("the machine has a free loopback port and a thread")
    }

    /// Settings to change before starting.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The base URL, such as `http://127.0.0.1:4711`; `https` when it serves TLS.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.cloud.origin
    }

    /// The key pair that it accepts.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.cloud.settings.keys
    }

    /// Queues replies, each for one coming request to the API. When none is left, the one set by
    /// [`always`](Self::always) or else the service's own answers return.
    pub fn script(&self, replies: Vec<Reply>) {
        self.script_for("", replies);
    }

    /// Queues replies, each for one coming request whose target as sent contains this, such as
    /// `pageNumber=3`. Of all that are queued, a request gets the earliest that it may get.
    pub fn script_for(&self, part_of_target: &str, replies: Vec<Reply>) {
        lock(&self.cloud.state).script.extend(part_of_target, replies);
    }

    /// Sets the reply for every request to the API that no queued one is for.
    pub fn always(&self, reply: Reply) {
        lock(&self.cloud.state).script.set_always(reply);
    }

    /// Forgets all scripted replies: the service answers again.
    pub fn unscript(&self) {
        lock(&self.cloud.state).script.clear();
    }

    /// Queues the outcome of one backup that a client makes. Later backups have the default outcome.
    pub fn next_backup(&self, outcome: BackupOutcome) {
        lock(&self.cloud.catalog).expect_backup(outcome);
    }

    /// Queues what is shown of one restore that a client asks for. Later ones have the default outcome.
    pub fn next_restore(&self, outcome: RestoreOutcome) {
        lock(&self.cloud.catalog).restores.expect(outcome);
    }

    /// Queues deliveries, each for one coming request to the object storage whose target as sent
    /// contains this, such as an instance's ID or the name of a file; an empty one is in all. Of
    /// all that are queued, a request gets the earliest that it may get. When none is left, the
    /// one set by [`always_deliver`](Self::always_deliver) or else the normal ones return.
    pub fn deliver(&self, part_of_target: &str, deliveries: Vec<Delivery>) {
        lock(&self.cloud.storage).script.extend(part_of_target, deliveries);
    }

    /// Sets the delivery for every request to the object storage that no queued one is for.
    pub fn always_deliver(&self, delivery: Delivery) {
        lock(&self.cloud.storage).script.set_always(delivery);
    }

    /// Forgets all scripted deliveries. What they have altered stays altered.
    pub fn deliver_normally(&self) {
        lock(&self.cloud.storage).script.clear();
    }

    /// Makes all existing links expire.
    pub fn expire_links(&self) {
        lock(&self.cloud.storage).expire_links();
    }

    /// A new link to the file of a backup's node, as the service would answer it now.
    ///
    /// # Panics
    /// When there is no such file.
    #[must_use]
    #[track_caller]
    pub fn link(&self, instance: &str, base_id: &str, node: usize) -> String {
        let key = self.cloud.key(instance, base_id, node);
        storage::links(&self.cloud.link_terms(), REGIONS[0], &key).public
    }

    /// Alters the file of a backup's node from now on.
    ///
    /// # Panics
    /// When there is no such file.
    #[track_caller]
    pub fn alter(&self, instance: &str, base_id: &str, node: usize, alteration: &Alteration) {
        let key = self.cloud.key(instance, base_id, node);
        lock(&self.cloud.storage).alter(&key, self.cloud.settings.object_size, alteration);
    }

    /// The present content of the file of a backup's node. For a large file, compare its
    /// [`object_sha256`](Self::object_sha256) instead.
    ///
    /// # Panics
    /// When there is no such file.
    #[must_use]
    #[track_caller]
    pub fn object(&self, instance: &str, base_id: &str, node: usize) -> Vec<u8> {
        self.content(instance, base_id, node).to_vec()
    }

    /// The SHA-256 of the file of a backup's node in lower-case hexadecimal.
    ///
    /// # Panics
    /// When there is no such file.
    #[must_use]
    #[track_caller]
    pub fn object_sha256(&self, instance: &str, base_id: &str, node: usize) -> String {
        self.content(instance, base_id, node).sha256_hex()
    }

    #[track_caller]
    fn content(&self, instance: &str, base_id: &str, node: usize) -> Content {
        let key = self.cloud.key(instance, base_id, node);
        lock(&self.cloud.storage).content(&key, self.cloud.settings.object_size)
    }

    /// The requests to the API and to the object storage, in order; at most the latest 65,536. Bytes that
    /// are not a request are only among the [`refusals`](Self::refusals).
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.cloud.state)
            .requests
            .iter()
            .map(|request| Request::clone(request))
            .collect()
    }

    /// The requests that the gateway's check or the object storage refused because of a mistake of the
    /// client, in order; at most the latest 65,536.
    #[must_use]
    pub fn refusals(&self) -> Vec<Refusal> {
        lock(&self.cloud.state).refusals.iter().cloned().collect()
    }

    /// Forgets the requests and refusals so far, as if the last of them were long ago: neither lists them any
    /// more, and a limit of calls does not count them.
    pub fn forget_requests(&self) {
        let mut state = lock(&self.cloud.state);
        state.requests.clear();
        state.refusals.clear();
        state.recent.clear();
    }

    /// The number of TCP connections that were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.accepted()
    }

    /// Waits until at least `count` requests have come since the start; returns `false` after `timeout`.
    #[must_use]
    pub fn wait_for_requests(&self, count: usize, timeout: Duration) -> bool {
        let state = lock(&self.cloud.state);
        let waited = self
            .cloud
            .changed
            .wait_timeout_while(state, timeout, |state| state.received < count);
        waited.unwrap_or_else(PoisonError::into_inner).0.received >= count
    }
}

/// The state that the connections' threads share.
#[derive(Debug)]
struct Cloud {
    origin: String,
    /// The scheme, host and port that links lead to.
    link_origin: String,
    settings: Builder,
    state: Mutex<State>,
    catalog: Mutex<Catalog>,
    storage: Mutex<Storage>,
    /// Notified at every request.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    script: Script<Reply>,
    nonces: Nonces,
    requests: VecDeque<Arc<Request>>,
    /// The number of requests, including those that are no longer kept.
    received: usize,
    refusals: VecDeque<Refusal>,
    /// When the latest calls came, as far back as a limit of calls counts.
    recent: VecDeque<Instant>,
}

impl State {
    /// Counts a call; whether it is within the limit.
    fn admit(&mut self, limit: Option<(usize, Duration)>) -> bool {
        let Some((calls, per)) = limit else { return true };
        let now = Instant::now();
        while self.recent.front().is_some_and(|first| now - *first >= per) {
            self.recent.pop_front();
        }
        let is_within = self.recent.len() < calls;
        if is_within {
            self.recent.push_back(now);
        }
        is_within
    }
}

fn keep<T>(kept: &mut VecDeque<T>, latest: T) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(latest);
}

impl Serve for Cloud {
    fn serve(&self, socket: Socket, number: usize, ending: &Ending) {
        // An error here and below means that the client closed the connection; the test sees why.
        if let Ok(stream) = Stream::accept(socket.clone(), self.settings.tls.as_ref(), self.settings.also_http) {
            let connection = Connection {
                cloud: self,
                socket,
                ending,
            };
            let _ = connection.serve(stream, number);
        }
    }
}

impl Cloud {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.settings.clock_offset
    }

    /// Records a request; returns how long to wait and what to send then.
    fn react(&self, request: &Arc<Request>) -> (Duration, Body) {
        let for_the_api = {
            let mut state = lock(&self.state);
            state.received += 1;
            keep(&mut state.requests, Arc::clone(request));
            // A scripted reply uses the nonce up too: no two requests may have the same one.
            (!request.is_for_storage()).then(|| {
                let reply = match state.admit(self.settings.calls_limit) {
                    true => state.script.next(&request.target),
                    false => Some(Reply::error(429, "RATE_LIMIT", "too many calls")),
                };
                (reply, state.nonces.admit(request))
            })
        };
        self.changed.notify_all();
        match for_the_api {
            None => self.react_as_storage(request),
            Some((reply, nonce_is_fresh)) => {
                let reply = reply.unwrap_or_else(|| Reply::then_ok(Duration::ZERO));
                let (delay, conduct) = self.react_as_api(request, reply, nonce_is_fresh);
                (delay, Body::Other(conduct))
            }
        }
    }

    fn react_as_api(&self, request: &Request, reply: Reply, nonce_is_fresh: bool) -> (Duration, Conduct) {
        let verdict = if reply.is_verified {
            self.verify(request, nonce_is_fresh)
        } else {
            Ok(())
        };
        let conduct = match (verdict, reply.kind) {
            (Err(refusal), _) => Conduct::Http(self.refuse(refusal)),
            (Ok(()), Kind::Service) => Conduct::Http(self.answer(request)),
            (Ok(()), Kind::Scripted(conduct)) => conduct,
        };
        (reply.delay, conduct)
    }

    fn answer(&self, request: &Request) -> HttpReply {
        let mut call = Call {
            request,
            link_terms: self.link_terms(),
            now: self.now(),
            object_size: self.settings.object_size,
            difference: self.settings.difference,
            catalog: &mut lock(&self.catalog),
        };
        service::answer(&mut call)
    }

    fn react_as_storage(&self, request: &Request) -> (Duration, Body) {
        let fetch = Fetch {
            request,
            now: self.now(),
            object_size: self.settings.object_size,
            expired_status: self.settings.expired_link_status,
        };
        let answer = lock(&self.storage).answer(&fetch);
        if let Some(refusal) = answer.refusal {
            keep(&mut lock(&self.state).refusals, refusal);
        }
        (answer.delay, answer.body)
    }

    fn link_terms(&self) -> LinkTerms<'_> {
        LinkTerms {
            origin: &self.link_origin,
            lifetime: self.settings.link_lifetime,
            generation: lock(&self.storage).generation(),
            now: self.now(),
        }
    }

    /// The key of a node's object.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    fn key(&self, instance: &str, base_id: &str, node: usize) -> String {
        let key = lock(&self.catalog).key(instance, base_id, node);
        key.unwrap_or_else(|| panic!("backup {base_id} of instance {instance} has no file of node {node}"))
    }

    fn verify(&self, request: &Request, nonce_is_fresh: bool) -> Result<(), Refusal> {
        let difference = self.settings.difference;
        if difference == Some(Difference::ColonInPath) && request.path().contains("%3A") {
            return Err(Refusal {
                denial: Denial::SignatureDiffers,
                reason: "a path with %3A is not taken here".to_owned(),
            });
        }
        let window = time::Duration::try_from(self.settings.clock_window).unwrap_or(time::Duration::MAX);
        let terms = Terms {
            keys: &self.settings.keys,
            now: self.now(),
            window,
            nonce_is_fresh,
            wants_raw_token: difference == Some(Difference::RawToken),
        };
        signature::verify(request, &terms)
    }

    fn refuse(&self, refusal: Refusal) -> HttpReply {
        let reply = service::refusal(refusal.denial);
        keep(&mut lock(&self.state).refusals, refusal);
        reply
    }
}
