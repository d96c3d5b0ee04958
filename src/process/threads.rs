//! Starting threads, which may fail, also under a limit of memory.
//!
//! Rust ends the process where memory cannot be allocated. So under a limit of memory (`ulimit -v`, `LimitAS=`), a
//! thread is started only if the process could then still allocate a block of [`LEAST`] or [`AMPLE`] bytes. That does
//! not tell enough while glibc reserves 64 MiB of addresses (an arena) for each thread, since it may do so at any
//! allocation of the thread. So the program starts itself again with one arena for all threads, a setting that glibc
//! takes from the environment only.

use std::hint::black_box;
use std::io;
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

#[cfg(not(target_os = "linux"))]
use super::elsewhere::is_limited;

/// What must be left for a thread that is [`Needed`](Need::Needed), in bytes.
const LEAST: usize = 16 << 20;
/// What must be left for a thread that is [`Helpful`](Need::Helpful), in bytes. It is more than 32 MiB: once a smaller
/// block that was mapped is freed, glibc takes blocks of its size from the heap (mallopt(3), `M_MMAP_THRESHOLD`).
const AMPLE: usize = 33 << 20;
/// A limit from which on no run comes near it, in bytes.
#[cfg(target_os = "linux")]
const FAR_AWAY: u64 = 4 << 30;

/// Whether the work can be done without the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing can be done without it.
    Needed,
    /// Other threads do the same work, so that it only takes longer without this one.
    Helpful,
}

/// Starts a thread. `Builder::spawn` reports a failure, where `thread::spawn` would panic.
///
/// # Errors
/// If the system gives no thread, or too little memory would be left.
pub(crate) fn start<T: Send + 'static>(
    builder: Builder,
    need: Need,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    has_room(need)?;
    builder.spawn(work)
}

/// As [`start`], for a thread that ends with the scope.
///
/// # Errors
/// As [`start`].
pub(crate) fn start_in<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    need: Need,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    has_room(need)?;
    Builder::new().spawn_scoped(scope, work)
}

fn has_room(need: Need) -> io::Result<()> {
    if !is_limited() {
        return Ok(());
    }
    let bytes = match need {
        Need::Needed => LEAST,
        Need::Helpful => AMPLE,
    };
    let mut block: Vec<u8> = Vec::new();
    block.try_reserve_exact(bytes).map_err(|_| io::ErrorKind::OutOfMemory)?;
    // The optimiser would leave out a block that is never used.
    black_box(&block);
    Ok(())
}

#[cfg(target_os = "linux")]
fn is_limited() -> bool {
    use rustix::process::{Resource, getrlimit};
    [Resource::As, Resource::Data]
        .into_iter()
        .any(|resource| getrlimit(resource).current.is_some_and(|limit| limit < FAR_AWAY))
}

/// Under a limit of memory, starts the program again with one arena for all threads; returns where there is no
/// limit, this has been done, or it cannot be.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn share_one_arena() {
    use std::os::unix::process::CommandExt;

    /// `mallopt(3)`.
    const ARENAS: &str = "MALLOC_ARENA_MAX";
    if !is_limited() || std::env::var_os(ARENAS).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut again = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    // It returns only where it fails; then this process goes on.
    let _ = again.args(arguments).env(ARENAS, "1").exec();
}

/// Elsewhere there are no arenas of glibc.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn share_one_arena() {}
