//! Makes text from the service safe to show.
//!
//! A name or a message may hold any character, and a terminal obeys control characters: escape
//! sequences move the cursor, and bidirectional controls make one text look like another.

use std::borrow::Cow;

/// Whether a character controls the terminal or the text around it.
pub(crate) fn is_hazardous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with every hazardous character written as `\u{…}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    // Most texts are plain ASCII, and bytes are faster to search than characters.
    let is_plain = text.bytes().all(|byte| (b' '..0x7f).contains(&byte));
    if is_plain || !text.contains(is_hazardous) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hazardous(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(visible("node 0 主节点 👩‍🚀"), "node 0 主节点 👩‍🚀");
        assert_eq!(visible("a\x1b[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(
            visible("\u{9b}2J\u{202e}\n\r\t"),
            "\\u{9b}2J\\u{202e}\\u{a}\\u{d}\\u{9}"
        );
    }
}
