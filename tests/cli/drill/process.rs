//! The server as a process: that it is found, gets no secret, and is ended whatever happens. Scripts stand in for what a
//! server seldom does.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Place, TYPES, rdb, without_server};
use crate::support::{Outcome, SECRET_KEY, sandbox};
use crate::tmux::Terminal;

/// The first line of a server's log.
const VERSION: &str =
    "7:C 30 Nov 2026 20:00:44.444 # Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=7";

#[test]
fn without_a_server_the_message_says_what_to_install() {
    let place = Place::new();
    place.file("types", TYPES);
    let nowhere = place.load(&["types"]).env("PATH", "/nonexistent").run();
    nowhere.fails_saying(1, &["no redis-server and no valkey-server in PATH", "--redis-server"]);
    for wrong in ["/nonexistent/redis-server", ".", "types"] {
        let outcome = place.load(&["types", "--redis-server", wrong]).run();
        outcome.fails_saying(1, &["no server to load with: "]);
    }
    assert_eq!(place.load(&["-"]).run().failure(2).lines().count(), 2);
    let alone = place
        .command(&["backup", "verify", "types", "--redis-server", "x"])
        .run();
    assert_eq!(alone.code, Some(2));
    place.is_tidy();
}

#[test]
fn a_server_that_ends_or_never_gets_ready_is_a_failure_of_this_machine() {
    let place = Place::new();
    place.file("types", TYPES);
    let ends = place.script("ends", "echo 'no such \x1b[2Jluck'; exit 3");
    let (results, outcome) = place.results(&["types", "--redis-server", &ends]);
    assert_eq!(
        (outcome.code, &results[0].1["result"]),
        (Some(1), &Value::from("failed"))
    );
    let reason = results[0].1["reason"].as_str().unwrap();
    assert!(reason.ends_with(": no such \\u{1b}[2Jluck"), "{reason}");
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(document["files"][0]["bytes"], TYPES.len());
    let hangs = place.script("hangs", &format!("echo '{VERSION}'; sleep 1000 & sleep 1000"));
    let (results, outcome) = place.results(&["types", "--redis-server", &hangs, "--timeout", "0.5"]);
    assert_eq!(
        (outcome.code, &results[0].1["result"]),
        (Some(1), &Value::from("no-progress"))
    );
    assert_eq!(results[0].1["server"], "Redis 7.0.15");
    assert!(results[0].1["seconds"].as_f64().unwrap() >= 0.5, "{results:?}");
    outcome.says(&["it did not answer for 0.5 s, so it was ended", "--timeout"]);
}

#[test]
fn a_person_sees_what_is_waited_for() {
    let (place, sandbox) = (Place::new(), sandbox());
    place.file("types", TYPES);
    let hangs = place.script("hangs", "exec sleep 1000");
    let tmp = place.tmp();
    let Some(terminal) = Terminal::open(&sandbox, &[("TMPDIR", tmp.to_str().unwrap())], 100, 24) else {
        return;
    };
    let file = place.path("types");
    terminal.enter(&format!(
        "jdredis backup verify --load {} --redis-server {hangs} --timeout 10m",
        file.display()
    ));
    let line = format!("{}: the server starts", file.display());
    terminal.wait_for("status line", |screen| screen.contains(&line));
    terminal.press("C-c");
    let screen = terminal.wait_for_prompt();
    assert!(
        screen.contains("interrupted after 0 files") && !screen.contains(&line),
        "{screen}"
    );
    place.is_tidy();
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_that_goes_to_the_background_is_not_left_there() {
    if without_server() {
        return;
    }
    let place = Place::new();
    place.file("types", TYPES);
    let tmp = fs::canonicalize(place.tmp()).unwrap();
    let is_alone = || {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let mut folders = processes.filter_map(|process| fs::read_link(process.path().join("cwd")).ok());
        !folders.any(|folder| folder.starts_with(&tmp))
    };
    for (name, text) in [
        ("daemon", "exec redis-server \"$@\" --daemonize yes"),
        ("child", "redis-server \"$@\" &"),
    ] {
        let server = place.script(name, text);
        let (results, _) = place.results(&["types", "--redis-server", &server]);
        // It may have answered before its parent was seen to be gone.
        assert!(
            ["failed", "loaded"].contains(&results[0].1["result"].as_str().unwrap()),
            "{results:?}"
        );
        wait_until("the server goes", is_alone);
    }
}

/// A script that stands in for a server whose socket the test answers at: it tells its folder, logs this line, and ends
/// once it is told to.
fn stand_in(place: &Place, name: &str, log: &str) -> String {
    let (seen, ended) = (place.path("seen"), place.path("ended"));
    let text = format!(
        "echo '{log}'; pwd > '{}'; until [ -e stop ]; do sleep 0.05; done; : > '{}'",
        seen.display(),
        ended.display()
    );
    place.script(name, &text)
}

/// The end of a load by a stand-in, which gives these answers as long as there is one. Also returns whether it was asked
/// to end and had the time to do so.
fn answered(place: &Place, args: &[&str], answer: impl Fn(usize) -> Option<String>) -> (Outcome, bool) {
    let (seen, ended) = (place.path("seen"), place.path("ended"));
    let _ = fs::remove_file(&seen);
    let _ = fs::remove_file(&ended);
    let run = place.load(args).start();
    wait_until("it starts", || {
        fs::read_to_string(&seen).is_ok_and(|text| text.ends_with('\n'))
    });
    let folder = PathBuf::from(fs::read_to_string(&seen).unwrap().trim_end());
    let listener = UnixListener::bind(folder.join("s")).unwrap();
    let (mut client, _) = listener.accept().unwrap();
    let mut asked = Vec::new();
    let mut buffer = [0; 256];
    let mut answers = 0;
    // It is asked to end, or the connection is closed.
    while !asked.ends_with(b"NOSAVE\r\n") {
        match client.read(&mut buffer).unwrap_or_default() {
            0 => break,
            count => asked.extend_from_slice(&buffer[..count]),
        }
        if asked.ends_with(b"INFO\r\n")
            && let Some(answer) = answer(answers)
        {
            answers += 1;
            let _ = client.write_all(answer.as_bytes());
        }
    }
    drop(client);
    let _ = fs::write(folder.join("stop"), "");
    let outcome = run.finish();
    place.is_tidy();
    (outcome, asked.ends_with(b"NOSAVE\r\n") && ended.exists())
}

/// An answer to `INFO`.
fn info(lines: &str) -> String {
    format!("${}\r\n{lines}\r\n", lines.len())
}

#[test]
fn what_answers_otherwise_than_redis_proves_nothing_of_a_file() {
    let place = Place::new();
    place.file("types", TYPES);
    place.file("gone", TYPES);
    place.file("empty", &rdb(9, &[]));
    place.file("unknown", &rdb(9, &[&[107, 1, 2, 3]]));
    let silent = stand_in(&place, "silent", VERSION);
    let line = "7:M 30 Nov 2026 20:00:44.444 * DB loaded from disk: 0.000 seconds";
    let loads = stand_in(&place, "loads", &format!("{VERSION}\n{line}"));
    let foreign = "+OK\r\n".to_owned();
    let secured = "-NOAUTH Authentication required.\r\n".to_owned();
    let loading = "-LOADING Redis is loading the dataset in memory\r\n".to_owned();
    let no_keys = info("loading:0\r\n");
    let a_key = info("loading:0\r\ndb0:keys=1,expires=0");
    for (server, answers, file, code, said) in [
        (&silent, vec![&foreign], "empty", 1, "does not answer as Redis does"),
        (&silent, vec![&foreign], "types", 1, "does not answer as Redis does"),
        (&silent, vec![&secured], "types", 1, "NOAUTH Authentication required."),
        // As of a server that was told to load another file.
        (
            &silent,
            vec![&no_keys],
            "empty",
            1,
            "does not say that it loaded the file",
        ),
        (
            &silent,
            vec![&no_keys],
            "types",
            1,
            "does not say that it loaded the file",
        ),
        (
            &silent,
            vec![&loading, &no_keys],
            "types",
            1,
            "does not say that it loaded the file",
        ),
        // Its keys cannot be compared with those of a file that is not understood.
        (
            &silent,
            vec![&a_key],
            "unknown",
            1,
            "does not say that it loaded the file",
        ),
        (
            &loads,
            vec![&a_key],
            "types",
            7,
            "database 0 has 1 keys in the server and",
        ),
        (
            &loads,
            vec![&a_key],
            "gone",
            1,
            "the file is gone or cannot be read any more",
        ),
    ] {
        let (outcome, was_ended) = answered(&place, &[file, "-o", "json", "--redis-server", server], |number| {
            if file == "gone" {
                let _ = fs::remove_file(place.path(file));
            }
            answers.get(number).map(|answer| (*answer).clone())
        });
        let result = if code == 7 { "damaged" } else { "failed" };
        outcome.data_before_failure(code, &[file, result, said]);
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let known = document["files"][0]["load"]["server"].as_str();
        assert_eq!(known, (*answers[0] != foreign).then_some("Redis 7.0.15"), "{said}");
        let has_answered = answers.contains(&&no_keys) || answers.contains(&&a_key);
        assert_eq!(was_ended, has_answered, "{answers:?}: {outcome:#?}");
    }
}

#[test]
fn a_server_that_loads_and_makes_no_progress_is_ended() {
    let place = Place::new();
    place.file("types", TYPES);
    let server = stand_in(&place, "silent", "");
    let (outcome, _) = answered(
        &place,
        &["types", "--redis-server", &server, "--timeout", "0.5"],
        |number| {
            // A hundred answers take ten seconds at least.
            let is_loading = u8::from(number < 100);
            Some(info(&format!("loading:{is_loading}\r\nloading_loaded_bytes:7")))
        },
    );
    let said = "loading made no progress for 0.5 s, so it was ended";
    outcome.data_before_failure(1, &["types", "no-progress", said]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_short_read_is_the_memory_only_where_memory_is_limited() {
    let place = Place::new();
    place.file("types", TYPES);
    let said = "7:M 30 Nov 2026 20:00:44.444 # Short read or OOM loading DB. Unrecoverable error, aborting now.";
    let short = place.script("short", &format!("echo '{said}'; exit 1"));
    let limits = Command::new("sh")
        .args(["-c", "ulimit -v; ulimit -d"])
        .output()
        .unwrap();
    let overcommit = fs::read_to_string("/proc/sys/vm/overcommit_memory").unwrap();
    let is_limited = limits.stdout != b"unlimited\nunlimited\n" || overcommit.trim() == "2";
    for (limit, is_limited) in [
        (":", is_limited),
        ("ulimit -v 4000000", true),
        ("ulimit -d 4000000", true),
    ] {
        let (code, result) = if is_limited {
            (1, "too-little-memory")
        } else {
            (7, "damaged")
        };
        let shell = format!("{limit}; exec \"$@\"");
        let types = place.path("types");
        let outcome = place
            .load(&["-qq", "-o", "plain", types.to_str().unwrap(), "--redis-server", &short])
            .through(&["sh", "-c", &shell, "sh"])
            .run();
        assert_eq!(
            outcome.data_with(code),
            format!("{result} {}\n", types.display()),
            "{limit}"
        );
    }
}

#[test]
fn a_server_gets_nothing_of_the_environment_and_no_secret() {
    let place = Place::new();
    place.file("types", TYPES);
    let seen = place.path("seen");
    let spy = format!(
        "{{ env; echo \"args $*\"; ls -ld .; cat conf; }} > '{}'; exit 1",
        seen.display()
    );
    let spy = place.script("spy", &spy);
    let run = place.load(&["types", "--redis-server", &spy]);
    run.env("JDCLOUD_SECRET_KEY", SECRET_KEY).env("OTHER", "canary").run();
    let seen = fs::read_to_string(seen).unwrap();
    assert!(
        !seen.contains(SECRET_KEY) && !seen.contains("canary") && !seen.contains("HOME="),
        "{seen}"
    );
    for expected in [
        "args conf\n",
        "drwx------",
        "port 0\n",
        "save \"\"\n",
        "appendonly no\n",
    ] {
        assert!(seen.contains(expected), "{expected}: {seen}");
    }
    place.is_tidy();
}

/// Whether the processes that a server consists of have ended. It wrote their IDs into this file.
fn are_gone(pids: &Path) -> bool {
    let pids = fs::read_to_string(pids).unwrap();
    pids.lines().all(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // A zombie has ended; its parent has not asked for its exit code yet.
        stat.is_empty() || stat.contains(") Z ")
    })
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_signal_leaves_a_server_or_a_folder() {
    let place = Place::new();
    place.file("types", TYPES);
    let mut servers = vec![(
        "sleep 1000 & echo $! >> PIDS; echo $$ >> PIDS; exec sleep 1000",
        "sleep",
    )];
    if !without_server() {
        servers.push((
            "echo $$ >> PIDS; exec redis-server \"$@\" --key-load-delay 1000000",
            "redis-server",
        ));
    }
    // With setpriv where it is installed, and without.
    fs::create_dir(place.path("bin")).unwrap();
    for program in ["redis-server", "sleep"] {
        for folder in ["/usr/local/bin", "/usr/bin", "/bin"] {
            let path = Path::new(folder).join(program);
            if path.exists() && !place.path("bin").join(program).exists() {
                std::os::unix::fs::symlink(path, place.path("bin").join(program)).unwrap();
            }
        }
    }
    let bare = place.path("bin");
    let mut number = 0;
    for path in ["/usr/local/bin:/usr/bin:/bin", bare.to_str().unwrap()] {
        for (server, _) in &servers {
            for (signal, code) in [("INT", Some(130)), ("TERM", Some(143)), ("KILL", None)] {
                number += 1;
                let pids = place.path(&format!("pids-{number}"));
                let script = server.replace("PIDS", pids.to_str().unwrap());
                let server = place.script(&format!("server-{number}"), &script);
                let run = place
                    .load(&["types", "--redis-server", &server])
                    .env("PATH", path)
                    .start();
                let wanted = script.matches(">>").count();
                wait_until("it starts", || {
                    fs::read_to_string(&pids).unwrap_or_default().lines().count() == wanted
                });
                run.signal(signal);
                let outcome = run.finish();
                assert_eq!(outcome.code, code, "{outcome:#?}");
                wait_until("the server ends", || are_gone(&pids));
                wait_until("the folder goes", || fs::read_dir(place.tmp()).unwrap().count() == 0);
            }
        }
    }
}
