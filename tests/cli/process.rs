//! The program as a process: closed pipes, full disks, signals, help.

use std::path::Path;
use std::process::Command;

use jdredis_sandbox::Reply;

use crate::support::{Jdredis, sandbox};

#[test]
fn help_and_version_are_data() {
    for (args, text) in [
        (&["--help"][..], "Exit codes:"),
        (&["backup", "url", "--help"], "cn-south-1"),
        (&["help", "backup", "url"], "Examples:"),
        (&["--version"], "jdredis 0."),
    ] {
        let outcome = Jdredis::bare().args(args.iter().copied()).run();
        assert!(outcome.data().contains(text), "{outcome:#?}");
        assert!(!outcome.stdout.contains('\u{1b}'));
    }
}

#[test]
fn a_run_without_a_command_shows_help_as_an_error() {
    Jdredis::bare().run().fails_saying(2, &["Usage: jdredis"]);
    Jdredis::bare().args(["backup"]).run().fails_saying(2, &["url"]);
    Jdredis::bare()
        .args(["backup", "urls"])
        .run()
        .fails_saying(2, &["error: ", "'urls'"]);
}

#[test]
fn the_long_version_names_the_commit_and_the_short_one_is_a_line() {
    let version = concat!("jdredis ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(Jdredis::bare().args(["-V"]).run().data(), version);
    let outcome = Jdredis::bare().args(["--version"]).run();
    let long = outcome.data();
    assert!(long.starts_with(version), "{outcome:#?}");
    let field = |name| {
        long.lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
    };
    // Not HEAD, which moves when somebody commits during a run of the tests.
    let is_a_commit = |commit: &str| {
        let mut git = Command::new("git");
        git.args(["cat-file", "-e", &format!("{commit}^{{commit}}")]);
        let run = git
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("GIT_DIR")
            .output();
        run.is_ok_and(|output| output.status.success())
    };
    let commit = field("commit: ");
    let is_known = Path::new(env!("CARGO_MANIFEST_DIR")).join(".git").exists() && is_a_commit("HEAD");
    assert_eq!(commit != "unknown", is_known, "{outcome:#?}");
    assert!(!is_known || is_a_commit(commit), "{outcome:#?}");
    assert!(field("features: ").contains("TLS"), "{outcome:#?}");
}

#[test]
fn the_version_of_a_command_is_the_programs() {
    for args in [
        &["backup", "url", "--version"][..],
        &["instance", "list", "-V"],
        &["man", "--version"],
    ] {
        let outcome = Jdredis::bare().args(args.iter().copied()).run();
        outcome.fails_saying(2, &["tip: 'jdredis --version' prints the version"]);
        assert!(!outcome.stderr.contains("--region"), "{outcome:#?}");
    }
}

#[test]
fn an_instance_without_its_option_and_an_impossible_status_are_usage_errors_that_help() {
    for args in [
        &["backup", "list", "redis-1234"][..],
        &["backup", "url", "--latest", "redis-1234"],
    ] {
        let outcome = Jdredis::bare().args(args.iter().copied()).run();
        outcome.fails_saying(2, &["tip: an instance is named with '--instance redis-1234'"]);
    }
    let outcome = Jdredis::bare().args(["completions", "bash", "redis-1234"]).run();
    outcome.fails_saying(2, &["unexpected argument 'redis-1234'"]);
    assert!(!outcome.stderr.contains("--instance"), "{outcome:#?}");
    let outcome = Jdredis::bare().args(["archive", "sync"]).run();
    outcome.fails_saying(2, &["were not provided", "<DIR>"]);
    assert!(!outcome.stderr.contains("instance list"), "{outcome:#?}");
    let outcome = Jdredis::bare().args(["backup", "url", "--regoin", "x"]).run();
    outcome.fails_saying(2, &["unexpected argument '--regoin'", "'--region'"]);
    let outcome = Jdredis::bare().args(["instance", "list", "--status", "runing"]).run();
    outcome.fails_saying(2, &["invalid value 'runing'", "'running'"]);
}

#[test]
fn the_last_word_of_a_command_names_the_command_that_is_meant() {
    let cases: [(&[&str], &[&str]); 5] = [
        (&["download"], &["tip: there is 'jdredis backup download'"]),
        (&["backup", "drill"], &["tip: there is 'jdredis archive drill'"]),
        (&["archive", "restore"], &["tip: there is 'jdredis backup restore'"]),
        (
            &["verify", "dump.rdb"],
            &["there is 'jdredis archive verify'", "there is 'jdredis backup verify'"],
        ),
        (
            &["backup", "list"],
            &["tip: 'jdredis instance list' shows the IDs of the instances"],
        ),
    ];
    for (args, tips) in cases {
        let outcome = Jdredis::bare().args(args.iter().copied()).run();
        outcome.fails_saying(2, tips);
    }
    let outcome = Jdredis::bare().args(["frobnicate"]).run();
    outcome.fails_saying(2, &["unrecognized subcommand 'frobnicate'"]);
    assert!(!outcome.stderr.contains("tip:"), "{outcome:#?}");
}

#[test]
fn a_time_limit_is_seconds_or_has_a_unit() {
    let sandbox = sandbox();
    for time in ["30", "0.5", "30s", "5m", "2h"] {
        Jdredis::at(&sandbox)
            .args(["--timeout", time, "-o", "plain"])
            .url()
            .data();
    }
    for time in ["3x", "-1", "2d", ""] {
        Jdredis::bare()
            .args([format!("--timeout={time}").as_str()])
            .url()
            .fails_saying(2, &["--timeout"]);
    }
}

#[test]
fn there_is_no_flag_for_a_secret() {
    for flag in ["--secret-key", "--access-key", "--security-token"] {
        Jdredis::bare()
            .args(["backup", "url", flag, "x"])
            .run()
            .fails_saying(2, &["unexpected argument"]);
    }
}

#[test]
fn verbose_traces_each_attempt_on_standard_error() {
    let sandbox = sandbox();
    let outcome = Jdredis::at(&sandbox).args(["-v", "-o", "plain"]).url();
    assert_eq!(outcome.stdout.lines().count(), 1);
    let trace = format!(
        "attempt 1: GET {}/v1/regions/cn-north-1/cacheInstance/redis-1234/backup%3AdescribeDownloadUrl?baseId=1234 -> 200 in ",
        sandbox.endpoint()
    );
    assert!(outcome.stderr.starts_with(&trace), "{outcome:#?}");
    assert!(
        outcome.stderr.contains("request ID ") && !outcome.stderr.contains("canonical"),
        "{outcome:#?}"
    );

    for (status, body, id) in [
        (
            200,
            r#"{"requestId":"of-links","result":{"downloadUrls":[{"link":"https://h/x"}]}}"#,
            "of-links",
        ),
        (
            404,
            r#"{"requestId":"of-a-refusal","error":{"code":404}}"#,
            "of-a-refusal",
        ),
        (200, r#"{"requestId":"of-no-result"}"#, "of-no-result"),
    ] {
        let scripted = crate::support::sandbox();
        scripted.always(Reply::json(status, body));
        let outcome = Jdredis::at(&scripted).args(["-v"]).url();
        let trace = outcome.stderr.lines().next().unwrap();
        assert!(trace.contains(&format!("request ID {id}")), "{outcome:#?}");
    }

    let twice = Jdredis::at(&sandbox).args(["-vv"]).url();
    for text in [
        "canonical request:\nGET\n",
        "string to sign:\nJDCLOUD2-HMAC-SHA256\n",
        "x-jdcloud-nonce:",
    ] {
        assert!(twice.stderr.contains(text), "{twice:#?}");
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io;
    use std::time::Duration;

    use jdredis_sandbox::{Reply, Sandbox};

    use crate::support::{Jdredis, Running, URL, sandbox};

    /// A run that waits for the service's answer, started by a shell that does this first.
    fn waiting<'a>(sandbox: &'a Sandbox, first: &str) -> Running<'a> {
        sandbox.always(Reply::stall());
        let running = Jdredis::at(sandbox)
            .args(URL)
            .through(&["sh", "-c", &format!("{first}; exec \"$0\" \"$@\"")])
            .start();
        assert!(sandbox.wait_for_requests(1, Duration::from_secs(60)));
        running
    }

    #[test]
    fn a_closed_pipe_is_a_quiet_success() {
        for args in [&URL[..], &["--help"]] {
            let (reader, writer) = io::pipe().unwrap();
            drop(reader);
            let outcome = Jdredis::at(&sandbox()).args(args.iter().copied()).run_into(writer);
            assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{args:?}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_reported() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let outcome = Jdredis::at(&sandbox()).args(URL).run_into(full);
        assert_eq!(outcome.code, Some(1));
        outcome.says(&["error: the output could not be written\n  cause: No space left"]);
    }

    #[test]
    fn an_output_that_is_open_for_reading_only_is_reported() {
        for args in [&URL[..], &["man"], &["--version"], &["--help"]] {
            let sandbox = sandbox();
            let outcome = Jdredis::at(&sandbox)
                .args(args.iter().copied())
                .run_into(File::open("/dev/zero").unwrap());
            assert_eq!(outcome.code, Some(1), "{args:?} {outcome:#?}");
            outcome.says(&["error: the output could not be written"]);
        }
    }

    #[test]
    fn an_output_above_the_limit_of_file_sizes_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let output = File::create(folder.path().join("output")).unwrap();
        let outcome = Jdredis::bare()
            .args(["man"])
            .through(&["sh", "-c", "ulimit -f 1; exec \"$0\" \"$@\""])
            .run_into(output);
        assert_eq!(outcome.code, Some(1));
        outcome.says(&["error: the output could not be written\n  cause: File too large"]);
    }

    #[test]
    fn signals_end_a_waiting_run_at_once_with_the_code_of_the_signal() {
        for (signal, code) in [("HUP", 129), ("INT", 130), ("TERM", 143)] {
            let sandbox = sandbox();
            let running = waiting(&sandbox, ":");
            running.signal(signal);
            assert_eq!(running.finish().failure(code), "");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_signal_that_the_parent_ignores_stays_ignored() {
        for signal in ["HUP", "INT"] {
            let sandbox = sandbox();
            let running = waiting(&sandbox, &format!("trap '' {signal}"));
            // The kernel delivers a pending signal of a lower number first, so a handled one would win.
            running.signal(signal);
            running.signal("TERM");
            assert_eq!(running.finish().failure(143), "");
        }
    }

    #[test]
    fn a_backup_that_is_started_is_named_where_standard_output_is_closed() {
        let create = [
            "backup",
            "create",
            "--region",
            "cn-north-1",
            "--instance",
            "redis-1234",
            "-q",
        ];
        let said = "was started; standard output is closed, or is /dev/null";
        for (redirection, is_said) in [(">&-", true), ("<>/dev/null 1<&0", true), (">/dev/null", false)] {
            let sandbox = sandbox();
            let outcome = Jdredis::at(&sandbox)
                .args(create)
                .through(&["sh", "-c", &format!("exec \"$0\" \"$@\" {redirection}")])
                .run();
            // A parent that passes /dev/null on purpose must not get an error.
            assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{outcome:#?}");
            assert_eq!(outcome.stderr.contains(said), is_said, "{redirection}: {outcome:#?}");
            assert_eq!(outcome.stderr.lines().count(), usize::from(is_said), "{outcome:#?}");
        }
    }

    #[test]
    fn a_standard_input_that_is_closed_is_unreadable_not_empty() {
        for redirection in ["<&-", "</dev/null"] {
            let outcome = Jdredis::bare()
                .args(["backup", "verify", "-", "-o", "json"])
                .through(&["sh", "-c", &format!("exec \"$0\" \"$@\" {redirection}")])
                .run();
            let data = outcome.data_before_failure(7, &["standard input is closed, or is /dev/null"]);
            assert!(data.contains("\"unreadable\""), "{data}");
        }
    }
}
