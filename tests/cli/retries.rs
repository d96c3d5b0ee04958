//! What is sent again, how often and when: counted at the server.

use std::collections::HashSet;
use std::time::Duration;

use jdredis_sandbox::{Reply, Sandbox};

use crate::support::{Jdredis, sandbox};

fn header_of_each(sandbox: &Sandbox, name: &str) -> Vec<String> {
    sandbox
        .requests()
        .iter()
        .map(|request| request.header(name).unwrap().to_owned())
        .collect()
}

#[test]
fn what_passes_is_sent_again_with_its_own_nonce_and_signature() {
    for (code, status) in [
        (429, "RATE_LIMIT"),
        (429, "HTTP_RATE_LIMIT_EXCEEDED"),
        (500, "UNKNOWN"),
        (500, "INTERNAL"),
        (502, "SOURCE_UNAVAILABLE"),
        (503, "UNAVAILABLE"),
        (504, "HTTP_SERVER_TIMING_OUT"),
    ] {
        let sandbox = sandbox();
        sandbox.script(vec![
            Reply::error(code, status, "busy").verified(),
            Reply::error(code, status, "busy").verified(),
        ]);
        let outcome = Jdredis::at(&sandbox).url();
        outcome.data();
        assert_eq!(sandbox.requests().len(), 3, "{code} {status}");
        assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
        for name in ["x-jdcloud-nonce", "authorization"] {
            let values: HashSet<_> = header_of_each(&sandbox, name).into_iter().collect();
            assert_eq!(values.len(), 3, "{name}");
        }
        // 250 ms and 500 ms at least.
        assert!(outcome.took >= Duration::from_millis(750), "{outcome:#?}");
    }
}

#[test]
fn a_used_nonce_is_replaced_by_a_new_one() {
    let sandbox = sandbox();
    sandbox.script(vec![Reply::error(
        403,
        "HTTP_FORBIDDEN",
        "please use different noncestr [gw]",
    )]);
    Jdredis::at(&sandbox).url().data();
    assert_eq!(sandbox.requests().len(), 2);
}

#[test]
fn the_number_of_attempts_is_bounded_and_told() {
    for (attempts, flag) in [(3, None), (1, Some("1")), (2, Some("2"))] {
        let sandbox = sandbox();
        sandbox.always(Reply::error(503, "UNAVAILABLE", "busy"));
        let outcome = Jdredis::at(&sandbox)
            .args(flag.into_iter().flat_map(|n| ["--max-attempts", n]))
            .url();
        outcome.fails_saying(6, &["the service failed", "503 UNAVAILABLE: busy"]);
        assert_eq!(sandbox.requests().len(), attempts);
        assert_eq!(
            outcome.stderr.contains(&format!("after {attempts} attempts")),
            attempts > 1,
            "{outcome:#?}"
        );
    }
}

#[test]
fn a_gateways_page_is_retried_by_its_status() {
    let sandbox = sandbox();
    sandbox.script(vec![Reply::new(502).body("<html>Bad Gateway</html>"), Reply::new(504)]);
    Jdredis::at(&sandbox).url().data();
    assert_eq!(sandbox.requests().len(), 3);
}

#[test]
fn broken_connections_are_retried() {
    let sandbox = sandbox();
    sandbox.script(vec![Reply::close(), Reply::reset()]);
    Jdredis::at(&sandbox).url().data();
    assert_eq!(sandbox.requests().len(), 3);
}

#[test]
fn a_stalled_attempt_leaves_time_for_the_next() {
    let sandbox = sandbox();
    sandbox.script(vec![Reply::stall()]);
    let outcome = Jdredis::at(&sandbox).args(["--timeout", "3"]).url();
    outcome.data();
    assert_eq!(sandbox.requests().len(), 2);
    assert!(outcome.took < Duration::from_secs(3), "{outcome:#?}");
}

#[test]
fn retry_after_is_waited_for_within_the_deadline() {
    let sandbox = sandbox();
    sandbox.script(vec![
        Reply::error(429, "RATE_LIMIT", "slow down").header("Retry-After", "1"),
    ]);
    let outcome = Jdredis::at(&sandbox).url();
    outcome.data();
    assert!(outcome.took >= Duration::from_secs(1), "{outcome:#?}");

    let patient = crate::support::sandbox();
    patient.always(Reply::error(503, "UNAVAILABLE", "later").header("Retry-After", "120"));
    let outcome = Jdredis::at(&patient).url();
    outcome.fails_saying(6, &["hint: try again in 120 s, as the service asks"]);
    assert_eq!(patient.requests().len(), 1);
    assert!(outcome.took < Duration::from_secs(5), "{outcome:#?}");
}

#[test]
fn the_time_limit_is_for_the_whole_operation() {
    let sandbox = sandbox();
    sandbox.always(Reply::stall());
    let outcome = Jdredis::at(&sandbox).args(["--timeout", "1.5"]).url();
    outcome.fails_saying(5, &["did not answer in time", "--timeout allows for more time"]);
    assert!(outcome.took < Duration::from_millis(2500), "{outcome:#?}");
    assert!((1..=3).contains(&sandbox.requests().len()));
}
