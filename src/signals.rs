//! Ctrl-C and termination.
//!
//! The one place that knows of signals. Where the system has none of a name, registering it fails,
//! and what the system does of itself remains.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};

/// The exit code of a program that a signal ended, as shells report it.
const SIGNALLED: i32 = 128;

/// Ends the process at once, and quietly, with 130 on Ctrl-C and 143 on a request to terminate.
///
/// Safe at any moment: output is written in one piece, after all the work is done.
pub(crate) fn exit_on_interrupt() {
    let armed = Arc::new(AtomicBool::new(true));
    for signal in [SIGINT, SIGTERM] {
        let _ = signal_hook::flag::register_conditional_shutdown(signal, SIGNALLED + signal, Arc::clone(&armed));
    }
}
