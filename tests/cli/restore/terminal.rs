//! The confirmation on a real terminal, and the screen while a restore is waited for.

use jdredis_sandbox::{BackupOutcome, RestoreOutcome, Sandbox};

use super::{AT_ONCE, changes, restores};
use crate::support::sandbox;
use crate::tmux::Terminal;

const RESTORE: &str = "jdredis backup restore --region cn-north-1 --instance redis-1234 --base-id 1234";

/// Runs a restore on a cleared screen that begins with the run's number, so that no screen is taken for that of
/// the run before; the shell then shows the exit code.
fn start(terminal: &Terminal, number: usize, more: &str) {
    terminal.enter(&format!("clear; echo run {number}; {RESTORE} {more}; echo \"exit $?\""));
}

fn is_of(screen: &str, number: usize) -> bool {
    screen.lines().next().map(str::trim_end) == Some(&*format!("run {number}"))
}

/// Runs a restore up to the question; the screen.
fn ask(terminal: &Terminal, number: usize, more: &str) -> String {
    start(terminal, number, more);
    terminal.wait_for("question", |screen| {
        is_of(screen, number) && screen.lines().any(|line| line.trim_end() == ">")
    })
}

/// Waits for the end; the exit code, and the screen.
fn ended(terminal: &Terminal, number: usize) -> (u8, String) {
    let code = |screen: &str| {
        let mut codes = screen.lines().filter_map(|line| line.strip_prefix("exit "));
        codes.find_map(|code| code.trim_end().parse().ok())
    };
    let screen = terminal.wait_for("exit code", |screen| is_of(screen, number) && code(screen).is_some());
    (code(&screen).unwrap(), screen)
}

fn open(sandbox: &Sandbox, columns: u16) -> Option<Terminal> {
    Terminal::open(sandbox, &[], columns, 80)
}

#[test]
fn what_is_done_is_shown_and_the_typed_id_starts_it() {
    for columns in [40, 80] {
        let sandbox = sandbox();
        sandbox.next_backup(AT_ONCE);
        let Some(terminal) = open(&sandbox, columns) else {
            return;
        };
        let screen = ask(&terminal, 1, "");
        let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in [
            "replaces ALL DATA of a running instance",
            "instance redis-1234 (documented) in cn-north-1",
            "memory 1.0 GiB, 1 shard",
            "backup 1234 (backup1), 293 KiB",
            "made 2021-07-14T07:36:57Z, ",
            "first a backup of what is there now is made",
            "never been tried against the service",
            "Type the instance's ID",
        ] {
            assert!(words.contains(said), "{said}:\n{screen}");
        }
        assert!(screen.contains("redis-1234.redis.cn-north-1."), "{screen}");
        assert!(changes(&sandbox).is_empty());
        terminal.enter("redis-1234");
        let (code, screen) = ended(&terminal, 1);
        assert!(code == 0 && screen.contains("accepted"), "{screen}");
        // The safety backup is in the table, and no note has it again.
        let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!words.contains("of what is there now was started"), "{screen}");
        assert_eq!(restores(&sandbox).len(), 1);
    }
}

#[test]
fn anything_else_that_is_typed_sends_nothing() {
    let sandbox = sandbox();
    let Some(terminal) = open(&sandbox, 100) else { return };
    let cases = [
        (
            "redis-123",
            "Enter",
            2,
            "what was typed is not redis-1234: nothing was sent",
        ),
        ("yes", "Enter", 2, "what was typed is not redis-1234"),
        ("", "Enter", 2, "nothing was typed: nothing was sent"),
        (
            "",
            "C-d",
            2,
            "standard input ended before the instance's ID was typed: nothing was sent",
        ),
        (
            "redis-1234",
            "C-c",
            130,
            "interrupted before the instance's ID was typed: nothing was sent",
        ),
    ];
    for (number, (typed, key, code, said)) in cases.into_iter().enumerate() {
        // The question and the warning are no notes: -q does not leave them out.
        let screen = ask(&terminal, number, "--no-backup -qq");
        assert!(
            screen.contains("NO backup is made of what is there now (--no-backup)"),
            "{screen}"
        );
        terminal.type_in(typed);
        terminal.press(key);
        let (ended_with, screen) = ended(&terminal, number);
        let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(said) && ended_with == code, "{typed:?}: {screen}");
    }
    assert!(changes(&sandbox).is_empty());
}

#[test]
fn nobody_is_asked_where_the_question_could_not_be_seen_or_answered() {
    let sandbox = sandbox();
    let Some(terminal) = open(&sandbox, 100) else { return };
    for (number, redirected) in ["</dev/null", "2>said"].into_iter().enumerate() {
        start(&terminal, number, redirected);
        let (code, screen) = ended(&terminal, number);
        assert_eq!(code, 2, "{screen}");
        assert!(!screen.contains("Type the"), "{screen}");
    }
    // With --confirm nobody is asked, either.
    start(&terminal, 2, "--no-backup --confirm redis-1234");
    let (code, screen) = ended(&terminal, 2);
    assert!(code == 0 && !screen.contains("Type the"), "{screen}");
    assert_eq!(changes(&sandbox).len(), 1);
}

#[test]
fn each_wait_has_one_line_which_is_gone_when_it_ends() {
    for (more, line, said) in [
        (
            "--wait",
            ": running for ",
            ["interrupted while waiting for backup", "nothing was restored"],
        ),
        (
            "--wait --no-backup",
            "redis-1234: restoring for ",
            [
                "interrupted while waiting for the restore",
                "the restore goes on at the service",
            ],
        ),
    ] {
        let sandbox = sandbox();
        sandbox.next_backup(BackupOutcome::Never);
        sandbox.next_restore(RestoreOutcome::Never);
        let Some(terminal) = open(&sandbox, 100) else { return };
        ask(&terminal, 1, more);
        terminal.enter("redis-1234");
        let screen = terminal.wait_for("line", |screen| screen.contains(line));
        assert_eq!(screen.matches(line).count(), 1, "{screen}");
        terminal.press("C-c");
        let (code, screen) = ended(&terminal, 1);
        let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!screen.contains(line) && code == 130, "{screen}");
        assert!(said.iter().all(|said| words.contains(said)), "{screen}");
    }
}
