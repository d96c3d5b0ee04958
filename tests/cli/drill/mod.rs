//! `backup verify --load` and `archive drill`: real servers where redis-server is installed, and scripts in their
//! place for what a server seldom does.
//!
//! The samples are `data/types.rdb`, which a real server wrote, and files that are put together here, without a
//! checksum.

mod archive;
mod process;
mod real;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Jdredis, Outcome, is_installed, say_not_run};

const TYPES: &[u8] = include_bytes!("../data/types.rdb");

/// Files, scripts, and the folder for temporary files, which has to be empty after a run.
struct Place {
    home: TempDir,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("tmp")).unwrap();
        Self { home }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn tmp(&self) -> PathBuf {
        self.path("tmp")
    }

    fn file(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    /// A script that stands in for a server; its path.
    fn script(&self, name: &str, text: &str) -> String {
        self.file(name, format!("#!/bin/sh\n{text}\n").as_bytes());
        let path = self.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, args: &[&str]) -> Jdredis<'static> {
        Jdredis::bare()
            .current_dir(self.home.path())
            .env("TMPDIR", self.tmp().to_str().unwrap())
            .args(args.iter().copied())
    }

    fn load(&self, args: &[&str]) -> Jdredis<'static> {
        self.command(&["backup", "verify", "--load"]).args(args.iter().copied())
    }

    /// The result of each file by its name, and the run's end.
    fn results(&self, args: &[&str]) -> (Vec<(String, Value)>, Outcome) {
        let outcome = self.load(&["-o", "json"]).args(args.iter().copied()).run();
        self.is_tidy();
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:#?}"));
        let files = document["files"].as_array().unwrap().iter();
        let results = files.map(|file| (file["path"].as_str().unwrap().to_owned(), file["load"].clone()));
        (results.collect(), outcome)
    }

    #[track_caller]
    fn is_tidy(&self) {
        let left: Vec<_> = fs::read_dir(self.tmp()).unwrap().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A file of a version with these bytes between the magic and the end, without a checksum.
fn rdb(version: u16, parts: &[&[u8]]) -> Vec<u8> {
    let magic = format!("REDIS{version:04}").into_bytes();
    let parts = parts.concat();
    [&magic[..], &parts, b"\xff", &[0; 8]].concat()
}

/// A short string.
fn text(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

/// A key whose value is a string.
fn key(name: &str) -> Vec<u8> {
    [b"\0", &text(name)[..], &text("value")].concat()
}

fn database(number: u8) -> Vec<u8> {
    // A length of 14 bits, which any number up to 255 has room in.
    vec![0xfe, 0x40, number]
}

fn without_server() -> bool {
    let is_missing = !is_installed("redis-server");
    if is_missing {
        say_not_run("a load into a real server", "redis-server is not installed");
    }
    is_missing
}
