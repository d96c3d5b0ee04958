//! Runs a server for one file, on systems of the Unix kind.

mod client;
mod folder;

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process_group};

use self::client::{Answer, Client};
use self::folder::Folder;
use super::compare::{self, Dropped};
use super::info::Info;
use super::words::{self, End};
use super::{Load, NoServer, Outcome, PROGRAMS, Stage, Stopped, Subject, memory, no_progress};
use crate::process::world::{Clock, World};
use crate::terminal::human;

/// Where programs are looked for if `PATH` is not set, as `execvp` does, and where Redis's own Makefile puts them.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// How often the server is asked how far it is; less at first, since most files are loaded at once.
const TICK: Duration = Duration::from_millis(100);
const FIRST_TICK: Duration = Duration::from_millis(4);
/// How long a server may take to end after it was asked to; then it is killed. To free memory takes time.
const FAREWELL: Duration = Duration::from_secs(10);
/// A server has at least 16 databases by its own default, and one needs memory for each.
const FEWEST_DATABASES: u64 = 16;
const MOST_DATABASES: u64 = 65_536;
/// Where the reader of RDB files does not know the databases. JD Cloud sells at most 256.
const UNKNOWN_DATABASES: u64 = 256;
/// Tells the warden the number of the process group before there is a server in it, and becomes the server. Where
/// nobody listens any more, no server is started.
const LAUNCH: &str = "echo $$ && exec \"$@\" >log 2>&1";
/// How much of a server's log is read, in bytes.
const MAX_LOG: u64 = 1 << 20;
/// Where the server's keys do not prove that it read the file, its log has to.
const NOT_LOADED: &str = "its log does not say that it loaded the file";
/// Has the server check each value to its last element. Redis 6.2 and later know it.
const SANITIZE: &str = "sanitize-dump-payload";

/// A server's program.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    /// The program that has the kernel kill the server when its parent is gone, where it is installed.
    setpriv: Option<PathBuf>,
    /// Where the server finds what it starts.
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
        let setpriv = look_up("setpriv".as_ref(), &path).filter(|setpriv| works(setpriv));
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
        for sanitizes in [true, false] {
            let start = world.clock.monotonic();
            let mut run = match Run::start(self, subject, sanitizes, world) {
                Ok(run) => run,
                Err(error) => {
                    return Ok(Load::failed(
                        Outcome::Failed,
                        format!("no server could be started: {error}"),
                    ));
                }
            };
            let outcome = run.watch(subject, patience, world, stop, &mut note)?;
            let load = Load {
                seconds: world.clock.monotonic().saturating_sub(start).as_secs_f64(),
                ..outcome
            };
            let is_older = load.result == Outcome::Failed && words::knows_not(&run.log(), SANITIZE);
            // One that does not get on would not answer; it is killed.
            if load.databases.is_some() {
                note(Stage::Ending);
                run.end(world);
            }
            if !is_older {
                return Ok(load);
            }
        }
        Ok(Load::failed(
            Outcome::Failed,
            "it does not know its own configuration".to_owned(),
        ))
    }
}

/// The path of a program in one of these folders.
fn look_up(name: &Path, path: &str) -> Option<PathBuf> {
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders
        .map(|folder| folder.join(name))
        .find(|path| is_executable(path).is_ok())
}

/// The program that a person names: a path, or a name to look up.
fn usable(name: &Path, path: &str) -> Result<PathBuf, NoServer> {
    let is_bare = name.components().count() == 1 && name.file_name() == Some(name.as_os_str());
    if let Some(found) = is_bare.then(|| look_up(name, path)).flatten() {
        return Ok(found);
    }
    let unusable = |why: String| NoServer::Unusable {
        path: name.to_owned(),
        why,
    };
    // A name such as redis-check-rdb would have the program do something else, so no link is followed here.
    let absolute = std::path::absolute(name).map_err(|error| unusable(error.to_string()))?;
    match is_executable(&absolute) {
        Ok(()) => Ok(absolute),
        Err(why) => Err(unusable(why)),
    }
}

fn is_executable(path: &Path) -> Result<(), String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    match metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 {
        true => Ok(()),
        false => Err("it is no program that can be started".to_owned()),
    }
}

/// Whether a `setpriv` knows `--pdeathsig`, as that of BusyBox does not.
fn works(setpriv: &Path) -> bool {
    let status = Command::new(setpriv)
        .args(["--pdeathsig", "KILL", "--", "/bin/sh", "-c", ":"])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// Why the file does not fit into memory, where that is certain beforehand.
fn memory_is_short(subject: Subject<'_>) -> Option<String> {
    let needs = needs(subject);
    let limit = address_space();
    let available = memory::available().into_iter().chain(limit).min()?;
    if needs <= available {
        return None;
    }
    let of = match subject.contents.used_memory {
        Some(_) => "the server that wrote it used",
        None => "the file alone has",
    };
    Some(format!(
        "{of} {}, and {} are available on this machine",
        human::size(needs),
        human::size(available)
    ))
}

/// How much memory a file takes, as far as it tells.
fn needs(subject: Subject<'_>) -> u64 {
    subject.contents.used_memory.unwrap_or(subject.bytes)
}

/// The limit of a process's address space (`ulimit -v`), in bytes.
fn address_space() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// Whether the system refuses memory rather than killing a process: by a limit, or since it commits no more than it
/// has (proc(5), `overcommit_memory`).
fn memory_is_limited() -> bool {
    let mode = fs::read_to_string("/proc/sys/vm/overcommit_memory").unwrap_or_default();
    address_space().is_some() || getrlimit(Resource::Data).current.is_some() || mode.trim() == "2"
}

/// A server that runs.
struct Run {
    child: Child,
    status: Option<ExitStatus>,
    client: Option<Client>,
    folder: Folder,
}

impl Run {
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
        // Where memory runs out, the kernel shall end the server before anything else (proc(5)).
        let _ = fs::write(format!("/proc/{}/oom_score_adj", child.id()), "1000");
        Ok(Self {
            child,
            status: None,
            client: None,
            folder,
        })
    }

    /// Waits for the end of loading, and says what came of it.
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
        let mut loaded = None;
        let mut progressed_at = clock.monotonic();
        note(stage);
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(Stopped);
            }
            if let Some(status) = self.has_ended() {
                return Ok(self.autopsy(subject, status));
            }
            match self.ask(clock) {
                Some(Answer::Text(text)) => {
                    let info = Info(text);
                    match info.is_loading() {
                        Some(true) => {}
                        Some(false) => return Ok(self.report(subject, &info)),
                        None => {
                            let reason = "what listens on its socket does not answer as Redis does";
                            return Ok(Load::failed(Outcome::Failed, reason.to_owned()));
                        }
                    }
                    stage = Stage::Loading(info.percent(), info.seconds_left());
                    note(stage);
                    if loaded != info.loaded_bytes() {
                        loaded = info.loaded_bytes();
                        progressed_at = clock.monotonic();
                    }
                }
                Some(Answer::Error(text)) if !text.starts_with("LOADING") => {
                    let reason = format!("it cannot be asked what it has loaded: {}", words::answer(&text));
                    let server = words::server(&self.log());
                    let load = Load::failed(Outcome::Failed, reason);
                    return Ok(Load { server, ..load });
                }
                Some(Answer::Error(_)) => {
                    stage = Stage::Loading(None, None);
                    note(stage);
                }
                None => {}
            }
            if clock.monotonic().saturating_sub(progressed_at) > patience {
                let server = words::server(&self.log());
                let load = Load::failed(Outcome::NoProgress, no_progress(stage, patience));
                return Ok(Load { server, ..load });
            }
            clock.sleep(tick);
            tick = (tick * 2).min(TICK);
        }
    }

    /// Its answer to `INFO`; `None` where it gives none yet. Its end is seen elsewhere.
    fn ask(&mut self, clock: &dyn Clock) -> Option<Answer> {
        if self.client.is_none() {
            self.client = Client::connect(&self.folder.join(Folder::SOCKET), TICK).ok();
        }
        match self.client.as_mut()?.ask(&["INFO"], clock) {
            Ok(answer) => answer,
            Err(_) => {
                self.client = None;
                None
            }
        }
    }

    /// What came of a file that is loaded.
    fn report(&self, subject: Subject<'_>, info: &Info) -> Load {
        let databases = info.databases();
        let log = self.log();
        let dropped = Dropped {
            expired: info.expired(),
            empty: words::empty_keys(&log),
            has_expired_fields: info.has_expired_fields(),
        };
        let compared = match &subject.contents.databases {
            Some(file) => compare::compare(file, &databases, dropped),
            None => Ok(dropped.expired.unwrap_or_default()),
        };
        let (result, expired, reason) = match compared {
            // Without a key, a server that looked for no file has what it should.
            Ok(_) if databases.is_empty() && !words::has_loaded(&log) => {
                (Outcome::Failed, None, Some(NOT_LOADED.to_owned()))
            }
            Ok(expired) => (Outcome::Loaded, Some(expired), remarks(subject, expired, dropped)),
            Err(_) if fs::metadata(subject.path).is_err() => (
                Outcome::Failed,
                None,
                Some("the file is gone or cannot be read any more".to_owned()),
            ),
            Err(difference) if !words::has_loaded(&log) => {
                (Outcome::Failed, None, Some(format!("{NOT_LOADED}: {difference}")))
            }
            Err(difference) => (Outcome::Damaged, dropped.expired, Some(difference)),
        };
        Load {
            result,
            reason,
            server: info.server().or_else(|| words::server(&log)),
            databases: Some(databases),
            expired,
            used_memory: info.used_memory(),
            seconds: 0.0,
        }
    }

    /// What came of a file whose server has ended.
    fn autopsy(&self, subject: Subject<'_>, status: ExitStatus) -> Load {
        let log = self.log();
        let (result, reason) = words::judge(End {
            log: &log,
            status: &status.to_string(),
            was_killed: status.signal() == Some(Signal::KILL.as_raw()),
            is_understood: subject.contents.databases.is_some(),
            needs: needs(subject),
            memory_is_limited: memory_is_limited(),
        });
        Load {
            server: words::server(&log),
            ..Load::failed(result, reason)
        }
    }

    fn log(&self) -> String {
        let mut bytes = Vec::new();
        if let Ok(file) = File::open(self.folder.join("log")) {
            // What cannot be read is missing.
            let _ = file.take(MAX_LOG).read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How it ended, once it has.
    fn has_ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status
    }

    /// Asks the server to end, and gives it time to. What is left is killed when this is dropped.
    fn end(&mut self, world: &World) {
        let clock = &*world.clock;
        let start = clock.monotonic();
        let Some(mut client) = self.client.take() else {
            return;
        };
        // It answers only where it refuses.
        let _ = client.ask(&["SHUTDOWN", "NOSAVE"], clock);
        let mut tick = FIRST_TICK;
        while self.has_ended().is_none() && clock.monotonic().saturating_sub(start) < FAREWELL {
            clock.sleep(tick);
            tick = (tick * 2).min(TICK);
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // The group may have more in it than the server. It is there for as long as its leader is not waited for.
        if self.status.is_none() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
        self.folder.forget_server();
    }
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

/// What to know of a file that is loaded.
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
