//! The rows in which a field of an answer is missing or of another type.

use super::MISSHAPEN;
use super::row::{Cmd, Fault, Row};

const NO_LINK: &str = "downloadUrls[0].link is missing";
const NONE_SUCCEEDED: &str = "has no backup that succeeded";
const LINKS: &str = "/result/downloadUrls";
const BACKUPS: &str = "/result/backups";
const INSTANCES: &str = "/result/cacheInstances";

pub(super) fn fields() -> Vec<Row> {
    let mut rows = Vec::new();
    for (pointer, value, expected) in [
        ("", "[1]", "JSON that is not an object"),
        ("", "7", "JSON that is not an object"),
        ("", "\"x\"", "JSON that is not an object"),
        ("", "null", "JSON that is not an object"),
        ("/result", "", "missing field `result`"),
        ("/result", "null", "in its result, invalid type"),
        ("/result", "7", "in its result, invalid type"),
        ("/result", "\"x\"", "in its result, invalid type"),
    ] {
        rows.push(Row::field(pointer, value).fails(6, &[MISSHAPEN, expected]).uncertain());
    }
    rows.push(
        Row::field("/result", "[]")
            .fails(6, &[MISSHAPEN, "in its result, "])
            .uncertain(),
    );

    for (pointer, value, expected) in [
        (LINKS, "", "missing field `downloadUrls`"),
        (LINKS, "{}", "in its result, invalid type"),
        (LINKS, "\"x\"", "in its result, invalid type"),
        (LINKS, "7", "in its result, invalid type"),
        (LINKS, "[7]", "in its result, invalid type"),
        (LINKS, "[null]", "in its result, invalid type"),
        (LINKS, "[{}]", NO_LINK),
        ("/result/downloadUrls/0/link", "null", NO_LINK),
        ("/result/downloadUrls/0/link", "7", NO_LINK),
        ("/result/downloadUrls/0/link", "\"\"", NO_LINK),
        ("/result/downloadUrls/0/link", "\"no link\"", "downloadUrls[0].link "),
    ] {
        rows.push(Row::field(pointer, value).links_fail(6, &[MISSHAPEN, expected]));
    }
    for value in ["[]", "null"] {
        rows.push(Row::field(LINKS, value).links_fail(3, &["the service lists none"]));
    }

    for (pointer, value, expected) in [
        (BACKUPS, "", "its result has no backups"),
        (BACKUPS, "[7]", "in its backups, "),
        (BACKUPS, "[null]", "in its backups, "),
        (BACKUPS, "[{}]", "missing field `baseId`"),
        ("/result/backups/0/baseId", "null", "in its backups, "),
        ("/result/backups/0/baseId", "7", "in its backups, "),
        ("/result/backups/0/baseId", "\"a/b\"", "in its backups, "),
    ] {
        rows.push(Row::field(pointer, value).backups_fail(6, &[MISSHAPEN, expected]));
    }
    // Of a field that is not the ID no more is lost than the field.
    rows.push(
        Row::field("/result/backups/0/backupSize", "\"x\"").with(&[Cmd::Latest, Cmd::List], |ending| {
            ending.says.push("backupSize of backup 1234 cannot be read");
        }),
    );
    rows.push(
        Row::field("/result/backups/0/backupStatus", "{}")
            .hits(
                &[Cmd::Latest],
                3,
                &[NONE_SUCCEEDED, "1 with no status that can be read"],
            )
            .with(&[Cmd::List], |ending| {
                ending.says.push("backupStatus of backup 1234 cannot be read");
            }),
    );
    rows.push(
        Row::field("/result/backups/0/backupStartTime", "7")
            .hits(&[Cmd::Latest], 6, &["the newest backup is not known", "backup 1234"])
            .with(&[Cmd::List], |ending| {
                ending.says.push("the start of backup 1234 cannot be read")
            }),
    );
    for value in ["{}", "7"] {
        rows.push(Row::field(BACKUPS, value).backups_fail(6, &[MISSHAPEN, "in its result, "]));
        rows.push(Row::field(INSTANCES, value).hits(&[Cmd::Instances], 6, &[MISSHAPEN, "in its result, "]));
    }
    rows.push(
        Row::field("/result/totalCount", "\"many\"").with(&[Cmd::Latest, Cmd::List, Cmd::Instances], |ending| {
            ending.says.push("totalCount of the service's ");
        }),
    );
    for (pointer, value, expected) in [
        (INSTANCES, "", "its result has no cacheInstances"),
        (INSTANCES, "[7]", "in its cacheInstances, "),
        (INSTANCES, "[null]", "in its cacheInstances, "),
        (INSTANCES, "[{}]", "missing field `cacheInstanceId`"),
        (
            "/result/cacheInstances/0/cacheInstanceId",
            "null",
            "in its cacheInstances, ",
        ),
    ] {
        rows.push(Row::field(pointer, value).hits(&[Cmd::Instances], 6, &[MISSHAPEN, expected]));
    }
    for (pointer, value, said) in [
        (
            "/result/cacheInstances/0/shardNumber",
            "\"x\"",
            "shardNumber of instance redis-1234 cannot be read",
        ),
        (
            "/result/cacheInstances/0/port",
            "70000",
            "port of instance redis-1234 cannot be read",
        ),
    ] {
        rows.push(Row::field(pointer, value).with(&[Cmd::Instances], |ending| ending.says.push(said)));
    }
    for (value, expected) in [
        ("", "missing field `baseId`"),
        ("null", "in its result, invalid type"),
        ("7", "in its result, invalid type"),
        ("\"\"", "in its result, "),
        ("\"a/b\"", "in its result, "),
    ] {
        rows.push(
            Row::field("/result/baseId", value)
                .hits(&[Cmd::Create], 6, &[MISSHAPEN, expected])
                .uncertain(),
        );
    }
    rows.push(
        Row::field(BACKUPS, "null")
            .hits(&[Cmd::Latest], 3, &[NONE_SUCCEEDED])
            .with(&[Cmd::List], |ending| ending.says.push("the service counts 1")),
    );
    rows.push(Row::field(INSTANCES, "null"));
    rows.push(
        Row::new(
            "null in every field that may be one",
            Fault::Fields(OPTIONAL.map(|pointer| (pointer, "null")).to_vec()),
        )
        .hits(&[Cmd::Latest], 3, &[NONE_SUCCEEDED]),
    );
    rows.push(
        Row::new(
            "every field missing that may be",
            Fault::Fields(OPTIONAL.map(|pointer| (pointer, "")).to_vec()),
        )
        .hits(&[Cmd::Latest], 3, &[NONE_SUCCEEDED]),
    );
    rows
}

/// Every documented field that may be missing.
const OPTIONAL: [&str; 20] = [
    "/requestId",
    "/result/totalCount",
    "/result/downloadUrls/0/name",
    "/result/downloadUrls/0/internalLink",
    "/result/backups/0/backupFileName",
    "/result/backups/0/cacheInstanceId",
    "/result/backups/0/backupStartTime",
    "/result/backups/0/backupEndTime",
    "/result/backups/0/backupType",
    "/result/backups/0/backupSize",
    "/result/backups/0/backupStatus",
    "/result/backups/0/backupShardNum",
    "/result/cacheInstances/0/cacheInstanceName",
    "/result/cacheInstances/0/cacheInstanceType",
    "/result/cacheInstances/0/redisVersion",
    "/result/cacheInstances/0/cacheInstanceMemoryMB",
    "/result/cacheInstances/0/shardNumber",
    "/result/cacheInstances/0/cacheInstanceStatus",
    "/result/cacheInstances/0/connectionDomain",
    "/result/cacheInstances/0/port",
];
