//! `backup verify` of what a real server saves: every kind of value in many sizes, counted by the server.
//!
//! These tests are skipped, and say so, where no `redis-server` is installed.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Jdredis, say_not_run};

/// How long a server may take to answer its first request.
const START: Duration = Duration::from_secs(60);

/// A server with an empty folder, which listens on a socket there.
struct Server {
    child: Child,
    folder: TempDir,
    stream: BufReader<UnixStream>,
}

impl Server {
    /// `None`, and a line about it, where none is installed.
    fn start(options: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let command = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .args(options)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn();
        let Ok(child) = command else {
            say_not_run("the files of a real server", "redis-server is not installed");
            return None;
        };
        let deadline = Instant::now() + START;
        let stream = loop {
            match UnixStream::connect(&socket) {
                Ok(stream) => break BufReader::new(stream),
                Err(error) if Instant::now() > deadline => panic!("{error}"),
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
        };
        Some(Self { child, folder, stream })
    }

    /// Sends a command. Returns the first line of the answer without the letter of its type.
    fn run(&mut self, arguments: &[&[u8]]) -> String {
        let mut command = format!("*{}\r\n", arguments.len()).into_bytes();
        for argument in arguments {
            command.extend(format!("${}\r\n", argument.len()).bytes());
            command.extend([argument, &b"\r\n"[..]].concat());
        }
        self.stream.get_mut().write_all(&command).unwrap();
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        assert!(!line.starts_with('-'), "{line}");
        if let Some(length) = line.strip_prefix('$') {
            let length: usize = length.trim().parse().unwrap();
            let mut text = vec![0; length + 2];
            self.stream.read_exact(&mut text).unwrap();
        }
        line[1..].trim_end().to_owned()
    }

    /// Like [`run`](Self::run), for a command whose words are separated by blanks.
    fn say(&mut self, command: &str) -> String {
        let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        self.run(&words)
    }

    /// Fills two databases. Returns the number of keys and of expiring keys in each.
    fn fill(&mut self) -> [(u64, u64); 2] {
        for length in [0, 1, 20, 21, 63, 64, 300, 16_383, 16_384, 200_000] {
            let noise: Vec<u8> = (0..length as u32)
                .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
                .collect();
            self.run(&[b"SET", format!("noise:{length}").as_bytes(), &noise]);
            self.run(&[b"SET", format!("repeats:{length}").as_bytes(), &vec![b'x'; length]]);
        }
        for number in ["0", "-128", "32767", "-2147483648", "2147483648", "3.5"] {
            self.say(&format!("SET number:{number} {number}"));
        }
        for count in [1, 10, 200, 3000] {
            for i in 0..count {
                self.say(&format!("RPUSH list:{count} element-{i}"));
                self.say(&format!("SADD set:{count} element-{i}"));
                self.say(&format!("SADD integers:{count} {i}"));
                self.say(&format!("ZADD sorted:{count} {i}.5 element-{i}"));
                self.say(&format!("HSET hash:{count} field-{i} value-{i}"));
                self.say(&format!("XADD stream:{count} * field value-{i}"));
            }
            self.say(&format!("XGROUP CREATE stream:{count} group 0"));
            self.say(&format!("XGROUP CREATE stream:{count} idle $"));
            self.say(&format!(
                "XREADGROUP GROUP group consumer COUNT 5 STREAMS stream:{count} >"
            ));
            // The answer is an array; the rest of it is passed over.
            self.pass_over();
            self.say(&format!("EXPIRE list:{count} 100000"));
        }
        let mut counts = [(0, 0); 2];
        counts[0] = (self.say("DBSIZE").parse().unwrap(), 4);
        self.say("SELECT 9");
        self.say("SET other value");
        self.say("EXPIRE other 100000");
        counts[1] = (self.say("DBSIZE").parse().unwrap(), 1);
        counts
    }

    /// Reads answers up to that of a PING.
    fn pass_over(&mut self) {
        self.stream.get_mut().write_all(b"PING\r\n").unwrap();
        let mut line = String::new();
        while line != "+PONG\r\n" {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
        }
    }

    fn save(&mut self) -> PathBuf {
        self.say("SAVE");
        self.folder.path().join("dump.rdb")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn verify(path: &Path, code: i32) -> Value {
    let outcome = Jdredis::bare()
        .args(["backup", "verify", "-q", "-o", "json"])
        .args([path.to_str().unwrap()])
        .run();
    let mut manifest: Value = serde_json::from_str(outcome.data_with(code)).unwrap();
    manifest["files"][0].take()
}

#[test]
fn a_file_that_a_server_saves_is_read_to_its_end() {
    for (checksum, state, written) in [("yes", "ok", "right"), ("no", "unverified", "none")] {
        for compression in ["yes", "no"] {
            let options = ["--rdbchecksum", checksum, "--rdbcompression", compression];
            let Some(mut server) = Server::start(&options) else {
                return;
            };
            let [first, second] = server.fill();
            let path = server.save();
            let file = verify(&path, 0);
            assert_eq!(file["state"], state, "{file}");
            assert_eq!(file["rdb"]["checksum"], written);
            let databases = json!([
                {"db": 0, "keys": first.0, "expires": first.1},
                {"db": 9, "keys": second.0, "expires": second.1},
            ]);
            assert_eq!(file["rdb"]["databases"], databases);

            // With a byte less it is not whole, and with its beginning once more it is not one.
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
            assert!(
                verify(&path, 7)["reason"]
                    .as_str()
                    .unwrap()
                    .starts_with("ends inside the checksum")
            );
            fs::write(&path, [&bytes[..], &bytes].concat()).unwrap();
            let reason = format!("a second RDB file begins at byte {}", bytes.len());
            assert_eq!(verify(&path, 7)["reason"], reason);
        }
    }
}
