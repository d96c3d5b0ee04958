//! The `filters.N.name`, `filters.N.operator` and `filters.N.values.M` of a request.
//!
//! An entry must fit all filters, and one value of each is enough. JD Cloud's other services document
//! filters so.

use std::collections::BTreeMap;

use crate::http::Request;
use crate::script::HttpReply;

use super::answers::invalid_argument;

/// One filter, its values in no particular order.
#[derive(Debug, Default)]
pub(super) struct Filter {
    name: String,
    is_like: bool,
    whole_names: bool,
    values: Vec<String>,
}

impl Filter {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it lets a value through; one that is unknown it does not.
    pub(super) fn fits(&self, value: Option<&str>) -> bool {
        // The API reference says of names alone that they are matched loosely, operator or not.
        let is_loose = self.is_like || (self.name == "cacheInstanceName" && !self.whole_names);
        let fits_one = |value: &str, wanted: &String| {
            if is_loose {
                value.contains(wanted)
            } else {
                value == wanted
            }
        };
        value.is_some_and(|value| self.values.iter().any(|wanted| fits_one(value, wanted)))
    }
}

/// A request's filters, all by one of the `known` names.
pub(super) fn filters(request: &Request, known: &[&str], whole_names: bool) -> Result<Vec<Filter>, HttpReply> {
    let mut filters = BTreeMap::<u32, Filter>::new();
    for (name, value) in request.parameters() {
        let Some(part) = name.strip_prefix("filters.") else {
            continue;
        };
        let (number, part) = part.split_once('.').unwrap_or((part, ""));
        let number = number.parse().map_err(|_| malformed(&name))?;
        let filter = filters.entry(number).or_default();
        match part.split_once('.').unwrap_or((part, "")) {
            ("name", "") => filter.name = value,
            ("operator", "") => filter.is_like = is_like(&value)?,
            ("values", number) if number.parse::<u32>().is_ok() => filter.values.push(value),
            _ => return Err(malformed(&name)),
        }
    }
    for filter in filters.values_mut() {
        filter.whole_names = whole_names;
        if !known.contains(&filter.name.as_str()) {
            return Err(invalid_argument(&format!("unknown filter {:?}", filter.name)));
        }
        if filter.values.is_empty() {
            return Err(invalid_argument(&format!("the filter {} has no values", filter.name)));
        }
    }
    Ok(filters.into_values().collect())
}

/// One of `tagFilters.N.key` with its `tagFilters.N.values.M`.
#[derive(Debug, Default)]
pub(super) struct TagFilter {
    key: String,
    values: Vec<String>,
}

impl TagFilter {
    /// Whether it lets an instance with this tag through.
    pub(super) fn fits(&self, key: &str, value: &str) -> bool {
        self.key == key && self.values.iter().any(|wanted| wanted == value)
    }
}

/// A request's filters by tags. An instance must have a tag for each of them.
pub(super) fn tag_filters(request: &Request) -> Result<Vec<TagFilter>, HttpReply> {
    let mut filters = BTreeMap::<u32, TagFilter>::new();
    for (name, value) in request.parameters() {
        let Some(part) = name.strip_prefix("tagFilters.") else {
            continue;
        };
        let (number, part) = part.split_once('.').unwrap_or((part, ""));
        let number = number.parse().map_err(|_| malformed(&name))?;
        let filter = filters.entry(number).or_default();
        match part.split_once('.').unwrap_or((part, "")) {
            ("key", "") => filter.key = value,
            ("values", number) if number.parse::<u32>().is_ok() => filter.values.push(value),
            _ => return Err(malformed(&name)),
        }
    }
    if filters
        .values()
        .any(|filter| filter.key.is_empty() || filter.values.is_empty())
    {
        return Err(invalid_argument("a tag filter lacks its key or its values"));
    }
    Ok(filters.into_values().collect())
}

fn is_like(operator: &str) -> Result<bool, HttpReply> {
    match operator {
        "eq" => Ok(false),
        "like" => Ok(true),
        _ => Err(invalid_argument(&format!("unknown operator {operator}"))),
    }
}

fn malformed(name: &str) -> HttpReply {
    invalid_argument(&format!("malformed parameter {name}"))
}
