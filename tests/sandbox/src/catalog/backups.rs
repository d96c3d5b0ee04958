//! The backups that exist from the start, the same in every region: those of a few instances one
//! by one, and those of two more by the number.

use time::format_description::FormatItem;
use time::macros::{datetime, format_description, offset};
use time::{Duration, OffsetDateTime};

/// How long every backup takes.
const DURATION: Duration = Duration::seconds(90);
/// The time in an object's name, in China's time.
const OBJECT_DATE: &[FormatItem<'static>] = format_description!("[year][month][day][hour][minute][second]");
/// When the first of a numbered set started; each further one is an hour later.
const FIRST_NUMBERED: OffsetDateTime = datetime!(2022-01-01 00:00 UTC);

/// How a backup stands, by the service's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Running = 0,
    Failed = 1,
    Success = 2,
}

/// A backup. Any field but the base ID can be unknown.
#[derive(Debug, Clone)]
pub(crate) struct Backup {
    pub(crate) base_id: String,
    pub(crate) file_name: Option<String>,
    /// In the offset that it is shown in.
    pub(crate) started: Option<OffsetDateTime>,
    pub(crate) ended: Option<OffsetDateTime>,
    pub(crate) is_manual: Option<bool>,
    pub(crate) status: Option<Status>,
    pub(crate) has_size: bool,
    pub(crate) nodes: usize,
    pub(crate) quirk: Option<Quirk>,
}

/// The oddities of a backup's links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// None is for use inside JD Cloud's network.
    NoInternalLinks,
    NoNodeNames,
    /// The last segments of the objects' keys are equal.
    EqualFileNames,
}

impl Backup {
    /// A backup that is running.
    pub(crate) fn started(base_id: &str, file_name: &str, started: OffsetDateTime, nodes: usize) -> Self {
        Self {
            base_id: base_id.to_owned(),
            file_name: Some(file_name.to_owned()),
            started: Some(started),
            ended: None,
            is_manual: Some(true),
            status: Some(Status::Running),
            has_size: false,
            nodes,
            quirk: None,
        }
    }

    /// A backup that succeeded.
    fn succeeded(base_id: &str, file_name: &str, started: OffsetDateTime, nodes: usize) -> Self {
        let mut backup = Self::started(base_id, file_name, started, nodes);
        backup.end(Status::Success);
        backup
    }

    /// Ends a running backup.
    pub(crate) fn end(&mut self, status: Status) {
        self.status = Some(status);
        self.ended = self.started.map(|started| started + DURATION);
        self.has_size = status == Status::Success;
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Whether there is anything to fetch.
    pub(crate) fn has_files(&self) -> bool {
        !matches!(self.status, Some(Status::Running | Status::Failed))
    }

    /// The key of a node's object; `instance` is the ID of the instance that it is a backup of.
    pub(crate) fn key(&self, instance: &str, node: usize) -> String {
        let object = self.object();
        if self.quirk == Some(Quirk::EqualFileNames) {
            format!("{instance}/node{node}/{object}")
        } else {
            format!("{instance}/{object}-{node}")
        }
    }

    /// The last segment of its objects' keys without the shard's number.
    fn object(&self) -> String {
        let (Some(started), Some(file_name)) = (self.started, &self.file_name) else {
            return self.base_id.clone();
        };
        let date = started
            .to_offset(offset!(+8))
            .format(OBJECT_DATE)
            .expect("a date and time of day has every part of the format");
        format!("{date}-{file_name}")
    }
}

/// A time in the form that the service documents.
pub(crate) fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&time::format_description::well_known::Rfc3339)
        .expect("years are of four digits and offsets of whole minutes")
}

/// How many backups an instance has from the start.
pub(crate) fn count(instance: &str) -> usize {
    match Numbered::of(instance) {
        Some(numbered) => numbered.count,
        None => listed(instance).len(),
    }
}

/// The backup at a position of an instance's list. No list is in the order of time.
pub(crate) fn get(instance: &str, position: usize) -> Option<Backup> {
    match Numbered::of(instance) {
        Some(numbered) => (position < numbered.count).then(|| numbered.backup(position)),
        None => listed(instance).into_iter().nth(position),
    }
}

/// A set of backups that are told apart by a number.
struct Numbered {
    prefix: &'static str,
    count: usize,
    /// Has no factor in common with the count, so that steps of it lead to every number.
    stride: usize,
}

impl Numbered {
    fn of(instance: &str) -> Option<Self> {
        let (prefix, count, stride) = match instance {
            "redis-many" => ("many", 10_000, 7_919),
            "redis-odd" => ("odd", 237, 89),
            _ => return None,
        };
        Some(Self { prefix, count, stride })
    }

    fn backup(&self, position: usize) -> Backup {
        let number = position * self.stride % self.count + 1;
        let hours = i64::try_from(number).unwrap_or(i64::MAX);
        let started = FIRST_NUMBERED + Duration::hours(hours);
        let started = if number.is_multiple_of(2) {
            started
        } else {
            started.to_offset(offset!(+8))
        };
        let prefix = self.prefix;
        let mut backup = Backup::started(
            &format!("{prefix}-{number:05}"),
            &format!("{prefix}_{number}"),
            started,
            1,
        );
        backup.is_manual = Some(number % 10 == 3);
        if number % 50 == 7 {
            backup.end(Status::Failed);
        } else if number != self.count {
            backup.end(Status::Success);
        }
        backup
    }
}

/// The backups of an instance that has its own.
fn listed(instance: &str) -> Vec<Backup> {
    match instance {
        "redis-1234" => documented_instance(),
        "redis-cluster1" => vec![Backup::succeeded(
            "a607efba-ff06-4d78-ba3c-b3119fce27fd",
            "backup4",
            datetime!(2021-07-17 15:36:57 +8),
            4,
        )],
        "redis-twins" => vec![quirky("twins", 4, Quirk::EqualFileNames)],
        "redis-nameless" => vec![quirky("nameless", 2, Quirk::NoNodeNames)],
        _ => Vec::new(),
    }
}

fn quirky(name: &str, nodes: usize, quirk: Quirk) -> Backup {
    Backup::succeeded(name, name, datetime!(2021-07-17 07:36:57 UTC), nodes).with(|backup| backup.quirk = Some(quirk))
}

fn documented_instance() -> Vec<Backup> {
    let automatic = |backup: &mut Backup| backup.is_manual = Some(false);
    vec![
        // As text its time is later than that of `newest`.
        Backup::succeeded("second", "second", datetime!(2021-07-18 01:00 +8), 1).with(automatic),
        Backup::started("running", "running", datetime!(2021-07-20 02:00 UTC), 1),
        // The IDs and the object of the documentation's example.
        Backup::succeeded("1234", "backup1", datetime!(2021-07-14 15:36:57 +8), 1),
        Backup::succeeded("newest", "newest", datetime!(2021-07-17 18:00 UTC), 1),
        Backup::started("failed", "failed", datetime!(2021-07-19 10:00 +8), 1).with(|backup| {
            backup.end(Status::Failed);
            automatic(backup);
        }),
        Backup::succeeded("bare", "bare", datetime!(2021-07-13 00:00 UTC), 1).with(|backup| {
            backup.file_name = None;
            backup.started = None;
            backup.ended = None;
            backup.is_manual = None;
            backup.status = None;
            backup.has_size = false;
        }),
        Backup::succeeded("no-internal", "backup2", datetime!(2021-07-15 07:36:57 UTC), 1)
            .with(automatic)
            .with(|backup| backup.quirk = Some(Quirk::NoInternalLinks)),
        Backup::succeeded("undated", "undated", datetime!(2021-07-13 00:00 UTC), 1).with(|backup| {
            backup.started = None;
            backup.ended = None;
        }),
        Backup::succeeded("empty", "backup3", datetime!(2021-07-16 15:36:57 +8), 0),
        Backup::succeeded("unsized", "unsized", datetime!(2021-07-12 07:36:57 UTC), 1).with(|backup| {
            backup.ended = None;
            backup.has_size = false;
        }),
    ]
}
