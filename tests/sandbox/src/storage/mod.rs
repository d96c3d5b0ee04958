//! The object storage that backups lie in: links to objects, what is in them, and the answers to
//! requests for them.
//!
//! How the real one answers is documented for S3's interface in general. What an expired link
//! gets, and which headers come with an object, is documented nowhere.

mod checksum;
mod content;
mod delivery;
mod errors;
mod links;
mod objects;
mod ranges;

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use time::OffsetDateTime;

use crate::encoding::percent_decode;
use crate::http::{Request, http_date};
use crate::script::{Conduct, Framing, HttpReply, Kind, Script};
use crate::signature::{Denial, Refusal};

pub use content::Format;
pub(crate) use content::{Content, LEAST_RDB};
pub use delivery::Delivery;
pub(crate) use delivery::{Course, Stop};
use delivery::{Ranging, Source};
pub use errors::StorageError;
use links::BUCKET;
use links::LinkFault;
pub(crate) use links::{LinkTerms, links};
pub use objects::Alteration;
use objects::Object;

/// The storage's state.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    pub(crate) script: Script<Delivery>,
    altered: HashMap<String, Object>,
    generation: u16,
}

/// A request and what its answer depends on.
pub(crate) struct Fetch<'a> {
    pub(crate) request: &'a Request,
    pub(crate) now: OffsetDateTime,
    /// How large an object is unless it was altered.
    pub(crate) object_size: u64,
    pub(crate) expired_status: u16,
}

/// What the storage answers.
pub(crate) struct Answer {
    pub(crate) delay: Duration,
    pub(crate) body: Body,
    /// The client's mistake, if the request has one.
    pub(crate) refusal: Option<Refusal>,
}

pub(crate) enum Body {
    Other(Conduct),
    Object(Transfer),
}

/// A part of an object on its way to a client.
#[derive(Debug)]
pub(crate) struct Transfer {
    pub(crate) head: HttpReply,
    pub(crate) content: Content,
    pub(crate) range: Range<u64>,
    pub(crate) course: Course,
}

/// Why a request gets no object.
struct Fault {
    error: StorageError,
    /// The client's mistake in words, if it is one.
    reason: Option<String>,
    /// The object's length, where the answer says it.
    length: Option<u64>,
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Self {
            error,
            reason: None,
            length: None,
        }
    }
}

impl Storage {
    /// Lets every link so far expire.
    pub(crate) fn expire_links(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }

    pub(crate) fn generation(&self) -> u16 {
        self.generation
    }

    /// Alters an object, which is of that size unless it was altered before.
    pub(crate) fn alter(&mut self, key: &str, size: u64, alteration: &Alteration) {
        self.altered
            .entry(key.to_owned())
            .or_insert_with(|| Object::new(key, size))
            .alter(alteration);
    }

    fn object(&self, key: &str, size: u64) -> Object {
        let altered = self.altered.get(key);
        altered.cloned().unwrap_or_else(|| Object::new(key, size))
    }

    /// What is in an object, which is of that size unless it was altered.
    pub(crate) fn content(&self, key: &str, size: u64) -> Content {
        self.object(key, size).content()
    }

    /// Answers a request for an object.
    pub(crate) fn answer(&mut self, fetch: &Fetch<'_>) -> Answer {
        if let Err(fault) = check_credentials(fetch.request) {
            return fetch.failure(Duration::ZERO, fault);
        }
        let delivery = self.script.next(&fetch.request.target).unwrap_or_else(Delivery::normal);
        if delivery.expires_links {
            self.expire_links();
        }
        for alteration in &delivery.alterations {
            self.alter(&fetch.key(), fetch.object_size, alteration);
        }
        let delay = delivery.delay;
        let outcome = match delivery.source {
            Source::Error(error) => Err(error.into()),
            Source::Reply(Kind::Scripted(conduct)) => return Answer::other(delay, conduct),
            Source::Reply(Kind::Service) | Source::Object => self.transfer(fetch, &delivery.ranging, delivery.course),
        };
        match outcome {
            Ok(transfer) => Answer {
                delay,
                body: Body::Object(transfer),
                refusal: None,
            },
            Err(fault) => fetch.failure(delay, fault),
        }
    }

    fn transfer(&self, fetch: &Fetch<'_>, ranging: &Ranging, course: Course) -> Result<Transfer, Fault> {
        links::check(fetch.request, self.generation, fetch.now).map_err(|fault| match fault {
            LinkFault::Expired => StorageError::Expired.into(),
            LinkFault::Differs(reason) => Fault {
                reason: Some(reason),
                ..StorageError::SignatureDoesNotMatch.into()
            },
        })?;
        // Links are made only for objects that exist.
        let object = self.object(&fetch.key(), fetch.object_size);
        if object.is_deleted() {
            return Err(StorageError::NoSuchKey.into());
        }
        let content = object.content();
        let length = content.length();
        let requested = ranges::requested_range(fetch.request, &object, length).map_err(|error| Fault {
            length: Some(length),
            ..error.into()
        })?;
        let sent = match (requested, ranging) {
            (None, _) | (_, Ranging::Ignored) => None,
            (Some(range), Ranging::Later(bytes)) => Some((range.start + bytes).min(range.end - 1)..range.end),
            (Some(range), Ranging::Honest | Ranging::Claimed(_)) => Some(range),
        };
        let mut head = HttpReply::new(if sent.is_some() { 206 } else { 200 });
        if let Some(range) = &sent {
            head.push_header("Content-Range", content_range(range, length, ranging));
        }
        push_description(&mut head, &object);
        let range = sent.unwrap_or(0..length);
        head.framing = Framing::Announced(range.end - range.start);
        Ok(Transfer {
            head,
            content,
            range,
            course,
        })
    }
}

fn content_range(range: &Range<u64>, length: u64, ranging: &Ranging) -> String {
    match ranging {
        Ranging::Claimed(value) => value.clone(),
        _ => format!("bytes {}-{}/{length}", range.start, range.end - 1),
    }
}

fn push_description(head: &mut HttpReply, object: &Object) {
    head.push_header("Content-Type", "application/octet-stream");
    head.push_header("Accept-Ranges", "bytes");
    head.push_header("Last-Modified", http_date(object.last_modified()));
    if let Some(tag) = object.tag() {
        head.push_header("ETag", tag);
    }
}

/// Refuses credentials beside those of the link: a client that sends them gives a secret away.
fn check_credentials(request: &Request) -> Result<(), Fault> {
    let is_credential = |name: &str| {
        let name = name.to_ascii_lowercase();
        name == "authorization" || name == "cookie" || name.starts_with("x-jdcloud-")
    };
    match request.headers.iter().find(|(name, _)| is_credential(name)) {
        None => Ok(()),
        Some((name, _)) => Err(Fault {
            reason: Some(format!("the header {name} is sent to the object storage")),
            ..StorageError::InvalidArgument.into()
        }),
    }
}

impl Fetch<'_> {
    /// The key that the request names.
    fn key(&self) -> String {
        let key = key_in(self.request.path()).unwrap_or_default();
        String::from_utf8_lossy(&percent_decode(key)).into_owned()
    }

    fn failure(&self, delay: Duration, fault: Fault) -> Answer {
        let mut reply = fault.error.reply(self.request.path(), self.expired_status);
        if let (StorageError::InvalidRange, Some(length)) = (fault.error, fault.length) {
            reply.push_header("Content-Range", format!("bytes */{length}"));
        }
        if self.request.method == "HEAD" {
            // The client takes no body for an answer to this.
            reply.push_header("Connection", "close");
        }
        let refusal = fault.reason.map(|reason| Refusal {
            denial: Denial::StorageRequest,
            reason,
        });
        Answer {
            refusal,
            ..Answer::other(delay, Conduct::Http(reply))
        }
    }
}

impl Answer {
    fn other(delay: Duration, conduct: Conduct) -> Self {
        Self {
            delay,
            body: Body::Other(conduct),
            refusal: None,
        }
    }
}

/// The key, still encoded, in a path that leads to the object storage.
fn key_in(path: &str) -> Option<&str> {
    path.strip_prefix('/')?.strip_prefix(BUCKET)?.strip_prefix('/')
}

impl Request {
    /// Whether it is for the object storage, and so not for the API.
    #[must_use]
    pub fn is_for_storage(&self) -> bool {
        key_in(self.path()).is_some()
    }
}
