//! The reports on settings that cannot be used: message and advice.

use std::path::Path;

use super::{Kind, Report};
use crate::config::{self, profile};

pub(super) fn report(error: &config::Error) -> Report {
    const WHERE_KEYS_COME_FROM: &str = "set JDCLOUD_ACCESS_KEY and JDCLOUD_SECRET_KEY, or make a profile with the official CLI \
                                        ('jdc configure add')";
    let message = error.to_string();
    match error {
        config::Error::Invalid { .. } => Report::new(Kind::Usage, message).hint("correct it, or leave it out"),
        config::Error::NoRegion { look_alikes } => Report::new(Kind::Usage, message)
            .details(not_read(look_alikes))
            .hint("give --region (such as cn-north-1), set JDCLOUD_REGION, or set region_id in the profile"),
        config::Error::PartOfKeys {
            present,
            missing,
            look_alikes,
        } => Report::new(Kind::Credentials, message)
            .details(not_read(look_alikes))
            .hint(format!("set {missing} too; to use a profile instead, unset {present}")),
        config::Error::NoCredentials { profile, look_alikes } => Report::new(Kind::Credentials, message)
            .details(not_read(look_alikes))
            .cause(format!("the environment has none, and {profile}"))
            .hint(WHERE_KEYS_COME_FROM),
        config::Error::Incomplete {
            section,
            key,
            look_alikes,
        } => Report::new(Kind::Credentials, message)
            .details(not_read(look_alikes))
            .hint(format!("add {key} to that section of {}", section.file.display())),
        config::Error::Profile { error, look_alikes } => Report::new(Kind::Credentials, message)
            .details(not_read(look_alikes))
            .hint(profile_hint(error)),
        config::Error::Proxy(_) => Report::new(Kind::Usage, message).hint(
            "write it as http://HOST:PORT or http://NAME:PASSWORD@HOST:PORT, with #, /, ? and \\ in the name or password as %23, \
             %2F, %3F and %5C; or unset it to connect directly",
        ),
    }
}

/// A line for each variable that is set and that a person may have taken for one of this program.
fn not_read(look_alikes: &[String]) -> Vec<String> {
    let sentence = |name: &String| format!("{name} is set, but is not a variable that jdredis reads");
    look_alikes.iter().map(sentence).collect()
}

/// What to do about a profile that cannot be used.
fn profile_hint(error: &profile::Error) -> String {
    let mend = |file: &Path| {
        format!(
            "mend {}, or set JDCLOUD_ACCESS_KEY and JDCLOUD_SECRET_KEY",
            file.display()
        )
    };
    match error {
        profile::Error::NoHome => "set HOME, or set JDCLOUD_ACCESS_KEY and JDCLOUD_SECRET_KEY".to_owned(),
        profile::Error::Missing { .. } => {
            "make the profile with the official CLI ('jdc configure add'), or set JDCLOUD_ACCESS_KEY and \
             JDCLOUD_SECRET_KEY and leave --profile and JDCLOUD_PROFILE out"
                .to_owned()
        }
        profile::Error::Unreadable { file, .. } => format!("make {} a file that this user can read", file.display()),
        profile::Error::NoSection { .. } => {
            "name one that is there, with --profile, JDCLOUD_PROFILE or in ~/.jdc/current, or add the section"
                .to_owned()
        }
        profile::Error::Malformed { file, .. } => mend(file),
        profile::Error::BadValue { section, .. } => mend(&section.file),
    }
}
