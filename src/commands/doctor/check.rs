//! A check and its outcome, the list of all checks in the order of the report, and the error of a run with failed ones.

use std::collections::HashMap;

use serde::Serialize;

use crate::error::{Kind, Report};

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As the program needs or believes it.
    Ok,
    /// Not as the program believes.
    Differs,
    /// Something does not work.
    Failed,
    /// Not tried, or not needed.
    Skipped,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Differs => "differs",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// The subject of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Group {
    Surroundings,
    Service,
    Instance,
    Backup,
    /// Beliefs that no check can try, with the reason.
    Untested,
}

impl Group {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Surroundings => "This machine",
            Self::Service => "The service",
            Self::Instance => "An instance",
            Self::Backup => "A backup and the storage",
            Self::Untested => "What no check can tell",
        }
    }
}

/// A check's name in JSON, its group, the name of its row in the table, and its name in that row. Checks of one row
/// share a line while all of them are ok.
type Listed = (&'static str, Group, &'static str, &'static str);

/// The checks in the report's order. Every belief that the README lists has one here.
pub(super) const CHECKS: [Listed; 35] = [
    ("settings", Group::Surroundings, "settings", "settings"),
    ("keys", Group::Surroundings, "keys", "keys"),
    ("certificates", Group::Surroundings, "network", "certificates"),
    ("proxy", Group::Surroundings, "network", "proxy"),
    ("connection", Group::Surroundings, "network", "connection"),
    ("clock", Group::Surroundings, "clock", "clock"),
    ("signature", Group::Service, "signature", "signature"),
    ("token", Group::Service, "token", "token"),
    ("permissions", Group::Service, "permissions", "permissions"),
    ("regions", Group::Service, "regions", "regions"),
    ("counts", Group::Service, "answers", "counts"),
    ("forms", Group::Service, "answers", "forms"),
    ("offsets", Group::Service, "answers", "offsets"),
    ("instance", Group::Instance, "instance", "instance"),
    ("pages", Group::Instance, "lists", "pages"),
    ("order", Group::Instance, "lists", "order"),
    ("timeFilter", Group::Instance, "filters", "time filter"),
    ("nameFilter", Group::Instance, "filters", "name filter"),
    ("policy", Group::Instance, "policy", "policy"),
    ("backup", Group::Backup, "backup", "backup"),
    ("path", Group::Backup, "path", "path"),
    ("links", Group::Backup, "links", "link count"),
    ("linkForm", Group::Backup, "links", "link form"),
    ("internalLink", Group::Backup, "links", "internal link"),
    ("https", Group::Backup, "storage", "https"),
    ("http", Group::Backup, "storage", "http"),
    ("ranges", Group::Backup, "requests", "ranges"),
    ("etag", Group::Backup, "requests", "ETag"),
    ("ifMatch", Group::Backup, "requests", "If-Match"),
    ("connections", Group::Backup, "transfer", "connections"),
    ("encoding", Group::Backup, "transfer", "encoding"),
    ("rdb", Group::Backup, "file", "RDB file"),
    ("writes", Group::Untested, "writes", "writes"),
    ("expiredLink", Group::Untested, "expired link", "expired link"),
    ("vpcEndpoint", Group::Untested, "VPC endpoint", "VPC endpoint"),
];

/// One check, as it is reported. Its keys in JSON are a contract, and all of them are always there.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Check {
    pub(super) id: &'static str,
    pub(super) group: Group,
    pub(super) state: State,
    /// The observation, or why there is none.
    pub(super) seen: String,
    /// The consequence for the user; null where all is well.
    pub(super) means: Option<String>,
    /// The next step for the user; null where there is none.
    pub(super) advice: Option<String>,
    /// The row of the table that it is in while all is well.
    #[serde(skip)]
    pub(super) row: &'static str,
    #[serde(skip)]
    pub(super) label: &'static str,
    /// The exit code of a check that failed.
    #[serde(skip)]
    pub(super) kind: Kind,
}

/// The outcomes so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: HashMap<&'static str, Finding>,
}

/// The outcome of one check.
#[derive(Debug)]
struct Finding {
    state: State,
    seen: String,
    means: Option<String>,
    advice: Option<String>,
    kind: Kind,
}

impl Finding {
    fn new(state: State, seen: impl Into<String>) -> Self {
        Self {
            state,
            seen: seen.into(),
            means: None,
            advice: None,
            kind: Kind::Service,
        }
    }
}

impl Findings {
    pub(super) fn ok(&mut self, id: &'static str, seen: impl Into<String>) {
        self.add(id, Finding::new(State::Ok, seen));
    }

    pub(super) fn skipped(&mut self, id: &'static str, why: impl Into<String>) {
        self.add(id, Finding::new(State::Skipped, why));
    }

    /// Something differs from what the program believes: the observation, its consequence, and the next step.
    pub(super) fn differs(
        &mut self,
        id: &'static str,
        seen: impl Into<String>,
        means: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let finding = Finding {
            means: Some(means.into()),
            advice: Some(advice.into()),
            ..Finding::new(State::Differs, seen)
        };
        self.add(id, finding);
    }

    /// Something does not work.
    pub(super) fn failed(&mut self, id: &'static str, report: &Report) {
        let seen = match &report.cause {
            Some(cause) => format!("{}: {cause}", report.message),
            None => report.message.clone(),
        };
        // The advice to run this command is for other commands.
        let hint = report
            .hint
            .as_deref()
            .map(|hint| hint.split("; 'jdredis doctor'").next().unwrap_or(hint));
        let finding = Finding {
            means: (!report.details.is_empty()).then(|| report.details.join("; ")),
            advice: hint.map(str::to_owned),
            kind: report.kind,
            ..Finding::new(State::Failed, seen)
        };
        self.add(id, finding);
    }

    fn add(&mut self, id: &'static str, finding: Finding) {
        debug_assert!(CHECKS.iter().any(|(known, ..)| *known == id), "{id}");
        self.found.insert(id, finding);
    }

    pub(super) fn state(&self, id: &str) -> Option<State> {
        self.found.get(id).map(|finding| finding.state)
    }

    /// All checks in the report's order. Those without an outcome are skipped, for the reason `why_not`.
    pub(super) fn into_checks(mut self, why_not: &str) -> Vec<Check> {
        let checks = CHECKS.iter().map(|(id, group, row, label)| {
            let finding = self.found.remove(id);
            let finding = finding.unwrap_or_else(|| Finding::new(State::Skipped, why_not));
            Check {
                id,
                group: *group,
                state: finding.state,
                seen: finding.seen,
                means: finding.means,
                advice: finding.advice,
                row,
                label,
                kind: finding.kind,
            }
        });
        checks.collect()
    }
}

/// The error of a run with these checks: it has the exit code of the first that failed, or 6 where one differs.
pub(super) fn conclude(checks: &[Check]) -> anyhow::Result<()> {
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let (failed, differing) = (count(State::Failed), count(State::Differs));
    if failed + differing == 0 {
        return Ok(());
    }
    let first = checks.iter().find(|check| check.state == State::Failed);
    let names = |state| {
        let names = checks
            .iter()
            .filter(|check| check.state == state)
            .map(|check| check.label);
        names.collect::<Vec<_>>().join(", ")
    };
    let mut details = Vec::new();
    if failed > 0 {
        details.push(format!("failed: {}", names(State::Failed)));
    }
    if differing > 0 {
        details.push(format!("differs: {}", names(State::Differs)));
    }
    let message = match (failed, differing) {
        (0, differing) => format!("{} not as this program believes", are(differing)),
        (failed, 0) => format!("{failed} {} failed", plural(failed)),
        (failed, differing) => format!(
            "{failed} {} failed, and {} not as this program believes",
            plural(failed),
            are(differing)
        ),
    };
    let report = Report::new(first.map_or(Kind::Service, |check| check.kind), message);
    let hint = if differing > 0 {
        "the report says what each means; please send it with an issue of the program: nothing in it is secret"
    } else {
        "the report says what each means and what to do"
    };
    Err(report.details(details).hint(hint).into())
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "check" } else { "checks" }
}

fn are(count: usize) -> String {
    if count == 1 {
        "1 thing is".to_owned()
    } else {
        format!("{count} things are")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(findings: &mut Findings, id: &'static str, kind: Kind) {
        findings.failed(id, &Report::new(kind, "no"));
    }

    fn differs(findings: &mut Findings, id: &'static str) {
        findings.differs(id, "seen", "means", "advice");
    }

    fn error_of(findings: Findings) -> Report {
        Report::of(&conclude(&findings.into_checks("why")).unwrap_err())
    }

    #[test]
    fn the_error_names_what_failed_and_what_differs_and_has_the_code_of_the_first_failure() {
        let mut both = Findings::default();
        both.ok("settings", "seen");
        failed(&mut both, "keys", Kind::Credentials);
        differs(&mut both, "path");
        let report = error_of(both);
        assert_eq!(report.kind, Kind::Credentials);
        assert_eq!(
            report.message,
            "1 check failed, and 1 thing is not as this program believes"
        );
        assert_eq!(report.details, ["failed: keys", "differs: path"]);
        assert!(report.hint.unwrap().contains("send it"));

        let mut failures = Findings::default();
        failed(&mut failures, "connection", Kind::Network);
        failed(&mut failures, "certificates", Kind::Other);
        let report = error_of(failures);
        assert_eq!((report.kind, &*report.message), (Kind::Other, "2 checks failed"));
        assert_eq!(report.details, ["failed: certificates, connection"]);
        assert!(!report.hint.unwrap().contains("send it"));

        let mut differences = Findings::default();
        differs(&mut differences, "path");
        differs(&mut differences, "rdb");
        let report = error_of(differences);
        assert_eq!(report.kind, Kind::Service);
        assert_eq!(report.message, "2 things are not as this program believes");
        assert_eq!(report.details, ["differs: path, RDB file"]);

        assert!(conclude(&Findings::default().into_checks("why")).is_ok());
    }

    #[test]
    fn a_failure_means_what_its_details_say_and_its_hint_is_what_to_do() {
        let mut findings = Findings::default();
        failed(&mut findings, "keys", Kind::Credentials);
        let hint = "look there; 'jdredis doctor' tells more";
        let report = Report::with_hint(Kind::Network, "no", hint).details(vec!["a".to_owned(), "b".to_owned()]);
        findings.failed("connection", &report);
        let checks = findings.into_checks("why");
        let of = |id| {
            let check = checks.iter().find(|check| check.id == id).unwrap();
            (check.means.as_deref(), check.advice.as_deref())
        };
        assert_eq!(of("keys"), (None, None));
        assert_eq!(of("connection"), (Some("a; b"), Some("look there")));
    }
}
