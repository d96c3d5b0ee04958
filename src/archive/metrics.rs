//! The metrics of an archive: a file in the text format of Prometheus, for the textfile collector of node_exporter.
//!
//! The states of instances come from the archive's folders. Two things are taken over from the earlier file: the lines
//! of instances whose folders cannot be read now, and those of the last sync, which `status` keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::modes;
use super::read::{self, Archive, Archived};
use super::runs::Run;
use super::state::{State, Terms};
use crate::values::id::{InstanceId, Region};

/// Everybody may read the file: the collector is another user, and there is no secret in it.
const MODE: u32 = 0o644;

/// The metrics of an instance, with their help. All are gauges, and each is labelled with the instance.
const OF_INSTANCE: [(&str, &str); 5] = [
    (LAST_SUCCESS, "When the newest good backup of the instance began."),
    (
        "jdredis_archive_backups",
        "How many backups of the instance there are, good or not.",
    ),
    (
        "jdredis_archive_bytes",
        "All backups of the instance together, in bytes.",
    ),
    (
        "jdredis_archive_keys",
        "The keys in the newest good backup of the instance.",
    ),
    (STATE, "1 for the state that the instance is in, 0 for the others."),
];
const LAST_SUCCESS: &str = "jdredis_archive_last_success_timestamp_seconds";
const STATE: &str = "jdredis_archive_state";

/// The metrics of the last sync, with their help, in the order of [`LastSync::values`].
const OF_SYNC: [(&str, &str); 4] = [
    (
        "jdredis_archive_sync_start_timestamp_seconds",
        "When the last sync began.",
    ),
    (
        "jdredis_archive_sync_end_timestamp_seconds",
        "When the last sync ended.",
    ),
    ("jdredis_archive_sync_exit_code", "The exit code of the last sync."),
    (
        "jdredis_archive_sync_failures",
        "How many things were wrong in the last sync.",
    ),
];

/// The content of the file.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// By the labels of the instance.
    instances: BTreeMap<String, OfInstance>,
    /// The labels of the instances whose folders could be read whole.
    read_whole: BTreeSet<String>,
    sync: Option<LastSync>,
    /// Whether a sync that ends now writes the file, so that no earlier one counts.
    is_of_sync: bool,
    /// Whether there may be more instances than could be read.
    is_partial: bool,
}

/// The samples of an instance as lines, in the order of [`OF_INSTANCE`].
type OfInstance = [Vec<String>; OF_INSTANCE.len()];

/// The last sync. Times are in seconds since 1970 began in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastSync {
    start: i64,
    end: i64,
    code: i64,
    failures: i64,
}

impl LastSync {
    pub(crate) fn of(run: &Run) -> Self {
        Self {
            start: run.start.unix_timestamp(),
            end: run.end.unix_timestamp(),
            code: run.code.into(),
            failures: i64::try_from(run.failures.len()).unwrap_or(i64::MAX),
        }
    }

    fn values(self) -> [i64; OF_SYNC.len()] {
        [self.start, self.end, self.code, self.failures]
    }
}

impl Metrics {
    /// The metrics of an archive that was read. An archive without instances may be one whose disk is not mounted.
    pub(crate) fn of(archive: &Archive, terms: Terms) -> Self {
        let mut metrics = Self {
            is_partial: archive.instances.is_empty() || !archive.unreadable.is_empty(),
            ..Self::default()
        };
        for archived in &archive.instances {
            let labels = labels(&archived.region, &archived.instance);
            if !read::is_in_doubt(&archive.unreadable, archived) {
                metrics.read_whole.insert(labels.clone());
            }
            let samples = samples(archived, &labels, terms);
            metrics.instances.insert(labels, samples);
        }
        metrics
    }

    /// The metrics where the archive cannot be read.
    pub(crate) fn of_nothing() -> Self {
        Self {
            is_partial: true,
            ..Self::default()
        }
    }

    /// Sets the state of an instance that a run knows better than its folder.
    pub(crate) fn set_state(&mut self, region: &Region, instance: &InstanceId, state: State) {
        let labels = labels(region, instance);
        let of_instance = self.instances.entry(labels.clone()).or_default();
        of_instance[OF_INSTANCE.len() - 1] = state_lines(&labels, state);
    }

    /// Sets the sync that ends now.
    pub(crate) fn end_sync(&mut self, sync: LastSync) {
        self.sync = Some(sync);
        self.is_of_sync = true;
    }

    /// Sets an earlier sync, unless one is known that ended later.
    pub(crate) fn remember_sync(&mut self, sync: LastSync) {
        if !self.is_of_sync && self.sync.is_none_or(|known| known.end <= sync.end) {
            self.sync = Some(sync);
        }
    }

    /// Replaces the file by a rename. What is not known now is taken over from the earlier file.
    ///
    /// # Errors
    /// Where it cannot be written. The earlier one stays then.
    pub(crate) fn replace(mut self, file: &Path) -> io::Result<()> {
        let file = target(file)?;
        let earlier = read::read_file(&file).unwrap_or_default();
        self.take_from(&String::from_utf8_lossy(&earlier));
        write(&file, self.render().as_bytes())
    }

    fn take_from(&mut self, earlier: &str) {
        let earlier = parse(earlier);
        earlier.sync.into_iter().for_each(|sync| self.remember_sync(sync));
        if !self.is_partial {
            return;
        }
        for (labels, its) in earlier.instances {
            if self.read_whole.contains(&labels) {
                continue;
            }
            let known = self.instances.entry(labels).or_default();
            let is_unknown = known[0].is_empty();
            for (known, its) in known.iter_mut().zip(its) {
                if is_unknown && known.is_empty() {
                    *known = its;
                }
            }
        }
    }

    fn render(&self) -> String {
        let mut text = String::new();
        let mut family = |(name, help): (&str, &str), lines: &mut dyn Iterator<Item = &str>| {
            let mut lines = lines.peekable();
            if lines.peek().is_some() {
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
            }
            for line in lines {
                text.push_str(line);
                text.push('\n');
            }
        };
        for (at, about) in OF_INSTANCE.into_iter().enumerate() {
            let lines = self.instances.values().flat_map(|its| &its[at]);
            family(about, &mut lines.map(String::as_str));
        }
        for (at, about) in OF_SYNC.into_iter().enumerate() {
            let line = self.sync.map(|sync| format!("{} {}", about.0, sync.values()[at]));
            family(about, &mut line.iter().map(String::as_str));
        }
        text
    }
}

fn samples(archived: &Archived, labels: &str, terms: Terms) -> OfInstance {
    let newest = archived.newest(terms);
    let began = newest
        .and_then(|backup| backup.start)
        .map(OffsetDateTime::unix_timestamp);
    let line = |at: usize, value: String| vec![format!("{}{{{labels}}} {value}", OF_INSTANCE[at].0)];
    let keys = newest.and_then(|backup| backup.keys);
    [
        began.map(|began| line(0, began.to_string())).unwrap_or_default(),
        line(1, archived.backups.len().to_string()),
        line(2, archived.bytes().to_string()),
        keys.map(|keys| line(3, keys.to_string())).unwrap_or_default(),
        state_lines(labels, archived.judge(terms).state),
    ]
}

fn state_lines(labels: &str, current: State) -> Vec<String> {
    let line = |state: &State| {
        let value = u8::from(*state == current);
        format!("{STATE}{{{labels},state=\"{}\"}} {value}", state.name())
    };
    State::ALL.iter().map(line).collect()
}

/// The labels of an instance. Prometheus itself sets one that is called `instance`.
fn labels(region: &Region, instance: &InstanceId) -> String {
    let (region, instance) = (escaped(region.as_str()), escaped(instance.as_str()));
    format!("region=\"{region}\",cache_instance=\"{instance}\"")
}

/// A label's value as it stands between quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Reads a file that this program wrote; other lines are passed over.
fn parse(text: &str) -> Metrics {
    let mut metrics = Metrics::default();
    let mut sync = [None; OF_SYNC.len()];
    for line in text.lines() {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        if let Some(at) = OF_SYNC.iter().position(|(known, _)| *known == name) {
            sync[at] = line[name.len()..].trim().parse().ok();
        }
        if let Some(at) = OF_INSTANCE.iter().position(|(known, _)| *known == name)
            && let Some((labels, _)) = line[name.len()..].trim_start_matches('{').rsplit_once("} ")
        {
            let labels = labels.rsplit_once(",state=").map_or(labels, |(labels, _)| labels);
            let of_instance = metrics.instances.entry(labels.to_owned()).or_default();
            of_instance[at].push(line.to_owned());
        }
    }
    if let [Some(start), Some(end), Some(code), Some(failures)] = sync {
        metrics.sync = Some(LastSync {
            start,
            end,
            code,
            failures,
        });
    }
    metrics
}

/// Follows a symbolic link to the file. What is no regular file is an error, since a rename would replace a device.
fn target(file: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(file.to_owned()),
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    let file = fs::canonicalize(file)?;
    match fs::metadata(&file)?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no regular file")),
    }
}

/// Writes a new file and renames it. Its name does not end in `.prom`, so that the collector does not read it, and has
/// the number of the process, so that two of them do not write to one file.
fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    let name = file
        .file_name()
        .ok_or_else(|| io::Error::other("it is no name of a file"))?;
    let mut fresh = std::ffi::OsString::from(".");
    fresh.push(name);
    fresh.push(format!(".{}.new", std::process::id()));
    let fresh = file.with_file_name(fresh);
    modes::replace_by(&fresh, file, |fresh| {
        let mut new = File::create_new(fresh)?;
        new.write_all(content)?;
        modes::set_mode(fresh, MODE)?;
        modes::synced(new.sync_all())
    })
}

#[cfg(test)]
mod tests {
    use super::super::read::Unreadable;
    use super::*;

    const LABELS: &str = "region=\"cn-north-1\",cache_instance=\"redis-1\"";

    fn with_state(instance: &str, state: State) -> Metrics {
        let mut metrics = Metrics::default();
        metrics.set_state(&"cn-north-1".parse().unwrap(), &instance.parse().unwrap(), state);
        metrics
    }

    fn sync(end: i64) -> LastSync {
        LastSync {
            start: 1,
            end,
            code: 7,
            failures: 2,
        }
    }

    #[test]
    fn labels_are_escaped_as_the_format_says() {
        assert_eq!(escaped("a\\b\"c\nd主"), "a\\\\b\\\"c\\nd主");
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let mut metrics = with_state("redis-1", State::Shrunk);
        metrics.end_sync(sync(9));
        let text = metrics.render();
        assert!(
            text.contains(&format!("{STATE}{{{LABELS},state=\"shrunk\"}} 1\n")),
            "{text}"
        );
        assert_eq!(text.matches("} 0\n").count(), State::ALL.len() - 1);
        assert!(text.ends_with(" gauge\njdredis_archive_sync_failures 2\n"), "{text}");
        let read = parse(&text);
        assert_eq!(read.render(), text);
        assert_eq!(read.sync, Some(sync(9)));
    }

    #[test]
    fn other_lines_and_half_a_file_are_passed_over() {
        for text in [
            "",
            "# HELP x y\nnode_cpu 3\n",
            "jdredis_archive_sync_end_timestamp_seconds 9",
            "jdredis_archive_sync_exit_code x\njdredis_archive_state{region=",
            "jdredis_archive_bytes",
        ] {
            let read = parse(text);
            assert!(read.instances.is_empty() && read.sync.is_none(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_now_is_taken_from_the_earlier_file_and_nothing_else_is() {
        let success = format!("{LAST_SUCCESS}{{{LABELS}}} 5\n");
        let earlier = success.clone() + &with_state("redis-2", State::Fresh).render();
        let mut whole = with_state("redis-1", State::None);
        whole.take_from(&earlier);
        assert!(!whole.render().contains("redis-2") && !whole.render().contains(&success));
        let mut partial = with_state("redis-1", State::Incomplete);
        partial.is_partial = true;
        partial.take_from(&earlier);
        let text = partial.render();
        assert!(
            text.contains(&success) && text.contains("redis-2\",state=\"fresh\"} 1"),
            "{text}"
        );
        assert!(text.contains(&format!("{LABELS},state=\"incomplete\"}} 1")));
    }

    #[test]
    fn an_instance_that_was_read_loses_its_last_success_also_beside_one_that_cannot_be_read() {
        let earlier = format!("{LAST_SUCCESS}{{{LABELS}}} 5\n");
        let without_backup = || Archived::empty("cn-north-1".parse().unwrap(), "redis-1".parse().unwrap());
        for (unreadable, has_success) in [("d/cn-north-1/redis-2", false), ("d/cn-north-1/redis-1/x", true)] {
            let archive = Archive {
                instances: vec![without_backup()],
                unreadable: vec![Unreadable {
                    path: unreadable.into(),
                    reason: String::new(),
                }],
                ..Archive::default()
            };
            let terms = Terms {
                now: OffsetDateTime::UNIX_EPOCH,
                max_age: None,
                accepts_unverified: false,
            };
            let mut metrics = Metrics::of(&archive, terms);
            metrics.take_from(&earlier);
            assert_eq!(metrics.render().contains(&earlier), has_success, "{unreadable}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_place_of_the_new_file_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (file, elsewhere) = (dir.path().join("x.prom"), dir.path().join("elsewhere"));
        fs::write(&elsewhere, "kept").unwrap();
        let planted = dir.path().join(format!(".x.prom.{}.new", std::process::id()));
        std::os::unix::fs::symlink(&elsewhere, &planted).unwrap();
        write(&file, b"new").unwrap();
        assert_eq!(fs::read(&elsewhere).unwrap(), b"kept");
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&planted).is_err());
    }

    #[test]
    fn the_sync_that_ends_is_the_last_and_of_others_the_later_is() {
        let with_sync = |end| {
            let mut metrics = Metrics::default();
            metrics.end_sync(sync(end));
            metrics.render()
        };
        let mut status = Metrics::default();
        for (end, told) in [(5, 5), (4, 5), (6, 6)] {
            status.take_from(&with_sync(end));
            assert_eq!(status.sync, Some(sync(told)));
        }
        // Although this machine's clock was set back.
        status.end_sync(sync(3));
        status.take_from(&with_sync(8));
        assert_eq!(status.sync, Some(sync(3)));
    }

    /// A path below a file is one that the system cannot look at, which is another thing than a missing one.
    #[cfg(unix)]
    #[test]
    fn metrics_whose_place_cannot_be_looked_at_are_not_taken_for_new() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(target(&file.join("x.prom")).is_err());
        assert!(target(dir.path()).is_err());
        let new = dir.path().join("x.prom");
        assert_eq!(target(&new).unwrap(), new);
    }
}
