//! The common part of the scenarios with a single request: `backup url` as documented, and the same URL
//! fetched by the others.
//!
//! All contestants fetch the same answer from the same server. It checks no signature during the race,
//! because only jdredis can sign; before the race it checks that of jdredis.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use jdredis_sandbox::{Builder, DOCUMENTED_ANSWER, Reply, Sandbox};
use serde_json::Value;

use super::Setup;
use crate::contestant::Contestant;

/// The request's target of [`COMMAND`].
pub(super) const TARGET: &str =
    "/v1/regions/cn-north-1/cacheInstance/redis-1234/backup:describeDownloadUrl?baseId=1234";
const COMMAND: [&str; 10] = [
    "backup",
    "url",
    "--region",
    "cn-north-1",
    "--instance",
    "redis-1234",
    "--base-id",
    "1234",
    "-o",
    "plain",
];

/// A server, and jdredis with a checked signature.
pub(super) fn start(
    builder: Builder,
    setup: &Setup,
    configure: impl FnOnce(Contestant) -> Contestant,
) -> Result<(Sandbox, Contestant)> {
    let sandbox = builder.start()?;
    let keys = sandbox.keys();
    let mut jdredis = configure(setup.jdredis())
        .args(COMMAND)
        .env("JDREDIS_ENDPOINT", sandbox.endpoint())
        .env("JDCLOUD_ACCESS_KEY", &keys.access_key)
        .env("JDCLOUD_SECRET_KEY", &keys.secret_key);
    jdredis.output()?;
    ensure!(sandbox.refusals().is_empty(), "refused: {:?}", sandbox.refusals());
    sandbox.always(Reply::json(200, DOCUMENTED_ANSWER));
    ensure!(
        jdredis.output()? == expected_links()?,
        "jdredis printed something else than the links"
    );
    Ok((sandbox, jdredis))
}

/// curl with the same request.
pub(super) fn curl(program: &Path, sandbox: &Sandbox) -> Contestant {
    // -q ignores the user's ~/.curlrc.
    let url = format!("{}{TARGET}", sandbox.endpoint());
    Contestant::new("curl", program).args(["-q", "-sS", "--fail", "--max-time", "30", &url])
}

/// Checks that a contestant fetches the whole answer.
pub(super) fn fetches_all(mut contestant: Contestant) -> Result<Contestant> {
    ensure!(
        contestant.output()? == DOCUMENTED_ANSWER.as_bytes(),
        "{} did not print the answer",
        contestant.name
    );
    Ok(contestant)
}

fn expected_links() -> Result<Vec<u8>> {
    let answer: Value = serde_json::from_str(DOCUMENTED_ANSWER)?;
    let links = answer.pointer("/result/downloadUrls").and_then(Value::as_array);
    let mut lines = String::new();
    for link in links.context("no links in the documented answer")? {
        let link = link.get("link").and_then(Value::as_str);
        lines.push_str(link.context("an entry without a link")?);
        lines.push('\n');
    }
    Ok(lines.into_bytes())
}
