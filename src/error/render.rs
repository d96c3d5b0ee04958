//! A report as text for people, and as JSON for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::Report;
use crate::output::{Format, json};
use crate::process::world::Stream;
use crate::terminal::escape::visible;
use crate::terminal::wrap::wrap;

/// An error with `-o json`: one object on one line of standard error.
#[derive(Serialize)]
struct Document<'a> {
    error: Fields<'a>,
}

/// The content of the object. All keys are always there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    /// Such as `notFound`; goes with the exit code.
    kind: &'static str,
    /// What happened, with its details and its cause.
    message: String,
    /// The service's code or the HTTP status, else null.
    code: Option<u16>,
    /// The service's name for the error, such as `NOT_FOUND`, else null.
    status: Option<&'a str>,
    /// The service's ID of the exchange, else null.
    request_id: Option<&'a str>,
    /// What to do next, else null.
    hint: Option<&'a str>,
}

fn indent(line: &str) -> &'static str {
    if line.starts_with(' ') { "    " } else { "  " }
}

impl Report {
    /// The report in the form that goes with an output format, for this stream.
    pub(crate) fn render(&self, format: Format, stream: &Stream) -> Vec<u8> {
        match format {
            Format::Json => self.json(),
            Format::Table | Format::Plain => {
                let text = self.text();
                let lines = text.lines();
                match stream.size() {
                    // A continued line is indented as far as the label of its first line is wide.
                    Some(size) => lines
                        .map(|line| wrap(line, size.columns, indent(line)))
                        .collect::<String>()
                        .into(),
                    None => text.into(),
                }
            }
        }
    }

    fn text(&self) -> String {
        let mut text = format!("error: {}\n", visible(&self.message));
        for detail in &self.details {
            let _ = writeln!(text, "  {}", visible(detail));
        }
        for (name, value) in [
            ("request ID", &self.request_id),
            ("cause", &self.cause),
            ("hint", &self.hint),
        ] {
            if let Some(value) = value {
                let _ = writeln!(text, "  {name}: {}", visible(value));
            }
        }
        text
    }

    fn json(&self) -> Vec<u8> {
        let more: Vec<&str> = self.details.iter().chain(&self.cause).map(String::as_str).collect();
        let message = match more.as_slice() {
            [] => self.message.clone(),
            more => format!("{}: {}", self.message, more.join("; ")),
        };
        json::render_line(&Document {
            error: Fields {
                kind: self.kind.name(),
                message,
                code: self.code,
                status: self.status.as_deref(),
                request_id: self.request_id.as_deref(),
                hint: self.hint.as_deref(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::terminal::screen::Screen;

    #[test]
    fn lines_that_a_narrow_terminal_breaks_go_on_behind_the_margin_of_their_first_words() {
        let screen = Screen::new("xterm", 20);
        let report = Report::with_hint(Kind::Other, "one two three four", "five six seven eight");
        let text = String::from_utf8(report.render(Format::Table, &screen.world.stderr)).unwrap();
        assert_eq!(
            text,
            "error: one two three\n  four\n  hint: five six\n    seven eight\n"
        );
    }
}
