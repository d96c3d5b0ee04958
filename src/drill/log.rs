//! The log of a server: its own lines, and the facts that they tell. The messages are those of Redis's and Valkey's
//! source, `rdb.c` and `server.c`, and were seen with redis-server 7.0.15.
//!
//! A line is `PID:ROLE DAY MONTH YEAR TIME LEVEL TEXT`, before 5.0 without the year, and before 3.0
//! `[PID] DAY MONTH TIME LEVEL TEXT`. The level is one of `.-*#`. Other lines, as of a crash, are only text.

use crate::terminal::escape::visible;

/// The longest text of a server that is shown, in characters.
const MAX_SHOWN: usize = 300;

/// The text of a server's log.
#[derive(Debug)]
pub(super) struct Log(pub(super) String);

/// A line of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The number of the process that wrote it, as the line has it; `None` where the line is only text.
    process: Option<&'a str>,
    /// Whether its level is the highest one, `#`.
    pub(super) is_warning: bool,
    /// What the line says, without the parts before it.
    pub(super) text: &'a str,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Self {
        let start = line.trim_start_matches('[');
        let after = |words: usize| {
            let mut rest = line;
            for _ in 0..words {
                rest = rest.split_once(' ')?.1;
            }
            let (level, text) = rest.split_once(' ')?;
            [".", "-", "*", "#"].contains(&level).then_some((level, text))
        };
        let parts = start
            .starts_with(|c: char| c.is_ascii_digit())
            .then(|| after(4).or_else(|| after(5)));
        match parts.flatten() {
            Some((level, text)) => Self {
                process: start.split([':', ']']).next(),
                is_warning: level == "#",
                text,
            },
            None => Self {
                process: None,
                is_warning: false,
                text: line,
            },
        }
    }

    /// Whether the line quotes the name of a key, which may hold any text.
    pub(super) fn names_a_key(self) -> bool {
        ["RDB has duplicated key", "rdbLoadObject skipping", "[additional info]"]
            .iter()
            .any(|start| self.text.starts_with(start))
    }
}

impl Log {
    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.0.lines().map(Line::read)
    }

    /// The lines that are no part of a key's name. A server logs the name as it is, so a name with newlines in it can
    /// imitate lines of the log. It cannot imitate the number of the server's process, which no name knows.
    pub(super) fn own_lines(&self) -> Vec<Line<'_>> {
        let own = self.lines().find_map(|line| line.process);
        let mut is_in_name = false;
        let is_own = |line: &Line<'_>| {
            if own.is_some() && line.process == own {
                is_in_name = line.names_a_key();
                return true;
            }
            !is_in_name
        };
        self.lines().filter(is_own).collect()
    }

    /// The name and version of the server, by the first lines of its log.
    pub(super) fn server(&self) -> Option<String> {
        self.lines().find_map(|line| {
            let (name, rest) = line.text.split_once(" version=")?;
            let version = rest.split(',').next()?;
            ["Redis", "Valkey"]
                .contains(&name)
                .then(|| shown(&format!("{name} {version}")))
        })
    }

    /// Whether the server does not know this directive of its configuration.
    pub(super) fn refuses_directive(&self, directive: &str) -> bool {
        self.0.contains("Bad directive") && self.0.contains(directive)
    }

    /// Whether the server says that it has loaded the file. All versions do, unless they are told to log less.
    pub(super) fn has_loaded(&self) -> bool {
        let lines = self.own_lines();
        lines.iter().any(|line| line.text.starts_with("DB loaded from disk"))
    }

    /// How many keys with empty values the server left out.
    pub(super) fn empty_keys(&self) -> u64 {
        let of = |line: Line<'_>| {
            let (_, count) = line
                .text
                .strip_prefix("Done loading RDB")?
                .split_once("empty keys skipped: ")?;
            first_number(count)
        };
        self.own_lines().into_iter().find_map(of).unwrap_or_default()
    }
}

/// A text of a server, fit for a terminal and not too long.
pub(super) fn shown(text: &str) -> String {
    let text = visible(text.trim());
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// The first number in a text that fits its type.
pub(super) fn first_number(text: &str) -> Option<u64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits = &text[start..];
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "7:M 30 Nov 2026 20:00:44.444";

    fn log(lines: &[&str]) -> Log {
        Log(lines.join("\n"))
    }

    #[test]
    fn facts_are_read_from_the_log() {
        let log = log(&[
            "7:C 30 Nov 2026 20:00:44.444 # Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=7, just started",
            "7:M 30 Nov 2026 20:00:44.444 # Done loading RDB, keys loaded: 0, keys expired: 0, empty keys skipped: 9.",
        ]);
        assert_eq!(log.empty_keys(), 9);
        assert_eq!(log.server().as_deref(), Some("Redis 7.0.15"));
        let bad = "*** FATAL CONFIG FILE ERROR ***\n>>> 'sanitize-dump-payload yes'\nBad directive or wrong number of arguments";
        assert!(Log(bad.to_owned()).refuses_directive("sanitize-dump-payload"));
        assert!(!log.refuses_directive("sanitize-dump-payload"));
        for other in [
            ">>> 'databases 0'\nBad directive or wrong number of arguments",
            ">>> 'sanitize-dump-payload yes'\nargument must be one of the following: no, yes, clients",
        ] {
            assert!(
                !Log(other.to_owned()).refuses_directive("sanitize-dump-payload"),
                "{other}"
            );
        }
    }

    #[test]
    fn lines_of_every_version_are_read() {
        // Redis 2.8, 4.0 and 5.0.
        for at in ["[7] 30 Nov 20:00:44.444", "7:M 30 Nov 20:00:44.444", AT] {
            for (level, is_warning) in [("*", false), ("#", true)] {
                let line = format!("{at} {level} DB loaded from disk: 0.000 seconds");
                let read = Line::read(&line);
                assert_eq!((read.process, read.is_warning), (Some("7"), is_warning), "{line}");
                assert_eq!(read.text, "DB loaded from disk: 0.000 seconds");
                assert!(Log(line).has_loaded());
            }
        }
        for text in ["", "sh: 1: no", "7 of them", "[ 7 # x"] {
            let line = Line::read(text);
            assert_eq!((line.process, line.text), (None, text));
        }
    }

    #[test]
    fn the_name_of_a_key_tells_no_fact() {
        let other = "9:M 30 Nov 2026 20:00:44.444";
        let skipped = format!("{AT} * rdbLoadObject skipping empty key: a");
        let done = "Done loading RDB, keys loaded: 0, keys expired: 0, empty keys skipped:";
        let log = log(&[
            &skipped,
            &format!("{other} * {done} 9."),
            &format!("{other} * DB loaded from disk: 0.000 seconds"),
            &format!("{AT} * {done} 1."),
        ]);
        assert_eq!(log.empty_keys(), 1);
        assert!(!log.has_loaded());
    }
}
