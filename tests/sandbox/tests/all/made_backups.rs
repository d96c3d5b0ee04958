//! The backups that clients make.

use jdredis_sandbox::{BackupOutcome, Sandbox};

use crate::listings::{column, row, total};
use crate::requests::{ask_for, get};
use crate::serving::assert_failure;

/// Makes a backup and returns its base ID.
fn make(sandbox: &Sandbox, instance: &str, file_name: &str) -> String {
    let body = format!(r#"{{"fileName":"{file_name}","backupType":1}}"#);
    let answer = ask_for(
        sandbox,
        "POST",
        "cn-north-1",
        &format!("/cacheInstance/{instance}/backup"),
        &body,
    );
    assert_eq!(answer.status, 200, "{answer:?} {:#?}", sandbox.refusals());
    answer.json()["result"]["baseId"]
        .as_str()
        .expect("baseId is text")
        .to_owned()
}

#[test]
fn a_made_backup_ends_after_the_set_number_of_listings() {
    let cases = [
        (None, "0 2 2"),
        (Some(BackupOutcome::Success { after_polls: 0 }), "2 2 2"),
        (Some(BackupOutcome::Success { after_polls: 2 }), "0 0 2"),
        (Some(BackupOutcome::Failure { after_polls: 1 }), "0 1 1"),
        (Some(BackupOutcome::Never), "0 0 0"),
    ];
    for (outcome, expected) in cases {
        let sandbox = Sandbox::start();
        outcome.into_iter().for_each(|outcome| sandbox.next_backup(outcome));
        let base_id = make(&sandbox, "redis-cluster1", "mine");
        let others = make(&sandbox, "redis-cluster1", "another");
        let list = |query: &str| get(&sandbox, &format!("/cacheInstance/redis-cluster1/backup?{query}"));
        // This listing does not contain the backup, so it does not count.
        assert_eq!(total(&list("baseId=9")), 0);
        let status = |_| column(&list(&format!("baseId={base_id}")), "backups", "backupStatus").join(",");
        assert_eq!(
            (0..3).map(status).collect::<Vec<_>>().join(" "),
            expected,
            "{outcome:?}"
        );
        let everything = list("");
        assert_eq!(
            column(&everything, "backups", "baseId")[1..],
            [base_id.clone(), others.clone()]
        );
        // The outcome was for the first only.
        assert_eq!(row(&everything, "backups", "baseId", &others)["backupStatus"], 0);
        let ended = row(&list(""), "backups", "baseId", &others);
        assert_eq!(ended["backupSize"], 1_200_000);
        assert_eq!(
            ended["backupStartTime"].to_string().len(),
            "'2021-07-14T07:36:57Z'".len(),
            "{ended}"
        );
        let links = get(
            &sandbox,
            &format!("/cacheInstance/redis-cluster1/backup%3AdescribeDownloadUrl?baseId={base_id}"),
        );
        assert_eq!(
            links.status,
            if expected.ends_with('2') { 200 } else { 404 },
            "{links:?}"
        );
        // Elsewhere there is no such backup.
        assert_eq!(
            total(&get(
                &sandbox,
                &format!("/cacheInstance/redis-1234/backup?baseId={base_id}")
            )),
            0
        );
    }
}

#[test]
fn only_good_requests_make_a_backup() {
    let sandbox = Sandbox::start();
    let invalid = Err((400, "INVALID_ARGUMENT"));
    let longest = format!(r#"{{"fileName":"{}","backupType":1}}"#, "x".repeat(32));
    let too_long = longest.replace("xx", "xxx");
    let cases = [
        ("redis-1234", r#"{"fileName":"A_z9","backupType":1}"#, Ok(())),
        ("redis-1234", &longest, Ok(())),
        ("redis-1234", &too_long, invalid),
        (
            "redis-1234",
            r#"{"fileName":"A_z9","backupType":1}"#,
            Err((409, "ALREADY_EXISTS")),
        ),
        (
            "redis-1234",
            r#"{"fileName":"backup1","backupType":1}"#,
            Err((409, "ALREADY_EXISTS")),
        ),
        ("redis-odd", r#"{"fileName":"backup1","backupType":1}"#, Ok(())),
        ("redis-odd", r#"{"fileName":"","backupType":1}"#, invalid),
        ("redis-odd", r#"{"fileName":"a-b","backupType":1}"#, invalid),
        ("redis-odd", r#"{"fileName":"订单","backupType":1}"#, invalid),
        ("redis-odd", r#"{"backupType":1}"#, invalid),
        ("redis-odd", r#"{"fileName":"b","backupType":0}"#, invalid),
        ("redis-odd", r#"{"fileName":"b"}"#, invalid),
        ("redis-odd", r#"{"fileName":"b","backupType":1"#, invalid),
        ("redis-odd", "[]", invalid),
        ("redis-odd", "", invalid),
        ("redis-9", r#"{"fileName":"b","backupType":1}"#, Err((404, "NOT_FOUND"))),
    ];
    for (instance, body, expected) in cases {
        let path = format!("/cacheInstance/{instance}/backup");
        let answer = ask_for(&sandbox, "POST", "cn-north-1", &path, body);
        match expected {
            Ok(()) => assert_eq!(answer.status, 200, "{body}: {answer:?}"),
            Err((status, name)) => assert_failure(&answer, status, name),
        }
    }
    let first = "/cacheInstance/redis-1234/backup?pageSize=100";
    assert_eq!(total(&get(&sandbox, first)), 12);
    assert_eq!(total(&ask_for(&sandbox, "GET", "cn-south-1", first, "")), 10);
    assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
}
