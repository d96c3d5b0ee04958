//! The completion scripts and the manual page: the checked-in scripts are current, real shells complete
//! with them, and the page has every command and option.

use std::path::Path;
use std::process::Command;

use crate::support::{Jdredis, is_installed, say_not_run};

#[test]
fn checked_in_completions_are_current() {
    for (shell, file) in [
        ("bash", "jdredis.bash"),
        ("zsh", "_jdredis"),
        ("fish", "jdredis.fish"),
        ("powershell", "_jdredis.ps1"),
        ("elvish", "jdredis.elv"),
    ] {
        let generated = Jdredis::bare().args(["completions", shell]).run();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file);
        let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            generated.data() == checked_in,
            "completions/{file} is out of date; refresh it with: cargo run -- completions {shell} > completions/{file}"
        );
    }
}

#[test]
fn completions_offer_commands_formats_and_regions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Jdredis::bare().args(["completions", shell]).run();
        for word in ["backup", "url"] {
            assert!(script.data().contains(word), "{shell} has no {word}");
        }
        if !["powershell", "elvish"].contains(&shell) {
            for word in ["cn-east-2", "plain"] {
                assert!(script.data().contains(word), "{shell} has no {word}");
            }
        }
    }
}

#[test]
fn the_manual_page_is_formatted_without_a_complaint() {
    let page = Jdredis::bare().args(["man"]).run().data().to_owned();
    assert!(page.is_ascii());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jdredis.1");
    std::fs::write(&path, &page).unwrap();
    // `man` of man-db passes it on to groff, with warnings.
    for (program, args) in [("mandoc", &["-T", "lint"][..]), ("man", &["--warnings=w", "-l"])] {
        if program == "man" && cfg!(not(target_os = "linux")) {
            continue;
        }
        if !is_installed(program) {
            say_not_run("the manual page", &format!("{program} is not installed"));
            continue;
        }
        let output = Command::new(program)
            .args(args)
            .arg(&path)
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let linted = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.is_empty(), "{program}: {said}");
        assert!(program == "man" || linted.is_empty(), "{linted}");
    }
}

/// The words that a shell with the checked-in script offers at the end of such a command line.
fn offered(shell: &str, words: &[&str]) -> String {
    let completions = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    let (file, ask) = match shell {
        "bash" => (
            "jdredis.bash",
            r#"source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _jdredis jdredis "${@: -1}" "${@: -2:1}"; echo "${COMPREPLY[@]}""#,
        ),
        _ => (
            "jdredis.fish",
            r#"source $argv[1]; complete -C (string join ' ' -- $argv[2..])"#,
        ),
    };
    let output = Command::new(shell)
        .args(["-c", ask])
        .arg(completions.join(file))
        .args(words)
        .env("HOME", "/nonexistent")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn real_shells_complete_commands_options_formats_and_regions() {
    for shell in ["bash", "fish"] {
        if !is_installed(shell) {
            say_not_run("completions in a real shell", &format!("{shell} is not installed"));
            continue;
        }
        for (words, word) in [
            (&["jdredis", ""][..], "instance"),
            (&["jdredis", "backup", ""], "download"),
            (&["jdredis", "backup", "url", "--"], "--latest"),
            (&["jdredis", "backup", "list", "-o", ""], "plain"),
            (&["jdredis", "backup", "list", "--region", ""], "cn-south-1"),
            (&["jdredis", "instance", "list", "--status", ""], "restoring"),
        ] {
            let offered = offered(shell, words);
            assert!(
                offered.contains(word),
                "{shell} offers no {word} after {words:?}: {offered}"
            );
        }
    }
}

#[test]
fn the_manual_page_has_every_command_and_option() {
    let page = Jdredis::bare().args(["man"]).run();
    for text in [
        ".TH JDREDIS 1",
        "JDREDIS BACKUP URL",
        "EXIT CODES",
        "JDCLOUD_SECRET_KEY",
    ] {
        assert!(page.data().contains(text), "no {text} in {}", page.stdout);
    }
    // fish's script has a line for each option.
    let script = Jdredis::bare().args(["completions", "fish"]).run();
    let lines = script.data().lines().filter(|line| line.starts_with("complete "));
    let options: Vec<&str> = lines
        .filter_map(|line| line.split_once(" -l ")?.1.split_whitespace().next())
        .collect();
    assert!(options.contains(&"base-id"), "{options:?}");
    for option in options {
        // Bold, as in the option's own paragraph; other paragraphs may mention it too.
        let heading = format!("\\fB\\-\\-{}\\fR", option.replace('-', "\\-"));
        assert!(page.data().contains(&heading), "no --{option} in {}", page.stdout);
    }
}
