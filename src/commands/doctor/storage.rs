//! The object storage: its answers to a link over https and http, to ranges, to a wrong ETag, and to
//! several connections; and the first and last bytes of the file. A few hundred bytes are fetched.

use std::io::Read;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ureq::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, ETAG, IF_MATCH, RANGE};
use ureq::http::{HeaderMap, Request};

use super::check::Findings;
use crate::error::Report;
use crate::http::{self, Failure, Network, Stage, header};
use crate::process::threads::{self, Need};
use crate::rdb::{Reader, Verdict};
use crate::values::endpoint::Endpoint;
use crate::values::link::Link;

/// How many bytes are asked for at once.
const BYTES: u64 = 64;
/// How much of a body is read, in bytes: a range, or an error.
const MOST: u64 = 2048;
/// How many connections are opened at once: half of what 'backup download' opens by default.
const CONNECTIONS: usize = 4;
/// The bytes that a file begins with, such as `REDIS0009`.
const MAGIC: usize = 9;
/// The bytes that a file ends with: the end opcode and the checksum.
const TAIL: usize = 9;
const END_OPCODE: u8 = 0xFF;
/// A strong ETag that no object has.
const NO_ETAG: &str = "\"00000000000000000000000000000000\"";

/// An answer of the storage, its body cut off at [`MOST`] bytes.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn is_data(&self) -> bool {
        matches!(self.status, 200 | 206)
    }

    fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The status, and the code that the storage's XML gives for it.
    fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let code = text
            .split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once("</Code>"));
        let is_word = |code: &&str| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match code.map(|(code, _)| code).filter(is_word) {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }
}

/// The way to the storage, and to one object there.
struct Storage {
    client: http::Client,
    limit: Duration,
}

impl Storage {
    fn get(&self, url: &str, range: Option<(u64, u64)>, if_match: Option<&str>) -> Result<Answer, Failure> {
        let mut request = Request::get(url).header(ACCEPT_ENCODING, "identity");
        if let Some((first, last)) = range {
            request = request.header(RANGE, format!("bytes={first}-{last}"));
        }
        if let Some(tag) = if_match {
            request = request.header(IF_MATCH, tag);
        }
        let mut response = self.client.send(request.body(()), Some(self.limit))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(MOST).read_to_end(&mut body);
        let answer = Answer { status, headers, body };
        match read {
            // Data that broke off cannot be judged. Of a refusal the status is enough.
            Err(error) if answer.is_data() => Err(self.client.failure_while_receiving(&error.into(), url)),
            _ => Ok(answer),
        }
    }
}

/// Makes the checks of the storage with one link. `in_clear` allows the link to be sent without TLS.
pub(super) fn examine(link: &Link, in_clear: bool, network: Arc<Network>, limit: Duration, findings: &mut Findings) {
    let client = http::Client::new(network, http::config());
    let storage = Storage { client, limit };
    let head = Some((0, BYTES - 1));
    let encrypted = link.over_https();
    let over_https = storage.get(encrypted.expose(), head, None);
    let is_encrypted = judge_https(&over_https, findings);
    let origin = link.origin().and_then(|origin| origin.parse::<Endpoint>().ok());
    let is_local = origin.is_some_and(|origin| origin.is_loopback());
    let plain = link.over_http();
    let over_http = if in_clear || is_local {
        Some(storage.get(plain.expose(), head, None))
    } else {
        None
    };
    judge_http(&storage, &plain, over_http.as_ref(), is_encrypted, findings);
    let first = match (is_encrypted, over_https, over_http) {
        (true, Ok(answer), _) => (encrypted, answer),
        (_, _, Some(Ok(answer))) if answer.is_data() => (plain, answer),
        _ => return,
    };
    let (link, answer) = first;
    judge_encoding(&answer, findings);
    let last = judge_ranges(&storage, &link, &answer, findings);
    judge_tags(&storage, &link, &answer, findings);
    judge_connections(&storage, &link, findings);
    judge_rdb(&answer.body, last.as_deref(), findings);
}

fn judge_https(outcome: &Result<Answer, Failure>, findings: &mut Findings) -> bool {
    let seen = match outcome {
        Ok(answer) if answer.is_data() => {
            findings.ok("https", "the link works");
            return true;
        }
        Ok(answer) => format!("the link is answered with {}", answer.said()),
        Err(failure) => match failure.stage {
            Stage::Unreachable => format!("the port is refused ({})", failure.detail),
            Stage::Timeout if failure.was_before_sending => "the port is silent".to_owned(),
            _ => failure.to_string(),
        },
    };
    let means = "'backup download' fails with exit code 7";
    let advice = "where the network in between can be trusted, give --http; please report it";
    findings.differs("https", seen, means, advice);
    false
}

fn judge_http(
    storage: &Storage,
    link: &Link,
    outcome: Option<&Result<Answer, Failure>>,
    is_encrypted: bool,
    findings: &mut Findings,
) {
    const MEANS: &str = "--http does not work";
    let advice = if is_encrypted {
        "use https, as is done without --http"
    } else {
        "neither way works: check firewalls, proxies and the machine's clock; please report it"
    };
    match outcome {
        Some(Ok(answer)) if answer.is_data() => findings.ok("http", "the link works"),
        Some(Ok(answer)) => {
            let seen = format!("the link is answered with {}", answer.said());
            findings.differs("http", seen, MEANS, advice);
        }
        Some(Err(failure)) => findings.differs("http", failure.to_string(), MEANS, advice),
        // Anyone on the way can read and use a link that is sent without TLS. The object's address without the link's
        // secret also shows whether the storage speaks http.
        None => match storage.get(link.without_query(), None, None) {
            Ok(answer) => findings.ok(
                "http",
                format!("answers ({}); tried without the link's secret", answer.said()),
            ),
            Err(failure) => findings.differs("http", failure.to_string(), MEANS, advice),
        },
    }
}

fn judge_encoding(answer: &Answer, findings: &mut Findings) {
    match answer.header(CONTENT_ENCODING.as_str()) {
        None | Some("" | "identity") => findings.ok("encoding", "none, as asked"),
        Some(encoding) => findings.differs(
            "encoding",
            format!("{encoding}, though it was not asked for"),
            "'backup download' refuses such files",
            "please report it",
        ),
    }
}

/// Asks for the last bytes, too. Returns them.
fn judge_ranges(storage: &Storage, link: &Link, first: &Answer, findings: &mut Findings) -> Option<Vec<u8>> {
    const MEANS: &str = "a download that was cut off begins again, and uses one connection";
    let length = content_range(first).and_then(|(start, length)| (start == 0).then_some(length));
    let Some(length) = length.filter(|_| first.status == 206) else {
        let range = first.header(CONTENT_RANGE.as_str()).unwrap_or("none");
        let seen = format!(
            "the first bytes are answered with {} and Content-Range {range}",
            first.status
        );
        findings.differs("ranges", seen, MEANS, "nothing; please report it");
        return None;
    };
    let (start, end) = (length.saturating_sub(BYTES), length.saturating_sub(1));
    match storage.get(link.expose(), Some((start, end)), None) {
        Ok(answer) if answer.status == 206 && content_range(&answer) == Some((start, length)) => {
            findings.ok("ranges", format!("first and last bytes of {length}"));
            (answer.body.len() as u64 == length - start).then_some(answer.body)
        }
        Ok(answer) => {
            let seen = format!("the last bytes are answered with {}", answer.said());
            findings.differs("ranges", seen, MEANS, "nothing; please report it");
            None
        }
        Err(failure) => {
            findings.failed("ranges", &Report::of_failure(&failure));
            None
        }
    }
}

/// Start and whole length of `bytes START-END/LENGTH`.
fn content_range(answer: &Answer) -> Option<(u64, u64)> {
    let text = answer.header(CONTENT_RANGE.as_str())?;
    let (range, length) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.parse().ok()?, length.parse().ok()?))
}

fn judge_tags(storage: &Storage, link: &Link, first: &Answer, findings: &mut Findings) {
    let tag = first.header(ETAG.as_str());
    match tag {
        Some(tag) if tag.len() > 2 && tag.starts_with('"') => findings.ok("etag", "strong"),
        tag => findings.differs(
            "etag",
            if tag.is_some() { "weak" } else { "none" },
            "a file that was cut off is fetched again from its beginning, over one connection",
            "nothing; please report it",
        ),
    }
    match storage.get(link.expose(), Some((0, BYTES - 1)), Some(NO_ETAG)) {
        Ok(answer) if answer.status == 412 => findings.ok("ifMatch", "412 for another ETag"),
        Ok(answer) => findings.differs(
            "ifMatch",
            format!("another ETag is answered with {}", answer.said()),
            "nothing: the program compares the ETag of each answer itself",
            "nothing; please report it",
        ),
        Err(failure) => findings.failed("ifMatch", &Report::of_failure(&failure)),
    }
}

fn judge_connections(storage: &Storage, link: &Link, findings: &mut Findings) {
    let ask = || {
        storage.get(link.expose(), Some((0, BYTES - 1)), None).map_or_else(
            |failure| Some(failure.to_string()),
            |answer| (!answer.is_data()).then(|| answer.said()),
        )
    };
    let outcomes: Vec<Option<Option<String>>> = thread::scope(|scope| {
        let start = |_| threads::start_in(scope, Need::Helpful, ask).ok();
        let running: Vec<_> = (0..CONNECTIONS).map(start).collect();
        let ended = running.into_iter().map(|thread| thread?.join().ok());
        ended.collect()
    });
    judge_outcomes(&outcomes, findings);
}

/// Judges what came of each connection: `None` where no thread could be had for it, and within that the refusal in words,
/// if it was refused.
fn judge_outcomes(outcomes: &[Option<Option<String>>], findings: &mut Findings) {
    let made = outcomes.iter().flatten().count();
    let refused: Vec<&String> = outcomes.iter().flatten().flatten().collect();
    match refused.first() {
        None if made < CONNECTIONS => findings.skipped("connections", format!("only {made} threads can be had here")),
        None => findings.ok("connections", format!("{CONNECTIONS} at once")),
        Some(first) => findings.differs(
            "connections",
            format!("{} of {CONNECTIONS} at once were refused: {first}", refused.len()),
            "a download uses fewer connections, and takes longer",
            "if it fails, give --parallel 1; please report it",
        ),
    }
}

/// Looks at the first and the last bytes of the file.
fn judge_rdb(head: &[u8], tail: Option<&[u8]>, findings: &mut Findings) {
    if head.is_empty() {
        let means = "'backup download' and 'backup verify' call it corrupt, exit code 7";
        return findings.differs(
            "rdb",
            "the file is empty",
            means,
            "take another backup; please report it",
        );
    }
    let mut reader = Reader::new();
    reader.update(head);
    if let Verdict::NotRdb(_) = reader.finish().verdict {
        let first: String = head
            .iter()
            .take(MAGIC)
            .map(|byte| byte.escape_ascii().to_string())
            .collect();
        return findings.differs(
            "rdb",
            format!("the file begins with {first}"),
            "'backup download' and 'backup verify' call it no RDB file, exit code 7",
            "please report what it is",
        );
    }
    let magic = String::from_utf8_lossy(&head[..MAGIC.min(head.len())]).into_owned();
    let Some(tail) = tail.and_then(|tail| tail.get(tail.len().checked_sub(TAIL)?..)) else {
        return findings.ok("rdb", format!("{magic}; its end was not seen"));
    };
    match tail.split_first() {
        Some((&END_OPCODE, sum)) if sum.iter().all(|byte| *byte == 0) => {
            findings.ok("rdb", format!("{magic}, checksum off: files end as 'unverified'"));
        }
        Some((&END_OPCODE, _)) => findings.ok("rdb", format!("{magic}, with end and checksum")),
        _ => findings.differs(
            "rdb",
            format!("{magic}, and no end opcode before the last eight bytes"),
            "'backup download' and 'backup verify' call it corrupt or unverified",
            "fetch it and look with 'backup verify'; please report it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::check::State;

    #[test]
    fn a_code_of_the_storage_is_shown_if_it_is_a_word() {
        let said = |code: &str| {
            let answer = Answer {
                status: 403,
                headers: HeaderMap::new(),
                body: format!("<Error><Code>{code}</Code></Error>").into_bytes(),
            };
            answer.said()
        };
        assert_eq!(said("AccessDenied"), "403 AccessDenied");
        for text in ["\u{1b}[2J", "https://h/a?X-Amz-Signature=1", &"x".repeat(65)] {
            assert_eq!(said(text), "403");
        }
    }

    #[test]
    fn connections_that_were_not_tried_are_not_called_ok() {
        let of = |outcomes: &[Option<Option<&str>>]| {
            let outcomes: Vec<_> = outcomes
                .iter()
                .map(|outcome| outcome.map(|refusal| refusal.map(str::to_owned)))
                .collect();
            let mut findings = Findings::default();
            judge_outcomes(&outcomes, &mut findings);
            findings.state("connections")
        };
        let (made, refused) = (Some(None), Some(Some("503")));
        assert_eq!(of(&[made; CONNECTIONS]), Some(State::Ok));
        assert_eq!(of(&[made, made, made, None]), Some(State::Skipped));
        assert_eq!(of(&[None; CONNECTIONS]), Some(State::Skipped));
        assert_eq!(of(&[made, made, refused, None]), Some(State::Differs));
    }
}
