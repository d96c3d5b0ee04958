//! The JSON around every answer: results, failures and the gateway's refusals.

use serde_json::{Value, json};

use crate::encoding::random_bytes;
use crate::script::HttpReply;
use crate::signature::Denial;

/// The outcome of an operation: its result, or the failure to answer with.
pub(super) type Outcome = Result<Value, HttpReply>;

pub(super) fn success(result: Value) -> HttpReply {
    let request_id = request_id();
    let body = object([("requestId", request_id.as_str().into()), ("result", result)]);
    reply(200, &request_id, &body)
}

/// A page of a list, and how many rows the whole list has.
pub(super) fn listing(name: &str, rows: Vec<Value>, count: usize) -> Value {
    object([(name, rows.into()), ("totalCount", count.into())])
}

/// An object of values that may be long: `json!` would copy them.
fn object<const COUNT: usize>(fields: [(&str, Value); COUNT]) -> Value {
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    Value::Object(fields.into_iter().collect())
}

/// A failure in the service's shape.
pub(crate) fn failure(code: u16, status: &str, message: &str) -> HttpReply {
    let request_id = request_id();
    let error = json!({ "message": message, "status": status, "code": code });
    reply(code, &request_id, &json!({ "error": error, "requestId": request_id }))
}

pub(super) fn not_found(message: &str) -> HttpReply {
    failure(404, "NOT_FOUND", message)
}

pub(super) fn invalid_argument(message: &str) -> HttpReply {
    failure(400, "INVALID_ARGUMENT", message)
}

/// The gateway's answer to a request it refuses. The order of the keys differs between them in
/// the bodies seen of the real one, and so it does here.
pub(crate) fn refusal(denial: Denial) -> HttpReply {
    match denial {
        Denial::LacksAuthorization => {
            let request_id = request_id();
            let error = json!({
                "status": "ACCESS_ERROR", "code": 401, "message": "lack of header authorization[gw]"
            });
            reply(401, &request_id, &json!({ "requestId": request_id, "error": error }))
        }
        Denial::SignatureDiffers => failure(401, "ACCESS_ERROR", "sign result is not same [gw]"),
        Denial::NonceUsed => failure(403, "HTTP_FORBIDDEN", "please use different noncestr [gw]"),
        // The object storage answers for itself, in XML.
        Denial::BadRequest | Denial::StorageRequest => failure(400, "HTTP_BAD_REQUEST", "bad request [gw]"),
    }
}

fn reply(status: u16, request_id: &str, body: &Value) -> HttpReply {
    let mut reply = HttpReply::json(status, body.to_string());
    reply.push_header("x-jdcloud-request-id", request_id);
    reply
}

/// A new request ID in the form of the documented ones: 32 of `0-9a-v`.
fn request_id() -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    random_bytes::<32>()
        .iter()
        .map(|byte| char::from(DIGITS[usize::from(byte & 31)]))
        .collect()
}

/// A new UUID of version 4, as real base IDs are.
pub(super) fn uuid() -> String {
    let random = u128::from_be_bytes(random_bytes());
    let value = random & !(0xf << 76 | 0b11 << 62) | 4 << 76 | 0b10 << 62;
    let digits = format!("{value:032x}");
    [0..8, 8..12, 12..16, 16..20, 20..32]
        .map(|group| &digits[group])
        .join("-")
}

/// An object without its fields that are null: fields that are unknown are not answered.
pub(super) fn without_nulls(mut object: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.retain(|_, value| !value.is_null());
    }
    object
}
