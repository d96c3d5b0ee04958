//! The build script: tells the program the commit that it is built from, and the target.
//!
//! cargo runs it again only when HEAD moves, so a build after an edit pays nothing for it. Its output depends
//! on nothing but the commit and the target, so builds of one commit are equal.
#![allow(
    clippy::print_stdout,
    reason = "a build script talks to cargo through its standard output"
)]

use std::path::Path;
use std::process::Command;

fn main() {
    // With a path that never changes, cargo does not run this again for every change of a file.
    println!("cargo::rerun-if-changed=src/build.rs");
    let commit = commit().unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=JDREDIS_COMMIT={commit}");
    println!("cargo::rustc-env=JDREDIS_TARGET={}", variable("TARGET"));
    leave_out_unwind_tables();
}

/// Leaves the tables for unwinding out of a release, 350 KiB that are never read, since a panic ends the program. GNU
/// ld and LLD understand the linker script. Where another linker was chosen, it may not, and nothing is left out.
fn leave_out_unwind_tables() {
    let script = Path::new(&variable("CARGO_MANIFEST_DIR")).join("src/no_unwind_tables.ld");
    let script = script.display().to_string();
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    let is_of_linker = |flag: &str| flag.trim_start_matches("-C").trim_start().starts_with("link");
    let is_own_linker = !variable("RUSTC_LINKER").is_empty() || flags.split('\u{1f}').any(is_of_linker);
    let is_release = variable("PROFILE") == "release" && variable("CARGO_CFG_TARGET_OS") == "linux";
    // The compiler driver takes a comma in the path for the end of the linker's argument.
    if is_release && !is_own_linker && !script.contains(',') {
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr,-T,{script}");
    }
}

/// A variable that cargo sets; empty where it is not set.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// The commit of the repository that has this package at its top. A source archive that was unpacked inside
/// another project's repository is not of that project's commit.
fn commit() -> Option<String> {
    let lines = git(&["--show-prefix", "HEAD"])?;
    let [prefix, commit] = lines.as_slice() else {
        return None;
    };
    if !prefix.is_empty() {
        return None;
    }
    for path in moves_with_head() {
        println!("cargo::rerun-if-changed={path}");
    }
    Some(commit.clone())
}

/// The files that change when HEAD gets another commit: HEAD's log or, where git keeps none, HEAD and the files of
/// branches.
fn moves_with_head() -> Vec<String> {
    let exists = |path: &String| Path::new(path).exists();
    let path = |name| git(&["--git-path", name])?.pop().filter(exists);
    let mut paths: Vec<String> = match path("logs/HEAD") {
        Some(log) => vec![log],
        None => ["HEAD", "refs/heads", "packed-refs"]
            .into_iter()
            .filter_map(path)
            .collect(),
    };
    if Path::new(".git").is_file() {
        // Cargo would go on watching another worktree's log after its target folder was copied into this one.
        paths.push(".git".to_owned());
    }
    paths
}

/// The lines that `git rev-parse` prints in the package's folder, where cargo starts this; `None` where git is
/// missing or fails.
fn git(args: &[&str]) -> Option<Vec<String>> {
    // A hook of another repository sets GIT_DIR.
    let output = Command::new("git")
        .arg("rev-parse")
        .args(args)
        .env_remove("GIT_DIR")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| text.lines().map(str::to_owned).collect())
}
