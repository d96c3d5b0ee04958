//! Tests of the sandbox from outside: its signature against published vectors, its checks against requests
//! with one mistake each, and its replies over real sockets.

mod fleet;
mod listings;
mod made_backups;
mod policies;
mod proxy;
mod replies;
mod requests;
mod restores;
mod serving;
mod signing;
mod storage;
mod tls;
mod vectors;
