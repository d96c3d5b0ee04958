//! `archive sync` where no connection can be made to a storage host: it is told once and not tried for each backup.

use jdredis_sandbox::{Authority, Certificate, Delivery, Proxy, ProxyMode, Reply};
use serde_json::Value;

use super::fleet::{Fleet, NORTH};
use crate::support::{Outcome, sandbox_builder};

/// How many instances there are whose storage cannot be reached, and how many backups each has.
const INSTANCES: usize = 3;
const BACKUPS: i64 = 30;
/// Fewer than all of them: what was begun before the host was given up, with room for a slow machine.
const FEW: usize = 50;

/// A fleet of many backups; each of its files is small.
fn fleet(fleet: Fleet) -> Fleet {
    let hours: Vec<i64> = (1..=BACKUPS).collect();
    for number in 0..INSTANCES {
        fleet.add(NORTH, &format!("redis-lost{number}"), &hours);
    }
    fleet
}

/// Checks that a sync tells of each backup that was not fetched, in its rows and in `runs.jsonl`, and once of the host.
#[track_caller]
fn tells_once_of_all(fleet: &Fleet, outcome: &Outcome, cause: &str) {
    let document: Value = serde_json::from_str(outcome.data_with(7)).unwrap_or_else(|_| panic!("{outcome:#?}"));
    let rows = document["instances"].as_array().unwrap();
    let lost: Vec<&Value> = rows
        .iter()
        .filter(|row| row["instance"].as_str().unwrap().contains("lost"))
        .collect();
    assert_eq!(lost.len(), INSTANCES);
    for row in lost {
        let reason = row["reason"].as_str().unwrap();
        assert_eq!(row["state"], "incomplete");
        assert!(reason.contains(&format!("(and {} more)", BACKUPS - 1)), "{reason}");
        assert!(reason.contains(cause), "{reason}");
        let folder = fleet.dir().join(NORTH).join(row["instance"].as_str().unwrap());
        let memory: Value = serde_json::from_slice(&std::fs::read(folder.join("instance.json")).unwrap()).unwrap();
        assert_eq!(
            memory["missing"].as_array().unwrap().len(),
            usize::try_from(BACKUPS).unwrap()
        );
    }
    let warnings: Vec<&str> = outcome
        .stderr
        .lines()
        .filter(|line| line.contains("backups were not tried"))
        .collect();
    assert_eq!(warnings.len(), 1, "{outcome:#?}");
    assert!(warnings[0].contains(cause), "{outcome:#?}");
}

/// How often the links of a backup were asked for.
fn calls_for_links(fleet: &Fleet) -> usize {
    let requests = fleet.sandbox.requests();
    let is_for_links = |target: &str| target.contains("/backup%3A") || target.contains("/backup:");
    requests.iter().filter(|request| is_for_links(&request.target)).count()
}

#[test]
fn a_certificate_that_is_not_trusted_is_met_by_few_backups_and_told_once() {
    let identity = Authority::new().issue(Certificate::Good);
    let fleet = fleet(Fleet::of(
        sandbox_builder().object_size(2_000).tls(identity).also_http(),
    ));
    let plain = fleet.sandbox.endpoint().replace("https://", "http://");
    let run = fleet
        .sync_over_https(&["-o", "json", "-q", "--parallel", "2"])
        .env("JDREDIS_ENDPOINT", &plain);
    let outcome = run.run();
    tells_once_of_all(&fleet, &outcome, "no authority that this machine trusts");
    assert!(calls_for_links(&fleet) < FEW, "{}", calls_for_links(&fleet));
    assert!(fleet.sandbox.connections() < FEW, "{}", fleet.sandbox.connections());
}

#[test]
fn a_proxy_that_refuses_is_asked_for_few_backups() {
    let fleet = fleet(Fleet::new());
    let proxy = Proxy::start(ProxyMode::Status(403)).unwrap();
    let link = |name: &str| format!("http://storage.invalid/{name}?X-Amz-Signature=0");
    for number in 0..INSTANCES {
        let id = format!("redis-lost{number}");
        links_of(&fleet, &id, &link(&id));
    }
    let outcome = fleet
        .sync_over_https(&["-o", "json", "-q", "--parallel", "2"])
        .env("https_proxy", &proxy.url())
        .run();
    tells_once_of_all(&fleet, &outcome, "403");
    assert!(proxy.connections() < FEW, "{}", proxy.connections());
    assert!(calls_for_links(&fleet) < FEW, "{}", calls_for_links(&fleet));
}

#[test]
fn a_host_that_stays_unreachable_is_given_up_after_the_timeout_and_other_hosts_are_not() {
    let fleet = fleet(Fleet::new());
    let closed = Proxy::start(ProxyMode::Refuse).unwrap();
    for number in 0..INSTANCES {
        let id = format!("redis-lost{number}");
        links_of(&fleet, &id, &format!("{}/{id}?X-Amz-Signature=0", closed.url()));
    }
    fleet.add(NORTH, "redis-well", &[1, 2, 3]);
    let outcome = fleet
        .sync(&[
            "-o",
            "json",
            "-q",
            "--parallel",
            "1",
            "--timeout",
            "1",
            "--max-attempts",
            "2",
        ])
        .run();
    tells_once_of_all(&fleet, &outcome, &closed.url());
    assert!(calls_for_links(&fleet) < FEW + 3, "{}", calls_for_links(&fleet));
    assert_eq!(fleet.base_ids(), ["redis-well-1", "redis-well-2", "redis-well-3"]);
}

#[test]
fn a_policy_takes_no_other_backups_from_a_host_that_was_given_up() {
    let fleet = fleet(Fleet::new());
    let closed = Proxy::start(ProxyMode::Refuse).unwrap();
    for number in 0..INSTANCES {
        let id = format!("redis-lost{number}");
        links_of(&fleet, &id, &format!("{}/{id}?X-Amz-Signature=0", closed.url()));
    }
    let args = ["-q", "--timeout", "1", "--max-attempts", "2", "--keep-last", "1"];
    let outcome = fleet.sync(&args).run();
    outcome.data_with(7);
    outcome.says(&["3 of 3 instances lack something", &closed.url()]);
    assert!(calls_for_links(&fleet) < FEW, "{}", calls_for_links(&fleet));
}

#[test]
fn a_file_that_its_host_does_not_answer_for_costs_the_others_of_that_host_nothing() {
    let fleet = Fleet::new();
    // The newest backups come first.
    fleet.add(NORTH, "redis-mute", &[1]);
    fleet.add(NORTH, "redis-well", &[2, 3, 4]);
    let stall = vec![Delivery::reply(Reply::stall()); 4];
    fleet.sandbox.deliver("redis-mute", stall);
    let args = ["--parallel", "1", "--timeout", "1", "--max-attempts", "3"];
    let outcome = fleet.sync(&args).run();
    outcome.data_before_failure(7, &["redis-mute", "3 times in a row"]);
    assert_eq!(fleet.base_ids(), ["redis-well-2", "redis-well-3", "redis-well-4"]);
}

fn links_of(fleet: &Fleet, instance: &str, link: &str) {
    let body = format!(r#"{{"requestId":"r","result":{{"downloadUrls":[{{"name":"node 0","link":"{link}"}}]}}}}"#);
    fleet
        .sandbox
        .always_for(&format!("/{instance}/backup%3A"), Reply::json(200, body));
}
