//! Reads a response's status, headers and body into an answer or an error.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use ureq::Body;
use ureq::http::Response;
use ureq::http::header::HeaderMap;

use super::attempt::{Effect, FailedAttempt};
use super::error::{Error, ErrorKind, Unexpected};
use super::field::{Misfit, Object};
use super::refusal::Refusal;
use crate::http::{self, header, retry_after};
use crate::retry::{Cause, may_pass};
use crate::values::link::redact::without_queries;

const REQUEST_ID: &str = "x-jdcloud-request-id";
/// The longest body that is read, in bytes. The documented answers have a few thousand.
const MAX_BODY: u64 = 4 * 1024 * 1024;
/// A century, in seconds: a clock that is off by more is a wrong header.
const CENTURY: i64 = 100 * 365 * 86_400;

/// An answer without an error in it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The body, whole: a JSON object.
    body: String,
    /// `None` if the body has no `result`; `null` counts as one.
    result: Option<Box<RawValue>>,
    pub(super) http_status: u16,
    pub(super) request_id: Option<String>,
    clock_offset: Option<i64>,
}

/// The fields around every result. The deserializer refuses one of these that comes twice, and skips all
/// other fields without building values.
#[derive(Deserialize)]
struct Outline {
    #[serde(rename = "requestId")]
    request_id: Option<Value>,
    error: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Box<RawValue>>,
}

/// A value that is present, even as `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

impl Answer {
    /// The ID that the service gave the exchange, for its support.
    pub(crate) fn request_id(&self) -> Option<&String> {
        self.request_id.as_ref()
    }

    /// The answer's `result` as an object, to be read field by field.
    ///
    /// # Errors
    /// If there is no `result`, or if it is no object.
    pub(super) fn object(&self) -> Result<Object<'_>, Error> {
        let result = self.result.as_deref().ok_or(Misfit::Missing("result"));
        result
            .and_then(|result| Object::of(result, "it"))
            .map_err(|misfit| self.misfit(format!("in its result, {misfit}")))
    }

    /// Reads the answer's `result` whole.
    ///
    /// # Errors
    /// If there is no `result`, or if it is not of this type.
    pub(super) fn result<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let result = self.result.as_deref().ok_or(Misfit::Missing("result"));
        result
            .and_then(|result| serde_json::from_str(result.get()).map_err(|error| Misfit::of(&error)))
            .map_err(|misfit| self.misfit(format!("in its result, {misfit}")))
    }

    /// The whole answer, with the service's order and numbers.
    ///
    /// # Errors
    /// If a part that the program does not use cannot be read, such as half a surrogate pair, or lists
    /// nested more than a hundred deep.
    pub(crate) fn json(&self) -> Result<Value, Error> {
        serde_json::from_str(&self.body)
            .map_err(|error| self.unexpected(format!("it cannot be printed as JSON ({error})")))
    }

    /// The local clock minus the service's, in seconds, where the answer has a `Date`.
    pub(crate) fn clock_offset(&self) -> Option<i64> {
        self.clock_offset
    }

    /// The error that this answer is not of the documented shape.
    pub(crate) fn unexpected(&self, what: String) -> Error {
        ErrorKind::Unexpected(Unexpected {
            what,
            is_from_service: true,
            http_status: self.http_status,
            request_id: self.request_id.clone(),
        })
        .into()
    }

    /// The error for a part of the result that is missing or not of the documented shape; or the service's
    /// error, if the result is one.
    pub(super) fn misfit(&self, what: String) -> Error {
        match self.refusal_in_result() {
            Some(refusal) => ErrorKind::Refused(refusal).into(),
            None => self.unexpected(what),
        }
    }

    /// The service's error, if the result is one: it has a message and a code, whatever else it has. It is looked
    /// for only where the wanted data cannot be read.
    fn refusal_in_result(&self) -> Option<Refusal> {
        let result: Value = serde_json::from_str(self.result.as_ref()?.get()).ok()?;
        if !result.get("message").is_some_and(Value::is_string) || result.get("code").is_none() {
            return None;
        }
        let refusal = Refusal::read(&result, self.http_status, |text| without_queries(text).into_owned());
        Some(Refusal {
            request_id: self.request_id.clone(),
            ..refusal
        })
    }

    /// Reads an answer of this status and this body.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn without_network(status: u16, body: &[u8]) -> Result<Self, Error> {
        let response = Response::builder().status(status).body(Body::builder().data(body));
        let response = response.expect("a response of a valid status is one");
        let broken = |error| unreachable!("memory is read without failure: {error}");
        let redact = |text: &str| without_queries(text).into_owned();
        read(response, OffsetDateTime::UNIX_EPOCH, false, broken, redact).map_err(|failed| (*failed.kind).into())
    }
}

/// Reads a response. `redact` removes secrets from a text of the other side; `of_transport` makes the
/// failure of a body that breaks off.
pub(super) fn read(
    mut response: Response<Body>,
    now: OffsetDateTime,
    had_token: bool,
    of_transport: impl FnOnce(ureq::Error) -> FailedAttempt,
    redact: impl Fn(&str) -> String,
) -> Result<Answer, FailedAttempt> {
    let status = response.status().as_u16();
    let header_id = header(response.headers(), REQUEST_ID).map(str::to_owned);
    let header_id = || header_id.as_deref().map(&redact);
    let retry_after = retry_after(response.headers(), now);
    let unexpected = |what: String, request_id| FailedAttempt {
        kind: Box::new(ErrorKind::Unexpected(Unexpected {
            what,
            is_from_service: false,
            http_status: status,
            request_id,
        })),
        is_transient: may_pass(Cause::Status(status)),
        effect: Effect::Unknown,
        retry_after,
    };
    if response.status().is_redirection() {
        let what = format!("HTTP {status}, a redirect, which a signed request must not follow");
        return Err(unexpected(what, header_id()));
    }
    let bytes = match response.body_mut().with_config().limit(MAX_BODY).read_to_vec() {
        Ok(bytes) => bytes,
        Err(ureq::Error::BodyExceedsLimit(limit)) => {
            let what = format!("HTTP {status} with more than {} MiB", limit / 1024 / 1024);
            return Err(unexpected(what, header_id()));
        }
        Err(error) => return Err(of_transport(error)),
    };
    let (body, outline) = match parse(bytes) {
        Ok(read) => read,
        Err(what) => return Err(unexpected(format!("HTTP {status} with {what}"), header_id())),
    };
    let body_id = outline.request_id.as_ref().and_then(Value::as_str);
    let request_id = body_id.filter(|id| !id.is_empty()).map(&redact).or_else(header_id);
    let is_success = response.status().is_success();
    let has_result = outline.result.as_deref().is_some_and(|result| result.get() != "null");
    let error = outline
        .error
        .filter(|error| !(is_success && has_result && is_none(error)));
    let in_result = || outline.result.as_deref().and_then(error_in_place_of_data);
    let error = match error.or_else(in_result) {
        Some(error) => error,
        None if is_success => {
            return Ok(Answer {
                body,
                result: outline.result,
                http_status: status,
                request_id,
                clock_offset: clock_offset(response.headers(), now),
            });
        }
        // An answer that failed without an error object may have the error's fields beside the result.
        None => serde_json::from_str(&body).unwrap_or_default(),
    };
    let refusal = Refusal {
        request_id,
        clock_offset: clock_offset(response.headers(), now),
        had_token,
        ..Refusal::read(&error, status, redact)
    };
    let failed = FailedAttempt::of_refusal(refusal, retry_after);
    Err(FailedAttempt {
        // A gateway's failure says nothing of what the service did, whatever code the body has.
        effect: if status >= 500 { Effect::Unknown } else { failed.effect },
        ..failed
    })
}

/// The body as text, and the fields around its result; or a description of a body that is not the
/// service's.
fn parse(bytes: Vec<u8>) -> Result<(String, Outline), String> {
    let outline = serde_json::from_slice(&bytes).map_err(|error| describe(&bytes, &error))?;
    let body = String::from_utf8(bytes).map_err(|_| "a body that is not JSON (it is not UTF-8)".to_owned())?;
    Ok((body, outline))
}

/// Whether the value of `error` means "no error": null, false, 0, an empty text or object, or an object
/// with a code of success and no message.
fn is_none(error: &Value) -> bool {
    match error {
        Value::Object(fields) => {
            let says_nothing = |name| fields.get(name).is_none_or(is_empty);
            let is_success = fields.get("code").is_some_and(is_success_code);
            fields.is_empty() || is_success && says_nothing("message") && says_nothing("status")
        }
        Value::Array(_) => false,
        _ => is_empty(error),
    }
}

/// Whether a value is an empty one, as different languages write it: null, false, 0, or an empty text, list
/// or object.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::String(text) => text.trim().is_empty(),
        Value::Bool(is_so) => !is_so,
        Value::Number(number) => number.as_u64() == Some(0),
        Value::Null => true,
    }
}

/// Whether a code, a number or its text, means success.
fn is_success_code(code: &Value) -> bool {
    let number = code.as_u64().or_else(|| code.as_str()?.trim().parse().ok());
    matches!(number, Some(0 | 200..300))
}

/// Reads a result that is an error: an object with a message and a code, and no data beside them.
fn error_in_place_of_data(result: &RawValue) -> Option<Value> {
    const OF_ERRORS: [&str; 5] = ["code", "status", "message", "details", "requestId"];
    let object = Object::of(result, "it").ok()?;
    // The result is read again only here, since it may be large.
    if !object.has("code") || !object.has("message") {
        return None;
    }
    let result: Value = serde_json::from_str(result.get()).ok()?;
    let is_error = result["message"].as_str().is_some_and(|message| !message.is_empty());
    let is_success = is_empty(&result["code"]) || is_success_code(&result["code"]);
    let mut fields = result.as_object()?.iter();
    let has_data = fields.any(|(name, value)| !OF_ERRORS.contains(&name.as_str()) && !is_empty(value));
    (is_error && !is_success && !has_data).then_some(result)
}

/// A description of a body that is not the service's JSON. It quotes nothing, since a body may hold links.
fn describe(body: &[u8], error: &serde_json::Error) -> String {
    match body.trim_ascii().first() {
        None => "an empty body".to_owned(),
        Some(b'<') => "a page (HTML or XML) instead of JSON".to_owned(),
        Some(0x1f) => "a compressed body, which was not asked for".to_owned(),
        Some(_) => match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(_)) => format!("JSON that says the same twice ({error})"),
            Ok(_) => "JSON that is not an object".to_owned(),
            Err(error) => format!("a body that is not JSON ({error})"),
        },
    }
}

fn clock_offset(headers: &HeaderMap, now: OffsetDateTime) -> Option<i64> {
    let theirs = http::date(headers)?;
    let offset = (now - theirs).whole_seconds();
    // A date that is a century off is a mistake in the header, not a wrong clock.
    (offset.abs() < CENTURY).then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The refusal that is read from this status and body.
    fn refusal(status: u16, body: &str) -> String {
        let error = Answer::without_network(status, body.as_bytes()).unwrap_err();
        match *error.kind {
            ErrorKind::Refused(refusal) => format!("{:?} {} {refusal}", refusal.reason, refusal.code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_is_good_only_by_its_status_and_its_body_together() {
        for (status, body, expected) in [
            (
                200,
                r#"{"error":{"code":404,"status":"NOT_FOUND"},"result":{}}"#,
                "NotFound 404 404 NOT_FOUND",
            ),
            (
                200,
                r#"{"error":{"status":"ACCESS_ERROR"}}"#,
                "KeysRefused 401 401 ACCESS_ERROR",
            ),
            (
                200,
                r#"{"error":{"code":"503"}}"#,
                "ServiceFailed 503 503, without a reason",
            ),
            (400, r#"{"error":{}}"#, "Other 400 400, without a reason"),
            (400, r#"{"error":{"message":"x"}}"#, "Other 400 400: x"),
            (403, r#"{"error":{"code":700,"message":"x"}}"#, "Forbidden 403 403: x"),
            (
                404,
                r#"{"result":{"downloadUrls":[]}}"#,
                "NotFound 404 404, without a reason",
            ),
            (409, r#"{"message":"being changed"}"#, "Busy 409 409: being changed"),
            (500, r#"{"error":"in words"}"#, "ServiceFailed 500 500: in words"),
        ] {
            assert_eq!(refusal(status, body), expected, "{body}");
        }
    }

    #[test]
    fn an_answer_with_a_result_is_good_where_its_error_says_that_there_is_none() {
        for body in [
            r#"{"error":null,"result":{"a":1}}"#,
            r#"{"error":{},"result":{"a":1}}"#,
            r#"{"error":{"code":0,"message":"","status":null},"result":{"a":1}}"#,
            r#"{"error":{"code":"200"},"result":{"a":1}}"#,
            // The result speaks of a success, has no words, or has data.
            r#"{"result":{"code":0,"message":"done"}}"#,
            r#"{"result":{"code":200,"message":"done"}}"#,
            r#"{"result":{"code":"","message":"done"}}"#,
            r#"{"result":{"code":404,"message":""}}"#,
            r#"{"result":{"code":404,"message":"x","entries":[1]}}"#,
            r#"{"result":{"code":404}}"#,
            r#"{"result":{"message":"x"}}"#,
        ] {
            assert!(Answer::without_network(200, body.as_bytes()).is_ok(), "{body}");
        }
        for (body, expected) in [
            (
                r#"{"error":{}}"#,
                "Other 200 HTTP 200 with an error that has neither code nor status nor message",
            ),
            (
                r#"{"error":[],"result":{"a":1}}"#,
                "Other 200 HTTP 200 with an error that has neither code nor status nor message",
            ),
            (
                r#"{"error":{"code":200,"message":"x"},"result":{"a":1}}"#,
                "Other 200 x",
            ),
            (
                r#"{"error":{"code":200,"status":"INTERNAL"},"result":{"a":1}}"#,
                "ServiceFailed 500 500 INTERNAL",
            ),
            (
                r#"{"error":{"code":404},"result":{"a":1}}"#,
                "NotFound 404 404, without a reason",
            ),
            (
                r#"{"result":{"code":404,"message":"gone","details":[]}}"#,
                "NotFound 404 404: gone",
            ),
        ] {
            assert_eq!(refusal(200, body), expected, "{body}");
        }
    }

    #[test]
    fn a_result_that_cannot_be_used_is_a_refusal_if_it_has_a_code_and_words() {
        for (result, is_refusal) in [
            (r#"{"code":404,"message":"gone","entries":[1]}"#, true),
            (r#"{"code":404,"entries":[1]}"#, false),
            (r#"{"message":"gone","entries":[1]}"#, false),
            (r#"{"code":404,"message":5,"entries":[1]}"#, false),
        ] {
            let body = format!("{{\"requestId\":\"r\",\"result\":{result}}}");
            let answer = Answer::without_network(200, body.as_bytes()).unwrap();
            let kind = answer.misfit("it has no links".to_owned()).kind;
            assert_eq!(matches!(*kind, ErrorKind::Refused(_)), is_refusal, "{result}");
            assert_eq!(kind.request_id(), Some("r"), "{result}");
        }
    }

    #[test]
    fn a_refusal_quotes_no_link() {
        let text = refusal(400, r#"{"error":{"message":"bad http://h/x?X-Amz-Signature=5ec2e7"}}"#);
        assert!(text.contains("http://h/x") && !text.contains("5ec2e7"), "{text}");
    }
}
