//! Moments as tables show them: in the machine's local time.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::when::rfc3339;

/// Looks up the offset of local time from UTC at a moment; `None` if the system does not tell.
pub(crate) type LookUpOffset = fn(OffsetDateTime) -> Option<UtcOffset>;

/// The machine's local time, as `TZ` or the system's setting gives it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalTime {
    look_up: LookUpOffset,
    /// The offset at the start of the program. Once there are threads, the `time` crate refuses to ask
    /// the C library, which reads `TZ` from an environment that another thread may be changing.
    at_start: UtcOffset,
}

impl LocalTime {
    /// Must be called before any thread is started.
    pub(crate) fn new(look_up: LookUpOffset, now: OffsetDateTime) -> Self {
        Self {
            look_up,
            at_start: look_up(now).unwrap_or(UtcOffset::UTC),
        }
    }

    /// The moment as RFC 3339 in local time, with the offset of that moment, which may differ from today's.
    pub(crate) fn text(self, moment: OffsetDateTime) -> String {
        let offset = (self.look_up)(moment).unwrap_or(self.at_start);
        let local = moment
            .replace_nanosecond(0)
            .ok()
            .and_then(|moment| moment.checked_to_offset(offset));
        local
            .and_then(|moment| moment.format(&Rfc3339).ok())
            .unwrap_or_else(|| rfc3339(moment))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{datetime, offset};

    use super::*;

    #[test]
    fn a_moment_has_the_offset_of_its_own_day() {
        let summer: LookUpOffset = |moment| {
            Some(if moment.month() as u8 == 7 {
                offset!(+2)
            } else {
                offset!(+1)
            })
        };
        let local = LocalTime::new(summer, datetime!(2021-01-01 0:00 UTC));
        assert_eq!(
            local.text(datetime!(2021-07-14 7:36:57.5 UTC)),
            "2021-07-14T09:36:57+02:00"
        );
        assert_eq!(local.text(datetime!(2021-01-14 23:30 UTC)), "2021-01-15T00:30:00+01:00");
    }

    #[test]
    fn without_an_offset_the_time_is_that_of_the_start_or_utc() {
        let local = LocalTime::new(|_| None, datetime!(2021-01-01 0:00 UTC));
        assert_eq!(local.text(datetime!(2021-07-14 7:36:57 UTC)), "2021-07-14T07:36:57Z");
        let once: LookUpOffset = |moment| (moment.year() == 2021).then_some(offset!(+8));
        let local = LocalTime::new(once, datetime!(2021-01-01 0:00 UTC));
        assert_eq!(
            local.text(datetime!(2022-07-14 7:36:57 UTC)),
            "2022-07-14T15:36:57+08:00"
        );
        assert_eq!(local.text(datetime!(9999-12-31 23:59:59 UTC)), "9999-12-31T23:59:59Z");
    }
}
