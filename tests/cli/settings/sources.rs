//! Errors that name where a setting came from, what is odd about a secret, and variables that look like those that
//! are read.

use jdredis_sandbox::Reply;

use super::{profile, without_region};
use crate::support::{ACCESS_KEY, Jdredis, SECRET_KEY, TOKEN, sandbox};

#[test]
fn the_message_without_keys_names_the_places_that_were_searched() {
    let outcome = Jdredis::bare().url();
    outcome.fails_saying(
        4,
        &[
            "no keys to sign with were found",
            ".jdc/config does not exist",
            "hint: set JDCLOUD_ACCESS_KEY and JDCLOUD_SECRET_KEY",
        ],
    );
}

#[test]
fn half_a_key_pair_names_the_missing_half() {
    for (present, missing) in [
        ("JDCLOUD_ACCESS_KEY", "JDCLOUD_SECRET_KEY"),
        ("JDCLOUD_SECRET_KEY", "JDCLOUD_ACCESS_KEY"),
        ("JDCLOUD_SECURITY_TOKEN", "JDCLOUD_ACCESS_KEY"),
    ] {
        let run = Jdredis::bare()
            .env(present, TOKEN)
            .env(missing, "")
            .file(".jdc/config", profile("default", "a", "b", ""));
        run.url().fails_saying(
            4,
            &[
                &format!("{present} is set, but {missing} is not"),
                &format!("hint: set {missing}"),
            ],
        );
    }
}

#[test]
fn an_error_names_the_source_of_the_endpoint() {
    let sandbox = sandbox();
    let run = || Jdredis::at(&sandbox).args(["--max-attempts", "1"]);
    let config = profile("default", "AK", "SK", "endpoint = 127.0.0.1:1\nscheme = http");
    for (run, source) in [
        (run().args(["--endpoint", "http://127.0.0.1:1"]), "--endpoint"),
        (run().env("JDREDIS_ENDPOINT", "http://127.0.0.1:1"), "JDREDIS_ENDPOINT"),
        (
            run().without_env("JDREDIS_ENDPOINT").file(".jdc/config", config),
            "endpoint in profile [default] of ",
        ),
    ] {
        let text = format!("the endpoint http://127.0.0.1:1 is from {source}");
        run.url().fails_saying(5, &[&text]);
    }
    // If another program answers, the endpoint may be wrong, too.
    sandbox.always(Reply::new(200).body("<html>"));
    run().url().fails_saying(6, &["is from JDREDIS_ENDPOINT"]);
}

#[test]
fn an_error_names_the_source_of_the_region() {
    let sandbox = sandbox();
    sandbox.always(Reply::error(404, "NOT_FOUND", "no such instance"));
    let config = profile("default", ACCESS_KEY, SECRET_KEY, "region_id = cn-south-1");
    let run = || {
        Jdredis::at(&sandbox)
            .file(".jdc/config", &config)
            .args(without_region())
    };
    for (run, text) in [
        (
            run().args(["--region", "cn-north-1"]),
            "the region cn-north-1 is from --region",
        ),
        (
            run().env("JDCLOUD_REGION", "cn-east-2"),
            "the region cn-east-2 is from JDCLOUD_REGION",
        ),
        (
            run(),
            "the region cn-south-1 is from region_id in profile [default] of ",
        ),
    ] {
        run.run().fails_saying(3, &[text]);
    }
    let error = run().args(["-o", "json"]).run().error_object(3);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("is from region_id in profile"),
        "{error}"
    );
}

#[test]
fn a_refused_signature_names_the_oddities_and_the_source_of_the_secret() {
    let sandbox = sandbox();
    let run = |secret: &str| Jdredis::at(&sandbox).env("JDCLOUD_SECRET_KEY", secret).url();
    for (secret, facts) in [
        ("\"canarycanary\"", "has quotes: "),
        ("canary canary", "has an inner space: "),
        ("canary#canary", "has a '#': "),
        ("canarycanary%", "ends with '%': "),
        ("canarycanаry", "has a character that is not ASCII: "),
        (
            "'canary canaryé#%",
            "has quotes, has an inner space, has a '#', ends with '%', has a character that is not ASCII: ",
        ),
    ] {
        let outcome = run(secret);
        outcome.fails_saying(
            4,
            &[
                "the access key is from JDCLOUD_ACCESS_KEY, the secret key from JDCLOUD_SECRET_KEY\n",
                &format!("the secret key (JDCLOUD_SECRET_KEY) {facts}"),
            ],
        );
        assert!(
            !outcome.stderr.contains("canarycan") && !outcome.stderr.contains("canary can"),
            "{outcome:#?}"
        );
    }
    let usual = run("0123456789abcdef0123456789ABCDEF");
    assert!(!usual.failure(4).contains("look whether"), "{usual:#?}");

    let config = profile("default", ACCESS_KEY, "\"canary\"", "");
    let in_profile = Jdredis::bare().file(".jdc/config", config);
    let in_profile = in_profile.args(["--endpoint", sandbox.endpoint()]).url();
    in_profile.fails_saying(
        4,
        &[
            "the secret key (secret_key in profile [default] of ",
            ".jdc/config) has quotes: ",
        ],
    );

    let with_token = Jdredis::at(&sandbox)
        .env("JDCLOUD_SECURITY_TOKEN", "'canary-security-token'")
        .url();
    with_token.fails_saying(
        4,
        &[
            "the security token from JDCLOUD_SECURITY_TOKEN",
            "the security token (JDCLOUD_SECURITY_TOKEN) has quotes",
        ],
    );
}

#[test]
fn variables_that_look_like_the_keys_are_named() {
    for name in [
        "JDC_ACCESS_KEY",
        "JDCLOUD_ACCESS_KEY_ID",
        "JDCLOUD_ACCESS_KEY_SECRET",
        "JDCLOUD_SECRET_ACCESS_KEY",
        "JD_ACCESS_KEY",
        "JDCLOUD_AK",
        "JDREDIS_SECRET_KEY",
        "JDCLOUDACCESSKEY",
        "JDCLOUD_ACCESS_TOKEN",
        "jdcloud_access_key",
    ] {
        let outcome = Jdredis::bare().env(name, TOKEN).url();
        outcome.fails_saying(
            4,
            &[
                "no keys to sign with were found",
                &format!("{name} is set, but is not a variable that jdredis reads"),
            ],
        );
        assert_eq!(outcome.stderr.matches("is set, but").count(), 1, "{outcome:#?}");
    }
    let half = Jdredis::bare()
        .env("JDCLOUD_ACCESS_KEY", "AK")
        .env("JDCLOUD_ACCESS_KEY_SECRET", TOKEN);
    half.url().fails_saying(
        4,
        &[
            "JDCLOUD_ACCESS_KEY is set, but JDCLOUD_SECRET_KEY is not",
            "JDCLOUD_ACCESS_KEY_SECRET is set, but is not a variable that jdredis reads",
        ],
    );
    let region = Jdredis::bare()
        .env("JDCLOUD_ACCESS_KEY", "AK")
        .env("JDCLOUD_SECRET_KEY", "SK")
        .env("JDCLOUD_REGION_ID", "cn-north-1");
    region
        .args(without_region())
        .run()
        .fails_saying(2, &["no region was given", "JDCLOUD_REGION_ID is set, but "]);
    // They are also named if there is a profile without keys.
    for config in [
        "[default]\nregion_id = cn-north-1\n",
        "[default]\naccess_key = AK\n",
        "[other]\naccess_key = AK\n",
        "access_key = AK\n",
    ] {
        let outcome = Jdredis::bare()
            .file(".jdc/config", config)
            .env("JDC_SECRET_KEY", TOKEN)
            .url();
        outcome.fails_saying(4, &["JDC_SECRET_KEY is set, but is not a variable that jdredis reads"]);
    }
    // Empty ones count as unset.
    let empty = Jdredis::bare().env("JDC_ACCESS_KEY", "").url();
    assert!(!empty.failure(4).contains("is set"), "{empty:#?}");
}
