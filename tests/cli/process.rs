//! The program as a process: closed pipes, full disks, signals, help.

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
fn no_command_shows_help_as_an_error() {
    Jdredis::bare().run().fails_saying(2, &["Usage: jdredis"]);
    Jdredis::bare().args(["backup"]).run().fails_saying(2, &["url"]);
    Jdredis::bare()
        .args(["backup", "urls"])
        .run()
        .fails_saying(2, &["error: ", "'urls'"]);
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
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use jdredis_sandbox::{Reply, Sandbox};

    use crate::support::{ACCESS_KEY, SECRET_KEY, URL, sandbox};

    fn start(sandbox: &Sandbox, stdout: impl Into<Stdio>) -> Child {
        Command::new(env!("CARGO_BIN_EXE_jdredis"))
            .args(URL)
            .env_clear()
            .env("JDREDIS_ENDPOINT", sandbox.endpoint())
            .env("JDCLOUD_ACCESS_KEY", ACCESS_KEY)
            .env("JDCLOUD_SECRET_KEY", SECRET_KEY)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn finish(child: Child) -> (Option<i32>, String) {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), None);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    #[test]
    fn a_closed_pipe_is_a_quiet_success() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        assert_eq!(finish(start(&sandbox(), writer)), (Some(0), String::new()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_told() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (code, stderr) = finish(start(&sandbox(), full));
        assert_eq!(code, Some(1));
        assert!(
            stderr.starts_with("error: the output could not be written\n  cause: No space left"),
            "{stderr}"
        );
    }

    #[test]
    fn signals_end_a_waiting_run_at_once_with_the_code_of_the_signal() {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            let sandbox = sandbox();
            sandbox.always(Reply::stall());
            let child = start(&sandbox, Stdio::piped());
            assert!(sandbox.wait_for_requests(1, Duration::from_secs(10)));
            let kill = Command::new("kill")
                .args([format!("-{signal}"), child.id().to_string()])
                .status()
                .unwrap();
            assert!(kill.success());
            assert_eq!(finish(child), (Some(code), String::new()));
        }
    }
}
