//! What `archive drill` and `backup verify --load` have in common: reading and loading a file with a status line, the
//! cells of a row, and the error at the end.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::commands::Context;
use crate::drill::{Load, NoServer, Outcome, Server, Stage, Stopped, Subject};
use crate::error::{Kind, Report};
use crate::rdb::{Findings, Reader};
use crate::terminal::escape::visible;
use crate::terminal::human;
use crate::terminal::status_line::StatusLine;

/// In bytes; larger ones are no faster.
const BUFFER_SIZE: usize = 256 * 1024;
/// How many bytes pass between two looks at the signals.
const STEP: u64 = 8 << 20;

/// The header of the cells of [`cells`].
pub(super) const HEADER: [&str; 4] = ["RESULT", "KEYS", "MEMORY", "SECONDS"];

/// Loads files, one after the other.
pub(super) struct Loader<'a> {
    server: Server,
    context: &'a Context<'a>,
    stop: Arc<AtomicBool>,
    line: StatusLine<'a>,
}

impl<'a> Loader<'a> {
    /// Finds the server: the program at the path that was given, or one of `PATH`. From now on the first signal only
    /// raises a flag, so that the server can be ended.
    ///
    /// # Errors
    /// If no server can be found or started.
    pub(super) fn new(given: Option<&Path>, context: &'a Context<'a>) -> anyhow::Result<Self> {
        let server = Server::find(given, context.world).map_err(no_server)?;
        Ok(Self {
            server,
            context,
            stop: context.interrupt.defer_first_signal(),
            line: StatusLine::new(context.notes),
        })
    }

    /// Whether a signal has asked the run to end.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Reads a file to its end. Returns how many bytes it has, and what is in them. `also` gets all bytes, in order.
    ///
    /// # Errors
    /// [`Stopped`] where a signal came; the inner error where the file cannot be read.
    pub(super) fn read(
        &self,
        name: &str,
        path: &Path,
        mut also: impl FnMut(&[u8]),
    ) -> Result<io::Result<(u64, Findings)>, Stopped> {
        let mut reader = Reader::new();
        let mut buffer = vec![0; BUFFER_SIZE];
        let mut total = 0;
        let mut shown = 0;
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, mut file) = match opened {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(error)),
        };
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    reader.update(&buffer[..count]);
                    also(&buffer[..count]);
                    total += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Err(error)),
            }
            if total - shown >= STEP {
                shown = total;
                self.show(name, &format!("reading, {} %", human::percent(total, length)));
                if self.is_stopped() {
                    return Err(Stopped);
                }
            }
        }
        Ok(Ok((total, reader.finish())))
    }

    /// Has a server load a file.
    ///
    /// # Errors
    /// Where a signal came.
    pub(super) fn load(&self, name: &str, subject: Subject<'_>) -> Result<Load, Stopped> {
        let patience = self.context.globals.timeout;
        let note = |stage| self.show(name, &words(stage));
        let load = self
            .server
            .load(subject, patience, self.context.world, &self.stop, note);
        self.line.clear();
        let mut load = load?;
        if let Some(reason) = load.reason.as_mut().filter(|_| load.result == Outcome::NoProgress) {
            reason.push_str("; --timeout allows for more");
        }
        Ok(load)
    }

    fn show(&self, name: &str, doing: &str) {
        self.line.show(format!("{}: {doing}", visible(name)));
    }

    /// The error of a run that a signal ended.
    pub(super) fn interrupted(&self, done: usize) -> Report {
        let kind = Kind::Interrupted(self.context.interrupt.signal());
        let message = format!("interrupted after {done} files; the server was ended, and nothing is left of it");
        Report::with_hint(
            kind,
            message,
            "run this again; --instance or file names choose those that are left",
        )
    }
}

fn words(stage: Stage) -> String {
    match stage {
        Stage::Starting => "the server starts".to_owned(),
        Stage::Loading(None, _) => "loading".to_owned(),
        Stage::Loading(Some(percent), None | Some(0)) => format!("loading, {percent} %"),
        Stage::Loading(Some(percent), Some(left)) => format!("loading, {percent} %, {} left", human::duration(left)),
        Stage::Ending => "the server ends".to_owned(),
    }
}

fn no_server(error: NoServer) -> Report {
    let hint = match &error {
        NoServer::NotInstalled => {
            "install one (the package redis-server or valkey-server; redis on some systems), or give its path with \
             --redis-server"
        }
        NoServer::Unusable { .. } => "give the path of a redis-server or valkey-server with --redis-server",
        NoServer::Unsupported => "run this on Linux, macOS or another Unix",
    };
    Report::with_hint(Kind::Other, format!("no server to load with: {error}"), hint)
}

/// The cells of a row under [`HEADER`].
pub(super) fn cells(load: &Load) -> [String; 4] {
    let text = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        load.result.name().to_owned(),
        text(load.keys()),
        load.used_memory.map(human::size).unwrap_or_default(),
        format!("{:.2}", load.seconds),
    ]
}

/// The error of a run whose files have these results; `None` where all were loaded. A damaged file (exit code 7) wins
/// over what is wrong with this machine (1).
pub(super) fn verdict<'a>(loads: impl Iterator<Item = (&'a Path, &'a Load)>) -> Option<Report> {
    let loads: Vec<_> = loads.collect();
    let bad: Vec<_> = loads
        .iter()
        .filter(|(_, load)| load.result != Outcome::Loaded)
        .collect();
    if bad.is_empty() {
        return None;
    }
    let has = |outcome| bad.iter().any(|(_, load)| load.result == outcome);
    let kind = if has(Outcome::Damaged) {
        Kind::Integrity
    } else {
        Kind::Other
    };
    let lines = bad.iter().map(|(path, load)| {
        let reason = load.reason.as_deref().unwrap_or_default();
        let server = load
            .server
            .as_ref()
            .map(|server| format!("{server}: "))
            .unwrap_or_default();
        format!("{}: {}, {server}{reason}", path.display(), load.result.name())
    });
    let hints = [
        Outcome::Damaged,
        Outcome::ServerTooOld,
        Outcome::ModuleMissing,
        Outcome::TooLittleMemory,
        Outcome::NoProgress,
        Outcome::Failed,
    ];
    let hints: Vec<&str> = hints.into_iter().filter(|outcome| has(*outcome)).map(hint).collect();
    let message = format!(
        "{} of {} files were not loaded as they should be",
        bad.len(),
        loads.len()
    );
    Some(Report::with_hint(kind, message, hints.join("; ")).details(lines.collect()))
}

fn hint(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Loaded => "",
        Outcome::Damaged => {
            "a damaged file cannot be restored as it is: take another backup, and look at the instance itself"
        }
        Outcome::ServerTooOld => {
            "install a server that is at least as new as the one that wrote the file, for --redis-server"
        }
        Outcome::ModuleMissing => {
            "give a --redis-server that has the module built in or loads it, such as a script around it"
        }
        Outcome::TooLittleMemory => "run this on a machine with more memory",
        Outcome::NoProgress => "look at the load of this machine and its disk",
        Outcome::Failed => "look at the server's words above, and whether --redis-server is the right program",
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_stage_of_a_load_is_told_in_words() {
        for (stage, said) in [
            (Stage::Starting, "the server starts"),
            (Stage::Loading(None, None), "loading"),
            (Stage::Loading(Some(40), Some(0)), "loading, 40 %"),
            (Stage::Loading(Some(40), Some(90)), "loading, 40 %, 1 min 30 s left"),
            (Stage::Ending, "the server ends"),
        ] {
            assert_eq!(words(stage), said);
        }
    }

    #[test]
    fn a_damaged_file_decides_the_exit_code_and_each_kind_of_result_is_advised_on_once() {
        let results = [
            Outcome::ServerTooOld,
            Outcome::Loaded,
            Outcome::Damaged,
            Outcome::ServerTooOld,
        ];
        let loads = results.map(|result| Load::failed(result, "said so".to_owned()));
        let report = verdict(loads.iter().map(|load| (Path::new("f"), load))).unwrap();
        assert_eq!(report.kind, Kind::Integrity);
        assert!(report.message.starts_with("3 of 4 files"), "{}", report.message);
        assert_eq!(report.details[1], "f: damaged, said so");
        let hint = report.hint.unwrap();
        let (damaged, too_old) = hint.split_once("; ").unwrap();
        assert!(damaged.contains("take another backup"), "{hint}");
        assert!(
            too_old.starts_with("install a server") && !too_old.contains("; "),
            "{hint}"
        );
        assert!(verdict([(Path::new("f"), &loads[1])].into_iter()).is_none());
    }
}
