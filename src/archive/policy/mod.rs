//! Which backups of an instance a retention policy keeps: the rules of `restic forget`. Pure.
//!
//! The backups are gone through from the newest to the oldest. A rule with a number keeps the first that it meets
//! in each period (day, ISO week, month), for so many periods that have a backup. A backup stays if any rule keeps
//! it, and the newest always does.

use time::OffsetDateTime;

use crate::values::age::Age;
use crate::values::zone::Zone;

/// The rules of a policy; `None` where a rule was not given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    /// The newest so many.
    pub(crate) last: Option<u32>,
    /// All that began less than this before the newest.
    pub(crate) within: Option<Age>,
    /// The newest of each of the last so many days that have one.
    pub(crate) daily: Option<u32>,
    /// The newest of each of the last so many ISO weeks that have one.
    pub(crate) weekly: Option<u32>,
    /// The newest of each of the last so many months that have one.
    pub(crate) monthly: Option<u32>,
}

/// Why a backup stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Last,
    Within,
    Daily,
    Weekly,
    Monthly,
    /// The newest is never removed, whatever the policy.
    Newest,
}

impl Rule {
    /// As it stands in tables and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Within => "within",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Newest => "newest good",
        }
    }
}

/// A rule with a number while the backups are gone through.
struct Counter<'a> {
    rule: Rule,
    left: u32,
    /// The period of a backup, from its start and its place: a number that no other period has.
    period: Box<dyn Fn(OffsetDateTime, usize) -> i64 + 'a>,
    /// The period of the last one that it kept.
    last: Option<i64>,
}

impl Policy {
    /// Whether it has no rule, and so would keep nothing but the newest.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Its rules as the flags that give them.
    pub(crate) fn describe(&self) -> String {
        let rule = |name: &str, value: Option<String>| value.map(|value| format!("--keep-{name} {value}"));
        let number = |value: Option<u32>| value.map(|value| value.to_string());
        let rules = [
            rule("last", number(self.last)),
            rule("within", self.within.map(|age| age.to_string())),
            rule("daily", number(self.daily)),
            rule("weekly", number(self.weekly)),
            rule("monthly", number(self.monthly)),
        ];
        rules.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// The rules that keep each backup. `starts` has when each began, the newest first. A backup that no rule keeps
    /// goes.
    pub(crate) fn decide(&self, starts: &[OffsetDateTime], zone: &Zone) -> Vec<Vec<Rule>> {
        let mut counters = self.counters(zone);
        let newest = starts.first().copied();
        let is_within = |start: OffsetDateTime| {
            let within = self.within.map(Age::duration);
            within
                .zip(newest)
                .is_some_and(|(within, newest)| newest - start < within)
        };
        let mut decide = |(place, &start): (usize, &OffsetDateTime)| {
            let mut rules: Vec<Rule> = is_within(start).then_some(Rule::Within).into_iter().collect();
            for counter in &mut counters {
                let period = (counter.period)(start, place);
                if counter.left > 0 && counter.last != Some(period) {
                    counter.left -= 1;
                    counter.last = Some(period);
                    rules.push(counter.rule);
                }
            }
            if rules.is_empty() && place == 0 {
                rules.push(Rule::Newest);
            }
            rules
        };
        starts.iter().enumerate().map(&mut decide).collect()
    }

    fn counters<'a>(&self, zone: &'a Zone) -> [Counter<'a>; 4] {
        let counter = |rule, count: Option<u32>, period| Counter {
            rule,
            left: count.unwrap_or(0),
            period,
            last: None,
        };
        let week = |start| {
            let (year, week, _) = zone.day(start).to_iso_week_date();
            i64::from(year) * 100 + i64::from(week)
        };
        let month = |start| {
            let day = zone.day(start);
            i64::from(day.year()) * 100 + i64::from(u8::from(day.month()))
        };
        [
            counter(Rule::Last, self.last, Box::new(|_, place| place as i64)),
            counter(
                Rule::Daily,
                self.daily,
                Box::new(|start, _| zone.day(start).to_julian_day().into()),
            ),
            counter(Rule::Weekly, self.weekly, Box::new(move |start, _| week(start))),
            counter(Rule::Monthly, self.monthly, Box::new(move |start, _| month(start))),
        ]
    }
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
