//! `runs.jsonl`: a line of JSON for each sync, and for each prune that removed something or failed to. It tells an
//! auditor what came in each night and what was wrong.
//!
//! A line is appended by one write and synchronised (fsync) before the run ends. A kill in between, or a full disk,
//! may leave a part of a line. The next line then begins with a newline, and reading skips the part.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::manifest::{FORMAT_VERSION, PROGRAM};
use super::modes::{self, Modes};

/// The file's name, in DIR.
const RUNS: &str = "runs.jsonl";
/// How long a line is kept.
const KEPT: Duration = Duration::days(2 * 366);

/// A run. Every key is always there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    /// The version of the format, as in `backup.json`.
    pub(crate) format_version: u32,
    /// `sync` or `prune`.
    pub(crate) command: String,
    /// To the second.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) start: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) end: OffsetDateTime,
    /// The exit code.
    pub(crate) code: u8,
    /// How many instances it was about.
    pub(crate) instances: usize,
    /// How many backups came.
    pub(crate) new: usize,
    /// The length of those together, in bytes.
    pub(crate) bytes: u64,
    /// How many backups a policy removed.
    pub(crate) pruned: usize,
    /// The folders of the new backups, below DIR and with `/` between their parts.
    pub(crate) folders: Vec<String>,
    /// Likewise of those that were removed.
    pub(crate) pruned_folders: Vec<String>,
    /// What was wrong.
    pub(crate) failures: Vec<Trouble>,
    /// What a person should see although it changes no exit code.
    pub(crate) warnings: Vec<Trouble>,
    /// The program, such as `jdredis 0.2.0`.
    pub(crate) by: String,
}

/// Something that was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trouble {
    /// `None` where it is about no region, or about several.
    pub(crate) region: Option<String>,
    pub(crate) instance: Option<String>,
    /// The instance's state.
    pub(crate) state: Option<String>,
    /// In words.
    pub(crate) reason: String,
}

impl Run {
    /// A run that has just begun.
    pub(crate) fn new(command: &str, start: OffsetDateTime) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            command: command.to_owned(),
            start: start.truncate_to_second(),
            end: start.truncate_to_second(),
            code: 0,
            instances: 0,
            new: 0,
            bytes: 0,
            pruned: 0,
            folders: Vec::new(),
            pruned_folders: Vec::new(),
            failures: Vec::new(),
            warnings: Vec::new(),
            by: PROGRAM.to_owned(),
        }
    }

    /// Ends it. `message` becomes its failure where it has none.
    pub(crate) fn end(&mut self, now: OffsetDateTime, code: u8, message: Option<String>) {
        self.end = now.truncate_to_second();
        self.code = code;
        if self.failures.is_empty() {
            self.failures.extend(message.map(Trouble::of_run));
        }
    }
}

impl Trouble {
    /// One that is about no instance.
    pub(crate) fn of_run(reason: String) -> Self {
        Self {
            region: None,
            instance: None,
            state: None,
            reason,
        }
    }
}

/// A folder as it stands in a line: below DIR, with `/` between its parts.
pub(crate) fn below(dir: &Path, folder: &Path) -> String {
    let parts = folder.strip_prefix(dir).unwrap_or(folder).components();
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// The path of the file in an archive.
pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join(RUNS)
}

/// The runs that began at this moment or later, in the order of their ends; none where there is no file yet. A line
/// that cannot be parsed is skipped.
///
/// # Errors
/// Where the file cannot be read.
pub(crate) fn read(dir: &Path, since: OffsetDateTime) -> io::Result<Vec<Run>> {
    let mut runs = Vec::new();
    each_line(dir, |line| {
        if let Some(run) = parse(line).filter(|run| run.start >= since) {
            runs.push(run);
        }
    })?;
    Ok(runs)
}

/// The last sync in the file.
pub(crate) fn last_sync(dir: &Path) -> Option<Run> {
    let mut last = None;
    let found = each_line(dir, |line| {
        if let Some(run) = parse(line).filter(|run| run.command == "sync") {
            last = Some(run);
        }
    });
    found.ok().and(last)
}

/// Appends a run, and synchronises the file. `is_alone` says that this process holds the archive's lock; only then are
/// runs removed that are older than two years.
///
/// # Errors
/// Where it cannot be written. What was there stays.
pub(crate) fn append(dir: &Path, run: &Run, is_alone: bool) -> io::Result<()> {
    let modes = Modes::of_dir(dir)?;
    if is_alone {
        forget_old(dir, modes, run.end - KEPT)?;
    }
    let path = path(dir);
    let is_new = is_missing(&path)?;
    let mut file = File::options().append(true).read(true).create(true).open(&path)?;
    if is_new {
        modes::set_mode(&path, modes.file)?;
    }
    let length = file.metadata()?.len();
    let mut line = Vec::new();
    if length > 0 && !ends_with_newline(&path, length)? {
        line.push(b'\n');
    }
    serde_json::to_writer(&mut line, run)?;
    line.push(b'\n');
    let written = file.write_all(&line).and_then(|()| modes::synced(file.sync_all()));
    if written.is_err() && is_alone {
        // Takes back the part of a line that a full disk has left.
        let _ = file.set_len(length);
    }
    written?;
    match is_new {
        true => modes::sync_folder(dir),
        false => Ok(()),
    }
}

/// Whether the file is missing. A link or a device in its place is an error.
fn is_missing(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
        Ok(metadata) if metadata.is_file() => Ok(false),
        Ok(_) => Err(io::Error::other("it is no regular file")),
    }
}

fn ends_with_newline(path: &Path, length: u64) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Replaces the file by one without the runs that ended before `limit`, where there are any.
fn forget_old(dir: &Path, modes: Modes, limit: OffsetDateTime) -> io::Result<()> {
    let mut kept = Vec::new();
    let mut has_old = false;
    each_line(dir, |line| match parse(line) {
        Some(run) if run.end < limit => has_old = true,
        // A line that cannot be parsed may be one of a newer program, and stays.
        _ => {
            kept.extend_from_slice(line);
            kept.push(b'\n');
        }
    })?;
    if !has_old {
        return Ok(());
    }
    modes.replace_durably(&path(dir), &kept)
}

fn parse(line: &[u8]) -> Option<Run> {
    let run: Run = serde_json::from_slice(line).ok()?;
    (run.format_version <= FORMAT_VERSION).then_some(run)
}

/// Hands out the lines, without their ends.
fn each_line(dir: &Path, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let path = path(dir);
    if is_missing(&path)? {
        return Ok(());
    }
    let mut reader = BufReader::new(File::open(&path)?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        take(line.strip_suffix(b"\n").unwrap_or(&line));
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn run(end: OffsetDateTime) -> Run {
        let mut run = Run::new("sync", end - Duration::hours(1));
        run.end(end, 7, Some("no keys".to_owned()));
        run
    }

    #[test]
    fn a_run_is_read_as_it_was_written_in_utc() {
        let dir = tempfile::tempdir().unwrap();
        let moment = datetime!(2026-03-10 03:15:20.5 UTC);
        append(dir.path(), &run(moment), true).unwrap();
        let text = fs::read_to_string(path(dir.path())).unwrap();
        assert!(
            text.starts_with(r#"{"formatVersion":1,"command":"sync","start":"2026-03-10T02:15:20Z","end":"2026-03-10T03:15:20Z","code":7,"#),
            "{text}"
        );
        assert!(text.contains(r#""failures":[{"region":null,"instance":null,"state":null,"reason":"no keys"}]"#));
        assert_eq!(read(dir.path(), moment - Duration::hours(2)).unwrap(), [run(moment)]);
        assert_eq!(read(dir.path(), moment).unwrap(), [], "it began before");
        assert_eq!(last_sync(dir.path()), Some(run(moment)));
    }

    #[test]
    fn a_run_is_a_line_and_names_folders_below_dir() {
        let dir = tempfile::tempdir().unwrap();
        let moment = datetime!(2026-03-10 03:15 UTC);
        for _ in 0..3 {
            append(dir.path(), &run(moment), true).unwrap();
        }
        let text = fs::read_to_string(path(dir.path())).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        let folder = dir.path().join("cn-north-1").join("redis-1").join("unknown-1");
        assert_eq!(below(dir.path(), &folder), "cn-north-1/redis-1/unknown-1");
    }

    #[test]
    fn a_line_that_is_cut_off_anywhere_costs_itself_alone() {
        let moment = datetime!(2026-03-10 03:15 UTC);
        let whole = serde_json::to_vec(&run(moment)).unwrap();
        for cut in (0..whole.len()).step_by(7) {
            let dir = tempfile::tempdir().unwrap();
            append(dir.path(), &run(moment), true).unwrap();
            let mut file = File::options().append(true).open(path(dir.path())).unwrap();
            file.write_all(&whole[..cut]).unwrap();
            append(dir.path(), &run(moment), true).unwrap();
            assert_eq!(read(dir.path(), moment - Duration::DAY).unwrap().len(), 2, "{cut}");
        }
    }

    #[test]
    fn what_is_older_than_two_years_goes_once_another_is_appended() {
        let dir = tempfile::tempdir().unwrap();
        let now = datetime!(2026-03-10 03:15 UTC);
        for days in [800, 740, 725, 30] {
            append(dir.path(), &run(now - Duration::days(days)), false).unwrap();
        }
        let mut file = File::options().append(true).open(path(dir.path())).unwrap();
        file.write_all(b"{\"formatVersion\":2}\n").unwrap();
        append(dir.path(), &run(now), false).unwrap();
        assert_eq!(read(dir.path(), now - Duration::days(900)).unwrap().len(), 5);
        append(dir.path(), &run(now), true).unwrap();
        let ends: Vec<_> = read(dir.path(), now - Duration::days(900)).unwrap();
        let ages: Vec<_> = ends.iter().map(|run| (now - run.end).whole_days()).collect();
        assert_eq!(ages, [725, 30, 0, 0]);
        let text = fs::read_to_string(path(dir.path())).unwrap();
        assert!(text.contains("{\"formatVersion\":2}\n"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_regular_file_is_neither_read_nor_written() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(path(dir.path())).unwrap();
        let now = datetime!(2026-03-10 03:15 UTC);
        assert!(append(dir.path(), &run(now), true).is_err());
        assert!(read(dir.path(), now).is_err() && last_sync(dir.path()).is_none());
    }

    /// A path below a file is one that the system cannot look at, which is another thing than a missing one.
    #[cfg(unix)]
    #[test]
    fn a_record_that_cannot_be_looked_at_is_not_taken_for_missing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(is_missing(&file.join("runs.jsonl")).is_err());
        assert!(is_missing(dir.path()).is_err());
        assert!(is_missing(&dir.path().join("runs.jsonl")).unwrap());
        assert!(!is_missing(&file).unwrap());
    }
}
