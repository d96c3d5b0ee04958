//! Why a server ended before it had loaded a file, by its log. The messages are those of Redis's and Valkey's source,
//! `rdb.c` and `server.c`, and were seen with redis-server 7.0.15.

use super::Outcome;
use super::log::{Line, Log, first_number, shown};

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

/// What is known of a server that ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) log: &'a Log,
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
    let lines = end.log.own_lines();
    let with = |phrases: &[&str]| {
        let mut own = lines.iter().filter(|line| !line.names_a_key());
        own.find(|line| has_any(line, phrases)).map(|line| line.text)
    };
    let said = |outcome: Outcome, text: &str| (outcome, shown(text));
    if let Some(text) = with(&["Can't handle RDB format version", "Wrong signature trying to load DB"]) {
        return said(Outcome::ServerTooOld, text);
    }
    if let Some(text) = with(&["no matching module"]) {
        return said(Outcome::ModuleMissing, text);
    }
    if let Some(text) = with(&["Unknown RDB encoding type"]).filter(|_| !end.is_understood) {
        return said(Outcome::ServerTooOld, text);
    }
    // A length that is more than the file ever took is a damaged one.
    let refused = with(&["failed allocating"]);
    let refused = refused.filter(|text| first_number(text).is_none_or(|bytes| bytes <= end.needs.max(1 << 20)));
    if let Some(text) = refused.or_else(|| with(&["Out Of Memory", "Out of memory", "Cannot allocate memory"])) {
        return said(Outcome::TooLittleMemory, text);
    }
    let mut telling = lines.iter().filter(|line| !is_routine(line.text));
    let warning = telling.clone().find(|line| line.is_warning).map(|line| line.text);
    // The reader of RDB files found the file complete, and a server without memory writes only one of these lines.
    let may_be_memory =
        |text: &&str| text.starts_with("Short read or OOM") || text.contains("Can't initialize Background");
    if let Some(text) = warning.filter(may_be_memory).filter(|_| end.memory_is_limited) {
        return said(Outcome::TooLittleMemory, text);
    }
    if let Some(line) = lines.iter().find(|line| has_any(line, &ABOUT_THE_FILE)) {
        return said(Outcome::Damaged, warning.unwrap_or(line.text));
    }
    if end.was_killed {
        let text = "it was killed (SIGKILL), as the system does when memory runs out";
        return (Outcome::TooLittleMemory, text.to_owned());
    }
    let last = || telling.rfind(|line| !line.text.trim().is_empty()).map(|line| line.text);
    let reason = match warning.or_else(last) {
        Some(text) => format!("the server ended ({}): {}", end.status, shown(text)),
        None => format!("the server ended ({}) without a word", end.status),
    };
    (Outcome::Failed, reason)
}

fn has_any(line: &Line<'_>, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| line.text.contains(phrase))
}

fn is_routine(text: &str) -> bool {
    text.is_empty() || ROUTINE.iter().any(|start| text.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> Log {
        let start = [
            "7:C 30 Nov 2026 20:00:44.444 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
            "7:C 30 Nov 2026 20:00:44.444 # Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=7, just started",
            "7:C 30 Nov 2026 20:00:44.444 # Configuration loaded",
            "7:M 30 Nov 2026 20:00:44.444 # Server initialized",
            "7:M 30 Nov 2026 20:00:44.444 # WARNING Memory overcommit must be enabled!",
        ];
        let lines: Vec<&str> = start.iter().chain(lines).copied().collect();
        Log(lines.join("\n"))
    }

    fn end(log: &Log) -> End<'_> {
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
            // A server takes more for a small file than the file has.
            (
                "rdbGenericLoadStringObject failed allocating 5000 bytes",
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
        let silent = Log(String::new());
        let killed = End {
            was_killed: true,
            ..end(&silent)
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
    }

    #[test]
    fn a_damaged_file_has_a_reason_whatever_the_level_of_the_line() {
        for line in [
            "Redis 7.0.15 crashed by signal: 11",
            "7:M 30 Nov 2026 20:00:44.444 * Bad file format",
        ] {
            let (outcome, reason) = of(&[line]);
            assert_eq!(outcome, Outcome::Damaged);
            assert!(line.ends_with(&reason) && !reason.is_empty(), "{reason:?}");
        }
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
            assert_eq!(judge(end(&Log(log.to_owned()))), (Outcome::Failed, words.to_owned()));
        }
        let long = judge(end(&Log("x".repeat(5000)))).1;
        assert!(long.chars().count() < 400 && long.ends_with('…'), "{long}");
    }
}
