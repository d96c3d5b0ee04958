//! Flags, environment and profiles: their precedence, and the messages when a setting is missing or broken.

use jdredis_sandbox::{Proxy, ProxyMode, Reply, Sandbox};

use crate::support::{ACCESS_KEY, Jdredis, SECRET_KEY, TOKEN, URL, is_installed, sandbox, say_not_run};

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
fn keys_come_from_the_profile_that_current_names_as_the_official_cli_wrote_it() {
    let sandbox = sandbox();
    let mine = profile(
        "work",
        ACCESS_KEY,
        SECRET_KEY,
        "region_id = cn-north-1\nendpoint = www.jdcloud-api.com",
    );
    let config = format!("{}{mine}", profile("default", "OTHER", "other", ""));
    for (current, config) in [
        ("work", config.clone()),
        ("work\n", format!("\u{feff}{}", config.replace('\n', "\r\n"))),
        ("\u{feff}work\r\n", config.clone()),
    ] {
        let run = Jdredis::bare()
            .file(".jdc/config", &config)
            .file(".jdc/current", current);
        let outcome = run
            .args(without_region())
            .args(["--endpoint", sandbox.endpoint()])
            .run();
        assert_eq!(outcome.code, Some(0), "{outcome:#?} {:#?}", sandbox.refusals());
    }
}

#[test]
fn a_profile_can_be_named_and_then_its_keys_beat_the_environments() {
    let sandbox = sandbox();
    let config = profile("work", ACCESS_KEY, SECRET_KEY, "");
    let run = || {
        Jdredis::at(&sandbox)
            .file(".jdc/config", &config)
            .env("JDCLOUD_ACCESS_KEY", "WRONG")
            .env("JDCLOUD_SECRET_KEY", "wrong")
    };
    assert_eq!(run().args(["--profile", "work"]).url().code, Some(0));
    // The token of the environment belongs to the environment's keys.
    assert_eq!(
        run()
            .env("JDCLOUD_SECURITY_TOKEN", TOKEN)
            .args(["--profile", "work"])
            .url()
            .code,
        Some(0)
    );
    assert_eq!(
        run()
            .without_env("JDCLOUD_SECRET_KEY")
            .args(["--profile", "work"])
            .url()
            .code,
        Some(0)
    );
    // A profile that the environment names does not beat the environment's keys.
    assert_eq!(run().env("JDCLOUD_PROFILE", "work").url().code, Some(4));
    let unset = run()
        .without_env("JDCLOUD_ACCESS_KEY")
        .without_env("JDCLOUD_SECRET_KEY");
    assert_eq!(unset.env("JDCLOUD_PROFILE", "work").url().code, Some(0));
}

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
fn the_error_about_a_missing_or_broken_profile_names_file_section_and_key() {
    for (config, args, texts) in [
        (
            None,
            &["--profile", "x"][..],
            &[".jdc/config does not exist", "jdc configure add"][..],
        ),
        (
            Some("[a]\naccess_key = 1\n"),
            &["--profile", "x"],
            &["has no section [x]; it has [a]", "hint: name one that is there"],
        ),
        (
            Some("[default]\naccess_key = 1\n"),
            &[],
            &[
                "profile [default] of ",
                ".jdc/config has no secret_key",
                "hint: add secret_key",
            ],
        ),
        (
            Some("[default]\nsecret_key = canary\n"),
            &[],
            &["has no access_key", "hint: add access_key"],
        ),
        (
            Some("access_key = 1\n"),
            &[],
            &[".jdc/config: it has a line before the first [section]", "hint: mend "],
        ),
        (Some("[default\n"), &[], &[".jdc/config: line 1: "]),
    ] {
        let mut run = Jdredis::bare().args(args.iter().copied());
        if let Some(config) = config {
            run = run.file(".jdc/config", config);
        }
        run.url().fails_saying(4, texts);
    }
    let binary = Jdredis::bare().file(".jdc/config", [0xff, 0xfe, 0x00]);
    binary.url().fails_saying(4, &["it is not UTF-8 text"]);
}

#[test]
fn a_broken_profile_is_left_out_with_a_warning_where_the_keys_come_from_the_environment() {
    let sandbox = sandbox();
    let run = || Jdredis::at(&sandbox).file(".jdc/config", "[default\n");
    let outcome = run().url();
    assert_eq!(outcome.code, Some(0));
    assert!(
        outcome.stderr.starts_with("warning: the profile is left out: "),
        "{outcome:#?}"
    );
    run().args(["-qq"]).url().data();
}

/// As where the profiles are named for each run, and the keys of this one come from the environment: a nightly
/// run would mail the warning each time.
#[test]
fn a_config_without_a_default_profile_is_no_fault_where_nobody_named_one() {
    let sandbox = sandbox();
    let run = || Jdredis::at(&sandbox).file(".jdc/config", "[backup]\naccess_key = a\nsecret_key = s\n");
    run().url().data();
    let said = ["has no section [default]; it has [backup]", "no region was given"];
    run().args(without_region()).run().fails_saying(2, &said);
    let named = run().file(".jdc/current", "gone").url();
    named.data_saying(&["warning: the profile is left out", "has no section [gone]"]);
}

#[cfg(unix)]
#[test]
fn a_profile_that_is_a_fifo_is_an_error_and_is_not_waited_for() {
    let sandbox = sandbox();
    for name in ["config", "current"] {
        let home = tempfile::tempdir().unwrap();
        let fifo = home.path().join(".jdc").join(name);
        std::fs::create_dir(home.path().join(".jdc")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        let home = home.path().to_str().unwrap();
        let said = format!("{}: it is a FIFO, a socket or a device, not a file", fifo.display());
        Jdredis::bare().env("HOME", home).url().fails_saying(4, &[&said]);
        let outcome = Jdredis::at(&sandbox).env("HOME", home).url();
        outcome.data_saying(&[&format!("warning: the profile is left out: {said}")]);
    }
}

/// As a hardened service has it: `HOME=/dev/null`, or a folder of another user.
#[cfg(unix)]
#[test]
fn a_home_that_cannot_be_read_is_ignored_if_nothing_is_needed_from_it() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let sandbox = sandbox();
    Jdredis::at(&sandbox).env("HOME", "/dev/null").url().data();
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !is_root || !is_installed("setpriv") {
        say_not_run("an unreadable home", "it takes root and setpriv");
        return;
    }
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let run = || {
        let run = Jdredis::at(&sandbox).env("HOME", home.path().to_str().unwrap());
        run.through(&nobody)
    };
    run().url().data();
    let outcome = run().args(without_region()).run();
    outcome.fails_saying(
        2,
        &[
            "warning: the profile is left out",
            "Permission denied",
            "no region was given",
        ],
    );
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
fn the_official_clis_own_endpoint_means_the_default() {
    let sandbox = sandbox();
    let proxy = Proxy::start(ProxyMode::TunnelTo(sandbox.address())).unwrap();
    let config = profile(
        "default",
        ACCESS_KEY,
        SECRET_KEY,
        "endpoint = www.jdcloud-api.com\nscheme = http",
    );
    let run = Jdredis::bare()
        .file(".jdc/config", config)
        .env("https_proxy", &proxy.url());
    // The sandbox speaks no TLS, so only the attempt can be seen.
    run.args(["--max-attempts", "1"]).url().failure(5);
    assert_eq!(proxy.connects()[0].target, "redis.jdcloud-api.com:443");
}

#[test]
fn keys_of_the_default_section_are_inherited() {
    let sandbox = sandbox();
    let config = format!(
        "[DEFAULT]\nregion_id = cn-south-1\n{}",
        profile("default", ACCESS_KEY, SECRET_KEY, "")
    );
    let run = Jdredis::bare()
        .file(".jdc/config", config)
        .args(["--endpoint", sandbox.endpoint()]);
    run.args(without_region()).run();
    assert_eq!(region_asked_for(&sandbox), "cn-south-1");
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

#[test]
fn a_profile_for_another_product_means_the_default_endpoint() {
    let sandbox = sandbox();
    for (endpoint, scheme) in [
        ("rds.jdcloud-api.com", "https"),
        ("https://vm.jdcloud-api.com", "https"),
        ("RDS.jdcloud-api.com/", "http"),
        ("rds.internal.cn-north-1.jdcloud-api.com", "http"),
    ] {
        let proxy = Proxy::start(ProxyMode::TunnelTo(sandbox.address())).unwrap();
        let config = profile(
            "default",
            ACCESS_KEY,
            SECRET_KEY,
            &format!("endpoint = {endpoint}\nscheme = {scheme}"),
        );
        let run = Jdredis::bare()
            .file(".jdc/config", config)
            .env("https_proxy", &proxy.url());
        let outcome = run.args(["--max-attempts", "1"]).url();
        // The sandbox speaks no TLS, so the attempt fails.
        let text = outcome.failure(5);
        assert!(
            text.starts_with("note: endpoint in profile [default] of "),
            "{endpoint}: {outcome:#?}"
        );
        outcome.says(&[
            "which is not for Redis; the default is used: https://redis.jdcloud-api.com",
            "the endpoint https://redis.jdcloud-api.com is the default",
        ]);
        assert_eq!(proxy.connects()[0].target, "redis.jdcloud-api.com:443");
    }
    // An endpoint of another company is used as it is.
    let config = profile(
        "default",
        ACCESS_KEY,
        SECRET_KEY,
        "endpoint = 127.0.0.1:1\nscheme = http",
    );
    let own = Jdredis::bare()
        .file(".jdc/config", config)
        .args(["--max-attempts", "1"])
        .url();
    assert!(!own.failure(5).contains("note:"), "{own:#?}");
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
