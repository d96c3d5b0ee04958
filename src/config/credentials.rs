//! The key pair that signs requests, its sources, and the look-alike variables that people set in its
//! place.

use zeroize::Zeroizing;

use super::profile::Profile;
use super::source::{KeySources, Source};
use super::{Error, invalid};
use crate::process::world::World;
use crate::values::id::AccessKey;
use crate::values::secret::Secret;

const ACCESS_KEY: &str = "JDCLOUD_ACCESS_KEY";
const SECRET_KEY: &str = "JDCLOUD_SECRET_KEY";
pub(super) const SECURITY_TOKEN: &str = "JDCLOUD_SECURITY_TOKEN";

/// An access key, its secret, and for temporary ones the token that goes with them.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) access_key: AccessKey,
    pub(crate) secret_key: Secret,
    /// Sent base64-encoded, as the Go, Java and Python SDKs do. The PHP SDK sends it raw. Neither form has
    /// been tried against the service.
    pub(crate) security_token: Option<Secret>,
}

/// Credentials, and the source of each part.
pub(super) struct Found {
    pub(super) credentials: Credentials,
    pub(super) sources: KeySources,
}

/// The environment's keys; `None` where it has none.
///
/// # Errors
/// If a variable is not of its form, or half of a pair is missing.
pub(super) fn in_env(world: &World) -> Result<Option<Found>, Error> {
    let secret_var = |name| world.var(name).map(Zeroizing::new);
    let token = secret_var(SECURITY_TOKEN);
    let secret = |name: &'static str, text| Secret::parse(text).map_err(invalid(Source::Variable(name)));
    let part = |present, missing| {
        Err(Error::PartOfKeys {
            present,
            missing,
            look_alikes: look_alikes(world, KEY_NAMES),
        })
    };
    let (access_key, secret_key) = match (world.var(ACCESS_KEY), secret_var(SECRET_KEY)) {
        (Some(access_key), Some(secret_key)) => (access_key, secret_key),
        (Some(_), None) => return part(ACCESS_KEY, SECRET_KEY),
        (None, Some(_)) => return part(SECRET_KEY, ACCESS_KEY),
        (None, None) if token.is_some() => return part(SECURITY_TOKEN, ACCESS_KEY),
        (None, None) => return Ok(None),
    };
    let access_key_source = Source::Variable(ACCESS_KEY);
    let credentials = Credentials {
        access_key: access_key.parse().map_err(invalid(access_key_source.clone()))?,
        secret_key: secret(SECRET_KEY, secret_key)?,
        security_token: token.map(|token| secret(SECURITY_TOKEN, token)).transpose()?,
    };
    Ok(Some(Found {
        credentials,
        sources: KeySources {
            access_key: access_key_source,
            secret_key: Source::Variable(SECRET_KEY),
        },
    }))
}

/// A profile's keys.
///
/// # Errors
/// If the profile lacks a key, or a key is not of its form.
pub(super) fn in_profile(profile: &Profile, world: &World) -> Result<Found, Error> {
    let missing = |key| Error::Incomplete {
        section: profile.section.clone(),
        key,
        look_alikes: look_alikes(world, KEY_NAMES),
    };
    let source = profile.source("access_key");
    let access_key = profile.access_key.as_ref().ok_or_else(|| missing("access_key"))?;
    let credentials = Credentials {
        access_key: access_key.parse().map_err(invalid(source.clone()))?,
        secret_key: profile.secret_key.clone().ok_or_else(|| missing("secret_key"))?,
        security_token: None,
    };
    Ok(Found {
        credentials,
        sources: KeySources {
            access_key: source,
            secret_key: profile.source("secret_key"),
        },
    })
}

/// The prefixes of variables for this cloud, as other tools have them or people remember them.
const PREFIXES: &[&str] = &[
    "JDCLOUD_",
    "JDC_",
    "JD_",
    "JDREDIS_",
    "JD_CLOUD_",
    "JCLOUD_",
    "JINGDONG_",
    "JDCLOUD_CLI_",
    "JDCLOUD_REDIS_",
    "JDCLOUD",
    "JDC",
];
/// Other tools' names for the parts of a key pair.
pub(super) const KEY_NAMES: &[&str] = &[
    "ACCESS_KEY",
    "ACCESS_KEY_ID",
    "ACCESS_KEYID",
    "ACCESSKEY",
    "ACCESSKEYID",
    "ACCESSKEY_ID",
    "ACCESS_ID",
    "AK",
    "KEY",
    "KEY_ID",
    "API_KEY",
    "SECRET_KEY",
    "SECRET_KEY_ID",
    "SECRET_ACCESS_KEY",
    "SECRETACCESSKEY",
    "ACCESS_KEY_SECRET",
    "ACCESSKEY_SECRET",
    "ACCESSKEYSECRET",
    "ACCESS_SECRET",
    "ACCESS_SECRET_KEY",
    "SECRETKEY",
    "SECRET",
    "SECRET_ID",
    "SK",
    "API_SECRET",
    "KEY_SECRET",
    "SECURITY_TOKEN",
    "SESSION_TOKEN",
    "ACCESS_TOKEN",
    "TOKEN",
];
/// Other tools' names for the region.
pub(super) const REGION_NAMES: &[&str] = &["REGION", "REGION_ID", "REGIONID", "DEFAULT_REGION", "REGION_NAME"];

/// The variables that are set and look like those of the keys that the program reads.
pub(crate) fn look_alike_keys(world: &World) -> Vec<String> {
    look_alikes(world, KEY_NAMES)
}

/// The set variables that look like the ones of these names that the program reads, but are not. Each name
/// that is possible is looked up, since the environment is never listed: that would copy the secrets in it.
pub(super) fn look_alikes(world: &World, names: &[&str]) -> Vec<String> {
    let read = [ACCESS_KEY, SECRET_KEY, SECURITY_TOKEN, super::REGION];
    let candidates = PREFIXES
        .iter()
        .flat_map(|prefix| names.iter().map(move |name| format!("{prefix}{name}")));
    candidates
        .flat_map(|name| [name.to_ascii_lowercase(), name])
        .filter(|name| !read.contains(&name.as_str()) && (world.env)(name).is_some_and(|value| !value.is_empty()))
        .collect()
}
