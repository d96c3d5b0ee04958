//! The object storage: how the tests ask it for objects.

mod deliveries;
mod objects;

use std::io::{ErrorKind, Read, Write};

use jdredis_sandbox::{Builder, Sandbox};

use crate::requests::connect;

const CLUSTER: &str = "a607efba-ff06-4d78-ba3c-b3119fce27fd";

/// The outcome of a request for an object.
#[derive(Debug)]
struct Fetched {
    status: u16,
    head: String,
    body: Vec<u8>,
    /// How the connection ended.
    end: Result<(), ErrorKind>,
}

impl Fetched {
    fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value)
    }

    /// Status and the XML error's code.
    fn error(&self) -> (u16, String) {
        let body = String::from_utf8_lossy(&self.body);
        let code = body
            .split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once("</Code>"));
        (
            self.status,
            code.map_or_else(|| format!("{self:?}"), |(code, _)| code.to_owned()),
        )
    }
}

/// A link without its origin.
fn target(link: &str) -> &str {
    let path = link.match_indices('/').nth(2).map(|(at, _)| at);
    path.map_or(link, |at| &link[at..])
}

/// A correct request for a link.
fn request(link: &str, headers: &[(&str, &str)]) -> String {
    let host = link.split('/').nth(2).unwrap_or_default();
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!(
        "GET {} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n",
        target(link)
    )
}

fn receive(stream: &mut impl Read) -> Fetched {
    let mut received = Vec::new();
    let end = stream
        .read_to_end(&mut received)
        .map(|_| ())
        .map_err(|error| error.kind());
    let head_length = received.windows(4).position(|window| window == b"\r\n\r\n");
    let body = received.split_off(head_length.map_or(received.len(), |length| length + 4));
    let head = String::from_utf8(received).expect("the head is text");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Fetched {
        status: status.unwrap_or_default(),
        head,
        body,
        end,
    }
}

fn exchange(sandbox: &Sandbox, request: &str) -> Fetched {
    let mut stream = connect(sandbox);
    stream.write_all(request.as_bytes()).expect("the sandbox reads");
    receive(&mut stream)
}

/// Fetches the only object of the documented backup.
fn fetch(sandbox: &Sandbox, headers: &[(&str, &str)]) -> Fetched {
    exchange(sandbox, &request(&link(sandbox), headers))
}

fn link(sandbox: &Sandbox) -> String {
    sandbox.link("redis-1234", "1234", 0)
}

fn object(sandbox: &Sandbox) -> Vec<u8> {
    sandbox.object("redis-1234", "1234", 0)
}

fn start(builder: Builder) -> Sandbox {
    builder.start().expect("a port is free")
}

/// A sandbox with objects of 1000 bytes.
fn small() -> Sandbox {
    start(Sandbox::builder().object_size(1000))
}
