//! The minimal client, which is the benchmark's own executable. It connects, writes one fixed request, reads
//! to the end, prints the body and exits: plain HTTP, no options, no parsing.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::contestant::Contestant;

/// The first argument that makes the executable this client.
pub(crate) const ROLE: &str = "--as-raw-client";
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// This executable as the raw client, for a race.
pub(crate) fn contestant(executable: &Path, server: SocketAddr, target: &str) -> Contestant {
    Contestant::new("raw socket", executable).args([ROLE, &server.to_string(), target])
}

/// Fetches once. The arguments are the server's address and the request's target.
pub(crate) fn run(mut arguments: impl Iterator<Item = OsString>) -> Result<()> {
    let mut next = || arguments.next().and_then(|argument| argument.into_string().ok());
    let server = next().context("no address")?;
    let target = next().context("no target")?;
    let mut stream = TcpStream::connect(server.parse::<SocketAddr>()?)?;
    let request = format!("GET {target} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::with_capacity(16 * 1024);
    stream.read_to_end(&mut answer)?;
    ensure!(answer.starts_with(b"HTTP/1.1 200 "), "not a 200");
    let end_of_head = answer.windows(END_OF_HEAD.len()).position(|bytes| bytes == END_OF_HEAD);
    let body = end_of_head.context("a head without an end")? + END_OF_HEAD.len();
    // The standard library's stdout has a line buffer and would write each line by itself.
    let mut out = io::BufWriter::with_capacity(0, io::stdout().lock());
    out.write_all(&answer[body..])?;
    Ok(out.flush()?)
}
