//! The process that the program runs in: its surroundings, its terminal and its signals.

pub(crate) mod signals;
pub(crate) mod terminal;
pub(crate) mod world;
