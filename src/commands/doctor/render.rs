//! The report in each format: a pure function from the checks to bytes.

use std::fmt::Write as _;

use serde::Serialize;

use super::check::{Check, State};
use crate::output::{Format, json, paint, plain};
use crate::terminal::escape::visible;

/// The width of the table, in columns.
const COLUMNS: usize = 80;
/// The column in which the text of a check begins.
const INDENT: usize = 25;

/// The document of `-o json`. Its keys are a contract, and all of them are always there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    /// The program's version.
    version: &'static str,
    /// How often the service was called.
    calls: usize,
    summary: Summary,
    checks: &'a [Check],
}

#[derive(Serialize)]
struct Summary {
    ok: usize,
    differs: usize,
    failed: usize,
    skipped: usize,
}

impl Summary {
    fn of(checks: &[Check]) -> Self {
        let count = |state| checks.iter().filter(|check| check.state == state).count();
        Self {
            ok: count(State::Ok),
            differs: count(State::Differs),
            failed: count(State::Failed),
            skipped: count(State::Skipped),
        }
    }
}

/// `paints` puts the words of state into colour, in the table alone.
pub(super) fn render(checks: &[Check], calls: usize, format: Format, paints: bool) -> Vec<u8> {
    match format {
        Format::Table => table(checks, calls, paints).into_bytes(),
        Format::Json => json::render(&Document {
            version: env!("CARGO_PKG_VERSION"),
            calls,
            summary: Summary::of(checks),
            checks,
        }),
        Format::Plain => plain::render(
            checks
                .iter()
                .map(|check| format!("{} {}", check.state.word(), check.id)),
        ),
    }
}

fn table(checks: &[Check], calls: usize, paints: bool) -> String {
    let mut text = String::new();
    let mut group = None;
    for row in checks.chunk_by(is_same_row) {
        let first = &row[0];
        if group != Some(first.group) {
            group = Some(first.group);
            let _ = writeln!(text, "{}", first.group.title());
        }
        let parts = |part: &dyn Fn(&Check) -> String, gap| row.iter().map(part).collect::<Vec<_>>().join(gap);
        let (label, seen) = match (row, first.state) {
            ([check], _) => (check.label.to_owned(), check.seen.clone()),
            (row, State::Skipped) => {
                let names = parts(&|check| check.label.to_owned(), ", ");
                (format!("{} checks", row.len()), format!("{names}: {}", first.seen))
            }
            _ => {
                let seen = parts(&|check| format!("{}: {}", check.label, check.seen), "; ");
                (first.row.to_owned(), seen)
            }
        };
        let word = first.state.word();
        let begin = format!("  {word:<7}  {label:<13} ");
        let shown = paragraph(&begin, &visible(&seen));
        match paints {
            // The first occurrence is the one at the beginning of the line.
            true => text.push_str(&shown.replacen(word, &paint::word(word), 1)),
            false => text.push_str(&shown),
        }
        for (name, more) in [("this means: ", &first.means), ("do: ", &first.advice)] {
            if let Some(more) = more {
                text.push_str(&paragraph(&format!("{:INDENT$}{name}", ""), &visible(more)));
            }
        }
    }
    let Summary {
        ok,
        differs,
        failed,
        skipped,
    } = Summary::of(checks);
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(
        text,
        "jdredis {version}: {ok} ok, {differs} differ, {failed} failed, {skipped} skipped; calls of the service: {calls}"
    );
    text
}

/// Whether two checks share a line: those of one row that are as they should be, and those of one group that
/// are skipped for the same reason.
fn is_same_row(a: &Check, b: &Check) -> bool {
    match (a.state, b.state) {
        (State::Ok, State::Ok) => a.row == b.row,
        (State::Skipped, State::Skipped) => a.group == b.group && a.seen == b.seen,
        _ => false,
    }
}

/// A text behind its beginning, broken between words. A word that is longer than a line stays whole, so that
/// it can be copied.
fn paragraph(begin: &str, text: &str) -> String {
    let mut lines = String::from(begin);
    let mut width = begin.chars().count();
    let mut is_first = true;
    for word in text.split(' ') {
        let length = word.chars().count();
        if !is_first && width + 1 + length > COLUMNS {
            let _ = write!(lines, "\n{:INDENT$}", "");
            width = INDENT;
        } else if !is_first {
            lines.push(' ');
            width += 1;
        }
        lines.push_str(word);
        width += length;
        is_first = false;
    }
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::check::Findings;

    #[test]
    fn checks_share_a_line_where_they_are_ok_or_are_skipped_for_one_reason() {
        let mut findings = Findings::default();
        for (id, seen) in [
            ("settings", "A"),
            ("keys", "B"),
            ("certificates", "C"),
            ("proxy", "D"),
            ("connection", "E"),
        ] {
            findings.ok(id, seen);
        }
        findings.skipped("clock", "F");
        findings.differs("signature", "G", "H", "I");
        let shown = table(&findings.into_checks("why not"), 3, false);
        let expected = "\
This machine
  ok       settings      A
  ok       keys          B
  ok       network       certificates: C; proxy: D; connection: E
  skipped  clock         F
The service
  differs  signature     G
                         this means: H
                         do: I
  skipped  6 checks      token, permissions, regions, counts, forms, offsets:
                         why not
An instance
  skipped  6 checks      instance, pages, order, time filter, name filter,
                         policy: why not
A backup and the storage
";
        assert!(shown.starts_with(expected), "{shown}");
        assert!(shown.contains("\nWhat no check can tell\n"), "{shown}");
        assert!(
            shown.ends_with(": 5 ok, 1 differ, 0 failed, 29 skipped; calls of the service: 3\n"),
            "{shown}"
        );
    }

    #[test]
    fn a_long_text_is_broken_between_words_and_a_long_word_is_not() {
        let text = format!("{} {} end", "word ".repeat(20).trim_end(), "x".repeat(90));
        let shown = paragraph("  differs  path          ", &text);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.len() > 3);
        for line in &lines {
            assert!(line.len() <= COLUMNS || line.trim_start().starts_with("xxx"), "{line}");
        }
        assert!(
            lines[1..].iter().all(|line| line.starts_with(&" ".repeat(INDENT))),
            "{shown}"
        );
    }
}
