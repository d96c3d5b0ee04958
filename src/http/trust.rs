//! The certificate authorities that are trusted: those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else
//! the system's.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::{ErrorKind, load_certs_from_paths};

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
        let mut roots = RootCertStore::empty();
        let mut faults = Vec::new();
        // Folders come first. Reading one takes the most memory, since many have each certificate twice: in a file of
        // its own, and in one with all of them.
        for (variable, path, is_folder) in named.iter().rev() {
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
            trust(&mut roots, found.certs);
        }
        faults.reverse();
        if named.is_empty() {
            trust(&mut roots, of_the_system().certs);
        }
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

/// Adds certificates to the authorities. Those that rustls cannot use, which systems' stores have, are left out. Many
/// systems have the same certificates in one file and in a folder, so those that are there already are left out, too.
fn trust(roots: &mut RootCertStore, certificates: Vec<CertificateDer<'_>>) {
    for certificate in certificates {
        if let Ok(authority) = webpki::anchor_from_trusted_cert(&certificate)
            && roots.roots.iter().all(|known| *known != authority)
        {
            roots.roots.push(authority.to_owned());
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
fn of_the_system() -> rustls_native_certs::CertificateResult {
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
use rustls_native_certs::load_native_certs as of_the_system;

#[cfg(test)]
mod tests {
    use jdredis_sandbox::Authority;

    use super::*;

    #[test]
    fn authorities_of_all_sources_are_trusted_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let (bundle, certs) = (folder.path().join("bundle.pem"), folder.path().join("certs"));
        let [one, two, three] = [(); 3].map(|()| Authority::new().pem());
        std::fs::write(&bundle, format!("{one}{two}")).unwrap();
        std::fs::create_dir(&certs).unwrap();
        std::fs::write(certs.join("two.pem"), &two).unwrap();
        std::fs::write(certs.join("three.pem"), &three).unwrap();
        let sources = |file: &PathBuf, folders: &[&PathBuf]| TrustSources {
            file: Some(file.clone()),
            folders: folders.iter().copied().cloned().collect(),
        };
        assert_eq!(sources(&bundle, &[&certs]).load().unwrap().len(), 3);
        assert_eq!(sources(&bundle, &[&certs, &certs]).load().unwrap().len(), 3);
        let (no_file, no_folder) = (folder.path().join("no-file"), folder.path().join("no-folder"));
        assert_eq!(sources(&no_file, &[&no_folder, &certs]).load().unwrap().len(), 2);
        let fault = sources(&no_file, &[&no_folder]).load().unwrap_err().to_string();
        let absent = |variable, path: &PathBuf| format!("{variable}={}: No such file or directory", path.display());
        let expected = [absent(FILE_VARIABLE, &no_file), absent(FOLDERS_VARIABLE, &no_folder)];
        assert_eq!(fault, expected.join("; "));
    }

    #[test]
    fn a_source_without_a_usable_certificate_is_told_from_one_without_any() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.pem");
        let fault = |text: &str| {
            std::fs::write(&file, text).unwrap();
            let sources = TrustSources {
                file: Some(file.clone()),
                folders: Vec::new(),
            };
            let error = sources.load().unwrap_err().to_string();
            error.split_once(": ").unwrap().1.to_owned()
        };
        assert_eq!(fault("no certificate"), "it holds no certificate in PEM form");
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(fault(empty), "it holds no certificate that can be used");
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_cannot_be_read_hides_no_other_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        std::os::unix::fs::symlink("loop.pem", path("loop.pem")).unwrap();
        let fault = || {
            let sources = TrustSources {
                file: None,
                folders: vec![folder.path().to_owned()],
            };
            sources.load().unwrap_err().to_string()
        };
        assert!(fault().contains("symbolic links"), "{}", fault());
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(path("empty.pem"), empty).unwrap();
        assert!(
            fault().ends_with(": it holds no certificate that can be used"),
            "{}",
            fault()
        );
    }

    #[test]
    fn the_sources_are_named_with_their_variables() {
        let words = |file: Option<&str>, folders: Option<&str>| {
            let var = |name: &str| if name == FILE_VARIABLE { file } else { folders }.map(Into::into);
            TrustSources::from_env(var).in_words()
        };
        assert_eq!(words(None, Some("")), "the system's");
        assert_eq!(words(Some("/a"), Some("/b")), "SSL_CERT_FILE=/a, SSL_CERT_DIR=/b");
    }
}
