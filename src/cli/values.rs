//! How values on the command line are read, and which ones help and completion offer.

use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};

use super::shared::ALL_REGIONS;
use crate::values::id::Region;
use crate::values::vocabulary::{INSTANCE_STATUSES, REGIONS};

/// Accepts any status and offers the documented ones to help and completion.
#[derive(Clone)]
pub(crate) struct StatusParser;

impl TypedValueParser for StatusParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        TypedValueParser::parse_ref(&clap::builder::NonEmptyStringValueParser::new(), command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            INSTANCE_STATUSES
                .iter()
                .map(|(status, meaning)| PossibleValue::new(*status).help(*meaning)),
        ))
    }
}

/// Accepts every well-formed region and offers the known ones to help and completion.
#[derive(Clone)]
pub(super) struct RegionParser;

impl TypedValueParser for RegionParser {
    type Value = Region;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Region, clap::Error> {
        let parser = clap::builder::StringValueParser::new().try_map(|text| text.parse::<Region>());
        TypedValueParser::parse_ref(&parser, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let known = REGIONS.iter().map(|(id, name)| PossibleValue::new(*id).help(*name));
        Some(Box::new(known))
    }
}

/// As [`RegionParser`], with the word for all of them among what help and completion offer.
#[derive(Clone)]
pub(super) struct RegionsParser;

impl TypedValueParser for RegionsParser {
    type Value = Region;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Region, clap::Error> {
        RegionParser.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let all = PossibleValue::new(ALL_REGIONS).help("all that Redis is offered in");
        Some(Box::new(RegionParser.possible_values()?.chain([all])))
    }
}

/// A day is longer than any answer is worth waiting for, and keeps sums of durations in range.
const MAX_SECONDS: f64 = 86_400.0;

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.001..=MAX_SECONDS).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("a number of seconds from 0.001 to {MAX_SECONDS}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_bounded() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("86400"), Ok(Duration::from_secs(86_400)));
        for text in ["0", "-1", "NaN", "inf", "86401", "1s", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
