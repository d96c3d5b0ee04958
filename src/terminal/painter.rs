//! The only writer to standard error while lines are drawn there: some lines are redrawn in place, and
//! others are written above them and stay.
//!
//! indicatif did this before. It is not used because it measures its lines with the width of the
//! window as it is now, so a narrower window smears (its issue 182); because it knows nothing of the
//! shell that writes between Ctrl-Z and `fg`; because notes of other parts of the program tore its
//! bars; and because its dependencies and `powf` cost more at start-up than this file.
//!
//! How it draws: the cursor waits on an empty line below the drawn ones, so that a `^C` or `^Z` that
//! the terminal echoes moves nothing. To draw again, the cursor goes up by as many rows as the lines
//! take now: after the window became narrower, a terminal has wrapped them into more. (xterm cuts
//! lines instead of wrapping them. There, up to that many rows above are lost, once.)

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::process::signals;
use crate::process::terminal::Size;
use crate::process::world::{Clock, Stream, World};

/// Moves the cursor to the beginning of the line.
const LINE_START: &str = "\r";
/// Erases from the cursor to the end of the line (ECMA-48, EL).
const ERASE_LINE: &str = "\x1b[K";
/// Erases from the cursor to the end of the screen (ECMA-48, ED). Never written with the cursor in the
/// first row, where tmux takes it for the clearing of a screen and keeps the old one in its history.
const ERASE_BELOW: &str = "\x1b[J";

/// If more time than this passes between two looks at the screen, the process may have been stopped meanwhile.
const GAP: Duration = Duration::from_millis(200);
/// How long the thread that draws then waits for the one that handles SIGCONT, which may come later.
const HANDLING: Duration = Duration::from_millis(50);

/// Draws on the terminal behind standard error. Threads may share it.
pub(crate) struct Painter<'a> {
    stderr: &'a Stream,
    clock: &'a dyn Clock,
    /// Whether lines can be drawn, and are wanted.
    draws: bool,
    drawn: Mutex<Drawn>,
    /// Raised when the process continues after a stop (SIGCONT). It is registered when the first line is
    /// drawn.
    resumed: OnceLock<Arc<AtomicBool>>,
}

/// The state of the screen.
#[derive(Default)]
struct Drawn {
    /// The lines above the cursor.
    lines: Vec<String>,
    /// The size of the window that they were drawn for.
    size: Option<Size>,
    /// When the screen was last looked at, on the clock's monotonic time.
    looked: Duration,
}

impl<'a> Painter<'a> {
    pub(crate) fn new(world: &'a World, quiet: bool) -> Self {
        Self {
            stderr: &world.stderr,
            clock: &*world.clock,
            draws: !quiet && world.can_draw(&world.stderr),
            drawn: Mutex::default(),
            resumed: OnceLock::new(),
        }
    }

    /// Whether [`draw`](Self::draw) shows anything.
    pub(crate) fn draws(&self) -> bool {
        self.draws
    }

    /// The size of the window now.
    pub(crate) fn size(&self) -> Size {
        self.stderr.size().unwrap_or(Size::DEFAULT)
    }

    /// Draws lines in place of those that were drawn last, unless the screen shows them already. They must
    /// hold no control characters. A line that is wider than the window is cut; if there are more lines
    /// than rows, the last ones are shown.
    pub(crate) fn draw(&self, lines: &[String]) {
        if !self.draws {
            return;
        }
        let mut drawn = self.lock();
        if !self.owns_screen(&mut drawn) {
            return;
        }
        let size = self.size();
        let lines = fit(lines, size);
        if drawn.lines != lines || drawn.size != Some(size) {
            let text = to_start(&drawn.lines, size) + &erased_behind(lines.iter().map(String::as_str)) + ERASE_BELOW;
            (drawn.lines, drawn.size) = (lines, Some(size));
            self.write(&text);
        }
    }

    /// Writes lines that stay, each with its line end, above the drawn ones.
    pub(crate) fn say(&self, text: &str) {
        let mut drawn = self.lock();
        if drawn.lines.is_empty() || !self.owns_screen(&mut drawn) {
            self.write(text);
        } else {
            let size = self.size();
            let start = to_start(&drawn.lines, size);
            drawn.lines = fit(&drawn.lines, size);
            drawn.size = Some(size);
            let lines = text.lines().chain(drawn.lines.iter().map(String::as_str));
            self.write(&(start + &erased_behind(lines) + ERASE_BELOW));
        }
    }

    /// Erases the drawn lines.
    pub(crate) fn clear(&self) {
        let mut drawn = self.lock();
        if !drawn.lines.is_empty() && self.owns_screen(&mut drawn) {
            self.write(&erasure(rows(&drawn.lines, self.size())));
        }
        drawn.lines.clear();
    }

    /// Whether the process is in the foreground. After a time in the background, the drawn lines are left
    /// as they are, since the shell and the user have written below them.
    fn owns_screen(&self, drawn: &mut Drawn) -> bool {
        let resumed = self.resumed.get_or_init(signals::resumed);
        if !drawn.lines.is_empty() && self.clock.monotonic().saturating_sub(drawn.looked) > GAP {
            self.clock.sleep(HANDLING);
        }
        drawn.looked = self.clock.monotonic();
        let is_in_foreground = self
            .stderr
            .terminal
            .as_ref()
            .is_some_and(|terminal| terminal.is_in_foreground());
        if resumed.swap(false, Ordering::Relaxed) || !is_in_foreground {
            drawn.lines.clear();
        }
        is_in_foreground
    }

    /// A failure to write is ignored, since it could only be reported on standard error.
    fn write(&self, text: &str) {
        let _ = self.stderr.write_all(text.as_bytes());
    }

    fn lock(&self) -> MutexGuard<'_, Drawn> {
        // After a panic in a thread that was drawing, at worst a torn line is left.
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last lines that fit into the window above the cursor's line, each cut to its width. A column is left
/// free, since some terminals wrap when the last one is written.
fn fit(lines: &[String], size: Size) -> Vec<String> {
    let room = usize::from(size.rows).saturating_sub(1).max(1);
    let shown = &lines[lines.len().saturating_sub(room)..];
    let columns = usize::from(size.columns).saturating_sub(1);
    shown.iter().map(|line| cut(line, columns).to_owned()).collect()
}

/// The beginning of a text, at most this many columns wide.
pub(super) fn cut(text: &str, columns: usize) -> &str {
    let mut width = 0;
    for (at, c) in text.char_indices() {
        width += c.width().unwrap_or_default();
        if width > columns {
            return &text[..at];
        }
    }
    text
}

/// Moves the cursor from below the lines to the beginning of the first.
fn to_start(lines: &[String], size: Size) -> String {
    match rows(lines, size) {
        0 => LINE_START.to_owned(),
        rows => format!("{LINE_START}\x1b[{rows}A"),
    }
}

/// How many rows the lines take in a window of this size.
fn rows(lines: &[String], size: Size) -> usize {
    let columns = usize::from(size.columns).max(1);
    lines.iter().map(|line| line.width().div_ceil(columns).max(1)).sum()
}

/// The lines, each followed by the sequence that erases the rest of its row.
fn erased_behind<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(|line| [line, ERASE_LINE, "\n"]).collect()
}

/// Erases the cursor's row and this many rows above it, row by row; leaves the cursor in the first.
fn erasure(rows: usize) -> String {
    let row = format!("{ERASE_LINE}\x1b[1B");
    format!("{LINE_START}\x1b[{rows}A{}{ERASE_LINE}\x1b[{rows}A", row.repeat(rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::screen::Screen;

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn lines_are_cut_to_the_window_and_the_last_are_kept() {
        let fitted = |columns, rows| fit(&lines(&["first", "second", "缓存缓存"]), Size { columns, rows });
        assert_eq!(fitted(80, 24), ["first", "second", "缓存缓存"]);
        assert_eq!(fitted(6, 24), ["first", "secon", "缓存"]);
        assert_eq!(fitted(80, 3), ["second", "缓存缓存"]);
        assert_eq!(fitted(80, 1), ["缓存缓存"]);
        assert_eq!(fitted(1, 0), [""]);
    }

    #[test]
    fn the_cursor_goes_up_by_the_rows_that_lines_take_in_the_window_as_it_is_now() {
        let drawn = lines(&["x".repeat(79).as_str(), "", "缓存"]);
        let start = |columns| to_start(&drawn, Size { columns, rows: 24 });
        assert_eq!(start(80), "\r\x1b[3A");
        assert_eq!(start(40), "\r\x1b[4A");
        assert_eq!(start(20), "\r\x1b[6A");
        assert_eq!(to_start(&[], Size::DEFAULT), "\r");
    }

    #[test]
    fn lines_are_drawn_once_for_a_window_and_notes_come_above_them() {
        let screen = Screen::new("xterm", 80);
        let painter = Painter::new(&screen.world, false);
        painter.draw(&lines(&["one"]));
        assert_eq!(screen.taken(), "\rone\x1b[K\n\x1b[J");
        painter.draw(&lines(&["one"]));
        assert_eq!(screen.taken(), "", "the screen shows them already");
        screen.window.columns.store(40, Ordering::Relaxed);
        painter.draw(&lines(&["one"]));
        assert_eq!(screen.taken(), "\r\x1b[1Aone\x1b[K\n\x1b[J");
        painter.say("note\n");
        assert_eq!(screen.taken(), "\r\x1b[1Anote\x1b[K\none\x1b[K\n\x1b[J");
        painter.clear();
        assert!(screen.taken().starts_with("\r\x1b[1A\x1b[K"));
        painter.say("note\n");
        assert_eq!(screen.taken(), "note\n");
    }

    #[test]
    fn a_program_in_the_background_draws_nothing_and_leaves_the_lines_that_it_drew() {
        let screen = Screen::new("xterm", 80);
        let painter = Painter::new(&screen.world, false);
        painter.draw(&lines(&["one"]));
        screen.taken();
        screen.window.has_program.store(false, Ordering::Relaxed);
        painter.draw(&lines(&["two"]));
        assert_eq!(screen.taken(), "");
        screen.window.has_program.store(true, Ordering::Relaxed);
        painter.draw(&lines(&["three"]));
        assert_eq!(screen.taken(), "\rthree\x1b[K\n\x1b[J", "the cursor does not go up");
        screen.window.has_program.store(false, Ordering::Relaxed);
        painter.clear();
        assert_eq!(screen.taken(), "");
        painter.say("note\n");
        assert_eq!(screen.taken(), "note\n");
    }

    /// The process may have been stopped meanwhile, and the thread that is told so may come later.
    #[test]
    fn the_handler_of_a_stop_is_waited_for_where_one_may_have_been() {
        let screen = Screen::new("xterm", 80);
        let painter = Painter::new(&screen.world, false);
        let slept = |before: Duration| {
            screen.clock.sleep(before);
            let start = screen.clock.monotonic();
            painter.draw(&lines(&["one"]));
            screen.clock.monotonic() - start
        };
        assert_eq!(slept(Duration::from_secs(1)), Duration::ZERO, "nothing was drawn yet");
        assert_eq!(slept(GAP), Duration::ZERO);
        assert_eq!(slept(2 * GAP), HANDLING);
    }
}
