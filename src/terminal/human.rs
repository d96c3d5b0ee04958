//! Sizes and durations as people write them.

/// Bytes in binary units with about three significant digits: `976 B`, `1.5 GiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    // An amount that rounds up to 1024 is written in the next unit. The last is never passed: 2^64 bytes are 16 EiB.
    while amount >= 1023.5 {
        amount /= 1024.0;
        unit += 1;
    }
    let digits = usize::from((..99.95).contains(&amount));
    format!("{amount:.digits$} {}", UNITS[unit])
}

/// Percent of a whole, rounded down; 100 only if the part equals the whole.
pub(crate) fn percent(bytes: u64, length: u64) -> u8 {
    let percent = u128::from(bytes.min(length)) * 100;
    let percent = percent.checked_div(u128::from(length)).unwrap_or(100);
    u8::try_from(percent).unwrap_or(100)
}

/// Seconds in their two largest units: `59 s`, `3 min 2 s`, `1 h 1 min`, `2 d 3 h`.
pub(crate) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, _, _) => format!("{days} d {hours} h"),
    }
}

/// An age in the largest unit that is still exact enough, in the form of the command line: `90m`, `36h`,
/// `7d`.
pub(crate) fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_naturally() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (102_400, "100 KiB"),
            (1_048_575, "1.0 MiB"),
            (4 << 30, "4.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn ages_read_as_they_are_typed() {
        for (seconds, text) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (7199, "119m"),
            (7200, "2h"),
            (172_799, "47h"),
            (172_800, "2d"),
        ] {
            assert_eq!(age(seconds), text);
        }
    }

    #[test]
    fn percent_is_right_at_the_ends() {
        assert_eq!(percent(0, 0), 100);
        assert_eq!(percent(u64::MAX - 1, u64::MAX), 99);
        assert_eq!(percent(7, 3), 100);
    }

    #[test]
    fn durations_read_naturally() {
        for (seconds, text) in [
            (59, "59 s"),
            (61, "1 min 1 s"),
            (3700, "1 h 1 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
