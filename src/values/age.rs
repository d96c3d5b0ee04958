//! Ages in hours, days or weeks, as `--max-age` takes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The longest age, in hours: a century of 5,200 weeks. A larger number is taken for a typing error.
const MOST_HOURS: u32 = 5200 * 7 * 24;

/// An age as typed: a whole number, at least 1, with `h`, `d` or `w`. There is no unit for minutes or
/// seconds and none is assumed, since 30 seconds and 30 days are too easily confused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Age {
    count: u32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Hours,
    Days,
    Weeks,
}

impl Unit {
    const ALL: [Self; 3] = [Self::Hours, Self::Days, Self::Weeks];

    fn letter(self) -> char {
        match self {
            Self::Hours => 'h',
            Self::Days => 'd',
            Self::Weeks => 'w',
        }
    }

    fn hours(self) -> u32 {
        match self {
            Self::Hours => 1,
            Self::Days => 24,
            Self::Weeks => 7 * 24,
        }
    }
}

impl Age {
    /// The age as a duration.
    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.count * self.unit.hours()) * 3600)
    }
}

impl FromStr for Age {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let unit = Unit::ALL.into_iter().find(|unit| text.ends_with(unit.letter()))?;
            let digits = &text[..text.len() - 1];
            // `parse` would also accept a sign.
            let count: u32 = digits
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then_some(digits)?
                .parse()
                .ok()?;
            let hours = count.checked_mul(unit.hours())?;
            (1..=MOST_HOURS).contains(&hours).then_some(Self { count, unit })
        };
        read().ok_or("an age is a whole number with h, d or w, such as 36h, 8d or 2w")
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit.letter())
    }
}

/// The age above which a newest backup is stale, or `none` if no backup is ever stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaxAge(pub(crate) Option<Age>);

impl MaxAge {
    /// The default for an archive. Backups are kept for 7 days and scheduled at least weekly, so if the
    /// newest is older than 8 days, one that was due was not made.
    pub(crate) const DEFAULT: &str = "8d";

    /// The highest age of a newest backup that is not stale; `None` if any age will do.
    pub(crate) fn limit(self) -> Option<Duration> {
        self.0.map(Age::duration)
    }
}

impl FromStr for MaxAge {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self(None)),
            _ => match text.parse() {
                Ok(age) => Ok(Self(Some(age))),
                Err(_) => Err("an age is a whole number with h, d or w, such as 36h, 8d or 2w; or none"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_a_unit_and_reads_as_it_was_typed() {
        for (text, hours) in [("1h", 1), ("36h", 36), ("8d", 192), ("2w", 336), ("5200w", MOST_HOURS)] {
            let age: Age = text.parse().unwrap();
            assert_eq!(age.duration(), Duration::from_secs(u64::from(hours) * 3600), "{text}");
            assert_eq!(age.to_string(), text);
        }
        assert_eq!(
            MaxAge::DEFAULT.parse(),
            Ok(MaxAge(Some(Age {
                count: 8,
                unit: Unit::Days
            })))
        );
        assert_eq!("none".parse(), Ok(MaxAge(None)));
    }

    #[test]
    fn any_other_text_is_refused() {
        for text in [
            "",
            "8",
            "d",
            "0d",
            "-1d",
            "+1d",
            "1.5d",
            "8 d",
            "8D",
            "30s",
            "30m",
            "8days",
            "1y",
            "5201w",
            "99999999999h",
            "八d",
            "8天",
            "None",
        ] {
            assert!(text.parse::<Age>().is_err(), "{text}");
            assert!(text.parse::<MaxAge>().is_err(), "{text}");
        }
    }
}
