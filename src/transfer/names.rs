//! The names that files get in a folder.

use std::collections::HashSet;

/// The ending of the name of an incomplete file.
pub(super) const PART: &str = ".part";
/// The ending of the name of a damaged file.
pub(super) const CORRUPT: &str = ".corrupt";
/// The longest name given to a file, in bytes, which leaves room for endings.
const MAX_NAME: usize = 200;

/// Turns names of any text into file names that are safe in any folder and differ from each other. They keep the
/// order of `names`.
pub(crate) fn distinct_names(names: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut distinct = Vec::new();
    // No file may have the name of another one's part or corrupt file. Some file systems ignore letter case.
    let family = |name: &str| ["", PART, CORRUPT].map(|ending| format!("{name}{ending}").to_lowercase());
    for (i, name) in names.into_iter().enumerate() {
        let safe = safe_name(name.as_ref()).unwrap_or_else(|| format!("shard-{i}"));
        let mut candidate = safe.clone();
        let mut n = 1;
        while family(&candidate).iter().any(|name| taken.contains(name)) {
            n += 1;
            let number = format!("-{n}");
            candidate = format!("{}{number}", cut(&safe, MAX_NAME - number.len()));
        }
        taken.extend(family(&candidate));
        distinct.push(candidate);
    }
    distinct
}

/// The name without characters and dots that a system or a terminal treats specially; `None` if nothing is left.
fn safe_name(name: &str) -> Option<String> {
    let is_safe = |c: char| c.is_alphanumeric() || "-_.+=@".contains(c);
    let safe: String = name.chars().map(|c| if is_safe(c) { c } else { '_' }).collect();
    // A dot at the beginning hides a file, or names a folder. A dot at the end is dropped by some systems.
    let trimmed = cut(safe.trim_start_matches('.'), MAX_NAME).trim_end_matches('.');
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// The beginning of a text: whole characters, at most `length` bytes.
fn cut(text: &str, length: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|end| *end <= length).last().unwrap_or_default();
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_folder_nor_act_on_a_terminal() {
        for (name, safe) in [
            ("20210714153657-backup1-0", "20210714153657-backup1-0"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("/abs", "_abs"),
            ("a\\b:c*d", "a_b_c_d"),
            (".hidden.", "hidden"),
            ("a\x1b[2J\u{202e}\n", "a__2J__"),
            ("备份-0", "备份-0"),
            ("", "shard-0"),
            ("..", "shard-0"),
        ] {
            assert_eq!(distinct_names([name]), [safe], "{name:?}");
        }
        let long = "长".repeat(1000);
        assert!(distinct_names([long.as_str()])[0].len() <= MAX_NAME);
    }

    #[test]
    fn equal_names_are_told_apart() {
        assert_eq!(
            distinct_names(["a", "A", "a", "a-2", ""]),
            ["a", "A-2", "a-3", "a-2-2", "shard-4"]
        );
        assert_eq!(
            distinct_names(["b.PART", "b", "c", "c.corrupt"]),
            ["b.PART", "b-2", "c", "c.corrupt-2"]
        );
    }
}
