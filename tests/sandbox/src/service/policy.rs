//! describeBackupPolicy and modifyBackupPolicy.

use serde_json::{Value, json};
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, UtcOffset};

use crate::catalog::{Place, Policy};
use crate::difference::Difference;

use super::Call;
use super::answers::{Outcome, invalid_argument, without_nulls};

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const DAY: i64 = 24 * 60;

/// A policy's days and window, in minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Window {
    /// 0 for Monday to 6 for Sunday, in the offset's zone; ascending.
    days: Vec<i64>,
    start: i64,
    length: i64,
    offset: i64,
}

/// The policy, its window in UTC whatever offset it was set in, as the documented example shows.
pub(super) fn describe(call: &Call<'_>, place: Place<'_>) -> Outcome {
    let policy = call.catalog.policy(place);
    let set = Window::parse(&policy.period, &policy.time);
    let mut window = set.as_ref().map(Window::in_utc);
    let next = window
        .as_ref()
        .filter(|_| policy.is_on())
        .map(|window| window.next(call.now));
    if let (Some(Difference::WeekdaysOfChina), Some(set), Some(window)) = (call.difference, set, &mut window) {
        window.days = set.days;
    }
    Ok(without_nulls(json!({
        "autoBackup": policy.automatic,
        "backupPeriod": window.as_ref().map_or_else(String::new, Window::period),
        "backupTime": window.as_ref().map_or_else(String::new, Window::time),
        "nextBackupTime": next.unwrap_or_default(),
    })))
}

/// Both `backupTime` and `backupPeriod` are required, `autoBackup` is not. That other widths than an hour
/// are taken is a guess.
pub(super) fn modify(call: &mut Call<'_>, place: Place<'_>) -> Outcome {
    let Ok(body @ Value::Object(_)) = serde_json::from_slice(&call.request.body) else {
        return Err(invalid_argument("the body is not a JSON object"));
    };
    let [period, time] = ["backupPeriod", "backupTime"].map(|name| body[name].as_str().unwrap_or_default());
    if Window::parse(period, time).is_none() {
        return Err(invalid_argument(
            "backupPeriod must be days such as Monday,Thursday and backupTime such as 01:00-02:00 +0800",
        ));
    }
    let automatic = match &body["autoBackup"] {
        Value::Null => call.catalog.policy(place).automatic,
        Value::Bool(automatic) => Some(*automatic),
        _ => return Err(invalid_argument("autoBackup must be a boolean")),
    };
    let policy = Policy {
        automatic,
        period: period.to_owned(),
        time: time.to_owned(),
    };
    call.catalog.set_policy(place, policy);
    Ok(json!({}))
}

impl Window {
    fn parse(period: &str, time: &str) -> Option<Self> {
        let day = |name: &str| DAYS.iter().position(|day| *day == name).map(|day| day as i64);
        let mut days: Vec<i64> = period.split(',').map(day).collect::<Option<_>>()?;
        days.sort_unstable();
        let (range, offset) = time.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let (start, end) = (minutes(start)?, minutes(end)?);
        let (sign, offset) = match offset.split_at_checked(1)? {
            ("+", offset) => (1, offset),
            ("-", offset) => (-1, offset),
            _ => return None,
        };
        let (hours, rest) = offset.split_at_checked(2)?;
        Some(Self {
            days,
            start,
            length: (end - start).rem_euclid(DAY),
            offset: sign * minutes(&format!("{hours}:{rest}"))?,
        })
        .filter(|window| window.length > 0)
    }

    fn in_utc(&self) -> Self {
        let start = self.start - self.offset;
        let mut days: Vec<i64> = self
            .days
            .iter()
            .map(|day| (day + start.div_euclid(DAY)).rem_euclid(7))
            .collect();
        days.sort_unstable();
        Self {
            days,
            start: start.rem_euclid(DAY),
            length: self.length,
            offset: 0,
        }
    }

    fn period(&self) -> String {
        self.days
            .iter()
            .filter_map(|day| DAYS.get(usize::try_from(*day).ok()?))
            .copied()
            .collect::<Vec<_>>()
            .join(",")
    }

    fn time(&self) -> String {
        let clock = |minutes: i64| format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
        format!("{}-{} +0000", clock(self.start), clock(self.start + self.length))
    }

    /// The next time that it begins, and ends, where it is in UTC.
    fn next(&self, now: OffsetDateTime) -> String {
        let now = now.to_offset(UtcOffset::UTC);
        let begins = |date: Date| date.midnight().assume_utc() + Duration::minutes(self.start);
        let start = (0..=7)
            .filter_map(|days| now.date().checked_add(Duration::days(days)))
            .filter(|date| self.days.contains(&date.weekday().number_days_from_monday().into()))
            .map(begins)
            .find(|start| *start > now)
            .unwrap_or(now);
        let text = |moment: OffsetDateTime| {
            moment
                .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
                .expect("a date and time of day has every part of the format")
        };
        format!("{}~{}", text(start), text(start + Duration::minutes(self.length)))
    }
}

/// Minutes from midnight of a time `HH:mm`.
fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, below: i64| text.parse().ok().filter(|number| (0..below).contains(number));
    (text.len() == 5).then_some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn windows_are_answered_in_utc_with_the_day_that_it_is_there() {
        let window = Window::parse("Monday,Thursday", "01:00-02:00 +0800").unwrap().in_utc();
        assert_eq!(
            (window.period().as_str(), window.time().as_str()),
            ("Wednesday,Sunday", "17:00-18:00 +0000")
        );
        let sunday = datetime!(2021-07-18 16:59:59 UTC);
        assert_eq!(window.next(sunday), "2021-07-18T17:00:00Z~2021-07-18T18:00:00Z");
        assert_eq!(
            window.next(sunday + Duration::seconds(1)),
            "2021-07-21T17:00:00Z~2021-07-21T18:00:00Z"
        );
    }

    #[test]
    fn a_text_that_is_no_window_is_refused() {
        for (period, time) in [
            ("", "01:00-02:00 +0800"),
            ("Monday", ""),
            ("Monday", "-"),
            ("monday", "01:00-02:00 +0800"),
            ("Monday", "01:00-02:00"),
            ("Monday", "1:00-2:00 +0800"),
            ("Monday", "01:00-01:00 +0800"),
            ("Monday", "01:00-02:00 0800"),
        ] {
            assert_eq!(Window::parse(period, time), None, "{period} {time}");
        }
    }
}
