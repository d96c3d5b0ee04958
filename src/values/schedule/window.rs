//! A window of the day, as the service writes it: `01:00-02:00 +0800`.

use std::fmt;
use std::str::FromStr;

use time::UtcOffset;

use super::MINUTES_A_DAY;

/// The largest offset that any zone has, in minutes: +14:00.
const LARGEST_OFFSET: i32 = 14 * 60;

/// A window of the day, in an offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// In minutes from midnight, less than a day.
    pub(super) start: i32,
    /// In minutes, from 1 to a day less one. A window may go past midnight.
    pub(super) length: i32,
    /// The offset that `start` is in.
    pub(super) offset: UtcOffset,
}

impl Window {
    /// The minutes from its start to its end.
    pub(crate) fn minutes(self) -> i32 {
        self.length
    }

    /// The start, as `HH:mm` in the window's own offset.
    pub(crate) fn start(self) -> String {
        clock(self.start)
    }

    /// The end, as `HH:mm` in the window's own offset.
    pub(crate) fn end(self) -> String {
        clock(self.start + self.length)
    }

    /// The offset, as `+0800`.
    pub(crate) fn offset(self) -> String {
        let (sign, minutes) = match self.offset_minutes() {
            minutes if minutes < 0 => ('-', -minutes),
            minutes => ('+', minutes),
        };
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }

    /// The offset, in minutes.
    pub(super) fn offset_minutes(self) -> i32 {
        self.offset.whole_seconds() / 60
    }
}

/// `HH:mm` of so many minutes from midnight, also of the day before or after.
fn clock(minutes: i32) -> String {
    let minutes = minutes.rem_euclid(MINUTES_A_DAY);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The service's form: `01:00-02:00 +0800`.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{} {}", self.start(), self.end(), self.offset())
    }
}

/// Why a text is not a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvalidWindow {
    /// It has no offset from UTC.
    NoOffset,
    /// It is not of the form of a window.
    Form,
    /// It ends when it starts.
    Empty,
}

impl fmt::Display for InvalidWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoOffset => "a time needs its offset from UTC, such as 01:00-02:00 +0800",
            Self::Form => "a time is like 01:00-02:00 +0800: start, end, and the offset from UTC",
            Self::Empty => "a window must end at another time than it starts",
        })
    }
}

impl std::error::Error for InvalidWindow {}

impl FromStr for Window {
    type Err = InvalidWindow;

    /// Takes `HH:mm-HH:mm` and an offset, `+0800`, `+08:00` or `Z`, with or without a blank before it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (start, rest) = text.split_once('-').ok_or(InvalidWindow::Form)?;
        let start = minute_of_day(start.trim()).ok_or(InvalidWindow::Form)?;
        let rest = rest.trim_start();
        let end_of_time = rest
            .find(|c: char| !c.is_ascii_digit() && c != ':')
            .unwrap_or(rest.len());
        let (end, offset) = rest.split_at(end_of_time);
        // 24:00 is accepted as the end of a window.
        let end = if end == "24:00" { Some(0) } else { minute_of_day(end) };
        let end = end.ok_or(InvalidWindow::Form)?;
        let offset = match offset.trim() {
            "" => return Err(InvalidWindow::NoOffset),
            offset => parse_offset(offset).ok_or(InvalidWindow::Form)?,
        };
        match (end - start).rem_euclid(MINUTES_A_DAY) {
            0 => Err(InvalidWindow::Empty),
            length => Ok(Self { start, length, offset }),
        }
    }
}

/// Minutes from midnight of a time `HH:mm` from 00:00 to 23:59.
fn minute_of_day(text: &str) -> Option<i32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, below: i32| -> Option<i32> {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| is_number && *number < below)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

/// `+0800`, `+08:00` or `Z`.
fn parse_offset(text: &str) -> Option<UtcOffset> {
    if text.eq_ignore_ascii_case("z") {
        return Some(UtcOffset::UTC);
    }
    let (sign, rest) = text
        .strip_prefix('+')
        .map(|rest| (1, rest))
        .or_else(|| text.strip_prefix('-').map(|rest| (-1, rest)))?;
    let is_plain = rest.len() == 4 && rest.is_ascii();
    let minutes = if is_plain {
        minute_of_day(&format!("{}:{}", &rest[..2], &rest[2..]))?
    } else {
        minute_of_day(rest)?
    };
    let is_real = minutes <= LARGEST_OFFSET;
    let seconds = sign * minutes * 60;
    UtcOffset::from_whole_seconds(seconds).ok().filter(|_| is_real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_in_every_form_of_an_offset() {
        for (text, written, minutes) in [
            ("01:00-02:00 +0800", "01:00-02:00 +0800", 60),
            ("01:00-02:00+08:00", "01:00-02:00 +0800", 60),
            (" 17:00-18:00 +0000 ", "17:00-18:00 +0000", 60),
            ("17:00 - 18:00 Z", "17:00-18:00 +0000", 60),
            ("23:30-00:30 -0330", "23:30-00:30 -0330", 60),
            ("23:00-24:00 +0000", "23:00-00:00 +0000", 60),
            ("00:00-23:59 +1400", "00:00-23:59 +1400", 1439),
        ] {
            let window: Window = text.parse().unwrap();
            assert_eq!((window.to_string().as_str(), window.minutes()), (written, minutes));
        }
        assert_eq!("01:00-02:00".parse::<Window>(), Err(InvalidWindow::NoOffset));
        assert_eq!("01:00-01:00 +0800".parse::<Window>(), Err(InvalidWindow::Empty));
        for text in [
            "",
            "-",
            "01:00",
            "1:00-2:00 +0800",
            "25:00-02:00 +0800",
            "01:60-02:00 +0800",
            "24:00-01:00 +0800",
            "01:00-02:00 0800",
            "01:00-02:00 +8",
            "01:00-02:00 +1500",
            "01:00-02:00 +0八00",
            "01:00-02:00 CST",
            "01:00-02:00 +0800 x",
            "01:00:00-02:00:00 +0800",
        ] {
            assert_eq!(text.parse::<Window>(), Err(InvalidWindow::Form), "{text}");
        }
    }
}
