//! HTTPS with good and bad certificates, for a client that trusts only the authority.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;

use jdredis_sandbox::{Authority, Certificate, Sandbox};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::requests::{Answer, TARGET, connect, read_answer, signed, wire};

fn sandbox(authority: &Authority, certificate: Certificate) -> Sandbox {
    Sandbox::builder()
        .tls(authority.issue(certificate))
        .start()
        .expect("a port is free")
}

/// A session that trusts the authority only; the handshake comes with the first bytes.
pub(crate) fn session(
    sandbox: &Sandbox,
    pem: &str,
    host: &'static str,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(pem.as_bytes()).expect("the authority is PEM");
    roots.add(root).expect("the authority is a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host).expect("the host is valid");
    let session = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    Ok(StreamOwned::new(session, connect(sandbox)))
}

fn ask(sandbox: &Sandbox, pem: &str, host: &'static str) -> io::Result<Answer> {
    let mut stream = session(sandbox, pem, host)?;
    stream.write_all(&wire(&signed(sandbox, TARGET)))?;
    Ok(read_answer(&mut stream))
}

fn certificate_error(error: &io::Error) -> Option<&CertificateError> {
    match error.get_ref()?.downcast_ref()? {
        rustls::Error::InvalidCertificate(error) => Some(error),
        _ => None,
    }
}

#[test]
fn a_good_certificate_is_trusted_for_its_hosts() {
    let authority = Authority::new();
    let sandbox = sandbox(&authority, Certificate::Good);
    assert!(sandbox.endpoint().starts_with("https://127.0.0.1:"));
    for host in ["127.0.0.1", "localhost", "redis.jdcloud-api.com"] {
        let answer = ask(&sandbox, &authority.pem(), host).unwrap_or_else(|error| panic!("{host}: {error}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        let link = answer.json()["result"]["downloadUrls"][0]["link"].to_string();
        assert!(link.contains(sandbox.endpoint()), "{link}");
    }
}

#[test]
fn each_bad_certificate_has_exactly_one_fault() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let ask = |certificate, pem: &str| {
        let error = ask(&sandbox(&authority, certificate), pem, "127.0.0.1").expect_err("the certificate is bad");
        certificate_error(&error)
            .cloned()
            .unwrap_or_else(|| panic!("{error:?}"))
    };
    let expired = ask(Certificate::Expired, &authority.pem());
    assert!(
        matches!(expired, CertificateError::ExpiredContext { .. }),
        "{expired:?}"
    );
    let wrong_host = ask(Certificate::WrongHost, &authority.pem());
    assert!(
        matches!(wrong_host, CertificateError::NotValidForNameContext { .. }),
        "{wrong_host:?}"
    );
    // Both authorities have the same name, so only the signature is wrong.
    let unknown = ask(Certificate::Good, &stranger.pem());
    assert!(
        matches!(
            unknown,
            CertificateError::BadSignature | CertificateError::UnknownIssuer
        ),
        "{unknown:?}"
    );
}

#[test]
fn the_authority_is_written_as_pem() {
    let authority = Authority::new();
    let path = std::env::temp_dir().join(format!("jdredis-sandbox-{}.pem", std::process::id()));
    authority
        .write_pem(&path)
        .expect("the temporary directory can be written to");
    let written = std::fs::read_to_string(&path).expect("the file was just written");
    std::fs::remove_file(&path).expect("the file was just read");
    assert_eq!(written, authority.pem());
    assert!(written.starts_with("-----BEGIN CERTIFICATE-----"));
}
