//! Flags, environment and profiles: their precedence, and values that are not of their form.

mod profiles;
mod sources;

use jdredis_sandbox::{Reply, Sandbox};

use crate::support::{Jdredis, TOKEN, URL, sandbox};

/// `URL` without its region.
fn without_region() -> impl Iterator<Item = &'static str> {
    URL.into_iter().filter(|arg| !["--region", "cn-north-1"].contains(arg))
}

fn region_asked_for(sandbox: &Sandbox) -> String {
    let target = sandbox.requests().pop().unwrap().target;
    target.split('/').nth(3).unwrap().to_owned()
}

/// A profile as the official CLI would write it.
fn profile(name: &str, access_key: &str, secret_key: &str, more: &str) -> String {
    let escaped = secret_key.replace('%', "%%");
    format!("[{name}]\naccess_key = {access_key}\nsecret_key = {escaped}\n{more}\n")
}

#[test]
fn global_options_go_before_and_after_the_subcommand() {
    let sandbox = sandbox();
    let before = Jdredis::at(&sandbox)
        .args(["-o", "plain", "--timeout", "9"])
        .args(URL)
        .run();
    let after = Jdredis::at(&sandbox)
        .args(URL)
        .args(["--timeout=9", "--output=plain"])
        .run();
    let between = Jdredis::at(&sandbox)
        .args(["backup", "-oplain"])
        .args(URL[1..].iter().copied())
        .run();
    for outcome in [before, after, between] {
        assert!(outcome.data().starts_with("http://127.0.0.1"), "{outcome:#?}");
        assert_eq!(outcome.stdout.lines().count(), 1);
    }
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_profile() {
    let sandbox = sandbox();
    let config = profile(
        "default",
        "AK",
        "SK",
        "region_id = cn-south-1\nendpoint = 127.0.0.1:1\nscheme = http",
    );
    let run = || {
        Jdredis::at(&sandbox)
            .file(".jdc/config", &config)
            .args(without_region())
    };

    run().run();
    assert_eq!(region_asked_for(&sandbox), "cn-south-1");
    run().env("JDCLOUD_REGION", "cn-east-2").run();
    assert_eq!(region_asked_for(&sandbox), "cn-east-2");
    run()
        .env("JDCLOUD_REGION", "cn-east-2")
        .args(["--region", "cn-east-1"])
        .run();
    assert_eq!(region_asked_for(&sandbox), "cn-east-1");

    let endpoint_of_profile = run()
        .without_env("JDREDIS_ENDPOINT")
        .args(["--max-attempts", "1"])
        .run();
    endpoint_of_profile.fails_saying(5, &["http://127.0.0.1:1 cannot be reached"]);
    let flag = run()
        .env("JDREDIS_ENDPOINT", "http://127.0.0.1:1")
        .args(["--endpoint", sandbox.endpoint()])
        .run();
    assert_eq!(flag.code, Some(0), "{flag:#?}");

    let plain = Jdredis::at(&sandbox).env("JDREDIS_OUTPUT", "plain").url();
    assert!(plain.data().starts_with("http://"));
    let json = Jdredis::at(&sandbox)
        .env("JDREDIS_OUTPUT", "plain")
        .args(["-o", "json"])
        .url();
    assert!(json.data().starts_with('{'));
}

#[test]
fn settings_that_are_not_of_their_form_are_named() {
    let sandbox = sandbox();
    for (name, value, text) in [
        ("JDREDIS_OUTPUT", "xml", "the formats are table, json and plain"),
        ("JDREDIS_ENDPOINT", "ftp://h", "its scheme is neither https nor http"),
        (
            "JDREDIS_ENDPOINT",
            "https://me:canary-security-token@h",
            "it has a user name or a password",
        ),
        ("JDCLOUD_REGION", "Beijing", "lower-case letters"),
        ("JDCLOUD_ACCESS_KEY", "AK\n", "an access key is letters"),
        (
            "JDCLOUD_SECRET_KEY",
            "canary\n",
            "a control character such as a line break",
        ),
        ("JDCLOUD_ACCESS_KEY", "ключ", "an access key is letters"),
    ] {
        let run = Jdredis::at(&sandbox)
            .env("JDCLOUD_REGION", "cn-north-1")
            .env(name, value);
        let outcome = run.args(without_region()).run();
        outcome.fails_saying(2, &[&format!("{name} is not usable: "), text]);
    }
    let in_profile = Jdredis::at(&sandbox).file(".jdc/config", "[default]\nregion_id = Beijing\n");
    in_profile
        .args(without_region())
        .run()
        .fails_saying(2, &["region_id in profile [default] of "]);
    let nowhere = Jdredis::at(&sandbox).args(without_region()).run();
    nowhere.fails_saying(2, &["no region was given", "hint: give --region"]);
    assert!(sandbox.requests().is_empty());
}

#[test]
fn ids_that_could_change_the_request_are_refused_before_any_request() {
    let sandbox = sandbox();
    for (flag, value) in [
        ("--instance", "a/../b"),
        ("--instance", ""),
        ("--base-id", "1234&x=1"),
        ("--base-id", "-1"),
        ("--region", "cn-north-1/.."),
    ] {
        let position = URL.iter().position(|arg| *arg == flag).unwrap();
        let mut args = URL.map(str::to_owned).to_vec();
        args.splice(position..=position + 1, [format!("{flag}={value}")]);
        Jdredis::at(&sandbox)
            .args(args.iter().map(String::as_str))
            .run()
            .failure(2);
    }
    assert!(sandbox.requests().is_empty());
}

#[test]
fn a_password_in_an_endpoint_is_not_shown() {
    let outcome = Jdredis::bare()
        .env("JDCLOUD_ACCESS_KEY", "a")
        .env("JDCLOUD_SECRET_KEY", "b");
    let outcome = outcome.args(["--endpoint", &format!("https://me:{TOKEN}@h")]).url();
    outcome.fails_saying(2, &["--endpoint is not usable: it has a user name or a password"]);
}

#[test]
fn a_setting_that_is_not_used_breaks_nothing() {
    Jdredis::bare()
        .env("JDREDIS_OUTPUT", "xml")
        .args(["completions", "bash"])
        .run()
        .data();
}

#[test]
fn a_region_that_is_not_known_is_accepted() {
    let sandbox = sandbox();
    sandbox.always(Reply::json(200, r#"{"result":{"downloadUrls":[{"link":"https://h/x"}]}}"#).verified());
    let outcome = Jdredis::at(&sandbox)
        .args(without_region())
        .args(["--region", "eu-west-7"])
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome:#?} {:#?}", sandbox.refusals());
}

#[test]
fn plain_http_to_another_machine_gets_one_warning() {
    let run = |endpoint| {
        Jdredis::bare()
            .env("JDCLOUD_ACCESS_KEY", "a")
            .env("JDCLOUD_SECRET_KEY", "b")
            .args(["--endpoint", endpoint, "--timeout", "1", "--max-attempts", "1"])
    };
    // The reserved name cannot be resolved, so nothing leaves this machine.
    let outcome = run("http://jdredis.invalid").url();
    assert_eq!(outcome.failure(5).matches("warning: ").count(), 1, "{outcome:#?}");
    assert!(!run("http://127.0.0.1:1").url().failure(5).contains("warning"));
    assert!(!run("jdredis.invalid").url().failure(5).contains("warning"));
}
