//! One request and its answer: what goes over the wire, and what is made of what comes back.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use time::OffsetDateTime;
use ureq::http::Response;
use ureq::http::header::{AUTHORIZATION, DATE, HOST, HeaderMap, RETRY_AFTER};
use ureq::{Agent, AsSendBody, Body};
use zeroize::Zeroizing;

use super::envelope::Envelope;
use super::sign::{self, Scope, Unsigned};
use super::{Answer, NetworkError, Problem, Refusal, Unexpected};
use crate::config::Settings;
use crate::http;
use crate::process::world::Clock;
use crate::values::redact::without_queries;

const SECURITY_TOKEN: &str = "x-jdcloud-security-token";
const REQUEST_ID: &str = "x-jdcloud-request-id";
/// In bytes, for each direction of a connection. An answer's headers must fit in it, as must a
/// request's.
const BUFFER_SIZE: usize = 32 * 1024;
/// The longest body that is read, in bytes. The documented answers have a few thousand.
const MAX_BODY: u64 = 4 * 1024 * 1024;
/// How much of an attempt's time connecting may take. Less than all of it, so that a connection that
/// never came about can be told from an answer that did not come.
const CONNECT_SHARE: f32 = 0.8;
/// In seconds.
const CENTURY: i64 = 100 * 365 * 86_400;
/// The service's words for a nonce that it has seen: the one 403 that a new signature mends.
pub(crate) const NONCE_REUSED: &str = "different noncestr";

/// The HTTP client for the service.
pub(super) fn agent(settings: &Settings) -> Agent {
    let config = http::config(settings.proxy.clone())
        // Answers are small, and zeroing buffers of the default size is a fifth of a run's work.
        .input_buffer_size(BUFFER_SIZE)
        .output_buffer_size(BUFFER_SIZE)
        .max_response_header_size(BUFFER_SIZE / 2);
    http::agent(config)
}

/// A signed request. Its parts are the bytes that were signed and the bytes that are sent.
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) url: String,
    headers: Vec<(&'static str, Zeroizing<String>)>,
    body: Option<Vec<u8>>,
    signed: sign::Signed,
}

impl Request {
    /// Signs a request of a canonical path and query.
    pub(super) fn new(
        settings: &Settings,
        path: &str,
        query: &str,
        body: Option<Vec<u8>>,
        scope: Scope<'_>,
        nonce: &str,
    ) -> Self {
        let method = if body.is_some() { "POST" } else { "GET" };
        let host = settings.endpoint.authority();
        let token = settings.credentials.security_token.as_ref();
        let token = token.map(|token| Zeroizing::new(BASE64_STANDARD.encode(token.expose())));
        let mut headers = vec![
            ("content-type", "application/json"),
            (HOST.as_str(), host.as_str()),
            ("x-jdcloud-date", scope.timestamp),
            ("x-jdcloud-nonce", nonce),
        ];
        headers.extend(token.as_deref().map(|token| (SECURITY_TOKEN, token.as_str())));
        let unsigned = Unsigned {
            method,
            path,
            query,
            headers: &headers,
            body: body.as_deref().unwrap_or_default(),
        };
        let separator = if query.is_empty() { "" } else { "?" };
        Self {
            method,
            url: format!("{}{path}{separator}{query}", settings.endpoint),
            signed: sign::sign(&unsigned, scope, &settings.credentials),
            headers: headers
                .into_iter()
                .map(|(name, value)| (name, Zeroizing::new(value.to_owned())))
                .collect(),
            body,
        }
    }

    /// The texts that were signed, for finding out why a signature is refused. The security token
    /// is left out.
    pub(super) fn signing_trace(&self) -> String {
        let token = self.headers.iter().find(|(name, _)| *name == SECURITY_TOKEN);
        let canonical_request = match token {
            Some((_, token)) => self.signed.canonical_request.replace(token.as_str(), "[secret]"),
            None => self.signed.canonical_request.to_string(),
        };
        format!(
            "canonical request:\n{canonical_request}\nstring to sign:\n{}",
            self.signed.string_to_sign
        )
    }

    /// Sends it and waits at most `limit` for the whole answer.
    pub(super) fn send(
        &self,
        agent: &Agent,
        settings: &Settings,
        limit: Duration,
        clock: &dyn Clock,
    ) -> Result<Answer, Failure> {
        let of_transport = |error| Failure::of_transport(&error, settings);
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let mut request = ureq::http::Request::builder().method(self.method).uri(&self.url);
        for (name, value) in headers.chain([(AUTHORIZATION.as_str(), self.signed.authorization.as_str())]) {
            request = request.header(name, value);
        }
        let response = match &self.body {
            None => run(agent, request.body(()), limit),
            Some(body) => run(agent, request.body(body.as_slice()), limit),
        };
        let response = response.map_err(of_transport)?;
        read_answer(response, clock.now(), of_transport, |text| self.redact(text))
    }

    /// What may be shown of a text that the other side sent: it may quote the request, or a link.
    fn redact(&self, text: &str) -> String {
        let token = self.headers.iter().find(|(name, _)| *name == SECURITY_TOKEN);
        let secrets = [
            Some(self.signed.signature.as_str()),
            token.map(|(_, token)| token.as_str()),
        ];
        let text = without_queries(text).into_owned();
        secrets
            .into_iter()
            .flatten()
            .fold(text, |text, secret| text.replace(secret, "[secret]"))
    }
}

fn run<S: AsSendBody>(
    agent: &Agent,
    request: Result<ureq::http::Request<S>, ureq::http::Error>,
    limit: Duration,
) -> Result<Response<Body>, ureq::Error> {
    let request = agent
        .configure_request(request?)
        .timeout_global(Some(limit))
        .timeout_connect(Some(limit.mul_f32(CONNECT_SHARE)))
        .build();
    agent.run(request)
}

/// An attempt that led to no answer.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) problem: Box<Problem>,
    /// Whether the same request, signed anew, may fare better.
    pub(super) is_transient: bool,
    pub(super) effect: Effect,
    /// How long the other side asked to wait before that.
    pub(super) retry_after: Option<Duration>,
}

/// What a request that failed may have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: no byte of it has left for the service.
    NotSent,
    /// Nothing: the service said that it refused.
    Refused,
    /// Perhaps what it was meant to do.
    Unknown,
}

impl Failure {
    fn of_transport(error: &ureq::Error, settings: &Settings) -> Self {
        let failure = http::Failure::of(error);
        Self {
            problem: Box::new(Problem::Network(NetworkError {
                stage: failure.stage,
                detail: failure.detail,
                endpoint: settings.endpoint.to_string(),
                proxy: settings
                    .proxy
                    .as_ref()
                    .map(|proxy| format!("{}:{}", proxy.host(), proxy.port())),
            })),
            is_transient: failure.is_transient,
            effect: if failure.was_before_sending {
                Effect::NotSent
            } else {
                Effect::Unknown
            },
            retry_after: None,
        }
    }

    /// The HTTP status or what happened instead, and the request ID where there is one.
    pub(super) fn summary(&self) -> (String, Option<&str>) {
        match &*self.problem {
            Problem::Refused(refusal) => (refusal.to_string(), refusal.request_id.as_deref()),
            Problem::Unexpected(unexpected) => (unexpected.what.clone(), unexpected.request_id.as_deref()),
            Problem::Network(error) => (error.detail.clone(), None),
            Problem::NoRandomness(error) => (error.to_string(), None),
        }
    }
}

fn read_answer(
    mut response: Response<Body>,
    now: OffsetDateTime,
    of_transport: impl FnOnce(ureq::Error) -> Failure,
    redact: impl Fn(&str) -> String,
) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    let header_id = header(response.headers(), REQUEST_ID).map(&redact);
    let retry_after = retry_after(response.headers(), now);
    let unexpected = |what: String, request_id| Failure {
        problem: Box::new(Problem::Unexpected(Unexpected {
            what,
            is_from_service: false,
            http_status: status,
            request_id,
        })),
        is_transient: is_transient_status(status),
        effect: Effect::Unknown,
        retry_after,
    };
    if response.status().is_redirection() {
        let what = format!("HTTP {status}, a redirect, which a signed request must not follow");
        return Err(unexpected(what, header_id));
    }
    let body = match response.body_mut().with_config().limit(MAX_BODY).read_to_vec() {
        Ok(body) => body,
        Err(ureq::Error::BodyExceedsLimit(limit)) => {
            let what = format!("HTTP {status} with more than {} MiB", limit / 1024 / 1024);
            return Err(unexpected(what, header_id));
        }
        Err(error) => return Err(of_transport(error)),
    };
    let Ok(envelope) = serde_json::from_slice::<Envelope>(&body) else {
        return Err(unexpected(format!("HTTP {status} with {}", describe(&body)), header_id));
    };
    let error = envelope.error.as_ref();
    let body_id = envelope
        .request_id
        .as_ref()
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty());
    let request_id = body_id.map(&redact).or(header_id);
    if error.is_none() && response.status().is_success() {
        return Ok(Answer {
            body,
            http_status: status,
            request_id,
        });
    }
    let text = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str);
    let refusal = Refusal {
        code: code(error, status),
        status: text("status").map(&redact).unwrap_or_default(),
        message: text("message")
            .or(error.and_then(Value::as_str))
            .map(&redact)
            .unwrap_or_default(),
        request_id,
        clock_offset: clock_offset(response.headers(), now),
    };
    Err(Failure {
        is_transient: is_transient(&refusal),
        effect: if refusal.code >= 500 {
            Effect::Unknown
        } else {
            Effect::Refused
        },
        problem: Box::new(Problem::Refused(refusal)),
        retry_after,
    })
}

#[cfg(any(test, fuzzing))]
impl Answer {
    /// What is made of an answer that comes with this status and this body.
    pub(crate) fn without_network(status: u16, body: &[u8]) -> Result<Self, super::Error> {
        let response = Response::builder().status(status).body(Body::builder().data(body));
        let response = response.expect("a response of a valid status is one");
        let broken = |error| unreachable!("memory is read without failure: {error}");
        read_answer(response, OffsetDateTime::UNIX_EPOCH, broken, |text| {
            without_queries(text).into_owned()
        })
        .map_err(|failure| (*failure.problem).into())
    }
}

/// The error's code: its number, else what its name stands for, else the HTTP status.
fn code(error: Option<&Value>, http_status: u16) -> u16 {
    let field = |name: &str| error.and_then(|error| error.get(name));
    let number = field("code").and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    number
        .and_then(|number| u16::try_from(number).ok())
        .filter(|number| (400..600).contains(number))
        .or_else(|| field("status").and_then(Value::as_str).and_then(code_of_status))
        .unwrap_or(http_status)
}

/// The HTTP status that each of the service's status names goes with. Source: JD Cloud's common error
/// codes.
fn code_of_status(status: &str) -> Option<u16> {
    Some(match status {
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" | "HTTP_BAD_REQUEST" => 400,
        "UNAUTHENTICATED" | "ACCESS_ERROR" => 401,
        "HTTP_FORBIDDEN" => 403,
        "NOT_FOUND" => 404,
        "ABORTED" | "ALREADY_EXISTS" => 409,
        "HTTP_REQUEST_ENTITY_TOO_LARGE" => 413,
        "HTTP_URI_TOO_LONG" => 414,
        "RATE_LIMIT" | "HTTP_RATE_LIMIT_EXCEEDED" | "QUOTA_EXCEEDED" => 429,
        "UNKNOWN" | "INTERNAL" | "HTTP_INTERNAL_SERVER_ERROR" => 500,
        "NOT_IMPLEMENTED" => 501,
        "SOURCE_UNAVAILABLE" | "HTTP_BAD_GATEWAY" => 502,
        "UNAVAILABLE" | "HTTP_SERVICE_UNAVAILABLE" => 503,
        "HTTP_SERVER_TIMING_OUT" => 504,
        _ => return None,
    })
}

/// Whether the service documents the error as one that passes.
fn is_transient(refusal: &Refusal) -> bool {
    match refusal.code {
        403 => refusal.message.contains(NONCE_REUSED),
        429 => refusal.status != "QUOTA_EXCEEDED",
        code => is_transient_status(code),
    }
}

fn is_transient_status(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// What a body is that is no envelope, without quoting it.
fn describe(bytes: &[u8]) -> String {
    let text = bytes.trim_ascii();
    match text.first() {
        None => "an empty body".to_owned(),
        Some(b'<') => "a page (HTML or XML) instead of JSON".to_owned(),
        Some(0x1f) => "a compressed body, which was not asked for".to_owned(),
        Some(_) => match serde_json::from_slice::<Value>(bytes) {
            Ok(Value::Object(_)) => "JSON that says the same twice".to_owned(),
            Ok(_) => "JSON that is not an object".to_owned(),
            Err(error) => format!("a body that is not JSON ({error})"),
        },
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn date(text: &str) -> Option<OffsetDateTime> {
    httpdate::parse_http_date(text).ok().map(OffsetDateTime::from)
}

fn clock_offset(headers: &HeaderMap, now: OffsetDateTime) -> Option<i64> {
    let theirs = date(header(headers, DATE.as_str())?)?;
    let offset = (now - theirs).whole_seconds();
    // A date that is further off than any clock is no clock's.
    (offset.abs() < CENTURY).then_some(offset)
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = header(headers, RETRY_AFTER.as_str())?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some((date(text)? - now).try_into().unwrap_or_default()),
    }
}
