//! The shells: how each hands over its words and takes what is offered.
//!
//! The first line of an answer is `values`, `files` or `folders`. After `values` each line is a candidate: for bash the
//! text to insert, for zsh an entry of `_describe`, for the others the value, a tab and its help. Where bash only lists
//! (COMP_TYPE 63, the second Tab), each line ends with the help in parentheses.

use std::ffi::OsString;

use clap::ValueEnum;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::line::Line;
use super::{Candidate, Offer};
use crate::process::world::World;

/// The COMP_TYPE of bash where it lists and inserts nothing: the code of `?`.
const LISTING: &str = "63";
/// The widest listing, in columns.
const MAX_COLUMNS: usize = 100;

/// A shell that completion is offered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// GNU Bash, 3.2 and later
    Bash,
    /// Elvish
    Elvish,
    /// fish
    Fish,
    /// PowerShell; the script has not been tried in one
    Powershell,
    /// zsh
    Zsh,
}

impl Shell {
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }

    /// The script that asks the program.
    pub(crate) fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("../../completions/jdredis.bash"),
            Self::Elvish => include_str!("../../completions/jdredis.elv"),
            Self::Fish => include_str!("../../completions/jdredis.fish"),
            Self::Powershell => include_str!("../../completions/_jdredis.ps1"),
            Self::Zsh => include_str!("../../completions/_jdredis"),
        }
    }
}

/// A shell's question.
pub(super) struct Request {
    shell: Shell,
    /// Up to the cursor, without quotes.
    words: Vec<String>,
    /// The quote that is open at the cursor, in bash.
    quote: Option<Quote>,
    /// How many bytes of the word at the cursor bash does not replace.
    kept: usize,
    /// The columns of the terminal, where bash lists and inserts nothing.
    listing: Option<usize>,
}

/// A quote that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    /// `'`, in which bash takes every character as it is and fish takes `\` as an escape.
    Single,
    /// `"`
    Double,
    /// `$'`, in which `\` escapes.
    Ansi,
}

impl Request {
    /// Reads `jdredis -- INDEX WORD…`; `None` where the arguments are others.
    pub(super) fn read(shell: Shell, world: &World) -> Option<Self> {
        let mut request = Self::of_words(shell, &world.args)?;
        if shell == Shell::Bash && world.var("COMP_TYPE").as_deref() == Some(LISTING) {
            let columns = world.var("COLUMNS").and_then(|columns| columns.parse().ok());
            request.listing = Some(columns.unwrap_or(MAX_COLUMNS).min(MAX_COLUMNS));
        }
        Some(request)
    }

    fn of_words(shell: Shell, args: &[OsString]) -> Option<Self> {
        let mut args = args.iter().skip(2).map(|arg| arg.to_string_lossy().into_owned());
        let index: usize = args.next()?.parse().ok()?;
        let mut words: Vec<String> = args.collect();
        words.truncate(index.checked_add(1)?);
        // A cursor behind the last word.
        if words.len() <= index {
            words.push(String::new());
        }
        let mut request = Self {
            shell,
            words,
            quote: None,
            kept: 0,
            listing: None,
        };
        match shell {
            Shell::Bash => request.join_bash_words(),
            Shell::Fish => {
                // fish takes the quotes off the words before it, and hands this one over as it was typed.
                if let Some(word) = request.words.last_mut() {
                    *word = unquoted(word, shell).0;
                }
            }
            Shell::Elvish | Shell::Powershell | Shell::Zsh => {}
        }
        Some(request)
    }

    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// bash breaks words at `=` and `:` (COMP_WORDBREAKS), replaces only what comes after the last of
    /// them, and hands words over as they were typed, with their quotes.
    fn join_bash_words(&mut self) {
        let mut joined: Vec<String> = Vec::new();
        let mut is_open = false;
        let last = self.words.len() - 1;
        for (i, word) in self.words.iter().enumerate() {
            let is_break = !word.is_empty() && word.chars().all(|c| c == '=' || c == ':');
            let before = joined.last().map(String::as_str).unwrap_or_default();
            let continues = is_break && (before.starts_with("--") || word.starts_with(':')) && joined.len() > 1;
            if (continues || is_open)
                && let Some(before) = joined.last_mut()
            {
                if i == last && !is_break {
                    self.kept = unquoted(before, self.shell).0.len();
                }
                before.push_str(word);
                if i == last && is_break {
                    self.kept = unquoted(before, self.shell).0.len();
                }
            } else {
                joined.push(word.clone());
            }
            is_open = continues;
        }
        let (words, quotes): (Vec<_>, Vec<_>) = joined.iter().map(|word| unquoted(word, self.shell)).unzip();
        self.words = words;
        self.quote = quotes.last().copied().flatten();
    }

    /// The answer. `line` is what [`words`](Self::words) were read as.
    pub(super) fn write(&self, line: &Line<'_>, offer: Offer) -> String {
        let candidates = match offer {
            Offer::Files => return "files\n".to_owned(),
            Offer::Folders => return "folders\n".to_owned(),
            Offer::Values(candidates) => candidates,
        };
        let entries = candidates
            .iter()
            .filter_map(|candidate| Some((self.entry(line, candidate)?, candidate.help.as_str())));
        let entries: Vec<(String, &str)> = entries.collect();
        let mut text = "values\n".to_owned();
        let widest = entries.iter().map(|(entry, _)| entry.width()).max().unwrap_or_default();
        for (entry, help) in entries {
            match self.listing {
                Some(columns) if !help.is_empty() => {
                    let blanks = " ".repeat(widest - entry.width());
                    // bash begins a new line at the last column.
                    text.push_str(&shortened(
                        format!("{entry}{blanks}  ({help})"),
                        columns.saturating_sub(1),
                    ));
                }
                _ => text.push_str(&entry),
            }
            text.push('\n');
        }
        text
    }

    fn entry(&self, line: &Line<'_>, candidate: &Candidate) -> Option<String> {
        let Candidate { value, help } = candidate;
        match self.shell {
            Shell::Bash => {
                let word = format!("{}{value}", line.attached);
                quoted_for_bash(word.get(self.kept..)?, self.quote)
            }
            Shell::Zsh => {
                // Its script takes `--option=` off the word that is typed, but not the `-o` of `-ojson`.
                let attached = Some(line.attached.as_str()).filter(|attached| !attached.starts_with("--"));
                let word = format!("{}{value}", attached.unwrap_or_default());
                Some(described_for_zsh(&word, help))
            }
            // fish inserts `~` without a quote, and would read it as a home folder.
            Shell::Fish if line.attached.is_empty() && value.starts_with('~') => None,
            Shell::Fish | Shell::Powershell | Shell::Elvish => Some(format!("{}{value}\t{help}", line.attached)),
        }
    }
}

/// An entry of zsh's `_describe`, in which a colon ends the value.
fn described_for_zsh(value: &str, help: &str) -> String {
    let value = value.replace('\\', "\\\\").replace(':', "\\:");
    match help {
        "" => value,
        help => format!("{value}:{help}"),
    }
}

/// The text in at most this many columns. If it is longer, its end is replaced by dots.
fn shortened(text: String, columns: usize) -> String {
    const DOTS: &str = "...";
    if text.width() <= columns {
        return text;
    }
    let mut room = columns.saturating_sub(DOTS.len());
    let fits = |c: &char| {
        let width = c.width().unwrap_or_default();
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    };
    text.chars().take_while(fits).chain(DOTS.chars()).collect()
}

/// A word of bash or fish as it is meant, and the quote that is still open at its end.
fn unquoted(word: &str, shell: Shell) -> (String, Option<Quote>) {
    let mut plain = String::new();
    let mut quote = None;
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match (quote, c) {
            (None, '$') if next == Some('\'') => {
                chars.next();
                quote = Some(Quote::Ansi);
            }
            // `$"` is `"`, but for a translation.
            (None, '$') if next == Some('"') => {}
            (None, '\'') => quote = Some(Quote::Single),
            (None, '"') => quote = Some(Quote::Double),
            (Some(Quote::Single | Quote::Ansi), '\'') | (Some(Quote::Double), '"') => quote = None,
            (Some(Quote::Single), '\\') if shell == Shell::Bash => plain.push('\\'),
            (_, '\\') => plain.extend(chars.next()),
            (_, c) => plain.push(c),
        }
    }
    (plain, quote)
}

/// The text as bash is to insert it. Behind an open quote bash adds the closing one itself; a text that
/// cannot stand there is not offered.
fn quoted_for_bash(text: &str, open: Option<Quote>) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c) || !c.is_ascii();
    match open {
        Some(Quote::Single) => (!text.contains('\'')).then(|| text.to_owned()),
        Some(Quote::Ansi) => (!text.contains(['\'', '\\'])).then(|| text.to_owned()),
        Some(Quote::Double) => (!text.contains(['"', '$', '`', '\\', '!'])).then(|| text.to_owned()),
        None => {
            let escape = |c: char| if is_plain(c) { c.to_string() } else { format!("\\{c}") };
            Some(text.chars().map(escape).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bash(words: &[&str]) -> (Vec<String>, usize, Option<Quote>) {
        let index = (words.len() - 1).to_string();
        let args = ["jdredis", "--", &index]
            .into_iter()
            .chain(words.iter().copied())
            .map(OsString::from);
        let request = Request::of_words(Shell::Bash, &args.collect::<Vec<_>>()).unwrap();
        (request.words, request.kept, request.quote)
    }

    #[test]
    fn words_that_bash_broke_are_joined() {
        let joined = |words: &[&str]| bash(words).0.join("|");
        assert_eq!(
            joined(&["jdredis", "--instance", "=", "redis-w"]),
            "jdredis|--instance=redis-w"
        );
        assert_eq!(joined(&["jdredis", "--instance", "="]), "jdredis|--instance=");
        assert_eq!(
            joined(&["jdredis", "--base-id", "a", ":", "b"]),
            "jdredis|--base-id|a:b"
        );
        assert_eq!(
            joined(&["jdredis", "--endpoint", "=", "h", ":", "80", "x"]),
            "jdredis|--endpoint=h:80|x"
        );
        assert_eq!(joined(&["jdredis", "a", "=", "b"]), "jdredis|a|=|b");
        assert_eq!(joined(&["jdredis", ":", "b"]), "jdredis|:|b");
        assert_eq!(joined(&["jdredis", "a\\ b", "'c d'", "\"e f"]), "jdredis|a b|c d|e f");
        assert_eq!(bash(&["jdredis", "--instance", "=", "redis-w"]).1, "--instance=".len());
        assert_eq!(bash(&["jdredis", "--instance", "="]).1, "--instance=".len());
        assert_eq!(bash(&["jdredis", "--base-id", "a", ":", ""]).1, "a:".len());
        assert_eq!(bash(&["jdredis", "--instance", "=", "a", "--no"]).1, 0);
        assert_eq!(
            bash(&["jdredis", "--node", "\"nod"]),
            (
                vec!["jdredis".into(), "--node".into(), "nod".into()],
                0,
                Some(Quote::Double)
            )
        );
        assert_eq!(bash(&["jdredis", "--node", "$'it\\'s"]).0[2], "it's");
        assert_eq!(bash(&["jdredis", "--node", "$'n"]).2, Some(Quote::Ansi));
    }

    #[test]
    fn what_bash_would_act_on_is_escaped() {
        for (text, open, expected) in [
            ("redis-1234", None, Some("redis-1234")),
            ("node 0", None, Some("node\\ 0")),
            ("$(touch x)", None, Some("\\$\\(touch\\ x\\)")),
            ("a'b*", None, Some("a\\'b\\*")),
            ("缓存", None, Some("缓存")),
            ("node 0", Some(Quote::Double), Some("node 0")),
            ("$(touch x)", Some(Quote::Double), None),
            ("$(touch x)", Some(Quote::Single), Some("$(touch x)")),
            ("a'b", Some(Quote::Single), None),
            ("a'b", Some(Quote::Ansi), None),
        ] {
            assert_eq!(quoted_for_bash(text, open).as_deref(), expected, "{text} {open:?}");
        }
    }

    #[test]
    fn a_listing_is_cut_to_the_terminal() {
        for (text, columns, expected) in [
            ("redis-1  (orders)", 17, "redis-1  (orders)"),
            ("redis-1  (orders)", 16, "redis-1  (ord..."),
            ("缓存缓存", 7, "缓存..."),
            ("缓存缓存", 6, "缓..."),
        ] {
            assert_eq!(shortened(text.to_owned(), columns), expected);
        }
    }

    #[test]
    fn quotes_are_taken_off_as_the_shell_does() {
        for (word, in_bash, in_fish) in [
            ("it\\'s", "it's", "it's"),
            ("'it\\'s", "it\\s", "it's"),
            ("\"a b", "a b", "a b"),
            ("--profile='a b'", "--profile=a b", "--profile=a b"),
            ("$HOME/x", "$HOME/x", "$HOME/x"),
            ("$\"a b\"", "a b", "a b"),
        ] {
            assert_eq!(unquoted(word, Shell::Bash).0, in_bash);
            assert_eq!(unquoted(word, Shell::Fish).0, in_fish);
        }
    }

    #[test]
    fn what_is_attached_to_a_value_is_given_to_the_shells_that_replace_it() {
        let entry = |shell, typed: &str, value: &str| {
            let words: Vec<String> = ["jdredis", "backup", "url"]
                .into_iter()
                .chain(typed.split(' '))
                .map(str::to_owned)
                .collect();
            let line = Line::read(crate::cli::shown::for_completion(), &words);
            let (index, args) = ((words.len() - 1).to_string(), words.iter().map(OsString::from));
            let args: Vec<_> = ["jdredis", "--", &index]
                .map(OsString::from)
                .into_iter()
                .chain(args)
                .collect();
            let (value, help) = (value.to_owned(), "H".to_owned());
            Request::of_words(shell, &args)
                .unwrap()
                .entry(&line, &Candidate { value, help })
        };
        for (shell, typed, expected) in [
            (Shell::Zsh, "--output=j", Some("json:H")),
            (Shell::Zsh, "-oj", Some("-ojson:H")),
            (Shell::Fish, "--output=j", Some("--output=json\tH")),
            (Shell::Fish, "--output j", Some("json\tH")),
        ] {
            assert_eq!(entry(shell, typed, "json").as_deref(), expected, "{typed}");
        }
        // fish would read it as a home folder.
        assert_eq!(entry(Shell::Fish, "--node ~", "~0"), None);
        assert_eq!(entry(Shell::Fish, "--node=~", "~0").as_deref(), Some("--node=~0\tH"));
    }
}
