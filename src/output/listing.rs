//! A listing of the service's, in each format.

use serde_json::{Value, json};

use super::{json, plain, table};
use crate::api::model::Listed;
use crate::api::{Entry, Listing};
use crate::cli::Format;

/// The entries as a table of the given columns, as the service's JSON with all pages in one, or as
/// one ID a line.
pub(crate) fn render<T: Listed>(
    format: Format,
    listing: &Listing<T>,
    header: &[&str],
    row: impl Fn(&T) -> Vec<String>,
) -> Vec<u8> {
    let views = listing.entries.iter().map(|entry| &entry.view);
    match format {
        Format::Table => table::render(header, views.map(row)),
        Format::Json => render_json(listing),
        Format::Plain => plain::render(views.map(Listed::id)),
    }
}

fn render_json<T: Listed>(listing: &Listing<T>) -> Vec<u8> {
    let entries: Vec<Value> = listing.entries.iter().map(Entry::json).collect();
    json::render(&json!({
        "requestId": listing.request_id,
        "result": {T::FIELD: entries, "totalCount": listing.entries.len()},
    }))
}
