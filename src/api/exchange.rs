//! One request and its answer: what goes over the wire, and what is made of what comes back.

use std::io;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use time::OffsetDateTime;
use ureq::http::Response;
use ureq::http::header::{AUTHORIZATION, DATE, HOST, HeaderMap, RETRY_AFTER};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::sign::{self, Scope, Unsigned};
use super::{Answer, NetworkError, Problem, Refusal, Stage, Unexpected};
use crate::settings::Settings;

const SECURITY_TOKEN: &str = "x-jdcloud-security-token";
const REQUEST_ID: &str = "x-jdcloud-request-id";
/// In bytes, for each direction of a connection.
const BUFFER_SIZE: usize = 16 * 1024;
/// The longest body that is read, in bytes. The documented answers have a few thousand.
const MAX_BODY: u64 = 4 * 1024 * 1024;
/// The service's words for a nonce that it has seen: the one 403 that a new signature mends.
const NONCE_REUSED: &str = "different noncestr";

/// The HTTP client: the system's trust store, no redirects, statuses left to the caller.
pub(super) fn agent(settings: &Settings) -> Agent {
    Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        // Set even where there is none, so that ureq does not look for one itself.
        .proxy(settings.proxy.clone())
        // Answers are small, and zeroing buffers of the default size is a fifth of a run's work.
        .input_buffer_size(BUFFER_SIZE)
        .output_buffer_size(BUFFER_SIZE)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("jdredis/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

/// A signed request. Its parts are the bytes that were signed and the bytes that are sent.
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) url: String,
    headers: Vec<(&'static str, String)>,
    signed: sign::Signed,
}

impl Request {
    /// Signs a GET of a canonical path and query.
    pub(super) fn get(settings: &Settings, path: &str, query: &str, scope: Scope<'_>, nonce: &str) -> Self {
        let method = "GET";
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
            body: b"",
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
        let mut request = agent.get(&self.url).config().timeout_global(Some(limit)).build();
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = request
            .header(AUTHORIZATION, &self.signed.authorization)
            .call()
            .map_err(of_transport)?;
        read_answer(response, now, of_transport)
    }
}

/// An attempt that led to no answer.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) problem: Box<Problem>,
    /// Whether the same request, signed anew, may fare better.
    pub(super) is_transient: bool,
    /// How long the other side asked to wait before that.
    pub(super) retry_after: Option<Duration>,
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
        retry_after,
    };
    if response.status().is_redirection() {
        let what = format!("HTTP {status}, a redirect, which a signed request must not follow");
        return Err(unexpected(what, header_id));
    }
    let bytes = match response.body_mut().with_config().limit(MAX_BODY).read_to_vec() {
        Ok(bytes) => bytes,
        Err(ureq::Error::BodyExceedsLimit(limit)) => {
            let what = format!("HTTP {status} with more than {} MiB", limit / 1024 / 1024);
            return Err(unexpected(what, header_id));
        }
        Err(error) => return Err(of_transport(error)),
    };
    let body: Value = match serde_json::from_slice(&bytes) {
        Ok(body @ Value::Object(_)) => body,
        _ => {
            return Err(unexpected(
                format!("HTTP {status} with {}", describe(&bytes)),
                header_id,
            ));
        }
    };
    let request_id = body
        .get("requestId")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .or(header_id);
    let error = body.get("error").filter(|error| !error.is_null());
    if error.is_none() && response.status().is_success() {
        return Ok(Answer {
            body,
            http_status: status,
            request_id,
        });
    }
    let refusal = refusal(
        error,
        status,
        request_id,
        clock_offset(response.headers(), now),
        retry_after,
    );
    Err(Failure {
        is_transient: is_transient(&refusal),
        problem: Box::new(Problem::Refused(refusal)),
        retry_after,
    })
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
