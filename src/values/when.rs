//! Moments and durations as a person types them, and moments as the program prints them.

use std::str::FromStr;

use serde::{Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, Time, UtcOffset};

/// A moment as it is given on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// An exact one.
    At(OffsetDateTime),
    /// A day in UTC.
    Day(Date),
    /// An age: the moment this long before now.
    Ago(Duration),
}

impl When {
    /// The moment, or the first second of the day, in UTC. `None` if its year in UTC is not in 0 to 9999,
    /// the years that RFC 3339 can write.
    pub(crate) fn first(self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let moment = match self {
            Self::At(moment) => moment,
            Self::Day(day) => day.with_time(Time::MIDNIGHT).assume_utc(),
            Self::Ago(age) => now.checked_sub(age)?,
        };
        // `time` panics when it compares a moment whose UTC is out of its range.
        let moment = moment.checked_to_offset(UtcOffset::UTC)?;
        (0..=9999).contains(&moment.year()).then_some(moment)
    }

    /// The moment, or the last second of the day; otherwise like [`first`](Self::first).
    pub(crate) fn last(self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Self::Day(_) => self.first(now)?.checked_add(Duration::seconds(86_399)),
            _ => self.first(now),
        }
    }
}

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = format_description!("[year]-[month]-[day]");
        OffsetDateTime::parse(text, &Rfc3339)
            .map(Self::At)
            .or_else(|_| Date::parse(text, day).map(Self::Day))
            .or_else(|_| age(text).map(Self::Ago).ok_or(()))
            .map_err(|()| "a time is like 2026-01-31T08:00:00+08:00, 2026-01-31 (UTC), or an age such as 36h or 7d")
    }
}

/// A moment as RFC 3339 in UTC; outside the years 0 to 9999, which that cannot write, as Unix time in seconds.
pub(crate) fn rfc3339(moment: OffsetDateTime) -> String {
    moment
        .checked_to_offset(UtcOffset::UTC)
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| moment.unix_timestamp().to_string())
}

/// A time in a JSON document, as [`rfc3339`] writes it; null where there is none.
pub(crate) fn as_rfc3339<S: Serializer>(moment: &Option<OffsetDateTime>, serializer: S) -> Result<S::Ok, S::Error> {
    moment.map(rfc3339).serialize(serializer)
}

/// Reads a duration such as `90s`, `30m`, `36h`, `7d` or `2w`.
pub(crate) fn duration(text: &str) -> Result<std::time::Duration, &'static str> {
    age(text)
        .and_then(|age| age.try_into().ok())
        .ok_or("a duration is a number and a unit, such as 90s, 30m, 2h or 1d")
}

/// Like [`duration`], but a bare number is seconds.
pub(crate) fn wait(text: &str) -> Result<std::time::Duration, &'static str> {
    text.parse::<u32>()
        .map(|seconds| std::time::Duration::from_secs(seconds.into()))
        .or_else(|_| duration(text))
}

/// A whole number and `s`, `m`, `h`, `d` or `w`.
fn age(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    // The unit is one byte long. An age above a century is taken for a typing error.
    let count: u32 = text[..text.len() - 1].parse().ok()?;
    let age = Duration::seconds(i64::from(count).checked_mul(seconds)?);
    (age <= Duration::weeks(5200)).then_some(age)
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-08 12:00 UTC);

    #[test]
    fn a_moment_a_day_and_an_age_are_read() {
        let at = datetime!(2026-01-31 08:00 +8);
        for (text, first, last) in [
            ("2026-01-31T08:00:00+08:00", at, at),
            ("2026-01-31T00:00:00Z", at, at),
            ("2026-01-31", at, datetime!(2026-01-31 23:59:59 UTC)),
            ("36h", datetime!(2026-03-07 00:00 UTC), datetime!(2026-03-07 00:00 UTC)),
            ("7d", datetime!(2026-03-01 12:00 UTC), datetime!(2026-03-01 12:00 UTC)),
            ("0s", NOW, NOW),
        ] {
            let when: When = text.parse().unwrap();
            assert_eq!((when.first(NOW), when.last(NOW)), (Some(first), Some(last)), "{text}");
        }
        assert_eq!("2026-02-28".parse(), Ok(When::Day(date!(2026 - 02 - 28))));
    }

    #[test]
    fn any_other_text_is_refused() {
        for text in [
            "",
            "d",
            "7",
            "7y",
            "-1d",
            "1.5h",
            "7 d",
            "2026-02-30",
            "2026-1-1",
            "yesterday",
            "9999999999s",
            "4000000w",
            "七d",
            "7天",
        ] {
            assert!(text.parse::<When>().is_err(), "{text}");
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(wait("90"), duration("90s"));
        assert!(wait("-1").is_err() && wait("1.5").is_err());
        assert_eq!(duration("90s"), Ok(std::time::Duration::from_secs(90)));
        assert_eq!(duration("1d"), Ok(std::time::Duration::from_secs(86_400)));
    }
}
