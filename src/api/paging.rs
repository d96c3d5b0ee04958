//! Listings: page after page, until the service has no more.

use std::collections::HashSet;

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer::Answer;
use super::client::{Call, Client};
use super::error::Error;
use super::field::{Misfit, Object};
use super::model::Listed;
use super::warning::{Warning, Warnings};
use crate::retry::deadline::Deadline;

/// How many entries a page has: the most that is documented.
const PAGE_SIZE: usize = 100;

/// All pages of a listing.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    pub(crate) entries: Vec<Entry<T>>,
    /// The request ID of the last page.
    pub(crate) request_id: Option<String>,
    /// The differences between the answers and the documentation, one of each kind, to be shown to the
    /// user.
    pub(crate) warnings: Vec<Warning>,
}

/// One entry of a listing: the service's text, and the program's reading of it.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    raw: Box<RawValue>,
    pub(crate) view: T,
}

impl<T> Entry<T> {
    /// The entry as the service wrote it.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.raw.get()).expect("an entry was read as a value once before")
    }
}

impl<T> Serialize for Entry<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // One entry is parsed at a time: all of them as values would take many times the memory of their
        // text.
        self.json().serialize(serializer)
    }
}

impl Client<'_> {
    /// Asks for page after page until the service has no more, or `enough` returns true for a page.
    ///
    /// A page that brings nothing new is the last one, whatever the count says, so that a service at odds
    /// with itself cannot keep the program going. The count may extend a listing and never ends it:
    /// services are known to answer the page's own length, or 0. An entry that moves to a later page while
    /// the pages are read is taken once. An entry that cannot be read is left out with a warning; it is an
    /// error if no entry can be read.
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
        let mut reader = PageReader::new(T::FIELD);
        let mut entries: Vec<Entry<T>> = Vec::new();
        let mut misfit = None;
        for number in 1_u64.. {
            if let Some((_, value)) = call.query.last_mut() {
                *value = number.to_string();
            }
            let answer = self.send(&call, deadline)?;
            let page = reader.read::<T>(&answer)?;
            let (brings_nothing, before) = (page.brings_nothing(), entries.len());
            entries.extend(page.entries);
            misfit = page.misfit.or(misfit);
            let so_far = entries.len() + reader.warnings.lost_entries();
            let is_last = brings_nothing || (page.length < PAGE_SIZE && so_far >= page.counted);
            if is_last || enough(&entries[before..]) {
                if let Some(misfit) = misfit.filter(|_| entries.is_empty()) {
                    return Err(answer.misfit(format!("in its {}, {misfit}", T::FIELD)));
                }
                if is_last && page.counted > so_far {
                    reader.warnings.set_too_few(page.counted, so_far);
                }
                return Ok(Listing {
                    entries,
                    request_id: answer.request_id,
                    warnings: reader.warnings.finish(),
                });
            }
        }
        unreachable!("every page but the last brings something new, and numbers do not run out")
    }
}

/// A page of a listing.
#[derive(Debug)]
pub(super) struct Page<T> {
    /// The entries that no page before had.
    pub(super) entries: Vec<Entry<T>>,
    /// Why the last of the unreadable entries that no page before had cannot be read.
    misfit: Option<Misfit>,
    /// How many entries the page has, old ones and unreadable ones included.
    length: usize,
    /// How many entries all pages have together, by the service's count; 0 if it gives none.
    counted: usize,
}

impl<T> Page<T> {
    fn brings_nothing(&self) -> bool {
        self.entries.is_empty() && self.misfit.is_none()
    }
}

/// Reads pages, and remembers the entries of the pages before.
#[derive(Debug)]
pub(super) struct PageReader {
    /// The IDs of the entries so far.
    seen: HashSet<String>,
    /// The texts of the unreadable entries on the pages before.
    lost: HashSet<String>,
    /// How many entries the pages before had.
    position: usize,
    warnings: Warnings,
}

impl PageReader {
    pub(super) fn new(list: &'static str) -> Self {
        Self {
            seen: HashSet::new(),
            lost: HashSet::new(),
            position: 0,
            warnings: Warnings::new(list),
        }
    }

    /// Reads the next page.
    ///
    /// # Errors
    /// If the result has no such list. An entry that cannot be read is a warning.
    pub(super) fn read<T: Listed>(&mut self, answer: &Answer) -> Result<Page<T>, Error> {
        let mut result = answer.object()?;
        let raws = result.required_list(T::FIELD).map_err(|misfit| match misfit {
            Misfit::Missing(field) => answer.misfit(format!("its result has no {field}")),
            misfit => answer.misfit(format!("in its result, {misfit}")),
        })?;
        let counted = result.count("totalCount").unwrap_or_default();
        if result.unread().is_some() {
            self.warnings.add_unread_count();
        }
        let mut page = Page {
            entries: Vec::new(),
            misfit: None,
            length: raws.len(),
            counted: usize::try_from(counted).unwrap_or(usize::MAX),
        };
        let mut lost = Vec::new();
        for raw in raws {
            self.position += 1;
            match read_entry::<T>(raw) {
                Ok((view, object)) => {
                    if self.seen.insert(view.id().to_owned()) {
                        self.warnings.add_fields_of(&view, &object);
                        let raw = raw.to_owned();
                        page.entries.push(Entry { raw, view });
                    }
                }
                Err(misfit) => {
                    if !self.lost.contains(raw.get()) {
                        lost.push(raw.get().to_owned());
                        self.warnings.add_lost_entry(self.position, &misfit);
                        page.misfit = Some(misfit);
                    }
                }
            }
        }
        self.lost.extend(lost);
        Ok(page)
    }
}

fn read_entry<T: Listed>(raw: &RawValue) -> Result<(T, Object<'_>), Misfit> {
    let mut object = Object::of(raw, "an entry")?;
    let view = T::read(&mut object)?;
    // An entry that JSON output could not print is left out here; the other entries stay.
    serde_json::from_str::<Value>(raw.get()).map_err(|_| Misfit::Other("it is no JSON throughout".to_owned()))?;
    Ok((view, object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::model::Backup;

    fn answer(result: &str) -> Answer {
        Answer::without_network(200, format!("{{\"result\":{result}}}").as_bytes()).unwrap()
    }

    /// The new IDs on the next page, and whether the page has anything new.
    fn next(reader: &mut PageReader, result: &str) -> (Vec<String>, bool) {
        let page: Page<Backup> = reader.read(&answer(result)).unwrap();
        let ids = page.entries.iter().map(|entry| entry.view.id().to_owned());
        (ids.collect(), !page.brings_nothing())
    }

    #[test]
    fn an_entry_that_comes_back_on_any_page_is_new_only_once() {
        let mut reader = PageReader::new("backups");
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let first = r#"{"backups":[{"baseId":"a"},{"baseId":"b"},{"no":"ID"},{"no":"ID"}]}"#;
        assert_eq!(next(&mut reader, first), (ids(&["a", "b"]), true));
        assert_eq!(reader.warnings.lost_entries(), 2);
        // The same entries bring nothing, unreadable ones included.
        assert_eq!(next(&mut reader, first), (ids(&[]), false));
        assert_eq!(
            next(&mut reader, r#"{"backups":[{"baseId":"b"},{"baseId":"c"}]}"#),
            (ids(&["c"]), true)
        );
        assert_eq!(next(&mut reader, r#"{"backups":[{"another":1}]}"#), (ids(&[]), true));
        assert_eq!(next(&mut reader, r#"{"backups":null}"#), (ids(&[]), false));
        assert_eq!(reader.warnings.lost_entries(), 3);
    }

    #[test]
    fn a_page_without_its_list_is_an_error_that_names_the_list() {
        for (result, text) in [
            ("{}", "its result has no backups"),
            (r#"{"cacheInstances":[]}"#, "its result has no backups"),
            (
                r#"{"backups":7}"#,
                "in its result, invalid type: backups is a number, not a list",
            ),
            ("[]", "in its result, invalid type: it is a list, not an object"),
            (r#"{"code":0,"message":"not now"}"#, "not now"),
        ] {
            let error = PageReader::new("backups").read::<Backup>(&answer(result)).unwrap_err();
            assert_eq!(error.to_string(), text, "{result}");
        }
    }
}
