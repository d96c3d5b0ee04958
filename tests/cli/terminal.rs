//! The differences on a terminal: the program runs in this process, in front of a terminal that is a
//! buffer.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use jdredis::{Size, Stream, Terminal, World};
use jdredis_sandbox::{BackupOutcome, DOCUMENTED_ANSWER, Reply, Sandbox};

use crate::support::{ACCESS_KEY, SECRET_KEY, URL, sandbox};

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn stream(&self, columns: Option<u16>) -> Stream {
        let mut stream = Stream::to(self.clone());
        stream.terminal = columns.map(|columns| Arc::new(Window(Size { columns, rows: 24 })) as _);
        stream
    }
}

/// A terminal's window that keeps its size.
pub(crate) struct Window(pub(crate) Size);

impl Terminal for Window {
    fn size(&self) -> Option<Size> {
        Some(self.0)
    }

    fn is_in_foreground(&self) -> bool {
        true
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) struct Shown {
    pub(crate) code: ExitCode,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs with both streams on a terminal of this many columns, or on none.
fn run(args: &[&str], env: &[(&str, &str)], columns: Option<u16>) -> Shown {
    run_with(args, env, columns, |_| {})
}

fn run_with(args: &[&str], env: &[(&str, &str)], columns: Option<u16>, change: impl FnOnce(&mut World)) -> Shown {
    let (stdout, stderr) = (Screen::default(), Screen::default());
    let env: Vec<(String, OsString)> = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.into()))
        .collect();
    let mut world = World::of_this_process();
    world.args = ["jdredis"].iter().chain(args).map(OsString::from).collect();
    world.env = Box::new(move |name| {
        env.iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    });
    world.home = None;
    world.stdout_may_be_closed = || false;
    world.stdout = stdout.stream(columns);
    world.stderr = stderr.stream(columns);
    change(&mut world);
    let code = jdredis::run(&world);
    Shown {
        code,
        stdout: stdout.text(),
        stderr: stderr.text(),
    }
}

pub(crate) fn run_at(sandbox: &Sandbox, args: &[&str], columns: Option<u16>) -> Shown {
    run_at_with(sandbox, args, columns, |_| {})
}

/// As [`run_at`], in a world that is changed first.
pub(crate) fn run_at_with(
    sandbox: &Sandbox,
    args: &[&str],
    columns: Option<u16>,
    change: impl FnOnce(&mut World),
) -> Shown {
    let env = [
        ("TERM", "xterm"),
        ("JDREDIS_ENDPOINT", sandbox.endpoint()),
        ("JDCLOUD_ACCESS_KEY", ACCESS_KEY),
        ("JDCLOUD_SECRET_KEY", SECRET_KEY),
    ];
    run_with(args, &env, columns, change)
}

/// Changes `TERM`.
pub(crate) fn set_term(world: &mut World, term: Option<&'static str>) {
    set_var(world, "TERM", term);
}

fn set_var(world: &mut World, variable: &'static str, value: Option<&'static str>) {
    let other = std::mem::replace(&mut world.env, Box::new(|_| None));
    world.env = Box::new(move |name| match name {
        name if name == variable => value.map(Into::into),
        name => other(name),
    });
}

#[test]
fn help_fits_the_terminal() {
    for columns in [40, 80] {
        let shown = run(&["backup", "url", "-h"], &[], Some(columns));
        // A usage line is one to copy, and clap leaves it whole.
        let lines = shown.stdout.lines().filter(|line| !line.starts_with("Usage: "));
        let widest = lines.map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns.into()), "{columns}: {}", shown.stdout);
    }
    let wide = run(&["backup", "url", "-h"], &[], Some(300));
    assert!(wide.stdout.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn examples_stand_on_a_line_each_at_any_width() {
    let wide = run(&["help", "backup", "download"], &[], Some(300)).stdout;
    let (_, examples) = wide.split_once("\nExamples:\n").unwrap();
    assert!(examples.lines().any(|line| line.len() > 80), "{examples}");
    for columns in [40, 80] {
        for args in [&["help", "backup", "download"][..], &["backup", "download", "--help"]] {
            let shown = run(args, &[("TERM", "xterm")], Some(columns)).stdout;
            assert!(shown.ends_with(examples), "{columns}: {shown}");
        }
    }
}

#[test]
fn help_shows_the_global_options_that_a_command_uses() {
    let help = |args: &[&str]| run(args, &[], Some(80)).stdout;
    let short = help(&["backup", "url", "-h"]);
    let globals: Vec<&str> = short.lines().filter(|line| line.contains("--max-attempts")).collect();
    assert!(
        matches!(globals.as_slice(), [line] if line.starts_with("Global options: -o ")),
        "{short}"
    );
    for word in ["--endpoint <URL>", "--max-attempts <N>", "Possible values"] {
        assert!(help(&["backup", "url", "--help"]).contains(word), "{word}");
    }
    for command in [&["man"][..], &["completions"], &["backup", "verify"]] {
        for flag in ["-h", "--help"] {
            let shown = help(&[command, &[flag]].concat());
            assert!(shown.contains("Usage: jdredis "), "{command:?}: {shown}");
            for network in ["--endpoint", "--profile", "--max-attempts"] {
                assert!(!shown.contains(network), "{command:?}: {shown}");
            }
        }
    }
    assert!(help(&["help", "man"]).lines().count() <= 12);
    assert!(help(&["backup", "verify", "--help"]).contains("--timeout <TIME>"));
    // The options that help leaves out are still accepted.
    assert_eq!(
        run(&["man", "--endpoint", "h", "--timeout", "1"], &[], None).code,
        ExitCode::SUCCESS
    );
}

#[test]
fn styles_are_for_terminals_that_can_and_people_who_want() {
    let color = [("TERM", "xterm")];
    let has_style = |env: &[(&str, &str)], columns| run(&["--help"], env, columns).stdout.contains('\u{1b}');
    assert!(has_style(&color, Some(80)));
    assert!(!has_style(&color, None));
    assert!(!has_style(&[("TERM", "dumb")], Some(80)));
    assert!(!has_style(&[], Some(80)));
    assert!(!has_style(&[("TERM", "xterm"), ("NO_COLOR", "1")], Some(80)));
}

#[test]
fn a_person_is_told_until_when_the_links_work() {
    let sandbox = sandbox();
    let told = "note: the links expire in 59 min, at ";
    let noted = run_at(&sandbox, &URL, Some(300)).stderr;
    assert!(noted.starts_with(told), "{noted}");
    assert!(noted.contains("\nnote: the links are unencrypted http"), "{noted}");
    let https: Vec<&str> = URL.into_iter().chain(["--https"]).collect();
    let noted = run_at(&sandbox, &https, Some(300)).stderr;
    assert!(noted.starts_with(told) && !noted.contains("unencrypted"), "{noted}");
    assert_eq!(run_at(&sandbox, &URL, None).stderr, "");
    let quiet: Vec<&str> = URL.into_iter().chain(["-q"]).collect();
    assert_eq!(run_at(&sandbox, &quiet, Some(80)).stderr, "");
    let json: Vec<&str> = URL.into_iter().chain(["-o", "json"]).collect();
    assert_eq!(run_at(&sandbox, &json, Some(80)).stderr, "");
}

#[test]
fn a_table_is_the_same_on_any_terminal() {
    let sandbox = sandbox();
    sandbox.always(Reply::json(200, DOCUMENTED_ANSWER));
    let shown = |columns| run_at(&sandbox, &URL, columns).stdout;
    assert_eq!(shown(Some(40)), shown(None));
    assert_eq!(shown(Some(40)).lines().count(), 2);
    assert_eq!(run_at(&sandbox, &URL, None).code, ExitCode::SUCCESS);
}

/// Standard error of a `backup create --wait` on a terminal that `TERM` names so.
fn wait_on(term: Option<&'static str>) -> String {
    let sandbox = sandbox();
    sandbox.next_backup(BackupOutcome::Success { after_polls: 0 });
    let args = [
        "backup",
        "create",
        "--region",
        "cn-north-1",
        "--instance",
        "redis-1234",
        "--wait",
    ];
    let shown = run_at_with(&sandbox, &args, Some(80), |world| set_term(world, term));
    assert_eq!(shown.code, ExitCode::SUCCESS, "{}", shown.stderr);
    assert!(shown.stderr.contains("succeeded after"), "{}", shown.stderr);
    shown.stderr
}

#[test]
fn a_list_fits_the_terminal_and_elsewhere_has_all_columns() {
    let sandbox = crate::support::sandbox();
    let lists: [(&[&str], &str, &str); 2] = [
        (
            &["backup", "list", "--region", "cn-north-1", "--instance", "redis-1234"],
            "STATUS",
            "NAME",
        ),
        (&["instance", "list", "--region", "cn-north-1"], "STATUS", "ADDRESS"),
    ];
    for (args, third, last) in lists {
        let header = |columns| {
            let args: Vec<&str> = args.iter().chain(&["--color", "never"]).copied().collect();
            let shown = run_at(&sandbox, &args, columns).stdout;
            let widest = shown.lines().map(|line| line.chars().count()).max().unwrap();
            let header: Vec<String> = shown
                .lines()
                .next()
                .unwrap()
                .split("  ")
                .map(|cell| cell.trim().to_owned())
                .collect();
            (
                header.into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>(),
                widest,
            )
        };
        let (narrow, widest) = header(Some(80));
        assert!(widest <= 80 && narrow.len() >= 5, "{narrow:?}");
        for columns in [None, Some(200)] {
            let (all, _) = header(columns);
            assert_eq!((all[2].as_str(), all.last().unwrap().as_str()), (third, last));
            assert!(all.starts_with(&narrow));
        }
    }
}

#[test]
fn a_wait_draws_its_line_only_where_the_terminal_obeys_control_sequences() {
    assert!(wait_on(Some("xterm")).contains(": running for "));
    for term in [Some("dumb"), Some(""), None] {
        let stderr = wait_on(term);
        assert!(
            !stderr.contains(": running for ") && stderr.lines().all(|line| !line.contains(char::is_control)),
            "{term:?}: {stderr:?}"
        );
    }
}

#[test]
fn off_is_red_on_a_terminal_that_can_show_it() {
    let sandbox = sandbox();
    let list = ["backup", "policy", "list", "--region", "cn-north-1"];
    let with = |more: &'static [(&str, &str)], columns| {
        let change = |world: &mut World| {
            let outside = std::mem::replace(&mut world.env, Box::new(|_| None));
            world.env = Box::new(move |name| match more.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => Some(value.into()),
                None => outside(name),
            });
        };
        run_at_with(&sandbox, &list, columns, change).stdout
    };
    let painted = with(&[], Some(80));
    assert_eq!(painted.matches("  \u{1b}[31moff\u{1b}[0m  ").count(), 4, "{painted}");
    for plain in [
        with(&[("TERM", "dumb")], Some(80)),
        with(&[("NO_COLOR", "1")], Some(80)),
        with(&[], None),
    ] {
        assert!(!plain.contains('\u{1b}') && plain.contains("  off   "), "{plain}");
    }
}

#[test]
fn an_archives_nights_are_shown_where_there_is_room_in_colour_and_in_signs() {
    let made = crate::archive::Made::new();
    made.backup("cn-north-1", "redis-1", "a", time::Duration::hours(1), b"abc");
    let args = ["archive", "status", made.dir().to_str().unwrap()];
    let utf8 = [("TERM", "xterm"), ("LANG", "zh_CN.UTF-8")];
    let wide = run(&args, &utf8, Some(100));
    assert!(wide.stdout.contains("LAST 14 NIGHTS"), "{}", wide.stdout);
    assert!(
        wide.stdout
            .contains("\u{1b}[32mfresh\u{1b}[0m  .............\u{1b}[32m✓\u{1b}[0m\n"),
        "{:?}",
        wide.stdout
    );
    for (env, strip) in [
        (
            &[("TERM", "xterm"), ("LANG", "C")][..],
            ".............\u{1b}[32m#\u{1b}[0m\n",
        ),
        (
            &[("TERM", "xterm"), ("LC_ALL", "en_US.utf8"), ("NO_COLOR", "1")],
            ".............✓\n",
        ),
        (&[("TERM", "dumb"), ("LANG", "C.UTF-8")], ".............✓\n"),
    ] {
        let shown = run(&args, env, Some(120));
        assert!(shown.stdout.contains(strip), "{:?}", shown.stdout);
    }
    for columns in [Some(99), None] {
        let shown = run(&args, &utf8, columns).stdout;
        assert!(shown.contains("redis-1") && !shown.contains("NIGHTS"), "{shown}");
    }
}

const BACKUPS: [&str; 6] = ["backup", "list", "--region", "cn-north-1", "--instance", "redis-1234"];

#[test]
fn words_of_status_have_colours_on_a_terminal_that_can_and_for_people_who_want_them() {
    let sandbox = sandbox();
    let listed = |flag: &[&str], columns, term, no_color: Option<&'static str>| {
        let args = [&BACKUPS[..], flag].concat();
        let shown = run_at_with(&sandbox, &args, columns, |world| {
            set_var(world, "TERM", term);
            set_var(world, "NO_COLOR", no_color);
        });
        assert_eq!(shown.code, ExitCode::SUCCESS);
        shown.stdout
    };
    let (xterm, wide) = (Some("xterm"), Some(120));
    let coloured = listed(&[], wide, xterm, None);
    for word in [
        "\u{1b}[31mfailed\u{1b}[0m",
        "\u{1b}[33mrunning\u{1b}[0m",
        "\u{1b}[32msuccess\u{1b}[0m",
    ] {
        assert!(coloured.contains(word), "{coloured:?}");
    }
    let plain = listed(&[], None, xterm, None);
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    for (flag, columns, term, no_color, has_colours) in [
        (&[][..], wide, xterm, Some(""), true),
        (&[], wide, xterm, Some("1"), false),
        (&[], wide, Some("dumb"), None, false),
        (&[], wide, None, None, false),
        (&["--color", "never"], wide, xterm, None, false),
        (&["--color=auto"], None, xterm, None, false),
        (&["--color=always"], None, Some("dumb"), Some("1"), true),
        (&["--color=always", "-o", "json"], wide, xterm, None, false),
        (&["--color=always", "-o", "plain"], wide, xterm, None, false),
    ] {
        let shown = listed(flag, columns, term, no_color);
        assert_eq!(
            shown.contains('\u{1b}'),
            has_colours,
            "{flag:?} {term:?} {no_color:?}: {shown:?}"
        );
    }
    let help = |flag| run(&["--help", flag], &[], None).stdout.contains('\u{1b}');
    assert!(help("--color=always") && !help("--color=never"));
}

#[test]
fn errors_and_notes_break_between_words_on_a_terminal_and_nowhere_else() {
    let sandbox = sandbox();
    let args = [
        "backup",
        "url",
        "--region",
        "cn-north-1",
        "--instance",
        "redis-1234",
        "--base-id",
        "99",
    ];
    let whole = run_at(&sandbox, &args, None).stderr;
    let hint = whole.lines().find(|line| line.starts_with("  hint: ")).unwrap();
    assert!(hint.len() > 100, "{hint}");
    for columns in [40, 80] {
        let shown = run_at(&sandbox, &args, Some(columns)).stderr;
        assert!(shown.lines().all(|line| line.len() <= columns.into()), "{shown}");
        let words = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        // The request's ID differs between runs.
        assert_eq!(words(&shown).len(), words(&whole).len(), "{shown}");
        let noted = run_at(&sandbox, &URL, Some(columns)).stderr;
        assert!(noted.starts_with("note: the links expire"), "{noted}");
        assert!(noted.lines().all(|line| line.len() <= columns.into()), "{noted}");
    }
}
