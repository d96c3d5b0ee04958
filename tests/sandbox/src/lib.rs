//! A JD Cloud on loopback: the part of its cache-Redis OpenAPI that `jdredis` talks to and the
//! object storage that the links lead to, played by a server that checks what the real ones check
//! and answers in the documented shapes.
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
//! - [`Sandbox`] serves; [`Reply`] replaces the API's answers, also by broken ones:
//!   [`Sandbox::script`].
//! - [`Delivery`] is how a file of a backup is sent, also in part or too late:
//!   [`Sandbox::deliver`]. [`Alteration`] is a change of a file that lasts: [`Sandbox::alter`].
//! - [`BackupOutcome`] is what becomes of a backup that a client makes: [`Sandbox::next_backup`].
//! - [`signature`] has the signature's steps, to compare a client's own with.
//! - [`Authority`] makes certificates for HTTPS, [`Proxy`] is a forward proxy.
//!
//! # What exists
//!
//! Each of the documented regions has these instances; cn-east-2 has 223 more, `redis-n0001` to
//! `redis-n0223`, among which every status, type and version is found, and so 231 in all.
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
//! Of the numbered backups the last is running, every 50th from 7 on failed, every 10th from 3 on
//! is manual, and the times of the odd ones are in +08:00.
//!
//! Every backup that is neither running nor failed has a file for each node, which its link leads
//! to: an RDB file of [`Builder::object_size`] bytes that no other file is equal to. Files are
//! made up as they are sent, so that large ones take neither memory nor time. [`Sandbox::object`]
//! and [`Sandbox::object_sha256`] say what is in them. What a client should never do with a link,
//! such as to send credentials along, is refused and among the [`Sandbox::refusals`].
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
mod encoding;
mod http;
mod proxy;
mod script;
mod server;
mod service;
pub mod signature;
mod storage;
mod tls;

pub use catalog::BackupOutcome;
pub use cloud::{Builder, Sandbox};
pub use http::Request;
pub use proxy::{Connect, Proxy, ProxyMode};
pub use script::Reply;
pub use service::DOCUMENTED_ANSWER;
pub use signature::{Keys, Refusal};
pub use storage::{Alteration, Delivery, Format, StorageError};
pub use tls::{Authority, Certificate, ServerIdentity};

/// Test vectors for [`signature`], published ones and requests of jdredis's own, in JSON: see
/// their `about`. Also for the tests of other implementations.
pub const SIGNATURE_VECTORS: &str = include_str!("../data/signature-vectors.json");
