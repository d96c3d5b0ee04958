//! Retries: the requests that are sent again, their number and their times, counted at the server.

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
fn each_attempt_has_its_own_nonce_and_signature() {
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
    let outcome = Jdredis::at(&sandbox).args(["--timeout", "6"]).url();
    outcome.data();
    assert_eq!(sandbox.requests().len(), 2);
    assert!(outcome.took < Duration::from_secs(6), "{outcome:#?}");
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
    outcome.fails_saying(
        6,
        &["hint: the service asks to wait 2 min 0 s, which is longer than what was left of --timeout"],
    );
    assert_eq!(patient.requests().len(), 1);
    assert!(outcome.took < Duration::from_secs(60), "{outcome:#?}");
    // It is not the time limit that ends a run with a single attempt.
    let single = Jdredis::at(&patient).args(["--max-attempts", "1"]).url();
    single.failure(6);
    assert!(!single.stderr.contains("asks to wait"), "{single:#?}");
}

#[test]
fn retry_after_is_understood_as_a_date_and_from_a_gateway() {
    for reply in [
        Reply::error(503, "UNAVAILABLE", "later").header("Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT"),
        Reply::new(503).body("<html>").header("Retry-After", "120"),
        Reply::new(503).header("Retry-After", "18446744073709551615"),
    ] {
        let sandbox = sandbox();
        sandbox.always(reply);
        Jdredis::at(&sandbox)
            .url()
            .fails_saying(6, &["hint: the service asks to wait "]);
        assert_eq!(sandbox.requests().len(), 1);
    }
    // A `Retry-After` of zero, in the past, or in neither form asks for no wait.
    for value in ["0", "-1", "soon", "Fri, 31 Dec 1999 23:59:59 GMT"] {
        let sandbox = sandbox();
        sandbox.script(vec![
            Reply::error(503, "UNAVAILABLE", "later").header("Retry-After", value),
        ]);
        let outcome = Jdredis::at(&sandbox).url();
        outcome.data();
        assert!(outcome.took < Duration::from_secs(20), "{outcome:#?}");
        assert_eq!(sandbox.requests().len(), 2, "{value}");
    }
}

#[test]
fn a_slow_answer_is_waited_for() {
    let sandbox = sandbox();
    sandbox.always(Reply::then_ok(Duration::from_millis(1200)));
    let outcome = Jdredis::at(&sandbox)
        .args(["--timeout", "4", "--max-attempts", "100"])
        .url();
    outcome.data();
    assert_eq!(sandbox.requests().len(), 1);
}

#[test]
fn the_time_limit_is_for_the_whole_operation() {
    let sandbox = sandbox();
    sandbox.always(Reply::stall());
    let outcome = Jdredis::at(&sandbox).args(["--timeout", "2.5"]).url();
    outcome.fails_saying(5, &["did not answer in time", "--timeout allows for more time"]);
    assert!(outcome.took < Duration::from_secs(20), "{outcome:#?}");
    assert!((1..=3).contains(&sandbox.requests().len()));
}
