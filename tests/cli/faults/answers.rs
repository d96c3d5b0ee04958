//! The rows in which the body or the status of an answer is at fault.

use jdredis_sandbox::Reply;
use serde_json::Value;

use super::MISSHAPEN;
use super::row::{Cmd, Fault, Row};

pub(super) fn bodies() -> Vec<Row> {
    vec![
        Row::answer("empty body", |_| Reply::json(200, ""))
            .fails(6, &["HTTP 200 with an empty body"])
            .uncertain(),
        Row::answer("no content", |_| Reply::new(204))
            .fails(6, &["HTTP 204 with an empty body"])
            .uncertain(),
        Row::answer("empty body with 503", |_| Reply::new(503))
            .fails(6, &["HTTP 503 with an empty body"])
            .retried_unless_create(),
        Row::answer("HTML with 200", |_| Reply::new(200).body("<html>log in</html>"))
            .fails(6, &["HTTP 200 with a page (HTML or XML) instead of JSON"])
            .reads_advise("a login page on the way")
            .uncertain(),
        Row::answer("HTML with 502", |_| Reply::new(502).body("<html>Bad Gateway</html>"))
            .fails(6, &["HTTP 502 with a page (HTML or XML) instead of JSON"])
            .retried_unless_create(),
        Row::bytes("10 MB of JSON", |body| padded(body, 10_000_000))
            .fails(6, &["HTTP 200 with more than 4 MiB"])
            .uncertain(),
        Row::bytes("4 MB of JSON", |body| padded(body, 4_000_000)),
        Row::bytes("invalid UTF-8 in what is looked at", |body| {
            let text = body.replace("redis-1234", "\u{1}").into_bytes();
            text.into_iter()
                .map(|byte| if byte == 1 { 0xff } else { byte })
                .collect()
        })
        .fails(6, &["HTTP 200 with a body that is not JSON"])
        .uncertain(),
        Row::bytes("invalid UTF-8 in what is not looked at", |body| {
            let mut bytes = b"{\"more\":\"\xff\xfe\",".to_vec();
            bytes.extend_from_slice(&body.as_bytes()[1..]);
            bytes
        })
        .fails(6, &["HTTP 200 with a body that is not JSON"])
        .uncertain(),
        Row::bytes("BOM", |body| format!("\u{feff}{body}").into_bytes())
            .fails(6, &["HTTP 200 with a body that is not JSON"])
            .uncertain(),
        Row::bytes("UTF-16", |body| {
            body.encode_utf16().flat_map(u16::to_le_bytes).collect()
        })
        .fails(6, &["HTTP 200 with a body that is not JSON"])
        .uncertain(),
        Row::bytes("two objects", |body| body.repeat(2).into_bytes())
            .fails(6, &["HTTP 200 with a body that is not JSON"])
            .uncertain(),
        Row::bytes("64-deep nesting of what is not looked at", |body| nested(body, 64)),
        Row::bytes("64-deep nesting in the place of the result", |_| {
            format!("{{\"result\":{}{}}}", "[".repeat(64), "]".repeat(64)).into_bytes()
        })
        .fails(6, &[MISSHAPEN, "in its result, "])
        .uncertain(),
    ]
}

/// The body with as many spaces as make it `length` bytes long.
fn padded(body: &str, length: usize) -> Vec<u8> {
    format!("{{{}{}", " ".repeat(length - body.len()), &body[1..]).into_bytes()
}

/// The body with one more field: lists in lists, `depth` levels deep.
fn nested(body: &str, depth: usize) -> Vec<u8> {
    format!("{{\"more\":{}{},{}", "[".repeat(depth), "]".repeat(depth), &body[1..]).into_bytes()
}

pub(super) fn envelopes() -> Vec<Row> {
    vec![
        Row::bytes("the result twice", |body| doubled(body, "result"))
            .fails(6, &[MISSHAPEN, "duplicate field `result`"])
            .uncertain(),
        Row::bytes("the request ID twice", |body| doubled(body, "requestId"))
            .fails(6, &["HTTP 200 with JSON that says the same twice"])
            .uncertain(),
        Row::bytes("an unknown field twice", |body| {
            format!("{{\"more\":1,\"more\":2,{}", &body[1..]).into_bytes()
        }),
        Row::bytes("a link twice", |body| {
            body.replace("\"link\":", "\"link\":\"x\",\"link\":").into_bytes()
        })
        .links_fail(6, &[MISSHAPEN, "duplicate field `link`"]),
        Row::field("/requestId", "7"),
        Row::field("/error", "null"),
        Row::field("/error", r#"{"code":404,"status":"NOT_FOUND","message":"gone"}"#)
            .fails(3, &["not found at the service", "404 NOT_FOUND: gone"]),
        Row::field("/error", r#"{"status":"ACCESS_ERROR"}"#)
            .fails(4, &["the service refuses the keys", "401 ACCESS_ERROR"]),
        Row::field("/error", r#"{"code":503,"status":"UNAVAILABLE"}"#)
            .fails(6, &["the service failed", "503 UNAVAILABLE"])
            .retried_unless_create(),
        // Without a code of 400 to 499, an error does not say that nothing was done.
        Row::field("/error", r#"{"code":null,"status":null,"message":null,"details":null}"#)
            .fails(6, &["the service refused the request"])
            .uncertain(),
        Row::field("/error", "\"in words\"")
            .fails(6, &["the service refused the request", "in words"])
            .uncertain(),
        Row::field("/error", "[]")
            .fails(6, &["the service refused the request"])
            .uncertain(),
        Row::answer("a result with status 500", |body| Reply::json(500, body))
            .fails(6, &["the service failed"])
            .retried_unless_create(),
        Row::answer("a result with status 400", |body| Reply::json(400, body))
            .fails(6, &["the service refused the request"]),
        Row::answer("a result with status 404", |body| Reply::json(404, body)).fails(3, &["not found at the service"]),
    ]
}

/// The body with one of its fields twice.
fn doubled(body: &str, field: &str) -> Vec<u8> {
    let value = &serde_json::from_str::<Value>(body).unwrap()[field];
    format!("{{\"{field}\":{value},{}", &body[1..]).into_bytes()
}

/// Every status that the service documents.
pub(super) fn statuses() -> Vec<Row> {
    let refused = |code: u16, status: &'static str, message: &'static str, exit: i32, says: &'static str| {
        let name = format!("{code} {status} {message}");
        Row::new(name.trim_end(), Fault::Status(code, status, message)).fails(exit, &[says, status])
    };
    let failed = |code: u16, status: &'static str| {
        refused(code, status, "busy", 6, "the service failed").retried_unless_create()
    };
    // A refused request has started no backup, yet `backup create` does not send it again.
    let busy = |status: &'static str| {
        refused(429, status, "busy", 6, "the service is asked too often")
            .retried_unless_create()
            .with(&[Cmd::Create], |ending| ending.is_uncertain = false)
    };
    const REFUSED: &str = "the service refused the request";
    const KEYS: &str = "the service refuses the keys";
    vec![
        refused(400, "INVALID_ARGUMENT", "", 6, REFUSED),
        refused(400, "FAILED_PRECONDITION", "", 6, REFUSED),
        refused(400, "OUT_OF_RANGE", "", 6, REFUSED),
        refused(400, "HTTP_BAD_REQUEST", "", 6, REFUSED),
        refused(401, "UNAUTHENTICATED", "", 4, KEYS),
        refused(401, "ACCESS_ERROR", "lack of header authorization[gw]", 4, KEYS),
        refused(401, "ACCESS_ERROR", "sign result is not same [gw]", 4, KEYS),
        refused(403, "HTTP_FORBIDDEN", "", 4, "the service forbids this"),
        refused(
            403,
            "HTTP_FORBIDDEN",
            "You are not authorized to perform (x) on resource (*) [IAM] [gw]",
            4,
            "the keys are not permitted to do this",
        ),
        refused(
            403,
            "HTTP_FORBIDDEN",
            "please use different noncestr [gw]",
            4,
            "the service has seen the request before",
        )
        .retried_unless_create()
        .with(&[Cmd::Create], |ending| ending.is_uncertain = false),
        refused(404, "NOT_FOUND", "", 3, "not found at the service"),
        refused(409, "ABORTED", "", 6, "the service is doing something else with it"),
        refused(409, "ALREADY_EXISTS", "", 6, "there is one already"),
        refused(
            413,
            "HTTP_REQUEST_ENTITY_TOO_LARGE",
            "",
            6,
            "the request is too large for the service",
        ),
        refused(
            414,
            "HTTP_URI_TOO_LONG",
            "",
            6,
            "the request is too large for the service",
        ),
        busy("RATE_LIMIT"),
        busy("HTTP_RATE_LIMIT_EXCEEDED"),
        refused(429, "QUOTA_EXCEEDED", "", 6, "a quota of the account is used up"),
        failed(500, "UNKNOWN"),
        failed(500, "INTERNAL"),
        failed(500, "HTTP_INTERNAL_SERVER_ERROR"),
        refused(501, "NOT_IMPLEMENTED", "", 6, "the service does not offer this").uncertain(),
        failed(502, "SOURCE_UNAVAILABLE"),
        failed(502, "HTTP_BAD_GATEWAY"),
        failed(503, "UNAVAILABLE"),
        failed(503, "HTTP_SERVICE_UNAVAILABLE"),
        failed(504, "HTTP_SERVER_TIMING_OUT"),
    ]
}
