//! Properties that hold for everything that is printed.

use super::table;
use crate::terminal::escape::is_hazardous;

/// Cells of any text give a table with one line for each row. No character in it acts on a terminal, and no
/// line ends in a blank. Rows may be of different lengths.
pub(crate) fn rows(rows: Vec<Vec<String>>) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default().max(1);
    let header = vec!["HEADER"; columns];
    let count = rows.len();
    let rows = rows.into_iter().map(|mut row| {
        row.resize(columns, String::new());
        row
    });
    let text = harmless_text(table::render(&header, rows));
    assert_eq!(text.matches('\n').count(), count + 1, "one line a row: {text:?}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text:?}");
}

/// The output as text, after a check that no character in it acts on a terminal.
pub(crate) fn harmless_text(output: Vec<u8>) -> String {
    let text = String::from_utf8(output).expect("output is UTF-8");
    let found = text.chars().find(|c| *c != '\n' && is_hazardous(*c));
    assert_eq!(found, None, "a character that acts on a terminal");
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzzing::inputs::{config, hostile_text};

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn tables(cells in prop::collection::vec(prop::collection::vec(hostile_text(), 0..5), 0..6)) {
            rows(cells);
        }
    }

    #[test]
    fn cells_of_64_kib() {
        for text in ["x", "\u{1b}", "长", "e\u{301}", "\u{202e}", "../"] {
            let long = text.repeat(64 * 1024 / text.len());
            rows(vec![
                vec![long; 8],
                vec!["a".to_owned()],
                vec![text.repeat(8000 / text.len()); 8],
            ]);
        }
    }
}
