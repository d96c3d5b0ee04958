//! The flags of a retention policy, which `prune` and `sync` share, and the zone in which its periods are.

use time::{Duration, OffsetDateTime};

use crate::archive::policy::Policy;
use crate::archive::read::Archive;
use crate::process::world::World;
use crate::values::age::Age;
use crate::values::zone::Zone;

/// What to keep. A backup stays if any of the flags keeps it.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Retention, instance by instance; days, ISO weeks and months are those of TZ")]
pub(crate) struct KeepArgs {
    /// Keep the newest N backups
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep_last: Option<u32>,

    /// Keep what began less than this before the newest good backup, such as 36h, 8d or 2w
    #[arg(long, value_name = "AGE")]
    keep_within: Option<Age>,

    /// Keep the newest backup of each of the last N days that have one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep_daily: Option<u32>,

    /// Keep the newest backup of each of the last N ISO weeks that have one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep_weekly: Option<u32>,

    /// Keep the newest backup of each of the last N months that have one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep_monthly: Option<u32>,
}

impl KeepArgs {
    /// The policy; `None` where no flag was given.
    pub(crate) fn policy(&self) -> Option<Policy> {
        let policy = Policy {
            last: self.keep_last,
            within: self.keep_within,
            daily: self.keep_daily,
            weekly: self.keep_weekly,
            monthly: self.keep_monthly,
        };
        (!policy.is_empty()).then_some(policy)
    }
}

/// The machine's zone over the time of an archive's backups. It must be called before any thread is started.
pub(super) fn zone(archive: &Archive, world: &World) -> Zone {
    let now = world.clock.now();
    let backups = archive.instances.iter().flat_map(|archived| &archived.backups);
    let oldest = backups.filter_map(|backup| backup.start).min();
    // A sync may fetch backups that are up to seven days old, as long as the service keeps them, and one that begins
    // tomorrow by this machine's clock.
    let from = oldest.unwrap_or(now).min(now - Duration::days(30));
    let to: OffsetDateTime = now + Duration::days(7);
    Zone::look_up(world.local_offset, from, to, world.var("TZ"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use time::macros::{date, datetime, offset};

    use super::*;
    use crate::process::world::Clock;

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> OffsetDateTime {
            datetime!(2026-03-10 12:00 UTC)
        }

        fn monotonic(&self) -> std::time::Duration {
            std::time::Duration::ZERO
        }

        fn sleep(&self, _: std::time::Duration) {}
    }

    #[test]
    fn the_days_of_backups_that_a_sync_may_fetch_are_known_too() {
        let world = World {
            clock: Arc::new(Fixed),
            local_offset: |moment| {
                let changes = [datetime!(2026-02-20 00:00 UTC), datetime!(2026-03-11 00:00 UTC)];
                let offsets = [offset!(+1), offset!(+2), offset!(+1)];
                Some(offsets[changes.iter().filter(|change| moment >= **change).count()])
            },
            ..World::of_this_process()
        };
        let zone = zone(&Archive::default(), &world);
        assert_eq!(zone.day(datetime!(2026-02-15 22:30 UTC)), date!(2026 - 02 - 15));
        assert_eq!(zone.day(datetime!(2026-03-09 22:30 UTC)), date!(2026 - 03 - 10));
        assert_eq!(zone.day(datetime!(2026-03-11 22:30 UTC)), date!(2026 - 03 - 11));
    }
}
