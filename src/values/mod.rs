//! Plain types that know nothing of the machine, the network or the command line.

pub(crate) mod age;
pub(crate) mod endpoint;
pub(crate) mod id;
pub(crate) mod link;
pub(crate) mod local;
pub(crate) mod schedule;
pub(crate) mod secret;
pub(crate) mod vocabulary;
pub(crate) mod when;
pub(crate) mod zone;
