//! Requests for the tests: signed ones, and how they look on the wire.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jdredis_sandbox::signature::{ALGORITHM, NO_REGION, Parameters, SERVICE, TERMINATOR, steps};
use jdredis_sandbox::{Keys, Request, Sandbox};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

pub(crate) const SIGNED_HEADERS: &str = "content-type;host;x-jdcloud-date;x-jdcloud-nonce";
pub(crate) const TARGET: &str =
    "/v1/regions/cn-north-1/cacheInstance/redis-1234/backup%3AdescribeDownloadUrl?baseId=1234";

/// A request before it is signed, and all that goes into the signature.
pub(crate) struct Draft {
    pub(crate) request: Request,
    pub(crate) keys: Keys,
    pub(crate) date: String,
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
    pub(crate) signed_headers: String,
}

impl Draft {
    pub(crate) fn new(target: &str, host: &str, keys: &Keys, now: OffsetDateTime) -> Self {
        let date = basic_date(now);
        let headers = [
            ("content-type", "application/json"),
            ("host", host),
            ("x-jdcloud-date", &date),
            ("x-jdcloud-nonce", &nonce()),
        ];
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .to_vec();
        let (method, target) = ("GET".to_owned(), target.to_owned());
        Self {
            request: Request {
                method,
                target,
                headers,
                ..Request::default()
            },
            keys: keys.clone(),
            date,
            region: "cn-north-1",
            service: SERVICE,
            signed_headers: SIGNED_HEADERS.to_owned(),
        }
    }

    /// Adds `Authorization`.
    pub(crate) fn sign(mut self) -> Request {
        let parameters = Parameters {
            secret_key: &self.keys.secret_key,
            date: &self.date,
            region: self.region,
            service: self.service,
            signed_headers: &self.signed_headers,
        };
        let signature = steps(&self.request, &parameters).signature;
        let day = self.date.get(..8).unwrap_or_default();
        let authorization = format!(
            "{ALGORITHM} Credential={}/{day}/{}/{}/{TERMINATOR}, SignedHeaders={}, Signature={signature}",
            self.keys.access_key, self.region, self.service, self.signed_headers
        );
        self.request
            .headers
            .push(("Authorization".to_owned(), authorization.into_bytes()));
        self.request
    }
}

/// `YYYYMMDDTHHmmssZ`.
pub(crate) fn basic_date(time: OffsetDateTime) -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    time.format(format).expect("every part of the format is there")
}

/// A nonce that no other request of this test run has.
fn nonce() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("00000000-0000-4000-8000-{:012x}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A good request for the sandbox.
pub(crate) fn signed(sandbox: &Sandbox, target: &str) -> Request {
    Draft::new(
        target,
        &sandbox.address().to_string(),
        sandbox.keys(),
        OffsetDateTime::now_utc(),
    )
    .sign()
}

/// A request's bytes on the wire.
pub(crate) fn wire(request: &Request) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method, request.target).into_bytes();
    for (name, value) in &request.headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&request.body);
    bytes
}

/// An answer with a `Content-Length`.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.headers.lines().filter_map(|line| line.split_once(": "));
        fields
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Reads one answer with a `Content-Length`.
pub(crate) fn read_answer(stream: &mut impl Read) -> Answer {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(
            stream.read_line(&mut head).expect("the head is readable"),
            0,
            "the head ends early: {head:?}"
        );
    }
    let (status_line, headers) = head.split_once("\r\n").expect("a head has a first line");
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut answer = Answer {
        status: status.unwrap_or_else(|| panic!("no status in {status_line:?}")),
        headers: headers.to_owned(),
        body: String::new(),
    };
    let length = answer
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .expect("a length is sent");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the body is whole");
    answer.body = String::from_utf8(body).expect("the body is UTF-8");
    answer
}

/// Connects; nothing here waits for longer than ten seconds.
pub(crate) fn connect(sandbox: &Sandbox) -> TcpStream {
    let stream = TcpStream::connect(sandbox.address()).expect("the sandbox accepts");
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("the timeout is not zero");
    stream
}

/// Sends a request on a connection of its own and reads the answer.
pub(crate) fn ask(sandbox: &Sandbox, request: &Request) -> Answer {
    let mut stream = connect(sandbox);
    stream.write_all(&wire(request)).expect("the sandbox reads");
    read_answer(&mut stream)
}

/// Asks for something of a region, signed as it should be; `path` goes on where the region ends.
pub(crate) fn ask_for(sandbox: &Sandbox, method: &str, region: &'static str, path: &str, body: &str) -> Answer {
    let mut draft = Draft::new(
        &format!("/v1/regions/{region}{path}"),
        &sandbox.address().to_string(),
        sandbox.keys(),
        OffsetDateTime::now_utc(),
    );
    draft.region = region;
    draft.request.method = method.to_owned();
    draft.request.body = body.as_bytes().to_vec();
    let length = body.len().to_string().into_bytes();
    draft.request.headers.push(("Content-Length".to_owned(), length));
    ask(sandbox, &draft.sign())
}

/// Gets something of the region cn-north-1.
pub(crate) fn get(sandbox: &Sandbox, path: &str) -> Answer {
    ask_for(sandbox, "GET", "cn-north-1", path, "")
}

/// Gets something of no region, signed as it should be.
pub(crate) fn get_without_region(sandbox: &Sandbox, target: &str) -> Answer {
    let host = sandbox.address().to_string();
    let mut draft = Draft::new(target, &host, sandbox.keys(), OffsetDateTime::now_utc());
    draft.region = NO_REGION;
    ask(sandbox, &draft.sign())
}
