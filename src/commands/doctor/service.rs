//! The calls of the service and their count; the checks of signature, token, clock, permissions and regions.

use serde_json::Value;

use super::check::Findings;
use super::forms::Forms;
use crate::api::{self, Client, ErrorKind, Probe, Reason};
use crate::config::Settings;
use crate::error::{Kind, Report};
use crate::terminal::human;
use crate::values::id::InstanceId;
use crate::values::vocabulary::REGIONS;

/// The most calls that a run makes.
pub(super) const MOST_CALLS: usize = 16;
/// The most entries that a page may have.
pub(super) const PAGE_SIZE: usize = 100;
/// The smallest difference between the clocks that is reported, in seconds. The service documents no
/// allowance; a minute is less than any allowance known from services of this kind.
const NOTEWORTHY_OFFSET: i64 = 60;
/// The reading operations that the program uses, and what needs each.
const READS: [(&str, &str); 6] = [
    (URLS, "backup url and download"),
    (BACKUPS, "--latest, backup list and create --wait"),
    (INSTANCES, "instance list and policy list"),
    (INFO, "the number of files that download expects"),
    (POLICY, "backup policy"),
    (AVAILABLE, "--region all"),
];
/// The operation that the main job cannot do without.
pub(super) const URLS: &str = "describeDownloadUrl";
pub(super) const BACKUPS: &str = "describeBackups";
pub(super) const INSTANCES: &str = "describeCacheInstances";
pub(super) const INFO: &str = "describeBackupInfo";
pub(super) const POLICY: &str = "describeBackupPolicy";
const AVAILABLE: &str = "describeAvailableRegion";

/// The service during a run.
pub(super) struct Service<'a> {
    settings: &'a Settings,
    client: Client<'a>,
    calls: usize,
    /// Whether an answer came that the service gives only once it has accepted the keys.
    pub(super) has_accepted_keys: bool,
    clock_offset: Option<i64>,
    permitted: Vec<&'static str>,
    refused: Vec<&'static str>,
    /// Operations that failed otherwise, each with the reason.
    broken: Vec<(&'static str, String)>,
    /// Counts that do not fit the entries that came.
    odd_counts: Vec<String>,
    counted: usize,
    pub(super) forms: Forms,
}

impl<'a> Service<'a> {
    pub(super) fn new(settings: &'a Settings, client: Client<'a>) -> Self {
        Self {
            settings,
            client,
            calls: 0,
            has_accepted_keys: false,
            clock_offset: None,
            permitted: Vec::new(),
            refused: Vec::new(),
            broken: Vec::new(),
            odd_counts: Vec::new(),
            counted: 0,
            forms: Forms::default(),
        }
    }

    pub(super) fn calls(&self) -> usize {
        self.calls
    }

    /// The result of a reading operation, as raw JSON.
    pub(super) fn ask(
        &mut self,
        operation: &'static str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Value, api::Error> {
        debug_assert!(self.calls < MOST_CALLS, "{operation}");
        self.calls += 1;
        let query = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let outcome = self.client.probe(path, query.collect(), self.client.deadline());
        self.has_accepted_keys |= match &outcome {
            Ok(_) => true,
            Err(error) => error.reason() == Some(Reason::NotPermitted) || is_odd_result(error),
        };
        let list = match &outcome {
            Err(error) if error.reason() == Some(Reason::NotPermitted) => Some(&mut self.refused),
            Err(error) => {
                self.broken.push((operation, error.to_string()));
                None
            }
            Ok(_) => Some(&mut self.permitted),
        };
        if let Some(list) = list.filter(|list| !list.contains(&operation)) {
            list.push(operation);
        }
        match outcome {
            Ok(Probe { result, clock_offset }) => {
                self.clock_offset = self.clock_offset.or(clock_offset);
                Ok(result)
            }
            Err(error) => {
                if let ErrorKind::Refused(refusal) = &*error.kind {
                    self.clock_offset = self.clock_offset.or(refusal.clock_offset);
                }
                Err(error)
            }
        }
    }

    /// One page of a listing: its entries. The count that comes with it is compared with them.
    pub(super) fn page(
        &mut self,
        operation: &'static str,
        instance: Option<&InstanceId>,
        query: &[(&str, &str)],
    ) -> Result<Vec<Value>, api::Error> {
        let list = if operation == BACKUPS {
            "backups"
        } else {
            "cacheInstances"
        };
        let below = instance.map(|id| [id.as_str(), "backup"]);
        let path = [&["cacheInstance"][..], below.as_ref().map_or(&[][..], |below| below)].concat();
        let size = PAGE_SIZE.to_string();
        let paging = [("pageNumber", "1"), ("pageSize", size.as_str())];
        let is_sized = query.iter().any(|(name, _)| *name == "pageSize");
        let query = [query, if is_sized { &paging[..1] } else { &paging }].concat();
        let result = self.ask(operation, &path, &query)?;
        let entries = result.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        if !is_sized {
            self.count(list, result.get("totalCount"), entries.len());
        }
        self.forms.look_at(list, &result, &entries);
        Ok(entries)
    }

    fn count(&mut self, list: &str, total: Option<&Value>, listed: usize) {
        self.counted += 1;
        if let Some(odd) = odd_count(list, total, listed)
            && !self.odd_counts.contains(&odd)
        {
            self.odd_counts.push(odd);
        }
    }

    /// Makes the first call. Where the keys are refused with a token, makes it again with the token's other form.
    ///
    /// # Errors
    /// If no other check can be made: why not, in words.
    pub(super) fn introduce(&mut self, findings: &mut Findings) -> Result<(), &'static str> {
        let mut outcome = self.ask(AVAILABLE, &["availableRegion"], &[]);
        if !self.has_token() {
            findings.skipped("token", "permanent keys have none");
        } else if outcome.as_ref().is_err_and(refuses_keys) {
            let as_base64 = outcome;
            self.client = self.client.with_raw_token();
            outcome = self.ask(AVAILABLE, &["availableRegion"], &[]);
            if self.has_accepted_keys {
                findings.differs(
                    "token",
                    "refused in base64, accepted raw",
                    "temporary keys fail with exit code 4 everywhere else in this version",
                    "use permanent keys until a version sends it raw",
                );
            } else {
                let seen = if outcome.as_ref().is_err_and(refuses_keys) {
                    "neither base64 nor the raw form is accepted, see signature"
                } else {
                    "refused in base64; the raw form could not be tried"
                };
                findings.skipped("token", seen);
                outcome = as_base64;
            }
        }
        self.judge_clock(findings);
        match outcome {
            Ok(result) => judge_regions(&result, findings),
            Err(error) if refuses_keys(&error) => {
                findings.failed("signature", &Report::of(&error.into()));
                return Err("the service does not take the keys");
            }
            Err(error) if !is_from_service(&error) => {
                findings.failed("signature", &Report::of(&error.into()));
                return Err("no answer came from the service");
            }
            Err(error) => note_error("regions", error, findings),
        }
        Ok(())
    }

    fn has_token(&self) -> bool {
        self.settings.credentials.security_token.is_some()
    }

    fn judge_clock(&self, findings: &mut Findings) {
        match self.clock_offset {
            None => findings.skipped("clock", "no answer had a Date"),
            Some(offset) if offset.abs() < NOTEWORTHY_OFFSET => {
                findings.ok("clock", format!("{offset} s from the service's"));
            }
            Some(offset) => {
                let side = if offset > 0 { "ahead of" } else { "behind" };
                let time = human::duration(offset.unsigned_abs());
                findings.differs(
                    "clock",
                    format!("this machine's is {time} {side} the service's"),
                    "signatures and links are good for a short time only and may be refused",
                    "set the clock (NTP)",
                );
            }
        }
    }

    /// The checks that all calls together decide.
    pub(super) fn conclude(&mut self, findings: &mut Findings) {
        if self.has_accepted_keys {
            findings.ok("signature", "accepted");
        } else {
            findings.skipped("signature", "no answer tells whether it is accepted");
        }
        if findings.state("token").is_none() {
            if self.has_accepted_keys {
                findings.ok("token", "accepted in base64");
            } else {
                findings.skipped("token", "no answer tells whether it is accepted");
            }
        }
        let needs = |operation: &&str| {
            READS
                .iter()
                .find(|(name, _)| name == operation)
                .map_or("", |(_, what)| what)
        };
        let refused = |operation: &&'static str| format!("{operation} ({})", needs(operation));
        let refused: Vec<String> = self.refused.iter().map(refused).collect();
        let untried = READS.iter().map(|(name, _)| *name);
        let untried = untried.filter(|name| !self.refused.contains(name) && !self.permitted.contains(name));
        let untried = untried.map(|name| match self.broken.iter().find(|(broken, _)| *broken == name) {
            Some((_, why)) => format!("{name} ({why})"),
            None => format!("{name} (not tried)"),
        });
        let untried: Vec<String> = untried.collect();
        let mut seen = format!("{} of {} reads granted", self.permitted.len(), READS.len());
        if !untried.is_empty() {
            seen = format!("{seen}; not known: {}", untried.join(", "));
        }
        if self.refused.contains(&URLS) {
            let report = Report::with_hint(
                Kind::Credentials,
                format!("{seen}; not permitted: {}", refused.join(", ")),
                "ask the account's administrator for an IAM policy that allows describeDownloadUrl",
            );
            findings.failed("permissions", &report);
        } else if refused.is_empty() {
            findings.ok("permissions", seen);
        } else {
            findings.skipped("permissions", format!("{seen}; not permitted: {}", refused.join(", ")));
        }
        match self.odd_counts.as_slice() {
            [] if self.counted == 0 => findings.skipped("counts", "nothing was listed"),
            [] => findings.ok("counts", "as many as are listed"),
            odd => findings.differs(
                "counts",
                odd.join("; "),
                "lists are read to their last page all the same",
                "nothing; please report it",
            ),
        }
        self.forms.conclude(findings);
    }
}

/// How a count does not fit the entries that came with it, in words; `None` where it fits.
fn odd_count(list: &str, total: Option<&Value>, listed: usize) -> Option<String> {
    // Also 3.0 and "3": `forms` tells of those.
    let text = match total {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.clone(),
        _ => "none".to_owned(),
    };
    let number: Option<usize> = text.strip_suffix(".0").unwrap_or(&text).parse().ok();
    let fits = match number {
        // More pages may follow a full one.
        Some(number) if listed >= PAGE_SIZE => number >= listed,
        Some(number) => number == listed,
        None => false,
    };
    (!fits).then(|| format!("{list}: totalCount {text}, entries {listed}"))
}

/// Whether the service refused the keys or the token. IAM refuses only keys that were accepted, so that is no such
/// refusal.
pub(super) fn refuses_keys(error: &api::Error) -> bool {
    matches!(
        error.reason(),
        Some(Reason::SignatureDiffers | Reason::KeysRefused | Reason::Forbidden | Reason::NonceReused)
    )
}

/// Whether the service itself answered, and no other program in between.
fn is_from_service(error: &api::Error) -> bool {
    matches!(&*error.kind, ErrorKind::Refused(_)) || is_odd_result(error)
}

/// Whether the service answered in its own form, with a result that is not of the documented shape.
fn is_odd_result(error: &api::Error) -> bool {
    matches!(&*error.kind, ErrorKind::Unexpected(unexpected) if unexpected.is_from_service)
}

/// A call that failed: an operation that is not permitted is no failure, and an answer of another shape is a
/// difference.
pub(super) fn note_error(id: &'static str, error: api::Error, findings: &mut Findings) {
    if error.reason() == Some(Reason::NotPermitted) {
        findings.skipped(id, "the operation is not permitted, see permissions");
        return;
    }
    if let ErrorKind::Unexpected(unexpected) = &*error.kind
        && unexpected.is_from_service
    {
        let means = "the commands that need this answer end with exit code 6";
        return findings.differs(id, unexpected.what.clone(), means, "please report it");
    }
    findings.failed(id, &Report::of(&error.into()));
}

fn judge_regions(result: &Value, findings: &mut Findings) {
    let list = result.get("availableRegions").and_then(Value::as_array);
    let ids = list
        .into_iter()
        .flatten()
        .filter_map(|region| region.get("regionId")?.as_str());
    let offered: Vec<&str> = ids.collect();
    let known: Vec<&str> = REGIONS.iter().map(|(id, _)| *id).collect();
    let without = |list: &[&str], others: &[&str]| {
        let rest: Vec<&str> = list.iter().filter(|id| !others.contains(id)).copied().collect();
        rest.join(", ")
    };
    let (new, gone) = (without(&offered, &known), without(&known, &offered));
    if new.is_empty() && gone.is_empty() {
        findings.ok("regions", format!("{} offered, all of them known here", offered.len()));
        return;
    }
    let mut seen = match &offered[..] {
        [] => "none is offered".to_owned(),
        offered => format!("offered: {}", offered.join(", ")),
    };
    let mut means = Vec::new();
    if !new.is_empty() {
        seen = format!("{seen}; not known here: {new}");
        means.push("a new region works, but help and completion do not offer it");
    }
    if !gone.is_empty() {
        seen = format!("{seen}; known here and not offered: {gone}");
        means.push("a region that is not offered ends with exit code 3 or 6");
    }
    findings.differs("regions", seen, means.join("; "), "nothing; please report it");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_count_fits_the_entries_of_its_page_or_a_full_page_of_more() {
        for (total, listed) in [
            (json!(3), 3),
            (json!("3"), 3),
            (json!(3.0), 3),
            (json!(0), 0),
            (json!(PAGE_SIZE), PAGE_SIZE),
            (json!(231), PAGE_SIZE),
        ] {
            assert_eq!(odd_count("backups", Some(&total), listed), None, "{total}");
        }
        for (total, listed) in [(json!(2), 3), (json!(4), 3), (json!(99), PAGE_SIZE), (json!(null), 3)] {
            assert!(odd_count("backups", Some(&total), listed).is_some(), "{total}");
        }
        let missing = odd_count("backups", None, 0);
        assert_eq!(missing.as_deref(), Some("backups: totalCount none, entries 0"));
    }
}
