//! The machine's zone over a span of time, for calendar days, ISO weeks and months.
//!
//! It is looked up once, before there are threads: from then on the `time` crate refuses to ask the C library.

use time::{Date, Duration, OffsetDateTime, UtcOffset};

use super::local::LookUpOffset;

/// How far apart the moments are at which the offset is looked up. Between two of them it changes once at most.
/// Since 1970 no zone of the tz database has kept an offset for less than 7 days minus an hour, which was from one
/// Sunday to the next at a change of summer time (Recife in October 2000).
const STEP: Duration = Duration::days(6);
/// The first moment that is looked up; earlier ones get its offset. No backup is that old, since Redis is not.
const FIRST: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// The offsets from UTC of a zone, as `TZ` or the system's setting gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zone {
    /// The offset before the first change.
    first: UtcOffset,
    /// When it changes, and to what; in order.
    changes: Vec<(OffsetDateTime, UtcOffset)>,
    /// The value of `TZ`, where it is set.
    name: Option<String>,
}

impl Zone {
    /// Looks up the offsets from one moment to another; `name` is the value of `TZ`. Where the system does not
    /// tell them, the zone is UTC.
    pub(crate) fn look_up(
        look_up: LookUpOffset,
        from: OffsetDateTime,
        to: OffsetDateTime,
        name: Option<String>,
    ) -> Self {
        let at = |moment| look_up(moment).unwrap_or(UtcOffset::UTC);
        let mut before = from.max(FIRST);
        let first = at(before);
        let mut offset = first;
        let mut changes = Vec::new();
        while before < to {
            let Some(after) = before.checked_add(STEP) else { break };
            let next = at(after);
            if next != offset {
                changes.push((change_between(before, after, offset, at), next));
                offset = next;
            }
            before = after;
        }
        Self { first, changes, name }
    }

    fn offset(&self, moment: OffsetDateTime) -> UtcOffset {
        let count = self.changes.partition_point(|(from, _)| *from <= moment);
        match count.checked_sub(1) {
            Some(last) => self.changes[last].1,
            None => self.first,
        }
    }

    /// The calendar day that a moment lies in.
    pub(crate) fn day(&self, moment: OffsetDateTime) -> Date {
        let local = moment.checked_to_offset(self.offset(moment));
        local.unwrap_or(moment).date()
    }

    /// The offset at a moment and the value of `TZ`, such as `UTC+08:00 (TZ=Asia/Shanghai)`. The offset is `UTC`
    /// alone where the zone has no other, as without zone data.
    pub(crate) fn describe(&self, now: OffsetDateTime) -> String {
        let is_utc = self.first.is_utc() && self.changes.iter().all(|(_, offset)| offset.is_utc());
        let offset = self.offset(now);
        let sign = if offset.is_negative() { '-' } else { '+' };
        let (hours, minutes, _) = offset.as_hms();
        let text = match is_utc {
            true => "UTC".to_owned(),
            false => format!("UTC{sign}{:02}:{:02}", hours.unsigned_abs(), minutes.unsigned_abs()),
        };
        match &self.name {
            Some(name) => format!("{text} (TZ={name})"),
            None => text,
        }
    }
}

/// The first second of the new offset between two moments, by bisection.
fn change_between(
    mut before: OffsetDateTime,
    mut after: OffsetDateTime,
    offset: UtcOffset,
    at: impl Fn(OffsetDateTime) -> UtcOffset,
) -> OffsetDateTime {
    while after - before > Duration::SECOND {
        let middle = before + Duration::seconds((after - before).whole_seconds() / 2);
        match at(middle) == offset {
            true => before = middle,
            false => after = middle,
        }
    }
    after
}

#[cfg(test)]
pub(crate) mod tests {
    use time::macros::{date, datetime, offset};

    use super::*;

    /// A zone of one offset.
    pub(crate) fn fixed(offset: UtcOffset) -> Zone {
        Zone {
            first: offset,
            changes: Vec::new(),
            name: None,
        }
    }

    /// Central European time in 2021.
    pub(crate) fn berlin() -> Zone {
        let look_up: LookUpOffset = |moment| {
            let summer = datetime!(2021-03-28 01:00 UTC)..datetime!(2021-10-31 01:00 UTC);
            Some(if summer.contains(&moment) {
                offset!(+2)
            } else {
                offset!(+1)
            })
        };
        let name = Some("Europe/Berlin".to_owned());
        Zone::look_up(
            look_up,
            datetime!(2020-12-01 00:00 UTC),
            datetime!(2022-02-01 00:00 UTC),
            name,
        )
    }

    #[test]
    fn a_day_is_that_of_the_offset_at_the_moment_itself() {
        let zone = berlin();
        for (moment, day) in [
            (datetime!(2021-03-27 22:59:59 UTC), date!(2021 - 03 - 27)),
            (datetime!(2021-03-27 23:00 UTC), date!(2021 - 03 - 28)),
            (datetime!(2021-03-28 21:59:59 UTC), date!(2021 - 03 - 28)),
            (datetime!(2021-03-28 22:00 UTC), date!(2021 - 03 - 29)),
            (datetime!(2021-10-30 22:00 UTC), date!(2021 - 10 - 31)),
            (datetime!(2021-10-31 22:59:59 UTC), date!(2021 - 10 - 31)),
            (datetime!(2021-10-31 23:00 UTC), date!(2021 - 11 - 01)),
            (datetime!(1900-01-01 23:30 UTC), date!(1900 - 01 - 02)),
        ] {
            assert_eq!(zone.day(moment), day, "{moment}");
        }
        assert_eq!(zone.changes.len(), 2);
        assert_eq!(zone.changes[0].0, datetime!(2021-03-28 01:00 UTC));
        assert_eq!(
            zone.describe(datetime!(2021-07-01 00:00 UTC)),
            "UTC+02:00 (TZ=Europe/Berlin)"
        );
    }

    #[test]
    fn an_offset_that_was_kept_for_a_week_less_an_hour_is_seen() {
        let look_up: LookUpOffset = |moment| {
            // Recife, whose summer time of 2000 ended after a week.
            let summer = datetime!(2000-10-08 03:00 UTC)..datetime!(2000-10-15 02:00 UTC);
            Some(if summer.contains(&moment) {
                offset!(-2)
            } else {
                offset!(-3)
            })
        };
        for minutes in 0..10 * 24 * 60 {
            let from = datetime!(2000-10-01 00:00 UTC) + Duration::minutes(minutes);
            let zone = Zone::look_up(look_up, from, datetime!(2000-11-01 00:00 UTC), None);
            assert_eq!(
                zone.day(datetime!(2000-10-14 02:30 UTC)),
                date!(2000 - 10 - 14),
                "{from}"
            );
            assert_eq!(
                zone.day(datetime!(2000-10-16 02:30 UTC)),
                date!(2000 - 10 - 15),
                "{from}"
            );
        }
    }

    #[test]
    fn without_zone_data_it_is_utc_and_says_so() {
        let (from, to) = (datetime!(2021-01-01 00:00 UTC), datetime!(2022-01-01 00:00 UTC));
        let zone = Zone::look_up(|_| None, from, to, Some("Asia/Shanghai".to_owned()));
        assert_eq!(zone.describe(to), "UTC (TZ=Asia/Shanghai)");
        assert_eq!(zone.day(datetime!(2021-05-05 23:59 UTC)), date!(2021 - 05 - 05));
        let west = fixed(offset!(-3:30));
        assert_eq!(west.describe(to), "UTC-03:30");
        assert_eq!(west.day(datetime!(2021-05-05 03:29 UTC)), date!(2021 - 05 - 04));
    }
}
