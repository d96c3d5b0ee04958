//! Columns for people, in any terminal.
//!
//! No cell is wrapped or cut and no line ends in blanks, so that whatever stands in the last column
//! can be selected and copied whole, whatever the terminal's width.

use comfy_table::{ContentArrangement, Table};

use crate::escape::visible;

/// What stands in a cell that has nothing to show.
pub(crate) const ABSENT: &str = "-";

/// The longest cell that is lined up with others, in bytes. No terminal is as wide, and the layout
/// counts columns in 16 bits.
const LONGEST_ALIGNED: usize = 8192;
const GAP: u16 = 2;

/// A header and rows of as many cells. Hazardous characters are shown escaped.
pub(crate) fn render<R, C>(header: &[&str], rows: impl IntoIterator<Item = R>) -> Vec<u8>
where
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|row| row.into_iter().map(|cell| shown(cell.as_ref())).collect())
        .collect();
    let is_aligned = |row: &[String]| row.iter().all(|cell| cell.len() <= LONGEST_ALIGNED);
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header)
        .add_rows(rows.iter().filter(|row| is_aligned(row)));
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    let mut aligned = table.lines();
    let mut bytes = Vec::new();
    let mut write_line = |line: &str| {
        bytes.extend_from_slice(line.trim_end().as_bytes());
        bytes.push(b'\n');
    };
    write_line(&aligned.next().unwrap_or_default());
    for row in &rows {
        if is_aligned(row) {
            write_line(&aligned.next().unwrap_or_default());
        } else {
            write_line(&row.join(&" ".repeat(GAP.into())));
        }
    }
    bytes
}

fn shown(cell: &str) -> String {
    if cell.is_empty() {
        ABSENT.to_owned()
    } else {
        visible(cell).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_never_cut_and_columns_stay_straight() {
        let long = "x".repeat(500);
        let rows = [["节点 0", "", &long], ["a\x1b[1m\n", "b", "c"]];
        let text = String::from_utf8(render(&["NAME", "EMPTY", "LAST"], rows)).unwrap();
        let expected = [
            "NAME             EMPTY  LAST".to_owned(),
            format!("节点 0           -      {long}"),
            "a\\u{1b}[1m\\u{a}  b      c".to_owned(),
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
