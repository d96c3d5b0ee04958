//! The certificate authorities that are trusted: those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else
//! the system's.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths};

/// OpenSSL's variables. If either is set, the system's store is not used.
pub(crate) const FILE_VARIABLE: &str = "SSL_CERT_FILE";
pub(crate) const FOLDERS_VARIABLE: &str = "SSL_CERT_DIR";

/// The places of the authorities' certificates that the environment names.
#[derive(Debug, Default)]
pub(crate) struct TrustSources {
    file: Option<PathBuf>,
    folders: Vec<PathBuf>,
}

/// No authority could be loaded.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{words}")]
pub(super) struct NoTrust {
    /// Whether a variable names the store.
    pub(super) is_named: bool,
    words: String,
}

impl TrustSources {
    /// Reads the variables, each of which `var` looks up. An empty one counts as unset, as in curl.
    pub(crate) fn from_env(var: impl Fn(&str) -> Option<std::ffi::OsString>) -> Self {
        let set = |name| var(name).filter(|value| !value.is_empty());
        Self {
            file: set(FILE_VARIABLE).map(PathBuf::from),
            folders: set(FOLDERS_VARIABLE)
                .map(|list| {
                    std::env::split_paths(&list)
                        .filter(|path| !path.as_os_str().is_empty())
                        .collect()
                })
                .unwrap_or_default(),
        }
    }

    /// The sources in words: `the system's`, or the variables with their values.
    pub(super) fn in_words(&self) -> String {
        let file = self
            .file
            .iter()
            .map(|file| format!("{FILE_VARIABLE}={}", file.display()));
        let folders = self
            .folders
            .iter()
            .map(|folder| format!("{FOLDERS_VARIABLE}={}", folder.display()));
        let named: Vec<String> = file.chain(folders).collect();
        if named.is_empty() {
            "the system's".to_owned()
        } else {
            named.join(", ")
        }
    }

    /// Settings for TLS 1.2 and 1.3 that trust these authorities alone.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, NoTrust> {
        let roots = self.load()?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| NoTrust {
                is_named: false,
                words: error.to_string(),
            })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }

    fn load(&self) -> Result<RootCertStore, NoTrust> {
        let files = self.file.iter().map(|path| (FILE_VARIABLE, path, false));
        let folders = self.folders.iter().map(|path| (FOLDERS_VARIABLE, path, true));
        let named: Vec<_> = files.chain(folders).collect();
        let mut certificates = Vec::new();
        let mut faults = Vec::new();
        for (variable, path, is_folder) in &named {
            // Reading a FIFO may block for ever, and a device such as /dev/zero has no end.
            if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
                faults.push(format!(
                    "{variable}={}: it is a FIFO, a socket or a device, not a file",
                    path.display()
                ));
                continue;
            }
            let found = match is_folder {
                false => load_certs_from_paths(Some(path), None),
                true => load_certs_from_paths(None, Some(path)),
            };
            let fault = match found.errors.first().map(|error| &error.kind) {
                Some(ErrorKind::Io { inner, .. }) if found.certs.is_empty() => in_short(inner),
                _ if found.certs.is_empty() => "it holds no certificate in PEM form".to_owned(),
                _ => "it holds no certificate that can be used".to_owned(),
            };
            faults.push(format!("{variable}={}: {fault}", path.display()));
            certificates.extend(found.certs);
        }
        if named.is_empty() {
            certificates = of_the_system().certs;
        }
        // Many systems have the same certificates in one file and in a folder. Parsing takes time, so each is kept
        // once.
        certificates.sort_unstable_by(|a, b| a.as_ref().cmp(b.as_ref()));
        certificates.dedup();
        let mut roots = RootCertStore::empty();
        // Certificates that rustls cannot use, which systems' stores have, are left out.
        roots.add_parsable_certificates(certificates);
        match (roots.is_empty(), named.is_empty()) {
            (false, _) => Ok(roots),
            (true, false) => Err(NoTrust {
                is_named: true,
                words: faults.join("; "),
            }),
            (true, true) => Err(NoTrust {
                is_named: false,
                words: "this system has no certificate authorities where they are looked for".to_owned(),
            }),
        }
    }
}

/// The system's text for an error, without its number.
fn in_short(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// The system's certificates, which are in files of OpenSSL's layout.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn of_the_system() -> CertificateResult {
    let found = openssl_probe::probe();
    let mut folders = found.cert_dir.iter();
    // File and folder are passed together, so that a file inside the folder is not read twice.
    let mut all = load_certs_from_paths(found.cert_file.as_deref(), folders.next().map(PathBuf::as_path));
    for folder in folders {
        all.certs.extend(load_certs_from_paths(None, Some(folder)).certs);
    }
    all
}

/// The system's certificates, which it has behind an interface of its own.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn of_the_system() -> CertificateResult {
    rustls_native_certs::load_native_certs()
}
