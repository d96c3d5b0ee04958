//! The process that the program runs in: its surroundings, its streams and terminal, its signals and threads.

pub(crate) mod side_by_side;
pub(crate) mod signals;
pub(crate) mod streams;
pub(crate) mod terminal;
pub(crate) mod threads;
pub(crate) mod world;
