//! A contestant: the command that starts a program, and the timing of one run.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// A program with its arguments and its whole environment. It inherits nothing, because the user's proxy or
/// locale could decide a race.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    command: Command,
    /// The folder that is emptied before each run.
    folder: Option<PathBuf>,
}

impl Contestant {
    pub(crate) fn new(name: &'static str, program: impl AsRef<Path>) -> Self {
        let mut command = Command::new(program.as_ref());
        command.env_clear().stdin(Stdio::null());
        Self {
            name,
            command,
            folder: None,
        }
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the folder that the program fills and must find empty.
    pub(crate) fn fills(mut self, folder: PathBuf) -> Self {
        self.folder = Some(folder);
        self
    }

    /// Runs it once and returns its output; a failure is an error.
    pub(crate) fn output(&mut self) -> anyhow::Result<Vec<u8>> {
        self.empty_folder()?;
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = self.command.output().with_context(|| self.name)?;
        let said = String::from_utf8_lossy(&output.stderr);
        self.check(output.status).with_context(|| said.into_owned())?;
        Ok(output.stdout)
    }

    /// Runs it once and returns the time from before its start to after its end; a failure is an error.
    pub(crate) fn time(&mut self) -> anyhow::Result<Duration> {
        self.empty_folder()?;
        self.command.stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let status = self.command.status().with_context(|| self.name)?;
        let took = start.elapsed();
        self.check(status)?;
        Ok(took)
    }

    /// Another program that starts this one: its last arguments are this program and its arguments.
    pub(crate) fn started_by(&self, program: &Path, first: &str) -> Self {
        let env = self.command.get_envs();
        let mut other = Self::new(self.name, program)
            .args([OsStr::new(first), self.command.get_program()])
            .args(self.command.get_args());
        other.command.envs(env.filter_map(|(name, value)| Some((name, value?))));
        other.folder.clone_from(&self.folder);
        other
    }

    fn empty_folder(&self) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)
    }

    fn check(&self, status: ExitStatus) -> anyhow::Result<()> {
        ensure!(status.success(), "{} failed: {status}", self.name);
        Ok(())
    }
}
