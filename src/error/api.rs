//! The reports on failed calls of the service: message and advice.

use std::fmt::Write as _;

use super::{Kind, Report, network};
use crate::api::{self, Effort, ErrorKind, Reason, Refusal, Unexpected};
use crate::config::source::{Facts, Source};
use crate::http::{Failure, Stage};
use crate::terminal::human;
use crate::values::vocabulary;

/// The smallest difference between the clocks that a refused signature is blamed on, in seconds. The service
/// documents no allowance; a minute is less than any allowance known from services of this kind.
const NOTEWORTHY_CLOCK_OFFSET: i64 = 60;

/// The hint after a request to make a backup that may have been carried out.
const MAY_HAVE_HAPPENED: &str = "it is not certain that nothing was done: look with 'jdredis backup list' whether a backup \
                                 was started, and only then try again";

pub(super) fn report(error: &api::Error) -> Report {
    let mut report = match &*error.kind {
        ErrorKind::Refused(refusal) => of_refusal(refusal),
        ErrorKind::Unexpected(unexpected) => of_unexpected(unexpected),
        ErrorKind::Network(error) => network::report(error),
        ErrorKind::NoRandomness(error) => Report::new(Kind::Other, "a request cannot be signed without random bytes")
            .cause(error.to_string())
            .hint("the operating system refused them; run this outside the sandbox or container that forbids it"),
    };
    if let Some(facts) = &error.facts {
        report.details.extend(origins(&error.kind, facts));
    }
    if error.may_have_happened {
        report.hint = Some(MAY_HAVE_HAPPENED.to_owned());
    } else if let Some(wait) = error.asked_to_wait {
        report.hint = Some(format!(
            "the service asks to wait {}, which is longer than what was left of --timeout; try again then",
            human::duration(wait.as_secs())
        ));
    }
    if let Some(Effort { attempts, elapsed }) = error.effort {
        let _ = write!(
            report.message,
            " (after {attempts} attempts in {:.1} s)",
            elapsed.as_secs_f64()
        );
    }
    report
}

/// The sources of the settings that the error may be about, a sentence each.
fn origins(kind: &ErrorKind, facts: &Facts) -> Vec<String> {
    let is_from = |(value, source): &(String, Source), name: &str| match source {
        Source::Default => format!("the {name} {value} is the default"),
        source => format!("the {name} {value} is from {source}"),
    };
    match kind {
        ErrorKind::Network(failure) if is_about_endpoint(failure) => vec![is_from(&facts.endpoint, "endpoint")],
        ErrorKind::Unexpected(unexpected) if !unexpected.is_from_service => {
            vec![is_from(&facts.endpoint, "endpoint")]
        }
        ErrorKind::Refused(refusal) => match refusal.reason {
            Reason::SignatureDiffers | Reason::KeysRefused | Reason::NotPermitted | Reason::Forbidden => {
                keys(facts, refusal.reason)
            }
            Reason::NotFound | Reason::NotOffered | Reason::Other => {
                let from = is_from(&facts.region, "region");
                match vocabulary::nearest_region(&facts.region.0) {
                    Some(nearest) => vec![format!(
                        "{from}; no region of that name is known, the nearest is {nearest}"
                    )],
                    None => vec![from],
                }
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Whether another endpoint could have made a difference.
fn is_about_endpoint(failure: &Failure) -> bool {
    !failure.is_at_proxy && !matches!(failure.stage, Stage::TrustStore { .. } | Stage::NoThread)
}

/// The sources of the keys; and, if the signature is refused, the oddities of the secrets in it.
fn keys(facts: &Facts, reason: Reason) -> Vec<String> {
    let mut from = format!("the access key is from {}", facts.access_key);
    for secret in &facts.secrets {
        let _ = write!(from, ", the {} from {}", secret.name, secret.source);
    }
    let is_about_signing = matches!(reason, Reason::SignatureDiffers | Reason::KeysRefused);
    let odd = facts
        .secrets
        .iter()
        .filter(|secret| is_about_signing && !secret.oddities.is_empty())
        .map(|secret| {
            format!(
                "the {} ({}) {}: look whether that belongs to it",
                secret.name,
                secret.source,
                secret.oddities.join(", ")
            )
        });
    [from].into_iter().chain(odd).collect()
}

fn of_refusal(refusal: &Refusal) -> Report {
    let (kind, message, hint) = match refusal.reason {
        Reason::NotFound => (
            Kind::NotFound,
            "not found at the service",
            "check the region and the IDs: 'jdredis instance list' and 'jdredis backup list' show what there is; JD Cloud \
             keeps a backup for 7 days",
        ),
        Reason::SignatureDiffers | Reason::KeysRefused => (
            Kind::Credentials,
            "the service refuses the keys",
            "check that access key and secret key are a pair, complete and not disabled, and that temporary keys come with \
             their JDCLOUD_SECURITY_TOKEN, not yet expired; -vv shows what was signed, which a proxy on the way may have \
             changed; 'jdredis doctor' narrows it down",
        ),
        Reason::NonceReused => (
            Kind::Credentials,
            "the service has seen the request before",
            "something on the way sends requests twice: look at proxies and gateways",
        ),
        Reason::NotPermitted => (
            Kind::Credentials,
            "the keys are not permitted to do this",
            "ask the account's administrator for an IAM policy that allows the action named in the cause",
        ),
        Reason::Forbidden => (
            Kind::Credentials,
            "the service forbids this",
            "check what the account and its keys are permitted to do",
        ),
        Reason::AlreadyExists => (
            Kind::Service,
            "there is one already",
            "give another --name, or leave it out for one that is new",
        ),
        Reason::Busy => (
            Kind::Service,
            "the service is doing something else with it",
            "wait until that is done: 'jdredis instance list' and 'jdredis backup list' show the status",
        ),
        Reason::WrongState => (
            Kind::Service,
            "the service refused the request in the instance's present state",
            "look at its status with 'jdredis instance list' and 'jdredis backup list', and wait until nothing else is \
             being done with it",
        ),
        Reason::TooLarge => (
            Kind::Service,
            "the request is too large for the service",
            "this should not happen: report the command, without keys",
        ),
        Reason::NotOffered => (
            Kind::Service,
            "the service does not offer this",
            "try another region, or a newer jdredis",
        ),
        Reason::QuotaExceeded => (
            Kind::Service,
            "a quota of the account is used up",
            "ask JD Cloud to raise it; trying again will not help",
        ),
        Reason::TooManyRequests => (
            Kind::Service,
            "the service is asked too often",
            "wait a minute, then run fewer of these at once",
        ),
        Reason::ServiceFailed => (
            Kind::Service,
            "the service failed",
            "try again later; if it stays, report the request ID to JD Cloud",
        ),
        Reason::Other => (
            Kind::Service,
            "the service refused the request",
            "check --region and the IDs against the console; if they are right, report the request ID to JD Cloud",
        ),
    };
    let is_about_permission = refusal.reason == Reason::NotPermitted;
    let clock = refusal.clock_offset.filter(|offset| {
        matches!(refusal.code, 401 | 403) && !is_about_permission && offset.abs() >= NOTEWORTHY_CLOCK_OFFSET
    });
    let mut hint = match clock {
        Some(offset) => format!("{}; else {hint}", clock_hint(offset)),
        None => hint.to_owned(),
    };
    if refusal.code == 403 && refusal.had_token && !is_about_permission {
        hint.push_str(
            "; temporary keys are in use: check that their security token (JDCLOUD_SECURITY_TOKEN) is complete, belongs to \
             them and has not expired",
        );
    }
    Report {
        code: Some(refusal.code),
        status: (!refusal.status.is_empty()).then(|| refusal.status.clone()),
        ..Report::new(kind, message)
            .request_id(refusal.request_id.as_ref())
            .cause(refusal.to_string())
            .hint(hint)
    }
}

fn clock_hint(offset: i64) -> String {
    let direction = if offset > 0 { "ahead of" } else { "behind" };
    format!(
        "this machine's clock is {} {direction} the service's, and a signature is only good for a short time: set the \
         clock (NTP)",
        human::duration(offset.unsigned_abs())
    )
}

fn of_unexpected(unexpected: &Unexpected) -> Report {
    let hint = if unexpected.is_from_service {
        "the service may have changed: try a newer jdredis; else send what 'jdredis doctor' prints, with the request ID"
    } else {
        "a proxy, a gateway or a login page on the way may have answered instead of the service: check the proxy variables \
         and --endpoint"
    };
    Report {
        code: Some(unexpected.http_status),
        ..Report::new(Kind::Service, "the answer is not what the service documents")
            .request_id(unexpected.request_id.as_ref())
            .cause(&unexpected.what)
            .hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Route;

    #[test]
    fn the_endpoint_is_named_where_another_one_could_make_a_difference() {
        let facts = Facts {
            region: ("cn-north-1".to_owned(), Source::Default),
            endpoint: ("http://h".to_owned(), Source::Flag("--endpoint")),
            left_out: None,
            access_key: Source::Variable("K"),
            secrets: Vec::new(),
        };
        let network = |stage, is_at_proxy| {
            ErrorKind::Network(Failure {
                stage,
                is_at_proxy,
                route: Route {
                    origin: "http://h".to_owned(),
                    proxy: None,
                },
                detail: String::new(),
                was_before_sending: true,
            })
        };
        let unexpected = |is_from_service| {
            ErrorKind::Unexpected(Unexpected {
                what: String::new(),
                is_from_service,
                http_status: 200,
                request_id: None,
            })
        };
        for (kind, is_named) in [
            (network(Stage::Dns, false), true),
            (network(Stage::Dns, true), false),
            (network(Stage::NoThread, false), false),
            (network(Stage::TrustStore { is_named: true }, false), false),
            (unexpected(false), true),
            (unexpected(true), false),
        ] {
            let expected = if is_named {
                &["the endpoint http://h is from --endpoint"][..]
            } else {
                &[]
            };
            assert_eq!(origins(&kind, &facts), expected, "{kind:?}");
        }
    }
}
