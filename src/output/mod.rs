//! How results look: a function from data to bytes for each format.

pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod plain;
pub(crate) mod table;

use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

/// A moment as RFC 3339 in UTC.
pub(crate) fn rfc3339(moment: OffsetDateTime) -> String {
    moment
        .checked_to_offset(UtcOffset::UTC)
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| moment.unix_timestamp().to_string())
}
