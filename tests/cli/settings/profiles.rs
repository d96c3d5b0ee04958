//! The official CLI's profiles: which one is used, and what is said of one that cannot be.

use jdredis_sandbox::{Proxy, ProxyMode};

use super::{profile, region_asked_for, without_region};
use crate::support::{ACCESS_KEY, Jdredis, SECRET_KEY, TOKEN, is_installed, sandbox, say_not_run};

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

#[test]
fn a_profile_of_a_huge_size_is_an_error_and_is_not_read() {
    let sandbox = sandbox();
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".jdc")).unwrap();
    let path = home.path().join(".jdc/config");
    let start = "[default]\nregion_id = cn-north-1\n";
    std::fs::write(&path, start).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    // Sparse: it takes no room on the disk.
    file.set_len(300_000_000).unwrap();
    let home = home.path().to_str().unwrap();
    let said = format!(
        "{}: it has 286 MiB, and no file of profiles has more than 1.0 MiB",
        path.display()
    );
    Jdredis::bare().env("HOME", home).url().fails_saying(4, &[&said]);
    let outcome = Jdredis::at(&sandbox).env("HOME", home).url();
    outcome.data_saying(&[&format!("warning: the profile is left out: {said}")]);
    file.set_len(start.len() as u64).unwrap();
    Jdredis::at(&sandbox)
        .env("HOME", home)
        .args(["instance", "list"])
        .run()
        .data();
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
