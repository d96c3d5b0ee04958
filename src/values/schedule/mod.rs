//! The schedule of automatic backups: days of the week and a window of time, as plain types.
//!
//! The service writes days as English names joined by commas, `Monday,Thursday`, and a window as
//! `HH:mm-HH:mm +0800`. It may answer in another offset than it was told in, so schedules are compared by
//! the moments of the week at which their windows begin: `Monday 01:00-02:00 +0800` is
//! `Sunday 17:00-18:00 +0000`. The documentation does not name the zone in which a weekday counts. The
//! assumption here is the offset that the window is written in.

mod window;

use std::fmt;
use std::str::FromStr;

use time::{OffsetDateTime, UtcOffset};

pub(crate) use self::window::Window;

const MINUTES_A_DAY: i32 = 24 * 60;
const MINUTES_A_WEEK: i32 = 7 * MINUTES_A_DAY;

/// The service's names of the days, in the order of a week.
const NAMES: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// Days of the week, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Days {
    /// Whether each day is in the set, Monday first.
    is_in: [bool; 7],
}

impl Days {
    /// Every day.
    pub(crate) const DAILY: Self = Self { is_in: [true; 7] };

    /// The days' English names, Monday first.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        self.numbers().map(|number| NAMES[number])
    }

    /// `daily`, or the days' first three letters: `Mon,Thu`.
    pub(crate) fn short(self) -> String {
        if self == Self::DAILY {
            return "daily".to_owned();
        }
        self.names().map(|name| &name[..3]).collect::<Vec<_>>().join(",")
    }

    /// 0 for Monday to 6 for Sunday.
    fn numbers(self) -> impl Iterator<Item = usize> {
        (0..7).filter(move |number| self.is_in[*number])
    }
}

/// The service's form: `Monday,Thursday`.
impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Days {
    type Err = &'static str;

    /// Takes `daily`, or names joined by commas, in any case and order, in full or as their first three
    /// letters.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().eq_ignore_ascii_case("daily") {
            return Ok(Self::DAILY);
        }
        let mut is_in = [false; 7];
        for name in text.split(',') {
            let name = name.trim();
            let is_it = |day: &str| day.eq_ignore_ascii_case(name) || day[..3].eq_ignore_ascii_case(name);
            let number = NAMES.iter().position(|day| is_it(day));
            is_in[number.ok_or("days are daily, or English names joined by commas, such as Monday,Thursday")?] = true;
        }
        Ok(Self { is_in })
    }
}

/// When backups are made: on these days, within this window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) days: Days,
    pub(crate) window: Window,
}

impl Schedule {
    /// Whether both have the same windows, as moments of the week.
    pub(crate) fn is_same_as(self, other: Self) -> bool {
        self.window.length == other.window.length && self.starts() == other.starts()
    }

    /// Whether both name the same days and the same time of day, even if the days count in different zones.
    pub(crate) fn has_same_words_as(self, other: Self) -> bool {
        let utc_start = |window: Window| (window.start - window.offset_minutes()).rem_euclid(MINUTES_A_DAY);
        self.days == other.days
            && self.window.length == other.window.length
            && utc_start(self.window) == utc_start(other.window)
    }

    /// Whether a moment lies within one of the windows.
    pub(crate) fn contains(self, moment: OffsetDateTime) -> bool {
        let moment = moment.to_offset(UtcOffset::UTC);
        let day = i32::from(moment.weekday().number_days_from_monday());
        let minute = day * MINUTES_A_DAY + i32::from(moment.hour()) * 60 + i32::from(moment.minute());
        self.starts()
            .iter()
            .any(|start| (minute - start).rem_euclid(MINUTES_A_WEEK) < self.window.length)
    }

    /// The days of the same moments, counted in another offset: `Sunday 17:00-18:00 +0000` is on Monday at
    /// +0800.
    pub(crate) fn days_in_offset_of(self, window: Window) -> Days {
        let mut is_in = [false; 7];
        for start in self.starts() {
            let local = (start + window.offset_minutes()).rem_euclid(MINUTES_A_WEEK);
            is_in[(local / MINUTES_A_DAY) as usize] = true;
        }
        Days { is_in }
    }

    /// The schedule by the other reading of the service's answer, in which the weekday counts in China's
    /// time (+0800) although the window is written in another offset.
    pub(crate) fn with_days_of_china(self) -> Self {
        let shift = 8 * 60 - self.window.offset_minutes();
        let start = self.window.start + shift;
        let window = Window {
            start: start.rem_euclid(MINUTES_A_DAY),
            length: self.window.length,
            offset: UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC),
        };
        Self { window, ..self }
    }

    /// The starts of its windows in minutes from Monday 00:00 UTC, ascending.
    fn starts(self) -> Vec<i32> {
        let start = |number: usize| {
            let local = number as i32 * MINUTES_A_DAY + self.window.start;
            (local - self.window.offset_minutes()).rem_euclid(MINUTES_A_WEEK)
        };
        let mut starts: Vec<i32> = self.days.numbers().map(start).collect();
        starts.sort_unstable();
        starts
    }
}

/// `Mon,Thu 01:00-02:00 +0800`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.days.short(), self.window)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn schedule(days: &str, window: &str) -> Schedule {
        Schedule {
            days: days.parse().unwrap(),
            window: window.parse().unwrap(),
        }
    }

    #[test]
    fn days_are_read_in_any_case_and_order_and_written_as_the_service_writes_them() {
        for (text, written, short) in [
            ("Monday", "Monday", "Mon"),
            ("thursday, MONDAY", "Monday,Thursday", "Mon,Thu"),
            ("sun,sat", "Saturday,Sunday", "Sat,Sun"),
            (
                "daily",
                "Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday",
                "daily",
            ),
        ] {
            let days: Days = text.parse().unwrap();
            assert_eq!((days.to_string().as_str(), days.short().as_str()), (written, short));
        }
        for text in [
            "",
            ",",
            "Monday,",
            "Mo",
            "Mondays",
            "1",
            "星期一",
            "Monday;Friday",
            "never",
        ] {
            assert!(text.parse::<Days>().is_err(), "{text}");
        }
    }

    #[test]
    fn schedules_are_compared_as_moments_of_the_week() {
        let asked = schedule("Monday", "01:00-02:00 +0800");
        for (days, window, is_same, has_same_words) in [
            ("Monday", "01:00-02:00 +0800", true, true),
            ("Sunday", "17:00-18:00 +0000", true, false),
            ("Monday", "17:00-18:00 +0000", false, true),
            ("Monday", "01:00-02:00 +0000", false, false),
            ("Monday", "01:00-03:00 +0800", false, false),
            ("Sunday,Monday", "17:00-18:00 +0000", false, false),
        ] {
            let got = schedule(days, window);
            assert_eq!(asked.is_same_as(got), is_same, "{got}");
            assert_eq!(asked.has_same_words_as(got), has_same_words, "{got}");
        }
        let daily = schedule("daily", "01:00-02:00 +0800");
        assert!(daily.is_same_as(schedule("daily", "17:00-18:00 +0000")));
    }

    #[test]
    fn a_moment_tells_on_which_day_a_window_is() {
        let believed = schedule("Sunday", "17:00-18:00 +0000");
        // This moment is on Monday in China.
        assert!(believed.contains(datetime!(2021-07-19 01:00 +8)));
        assert!(believed.contains(datetime!(2021-07-18 17:59:59 UTC)));
        assert!(!believed.contains(datetime!(2021-07-18 18:00 UTC)));
        assert!(!believed.contains(datetime!(2021-07-19 17:00 UTC)));
        let other = schedule("Monday", "17:00-18:00 +0000").with_days_of_china();
        assert_eq!(other, schedule("Monday", "01:00-02:00 +0800"));
        let other = schedule("Monday", "17:00-18:00 +0900").with_days_of_china();
        assert_eq!(other, schedule("Monday", "16:00-17:00 +0800"));
        // Past midnight, and past the end of the week.
        let late = schedule("Sunday", "23:30-00:30 +0000");
        assert!(late.contains(datetime!(2021-07-19 00:15 UTC)));
    }

    #[test]
    fn days_shift_with_the_offset_that_they_count_in() {
        let present = schedule("Sunday,Wednesday", "17:00-18:00 +0000");
        let days = present.days_in_offset_of("03:00-04:00 +0800".parse().unwrap());
        assert_eq!(days.to_string(), "Monday,Thursday");
    }
}
