//! A simulation of JD Cloud on loopback: the operations of its cache-Redis API that `jdredis` calls, and
//! the object storage that the links lead to. It checks every request as the real service does and
//! answers in the documented shapes.
//!
//! It is written from the documentation alone, because nobody here can test against the real service.
//! It shares no code with the client; even the hash functions come from other crates.
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
//! - [`Sandbox`] is the server. [`Sandbox::script`] replaces the API's answers by a [`Reply`], which may be
//!   broken.
//! - [`Sandbox::deliver`] sends a backup's file as a [`Delivery`] says, such as in part or slowly.
//!   [`Sandbox::alter`] changes a file for good, as an [`Alteration`] says.
//! - [`Sandbox::next_backup`] sets how a backup ends that a client makes: a [`BackupOutcome`].
//! - [`Sandbox::next_restore`] sets what is shown of a restore that a client asks for: a [`RestoreOutcome`].
//! - [`Difference`] is a way in which the service is not as believed: [`Builder::differing`].
//! - [`signature`] has the signature's steps, to compare those of a client with.
//! - [`Authority`] makes certificates for HTTPS, [`Proxy`] is a forward proxy, [`Silent`] an address that
//!   does not answer.
//!
//! # What exists
//!
//! Each of the documented regions has these instances. cn-east-2 has 231 in all: 223 more,
//! `redis-n0001` to `redis-n0223`, among them every status, type and version.
//!
//! | instance | backups |
//! |---|---|
//! | `redis-1234`, master-slave, running | the ten below |
//! | `redis-cluster1`, cluster of 4 shards, running | `a607efba-ff06-4d78-ba3c-b3119fce27fd`, of 4 nodes |
//! | `redis-odd` | 237: `odd-00001` to `odd-00237`, an hour apart |
//! | `redis-many` | 10,000: `many-00001` to `many-10000`, an hour apart |
//! | `redis-twins`, cluster | `twins`, of 4 nodes whose links' file names are all the same |
//! | `redis-nameless`, native-cluster, its own name empty | `nameless`, of 2 nodes whose links have no `name` |
//! | `redis-wide`, named 缓存-订单 | none |
//! | `redis-bare`, nothing known but its ID | none |
//!
//! Automatic backups are on at `redis-1234`, by its window alone as in the documented example, and at the
//! instances with others, by `autoBackup`; they are off at `redis-odd` (false, with a window),
//! `redis-nameless` (false, without), and `redis-many` and `redis-bare` (all empty).
//!
//! Of the numbered backups the last is running, every 50th from 7 on failed, every 10th from 3 on
//! is manual, and the times of the odd ones are in +08:00.
//!
//! Every backup that is neither running nor failed has a file for each node: an RDB file of
//! [`Builder::object_size`] bytes, different from every other file. The bytes are computed while they are
//! sent, so that large files take neither memory nor time; [`Sandbox::object`] and
//! [`Sandbox::object_sha256`] return them. A client that misuses a link, for example by sending
//! credentials with it, is refused, and [`Sandbox::refusals`] has the reason.
//!
//! The backups of `redis-1234`, newest first; no listing is in that order:
//!
//! | base ID | started | |
//! |---|---|---|
//! | `running` | 2021-07-20T02:00:00Z | running |
//! | `failed` | 2021-07-19T10:00:00+08:00 | failed; automatic |
//! | `newest` | 2021-07-17T18:00:00Z | the newest that succeeded |
//! | `second` | 2021-07-18T01:00:00+08:00 | earlier than `newest`, though its text is later; automatic |
//! | `empty` | 2021-07-16T15:36:57+08:00 | has no links at all |
//! | `no-internal` | 2021-07-15T07:36:57Z | its link has no `internalLink`; automatic |
//! | `1234` | 2021-07-14T15:36:57+08:00 | the documented one |
//! | `unsized` | 2021-07-12T07:36:57Z | neither size nor end known |
//! | `undated` | | succeeded, neither start nor end known |
//! | `bare` | | nothing known but its ID |

mod catalog;
mod cloud;
mod difference;
mod encoding;
mod http;
mod proxy;
mod script;
mod server;
mod service;
pub mod signature;
mod silent;
mod storage;
mod tls;

pub use catalog::{BackupOutcome, FleetBackup, FleetInstance, RestoreOutcome};
pub use cloud::{Builder, Sandbox};
pub use difference::Difference;
pub use http::Request;
pub use proxy::{Connect, Proxy, ProxyMode};
pub use script::Reply;
pub use service::DOCUMENTED_ANSWER;
pub use signature::{Keys, Refusal};
pub use silent::Silent;
pub use storage::{Alteration, Delivery, Format, StorageError};
pub use tls::{Authority, Certificate, ServerIdentity};

/// Test vectors for [`signature`] in JSON, from publications and from requests of jdredis: see their
/// `about`. Other implementations can be tested with them too.
pub const SIGNATURE_VECTORS: &str = include_str!("../data/signature-vectors.json");
