//! The settings of a run, from flags, environment and profile, validated.
//!
//! A flag beats the environment and the environment beats a profile, setting by setting; only the
//! keys go together, and those of a profile that `--profile` names beat the environment's.

pub(crate) mod credentials;
pub(crate) mod look_alikes;
pub(crate) mod profile;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
pub(crate) mod source;

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use self::credentials::Credentials;
use self::look_alikes::{look_alike_keys, look_alike_regions};
use self::profile::{Profile, Section};
use self::source::{Facts, SecretFacts, Source, Sources};
use crate::cli::Globals;
use crate::http::{InvalidProxy, Network, Proxies, TrustSources};
use crate::output::Format;
use crate::process::world::World;
use crate::terminal::notes::Notes;
use crate::values::endpoint::{self, Endpoint, Scheme};
use crate::values::id::Region;

const REGION: &str = "JDCLOUD_REGION";
const PROFILE: &str = "JDCLOUD_PROFILE";
const ENDPOINT: &str = "JDREDIS_ENDPOINT";
const OUTPUT: &str = "JDREDIS_OUTPUT";
const ENDPOINT_FLAG: &str = "--endpoint";
/// The `endpoint` that the official CLI writes by default. It stands for every product.
const CLI_DEFAULT_ENDPOINT: &str = "www.jdcloud-api.com";
/// The domains of all of JD Cloud's APIs, of its object storage and of its site.
const CLOUD_DOMAINS: [&str; 3] = ["jdcloud-api.com", "jdcloud-oss.com", "jdcloud.com"];
/// The first label of this product's hosts, inside a VPC too.
const PRODUCT: &str = "redis";

/// All that a command needs to talk to the service.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) region: Region,
    pub(crate) endpoint: Endpoint,
    pub(crate) network: Arc<Network>,
    pub(crate) credentials: Credentials,
    /// The sources of the values above.
    sources: Sources,
    /// For the whole operation, retries included.
    pub(crate) timeout: Duration,
    pub(crate) max_attempts: u32,
}

impl Settings {
    /// The sources of these settings and the oddities of the secrets, for `doctor` and for the report on a call that
    /// failed.
    pub(crate) fn facts(&self) -> Facts {
        let (sources, keys) = (&self.sources, &self.credentials);
        let secret_key = SecretFacts::of("secret key", sources.keys.secret_key.clone(), keys.secret_key.expose());
        let token = keys.security_token.as_ref().map(|token| {
            let source = Source::Variable(credentials::SECURITY_TOKEN);
            SecretFacts::of("security token", source, token.expose())
        });
        Facts {
            region: (self.region.to_string(), sources.region.clone()),
            endpoint: (self.endpoint.to_string(), sources.endpoint.clone()),
            left_out: sources.left_out.clone(),
            access_key: sources.keys.access_key.clone(),
            secrets: [secret_key].into_iter().chain(token).collect(),
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A setting is not of its form.
    #[error("{setting} is not usable: {fault}")]
    Invalid { setting: Source, fault: String },
    /// No region was given anywhere. `look_alikes` names set variables that look as if they gave one.
    #[error("no region was given")]
    NoRegion { look_alikes: Vec<String> },
    /// The environment has only a part of the keys.
    #[error("{present} is set, but {missing} is not")]
    PartOfKeys {
        present: &'static str,
        missing: &'static str,
        look_alikes: Vec<String>,
    },
    /// Neither the environment nor a profile has keys.
    #[error("no keys to sign with were found")]
    NoCredentials {
        profile: profile::Error,
        look_alikes: Vec<String>,
    },
    /// The profile is there and lacks a key.
    #[error("{section} has no {key}")]
    Incomplete {
        section: Section,
        key: &'static str,
        look_alikes: Vec<String>,
    },
    /// The profile that was asked for, or that the keys were to come from, cannot be used.
    #[error("{error}")]
    Profile {
        error: profile::Error,
        look_alikes: Vec<String>,
    },
    /// The proxy that was asked for cannot be used.
    #[error("{0}")]
    Proxy(InvalidProxy),
}

/// The output format: the flag, the environment, or a table.
///
/// # Errors
/// If the environment names a format that does not exist.
pub(crate) fn format(flag: Option<Format>, world: &World) -> Result<Format, Error> {
    if let Some(format) = flag {
        return Ok(format);
    }
    match world.var(OUTPUT) {
        None => Ok(Format::Table),
        Some(text) => <Format as clap::ValueEnum>::from_str(&text, false)
            .map_err(|_| invalid(Source::Variable(OUTPUT))("the formats are table, json and plain")),
    }
}

/// Collects the settings that a request needs.
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
        credentials::in_env(world)?
    };
    let lacks_region = region.is_none() && world.var(REGION).is_none();
    let needs = Needs {
        keys: from_env.is_none(),
        region: lacks_region,
        others: lacks_region || globals.endpoint.is_none() && world.var(ENDPOINT).is_none(),
    };
    let profile = load_profile(globals, world, needs, notes)?;

    let (keys, profile) = match (from_env, profile) {
        (Some(keys), LoadedProfile::Usable(profile)) => (keys, profile),
        (Some(keys), LoadedProfile::Unusable(_)) => (keys, Profile::default()),
        (None, LoadedProfile::Usable(profile)) => (credentials::in_profile(&profile, world)?, profile),
        (None, LoadedProfile::Unusable(error)) => {
            return Err(Error::NoCredentials {
                profile: error,
                look_alikes: look_alike_keys(world),
            });
        }
    };
    let (region, region_source) = match region {
        Some(region) => (region.clone(), Source::Flag("--region")),
        None => find_region(world, &profile)?,
    };
    let ((endpoint, endpoint_source), left_out) = match &globals.endpoint {
        // It is parsed here and not by clap, whose errors quote the text, since it may hold a password.
        Some(text) => (parsed(text, Source::Flag(ENDPOINT_FLAG))?, None),
        None => find_endpoint(world, &profile, notes)?,
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
        sources: Sources {
            region: region_source,
            endpoint: endpoint_source,
            left_out,
            keys: keys.sources,
        },
        region,
        endpoint,
        credentials: keys.credentials,
        timeout: globals.timeout,
        max_attempts: globals.max_attempts,
    })
}

/// Checks that the variable that names the proxy for an origin is usable, if there is one.
///
/// # Errors
/// Names the variable that is not usable.
pub(crate) fn check_proxy(network: &Network, origin: &Endpoint) -> Result<(), Error> {
    let proxy = network.proxy(origin.scheme(), origin.host(), origin.port());
    proxy.map(drop).map_err(Error::Proxy)
}

/// The settings that neither flags nor the environment give, so that a profile is needed for them.
struct Needs {
    keys: bool,
    region: bool,
    /// The region or the endpoint.
    others: bool,
}

/// The outcome of loading the profile of a run.
enum LoadedProfile {
    Usable(Profile),
    /// There is none, or it is left out because it cannot be read. The run goes on if the keys come from
    /// elsewhere.
    Unusable(profile::Error),
}

/// Loads the profile.
///
/// A named profile must be usable. A broken profile that nobody named is left out with a warning, as long as
/// the keys come from elsewhere. The warning is not printed if the home folder cannot be read and no setting is
/// needed from it, as in a hardened service, nor if there are only profiles of other names.
///
/// # Errors
/// If the profile is named, or needed for the keys, and cannot be used.
fn load_profile(globals: &Globals, world: &World, needs: Needs, notes: &Notes<'_>) -> Result<LoadedProfile, Error> {
    let named = globals.profile.clone().or_else(|| world.var(PROFILE));
    let unusable = |error| Error::Profile {
        error,
        look_alikes: if needs.keys { look_alike_keys(world) } else { Vec::new() },
    };
    match profile::load(world.home.as_deref(), named.as_deref()) {
        Ok(profile) => Ok(LoadedProfile::Usable(profile)),
        Err(error) if named.is_some() => Err(unusable(error)),
        Err(error @ (profile::Error::NoHome | profile::Error::Missing { .. })) => Ok(LoadedProfile::Unusable(error)),
        Err(error) if !needs.keys => {
            let is_silent = match &error {
                // NotADirectory: the home folder is a file, such as /dev/null, so there can be no profile.
                profile::Error::Unreadable { error, .. } => {
                    !needs.others || error.kind() == io::ErrorKind::NotADirectory
                }
                // The profiles that are there are for runs that name them.
                error if error.is_no_default() => !needs.region,
                _ => false,
            };
            if !is_silent {
                notes.warn(format_args!("the profile is left out: {error}"));
            }
            Ok(LoadedProfile::Unusable(error))
        }
        Err(error) => Err(unusable(error)),
    }
}

fn find_region(world: &World, profile: &Profile) -> Result<(Region, Source), Error> {
    if let Some(text) = world.var(REGION) {
        return parsed(&text, Source::Variable(REGION));
    }
    match profile.region_id.as_deref() {
        Some(text) => parsed(text, profile.source("region_id")),
        None => Err(Error::NoRegion {
            look_alikes: look_alike_regions(world),
        }),
    }
}

/// The endpoint; and, in words, the profile's endpoint that is left out because it is another product's.
fn find_endpoint(
    world: &World,
    profile: &Profile,
    notes: &Notes<'_>,
) -> Result<((Endpoint, Source), Option<String>), Error> {
    let default = || (Endpoint::default(), Source::Default);
    if let Some(text) = world.var(ENDPOINT) {
        return Ok((parsed(&text, Source::Variable(ENDPOINT))?, None));
    }
    let Some(text) = profile.endpoint.as_deref() else {
        return Ok((default(), None));
    };
    let host = host_of(text);
    if host == CLI_DEFAULT_ENDPOINT || text == endpoint::PUBLIC {
        return Ok((default(), None));
    }
    let source = profile.source("endpoint");
    if is_of_another_product(&host) {
        notes.note(format_args!(
            "{source} is {host}, which is not for Redis; the default is used: {}",
            Endpoint::default()
        ));
        return Ok((default(), Some(format!("{source} is {host}"))));
    }
    // A profile spells http out as `scheme = http`.
    let scheme = match profile.scheme.as_deref() {
        Some(scheme) if !text.contains("://") => format!("{scheme}://"),
        _ => String::new(),
    };
    Ok((parsed(&format!("{scheme}{text}"), source)?, None))
}

/// The host in a text that may be an endpoint or a URL, in lower case and without a dot at its end.
fn host_of(text: &str) -> String {
    let after_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether a host belongs to another product of JD Cloud. The tools of all products share a profile, and
/// public guides write the endpoint of their product into it.
fn is_of_another_product(host: &str) -> bool {
    let is_of_the_cloud = CLOUD_DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    is_of_the_cloud && host.split('.').next() != Some(PRODUCT)
}

fn parsed<T: FromStr<Err: fmt::Display>>(text: &str, source: Source) -> Result<(T, Source), Error> {
    match text.parse() {
        Ok(value) => Ok((value, source)),
        Err(fault) => Err(invalid(source)(fault)),
    }
}

fn invalid<E: fmt::Display>(setting: Source) -> impl FnOnce(E) -> Error {
    move |fault| Error::Invalid {
        setting,
        fault: fault.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::screen::Screen;

    #[test]
    fn hosts_of_other_products_are_told_from_ours_and_from_foreign_ones() {
        for (endpoint, is_other) in [
            ("rds.jdcloud-api.com", true),
            ("https://RDS.jdcloud-api.com/v1", true),
            ("http://me:pw@vm.jdcloud-api.com:80", true),
            ("rds.internal.cn-north-1.jdcloud-api.com", true),
            ("s3.cn-north-1.jdcloud-oss.com", true),
            ("jdcloud-api.com.", true),
            ("www.jdcloud.com", true),
            ("notjdcloud.com", false),
            ("redis.jdcloud-api.com", false),
            ("redis.internal.cn-north-1.jdcloud-api.com", false),
            ("rds.example.com", false),
            ("notjdcloud-api.com", false),
            ("127.0.0.1:8080", false),
        ] {
            assert_eq!(is_of_another_product(&host_of(endpoint)), is_other, "{endpoint}");
        }
    }

    #[test]
    fn the_endpoint_of_a_profile_has_its_scheme_unless_it_means_the_default() {
        let screen = Screen::new("xterm", 80);
        let notes = Notes::new(&screen.world, 0, 0);
        let found = |endpoint: &str, scheme: &str| {
            let profile = Profile {
                endpoint: Some(endpoint.to_owned()),
                scheme: Some(scheme.to_owned()),
                ..Profile::default()
            };
            let ((endpoint, source), left_out) = find_endpoint(&screen.world, &profile, &notes).unwrap();
            assert_eq!((left_out, screen.taken().as_str()), (None, ""));
            (endpoint.to_string(), matches!(source, Source::Default))
        };
        let default = (Endpoint::default().to_string(), true);
        for endpoint in [CLI_DEFAULT_ENDPOINT, "https://www.jdcloud-api.com/", endpoint::PUBLIC] {
            assert_eq!(found(endpoint, "http"), default);
        }
        assert_eq!(found("h.example", "http"), ("http://h.example".to_owned(), false));
        assert_eq!(
            found("http://h.example", "https"),
            ("http://h.example".to_owned(), false)
        );
    }

    /// As a service has it whose home folder is /dev/null.
    #[test]
    fn a_home_that_is_a_file_is_passed_over_in_silence() {
        let mut screen = Screen::new("xterm", 80);
        let file = tempfile::NamedTempFile::new().unwrap();
        screen.world.home = Some(file.path().to_owned());
        let globals = Globals {
            output: None,
            profile: None,
            endpoint: None,
            timeout: std::time::Duration::ZERO,
            max_attempts: 1,
            color: crate::output::Colors::Never,
            quiet: 0,
            verbose: 0,
        };
        let needs = Needs {
            keys: false,
            region: false,
            others: true,
        };
        let notes = Notes::new(&screen.world, 0, 0);
        let loaded = load_profile(&globals, &screen.world, needs, &notes).unwrap();
        assert!(matches!(loaded, LoadedProfile::Unusable(_)));
        assert_eq!(screen.taken(), "");
    }
}
