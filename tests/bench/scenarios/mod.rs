//! The scenarios, a module for each.
//!
//! A scenario starts its server, makes the contestants, checks that each of them does the whole job, and
//! hands them to a [`Race`](crate::race::Race).

mod archive;
mod download;
mod http;
mod link;
mod listing;
mod single;
mod size;
mod tls;
mod verify;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use anyhow::Result;
use tempfile::TempDir;

use crate::contestant::Contestant;
use crate::report::Report;

/// All scenarios, in the order in which they run.
pub(crate) const ALL: [Scenario; 8] = [
    size::SCENARIO,
    http::SCENARIO,
    tls::SCENARIO,
    listing::SCENARIO,
    download::SCENARIO,
    single::SCENARIO,
    verify::SCENARIO,
    archive::SCENARIO,
];

/// The name of the program that is measured.
const JDREDIS: &str = env!("CARGO_BIN_EXE_jdredis");

/// A scenario.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The number of rounds unless `--rounds` sets it.
    pub(crate) rounds: usize,
    pub(crate) run: fn(&Setup, usize, &mut Report<'_>) -> Result<()>,
}

/// The programs and the folder that all scenarios use.
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

/// A program's whole path, so that the search for it is not timed.
fn on_path(program: &str) -> Option<PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
}
