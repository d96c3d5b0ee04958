//! Listings: page after page, until the service has no more.

use std::collections::HashSet;

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::client::{Call, Client};
use super::error::Error;
use super::model::Listed;
use crate::retry::deadline::Deadline;

/// How many entries a page has: the most that is documented.
const PAGE_SIZE: usize = 100;

/// All pages of a listing.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    pub(crate) entries: Vec<Entry<T>>,
    /// Of the last page.
    pub(crate) request_id: Option<String>,
    /// How the answers differ from what is documented, for the user to know.
    pub(crate) warnings: Vec<Warning>,
}

/// One entry of a listing: as the service wrote it, and as the program reads it.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(super) raw: Box<RawValue>,
    pub(crate) view: T,
}

impl<T> Entry<T> {
    /// The entry as the service wrote it.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.raw.get()).expect("an entry is a part of a body that was read whole")
    }
}

impl<T> Serialize for Entry<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // One entry at a time: all of them as values would take many times the memory of their text.
        self.json().serialize(serializer)
    }
}

/// A difference between a listing and the documentation that costs nothing but what it names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Warning {
    #[error("the service counts {counted} {list}, but lists {listed}; the rest may have changed meanwhile")]
    TooFew {
        list: &'static str,
        counted: usize,
        listed: usize,
    },
}

impl Client<'_> {
    /// Asks for page after page until the service has no more, or `enough` is content with the page that
    /// it is shown.
    ///
    /// A page that brings nothing new is the last one, whatever the count says, so that a service at
    /// odds with itself cannot keep the program going. The count may extend a listing and never ends it:
    /// services are known to answer the page's own length, or 0. An entry that moves to a later page
    /// while the pages are read is taken once.
    pub(super) fn list<T: Listed>(
        &self,
        path: &[&str],
        filters: Vec<(String, String)>,
        deadline: Deadline,
        mut enough: impl FnMut(&[Entry<T>]) -> bool,
    ) -> Result<Listing<T>, Error> {
        let mut call = Call::get(path, filters);
        call.query.push(("pageSize".to_owned(), PAGE_SIZE.to_string()));
        call.query.push(("pageNumber".to_owned(), String::new()));
        let mut entries: Vec<Entry<T>> = Vec::new();
        let mut seen = HashSet::new();
        for number in 1_u64.. {
            if let Some((_, value)) = call.query.last_mut() {
                *value = number.to_string();
            }
            let answer = self.send(&call, deadline)?;
            let (page, total_count) = answer.page::<T>()?;
            let (length, before) = (page.len(), entries.len());
            entries.extend(page.into_iter().filter(|entry| seen.insert(entry.view.id().to_owned())));
            let counted = total_count.map_or(0, |total| usize::try_from(total).unwrap_or(usize::MAX));
            let is_last = entries.len() == before || (length < PAGE_SIZE && entries.len() >= counted);
            if is_last || enough(&entries[before..]) {
                let too_few = (is_last && counted > entries.len()).then_some(Warning::TooFew {
                    list: T::FIELD,
                    counted,
                    listed: entries.len(),
                });
                return Ok(Listing {
                    entries,
                    request_id: answer.request_id,
                    warnings: too_few.into_iter().collect(),
                });
            }
        }
        unreachable!("every page but the last brings something new, and numbers do not run out")
    }
}
