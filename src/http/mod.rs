//! All HTTP of this program, shared by the API and the storage.
//!
//! | file | owns |
//! |---|---|
//! | `client` | sends a request, and returns its answer or a [`Failure`] |
//! | `connect`, `buffer` | make the connections that ureq asks for: all code that depends on its unversioned interface |
//! | `socket` | a TCP stream whose every call ends by a deadline |
//! | `dial` | from a host name to a connected socket |
//! | `proxy` | which proxy an origin has |
//! | `tunnel` | asks a proxy for a tunnel (CONNECT) |
//! | `tls` | the handshake, and rustls's errors in words |
//! | `trust` | the certificate authorities |
//! | `failure` | why a request led to no answer, as data |
//! | `probe` | tries the steps of a connection one by one, for diagnosis |
//! | `headers` | header fields that both API and storage read |

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
pub(crate) use self::dial::WithoutThread;
#[cfg(test)]
pub(crate) use self::failure::Route;
pub(crate) use self::failure::{Failure, ProxyName, Stage};
pub(crate) use self::headers::{date, header, retry_after};
pub(crate) use self::proxy::{InvalidProxy, Proxies};
pub(crate) use self::tls::TlsFault;
pub(crate) use self::trust::TrustSources;
