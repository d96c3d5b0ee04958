//! The documents agree with each other and with the program: both READMEs have the same code, the code
//! runs, and the help and the manual page have the same reference.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use jdredis_sandbox::{FleetBackup, FleetInstance, Sandbox};
use serde_json::Value;

use crate::support::{ACCESS_KEY, Jdredis, Outcome, SECRET_KEY, is_installed, sandbox, sandbox_builder, say_not_run};

/// The parent of the folders in the README's examples, which a test replaces by one of its own.
const README_FOLDER: &str = "/srv/";

/// Makes `jdredis` the program under test. The sandbox serves no https, which needs `--http`; it has thousands of
/// backups, and all of them are years old.
const PRELUDE: &str = r#"set -eu
PATH=$(dirname "$0"):$PATH
jdredis() {
    case "$1 $2" in
        'backup download') command jdredis "$@" --http ;;
        'archive sync') command jdredis "$@" --http --instance redis-cluster1 --newest 1 --max-age none ;;
        'archive status') command jdredis "$@" --max-age none ;;
        *) command jdredis "$@" ;;
    esac
}
"#;

/// A fenced block: the word after the fence, and the lines between the fences.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    language: String,
    code: String,
}

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = document.lines();
    while let Some(fence) = lines.next() {
        if let Some(language) = fence.strip_prefix("```") {
            let code: String = lines
                .by_ref()
                .take_while(|line| *line != "```")
                .map(|line| format!("{line}\n"))
                .collect();
            blocks.push(Block {
                language: language.to_owned(),
                code,
            });
        }
    }
    blocks
}

/// Runs a script of the README in `folder`, with the keys in the environment and in the profile `backup`.
fn run(script: &str, sandbox: &Sandbox, folder: &Path) -> Outcome {
    let srv = format!("{}/", folder.join("srv").display());
    let script = PRELUDE.to_owned() + &script.replace(README_FOLDER, &srv);
    let profile = format!(
        "[default]\nregion_id = cn-north-1\n[backup]\nregion_id = cn-north-1\naccess_key = {ACCESS_KEY}\nsecret_key = {}\n",
        SECRET_KEY.replace('%', "%%")
    );
    Jdredis::at(sandbox)
        .env("PATH", &std::env::var("PATH").unwrap())
        // POSIX's way to write +08:00, which needs no time zone database.
        .env("TZ", "CST-8")
        .file(".jdc/config", profile)
        .through(&["sh", "-c", &script])
        .current_dir(folder)
        .run()
}

#[test]
fn both_readmes_have_the_same_code_blocks() {
    let (english, chinese) = (blocks(&read("README.md")), blocks(&read("README.zh-CN.md")));
    assert!(english.len() > 10, "{english:#?}");
    for (english, chinese) in english.iter().zip(&chinese) {
        assert_eq!(english, chinese);
    }
    assert_eq!(english.len(), chinese.len());
}

/// The numbers of a column of exit codes: the first word of a row, after the part that rows begin with.
fn exit_codes(document: &str, begin: &str) -> BTreeSet<u8> {
    document
        .lines()
        .filter_map(|line| line.strip_prefix(begin)?.split_whitespace().next()?.parse().ok())
        .collect()
}

#[test]
fn both_readmes_have_as_many_sections_and_rows_and_the_exit_codes_of_the_help() {
    let help = Jdredis::bare().args(["help", "formats"]).run();
    let (_, codes) = help.data().split_once("\nExit codes:\n").unwrap();
    let documents = ["README.md", "README.zh-CN.md"].map(read);
    for document in &documents {
        assert_eq!(exit_codes(document, "| "), exit_codes(codes, "  "));
    }
    for begin in ["#", "|"] {
        let [english, chinese] = documents.each_ref().map(|document| {
            let lines = document.lines().filter(|line| line.starts_with(begin));
            lines.count()
        });
        assert_eq!(english, chinese, "lines that begin with {begin}");
    }
}

#[test]
fn the_readmes_commands_run_against_the_sandbox() {
    let sandbox = sandbox();
    let folder = tempfile::tempdir().unwrap();
    let mut runs = 0;
    for Block { language, code } in blocks(&read("README.md")) {
        // A command of its own would not end, or is what runs this test.
        let is_left_out = language != "sh" || code.contains("cargo ") || code.contains("redis-server ");
        let missing = ["curl", "man"]
            .into_iter()
            .find(|program| code.contains(&format!("{program} -")) && !is_installed(program));
        if let Some(missing) = missing {
            say_not_run(
                &format!("the README's lines\n{code}"),
                &format!("{missing} is not installed"),
            );
        } else if !is_left_out {
            let outcome = run(&code, &sandbox, folder.path());
            assert_eq!(outcome.code, Some(0), "{code}{outcome:#?}");
            runs += 1;
        }
    }
    assert!(runs > 5, "only {runs} blocks were run");
}

#[test]
fn the_help_fetches_with_curl_without_a_link_in_its_arguments() {
    let help = Jdredis::bare().args(["help", "backup", "url"]).run();
    let (_, example) = help.data().split_once("with curl ").unwrap();
    let (_, command) = example.split_once('\n').unwrap();
    let (command, _) = command.split_once("\n\n").unwrap();
    assert!(
        !command.contains("xargs"),
        "its arguments are seen by every user: {command}"
    );
    let curl = Command::new("curl").args(["--fail-early", "--version"]).output();
    if !curl.is_ok_and(|output| output.status.success()) {
        return say_not_run(command, "curl is not installed, or older than 7.52");
    }
    let folder = tempfile::tempdir().unwrap();
    let outcome = run(command, &sandbox(), folder.path());
    assert_eq!(outcome.code, Some(0), "{command}{outcome:#?}");
    assert!(folder.path().join("20210718020000-newest-0").is_file());
}

#[test]
fn the_readmes_cron_line_fills_an_archive_in_silence_under_crons_own_path() {
    let sandbox = sandbox_builder().fleet_only().object_size(2_000).start().unwrap();
    for (region, instance) in [("cn-north-1", "redis-a"), ("cn-south-1", "redis-b")] {
        sandbox.put_instance(region, FleetInstance::new(instance));
        let start = time::OffsetDateTime::now_utc() - time::Duration::hours(2);
        sandbox.add_backup(region, instance, "b1", start, FleetBackup::Success);
    }
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    let readme = read("README.md");
    let (_, command) = readme.lines().find_map(|line| line.split_once(" * * *  ")).unwrap();
    let command = command.replace("/srv/redis-archive", archive.to_str().unwrap());
    // The test's program is where the line says that it is; the sandbox serves no https.
    let script =
        format!("mkdir -p \"$HOME\"/.cargo/bin && ln -s \"$0\" \"$HOME\"/.cargo/bin/jdredis && {command} --http");
    for _ in 0..2 {
        let profile = format!(
            "[backup]\nregion_id = cn-north-1\naccess_key = {ACCESS_KEY}\nsecret_key = {}\n",
            SECRET_KEY.replace('%', "%%")
        );
        let outcome = Jdredis::bare()
            .env("JDREDIS_ENDPOINT", sandbox.endpoint())
            .env("PATH", "/usr/bin:/bin")
            .file(".jdc/config", profile)
            .through(&["sh", "-c", &script])
            .run();
        assert_eq!(outcome.data(), "", "{command}");
    }
    for region in ["cn-north-1/redis-a", "cn-south-1/redis-b"] {
        assert_eq!(
            fs::read_dir(archive.join(region)).unwrap().count(),
            2,
            "a backup and what is remembered"
        );
    }
}

/// The words of a line without those that are ages, which are others every day.
fn without_age(line: &str) -> String {
    let is_age = |word: &&str| {
        let number = word.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or_default();
        number.parse::<u32>().is_ok()
    };
    line.split_whitespace()
        .filter(|word| !is_age(word))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_readmes_session_shows_what_the_program_prints() {
    let sandbox = sandbox();
    let folder = tempfile::tempdir().unwrap();
    let readme = blocks(&read("README.md"));
    let sessions = readme.iter().filter(|block| block.language == "console");
    let entries: Vec<&str> = sessions.flat_map(|session| session.code.split("$ ").skip(1)).collect();
    assert!(entries.len() > 2);
    for entry in entries {
        let (command, shown) = entry.split_once('\n').unwrap();
        let outcome = run(command, &sandbox, folder.path());
        // A request has a new ID in every run, and a download takes another time.
        let is_compared = |line: &&str| !line.trim_start().starts_with("request ID: ") && !line.contains(" came in ");
        let lines = |text: &str| text.lines().filter(is_compared).map(without_age).collect::<Vec<_>>();
        // A terminal shows the notes before the data and an error after it; one of the streams is empty.
        assert_eq!(lines(&(outcome.stderr + &outcome.stdout)), lines(shown), "{command}");
    }
}

/// The fields that a section of the reference describes.
fn described(section: &str) -> BTreeSet<String> {
    let help = Jdredis::bare().args(["help", "formats"]).run();
    let (_, rest) = help.data().split_once(&format!("\n{section}:\n")).unwrap();
    let section = rest.split("\n\n").next().unwrap();
    let lines = section.lines().filter_map(|line| line.strip_prefix("  "));
    let fields = lines.filter(|line| !line.starts_with(' ') && line.contains("  "));
    fields
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}

/// The fields of a document as the reference writes them, such as `files[].path`.
fn fields(document: &Value, prefix: &str) -> BTreeSet<String> {
    match document {
        Value::Object(object) => object
            .iter()
            .flat_map(|(name, value)| {
                let path = match value {
                    Value::Array(_) => format!("{prefix}{name}[]"),
                    _ => format!("{prefix}{name}"),
                };
                let inner = fields(value, &format!("{path}."));
                inner.into_iter().chain([path]).collect::<Vec<_>>()
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(|entry| fields(entry, prefix)).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn the_reference_describes_every_field_of_the_reports_and_errors() {
    let sandbox = sandbox();
    let folder = tempfile::tempdir().unwrap();
    let print = |command: &str, code: i32| {
        let outcome = run(&format!("{command} -o json"), &sandbox, folder.path());
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
        let text = if code == 0 { outcome.stdout } else { outcome.stderr };
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let download = print(
        "jdredis backup download --instance redis-1234 --base-id 1234 --dir b",
        0,
    );
    let verify = print("jdredis backup verify b/*", 0);
    for (report, section) in [(download, "backup download -o json"), (verify, "backup verify -o json")] {
        let mut ours = fields(&report, "");
        // What is in an RDB file is described once.
        ours.retain(|field| !field.starts_with("files[].rdb."));
        assert_eq!(ours, described(section));
        assert_eq!(fields(&report["files"][0]["rdb"], ""), described("An RDB file"));
    }
    if is_installed("redis-server") {
        let types = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/data/types.rdb");
        let verify = print(&format!("jdredis backup verify --load '{types}'"), 0);
        let load = verify["files"][0]["load"].as_object().unwrap();
        let named = described("A load").into_iter();
        let named: BTreeSet<String> = named.map(|name| name.trim_end_matches("[]").to_owned()).collect();
        assert_eq!(load.keys().cloned().collect::<BTreeSet<_>>(), named);
    }
    let doctor = run("jdredis doctor -o json", &sandbox, folder.path());
    // The sandbox has no https, which is a difference.
    let doctor = serde_json::from_str(doctor.data_with(6)).unwrap();
    let mut of_doctor = fields(&doctor, "");
    // Its fields are described, one by one.
    of_doctor.remove("summary");
    assert_eq!(of_doctor, described("doctor -o json"));
    let shown = print("jdredis backup policy show --instance redis-1234", 0);
    assert_eq!(fields(&shown["policy"], ""), described("A policy"));
    for (command, section) in [
        ("show --instance redis-1234", "backup policy show -o json"),
        ("list", "backup policy list -o json"),
        ("set --instance redis-1234 --off --dry-run", "backup policy set -o json"),
    ] {
        let policy = print(&format!("jdredis backup policy {command}"), 0);
        let (mut ours, mut described) = (fields(&policy, ""), described(section));
        // A policy is described once, and the service's own fields nowhere.
        ours.retain(|field| !["requestId", "result"].contains(&field.split('.').next().unwrap()));
        let is_view = |field: &String| {
            ["policy.", "before.", "after.", "change."]
                .iter()
                .any(|view| field.contains(view))
        };
        ours.retain(|field| !is_view(field));
        described.retain(|field| !is_view(field));
        assert_eq!(ours, described, "{section}");
    }
    let restore = print(
        "jdredis backup restore --instance redis-1234 --base-id 1234 --dry-run",
        0,
    );
    let mut of_restore = fields(&restore, "");
    // The service's own fields are described nowhere.
    of_restore.retain(|field| !field.starts_with("backup."));
    assert_eq!(of_restore, described("backup restore -o json"));
    let error = print("jdredis backup url --instance redis-1234 --base-id 99", 3);
    assert_eq!(fields(&error, ""), described("Errors with -o json"));
}

#[test]
fn the_image_names_its_registry_and_has_the_user_and_group_of_the_cronjob() {
    let image = read("Containerfile");
    let bases = image.lines().filter_map(|line| line.strip_prefix("FROM "));
    // podman refuses most short names where no registry is configured.
    let short: Vec<&str> = bases.filter(|base| !base.starts_with("docker.io/")).collect();
    assert!(short.is_empty(), "{short:?}");
    let user = image.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
    let (user, group) = user.split_once(':').unwrap();
    assert!(image.contains(&format!("groupadd --gid {group} ")), "{image}");
    assert!(
        image.contains(&format!("useradd --uid {user} --gid {group} ")),
        "{image}"
    );
    let cronjob = read(".ci/package.d/jdredis-archive.cronjob.yaml");
    for line in [
        format!("runAsUser: {user}\n"),
        format!("runAsGroup: {group}\n"),
        format!("fsGroup: {group}\n"),
    ] {
        assert!(cronjob.contains(&line), "{line}{cronjob}");
    }
}

#[test]
fn the_help_and_the_manual_page_have_the_same_reference() {
    let help = Jdredis::bare().args(["help", "formats"]).run();
    let help = help.data().trim_end();
    for command in [&["formats"][..], &["formats", "--help"]] {
        let outcome = Jdredis::bare().args(command.iter().copied()).run();
        assert_eq!(outcome.data().trim_end(), help, "{command:?}");
    }
    let page = Jdredis::bare().args(["man"]).run();
    let (_, reference) = page.data().split_once(".SH OUTPUT FORMATS\n").unwrap();
    // A backslash joins two lines of roff.
    let reference = reference.replace("\\\n", "");
    let plain: Vec<String> = reference
        .lines()
        .filter(|line| ![".nf", ".fi"].contains(line))
        .map(|line| match line.strip_prefix(".SS ") {
            Some(title) => title.to_owned() + ":",
            None => line.to_owned(),
        })
        .map(|line| {
            [("\\-", "-"), ("\\(aq", "'"), ("\\(ti", "~"), ("\\&", ""), ("\\e", "\\")]
                .into_iter()
                .fold(line, |line, (roff, plain)| line.replace(roff, plain))
        })
        .collect();
    // Blank lines around sections are the formatter's.
    let lines: Vec<&str> = help.lines().filter(|line| !line.is_empty()).collect();
    let plain: Vec<&str> = plain
        .iter()
        .map(String::as_str)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(plain, lines);
}
