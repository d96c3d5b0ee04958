//! Flags, environment and profile, made into one validated whole.
//!
//! A flag beats the environment and the environment beats a profile, setting by setting; only the
//! keys go together, and those of a profile that `--profile` names beat the environment's.

pub(crate) mod credentials;
pub(crate) mod profile;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use self::credentials::Credentials;
use self::profile::{Profile, Source};
use crate::cli::Globals;
use crate::http::{InvalidProxy, Network, Proxies, TrustSources};
use crate::output::Format;
use crate::process::world::World;
use crate::terminal::notes::Notes;
use crate::values::endpoint::{self, Endpoint, InvalidEndpoint, Scheme};
use crate::values::id::{InvalidId, Region};
use crate::values::secret::Secret;

const ACCESS_KEY: &str = "JDCLOUD_ACCESS_KEY";
const SECRET_KEY: &str = "JDCLOUD_SECRET_KEY";
const SECURITY_TOKEN: &str = "JDCLOUD_SECURITY_TOKEN";
const REGION: &str = "JDCLOUD_REGION";
const PROFILE: &str = "JDCLOUD_PROFILE";
const ENDPOINT: &str = "JDREDIS_ENDPOINT";
const OUTPUT: &str = "JDREDIS_OUTPUT";
/// The `endpoint` the official CLI writes by default. It stands for every product, so for this
/// program it means "the public endpoint".
const CLI_DEFAULT_ENDPOINT: &str = "www.jdcloud-api.com";

/// All that a command needs to talk to the service.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) region: Region,
    pub(crate) endpoint: Endpoint,
    pub(crate) network: Arc<Network>,
    pub(crate) credentials: Credentials,
    /// For the whole operation, retries included.
    pub(crate) timeout: Duration,
    pub(crate) max_attempts: u32,
}

/// Why settings cannot be used.
#[derive(Debug)]
pub(crate) enum Error {
    /// A setting is not of its form; `place` is a variable, or a key of a profile.
    Invalid { place: String, problem: String },
    /// No region was given anywhere.
    NoRegion,
    /// Half of what the environment needs for signing.
    PartOfKeys {
        present: &'static str,
        missing: &'static str,
    },
    /// Neither the environment nor a profile has keys.
    NoCredentials { profile: profile::Error },
    /// The profile is there and lacks a key.
    Incomplete { source: Source, key: &'static str },
    /// The profile that was asked for cannot be used.
    Profile(profile::Error),
    /// The proxy that was asked for cannot be used.
    Proxy(InvalidProxy),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { place, problem } => write!(f, "{place} is not usable: {problem}"),
            Self::NoRegion => write!(f, "no region was given"),
            Self::PartOfKeys { present, missing } => write!(f, "{present} is set, but {missing} is not"),
            Self::NoCredentials { .. } => write!(f, "no keys to sign with were found"),
            Self::Incomplete { source, key } => write!(f, "{source} has no {key}"),
            Self::Profile(error) => error.fmt(f),
            Self::Proxy(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// The output format: the flag, the environment, or a table.
///
/// # Errors
/// Where the environment names a format that does not exist.
pub(crate) fn format(flag: Option<Format>, world: &World) -> Result<Format, Error> {
    let parse = |text: &str| {
        <Format as clap::ValueEnum>::from_str(text, false).map_err(|_| "the formats are table, json and plain")
    };
    match flag {
        Some(format) => Ok(format),
        None => Ok(from_env(world, OUTPUT, parse)?.unwrap_or(Format::Table)),
    }
}

/// Brings together all that a request needs.
///
/// # Errors
/// Names the flag, the variable, or the file, section and key to mend.
pub(crate) fn resolve(
    globals: &Globals,
    region: Option<&Region>,
    world: &World,
    notes: &Notes<'_>,
) -> Result<Settings, Error> {
    let from_env = if globals.profile.is_some() {
        None
    } else {
        env_keys(world)?
    };
    let needs = Needs {
        keys: from_env.is_none(),
        others: region.is_none() && world.var(REGION).is_none()
            || globals.endpoint.is_none() && world.var(ENDPOINT).is_none(),
    };
    let profile = load_profile(globals, world, needs, notes)?;

    let (credentials, profile) = match (from_env, profile) {
        (Some(keys), profile) => (keys, profile.unwrap_or_default()),
        (None, Ok(profile)) => (profile_keys(&profile)?, profile),
        (None, Err(profile)) => return Err(Error::NoCredentials { profile }),
    };
    let region = match region {
        Some(region) => region.clone(),
        None => find_region(world, &profile)?,
    };
    let endpoint = match &globals.endpoint {
        // Not parsed with the rest of the command line, whose errors quote the text: it may hold a
        // password.
        Some(text) => text.parse().map_err(|problem: InvalidEndpoint| Error::Invalid {
            place: "--endpoint".to_owned(),
            problem: problem.to_string(),
        })?,
        None => find_endpoint(world, &profile)?,
    };
    if endpoint.scheme() == Scheme::Http && !endpoint.is_loopback() {
        notes.warn(format_args!(
            "{endpoint} is not encrypted: the links in its answers can be read, and used, by anyone on the way"
        ));
    }
    let proxies = Proxies::from_env(|name| world.var(name));
    let network = Network::new(proxies, TrustSources::from_env(&world.env));
    check_proxy(&network, &endpoint)?;
    Ok(Settings {
        network: Arc::new(network),
        region,
        endpoint,
        credentials,
        timeout: globals.timeout,
        max_attempts: globals.max_attempts,
    })
}

/// Makes sure that the proxy for an origin, where it has one, can be followed.
///
/// # Errors
/// Names the variable that cannot.
pub(crate) fn check_proxy(network: &Network, origin: &Endpoint) -> Result<(), Error> {
    let proxy = network.proxy(origin.scheme(), origin.host(), origin.port());
    proxy.map(drop).map_err(Error::Proxy)
}

/// What only a profile can give.
struct Needs {
    keys: bool,
    /// The region or the endpoint.
    others: bool,
}

/// A profile that was named must be usable. One that was merely found may be broken as long as the
/// keys come from elsewhere, and then the user is told. Nothing is told of a home folder that cannot
/// be read where nothing is needed from it, as in a hardened service.
fn load_profile(
    globals: &Globals,
    world: &World,
    needs: Needs,
    notes: &Notes<'_>,
) -> Result<Result<Profile, profile::Error>, Error> {
    let named = globals.profile.clone().or_else(|| world.var(PROFILE));
    match profile::load(world.home.as_deref(), named.as_deref()) {
        Ok(profile) => Ok(Ok(profile)),
        Err(error) if named.is_some() => Err(Error::Profile(error)),
        Err(error @ (profile::Error::NoHome | profile::Error::Missing { .. })) => Ok(Err(error)),
        Err(error) if !needs.keys => {
            let is_silent = match &error {
                // There can be no file below what is no folder.
                profile::Error::Unreadable { error, .. } => {
                    !needs.others || error.kind() == io::ErrorKind::NotADirectory
                }
                _ => false,
            };
            if is_silent {
                return Ok(Err(error));
            }
            notes.warn(format_args!("the profile is left out: {error}"));
            Ok(Err(error))
        }
        Err(error) => Err(Error::Profile(error)),
    }
}

fn env_keys(world: &World) -> Result<Option<Credentials>, Error> {
    let secret_var = |name| world.var(name).map(Zeroizing::new);
    let token = secret_var(SECURITY_TOKEN);
    let invalid = |place: &str, problem: String| Error::Invalid {
        place: place.to_owned(),
        problem,
    };
    let secret = |name: &str, text| Secret::parse(text).map_err(|problem| invalid(name, problem.to_string()));
    let part = |present, missing| Err(Error::PartOfKeys { present, missing });
    match (world.var(ACCESS_KEY), secret_var(SECRET_KEY)) {
        (Some(access_key), Some(secret_key)) => Ok(Some(Credentials {
            access_key: access_key
                .parse()
                .map_err(|problem: InvalidId| invalid(ACCESS_KEY, problem.to_string()))?,
            secret_key: secret(SECRET_KEY, secret_key)?,
            security_token: token.map(|token| secret(SECURITY_TOKEN, token)).transpose()?,
        })),
        (Some(_), None) => part(ACCESS_KEY, SECRET_KEY),
        (None, Some(_)) => part(SECRET_KEY, ACCESS_KEY),
        (None, None) if token.is_some() => part(SECURITY_TOKEN, ACCESS_KEY),
        (None, None) => Ok(None),
    }
}

fn profile_keys(profile: &Profile) -> Result<Credentials, Error> {
    let missing = |key| Error::Incomplete {
        source: profile.source.clone(),
        key,
    };
    let access_key = profile.access_key.as_ref().ok_or_else(|| missing("access_key"))?;
    Ok(Credentials {
        access_key: access_key
            .parse()
            .map_err(|problem: InvalidId| in_profile(profile, "access_key", problem))?,
        secret_key: profile.secret_key.clone().ok_or_else(|| missing("secret_key"))?,
        security_token: None,
    })
}

fn find_region(world: &World, profile: &Profile) -> Result<Region, Error> {
    if let Some(region) = from_env(world, REGION, str::parse::<Region>)? {
        return Ok(region);
    }
    let text = profile.region_id.as_deref().ok_or(Error::NoRegion)?;
    text.parse()
        .map_err(|problem| in_profile(profile, "region_id", problem))
}

fn find_endpoint(world: &World, profile: &Profile) -> Result<Endpoint, Error> {
    if let Some(endpoint) = from_env(world, ENDPOINT, Endpoint::from_str)? {
        return Ok(endpoint);
    }
    match profile.endpoint.as_deref() {
        None | Some(CLI_DEFAULT_ENDPOINT | endpoint::PUBLIC) => Ok(Endpoint::default()),
        Some(text) => {
            // In a profile, `scheme = http` is how http is spelled out.
            let scheme = match profile.scheme.as_deref() {
                Some(scheme) if !text.contains("://") => format!("{scheme}://"),
                _ => String::new(),
            };
            format!("{scheme}{text}")
                .parse()
                .map_err(|problem| in_profile(profile, "endpoint", problem))
        }
    }
}

fn in_profile(profile: &Profile, key: &str, problem: impl fmt::Display) -> Error {
    Error::Invalid {
        place: format!("{key} in {}", profile.source),
        problem: problem.to_string(),
    }
}

fn from_env<T, E: fmt::Display>(
    world: &World,
    name: &'static str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Error> {
    let Some(text) = world.var(name) else {
        return Ok(None);
    };
    parse(&text).map(Some).map_err(|problem| Error::Invalid {
        place: name.to_owned(),
        problem: problem.to_string(),
    })
}
