//! What is checked in and could be generated is what would be generated.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::Jdredis;

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

/// What a shell would offer at the end of such a command line, with the checked-in script; `None` where
/// there is no such shell.
fn offered(shell: &str, words: &[&str]) -> Option<String> {
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
        .ok()?;
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn real_shells_complete_commands_options_formats_and_regions() {
    for shell in ["bash", "fish"] {
        for (words, word) in [
            (&["jdredis", ""][..], "instance"),
            (&["jdredis", "backup", ""], "download"),
            (&["jdredis", "backup", "url", "--"], "--latest"),
            (&["jdredis", "backup", "list", "-o", ""], "plain"),
            (&["jdredis", "backup", "list", "--region", ""], "cn-south-1"),
            (&["jdredis", "instance", "list", "--status", ""], "restoring"),
        ] {
            if let Some(offered) = offered(shell, words) {
                assert!(
                    offered.contains(word),
                    "{shell} offers no {word} after {words:?}: {offered}"
                );
            }
        }
    }
}

#[test]
fn the_manual_page_has_every_command_and_option() {
    let page = Jdredis::bare().args(["man"]).run();
    for text in [
        ".TH jdredis 1",
        "JDREDIS BACKUP URL",
        "EXIT CODES",
        "JDCLOUD_SECRET_KEY",
    ] {
        assert!(page.data().contains(text), "no {text} in {}", page.stdout);
    }
    // The script that completes options has a line for each.
    let script = Jdredis::bare().args(["completions", "fish"]).run();
    let lines = script.data().lines().filter(|line| line.starts_with("complete "));
    let options: Vec<&str> = lines
        .filter_map(|line| line.split_once(" -l ")?.1.split_whitespace().next())
        .collect();
    assert!(options.contains(&"base-id"), "{options:?}");
    for option in options {
        // In bold, as an option's own paragraph has it: the text may name it elsewhere.
        let heading = format!("\\fB\\-\\-{}\\fR", option.replace('-', "\\-"));
        assert!(page.data().contains(&heading), "no --{option} in {}", page.stdout);
    }
}

/// The dependencies of a manifest, as the rows of the README's table begin. `part` is what those are of
/// that are not for its tests.
fn dependencies(manifest: &str, part: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest);
    let text = fs::read_to_string(path).unwrap();
    let between = |text: &str, start: &str, end: &str| {
        let (_, rest) = text.split_once(start)?;
        Some(rest.split_once(end)?.0.to_owned())
    };
    let mut section = "";
    let mut rows = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
        } else if let Some((name, value)) = line.split_once(" = ").filter(|_| section.ends_with("dependencies")) {
            let of = if section.ends_with("dev-dependencies") {
                "tests"
            } else {
                part
            };
            let version =
                between(value, "version = \"", "\"").or_else(|| Some(value.strip_prefix('"')?.replace('"', "")));
            let default = (!value.contains("default-features = false")).then(|| "default".to_owned());
            let features = between(value, "features = [", "]").map(|features| features.replace('"', ""));
            let features: Vec<String> = default.into_iter().chain(features).collect();
            let or_none = |text: String| if text.is_empty() { "–".to_owned() } else { text };
            rows.push(format!(
                "| `{name}` | {of} | {} | {} | ",
                or_none(version.unwrap_or_default()),
                or_none(features.join(", "))
            ));
        }
    }
    rows
}

#[test]
fn the_readme_names_every_dependency_and_no_other() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, table) = readme
        .split_once("| dependency | of | version | features | why |\n|---|---|---|---|---|\n")
        .unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let manifests = [
        ("Cargo.toml", "program"),
        ("tests/sandbox/Cargo.toml", "sandbox"),
        ("tests/fuzz/Cargo.toml", "fuzzing"),
    ];
    let wanted: Vec<String> = manifests
        .into_iter()
        .flat_map(|(manifest, part)| dependencies(manifest, part))
        .collect();
    for start in &wanted {
        let row = rows.iter().find_map(|row| row.strip_prefix(start.as_str()));
        assert!(
            row.is_some_and(|reason| reason.len() > " |".len()),
            "no row {start}… with a reason"
        );
    }
    assert_eq!(rows.len(), wanted.len(), "rows for what is no dependency: {rows:#?}");
}
