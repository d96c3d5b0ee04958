//! The fault table: each row is a fault, played against the real program for every command that can meet
//! it.
//!
//! A row says how each command ends: its exit code, its message, the number of requests that arrive, and
//! its time. Where a command succeeds despite the fault, the row says that too. In every row, a failure
//! leaves standard output empty, and nothing that was printed or written contains a secret.

mod answers;
mod fields;
mod machine;
mod network;
mod row;
mod rude;
mod stage;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jdredis_sandbox::{Delivery, Sandbox};
use serde_json::Value;

use self::row::{ALL, Cmd, Ending, Row};
use self::stage::Stage;
use crate::support::{Jdredis, Outcome, SECRET_KEY, TOKEN, for_each};

/// `--timeout` of a run that does not reach it.
const AMPLE: &str = "20";
/// `--timeout` of a run that reaches it: two attempts share it, with a pause between them.
const SHORT: &str = "2.5";
/// The longest time of a run that waits only for the pause before a second attempt. That is half a second
/// at most; the rest is for a machine that is busy with the other runs.
const PROMPT: Duration = Duration::from_secs(20);
/// The beginning of the hint where a backup may have been started.
const UNCERTAIN: &str = "it is not certain that nothing was done";
const MISSHAPEN: &str = "the answer is not what the service documents";

/// How many runs go on at once: of those that mostly wait, and of those that mostly compute.
const SLEEPERS: usize = 24;
const WORKERS: usize = 6;

/// The whole table.
fn rows() -> Vec<Row> {
    [
        network::connections(),
        network::framing(),
        answers::bodies(),
        fields::fields(),
        answers::envelopes(),
        answers::statuses(),
        network::redirects(),
        network::encrypted(),
        network::proxies(),
        machine::machine(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One run: a row, a command, its expected end, and the output format.
struct Case<'a> {
    row: &'a Row,
    cmd: Cmd,
    ending: &'a Ending,
    format: &'static str,
}

impl Case<'_> {
    fn check(&self) {
        let mut stage = Stage::new();
        stage.set(&self.row.fault);
        let outcome = stage.run(self.cmd, self.row.timeout, self.format);
        self.check_ending(&outcome, stage.stdout.is_some());
        assert_eq!(stage.arrivals(), self.ending.arrivals, "arrivals: {outcome:#?}");
        if let Some(elsewhere) = &stage.elsewhere {
            assert_eq!(elsewhere.connections(), 0, "it followed the redirect: {outcome:#?}");
        }
        let limit = if self.row.timeout == AMPLE {
            PROMPT
        } else {
            PROMPT + self.ending.earliest
        };
        assert!(
            (self.ending.earliest..limit).contains(&outcome.took),
            "time: {outcome:#?}"
        );
        stage.home_mode(0o700);
        assert_no_secret_below(stage.folder.path(), &stage.sandbox);
    }

    fn check_ending(&self, outcome: &Outcome, stdout_is_elsewhere: bool) {
        let ending = self.ending;
        let said = if ending.exit == 0 {
            assert_eq!(outcome.code, Some(0), "{outcome:#?}");
            if self.format == "json" && !stdout_is_elsewhere {
                serde_json::from_str::<Value>(&outcome.stdout).unwrap_or_else(|_| panic!("no JSON: {outcome:#?}"));
            }
            outcome.stderr.clone()
        } else {
            self.error(outcome)
        };
        for text in &ending.says {
            assert!(said.contains(text), "no {text:?}: {outcome:#?}");
        }
        if ending.says_doing {
            assert!(
                said.contains(self.cmd.doing()),
                "the message does not say what it was doing: {outcome:#?}"
            );
        }
        let attempts = format!("(after {} attempts in ", ending.attempts);
        assert_eq!(
            said.contains("(after "),
            ending.attempts > 1,
            "whether there was more than one attempt: {outcome:#?}"
        );
        assert!(
            ending.attempts == 1 || said.contains(&attempts),
            "attempts: {outcome:#?}"
        );
        assert_eq!(
            said.contains(UNCERTAIN),
            ending.is_uncertain,
            "whether it is certain that nothing was done: {outcome:#?}"
        );
        assert!(!outcome.stderr.contains("panicked"), "{outcome:#?}");
    }

    /// The error message, without the traces of `-v` before it.
    fn error(&self, outcome: &Outcome) -> String {
        let exit = self.ending.exit;
        if self.format == "json" {
            let error = outcome.error_object(exit);
            return format!(
                "{}; hint: {}",
                error["message"].as_str().unwrap(),
                error["hint"].as_str().unwrap()
            );
        }
        let stderr = outcome.failure(exit);
        let is_error = |line: &&str| line.starts_with("error: ");
        let error: Vec<_> = stderr.lines().skip_while(|line| !is_error(line)).collect();
        assert_eq!(error.iter().filter(|line| is_error(line)).count(), 1, "{outcome:#?}");
        assert!(
            error.last().is_some_and(|line| line.starts_with("  hint: ")),
            "no hint: {outcome:#?}"
        );
        error.join("\n")
    }
}

/// Checks the cases, this many at once, and returns the failures.
fn failures_of(cases: Vec<Case<'_>>, at_once: usize) -> Vec<String> {
    let queue = Mutex::new(cases.into_iter());
    let failures = Mutex::new(Vec::new());
    for_each(0..at_once, |_| {
        loop {
            let next = queue.lock().unwrap().next();
            let Some(case) = next else { return };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| case.check())) {
                let text = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                    .unwrap_or_default();
                failures.lock().unwrap().push(format!(
                    "row {:?}, {:?} in {}: {text}",
                    case.row.name, case.cmd, case.format
                ));
            }
        }
    });
    failures.into_inner().unwrap()
}

#[test]
fn every_fault_ends_every_command_as_its_row_says() {
    let rows = rows();
    let (mut sleeping, mut working) = (Vec::new(), Vec::new());
    for (number, row) in rows.iter().enumerate() {
        for (cmd, ending) in &row.endings {
            // An error has one text form and one JSON form, and each row checks both over its commands.
            // A success is different in each format.
            let formats: &[_] = match (ending.exit, (number + *cmd as usize) % 2) {
                (0, _) => &["json", "plain"],
                (_, 0) => &["json"],
                _ => &["plain"],
            };
            for format in formats {
                let case = Case {
                    row,
                    cmd: *cmd,
                    ending,
                    format,
                };
                if row.sleeps() {
                    sleeping.push(case);
                } else {
                    working.push(case);
                }
            }
        }
    }
    let mut failures = failures_of(sleeping, SLEEPERS);
    failures.extend(failures_of(working, WORKERS));
    assert!(
        failures.is_empty(),
        "{} failures:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

#[test]
fn every_row_has_a_name_of_its_own() {
    let rows = rows();
    let mut names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "two rows of one name");
    assert!(rows.len() >= 60, "{}", rows.len());
}

#[test]
fn nothing_that_is_written_holds_a_secret() {
    let stage = Stage::new();
    let run = |args: &[&str]| {
        Jdredis::at(&stage.sandbox)
            .env("JDCLOUD_SECURITY_TOKEN", TOKEN)
            .env("HOME", &stage.path("home"))
            .args(["-vvv", "--max-attempts", "1"])
            .args(args.iter().copied())
            .run()
    };
    for cmd in ALL {
        for format in ["table", "json", "plain"] {
            let outcome = stage.run(cmd, AMPLE, format);
            assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        }
    }
    // A download that breaks off leaves a part and a record behind.
    let halves = stage.path("halves");
    let mut download = Cmd::Download.args().to_vec();
    download.extend(["--region", "cn-north-1", "--dir", halves.as_str()]);
    stage.sandbox.deliver("", vec![Delivery::normal().cut_after(1000)]);
    run(&download).data_before_failure(7, &["incomplete"]);
    let whole = fs::read_dir(stage.path("files")).unwrap();
    let whole: Vec<_> = whole
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    assert_eq!(whole.len(), 1, "{whole:?}");
    let verify = run(&["backup", "verify", whole[0].to_str().unwrap()]);
    assert_eq!(verify.code, Some(0), "{verify:#?}");
    for args in [&["man"][..], &["completions", "bash"]] {
        assert_eq!(run(args).code, Some(0));
    }
    let (archive, metrics) = (stage.path("archive"), stage.path("metrics.prom"));
    let region = ["--region", "cn-north-1"];
    let of_instance = ["--region", "cn-north-1", "--instance", "redis-1234"];
    let sync = ["archive", "sync", &archive, "--http", "--metrics", &metrics];
    // Its backups are years old, and one of them is not to be had.
    assert_eq!(run(&[&sync[..], &of_instance].concat()).code, Some(7));
    assert_eq!(
        run(&["archive", "status", &archive, "--metrics", &metrics]).code,
        Some(7)
    );
    assert_eq!(run(&["archive", "verify", &archive]).code, Some(0));
    assert_eq!(run(&["archive", "prune", &archive, "--keep-last", "1"]).code, Some(0));
    // There may be no server here to load it.
    assert!(matches!(run(&["archive", "drill", &archive]).code, Some(0 | 1)));
    let doctor = run(&[&["doctor", "--http"][..], &of_instance].concat());
    let policies = run(&[&["backup", "policy", "list"][..], &region].concat());
    assert!(matches!(doctor.code, Some(0 | 6)), "{doctor:#?}");
    assert_eq!(policies.code, Some(0), "{policies:#?}");
    let restore = ["backup", "restore", "--base-id", "1234", "--confirm", "redis-1234"];
    let restored = run(&[&restore[..], &of_instance].concat());
    assert_eq!(restored.code, Some(0), "{restored:#?}");
    assert!(Path::new(&metrics).is_file() && Path::new(&archive).join("runs.jsonl").is_file());
    assert!(Path::new(&halves).join(".jdredis").is_dir());
    // The names for completion, and nothing else.
    let home = fs::read_dir(stage.path("home")).unwrap();
    let names: Vec<_> = home.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [".cache"]);
    assert_no_secret_below(stage.folder.path(), &stage.sandbox);
}

/// Checks that no file below a folder contains a secret.
fn assert_no_secret_below(folder: &Path, sandbox: &Sandbox) {
    let mut secrets = vec![SECRET_KEY.to_owned(), TOKEN.to_owned(), BASE64_STANDARD.encode(TOKEN)];
    for request in sandbox.requests() {
        let authorization = request.header("authorization").unwrap_or_default();
        for (text, name) in [
            (authorization, "Signature="),
            (request.target.as_str(), "X-Amz-Signature="),
        ] {
            let signature = text
                .split_once(name)
                .map(|(_, rest)| rest.split(['&', ',']).next().unwrap());
            secrets.extend(signature.map(str::to_owned));
        }
    }
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_no_secret_below(&path, sandbox);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for secret in &secrets {
            let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_there, "{} holds {secret}", path.display());
        }
    }
}
