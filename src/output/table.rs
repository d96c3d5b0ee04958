//! Tables for people. comfy-table lays them out.
//!
//! No cell is wrapped or cut, and no line ends in blanks, so the last column can be selected and copied whole at any
//! width of the terminal.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use unicode_width::UnicodeWidthStr;

use crate::terminal::escape::visible;

/// The text of an empty cell.
pub(crate) const ABSENT: &str = "-";

/// The longest cell that is lined up with others, in bytes, since comfy-table counts columns in 16 bits. No terminal is
/// as wide. A row with a longer cell is not lined up.
const LONGEST_ALIGNED: usize = 8192;
/// The blanks between two columns.
const GAP: u16 = 2;
/// The columns of a list that stay however narrow the terminal is: what identifies an entry, and its status.
const LEAST_COLUMNS: usize = 3;
/// The rows that are laid out at a time. comfy-table takes 2 KiB for a row of eight cells, so 10,000 rows at
/// once would take 20 MiB.
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
    let blocks = || aligned.chunks(BLOCK).map(table);
    // A single block finds its own widths; several blocks must share them.
    let widths = match aligned.len() {
        0..=BLOCK => Vec::new(),
        _ => blocks()
            .map(|block| block.column_max_content_widths())
            .reduce(|widest, block| widest.into_iter().zip(block).map(|(a, b)| a.max(b)).collect())
            .unwrap_or_default(),
    };
    let mut lines = blocks().flat_map(|block| lines(block, &widths));
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

/// Like [`render`], with the first columns only, as many as fit into `room`.
pub(crate) fn render_fitting(header: &[&str], mut rows: Vec<Vec<String>>, room: usize) -> Vec<u8> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let cells = cells.map(|cell| shown(cell).width());
        cells.chain([header[column].width()]).max().unwrap_or_default()
    };
    let mut taken = 0;
    let fitting = (0..header.len()).take_while(|column| {
        taken += width(*column) + if *column == 0 { 0 } else { usize::from(GAP) };
        taken <= room
    });
    let columns = fitting.count().max(LEAST_COLUMNS).min(header.len());
    rows.iter_mut().for_each(|row| row.truncate(columns));
    render(&header[..columns], rows)
}

/// Like [`render`], but empty, without even the header, if there are no rows.
pub(crate) fn render_rows<R, C>(header: &[&str], rows: impl IntoIterator<Item = R>) -> Vec<u8>
where
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let mut rows = rows.into_iter().peekable();
    match rows.peek() {
        Some(_) => render(header, rows),
        None => Vec::new(),
    }
}

fn is_aligned(row: &[String]) -> bool {
    row.iter().all(|cell| cell.len() <= LONGEST_ALIGNED)
}

fn table(rows: &[&Vec<String>]) -> Table {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .add_rows(rows.iter().copied());
    table
}

/// The lines of one block, with columns at least as wide as these.
fn lines(mut block: Table, widths: &[u16]) -> Vec<String> {
    for (i, column) in block.column_iter_mut().enumerate() {
        column.set_padding((0, GAP));
        if let Some(width) = widths.get(i) {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width + GAP)));
        }
    }
    block.lines().collect()
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
    fn a_narrow_terminal_gets_the_first_columns_and_at_least_three() {
        let rows = || vec![["id-1", "缓存", "up", "far away"].map(str::to_owned).to_vec()];
        let lines = |room| {
            let text = String::from_utf8(render_fitting(&["ID", "NAME", "STATUS", "PLACE"], rows(), room)).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines(28), ["ID    NAME  STATUS  PLACE", "id-1  缓存  up      far away"]);
        assert_eq!(lines(27), ["ID    NAME  STATUS", "id-1  缓存  up"]);
        assert_eq!(lines(5), lines(27));
    }

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

    #[test]
    fn columns_are_straight_through_a_list_that_is_laid_out_in_parts() {
        let widest = "x".repeat(10);
        let rows = (0..2 * BLOCK).map(|n| [if n + 1 == 2 * BLOCK { &*widest } else { "x" }, "y"]);
        let text = String::from_utf8(render(&["A", "B"], rows)).unwrap();
        assert_eq!(text.lines().count(), 1 + 2 * BLOCK);
        for line in text.lines() {
            assert_eq!(line.find(['y', 'B']), Some(10 + 2), "{line}");
        }
    }
}
