//! The completion scripts and the manual page: each shell's script is the one that is printed for it, and the page
//! has every command and option and is formatted without a complaint.

use std::path::Path;
use std::process::Command;

use crate::support::{Jdredis, is_installed, say_not_run};

#[test]
fn each_shell_gets_its_own_script() {
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
            "'jdredis completions {shell}' does not print completions/{file}"
        );
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

/// The words that completion offers at the end of such a line.
fn offered(words: &[&str]) -> Vec<String> {
    let index = (words.len() - 1).to_string();
    let run = Jdredis::bare().env("JDREDIS_COMPLETE", "fish").args(["--", &index]);
    let outcome = run.args(words.iter().copied()).run();
    let lines = outcome.data().lines().skip(1);
    lines.map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// The options of a command and of all below it.
fn options(command: &[&str]) -> Vec<String> {
    let is_command = |word: &String| word != "help" && !word.starts_with('-') && command != ["jdredis", "completions"];
    let subcommands = offered(&[command, &[""]].concat()).into_iter().filter(is_command);
    let of_subcommands: Vec<String> = subcommands
        .flat_map(|word| options(&[command, &[word.as_str()]].concat()))
        .collect();
    let own = offered(&[command, &["--"]].concat()).into_iter();
    own.chain(of_subcommands).collect()
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
    let options = options(&["jdredis"]);
    assert!(options.iter().any(|option| option == "--base-id"), "{options:?}");
    for option in options {
        // Bold, as in the option's own paragraph; other paragraphs may mention it too.
        let heading = format!("\\fB{}\\fR", option.replace('-', "\\-"));
        assert!(page.data().contains(&heading), "no {option} in {}", page.stdout);
    }
}
