//! `backup policy`: what is shown, and what is changed.

mod read;
mod set;

use std::time::Duration;

use jdredis_sandbox::Reply;

/// The service's own answer.
fn normal() -> Reply {
    Reply::then_ok(Duration::ZERO)
}
