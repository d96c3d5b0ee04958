//! The schedules of automatic backups that exist from the start: one for each way that the service's
//! answer can say on or off.

/// A schedule as a client last wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    /// `None` is not answered.
    pub(crate) automatic: Option<bool>,
    /// English names of days, joined by commas; may be empty.
    pub(crate) period: String,
    /// `HH:mm-HH:mm +0800`; may be empty.
    pub(crate) time: String,
}

impl Policy {
    fn new(automatic: Option<bool>, period: &str, time: &str) -> Self {
        Self {
            automatic,
            period: period.to_owned(),
            time: time.to_owned(),
        }
    }

    /// Whether backups are made by themselves.
    pub(crate) fn is_on(&self) -> bool {
        let has_window = !self.period.is_empty() && !self.time.is_empty();
        has_window && self.automatic != Some(false)
    }
}

/// The policy that an instance has from the start.
pub(crate) fn initial(instance: &str) -> Policy {
    match instance {
        // On, and said by the window alone, as in the documentation's example.
        "redis-1234" => Policy::new(None, "Monday,Thursday", "01:00-02:00 +0800"),
        "redis-odd" => Policy::new(Some(false), "Sunday", "04:00-05:00 +0800"),
        "redis-many" | "redis-bare" => Policy::new(None, "", ""),
        "redis-nameless" => Policy::new(Some(false), "", ""),
        _ => Policy::new(
            Some(true),
            "Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday",
            "03:30-04:30 +0800",
        ),
    }
}
