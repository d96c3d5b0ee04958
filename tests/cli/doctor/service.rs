//! What `doctor` says of the service: signature, token, clock, permissions, lists, filters and policies.

use jdredis_sandbox::{Difference, Reply};
use serde_json::{Value, json};

use super::{BACKUP, Cloud, findings, pair, seen, states};
use crate::support::{ACCESS_KEY, SECRET_KEY, TOKEN, for_each};

#[test]
fn each_way_in_which_the_service_differs_is_reported_as_exactly_that() {
    let cases = [
        (Difference::ColonInPath, "path", "%3A"),
        (
            Difference::FewerRegions,
            "regions",
            "known here and not offered: cn-east-1",
        ),
        (Difference::MoreRegions, "regions", "not known here: cn-west-9"),
        (Difference::NoTotal, "counts", "backups: totalCount 0, entries 10"),
        (Difference::NumbersAsText, "forms", "backups[].backupSize is text"),
        (
            Difference::TimesWithoutOffset,
            "forms",
            "backupStartTime is written 9999-99-99 99:99:99",
        ),
        (
            Difference::ShortPages,
            "pages",
            "5 entries came where 10 were asked for",
        ),
        (Difference::TimesRefused, "timeFilter", "are refused"),
        (
            Difference::TimesIgnored,
            "timeFilter",
            "backups of other times are listed as well",
        ),
        (
            Difference::WholeNames,
            "nameFilter",
            "a part of a name does not find its instance",
        ),
        (Difference::WeekdaysOfChina, "policy", "the days count in +0800"),
        (
            Difference::FewerLinks,
            "links",
            "0 entries, 0 usable links, 0 objects, for 1 shards",
        ),
    ];
    for_each(cases, |(difference, id, said)| {
        let cloud = Cloud::with(|builder| builder.also_http().differing(difference));
        let outcome = cloud.doctor(&["-o", "json"]);
        assert_eq!(outcome.code, Some(6), "{difference:?}: {outcome:#?}");
        assert_eq!(
            findings(&outcome),
            pair(id, "differs"),
            "{difference:?}: {}",
            outcome.stdout
        );
        assert!(
            seen(&outcome, id).contains(said),
            "{difference:?}: {}",
            seen(&outcome, id)
        );
        assert!(
            outcome.stderr.contains("1 thing is not as this program believes"),
            "{outcome:#?}"
        );
    });
}

#[test]
fn times_without_an_offset_that_are_not_chinas_are_a_second_difference() {
    let cloud = Cloud::with(|builder| builder.also_http().differing(Difference::TimesInUtcWithoutOffset));
    let outcome = cloud.doctor(&["-o", "json"]);
    let found: Vec<String> = findings(&outcome).into_iter().map(|(id, _)| id).collect();
    // The filter is asked for a moment that is eight hours off.
    assert_eq!(found, ["forms", "offsets", "timeFilter"], "{}", outcome.stdout);
    assert!(
        seen(&outcome, "offsets").contains("are -8 h from the file's name"),
        "{}",
        seen(&outcome, "offsets")
    );
    let cloud = Cloud::with(|builder| builder.also_http().differing(Difference::TimesWithoutOffset));
    let outcome = cloud.doctor(&["--base-id", BACKUP.1, "-o", "json"]);
    assert!(
        seen(&outcome, "offsets").contains("+08:00 is meant"),
        "{}",
        seen(&outcome, "offsets")
    );
}

#[test]
fn an_odd_answer_is_a_difference_of_its_own_check() {
    const NO_DATA: &str = r#"{"code":500,"message":"no"}"#;
    const NO_TEXT: &str = r#"{"availableRegions":["\ud800"]}"#;
    for (target, result, id) in [
        ("backupPolicy", NO_DATA, "policy"),
        ("describeDownloadUrl", NO_DATA, "links"),
        ("availableRegion", NO_DATA, "regions"),
        ("availableRegion", NO_TEXT, "regions"),
    ] {
        let cloud = Cloud::sound();
        let odd = Reply::json(200, format!(r#"{{"requestId":"r","result":{result}}}"#));
        cloud.sandbox.script_for(target, vec![odd]);
        let outcome = cloud.doctor(&["-o", "json"]);
        let found: Vec<String> = findings(&outcome).into_iter().map(|(id, _)| id).collect();
        assert_eq!(found, [id], "{}", outcome.stdout);
        assert_eq!(outcome.code, Some(6), "{target}");
    }
}

#[test]
fn a_policy_that_contradicts_itself_is_a_difference() {
    const NEXT: &str = "2021-07-18T17:00:00Z~2021-07-18T18:00:00Z";
    for (days, window, next, said) in [
        (
            "",
            "",
            NEXT,
            "automatic backup seems off, and the next one is at 2021-07-18T17:00:00Z",
        ),
        ("Tuesday", "10:00-11:00 +0000", NEXT, "which is within no reading of it"),
        ("Montag", "10:00-11:00 +0000", NEXT, "are not of the documented form"),
        ("Mon,Foo", "10:00-11:00 +0000", "", "are not of the documented form"),
        ("Monday", "10:00-11:00", "", "are not of the documented form"),
    ] {
        let cloud = Cloud::sound();
        let result = json!({"backupPeriod": days, "backupTime": window, "nextBackupTime": next});
        let reply = Reply::json(200, json!({"requestId": "r", "result": result}).to_string());
        cloud.sandbox.script_for("backupPolicy", vec![reply]);
        let outcome = cloud.doctor(&["-o", "json"]);
        assert_eq!(findings(&outcome), pair("policy", "differs"), "{}", outcome.stdout);
        assert!(seen(&outcome, "policy").contains(said), "{}", seen(&outcome, "policy"));
    }
}

#[test]
fn another_instances_policy_is_looked_at_where_the_first_tells_nothing() {
    let cloud = Cloud::sound();
    let outcome = cloud.run().args(["-o", "json"]).run();
    outcome.data();
    // redis-odd is off, redis-cluster1 is daily, and redis-1234 has days.
    assert!(seen(&outcome, "instance").starts_with("redis-odd"));
    assert!(
        seen(&outcome, "policy").starts_with("redis-1234: on, Wed,Sun"),
        "{}",
        seen(&outcome, "policy")
    );
    let asked = cloud.sandbox.requests();
    let asked = asked
        .iter()
        .filter(|request| request.target.contains("backupPolicy"))
        .count();
    assert_eq!(asked, 3);
}

#[test]
fn the_form_of_a_token_that_works_is_found_and_used_for_the_rest() {
    for (difference, expected, said) in [
        (None, vec![], "accepted in base64"),
        (
            Some(Difference::RawToken),
            pair("token", "differs"),
            "refused in base64, accepted raw",
        ),
    ] {
        let cloud = Cloud::with(|builder| {
            let builder = builder.also_http().keys(ACCESS_KEY, SECRET_KEY, Some(TOKEN));
            difference.map_or(builder.clone(), |difference| builder.differing(difference))
        });
        let run = cloud.run().env("JDCLOUD_SECURITY_TOKEN", TOKEN);
        let outcome = run.args(["--instance", BACKUP.0, "-o", "json"]).run();
        assert_eq!(findings(&outcome), expected, "{}", outcome.stdout);
        assert_eq!(seen(&outcome, "token"), said);
        let keys = seen(&outcome, "keys");
        assert!(keys.contains("security token (JDCLOUD_SECURITY_TOKEN)"), "{keys}");
        assert_eq!(states(&outcome)["rdb"], "ok");
    }
}

/// A service that is overloaded, or an answer that does not come, says nothing of the keys.
#[test]
fn keys_and_a_token_are_called_accepted_only_where_the_service_has_accepted_them() {
    let overloaded = || Reply::error(503, "UNAVAILABLE", "try again later");
    let refused = || Reply::error(401, "ACCESS_ERROR", "token is wrong [gw]");
    for (replies, signature, token) in [
        (vec![Reply::close()], "failed", "skipped"),
        (vec![refused(), Reply::close()], "failed", "skipped"),
        (vec![refused(), overloaded()], "failed", "skipped"),
        // The calls after the first one are answered.
        (vec![overloaded()], "ok", "ok"),
    ] {
        let cloud = Cloud::with(|builder| builder.also_http().keys(ACCESS_KEY, SECRET_KEY, Some(TOKEN)));
        cloud.sandbox.script_for("availableRegion", replies.clone());
        let run = cloud.run().env("JDCLOUD_SECURITY_TOKEN", TOKEN);
        let outcome = run.args(["--instance", BACKUP.0, "-o", "json"]).run();
        let states = states(&outcome);
        let found = (states["signature"].as_str(), states["token"].as_str());
        assert_eq!(found, (signature, token), "{replies:?}: {}", outcome.stdout);
    }
    let cloud = Cloud::with(|builder| builder.also_http().keys(ACCESS_KEY, SECRET_KEY, Some(TOKEN)));
    cloud.sandbox.script_for("", vec![overloaded(); 16]);
    let run = cloud.run().env("JDCLOUD_SECURITY_TOKEN", TOKEN);
    let outcome = run.args(["--instance", BACKUP.0, "-o", "json"]).run();
    for id in ["signature", "token", "counts", "forms"] {
        assert_eq!(states(&outcome)[id], "skipped", "{}", outcome.stdout);
    }
    assert!(!seen(&outcome, "keys").contains("accepted"), "{}", outcome.stdout);
    assert_eq!(outcome.code, Some(6), "{outcome:#?}");
}

#[test]
fn a_clock_that_is_wrong_is_reported() {
    let cloud = Cloud::with(|builder| builder.also_http().clock_offset(-300));
    let outcome = cloud.doctor(&["-o", "json"]);
    assert_eq!(findings(&outcome), pair("clock", "differs"), "{}", outcome.stdout);
    assert!(
        seen(&outcome, "clock").starts_with("this machine's is 5 min")
            && seen(&outcome, "clock").ends_with(" ahead of the service's"),
        "{}",
        seen(&outcome, "clock")
    );
}

#[test]
fn keys_of_least_privilege_do_not_fail() {
    let refused = || Reply::error(403, "HTTP_FORBIDDEN", "not authorized to perform [IAM] [gw]");
    for (target, operation, skipped) in [
        ("availableRegion", "describeAvailableRegion (--region all)", "regions"),
        ("cacheInstance?", "describeCacheInstances (instance list ", "nameFilter"),
        ("backup?", "describeBackups (--latest, ", "timeFilter"),
        ("backupPolicy", "describeBackupPolicy (backup policy)", "policy"),
        (
            "backup/newest",
            "describeBackupInfo (the number of files ",
            "permissions",
        ),
    ] {
        let cloud = Cloud::sound();
        cloud.sandbox.script_for(target, vec![refused(); 8]);
        let outcome = cloud.doctor(&["--base-id", BACKUP.1, "-o", "json"]);
        assert_eq!(outcome.code, Some(0), "{operation}: {outcome:#?}");
        let states = states(&outcome);
        assert_eq!(states["permissions"], "skipped", "{operation}");
        assert_eq!(states[skipped], "skipped", "{operation}");
        assert_eq!(states["rdb"], "ok", "{operation}");
        let permissions = seen(&outcome, "permissions");
        let said = format!("5 of 6 reads granted; not permitted: {operation}");
        assert!(permissions.starts_with(&said), "{permissions}");
    }
    let cloud = Cloud::sound();
    cloud.sandbox.script_for("describeDownloadUrl", vec![refused()]);
    let outcome = cloud.doctor(&["-o", "json"]);
    assert_eq!(outcome.code, Some(4), "{outcome:#?}");
    assert_eq!(findings(&outcome), pair("permissions", "failed"));
    // IAM refuses only keys whose signature was accepted.
    let cloud = Cloud::sound();
    cloud.sandbox.script_for("", vec![refused(); 16]);
    let outcome = cloud.doctor(&["--base-id", BACKUP.1, "-o", "json"]);
    assert_eq!(states(&outcome)["signature"], "ok", "{}", outcome.stdout);
    assert_eq!(outcome.code, Some(4), "{outcome:#?}");
}

#[test]
fn a_filter_that_fails_or_finds_others_is_told_from_one_that_differs() {
    let cloud = Cloud::sound();
    let overloaded = Reply::error(503, "UNAVAILABLE", "try again later");
    cloud.sandbox.script_for("startTime", vec![overloaded]);
    let others = json!([
        {"cacheInstanceId": BACKUP.0, "cacheInstanceName": "documented"},
        {"cacheInstanceId": "redis-2", "cacheInstanceName": "other"},
    ]);
    let result = json!({"cacheInstances": others, "totalCount": 2});
    let reply = Reply::json(200, json!({"requestId": "r", "result": result}).to_string());
    cloud.sandbox.script_for("filters.1", vec![reply]);
    let outcome = cloud.doctor(&["-o", "json"]);
    let found = [pair("nameFilter", "differs"), pair("timeFilter", "failed")].concat();
    assert_eq!(findings(&outcome), found, "{}", outcome.stdout);
    assert_eq!(
        seen(&outcome, "nameFilter"),
        "1 instances of other names are listed as well"
    );
}

#[test]
fn an_instance_or_a_backup_that_is_not_there_is_a_failure() {
    let cloud = Cloud::sound();
    let outcome = cloud.run().args(["--instance", "nope", "-o", "json"]).run();
    assert_eq!(
        (outcome.code, findings(&outcome)),
        (Some(3), pair("instance", "failed"))
    );
    let outcome = cloud.doctor(&["--base-id", "nope", "-o", "json"]);
    assert_eq!((outcome.code, findings(&outcome)), (Some(3), pair("links", "failed")));
    let outcome = cloud.run().args(["--base-id", "1234"]).run();
    outcome.fails_saying(2, &["--instance"]);
}

/// An answer may lack every field but the IDs.
#[test]
fn what_no_answer_tells_is_not_called_ok() {
    for (links, found, seen_of_links) in [
        (None, vec![], "1, shards not known"),
        (
            Some(json!([])),
            pair("links", "differs"),
            "0 entries, 0 usable links, 0 objects, for an unknown number of shards",
        ),
    ] {
        let cloud = Cloud::sound();
        let reply = |result: Value| Reply::json(200, json!({"requestId": "r", "result": result}).to_string());
        let listed = json!([{"cacheInstanceId": "another", "shardNumber": 2}, {"cacheInstanceId": BACKUP.0}]);
        let instances = reply(json!({"cacheInstances": listed, "totalCount": 2}));
        let backups = reply(json!({"backups": [{"baseId": BACKUP.1, "backupStatus": 2}], "totalCount": 1}));
        cloud.sandbox.script_for("cacheInstance?", vec![instances; 4]);
        cloud.sandbox.script_for("/backup?", vec![backups; 4]);
        cloud
            .sandbox
            .script_for("/backup/", vec![reply(json!({"baseId": BACKUP.1}))]);
        if let Some(links) = links {
            let links = reply(json!({"downloadUrls": links}));
            cloud.sandbox.script_for("describeDownloadUrl", vec![links]);
        }
        let outcome = cloud.doctor(&["--base-id", BACKUP.1, "-o", "json"]);
        assert_eq!(findings(&outcome), found, "{}", outcome.stdout);
        assert_eq!(states(&outcome)["offsets"], "skipped", "{}", outcome.stdout);
        assert_eq!(seen(&outcome, "links"), seen_of_links);
    }
}

#[test]
fn a_region_without_a_backup_skips_what_needs_one() {
    let cloud = Cloud::sound();
    let page = r#"{"requestId":"r","result":{"cacheInstances":[],"totalCount":0}}"#;
    cloud.sandbox.script_for("cacheInstance?", vec![Reply::json(200, page)]);
    let outcome = cloud.run().args(["-o", "json"]).run();
    outcome.data();
    assert!(seen(&outcome, "instance").contains("no instance is running"));
    assert_eq!(states(&outcome)["rdb"], "skipped");
    let running = |id: &str| json!({"cacheInstanceId": id, "cacheInstanceStatus": "running"});
    let reply = |result: Value| Reply::json(200, json!({"requestId": "r", "result": result}).to_string());
    let list = json!({"cacheInstances": [running("redis-a"), running("redis-b")], "totalCount": 2});
    let failed = json!({"backups": [{"baseId": "1", "backupStatus": 3}], "totalCount": 1});
    cloud.sandbox.script_for("cacheInstance?", vec![reply(list)]);
    cloud.sandbox.script_for("/backup?", vec![reply(failed); 2]);
    let outcome = cloud.run().args(["-o", "json"]).run();
    outcome.data();
    let instance = seen(&outcome, "instance");
    assert!(
        instance.starts_with("none of the first 2 running ones has a backup"),
        "{instance}"
    );
}

#[test]
fn a_total_with_a_fraction_is_a_form_and_no_wrong_count() {
    let cloud = Cloud::sound();
    let list = json!({"cacheInstances": [{"cacheInstanceId": "redis-1234"}], "totalCount": 1.0});
    let reply = Reply::json(200, json!({"requestId": "r", "result": list}).to_string());
    cloud.sandbox.script_for("cacheInstance?", vec![reply.clone(), reply]);
    let outcome = cloud.doctor(&["-o", "json"]);
    assert_eq!(states(&outcome)["counts"], "ok", "{}", outcome.stdout);
    assert!(seen(&outcome, "forms").contains("totalCount"), "{}", outcome.stdout);
}
