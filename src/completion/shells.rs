//! The shells: how each hands over its words and takes what is offered.
//!
//! The first line of an answer is `values`, `files` or `folders`. After `values` comes a candidate a
//! line: for bash as it is to be inserted, for the others its value, a tab and what it is.

use std::ffi::OsString;

use clap::ValueEnum;

use super::line::Line;
use super::{Candidate, Offer};

/// A shell that completion is offered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// GNU Bash, 3.2 and later
    Bash,
    /// Elvish
    Elvish,
    /// fish
    Fish,
    /// PowerShell
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
    /// The quote that the word at the cursor begins with, in bash.
    quote: Option<char>,
    /// How many bytes of the word at the cursor bash does not replace.
    kept: usize,
}

impl Request {
    /// Reads `jdredis -- INDEX WORD…`; `None` where the arguments are others.
    pub(super) fn read(shell: Shell, args: &[OsString]) -> Option<Self> {
        let mut args = args.iter().skip(1).map(|arg| arg.to_string_lossy().into_owned());
        let index: usize = args.next().filter(|arg| arg == "--").and(args.next())?.parse().ok()?;
        let mut words: Vec<String> = args.take(index.checked_add(1)?).collect();
        words.resize(index + 1, String::new());
        let mut request = Self {
            shell,
            words,
            quote: None,
            kept: 0,
        };
        if shell == Shell::Bash {
            request.join_bash_words();
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
                    self.kept = unquoted(before).0.len();
                }
                before.push_str(word);
                if i == last && is_break {
                    self.kept = unquoted(before).0.len();
                }
            } else {
                joined.push(word.clone());
            }
            is_open = continues;
        }
        let (words, quotes): (Vec<_>, Vec<_>) = joined.iter().map(|word| unquoted(word)).unzip();
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
        let mut text = "values\n".to_owned();
        for candidate in &candidates {
            if let Some(entry) = self.entry(line, candidate) {
                text.push_str(&entry);
                text.push('\n');
            }
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
            // Its script takes `--option=` off the word that is typed, but not the `-o` of `-ojson`.
            Shell::Zsh if line.attached.starts_with("--") => Some(format!("{value}\t{help}")),
            Shell::Zsh | Shell::Fish | Shell::Powershell | Shell::Elvish => {
                Some(format!("{}{value}\t{help}", line.attached))
            }
        }
    }
}

/// A word of bash as it is meant, and the quote that is still open at its end.
fn unquoted(word: &str) -> (String, Option<char>) {
    let mut plain = String::new();
    let mut quote = None;
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => plain.extend(chars.next()),
            (_, c) => plain.push(c),
        }
    }
    (plain, quote)
}

/// The text as bash is to insert it. Behind an open quote bash adds the closing one itself; a text that
/// cannot stand there is not offered.
fn quoted_for_bash(text: &str, open: Option<char>) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c) || !c.is_ascii();
    match open {
        Some('\'') => (!text.contains('\'')).then(|| text.to_owned()),
        Some(_) => (!text.contains(['"', '$', '`', '\\', '!'])).then(|| text.to_owned()),
        None if text.chars().all(is_plain) => Some(text.to_owned()),
        None => {
            let escape = |c: char| if is_plain(c) { c.to_string() } else { format!("\\{c}") };
            Some(text.chars().map(escape).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bash(words: &[&str]) -> (Vec<String>, usize, Option<char>) {
        let index = (words.len() - 1).to_string();
        let args = ["jdredis", "--", &index]
            .into_iter()
            .chain(words.iter().copied())
            .map(OsString::from);
        let request = Request::read(Shell::Bash, &args.collect::<Vec<_>>()).unwrap();
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
        assert_eq!(joined(&["jdredis", "a\\ b", "'c d'", "\"e f"]), "jdredis|a b|c d|e f");
        assert_eq!(bash(&["jdredis", "--instance", "=", "redis-w"]).1, "--instance=".len());
        assert_eq!(bash(&["jdredis", "--instance", "="]).1, "--instance=".len());
        assert_eq!(bash(&["jdredis", "--base-id", "a", ":", ""]).1, "a:".len());
        assert_eq!(
            bash(&["jdredis", "--node", "\"nod"]),
            (vec!["jdredis".into(), "--node".into(), "nod".into()], 0, Some('"'))
        );
    }

    #[test]
    fn what_bash_would_act_on_is_escaped() {
        for (text, open, expected) in [
            ("redis-1234", None, Some("redis-1234")),
            ("node 0", None, Some("node\\ 0")),
            ("$(touch x)", None, Some("\\$\\(touch\\ x\\)")),
            ("a'b*", None, Some("a\\'b\\*")),
            ("缓存", None, Some("缓存")),
            ("node 0", Some('"'), Some("node 0")),
            ("$(touch x)", Some('"'), None),
            ("$(touch x)", Some('\''), Some("$(touch x)")),
            ("a'b", Some('\''), None),
        ] {
            assert_eq!(quoted_for_bash(text, open).as_deref(), expected, "{text} {open:?}");
        }
    }
}
