//! All HTTP of this program, shared by the API and the storage.
//!
//! | file | owns |
//! |---|---|
//! | `client` | requests out, answers or a [`Failure`] back |
//! | `connect`, `buffer` | the connections ureq asks for: all that depends on its unversioned interface |
//! | `socket` | a TCP stream whose every call ends by a deadline |
//! | `dial` | from a host name to a connected socket |
//! | `proxy`, `tunnel` | which proxy an origin has; CONNECT |
//! | `tls`, `trust` | what rustls objects to, in words; the certificate authorities |
//! | `failure` | what went wrong, told apart by type |
//! | `probe` | a connection tried step by step, for diagnosis |
//! | `headers` | header fields that both callers read |

mod buffer;
mod client;
mod connect;
mod dial;
mod failure;
mod headers;
mod probe;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
mod proxy;
mod socket;
mod tls;
mod trust;
mod tunnel;

pub(crate) use self::client::{Client, Network, config};
#[cfg(test)]
pub(crate) use self::failure::Route;
pub(crate) use self::failure::{Failure, ProxyName, Stage};
pub(crate) use self::headers::{date, header, retry_after};
pub(crate) use self::proxy::{InvalidProxy, Proxies};
pub(crate) use self::tls::TlsFault;
pub(crate) use self::trust::TrustSources;
