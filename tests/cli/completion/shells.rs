//! Real shells, typed into through a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use jdredis_sandbox::Sandbox;

use super::{BASH, ELVISH, FISH, ZSH};
use crate::support::{sandbox, say_not_run};
use crate::tmux::{PROMPT, Terminal};

/// bash in which the package bash-completion was loaded first, as most distributions do.
const BASH_COMPLETION: &str = "bash with bash-completion";

const LIBRARY: &str = "/usr/share/bash-completion/bash_completion";

const DOWNLOAD: &str = "jdredis backup download --region cn-north-1 --instance redis-cluster1";

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(name)
}

/// A shell in a terminal.
struct Shell {
    name: &'static str,
    terminal: Terminal,
}

/// A shell that has read the script, in a folder with `b file` and `a folder`, whose cache knows what the
/// sandbox lists.
fn open(shell: &'static str, sandbox: &Sandbox) -> Option<Shell> {
    let settings = tempfile::tempdir().unwrap();
    let elvish_settings = settings.path().join("rc.elv");
    let elvish_prompt = format!("set edit:prompt = {{ print '{PROMPT}' }}; set edit:rprompt = {{ }}");
    fs::write(&elvish_settings, elvish_prompt).unwrap();
    let fish_prompt = format!("set -g fish_autosuggestion_enabled 0; function fish_prompt; echo -n '{PROMPT}'; end");
    let command = match shell {
        BASH | BASH_COMPLETION => vec![BASH, "--norc", "--noprofile", "-i"],
        ZSH => vec![ZSH, "-f", "-i"],
        ELVISH => vec![ELVISH, "-rc", elvish_settings.to_str().unwrap()],
        _ => vec![FISH, "--no-config", "-i", "-C", &fish_prompt],
    };
    let env = [("JDCLOUD_REGION", "cn-north-1"), ("TZ", "UTC0"), ("LC_ALL", "C.UTF-8")];
    let terminal = Terminal::open_shell(&command, sandbox, &env, 100, 40)?;
    let home = terminal.home();
    fs::write(home.join("b file"), "").unwrap();
    fs::create_dir(home.join("a folder")).unwrap();
    fs::create_dir(home.join(".jdc")).unwrap();
    let profiles = "[default]\nregion_id = x\n[DEFAULT]\n[it's $(touch x) mine]\n[nightly]\nsecret_key = canary\n";
    fs::write(home.join(".jdc/config"), profiles).unwrap();
    let load = match shell {
        BASH => format!("source '{}'", script("jdredis.bash").display()),
        BASH_COMPLETION if !Path::new(LIBRARY).exists() => {
            say_not_run(BASH_COMPLETION, "bash-completion is not installed");
            return None;
        }
        BASH_COMPLETION => format!("source {LIBRARY}; source '{}'", script("jdredis.bash").display()),
        ZSH => {
            let folder = script("");
            format!(
                "fpath=('{}' $fpath); autoload -Uz compinit; compinit -u -D",
                folder.display()
            )
        }
        ELVISH => format!("eval (slurp < '{}')", script("jdredis.elv").display()),
        _ => format!("source '{}'", script("jdredis.fish").display()),
    };
    terminal.enter(&load);
    terminal.enter("jdredis instance list -q -o plain; jdredis backup list --instance redis-1234 -q -o plain");
    terminal.enter(&format!(
        "{DOWNLOAD} --latest --http --dir fetched -q -o plain; clear; echo ready"
    ));
    // Alone on its line, it is no echo of the command.
    terminal.wait_for("end of the commands", |screen| {
        screen.lines().any(|line| line.trim_end() == "ready")
    });
    Some(Shell { name: shell, terminal })
}

/// Leaves the prompt on the screen and nothing else.
#[track_caller]
fn clear(Shell { name, terminal }: &Shell) {
    if *name == ELVISH {
        // The first ends what is offered, the second the line.
        terminal.wait_for("empty line", |screen| {
            let is_empty = screen.lines().last().map(str::trim_end) == Some(PROMPT.trim_end());
            if !is_empty {
                terminal.press("C-c");
            }
            is_empty
        });
        terminal.enter("clear");
    } else {
        for key in ["C-e", "C-u", "C-l"] {
            terminal.press(key);
        }
    }
    terminal.wait_for("prompt and nothing else", |screen| {
        screen.trim_end() == PROMPT.trim_end()
    });
}

/// What stands on the screen once a text was typed and Tab pressed, as soon as it has all of this.
#[track_caller]
fn offered(shell: &Shell, typed: &str, all_of: &[&str]) -> String {
    offered_before(shell, typed, "", all_of)
}

/// As [`offered`], with the cursor before a part of the line.
#[track_caller]
fn offered_before(shell: &Shell, typed: &str, behind: &str, all_of: &[&str]) -> String {
    let terminal = &shell.terminal;
    clear(shell);
    terminal.type_in(&format!("{typed}{behind}"));
    terminal.wait_for("echo", |screen| screen.contains(format!("{typed}{behind}").trim_end()));
    for _ in behind.chars() {
        terminal.press("Left");
    }
    terminal.press("Tab");
    let what = format!("{all_of:?} after {typed:?}");
    terminal.wait_for(&what, |screen| {
        let has_all = all_of.iter().all(|text| screen.contains(text));
        if !has_all && all_of.len() > 1 {
            // bash and zsh list at the next Tab what this one could not complete.
            thread::sleep(Duration::from_millis(100));
            terminal.press("Tab");
        }
        has_all
    })
}

/// Checks that Tab inserts nothing behind this text: what is typed next follows the text. Returns the screen.
#[track_caller]
fn inserts_nothing(shell: &Shell, typed: &str) -> String {
    clear(shell);
    shell.terminal.type_in(typed);
    shell.terminal.press("Tab");
    shell.terminal.type_in("q");
    let alone = format!("{typed}q");
    shell.terminal.wait_for(&alone, |screen| screen.contains(&alone))
}

#[test]
fn shells_offer_commands_options_values_and_names() {
    let sandbox = sandbox();
    for shell in [BASH, BASH_COMPLETION, ZSH, FISH, ELVISH] {
        let Some(opened) = open(shell, &sandbox) else {
            continue;
        };
        let listed = |typed: &str, all_of: &[&str], none_of: &[&str]| {
            let screen = offered(&opened, typed, all_of);
            for text in none_of {
                assert!(!screen.contains(text), "{shell} offers {text} after {typed}:\n{screen}");
            }
        };
        listed("jdredis ", &["archive", "backup", "instance"], &["--region", "b file"]);
        listed("jdredis backup ", &["download", "verify", "url"], &["b file"]);
        listed(
            "jdredis backup url --",
            &["--instance", "--latest", "--max-attempts"],
            &["b file"],
        );
        listed("jdredis backup verify --", &["--timeout", "--output"], &["--endpoint"]);
        listed(
            "jdredis backup list --region ",
            &["cn-north-1", "cn-south-1"],
            &["b file"],
        );
        listed("jdredis backup list -o ", &["table", "json", "plain"], &["b file"]);
        listed("jdredis backup list --status ", &["success", "running", "failed"], &[]);
        listed("jdredis instance list --status ", &["restoring", "upgrading"], &[]);
        listed("jdredis completions ", &["bash", "elvish", "powershell"], &["b file"]);
        listed(
            "jdredis backup url --instance ",
            &["redis-1234", "redis-wide"],
            &["b file"],
        );
        listed(
            "jdredis backup url --instance redis-1234 --base-id ",
            &["newest", "no-internal"],
            &["b file"],
        );
        // Another region has other instances, and none is known.
        inserts_nothing(&opened, "jdredis backup url --region cn-east-2 --instance redis-1");
    }
}

#[test]
fn shells_insert_what_was_begun_with_the_quotes_that_it_needs() {
    let sandbox = sandbox();
    for shell in [BASH, BASH_COMPLETION, ZSH, FISH] {
        let Some(shell) = open(shell, &sandbox) else {
            continue;
        };
        for (typed, line) in [
            ("jdredis ba", "jdredis backup"),
            (
                "jdredis backup url --instance=redis-w",
                "jdredis backup url --instance=redis-wide",
            ),
            (
                "jdredis backup url --instance redis-w",
                "jdredis backup url --instance redis-wide",
            ),
            (
                "jdredis backup url --profile ni",
                "jdredis backup url --profile nightly",
            ),
            ("jdredis backup list --output=j", "jdredis backup list --output=json"),
            ("jdredis backup verify b", "jdredis backup verify b\\ file"),
            ("jdredis backup verify ~/b", "jdredis backup verify ~/b\\ file"),
            ("jdredis backup verify $HOME/b", "jdredis backup verify $HOME/b\\ file"),
            (
                "jdredis backup download --dir a",
                "jdredis backup download --dir a\\ folder/",
            ),
            (
                "jdredis backup download --dir ~/a",
                "jdredis backup download --dir ~/a\\ folder/",
            ),
            (
                "jdredis backup download --dir=~/a",
                "jdredis backup download --dir=~/a\\ folder/",
            ),
            (
                "jdredis backup download --dir $HOME/a",
                "jdredis backup download --dir $HOME/a\\ folder/",
            ),
            ("jdredis formats >b", "jdredis formats >b\\ file"),
            (&format!("{DOWNLOAD} --node n"), &format!("{DOWNLOAD} --node node\\")),
            (&format!("{DOWNLOAD} --node 'n"), &format!("{DOWNLOAD} --node 'node")),
            (&format!("{DOWNLOAD} --node \"n"), &format!("{DOWNLOAD} --node \"node")),
            (
                "jdredis backup url --profile it\\'",
                "jdredis backup url --profile it\\'s\\ ",
            ),
        ] {
            offered(&shell, typed, &[line]);
        }
        // Names that a shell would act on are quoted, and nothing of them is run.
        offered(&shell, "jdredis backup url --profile it", &["\\$\\(touch\\ x\\)"]);
        assert!(!shell.terminal.home().join("x").exists());
    }
}

/// elvish quotes a word as a whole, and a home folder is spelled out.
#[test]
fn elvish_inserts_what_was_begun_with_the_quotes_that_it_needs() {
    let sandbox = sandbox();
    let Some(shell) = open(ELVISH, &sandbox) else {
        return;
    };
    for (typed, line) in [
        ("jdredis ba", "jdredis backup"),
        (
            "jdredis backup url --instance redis-w",
            "jdredis backup url --instance redis-wide",
        ),
        (
            "jdredis backup url --instance=redis-w",
            "jdredis backup url '--instance=redis-wide'",
        ),
        ("jdredis backup verify b", "jdredis backup verify 'b file'"),
        (
            "jdredis backup download --dir ",
            "jdredis backup download --dir 'a folder/'",
        ),
        (
            "jdredis backup download --dir=a",
            "jdredis backup download '--dir=a folder/'",
        ),
        (
            "jdredis backup url --profile it",
            "jdredis backup url --profile 'it''s $(touch x) mine'",
        ),
    ] {
        let screen = offered(&shell, typed, &[line]);
        assert!(!typed.contains("--dir") || !screen.contains("b file"), "{screen}");
    }
    assert!(!shell.terminal.home().join("x").exists());
}

#[test]
fn bash_completes_what_stands_before_the_cursor_and_lists_what_each_value_is() {
    let sandbox = sandbox();
    for shell in [BASH, BASH_COMPLETION] {
        let Some(shell) = open(shell, &sandbox) else {
            continue;
        };
        for (typed, behind, line) in [
            (
                "jdredis backup url --instance redis-w",
                "XYZ --latest",
                "--instance redis-wideXYZ --latest",
            ),
            (
                "jdredis backup url --instance=redis-w",
                "XYZ --latest",
                "--instance=redis-wideXYZ --latest",
            ),
            ("jdredis ba", " url", "jdredis backup url"),
            (
                &format!("{DOWNLOAD} --node $'n"),
                "",
                &format!("{DOWNLOAD} --node $'node"),
            ),
        ] {
            offered_before(&shell, typed, behind, &[line]);
        }
        offered_before(&shell, "jdredis ", " --latest", &["archive", "backup", "instance"]);
        offered(
            &shell,
            "jdredis backup url --instance redis-",
            &["(documented)", "(缓存-订单)"],
        );
        offered(
            &shell,
            "jdredis backup url --instance redis-1234 --base-id ",
            &[
                "newest       (2021-07-17T18:00:00Z success)",
                "no-internal  (2021-07-15",
            ],
        );
    }
}

#[test]
fn no_shell_says_anything_where_the_program_is_gone() {
    let sandbox = sandbox();
    for shell in [BASH, ZSH, FISH, ELVISH] {
        let Some(shell) = open(shell, &sandbox) else {
            continue;
        };
        clear(&shell);
        let without = match shell.name {
            ELVISH => "set paths = [/usr/bin /bin]",
            FISH => "set PATH /usr/bin /bin",
            _ => "PATH=/usr/bin:/bin",
        };
        shell.terminal.enter(&format!("{without}; clear; echo gone"));
        shell.terminal.wait_for("end of the command", |screen| {
            screen.lines().any(|line| line.trim_end() == "gone")
        });
        for typed in ["jdredis ba", "jdredis backup url --instance redis-w"] {
            let screen = inserts_nothing(&shell, typed);
            assert!(
                !screen.contains("not found") && !screen.contains("rror: exec"),
                "{}: {screen}",
                shell.name
            );
        }
    }
}

/// A listing that is larger than a pipe, where no file can be written: the limit of a file's size stands for a full disk.
#[test]
fn bash_says_nothing_where_there_is_no_room_for_a_temporary_file() {
    if Command::new(BASH).arg("--version").output().is_err() {
        return say_not_run(BASH, "bash is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "*".repeat(30);
    let program = format!("#!/bin/sh\necho values\ni=0\nwhile [ $i -lt 4000 ]; do i=$((i+1)); echo '{name}'$i; done\n");
    let path = folder.path().join("jdredis");
    fs::write(&path, program).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let typed = "source \"$1\"; PATH=$2:$PATH; trap '' XFSZ; ulimit -f 0
        COMP_WORDS=(jdredis '') COMP_CWORD=1 COMP_LINE='jdredis ' COMP_POINT=8; _jdredis jdredis '' jdredis
        echo \"${#COMPREPLY[@]} ${COMPREPLY[3999]} ${-//[^f]/}.\"";
    let outcome = Command::new(BASH)
        .args(["--norc", "-c", typed, BASH])
        .args([script("jdredis.bash").as_path(), folder.path()])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&outcome.stderr), "");
    assert_eq!(String::from_utf8_lossy(&outcome.stdout), format!("4000 {name}4000 .\n"));
}
