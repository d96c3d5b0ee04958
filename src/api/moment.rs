//! The times that the service writes.
//!
//! Documented are UTC and `YYYY-MM-DDTHH:mm:ssZ`; the documentation's examples carry `+08:00`, other JD
//! Cloud products write `+0800`, and a sister product writes the same field as `YYYY-MM-DD HH:mm:ss`.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A time field of an entry, whether it could be read or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The service's text; empty if the value is no text.
    pub(crate) text: String,
    /// In UTC; `None` if the text has no known form, or is no date of the calendar.
    pub(crate) at: Option<OffsetDateTime>,
    /// Whether the text names no offset, and so was read as China Standard Time.
    pub(crate) has_no_offset: bool,
}

impl Moment {
    /// Reads a date and a time of day: separated by `T` or blanks, with or without seconds and a
    /// fraction, with `Z`, `UTC`, `GMT`, an offset such as `+08:00`, `+0800` or `+08`, or without one.
    pub(crate) fn read(text: &str) -> Self {
        let (at, has_no_offset) = canonical(text).map_or((None, false), |(canonical, has_no_offset)| {
            // Converted to UTC here, since `time` panics when it compares times that have no UTC in its
            // range.
            let moment = OffsetDateTime::parse(&canonical, &Rfc3339).ok();
            let at = moment.and_then(|moment| moment.checked_to_offset(UtcOffset::UTC));
            // RFC 3339 writes no year before 0, and an offset leads there.
            let at = at.filter(|at| at.year() >= 0);
            (at, has_no_offset && at.is_some())
        });
        Self {
            text: text.to_owned(),
            at,
            has_no_offset,
        }
    }
}

/// The text in the form of RFC 3339, and whether it names no offset.
fn canonical(text: &str) -> Option<(String, bool)> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked("YYYY-MM-DD".len())?;
    let rest = rest.strip_prefix(['T', 't']).unwrap_or_else(|| rest.trim_start());
    let time_ends = rest
        .find(|c: char| !(c.is_ascii_digit() || ":.,".contains(c)))
        .unwrap_or(rest.len());
    let (time, offset) = rest.split_at(time_ends);
    let time = match time.len() {
        // Hours and minutes alone.
        5 => format!("{time}:00"),
        _ => time.replace(',', "."),
    };
    let offset = offset.trim_start();
    let canonical_offset = match offset {
        "" => "+08:00".to_owned(),
        "Z" | "z" | "UTC" | "GMT" => "Z".to_owned(),
        _ => numeric_offset(offset)?,
    };
    Some((format!("{date}T{time}{canonical_offset}"), offset.is_empty()))
}

/// The offset `+08`, `+0800` or `+08:00` in the last of these forms.
fn numeric_offset(text: &str) -> Option<String> {
    let (sign, digits) = text.split_at_checked(1).filter(|(sign, _)| ["+", "-"].contains(sign))?;
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = match minutes.strip_prefix(':').unwrap_or(minutes) {
        "" => "00",
        minutes => minutes,
    };
    Some(format!("{sign}{hours}:{minutes}"))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_form_of_one_moment_is_that_moment() {
        for text in [
            "2026-11-24T02:30:00Z",
            "2026-11-24T02:30:00z",
            "2026-11-24t02:30:00.000Z",
            "2026-11-24T02:30Z",
            "2026-11-24 02:30:00 UTC",
            "2026-11-24 02:30:00,0GMT",
            "2026-11-24T10:30:00+08:00",
            "2026-11-24T10:30:00+0800",
            "2026-11-24T10:30:00+08",
            "2026-11-24 10:30:00 +0800",
            " 2026-11-24  10:30:00+08:00 ",
            "2026-11-23T21:00:00-0530",
            "2026-11-24T02:30:00-00:00",
        ] {
            let moment = Moment::read(text);
            assert_eq!(moment.at, Some(datetime!(2026-11-24 02:30 UTC)), "{text}");
            assert!(!moment.has_no_offset, "{text}");
            assert_eq!(moment.text, text);
        }
    }

    #[test]
    fn a_time_without_an_offset_is_that_of_china() {
        for text in [
            "2026-11-24 11:00:00",
            "2026-11-24T11:00:00",
            "2026-11-24 11:00",
            "2026-11-24  11:00:00.0",
        ] {
            let moment = Moment::read(text);
            assert_eq!(moment.at, Some(datetime!(2026-11-24 03:00 UTC)), "{text}");
            assert!(moment.has_no_offset, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_time_of_the_calendar_is_left_unread() {
        for text in [
            "",
            "-",
            "yesterday",
            "2026-11-24",
            "11:00:00",
            "2026-13-01T00:00:00Z",
            "2026-02-30 00:00:00",
            "2026-11-24T25:00:00Z",
            "2026-11-24T10:30:00+8",
            "2026-11-24T10:30:00+99:00",
            "2026-11-24T10:30:00 CST",
            "10000-01-01T00:00:00Z",
            "+10000-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "2026-11-24T10:30:00+08:00:00",
            "二〇二六年十一月二十四日",
            "2026-11-2四T00:00:00Z",
        ] {
            let moment = Moment::read(text);
            assert_eq!((moment.at, moment.has_no_offset), (None, false), "{text}");
        }
    }
}
