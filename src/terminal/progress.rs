//! The display of a running transfer: bars on a terminal, a line at intervals elsewhere.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::bars::{self, Bar, Phase};
use super::escape::visible;
use super::human;
use super::notes::Notes;
use super::rate::Rate;
use crate::process::world::Clock;

/// The interval between two lines if no bars can be drawn.
const LINE_INTERVAL: Duration = Duration::from_secs(30);
/// The least time between two drawings.
const DRAW_INTERVAL: Duration = Duration::from_millis(100);

/// The progress of each file and of all together. Threads may share it.
pub(crate) struct Progress<'a> {
    notes: &'a Notes<'a>,
    clock: &'a dyn Clock,
    /// How many bytes all files have together, by the service; `None` if it does not tell.
    expected: Option<u64>,
    /// Whether files are added while the run goes on: then only files that are being fetched have a line.
    grows: bool,
    state: Mutex<State>,
}

struct State {
    files: Vec<Tracked>,
    /// When something was last shown, on the clock's monotonic time.
    shown: Option<Duration>,
    is_closed: bool,
    /// How many files have ended without being whole.
    failures: usize,
}

/// The progress of one file.
struct Tracked {
    /// Without control characters.
    name: String,
    bytes: u64,
    length: Option<u64>,
    rate: Rate,
    /// Bytes that were there when its fetching began; `None` before that.
    begun_with: Option<u64>,
    /// The word for its final state; `None` until it has ended.
    end: Option<String>,
}

impl<'a> Progress<'a> {
    /// `expected` is how many bytes all files have together, if known.
    pub(crate) fn new(
        names: impl IntoIterator<Item = String>,
        expected: Option<u64>,
        clock: &'a dyn Clock,
        notes: &'a Notes<'a>,
    ) -> Self {
        let files = names.into_iter().map(|name| Tracked::new(&name));
        Self {
            notes,
            clock,
            expected,
            grows: false,
            state: Mutex::new(State {
                files: files.collect(),
                // The first line is due after an interval, the first bars at once.
                shown: (!notes.painter().draws()).then(|| clock.monotonic()),
                is_closed: false,
                failures: 0,
            }),
        }
    }

    /// The progress of files that are added as the run goes on.
    pub(crate) fn of_many(expected: Option<u64>, clock: &'a dyn Clock, notes: &'a Notes<'a>) -> Self {
        let mut progress = Self::new([], expected, clock, notes);
        progress.grows = true;
        progress
    }

    /// Adds a file; its number is one more than that of the file before.
    pub(crate) fn add(&self, name: &str) {
        self.lock().files.push(Tracked::new(name));
    }

    /// Notes the bytes of a file that are there now, and its length if known. The bytes of the first call
    /// count as there before the run.
    pub(crate) fn position(&self, index: usize, bytes: u64, length: Option<u64>) {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let file = &mut state.files[index];
        (file.bytes, file.length) = (bytes, length);
        file.begun_with.get_or_insert(bytes);
        file.rate.sample(now, bytes);
        self.show(&mut state, now);
    }

    /// Writes a note about a file.
    pub(crate) fn note(&self, index: usize, text: &str) {
        let name = self.lock().files[index].name.clone();
        self.notes.note(format_args!("{name}: {text}"));
    }

    /// Notes that a file has ended in a state of this name.
    pub(crate) fn end(&self, index: usize, how: &str) {
        let mut state = self.lock();
        state.files[index].end = Some(how.to_owned());
        self.show(&mut state, self.clock.monotonic());
    }

    /// As [`end`](Self::end), and counts a file that is not whole: lines that show no bytes then say why.
    pub(crate) fn end_counted(&self, index: usize, how: &str, is_whole: bool) {
        if !is_whole {
            self.lock().failures += 1;
        }
        self.end(index, how);
    }

    /// Erases the drawn lines and shows nothing from now on.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.notes.painter().clear();
    }

    /// Bytes of a file that were there when its fetching began.
    pub(crate) fn begun_with(&self, index: usize) -> u64 {
        self.lock().files[index].begun_with.unwrap_or_default()
    }

    /// The length of a file in bytes, if known.
    pub(crate) fn length_of(&self, index: usize) -> Option<u64> {
        self.lock().files[index].length
    }

    /// The length of all files together in bytes, if known.
    pub(crate) fn length(&self) -> Option<u64> {
        self.total(&self.lock(), self.clock.monotonic()).length
    }

    /// Redraws for changes that come with time alone: rates, and the size of the window. Must be called
    /// several times a second.
    pub(crate) fn tick(&self) {
        self.show(&mut self.lock(), self.clock.monotonic());
    }

    /// Draws the bars or writes a line, unless that was done a moment ago.
    fn show(&self, state: &mut State, now: Duration) {
        let draws = self.notes.painter().draws();
        let interval = if draws { DRAW_INTERVAL } else { LINE_INTERVAL };
        let is_due = state.shown.is_none_or(|last| now.saturating_sub(last) >= interval);
        if state.is_closed || !is_due {
            return;
        }
        state.shown = Some(now);
        let total = self.total(state, now);
        if draws {
            let is_shown = |file: &&Tracked| !self.grows || (file.end.is_none() && file.begun_with.is_some());
            let files = state.files.iter().filter(is_shown).map(|file| file.bar(now));
            let files: Vec<Bar<'_>> = files.collect();
            let painter = self.notes.painter();
            painter.draw(&bars::lines(&files, &total, painter.size()));
        } else {
            self.notes.note(line(total.bytes, total.length, state.failures));
        }
    }

    fn total(&self, state: &State, now: Duration) -> Bar<'static> {
        let sum = |sum: u64, bytes: u64| sum.saturating_add(bytes);
        let lengths = state.files.iter().map(|file| file.length);
        let known = lengths.reduce(|all, length| Some(sum(all?, length?))).flatten();
        let is_active = |file: &&Tracked| file.end.is_none();
        let rates = state.files.iter().filter(is_active);
        Bar {
            name: "total",
            bytes: state.files.iter().map(|file| file.bytes).fold(0, sum),
            length: known.filter(|_| !self.grows).or(self.expected),
            rate: rates.filter_map(|file| file.rate.at(now, file.bytes)).reduce(sum),
            phase: Phase::Active,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // After a panic in another thread, at worst a number is one report old.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line that is written from time to time where there are no bars.
fn line(bytes: u64, length: Option<u64>, failures: usize) -> String {
    let whole = length
        .map(|length| format!(" of {}", human::size(length)))
        .unwrap_or_default();
    let failed = match failures {
        0 => String::new(),
        1 => ", and 1 file could not be fetched so far".to_owned(),
        failures => format!(", and {failures} files could not be fetched so far"),
    };
    format!("{}{whole} are there{failed}", human::size(bytes))
}

impl Tracked {
    fn new(name: &str) -> Self {
        Self {
            name: visible(name).into_owned(),
            bytes: 0,
            length: None,
            rate: Rate::default(),
            begun_with: None,
            end: None,
        }
    }

    fn bar(&self, now: Duration) -> Bar<'_> {
        Bar {
            name: &self.name,
            bytes: self.bytes,
            length: self.length,
            rate: self.rate.at(now, self.bytes),
            phase: match &self.end {
                Some(state) => Phase::Ended(state),
                None if self.begun_with.is_some() => Phase::Active,
                None => Phase::Waiting,
            },
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::screen::Screen;

    /// The lines that were drawn, by the words in them.
    fn drawn(screen: &Screen) -> Vec<String> {
        let text = screen.taken();
        let lines = text.lines().filter(|line| line.contains("\u{1b}[K"));
        let plain = lines.map(|line| line.replace("\u{1b}[K", ""));
        plain
            // The first begins with what moves the cursor up.
            .map(|line| {
                line.split_once("\u{1b}[")
                    .map_or(line.clone(), |(_, rest)| rest[2..].to_owned())
            })
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn each_file_and_all_together_have_a_line_until_the_end() {
        let screen = Screen::new("xterm", 79);
        let notes = Notes::new(&screen.world, 0, 0);
        let progress = Progress::new(
            ["a".to_owned(), "b".to_owned()],
            Some(400),
            &*screen.world.clock,
            &notes,
        );
        progress.tick();
        assert_eq!(drawn(&screen), ["a -", "b -", "total 0%"]);
        assert_eq!((progress.length_of(0), progress.begun_with(0)), (None, 0));
        screen.clock.sleep(DRAW_INTERVAL / 2);
        progress.position(0, 50, Some(100));
        assert_eq!(drawn(&screen), Vec::<String>::new(), "they were drawn a moment ago");
        screen.clock.sleep(Duration::from_secs(1));
        progress.position(0, 70, Some(100));
        assert_eq!(drawn(&screen)[0], "a 70% 20 B/s 2s");
        assert_eq!((progress.length_of(0), progress.begun_with(0)), (Some(100), 50));
        screen.clock.sleep(DRAW_INTERVAL);
        progress.position(1, 300, Some(300));
        progress.end(1, "ok");
        assert_eq!((progress.length(), drawn(&screen).len()), (Some(400), 3));
        screen.clock.sleep(DRAW_INTERVAL);
        progress.tick();
        assert_eq!(drawn(&screen)[1], "b 100% ok");
        drop(progress);
        assert!(screen.taken().contains("\u{1b}[3A"), "the lines are erased");
    }

    #[test]
    fn a_growing_run_shows_the_files_that_are_being_fetched_alone() {
        let screen = Screen::new("xterm", 79);
        let notes = Notes::new(&screen.world, 0, 0);
        let progress = Progress::of_many(None, &*screen.world.clock, &notes);
        for name in ["waiting", "ended", "active"] {
            progress.add(name);
        }
        progress.position(1, 1, None);
        progress.end(1, "ok");
        screen.clock.sleep(DRAW_INTERVAL);
        screen.taken();
        progress.position(2, 1, None);
        let names: Vec<String> = drawn(&screen)
            .iter()
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["active", "total"]);
        assert_eq!(progress.length(), None);
        progress.close();
        screen.taken();
        screen.clock.sleep(Duration::from_secs(60));
        progress.tick();
        assert_eq!(screen.taken(), "");
    }

    #[test]
    fn where_no_bars_can_be_drawn_a_line_comes_at_intervals() {
        let screen = Screen::new("dumb", 80);
        let notes = Notes::new(&screen.world, 0, 0);
        let names = ["a", "b", "c", "d"].map(str::to_owned);
        let progress = Progress::new(names, None, &*screen.world.clock, &notes);
        progress.position(0, 0, Some(2048));
        for (index, how, is_whole) in [(1, "ok", true), (2, "corrupt", false), (3, "ok", true)] {
            progress.position(index, 0, Some(0));
            progress.end_counted(index, how, is_whole);
        }
        assert_eq!(screen.taken(), "");
        screen.clock.sleep(LINE_INTERVAL);
        progress.position(0, 1024, Some(2048));
        assert_eq!(
            screen.taken(),
            "note: 1.0 KiB of 2.0 KiB are there, and 1 file could not be fetched so far\n"
        );
    }

    #[test]
    fn a_file_waits_until_its_first_bytes_are_counted() {
        let mut file = Tracked::new("a");
        assert!(matches!(file.bar(Duration::ZERO).phase, Phase::Waiting));
        file.begun_with = Some(0);
        assert!(matches!(file.bar(Duration::ZERO).phase, Phase::Active));
    }

    /// Where every file fails, no bytes come, and only the count of failures tells why.
    #[test]
    fn a_line_says_how_many_files_could_not_be_fetched() {
        assert_eq!(line(1 << 20, None, 0), "1.0 MiB are there");
        assert_eq!(
            line(0, Some(4 << 20), 1),
            "0 B of 4.0 MiB are there, and 1 file could not be fetched so far"
        );
        assert_eq!(
            line(0, None, 391),
            "0 B are there, and 391 files could not be fetched so far"
        );
    }
}
