//! The progress display of a download.

use std::str::Chars;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jdredis::{Clock, Size};
use jdredis_sandbox::{Delivery, Reply};
use time::OffsetDateTime;

use super::{CLUSTER, Place};
use crate::support::sandbox_builder;
use crate::terminal::{Shown, Window, run_at, run_at_with, set_term};

fn args(place: &Place) -> Vec<String> {
    let mut args: Vec<String> = ["backup", "download", "--region", "cn-north-1", "--http", "-o", "plain"]
        .map(str::to_owned)
        .into();
    args.extend(["--instance", CLUSTER.instance, "--base-id", CLUSTER.base_id, "--dir"].map(str::to_owned));
    args.push(place.dir().to_str().unwrap().to_owned());
    args
}

fn watch(place: &Place, columns: Option<u16>, more: &[&str]) -> Shown {
    let args = args(place);
    let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let shown = run_at(&place.sandbox, &args, columns);
    assert!(!shown.stderr.contains("X-Amz"), "{}", shown.stderr);
    place.has_all_of(CLUSTER);
    shown
}

/// All that ever stood on a line of a terminal so wide, in the order in which it came there, and how
/// many of its lines are not empty at the end.
fn lines(stderr: &str, columns: u16) -> (Vec<String>, usize) {
    let columns = usize::from(columns);
    let mut rows: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut seen: Vec<String> = Vec::new();
    let mut rest = stderr.chars();
    while let Some(c) = rest.next() {
        if c.is_control() {
            for text in rows.iter().map(|row| row.iter().collect::<String>()) {
                let text = text.trim_end();
                if !text.is_empty() && !seen.iter().any(|line| line == text) {
                    seen.push(text.to_owned());
                }
            }
        }
        match c {
            '\u{1b}' => {
                let (count, letter) = control_sequence(&mut rest);
                match letter {
                    'A' => row = usize::saturating_sub(row, count),
                    'B' => row += count,
                    'C' => column += count,
                    'D' => column = usize::saturating_sub(column, count),
                    'J' => rows[row..].iter_mut().for_each(Vec::clear),
                    'K' => rows[row].truncate(column),
                    other => panic!("what does {other:?} do?"),
                }
            }
            '\r' => column = 0,
            '\n' => (row, column) = (row + 1, 0),
            c => {
                // The cursor stays behind the last column until there is more to write.
                if column == columns {
                    (row, column) = (row + 1, 0);
                }
                rows.resize(rows.len().max(row + 1), Vec::new());
                let length = rows[row].len().max(column + 1);
                rows[row].resize(length, ' ');
                rows[row][column] = c;
                column += 1;
            }
        }
        rows.resize(rows.len().max(row + 1), Vec::new());
    }
    (seen, rows.iter().filter(|row| !row.is_empty()).count())
}

/// The number and the letter of a control sequence whose first character has been taken.
fn control_sequence(rest: &mut Chars<'_>) -> (usize, char) {
    let text = rest.as_str();
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap();
    *rest = text[end + 1..].chars();
    let number = text[..end].strip_prefix('[').unwrap();
    let number = if number.is_empty() { "0" } else { number };
    (number.parse().unwrap(), text[end..].chars().next().unwrap())
}

/// How many lines of this width the last line takes, which has 84 to 89 characters.
fn summary_lines(columns: u16) -> usize {
    match columns {
        0..=44 => 3,
        45..=83 => 2,
        _ => 1,
    }
}

/// Whether a line is what a narrow terminal shows of the line at the end after its beginning.
fn is_rest_of_summary(line: &str) -> bool {
    !line.starts_with("no") && !line.starts_with("total ")
}

#[test]
fn a_terminal_has_a_bar_for_each_shard_and_one_for_all_and_none_is_too_long() {
    for columns in [40, 80, 200] {
        let place = Place::of(sandbox_builder().object_size(400_000));
        place.sandbox.always_deliver(Delivery::normal().throttle(500_000));
        let shown = watch(&place, Some(columns), &[]);
        let (lines, left) = lines(&shown.stderr, columns);
        for name in ["node 0", "node 1", "node 2", "node 3", "total"] {
            let is_one = |line: &&String| line.starts_with(name) && line.contains('%') && line.contains("/s");
            assert!(lines.iter().any(|line| is_one(&line)), "no {name} in {lines:#?}");
        }
        // A line that is too long for the terminal continues on the next one.
        let begins_one = |line: &String| {
            ["node ", "total ", "note: "]
                .iter()
                .any(|start| line.starts_with(start))
        };
        assert!(
            lines.iter().filter(|line| !is_rest_of_summary(line)).all(begins_one),
            "{columns}: {lines:#?}"
        );
        // They are gone when it ends; only the data and the messages about it are left.
        assert_eq!(left, summary_lines(columns), "{lines:#?}");
        assert_eq!(shown.stdout.lines().count(), 4);
    }
}

#[test]
fn notes_stand_above_the_bars() {
    let place = Place::new();
    place
        .sandbox
        .deliver("backup4-1?", vec![Delivery::reply(Reply::new(503))]);
    let shown = watch(&place, Some(80), &[]);
    let (lines, _) = lines(&shown.stderr, 80);
    let note = |line: &String| line.starts_with("note: node 1: HTTP 503; going on in ");
    assert!(lines.iter().any(note), "{lines:#?}");
}

#[test]
fn a_nodes_name_cannot_act_on_the_terminal() {
    let place = Place::new();
    let object = place.sandbox.object(CLUSTER.instance, CLUSTER.base_id, 0);
    let link = place.sandbox.link(CLUSTER.instance, CLUSTER.base_id, 0);
    let answer = serde_json::json!({"result": {"downloadUrls": [
        {"name": "\u{1b}]0;title\u{7}\u{1b}[2J缓存", "link": link},
    ]}});
    place
        .sandbox
        .script_for("describeDownloadUrl", vec![Reply::json(200, answer.to_string())]);
    place.sandbox.deliver("", vec![Delivery::reply(Reply::new(503))]);
    let args = args(&place);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let shown = run_at(&place.sandbox, &args, Some(80));
    assert!(
        !shown.stderr.contains("\u{1b}]") && !shown.stderr.contains("\u{1b}[2J"),
        "{:?}",
        shown.stderr
    );
    assert!(shown.stderr.contains("\\u{1b}]0;title"), "{:?}", shown.stderr);
    assert!(place.read(CLUSTER.files[0].1) == object);
}

#[test]
fn quiet_is_quiet_and_without_a_terminal_nothing_is_drawn() {
    let place = Place::new();
    place.sandbox.deliver("", vec![Delivery::reply(Reply::new(503))]);
    assert_eq!(watch(&place, Some(80), &["-q"]).stderr, "");

    // Without a terminal, the line at the end is all.
    let place = Place::new();
    let shown = watch(&place, None, &[]);
    assert!(
        shown
            .stderr
            .starts_with("note: 4 files whole, 1.1 MiB; 1.1 MiB came in "),
        "{}",
        shown.stderr
    );
    assert!(
        shown.stderr.ends_with(" connections\n") && shown.stderr.lines().count() == 1,
        "{}",
        shown.stderr
    );
}

/// A clock that runs so many times as fast, and on which sleeping takes no time.
struct Fast {
    factor: u32,
    start: std::time::Instant,
    slept: AtomicU64,
}

impl Fast {
    fn new(factor: u32) -> Arc<Self> {
        Arc::new(Self {
            factor,
            start: std::time::Instant::now(),
            slept: AtomicU64::new(0),
        })
    }
}

impl Clock for Fast {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed() * self.factor + Duration::from_millis(self.slept.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap();
        self.slept.fetch_add(millis, Ordering::Relaxed);
    }
}

#[test]
fn without_a_terminal_a_line_now_and_then_says_how_far_it_is() {
    // On the clock below, a slower storage would be too slow to be waited for.
    let place = Place::of(sandbox_builder().object_size(16 << 20));
    place.sandbox.always_deliver(Delivery::normal().throttle(2 << 20));
    let args = args(&place);
    let args: Vec<&str> = args.iter().map(String::as_str).chain(["--parallel", "4"]).collect();
    let clock = Fast::new(30);
    let its_clock = clock.clone();
    let shown = run_at_with(&place.sandbox, &args, None, |world| world.clock = its_clock);
    place.has_all_of(CLUSTER);
    // Some 240 s have passed on it, or more where the machine is busy.
    let count = shown.stderr.lines().count();
    let most = clock.monotonic().as_secs() / 30 + 2;
    assert!((4..=most).contains(&(count as u64)), "{}", shown.stderr);
    let lines: Vec<&str> = shown.stderr.lines().collect();
    assert!(
        lines[count - 1].starts_with("note: 4 files whole, 64.0 MiB; 64.0 MiB came in "),
        "{lines:#?}"
    );
    let told = |line: &&&str| line.starts_with("note: ") && line.ends_with(" of 64.0 MiB are there");
    let before = &lines[..count - 1];
    assert!(before.iter().filter(told).count() >= 3, "{lines:#?}");
    // On a busy machine a connection may seem slow, which is said of its node.
    assert!(
        before.iter().all(|line| told(&line) || line.starts_with("note: node ")),
        "{lines:#?}"
    );
}

#[test]
fn a_connection_that_brings_next_to_nothing_is_given_up() {
    // On the clock below it brings 2 kB/s.
    let place = Place::of(sandbox_builder().object_size(2 << 20));
    place.sandbox.always_deliver(Delivery::normal().throttle(200_000));
    let args = args(&place);
    let more = ["--parallel", "1", "--max-attempts", "2", "--node", "node 0"];
    let args: Vec<&str> = args.iter().map(String::as_str).chain(more).collect();
    let shown = run_at_with(&place.sandbox, &args, None, |world| world.clock = Fast::new(100));
    let given_up = "the connection brought less than 10 kB/s for a minute, 2 times in a row";
    assert!(shown.stderr.contains(given_up), "{}", shown.stderr);
    assert_eq!(place.fetched().len(), 2);
    assert_eq!(shown.stdout, "");
}

#[test]
fn a_terminal_that_obeys_no_control_sequences_gets_plain_lines() {
    for term in [Some("dumb"), Some(""), None] {
        let place = Place::new();
        let args = args(&place);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let shown = run_at_with(&place.sandbox, &args, Some(80), |world| set_term(world, term));
        assert!(!shown.stderr.contains('\u{1b}'), "{term:?}: {}", shown.stderr);
        place.has_all_of(CLUSTER);
    }
}

#[test]
fn a_low_window_gets_no_more_lines_than_it_has_rows() {
    for (rows, files, has_rest) in [(24, 4, false), (6, 4, false), (5, 2, true), (3, 0, true), (2, 0, false)] {
        let place = Place::of(sandbox_builder().object_size(400_000));
        place.sandbox.always_deliver(Delivery::normal().throttle(500_000));
        let args = args(&place);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let shown = run_at_with(&place.sandbox, &args, Some(80), |world| {
            world.stderr.terminal = Some(Arc::new(Window(Size { columns: 80, rows })));
        });
        let (lines, left) = lines(&shown.stderr, 80);
        let count = |start: &str| {
            let names = lines.iter().filter(|line| line.starts_with(start));
            let mut names: Vec<&str> = names.map(|line| line.split("  ").next().unwrap()).collect();
            names.sort_unstable();
            names.dedup();
            names.len()
        };
        // Files that end make room for others, so a low window shows each in the end.
        assert!(count("node ") >= files, "{rows}: {lines:#?}");
        assert!(count("total") == 1, "{rows}: {lines:#?}");
        assert_eq!(count("and ") > 0, has_rest, "{rows}: {lines:#?}");
        // Notes follow the last drawing.
        let (drawings, _) = shown.stderr.rsplit_once("\u{1b}[J").unwrap();
        let is_low = |drawing: &str| drawing.matches('\n').count() < usize::from(rows);
        assert!(drawings.split("\u{1b}[J").all(is_low), "{drawings:?}");
        assert_eq!(left, summary_lines(80), "{lines:#?}");
    }
}
