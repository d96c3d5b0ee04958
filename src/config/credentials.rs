//! The key pair that signs requests, and its sources.

use zeroize::Zeroizing;

use super::look_alikes::look_alike_keys;
use super::profile::Profile;
use super::source::{KeySources, Source};
use super::{Error, invalid};
use crate::process::world::World;
use crate::values::id::AccessKey;
use crate::values::secret::Secret;

pub(super) const ACCESS_KEY: &str = "JDCLOUD_ACCESS_KEY";
pub(super) const SECRET_KEY: &str = "JDCLOUD_SECRET_KEY";
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
            look_alikes: look_alike_keys(world),
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
        look_alikes: look_alike_keys(world),
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
