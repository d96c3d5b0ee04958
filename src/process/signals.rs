//! Ctrl-C and termination.
//!
//! The one place that knows of signals. Where the system has none of a name, registering it fails,
//! and what the system does of itself remains.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

/// The exit code of a program that a signal ended, as shells report it.
const SIGNALLED: i32 = 128;

/// A flag that is raised each time the process goes on after it was stopped, as by Ctrl-Z and `fg`
/// (SIGCONT). Where the system has no such signal, it never is.
pub(crate) fn resumed() -> Arc<AtomicBool> {
    let resumed = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGCONT, Arc::clone(&resumed));
    resumed
}

/// What a signal does to this run.
pub(crate) struct Interrupt {
    /// Whether the next signal ends the process.
    armed: Arc<AtomicBool>,
    /// Whether there was one that did not.
    asked: Arc<AtomicBool>,
    /// Whether it was a request to terminate.
    terminated: Arc<AtomicBool>,
}

impl Interrupt {
    /// Ends the process at once, and quietly, with 130 on Ctrl-C and 143 on a request to terminate.
    ///
    /// Safe as long as output is written in one piece, after all the work is done.
    pub(crate) fn exit_on_signal() -> Self {
        let armed = Arc::new(AtomicBool::new(true));
        for signal in [SIGINT, SIGTERM] {
            let _ = signal_hook::flag::register_conditional_shutdown(signal, SIGNALLED + signal, Arc::clone(&armed));
        }
        Self {
            armed,
            asked: Arc::default(),
            terminated: Arc::default(),
        }
    }

    /// From now on the first signal only raises the flag that is returned, so that what has been
    /// done can be kept; the one after it ends the process.
    pub(crate) fn defer_first_signal(&self) -> Arc<AtomicBool> {
        self.armed.store(false, Ordering::SeqCst);
        for signal in [SIGINT, SIGTERM] {
            let _ = signal_hook::flag::register(signal, Arc::clone(&self.armed));
            let _ = signal_hook::flag::register(signal, Arc::clone(&self.asked));
        }
        let _ = signal_hook::flag::register(SIGTERM, Arc::clone(&self.terminated));
        Arc::clone(&self.asked)
    }

    /// Does something that may take long and leaves nothing to be kept: meanwhile, a signal ends the
    /// process at once.
    pub(crate) fn exit_on_signal_during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.armed.store(true, Ordering::SeqCst);
        let done = work();
        self.armed.store(self.asked.load(Ordering::SeqCst), Ordering::SeqCst);
        done
    }

    /// Whether the signal was a request to terminate rather than Ctrl-C.
    pub(crate) fn was_terminated(&self) -> bool {
        self.terminated.load(Ordering::SeqCst)
    }
}
