//! What is being completed on a command line, and what stands before it.

use std::collections::HashMap;

use clap::{Arg, ArgAction, Command};

/// A command line up to the cursor.
pub(super) struct Line<'a> {
    /// The command that the words before the cursor lead to.
    pub(super) command: &'a Command,
    /// The values of each option that has been given, by its long name.
    pub(super) given: HashMap<&'a str, Vec<String>>,
    /// The arguments without a name before the cursor.
    pub(super) positional: Vec<String>,
    /// What the word at the cursor is.
    pub(super) slot: Slot<'a>,
    /// What has been typed of it so far, without `attached`.
    pub(super) typed: String,
    /// What stands before that in the same word, such as `--instance=` or `-o`.
    pub(super) attached: String,
}

/// What the word at the cursor is.
pub(super) enum Slot<'a> {
    /// The name of an option.
    Option,
    /// The value of an option, or of an argument without a name.
    Value(&'a Arg),
    /// A command below this one.
    Command,
    /// Nothing can stand here but options.
    Nothing,
}

impl<'a> Line<'a> {
    /// Reads the words up to the cursor. The first is the program's name, the last is the one at the
    /// cursor.
    pub(super) fn read(root: &'a Command, words: &[String]) -> Self {
        let (typed, before) = words
            .split_last()
            .map_or(("", &[][..]), |(last, before)| (last, before));
        let mut state = State {
            command: root,
            given: HashMap::new(),
            positional: Vec::new(),
            is_escaped: false,
            awaits: None,
        };
        for word in before.iter().skip(1) {
            state.take(word);
        }
        let (slot, attached, typed) = state.slot(typed);
        Self {
            command: state.command,
            slot,
            typed: typed.to_owned(),
            attached: attached.to_owned(),
            given: state.given,
            positional: state.positional,
        }
    }

    /// The values that were given to an option before the cursor.
    pub(super) fn values(&self, long: &str) -> &[String] {
        self.given.get(long).map(Vec::as_slice).unwrap_or_default()
    }

    /// The last value that was given to an option before the cursor.
    pub(super) fn value(&self, long: &str) -> Option<&String> {
        self.values(long).last()
    }

    /// Whether an option has been given that may be given only once.
    pub(super) fn is_used_up(&self, arg: &Arg) -> bool {
        let may_repeat = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count);
        !may_repeat && arg.get_long().is_some_and(|long| self.given.contains_key(long))
    }
}

/// What the words that have been read so far lead to.
struct State<'a> {
    command: &'a Command,
    given: HashMap<&'a str, Vec<String>>,
    /// The arguments without a name.
    positional: Vec<String>,
    /// Whether there was a `--`, behind which nothing is an option.
    is_escaped: bool,
    /// The option whose value comes next.
    awaits: Option<&'a Arg>,
}

impl<'a> State<'a> {
    /// Reads a word before the cursor.
    fn take(&mut self, word: &str) {
        if let Some(arg) = self.awaits.take() {
            self.give(arg, word);
        } else if self.is_escaped {
            self.positional.push(word.to_owned());
        } else if word == "--" {
            self.is_escaped = true;
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long
                .split_once('=')
                .map_or((long, None), |(name, value)| (name, Some(value)));
            match (self.long(name), value) {
                (Some(arg), None) if takes_value(arg) => self.awaits = Some(arg),
                (Some(arg), value) => self.give(arg, value.unwrap_or_default()),
                (None, _) => {}
            }
        } else if word.len() > 1 && word.starts_with('-') {
            if let Some((arg, value)) = self.in_cluster(&word[1..]) {
                match value {
                    "" => self.awaits = Some(arg),
                    value => self.give(arg, value.trim_start_matches('=')),
                }
            }
        } else if let Some(command) = self.command.find_subcommand(word) {
            self.command = command;
        } else {
            self.positional.push(word.to_owned());
        }
    }

    /// The slot of the word at the cursor, and the word's two parts: what is attached before the typed text, and that
    /// text.
    fn slot<'w>(&self, word: &'w str) -> (Slot<'a>, &'w str, &'w str) {
        if let Some(arg) = self.awaits {
            return (Slot::Value(arg), "", word);
        }
        if !self.is_escaped
            && word.starts_with("--")
            && let Some((name, _)) = word[2..].split_once('=')
        {
            let (attached, value) = word.split_at(2 + name.len() + 1);
            let arg = self.long(name).filter(|arg| takes_value(arg));
            return (arg.map_or(Slot::Nothing, Slot::Value), attached, value);
        }
        if !self.is_escaped && word.starts_with('-') {
            let cluster = (!word.starts_with("--")).then(|| self.in_cluster(&word[1..])).flatten();
            return match cluster {
                Some((arg, value)) => {
                    let (attached, value) = word.split_at(word.len() - value.len());
                    (Slot::Value(arg), attached, value)
                }
                None => (Slot::Option, "", word),
            };
        }
        if self.command.has_subcommands() && !self.is_escaped {
            return (Slot::Command, "", word);
        }
        let position = self.command.get_positionals().nth(self.positional.len());
        let last = self.command.get_positionals().last();
        let repeated = last.filter(|arg| arg.get_num_args().is_some_and(|count| count.max_values() > 1));
        (position.or(repeated).map_or(Slot::Nothing, Slot::Value), "", word)
    }

    /// The first option of a cluster such as `-qo` that takes a value, and what follows it there.
    fn in_cluster<'w>(&self, cluster: &'w str) -> Option<(&'a Arg, &'w str)> {
        cluster.char_indices().find_map(|(at, c)| {
            let arg = self.options().find(|arg| arg.get_short() == Some(c))?;
            takes_value(arg).then(|| (arg, &cluster[at + c.len_utf8()..]))
        })
    }

    fn give(&mut self, arg: &'a Arg, value: &str) {
        if let Some(long) = arg.get_long() {
            self.given.entry(long).or_default().push(value.to_owned());
        }
    }

    fn long(&self, name: &str) -> Option<&'a Arg> {
        self.options().find(|arg| arg.get_long() == Some(name))
    }

    fn options(&self) -> impl Iterator<Item = &'a Arg> {
        self.command.get_arguments().filter(|arg| !arg.is_positional())
    }
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slot, what is attached and what is typed, at the end of such a line.
    fn read(line: &str) -> (String, String, String) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let line = Line::read(crate::cli::shown::for_completion(), &words);
        let slot = match line.slot {
            Slot::Option => "option".to_owned(),
            Slot::Command => "command".to_owned(),
            Slot::Nothing => "nothing".to_owned(),
            Slot::Value(arg) => arg.get_long().unwrap_or(arg.get_id().as_str()).to_owned(),
        };
        (slot, line.attached, line.typed)
    }

    #[test]
    fn what_is_completed_follows_from_the_words_before_it() {
        for (line, slot, attached, typed) in [
            ("jdredis ", "command", "", ""),
            ("jdredis ba", "command", "", "ba"),
            ("jdredis -v backup ", "command", "", ""),
            ("jdredis -o json backup ", "command", "", ""),
            ("jdredis --output json backup ", "command", "", ""),
            ("jdredis backup url ", "nothing", "", ""),
            ("jdredis backup url -", "option", "", "-"),
            ("jdredis backup url --in", "option", "", "--in"),
            ("jdredis backup url --instance ", "instance", "", ""),
            (
                "jdredis backup url --instance=redis-w",
                "instance",
                "--instance=",
                "redis-w",
            ),
            ("jdredis backup url --instance a --base-id ", "base-id", "", ""),
            ("jdredis backup url --latest ", "nothing", "", ""),
            ("jdredis backup url -oj", "output", "-o", "j"),
            ("jdredis backup url -qo ", "output", "", ""),
            ("jdredis backup url -qo", "output", "-qo", ""),
            ("jdredis backup url --nosuch=", "nothing", "--nosuch=", ""),
            ("jdredis backup verify a ", "files", "", ""),
            ("jdredis backup verify -- -", "files", "", "-"),
            ("jdredis backup download --dir ", "dir", "", ""),
            ("jdredis completions ", "shell", "", ""),
            ("jdredis completions bash ", "nothing", "", ""),
            ("jdredis completions - ", "nothing", "", ""),
            ("jdredis nosuch ", "command", "", ""),
        ] {
            let expected = (slot.to_owned(), attached.to_owned(), typed.to_owned());
            assert_eq!(read(line), expected, "{line:?}");
        }
    }

    #[test]
    fn the_values_given_before_are_known() {
        let line = "jdredis --profile p backup download --instance=a --region cn-east-2 -ojson --latest --base-id ";
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let line = Line::read(crate::cli::shown::for_completion(), &words);
        for (option, value) in [
            ("profile", "p"),
            ("instance", "a"),
            ("region", "cn-east-2"),
            ("output", "json"),
        ] {
            assert_eq!(line.value(option).map(String::as_str), Some(value));
        }
        assert!(line.given.contains_key("latest"));
    }
}
