//! What is generated and checked in is what the program generates.

use std::path::Path;

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

#[test]
fn the_manual_page_has_every_command_and_option() {
    let page = Jdredis::bare().args(["man"]).run();
    for text in [
        ".TH jdredis 1",
        "JDREDIS BACKUP URL",
        "\\-\\-base\\-id",
        "\\-\\-max\\-attempts",
        "EXIT CODES",
        "JDCLOUD_SECRET_KEY",
    ] {
        assert!(page.data().contains(text), "no {text} in {}", page.stdout);
    }
}
