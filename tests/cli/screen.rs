//! The screen of a real terminal while a command runs, and after it.

use std::time::Duration;

use jdredis_sandbox::{BackupOutcome, Delivery, Reply, Sandbox};

use crate::support::sandbox_builder;
use crate::tmux::Terminal;

const NODES: [&str; 4] = ["node 0", "node 1", "node 2", "node 3"];

/// A sandbox whose storage takes some seconds for a backup of four nodes.
fn slow_sandbox() -> Sandbox {
    let sandbox = sandbox_builder().object_size(2_000_000).start().unwrap();
    sandbox.always_deliver(Delivery::normal().throttle(400_000));
    sandbox
}

fn start_download(terminal: &Terminal) {
    terminal
        .enter("clear; jdredis backup download --region cn-north-1 --instance redis-cluster1 --latest --http --dir d");
}

/// How many lines are bars of this name. The table at the end has its percentages in parentheses.
fn bars(screen: &str, name: &str) -> usize {
    let is_bar = |line: &&str| line.starts_with(name) && line.contains('%') && !line.contains('(');
    screen.lines().filter(is_bar).count()
}

/// Whether every bar stands there once, and moves.
fn has_each_bar_once(screen: &str) -> bool {
    NODES.iter().chain(&["total"]).all(|name| bars(screen, name) == 1) && screen.contains("/s")
}

#[track_caller]
fn assert_no_bars(screen: &str) {
    for name in NODES.iter().chain(&["total"]) {
        assert_eq!(bars(screen, name), 0, "a bar is left:\n{screen}");
    }
}

#[test]
fn bars_stand_there_once_at_any_width_and_none_is_left() {
    let sandbox = slow_sandbox();
    for columns in [40, 80, 200] {
        let Some(terminal) = Terminal::open(&sandbox, &[], columns, 24) else {
            return;
        };
        start_download(&terminal);
        terminal.wait_for("bar for each", has_each_bar_once);
        terminal.press("C-c");
        terminal.wait_for_prompt();
        assert_no_bars(&terminal.history());
    }
}

#[test]
fn a_window_that_is_made_narrower_wider_and_lower_shows_each_bar_once() {
    let sandbox = slow_sandbox();
    let Some(terminal) = Terminal::open(&sandbox, &[], 120, 30) else {
        return;
    };
    start_download(&terminal);
    terminal.wait_for("bar for each", has_each_bar_once);
    for columns in [60, 45, 34, 100, 80] {
        terminal.resize(columns, 30);
        terminal.wait_for("bar for each, once", has_each_bar_once);
    }
    terminal.resize(80, 4);
    terminal.wait_for("line for the rest", |screen| {
        bars(screen, "node") == 1 && screen.contains("and 3 more: 3 active") && bars(screen, "total") == 1
    });
    terminal.press("C-c");
    assert_no_bars(&terminal.wait_for_prompt());
}

#[test]
fn bars_that_fill_the_window_are_not_left_in_its_history() {
    let sandbox = slow_sandbox();
    let rows = u16::try_from(NODES.len()).unwrap() + 2;
    let Some(terminal) = Terminal::open(&sandbox, &[], 80, rows) else {
        return;
    };
    start_download(&terminal);
    terminal.wait_for("bar for each", has_each_bar_once);
    terminal.press("C-c");
    terminal.wait_for_prompt();
    assert_no_bars(&terminal.history());
}

#[test]
fn a_stopped_download_draws_below_what_the_shell_wrote_once_it_goes_on() {
    let sandbox = slow_sandbox();
    let Some(terminal) = Terminal::open(&sandbox, &[], 100, 40) else {
        return;
    };
    start_download(&terminal);
    terminal.wait_for("bar for each", has_each_bar_once);
    terminal.press("C-z");
    terminal.wait_for_prompt();
    terminal.enter("echo from the shell");
    terminal.wait_for_prompt();
    terminal.enter("fg");
    let below_the_shell = |screen: &str| {
        let (_, below) = screen.rsplit_once("\njdredis backup download ").unwrap_or_default();
        has_each_bar_once(below)
    };
    let screen = terminal.wait_for("bar below", below_the_shell);
    assert!(screen.contains("\nfrom the shell\n"), "{screen}");
    terminal.press("C-c");
    let screen = terminal.wait_for_prompt();
    let (_, below) = screen.rsplit_once("\njdredis backup download ").unwrap();
    assert_no_bars(below);
    assert!(screen.contains("\nfrom the shell\n"), "{screen}");
}

#[test]
fn a_download_in_the_background_draws_nothing() {
    let sandbox = slow_sandbox();
    let Some(terminal) = Terminal::open(&sandbox, &[], 100, 30) else {
        return;
    };
    start_download(&terminal);
    terminal.wait_for("bar for each", has_each_bar_once);
    terminal.press("C-z");
    terminal.wait_for_prompt();
    terminal.enter("clear; bg");
    terminal.wait_for("cleared screen", |screen| !screen.contains('%'));
    terminal.enter("wait %1; echo over");
    let screen = terminal.wait_for("word of the shell", |screen| {
        assert_no_bars(screen);
        screen.contains("\nover")
    });
    assert_eq!(screen.matches(" ok ").count(), NODES.len(), "{screen}");
    assert_no_bars(&screen);
}

#[test]
fn an_interrupt_while_new_links_are_asked_for_leaves_no_bar() {
    let sandbox = sandbox_builder().start().unwrap();
    sandbox.deliver("", vec![Delivery::normal().expiring_links()]);
    sandbox.script_for(
        "describeDownloadUrl",
        vec![Reply::then_ok(Duration::ZERO), Reply::stall()],
    );
    let Some(terminal) = Terminal::open(&sandbox, &[], 100, 24) else {
        return;
    };
    start_download(&terminal);
    terminal.wait_for("bar", |screen| bars(screen, "total") == 1);
    let asks_twice = || {
        let requests = sandbox.requests();
        let asked = requests
            .iter()
            .filter(|request| request.target.contains("describeDownloadUrl"));
        asked.count() == 2
    };
    terminal.wait_for("second request", |_| asks_twice());
    terminal.press("C-c");
    let screen = terminal.wait_for_prompt();
    assert_no_bars(&screen);
    assert_eq!(screen.matches(" incomplete ").count(), NODES.len(), "{screen}");
    assert!(screen.contains("\nerror: interrupted at 0 %"), "{screen}");
}

#[test]
fn a_wait_for_a_backup_has_one_line_that_is_gone_when_it_ends() {
    let sandbox = sandbox_builder().start().unwrap();
    let create = "jdredis backup create --region cn-north-1 --instance redis-1234 --wait";
    sandbox.next_backup(BackupOutcome::Never);
    let Some(terminal) = Terminal::open(&sandbox, &[], 80, 24) else {
        return;
    };
    terminal.enter(&format!("clear; {create}"));
    let is_counting = |screen: &str| screen.contains(": running for 2 s");
    let screen = terminal.wait_for("status line that counts", is_counting);
    assert_eq!(screen.matches(": running for ").count(), 1, "{screen}");
    terminal.press("C-c");
    let screen = terminal.wait_for_prompt();
    assert!(!screen.contains(": running for "), "{screen}");
    assert!(
        screen.contains("\nerror: interrupted while waiting for backup"),
        "{screen}"
    );
}

#[test]
fn a_usage_error_breaks_between_words() {
    let sandbox = sandbox_builder().start().unwrap();
    let Some(terminal) = Terminal::open(&sandbox, &[], 40, 24) else {
        return;
    };
    terminal.enter("clear; jdredis instance list --color always --timeout 30x");
    let screen = terminal.wait_for("whole error", |screen| screen.contains("try '--help'"));
    let words: Vec<&str> = screen.split_whitespace().collect();
    let message = "a time is a number of seconds or such as 30s, 5m or 2h, from 0.001 s to a day";
    assert!(words.join(" ").contains(message), "{screen}");
}
