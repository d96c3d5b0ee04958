//! Storages that are scripted byte for byte: an answer that comes late, links that expire before they are used,
//! ranges that are served for a while.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use jdredis_sandbox::Reply;
use serde_json::json;

use super::{NAME, NAMELESS, Place, SINGLE, each};
use crate::support::sandbox_builder;

/// Longer than any wait here takes. A test whose storage waited so long fails by its outcome.
const LONG: Duration = Duration::from_secs(60);

/// A request to a scripted storage.
struct Asked {
    target: String,
    /// Start and end in bytes, where a range was asked for.
    range: Option<(usize, usize)>,
}

/// Starts a storage that answers each request, one a connection, by `answer`. It ends with the process.
fn storage(length: usize, answer: impl Fn(&Asked, &mut TcpStream) -> Option<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || answer(&asked(&stream, length)?, &mut stream));
        }
    });
    address
}

fn asked(stream: &TcpStream, length: usize) -> Option<Asked> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines().map_while(Result::ok);
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let mut range = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        let line = line.to_ascii_lowercase();
        if let Some((first, last)) = line
            .strip_prefix("range: bytes=")
            .and_then(|range| range.split_once('-'))
        {
            let end = last.parse().map_or(length, |last: usize| last + 1);
            range = Some((first.parse().ok()?, end));
        }
    }
    Some(Asked { target, range })
}

/// The head of an answer with the bytes that were asked for, of a version that stays the same.
fn head(asked: &Asked, length: usize) -> String {
    let common = "ETag: \"first\"\r\nAccept-Ranges: bytes\r\nConnection: close\r\n";
    match asked.range {
        None => format!("HTTP/1.1 200 OK\r\n{common}Content-Length: {length}\r\n\r\n"),
        Some((start, end)) => format!(
            "HTTP/1.1 206 Partial Content\r\n{common}Content-Range: bytes {start}-{}/{length}\r\n\
             Content-Length: {}\r\n\r\n",
            end - 1,
            end - start
        ),
    }
}

/// Sends the bytes that were asked for, a chunk of 64 KiB every `pause`.
fn send(asked: &Asked, object: &[u8], stream: &mut TcpStream, pause: Duration) -> Option<()> {
    stream.write_all(head(asked, object.len()).as_bytes()).ok()?;
    let (start, end) = asked.range.unwrap_or((0, object.len()));
    for chunk in object[start..end].chunks(64 << 10) {
        stream.write_all(chunk).ok()?;
        thread::sleep(pause);
    }
    Some(())
}

/// Waits until the client hangs up, as it does with all that was sent before in its hands.
fn wait_for_end(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(LONG)).unwrap();
    let _ = stream.read(&mut [0]);
}

fn wait_until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() && start.elapsed() < LONG {
        thread::sleep(Duration::from_millis(10));
    }
}

fn links(links: &[(&str, String)]) -> Reply {
    let nodes: Vec<_> = links
        .iter()
        .map(|(name, link)| json!({"name": name, "link": link}))
        .collect();
    Reply::json(200, json!({"result": {"downloadUrls": nodes}}).to_string())
}

/// A storage of one object, of whose pieces the first falls silent in its middle and goes on with other bytes once
/// the file is there.
fn treacherous(object: Vec<u8>, file: &Path, is_over: &Arc<AtomicBool>) -> SocketAddr {
    let (file, is_over, pieces) = (file.to_owned(), Arc::clone(is_over), AtomicUsize::new(0));
    let pause = Duration::from_millis(20);
    storage(object.len(), move |asked, stream| {
        if asked.range.is_none() || pieces.fetch_add(1, Ordering::Relaxed) > 0 {
            return send(asked, &object, stream, pause);
        }
        let (start, end) = asked.range?;
        let middle = start + (end - start) / 2;
        stream.write_all(head(asked, object.len()).as_bytes()).ok()?;
        stream.write_all(&object[start..middle]).ok()?;
        wait_until(|| file.exists());
        let _ = stream.write_all(&vec![0xEE; end - middle]);
        wait_for_end(stream);
        is_over.store(true, Ordering::Relaxed);
        Some(())
    })
}

#[test]
fn a_connection_that_wakes_up_late_changes_no_byte_of_a_file_that_was_checked() {
    let place = Place::of(sandbox_builder().object_size(8 << 20));
    let object = |node| place.sandbox.object(NAMELESS.instance, NAMELESS.base_id, node);
    let is_over = Arc::new(AtomicBool::new(false));
    let first = treacherous(object(0), &place.path("first"), &is_over);
    // The other file keeps the run going until then.
    let second = object(1);
    let second = storage(second.len(), move |_, stream| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", second.len());
        stream.write_all(head.as_bytes()).ok()?;
        let (most, last) = second.split_at(second.len() - 1);
        stream.write_all(most).ok()?;
        wait_until(|| is_over.load(Ordering::Relaxed));
        stream.write_all(last).ok()
    });
    let links = links(&[
        ("a", format!("http://{first}/first")),
        ("b", format!("http://{second}/second")),
    ]);
    place.sandbox.script_for("describeDownloadUrl", vec![links]);
    let outcome = place.run(place.download(NAMELESS).args(["-o", "json", "--timeout", "60"]));
    assert_eq!(each(&outcome, "state"), ["ok", "ok"], "{outcome:#?}");
    assert!(
        place.read("first") == object(0),
        "other bytes under the good name: {outcome:#?}"
    );
    assert!(place.read("second") == object(1));
}

#[test]
fn links_that_expire_twice_before_they_are_used_cost_one_request_each_and_no_connection() {
    let place = Place::of(sandbox_builder().object_size(24 << 20));
    let object = place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0);
    let (has_expired, plain) = (AtomicBool::new(false), Arc::new(Mutex::new(Vec::new())));
    let (pieces, plain_seen) = (AtomicUsize::new(0), Arc::clone(&plain));
    let storage = storage(object.len(), move |asked, stream| {
        let (pause, link) = (Duration::from_millis(20), asked.target.rsplit_once('=')?.1);
        if asked.range.is_none() {
            plain_seen.lock().unwrap().push(asked.target.clone());
            return send(asked, &object, stream, pause);
        }
        if link == "0" && pieces.fetch_add(1, Ordering::Relaxed) == 0 {
            // It is the last one that the link is good for.
            send(asked, &object, stream, Duration::ZERO)?;
            wait_for_end(stream);
            has_expired.store(true, Ordering::Relaxed);
            return Some(());
        }
        wait_until(|| has_expired.load(Ordering::Relaxed));
        if ["0", "1"].contains(&link) {
            let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            return stream.write_all(refusal.as_bytes()).ok();
        }
        send(asked, &object, stream, pause)
    });
    let replies = (0..10).map(|number| links(&[("node 0", format!("http://{storage}/{NAME}?x={number}"))]));
    place.sandbox.script_for("describeDownloadUrl", replies.collect());
    let outcome = place.fetch(SINGLE, &["-o", "json", "--timeout", "60"]);
    assert_eq!(each(&outcome, "state"), ["ok"], "{outcome:#?}");
    place.has_all_of(SINGLE);
    assert_eq!(place.asked_for_links(), 3, "{outcome:#?}");
    assert_eq!(*plain.lock().unwrap(), [format!("/{NAME}?x=0")], "{outcome:#?}");
}

#[test]
fn one_answer_that_is_no_http_costs_its_piece_alone() {
    let place = Place::of(sandbox_builder().object_size(8 << 20));
    let object = place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0);
    let pieces = AtomicUsize::new(0);
    let storage = storage(object.len(), move |asked, stream| {
        if asked.range.is_some() && pieces.fetch_add(1, Ordering::Relaxed) == 0 {
            return stream.write_all(b"nonsense\r\n\r\n").ok();
        }
        send(asked, &object, stream, Duration::from_millis(20))
    });
    let links = links(&[("node 0", format!("http://{storage}/{NAME}"))]);
    place.sandbox.script_for("describeDownloadUrl", vec![links]);
    let outcome = place.fetch(SINGLE, &["-o", "json"]);
    assert_eq!(each(&outcome, "state"), ["ok"], "{outcome:#?}");
    place.has_all_of(SINGLE);
}

#[test]
fn a_chunk_whose_head_drips_is_not_waited_for() {
    let place = Place::of(sandbox_builder());
    let object = place.sandbox.object(SINGLE.instance, SINGLE.base_id, 0);
    let storage = storage(object.len(), move |_, stream| {
        let head = "HTTP/1.1 200 OK\r\nETag: \"first\"\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(format!("{:x}\r\n", 1000).as_bytes()).ok()?;
        stream.write_all(&object[..1000]).ok()?;
        stream.write_all(b"\r\n5;").ok()?;
        let start = Instant::now();
        // Without an end of it, the client's time is over first.
        while start.elapsed() < LONG {
            stream.write_all(b"x").ok()?;
            thread::sleep(Duration::from_millis(100));
        }
        stream.write_all(b"\r\n").ok()
    });
    let links = links(&[("node 0", format!("http://{storage}/{NAME}"))]);
    place.sandbox.script_for("describeDownloadUrl", vec![links]);
    let args = ["-o", "json", "--timeout", "1", "--max-attempts", "1"];
    let outcome = place.run(place.download(SINGLE).args(args));
    assert_eq!(each(&outcome, "state"), ["incomplete"], "{outcome:#?}");
    assert!(outcome.took < LONG, "{outcome:#?}");
}
