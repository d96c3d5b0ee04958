//! An instance: which one is looked at, the pages and the order of its backups, and the filters.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::Args;
use super::check::Findings;
use super::policy;
use super::service::{BACKUPS, INSTANCES, Service, note_error};
use crate::api::{ErrorKind, Moment};
use crate::error::Report;
use crate::values::id::InstanceId;
use crate::values::vocabulary::{BackupStatus, RUNNING};
use crate::values::when::rfc3339;

/// Of how many running instances the backups are listed, until one has a backup that succeeded.
const TRIED: usize = 5;
/// The least that `pageSize` may be.
const LEAST_PAGE: usize = 10;

/// The instance that is looked at, and its backups, as far as they are known.
pub(super) struct Chosen {
    pub(super) id: InstanceId,
    /// The service's entry; null where it is not known.
    pub(super) entry: Value,
    /// The first page of its backups.
    pub(super) backups: Vec<Value>,
}

/// A text of an entry.
pub(super) fn text<'a>(entry: &'a Value, name: &str) -> Option<&'a str> {
    entry.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// A whole number of an entry, whatever type it is written in.
pub(super) fn number(entry: &Value, name: &str) -> Option<i64> {
    match entry.get(name)? {
        Value::Number(number) => number.as_i64().or_else(|| Some(number.as_f64()? as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// When a backup began, where that can be read.
pub(super) fn start(backup: &Value) -> Option<OffsetDateTime> {
    Moment::read(text(backup, "backupStartTime")?).at
}

pub(super) fn is_success(backup: &Value) -> bool {
    number(backup, "backupStatus").and_then(BackupStatus::of) == Some(BackupStatus::Success)
}

/// Chooses an instance and makes the checks that need one. `None` where there is none.
pub(super) fn examine(args: &Args, service: &mut Service<'_>, findings: &mut Findings) -> Option<Chosen> {
    let instances = match service.page(INSTANCES, None, &[]) {
        Ok(instances) => instances,
        Err(error) => {
            note_error("instance", error, findings);
            Vec::new()
        }
    };
    let chosen = choose(args, &instances, service, findings)?;
    pages(&chosen, &instances, service, findings);
    order(&chosen.backups, findings);
    time_filter(&chosen, service, findings);
    name_filter(&chosen, &instances, service, findings);
    policy::examine(&chosen, &others(args, &chosen, &instances), service, findings);
    Some(chosen)
}

/// The other running instances, where none was named.
fn others(args: &Args, chosen: &Chosen, instances: &[Value]) -> Vec<InstanceId> {
    if args.instance.is_some() {
        return Vec::new();
    }
    let running = instances.iter().filter(|entry| is_running(entry)).filter_map(id_of);
    running.filter(|id| *id != chosen.id).collect()
}

fn id_of(entry: &Value) -> Option<InstanceId> {
    text(entry, "cacheInstanceId")?.parse().ok()
}

fn is_running(entry: &Value) -> bool {
    text(entry, "cacheInstanceStatus") == Some(RUNNING)
}

fn choose(args: &Args, instances: &[Value], service: &mut Service<'_>, findings: &mut Findings) -> Option<Chosen> {
    if let Some(id) = &args.instance {
        let entry = instances
            .iter()
            .find(|entry| text(entry, "cacheInstanceId") == Some(id.as_str()));
        findings.ok("instance", format!("{id}, as named"));
        let backups = match service.page(BACKUPS, Some(id), &[]) {
            Ok(backups) => backups,
            Err(error) if matches!(&*error.kind, ErrorKind::Refused(refusal) if refusal.code == 404) => {
                findings.failed("instance", &Report::of(&error.into()));
                return None;
            }
            Err(error) => {
                note_error("order", error, findings);
                Vec::new()
            }
        };
        return Some(Chosen {
            id: id.clone(),
            entry: entry.cloned().unwrap_or_default(),
            backups,
        });
    }
    let running = instances.iter().filter(|entry| is_running(entry));
    let mut tried = 0;
    for (id, entry) in running.filter_map(|entry| Some((id_of(entry)?, entry))).take(TRIED) {
        tried += 1;
        match service.page(BACKUPS, Some(&id), &[]) {
            Ok(backups) if backups.iter().any(is_success) => {
                findings.ok("instance", format!("{id}, the first running one that has a backup"));
                return Some(Chosen {
                    id,
                    entry: entry.clone(),
                    backups,
                });
            }
            Ok(_) => {}
            Err(error) => {
                note_error("instance", error, findings);
                return None;
            }
        }
    }
    if findings.state("instance").is_none() {
        let why = match tried {
            0 => "no instance is running; name one with --instance".to_owned(),
            tried => format!("none of the first {tried} running ones has a backup; name one with --instance"),
        };
        findings.skipped("instance", why);
    }
    None
}

/// Whether a page has as many entries as were asked for.
fn pages(chosen: &Chosen, instances: &[Value], service: &mut Service<'_>, findings: &mut Findings) {
    let asked = LEAST_PAGE.to_string();
    let query = [("pageSize", asked.as_str())];
    let (known, outcome) = if is_longer_than_a_page(&chosen.backups) {
        (chosen.backups.len(), service.page(BACKUPS, Some(&chosen.id), &query))
    } else if is_longer_than_a_page(instances) {
        (instances.len(), service.page(INSTANCES, None, &query))
    } else {
        findings.skipped(
            "pages",
            format!("no list that was read has more than {LEAST_PAGE} entries"),
        );
        return;
    };
    match outcome {
        Err(error) => note_error("pages", error, findings),
        Ok(page) if page.len() == LEAST_PAGE => {
            findings.ok("pages", format!("{LEAST_PAGE} of {known}, as asked"));
        }
        Ok(page) => findings.differs(
            "pages",
            format!(
                "{} entries came where {LEAST_PAGE} were asked for and {known} are there",
                page.len()
            ),
            "lists that are longer than a page may end early",
            "compare the lists with the console, and please report it",
        ),
    }
}

/// Whether a page of the least size must lack some of these entries. Another one tells nothing of pages.
fn is_longer_than_a_page(entries: &[Value]) -> bool {
    entries.len() > LEAST_PAGE
}

/// The order of the backups. No order is documented, so each one is ok.
fn order(backups: &[Value], findings: &mut Findings) {
    let starts: Vec<OffsetDateTime> = backups.iter().filter_map(start).collect();
    if starts.len() < 2 {
        if findings.state("order").is_none() {
            findings.skipped("order", "fewer than two backups have a start that can be read");
        }
        return;
    }
    let seen = if starts.is_sorted_by(|a, b| a >= b) {
        "newest first"
    } else if starts.is_sorted() {
        "oldest first"
    } else {
        "mixed"
    };
    findings.ok("order", seen);
}

/// Whether the service filters by `startTime` and `endTime` as documented: a span of two seconds around a backup's start should
/// list that backup, and none that began at another time.
fn time_filter(chosen: &Chosen, service: &mut Service<'_>, findings: &mut Findings) {
    const MEANS: &str = "--since and --until read all backups and compare them on this machine, or miss some";
    let starts = || {
        chosen
            .backups
            .iter()
            .filter_map(|backup| Some((text(backup, "baseId")?, start(backup)?)))
    };
    let Some((id, moment)) = starts().max_by_key(|(_, moment)| *moment) else {
        findings.skipped("timeFilter", "no backup has a start that can be read");
        return;
    };
    let around = |seconds| {
        moment
            .checked_add(Duration::seconds(seconds))
            .map(rfc3339)
            .unwrap_or_default()
    };
    let (since, until) = (around(-1), around(1));
    let query = [("startTime", since.as_str()), ("endTime", until.as_str())];
    match service.page(BACKUPS, Some(&chosen.id), &query) {
        Err(error) if matches!(&*error.kind, ErrorKind::Refused(refusal) if refusal.code == 400) => {
            findings.differs(
                "timeFilter",
                format!("times such as {since} are refused: {error}"),
                MEANS,
                "nothing; please report it",
            );
        }
        Err(error) => note_error("timeFilter", error, findings),
        Ok(listed) => {
            let is_listed = listed.iter().any(|backup| text(backup, "baseId") == Some(id));
            let others = listed
                .iter()
                .filter_map(start)
                .filter(|start| (*start - moment).abs() > Duration::seconds(1));
            match (is_listed, others.count()) {
                (true, 0) => findings.ok("timeFilter", "by start"),
                (false, _) => findings.differs(
                    "timeFilter",
                    "a backup is not listed for the second of its own start",
                    MEANS,
                    "leave --since and --until out; please report it",
                ),
                (true, others) => findings.differs(
                    "timeFilter",
                    format!("{others} backups of other times are listed as well"),
                    MEANS,
                    "nothing; please report it",
                ),
            }
        }
    }
}

/// Whether a part of a name finds the instance.
fn name_filter(chosen: &Chosen, instances: &[Value], service: &mut Service<'_>, findings: &mut Findings) {
    let named = |entry: &Value| text(entry, "cacheInstanceName").is_some_and(|name| name.chars().count() > 1);
    let Some(entry) = [&chosen.entry].into_iter().chain(instances).find(|entry| named(entry)) else {
        findings.skipped("nameFilter", "no instance has a name of two characters");
        return;
    };
    let name = text(entry, "cacheInstanceName").unwrap_or_default();
    let part: String = name.chars().skip(1).collect();
    let query = [
        ("filters.1.name", "cacheInstanceName"),
        ("filters.1.values.1", part.as_str()),
    ];
    match service.page(INSTANCES, None, &query) {
        Err(error) => note_error("nameFilter", error, findings),
        Ok(found) => {
            let is_it = |other: &Value| text(other, "cacheInstanceId") == text(entry, "cacheInstanceId");
            let is_foreign = |other: &&Value| {
                text(other, "cacheInstanceName").is_none_or(|name| !name.to_lowercase().contains(&part.to_lowercase()))
            };
            let foreign = found.iter().filter(is_foreign).count();
            if found.iter().any(is_it) && foreign == 0 {
                findings.ok("nameFilter", "by parts");
            } else if foreign > 0 {
                findings.differs(
                    "nameFilter",
                    format!("{foreign} instances of other names are listed as well"),
                    "--name compares on this machine, too, and is right all the same",
                    "nothing; please report it",
                );
            } else {
                findings.differs(
                    "nameFilter",
                    "a part of a name does not find its instance",
                    "'instance list --name' misses instances whose names contain the text",
                    "give the whole name, or list all; please report it",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::doctor::check::State;

    #[test]
    fn a_number_is_read_whatever_type_it_is_written_in() {
        let of = |value: Value| number(&json!({ "n": value }), "n");
        for value in [json!(3), json!(3.0), json!("3"), json!(" 3 ")] {
            assert_eq!(of(value.clone()), Some(3), "{value}");
        }
        for value in [json!(null), json!("three"), json!([3]), json!(true)] {
            assert_eq!(of(value.clone()), None, "{value}");
        }
    }

    #[test]
    fn only_a_list_that_is_longer_than_a_page_tells_of_pages() {
        assert!(!is_longer_than_a_page(&[const { Value::Null }; LEAST_PAGE]));
        assert!(is_longer_than_a_page(&[const { Value::Null }; LEAST_PAGE + 1]));
    }

    #[test]
    fn the_order_is_told_of_two_backups_or_more() {
        let of = |days: &[u8]| {
            let day = |day| json!({"backupStartTime": format!("2021-07-{day:02}T00:00:00Z")});
            let backups: Vec<Value> = days.iter().map(day).chain([json!({})]).collect();
            let mut findings = Findings::default();
            order(&backups, &mut findings);
            let state = findings.state("order").unwrap();
            let mut checks = findings.into_checks("").into_iter();
            (state, checks.find(|check| check.id == "order").unwrap().seen)
        };
        assert_eq!(of(&[1]).0, State::Skipped);
        for (days, seen) in [
            (&[2, 1][..], "newest first"),
            (&[1, 2], "oldest first"),
            (&[3, 2, 1], "newest first"),
            (&[1, 2, 3], "oldest first"),
            (&[1, 3, 2], "mixed"),
        ] {
            assert_eq!(of(days), (State::Ok, seen.to_owned()), "{days:?}");
        }
    }
}
