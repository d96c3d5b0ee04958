//! Parsers of values on the command line, with the values that help and completion offer.

use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::shared::ALL_REGIONS;
use crate::values::id::Region;
use crate::values::vocabulary::{INSTANCE_STATUSES, REGIONS};
use crate::values::when;

/// The parser of an instance's status. An unknown status is a usage error that names the nearest one.
pub(crate) fn instance_status() -> impl TypedValueParser<Value = String> {
    let statuses = INSTANCE_STATUSES.iter();
    PossibleValuesParser::new(statuses.map(|(status, meaning)| PossibleValue::new(*status).help(*meaning)))
}

/// Accepts every well-formed region and offers the known ones to help and completion.
#[derive(Clone)]
pub(super) struct RegionParser {
    /// Whether the word for all regions is offered as well.
    pub(super) offers_all: bool,
}

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
        let all = PossibleValue::new(ALL_REGIONS).help("all that Redis is offered in");
        Some(Box::new(known.chain(self.offers_all.then_some(all))))
    }
}

/// The longest limit, a day. It is longer than anyone waits for an answer, and short enough that sums of
/// durations stay in range.
const MAX_SECONDS: f64 = 86_400.0;

/// Parses a time limit: a number of seconds, or a duration such as `30s` or `5m`.
pub(super) fn time_limit(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.or_else(|| Some(when::duration(text).ok()?.as_secs_f64()));
    seconds
        .filter(|seconds| (0.001..=MAX_SECONDS).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "a time is a number of seconds or such as 30s, 5m or 2h, from 0.001 s to a day".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_limits_are_bounded() {
        assert_eq!(time_limit("0.5"), Ok(Duration::from_millis(500)));
        for (text, seconds) in [
            ("86400", 86_400),
            ("30", 30),
            ("30s", 30),
            ("5m", 300),
            ("2h", 7200),
            ("1d", 86_400),
        ] {
            assert_eq!(time_limit(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "0", "-1", "NaN", "inf", "86401", "0s", "25h", "2d", "1y", "s", "0.5m", "",
        ] {
            assert!(time_limit(text).is_err(), "{text}");
        }
    }
}
