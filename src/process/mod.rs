//! The process that the program runs in: its surroundings and its signals.

pub(crate) mod signals;
pub(crate) mod world;
