//! One request over TLS, with the system's whole trust store, as in real use.
//!
//! Systems keep that store twice: all certificates in one file, and each in a file of its own in a folder.
//! By default a program reads the file, and some read the folder. Here every contestant is given both,
//! because the file has the server's authority added.

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::Result;
use jdredis_sandbox::{Authority, Certificate, Sandbox};

use super::{Scenario, Setup, link};
use crate::race::{MEMORY_TARGET, Race, WARM_UPS};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "tls",
    rounds: 150,
    run,
};

/// The usual paths of the file with all trusted certificates.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// The usual paths of the folder with a file for each certificate.
const FOLDERS: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

fn run(setup: &Setup, rounds: usize, report: &mut Report<'_>) -> Result<()> {
    let bundle = BUNDLES.iter().map(Path::new).find(|path| path.is_file());
    let folder = FOLDERS.iter().find(|path| Path::new(path).is_dir());
    // On other systems the program asks the system, which takes no further authority from a file.
    let (true, Some(bundle), Some(folder)) = (cfg!(target_os = "linux"), bundle, folder) else {
        report.section("`backup url` over TLS")?;
        return Ok(report.not_measured("tls", "needs Linux and a trust store in files")?);
    };
    let authority = Authority::new();
    let (trusted, count) = trust_also(&authority, bundle, setup)?;
    let builder = Sandbox::builder().tls(authority.issue(Certificate::Good));
    let (sandbox, jdredis) = link::start(builder, setup, |jdredis| {
        jdredis.env("SSL_CERT_FILE", &trusted).env("SSL_CERT_DIR", folder)
    })?;
    let mut contestants = vec![jdredis];
    if let Some(program) = setup.curl() {
        let curl = link::curl(program, &sandbox)
            .args(["--cacert".as_ref(), trusted.as_os_str()])
            .args(["--capath", folder]);
        contestants.push(link::fetches_all(curl)?);
    }
    report.section(&format!(
        "`backup url` over TLS, {count} trusted certificates, medians of {rounds} rounds"
    ))?;
    let race = Race {
        name: "tls",
        rounds,
        time_target: None,
        fetched: None,
        warm_ups: WARM_UPS,
        targets: &[("curl", 0.30)],
        memory_target: MEMORY_TARGET,
    };
    race.run(&mut contestants, report)
}

/// A file with the system's certificates and the authority's, and their number.
fn trust_also(authority: &Authority, bundle: &Path, setup: &Setup) -> io::Result<(PathBuf, usize)> {
    let certificates = format!("{}\n{}", fs::read_to_string(bundle)?, authority.pem());
    let path = setup.folder.path().join("trusted.pem");
    fs::write(&path, &certificates)?;
    Ok((path, certificates.matches(CERTIFICATE).count()))
}
