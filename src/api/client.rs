//! The client: signs, sends and, where that is safe, sends again.
//!
//! Every attempt has its own nonce, date and signature, since the gateway refuses a nonce it has seen.

use std::time::Duration;

use serde::Serialize;

use super::answer::Answer;
use super::attempt::{Effect, FailedAttempt};
use super::error::{Effort, Error, ErrorKind};
use super::request::{self, Parts, Request, TokenForm};
use super::sign::{self, Scope};
use crate::config::Settings;
use crate::http;
use crate::process::world::{Clock, World};
use crate::retry::backoff::Backoff;
use crate::retry::deadline::Deadline;
use crate::retry::pace::Pace;
use crate::terminal::escape::visible;
use crate::terminal::notes::{Detail, Notes};
use crate::values::id::Region;

/// The service's name in the credential scope.
const SERVICE: &str = "redis";
/// The region in the credential scope of a call whose path has none, as the Go SDK signs it.
const NO_REGION: &str = "jdcloud-api";

/// A connection to the service. Threads may share one.
pub(crate) struct Client<'a> {
    settings: &'a Settings,
    /// The region of the settings, or another one for a client made by [`in_region`](Self::in_region).
    region: &'a Region,
    world: &'a World,
    notes: &'a Notes<'a>,
    token_form: TokenForm,
    http: http::Client,
    /// The pace that all calls of a run share; `None` for a run of few calls.
    pace: Option<&'a Pace>,
}

/// One request of the API, before it is signed.
pub(super) struct Call<'a> {
    /// `GET` reads; every other method changes something.
    pub(super) method: &'static str,
    /// The path's segments after the region; after the version, if the path has no region.
    pub(super) path: &'a [&'a str],
    /// Names and values, not encoded, in any order.
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
    has_region: bool,
    /// Whether it is sent once, even if no byte of it can have arrived.
    is_once: bool,
}

impl<'a> Call<'a> {
    /// A read of a path below the region's, with parameters in any order.
    pub(super) fn get(path: &'a [&'a str], query: Vec<(String, String)>) -> Self {
        Self {
            method: "GET",
            path,
            query,
            body: None,
            has_region: true,
            is_once: false,
        }
    }

    /// A request that creates or begins something.
    pub(super) fn post(path: &'a [&'a str], body: &serde_json::Value) -> Self {
        Self {
            method: "POST",
            path,
            query: Vec::new(),
            body: Some(body.to_string().into_bytes()),
            has_region: true,
            is_once: false,
        }
    }

    /// A request that changes something that is there.
    pub(super) fn patch(path: &'a [&'a str], body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("a request's body has only text for keys");
        Self {
            method: "PATCH",
            path,
            query: Vec::new(),
            body: Some(body),
            has_region: true,
            is_once: false,
        }
    }

    /// The same call with a path that has no region.
    pub(super) fn without_region(self) -> Self {
        Self {
            has_region: false,
            ..self
        }
    }

    /// The same call, sent once: not even again where no byte of it can have arrived.
    pub(super) fn once(self) -> Self {
        Self { is_once: true, ..self }
    }

    fn is_read(&self) -> bool {
        self.method == "GET"
    }
}

impl<'a> Client<'a> {
    pub(crate) fn new(settings: &'a Settings, world: &'a World, notes: &'a Notes<'a>) -> Self {
        Self {
            settings,
            region: &settings.region,
            world,
            notes,
            token_form: TokenForm::Base64,
            http: request::client(settings),
            pace: None,
        }
    }

    /// The client with a pace that all its calls keep. The deadline that a call is given is ignored: each call has
    /// the settings' time from when the pace lets it start. A call that is refused as one too many (429) slows the
    /// run and costs no attempt, as long as other calls are answered.
    pub(crate) fn with_pace(self, pace: &'a Pace) -> Self {
        Self {
            pace: Some(pace),
            ..self
        }
    }

    /// A client for another region, with the same keys and connections.
    pub(crate) fn in_region(&self, region: &'a Region) -> Self {
        Self {
            region,
            http: self.http.clone(),
            ..*self
        }
    }

    /// A client that sends the security token raw, as the PHP SDK does.
    pub(crate) fn with_raw_token(&self) -> Self {
        Self {
            token_form: TokenForm::Raw,
            http: self.http.clone(),
            ..*self
        }
    }

    /// The region that its calls are for.
    pub(super) fn region(&self) -> &Region {
        self.region
    }

    /// A deadline after the whole time that the settings allow for an operation.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.settings.timeout, self.clock())
    }

    /// Like [`deadline`](Self::deadline), but at most `limit` from now.
    pub(crate) fn deadline_within(&self, limit: Duration) -> Deadline {
        Deadline::after(self.settings.timeout.min(limit), self.clock())
    }

    /// Sends a request, and sends it again after failures that may pass, until it is answered or the time
    /// is up.
    pub(super) fn send(&self, call: &Call<'_>, deadline: Deadline) -> Result<Answer, Error> {
        let mut deadline = match self.pace {
            None => deadline,
            Some(pace) => {
                pace.wait();
                self.deadline()
            }
        };
        let start = self.clock().monotonic();
        let mut backoff = Backoff::new(u64::from_ne_bytes(self.random()?));
        let mut attempt = 1;
        loop {
            let attempts_left = match call.is_once {
                true => 0,
                false => self.settings.max_attempts.saturating_sub(attempt),
            };
            let time_left = deadline.left(self.clock());
            // An attempt that hangs must leave time for another one. The last attempt gets all the time
            // that is left, since it may just be slow; so does a request that will not be sent again.
            let is_last = attempts_left == 0 || !call.is_read();
            let limit = if is_last { time_left } else { time_left / 2 };
            let sent = self.clock().monotonic();
            let failed = match self.attempt(call, attempt, limit) {
                Ok(answer) => {
                    self.pace.inspect(|pace| pace.note_progress());
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            if let Some(pace) = self.pace
                && !call.is_once
                && failed.is_one_too_many()
                && failed.retry_after.unwrap_or_default() < self.settings.timeout
                && pace.since_progress() < self.settings.timeout
                && !pace.is_stopped()
            {
                pace.slow_down(sent, failed.retry_after);
                pace.wait();
                deadline = self.deadline();
                continue;
            }
            let delay = backoff.next(failed.retry_after);
            // A write that may have been carried out is not sent again.
            let may_repeat = failed.is_transient && (call.is_read() || failed.effect == Effect::NotSent);
            if !may_repeat || attempts_left == 0 || delay >= deadline.left(self.clock()) {
                let elapsed = self.clock().monotonic().saturating_sub(start);
                return Err(Error {
                    kind: failed.kind,
                    asked_to_wait: failed
                        .retry_after
                        .filter(|wait| may_repeat && attempts_left > 0 && *wait == delay),
                    may_have_happened: !call.is_read() && failed.effect == Effect::Unknown,
                    facts: Some(Box::new(self.settings.facts())),
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
            self.clock().sleep(delay);
            self.pace.inspect(|pace| pace.wait());
            attempt += 1;
        }
    }

    fn attempt(&self, call: &Call<'_>, attempt: u32, limit: Duration) -> Result<Answer, FailedAttempt> {
        let request = self.signed(call)?;
        self.notes.trace(Detail::Signing, || request.signing_trace());
        let started = self.clock().monotonic();
        let outcome = request.send(&self.http, limit, self.clock());
        self.notes.trace(Detail::Requests, || {
            let took = self.clock().monotonic().saturating_sub(started).as_millis();
            let (status, request_id) = match &outcome {
                Ok(answer) => (answer.http_status.to_string(), answer.request_id().map(String::as_str)),
                Err(failed) => (failed.kind.to_string(), failed.kind.request_id()),
            };
            let proxy = self.http.proxy(&request.url);
            let via = proxy.map(|proxy| format!(" through {proxy}")).unwrap_or_default();
            format!(
                "attempt {attempt}: {} {}{via} -> {} in {took} ms, request ID {}",
                request.method,
                request.url,
                visible(&status),
                visible(request_id.unwrap_or("-")),
            )
        });
        outcome
    }

    fn signed(&self, call: &Call<'_>) -> Result<Request, FailedAttempt> {
        let (mut segments, region) = match call.has_region {
            true => (vec!["v1", "regions", self.region.as_str()], self.region.as_str()),
            false => (vec!["v1"], NO_REGION),
        };
        segments.extend_from_slice(call.path);
        let timestamp = sign::timestamp(self.world.clock.now());
        Ok(Request::new(
            self.settings,
            self.token_form,
            Parts {
                method: call.method,
                path: sign::canonical_path(&segments),
                query: sign::canonical_query(&call.query),
                body: call.body.clone(),
            },
            Scope {
                timestamp: &timestamp,
                region,
                service: SERVICE,
            },
            &self.nonce()?,
        ))
    }

    fn clock(&self) -> &dyn Clock {
        &*self.world.clock
    }

    /// A random UUID (version 4).
    fn nonce(&self) -> Result<String, ErrorKind> {
        let mut bytes: [u8; 16] = self.random()?;
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = hex::encode(bytes);
        Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], ErrorKind> {
        let mut bytes = [0; N];
        (self.world.random)(&mut bytes).map_err(ErrorKind::NoRandomness)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_may_share_a_client() {
        fn may_be_shared<T: Send + Sync>() {}
        may_be_shared::<Client<'_>>();
    }
}
