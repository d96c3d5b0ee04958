//! `jdredis help formats`: the reference of what the program prints, for those who write programs that
//! read it. It is a command so that `help` finds it; the manual page prints the same text.

/// The reference. A line without indentation that ends in a colon is a heading, and no line is longer
/// than 80 columns, so that clap wraps none of them on a usual terminal.
pub(super) const PAGE: &str = concat!(include_str!("formats.txt"), include_str!("../cli/exit_codes.txt"));

pub(super) fn render() -> Vec<u8> {
    PAGE.as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits_a_terminal_of_eighty_columns() {
        for line in PAGE.lines() {
            assert!(line.len() <= 80 && line.is_ascii(), "{line}");
        }
    }
}
