//! What is shown of a transfer while it goes on: bars on a terminal, a line now and then elsewhere.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::process::world::{Clock, Stream};
use crate::terminal::escape::visible;
use crate::terminal::human;
use crate::terminal::notes::Notes;

/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(60);
/// How often bars are drawn, a second.
const DRAW_RATE: u8 = 10;
const DEFAULT_COLUMNS: u16 = 80;
/// Fits 80 columns with a name of 16.
const SHARD_TEMPLATE: &str = "{prefix:16!} {bar:14} {percent:>3}% {bytes:>11} {bytes_per_sec:>13} {eta:>4} {msg}";
/// Where there is too little room for that.
const NARROW_TEMPLATE: &str = "{prefix:10!} {percent:>3}% {bytes_per_sec:>12} {eta:>4}";
const NARROW_COLUMNS: u16 = 80;

/// The shards' progress and the whole's.
pub(crate) struct Progress<'a> {
    notes: &'a Notes<'a>,
    clock: &'a dyn Clock,
    shards: Vec<Shard>,
    display: Display,
}

struct Shard {
    node: String,
    bytes: u64,
    length: Option<u64>,
    has_begun: bool,
}

enum Display {
    Bars {
        all: MultiProgress,
        shards: Vec<ProgressBar>,
        total: ProgressBar,
    },
    /// On the clock's monotonic time.
    Lines { last: Duration },
}

impl<'a> Progress<'a> {
    /// `expected` is how many bytes all shards have together, where that is known; `screen` is where bars
    /// can be drawn.
    pub(crate) fn new(
        nodes: impl IntoIterator<Item = String>,
        expected: Option<u64>,
        screen: Option<&Stream>,
        clock: &'a dyn Clock,
        notes: &'a Notes<'a>,
    ) -> Self {
        let shards: Vec<Shard> = nodes
            .into_iter()
            .map(|node| Shard {
                node,
                bytes: 0,
                length: None,
                has_begun: false,
            })
            .collect();
        let display = match screen {
            Some(screen) => bars(&shards, expected, screen),
            None => Display::Lines {
                last: clock.monotonic(),
            },
        };
        Self {
            notes,
            clock,
            shards,
            display,
        }
    }

    pub(crate) fn position(&mut self, index: usize, bytes: u64, length: Option<u64>) {
        let is_first = !self.shards[index].has_begun;
        let shard = &mut self.shards[index];
        (shard.bytes, shard.length, shard.has_begun) = (bytes, length, true);
        let done = self
            .shards
            .iter()
            .fold(0_u64, |sum, shard| sum.saturating_add(shard.bytes));
        let lengths = self.shards.iter().map(|shard| shard.length);
        let known = lengths
            .reduce(|sum, length| Some(sum?.saturating_add(length?)))
            .flatten();
        match &mut self.display {
            Display::Bars { shards, total, .. } => {
                if let Some(length) = length {
                    shards[index].set_length(length);
                }
                if let Some(known) = known {
                    total.set_length(known);
                }
                shards[index].set_position(bytes);
                total.set_position(done);
                if is_first {
                    // What was there before says nothing of how fast the rest comes.
                    shards[index].reset_eta();
                    total.reset_eta();
                }
            }
            Display::Lines { last } => {
                let now = self.clock.monotonic();
                if now.saturating_sub(*last) >= LINE_INTERVAL {
                    *last = now;
                    let whole = known
                        .map(|known| format!(" of {}", human::size(known)))
                        .unwrap_or_default();
                    self.notes.note(format_args!("{}{whole} are there", human::size(done)));
                }
            }
        }
    }

    /// Something about a shard that a person would want to know.
    pub(crate) fn note(&self, index: usize, text: &str) {
        let line = format!("{}: {text}", self.shards[index].node);
        match &self.display {
            // Above the bars, which would be torn by a line of somebody else's.
            Display::Bars { all, .. } => drop(all.println(visible(&format!("note: {line}")))),
            Display::Lines { .. } => self.notes.note(line),
        }
    }

    /// A shard has ended.
    pub(crate) fn end(&self, index: usize, how: &str) {
        if let Display::Bars { shards, .. } = &self.display {
            shards[index].abandon_with_message(how.to_owned());
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Display::Bars { all, .. } = &self.display {
            let _ = all.clear();
        }
    }
}

fn bars(shards: &[Shard], expected: Option<u64>, stderr: &Stream) -> Display {
    let screen = Screen { stream: stderr.clone() };
    let is_narrow = screen.width() < NARROW_COLUMNS;
    let all = MultiProgress::with_draw_target(ProgressDrawTarget::term_like_with_hz(Box::new(screen), DRAW_RATE));
    let template = if is_narrow { NARROW_TEMPLATE } else { SHARD_TEMPLATE };
    let style = ProgressStyle::with_template(template)
        .expect("the template names only keys that indicatif has")
        // What the oldest terminal can show.
        .progress_chars("=> ");
    let add = |name: Cow<'static, str>, length| {
        let bar = all.add(ProgressBar::no_length().with_style(style.clone()).with_prefix(name));
        if let Some(length) = length {
            bar.set_length(length);
        }
        bar
    };
    let shards = shards
        .iter()
        .map(|shard| add(visible(&shard.node).into_owned().into(), shard.length))
        .collect();
    let total = add("total".into(), expected);
    Display::Bars { all, shards, total }
}

/// The terminal as indicatif wants it.
#[derive(Clone)]
struct Screen {
    stream: Stream,
}

impl Screen {
    fn write(&self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes())
    }

    /// Moves the cursor by `n`, in a direction named as in ECMA-48.
    fn move_cursor(&self, n: usize, direction: char) -> io::Result<()> {
        if n == 0 {
            Ok(())
        } else {
            self.write(&format!("\x1b[{n}{direction}"))
        }
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Screen")
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.stream.columns.unwrap_or(DEFAULT_COLUMNS)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write(&format!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.write(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
