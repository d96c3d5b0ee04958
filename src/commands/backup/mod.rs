//! `jdredis backup …`

pub(super) mod url;
