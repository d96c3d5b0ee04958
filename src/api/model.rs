//! What the service answers, as far as the program looks into it.
//!
//! Source: JD Cloud's cache-Redis API reference. Every answer is also kept whole, as JSON, because
//! the fields here are only the ones the program works with.

use serde::Deserialize;
use serde_json::Value;

use super::{Answer, Error};

/// The result of `describeDownloadUrl`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DownloadUrls {
    /// `null` is how some services write an empty list.
    #[serde(deserialize_with = "list_or_null")]
    pub(crate) download_urls: Vec<DownloadUrl>,
}

/// The links of one shard's file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DownloadUrl {
    /// Such as `node 0`.
    pub(crate) name: Option<String>,
    pub(crate) link: String,
    /// For use inside JD Cloud's own network. In the documented answer, though neither in the
    /// documented table of fields nor in an SDK.
    pub(crate) internal_link: Option<String>,
}

fn list_or_null<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Answer {
    /// Reads the answer's `result`.
    ///
    /// # Errors
    /// [`Problem::Unexpected`](super::Problem::Unexpected) where it is not of the documented shape; the text names the field and
    /// never quotes a value, which may be a link.
    pub(crate) fn result<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        let result = self.body.get("result").unwrap_or(&Value::Null);
        T::deserialize(result).map_err(|error| self.unexpected(format!("in its result, {}", without_values(&error))))
    }
}

/// The deserializer's complaint without the value it quotes: `invalid type: string "…", expected …`.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match (text.split_once(": "), text.rsplit_once(", expected ")) {
        (Some((problem, _)), Some((_, expected))) => format!("{problem}: expected {expected}"),
        _ => text,
    }
}
