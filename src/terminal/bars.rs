//! The lines that show the progress of files: one for each file, and one for all. Pure functions from
//! numbers to lines.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::human;
use super::painter::cut;
use crate::process::terminal::Size;

/// From this width on, a line has a bar and the number of bytes.
const WIDE_COLUMNS: u16 = 80;
/// Columns of a name, in a wide line and in a narrow one.
const NAME_COLUMNS: (usize, usize) = (16, 10);
/// Columns of the bar itself.
const BAR_COLUMNS: usize = 14;

/// The progress of a file, or of all files together.
pub(super) struct Bar<'a> {
    /// Without control characters.
    pub(super) name: &'a str,
    /// Bytes that are there.
    pub(super) bytes: u64,
    /// Bytes of the whole, if known.
    pub(super) length: Option<u64>,
    /// Bytes a second, if known.
    pub(super) rate: Option<u64>,
    pub(super) phase: Phase<'a>,
}

/// The stage of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase<'a> {
    Waiting,
    Active,
    /// Its state, in a word.
    Ended(&'a str),
}

/// The lines for a window of this size: at most as many as it has rows above the cursor's. If there are too
/// few rows for all files, those that are being fetched come first, and one line counts the rest.
pub(super) fn lines(files: &[Bar<'_>], total: &Bar<'_>, size: Size) -> Vec<String> {
    // One row is for the cursor and one for the total.
    let room = usize::from(size.rows).saturating_sub(2);
    let mut lines = Vec::new();
    if files.len() <= room {
        lines.extend(files.iter().map(|bar| line(bar, size.columns)));
    } else if let Some(room) = room.checked_sub(1) {
        let rank = |bar: &Bar<'_>| match bar.phase {
            Phase::Active => 0,
            Phase::Waiting => 1,
            Phase::Ended(_) => 2,
        };
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|index| rank(&files[*index]));
        let (shown, rest) = order.split_at(room);
        let mut shown = shown.to_vec();
        shown.sort_unstable();
        lines.extend(shown.iter().map(|index| line(&files[*index], size.columns)));
        lines.push(count(rest.iter().map(|index| files[*index].phase)));
    }
    lines.push(line(total, size.columns));
    lines
}

/// A line for files that have none of their own.
fn count<'a>(phases: impl Iterator<Item = Phase<'a>> + Clone) -> String {
    let of = |is: fn(&Phase<'a>) -> bool| phases.clone().filter(is).count();
    let counts = [
        (of(|phase| *phase == Phase::Active), "active"),
        (of(|phase| *phase == Phase::Waiting), "waiting"),
        (of(|phase| matches!(phase, Phase::Ended(_))), "ended"),
    ];
    let mut text = format!("and {} more:", phases.count());
    let mut separator = " ";
    for (count, name) in counts.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(text, "{separator}{count} {name}");
        separator = ", ";
    }
    text
}

fn line(bar: &Bar<'_>, columns: u16) -> String {
    let share = bar.length.map(|length| human::percent(bar.bytes, length));
    let percent = share.map_or_else(|| "   -".to_owned(), |share| format!("{share:>3}%"));
    let end = match bar.phase {
        Phase::Ended(state) => Some(state),
        Phase::Waiting | Phase::Active => None,
    };
    let rate = bar
        .rate
        .filter(|_| end.is_none())
        .map(|rate| format!("{}/s", human::size(rate)))
        .unwrap_or_default();
    let left = match (end, bar.length, bar.rate) {
        (None, Some(length), Some(rate)) if rate > 0 => short(length.saturating_sub(bar.bytes).div_ceil(rate)),
        _ => String::new(),
    };
    let end = end.unwrap_or_default();
    if columns < WIDE_COLUMNS {
        let name = padded(bar.name, NAME_COLUMNS.1);
        return match bar.phase {
            Phase::Ended(state) => format!("{name} {percent}  {state}"),
            Phase::Waiting | Phase::Active => format!("{name} {percent} {rate:>12} {left:>4}").trim_end().to_owned(),
        };
    }
    let name = padded(bar.name, NAME_COLUMNS.0);
    let filled = share.map_or(0, |share| usize::from(share) * BAR_COLUMNS / 100);
    let head = if filled < BAR_COLUMNS && share.is_some() {
        ">"
    } else {
        ""
    };
    let drawn = format!("{}{head}", "=".repeat(filled));
    let bytes = human::size(bar.bytes);
    format!("{name} {drawn:<BAR_COLUMNS$} {percent} {bytes:>11} {rate:>13} {left:>4} {end}")
        .trim_end()
        .to_owned()
}

/// Seconds in at most four columns.
fn short(seconds: u64) -> String {
    match seconds {
        0..100 => format!("{seconds}s"),
        100..6000 => format!("{}m", seconds / 60),
        6000..360_000 => format!("{}h", seconds / 3600),
        360_000..86_400_000 => format!("{}d", seconds / 86_400),
        _ => String::new(),
    }
}

/// The text in exactly this many columns.
fn padded(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    format!("{text}{}", " ".repeat(columns - text.width().min(columns)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTAL: Bar<'_> = bar("total", 512 * 1024, Some(2 << 20), Phase::Active);

    const fn bar<'a>(name: &'a str, bytes: u64, length: Option<u64>, phase: Phase<'a>) -> Bar<'a> {
        Bar {
            name,
            bytes,
            length,
            rate: Some(100 * 1024),
            phase,
        }
    }

    fn window(columns: u16, rows: u16) -> Size {
        Size { columns, rows }
    }

    #[test]
    fn a_line_shows_as_many_parts_as_fit_into_the_window() {
        assert_eq!(
            line(&TOTAL, 80),
            "total            ===>            25%     512 KiB     100 KiB/s  16s"
        );
        assert_eq!(line(&TOTAL, 79), "total       25%    100 KiB/s  16s");
        assert_eq!(
            line(&bar("缓存", 2048, None, Phase::Active), 79),
            "缓存          -    100 KiB/s"
        );
        let ended = bar("node 0", 4096, Some(4096), Phase::Ended("unverified"));
        assert_eq!(
            line(&ended, 80),
            "node 0           ============== 100%     4.0 KiB                    unverified"
        );
        assert!(line(&ended, 80).width() < 80);
        assert_eq!(line(&ended, 40), "node 0     100%  unverified");
    }

    #[test]
    fn times_take_at_most_four_columns() {
        for (seconds, text) in [
            (0, "0s"),
            (99, "99s"),
            (100, "1m"),
            (5999, "99m"),
            (6000, "1h"),
            (360_000, "4d"),
        ] {
            assert_eq!(short(seconds), text);
        }
        assert!(
            [359_999, 360_000, u64::MAX]
                .iter()
                .all(|seconds| short(*seconds).len() <= 4)
        );
    }

    #[test]
    fn a_low_window_shows_active_files_and_counts_the_rest() {
        let phases = [Phase::Ended("ok"), Phase::Active, Phase::Waiting, Phase::Active];
        let names = ["a", "b", "c", "d"];
        let files: Vec<Bar<'_>> = names
            .iter()
            .zip(phases)
            .map(|(name, phase)| bar(name, 1, Some(2), phase))
            .collect();
        let starts = |rows| {
            let lines = lines(&files, &TOTAL, window(80, rows));
            let starts = lines.iter().map(|line| line.split("  ").next().unwrap_or_default());
            starts.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(starts(6), ["a", "b", "c", "d", "total"]);
        assert_eq!(starts(5), ["b", "d", "and 2 more: 1 waiting, 1 ended", "total"]);
        assert_eq!(starts(3), ["and 4 more: 2 active, 1 waiting, 1 ended", "total"]);
        assert_eq!(starts(2), ["total"]);
        assert_eq!(starts(1), ["total"]);
    }
}
