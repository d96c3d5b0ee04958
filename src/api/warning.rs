//! Warnings about differences between a listing and the documentation. Each costs only the entry or the field that
//! it names.
//!
//! Each kind is shown once for a listing, with its first case; where entries or fields are lost, with the number of
//! further ones.

use super::field::{Misfit, Object};
use super::model::Listed;
use crate::terminal::escape::visible;

/// A difference, in words for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Warning {
    #[error("the service counts {counted} {list}, but lists {listed}; the rest may have changed meanwhile")]
    TooFew {
        list: &'static str,
        counted: usize,
        listed: usize,
    },
    /// A field of an entry has a value that cannot be read.
    #[error("{field} of {of} cannot be read; tables show '-' in its place{}", and_more(.more, "field", "fields"))]
    UnreadField {
        field: &'static str,
        /// Such as `backup 1234`.
        of: String,
        /// How many other fields of the listing cannot be read.
        more: usize,
    },
    /// The field `totalCount` has a value that cannot be read.
    #[error("totalCount of the service's {list} cannot be read; the pages alone say how many there are")]
    UnreadCount { list: &'static str },
    /// An entry has no ID.
    #[error(
        "entry {position} of the service's {list} cannot be read, and is left out: {misfit}{}",
        and_more(.more, "entry", "entries")
    )]
    LostEntry {
        list: &'static str,
        /// From 1.
        position: usize,
        misfit: String,
        /// How many other entries are left out.
        more: usize,
    },
    /// A time names no offset.
    #[error("{field} of {of} names no offset from UTC; such times are taken as +08:00, China Standard Time")]
    WithoutOffset { field: &'static str, of: String },
    /// Backups whose start cannot be read, by ID and the service's text.
    #[error("the start of {} cannot be read; such backups come last in the list", starts(.0))]
    UnreadStarts(Vec<(String, String)>),
}

/// `; and 3 more fields`.
fn and_more(count: &usize, one: &str, several: &str) -> String {
    match count {
        0 => String::new(),
        1 => format!("; and one more {one}"),
        count => format!("; and {count} more {several}"),
    }
}

/// `backup 1234 ("yesterday")`, for the first few.
fn starts(backups: &[(String, String)]) -> String {
    const SHOWN: usize = 3;
    let mut shown: Vec<String> = backups
        .iter()
        .take(SHOWN)
        .map(|(id, text)| match text.as_str() {
            "" => format!("backup {id}"),
            text => format!("backup {id} (\"{}\")", excerpt(text)),
        })
        .collect();
    if backups.len() > SHOWN {
        shown.push(format!("{} more", backups.len() - SHOWN));
    }
    shown.join(", ")
}

/// The beginning of a text of the service, fit to be quoted on one line.
pub(crate) fn excerpt(text: &str) -> String {
    visible(&text.chars().take(40).collect::<String>()).into_owned()
}

/// The warnings of a listing that is being read.
#[derive(Debug)]
pub(super) struct Warnings {
    list: &'static str,
    too_few: Option<Warning>,
    unread_count: Option<Warning>,
    unread_field: Option<Warning>,
    lost_entry: Option<Warning>,
    without_offset: Option<Warning>,
}

impl Warnings {
    pub(super) fn new(list: &'static str) -> Self {
        Self {
            list,
            too_few: None,
            unread_count: None,
            unread_field: None,
            lost_entry: None,
            without_offset: None,
        }
    }

    /// Notes the fields of an entry that could not be read.
    pub(super) fn add_fields_of<T: Listed>(&mut self, view: &T, entry: &Object<'_>) {
        let of = || format!("{} {}", T::NAME, view.id());
        self.add_unread(entry, of);
        if let Some(field) = entry.without_offset() {
            self.without_offset
                .get_or_insert_with(|| Warning::WithoutOffset { field, of: of() });
        }
    }

    /// Notes that the count of all entries could not be read.
    pub(super) fn add_unread_count(&mut self) {
        self.unread_count = Some(Warning::UnreadCount { list: self.list });
    }

    fn add_unread(&mut self, object: &Object<'_>, of: impl FnOnce() -> String) {
        let Some((field, count)) = object.unread() else {
            return;
        };
        match &mut self.unread_field {
            Some(Warning::UnreadField { more, .. }) => *more += count,
            first => {
                *first = Some(Warning::UnreadField {
                    field,
                    of: of(),
                    more: count - 1,
                });
            }
        }
    }

    /// Notes that an entry is left out; positions count from 1.
    pub(super) fn add_lost_entry(&mut self, position: usize, misfit: &Misfit) {
        match &mut self.lost_entry {
            Some(Warning::LostEntry { more, .. }) => *more += 1,
            first => {
                *first = Some(Warning::LostEntry {
                    list: self.list,
                    position,
                    misfit: misfit.to_string(),
                    more: 0,
                });
            }
        }
    }

    /// How many entries are left out.
    pub(super) fn lost_entries(&self) -> usize {
        match &self.lost_entry {
            Some(Warning::LostEntry { more, .. }) => more + 1,
            _ => 0,
        }
    }

    /// Notes that the service counts more entries than it lists.
    pub(super) fn set_too_few(&mut self, counted: usize, listed: usize) {
        self.too_few = Some(Warning::TooFew {
            list: self.list,
            counted,
            listed,
        });
    }

    /// The warnings, one of each kind that there is.
    pub(super) fn finish(self) -> Vec<Warning> {
        let all = [
            self.too_few,
            self.unread_count,
            self.lost_entry,
            self.unread_field,
            self.without_offset,
        ];
        all.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::starts;

    #[test]
    fn the_first_three_are_named_and_the_others_counted() {
        let backups = |count: usize| {
            (1..=count)
                .map(|id| (id.to_string(), String::new()))
                .collect::<Vec<_>>()
        };
        assert_eq!(starts(&backups(3)), "backup 1, backup 2, backup 3");
        assert_eq!(starts(&backups(5)), "backup 1, backup 2, backup 3, 2 more");
        assert_eq!(starts(&[("1".to_owned(), "soon".to_owned())]), "backup 1 (\"soon\")");
    }
}
