//! Properties that hold for every profile's file.

use super::profile::{self, Profile, Section};

/// A profile's file is read or refused without a panic; a value that Python's `configparser` has written
/// comes back unchanged.
pub fn profile(text: &str) {
    let section = || Section {
        file: "config".into(),
        name: "default".to_owned(),
    };
    if let Ok(profile) = profile::parse(text, section()) {
        check_profile(&profile);
    }
    let is_writable = !text.is_empty() && text.trim() == text && text.len() <= 8192 && !text.contains(char::is_control);
    // The program refuses this character (U+FFFD), which replaces bytes that are not UTF-8.
    if is_writable && !text.contains(char::REPLACEMENT_CHARACTER) {
        let written = text.replace('%', "%%");
        let file = format!("[default]\nsecret_key = {written}\nregion_id = cn-north-1\nendpoint = {written}\n\n");
        let profile = profile::parse(&file, section()).expect("a file of the official tool can be read");
        assert_eq!(profile.secret_key.as_ref().map(|secret| secret.expose()), Some(text));
        assert_eq!(profile.endpoint.as_deref(), Some(text));
        assert_eq!(profile.region_id.as_deref(), Some("cn-north-1"));
        assert!(!format!("{profile:?}").contains("secret_key: Some(Secret("));
    }
}

fn check_profile(profile: &Profile) {
    let secret = profile.secret_key.as_ref().map(|secret| secret.expose());
    assert!(secret.is_none_or(|text| !text.contains(char::is_control)));
    let values = [
        profile.access_key.as_deref(),
        secret,
        profile.region_id.as_deref(),
        profile.endpoint.as_deref(),
        profile.scheme.as_deref(),
    ];
    for value in values.into_iter().flatten() {
        assert!(!value.is_empty() && !value.contains('\n'), "a value is on one line");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzzing::inputs::{config, hostile_text};

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn profiles(text in hostile_text(), value in "\\PC{0,30}") {
            profile(&text);
            profile(&format!("[default]\nsecret_key = {text}\nregion_id = {text}"));
            profile(text.trim());
            profile(value.trim());
        }
    }

    #[test]
    fn profiles_of_64_kib() {
        for text in ["x", "\u{1b}", "长", "e\u{301}", "\u{202e}", "../"] {
            profile(&text.repeat(64 * 1024 / text.len()));
        }
    }
}
