//! Breaks long lines between words.

use unicode_width::UnicodeWidthStr;

/// Breaks a line into lines of at most this many columns, each with its line end. All but the first begin
/// with `indent`. A longer word stays whole, so that IDs, paths and links can be copied.
pub(crate) fn wrap(line: &str, columns: u16, indent: &str) -> String {
    let columns = usize::from(columns);
    let mut text = String::new();
    let mut width = 0;
    for word in line.split_inclusive(' ') {
        let shown = width_of(word.trim_end_matches(' '));
        if width > indent.len() && width + shown > columns {
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
            text.push_str(indent);
            width = indent.len();
        }
        text.push_str(word);
        width += width_of(word);
    }
    text.push('\n');
    text
}

/// The width of a word, in which escape sequences of colours take no column.
fn width_of(word: &str) -> usize {
    let Some((before, escaped)) = word.split_once('\u{1b}') else {
        return word.width();
    };
    let behind = escaped.split_once('m').map_or("", |(_, behind)| behind);
    before.width() + width_of(behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_no_word_is_broken() {
        assert_eq!(wrap("a bc def", 80, "  "), "a bc def\n");
        assert_eq!(wrap("a bc def", 4, "  "), "a bc\n  def\n");
        assert_eq!(wrap("abcdefgh i jk", 4, "  "), "abcdefgh\n  i\n  jk\n");
        assert_eq!(wrap("  hint: 缓存 备份 x", 12, "    "), "  hint: 缓存\n    备份 x\n");
        assert_eq!(wrap("", 4, "  "), "\n");
        // Behind a label as wide as the indentation, a break would give a word no more room.
        assert_eq!(wrap("ID: abcdef g", 8, "    "), "ID: abcdef\n    g\n");
        assert_eq!(wrap("two  blanks", 80, "  "), "two  blanks\n");
        let red = "\u{1b}[1m\u{1b}[31ma\u{1b}[0m bc def";
        assert_eq!(wrap(red, 8, "  "), format!("{red}\n"));
        assert_eq!(
            wrap("ab\u{1b}[31mc\u{1b}[0m def", 6, "  "),
            "ab\u{1b}[31mc\u{1b}[0m\n  def\n"
        );
    }
}
