//! The process that the program runs in: its surroundings, its streams and terminal, its signals and threads.

#[cfg(any(test, not(target_os = "linux")))]
#[cfg_attr(unix, allow(dead_code, reason = "Linux and the other Unixes use some of it or none"))]
mod elsewhere;
pub(crate) mod side_by_side;
pub(crate) mod signals;
pub(crate) mod streams;
pub(crate) mod terminal;
pub(crate) mod threads;
pub(crate) mod world;
