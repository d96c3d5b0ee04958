//! What the shells offer at Tab: real ones, typed into through a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use jdredis_sandbox::{Reply, Sandbox};
use serde_json::json;

use crate::support::{Jdredis, page, sandbox, say_not_run};
use crate::tmux::{PROMPT, Terminal};

const BASH: &str = "bash";
/// bash in which the package bash-completion was loaded first, as most distributions do.
const BASH_COMPLETION: &str = "bash with bash-completion";
const LIBRARY: &str = "/usr/share/bash-completion/bash_completion";
const ELVISH: &str = "elvish";
const FISH: &str = "fish";
const ZSH: &str = "zsh";
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
        listed(
            "jdredis backup url --region cn-east-2 --instance redis-",
            &["redis-"],
            &["redis-1234"],
        );
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
            clear(&shell);
            shell.terminal.type_in(typed);
            shell.terminal.press("Tab");
            shell.terminal.type_in("q");
            let screen = shell
                .terminal
                .wait_for("rest of the line", |screen| screen.contains(&format!("{typed}q")));
            assert!(
                !screen.contains("not found") && !screen.contains("rror: exec"),
                "{}: {screen}",
                shell.name
            );
        }
    }
}

/// A node's name may hold anything. What acts on a terminal is not offered.
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

#[test]
fn hostile_names_are_quoted_or_left_out() {
    let names = [
        "n\u{1b}[2J",
        "n\ttab",
        "n\nline",
        "n*",
        "n'quote",
        "n$(touch x)",
        "n:colon",
        "n缓存",
        "n plain",
    ];
    let offered = ["n*", "n'quote", "n$(touch x)", "n:colon", "n缓存", "n plain"];
    let sandbox = sandbox();
    let link = sandbox.link("redis-1234", "1234", 0);
    let urls: Vec<_> = names.iter().map(|name| json!({"name": name, "link": link})).collect();
    let answer = json!({"result": {"downloadUrls": urls}});
    sandbox.script_for("describeDownloadUrl", vec![Reply::json(200, answer.to_string())]);
    let home = tempfile::tempdir().unwrap();
    let run = || Jdredis::at(&sandbox).env("HOME", home.path().to_str().unwrap());
    let dir = home.path().join("d");
    let command = [
        "backup",
        "download",
        "--region",
        "cn-north-1",
        "--instance",
        "redis-1234",
        "--base-id",
        "1234",
    ];
    run()
        .args(command)
        .args(["--http", "--dir", dir.to_str().unwrap()])
        .run();
    let words = [
        "jdredis",
        "backup",
        "download",
        "--region",
        "cn-north-1",
        "--instance",
        "redis-1234",
        "--node",
        "n",
    ];
    for shell in [BASH, FISH, ZSH, ELVISH, "powershell"] {
        let answer = run().env("JDREDIS_COMPLETE", shell).args(["--", "8"]).args(words).run();
        let answer = answer.data();
        assert!(
            !answer.contains(|c: char| c.is_control() && c != '\n' && c != '\t'),
            "{answer:?}"
        );
        let lines = answer.lines().skip(1);
        let values: Vec<String> = lines
            .map(|line| match shell {
                // zsh is told where a value ends by a colon.
                ZSH => line.replace("\\:", ":"),
                _ => line.split('\t').next().unwrap().to_owned(),
            })
            .collect();
        assert_eq!(values.len(), offered.len(), "{shell}: {values:?}");
        if shell == BASH {
            // The real shell reads each as the name it is.
            for (value, name) in values.iter().zip(offered) {
                let echoed = Command::new("sh")
                    .args(["-c", &format!("printf %s {value}")])
                    .output()
                    .unwrap();
                assert_eq!(String::from_utf8(echoed.stdout).unwrap(), name);
            }
        } else {
            assert_eq!(values, offered, "{shell}");
        }
    }
}

/// The answer of the program to a shell, with this as the line.
fn answer(run: Jdredis<'_>, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let index = (words.len() - 1).to_string();
    let outcome = run.env("JDREDIS_COMPLETE", FISH).args(["--", &index]).args(words).run();
    outcome.data().to_owned()
}

#[test]
fn what_was_listed_is_kept_for_this_user_and_this_key_alone() {
    let sandbox = sandbox();
    let home = tempfile::tempdir().unwrap();
    let run = || {
        let run = Jdredis::at(&sandbox).env("HOME", home.path().to_str().unwrap());
        run.env("JDCLOUD_REGION", "cn-north-1")
    };
    let line = "jdredis backup list --instance redis-12";
    assert_eq!(answer(run(), line), "values\n");
    run().args(["instance", "list", "-q"]).run().data();
    let known = "values\nredis-1234\tdocumented\n";
    let requests = sandbox.requests().len();
    assert_eq!(answer(run(), line), known);
    assert_eq!(answer(run().env("JDCLOUD_ACCESS_KEY", "ANOTHER"), line), "values\n");
    assert_eq!(
        answer(run().env("JDREDIS_ENDPOINT", "http://127.0.0.1:9"), line),
        "values\n"
    );
    assert_eq!(answer(run().env("JDCLOUD_REGION", "cn-south-1"), line), "values\n");
    assert_eq!(answer(run().env("JDREDIS_CACHE", "off"), line), "values\n");
    assert_eq!(answer(run().without_env("JDCLOUD_SECRET_KEY"), line), "values\n");
    let elsewhere = "jdredis --endpoint http://127.0.0.1:9 backup list --instance redis-12";
    assert_eq!(answer(run(), elsewhere), "values\n");
    assert_eq!(sandbox.requests().len(), requests, "no request is sent at Tab");

    let folder = home.path().join(".cache/jdredis/names");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let only_entry = |folder: &Path| -> PathBuf {
        assert_eq!(mode(folder), 0o700);
        let mut entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let entry = entries.next().unwrap();
        assert_eq!(entries.next(), None);
        entry
    };
    // A folder for the account, and a file for its instances.
    let file = &only_entry(&only_entry(&folder));
    assert_eq!(mode(file), 0o600);
    let text = fs::read_to_string(file).unwrap();
    for secret in ["CANARY", "canary", "http", "X-Amz"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }

    // What is broken is as if there were none, and is replaced.
    for broken in ["", "{", "[]", "{\"instances\":7}"] {
        fs::write(file, broken).unwrap();
        assert_eq!(answer(run(), line), "values\n", "{broken}");
        run().args(["instance", "list", "-q"]).run().data();
        assert_eq!(answer(run(), line), known, "{broken}");
    }
    let month = Duration::from_secs(31 * 86_400);
    let old = fs::File::options().write(true).open(file).unwrap();
    old.set_modified(SystemTime::now() - month).unwrap();
    assert_eq!(answer(run(), line), "values\n");
}

#[test]
fn an_archives_instances_are_those_of_its_folder() {
    let archive = tempfile::tempdir().unwrap();
    for folder in [
        "cn-north-1/redis-old",
        "cn-north-1/.jdredis",
        "cn-east-2/redis-other",
        ".jdredis/redis-none",
        "Not a region/redis-none",
    ] {
        fs::create_dir_all(archive.path().join(folder)).unwrap();
    }
    let home = archive.path().to_str().unwrap();
    for (dir, options, expected) in [
        (home, "", &["redis-old", "redis-other"][..]),
        (home, "--region cn-east-2 ", &["redis-other"]),
        (
            home,
            "--region cn-east-2 --region cn-north-1 ",
            &["redis-old", "redis-other"],
        ),
        (home, "--region all ", &["redis-old", "redis-other"]),
        (home, "--instance redis-old ", &["redis-other"]),
        ("~/.", "", &["redis-old", "redis-other"]),
        ("$HOME/.", "", &["redis-old", "redis-other"]),
    ] {
        let line = format!("jdredis archive sync {dir} {options}--instance redis-");
        let offered = answer(Jdredis::bare().env("HOME", home), &line);
        let values: Vec<&str> = offered.lines().skip(1).map(str::trim_end).collect();
        assert_eq!(values, expected, "{line}");
    }
}

/// What a path is, each option says; and a command that asks no service offers what its archive has.
#[test]
fn paths_are_files_or_folders_and_an_archives_commands_offer_its_own() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("cn-north-1/redis-old")).unwrap();
    let dir = home.path().display();
    for (line, expected) in [
        ("backup verify ".to_owned(), "files\n"),
        ("backup verify --load --redis-server ".to_owned(), "files\n"),
        ("archive sync . --metrics ".to_owned(), "files\n"),
        ("archive drill ".to_owned(), "folders\n"),
        (format!("archive drill {dir} --redis-server="), "files\n"),
        (format!("archive drill {dir} --instance "), "values\nredis-old\t\n"),
        (format!("archive verify {dir} --instance "), "values\nredis-old\t\n"),
        (format!("archive verify {dir} --pro"), "values\n"),
        ("backup download --dir ".to_owned(), "folders\n"),
    ] {
        assert_eq!(answer(Jdredis::bare(), &format!("jdredis {line}")), expected, "{line}");
    }
}

#[test]
fn instances_are_those_of_all_regions_on_the_line() {
    let sandbox = sandbox();
    let home = tempfile::tempdir().unwrap();
    let run = |region: &str| {
        let run = Jdredis::at(&sandbox).env("HOME", home.path().to_str().unwrap());
        run.env("JDCLOUD_REGION", region)
    };
    for (region, id) in [("cn-north-1", "redis-a"), ("cn-east-2", "redis-b")] {
        let entry = format!(r#"{{"cacheInstanceId":"{id}"}}"#);
        sandbox.script(vec![page("r", "cacheInstances", [entry.as_str()], Some("1"))]);
        run(region).args(["instance", "list", "-q"]).run().data();
    }
    for (options, expected) in [
        ("", "values\nredis-a\t\n"),
        ("--region cn-east-2 ", "values\nredis-b\t\n"),
        (
            "--region cn-north-1 --region cn-east-2 ",
            "values\nredis-a\t\nredis-b\t\n",
        ),
        ("--region all ", "values\nredis-a\t\nredis-b\t\n"),
    ] {
        let line = format!("jdredis archive sync /nowhere {options}--instance ");
        assert_eq!(answer(run("cn-north-1"), &line), expected, "{options}");
    }
}

#[test]
fn a_cache_that_cannot_be_written_changes_nothing() {
    let sandbox = sandbox();
    let list = ["instance", "list", "--region", "cn-north-1", "-o", "plain"];
    let usual = Jdredis::at(&sandbox).args(list).run().data().to_owned();
    for cache in ["/proc/nowhere", "/dev/null", "relative/folder"] {
        let outcome = Jdredis::at(&sandbox).env("XDG_CACHE_HOME", cache).args(list).run();
        assert_eq!(outcome.data(), usual, "{cache}");
    }
    assert!(!Path::new("relative").exists());
    Jdredis::at(&sandbox).without_env("HOME").args(list).run();
}

#[test]
fn a_question_that_is_none_is_answered_with_nothing_or_not_taken_for_one() {
    let run = || Jdredis::bare().env("JDREDIS_COMPLETE", BASH);
    for args in [
        &["--", "0"][..],
        &["--", "9", "jdredis"],
        &["--", "1", "jdredis", "--nosuch="],
        &["--", "2", "jdredis", "backup", "url", "--instance"],
        &["--", "3", "jdredis", "backup", "nosuch", "\u{1b}[2J$(touch x)`"],
        &["--", "18446744073709551615", "jdredis", "ba"],
        &["--", "jdredis", "instance", "list"],
        &["--"],
    ] {
        run().args(args.iter().copied()).run().data();
    }
    // An unknown shell counts as unset, and so does a command line that is no question.
    let version = |run: Jdredis<'_>| run.args(["--version"]).run().data().to_owned();
    for unknown in ["tcsh", "BASH", "0", "1", ""] {
        assert!(version(Jdredis::bare().env("JDREDIS_COMPLETE", unknown)).starts_with("jdredis "));
    }
    assert!(version(run()).starts_with("jdredis "));
}

/// The time that the program takes for a Tab, with the instances of a large account.
#[test]
fn a_thousand_instances_are_offered_at_once() {
    let sandbox = sandbox();
    let home = tempfile::tempdir().unwrap();
    let run = || {
        let run = Jdredis::at(&sandbox).env("HOME", home.path().to_str().unwrap());
        run.env("JDCLOUD_REGION", "cn-north-1")
    };
    let instances: Vec<String> = (0..1000)
        .map(|n| format!(r#"{{"cacheInstanceId":"redis-{n:04}","cacheInstanceName":"orders {n}"}}"#))
        .collect();
    let pages = instances
        .chunks(100)
        .map(|entries| page("r", "cacheInstances", entries.iter().map(String::as_str), Some("1000")));
    sandbox.script(pages.collect());
    run().args(["instance", "list", "-q"]).run().data();
    let offered = answer(run(), "jdredis backup list --instance redis-");
    assert_eq!(offered.lines().count(), 1001);
}
