//! Harmful names in the service's answers: no control character reaches the terminal, a row stays one
//! line, and a file stays in its folder.

use std::fs;
use std::path::Path;

use jdredis_sandbox::{Reply, Sandbox};
use serde_json::{Value, json};

use crate::support::{Jdredis, sandbox_builder};
use crate::terminal::run_at;

const INSTANCES: [&str; 4] = ["instance", "list", "--region", "cn-north-1"];
const BACKUPS: [&str; 6] = ["backup", "list", "--region", "cn-north-1", "--instance", "redis-1234"];
const OF_BACKUP: [&str; 6] = [
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
    "--base-id",
    "1234",
];
const FORMATS: [&str; 3] = ["table", "json", "plain"];
/// In bytes.
const LONG: usize = 64 * 1024;

fn names() -> Vec<String> {
    let short = [
        "",
        "plain",
        "\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}[8m",
        "\u{9b}31m\u{8}\0\u{7f}",
        "a\nb\r\nerror: c\u{85}\u{2028}\u{2029}\u{b}\u{c}",
        "\u{202e}fdp.exe\u{202c}\u{2066}\u{200f}\u{61c}\u{feff}",
        "../../escaped",
        "/etc/passwd",
        "..\\..\\escaped",
        "..",
        ".hidden",
        "a.part",
        "C:\\escaped:stream",
        "全角　名称",
        "e\u{301}\u{308}\u{20dd}\u{fe0f}",
        "👩\u{200d}🚀🇨🇳",
        "\"quoted\",\\n\t<b>&amp;",
    ];
    let long = ["x", "长", "e\u{301}", "\u{1b}", "\u{202e}", "../"].map(|part| part.repeat(LONG / part.len()));
    short.map(str::to_owned).into_iter().chain(long).collect()
}

/// Whether a terminal acts on the character instead of showing it.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[track_caller]
fn assert_harmless(output: &str) {
    let found = output.lines().find(|line| line.contains(acts));
    assert_eq!(found, None, "this acts on a terminal");
}

/// Checks what the command prints in each format when the answer's `list` has these entries.
fn check_listing(args: &[&str], list: &str, entries: &[Value]) {
    let sandbox = sandbox_builder().start().unwrap();
    let body = json!({"requestId": "r", "result": {list: entries, "totalCount": entries.len()}});
    sandbox.always(Reply::json(200, body.to_string()));
    for format in FORMATS {
        let outcome = Jdredis::at(&sandbox)
            .args(args.iter().copied())
            .args(["-o", format])
            .run();
        let data = outcome.data_with(0);
        assert_harmless(data);
        // Warnings and notes quote names too.
        assert_harmless(&outcome.stderr);
        match format {
            "json" => {
                let printed: Value = serde_json::from_str(data).unwrap();
                let printed = printed["result"][list].as_array().unwrap();
                assert_eq!(printed.len(), entries.len());
                for (printed, came) in printed.iter().zip(entries) {
                    let mut fields = came.as_object().unwrap().iter();
                    assert!(
                        fields.all(|(name, value)| printed[name] == *value),
                        "{list} differ from those that came"
                    );
                }
            }
            "plain" => assert_eq!(data.lines().count(), entries.len()),
            _ => assert_eq!(data.lines().count(), entries.len() + 1, "one line a row"),
        }
    }
}

#[test]
fn instance_names_are_harmless_in_every_format() {
    let entries: Vec<Value> = (1..)
        .zip(names())
        .map(|(n, name)| {
            json!({
                "cacheInstanceId": format!("redis-{n}"),
                "cacheInstanceName": name,
                "cacheInstanceType": name,
                "redisVersion": name,
                "cacheInstanceStatus": name,
                "connectionDomain": name,
                "port": 6379,
            })
        })
        .collect();
    check_listing(&INSTANCES, "cacheInstances", &entries);
}

#[test]
fn backup_names_are_harmless_in_every_format() {
    let entries: Vec<Value> = (1..)
        .zip(names())
        .map(|(n, name)| json!({"baseId": n.to_string(), "backupFileName": name, "backupStartTime": name}))
        .collect();
    check_listing(&BACKUPS, "backups", &entries);
}

/// The links of a backup: for each name a node and an object of that name.
fn links(sandbox: &Sandbox, names: &[String]) -> Value {
    let urls = (0..).zip(names).map(|(n, name)| {
        let key: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        json!({"name": name, "link": format!("{}/hostile{n}/{key}?X-Amz-Signature=1", sandbox.endpoint())})
    });
    json!({"requestId": "r", "result": {"downloadUrls": urls.collect::<Vec<_>>()}})
}

#[test]
fn node_and_object_names_are_harmless_in_links() {
    let sandbox = sandbox_builder().start().unwrap();
    let names = names();
    let answer = links(&sandbox, &names);
    sandbox.always(Reply::json(200, answer.to_string()));
    for format in FORMATS {
        let url = ["backup", "url", "-o", format].into_iter().chain(OF_BACKUP);
        let outcome = Jdredis::at(&sandbox).args(url).run();
        let data = outcome.data();
        assert_harmless(data);
        match format {
            "json" => assert!(serde_json::from_str::<Value>(data).unwrap() == answer),
            "plain" => assert_eq!(data.lines().count(), names.len()),
            _ => assert_eq!(data.lines().count(), names.len() + 1, "one line a row"),
        }
    }
}

/// A sandbox that serves a file for each name that is short enough for a request, and the number of files.
fn downloadable() -> (Sandbox, usize) {
    let sandbox = sandbox_builder().object_size(400).start().unwrap();
    let names: Vec<String> = names().into_iter().filter(|name| name.len() < LONG / 2).collect();
    let file = sandbox.object("redis-1234", "1234", 0);
    for n in 0..names.len() {
        sandbox.script_for(
            &format!("/hostile{n}/"),
            vec![Reply::new(200).body(file.clone()); FORMATS.len()],
        );
    }
    sandbox.always(Reply::json(200, links(&sandbox, &names).to_string()));
    (sandbox, names.len())
}

/// The names of all files in a folder and its subfolders.
fn files_below(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            names.extend(files_below(&entry.path()));
        } else {
            names.push(entry.file_name().into_string().unwrap());
        }
    }
    names
}

#[test]
fn downloads_put_every_name_into_the_folder() {
    let (sandbox, count) = downloadable();
    for format in FORMATS {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b/c");
        let dir = ["--dir", folder.to_str().unwrap(), "--http", "-o", format];
        let download = ["backup", "download"].into_iter().chain(OF_BACKUP).chain(dir);
        let outcome = Jdredis::at(&sandbox).args(download).run();
        let data = outcome.data_with(0);
        assert_harmless(data);
        // Warnings and notes quote names too.
        assert_harmless(&outcome.stderr);
        match format {
            "json" => {
                let manifest: Value = serde_json::from_str(data).unwrap();
                assert_eq!(manifest["files"].as_array().unwrap().len(), count);
            }
            "plain" => assert_eq!(data.lines().count(), count),
            _ => assert_eq!(data.lines().count(), count + 1, "one line a row"),
        }
        let inside = fs::read_dir(&folder)
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().is_file());
        assert_eq!(inside.count(), count, "the files in the folder");
        let private = files_below(&folder.join(".jdredis"));
        assert_eq!(
            files_below(parent.path()).len(),
            count + private.len(),
            "the files in the folder and outside of it"
        );
        for name in files_below(parent.path()) {
            assert!(
                !name.contains(acts) && !name.starts_with('.') && name.len() <= 210,
                "{name:?}"
            );
        }
    }
}

/// The progress is drawn with control characters, so only those that names could bring are looked for.
#[test]
fn node_names_are_harmless_in_progress_bars() {
    let (sandbox, _) = downloadable();
    let folder = tempfile::tempdir().unwrap();
    // The colours of the table are control characters too.
    let dir = ["--dir", folder.path().to_str().unwrap(), "--http", "--color", "never"];
    let args: Vec<&str> = ["backup", "download"].into_iter().chain(OF_BACKUP).chain(dir).collect();
    let shown = run_at(&sandbox, &args, Some(80));
    assert_eq!(shown.code, std::process::ExitCode::SUCCESS, "{}", shown.stderr);
    assert_harmless(&shown.stdout);
    assert!(
        shown.stderr.contains("\\u{1b}[2J"),
        "no bar of that node: {:?}",
        shown.stderr
    );
    for text in [
        "\u{1b}[2J",
        "\u{1b}]0;",
        "\u{1b}[8m",
        "\u{9b}",
        "\u{202e}",
        "\u{2066}",
        "\u{7}",
        "\u{85}",
        "\u{2028}",
    ] {
        assert!(!shown.stderr.contains(text), "{text:?} in {:?}", shown.stderr);
    }
}

#[test]
fn a_link_too_long_for_a_request_fails_its_file() {
    let sandbox = sandbox_builder().start().unwrap();
    sandbox.always(Reply::json(200, links(&sandbox, &["x".repeat(LONG)]).to_string()));
    let folder = tempfile::tempdir().unwrap();
    let dir = ["--dir", folder.path().to_str().unwrap(), "--http", "-q"];
    let outcome = Jdredis::at(&sandbox)
        .args(["backup", "download"].into_iter().chain(OF_BACKUP).chain(dir))
        .run();
    assert_harmless(outcome.data_before_failure(7, &["error: the file is not whole"]));
    assert_harmless(&outcome.stderr);
}
