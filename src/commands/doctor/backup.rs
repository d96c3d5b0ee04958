//! A backup: which one, and what the links to its files look like.

use std::collections::HashSet;

use serde_json::Value;
use time::macros::{format_description, offset};
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::Args;
use super::check::Findings;
use super::instance::{Chosen, is_success, number, start, text};
use super::service::{INFO, PAGE_SIZE, Service, URLS, note_error};
use crate::api::Reason;
use crate::values::link::Link;

/// How long a link works, as documented: "valid for 1 hour".
const LIFETIME: Duration = Duration::HOUR;

/// Chooses a backup and looks at its links. Returns the first link, for the checks of the storage; `None` where
/// there is none.
pub(super) fn examine(
    args: &Args,
    chosen: &Chosen,
    service: &mut Service<'_>,
    findings: &mut Findings,
) -> Option<Link> {
    let newest = chosen.backups.iter().filter(|backup| is_success(backup));
    let newest = newest.max_by_key(|backup| start(backup));
    let listed = match &args.base_id {
        Some(id) => chosen
            .backups
            .iter()
            .find(|backup| text(backup, "baseId") == Some(id.as_str())),
        None => newest,
    };
    let base_id = match (&args.base_id, listed.and_then(|backup| text(backup, "baseId"))) {
        (Some(id), _) => {
            findings.ok("backup", format!("{id}, as named"));
            id.to_string()
        }
        (None, Some(id)) => {
            findings.ok("backup", format!("{id}, the newest {}", known(chosen.backups.len())));
            id.to_owned()
        }
        (None, None) => {
            let why = format!("{} has no backup that succeeded; name one with --base-id", chosen.id);
            findings.skipped("backup", why);
            return None;
        }
    };
    let info = info(chosen, &base_id, service);
    let shards = [Some(&info), listed]
        .into_iter()
        .flatten()
        .find_map(|entry| number(entry, "backupShardNum"));
    let shards = shards.or_else(|| number(&chosen.entry, "shardNumber"));

    let path = ["cacheInstance", chosen.id.as_str(), "backup:describeDownloadUrl"];
    let urls = match service.ask(URLS, &path, &[("baseId", base_id.as_str())]) {
        Ok(result) => result,
        // The signatures of other paths were accepted, and only this path has a colon.
        Err(error) if error.reason() == Some(Reason::SignatureDiffers) && service.has_accepted_keys => {
            findings.differs(
                "path",
                "the signature of a path with %3A is refused, those of others are accepted",
                "'backup url' and 'backup download' fail with exit code 4",
                "please report it: the program must send ':' otherwise",
            );
            return None;
        }
        Err(error) => {
            note_error("links", error, findings);
            return None;
        }
    };
    findings.ok("path", "accepted with %3A for the ':'");
    let list = urls.get("downloadUrls").and_then(Value::as_array);
    let first = links(args.internal, list.map_or(&[], Vec::as_slice), shards, findings)?;
    offsets(&first, listed.and_then(start), service, findings);
    Some(first)
}

/// Of what the newest backup is the newest, where so many are listed: more pages may follow a full one.
fn known(listed: usize) -> &'static str {
    if listed < PAGE_SIZE {
        "that succeeded"
    } else {
        "good one of the page that is listed first"
    }
}

/// The result of describeBackupInfo; null where there is none. Only the number of shards in it is needed.
fn info(chosen: &Chosen, base_id: &str, service: &mut Service<'_>) -> Value {
    let path = ["cacheInstance", chosen.id.as_str(), "backup", base_id];
    let info = service.ask(INFO, &path, &[]).unwrap_or_default();
    if info.is_object() {
        service.forms.look_at_one("backups", &info);
    }
    info
}

/// Looks at the links to a backup's files. Returns the first one.
fn links(is_internal: bool, urls: &[Value], shards: Option<i64>, findings: &mut Findings) -> Option<Link> {
    let parsed = |field: &str| -> Vec<Link> {
        let links = urls.iter().filter_map(|url| Link::parse(text(url, field)?).ok());
        links.collect()
    };
    let (public, internal) = (parsed("link"), parsed("internalLink"));
    let seen = match internal.len() {
        0 => "none: --internal ends with exit code 3".to_owned(),
        count => format!("{count} of {}", urls.len()),
    };
    findings.ok("internalLink", seen);
    if is_internal && internal.is_empty() {
        findings.skipped("links", "there is no internal link to try");
        return None;
    }
    let links = if is_internal { internal } else { public };
    let objects: HashSet<&str> = links.iter().map(Link::without_query).collect();
    let expected = shards.and_then(|shards| usize::try_from(shards).ok());
    let is_of_another_number = expected.is_some_and(|shards| shards != links.len());
    if links.is_empty() || links.len() < urls.len() || objects.len() < links.len() || is_of_another_number {
        let expected = expected.map_or_else(|| "an unknown number of".to_owned(), |shards| shards.to_string());
        findings.differs(
            "links",
            format!(
                "{} entries, {} usable links, {} objects, for {expected} shards",
                urls.len(),
                links.len(),
                objects.len()
            ),
            "a file of the backup is missing, and 'backup download' calls it incomplete",
            "compare the backup with the console; please report it",
        );
    } else {
        let fit = expected.map_or("shards not known", |_| "one a shard");
        findings.ok("links", format!("{}, {fit}", links.len()));
    }
    form(&links, findings);
    links.into_iter().next()
}

/// Whether each link says when it expires, and ends in the file's name. The first that does not is shown.
fn form(links: &[Link], findings: &mut Findings) {
    let is_odd = |link: &&Link| link.file_name().is_empty() || link.lifetime() != Some(LIFETIME);
    let Some(link) = links.iter().find(is_odd).or(links.first()) else {
        return;
    };
    let scheme = if link.without_query().to_ascii_lowercase().starts_with("https://") {
        "https"
    } else {
        "http"
    };
    let lifetime = link.lifetime();
    let has_name = !link.file_name().is_empty();
    let life = lifetime.map_or_else(
        || "no expiry".to_owned(),
        |life| format!("{} min", life.whole_minutes()),
    );
    let name = if has_name {
        "ends in a file name"
    } else {
        "has no file name"
    };
    if has_name && lifetime == Some(LIFETIME) {
        findings.ok("linkForm", format!("{scheme}, {life}, {name}"));
    } else {
        findings.differs(
            "linkForm",
            format!("{scheme}, {life}, {name}"),
            "FILE NAME or EXPIRES show '-', or links live otherwise than an hour",
            "nothing; please report it",
        );
    }
}

/// Whether a time without an offset is China's. An object's name begins with its backup's start in China's time,
/// as the documented example has it.
fn offsets(link: &Link, start: Option<OffsetDateTime>, service: &Service<'_>, findings: &mut Findings) {
    if !service.forms.has_bare_times {
        if service.forms.has_times {
            findings.ok("offsets", "every time has one");
        }
        return;
    }
    let name = link.file_name();
    let format = format_description!("[year][month][day][hour][minute][second]");
    let named = name
        .split('-')
        .next()
        .and_then(|text| PrimitiveDateTime::parse(text, format).ok());
    let named = named.map(|time| time.assume_offset(offset!(+8)));
    let (Some(named), Some(start)) = (named, start) else {
        return findings.skipped("offsets", "times have none, and no file name tells which is meant");
    };
    let difference = start - named;
    if is_same_zone(difference) {
        findings.ok("offsets", "times have none; +08:00 is meant, as the file's name shows");
    } else {
        findings.differs(
            "offsets",
            format!(
                "times have none, and are {} h from the file's name, read as +08:00",
                difference.whole_hours()
            ),
            "the times of backups are wrong by so much, in lists, --since and --until",
            "compare them with the console; please report it",
        );
    }
}

/// Whether a time and the name of its file are in one zone, by their difference. A file may be named some minutes after
/// its backup began.
fn is_same_zone(difference: Duration) -> bool {
    difference.abs() < Duration::HOUR
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::doctor::check::{Check, State};

    #[test]
    fn a_page_that_is_full_may_not_have_the_newest_backup() {
        assert_eq!(known(PAGE_SIZE - 1), "that succeeded");
        assert_ne!(known(PAGE_SIZE), known(PAGE_SIZE - 1));
    }

    #[test]
    fn the_next_zone_is_another_one() {
        assert!(is_same_zone(Duration::minutes(-2)));
        assert!(!is_same_zone(Duration::HOUR));
        assert!(!is_same_zone(-Duration::HOUR));
    }

    /// The check `id` of these links, for so many shards.
    fn check(id: &str, urls: &[&str], shards: Option<i64>) -> Check {
        let mut findings = Findings::default();
        let urls: Vec<Value> = urls.iter().map(|url| json!({ "link": url })).collect();
        links(false, &urls, shards, &mut findings);
        let mut checks = findings.into_checks("").into_iter();
        checks.find(|check| check.id == id).unwrap()
    }

    #[test]
    fn a_link_that_is_missing_or_there_twice_or_cannot_be_used_is_a_difference() {
        let (first, second) = ("https://h/a?X-Amz-Expires=3600", "https://h/b?X-Amz-Expires=3600");
        for (urls, shards, state) in [
            (&[first, second][..], Some(2), State::Ok),
            (&[first, second], None, State::Ok),
            (&[first, second], Some(3), State::Differs),
            (&[first, second], Some(1), State::Differs),
            (&[first, "ftp://h/b"], Some(1), State::Differs),
            (&[first, "https://h/a?X-Amz-Expires=3600&x"], Some(2), State::Differs),
            (&[first, first], None, State::Differs),
            (&[], Some(0), State::Differs),
        ] {
            assert_eq!(check("links", urls, shards).state, state, "{urls:?} {shards:?}");
        }
    }

    #[test]
    fn the_first_link_of_another_form_is_shown() {
        let usual = "https://h/a?X-Amz-Expires=3600";
        for (odd, seen) in [
            ("http://h/b?X-Amz-Expires=7200", "http, 120 min, ends in a file name"),
            ("https://h/b", "https, no expiry, ends in a file name"),
            ("https://h/b/?X-Amz-Expires=3600", "https, 60 min, has no file name"),
        ] {
            let shown = check("linkForm", &[usual, odd, "https://h/c/"], None);
            assert_eq!((shown.state, &*shown.seen), (State::Differs, seen), "{odd}");
        }
        let shown = check("linkForm", &[usual, usual], None);
        assert_eq!(
            (shown.state, &*shown.seen),
            (State::Ok, "https, 60 min, ends in a file name")
        );
    }
}
