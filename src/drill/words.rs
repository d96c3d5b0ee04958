//! What the log of a server that ended means, in its own words. The messages are those of Redis's and Valkey's
//! source, `rdb.c` and `server.c`, and were seen with redis-server 7.0.15.

use super::Outcome;
use crate::terminal::escape::visible;

/// The longest text of a server that is shown, in characters.
const MAX_WORDS: usize = 300;

/// The beginnings of lines that tell no cause: those of every start and end, and those that follow another line.
const ROUTINE: [&str; 16] = [
    "oO0OoO",
    "Redis version=",
    "Valkey version=",
    "Configuration loaded",
    "Server initialized",
    "WARNING",
    "Warning: no config file",
    "RDB file was saved with checksum disabled",
    "rdbLoadObject skipping empty key",
    "Done loading RDB",
    "User requested shutdown",
    "Redis is now ready to exit",
    "Valkey is now ready to exit",
    "-----",
    "!!! Software Failure",
    "Terminating server after rdb file reading failure",
];

/// Parts of lines about a file that cannot be loaded.
const ABOUT_THE_FILE: [&str; 10] = [
    "RDB has duplicated key",
    "Internal error in RDB reading",
    "Short read or OOM loading DB",
    "Wrong RDB checksum",
    "Bad file format",
    "Failed loading library",
    "Unrecoverable error",
    "Guru Meditation",
    "ASSERTION FAILED",
    "crashed by signal",
];

/// What is known of a server that ended, besides its log.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) log: &'a str,
    /// How it ended, such as `exit status: 1`.
    pub(super) status: &'a str,
    /// Whether a SIGKILL ended it that this program did not send.
    pub(super) was_killed: bool,
    /// Whether the reader of RDB files understood the file's structure to its end.
    pub(super) is_understood: bool,
    /// What the server that wrote the file used, or the file's length, in bytes.
    pub(super) needs: u64,
    /// Whether the system refuses memory to this process, rather than killing it.
    pub(super) memory_is_limited: bool,
}

/// The result for the file, and the reason.
pub(super) fn judge(end: End<'_>) -> (Outcome, String) {
    let log = own_lines(end.log);
    let lines: Vec<&str> = log.iter().copied().map(message).collect();
    let with = |phrases: &[&str]| {
        let mut own = lines.iter().filter(|line| !names_a_key(line));
        own.find(|line| phrases.iter().any(|phrase| line.contains(phrase)))
            .copied()
    };
    let said = |outcome: Outcome, line: &str| (outcome, words(line));
    if let Some(line) = with(&["Can't handle RDB format version", "Wrong signature trying to load DB"]) {
        return said(Outcome::ServerTooOld, line);
    }
    if let Some(line) = with(&["no matching module"]) {
        return said(Outcome::ModuleMissing, line);
    }
    if let Some(line) = with(&["Unknown RDB encoding type"]).filter(|_| !end.is_understood) {
        return said(Outcome::ServerTooOld, line);
    }
    let refused = with(&["failed allocating"]);
    let refused = refused.filter(|line| first_number(line).is_none_or(|bytes| bytes <= end.needs.max(1 << 20)));
    if let Some(line) = refused.or_else(|| with(&["Out Of Memory", "Out of memory", "Cannot allocate memory"])) {
        return said(Outcome::TooLittleMemory, line);
    }
    let telling: Vec<&str> = lines.iter().copied().filter(|line| !is_routine(line)).collect();
    let loud = log
        .iter()
        .copied()
        .filter(|line| is_warning(line))
        .map(message)
        .find(|line| !is_routine(line));
    // The reader of RDB files found the file complete, and a server without memory writes only one of these lines.
    let may_be_memory =
        |line: &&str| line.starts_with("Short read or OOM") || line.contains("Can't initialize Background");
    if let Some(line) = loud.filter(may_be_memory).filter(|_| end.memory_is_limited) {
        return said(Outcome::TooLittleMemory, line);
    }
    let is_about_file = lines
        .iter()
        .any(|line| ABOUT_THE_FILE.iter().any(|phrase| line.contains(phrase)));
    if is_about_file {
        return said(Outcome::Damaged, loud.unwrap_or_default());
    }
    if end.was_killed {
        let text = "it was killed (SIGKILL), as the system does when memory runs out";
        return (Outcome::TooLittleMemory, text.to_owned());
    }
    let last = loud.or_else(|| telling.iter().rev().find(|line| !line.trim().is_empty()).copied());
    let reason = match last {
        Some(line) => format!("the server ended ({}): {}", end.status, words(line)),
        None => format!("the server ended ({}) without a word", end.status),
    };
    (Outcome::Failed, reason)
}

/// Whether a line quotes the name of a key, which may hold any text.
fn names_a_key(line: &str) -> bool {
    ["RDB has duplicated key", "rdbLoadObject skipping", "[additional info]"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// Whether the server does not know a directive of its configuration.
pub(super) fn knows_not(log: &str, directive: &str) -> bool {
    log.contains("Bad directive") && log.contains(directive)
}

/// The name and version of the server, by the first lines of its log.
pub(super) fn server(log: &str) -> Option<String> {
    log.lines().map(message).find_map(|line| {
        let (name, rest) = line.split_once(" version=")?;
        let version = rest.split(',').next()?;
        ["Redis", "Valkey"]
            .contains(&name)
            .then(|| words(&format!("{name} {version}")))
    })
}

/// How many keys with empty values the server left out.
pub(super) fn empty_keys(log: &str) -> u64 {
    let of = |line: &str| {
        let (_, count) = line
            .strip_prefix("Done loading RDB")?
            .split_once("empty keys skipped: ")?;
        first_number(count)
    };
    own_lines(log).into_iter().map(message).find_map(of).unwrap_or_default()
}

/// Whether the server says that it has loaded the file. All versions do, unless they are told to log less.
pub(super) fn has_loaded(log: &str) -> bool {
    let mut lines = own_lines(log).into_iter().map(message);
    lines.any(|line| line.starts_with("DB loaded from disk"))
}

/// The lines of the log that are no part of a key's name. A server logs the name as it is, so a name with newlines in
/// it can imitate lines of the log. It cannot imitate the number of the server's process, which no name knows.
fn own_lines(log: &str) -> Vec<&str> {
    let own = log.lines().find_map(process);
    let mut is_in_name = false;
    let mut is_own = |line: &&str| {
        if own.is_some() && process(line) == own {
            is_in_name = names_a_key(message(line));
            return true;
        }
        !is_in_name
    };
    log.lines().filter(|line| is_own(line)).collect()
}

/// The number of the process that wrote a line, as the line has it.
fn process(line: &str) -> Option<&str> {
    parts(line)?;
    line.trim_start_matches('[').split([':', ']']).next()
}

/// What a server answers in place of `INFO`, fit for a terminal.
pub(super) fn answer(text: &str) -> String {
    words(text)
}

/// The server's text, fit for a terminal and not too long.
fn words(line: &str) -> String {
    let text = visible(line.trim());
    match text.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

fn is_routine(line: &str) -> bool {
    line.is_empty() || ROUTINE.iter().any(|start| line.starts_with(start))
}

/// A line of a log in its parts: `PID:ROLE DAY MONTH YEAR TIME LEVEL TEXT`, before 5.0 without the year, and before 3.0
/// `[PID] DAY MONTH TIME LEVEL TEXT`. The level is one of `.-*#`. Other lines, as of a crash, are only text.
fn parts(line: &str) -> Option<(&str, &str)> {
    let starts = line.trim_start_matches('[').starts_with(|c: char| c.is_ascii_digit());
    let after = |words: usize| {
        let mut rest = line;
        for _ in 0..words {
            rest = rest.split_once(' ')?.1;
        }
        let (level, text) = rest.split_once(' ')?;
        [".", "-", "*", "#"].contains(&level).then_some((level, text))
    };
    starts.then(|| after(4).or_else(|| after(5))).flatten()
}

fn message(line: &str) -> &str {
    parts(line).map_or(line, |(_, text)| text)
}

/// Whether a line is a warning, the highest level.
fn is_warning(line: &str) -> bool {
    parts(line).is_some_and(|(level, _)| level == "#")
}

fn first_number(text: &str) -> Option<u64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits = &text[start..];
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> String {
        let start = [
            "7:C 30 Nov 2026 20:00:44.444 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
            "7:C 30 Nov 2026 20:00:44.444 # Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=7, just started",
            "7:C 30 Nov 2026 20:00:44.444 # Configuration loaded",
            "7:M 30 Nov 2026 20:00:44.444 # Server initialized",
            "7:M 30 Nov 2026 20:00:44.444 # WARNING Memory overcommit must be enabled!",
        ];
        let lines: Vec<&str> = start.iter().chain(lines).copied().collect();
        lines.join("\n")
    }

    fn end(log: &str) -> End<'_> {
        End {
            log,
            status: "exit status: 1",
            was_killed: false,
            is_understood: true,
            needs: 1000,
            memory_is_limited: false,
        }
    }

    fn of(lines: &[&str]) -> (Outcome, String) {
        judge(end(&log(lines)))
    }

    #[test]
    fn each_cause_is_told_by_the_servers_own_words() {
        let at = "7:M 30 Nov 2026 20:00:44.444 #";
        for (text, outcome) in [
            ("Can't handle RDB format version 12", Outcome::ServerTooOld),
            ("Wrong signature trying to load DB from file", Outcome::ServerTooOld),
            (
                "The RDB file contains AUX module data I can't load: no matching module 'ReJSON-RL'",
                Outcome::ModuleMissing,
            ),
            (
                "Internal error in RDB reading offset 0, function at rdb.c:2636 -> The RDB file contains module data I can't \
                 load: no matching module type 'ReJSON-RL'",
                Outcome::ModuleMissing,
            ),
            ("RDB has duplicated key 'dup' in DB 0", Outcome::Damaged),
            ("RDB has duplicated key 'no matching module' in DB 0", Outcome::Damaged),
            (
                "Internal error in RDB reading offset 0, function at rdb.c:2275 -> Hash ziplist integrity check failed.",
                Outcome::Damaged,
            ),
            (
                "Short read or OOM loading DB. Unrecoverable error, aborting now.",
                Outcome::Damaged,
            ),
            ("Redis 7.0.15 crashed by signal: 11, si_code: 1", Outcome::Damaged),
            ("Out Of Memory allocating 1048592 bytes!", Outcome::TooLittleMemory),
            (
                "rdbGenericLoadStringObject failed allocating 100 bytes",
                Outcome::TooLittleMemory,
            ),
        ] {
            assert_eq!(of(&[&format!("{at} {text}"), "more"]), (outcome, text.to_owned()));
        }
        let refused = format!("{at} rdbGenericLoadStringObject failed allocating 99999999999 bytes");
        let short = format!("{at} Short read or OOM loading DB. Unrecoverable error, aborting now.");
        assert_eq!(
            of(&[&refused, &short]).0,
            Outcome::Damaged,
            "more than the file ever took"
        );
    }

    #[test]
    fn a_type_that_neither_knows_is_too_new_and_a_known_one_is_damage() {
        let log = log(&[
            "7:M 30 Nov 2026 20:00:44.444 # Internal error in RDB reading offset 0, function at rdb.c:2681 -> \
                         Unknown RDB encoding type 100",
        ]);
        assert_eq!(judge(end(&log)).0, Outcome::Damaged);
        let unknown = End {
            is_understood: false,
            ..end(&log)
        };
        assert_eq!(judge(unknown).0, Outcome::ServerTooOld);
    }

    #[test]
    fn where_memory_is_limited_a_short_read_without_another_cause_is_the_memory() {
        let short = "7:M 30 Nov 2026 20:00:44.444 # Short read or OOM loading DB. Unrecoverable error, aborting now.";
        let text = log(&[short]);
        let limited = |log| {
            judge(End {
                memory_is_limited: true,
                ..end(log)
            })
            .0
        };
        assert_eq!(limited(&text), Outcome::TooLittleMemory);
        let text = log(&[
            "7:M 30 Nov 2026 20:00:44.444 # Failed loading library, Error compiling function",
            short,
        ]);
        assert_eq!(limited(&text), Outcome::Damaged);
        let killed = End {
            was_killed: true,
            ..end("")
        };
        assert_eq!(judge(killed).0, Outcome::TooLittleMemory);
    }

    #[test]
    fn the_name_of_a_key_says_nothing_whatever_it_has_in_it() {
        let at = "7:M 30 Nov 2026 20:00:44.444";
        let other = "9:M 30 Nov 2026 20:00:44.444";
        for said in [
            "Can't handle RDB format version 99",
            "no matching module 'x'",
            "Out Of Memory",
        ] {
            for forged in [said.to_owned(), format!("{other} # {said}")] {
                let twice = format!("{at} # RDB has duplicated key 'a\n{forged}' in DB 0");
                let panic = format!("{at} # Guru Meditation: Duplicated key found in RDB file");
                assert_eq!(of(&[&twice, &panic]).0, Outcome::Damaged, "{forged}");
            }
        }
        let skipped = format!("{at} * rdbLoadObject skipping empty key: a");
        let done = "Done loading RDB, keys loaded: 0, keys expired: 0, empty keys skipped:";
        let text = log(&[&skipped, &format!("{other} * {done} 9."), &format!("{at} * {done} 1.")]);
        assert_eq!(empty_keys(&text), 1);
        assert!(!has_loaded(&log(&[
            &skipped,
            &format!("{other} * DB loaded from disk: 0.000 seconds")
        ])));
        // Redis 2.8, 4.0 and 5.0.
        for at in [
            "[7] 30 Nov 20:00:44.444",
            "7:M 30 Nov 20:00:44.444",
            "7:M 30 Nov 2026 20:00:44.444",
        ] {
            assert!(
                has_loaded(&format!("{at} * DB loaded from disk: 0.000 seconds")),
                "{at}"
            );
        }
        assert!(has_loaded(&log(&[&format!(
            "{at} * DB loaded from disk: 0.000 seconds"
        )])));
    }

    #[test]
    fn what_is_not_about_the_file_is_a_failure() {
        for (log, words) in [
            ("", "the server ended (exit status: 1) without a word"),
            (
                "sh: 1: cannot do\x1b[2J that\n\n",
                "the server ended (exit status: 1): sh: 1: cannot do\\u{1b}[2J that",
            ),
            (
                "7:M 30 Nov 2026 20:00:44.444 # FATAL: Data file was created with a Redis server configured to handle more than \
                 16 databases. Exiting",
                "the server ended (exit status: 1): FATAL: Data file was created with a Redis server configured to handle more \
                 than 16 databases. Exiting",
            ),
        ] {
            assert_eq!(judge(end(log)), (Outcome::Failed, words.to_owned()));
        }
        let long = judge(end(&"x".repeat(5000))).1;
        assert!(long.chars().count() < 400 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn facts_are_read_from_the_log() {
        let log = log(&[
            "7:M 30 Nov 2026 20:00:44.444 # Done loading RDB, keys loaded: 0, keys expired: 0, empty keys skipped: 9.",
        ]);
        assert_eq!(empty_keys(&log), 9);
        assert_eq!(server(&log).as_deref(), Some("Redis 7.0.15"));
        assert_eq!(
            message("[7] 30 Nov 20:00:44.444 # Server started, Redis version 2.8.4"),
            "Server started, Redis version 2.8.4"
        );
        let bad = "*** FATAL CONFIG FILE ERROR ***\n>>> 'sanitize-dump-payload yes'\nBad directive or wrong number of arguments";
        assert!(knows_not(bad, "sanitize-dump-payload"));
    }
}
