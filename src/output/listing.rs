//! A listing of the service, in each format.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Format, json, plain, table};
use crate::api::Listing;
use crate::api::model::Listed;

/// The entries as a table with the given columns, as the service's JSON with all pages in one, or as one ID a line.
/// Where a terminal has `room` columns, the table has as many of its own, from the left, as fit.
pub(crate) fn render<T: Listed>(
    format: Format,
    room: Option<u16>,
    listing: &Listing<T>,
    header: &[&str],
    row: impl Fn(&T) -> Vec<String>,
) -> Vec<u8> {
    let views = listing.entries.iter().map(|entry| &entry.view);
    match format {
        Format::Table => match room {
            None => table::render(header, views.map(row)),
            Some(room) => table::render_fitting(header, views.map(row).collect(), room.into()),
        },
        Format::Json => render_json(listing),
        Format::Plain => plain::render(views.map(Listed::id)),
    }
}

fn render_json<T: Listed>(listing: &Listing<T>) -> Vec<u8> {
    json::render(&Document(listing))
}

/// The service's answer with all pages in one. One entry is parsed and written at a time: all of them as
/// values at once would take many times the memory of their text.
struct Document<'a, T>(&'a Listing<T>);

impl<T: Listed> Serialize for Document<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_map(None)?;
        if let Some(request_id) = &self.0.request_id {
            document.serialize_entry("requestId", request_id)?;
        }
        document.serialize_entry("result", &Merged(self.0))?;
        document.end()
    }
}

struct Merged<'a, T>(&'a Listing<T>);

impl<T: Listed> Serialize for Merged<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut result = serializer.serialize_map(Some(2))?;
        result.serialize_entry(T::FIELD, &Entries(self.0))?;
        result.serialize_entry("totalCount", &self.0.entries.len())?;
        result.end()
    }
}

struct Entries<'a, T>(&'a Listing<T>);

impl<T: Listed> Serialize for Entries<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.entries.len()))?;
        for entry in &self.0.entries {
            let mut value = entry.json();
            if let Some(fields) = value.as_object_mut() {
                for (name, text) in entry.view.additions() {
                    // If the service has a field of this name, it is left unchanged.
                    fields.entry(name).or_insert_with(|| text.into());
                }
            }
            list.serialize_element(&value)?;
        }
        list.end()
    }
}
