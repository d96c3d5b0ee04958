//! `jdredis man`: one manual page for the program and all its commands.
//!
//! The page is written here, from clap's definition of the command line. clap_mangen 0.3 writes one
//! too, but with raw CJK characters, which `LC_ALL=C man` warns of, and with `.br` around `.sp`, long
//! lines and no date, which `mandoc -T lint` complains of.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};

use super::formats;
use crate::cli::Cli;

/// The day of the page's last change in content, as man(7) wants one.
const DATE: &str = "2026-11-30";
/// The longest line of roff, in bytes; `mandoc -T lint` allows 80.
const MAX_LINE: usize = 78;

pub(super) fn render() -> Vec<u8> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut page = Page::default();
    let version = command.get_version().unwrap_or_default();
    page.macro_line(&format!(".TH JDREDIS 1 {DATE} \"jdredis {version}\" \"User Commands\""));
    page.macro_line(".SH NAME");
    page.text(&format!("jdredis - {}", about(&command)));
    page.description(&mut command, ".SH", str::to_uppercase);
    page.macro_line(".SH OPTIONS OF ALL COMMANDS");
    page.options(&command, |_| true);
    page.commands(&mut command, "JDREDIS");
    page.advice(&command, ".SH", str::to_uppercase);
    page.macro_line(".SH OUTPUT FORMATS");
    page.sections(formats::PAGE, ".SS", str::to_owned);
    page.roff.into_bytes()
}

/// A page in the making, in roff with the macros of man(7).
#[derive(Default)]
struct Page {
    roff: String,
}

impl Page {
    /// A section for every command that can be run, with sections of its own one level down.
    fn commands(&mut self, command: &mut Command, path: &str) {
        // Its text ends the page.
        let is_command = |command: &&mut Command| command.get_name() != "formats";
        for subcommand in command.get_subcommands_mut().filter(is_command) {
            let path = format!("{path} {}", subcommand.get_name().to_uppercase());
            if subcommand.has_subcommands() {
                self.commands(subcommand, &path);
                continue;
            }
            self.macro_line(&format!(".SH {path}"));
            self.description(subcommand, ".SS", str::to_owned);
            if subcommand.get_arguments().any(is_own) {
                self.macro_line(".SS Options");
                self.options(subcommand, is_own);
            }
            self.advice(subcommand, ".SS", str::to_owned);
        }
    }

    /// The sections that say how a command is called and what it does.
    fn description(&mut self, command: &mut Command, heading: &str, title: fn(&str) -> String) {
        self.macro_line(&format!("{heading} {}", title("Synopsis")));
        let usage = command.render_usage().to_string();
        self.text(usage.trim_start_matches("Usage: "));
        self.macro_line(&format!("{heading} {}", title("Description")));
        self.paragraphs(&about(command), ".PP");
    }

    fn options(&mut self, command: &Command, is_wanted: impl Fn(&Arg) -> bool) {
        for arg in command.get_arguments().filter(|arg| is_wanted(arg)) {
            self.macro_line(".TP");
            self.macro_line(&option_names(arg));
            let help = arg.get_long_help().or_else(|| arg.get_help());
            let mut help = help.map(ToString::to_string).unwrap_or_default();
            let defaults = arg.get_default_values().iter();
            for default in defaults.filter(|_| arg.get_action().takes_values()) {
                let _ = write!(help, " [default: {}]", default.to_string_lossy());
            }
            self.paragraphs(&help, ".IP");
            if arg.get_action().takes_values() && !arg.is_hide_possible_values_set() {
                self.possible_values(arg);
            }
        }
    }

    fn possible_values(&mut self, arg: &Arg) {
        let values = arg.get_possible_values();
        if values.is_empty() {
            return;
        }
        // Without blank lines between the values.
        self.macro_line(".RS\n.PD 0");
        for value in values {
            self.macro_line(".IP \\(bu 2");
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            if help.is_empty() || !help.is_ascii() {
                self.text(value.get_name());
            } else {
                self.text(&format!("{}: {help}", value.get_name()));
            }
        }
        self.macro_line(".PD\n.RE");
    }

    /// The text after a command's long help.
    fn advice(&mut self, command: &Command, heading: &str, title: fn(&str) -> String) {
        if let Some(advice) = command.get_after_long_help() {
            self.sections(&advice.to_string(), heading, title);
        }
    }

    /// Text whose lines are kept as they are. A line without indentation that ends in a colon begins
    /// a section.
    fn sections(&mut self, text: &str, heading: &str, title: fn(&str) -> String) {
        let mut lines = text.trim_end().lines().peekable();
        while let Some(line) = lines.next() {
            let begins_section = |line: &str| line.ends_with(':') && !line.starts_with(' ');
            if begins_section(line) {
                self.macro_line(&format!("{heading} {}", title(line.trim_end_matches(':'))));
                continue;
            }
            let mut block = vec![line];
            while let Some(line) = lines.next_if(|line| !begins_section(line)) {
                block.push(line);
            }
            self.literal(&block);
        }
    }

    /// Lines that the formatter leaves as they are.
    fn literal(&mut self, lines: &[&str]) {
        let first = lines.iter().position(|line| !line.trim().is_empty());
        let last = lines.iter().rposition(|line| !line.trim().is_empty());
        let (Some(first), Some(last)) = (first, last) else {
            return;
        };
        self.macro_line(".nf");
        for line in &lines[first..=last] {
            // A backslash at the end of a line of roff joins it with the next.
            for (part, is_last) in broken(&escaped(line)) {
                self.macro_line(&format!("{part}{}", if is_last { "" } else { "\\" }));
            }
        }
        self.macro_line(".fi");
    }

    /// Text in paragraphs, which blank lines divide. `macro_name` begins each but the first.
    fn paragraphs(&mut self, text: &str, macro_name: &str) {
        for (i, paragraph) in text.split("\n\n").enumerate() {
            if i > 0 {
                self.macro_line(macro_name);
            }
            self.text(paragraph);
        }
    }

    /// Text that the formatter fills lines with.
    fn text(&mut self, text: &str) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for (part, _) in broken(&escaped(&without_foreign(&text))) {
            self.macro_line(part.trim_end());
        }
    }

    /// A line of roff as it is.
    fn macro_line(&mut self, line: &str) {
        self.roff.push_str(line);
        self.roff.push('\n');
    }
}

/// Whether an option is one that not every command takes.
fn is_own(arg: &Arg) -> bool {
    !arg.is_global_set() && arg.get_id() != "help"
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about());
    about.map(ToString::to_string).unwrap_or_default()
}

/// An argument's names in bold and its value's in italics, as a line of roff.
fn option_names(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = short
        .into_iter()
        .chain(long)
        .map(|name| format!("\\fB{}\\fR", escaped(&name)))
        .collect();
    let values: String = arg
        .get_value_names()
        .filter(|_| arg.get_action().takes_values())
        .into_iter()
        .flatten()
        .map(|value| format!(" \\fI{}\\fR", escaped(value)))
        .collect();
    format!("{}{values}", names.join(", ")).trim_start().to_owned()
}

/// The text without words in parentheses that are not ASCII, which are translations: the terminals and
/// fonts that manuals are read with need not have their characters.
fn without_foreign(text: &str) -> String {
    let mut plain = String::new();
    for part in text.split_inclusive(')') {
        match part.rsplit_once(" (") {
            Some((before, inside)) if !inside.is_ascii() => plain.push_str(before),
            _ => plain.push_str(part),
        }
    }
    plain
}

/// The text with all characters that mean something to roff escaped (groff_char(7)).
fn escaped(text: &str) -> String {
    let mut roff = String::new();
    for c in text.chars() {
        match c {
            '\\' => roff.push_str("\\e"),
            '-' => roff.push_str("\\-"),
            '\'' => roff.push_str("\\(aq"),
            '`' => roff.push_str("\\(ga"),
            '^' => roff.push_str("\\(ha"),
            '~' => roff.push_str("\\(ti"),
            // At the beginning of a line it would begin a macro.
            '.' if roff.is_empty() || roff.ends_with(' ') => roff.push_str("\\&."),
            c => roff.push(c),
        }
    }
    roff
}

/// A line of roff in parts of at most [`MAX_LINE`] bytes, which end with their blanks, each with
/// whether it is the last. A word that is longer stays whole.
fn broken(line: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    let mut rest = line;
    while rest.len() > MAX_LINE {
        let fits = |at: &usize| *at < MAX_LINE;
        let blanks = rest.match_indices(' ').map(|(at, _)| at);
        let indent = rest.len() - rest.trim_start().len();
        let Some(at) = blanks.filter(|at| *at >= indent).take_while(fits).last() else {
            break;
        };
        let (part, after) = rest.split_at(at + 1);
        parts.push((part, false));
        rest = after;
    }
    parts.push((rest, true));
    parts
}

#[cfg(test)]
mod tests {
    use clap::ArgAction;
    use clap::builder::PossibleValue;

    use super::*;

    #[test]
    fn a_command_has_its_usage_its_description_and_its_own_options_with_their_values() {
        let option = |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help);
        let values = [
            PossibleValue::new("json").help("for programs"),
            PossibleValue::new("table").help("表格"),
        ];
        let copy = Command::new("copy")
            .about("Copy it")
            .long_about("Copy it.\n\nTwice.")
            .arg(
                option("as", "The form (格式)")
                    .value_name("FORM")
                    .value_parser(values)
                    .default_value("json"),
            )
            .arg(
                option("when", "One of many")
                    .value_name("W")
                    .value_parser(["a", "b"])
                    .hide_possible_values(true),
            )
            .arg(option("force", "Replace it").action(ArgAction::SetTrue));
        let quiet = option("quiet", "Say less").action(ArgAction::SetTrue).global(true);
        let mut root = Command::new("prog")
            .disable_help_subcommand(true)
            .arg(quiet)
            .subcommand(copy)
            .subcommand(Command::new("formats").about("At the end of the page"))
            .subcommand(Command::new("wait").about("Wait"));
        root.build();
        let mut page = Page::default();
        page.commands(&mut root, "PROG");
        assert_eq!(
            page.roff,
            ".SH PROG COPY
.SS Synopsis
prog copy [OPTIONS]
.SS Description
Copy it.
.PP
Twice.
.SS Options
.TP
\\fB\\-\\-as\\fR \\fIFORM\\fR
The form [default: json]
.RS
.PD 0
.IP \\(bu 2
json: for programs
.IP \\(bu 2
table
.PD
.RE
.TP
\\fB\\-\\-when\\fR \\fIW\\fR
One of many
.TP
\\fB\\-\\-force\\fR
Replace it
.SH PROG WAIT
.SS Synopsis
prog wait [OPTIONS]
.SS Description
Wait
"
        );
    }

    #[test]
    fn a_text_keeps_its_words_but_for_translations() {
        for (text, plain) in [
            (
                "keys (密钥) and links (secrets), both",
                "keys and links (secrets), both",
            ),
            ("(none)", "(none)"),
        ] {
            assert_eq!(without_foreign(text), plain);
        }
        for (text, roff) in [
            (".jdc is in a .folder, not a.b", "\\&.jdc is in a \\&.folder, not a.b"),
            ("-o 'x' `y` ^~\\", "\\-o \\(aqx\\(aq \\(gay\\(ga \\(ha\\(ti\\e"),
        ] {
            assert_eq!(escaped(text), roff);
        }
    }

    #[test]
    fn a_long_line_is_broken_behind_blanks() {
        let words = format!("   x{}", " y".repeat(100));
        let parts: Vec<&str> = broken(&words).into_iter().map(|(part, _)| part).collect();
        assert_eq!(parts.concat(), words);
        let (last, others) = parts.split_last().unwrap();
        assert!(others.iter().all(|part| part.len() <= MAX_LINE && part.ends_with(' ')));
        assert!(last.len() <= MAX_LINE);
        for whole in ["x ".repeat(MAX_LINE / 2), format!("    {}", "x".repeat(MAX_LINE))] {
            assert_eq!(broken(&whole), [(whole.as_str(), true)]);
        }
    }
}
