//! `backup verify --load` and `archive drill`: real servers where redis-server is installed, and scripts in their
//! place for what a server seldom does.
//!
//! The samples are `data/types.rdb`, which a real server wrote, and files that are put together here, without a
//! checksum.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::archive::{Made, each};
use crate::support::{Jdredis, Outcome, SECRET_KEY, is_installed, not_run};

const TYPES: &[u8] = include_bytes!("data/types.rdb");
/// As in `data/types.rdb`: keys by database, and those that may expire.
const TYPES_KEYS: u64 = 11;

/// Files, scripts, and the folder for temporary files, which has to be empty after a run.
struct Place {
    home: TempDir,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("tmp")).unwrap();
        Self { home }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn tmp(&self) -> PathBuf {
        self.path("tmp")
    }

    fn file(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    /// A script that stands in for a server; its path.
    fn script(&self, name: &str, text: &str) -> String {
        self.file(name, format!("#!/bin/sh\n{text}\n").as_bytes());
        let path = self.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, args: &[&str]) -> Jdredis<'static> {
        Jdredis::bare()
            .current_dir(self.home.path())
            .env("TMPDIR", self.tmp().to_str().unwrap())
            .args(args.iter().copied())
    }

    fn load(&self, args: &[&str]) -> Jdredis<'static> {
        self.command(&["backup", "verify", "--load"]).args(args.iter().copied())
    }

    /// The result of each file by its name, and the run's end.
    fn results(&self, args: &[&str]) -> (Vec<(String, Value)>, Outcome) {
        let outcome = self.load(&["-o", "json"]).args(args.iter().copied()).run();
        self.is_tidy();
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:#?}"));
        let files = document["files"].as_array().unwrap().iter();
        let results = files.map(|file| (file["path"].as_str().unwrap().to_owned(), file["load"].clone()));
        (results.collect(), outcome)
    }

    #[track_caller]
    fn is_tidy(&self) {
        let left: Vec<_> = fs::read_dir(self.tmp()).unwrap().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A file of a version with these bytes between the magic and the end, without a checksum.
fn rdb(version: u16, parts: &[&[u8]]) -> Vec<u8> {
    let magic = format!("REDIS{version:04}").into_bytes();
    let parts = parts.concat();
    [&magic[..], &parts, b"\xff", &[0; 8]].concat()
}

/// A short string.
fn text(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

/// A key whose value is a string.
fn key(name: &str) -> Vec<u8> {
    [b"\0", &text(name)[..], &text("value")].concat()
}

/// The same, with a time in milliseconds after which it expires.
fn expiring(name: &str, at: u64) -> Vec<u8> {
    [b"\xfc", &at.to_le_bytes()[..], &key(name)].concat()
}

fn database(number: u8) -> Vec<u8> {
    // A length of 14 bits, which any number up to 255 has room in.
    vec![0xfe, 0x40, number]
}

fn aux(name: &str, value: &str) -> Vec<u8> {
    [b"\xfa", &text(name)[..], &text(value)].concat()
}

/// The number of a module's type: nine characters of 6 bits, and a version of 10. Source: Redis's `module.c`.
fn module(name: &str, version: u64) -> Vec<u8> {
    const CHARACTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let number = name
        .chars()
        .fold(0, |number, c| number << 6 | CHARACTERS.find(c).unwrap() as u64);
    [b"\x81", &(number << 10 | version).to_be_bytes()[..]].concat()
}

/// A string of `length` times the same letter as LZF writes it: 3 bytes for 264.
fn repeated(name: &str, length: u32) -> Vec<u8> {
    let mut compressed = vec![0, b'x'];
    let mut done = 1;
    while done < length {
        let count = (length - done).min(264);
        compressed.extend([0xe0, u8::try_from(count - 9).unwrap(), 0]);
        done += count;
    }
    let long = |number: usize| [b"\x80", &u32::try_from(number).unwrap().to_be_bytes()[..]].concat();
    let lengths = [long(compressed.len()), long(length as usize)].concat();
    [b"\0", &text(name)[..], b"\xc3", &lengths, &compressed].concat()
}

fn without_server() -> bool {
    let is_missing = !is_installed("redis-server");
    if is_missing {
        not_run("redis-server is not installed");
    }
    is_missing
}

#[test]
fn a_real_server_tells_apart_what_can_be_loaded_and_why_not() {
    if without_server() {
        return;
    }
    let place = Place::new();
    let far = 32_503_680_000_000; // the year 3000
    let module_aux = [
        &b"\xf7"[..],
        &module("ReJSON-RL", 3),
        b"\x02\x02\x05",
        &text("x"),
        b"\0",
    ]
    .concat();
    let several: Vec<u8> = [0, 3, 15]
        .iter()
        .flat_map(|db| [database(*db), key("a")].concat())
        .collect();
    let expiring = [expiring("past", 1), expiring("later", far), key("always")].concat();
    // A listpack with a wrong length inside.
    let broken = [&b"\x10"[..], &text("h"), b"\x0b\x0b\0\0\0\x02\0\x81a\x02\0\xff"].concat();
    let line = "a\n7:M 30 Nov 2026 20:00:44.444 # no matching module";
    let cases: [(&str, Vec<u8>, &str, &str); 12] = [
        ("types", TYPES.to_vec(), "loaded", ""),
        ("several", rdb(9, &[&several]), "loaded", ""),
        ("db200", rdb(9, &[&database(200), &key("a")]), "loaded", ""),
        (
            "expiring",
            rdb(9, &[&database(0), &expiring]),
            "loaded",
            "1 keys are left out",
        ),
        ("empty", rdb(9, &[]), "loaded", ""),
        (
            "damaged",
            rdb(10, &[&database(0), &broken]),
            "damaged",
            "integrity check failed",
        ),
        (
            "twice",
            rdb(9, &[&database(0), &key("a"), &key("a")]),
            "damaged",
            "RDB has duplicated key 'a' in DB 0",
        ),
        (
            "twice-with-words",
            rdb(9, &[&database(0), &key(line), &key(line)]),
            "damaged",
            "RDB has duplicated key 'a",
        ),
        (
            "newer",
            rdb(99, &[&database(0), &key("a")]),
            "server-too-old",
            "Can't handle RDB format version 99",
        ),
        (
            "module",
            rdb(9, &[&module_aux]),
            "module-missing",
            "no matching module 'ReJSON-RL'",
        ),
        (
            "large",
            rdb(9, &[&aux("used-mem", "109951162777600"), &database(0), &key("a")]),
            "too-little-memory",
            "used 100 TiB",
        ),
        ("corrupt", TYPES[..TYPES.len() - 1].to_vec(), "", ""),
    ];
    for (name, content, ..) in &cases {
        place.file(name, content);
    }
    let before = fs::metadata(place.path("types")).unwrap();
    let names: Vec<&str> = cases.iter().map(|(name, ..)| *name).collect();
    let (results, outcome) = place.results(&names);
    assert_eq!(outcome.code, Some(7), "{outcome:#?}");
    for ((name, load), (.., result, reason)) in results.iter().zip(&cases) {
        if result.is_empty() {
            // What the program finds itself needs no server.
            assert_eq!(load, &Value::Null, "{name}");
            continue;
        }
        assert_eq!(load["result"], *result, "{name}: {load}");
        assert!(
            load["reason"].as_str().unwrap_or_default().contains(reason),
            "{name}: {load}"
        );
    }
    let of = |name: &str| &results.iter().find(|(file, _)| file == name).unwrap().1;
    let keys = |name: &str| -> Vec<(u64, u64)> {
        let databases = of(name)["databases"].as_array().unwrap().iter();
        databases
            .map(|database| (database["db"].as_u64().unwrap(), database["keys"].as_u64().unwrap()))
            .collect()
    };
    assert_eq!(keys("db200"), [(200, 1)]);
    assert_eq!(keys("several"), [(0, 1), (3, 1), (15, 1)]);
    assert_eq!(
        (keys("expiring"), &of("expiring")["expired"]),
        (vec![(0, 2)], &Value::from(1))
    );
    assert_eq!(keys("empty"), []);
    let types: u64 = keys("types").iter().map(|(_, keys)| keys).sum();
    assert_eq!(types + of("types")["expired"].as_u64().unwrap(), TYPES_KEYS);
    assert!(of("types")["server"].as_str().unwrap().starts_with("Redis "));
    assert!(of("types")["usedMemory"].as_u64().unwrap() > 0);
    let after = fs::metadata(place.path("types")).unwrap();
    let state = |of: &fs::Metadata| (of.ino(), of.nlink(), of.ctime(), of.ctime_nsec(), of.len());
    assert_eq!(state(&after), state(&before), "the file is as it was");
}

#[test]
fn what_is_about_this_machine_ends_with_1_and_a_row_a_file_has_the_result() {
    if without_server() {
        return;
    }
    let place = Place::new();
    place.file("types", TYPES);
    place.file("newer", &rdb(99, &[]));
    let outcome = place.load(&["types", "newer"]).run();
    let table = outcome.data_before_failure(
        1,
        &["1 of 2 files were not loaded", "Can't handle RDB format version 99"],
    );
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        header,
        [
            "STATE", "BYTES", "RESULT", "KEYS", "MEMORY", "SECONDS", "FILE", "REASON"
        ]
    );
    let plain = place.load(&["-qq", "-o", "plain", "types", "newer"]).run();
    assert_eq!(plain.data_with(1), "loaded types\nserver-too-old newer\n");
    assert_eq!(place.load(&["-q", "types"]).run().data(), "");
    place.is_tidy();
}

#[test]
fn a_file_that_takes_more_memory_than_it_says_is_told_from_a_damaged_one() {
    if without_server() {
        return;
    }
    let place = Place::new();
    let keys: Vec<u8> = (0..100)
        .flat_map(|number| repeated(&number.to_string(), 1 << 20))
        .collect();
    place.file("large", &rdb(9, &[&database(0), &keys]));
    let limited = ["sh", "-c", "ulimit -v 100000; exec \"$@\"", "sh"];
    let large = place.path("large");
    let large = large.to_str().unwrap();
    let outcome = place.load(&["-qq", "-o", "plain", large]).through(&limited).run();
    assert_eq!(
        outcome.data_with(1),
        format!("too-little-memory {large}\n"),
        "{outcome:#?}"
    );
    assert_eq!(
        place.load(&["-qq", "-o", "plain", "large"]).run().data_with(0),
        "loaded large\n"
    );
    place.is_tidy();
}

#[test]
fn a_server_of_another_name_or_an_older_one_loads_as_well() {
    if without_server() {
        return;
    }
    let place = Place::new();
    place.file("types", TYPES);
    fs::create_dir(place.path("bin")).unwrap();
    place.script(
        "bin/valkey-server",
        "exec /usr/bin/env PATH=/usr/local/bin:/usr/bin:/bin redis-server \"$@\"",
    );
    let bin = place.path("bin");
    let outcome = place
        .load(&["-qq", "-o", "plain", "types"])
        .env("PATH", bin.to_str().unwrap())
        .run();
    assert_eq!(outcome.data(), "loaded types\n");
    // Before 6.2 a directive was not known.
    let old = place.script(
        "old",
        "if grep -q sanitize \"$1\"; then echo \">>> 'sanitize-dump-payload yes'\nBad directive or wrong number of arguments\"; exit 1; fi\n\
         exec redis-server \"$@\"",
    );
    let outcome = place
        .load(&["-qq", "-o", "plain", "types", "--redis-server", &old])
        .run();
    assert_eq!(outcome.data(), "loaded types\n");
    place.is_tidy();
}

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
    let hangs = place.script("hangs", "sleep 1000 & sleep 1000");
    let (results, outcome) = place.results(&["types", "--redis-server", &hangs, "--timeout", "0.5"]);
    assert_eq!(
        (outcome.code, &results[0].1["result"]),
        (Some(1), &Value::from("no-progress"))
    );
    outcome.says(&["it did not answer for 0.5 s, so it was ended", "--timeout"]);
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

#[test]
fn what_answers_otherwise_than_redis_proves_nothing_of_a_file() {
    let place = Place::new();
    place.file("types", TYPES);
    place.file("empty", &rdb(9, &[]));
    place.file("unknown", &rdb(9, &[&[107, 1, 2, 3]]));
    let seen = place.path("seen");
    let text = format!("pwd > '{}'; until [ -e stop ]; do sleep 0.05; done", seen.display());
    let waits = place.script("waits", &text);
    let no_keys = "$11\r\nloading:0\r\n\r\n";
    let a_key = "$31\r\nloading:0\r\ndb0:keys=1,expires=0\r\n";
    for (answer, file, words) in [
        ("+OK\r\n", "empty", "does not answer as Redis does"),
        ("+OK\r\n", "types", "does not answer as Redis does"),
        (
            "-NOAUTH Authentication required.\r\n",
            "types",
            "NOAUTH Authentication required.",
        ),
        // As of a server that was told to load another file.
        (no_keys, "empty", "does not say that it loaded the file"),
        (no_keys, "types", "does not say that it loaded the file"),
        // Its keys cannot be compared with those of a file that is not understood.
        (a_key, "unknown", "does not say that it loaded the file"),
    ] {
        let _ = fs::remove_file(&seen);
        let run = place.load(&[file, "--redis-server", &waits]).start();
        wait_until("it starts", || {
            fs::read_to_string(&seen).is_ok_and(|text| text.ends_with('\n'))
        });
        let folder = PathBuf::from(fs::read_to_string(&seen).unwrap().trim_end());
        let listener = UnixListener::bind(folder.join("s")).unwrap();
        let (mut client, _) = listener.accept().unwrap();
        client.write_all(answer.as_bytes()).unwrap();
        // It is asked to end, or the connection is closed.
        let mut asked = Vec::new();
        let mut buffer = [0; 256];
        while !asked.ends_with(b"NOSAVE\r\n") {
            match client.read(&mut buffer).unwrap_or_default() {
                0 => break,
                count => asked.extend_from_slice(&buffer[..count]),
            }
        }
        let _ = fs::write(folder.join("stop"), "");
        let outcome = run.finish();
        outcome.data_before_failure(1, &[file, "failed", words]);
        place.is_tidy();
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

/// The processes that a server is: those whose numbers it wrote into this file.
fn are_gone(pids: &Path) -> bool {
    let pids = fs::read_to_string(pids).unwrap();
    pids.lines().all(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // A zombie has ended, and waits for a process that may not look.
        stat.is_empty() || stat.contains(") Z ")
    })
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
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

#[test]
fn a_drill_is_remembered_and_status_shows_when_an_instance_was_last_loaded() {
    if without_server() {
        return;
    }
    let made = Made::new();
    let ago = time::Duration::hours;
    let twice = rdb(9, &[&database(0), &key("a"), &key("a")]);
    made.backup("cn-north-1", "redis-1", "new", ago(5), TYPES);
    let old = made.backup("cn-north-1", "redis-1", "old", ago(30), TYPES);
    let bad = made.backup("cn-north-1", "redis-2", "bad", ago(5), &twice);
    made.backup("cn-north-1", "redis-2", "good", ago(30), TYPES);
    made.backup("cn-north-1", "redis-3", "newer", ago(5), &rdb(99, &[]));
    let manifest = fs::read(bad.join("backup.json")).unwrap();
    let place = Place::new();
    let dir = made.dir().to_str().unwrap();
    let drill = |args: &[&str]| {
        place
            .command(&["archive", "drill", dir])
            .args(args.iter().copied())
            .run()
    };

    let outcome = drill(&["--newest", "-o", "json"]);
    let document: Value = serde_json::from_str(outcome.data_with(7)).unwrap();
    assert_eq!(each(&document, "files", "baseId"), ["new", "bad", "newer"]);
    assert_eq!(
        each(&document, "files", "result"),
        ["loaded", "damaged", "server-too-old"]
    );
    outcome.says(&["2 of 3 files", "RDB has duplicated key 'a' in DB 0", "server-too-old"]);
    let status = || -> Value {
        let outcome = made.status(&["-o", "json"]).run();
        serde_json::from_str(&outcome.stdout).unwrap()
    };
    let known = status();
    assert_eq!(
        each(&known, "instances", "lastLoadedBaseId"),
        [Value::from("new"), Value::Null, Value::Null]
    );
    assert!(known["instances"][0]["lastLoaded"].is_string());
    // What a server refuses as damaged is no good backup.
    assert_eq!(each(&known, "instances", "state"), ["fresh", "damaged", "fresh"]);
    assert_eq!(fs::read(bad.join("backup.json")).unwrap(), manifest);
    let table = made.status(&[]).run();
    table.data_before_failure(7, &["RDB has duplicated key 'a' in DB 0, as its drill on "]);
    assert!(table.stdout.lines().next().unwrap().contains(" LOADED "), "{table:#?}");

    // The next newest good one is taken, and the proof outlives its backup.
    let outcome = drill(&["--newest", "--instance", "redis-2", "-o", "plain"]);
    assert!(outcome.data().ends_with("-good/dump-0\n"), "{outcome:#?}");
    let whole = drill(&["--instance", "redis-1", "-o", "plain"]);
    assert_eq!(whole.data().lines().count(), 2);
    fs::remove_dir_all(old).unwrap();
    assert_eq!(each(&status(), "instances", "lastLoadedBaseId")[0], "old");
    assert_eq!(drill(&["--instance", "redis-9"]).code, Some(3));
    place.is_tidy();
}

#[test]
fn a_backup_that_is_pruned_meanwhile_is_skipped() {
    let made = Made::new();
    let folder = made.backup("cn-north-1", "redis-1", "a", time::Duration::hours(5), TYPES);
    let place = Place::new();
    let pruner = place.script("pruner", &format!("rm -r '{}'; exit 1", folder.display()));
    let dir = made.dir().to_str().unwrap();
    let outcome = place
        .command(&["archive", "drill", dir, "--redis-server", &pruner, "-o", "plain"])
        .run();
    assert_eq!(
        outcome.data_saying(&["was pruned or moved away meanwhile and is skipped"]),
        ""
    );
    place.is_tidy();
}
