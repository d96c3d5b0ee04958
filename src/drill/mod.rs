//! The drill: has a real server load a file, and reports the result.
//!
//! A right checksum and a sound structure do not prove that a server can load a file: a value may be broken, a
//! key may be there twice, and a module or memory may be missing. Only loading proves it.
//!
//! # How a server is run
//!
//! For each file a server is started, one after the other:
//!
//! * **In a private folder** (mode 0700) in `TMPDIR`, or in `/tmp` where the path of a socket there would be too
//!   long for the system. It holds the configuration, a link to the file, the socket and the log. The
//!   configuration has relative names only, so that no path needs quotes.
//! * **With a symbolic link to the file.** It costs no room on any file system, works on read-only ones, and
//!   changes nothing of the file, while a hard link would change its ctime. The server opens the file for
//!   reading. It saves nothing (`save ""`, no AOF, `SHUTDOWN NOSAVE`), and a save would replace the link.
//! * **Without a TCP port**, on a socket in the folder, and with nothing in its environment but `PATH`.
//! * **With as many databases as the file has**, since a server ends when a file names one that it does not have.
//! * **With `sanitize-dump-payload yes`** where the server knows it (Redis 6.2 and later): each value is then
//!   checked to its last element. By default a server sees a broken element only when a client reads it.
//!
//! # How nothing is left behind
//!
//! The server has a process group of its own. At the end of a drill this program shuts the server down, or kills the
//! group if the server does not end, and removes the folder. Two guards do this where the program cannot, as after
//! SIGKILL or a second Ctrl-C:
//!
//! * `setpriv --pdeathsig KILL` (util-linux), where it is installed, has the kernel kill the server when its parent
//!   ends.
//! * A small shell, the warden, reads from a pipe that only this program holds open. When the pipe closes, the warden
//!   kills the group and removes the folder. The shell that becomes the server (exec) writes its number to the warden
//!   first, so no server runs unguarded.
//!
//! A server that leaves the group, as with `daemonize yes`, still has the folder as its working directory. On Linux the
//! warden finds it by that (`/proc/PID/cwd`), and kills it.
//!
//! # How the keys are compared
//!
//! A server leaves out keys whose time has passed when it loads, and drops those whose time passes after that. So
//! `keys of the server = keys of the file - expired keys - empty keys`. An empty key is a value without elements;
//! servers from 6.2 on leave it out. All numbers come from one `INFO`, so that no key expires in between.
//!
//! In each database, all keys that never expire must be there, unless the server left out keys for another reason. In
//! all databases together, as many keys must be missing as the server says it dropped. Where fields of hashes have
//! expired (Redis 7.4 and Valkey 9 and later), it does not say how many hashes went with their last field, and any
//! number of keys may be missing. See [`compare`].
//!
//! Where the keys differ, were not counted in the file, or are none, the log must say that a file was loaded. Without
//! that line the server may have loaded nothing, as where a script starts it with a configuration of its own. The file
//! is then neither loaded nor to blame.
//!
//! The parts: [`log`] for the server's log, [`cause`] for why a server ended, [`info`] for what it answers, [`compare`]
//! for the keys, [`memory`] for whether the file fits, `unix` for what needs a Unix: processes, the folder, the socket.

#[cfg(unix)]
mod cause;
#[cfg(unix)]
mod compare;
#[cfg(unix)]
mod info;
#[cfg(unix)]
mod log;
#[cfg(unix)]
mod memory;
#[cfg(unix)]
mod unix;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::rdb::{Contents, Database};

#[cfg(unix)]
pub(crate) use self::unix::Server;

/// The names of servers, in the order in which they are looked for.
#[cfg(unix)]
const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];

/// A file that a server is to load. The reader of RDB files found nothing wrong with it.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(unix), expect(dead_code, reason = "only on Unix a server is started"))]
pub(crate) struct Subject<'a> {
    pub(crate) path: &'a Path,
    /// Its length.
    pub(crate) bytes: u64,
    /// What the reader of RDB files saw in it.
    pub(crate) contents: &'a Contents,
}

/// The result of a drill. The names are those of the column RESULT and of the key `result` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// The server loaded it, and has the keys that it should.
    Loaded,
    /// The server refused it, or has other keys than it should.
    Damaged,
    /// The server does not know the version of the format, or a type in it.
    ServerTooOld,
    /// The server lacks a module whose data is in it.
    ModuleMissing,
    /// This machine has too little memory for it.
    TooLittleMemory,
    /// The server was ended since it made no progress for too long.
    NoProgress,
    /// The server did not start, ended for another reason than the file, or is not known to have loaded it.
    Failed,
}

impl Outcome {
    /// The name in tables and messages, which is that in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Damaged => "damaged",
            Self::ServerTooOld => "server-too-old",
            Self::ModuleMissing => "module-missing",
            Self::TooLittleMemory => "too-little-memory",
            Self::NoProgress => "no-progress",
            Self::Failed => "failed",
        }
    }
}

/// The result for a file, and what the server told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Load {
    pub(crate) result: Outcome,
    /// Why it is not loaded, by the server's log where that tells; or a remark on a file that is loaded. Without
    /// control characters.
    pub(crate) reason: Option<String>,
    /// Which server, such as `Redis 7.0.15`; `None` where it did not tell.
    pub(crate) server: Option<String>,
    /// The keys that the server has. This and the next two are `None` unless it came to the end of loading.
    pub(crate) databases: Option<Vec<Database>>,
    /// How many keys of the file are not among them because their time has passed.
    pub(crate) expired: Option<u64>,
    /// In bytes, of the server after loading.
    pub(crate) used_memory: Option<u64>,
    /// From the start of the server to the end of loading, or to what ended the drill.
    pub(crate) seconds: f64,
}

impl Load {
    /// Of a file that no server has loaded.
    pub(crate) fn failed(result: Outcome, reason: String) -> Self {
        Self {
            result,
            reason: Some(reason),
            server: None,
            databases: None,
            expired: None,
            used_memory: None,
            seconds: 0.0,
        }
    }

    /// All keys that the server has.
    pub(crate) fn keys(&self) -> Option<u64> {
        let databases = self.databases.as_ref()?;
        Some(databases.iter().map(|database| database.keys).sum())
    }
}

/// How far a drill is, for a person who waits.
#[cfg_attr(not(unix), expect(dead_code, reason = "no server is started there"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Starting,
    /// So many percent are loaded, and so many seconds are left, as far as the server tells.
    Loading(Option<u8>, Option<u64>),
    Ending,
}

/// A signal asked the program to end before a drill was done.
#[derive(Debug)]
pub(crate) struct Stopped;

/// Why there is no server to load files.
#[cfg_attr(not(unix), expect(dead_code, reason = "no server is looked for there"))]
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoServer {
    #[error("no redis-server and no valkey-server in PATH")]
    NotInstalled,
    #[error("{}: {why}", path.display())]
    Unusable { path: PathBuf, why: String },
    #[error("only on Unix can a server be started to load files")]
    #[cfg_attr(unix, expect(dead_code, reason = "the other systems report it"))]
    Unsupported,
}

/// Elsewhere no server is started.
#[cfg(not(unix))]
pub(crate) enum Server {}

#[cfg(not(unix))]
impl Server {
    pub(crate) fn find(_: Option<&Path>, _: &crate::process::world::World) -> Result<Self, NoServer> {
        Err(NoServer::Unsupported)
    }

    pub(crate) fn load(
        &self,
        _: Subject<'_>,
        _: Duration,
        _: &crate::process::world::World,
        _: &std::sync::atomic::AtomicBool,
        _: impl FnMut(Stage),
    ) -> Result<Load, Stopped> {
        match *self {}
    }
}

/// The reason of [`Outcome::NoProgress`], in words.
#[cfg(unix)]
fn no_progress(stage: Stage, patience: Duration) -> String {
    let seconds = patience.as_secs_f64();
    let doing = match stage {
        Stage::Starting => "it did not answer",
        Stage::Loading(..) => "loading made no progress",
        Stage::Ending => "it did not end",
    };
    format!("{doing} for {seconds} s, so it was ended")
}
