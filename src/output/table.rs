//! Columns for people, in any terminal.
//!
//! No cell is wrapped or cut and no line ends in blanks, so that whatever stands in the last column
//! can be selected and copied whole, whatever the terminal's width.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use unicode_width::UnicodeWidthStr;

use crate::terminal::escape::visible;

/// What stands in a cell that has nothing to show.
pub(crate) const ABSENT: &str = "-";

/// The longest cell that is lined up with others, in bytes. No terminal is as wide, and the layout
/// counts columns in 16 bits.
const LONGEST_ALIGNED: usize = 8192;
const GAP: u16 = 2;

/// How many rows are laid out at a time; the layout takes many times the memory of the text.
const BLOCK: usize = 256;

/// A header and rows of as many cells. Hazardous characters are shown escaped.
pub(crate) fn render<R, C>(header: &[&str], rows: impl IntoIterator<Item = R>) -> Vec<u8>
where
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let header = header.iter().map(|cell| (*cell).to_owned()).collect();
    let rows = rows
        .into_iter()
        .map(|row| row.into_iter().map(|cell| shown(cell.as_ref())).collect());
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    let (aligned, _): (Vec<_>, Vec<_>) = rows.iter().partition(|row| is_aligned(row));
    let widths = widths(&aligned);
    let mut lines = aligned.chunks(BLOCK).flat_map(|block| layout(block, &widths));
    let mut text = String::new();
    for row in &rows {
        let line = match is_aligned(row) {
            true => lines.next().unwrap_or_default(),
            false => row.join(&" ".repeat(GAP.into())),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.into_bytes()
}

fn is_aligned(row: &[String]) -> bool {
    row.iter().all(|cell| cell.len() <= LONGEST_ALIGNED)
}

/// The widest cell of each column.
fn widths(rows: &[&Vec<String>]) -> Vec<u16> {
    let columns = rows.first().map_or(0, |row| row.len());
    (0..columns)
        .map(|column| rows.iter().map(|row| row[column].width()).max().unwrap_or_default())
        .map(|width| u16::try_from(width).unwrap_or(u16::MAX))
        .collect()
}

/// A line for every row, with columns at least so wide.
fn layout(rows: &[&Vec<String>], widths: &[u16]) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .add_rows(rows.iter().copied());
    for (column, width) in table.column_iter_mut().zip(widths) {
        column
            .set_padding((0, GAP))
            .set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width + GAP)));
    }
    table.lines().collect()
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
