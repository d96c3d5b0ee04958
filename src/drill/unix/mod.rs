//! Runs a server for one file, on Unix.

mod connection;
mod folder;
mod patience;
mod program;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use self::connection::{Connection, Reply};
use self::folder::Folder;
use self::patience::Patience;
use self::program::{knows_pdeathsig, look_up, usable};
use super::cause::{self, End};
use super::compare::{self, Dropped};
use super::info::Info;
use super::log::{self, Log};
use super::memory::{memory_is_limited, memory_is_short, needs};
use super::{Load, NoServer, Outcome, PROGRAMS, Stage, Stopped, Subject, no_progress};
use crate::process::world::{Clock, World};

/// Where programs are looked for if `PATH` is not set: the folders of `execvp`, and that of Redis's own Makefile.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// The waits between two questions for the progress grow from the first to this one: most files are loaded at once.
const TICK: Duration = Duration::from_millis(100);
const FIRST_TICK: Duration = Duration::from_millis(4);
/// How long a server may take to end after `SHUTDOWN`, since it frees its memory first; then it is killed.
const END_LIMIT: Duration = Duration::from_secs(10);
/// The fewest databases that a server is started with: its own default.
const FEWEST_DATABASES: u64 = 16;
/// The most, since a server needs memory for each.
const MOST_DATABASES: u64 = 65_536;
/// As many databases where the reader of RDB files does not know them. JD Cloud sells at most 256.
const UNKNOWN_DATABASES: u64 = 256;
/// The shell writes the number of its process group to the warden, and becomes the server (exec). If the warden is
/// gone, `echo` fails (EPIPE) and no server is started.
const LAUNCH: &str = "echo $$ && exec \"$@\" >log 2>&1";
/// How much of a server's log is read, in bytes.
const MAX_LOG: u64 = 1 << 20;
/// The reason where neither the keys nor the log show that the server read the file.
const NOT_LOADED: &str = "its log does not say that it loaded the file";
/// Has the server check each value to its last element. Redis 6.2 and later know it.
const SANITIZE: &str = "sanitize-dump-payload";

/// A server's program.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    /// The program that has the kernel kill the server when its parent is gone, where it is installed.
    setpriv: Option<PathBuf>,
    /// `PATH`, which the server gets.
    path: String,
}

impl Server {
    /// Finds the server: the program that is given, or the first that `PATH` has.
    ///
    /// # Errors
    /// Where there is none that can be started.
    pub(crate) fn find(given: Option<&Path>, world: &World) -> Result<Self, NoServer> {
        let path = world.var("PATH").unwrap_or_else(|| DEFAULT_PATH.to_owned());
        let program = match given {
            None => PROGRAMS.iter().find_map(|name| look_up(name.as_ref(), &path)),
            Some(name) => Some(usable(name, &path)?),
        };
        let setpriv = look_up("setpriv".as_ref(), &path).filter(|setpriv| knows_pdeathsig(setpriv));
        Ok(Self {
            program: program.ok_or(NoServer::NotInstalled)?,
            setpriv,
            path,
        })
    }

    /// Has a server load a file. `patience` is how long it may make no progress; `note` is told how far it is.
    ///
    /// # Errors
    /// Where `stop` was raised.
    pub(crate) fn load(
        &self,
        subject: Subject<'_>,
        patience: Duration,
        world: &World,
        stop: &AtomicBool,
        mut note: impl FnMut(Stage),
    ) -> Result<Load, Stopped> {
        if let Some(reason) = memory_is_short(subject) {
            return Ok(Load::failed(Outcome::TooLittleMemory, reason));
        }
        let (load, refuses) = self.load_once(true, subject, patience, world, stop, &mut note)?;
        if !refuses {
            return Ok(load);
        }
        let (load, _) = self.load_once(false, subject, patience, world, stop, &mut note)?;
        Ok(load)
    }

    /// Has a server load a file, with [`SANITIZE`] or without. Also returns whether the server ended because it does
    /// not know that directive.
    fn load_once(
        &self,
        sanitizes: bool,
        subject: Subject<'_>,
        patience: Duration,
        world: &World,
        stop: &AtomicBool,
        note: &mut impl FnMut(Stage),
    ) -> Result<(Load, bool), Stopped> {
        let start = world.clock.monotonic();
        let mut running = match RunningServer::start(self, subject, sanitizes, world) {
            Ok(running) => running,
            Err(error) => {
                let reason = format!("no server could be started: {error}");
                return Ok((Load::failed(Outcome::Failed, reason), false));
            }
        };
        let load = running.watch(subject, patience, world, stop, note)?;
        let load = Load {
            seconds: world.clock.monotonic().saturating_sub(start).as_secs_f64(),
            ..load
        };
        let refuses = load.result == Outcome::Failed && running.log().refuses_directive(SANITIZE);
        // A server that did not finish loading answers no SHUTDOWN; dropping `running` kills it.
        if load.databases.is_some() {
            note(Stage::Ending);
            running.end(world);
        }
        Ok((load, refuses))
    }
}

/// A server that runs.
struct RunningServer {
    child: Child,
    status: Option<ExitStatus>,
    connection: Option<Connection>,
    folder: Folder,
}

impl RunningServer {
    fn start(server: &Server, subject: Subject<'_>, sanitizes: bool, world: &World) -> io::Result<Self> {
        let folder = Folder::new(world)?;
        symlink(std::path::absolute(subject.path)?, folder.join("dump.rdb"))?;
        fs::write(folder.join("conf"), configuration(databases(subject), sanitizes))?;
        let mut command = Command::new(folder::SHELL);
        command.args(["-c", LAUNCH, "sh"]);
        if let Some(setpriv) = &server.setpriv {
            command.arg(setpriv).args(["--pdeathsig", "KILL", "--"]);
        }
        let child = command
            .arg(&server.program)
            .arg("conf")
            .env_clear()
            .env("PATH", &server.path)
            .current_dir(folder.path())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(folder.pipe()?)
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder::SHELL)))?;
        // Where memory runs out, the kernel ends the process of the highest score first (proc(5)).
        let _ = fs::write(format!("/proc/{}/oom_score_adj", child.id()), "1000");
        Ok(Self {
            child,
            status: None,
            connection: None,
            folder,
        })
    }

    /// Waits for the end of loading, and returns its result.
    fn watch(
        &mut self,
        subject: Subject<'_>,
        patience: Duration,
        world: &World,
        stop: &AtomicBool,
        note: &mut impl FnMut(Stage),
    ) -> Result<Load, Stopped> {
        let clock = &*world.clock;
        let mut tick = FIRST_TICK;
        let mut stage = Stage::Starting;
        let mut progress = Patience::new(patience, clock.monotonic());
        note(stage);
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(Stopped);
            }
            if let Some(status) = self.has_ended() {
                return Ok(self.judge_ended(subject, status));
            }
            match self.ask(clock) {
                Some(Reply::Text(text)) => {
                    let info = Info(text);
                    match info.is_loading() {
                        Some(true) => {}
                        Some(false) => return Ok(self.judge_loaded(subject, &info)),
                        None => {
                            let reason = "what listens on its socket does not answer as Redis does";
                            return Ok(Load::failed(Outcome::Failed, reason.to_owned()));
                        }
                    }
                    stage = Stage::Loading(info.percent(), info.seconds_left());
                    note(stage);
                    progress.take(info.loaded_bytes(), clock.monotonic());
                }
                Some(Reply::Error(text)) if !text.starts_with("LOADING") => {
                    let reason = format!("it cannot be asked what it has loaded: {}", log::shown(&text));
                    let server = self.log().server();
                    let load = Load::failed(Outcome::Failed, reason);
                    return Ok(Load { server, ..load });
                }
                Some(Reply::Error(_)) => {
                    stage = Stage::Loading(None, None);
                    note(stage);
                }
                None => {}
            }
            if progress.is_over(clock.monotonic()) {
                let server = self.log().server();
                let load = Load::failed(Outcome::NoProgress, no_progress(stage, patience));
                return Ok(Load { server, ..load });
            }
            clock.sleep(tick);
            tick = longer(tick);
        }
    }

    /// The reply to `INFO`; `None` where there is none yet. [`has_ended`](Self::has_ended) tells whether one will come.
    fn ask(&mut self, clock: &dyn Clock) -> Option<Reply> {
        if self.connection.is_none() {
            self.connection = Connection::connect(&self.folder.join(Folder::SOCKET), TICK).ok();
        }
        match self.connection.as_mut()?.ask(&["INFO"], clock) {
            Ok(reply) => reply,
            Err(_) => {
                self.connection = None;
                None
            }
        }
    }

    /// The result for a file that was loaded to its end.
    fn judge_loaded(&self, subject: Subject<'_>, info: &Info) -> Load {
        let databases = info.databases();
        let log = self.log();
        let dropped = Dropped {
            expired: info.expired(),
            empty: log.empty_keys(),
            has_expired_fields: info.has_expired_fields(),
        };
        let compared = match &subject.contents.databases {
            Some(file) => compare::compare(file, &databases, dropped),
            None => Ok(dropped.expired.unwrap_or_default()),
        };
        // A server that read no file has no keys, or those of another file.
        let is_proof = subject.contents.databases.is_some() && !databases.is_empty();
        let (result, expired, reason) = match compared {
            Ok(_) if !is_proof && !log.has_loaded() => (Outcome::Failed, None, Some(NOT_LOADED.to_owned())),
            Ok(expired) => (Outcome::Loaded, Some(expired), remarks(subject, expired, dropped)),
            Err(_) if fs::metadata(subject.path).is_err() => (
                Outcome::Failed,
                None,
                Some("the file is gone or cannot be read any more".to_owned()),
            ),
            Err(difference) if !log.has_loaded() => {
                (Outcome::Failed, None, Some(format!("{NOT_LOADED}: {difference}")))
            }
            Err(difference) => (Outcome::Damaged, dropped.expired, Some(difference)),
        };
        Load {
            result,
            reason,
            server: info.server().or_else(|| log.server()),
            databases: Some(databases),
            expired,
            used_memory: info.used_memory(),
            seconds: 0.0,
        }
    }

    /// The result for a file whose server ended before it had loaded the file.
    fn judge_ended(&self, subject: Subject<'_>, status: ExitStatus) -> Load {
        let log = self.log();
        let (result, reason) = cause::judge(End {
            log: &log,
            status: &status.to_string(),
            was_killed: status.signal() == Some(Signal::KILL.as_raw()),
            is_understood: subject.contents.databases.is_some(),
            needs: needs(subject),
            memory_is_limited: memory_is_limited(),
        });
        Load {
            server: log.server(),
            ..Load::failed(result, reason)
        }
    }

    fn log(&self) -> Log {
        let mut bytes = Vec::new();
        if let Ok(file) = File::open(self.folder.join("log")) {
            // A log that cannot be read counts as empty.
            let _ = file.take(MAX_LOG).read_to_end(&mut bytes);
        }
        Log(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// How the server ended; `None` while it runs.
    fn has_ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status
    }

    /// Asks the server to end, and waits for that. A server that does not end in time is killed by `drop`.
    fn end(&mut self, world: &World) {
        let clock = &*world.clock;
        let start = clock.monotonic();
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        // The server answers only if it refuses.
        let _ = connection.ask(&["SHUTDOWN", "NOSAVE"], clock);
        let mut tick = FIRST_TICK;
        while self.has_ended().is_none() && clock.monotonic().saturating_sub(start) < END_LIMIT {
            clock.sleep(tick);
            tick = longer(tick);
        }
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        // The server may have started others in its group. The group's number is not given to another one before the
        // leader was waited for.
        if self.status.is_none() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
        self.folder.forget_server();
    }
}

/// The wait after one of this length.
fn longer(tick: Duration) -> Duration {
    (tick * 2).min(TICK)
}

/// How many databases a server needs.
fn databases(subject: Subject<'_>) -> u64 {
    match &subject.contents.databases {
        Some(databases) => {
            let highest = databases.iter().map(|database| database.db).max().unwrap_or_default();
            highest.saturating_add(1).clamp(FEWEST_DATABASES, MOST_DATABASES)
        }
        None => UNKNOWN_DATABASES,
    }
}

/// All names are relative to the folder that the server is started in.
fn configuration(databases: u64, sanitizes: bool) -> String {
    let sanitize = if sanitizes {
        format!("{SANITIZE} yes\n")
    } else {
        String::new()
    };
    format!(
        "port 0\nunixsocket {}\nunixsocketperm 700\ndaemonize no\nsave \"\"\nappendonly no\ndatabases {databases}\n\
         dir .\ndbfilename dump.rdb\nloglevel notice\nlogfile \"\"\n{sanitize}",
        Folder::SOCKET
    )
}

/// What a person should know of a file that is loaded.
fn remarks(subject: Subject<'_>, expired: u64, dropped: Dropped) -> Option<String> {
    let mut remarks = Vec::new();
    if subject.contents.databases.is_none() {
        remarks.push("its keys could not be counted without a server, so they were not compared".to_owned());
    }
    if expired > 0 {
        remarks.push(format!("{expired} keys are left out, whose time has passed"));
    }
    if dropped.empty > 0 {
        remarks.push(format!("{} keys are left out, whose values are empty", dropped.empty));
    }
    (!remarks.is_empty()).then(|| remarks.join("; "))
}
