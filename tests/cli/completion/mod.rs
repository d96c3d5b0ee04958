//! What the program answers to a shell at Tab, and the cache that it takes names from.

mod cache;
mod shells;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use jdredis_sandbox::{Reply, Sandbox};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Jdredis, page, sandbox};

const BASH: &str = "bash";
const ELVISH: &str = "elvish";
const FISH: &str = "fish";
const ZSH: &str = "zsh";

/// A node's name may hold anything. What acts on a terminal is not offered.
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
    let run = || at_home(&sandbox, &home);
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

/// A run with a home that outlives it, and with it the names that were listed.
fn at_home<'a>(sandbox: &'a Sandbox, home: &TempDir) -> Jdredis<'a> {
    Jdredis::at(sandbox).env("HOME", home.path().to_str().unwrap())
}

#[test]
fn what_was_listed_is_kept_for_this_user_and_this_key_alone() {
    let sandbox = sandbox();
    let home = tempfile::tempdir().unwrap();
    let run = || at_home(&sandbox, &home).env("JDCLOUD_REGION", "cn-north-1");
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
    let run = |region: &str| at_home(&sandbox, &home).env("JDCLOUD_REGION", region);
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
    let homeless = Jdredis::at(&sandbox).without_env("HOME").args(list).run();
    assert_eq!(homeless.data(), usual);
}

#[test]
fn a_question_that_is_none_is_answered_with_nothing_or_not_taken_for_one() {
    let run = || Jdredis::bare().env("JDREDIS_COMPLETE", BASH);
    for (args, answer) in [
        (&["--", "1", "jdredis", "--nosuch="][..], "values\n"),
        (
            &["--", "3", "jdredis", "backup", "nosuch", "\u{1b}[2J$(touch x)`"],
            "values\n",
        ),
        // The cursor is in the third word, and what comes behind does not count.
        (&["--", "2", "jdredis", "backup", "url", "--instance"], "values\nurl\n"),
        (&["--", "18446744073709551615", "jdredis", "ba"], ""),
        (&["--", "jdredis", "instance", "list"], ""),
        (&["--"], ""),
    ] {
        assert_eq!(run().args(args.iter().copied()).run().data(), answer, "{args:?}");
    }
    // A cursor behind the last word is in an empty one.
    for args in [&["--", "0"][..], &["--", "9", "jdredis"]] {
        let outcome = run().args(args.iter().copied()).run();
        assert!(
            outcome.data().starts_with("values\narchive\nbackup\n"),
            "{args:?}: {outcome:#?}"
        );
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
    let run = || at_home(&sandbox, &home).env("JDCLOUD_REGION", "cn-north-1");
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

#[test]
fn what_may_still_be_typed_is_offered_with_the_commands_own_options_first() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".jdc")).unwrap();
    fs::write(home.path().join(".jdc/config"), "[default]\n[work]\n").unwrap();
    let offered = |line: &str| -> Vec<String> {
        let run = Jdredis::bare().env("HOME", home.path().to_str().unwrap());
        let answer = answer(run, line);
        let values = answer
            .lines()
            .skip(1)
            .map(|line| line.split('\t').next().unwrap().to_owned());
        values.collect()
    };
    let options = offered("jdredis backup url --latest --");
    let place = |option: &str| options.iter().position(|offered| offered == option);
    assert_eq!(place("--latest"), None, "it may be given once");
    let (own, global, help) = (place("--instance"), place("--output"), place("--help"));
    assert!(own.is_some() && own < global && own < help, "{options:?}");
    let own = options
        .iter()
        .rposition(|option| ["--region", "--max-age", "--base-id"].contains(&option.as_str()));
    assert!(own < global && own < help, "{options:?}");
    let repeated = offered("jdredis archive sync d --region cn-north-1 --reg");
    assert_eq!(repeated, ["--region"]);
    // Where nothing else can stand, an option still can.
    assert!(offered("jdredis completions bash ").contains(&"--help".to_owned()));
    assert_eq!(offered("jdredis completions bash x"), Vec::<String>::new());
    assert_eq!(offered("jdredis --profile "), ["default", "work"]);
}

#[test]
fn a_command_that_asks_no_service_offers_none_of_its_instances() {
    let (sandbox, home) = (sandbox(), tempfile::tempdir().unwrap());
    let run = || at_home(&sandbox, &home).env("JDCLOUD_REGION", "cn-north-1");
    run().args(["instance", "list", "-q"]).run().data();
    let dir = home.path().join("d");
    fs::create_dir_all(dir.join("cn-north-1/redis-12-old")).unwrap();
    for (command, expected) in [
        ("verify", "values\nredis-12-old\t\n"),
        ("sync", "values\nredis-1234\tdocumented\nredis-12-old\t\n"),
    ] {
        let line = format!("jdredis archive {command} {} --instance redis-12", dir.display());
        assert_eq!(answer(run(), &line), expected, "{command}");
    }
}

/// bash lists at the second Tab, and inserts nothing.
#[test]
fn a_listing_of_bash_has_what_each_value_is_beside_it() {
    let (sandbox, home) = (sandbox(), tempfile::tempdir().unwrap());
    let run = || at_home(&sandbox, &home).env("JDCLOUD_REGION", "cn-north-1");
    let entries = [
        r#"{"cacheInstanceId":"redis-1","cacheInstanceName":"orders"}"#,
        r#"{"cacheInstanceId":"redis-22","cacheInstanceName":"sessions of all shops"}"#,
        r#"{"cacheInstanceId":"redis-333"}"#,
    ];
    sandbox.script(vec![page("r", "cacheInstances", entries, Some("3"))]);
    run().args(["instance", "list", "-q"]).run().data();
    let words = ["--", "4", "jdredis", "backup", "list", "--instance", "redis-"];
    let answered = |shell: &str| {
        let run = run()
            .env("JDREDIS_COMPLETE", shell)
            .env("COMP_TYPE", "63")
            .env("COLUMNS", "30");
        run.args(words).run().data().to_owned()
    };
    assert_eq!(
        answered(BASH),
        "values\nredis-1    (orders)\nredis-22   (sessions of al...\nredis-333\n"
    );
    assert!(answered(FISH).starts_with("values\nredis-1\torders\n"));
}
