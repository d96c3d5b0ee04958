//! A real terminal for tests: a shell in tmux, which is typed into and whose screen is read.

use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use jdredis_sandbox::Sandbox;
use tempfile::TempDir;

use crate::support::{ACCESS_KEY, SECRET_KEY, is_installed, say_not_run};

/// No test waits longer than this for something to be on the screen.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The prompt of the shells.
pub(crate) const PROMPT: &str = "prompt$ ";

/// A window with bash in it, on a tmux server of its own, which ends when this is dropped.
pub(crate) struct Terminal {
    folder: TempDir,
}

impl Terminal {
    /// A window with bash of this size, in an empty folder. Its shell has the canary keys, the sandbox's address and these
    /// variables in its environment; `jdredis` is the program. `None` where tmux or bash is not
    /// installed.
    pub(crate) fn open(sandbox: &Sandbox, env: &[(&str, &str)], columns: u16, rows: u16) -> Option<Self> {
        let bash = ["bash", "--norc", "--noprofile", "-i"];
        Self::open_shell(&bash, sandbox, env, columns, rows)
    }

    /// As [`open`](Self::open), with another shell, whose prompt must be [`PROMPT`].
    pub(crate) fn open_shell(
        command: &[&str],
        sandbox: &Sandbox,
        env: &[(&str, &str)],
        columns: u16,
        rows: u16,
    ) -> Option<Self> {
        for program in ["tmux", command[0]] {
            if !is_installed(program) {
                say_not_run("a real terminal", &format!("{program} is not installed"));
                return None;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let binaries = Path::new(env!("CARGO_BIN_EXE_jdredis")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("env");
        shell
            .arg("-i")
            .arg(format!("PATH={}:{path}", binaries.display()))
            .arg(format!("HOME={}", folder.path().display()))
            .args(["TERM=screen", &format!("PS1={PROMPT}")])
            .arg(format!("JDREDIS_ENDPOINT={}", sandbox.endpoint()))
            .arg(format!("JDCLOUD_ACCESS_KEY={ACCESS_KEY}"))
            .arg(format!("JDCLOUD_SECRET_KEY={SECRET_KEY}"))
            .args(env.iter().map(|(name, value)| format!("{name}={value}")))
            .args(command);
        let terminal = Self { folder };
        let size = ["-x", &columns.to_string(), "-y", &rows.to_string()];
        let status_line_off = [";", "set-option", "-g", "status", "off"];
        let mut tmux = terminal.tmux();
        tmux.args(["new-session", "-d", "-c"])
            .arg(terminal.folder.path())
            .args(size)
            .arg(shell.get_program())
            .args(shell.get_args())
            .args(status_line_off);
        check(&tmux.output().unwrap());
        // The status line's row is given back by that.
        terminal.resize(columns, rows);
        terminal.wait_for("a prompt", |screen| screen.contains(PROMPT.trim_end()));
        Some(terminal)
    }

    fn tmux(&self) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.args(["-f", "/dev/null", "-S"])
            .arg(self.folder.path().join("tmux.socket"))
            .env("LC_ALL", "C.UTF-8");
        tmux
    }

    /// Types a text and Enter.
    pub(crate) fn enter(&self, text: &str) {
        self.type_in(text);
        self.press("Enter");
    }

    /// Presses a key, named as tmux names it: `C-c`, `Tab`.
    pub(crate) fn press(&self, key: &str) {
        check(&self.tmux().args(["send-keys", key]).output().unwrap());
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = ["-x", &columns.to_string(), "-y", &rows.to_string()];
        check(&self.tmux().arg("resize-window").args(size).output().unwrap());
    }

    /// The shell's home and first working folder.
    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    /// Types a text.
    pub(crate) fn type_in(&self, text: &str) {
        check(&self.tmux().args(["send-keys", "-l", text]).output().unwrap());
    }

    /// The window's text, and with it all that has left the window at its top.
    pub(crate) fn history(&self) -> String {
        self.capture(&["-S", "-"])
    }

    pub(crate) fn screen(&self) -> String {
        self.capture(&[])
    }

    fn capture(&self, part: &[&str]) -> String {
        let output = self.tmux().args(["capture-pane", "-p"]).args(part).output().unwrap();
        check(&output);
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Waits until the screen is so; its text then.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            assert!(start.elapsed() < LONGEST_WAIT, "no {what} on the screen:\n{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the shell's next prompt, after which nothing is typed yet; the screen's text then.
    #[track_caller]
    pub(crate) fn wait_for_prompt(&self) -> String {
        self.wait_for("new prompt", |screen| {
            screen.lines().last().map(str::trim_end) == Some(PROMPT.trim_end())
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}

#[track_caller]
fn check(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
