//! The instances: a few with names of their own in every region, and in one region so many more
//! that a listing takes several pages.

/// The region with many instances.
const CROWDED_REGION: &str = "cn-east-2";
/// How many instances it has beside those of every region.
const CROWD: u32 = 223;

const STATUSES: [&str; 8] = [
    "running",
    "creating",
    "error",
    "changing",
    "deleting",
    "configuring",
    "restoring",
    "upgrading",
];
const TYPES: [&str; 3] = ["master-slave", "cluster", "native-cluster"];
const VERSIONS: [&str; 4] = ["2.8", "4.0", "5.0", "6.2"];

/// A cache-Redis instance.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) id: String,
    /// Every optional field, or none.
    pub(crate) details: Option<Details>,
}

#[derive(Debug, Clone)]
pub(crate) struct Details {
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) version: &'static str,
    pub(crate) shards: u32,
    pub(crate) memory_mb: u32,
    /// RFC 3339; some are in UTC and some are not.
    pub(crate) created: String,
}

impl Instance {
    fn new(id: &str, name: &str, (status, kind, version): (&'static str, &'static str, &'static str)) -> Self {
        let shards = if kind == "master-slave" { 1 } else { 4 };
        let details = Details {
            name: name.to_owned(),
            status,
            kind,
            version,
            shards,
            memory_mb: shards * 1024,
            created: "2021-05-01T10:20:30Z".to_owned(),
        };
        Self {
            id: id.to_owned(),
            details: Some(details),
        }
    }

    fn without_details(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            details: None,
        }
    }

    /// One of the crowd; every status, type and version is among it.
    fn numbered(number: u32) -> Self {
        let at = |count: usize| usize::try_from(number).unwrap_or_default() % count;
        let kinds = (STATUSES[at(8)], TYPES[at(3)], VERSIONS[at(4)]);
        let mut instance = Self::new(&format!("redis-n{number:04}"), &format!("shop-{number}"), kinds);
        if let Some(details) = &mut instance.details {
            let offset = if number.is_multiple_of(2) { "Z" } else { "+08:00" };
            details.created = format!("2021-{:02}-{:02}T08:00:00{offset}", number % 12 + 1, number % 28 + 1);
        }
        instance
    }

    /// How many shards it has; one when nothing is known of it.
    pub(crate) fn shards(&self) -> usize {
        let shards = self.details.as_ref().map_or(1, |details| details.shards);
        usize::try_from(shards).unwrap_or_default()
    }
}

/// All instances of a region, in no particular order.
pub(crate) fn instances(region: &str) -> Vec<Instance> {
    let crowd = if region == CROWDED_REGION { CROWD } else { 0 };
    let named = [
        Instance::new("redis-odd", "odd totals", ("running", "master-slave", "5.0")),
        Instance::new("redis-cluster1", "cluster1", ("running", "cluster", "4.0")),
        Instance::without_details("redis-bare"),
        Instance::new("redis-many", "many backups", ("changing", "master-slave", "2.8")),
        Instance::new("redis-1234", "documented", ("running", "master-slave", "4.0")),
        Instance::new("redis-wide", "缓存-订单", ("creating", "native-cluster", "6.2")),
        Instance::new("redis-twins", "twins", ("running", "cluster", "5.0")),
        Instance::new("redis-nameless", "", ("error", "native-cluster", "5.0")),
    ];
    named.into_iter().chain((1..=crowd).map(Instance::numbered)).collect()
}
