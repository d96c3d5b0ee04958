//! The ways in which a sandbox can differ from what the documentation and the SDKs lead to believe, one by one.
//! Storage that differs is scripted: [`Delivery`](crate::Delivery), [`Alteration`](crate::Alteration).

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, offset};

use crate::http::Request;

/// How a sister product writes the same times.
const WITHOUT_OFFSET: &[FormatItem<'static>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// One way in which the service is not as believed: [`Builder::differing`](crate::Builder::differing).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// The gateway refuses the signature of a path with `%3A`.
    ColonInPath,
    /// The security token is wanted raw instead of in base64.
    RawToken,
    /// cn-east-1 is not offered.
    FewerRegions,
    /// A region is offered that no documentation has.
    MoreRegions,
    /// `totalCount` is 0, whatever is listed.
    NoTotal,
    /// Numbers are written as text.
    NumbersAsText,
    /// Times are written as `YYYY-MM-DD HH:mm:ss`, in China's time.
    TimesWithoutOffset,
    /// Times are written as `YYYY-MM-DD HH:mm:ss`, in UTC.
    TimesInUtcWithoutOffset,
    /// Pages have half as many entries as were asked for.
    ShortPages,
    /// `startTime` and `endTime` are refused.
    TimesRefused,
    /// `startTime` and `endTime` change nothing.
    TimesIgnored,
    /// A filter by name wants the whole name.
    WholeNames,
    /// The weekdays of a policy count in China's time, whatever offset the window is written in.
    WeekdaysOfChina,
    /// The last node's link is left out.
    FewerLinks,
}

impl Difference {
    /// Changes the result of a request, where this difference is one of results.
    pub(crate) fn alter(self, request: &Request, result: &mut Value) {
        match self {
            Self::FewerRegions => change(result, "availableRegions", |regions| {
                regions.retain(|region| region["regionId"] != "cn-east-1");
            }),
            Self::MoreRegions => change(result, "availableRegions", |regions| {
                regions.push(json!({ "regionId": "cn-west-9" }));
            }),
            Self::NoTotal if result.get("totalCount").is_some() => result["totalCount"] = 0.into(),
            Self::FewerLinks => change(result, "downloadUrls", |links| {
                links.pop();
            }),
            Self::ShortPages if request.parameter("pageSize").as_deref() == Some("10") => {
                for name in LISTS {
                    change(result, name, |entries| entries.truncate(5));
                }
            }
            Self::NumbersAsText => entries(result).for_each(|value| {
                if value.is_number() {
                    *value = value.to_string().into();
                }
            }),
            Self::TimesWithoutOffset | Self::TimesInUtcWithoutOffset => entries(result).for_each(|value| {
                let is_utc = self == Self::TimesInUtcWithoutOffset;
                let offset = if is_utc { offset!(UTC) } else { offset!(+8) };
                let time = value
                    .as_str()
                    .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
                if let Some(time) = time {
                    let text = time.to_offset(offset).format(WITHOUT_OFFSET);
                    *value = text.expect("a time has every part of the format").into();
                }
            }),
            _ => {}
        }
    }
}

const LISTS: [&str; 2] = ["backups", "cacheInstances"];

/// Changes a list in a result, where it has one of that name.
fn change(result: &mut Value, name: &str, change: impl FnOnce(&mut Vec<Value>)) {
    if let Some(list) = result.get_mut(name).and_then(Value::as_array_mut) {
        change(list);
    }
}

/// The values of the fields of everything that a result lists.
fn entries(result: &mut Value) -> impl Iterator<Item = &mut Value> {
    let lists = result.as_object_mut().into_iter().flat_map(|fields| fields.iter_mut());
    lists
        .filter(|(name, _)| LISTS.contains(&name.as_str()))
        .filter_map(|(_, list)| list.as_array_mut())
        .flatten()
        .filter_map(Value::as_object_mut)
        .flat_map(|entry| entry.iter_mut().map(|(_, value)| value))
}
