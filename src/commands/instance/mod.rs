//! `jdredis instance …`

pub(super) mod list;
