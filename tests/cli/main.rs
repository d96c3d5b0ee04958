//! Runs the real program over real sockets against the sandbox, a file for each topic.
//!
//! Every run goes through [`support::Jdredis`], which gives it an empty environment and home, limits its
//! time, and searches all it prints for secrets.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod answers;
mod archive;
#[cfg(unix)]
mod completion;
mod connecting;
mod create;
#[cfg(unix)]
mod docs;
mod doctor;
mod download;
#[cfg(unix)]
mod drill;
mod errors;
#[cfg(unix)]
mod faults;
mod generated;
mod hostile;
mod latest;
mod listing;
mod network;
mod policy;
mod process;
mod proxies;
mod restore;
mod retries;
#[cfg(unix)]
mod screen;
mod secrets;
#[cfg(unix)]
mod servers;
mod settings;
#[cfg(unix)]
mod squid;
mod support;
mod terminal;
mod tls;
#[cfg(unix)]
mod tmux;
mod url;
mod verify;
