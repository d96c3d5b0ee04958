//! Pages of a listing.

use std::ops::Range;

use crate::http::Request;
use crate::script::HttpReply;

use super::answers::invalid_argument;

const DEFAULT_SIZE: usize = 10;
const SIZES: std::ops::RangeInclusive<usize> = 10..=100;

/// Which part of a list a request asks for.
pub(super) struct Page {
    /// From 1.
    number: usize,
    size: usize,
}

impl Page {
    /// The page that the request's parameters name; a page that lies past the end is a page too.
    pub(super) fn of(request: &Request) -> Result<Self, HttpReply> {
        let number = parameter(request, "pageNumber")?.unwrap_or(1);
        let size = parameter(request, "pageSize")?.unwrap_or(DEFAULT_SIZE);
        if number == 0 {
            return Err(invalid_argument("pageNumber must be at least 1"));
        }
        if !SIZES.contains(&size) {
            return Err(invalid_argument(&format!(
                "pageSize must be from {} to {}",
                SIZES.start(),
                SIZES.end()
            )));
        }
        Ok(Self { number, size })
    }

    /// The positions on this page of a list that has so many.
    pub(super) fn positions(&self, count: usize) -> Range<usize> {
        let start = (self.number - 1).saturating_mul(self.size).min(count);
        start..start.saturating_add(self.size).min(count)
    }
}

fn parameter(request: &Request, name: &str) -> Result<Option<usize>, HttpReply> {
    request
        .parameter(name)
        .map(|value| value.parse())
        .transpose()
        .map_err(|_| invalid_argument(&format!("{name} is not a number")))
}
