//! Certificates for a sandbox that serves HTTPS: an authority that a client can be told to trust,
//! and servers' certificates from it, good and bad.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

/// The hosts of a good certificate: the sandbox's own, and the service's, which a
/// [`Proxy`](crate::Proxy) can lead to the sandbox.
const HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "redis.jdcloud-api.com"];
const IMPOSSIBLE: &str = "names and key types are constants that are valid in a certificate";

/// How good a server's certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// For 127.0.0.1, localhost and redis.jdcloud-api.com, valid now.
    Good,
    /// The same, but it ended yesterday.
    Expired,
    /// The same, but it begins tomorrow.
    NotYetValid,
    /// Valid now, for a host that nobody asks for.
    WrongHost,
    /// As good as [`Good`](Self::Good), but for clients alone.
    WrongPurpose,
    /// The authority's own, as people make one for themselves and put it on a server.
    SelfSigned,
}

/// A certificate authority of its own; nothing trusts it unless told to.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// Makes an authority with a new key.
    #[must_use]
    pub fn new() -> Self {
        let mut params = params(
            "jdredis sandbox authority",
            &[],
            OffsetDateTime::now_utc() + Duration::days(1),
        );
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        Self {
            issuer: CertifiedIssuer::self_signed(params, new_key()).expect(IMPOSSIBLE),
        }
    }

    /// The authority's certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Writes the authority's certificate in PEM, for clients that are told of it by a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_pem(&self, path: impl AsRef<Path>) -> io::Result<()> {
        fs::write(path, self.pem())
    }

    /// A server's certificate and key from this authority.
    #[must_use]
    pub fn issue(&self, certificate: Certificate) -> ServerIdentity {
        let tomorrow = OffsetDateTime::now_utc() + Duration::days(1);
        let mut params = match certificate {
            Certificate::Good | Certificate::WrongPurpose => params("jdredis sandbox", &HOSTS, tomorrow),
            Certificate::Expired => params("jdredis sandbox", &HOSTS, tomorrow - Duration::days(2)),
            Certificate::NotYetValid => params("jdredis sandbox", &HOSTS, tomorrow + Duration::days(10)),
            Certificate::SelfSigned => return self_signed(tomorrow),
            Certificate::WrongHost => params("jdredis sandbox", &["wrong-host.invalid"], tomorrow),
        };
        params.extended_key_usages = vec![match certificate {
            Certificate::WrongPurpose => ExtendedKeyUsagePurpose::ClientAuth,
            _ => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        params.use_authority_key_identifier_extension = true;
        let key = new_key();
        let certificate = params.signed_by(&key, &self.issuer).expect(IMPOSSIBLE);
        ServerIdentity::new(certificate.der().clone(), &key)
    }
}

/// A certificate that is an authority's and a server's at once, as `openssl req -x509` makes it.
fn self_signed(end: OffsetDateTime) -> ServerIdentity {
    let mut params = params("jdredis sandbox, by itself", &HOSTS, end);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, new_key()).expect(IMPOSSIBLE);
    ServerIdentity::new(issuer.der().clone(), issuer.key())
}

/// A server's certificate and key: [`Builder::tls`](crate::Builder::tls).
#[derive(Debug, Clone)]
pub struct ServerIdentity(pub(crate) Arc<ServerConfig>);

impl ServerIdentity {
    fn new(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
            .expect("the certificate is for this key, and ring knows both");
        Self(Arc::new(config))
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("the operating system has random bytes")
}

/// Parameters that the authority's and the servers' certificates share. They start ten days before
/// they end, so that an expired certificate was once valid.
fn params(name: &str, hosts: &[&str], end: OffsetDateTime) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect(IMPOSSIBLE);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = end - Duration::days(10);
    params.not_after = end;
    params
}
