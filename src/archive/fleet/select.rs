//! Which instances a sync is about: patterns and tags as typed.

use std::str::FromStr;

use crate::values::id::InstanceId;

/// A glob that an instance's ID or name may fit: `*` is any text, `?` one character, and any other
/// character itself. An ID without either fits itself alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(String);

impl Pattern {
    /// Whether the whole text fits.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let pattern: Vec<char> = self.0.chars().collect();
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut place) = (0, 0);
        // Where the last `*` is, and how much of the text it stands for so far.
        let mut star: Option<(usize, usize)> = None;
        while place < text.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, place));
                    at += 1;
                }
                Some(c) if *c == '?' || *c == text[place] => {
                    at += 1;
                    place += 1;
                }
                _ => match &mut star {
                    // The `*` takes one more character, and the rest of the pattern is tried again.
                    Some((star, taken)) => {
                        *taken += 1;
                        (at, place) = (*star + 1, *taken);
                    }
                    None => return false,
                },
            }
        }
        pattern[at..].iter().all(|c| *c == '*')
    }
}

impl FromStr for Pattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.is_empty() {
            true => Err("an instance's ID, or a pattern with * and ? for IDs and names"),
            false => Ok(Self(text.to_owned())),
        }
    }
}

/// A tag that instances must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl FromStr for Tag {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("a tag is KEY=VALUE, such as env=prod"),
        }
    }
}

/// The instances that a sync is about.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Those that are named; without any, all that the regions have.
    pub(crate) named: Vec<InstanceId>,
    pub(crate) excluded: Vec<Pattern>,
    /// An instance must have each key, with one of the values given for it.
    pub(crate) tags: Vec<Tag>,
}

impl Selection {
    /// Whether an instance is left out.
    pub(super) fn excludes(&self, id: &InstanceId, name: Option<&str>) -> bool {
        let fits = |pattern: &Pattern| pattern.fits(id.as_str()) || name.is_some_and(|name| pattern.fits(name));
        self.excluded.iter().any(fits)
    }

    /// The tags by key, as the service's filters want them.
    pub(super) fn tag_filters(&self) -> Vec<(&str, Vec<&str>)> {
        let mut filters: Vec<(&str, Vec<&str>)> = Vec::new();
        for Tag { key, value } in &self.tags {
            match filters.iter_mut().find(|(known, _)| known == key) {
                Some((_, values)) => values.push(value),
                None => filters.push((key, vec![value])),
            }
        }
        filters
    }

    /// Whether no instance of its regions is left out.
    pub(crate) fn has_all(&self) -> bool {
        self.takes_whole_lists() && self.excluded.is_empty()
    }

    /// Whether the regions' lists are read without a choice by ID or tag, so that an instance that is not in them may
    /// be gone.
    pub(super) fn takes_whole_lists(&self) -> bool {
        self.named.is_empty() && self.tags.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_texts() {
        for (pattern, text, fits) in [
            ("redis-1", "redis-1", true),
            ("redis-1", "redis-12", false),
            ("redis-*", "redis-", true),
            ("*", "", true),
            ("*-test", "a-test-test", true),
            ("a*b*c", "abbbc", true),
            ("a*b*c", "abbb", false),
            ("?", "缓", true),
            ("?", "缓存", false),
            ("缓存*", "缓存-订单", true),
            ("[a]", "a", false),
            ("", "", true),
        ] {
            assert_eq!(Pattern(pattern.to_owned()).fits(text), fits, "{pattern} {text}");
        }
        assert!("".parse::<Pattern>().is_err());
        // A pattern of many stars takes no exponential time.
        assert!(!Pattern("*a".repeat(30)).fits(&"a".repeat(29)));
    }

    #[test]
    fn only_what_was_not_chosen_among_is_whole() {
        let all = Selection::default;
        let named = Selection {
            named: vec!["redis-1".parse().unwrap()],
            ..all()
        };
        let tagged = Selection {
            tags: vec!["env=prod".parse().unwrap()],
            ..all()
        };
        let excluding = Selection {
            excluded: vec!["redis-1".parse().unwrap()],
            ..all()
        };
        for (selection, takes_whole_lists, has_all) in [
            (all(), true, true),
            (named, false, false),
            (tagged, false, false),
            (excluding, true, false),
        ] {
            let found = (selection.takes_whole_lists(), selection.has_all());
            assert_eq!(found, (takes_whole_lists, has_all), "{selection:?}");
        }
    }

    #[test]
    fn tags_of_one_key_join_their_values() {
        let tags = ["env=prod", "team=a=b", "env=test"].map(|text| text.parse().unwrap());
        let selection = Selection {
            tags: tags.to_vec(),
            ..Selection::default()
        };
        assert_eq!(
            selection.tag_filters(),
            [("env", vec!["prod", "test"]), ("team", vec!["a=b"])]
        );
        for text in ["", "env", "=x", "env="] {
            assert!(text.parse::<Tag>().is_err(), "{text}");
        }
    }
}
