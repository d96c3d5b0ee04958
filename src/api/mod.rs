//! The client of JD Cloud's cache-Redis OpenAPI: builds, signs, sends and, where that is safe,
//! sends again.
//!
//! Operations are functions on [`Client`]; the one loop that talks to the network is
//! [`Client::call`]. Every attempt has its own nonce, date and signature, since the gateway refuses
//! a nonce it has seen.

mod error;
mod exchange;
pub(crate) mod model;
mod retry;
mod sign;

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

pub(crate) use self::error::{Effort, Error, NetworkError, Problem, Refusal, Stage, Unexpected};
use self::exchange::{Failure, Request};
use self::model::DownloadUrls;
use self::retry::Backoff;
use self::sign::Scope;
use crate::escape::visible;
use crate::id::{BaseId, InstanceId};
use crate::notes::{Detail, Notes};
use crate::settings::Settings;
use crate::world::World;

/// The service's name in the credential scope.
const SERVICE: &str = "redis";

/// A connection to the service for one run of the program.
pub(crate) struct Client<'a> {
    settings: &'a Settings,
    world: &'a World,
    notes: &'a Notes<'a>,
    agent: Agent,
    /// On the world's monotonic clock.
    deadline: Duration,
}

/// One request of the API, before it is signed. Only reads, which are safe to send again.
struct Operation<'a> {
    /// The path's segments after the region.
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
}

/// An answer without an error in it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The body, whole: a JSON object.
    pub(crate) body: Value,
    http_status: u16,
    request_id: Option<String>,
}

impl Answer {
    /// What the service calls the exchange, for its support.
    pub(crate) fn request_id(&self) -> Option<&String> {
        self.request_id.as_ref()
    }

    /// The complaint that this answer is not of the documented shape.
    pub(crate) fn unexpected(&self, what: String) -> Error {
        Problem::Unexpected(Unexpected {
            what,
            http_status: self.http_status,
            request_id: self.request_id.clone(),
        })
        .into()
    }
}

impl<'a> Client<'a> {
    /// A client whose time starts to run now.
    pub(crate) fn new(settings: &'a Settings, world: &'a World, notes: &'a Notes<'a>) -> Self {
        Self {
            settings,
            world,
            notes,
            agent: exchange::agent(settings),
            deadline: world.clock.monotonic() + settings.timeout,
        }
    }

    /// The temporary download links of a backup, one a shard, with the whole answer.
    pub(crate) fn describe_download_url(
        &self,
        instance: &InstanceId,
        backup: &BaseId,
    ) -> Result<(Answer, DownloadUrls), Error> {
        let answer = self.call(&Operation {
            path: &["cacheInstance", instance.as_str(), "backup:describeDownloadUrl"],
            query: &[("baseId", backup.as_str())],
        })?;
        let urls = answer.result()?;
        Ok((answer, urls))
    }

    /// Sends a request, again where that may help, until it is answered or the time is up.
    fn call(&self, operation: &Operation<'_>) -> Result<Answer, Error> {
        let start = self.world.clock.monotonic();
        let mut backoff = Backoff::new(u64::from_ne_bytes(self.random()?));
        let mut attempt = 1;
        loop {
            let attempts_left = self.settings.max_attempts.saturating_sub(attempt);
            // An attempt that hangs must leave time for the ones after it.
            let limit = self.time_left() / (attempts_left + 1);
            let failure = match self.attempt(operation, attempt, limit)? {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let delay = backoff.next(failure.retry_after);
            if !failure.is_transient || attempts_left == 0 || delay >= self.time_left() {
                let elapsed = self.world.clock.monotonic().saturating_sub(start);
                return Err(Error {
                    problem: failure.problem,
                    effort: (attempt > 1).then_some(Effort {
                        attempts: attempt,
                        elapsed,
                    }),
                });
            }
            self.notes.trace(Detail::Requests, || {
                format!(
                    "attempt {attempt} failed; the next one starts in {:.2} s",
                    delay.as_secs_f64()
                )
            });
            self.world.clock.sleep(delay);
            attempt += 1;
        }
    }

    fn attempt(
        &self,
        operation: &Operation<'_>,
        attempt: u32,
        limit: Duration,
    ) -> Result<Result<Answer, Failure>, Error> {
        let request = self.signed(operation)?;
        self.notes.trace(Detail::Signing, || request.signing_trace());
        let clock = &self.world.clock;
        let started = clock.monotonic();
        let outcome = request.send(&self.agent, self.settings, limit, clock.now());
        self.notes.trace(Detail::Requests, || {
            let took = clock.monotonic().saturating_sub(started).as_millis();
            let (status, request_id) = match &outcome {
                Ok(answer) => (answer.http_status.to_string(), answer.request_id.as_deref()),
                Err(failure) => failure.summary(),
            };
            format!(
                "attempt {attempt}: {} {} -> {} in {took} ms, request ID {}",
                request.method,
                request.url,
                visible(&status),
                visible(request_id.unwrap_or("-")),
            )
        });
        Ok(outcome)
    }

    fn signed(&self, operation: &Operation<'_>) -> Result<Request, Error> {
        let region = self.settings.region.as_str();
        let mut segments = vec!["v1", "regions", region];
        segments.extend_from_slice(operation.path);
        let timestamp = sign::timestamp(self.world.clock.now());
        Ok(Request::get(
            self.settings,
            &sign::canonical_path(&segments),
            &sign::canonical_query(operation.query),
            Scope {
                timestamp: &timestamp,
                region,
                service: SERVICE,
            },
            &self.nonce()?,
        ))
    }

    fn time_left(&self) -> Duration {
        self.deadline.saturating_sub(self.world.clock.monotonic())
    }

    /// A random UUID (version 4).
    fn nonce(&self) -> Result<String, Error> {
        let mut bytes: [u8; 16] = self.random()?;
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = hex::encode(bytes);
        Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        (self.world.random)(&mut bytes).map_err(Problem::NoRandomness)?;
        Ok(bytes)
    }
}
