//! One request and its answer: what goes over the wire, and what is made of what comes back.

use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use ureq::config::Config;
use ureq::http::header::{AUTHORIZATION, DATE, HOST, HeaderMap, RETRY_AFTER};
use ureq::http::uri::Authority;
use ureq::http::{Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, AsSendBody, Body, Timeout};

use super::sign::{self, Scope, Unsigned};
use super::{Answer, NetworkError, Problem, Refusal, Stage, Unexpected};
use crate::settings::Settings;

const SECURITY_TOKEN: &str = "x-jdcloud-security-token";
const REQUEST_ID: &str = "x-jdcloud-request-id";
/// In bytes, for each direction of a connection.
const BUFFER_SIZE: usize = 16 * 1024;
/// The longest body that is read, in bytes. The documented answers have a few thousand.
const MAX_BODY: u64 = 4 * 1024 * 1024;
/// How much of an attempt's time connecting may take. Less than all of it, so that a connection that
/// never came about can be told from an answer that did not come.
const CONNECT_SHARE: f32 = 0.8;
/// The service's words for a nonce that it has seen: the one 403 that a new signature mends.
const NONCE_REUSED: &str = "different noncestr";

/// The HTTP client: the system's trust store, no redirects, statuses left to the caller.
pub(super) fn agent(settings: &Settings) -> Agent {
    let config = Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        // Set even where there is none, so that ureq does not look for one itself.
        .proxy(settings.proxy.clone())
        // Answers are small, and zeroing buffers of the default size is a fifth of a run's work.
        .input_buffer_size(BUFFER_SIZE)
        .output_buffer_size(BUFFER_SIZE)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("jdredis/", env!("CARGO_PKG_VERSION")))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), OneLookUp::default())
}

/// Looks the first name up once. ureq does so for each request, also where the connection is there
/// already: a thread and, as most systems keep no answers, a question to a DNS server a page.
#[derive(Debug, Default)]
struct OneLookUp {
    system: DefaultResolver,
    first: OnceLock<(Authority, Vec<SocketAddr>)>,
}

impl Resolver for OneLookUp {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        if let Some((_, known)) = self
            .first
            .get()
            .filter(|(authority, _)| Some(authority) == uri.authority())
        {
            let mut addresses = self.empty();
            known.iter().for_each(|address| addresses.push(*address));
            return Ok(addresses);
        }
        let addresses = self.system.resolve(uri, config, timeout)?;
        if let Some(authority) = uri.authority() {
            let _ = self.first.set((authority.clone(), addresses.to_vec()));
        }
        Ok(addresses)
    }
}

/// A signed request. Its parts are the bytes that were signed and the bytes that are sent.
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) url: String,
    headers: Vec<(&'static str, String)>,
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
        let token = token.map(|token| BASE64_STANDARD.encode(token.expose()));
        let mut headers = vec![
            ("content-type", "application/json"),
            (HOST.as_str(), host.as_str()),
            ("x-jdcloud-date", scope.timestamp),
            ("x-jdcloud-nonce", nonce),
        ];
        headers.extend(token.as_deref().map(|token| (SECURITY_TOKEN, token)));
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
                .map(|(name, value)| (name, value.to_owned()))
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
            None => self.signed.canonical_request.clone(),
        };
        format!(
            "canonical request:\n{canonical_request}\nstring to sign:\n{}",
            self.signed.string_to_sign
        )
    }

    /// Sends it and waits at most `limit` for the whole answer.
    ///
    /// `now` is the local wall clock, for comparing with the service's.
    pub(super) fn send(
        &self,
        agent: &Agent,
        settings: &Settings,
        limit: Duration,
        now: OffsetDateTime,
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
        read_answer(response.map_err(of_transport)?, now, of_transport)
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
        let (stage, is_transient) = match error {
            ureq::Error::HostNotFound => (Stage::Dns, true),
            ureq::Error::Timeout(_) => (Stage::Timeout, true),
            ureq::Error::ConnectProxyFailed(_) => (Stage::Proxy, false),
            ureq::Error::Tls(_) | ureq::Error::Pem(_) => (Stage::Tls, false),
            ureq::Error::Rustls(error) if error.to_string().contains("No CA certificates") => {
                (Stage::TrustStore, false)
            }
            ureq::Error::Rustls(_) => (Stage::Tls, false),
            ureq::Error::Io(error) => of_io(error),
            // A status line, headers or chunks that are not HTTP.
            _ => (Stage::Connection, false),
        };
        let detail = match error {
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::Timeout(_) => "no answer in time".to_owned(),
            error => error.to_string(),
        };
        Self {
            problem: Box::new(Problem::Network(NetworkError {
                stage,
                detail,
                endpoint: settings.endpoint.to_string(),
                proxy: settings
                    .proxy
                    .as_ref()
                    .map(|proxy| format!("{}:{}", proxy.host(), proxy.port())),
            })),
            is_transient,
            effect: if was_before_sending(error, stage) {
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

/// Whether the failure can only have been while the connection was being made.
fn was_before_sending(error: &ureq::Error, stage: Stage) -> bool {
    match error {
        ureq::Error::Timeout(stage) => matches!(stage, Timeout::Resolve | Timeout::Connect),
        ureq::Error::Io(error) if stage == Stage::Connection => matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable
        ),
        _ => matches!(stage, Stage::Dns | Stage::Proxy | Stage::TrustStore),
    }
}

fn of_io(error: &io::Error) -> (Stage, bool) {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => (Stage::Timeout, true),
        // What rustls has to say about the other side arrives wrapped in this kind.
        io::ErrorKind::InvalidData => (Stage::Tls, false),
        _ if error.to_string().contains("failed to lookup address") => (Stage::Dns, true),
        _ => (Stage::Connection, true),
    }
}

fn read_answer(
    mut response: Response<Body>,
    now: OffsetDateTime,
    of_transport: impl FnOnce(ureq::Error) -> Failure,
) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    let header_id = header(response.headers(), REQUEST_ID).map(str::to_owned);
    let retry_after = retry_after(response.headers(), now);
    let unexpected = |what: String, request_id| Failure {
        problem: Box::new(Problem::Unexpected(Unexpected {
            what,
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
    let request_id = envelope
        .request_id
        .as_ref()
        .and_then(Value::as_str)
        .map(str::to_owned)
        .or(header_id);
    if envelope.error.is_none() && response.status().is_success() {
        return Ok(Answer {
            body,
            http_status: status,
            request_id,
        });
    }
    let clock_offset = clock_offset(response.headers(), now);
    let refusal = refusal(envelope.error.as_ref(), status, request_id, clock_offset, retry_after);
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

/// What every answer of the service has around its result. The result is looked into later, by whom
/// it concerns.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "requestId")]
    request_id: Option<Value>,
    error: Option<Value>,
}

fn refusal(
    error: Option<&Value>,
    http_status: u16,
    request_id: Option<String>,
    clock_offset: Option<i64>,
    retry_after: Option<Duration>,
) -> Refusal {
    let text = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str);
    let code = error
        .and_then(|error| error.get("code"))
        .and_then(Value::as_u64)
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (400..600).contains(code));
    Refusal {
        code: code.unwrap_or(http_status),
        status: text("status").unwrap_or_default().to_owned(),
        message: text("message")
            .or(error.and_then(Value::as_str))
            .unwrap_or_default()
            .to_owned(),
        request_id,
        clock_offset,
        retry_after,
    }
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

/// What a body is that is not a JSON object, without quoting it.
fn describe(bytes: &[u8]) -> String {
    let text = bytes.trim_ascii();
    match text.first() {
        None => "an empty body".to_owned(),
        Some(b'<') => "a page (HTML or XML) instead of JSON".to_owned(),
        Some(0x1f) => "a compressed body, which was not asked for".to_owned(),
        Some(_) => match serde_json::from_slice::<Value>(bytes) {
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
    Some((now - theirs).whole_seconds())
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = header(headers, RETRY_AFTER.as_str())?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some((date(text)? - now).try_into().unwrap_or_default()),
    }
}
