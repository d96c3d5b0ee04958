//! The client of JD Cloud's cache-Redis OpenAPI: builds, signs, sends and, where that is safe,
//! sends again.
//!
//! Operations are functions on [`Client`]; the one loop that talks to the network is
//! [`Client::call`]. Every attempt has its own nonce, date and signature, since the gateway refuses
//! a nonce it has seen.

mod envelope;
mod error;
mod exchange;
pub(crate) mod model;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
mod sign;

use std::cell::Cell;
use std::collections::HashSet;
use std::time::Duration;

use serde_json::value::RawValue;
use time::OffsetDateTime;
use ureq::Agent;

pub(crate) use self::error::{Effort, Error, NetworkError, Problem, Refusal, Unexpected};
pub(crate) use self::exchange::NONCE_REUSED;
use self::exchange::{Effect, Failure, Request};
use self::model::{Backup, CacheInstance, CreatedBackup, DownloadUrls, Listed};
use self::sign::Scope;
use crate::config::Settings;
use crate::process::world::World;
use crate::retry::backoff::Backoff;
use crate::terminal::escape::visible;
use crate::terminal::notes::{Detail, Notes};
use crate::values::id::{BackupName, BaseId, InstanceId};
use crate::values::when::rfc3339;

/// The service's name in the credential scope.
const SERVICE: &str = "redis";

/// How many entries a page of a listing has: the most that is documented.
const PAGE_SIZE: usize = 100;
/// The value of `backupType` for a backup that a person asks for.
const MANUAL: u8 = 1;

/// A connection to the service for one run of the program.
pub(crate) struct Client<'a> {
    settings: &'a Settings,
    world: &'a World,
    notes: &'a Notes<'a>,
    agent: Agent,
    /// On the world's monotonic clock.
    deadline: Cell<Duration>,
}

/// One request of the API, before it is signed.
struct Operation<'a> {
    /// The path's segments after the region.
    path: &'a [&'a str],
    query: Vec<(String, String)>,
    /// Makes it a POST, which changes something, instead of a GET.
    body: Option<Vec<u8>>,
}

impl<'a> Operation<'a> {
    fn read(path: &'a [&'a str], query: Vec<(String, String)>) -> Self {
        Self {
            path,
            query,
            body: None,
        }
    }

    fn write(path: &'a [&'a str], body: &serde_json::Value) -> Self {
        Self {
            path,
            query: Vec::new(),
            body: Some(body.to_string().into_bytes()),
        }
    }

    fn is_read(&self) -> bool {
        self.body.is_none()
    }
}

/// An answer without an error in it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The body, whole: a JSON object.
    body: Vec<u8>,
    http_status: u16,
    request_id: Option<String>,
}

/// All pages of a listing.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    pub(crate) entries: Vec<Entry<T>>,
    /// Of the last page.
    pub(crate) request_id: Option<String>,
}

/// One entry of a listing: as the service wrote it, and as the program reads it.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) raw: Box<RawValue>,
    pub(crate) view: T,
}

/// What the service is asked to leave out of a listing of backups.
#[derive(Debug, Default)]
pub(crate) struct BackupFilter<'a> {
    pub(crate) since: Option<OffsetDateTime>,
    pub(crate) until: Option<OffsetDateTime>,
    pub(crate) base_id: Option<&'a BaseId>,
}

impl BackupFilter<'_> {
    pub(crate) fn has_times(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }
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
            is_from_service: true,
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
            deadline: Cell::new(world.clock.monotonic() + settings.timeout),
        }
    }

    /// Gives what comes next as much time as the client had at first, but no more than the limit.
    pub(crate) fn restart_time(&self, limit: Duration) {
        let time = self.settings.timeout.min(limit);
        self.deadline.set(self.world.clock.monotonic() + time);
    }

    /// The temporary download links of a backup, one a shard, with the whole answer.
    pub(crate) fn describe_download_url(
        &self,
        instance: &InstanceId,
        backup: &BaseId,
    ) -> Result<(Answer, DownloadUrls), Error> {
        let answer = self.call(&Operation::read(
            &["cacheInstance", instance.as_str(), "backup:describeDownloadUrl"],
            vec![("baseId".to_owned(), backup.to_string())],
        ))?;
        let urls = answer.result()?;
        Ok((answer, urls))
    }

    /// The instances of the region, in the service's order. It matches a part of a name, and all of
    /// a status.
    pub(crate) fn describe_cache_instances(
        &self,
        name: Option<&str>,
        status: Option<&str>,
    ) -> Result<Listing<CacheInstance>, Error> {
        let filters = [("cacheInstanceName", name), ("cacheInstanceStatus", status)];
        let given = filters.into_iter().filter_map(|(field, value)| Some((field, value?)));
        let query = (1..)
            .zip(given)
            .flat_map(|(n, (field, value))| {
                let parameter = |part: &str, value: &str| (format!("filters.{n}.{part}"), value.to_owned());
                [parameter("name", field), parameter("values.1", value)]
            })
            .collect();
        self.list(&["cacheInstance"], query, |_| false)
    }

    /// The backups of an instance, in the service's order, until there are `enough`, which is shown
    /// each page's.
    ///
    /// That `startTime` and `endTime` are wanted as UTC with a `Z` is a guess: the documentation
    /// does not say.
    pub(crate) fn describe_backups(
        &self,
        instance: &InstanceId,
        filter: &BackupFilter<'_>,
        enough: impl FnMut(&[Entry<Backup>]) -> bool,
    ) -> Result<Listing<Backup>, Error> {
        let mut query = Vec::new();
        for (name, moment) in [("startTime", filter.since), ("endTime", filter.until)] {
            // Whole seconds, as in the documentation's examples; what is too early by less than one
            // is left out by the caller.
            let whole = moment.map(|moment| moment.replace_nanosecond(0).unwrap_or(moment));
            query.extend(whole.map(|moment| (name.to_owned(), rfc3339(moment))));
        }
        query.extend(filter.base_id.map(|id| ("baseId".to_owned(), id.to_string())));
        self.list(&["cacheInstance", instance.as_str(), "backup"], query, enough)
    }

    /// Starts a backup, with the whole answer.
    pub(crate) fn create_backup(&self, instance: &InstanceId, name: &BackupName) -> Result<(Answer, BaseId), Error> {
        let body = serde_json::json!({"fileName": name.as_str(), "backupType": MANUAL});
        let answer = self.call(&Operation::write(
            &["cacheInstance", instance.as_str(), "backup"],
            &body,
        ))?;
        // What says in no readable way that a backup was started says nothing of none being.
        let created: CreatedBackup = answer.result().map_err(|error| Error {
            may_have_happened: true,
            ..error
        })?;
        Ok((answer, created.base_id))
    }

    /// Asks for page after page until the service has no more, or there are `enough`, which is shown
    /// what each page has brought.
    ///
    /// A page that brings nothing new is the last, whatever the count says, so that a service at
    /// odds with itself cannot keep the program going. An entry that moves to a later page while the
    /// pages are read is taken once.
    fn list<T: Listed>(
        &self,
        path: &[&str],
        filters: Vec<(String, String)>,
        mut enough: impl FnMut(&[Entry<T>]) -> bool,
    ) -> Result<Listing<T>, Error> {
        let mut operation = Operation::read(path, filters);
        operation.query.push(("pageSize".to_owned(), PAGE_SIZE.to_string()));
        operation.query.push(("pageNumber".to_owned(), String::new()));
        let mut entries: Vec<Entry<T>> = Vec::new();
        let mut seen = HashSet::new();
        for number in 1_u64.. {
            if let Some((_, value)) = operation.query.last_mut() {
                *value = number.to_string();
            }
            let answer = self.call(&operation)?;
            let (page, total_count) = answer.page::<T>()?;
            let (length, before) = (page.len(), entries.len());
            entries.extend(page.into_iter().filter(|entry| seen.insert(entry.view.id().to_owned())));
            let counted = total_count.map(|total| usize::try_from(total).unwrap_or(usize::MAX));
            let is_last = entries.len() == before || counted.map_or(length < PAGE_SIZE, |total| entries.len() >= total);
            if is_last || enough(&entries[before..]) {
                if let Some(total) = counted.filter(|total| is_last && *total > entries.len()) {
                    self.notes.warn(format_args!(
                        "the service counts {total} {}, but lists {}; the rest may have changed meanwhile",
                        T::FIELD,
                        entries.len()
                    ));
                }
                let request_id = answer.request_id;
                return Ok(Listing { entries, request_id });
            }
        }
        unreachable!("every page but the last brings something new, and numbers do not run out")
    }

    /// Sends a request, again where that may help, until it is answered or the time is up.
    fn call(&self, operation: &Operation<'_>) -> Result<Answer, Error> {
        let start = self.world.clock.monotonic();
        let mut backoff = Backoff::new(u64::from_ne_bytes(self.random()?));
        let mut attempt = 1;
        loop {
            let attempts_left = self.settings.max_attempts.saturating_sub(attempt);
            // An attempt that hangs must leave time for another; one that is merely slow needs all it
            // can have, as does what will not be sent again.
            let is_only_one = attempts_left == 0 || !operation.is_read();
            let limit = if is_only_one {
                self.time_left()
            } else {
                self.time_left() / 2
            };
            let failure = match self.attempt(operation, attempt, limit)? {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let delay = backoff.next(failure.retry_after);
            // What may have been carried out once must not be carried out twice.
            let may_repeat = failure.is_transient && (operation.is_read() || failure.effect == Effect::NotSent);
            if !may_repeat || attempts_left == 0 || delay >= self.time_left() {
                let elapsed = self.world.clock.monotonic().saturating_sub(start);
                return Err(Error {
                    problem: failure.problem,
                    asked_to_wait: failure
                        .retry_after
                        .filter(|wait| may_repeat && attempts_left > 0 && *wait == delay),
                    may_have_happened: !operation.is_read() && failure.effect == Effect::Unknown,
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
        let outcome = request.send(&self.agent, self.settings, limit, &**clock);
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
        Ok(Request::new(
            self.settings,
            &sign::canonical_path(&segments),
            &sign::canonical_query(&operation.query),
            operation.body.clone(),
            Scope {
                timestamp: &timestamp,
                region,
                service: SERVICE,
            },
            &self.nonce()?,
        ))
    }

    fn time_left(&self) -> Duration {
        self.deadline.get().saturating_sub(self.world.clock.monotonic())
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
