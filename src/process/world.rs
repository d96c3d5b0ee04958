//! The inputs of the program from its machine: arguments, environment, home folder, streams, terminal,
//! clock and randomness.
//!
//! Only [`World::of_this_process`] takes these from the machine. All other code is given a [`World`], so that a
//! test, or a program that embeds this crate, can replace any part of it. The map in `lib.rs` names what code uses
//! directly all the same, such as files.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use time::{OffsetDateTime, UtcOffset};

use super::streams;
use super::terminal::{Size, SystemTerminal, Terminal};

/// The surroundings of one run of the program.
pub struct World {
    /// The command line, the program's own name first.
    pub args: Vec<OsString>,
    /// Looks up an environment variable. A look-up rather than a copy of the environment, so that
    /// secrets in it are not copied before they are asked for.
    pub env: Box<Environment>,
    /// The user's home folder, which holds the profiles.
    pub home: Option<PathBuf>,
    /// Standard output: data goes there.
    pub stdout: Stream,
    /// Whether standard output may have been closed when the process started, so that data would be
    /// lost.
    pub stdout_may_be_closed: fn() -> bool,
    /// Standard error: everything else goes there.
    pub stderr: Stream,
    /// Wall and monotonic time.
    pub clock: Arc<dyn Clock>,
    /// How far local time is ahead of UTC at a moment, as `TZ` or the system's setting gives it. `None` if
    /// the system cannot tell, as when the process has several threads.
    pub local_offset: fn(OffsetDateTime) -> Option<UtcOffset>,
    /// Fills a buffer with unpredictable bytes.
    pub random: fn(&mut [u8]) -> io::Result<()>,
}

/// A look-up of environment variables.
pub type Environment = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// An output stream and the terminal behind it. Clones are the same stream.
#[derive(Clone)]
pub struct Stream {
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    /// The terminal that the stream leads to, if it leads to one.
    pub terminal: Option<Arc<dyn Terminal>>,
}

/// Time as the program sees it.
pub trait Clock: Send + Sync {
    /// The wall clock, in UTC.
    fn now(&self) -> OffsetDateTime;
    /// Time since some fixed moment; never runs backwards.
    fn monotonic(&self) -> Duration;
    /// Blocks the calling thread for at least this long.
    fn sleep(&self, duration: Duration);
}

impl World {
    /// The surroundings of the running process.
    pub fn of_this_process() -> Self {
        Self {
            args: std::env::args_os().collect(),
            env: Box::new(|name| std::env::var_os(name)),
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            stdout: Stream {
                terminal: io::stdout()
                    .is_terminal()
                    .then(|| Arc::new(SystemTerminal(io::stdout())) as _),
                writer: Arc::new(Mutex::new(Box::new(streams::stdout()))),
            },
            stdout_may_be_closed: streams::stdout_may_be_closed,
            stderr: Stream {
                terminal: io::stderr()
                    .is_terminal()
                    .then(|| Arc::new(SystemTerminal(io::stderr())) as _),
                writer: Arc::new(Mutex::new(Box::new(io::stderr()))),
            },
            clock: Arc::new(SystemClock { start: Instant::now() }),
            local_offset: |moment| UtcOffset::local_offset_at(moment).ok(),
            random: |buffer| getrandom::fill(buffer).map_err(io::Error::from),
        }
    }

    /// Whether a stream leads to a terminal that obeys control sequences. `TERM=dumb` names one that does
    /// not; without `TERM` its abilities are unknown.
    pub(crate) fn can_draw(&self, stream: &Stream) -> bool {
        stream.is_terminal() && self.var("TERM").is_some_and(|term| term != "dumb")
    }

    /// Whether the locale's encoding is UTF-8, so that characters beyond ASCII can be shown.
    pub(crate) fn has_unicode(&self) -> bool {
        // POSIX: the first of the three that is set and not empty decides.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| self.var(name));
        locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
    }

    /// An environment variable as text. Unset and empty are the same, as shells and CI systems
    /// treat them. In a value that is not Unicode the foreign bytes are replaced, so that its parser
    /// refuses it by the variable's name.
    pub(crate) fn var(&self, name: &str) -> Option<String> {
        let value = (self.env)(name)?;
        if value.is_empty() {
            return None;
        }
        // A Unicode value is moved, not copied, since a copy of a secret would not be zeroed.
        let text = value.into_string();
        Some(text.unwrap_or_else(|value| value.to_string_lossy().into_owned()))
    }
}

impl Stream {
    /// A stream that is not a terminal.
    pub fn to(writer: impl Write + Send + 'static) -> Self {
        Self {
            writer: Arc::new(Mutex::new(Box::new(writer))),
            terminal: None,
        }
    }

    /// Whether a person may be looking at the stream.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    /// The size of the terminal's window now, where there is a terminal that tells it.
    pub(crate) fn size(&self) -> Option<Size> {
        self.terminal.as_ref()?.size()
    }

    /// Writes everything and flushes.
    ///
    /// # Errors
    /// The writer's; a closed pipe (EPIPE) is [`io::ErrorKind::BrokenPipe`].
    pub(crate) fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let mut writer = self.lock();
        writer.write_all(bytes)?;
        writer.flush()
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Write + Send>> {
        // After a panic in another thread the writer still works; at worst half a line was written.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct SystemClock {
    start: Instant,
}

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
