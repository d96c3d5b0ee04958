//! TLS with an authority made for the test, in the system's ways of naming one.

use jdredis_sandbox::{Authority, Certificate, Proxy, ProxyMode, Reply, Sandbox};

use crate::support::{Jdredis, sandbox, sandbox_builder};

struct Secure {
    sandbox: Sandbox,
    /// Holds `ca.pem` and, in `certs`, the same under a hashed name.
    folder: tempfile::TempDir,
}

impl Secure {
    fn new(certificate: Certificate) -> Self {
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        let certs = folder.path().join("certs");
        std::fs::create_dir(&certs).unwrap();
        authority.write_pem(folder.path().join("ca.pem")).unwrap();
        authority.write_pem(certs.join("0a1b2c3d.0")).unwrap();
        let sandbox = sandbox_builder().tls(authority.issue(certificate)).start().unwrap();
        Self { sandbox, folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn trusting(&self) -> Jdredis<'_> {
        Jdredis::at(&self.sandbox).env("SSL_CERT_FILE", &self.path("ca.pem"))
    }
}

#[test]
fn a_trusted_certificate_from_a_file_or_a_folder() {
    let secure = Secure::new(Certificate::Good);
    assert!(secure.sandbox.endpoint().starts_with("https://"));
    secure.trusting().url().data();
    Jdredis::at(&secure.sandbox)
        .env("SSL_CERT_DIR", &secure.path("certs"))
        .url()
        .data();
    assert_eq!(secure.sandbox.requests().len(), 2);
}

#[test]
fn a_certificate_that_is_not_to_be_trusted_is_refused_before_anything_is_sent() {
    let unknown = Secure::new(Certificate::Good);
    let other = Secure::new(Certificate::Good);
    let outcome = Jdredis::at(&unknown.sandbox)
        .env("SSL_CERT_FILE", &other.path("ca.pem"))
        .url();
    outcome.fails_saying(
        5,
        &[
            "no trusted encrypted connection to https://",
            "the certificate is from no authority that this machine trusts",
            "point SSL_CERT_FILE at its CA",
        ],
    );

    for (certificate, text) in [
        (Certificate::Expired, "the certificate expired at 20"),
        (Certificate::WrongHost, "the certificate is for wrong-host.invalid"),
    ] {
        let secure = Secure::new(certificate);
        secure
            .trusting()
            .url()
            .fails_saying(5, &["no trusted encrypted connection", text]);
        assert!(secure.sandbox.requests().is_empty());
    }
    assert!(unknown.sandbox.requests().is_empty());
}

#[test]
fn no_authorities_at_all_say_what_to_install() {
    let secure = Secure::new(Certificate::Good);
    let outcome = Jdredis::at(&secure.sandbox)
        .env("SSL_CERT_FILE", &secure.path("missing.pem"))
        .url();
    outcome.fails_saying(
        5,
        &[
            "no certificate authorities to trust",
            "SSL_CERT_FILE",
            "ca-certificates",
        ],
    );
}

#[test]
fn plain_text_on_the_tls_port_is_told_from_a_bad_certificate() {
    let plain = sandbox();
    let secure = Secure::new(Certificate::Good);
    let endpoint = plain.endpoint().replace("http://", "https://");
    let outcome = secure.trusting().args(["--endpoint", &endpoint]).url();
    outcome.fails_saying(
        5,
        &["no trusted encrypted connection", "spell out http:// in --endpoint"],
    );
}

#[test]
fn tls_goes_through_a_proxys_tunnel() {
    let secure = Secure::new(Certificate::Good);
    let proxy = Proxy::start(ProxyMode::Tunnel).unwrap();
    secure.trusting().env("HTTPS_PROXY", &proxy.url()).url().data();
    assert_eq!(proxy.connects().len(), 1);
    assert_eq!(secure.sandbox.requests().len(), 1);
}

#[test]
fn the_public_endpoints_host_header_has_no_port() {
    // The tunnel leads to the sandbox whatever is asked of it, so the program can believe that it
    // talks to the real endpoint.
    let plain = sandbox();
    plain.always(Reply::json(200, r#"{"result":{"downloadUrls":[{"link":"https://h/x"}]}}"#).verified());
    let proxy = Proxy::start(ProxyMode::TunnelTo(plain.address())).unwrap();
    let outcome = Jdredis::at(&plain)
        .args(["-q", "--endpoint", "http://redis.jdcloud-api.com"])
        .env("http_proxy", &proxy.url())
        .url();
    assert_eq!(outcome.code, Some(0), "{outcome:#?} {:#?}", plain.refusals());
    let target = &proxy.connects()[0].target;
    assert!(target.starts_with("http://redis.jdcloud-api.com/v1/"), "{target}");
    assert_eq!(plain.requests()[0].header("host"), Some("redis.jdcloud-api.com"));
}
