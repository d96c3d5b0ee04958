//! A JD Cloud on loopback: the part of its cache-Redis OpenAPI that `jdredis` talks to, played by
//! a server that checks what the real one checks and answers in the documented shapes.
//!
//! Nobody can test against the real service, so this crate is written from its documentation
//! alone. It shares no code with the client; not even the hash functions come from the same
//! crates.
//!
//! ```
//! use jdredis_sandbox::{Reply, Sandbox};
//!
//! let sandbox = Sandbox::start();
//! // Point the client at sandbox.endpoint() with sandbox.keys(), and let the first request fail:
//! sandbox.script(vec![Reply::error(503, "UNAVAILABLE", "try again")]);
//! // … run it …
//! assert!(sandbox.requests().is_empty());
//! assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
//! ```
//!
//! - [`Sandbox`] serves; [`Reply`] replaces its answers, also by broken ones.
//! - [`signature`] has the signature's steps, to compare a client's own with.
//! - [`Authority`] makes certificates for HTTPS, [`Proxy`] is a forward proxy.
//!
//! What exists in it, in each of the documented regions: the instance `redis-1234` with the
//! backups `1234` (one node), `no-internal` (its link has no `internalLink`) and `empty` (no links
//! at all), and the instance `redis-cluster1` with the backup
//! `a607efba-ff06-4d78-ba3c-b3119fce27fd` of four nodes.

mod cloud;
mod encoding;
mod http;
mod proxy;
mod script;
mod server;
mod service;
pub mod signature;
mod storage;
mod tls;

pub use cloud::{Builder, Sandbox};
pub use http::Request;
pub use proxy::{Connect, Proxy, ProxyMode};
pub use script::Reply;
pub use service::DOCUMENTED_ANSWER;
pub use signature::{Keys, Refusal};
pub use tls::{Authority, Certificate, ServerIdentity};

/// Test vectors for [`signature`], published ones and requests of jdredis's own, in JSON: see
/// their `about`. Also for the tests of other implementations.
pub const SIGNATURE_VECTORS: &str = include_str!("../data/signature-vectors.json");
