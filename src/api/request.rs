//! A signed request: the bytes that were signed are the bytes that are sent.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ureq::http::header::{AUTHORIZATION, HOST};
use zeroize::Zeroizing;

use super::answer::{self, Answer};
use super::attempt::FailedAttempt;
use super::sign::{self, Scope, Unsigned};
use crate::config::Settings;
use crate::http;
use crate::process::world::Clock;
use crate::values::link::redact::without_queries;

const SECURITY_TOKEN: &str = "x-jdcloud-security-token";
/// The buffer for each direction of a connection, in bytes. The headers of a request and of an answer must
/// fit in it. Both directions share one allocation of 128 KiB, which glibc maps from the system with zeros in it
/// instead of writing them.
const BUFFER_SIZE: usize = 64 * 1024;
/// The longest headers of an answer that are read, in bytes.
const MAX_HEADERS: usize = 16 * 1024;

/// The HTTP client for the service.
pub(super) fn client(settings: &Settings) -> http::Client {
    let config = http::config()
        .input_buffer_size(BUFFER_SIZE)
        .output_buffer_size(BUFFER_SIZE)
        .max_response_header_size(MAX_HEADERS);
    http::Client::new(Arc::clone(&settings.network), config)
}

/// How a security token is written into its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenForm {
    /// As the Go, Java and Python SDKs do.
    Base64,
    /// As the PHP SDK does.
    Raw,
}

/// The parts of a request that are signed: method, path and query in canonical form, and the body.
pub(super) struct Parts {
    pub(super) method: &'static str,
    pub(super) path: String,
    /// Empty if there is none.
    pub(super) query: String,
    pub(super) body: Option<Vec<u8>>,
}

/// A signed request.
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) url: String,
    headers: Vec<(&'static str, Zeroizing<String>)>,
    body: Option<Vec<u8>>,
    signed: sign::Signed,
}

impl Request {
    /// Signs a request.
    pub(super) fn new(settings: &Settings, token_form: TokenForm, parts: Parts, scope: Scope<'_>, nonce: &str) -> Self {
        let Parts {
            method,
            path,
            query,
            body,
        } = parts;
        let host = settings.endpoint.authority();
        let token = settings.credentials.security_token.as_ref();
        let token = token.map(|token| {
            Zeroizing::new(match token_form {
                TokenForm::Base64 => BASE64_STANDARD.encode(token.expose()),
                TokenForm::Raw => token.expose().to_owned(),
            })
        });
        let mut headers = vec![
            ("content-type", "application/json"),
            (HOST.as_str(), host.as_str()),
            ("x-jdcloud-date", scope.timestamp),
            ("x-jdcloud-nonce", nonce),
        ];
        headers.extend(token.as_deref().map(|token| (SECURITY_TOKEN, token.as_str())));
        let unsigned = Unsigned {
            method,
            path: &path,
            query: &query,
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

    /// The texts that were signed, to help find out why a signature is refused. The security token is left
    /// out.
    pub(super) fn signing_trace(&self) -> String {
        let canonical_request = match self.token() {
            Some(token) => self.signed.canonical_request.replace(token, "[secret]"),
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
        client: &http::Client,
        limit: Duration,
        clock: &dyn Clock,
    ) -> Result<Answer, FailedAttempt> {
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let mut request = ureq::http::Request::builder().method(self.method).uri(&self.url);
        for (name, value) in headers.chain([(AUTHORIZATION.as_str(), self.signed.authorization.as_str())]) {
            request = request.header(name, value);
        }
        let response = match &self.body {
            None => client.send(request.body(()), Some(limit)),
            Some(body) => client.send(request.body(body.as_slice()), Some(limit)),
        };
        let of_transport = |error| FailedAttempt::of_transport(client.failure_while_receiving(&error, &self.url));
        answer::read(
            response.map_err(FailedAttempt::of_transport)?,
            clock.now(),
            self.token().is_some(),
            of_transport,
            |text| self.redact(text),
        )
    }

    /// The security token as it is sent.
    fn token(&self) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(name, _)| *name == SECURITY_TOKEN)
            .map(|(_, token)| token.as_str())
    }

    /// The access key, unless it is so short that it may be part of a word.
    fn access_key(&self) -> Option<&str> {
        let (_, scope) = self.signed.authorization.split_once("Credential=")?;
        let (key, _) = scope.split_once('/')?;
        (key.len() >= 8).then_some(key)
    }

    /// A text from the other side without secrets, fit to be shown: it may quote the request, or a link.
    fn redact(&self, text: &str) -> String {
        let secrets = [Some(self.signed.signature.as_str()), self.token()];
        let mut text = without_queries(text).into_owned();
        // An access key is no secret, but an archive's files keep messages, and they name no key.
        if let Some(key) = self.access_key() {
            text = text.replace(key, "[access key]");
        }
        secrets
            .into_iter()
            .flatten()
            .fold(text, |text, secret| text.replace(secret, "[secret]"))
    }
}
