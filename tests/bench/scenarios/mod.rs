//! What is measured: a module a scenario.
//!
//! A scenario starts the server it needs, makes the contestants, makes sure that each of them does
//! the job, and hands them to a [`Race`](crate::race::Race).

mod download;
mod http;
mod link;
mod listing;
mod size;
mod tls;
mod verify;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use anyhow::Result;
use tempfile::TempDir;

use crate::contestant::Contestant;
use crate::report::Report;

/// Every scenario, in the order they run.
pub(crate) const ALL: [Scenario; 6] = [
    size::SCENARIO,
    http::SCENARIO,
    tls::SCENARIO,
    listing::SCENARIO,
    download::SCENARIO,
    verify::SCENARIO,
];

/// The program that all this is about.
const JDREDIS: &str = env!("CARGO_BIN_EXE_jdredis");

/// One thing that is measured.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// How many rounds unless told otherwise.
    pub(crate) rounds: usize,
    pub(crate) run: fn(&Setup, usize, &mut Report<'_>) -> Result<()>,
}

/// What the scenarios share.
pub(crate) struct Setup {
    curl: Option<PathBuf>,
    executable: PathBuf,
    /// An empty home for the program, and room for a scenario's files.
    folder: TempDir,
}

impl Setup {
    pub(crate) fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("home"))?;
        Ok(Self {
            curl: on_path("curl"),
            executable: env::current_exe()?,
            folder,
        })
    }

    pub(crate) fn curl(&self) -> Option<&Path> {
        self.curl.as_deref()
    }

    /// jdredis, with an empty home.
    fn jdredis(&self) -> Contestant {
        Contestant::new("jdredis", JDREDIS).env("HOME", self.folder.path().join("home"))
    }
}

/// A program's whole path, so that no search for it is timed.
fn on_path(program: &str) -> Option<PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
}
