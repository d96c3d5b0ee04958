//! Which part of an object a request gets: `If-Match`, `If-Range` and `Range`, as RFC 9110 has
//! them.

use std::ops::Range;

use crate::http::{Request, http_date};

use super::errors::StorageError;
use super::objects::Object;

/// What of an object of so many bytes a request gets; `None` is all of it, as no range.
pub(crate) fn requested_range(
    request: &Request,
    object: &Object,
    length: u64,
) -> Result<Option<Range<u64>>, StorageError> {
    if let Some(wanted) = request.header("if-match") {
        let tag = object.tag();
        if wanted != "*" && !tag.is_some_and(|tag| is_strongly_among(&tag, wanted)) {
            return Err(StorageError::PreconditionFailed);
        }
    }
    match request.header("range").and_then(Requested::parse) {
        Some(requested) if if_range_holds(request, object) => {
            requested.within(length).map(Some).ok_or(StorageError::InvalidRange)
        }
        _ => Ok(None),
    }
}

/// Whether a strong entity tag is in a list of tags.
fn is_strongly_among(tag: &str, list: &str) -> bool {
    tag.starts_with('"') && list.split(',').any(|wanted| wanted.trim() == tag)
}

/// Whether a range may be sent: always without `If-Range`, and with it only of the object that
/// the client has a part of.
fn if_range_holds(request: &Request, object: &Object) -> bool {
    request.header("if-range").is_none_or(|wanted| {
        object.tag().is_some_and(|tag| is_strongly_among(&tag, wanted)) || wanted == http_date(object.last_modified())
    })
}

/// One range of bytes, as asked for.
#[derive(Debug, PartialEq, Eq)]
enum Requested {
    From(u64),
    FromTo(u64, u64),
    Last(u64),
}

impl Requested {
    /// `None` for what is no range or several: such a header is ignored.
    fn parse(value: &str) -> Option<Self> {
        let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Last(last.parse().ok()?)),
            (first, "") => Some(Self::From(first.parse().ok()?)),
            (first, last) => {
                let (first, last) = (first.parse().ok()?, last.parse().ok()?);
                (first <= last).then_some(Self::FromTo(first, last))
            }
        }
    }

    fn within(&self, length: u64) -> Option<Range<u64>> {
        let range = match *self {
            Self::From(first) => first..length,
            Self::FromTo(first, last) => first..last.saturating_add(1).min(length),
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        (range.start < range.end).then_some(range)
    }
}
