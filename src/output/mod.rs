//! How results look: a function from data to bytes for each format.

pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod plain;
pub(crate) mod table;
