//! Signals: those that ask the program to end, those that are ignored, SIGCONT and SIGXFSZ.
//!
//! All code about signals is here. If the system does not have a signal, registering it fails, and the
//! system's default action remains.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

#[cfg(not(target_os = "linux"))]
use super::elsewhere::ignored_signals;

/// Shells report a program that was ended by a signal with this number plus the signal's.
const SIGNALLED: i32 = 128;

/// A signal that asks the program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGHUP: the terminal or the connection was closed.
    Hangup,
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: a request to terminate, as by `kill` and by service managers.
    Terminate,
}

impl Signal {
    const ALL: [Self; 3] = [Self::Hangup, Self::Interrupt, Self::Terminate];

    pub(super) fn number(self) -> i32 {
        match self {
            #[cfg(unix)]
            Self::Hangup => signal_hook::consts::SIGHUP,
            // POSIX's number. The signal is never raised on this system.
            #[cfg(not(unix))]
            Self::Hangup => 1,
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
        }
    }

    /// The exit code of a program that this signal ended.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Hangup => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// The reaction of a run to the signals that ask it to end.
pub(crate) struct Interrupt {
    /// The signals that have a handler: those that were not ignored when the process started.
    handled: Vec<Signal>,
    /// Whether the next signal ends the process at once.
    armed: Arc<AtomicBool>,
    /// Whether a signal came while signals were deferred.
    asked: Arc<AtomicBool>,
    /// The number of the last such signal.
    number: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Ends the process at once, and quietly, on SIGHUP, SIGINT and SIGTERM, with the exit code of
    /// the signal.
    ///
    /// This loses no data as long as a command writes its output in one piece at the end.
    ///
    /// A signal that the parent ignored stays ignored: `nohup` does that with SIGHUP,
    /// and a shell without job control with SIGINT when it starts a command with `&`.
    pub(crate) fn exit_on_signal() -> Self {
        survive_file_size_limit();
        let armed = Arc::new(AtomicBool::new(true));
        let ignored = ignored_signals();
        let is_handled = |signal: &Signal| ignored & mask(signal.number()) == 0;
        let handled: Vec<Signal> = Signal::ALL.into_iter().filter(is_handled).collect();
        for signal in &handled {
            let code = SIGNALLED + signal.number();
            let _ = flag::register_conditional_shutdown(signal.number(), code, Arc::clone(&armed));
        }
        Self {
            handled,
            armed,
            asked: Arc::default(),
            number: Arc::default(),
        }
    }

    /// From now on the first signal only raises the returned flag, so that the command can save its work;
    /// the next one ends the process.
    pub(crate) fn defer_first_signal(&self) -> Arc<AtomicBool> {
        self.armed.store(false, Ordering::SeqCst);
        for signal in &self.handled {
            let number = signal.number();
            let _ = flag::register_usize(number, Arc::clone(&self.number), number.unsigned_abs() as usize);
            let _ = flag::register(number, Arc::clone(&self.armed));
            let _ = flag::register(number, Arc::clone(&self.asked));
        }
        Arc::clone(&self.asked)
    }

    /// Does work that may take long and has nothing to save. A signal during it ends the process at once.
    pub(crate) fn exit_on_signal_during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.armed.store(true, Ordering::SeqCst);
        let done = work();
        self.armed.store(self.asked.load(Ordering::SeqCst), Ordering::SeqCst);
        done
    }

    /// The last signal that raised the flag of [`defer_first_signal`](Self::defer_first_signal); SIGINT before any did.
    pub(crate) fn signal(&self) -> Signal {
        let number = self.number.load(Ordering::SeqCst);
        let is_it = |signal: &Signal| signal.number().unsigned_abs() as usize == number;
        Signal::ALL.into_iter().find(is_it).unwrap_or(Signal::Interrupt)
    }
}

/// Makes a write fail with EFBIG ("File too large") if the file would exceed its limit (`ulimit -f`,
/// systemd's `LimitFSIZE=`). The default action of SIGXFSZ would kill the process without a message.
fn survive_file_size_limit() {
    // The handler raises a flag that is never read: setting SIG_IGN would need `unsafe`.
    #[cfg(unix)]
    let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// A flag that is raised each time the process continues after a stop (SIGCONT), such as by Ctrl-Z and
/// `fg`. It is never raised if the system has no such signal.
pub(crate) fn resumed() -> Arc<AtomicBool> {
    let resumed = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    let _ = flag::register(signal_hook::consts::SIGCONT, Arc::clone(&resumed));
    resumed
}

/// The bit of a signal in the kernel's masks.
pub(super) fn mask(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// The signals that the process ignores, as a mask. At start they are those that its parent ignored. On
/// Linux they are read from /proc, since `sigaction` would need `unsafe`.
#[cfg(target_os = "linux")]
fn ignored_signals() -> u64 {
    use std::fs::File;
    use std::io::Read;

    // The file tells no length, so without this room it would be read in eight pieces.
    let mut status = String::with_capacity(4096);
    let _ = File::open("/proc/self/status").and_then(|mut file| file.read_to_string(&mut status));
    ignored_in(&status).unwrap_or_default()
}

/// The line `SigIgn` of `/proc/PID/status` (proc(5)), a mask in hexadecimal.
#[cfg(target_os = "linux")]
fn ignored_in(status: &str) -> Option<u64> {
    let (_, line) = status.split_once("\nSigIgn:")?;
    let digits = line.lines().next()?.trim();
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_that_shells_report() {
        for signal in Signal::ALL {
            assert_eq!(i32::from(signal.exit_code()), SIGNALLED + signal.number());
        }
    }

    #[test]
    fn going_on_after_a_stop_raises_the_flag() {
        let flag = resumed();
        assert!(!flag.load(Ordering::SeqCst));
        signal_hook::low_level::raise(signal_hook::consts::SIGCONT).unwrap();
        assert!(flag.load(Ordering::SeqCst));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn ignored_signals_are_read_from_the_kernels_mask() {
        let status =
            "Name:\tjdredis\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001003\nSigCgt:\t0000000000000440\n";
        assert_eq!(ignored_in(status), Some(0x1003));
        assert_ne!(0x1003 & mask(Signal::Hangup.number()), 0);
        assert_ne!(0x1003 & mask(Signal::Interrupt.number()), 0);
        assert_eq!(0x1003 & mask(Signal::Terminate.number()), 0);
        assert_eq!(ignored_in(""), None);
    }
}
