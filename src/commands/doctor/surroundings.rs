//! This machine: settings, keys, certificates, proxy, and a connection to the endpoint.

use std::fmt::Write as _;
use std::time::Duration;

use super::check::{Findings, State};
use crate::config::{self, Settings};
use crate::error::Report;
use crate::process::world::World;

/// The beginning of the hosts inside a VPC, as JD Cloud's documentation of other products has them.
const VPC_HOST: &str = "redis.internal.";
/// How many characters of an access key are shown.
const SHOWN: usize = 4;

/// Settings that cannot be used. Nothing else can be tried.
pub(super) fn no_settings(error: config::Error, findings: &mut Findings) {
    use config::Error::{Incomplete, Invalid, NoCredentials, NoRegion, PartOfKeys, Profile, Proxy};
    let id = match &error {
        Proxy(_) => "proxy",
        NoCredentials { .. } | PartOfKeys { .. } | Incomplete { .. } => "keys",
        Invalid { .. } | NoRegion { .. } | Profile { .. } => "settings",
    };
    findings.failed(id, &Report::of(&error.into()));
}

pub(super) fn settings(settings: &Settings, findings: &mut Findings) {
    let sources = settings.facts();
    let ((region, from), (endpoint, whence)) = (&sources.region, &sources.endpoint);
    let mut seen = format!("{region} ({from}), {endpoint} ({whence})");
    if let Some(other) = &sources.left_out {
        let _ = write!(seen, "; {other}, which is another product's and is left out");
    }
    findings.ok("settings", seen);
    let host = settings.endpoint.host();
    if host.starts_with(VPC_HOST) {
        findings.ok("vpcEndpoint", format!("{} is in use", settings.endpoint));
    } else {
        findings.skipped("vpcEndpoint", "not in use; try it inside a VPC, with --endpoint");
    }
}

/// The keys before the service has seen them. A secret that looks odd may still be right.
pub(super) fn keys(settings: &Settings, world: &World, findings: &mut Findings) {
    let (seen, oddities, look_alikes) = key_facts(settings, world);
    if oddities.is_empty() {
        findings.ok("keys", [seen, look_alikes].concat());
    } else {
        findings.differs(
            "keys",
            format!("{seen}; {oddities}{look_alikes}"),
            "keys of JD Cloud have nothing of the kind; it may have come with copying",
            "compare it with the console, without quotes and blanks around it",
        );
    }
}

/// The keys after the service has accepted them: what looks odd is a part of them.
pub(super) fn keys_are_accepted(settings: &Settings, world: &World, findings: &mut Findings) {
    if findings.state("keys") == Some(State::Differs) {
        let (seen, oddities, look_alikes) = key_facts(settings, world);
        findings.ok(
            "keys",
            format!("{seen}; {oddities}, and yet they are accepted{look_alikes}"),
        );
    }
}

/// Three texts: the sources of the keys, the oddities of the secrets, and the names of variables that look like those
/// that the program reads. Of the values they show only the first characters of the access key.
fn key_facts(settings: &Settings, world: &World) -> (String, String, String) {
    let sources = settings.facts();
    let access_key = settings.credentials.access_key.as_str();
    let shown: String = access_key.chars().take(SHOWN).collect();
    let mut seen = format!("{shown}…, {} characters ({})", access_key.len(), sources.access_key);
    let mut oddities = Vec::new();
    for secret in &sources.secrets {
        if secret.name != "secret key" {
            let _ = write!(seen, ", {} ({})", secret.name, secret.source);
        }
        if !secret.oddities.is_empty() {
            oddities.push(format!("the {} {}", secret.name, secret.oddities.join(", ")));
        }
    }
    let look_alikes = config::look_alikes::look_alike_keys(world);
    let look_alikes = match look_alikes.as_slice() {
        [] => String::new(),
        names => format!("; {} set too, and not read", names.join(", ")),
    };
    (seen, oddities.join("; "), look_alikes)
}

/// Certificates, the proxy, and a connection step by step. Returns whether the connection was made.
pub(super) fn network(settings: &Settings, findings: &mut Findings) -> bool {
    let network = &settings.network;
    match network.check_trust() {
        Ok(source) => findings.ok("certificates", source),
        Err(why) => {
            let report = Report::new(crate::error::Kind::Network, why).hint(
                "let SSL_CERT_FILE name a file of PEM certificates, or install the system's certificate authorities",
            );
            findings.failed("certificates", &report);
        }
    }
    let proxy = network.proxy_in_words(&settings.endpoint);
    findings.ok("proxy", proxy.unwrap_or_else(|| "none".to_owned()));
    match network.try_connection(&settings.endpoint, settings.timeout) {
        Ok(steps) => {
            let mut seen = format!("DNS {}, TCP {}", millis(steps.look_up), millis(steps.connect));
            if let Some(tunnel) = steps.tunnel {
                let _ = write!(seen, ", CONNECT {}", millis(tunnel));
            }
            match steps.tls {
                Some(tls) => {
                    let _ = write!(seen, ", TLS {}", millis(tls));
                }
                None => seen.push_str(", no TLS: plain http"),
            }
            findings.ok("connection", seen);
            true
        }
        Err(failure) => {
            findings.failed("connection", &Report::of_failure(&failure));
            false
        }
    }
}

fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
