//! Colours in tables: the words of the first column among STATUS, STATE, AUTO and RESULT.
//!
//! Colours are added to the finished table. So they do not count for the widths of columns, and no command has to
//! add them itself.

use unicode_width::UnicodeWidthStr;

/// The headers of the columns whose words are coloured. Only the first such column of a table is.
const COLUMNS: [&str; 4] = ["STATUS", "STATE", "AUTO", "RESULT"];
/// Red, for what has failed (ECMA-48, SGR).
const BAD: &str = "\x1b[31m";
/// Yellow, for what is not certain yet.
const PENDING: &str = "\x1b[33m";
/// Green, for what is well.
const GOOD: &str = "\x1b[32m";
const PLAIN: &str = "\x1b[0m";

/// The table with its words of status in colour. A table without such a column is returned unchanged.
pub(crate) fn paint(table: Vec<u8>) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(&table) else {
        return table;
    };
    let header = text.lines().next().unwrap_or_default();
    let Some(column) = column(header) else { return table };
    let is_of_backups = header.starts_with("BASE ID");
    let mut painted = String::with_capacity(text.len() + 16 * text.lines().count());
    for line in text.lines() {
        match word_at(line, column) {
            Some((before, word, after)) => match tone(word, is_of_backups) {
                Some(tone) => painted.extend([before, tone, word, PLAIN, after]),
                None => painted.push_str(line),
            },
            None => painted.push_str(line),
        }
        painted.push('\n');
    }
    painted.into_bytes()
}

/// A word of status in its colour, for a text that is not laid out as a table.
pub(crate) fn word(word: &str) -> String {
    match tone(word, false) {
        Some(tone) => format!("{tone}{word}{PLAIN}"),
        None => word.to_owned(),
    }
}

/// The colour of a word of status, if it has one. A `running` backup is not complete yet, and a `running` instance is
/// well.
fn tone(word: &str, is_of_backups: bool) -> Option<&'static str> {
    match word {
        "failed" | "corrupt" | "damaged" | "incomplete" | "unreadable" | "not-rdb" | "stale" | "missing" | "error"
        | "off" => Some(BAD),
        "running" if !is_of_backups => None,
        "server-too-old" | "module-missing" | "too-little-memory" | "no-progress" | "differs" | "running"
        | "unverified" | "creating" | "changing" | "configuring" | "restoring" | "upgrading" | "deleting" => {
            Some(PENDING)
        }
        "success" | "ok" | "fresh" | "loaded" => Some(GOOD),
        _ => None,
    }
}

/// The terminal column in which the words begin.
fn column(header: &str) -> Option<usize> {
    let cells = header.match_indices(|c: char| c != ' ');
    let starts = cells
        .map(|(at, _)| at)
        .filter(|at| header[..*at].is_empty() || header[..*at].ends_with("  "));
    // A header is ASCII, so its bytes are its columns.
    let mut named = starts.filter(|at| {
        let word = header[*at..].split("  ").next().unwrap_or_default();
        COLUMNS.contains(&word.trim_end())
    });
    named.next()
}

/// A line split at the word that begins in this column: the text before it, the word, and the rest.
fn word_at(line: &str, column: usize) -> Option<(&str, &str, &str)> {
    let starts = line.char_indices().map(|(at, _)| at);
    let mut starts = starts.skip_while(|at| line[..*at].width() < column);
    let start = starts.next().filter(|at| line[..*at].width() == column)?;
    let end = line[start..].find(' ').map_or(line.len(), |length| start + length);
    Some((&line[..start], &line[start..end], &line[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(table: &str) -> String {
        String::from_utf8(paint(table.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn words_of_status_have_their_colour_with_any_text_before_them() {
        let table = "\
BASE ID  NAME     STATUS   SIZE
failed   缓存     failed   -
b        failed   running  1 B
c        x  ok    success  2 B
d        y        7        2 B
";
        let expected = "\
BASE ID  NAME     STATUS   SIZE
failed   缓存     \x1b[31mfailed\x1b[0m   -
b        failed   \x1b[33mrunning\x1b[0m  1 B
c        x  ok    \x1b[32msuccess\x1b[0m  2 B
d        y        7        2 B
";
        assert_eq!(painted(table), expected);
    }

    #[test]
    fn the_status_of_a_running_instance_has_no_colour() {
        let table = "ID  STATUS   ADDRESS\na   running  h\nb   error    h\n";
        assert_eq!(
            painted(table),
            "ID  STATUS   ADDRESS\na   running  h\nb   \x1b[31merror\x1b[0m    h\n"
        );
    }

    #[test]
    fn a_word_on_its_own_has_the_colour_of_its_kind() {
        assert_eq!(word("failed"), "\x1b[31mfailed\x1b[0m");
        assert_eq!(word("skipped"), "skipped");
    }

    #[test]
    fn a_table_without_such_a_column_stays_as_it_is() {
        for table in ["", "NAME  LINK\nfailed  failed\n", "MY STATUS  X\nfailed     x\n"] {
            assert_eq!(painted(table), table);
        }
    }
}
